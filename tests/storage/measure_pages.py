"""Measure one page of 100 guests out of a million: `python -m tests.storage.measure_pages [rows]`.

Not part of the suite: it fills both databases and prints the p95 of several lists.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import psycopg
import sqlalchemy as sa

from tests.storage.records import CONTOSO, NOW, add_tenants, user
from tests.support.postgres import PostgresServer
from tests.support.stores import make_sqlite_store
from xenia.core.directory.user import ExternalUserState, User, UserType
from xenia.core.query import And, Compare, Cursor, Order, Query, Text
from xenia.storage.schema.directory import users
from xenia.storage.store import SqlStore, open_store
from xenia.storage.user_rows import columns_of

NAMES = tuple(users.columns.keys())


def _row(number: int) -> tuple[object, ...]:
    entry: User = user(
        f"{number * 2654435761 % 2**32:08x}-0000-4000-8000-{number:012x}",
        name=f"user{number * 7919 % 1_000_003}",
        user_type=UserType.MEMBER if number % 10 == 0 else UserType.GUEST,
        external_user_state=ExternalUserState.PENDING_ACCEPTANCE
        if number % 3
        else ExternalUserState.ACCEPTED,
        created_at=NOW + timedelta(seconds=number),
        mail=None if number % 50 == 0 else f"user{number}@example.com",
        identities=(),
    )
    values = columns_of(entry)
    values["created_at"] = int(entry.created_at.timestamp() * 1_000_000)
    return tuple(values[name] for name in NAMES)


def _fill(store: SqlStore, count: int) -> None:
    add_tenants(store)
    names = ", ".join(NAMES)
    with store._writing.begin() as connection:
        driver = connection.connection.driver_connection
        if isinstance(driver, psycopg.Connection):
            driver.execute("SET LOCAL statement_timeout = 0")
            with driver.cursor().copy(f"COPY users ({names}) FROM STDIN") as copy:
                for number in range(count):
                    copy.write_row(_row(number))
        else:
            marks = ", ".join("?" * len(NAMES))
            driver.executemany(f"INSERT INTO users ({names}) VALUES ({marks})", map(_row, range(count)))
    with store._writing.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))


def _measure(store: SqlStore, count: int) -> None:
    guests = Compare("user_type", "eq", "Guest")
    pending = Compare("external_user_state", "eq", "PendingAcceptance")
    middle = NOW + timedelta(seconds=count // 2)
    newest = (Order("created_at", descending=True),)
    queries = {
        "guests, newest first": Query(guests, newest),
        "guests, from the middle": Query(guests, newest, after=Cursor((middle,), "x")),
        "pending guests by name, from the middle": Query(
            And((guests, pending)), (Order("display_name"),), after=Cursor(("user5",), "x")
        ),
        "name starts with": Query(Text("display_name", "startsWith", "user77"), (Order("display_name"),)),
        "mail starts with, no order": Query(Text("mail", "startsWith", "user777")),
        "mail is": Query(Compare("mail", "eq", "USER4711@example.com")),
        "by mail, after the nulls": Query(order=(Order("mail"),), after=Cursor((None,), "~")),
        "guests, no order": Query(guests),
    }
    for name, query in queries.items():
        times = []
        for _ in range(30):
            start = time.perf_counter()
            with store.read(CONTOSO) as tx:
                found = len(tx.users.list(query).items)
            times.append((time.perf_counter() - start) * 1000)
        print(f"  {name:42} {found:4} rows  p95 {statistics.quantiles(times, n=20)[-1]:8.2f} ms")


def main(count: int) -> None:
    """Fill and measure both databases."""
    with tempfile.TemporaryDirectory() as directory:
        store = make_sqlite_store(Path(directory))
        _fill(store, count)
        print(f"SQLite, {count} users")
        _measure(store, count)
        store.close()
    server = PostgresServer()
    server.start()
    try:
        store = open_store(server.create_database("pages"), durable=False)
        store.migrate()
        _fill(store, count)
        print(f"PostgreSQL, {count} users")
        _measure(store, count)
        store.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
