"""The provider of one hand-over: a record of the tenant, or another tenant of this server as if it were one."""

from __future__ import annotations

from urllib.parse import urlsplit

from xenia.core.addresses import domain_key, domain_of
from xenia.core.directory.first_party import GUEST_SIGN_IN_APP_ID
from xenia.core.directory.identity_provider import (
    ENTRA_PROVIDER_ID,
    ClaimMapping,
    ClientAuthentication,
    IdentityProvider,
    ProviderKind,
)
from xenia.core.directory.tenant import Tenant
from xenia.core.endpoints import Addressed, issuer_v1, issuer_v2, metadata_url
from xenia.core.ids import TenantId
from xenia.core.signin.facts import Facts
from xenia.core.signin.foreign_claims import idp_of
from xenia.core.signin.home_realm import is_usable
from xenia.core.signin.request import AuthorizeRequest
from xenia.ports import Transaction
from xenia.usecases.sign_in.realm import owner_of


def partner_of(
    tx: Transaction, tenant: Tenant, facts: Facts, request: AuthorizeRequest | None, at: Addressed
) -> IdentityProvider | None:
    """Where this sign-in is handed over to, complete with endpoints and client.

    None when nobody can be asked: the provider was removed, or no work address says which tenant it is.
    """
    if facts.provider_id is None:
        return None
    if facts.provider_id != ENTRA_PROVIDER_ID:
        found = tx.identity_providers.find(facts.provider_id)
        return found if found is not None and is_usable(found) else None
    hint = domain_key(request.domain_hint) if request is not None and request.domain_hint else None
    domain = domain_of(facts.login) if facts.login else hint
    owner = owner_of(tx, tenant, domain) if domain else None
    home = tx.tenants.find(owner) if owner else None
    return tenant_as_provider(tenant.id, home, at) if home is not None else None


def tenant_as_provider(asking: TenantId, home: Tenant, at: Addressed) -> IdentityProvider:
    """Another tenant of this server: found by discovery like any provider, asked as **Guest sign-in** with PKCE."""
    return IdentityProvider(
        id=ENTRA_PROVIDER_ID,
        tenant_id=asking,
        kind=ProviderKind.ENTRA,
        display_name=home.display_name,
        created_at=home.created_at,
        client_id=GUEST_SIGN_IN_APP_ID,
        well_known_url=metadata_url(at.base_url, home.id),
        issuer=issuer_v2(at.issuing, home.id),
        client_authentication=ClientAuthentication.NONE,
        claims=ClaimMapping(subject="oid", email="preferred_username"),
        domains=tuple(domain.name for domain in home.domains),
    )


def idp_claim(partner: IdentityProvider) -> str:
    """The ``idp`` claim of people from there; tenants are called by their v1.0 issuer, in tokens of both versions."""
    if partner.kind is not ProviderKind.ENTRA:
        return idp_of(partner)
    parts = urlsplit(partner.issuer)
    return issuer_v1(f"{parts.scheme}://{parts.netloc}", parts.path.split("/")[1])


def host_of(partner: IdentityProvider) -> str:
    """Whom an errand asks, for its limits and for the page that waits."""
    return urlsplit(partner.well_known_url or partner.endpoints.token).hostname or partner.display_name
