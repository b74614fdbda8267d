"""``ports.Store``: opening transactions, repeating them, migrating, checking.

Read this to see what a use case may rely on; dialects' ways are in ``sqlite`` and ``postgres``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from xenia.core.errors import Conflict, NotFound
from xenia.core.ids import TenantId
from xenia.guard import writing
from xenia.ports import StoreUnavailable
from xenia.storage import postgres, sqlite
from xenia.storage.api_connectors import SqlApiConnectors
from xenia.storage.app_keys import SqlAppKeys
from xenia.storage.applications import SqlApplications
from xenia.storage.conflicts import is_race, refusal_of
from xenia.storage.connections import Held, KeptConnections, PooledConnections
from xenia.storage.consent_requests import SqlConsentRequests
from xenia.storage.credentials import SqlCredentials
from xenia.storage.groups import SqlGroups
from xenia.storage.identity_providers import SqlIdentityProviders
from xenia.storage.invitations import SqlInvitations
from xenia.storage.keys import SqlKeys
from xenia.storage.known_directory import KnownDirectory
from xenia.storage.limits import SqlLimits
from xenia.storage.logout_notices import SqlLogoutNotices
from xenia.storage.logs import SqlLogs
from xenia.storage.mailbox import SqlMailbox
from xenia.storage.migrations import HEAD, migrate, stored_revision
from xenia.storage.outbox import SqlOutbox
from xenia.storage.sign_ins import SqlSignIns
from xenia.storage.sign_ups import SqlSignUps
from xenia.storage.statements import Statements
from xenia.storage.sweeping import SqlSweeping
from xenia.storage.tenants import SqlTenants
from xenia.storage.transactions import Scope
from xenia.storage.user_attributes import SqlUserAttributes
from xenia.storage.user_flows import SqlUserFlows
from xenia.storage.users import SqlUsers

T = TypeVar("T")
Connections: TypeAlias = KeptConnections | PooledConnections
_TRIES = 6


class SqlTransaction:
    """See ``ports.Transaction``. Repositories are nothing but names over its scope, made each time they are asked for."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    @property
    def tenant_id(self) -> TenantId | None:
        """The tenant it is bound to."""
        return self._scope.tenant_or_none

    @property
    def tenants(self) -> SqlTenants:
        """Platform-wide."""
        return SqlTenants(self._scope)

    @property
    def users(self) -> SqlUsers:
        """Of this tenant."""
        return SqlUsers(self._scope)

    @property
    def groups(self) -> SqlGroups:
        """Of this tenant."""
        return SqlGroups(self._scope)

    @property
    def credentials(self) -> SqlCredentials:
        """Of this tenant."""
        return SqlCredentials(self._scope)

    @property
    def applications(self) -> SqlApplications:
        """Of this tenant, where not said otherwise."""
        return SqlApplications(self._scope)

    @property
    def invitations(self) -> SqlInvitations:
        """Of this tenant."""
        return SqlInvitations(self._scope)

    @property
    def sign_ins(self) -> SqlSignIns:
        """Of this tenant, where not said otherwise."""
        return SqlSignIns(self._scope)

    @property
    def logs(self) -> SqlLogs:
        """Of this tenant."""
        return SqlLogs(self._scope)

    @property
    def outbox(self) -> SqlOutbox:
        """Of this tenant, where not said otherwise."""
        return SqlOutbox(self._scope)

    @property
    def logout_notices(self) -> SqlLogoutNotices:
        """Of this tenant, where not said otherwise."""
        return SqlLogoutNotices(self._scope)

    @property
    def mailbox(self) -> SqlMailbox:
        """Platform-wide."""
        return SqlMailbox(self._scope)

    @property
    def keys(self) -> SqlKeys:
        """Platform-wide."""
        return SqlKeys(self._scope)

    @property
    def app_keys(self) -> SqlAppKeys:
        """Of this tenant, where not said otherwise."""
        return SqlAppKeys(self._scope)

    @property
    def limits(self) -> SqlLimits:
        """Platform-wide."""
        return SqlLimits(self._scope)

    @property
    def sweeping(self) -> SqlSweeping:
        """Platform-wide."""
        return SqlSweeping(self._scope)

    @property
    def identity_providers(self) -> SqlIdentityProviders:
        """Of this tenant."""
        return SqlIdentityProviders(self._scope)

    @property
    def user_flows(self) -> SqlUserFlows:
        """Of this tenant."""
        return SqlUserFlows(self._scope)

    @property
    def user_attributes(self) -> SqlUserAttributes:
        """Of this tenant."""
        return SqlUserAttributes(self._scope)

    @property
    def api_connectors(self) -> SqlApiConnectors:
        """Of this tenant."""
        return SqlApiConnectors(self._scope)

    @property
    def sign_ups(self) -> SqlSignUps:
        """Of this tenant."""
        return SqlSignUps(self._scope)

    @property
    def consent_requests(self) -> SqlConsentRequests:
        """Of this tenant."""
        return SqlConsentRequests(self._scope)


