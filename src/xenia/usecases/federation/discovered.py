"""Endpoints of a provider: from its discovery document, or as an administrator entered them.

Blocks on other people's servers: only ever called from an errand (or for an administrator), never in a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping

from xenia.core.directory.identity_provider import IdentityProvider, ProviderKind
from xenia.core.outgoing_url import outgoing_url_problem
from xenia.ports import Ports
from xenia.record import Record


class EndpointsRefused(Exception):
    """The document names another issuer or lacks something; ``args[0]`` is the reason's key, ``args[1]`` for operators."""


class Endpoints(Record):
    """What the protocol needs to know of a provider. Empty: it has none."""

    issuer: str
    authorization: str
    token: str
    keys: str = ""
    userinfo: str = ""
    names_itself: bool = False
    """Whether its authorization responses carry ``iss`` (RFC 9207 section 3)."""


def endpoints_of(ports: Ports, partner: IdentityProvider) -> Endpoints:
    """Raises FetchRefused, FetchFailed, EndpointsRefused.

    OpenID Connect Discovery section 4.3: the issuer of the document is exactly the one that was entered.
    """
    given = partner.endpoints
    if partner.kind is ProviderKind.FACEBOOK:
        return _checked(
            ports, Endpoints(partner.issuer, given.authorization, given.token, userinfo=given.profile)
        )
    document = ports.provider_documents.metadata(partner.well_known_url, partner.tenant_id)
    named = document.get("issuer")
    if named != partner.issuer:
        raise EndpointsRefused(
            "issuer", f"the document names the issuer {ascii(named)[:200]}, expected {partner.issuer}"
        )
    found = Endpoints(
        partner.issuer,
        given.authorization or _text(document, "authorization_endpoint"),
        given.token or _text(document, "token_endpoint"),
        _text(document, "jwks_uri"),
        given.profile or _text(document, "userinfo_endpoint"),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )
    if not found.keys:
        raise EndpointsRefused("document", "the document has no jwks_uri")
    return _checked(ports, found)


def _checked(ports: Ports, found: Endpoints) -> Endpoints:
    """A document may not send people or secrets where an administrator could not: no scripts, no plain http."""
    if not found.authorization or not found.token:
        raise EndpointsRefused("document", "the authorization or the token endpoint is missing")
    for url in (found.authorization, found.token, found.keys, found.userinfo):
        problem = url and outgoing_url_problem(url, allow_private=ports.server.allows_private)
        if problem:
            raise EndpointsRefused("document", f"{ascii(url)[:200]}: {problem}")
    return found


def _text(document: Mapping[str, object], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""
