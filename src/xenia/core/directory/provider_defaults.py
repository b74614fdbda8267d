"""What is known of well-known providers before an administrator enters anything: addresses, scopes, claim names.

Data only, as published by the providers; every value can be overridden in the record of a tenant.
"""

from __future__ import annotations

from xenia.core.directory.identity_provider import (
    EMAIL_PASSCODE_PROVIDER_ID,
    ENTRA_PROVIDER_ID,
    FACEBOOK_PROVIDER_ID,
    GOOGLE_PROVIDER_ID,
    MICROSOFT_ACCOUNT_PROVIDER_ID,
    ClaimMapping,
    IdentityProvider,
    ProviderEndpoints,
    ProviderKind,
)
from xenia.record import Record, field

_CONSUMERS = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
"""Microsoft accounts are people of one well-known tenant."""
DISCOVERY_PATH = "/.well-known/openid-configuration"


class ProviderDefaults(Record):
    """Where a kind of provider is reached, and how it spells what it says."""

    display_name: str
    provider_id: str | None = None
    """The one id of this kind; None for kinds of which a tenant may have several."""
    issuer: str = ""
    well_known_url: str = ""
    endpoints: ProviderEndpoints = field(default_factory=ProviderEndpoints)
    scope: str = "openid profile email"
    claims: ClaimMapping = field(default_factory=ClaimMapping)
    domains: frozenset[str] = frozenset()
    """Mail domains of its own: their people prove themselves there, and it is believed for them."""


_DEFAULTS: dict[ProviderKind, ProviderDefaults] = {
    ProviderKind.ENTRA: ProviderDefaults(
        "Directory Sign up", ENTRA_PROVIDER_ID, claims=ClaimMapping(subject="oid")
    ),
    ProviderKind.EMAIL_PASSCODE: ProviderDefaults("Email One Time Passcode", EMAIL_PASSCODE_PROVIDER_ID),
    ProviderKind.MICROSOFT_ACCOUNT: ProviderDefaults(
        "Microsoft Account",
        MICROSOFT_ACCOUNT_PROVIDER_ID,
        issuer=_CONSUMERS,
        well_known_url=f"{_CONSUMERS}{DISCOVERY_PATH}",
        # Its tokens say nothing of email_verified; mailboxes of these domains are its own to give.
        domains=frozenset({"outlook.com", "hotmail.com", "live.com", "msn.com"}),
    ),
    ProviderKind.GOOGLE: ProviderDefaults(
        "Google",
        GOOGLE_PROVIDER_ID,
        issuer="https://accounts.google.com",
        well_known_url=f"https://accounts.google.com{DISCOVERY_PATH}",
        domains=frozenset({"gmail.com", "googlemail.com"}),
    ),
    ProviderKind.FACEBOOK: ProviderDefaults(
        "Facebook",
        FACEBOOK_PROVIDER_ID,
        issuer="https://www.facebook.com",
        endpoints=ProviderEndpoints(
            authorization="https://www.facebook.com/v23.0/dialog/oauth",
            token="https://graph.facebook.com/v23.0/oauth/access_token",  # noqa: S106  (an address)
            profile="https://graph.facebook.com/v23.0/me?fields=id,name,first_name,last_name,email",
        ),
        scope="public_profile email",
        claims=ClaimMapping(subject="id", email_verified="", given_name="first_name", surname="last_name"),
    ),
    ProviderKind.OPENID_CONNECT: ProviderDefaults("OpenID Connect"),
    ProviderKind.ENTRA_TENANT: ProviderDefaults("Microsoft Entra ID", claims=ClaimMapping(subject="oid")),
}


def default_provider(kind: ProviderKind) -> ProviderDefaults:
    """What is known of a kind of provider."""
    return _DEFAULTS[kind]


_SHOWN_AS = {
    ProviderKind.ENTRA: "Microsoft Entra ID",
    ProviderKind.EMAIL_PASSCODE: "Email one-time passcode",
}


def shown_name(provider: IdentityProvider) -> str:
    """As administrators know it: the two that nobody configures have other names in Graph than in the portal."""
    return _SHOWN_AS.get(provider.kind, provider.display_name)
