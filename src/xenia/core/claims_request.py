"""The ``claims`` parameter: claims and client capabilities a request names (OpenID Connect Core section 5.5)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from xenia.core.errors import InvalidRequest

MAX_LENGTH = 8192
_MAX_NAMES = 64


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """What of a ``claims`` parameter has an effect. Unknown members are passed over, as the clause demands."""

    id_token: tuple[str, ...] = ()
    """Claims asked of the ID token."""
    capabilities: tuple[str, ...] = ()
    """``xms_cc`` values of the client, lower case (SDKs differ in their spelling)."""

    @classmethod
    def parse(cls, text: str | None) -> ClaimsRequest:
        """Read the parameter. Raises InvalidRequest unless it is absent or a JSON object of objects."""
        if not text:
            return cls()
        try:
            value = json.loads(text) if len(text) <= MAX_LENGTH else None
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise InvalidRequest("claims", "The claims parameter is not a JSON object.")
        return cls(
            id_token=_names(value.get("id_token")),
            capabilities=_capabilities(value.get("access_token")),
        )


NOTHING_ASKED = ClaimsRequest()
"""No ``claims`` parameter."""


def _names(member: object) -> tuple[str, ...]:
    return tuple(member)[:_MAX_NAMES] if isinstance(member, dict) else ()


def _capabilities(member: object) -> tuple[str, ...]:
    asked = member.get("xms_cc") if isinstance(member, dict) else None
    values = asked.get("values") if isinstance(asked, dict) else None
    if not isinstance(values, list):
        return ()
    return tuple(dict.fromkeys(value.lower() for value in values if isinstance(value, str)))[:_MAX_NAMES]
