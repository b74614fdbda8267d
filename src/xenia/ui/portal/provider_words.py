"""Identity providers in the words of the portal: kinds, claims, how we prove ourselves, and the call that makes one."""

from __future__ import annotations

from collections.abc import Mapping

from xenia.core.directory.identity_provider import ClientAuthentication, ProviderKind

KIND_WORDS: Mapping[ProviderKind, str] = {
    ProviderKind.GOOGLE: "Google",
    ProviderKind.FACEBOOK: "Facebook",
    ProviderKind.MICROSOFT_ACCOUNT: "Microsoft account",
    ProviderKind.OPENID_CONNECT: "OpenID Connect",
    ProviderKind.ENTRA_TENANT: "Organization elsewhere",
}
"""Those an administrator can configure."""
_SLUGS = {
    ProviderKind.GOOGLE: "google",
    ProviderKind.FACEBOOK: "facebook",
    ProviderKind.MICROSOFT_ACCOUNT: "microsoft-account",
    ProviderKind.OPENID_CONNECT: "openid-connect",
    ProviderKind.ENTRA_TENANT: "organization",
}
KIND_HELP: Mapping[ProviderKind, str] = {
    ProviderKind.GOOGLE: "Accounts of gmail.com, and Google accounts in user flows.",
    ProviderKind.FACEBOOK: "In user flows only. Invitations are never accepted with it.",
    ProviderKind.MICROSOFT_ACCOUNT: "Accounts of outlook.com, hotmail.com, live.com and msn.com, and personal accounts in user flows.",
    ProviderKind.OPENID_CONNECT: "Any provider with a discovery document, for the domains you name.",
    ProviderKind.ENTRA_TENANT: "A tenant of another server, by its discovery document.",
}
CLAIMS: Mapping[str, str] = {
    "subject": "Subject",
    "email": "Email",
    "email_verified": "Email is verified",
    "display_name": "Display name",
    "given_name": "Given name",
    "surname": "Surname",
    "street_address": "Street address",
    "city": "City",
    "state": "State/Province",
    "postal_code": "Postal code",
    "country": "Country/Region",
}
"""Fields of the claim mapping that have a control."""
CLIENT_AUTHENTICATION: tuple[tuple[str, str], ...] = (
    (ClientAuthentication.SECRET_POST.value, "Client secret in the request body"),
    (ClientAuthentication.SECRET_BASIC.value, "Client secret in the Authorization header"),
    (ClientAuthentication.PRIVATE_KEY_JWT.value, "Signed assertion (private_key_jwt)"),
    (ClientAuthentication.NONE.value, "None (public client with PKCE)"),
)
_SOCIAL = (ProviderKind.GOOGLE, ProviderKind.FACEBOOK, ProviderKind.MICROSOFT_ACCOUNT)


def slug_of(kind: ProviderKind) -> str:
    """The kind in addresses."""
    return _SLUGS[kind]


def graph_body(kind: ProviderKind, typed: Mapping[str, object]) -> Mapping[str, object]:
    """What ``POST /identity/identityProviders`` takes for this kind; the secret is a blank to be filled in."""
    common = {
        "displayName": typed["display_name"] or KIND_WORDS[kind],
        "clientId": typed["client_id"] or "4711.apps.example",
    }
    if kind in _SOCIAL:
        return {
            "@odata.type": "#microsoft.graph.socialIdentityProvider",
            **common,
            "identityProviderType": kind.value,
            "clientSecret": "{secret}",
        }
    return {
        "@odata.type": "#microsoft.graph.oidcIdentityProvider",
        **common,
        "issuer": typed["issuer"] or "https://id.partner.example",
        "wellKnownEndpoint": typed["well_known_url"]
        or "https://id.partner.example/.well-known/openid-configuration",
        "scope": typed["scope"],
        "responseType": "code",
        "clientAuthentication": {
            "@odata.type": "#microsoft.graph.oidcClientSecretAuthentication",
            "clientSecret": "{secret}",
        },
    }
