"""What is particular to PostgreSQL: the driver's pool, isolation, time-outs, and what may be tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

OLDEST = 150000
_STATEMENT_TIMEOUT = "30s"
_IDLE_TIMEOUT = "60s"
_PREPARATION = 0x78656E696170
_AGAIN = frozenset({"40001", "40P01"})
"""SQLSTATE of a serialization failure and of a deadlock."""


def engines(url: sa.URL, *, durable: bool) -> tuple[Engine, Engine]:
    """(for reading, for writing) over one pool.

    Reads see one snapshot (REPEATABLE READ, which never fails for readers); writes are READ COMMITTED
    with the rows they change locked.
    """
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,
        hide_parameters=True,  # errors reach the log, and parameters hold hashes and sealed secrets
        isolation_level="READ COMMITTED",
        connect_args={"connect_timeout": 10},
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        del record
        before, connection.autocommit = connection.autocommit, True
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{_STATEMENT_TIMEOUT}'")
            cursor.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_TIMEOUT}'")
            if not durable:
                cursor.execute("SET synchronous_commit = off")
        connection.autocommit = before

    reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return reading, engine


@contextmanager
def one_at_a_time(engine: Engine) -> Iterator[None]:
    """Until the block ends nobody else gets into such a block on this database; a node that dies leaves it."""
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_PREPARATION)))
        yield


def may_succeed_again(error: DBAPIError) -> bool:
    """Whether the database undid the transaction only because another one was in its way."""
    return getattr(error.orig, "sqlstate", None) in _AGAIN
