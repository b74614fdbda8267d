"""Claims mapping at issue: which policy is for a token, whether it may be, and what the token then says."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from xenia.core import errors
from xenia.core.claims import Claims
from xenia.core.claims_mapping import Sources, mapped
from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.directory.signing_key import AppSigningKey
from xenia.core.directory.tenant import Tenant
from xenia.core.ids import parse_guid
from xenia.core.signin.answer import SignedIn
from xenia.ports import Transaction


def with_mapped_claims(
    tx: Transaction,
    claims: Claims,
    signed_in: SignedIn,
    audience: tuple[Application, ServicePrincipal],
    own_key: AppSigningKey | None,
    now: datetime,
) -> Claims:
    """The claims of a person's token as the policy of whoever reads it wants them; unchanged without one.

    A mapping lets the tenant's administrators choose what an app reads. An app that was not made for that must not
    take it for what everybody else's tokens say: so it has a key of its own, or its owner agrees
    (``acceptMappedClaims``). Raises AppKeyRequired, MappedAudienceNotOwned.
    """
    application, principal = audience
    policies = tx.tenants.policies(signed_in.tenant.id).claims_mappings
    found = next((policy for policy in policies if principal.id in policy.applies_to), None)
    if found is None:
        return claims
    if own_key is None or own_key.ends_at <= now:
        _check_accepted(application, signed_in.tenant, str(claims["aud"]))
    client = (signed_in.client, signed_in.principal)
    return mapped(claims, found.definition, Sources(signed_in.user, signed_in.tenant, client, audience))


def _check_accepted(application: Application, tenant: Tenant, audience: str) -> None:
    if not application.accept_mapped_claims:
        raise errors.AppKeyRequired(application.app_id)
    if parse_guid(audience.removeprefix("api://").rstrip("/")) == application.app_id:
        return
    host = urlsplit(audience).hostname or ""
    if not any(host == domain.name or host.endswith(f".{domain.name}") for domain in tenant.domains):
        raise errors.MappedAudienceNotOwned(audience)
