"""Refresh tokens: one row for each token ever handed out, as long as its reuse must be seen.

A token works once. Using it makes the next one and ends its siblings; a second use means that two
hold it, so the whole family ends (RFC 9700 section 4.14.2).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.directory.application import Platform
from xenia.core.ids import AppId, ObjectId, TenantId
from xenia.core.signin.facts import Proof
from xenia.record import Record

REFRESH_IDLE = timedelta(days=90)
"""How long a refresh token waits for its use; each use begins anew."""
SPA_REFRESH = timedelta(hours=24)
"""From the sign-in, and no use lengthens it: what a page's script can read must not live for months."""
RETRY_GRACE = timedelta(seconds=30)
"""Client libraries send the very same refresh token again when an answer is lost, and at once for two APIs when
both access tokens ran out: within this time after the first use that is no theft."""
RETRIES = 20
"""At most so many answers within ``RETRY_GRACE``."""
REMEMBERED = timedelta(days=7)
"""Used and expired tokens keep their row so long, to say precisely what is wrong with them."""


class RefreshToken(Record):
    """A refresh token (RFC 6749 section 6), bound to a client and a person, not to a resource."""

    token_hash: str
    tenant_id: TenantId
    app_id: AppId
    user_id: ObjectId
    family_id: str
    platform: Platform
    """How its client proves itself: with a credential (web), by its Origin (SPA), or not at all (public)."""
    scopes: tuple[str, ...]
    """As first asked for; a use that names none means these."""
    issued_at: datetime
    expires_at: datetime
    signed_in_at: datetime
    """When the person signed in, or the family began: what was revoked since then revokes this too."""
    sid: str
    proofs: tuple[Proof, ...]
    is_persistent: bool = False
    claims_request: str | None = None
    asks_auth_time: bool = False
    endpoint_version: str = "2.0"
    consumed_at: datetime | None = None
    retries: int = 0


class HeldRefreshToken(Record):
    """What a person and their administrator may know of a refresh token that an app can still use."""

    family_id: str
    app_id: AppId
    sid: str
    signed_in_at: datetime
    renewed_at: datetime
    """When the app got the present one: at the sign-in, or at its last use of the one before."""
    expires_at: datetime
