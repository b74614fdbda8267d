"""API connectors: an organisation's own server that a user flow asks before it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from xenia.core.ids import TenantId
from xenia.record import Record

CONNECTOR_TIMEOUT = timedelta(seconds=20)
"""For one attempt; there is one retry (published limits of API connectors)."""
CONNECTOR_ATTEMPTS = 2


class ConnectorAuthentication(StrEnum):
    """How we prove ourselves to the connector's server."""

    BASIC = "basic"
    CERTIFICATE = "certificate"
    NONE = "none"


class ConnectorCertificate(Record):
    """A client certificate; the newest valid one is presented, several may coexist while they are changed."""

    thumbprint: str
    """SHA-1, upper-case hex, as portals show it."""
    not_before: datetime
    not_after: datetime
    certificate_pem: str
    sealed_key: str
    """Private key (PEM), sealed for the purpose ``api-connector``."""


class ApiConnector(Record):
    """A connector of one tenant; several flows may use it."""

    id: str
    tenant_id: TenantId
    display_name: str
    target_url: str
    created_at: datetime
    authentication: ConnectorAuthentication = ConnectorAuthentication.BASIC
    username: str = ""
    sealed_password: str = ""
    """Sealed for the purpose ``api-connector``."""
    certificates: tuple[ConnectorCertificate, ...] = ()
    version: int = 0

    def certificate_at(self, now: datetime) -> ConnectorCertificate | None:
        """The certificate to present: the newest of those valid now, or None."""
        valid = [entry for entry in self.certificates if entry.not_before <= now < entry.not_after]
        return max(valid, key=lambda entry: entry.not_before, default=None)


class ConnectorCall(Record):
    """That a connector was asked, and how it went: nothing of whom it was asked about, or what it said."""

    id: str
    tenant_id: TenantId
    connector_id: str
    at: datetime
    took_ms: int
    """Milliseconds from the first attempt to the end of the last one: what somebody waited."""
    outcome: str
    """``Continue``, ``ShowBlockPage``, ``ValidationError``, or a reason of ``connector_messages.Failure``."""
    status: int | None = None
    """HTTP status of the answer; None when none came."""
    attempts: int = 1
    is_trial: bool = False
    """From the test bench."""


def percentile(values: Sequence[int], share: int) -> int | None:
    """The smallest value that *share* percent of them do not exceed (nearest rank); None of no values."""
    ranked = sorted(values)
    return ranked[max(-(-len(ranked) * share // 100), 1) - 1] if ranked else None
