"""Device codes: a device waits while its person approves on another screen (RFC 8628)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from xenia.core.ids import AppId, ObjectId, TenantId
from xenia.core.signin.facts import Proof

DEVICE_CODE_LIFETIME = timedelta(minutes=15)
POLL_INTERVAL = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class DeviceApproval:
    """Who said yes, and what they had proven."""

    user_id: ObjectId
    sid: str
    proofs: tuple[Proof, ...]
    is_persistent: bool = False


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A device's request; both of its codes are kept as keyed hashes."""

    code_hash: str
    user_code_hash: str
    tenant_id: TenantId
    app_id: AppId
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    ip_address: str = ""
    """Of the device: shown to whoever approves (device-code phishing)."""
    user_agent: str = ""
    claims_request: str | None = None
    endpoint_version: str = "2.0"
    approval: DeviceApproval | None = None
    """With ``decided_at`` and without this the person declined."""
    decided_at: datetime | None = None
    polled_at: datetime | None = None
    consumed_at: datetime | None = None
