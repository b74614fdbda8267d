"""The ``claims`` parameter: claims and client capabilities a request names (OpenID Connect Core section 5.5)."""

from __future__ import annotations

import json

from xenia.core.errors import InvalidRequest
from xenia.record import Record

MAX_LENGTH = 8192
_MAX_NAMES = 64
_SCOPES = {
    "profile": {"name", "family_name", "given_name", "preferred_username", "locale"},
    "email": {"email", "email_verified"},
}
"""Claims we have, by the scope that releases them (OpenID Connect Core section 5.4)."""


class ClaimsRequest(Record):
    """What of a ``claims`` parameter has an effect. Unknown members are passed over, as the clause demands."""

    id_token: tuple[str, ...] = ()
    """Claims asked of the ID token."""
    capabilities: tuple[str, ...] = ()
    """``xms_cc`` values of the client, lower case (SDKs differ in their spelling)."""
    essential: tuple[str, ...] = ()
    """Claims the client says it cannot do without, wherever it wants them."""

    @property
    def implied_scopes(self) -> tuple[str, ...]:
        """Scopes that release the essential claims: what names a claim asks for consent as the scope would."""
        return tuple(scope for scope, names in _SCOPES.items() if names & set(self.essential))

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
            essential=(*_essential(value.get("id_token")), *_essential(value.get("userinfo"))),
        )


NOTHING_ASKED = ClaimsRequest()
"""No ``claims`` parameter."""


def _names(member: object) -> tuple[str, ...]:
    return tuple(member)[:_MAX_NAMES] if isinstance(member, dict) else ()


def _essential(member: object) -> tuple[str, ...]:
    asked = member.items() if isinstance(member, dict) else ()
    return tuple(name for name, how in asked if isinstance(how, dict) and how.get("essential") is True)[
        :_MAX_NAMES
    ]


def _capabilities(member: object) -> tuple[str, ...]:
    asked = member.get("xms_cc") if isinstance(member, dict) else None
    values = asked.get("values") if isinstance(asked, dict) else None
    if not isinstance(values, list):
        return ()
    return tuple(dict.fromkeys(value.lower() for value in values if isinstance(value, str)))[:_MAX_NAMES]