class SqlStore:
    """The database behind ``ports.Store``."""

    def __init__(self, reading: Engine, writing_engine: Engine) -> None:
        self._reading = reading
        self._writing = writing_engine
        self._is_postgres = writing_engine.dialect.name == "postgresql"
        self.readers: Connections = _connections(reading, "BEGIN")
        self._writers: Connections = _connections(writing_engine, "BEGIN IMMEDIATE")
        self._statements = Statements(writing_engine.dialect)
        self._known = KnownDirectory()
        # SQLite has one writer; waiting for it in line is fairer than its busy loop.
        self._turn: threading.Lock | nullcontext[None] = (
            nullcontext() if self._is_postgres else threading.Lock()
        )

    def read(self, tenant_id: TenantId | None) -> AbstractContextManager[SqlTransaction]:
        """A consistent read-only view. Raises StoreUnavailable when the database cannot be reached."""
        return _View(self, tenant_id)

    def scope(self, held: Held, tenant_id: TenantId | None, *, writable: bool) -> Scope:
        """What repositories stand on, within the transaction of *held*."""
        return Scope(held, self._statements, self._known, tenant_id, writable=writable)

    def write(self, tenant_id: TenantId | None, work: Callable[[SqlTransaction], T]) -> T:
        """Run *work* in one write transaction and commit.

        Exceptions roll everything back. *work* runs again from the start, a few times at most, when
        the database undid it because of another transaction, or when a constraint says that another one
        was faster (took a unique value, or made or removed what this one decided upon between two of its
        looks), so that *work* sees the rows as they are now. Raises StoreUnavailable.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                with _telling():
                    return self._write_once(tenant_id, work)
            except (Conflict, NotFound) as refusal:
                # SQLite's writers see all that is committed: there the answer would be the same again.
                if not self._is_postgres or attempt > 1 or not is_race(refusal):
                    raise
            except _Again as again:
                if attempt == _TRIES:
                    raise StoreUnavailable("The database is too busy.") from again.__cause__
        raise AssertionError("unreachable")

    def _write_once(self, tenant_id: TenantId | None, work: Callable[[SqlTransaction], T]) -> T:
        try:
            with writing(), self._turn:
                held = self._writers.begin()
                try:
                    result = work(SqlTransaction(self.scope(held, tenant_id, writable=True)))
                except BaseException:
                    self._writers.undo(held)
                    raise
                self._writers.commit(held)
                return result
        except IntegrityError as error:
            raise refusal_of(error) from error
        except DBAPIError as error:
            again = postgres.may_succeed_again if self._is_postgres else sqlite.may_succeed_again
            if again(error):
                raise _Again from error
            raise

    def migrate(self) -> None:
        """Bring the schema to the newest revision (both dialects). Raises StoreUnavailable."""
        with _telling(), self._turn:
            held = self._writers.begin()
            try:
                migrate(held.connection)
            except BaseException:
                self._writers.undo(held)
                raise
            self._writers.commit(held)

    @contextmanager
    def preparation(self) -> Iterator[None]:
        """One node at a time: nodes started together on a new database would all fill it. Raises StoreUnavailable."""
        if not self._is_postgres:
            # The data directory's lock has made sure of it.
            yield
            return
        with _telling(), postgres.one_at_a_time(self._writing):
            yield

    def check(self) -> str:
        """A line naming engine, version and schema revision. Raises StoreUnavailable when out of date."""
        with _telling(), self._reading.connect() as connection:
            if self._is_postgres:
                number = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
                engine = f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar_one()}"
                if int(number) < postgres.OLDEST:
                    raise StoreUnavailable(f"{engine} is too old: Xenia needs version 15 or newer.")
            else:
                engine = sqlite.describe()
            revision = stored_revision(connection)
        if revision != HEAD:
            raise StoreUnavailable(
                f"{engine}: the schema is at revision {revision or 'none'}, this version of Xenia needs {HEAD}. "
                "Run `xenia migrate`."
            )
        return f"{engine}, schema revision {revision}"

    def close(self) -> None:
        """Close all connections."""
        self.readers.close()
        self._writers.close()
        self._reading.dispose()
        self._writing.dispose()


def _connections(engine: Engine, begin: str) -> Connections:
    return (
        PooledConnections(engine) if engine.dialect.name == "postgresql" else KeptConnections(engine, begin)
    )


class _View:
    """A reading transaction, as a context manager by itself: ten of them in a sign-in are worth not being a generator."""

    __slots__ = ("_held", "_store", "_tenant_id")

    def __init__(self, store: SqlStore, tenant_id: TenantId | None) -> None:
        self._store = store
        self._tenant_id = tenant_id

    def __enter__(self) -> SqlTransaction:
        store = self._store
        try:
            self._held = store.readers.begin()
        except SQLAlchemyError as error:
            raise _as_told(error) from error
        return SqlTransaction(store.scope(self._held, self._tenant_id, writable=False))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._store.readers.commit(self._held)
            else:
                self._store.readers.undo(self._held)
        except SQLAlchemyError as failure:
            raise _as_told(failure) from failure
        if isinstance(error, SQLAlchemyError) and isinstance(told := _as_told(error), StoreUnavailable):
            raise told from error


class _Again(Exception):
    """The transaction was undone because of another one; its cause is the database's error."""


