"""Browser sessions: one row per browser and tenant, holding the accounts signed in there.

Crossing tenants is federation, so a session of one tenant says nothing in another.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from xenia.core.ids import AppId, ObjectId, TenantId
from xenia.core.signin.facts import Proof
from xenia.record import Record, replace

SESSION_IDLE = timedelta(hours=24)
SESSION_PERSISTENT = timedelta(days=90)
SURFACE_SESSION = timedelta(hours=8)
"""How long portal and My Apps stay open without signing in again."""


class SessionApp(Record):
    """An app that was signed in to from a browser's session, and is told when that ends."""

    app_id: AppId
    issuer: str
    """``iss`` of its ID tokens: it knows the session as (``iss``, ``sid``)."""


class SessionAccount(Record):
    """One account in a browser's session: what was proven and when, so it need not be asked again."""

    user_id: ObjectId
    sign_in_name: str
    display_name: str
    sid: str
    """Session id claim (``sid``) of tokens issued from this sign-in."""
    proofs: tuple[Proof, ...]
    signed_in_at: datetime
    signed_out_at: datetime | None = None
    is_persistent: bool = False
    apps: tuple[SessionApp, ...] = ()
    """Each once, in the order of their first sign-in."""
    user_agent: str = ""
    """Of the newest request; empty in sessions of before it was kept. Likewise the two that follow."""
    ip_address: str = ""
    used_at: datetime | None = None

    def visiting(self, app: SessionApp) -> tuple[SessionApp, ...]:
        """Its apps after a sign-in to *app*."""
        if app in self.apps:
            return self.apps
        return (*(known for known in self.apps if known.app_id != app.app_id), app)

    def has_ended(self, now: datetime) -> bool:
        """Whether nobody used it for as long as it stays: 90 days for whoever chose to stay signed in, else a day."""
        stay = SESSION_PERSISTENT if self.is_persistent else SESSION_IDLE
        return self.used_at is not None and self.used_at + stay <= now

    def signed_out(self, now: datetime) -> SessionAccount:
        """The tile that remains: who it was, and nothing that could be used again."""
        return replace(self, signed_out_at=now, proofs=(), apps=())


class Session(Record):
    """The single-sign-on session of one browser at one tenant; the cookie holds a secret whose hash is the key."""

    secret_hash: str
    tenant_id: TenantId
    created_at: datetime
    expires_at: datetime
    accounts: tuple[SessionAccount, ...] = ()
    is_persistent: bool = False

    def account(self, user_id: ObjectId) -> SessionAccount | None:
        """The entry of this user, signed in or out."""
        return next((account for account in self.accounts if account.user_id == user_id), None)

    def signed_in(self) -> tuple[SessionAccount, ...]:
        """Accounts that are signed in at present."""
        return tuple(account for account in self.accounts if account.signed_out_at is None)

    def as_of(self, now: datetime) -> Session:
        """The same session without those whose own stay has ended, however long the others stay."""
        ended = {account.user_id for account in self.signed_in() if account.has_ended(now)}
        return self.without(ended, now) if ended else self

    def without(self, user_ids: Collection[ObjectId], now: datetime) -> Session:
        """The same session after these users signed out."""
        return replace(
            self,
            accounts=tuple(
                account.signed_out(now)
                if account.user_id in user_ids and account.signed_out_at is None
                else account
                for account in self.accounts
            ),
        )


class PortalSession(Record):
    """An administrator's (or guest's, for My Apps) session with one of our own first-party surfaces."""

    secret_hash: str
    tenant_id: TenantId
    user_id: ObjectId
    surface: str
    """``portal`` or ``account``."""
    sid: str
    created_at: datetime
    expires_at: datetime
