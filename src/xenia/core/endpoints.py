"""URLs of the protocol, derived from the origin a request came to and the tenant segment it named.

The one place that knows how issuers and endpoints are spelled, so that discovery, tokens and pages can
not disagree. Knows no settings: the origin is always an argument.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from xenia.core.directory.first_party import GUEST_SIGN_IN_CALLBACK
from xenia.core.directory.identity_provider import ENTERED_KINDS, IdentityProvider, ProviderKind
from xenia.core.ids import TenantId
from xenia.core.real_names import GRAPH_ORIGIN, LOGIN_ORIGIN
from xenia.record import Record

ALIASES = ("common", "organizations", "consumers")
"""Tenant segments that name no tenant but a kind of account."""
CONSUMER_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The published tenant of personal accounts, which ``consumers`` stands for. Nobody has one here."""
TENANT_PLACEHOLDER = "{tenantid}"
"""Stands literally in issuers published at an alias; clients put the token's ``tid`` there."""
V1, V2 = "1.0", "2.0"


class Addressed(Record):
    """The origin a request came to, and the one that tokens name as their issuer. They differ where the issuer is fixed."""

    base_url: str
    issuing: str


def issuer_v1(base_url: str, tenant_id: TenantId) -> str:
    """``iss`` of v1.0 tokens. The slash at the end is part of it."""
    return f"{base_url}/{tenant_id}/"


def issuer_v2(base_url: str, tenant_id: TenantId) -> str:
    """``iss`` of v2.0 tokens."""
    return f"{base_url}/{tenant_id}/v2.0"


def issuer(base_url: str, tenant_id: TenantId, version: str) -> str:
    """``iss`` of tokens of this version."""
    return issuer_v1(base_url, tenant_id) if version == V1 else issuer_v2(base_url, tenant_id)


def authorize_url(base_url: str, segment: str, version: str = V2) -> str:
    """The authorization endpoint (``authorization_endpoint``)."""
    return f"{base_url}/{segment}/oauth2{_infix(version)}/authorize"


def token_url(base_url: str, segment: str, version: str = V2) -> str:
    """The token endpoint (``token_endpoint``)."""
    return f"{base_url}/{segment}/oauth2{_infix(version)}/token"


def logout_url(base_url: str, segment: str, version: str = V2) -> str:
    """The sign-out endpoint (``end_session_endpoint``)."""
    return f"{base_url}/{segment}/oauth2{_infix(version)}/logout"


def device_code_url(base_url: str, segment: str, version: str = V2) -> str:
    """The device authorization endpoint (``device_authorization_endpoint``, RFC 8628 section 3.1)."""
    return f"{base_url}/{segment}/oauth2{_infix(version)}/devicecode"


def device_url(base_url: str) -> str:
    """Where somebody types the code that their device shows: short, because it is typed too."""
    return f"{base_url}/device"


def keys_url(base_url: str, segment: str, version: str = V2) -> str:
    """The key set (``jwks_uri``)."""
    return f"{base_url}/{segment}/discovery{_infix(version)}/keys"


def metadata_url(base_url: str, segment: str, version: str = V2) -> str:
    """The OpenID Connect metadata document."""
    return f"{base_url}/{segment}{_infix(version)}/.well-known/openid-configuration"


def graph_base(base_url: str) -> str:
    """The root of the Graph API; versions (``/v1.0``) and ``/oidc/userinfo`` follow it.

    Ours is where the sign-in service is; of the real names each has its own host.
    """
    return GRAPH_ORIGIN if base_url == LOGIN_ORIGIN else base_url


def login_base(base_url: str) -> str:
    """The origin of the sign-in service, seen from an origin of the Graph API."""
    return LOGIN_ORIGIN if base_url == GRAPH_ORIGIN else base_url


def userinfo_url(base_url: str, segment: str, version: str = V2) -> str:
    """The userinfo endpoint (OpenID Connect Core section 5.3); that of v2.0 is one for all tenants."""
    return (
        f"{base_url}/{segment}/openid/userinfo" if version == V1 else f"{graph_base(base_url)}/oidc/userinfo"
    )


def sign_in_url(base_url: str, tenant_id: TenantId, interaction_id: str) -> str:
    """The page of an interaction."""
    return f"{base_url}/{tenant_id}/signin?ctx={interaction_id}"


def federation_callback(base_url: str, kind: ProviderKind, tenant_id: TenantId, own: str = "") -> str:
    """Where providers of this kind send people back to: the redirect URI to register there.

    An answer of one must not be passed off as another's (mix-up, RFC 9700 section 4.4.2): the kinds have paths of
    their own, and of those that anybody may enter each but one has a URI that ends with its id (*own*). Tenants of
    this server share one, as they share the registration.
    """
    if kind is ProviderKind.ENTRA:
        return f"{base_url}{GUEST_SIGN_IN_CALLBACK}"
    if kind in ENTERED_KINDS:
        return f"{base_url}/{tenant_id}/federation/oauth2{own and f'/{own}'}"
    return f"{base_url}/te/{tenant_id}/oauth2/authresp"


def callback_of(base_url: str, provider: IdentityProvider) -> str:
    """The redirect URI of this provider."""
    own = provider.id if provider.has_own_callback else ""
    return federation_callback(base_url, provider.kind, provider.tenant_id, own)


def origins(base_url: str, public_url: str, hosts: Iterable[str]) -> frozenset[str]:
    """Every origin of this installation: the one addressed now, the public one, and all other hosts."""
    scheme = urlsplit(public_url).scheme or "https"
    return frozenset({base_url, public_url, *(f"{scheme}://{host}" for host in hosts)})


def _infix(version: str) -> str:
    return "" if version == V1 else "/v2.0"
