"""Which identity providers a tenant has, which are of use, and which values a provider may hold.

Reads the tenant, writes nothing. The verbs are ``manage_identity_providers``.
"""

from __future__ import annotations

import re
from dataclasses import fields

from xenia.core.addresses import domain_key
from xenia.core.directory.identity_provider import (
    ENTERED_KINDS,
    ENTRA_PROVIDER_ID,
    ClaimMapping,
    ClientAuthentication,
    IdentityProvider,
    ProviderEndpoints,
    ProviderKind,
)
from xenia.core.directory.provider_defaults import DISCOVERY_PATH, default_provider
from xenia.core.endpoints import origins
from xenia.core.errors import Conflict, InvalidValue, NotFound
from xenia.core.ids import TenantId, fold
from xenia.core.outgoing_url import origin_of
from xenia.ports import Ports, Transaction
from xenia.usecases.self_service.self_service_rules import checked_outgoing_url, checked_text

SOCIAL_KINDS = frozenset({ProviderKind.GOOGLE, ProviderKind.FACEBOOK, ProviderKind.MICROSOFT_ACCOUNT})
OIDC_KINDS = frozenset(ENTERED_KINDS)
_BUILT_IN = (ProviderKind.ENTRA, ProviderKind.EMAIL_PASSCODE, ProviderKind.MICROSOFT_ACCOUNT)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""A scope token (RFC 6749 section 3.3)."""
_CLAIM = re.compile(r"[A-Za-z0-9_.:/\-]{0,200}")
_CHANGING_SUBJECTS = frozenset(
    {"email", "mail", "preferred_username", "upn", "unique_name", "name", "nickname", "phone_number"}
)
_MOST_DOMAINS = 200


def all_providers(tx: Transaction, tenant_id: TenantId) -> tuple[IdentityProvider, ...]:
    """Built-in ones first (with what was entered for them), then the others, oldest first. Raises NotFound."""
    stored = tx.identity_providers.list()
    tenant = tx.tenants.find(tenant_id)
    if tenant is None:
        raise NotFound("Tenant", tenant_id)
    entered = {provider.kind: provider for provider in stored if provider.is_built_in}
    built_in = []
    for kind in _BUILT_IN:
        known = default_provider(kind)
        made = IdentityProvider(
            id=known.provider_id or "",
            tenant_id=tenant_id,
            kind=kind,
            display_name=known.display_name,
            created_at=tenant.created_at,
            well_known_url=known.well_known_url,
            issuer=known.issuer,
            scope=known.scope,
            claims=known.claims,
        )
        built_in.append(entered.get(kind, made))
    return (*built_in, *(provider for provider in stored if not provider.is_built_in))


def require_provider(tx: Transaction, tenant_id: TenantId, provider_id: str) -> IdentityProvider:
    """The provider of this id, any case. Raises NotFound."""
    key = fold(provider_id)
    found = next((entry for entry in all_providers(tx, tenant_id) if fold(entry.id) == key), None)
    if found is None:
        raise NotFound("IdentityProvider", provider_id)
    return found


def unusable(tx: Transaction, provider: IdentityProvider) -> str | None:
    """Why nobody can prove themselves there at the moment (a sentence for administrators), or None."""
    if provider.kind is ProviderKind.ENTRA:
        return None
    if provider.kind is ProviderKind.EMAIL_PASSCODE:
        is_on = tx.tenants.policies(provider.tenant_id).email_passcode_enabled
        return None if is_on else "Email one-time passcode is switched off in this organization."
    if not provider.client_id:
        return f"{provider.display_name} needs a client ID and a client secret first."
    return None


def checked_provider_ids(
    tx: Transaction, tenant_id: TenantId, ids: object, *, kept: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """The providers of a flow in their order, in their own spelling. Raises NotFound, InvalidValue.

    Accounts of other tenants are always among them. *kept*: those that were offered before; they stay even
    while they are of no use, so that a switch turned off does not lock the flow.
    """
    if not isinstance(ids, (list, tuple)) or not all(isinstance(entry, str) for entry in ids):
        raise InvalidValue("provider_ids", "Enter the ids of identity providers.")
    found: dict[str, None] = {}
    for entry in ids:
        provider = require_provider(tx, tenant_id, entry)
        problem = None if provider.id in kept else unusable(tx, provider)
        if problem is not None:
            raise InvalidValue("provider_ids", problem)
        found[provider.id] = None
    return tuple(found) if ENTRA_PROVIDER_ID in found else (ENTRA_PROVIDER_ID, *found)


def checked_issuer(ports: Ports, issuer: object, well_known_url: str) -> str:
    """The exact ``iss`` to expect; from the discovery address when none is given. Raises InvalidValue.

    OpenID Connect Discovery section 4: an issuer has neither query nor fragment, and its document lies below it.
    """
    if not issuer:
        if not well_known_url.endswith(DISCOVERY_PATH):
            raise InvalidValue("issuer", "Enter the issuer, exactly as the provider writes it.")
        issuer = well_known_url.removesuffix(DISCOVERY_PATH)
    text = checked_outgoing_url(ports, "issuer", issuer, allow_query=False)
    if "{" in text or "}" in text:
        raise InvalidValue("issuer", "Enter the issuer of one organization, without placeholders.")
    ours = origins(ports.server.base_url, ports.server.base_url, ports.server.hosts)
    if origin_of(text) in {origin_of(own) for own in ours}:
        raise InvalidValue("issuer", "Organizations of this server need no set-up: they are built in.")
    return text


def checked_scope(kind: ProviderKind, scope: object) -> str:
    """Space-separated scopes; OpenID Connect needs ``openid``. Raises InvalidValue."""
    text = " ".join(checked_text("scope", scope, 1000).split())
    if not text or not all(_SCOPE.fullmatch(entry) for entry in text.split()):
        raise InvalidValue("scope", "Enter scopes separated by blanks, such as openid profile email.")
    if kind is not ProviderKind.FACEBOOK and "openid" not in text.split():
        raise InvalidValue("scope", "The scope must contain openid.")
    return text


def checked_claims(kind: ProviderKind, claims: object) -> ClaimMapping:
    """Claim names. Raises InvalidValue, also for a subject that may pass from one person to another."""
    if not isinstance(claims, ClaimMapping):
        raise InvalidValue("claims", "Enter the names of claims.")
    for item in fields(ClaimMapping):
        name = getattr(claims, item.name)
        if not isinstance(name, str) or not _CLAIM.fullmatch(name):
            raise InvalidValue("claims", f"'{name}' cannot be the name of a claim.")
    if not claims.subject or fold(claims.subject) in _CHANGING_SUBJECTS:
        # Who gets a mailbox or a name later would get the account of who had it before.
        raise InvalidValue("claims", "The subject must be a claim that never changes, such as sub.")
    if kind in OIDC_KINDS and not claims.email:
        raise InvalidValue("claims", "Enter the claim that holds the e-mail address.")
    return claims


def checked_endpoints(ports: Ports, endpoints: object) -> ProviderEndpoints:
    """Addresses that stand in for a discovery document. Raises InvalidValue."""
    if not isinstance(endpoints, ProviderEndpoints):
        raise InvalidValue("endpoints", "Enter the addresses of the provider.")
    for item in fields(ProviderEndpoints):
        address = getattr(endpoints, item.name)
        if address:
            checked_outgoing_url(ports, "endpoints", address)
    return endpoints


def checked_authentication(kind: ProviderKind, value: object) -> ClientAuthentication:
    """How we prove ourselves at the token endpoint. Raises InvalidValue."""
    try:
        method = ClientAuthentication(str(value))
    except ValueError:
        raise InvalidValue(
            "client_authentication",
            "Choose client_secret_post, client_secret_basic, private_key_jwt or none.",
        ) from None
    if kind is ProviderKind.FACEBOOK and method is not ClientAuthentication.SECRET_POST:
        raise InvalidValue("client_authentication", "Facebook takes the secret in the form alone.")
    return method


def checked_domains(
    tx: Transaction, tenant_id: TenantId, provider_id: str, kind: ProviderKind, domains: object
) -> tuple[str, ...]:
    """Mail domains whose people prove themselves there. Raises InvalidValue, and Conflict for another provider's."""
    if not isinstance(domains, (list, tuple)) or not all(isinstance(entry, str) for entry in domains):
        raise InvalidValue("domains", "Enter domains such as example.com.")
    if domains and kind not in OIDC_KINDS:
        raise InvalidValue("domains", "Only OpenID Connect providers can speak for a domain.")
    keys = tuple(dict.fromkeys(_domain(entry) for entry in domains))
    if len(keys) > _MOST_DOMAINS:
        raise InvalidValue("domains", f"A provider has at most {_MOST_DOMAINS} domains.")
    tenant = tx.tenants.find(tenant_id)
    own = next((key for key in keys if tenant is not None and tenant.owns(f"someone@{key}")), None)
    if own is not None:
        raise InvalidValue(
            "domains", f"{own} is a domain of this organization; its people have a password here."
        )
    for other in tx.identity_providers.list():
        shared = next((key for key in keys if other.id != provider_id and key in other.domains), None)
        if shared is not None:
            raise Conflict("domains", f"{shared} belongs to {other.display_name} already.")
    return keys


def needs_own_callback(tx: Transaction, kind: ProviderKind) -> bool:
    """Whether the shared redirect URI is taken: a provider that shares it could be sent another's codes (mix-up)."""
    if kind not in OIDC_KINDS:
        return False
    return any(one.kind in OIDC_KINDS and not one.has_own_callback for one in tx.identity_providers.list())


def guard_issuer_is_free(tx: Transaction, provider: IdentityProvider) -> None:
    """Raises Conflict when another provider has this issuer: one account could count as two people, or two as one."""
    for other in tx.identity_providers.list():
        if other.id != provider.id and other.kind in OIDC_KINDS and other.issuer == provider.issuer:
            raise Conflict("issuer", f"{other.display_name} has the same issuer.")


def _domain(text: str) -> str:
    key = domain_key(text.strip().removeprefix("@"))
    if key is None or "." not in key:
        raise InvalidValue("domains", f"'{text}' is no domain. Enter names such as example.com.")
    return key