@contextmanager
def _telling() -> Iterator[None]:
    """Turn a lost or refused connection into StoreUnavailable."""
    try:
        yield
    except SQLAlchemyError as error:
        told = _as_told(error)
        if told is error:
            raise
        raise told from error


def _as_told(error: SQLAlchemyError) -> Exception:
    """StoreUnavailable for a lost or refused connection; every other error as it is."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, sa.exc.OperationalError):
            return StoreUnavailable(str(error.orig).strip().partition("\n")[0])
    elif isinstance(error, sa.exc.TimeoutError):
        return StoreUnavailable("All connections to the database are in use.")
    return error


def open_store(url: str, *, durable: bool) -> SqlStore:
    """The store at ``sqlite:///path`` or ``postgresql://...``.

    *durable*: whether a commit must survive a power cut, not just the end of the process. Raises
    ValueError for any other kind of URL.
    """
    parsed = sa.make_url(url)
    kind = parsed.drivername.partition("+")[0]
    if kind == "sqlite" and parsed.database and parsed.database != ":memory:":
        return SqlStore(*sqlite.engines(parsed.database, durable=durable))
    if kind in ("postgresql", "postgres"):
        return SqlStore(*postgres.engines(parsed, durable=durable))
    raise ValueError("Use sqlite:///path/to/file or postgresql://user@host/database.")
