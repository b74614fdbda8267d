"""Grants of the token endpoint: one small object each. The endpoint owns everything they share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from xenia.core.directory.tenant import Tenant
from xenia.core.endpoints import V1, V2
from xenia.usecases.authenticate_client import PresentedClient
from xenia.web.http import Params


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request after everything the grants have in common was read."""

    tenant: Tenant
    segment: str
    """The tenant as the path named it."""
    client: PresentedClient
    form: Params
    base_url: str
    version: str
    """Of the endpoint."""
    origin: str | None
    """The Origin header: set by browsers only."""
    correlation_id: str
    user_agent: str
    now: datetime

    @property
    def is_v1(self) -> bool:
        """Whether it came to the v1.0 endpoint."""
        return self.version == V1


class Grant(Protocol):
    """One value of ``grant_type`` (RFC 6749 section 4)."""

    @property
    def grant_type(self) -> str:
        """Its name on the wire."""
        ...

    @property
    def parameters(self) -> tuple[str, ...]:
        """Parameters it cannot do without."""
        ...

    def respond(self, request: TokenRequest) -> dict[str, Any]:
        """The members of the response. Raises what is wrong."""
        ...


def token_members(version: str, expires_in: int, now: datetime) -> dict[str, Any]:
    """What every response begins with; v1.0 writes its numbers as texts."""
    if version == V2:
        return {"token_type": "Bearer", "expires_in": expires_in, "ext_expires_in": expires_in}
    starts = int(now.timestamp())
    return {
        "token_type": "Bearer",
        "expires_in": str(expires_in),
        "ext_expires_in": str(expires_in),
        "expires_on": str(starts + expires_in),
        "not_before": str(starts - 300),
    }
