"""Connections inside a transaction: from a pool, or kept open beside their files.

Owns how a transaction begins and ends. What is done in between is the repositories', and what an error means is
the store's.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection

from xenia.storage.statements import as_told

_MOST_IDLE = 16


class Held(NamedTuple):
    """A connection inside its transaction."""

    connection: Connection
    raw: DBAPIConnection
    """The driver's own."""


class PooledConnections:
    """Each transaction takes one from the engine's pool and gives it back, as a server's connections are shared."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self) -> Held:
        """Raises sqlalchemy.exc.DBAPIError, sqlalchemy.exc.TimeoutError."""
        connection = self._engine.connect()
        try:
            connection.begin()
            return _held(connection)
        except BaseException:
            connection.close()
            raise

    def commit(self, held: Held) -> None:
        """Commit and let go. Raises sqlalchemy.exc.DBAPIError; nothing is committed then."""
        try:
            held.connection.commit()
        finally:
            held.connection.close()

    def undo(self, held: Held) -> None:
        """Roll back and let go: the pool resets what comes back."""
        held.connection.close()

    def close(self) -> None:
        """Close what is idle: the pool's to do."""


class KeptConnections:
    """To a file, where a connection cannot be lost: kept open, begun and committed by the driver.

    The pool and SQLAlchemy's own bookkeeping of transactions cost more than a short read. It joins in by itself
    when a statement or a savepoint needs it, finds the transaction begun, and then commits it.
    """

    def __init__(self, engine: Engine, begin: str) -> None:
        self._engine = engine
        self._begin = begin
        self._idle: list[Held] = []

    def begin(self) -> Held:
        """Raises sqlalchemy.exc.DBAPIError."""
        try:
            held = self._idle.pop()
        except IndexError:
            held = _held(self._engine.connect())
        try:
            self._execute(held, self._begin)
        except BaseException:
            held.connection.close()
            raise
        return held

    def commit(self, held: Held) -> None:
        """Commit and keep it for the next. Raises sqlalchemy.exc.DBAPIError; nothing is committed then."""
        try:
            if held.connection.in_transaction():
                held.connection.commit()
            else:
                self._execute(held, "COMMIT")
        except BaseException:
            held.connection.close()
            raise
        if len(self._idle) < _MOST_IDLE:
            self._idle.append(held)
        else:
            held.connection.close()

    def undo(self, held: Held) -> None:
        """Roll back, by the pool, which resets what comes back."""
        held.connection.close()

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().connection.close()

    @staticmethod
    def _execute(held: Held, text: str) -> None:
        try:
            # The driver's own commit() would prepare its statement anew each time.
            held.raw.execute(text).close()
        except held.connection.dialect.loaded_dbapi.Error as error:
            raise as_told(held.connection, error, text) from error


def _held(connection: Connection) -> Held:
    return Held(connection, cast("DBAPIConnection", connection.connection.dbapi_connection))
