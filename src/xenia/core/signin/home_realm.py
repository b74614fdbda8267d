"""Home realm discovery: where an address proves itself. Looks at the address alone, whoever exists.

The order follows the published redemption order of the field: the tenant's own domains, other tenants
of this server, domains of configured providers, Google and Microsoft accounts for their own mail, and a
passcode by mail for everybody else.
"""

from __future__ import annotations

from collections.abc import Sequence

from xenia.core.addresses import domain_key, domain_of
from xenia.core.directory.identity_provider import (
    EMAIL_PASSCODE_PROVIDER_ID,
    ENTRA_PROVIDER_ID,
    FACEBOOK_PROVIDER_ID,
    GOOGLE_PROVIDER_ID,
    MICROSOFT_ACCOUNT_PROVIDER_ID,
    IdentityProvider,
)
from xenia.core.directory.provider_defaults import default_provider
from xenia.core.directory.tenant import Tenant
from xenia.core.ids import TenantId, fold
from xenia.core.signin.facts import Realm
from xenia.record import Record

_HINTS = {
    "google.com": GOOGLE_PROVIDER_ID,
    "facebook.com": FACEBOOK_PROVIDER_ID,
    "live.com": MICROSOFT_ACCOUNT_PROVIDER_ID,
    "consumers": MICROSOFT_ACCOUNT_PROVIDER_ID,
}
"""Published values of ``domain_hint`` that name a social provider."""
_HINT_OF = {
    GOOGLE_PROVIDER_ID: "google.com",
    FACEBOOK_PROVIDER_ID: "facebook.com",
    MICROSOFT_ACCOUNT_PROVIDER_ID: "live.com",
}


class Home(Record):
    """The realm of an account, and the provider when the realm is federated."""

    realm: Realm
    provider_id: str | None = None


PASSWORD_HOME = Home(Realm.PASSWORD)
PASSCODE_HOME = Home(Realm.EMAIL_PASSCODE)


def is_usable(provider: IdentityProvider) -> bool:
    """Whether people can be sent there: client credentials were entered (Microsoft accounts exist without)."""
    return bool(provider.client_id)


def home_realm(
    login: str, tenant: Tenant, owner: TenantId | None, providers: Sequence[IdentityProvider]
) -> Home:
    """The home of *login*. *owner*: the tenant of this server that holds its domain, if any."""
    if "@" not in login or tenant.owns(login):
        return PASSWORD_HOME
    if owner is not None:
        return Home(Realm.FEDERATED, ENTRA_PROVIDER_ID)
    return _configured(domain_of(login), providers) or PASSCODE_HOME


def home_of_hint(
    hint: str, tenant: Tenant, owner: TenantId | None, providers: Sequence[IdentityProvider]
) -> Home | None:
    """The home that ``domain_hint`` leads to without any address; None when it decides nothing.

    A hint helps and never decides who somebody is: at the provider it names, anybody may sign in.
    """
    name = fold(hint)
    if name in _HINTS:
        return next(
            (_federated(entry) for entry in providers if entry.id == _HINTS[name] and is_usable(entry)), None
        )
    if (
        named := next((entry for entry in providers if entry.issuer and entry.issuer == hint), None)
    ) is not None:
        return _federated(named) if is_usable(named) else None
    domain = domain_key(name)
    if domain is None or "." not in domain or tenant.owns(domain):
        return None
    return Home(Realm.FEDERATED, ENTRA_PROVIDER_ID) if owner is not None else _configured(domain, providers)


def hint_of(provider: IdentityProvider) -> str:
    """The value of ``domain_hint`` that leads to this provider, without any address."""
    return _HINT_OF.get(provider.id, provider.issuer)


def home_of_provider(provider_id: str) -> Home:
    """The home of an account that was proven at, or is sent to, this provider."""
    if provider_id == EMAIL_PASSCODE_PROVIDER_ID:
        return PASSCODE_HOME
    return Home(Realm.FEDERATED, provider_id)


def _configured(domain: str, providers: Sequence[IdentityProvider]) -> Home | None:
    usable = [entry for entry in providers if is_usable(entry)]
    entered = (entry for entry in usable if domain in entry.domains)
    published = (entry for entry in usable if domain in default_provider(entry.kind).domains)
    found = next(entered, None) or next(published, None)
    return None if found is None else _federated(found)


def _federated(provider: IdentityProvider) -> Home:
    return Home(Realm.FEDERATED, provider.id)
