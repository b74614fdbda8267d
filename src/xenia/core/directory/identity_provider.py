"""Identity providers: where guests prove who they are, and how an account there becomes an identity here.

Built-in providers exist in every tenant without a row; the others are entered by an administrator.
Endpoints, scopes and claim names are data, so that a provider is a record and never a special case in
the protocol.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from xenia.core.directory.user import MAIL_ISSUER, Identity
from xenia.core.ids import TenantId
from xenia.record import Record, field


class ProviderKind(StrEnum):
    """What a provider is; the values are its ``identityProviderType`` on the wire."""

    ENTRA = "AADSignup"
    """Any other tenant of this server; built in and always on."""
    EMAIL_PASSCODE = "EmailOTP"
    """A passcode by e-mail; built in, switched by its own policy."""
    MICROSOFT_ACCOUNT = "MicrosoftAccount"
    """Consumer accounts; built in, but of use only once client credentials were entered."""
    GOOGLE = "Google"
    FACEBOOK = "Facebook"
    """OAuth 2.0 without an ID token: the profile is fetched."""
    OPENID_CONNECT = "OpenIdConnect"
    """Any provider with a discovery document."""
    ENTRA_TENANT = "EntraTenant"
    """A tenant of another server, by its discovery document; identities count as ``ExternalAzureAD``."""


ENTERED_KINDS = (ProviderKind.OPENID_CONNECT, ProviderKind.ENTRA_TENANT)
"""Those of which a tenant may have several, with addresses that an administrator enters."""

ENTRA_PROVIDER_ID = "AADSignup-OAUTH"
EMAIL_PASSCODE_PROVIDER_ID = "EmailOtpSignup-OAUTH"
MICROSOFT_ACCOUNT_PROVIDER_ID = "MSASignup-OAUTH"
GOOGLE_PROVIDER_ID = "Google-OAUTH"
FACEBOOK_PROVIDER_ID = "Facebook-OAUTH"

ENTRA_ISSUER = "ExternalAzureAD"
"""Issuer of identities homed in another tenant; their subject names issuer and object there."""
MICROSOFT_ACCOUNT_ISSUER = "MicrosoftAccount"
HIDDEN_SUBJECTS = frozenset({ENTRA_ISSUER, MICROSOFT_ACCOUNT_ISSUER})
"""Issuers whose ``issuerAssignedId`` reads null on the wire (Microsoft Graph: objectIdentity)."""


class ClientAuthentication(StrEnum):
    """How we prove ourselves at the provider's token endpoint (OpenID Connect Core section 9)."""

    SECRET_POST = "client_secret_post"  # noqa: S105  (a method's name)
    SECRET_BASIC = "client_secret_basic"  # noqa: S105  (a method's name)
    PRIVATE_KEY_JWT = "private_key_jwt"
    NONE = "none"
    """A public client: PKCE alone (our own tenants among each other)."""


class ClaimMapping(Record):
    """The names under which this provider tells what we want to know."""

    subject: str = "sub"
    email: str = "email"
    email_verified: str = "email_verified"
    display_name: str = "name"
    given_name: str = "given_name"
    surname: str = "family_name"
    phone_number: str = "phone_number"
    phone_number_verified: str = "phone_number_verified"
    street_address: str = "address.street_address"
    city: str = "address.locality"
    state: str = "address.region"
    postal_code: str = "address.postal_code"
    country: str = "address.country"


class ProviderEndpoints(Record):
    """Where a provider without a discovery document is reached (Facebook), or how a document is overridden."""

    authorization: str = ""
    token: str = ""
    profile: str = ""
    """A GET with the access token answers the profile as JSON."""


class IdentityProvider(Record):
    """A provider of one tenant."""

    id: str
    """``Google-OAUTH`` and the like for built-in and social providers, else a GUID."""
    tenant_id: TenantId
    kind: ProviderKind
    display_name: str
    created_at: datetime
    client_id: str = ""
    sealed_secret: str = ""
    """Client secret, sealed for the purpose ``identity-provider``; empty when none is needed."""
    well_known_url: str = ""
    """The discovery document (OpenID Connect Discovery section 4)."""
    issuer: str = ""
    """Expected ``iss``, exact."""
    endpoints: ProviderEndpoints = field(default_factory=ProviderEndpoints)
    scope: str = "openid profile email"
    client_authentication: ClientAuthentication = ClientAuthentication.SECRET_POST
    claims: ClaimMapping = field(default_factory=ClaimMapping)
    domains: tuple[str, ...] = ()
    """Mail domains whose people prove themselves here; the administrator vouches that it speaks for them."""
    has_own_callback: bool = False
    """Whether people come back to a redirect URI of this provider alone. One of a tenant's may have the shared one."""
    version: int = 0

    @property
    def is_built_in(self) -> bool:
        """Whether it is part of every tenant (``builtInIdentityProvider``)."""
        return self.kind in (
            ProviderKind.ENTRA,
            ProviderKind.EMAIL_PASSCODE,
            ProviderKind.MICROSOFT_ACCOUNT,
        )


class ProviderOutcome(Record):
    """How hand-overs to a provider last went."""

    succeeded_at: datetime | None = None
    """When somebody last proved there who they are, to the minute."""
    failed_at: datetime | None = None
    """When its answer last proved nothing. Whoever cancels there is no failure of the provider's."""
    failure: str = ""
    """What went wrong then, a sentence for administrators."""


class ExternalAccount(Record):
    """Who somebody is at a provider, after everything it said was checked."""

    provider_id: str
    kind: ProviderKind
    idp: str
    """Value of the ``idp`` claim: ``google.com``, ``live.com``, an issuer …"""
    subject: str
    email: str | None = None
    email_verified: bool = False
    """Whether the provider vouches for the mailbox. Never a reason to sign in as somebody who is bound."""
    claims: tuple[tuple[str, str], ...] = ()
    """User attributes by their Graph names (``displayName``, ``givenName`` …), for prefilling."""


def identity_at(kind: ProviderKind, idp: str, subject: str) -> Identity:
    """The identity a proven account is bound by: what (issuer, subject) matching looks for.

    Accounts of other tenants share one issuer on the wire, so their subject carries the home issuer:
    equal object ids of two homes are two people.
    """
    if kind is ProviderKind.ENTRA:
        # Tenants of this server keep their people when the server's address changes.
        home = urlsplit(idp).path.strip("/") or idp
        return Identity("federated", ENTRA_ISSUER, f"{home}|{subject}")
    if kind is ProviderKind.ENTRA_TENANT:
        return Identity("federated", ENTRA_ISSUER, f"{idp}|{subject}")
    if kind is ProviderKind.MICROSOFT_ACCOUNT:
        return Identity("federated", MICROSOFT_ACCOUNT_ISSUER, subject)
    if kind is ProviderKind.EMAIL_PASSCODE:
        return Identity("federated", MAIL_ISSUER, subject)
    return Identity("federated", idp, subject)
