"""A client proves itself by a token of an outside issuer: workload identity federation (RFC 7523, RFC 7521 section 4.2).

The issuer's keys are read through the guarded fetcher, cached, and only for issuers the application trusts; blocks, so
never inside a transaction. Another tenant of this server is asked nothing: its tokens are our own.
"""

from __future__ import annotations

from collections.abc import Mapping

from xenia.core import errors
from xenia.core.directory.application import FederatedIdentityCredential
from xenia.core.directory.provider_defaults import DISCOVERY_PATH
from xenia.core.endpoints import V1, V2, issuer, origins
from xenia.core.ids import TenantId, parse_guid
from xenia.core.outgoing_url import outgoing_url_problem
from xenia.core.workload_identity import ALGORITHMS, check_federated
from xenia.ports import FetchFailed, FetchRefused, Ports

Claims = Mapping[str, object]


def prove_federated(
    ports: Ports,
    tenant_id: TenantId,
    base_url: str,
    assertion: str,
    trusted: tuple[FederatedIdentityCredential, ...],
) -> dict[str, object]:
    """Claims of *assertion*, once a key of the issuer that *trusted* names signed it, about this client of a tenant.

    Times are the caller's. Raises ClientAssertionInvalid, IssuerUnreachable.
    """
    named = trusted[0].issuer
    is_ours = _is_ours(ports, base_url, named)
    claims = (
        _own_claims(ports, base_url, assertion)
        if is_ours
        else _foreign_claims(ports, tenant_id, named, assertion)
    )
    if claims.get("iss") != named:  # what is proven may read otherwise than what was looked at before
        raise _unsigned()
    check_federated(trusted, claims)
    return claims


def _is_ours(ports: Ports, base_url: str, named: str) -> bool:
    """Whether this server issues such tokens: asking ourselves over the wire would keep two of our threads busy."""
    ours = origins(base_url, ports.server.base_url, ports.server.hosts)
    return any(named == origin or named.startswith(f"{origin}/") for origin in ours)


def _own_claims(ports: Ports, base_url: str, assertion: str) -> dict[str, object]:
    """An access token that an app got for itself, of the tenant it names.

    A person's token would let whoever it was shown to act as the application.
    """
    claims = ports.keys.verify(assertion)
    if claims is None:
        raise _unsigned()
    tenant_id = parse_guid(_text(claims, "tid")) or ""
    ours = origins(base_url, ports.server.base_url, ports.server.hosts)
    if _text(claims, "iss") not in {issuer(at, tenant_id, version) for at in ours for version in (V1, V2)}:
        raise _unsigned()
    is_access_token = bool(_text(claims, "appid") or _text(claims, "azp"))
    if not is_access_token or "scp" in claims or claims.get("oid") != claims.get("sub"):
        raise errors.ClientAssertionInvalid(
            "federated-person",
            "Only app-only tokens can be used as federated identity credentials of an issuer of this server.",
        )
    return claims


def _foreign_claims(ports: Ports, tenant_id: TenantId, named: str, assertion: str) -> dict[str, object]:
    header = ports.foreign_tokens.header(assertion)
    kid = header.get("kid") if header else None
    try:
        keys = ports.provider_documents.keys(
            _keys_url(ports, tenant_id, named), tenant_id, kid if isinstance(kid, str) else None
        )
    except (FetchRefused, FetchFailed) as error:
        raise errors.IssuerUnreachable(named, str(error)) from None
    claims = ports.foreign_tokens.claims(assertion, keys, ALGORITHMS)
    if claims is None:
        raise _unsigned()
    return claims


def _keys_url(ports: Ports, tenant_id: TenantId, named: str) -> str:
    """OpenID Connect Discovery sections 4.1 and 4.3: the document's issuer is exactly the one trusted.

    Raises FetchRefused, FetchFailed, IssuerUnreachable.
    """
    address = f"{named.rstrip('/')}{DISCOVERY_PATH}"
    document = ports.provider_documents.metadata(address, tenant_id)
    if document.get("issuer") != named:
        raise errors.IssuerUnreachable(named, "its discovery document names another issuer")
    url = document.get("jwks_uri")
    if not isinstance(url, str) or outgoing_url_problem(
        url, allow_private=ports.server.allows_private, allow_query=True
    ):
        raise errors.IssuerUnreachable(named, "its discovery document names no usable jwks_uri")
    return url


def _unsigned() -> errors.ClientAssertionInvalid:
    return errors.ClientAssertionInvalid(
        "signature",
        "The client assertion failed signature validation: no key of its issuer signed it with RS256.",
    )


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""
