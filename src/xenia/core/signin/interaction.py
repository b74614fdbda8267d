"""The persisted interaction: one row per request, bound to the browser that started it."""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.ids import CorrelationId, TenantId
from xenia.core.signin.facts import Facts
from xenia.core.signin.request import AuthorizeRequest, RedeemRequest
from xenia.record import Record, field

INTERACTION_LIFETIME = timedelta(hours=1)


class Interaction(Record):
    """A sign-in under way. ``version`` rises with every accepted step, so a stale page cannot post."""

    id: str
    tenant_id: TenantId
    browser_hash: str
    """Hash of the secret in this browser's cookie: a link with somebody's ``ctx`` is worthless elsewhere."""
    authorize: AuthorizeRequest | None
    redeem: RedeemRequest | None
    correlation_id: CorrelationId
    created_at: datetime
    expires_at: datetime
    facts: Facts = field(default_factory=Facts)
    version: int = 0
    finished_at: datetime | None = None
