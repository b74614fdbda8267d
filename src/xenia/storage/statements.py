"""Statements as the driver takes them: built and compiled by SQLAlchemy once, then executed directly.

A transaction of a sign-in is a dozen small statements by key. Executing each through SQLAlchemy costs four
times what the database takes for it; text, order of parameters and conversions never change, so they are
kept here. Connections, transactions and the meaning of errors stay SQLAlchemy's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

Parameters = Mapping[str, Any]
Row = Sequence[Any]
_Convert = Callable[[Any], Any]
_MOST_KEPT = 2048
"""Statements are constants of the repositories; the bound is there for those that are not."""


class Prepared:
    """One statement for one dialect and one set of parameter names."""

    __slots__ = ("_fixed", "_is_positional", "_places", "_readers", "changes", "text")

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        self.text = compiled.string
        statement = compiled.statement
        self.changes = changed_table(statement)
        """The table it changes, or None."""
        self._is_positional = bool(dialect.positional)
        names = compiled.positiontup or () if dialect.positional else compiled.bind_names.values()
        self._fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        converters = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bind in compiled.binds.items()
        }
        self._places: tuple[tuple[str, _Convert | None], ...] = tuple(
            (name, converters.get(name)) for name in names
        )
        self._readers = _readers(statement, dialect)

    def values(self, parameters: Parameters) -> Any:
        """What the driver is given. Raises KeyError when a parameter is missing."""
        if self._fixed:
            parameters = {**self._fixed, **parameters}
        given = [
            parameters[name] if convert is None else convert(parameters[name])
            for name, convert in self._places
        ]
        if self._is_positional:
            return given
        return {name: value for (name, _), value in zip(self._places, given, strict=True)}

    def read(self, row: Row) -> Row:
        """The row with its values as the columns' types have them."""
        if not self._readers:
            return row
        values = list(row)
        for place, read in self._readers:
            values[place] = read(values[place])
        return values


def changed_table(statement: Any) -> str | None:
    """The name of the table that an INSERT, UPDATE or DELETE changes; None for a SELECT."""
    return str(statement.table.name) if getattr(statement, "is_dml", False) else None


def _readers(statement: Any, dialect: Dialect) -> tuple[tuple[int, _Convert], ...]:
    columns = getattr(statement, "exported_columns", ())
    found = []
    for place, column in enumerate(columns):
        read = column.type.dialect_impl(dialect).result_processor(dialect, None)
        if read is not None:
            found.append((place, read))
    return tuple(found)


class Statements:
    """The compiled statements of one engine, for all threads. Two threads may compile one twice: the results are equal."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[tuple[Any, ...], Prepared | None] = {}

    def prepared(self, statement: sa.Executable, parameters: Parameters) -> Prepared | None:
        """The statement for parameters of these names; None when only SQLAlchemy can execute it."""
        key = (statement, *parameters)
        try:
            return self._known[key]
        except KeyError:
            pass
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        found = self._known[key] = self._prepare(statement, parameters)
        return found

    def _prepare(self, statement: sa.Executable, parameters: Parameters) -> Prepared | None:
        compiled = cast("sa.ClauseElement", statement).compile(
            dialect=self._dialect, column_keys=list(parameters)
        )
        if not isinstance(compiled, SQLCompiler):
            return None
        # Lists that are spelled out per execution, and values that the compiler would fill in, are left to it.
        is_plain = not (
            compiled.post_compile_params
            or compiled.literal_execute_params
            or compiled.insert_prefetch
            or compiled.update_prefetch
            or compiled.implicit_returning
        )
        return Prepared(compiled, self._dialect) if is_plain else None


class Driver:
    """The driver's connection of one transaction."""

    __slots__ = ("_connection", "_raw", "_statements")

    def __init__(self, connection: Connection, raw: DBAPIConnection, statements: Statements) -> None:
        self._connection = connection
        self._statements = statements
        self._raw = raw

    def prepared(self, statement: sa.Executable, parameters: Parameters) -> Prepared | None:
        """See ``Statements.prepared``."""
        return self._statements.prepared(statement, parameters)

    def constant(self, statement: sa.Executable) -> Prepared:
        """A statement without parameters that is known to be plain."""
        found = self._statements.prepared(statement, {})
        assert found is not None
        return found

    def run(self, prepared: Prepared, parameters: Parameters) -> int:
        """Execute; how many rows were touched."""
        count: int = self._execute(prepared, parameters, _row_count)
        return count

    def first(self, prepared: Prepared, parameters: Parameters) -> Row | None:
        """Execute; the first row."""
        row = self._execute(prepared, parameters, _one_row)
        return None if row is None else prepared.read(row)

    def all(self, prepared: Prepared, parameters: Parameters) -> Sequence[Row]:
        """Execute; all rows."""
        rows: Sequence[Row] = self._execute(prepared, parameters, _every_row)
        return [prepared.read(row) for row in rows]

    def _execute(self, prepared: Prepared, parameters: Parameters, take: Callable[[DBAPICursor], Any]) -> Any:
        """Raises sqlalchemy.exc.DBAPIError of the driver's kind."""
        values = prepared.values(parameters)
        cursor = self._raw.cursor()
        try:
            cursor.execute(prepared.text, values)
            return take(cursor)
        except self._connection.dialect.loaded_dbapi.Error as error:
            raise as_told(self._connection, error, prepared.text, cursor) from error
        finally:
            cursor.close()


def as_told(
    connection: Connection, error: Exception, text: str, cursor: DBAPICursor | None = None
) -> BaseException:
    """The driver's error as SQLAlchemy would raise it; a lost connection leaves the pool. Values stay out of it."""
    dialect = connection.dialect
    raw = connection.connection.dbapi_connection
    is_lost = dialect.is_disconnect(cast("Any", error), raw, cursor)
    if is_lost:
        connection.invalidate(error)
    return DBAPIError.instance(
        text,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=dialect,
    )


def _row_count(cursor: DBAPICursor) -> int:
    return cursor.rowcount


def _one_row(cursor: DBAPICursor) -> Any:
    return cursor.fetchone()


def _every_row(cursor: DBAPICursor) -> Any:
    return cursor.fetchall()


__all__ = ["Driver", "Parameters", "Prepared", "Row", "Statements", "as_told", "changed_table"]
