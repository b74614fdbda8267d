"""A hand-over to another identity provider under way: what must match when the browser comes back."""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.ids import TenantId
from xenia.record import Record

FEDERATION_LIFETIME = timedelta(minutes=15)
FEDERATED = "federated"
"""``Proof.method`` of an account proven at another identity provider."""
ANOTHER_ACCOUNT = "another"
"""``Facts.trouble``: the account that came back is not wanted, so the provider must not silently send it again."""
FEDERATED_SESSION = timedelta(hours=24)
"""How long such a proof counts before the provider is asked again."""


class Federation(Record):
    """One hand-over, spent by the first answer that carries its ``state`` (RFC 9700 section 2.1, 4.7)."""

    state_hash: str
    """Keyed hash of the ``state`` parameter."""
    tenant_id: TenantId
    interaction_id: str
    """Bound to the browser that started it: an answer in another browser is worthless (login CSRF)."""
    provider_id: str
    nonce: str
    sealed_verifier: str
    """PKCE code verifier (RFC 7636), sealed for the purpose ``federation``."""
    redirect_uri: str
    created_at: datetime
    expires_at: datetime
