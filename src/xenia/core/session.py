"""Browser sessions: one row per browser and tenant, holding the accounts signed in there.

Crossing tenants is federation, so a session of one tenant says nothing in another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from xenia.core.ids import ObjectId, TenantId
from xenia.core.signin.facts import Proof

SESSION_IDLE = timedelta(hours=24)
SESSION_PERSISTENT = timedelta(days=90)
SURFACE_SESSION = timedelta(hours=8)
"""How long portal and My Apps stay open without signing in again."""


@dataclass(frozen=True, slots=True)
class SessionAccount:
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


@dataclass(frozen=True, slots=True)
class Session:
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


@dataclass(frozen=True, slots=True)
class PortalSession:
    """An administrator's (or guest's, for My Apps) session with one of our own first-party surfaces."""

    secret_hash: str
    tenant_id: TenantId
    user_id: ObjectId
    surface: str
    """``portal`` or ``account``."""
    sid: str
    created_at: datetime
    expires_at: datetime
