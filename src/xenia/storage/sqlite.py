"""What is particular to SQLite: the library, its settings, and transactions of our own making.

The interpreter's own library can be old: before 3.51.3 a WAL file may be corrupted when two
connections write or checkpoint at once. One writing connection per process is kept in any case.
"""

from __future__ import annotations

import importlib
import logging
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

_log = logging.getLogger(__name__)
_SAFE_WITH_SEVERAL_WRITERS = (3, 51, 3)
_BUSY_MILLISECONDS = 15_000
_STATEMENTS_KEPT = 1024
"""Prepared by the driver on each connection, about 5 kB each. Of its own hundred the least used gives way first, and what
the start executed often never does: half of the statements of a sign-in were then parsed at every execution."""
_RESULT_BUSY = 5
_RESULT_LOCKED = 6


def driver() -> ModuleType:
    """The DBAPI module: the wheel with a recent library where there is one, else the interpreter's own."""
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return importlib.import_module("sqlite3")


def bears_several_processes() -> bool:
    """Whether the library is recent enough for one file to be written by more than one process."""
    return bool(driver().sqlite_version_info >= _SAFE_WITH_SEVERAL_WRITERS)


def engines(path: str, *, durable: bool) -> tuple[Engine, Engine]:
    """(for reading, for writing) on one file.

    The writing engine has a single connection. With *durable* a commit survives a power cut, without
    it the crash of the process only; the file stays intact in both cases.
    """
    module = driver()
    if not bears_several_processes():
        _log.warning(
            "SQLite %s is older than 3.51.3: run one process only on this database file.",
            module.sqlite_version,
        )
    Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Made here and for the owner alone, whichever command comes first; its journal files follow its rights.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return (
        _engine(
            module,
            path,
            ("PRAGMA query_only = ON",),
            "BEGIN",
            {"poolclass": QueuePool, "pool_size": 16, "max_overflow": -1},
        ),
        _engine(
            module,
            path,
            (f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}",),
            "BEGIN IMMEDIATE",
            {"poolclass": StaticPool},
        ),
    )


def _engine(
    module: ModuleType, path: str, settings: tuple[str, ...], begin: str, pool: dict[str, Any]
) -> Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite+pysqlite", database=path),
        module=module,
        hide_parameters=True,  # errors reach the log, and parameters hold hashes and sealed secrets
        **pool,
        connect_args={
            "check_same_thread": False,
            "timeout": _BUSY_MILLISECONDS / 1000,
            "isolation_level": None,
            "cached_statements": _STATEMENTS_KEPT,
        },
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        del record
        for setting in (
            f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}",
            "PRAGMA journal_mode = WAL",
            "PRAGMA foreign_keys = ON",
            *settings,
        ):
            connection.execute(setting).close()

    # The driver's own transaction handling is off: it would begin late, and without the write lock,
    # so that two readers who both go on to write could never be told apart from a deadlock. Said
    # here rather than in a "begin" event, which would cost every transaction a third of its time.
    def begin_transaction(connection: Any) -> None:
        if not connection.in_transaction:  # else it was begun by ``connections``
            connection.execute(begin).close()

    engine.dialect.do_begin = begin_transaction  # type: ignore[assignment, method-assign]
    return engine


def may_succeed_again(error: DBAPIError) -> bool:
    """Whether another process held the file for longer than we wait."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is None:  # the wheel's module tells by text only
        return "locked" in str(error.orig) or "busy" in str(error.orig)
    return code & 0xFF in (_RESULT_BUSY, _RESULT_LOCKED)


def describe() -> str:
    """Engine and version."""
    return f"SQLite {driver().sqlite_version}"
