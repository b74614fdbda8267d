"""The database as a whole: transactions bound to one tenant."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from xenia.core.ids import TenantId
from xenia.ports.app_keys import AppKeys
from xenia.ports.consent_requests import ConsentRequests
from xenia.ports.directory import Applications, Credentials, Invitations, Tenants, Users
from xenia.ports.groups import Groups
from xenia.ports.journeys import Keys, Limits, LogoutNotices, Logs, Mailbox, Outbox, SignIns, Sweeping
from xenia.ports.self_service import ApiConnectors, IdentityProviders, SignUps, UserAttributes, UserFlows

T = TypeVar("T")


class StoreUnavailable(Exception):
    """The database cannot be reached, is too busy, or is not migrated; ``args[0]`` says what, for operators."""


class Transaction(Protocol):
    """One transaction, bound to one tenant (None: platform-wide work only)."""

    @property
    def tenant_id(self) -> TenantId | None: ...
    @property
    def tenants(self) -> Tenants: ...
    @property
    def users(self) -> Users: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def applications(self) -> Applications: ...
    @property
    def invitations(self) -> Invitations: ...
    @property
    def sign_ins(self) -> SignIns: ...
    @property
    def logs(self) -> Logs: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def logout_notices(self) -> LogoutNotices: ...
    @property
    def mailbox(self) -> Mailbox: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def app_keys(self) -> AppKeys: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def sweeping(self) -> Sweeping: ...
    @property
    def identity_providers(self) -> IdentityProviders: ...
    @property
    def user_flows(self) -> UserFlows: ...
    @property
    def user_attributes(self) -> UserAttributes: ...
    @property
    def api_connectors(self) -> ApiConnectors: ...
    @property
    def sign_ups(self) -> SignUps: ...
    @property
    def consent_requests(self) -> ConsentRequests: ...


class Store(Protocol):
    """The database."""

    def read(self, tenant_id: TenantId | None) -> AbstractContextManager[Transaction]:
        """A consistent read-only view."""
        ...

    def write(self, tenant_id: TenantId | None, work: Callable[[Transaction], T]) -> T:
        """Run *work* in one write transaction and commit.

        Exceptions roll everything back. On a serialization failure or deadlock *work* runs again
        from the start, so it must not have effects outside; random ids are drawn before it.
        A refusal whose counters must survive is therefore a *return value*, never an exception.
        No network I/O inside.
        """
        ...

    def migrate(self) -> None:
        """Bring the schema to the newest revision (both dialects)."""
        ...

    def check(self) -> str:
        """A line naming engine, version and schema revision. Raises when unreachable or out of date."""
        ...

    def close(self) -> None: ...
