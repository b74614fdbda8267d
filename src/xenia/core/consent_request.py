"""Requests for admin consent: who asks for which app, why, and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from xenia.core.ids import AppId, ObjectId, TenantId
from xenia.record import Record

REMIND_BEFORE = timedelta(days=3)
LONGEST_JUSTIFICATION = 500


class ConsentRequestState(StrEnum):
    """Where a request stands. One that nobody decided in time counts as expired without being touched."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    BLOCKED = "blocked"
    """Denied, and the app is disabled here."""
    EXPIRED = "expired"


class ConsentAsker(Record):
    """One person who asks."""

    user_id: ObjectId
    name: str
    address: str
    """Where the outcome is sent."""
    justification: str
    at: datetime


class ConsentRequest(Record):
    """A request for one app; further people join it while it waits."""

    id: str
    tenant_id: TenantId
    app_id: AppId
    app_name: str
    scopes: tuple[str, ...]
    """As the app asked for them."""
    askers: tuple[ConsentAsker, ...]
    created_at: datetime
    expires_at: datetime
    state: ConsentRequestState = ConsentRequestState.PENDING
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str = ""
    reminded_at: datetime | None = None

    def state_at(self, now: datetime) -> ConsentRequestState:
        """The state as people see it at this moment."""
        waits = self.state is ConsentRequestState.PENDING
        return ConsentRequestState.EXPIRED if waits and self.expires_at <= now else self.state
