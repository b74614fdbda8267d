"""One transaction bound to one tenant: what repositories stand on, and the repositories together.

Opening, committing and repeating transactions is the store's; dialects' ways are in ``sqlite`` and
``postgres``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from xenia.core.ids import TenantId
from xenia.storage.conflicts import refusal_of
from xenia.storage.connections import Held
from xenia.storage.known_directory import WATCHED, DirectoryView, KnownDirectory
from xenia.storage.statements import Driver, Parameters, Row, Statements, changed_table


class Both:
    """A statement that each dialect's own INSERT construct must build (``ON CONFLICT``), once it is executed."""

    __slots__ = ("_built", "_table", "_target", "_update")

    def __init__(
        self,
        table: sa.Table,
        on: Sequence[str],
        *,
        update: Sequence[str] = (),
        where: sa.ColumnElement[bool] | None = None,
    ) -> None:
        """INSERT into *table*; where the columns *on* clash, set the columns *update*, or do nothing.

        *where* is the condition of the unique index, if it is partial.
        """
        self._table = table
        self._target = {"index_elements": list(on), "index_where": where}
        self._update = update
        self._built: dict[bool, sa.Executable] = {}

    def of(self, *, is_postgres: bool) -> sa.Executable:
        """The one for this dialect. Two threads may build it at once: the results are equal."""
        try:
            return self._built[is_postgres]
        except KeyError:
            statement = _upsert(insert_into(self._table, is_postgres=is_postgres), self._target, self._update)
            return self._built.setdefault(is_postgres, statement)


def insert_into(table: sa.Table, *, is_postgres: bool) -> Any:
    """The dialect's own INSERT. The package of a dialect is large, and a process needs one of them."""
    if is_postgres:
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite  # noqa: PLC0415

    return sqlite.insert(table)


class Kept:
    """A SELECT that, within a write, keeps its rows from other writers until commit.

    What is read, changed and put back must not undo what another node wrote between. SQLite has one
    writer anyway and ignores the clause; foreign keys can still refer to the row.
    """

    __slots__ = ("locking", "plain")

    def __init__(self, statement: sa.Select[Any]) -> None:
        self.plain = statement
        self.locking = statement.with_for_update(key_share=True)


def _upsert(statement: Any, target: dict[str, Any], update: Sequence[str]) -> sa.Executable:
    # Whether an INSERT won is told by its row count, which is otherwise not kept for INSERTs.
    statement = statement.execution_options(preserve_rowcount=True)
    if update:
        new = {name: statement.excluded[name] for name in update}
        return statement.on_conflict_do_update(**target, set_=new)  # type: ignore[no-any-return]
    return statement.on_conflict_do_nothing(**target)  # type: ignore[no-any-return]


class Scope:
    """A connection inside its transaction, and the tenant it is bound to."""

    __slots__ = ("_tenant_id", "connection", "directory", "driver", "is_postgres", "writable")

    def __init__(
        self,
        held: Held,
        statements: Statements,
        known: KnownDirectory,
        tenant_id: TenantId | None,
        *,
        writable: bool,
    ) -> None:
        self.connection = connection = held.connection
        self.driver = Driver(connection, held.raw, statements)
        self._tenant_id = tenant_id
        self.writable = writable
        self.is_postgres = connection.dialect.name == "postgresql"
        # Writes on PostgreSQL see each statement's moment; everything else sees one moment throughout.
        self.directory = DirectoryView(self.driver, known, keeps=not (writable and self.is_postgres))

    @property
    def tenant_or_none(self) -> TenantId | None:
        """The tenant, or None where only platform-wide work is done."""
        return self._tenant_id

    @property
    def tenant(self) -> TenantId:
        """The tenant. Raises RuntimeError when the transaction has none: no row may be seen then."""
        if self._tenant_id is None:
            raise RuntimeError("This needs a transaction bound to a tenant.")
        return self._tenant_id


class Repository:
    """Base of all repositories: running statements within the scope."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    @property
    def _tenant(self) -> TenantId:
        return self._scope.tenant

    def _check_owner(self, tenant_id: TenantId) -> None:
        """Raise ValueError when a record of another tenant is about to be stored here."""
        if tenant_id != self._tenant:
            raise ValueError("The record belongs to another tenant than the transaction.")

    def _run(self, statement: sa.Executable | Both, parameters: Parameters | Sequence[Parameters]) -> int:
        """Execute and return how many rows it touched."""
        chosen = self._chosen(statement)
        if isinstance(parameters, dict) and (ready := self._scope.driver.prepared(chosen, parameters)):
            self._before(ready.changes)
            return self._scope.driver.run(ready, parameters)
        return self._execute(chosen, parameters).rowcount

    def _first(self, statement: sa.Executable | Both | Kept, parameters: Parameters) -> Row | None:
        """Execute and return the first row."""
        chosen = self._chosen(statement)
        if ready := self._scope.driver.prepared(chosen, parameters):
            self._before(ready.changes)
            return self._scope.driver.first(ready, parameters)
        return self._execute(chosen, parameters).first()

    def _all(self, statement: sa.Executable | Kept, parameters: Parameters) -> Sequence[Row]:
        """Execute and return all rows."""
        chosen = self._chosen(statement)
        if ready := self._scope.driver.prepared(chosen, parameters):
            self._before(ready.changes)
            return self._scope.driver.all(ready, parameters)
        return self._execute(chosen, parameters).all()

    def _execute(
        self, statement: sa.Executable, parameters: Parameters | Sequence[Parameters]
    ) -> sa.CursorResult[Any]:
        """What is executed rarely, or in bulk: through SQLAlchemy."""
        self._before(changed_table(statement))
        return self._scope.connection.execute(statement, parameters)

    def _chosen(self, statement: sa.Executable | Both | Kept) -> sa.Executable:
        """The form of this dialect and this kind of transaction."""
        scope = self._scope
        if isinstance(statement, Kept):
            return statement.locking if scope.writable else statement.plain
        if isinstance(statement, Both):
            return statement.of(is_postgres=scope.is_postgres)
        return statement

    def _before(self, changes: str | None) -> None:
        """Raises RuntimeError when a reading transaction is used to change something."""
        if changes is None:
            return
        if not self._scope.writable:
            raise RuntimeError("A reading transaction cannot change anything.")
        if changes in WATCHED:
            self._scope.directory.changing()

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Turn violated constraints into domain refusals, undoing only what was done inside."""
        try:
            with self._scope.connection.begin_nested():
                yield
        except IntegrityError as error:
            raise refusal_of(error) from error
