"""Scopes: how a ``scope`` parameter splits into OpenID scopes, resources and permissions of resources.

The resource of a scope is everything before its last slash; a scope without one belongs to Graph. Which
permissions exist and who agreed to them is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.errors import InvalidScope
from xenia.record import Record

OIDC_SCOPES = ("openid", "profile", "email", "offline_access")
ECHOED_OIDC_SCOPES = ("openid", "profile", "email")
"""``offline_access`` is never echoed: the refresh token itself is the answer."""
_SILENT = frozenset({"address", "phone"})
"""OpenID scopes accepted without effect (OpenID Connect Core section 5.4)."""
DEFAULT = ".default"
"""The statically configured or already consented permissions of a resource."""
GRAPH_URI = "https://graph.microsoft.com"
_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


class ResourceScopes(Record):
    """What is asked of one resource."""

    identifier: str | None
    """The resource as the client wrote it (also the ``aud`` of v1.0 tokens); None: Graph, by short names."""
    values: tuple[str, ...]
    """Permission values without the resource; ``.default`` stands alone."""
    written: tuple[str, ...]
    """The scopes exactly as they came, one for each value: clients look for these in the answer."""
    is_graph: bool = False

    @property
    def is_default(self) -> bool:
        """Whether ``.default`` was asked for."""
        return DEFAULT in self.values

    def spell(self, value: str) -> str:
        """A permission in the spelling of this request."""
        return value if self.identifier is None else f"{self.identifier}/{value}"


class RequestedScopes(Record):
    """A ``scope`` parameter, understood."""

    oidc: tuple[str, ...]
    resources: tuple[ResourceScopes, ...]

    @property
    def wants_id_token(self) -> bool:
        """Whether ``openid`` is among them."""
        return "openid" in self.oidc

    @property
    def first_resource(self) -> ResourceScopes:
        """The resource tokens are issued for; Graph (for userinfo) when only OpenID scopes came."""
        return self.resources[0] if self.resources else GRAPH_FOR_USERINFO


GRAPH_FOR_USERINFO = ResourceScopes(None, (), (), is_graph=True)


def split_scopes(text: str) -> tuple[str, ...]:
    """The scopes of a parameter, each once, in order (RFC 6749 section 3.3). Raises InvalidScope."""
    found = tuple(dict.fromkeys(text.split(" "))) if text else ()
    scopes = tuple(scope for scope in found if scope)
    bad = next((scope for scope in scopes if not _TOKEN.fullmatch(scope)), None)
    if bad is not None:
        raise InvalidScope("", "The provided value for the input parameter 'scope' is not valid.")
    return scopes


def is_graph(identifier: str, origins: Collection[str]) -> bool:
    """Whether this names the Graph resource: its public URI, its application ID, or one of our own origins."""
    name = identifier.lower().rstrip("/")
    return name in (GRAPH_URI, GRAPH_APP_ID) or name in origins


def understand(scopes: Iterable[str], origins: Collection[str]) -> RequestedScopes:
    """Group scopes by resource. Raises InvalidScope when ``.default`` stands beside named permissions."""
    oidc: list[str] = []
    groups: dict[str, list[tuple[str | None, str, str]]] = {}
    for scope in scopes:
        if scope.lower() in OIDC_SCOPES:
            oidc.append(scope.lower())
        elif scope not in _SILENT:
            identifier, slash, value = scope.rpartition("/")
            if not value or (slash and not identifier):
                raise InvalidScope(scope)
            graph = not slash or is_graph(identifier, origins)
            key = "" if graph else identifier.casefold()
            groups.setdefault(key, []).append((identifier if slash else None, value, scope))
    return RequestedScopes(
        tuple(dict.fromkeys(oidc)), tuple(_group(key, items) for key, items in groups.items())
    )


def _group(key: str, items: list[tuple[str | None, str, str]]) -> ResourceScopes:
    values = tuple(value for _, value, _ in items)
    if DEFAULT in values and set(values) != {DEFAULT}:
        raise InvalidScope(
            "",
            "The provided value for the input parameter 'scope' is not valid. '.default' scope can't be combined with "
            "resource-specific scopes.",
        )
    return ResourceScopes(items[0][0], values, tuple(scope for _, _, scope in items), is_graph=key == "")
