"""Both real databases for every storage test: a fresh SQLite file, or a PostgreSQL database emptied per test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.postgres import PostgresServer
from tests.support.stores import make_sqlite_store
from xenia.storage.known_directory import renew_stamp
from xenia.storage.schema import metadata
from xenia.storage.store import SqlStore, open_store

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_store(postgres_server: PostgresServer) -> Iterator[SqlStore]:
    store = open_store(postgres_server.create_database("xenia_storage"), durable=False)
    store.migrate()
    yield store
    store.close()


def empty(store: SqlStore) -> None:
    # TRUNCATE makes new files for each table, which takes sixty times as long as deleting a few rows.
    tables = [table for table in reversed(metadata.sorted_tables) if table.name != "alembic_version"]
    with store._writing.begin() as connection:
        connection.exec_driver_sql(";".join(f'DELETE FROM "{table.name}"' for table in tables))
        renew_stamp(connection)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        made = make_sqlite_store(tmp_path)
        yield made
        made.close()
    else:
        shared = request.getfixturevalue("postgres_store")
        empty(shared)
        yield shared


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """URLs of databases nobody has touched."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path}/fresh{next(_numbers)}.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return lambda: server.create_database(f"fresh{next(_numbers)}")
