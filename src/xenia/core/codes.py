"""Authorization codes and the token families they found."""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.directory.application import Platform
from xenia.core.ids import AppId, ObjectId, TenantId
from xenia.core.signin.facts import Proof
from xenia.record import Record

CODE_LIFETIME = timedelta(minutes=10)
VERIFIER_TRIES = 5


class AuthorizationCode(Record):
    """A single-use code (RFC 6749 section 4.1). The row stays until expiry so that reuse is seen."""

    code_hash: str
    tenant_id: TenantId
    app_id: AppId
    user_id: ObjectId
    family_id: str
    redirect_uri: str
    platform: Platform
    scopes: tuple[str, ...]
    """Scopes as requested at the authorize leg."""
    issued_at: datetime
    expires_at: datetime
    sid: str
    proofs: tuple[Proof, ...]
    auth_time: datetime
    nonce: str | None = None
    code_challenge: str | None = None
    claims_request: str | None = None
    is_persistent: bool = False
    asks_auth_time: bool = False
    endpoint_version: str = "2.0"
    verifier_failures: int = 0
    consumed_at: datetime | None = None


class TokenFamily(Record):
    """All tokens that descend from one sign-in of one client. Revoking it ends them together."""

    id: str
    tenant_id: TenantId
    user_id: ObjectId
    app_id: AppId
    sid: str
    created_at: datetime
    revoked_at: datetime | None = None
    proofs: tuple[Proof, ...] = ()
    """Of that sign-in: what an API that acts on behalf of the person tells about them. Empty: not recorded."""
