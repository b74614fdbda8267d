"""Structured properties of app registrations and their local instances, and how they are read from the records."""

from __future__ import annotations

from datetime import datetime

from xenia.catalog.edm import Complex, Edm, Prop, Write
from xenia.core.directory.application import Application, Platform
from xenia.core.errors import InvalidValue
from xenia.core.optional_claims import TOKEN_KINDS
from xenia.usecases.applications.application_logos import logo_path
from xenia.usecases.applications.read_applications import DetailedApplication


def _given(name: str, type_: Edm | Complex = Edm.STRING, *, many: bool = False) -> Prop:
    return Prop(name, type_, many=many, write=Write.BOTH)


IMPLICIT = Complex(
    "implicitGrantSettings",
    (_given("enableIdTokenIssuance", Edm.BOOLEAN), _given("enableAccessTokenIssuance", Edm.BOOLEAN)),
)
REDIRECT_SETTINGS = Complex("redirectUriSettings", (_given("uri"), _given("index", Edm.INT32)))
WEB = Complex(
    "webApplication",
    (
        _given("redirectUris", many=True),
        _given("homePageUrl"),
        _given("logoutUrl"),
        _given("implicitGrantSettings", IMPLICIT),
        _given("redirectUriSettings", REDIRECT_SETTINGS, many=True),
    ),
)
SPA = Complex("spaApplication", (_given("redirectUris", many=True),))
PUBLIC_CLIENT = Complex("publicClientApplication", (_given("redirectUris", many=True),))
PERMISSION_SCOPE = Complex(
    "permissionScope",
    (
        _given("id", Edm.GUID),
        _given("value"),
        _given("type"),
        _given("isEnabled", Edm.BOOLEAN),
        _given("adminConsentDisplayName"),
        _given("adminConsentDescription"),
        _given("userConsentDisplayName"),
        _given("userConsentDescription"),
        _given("origin"),
    ),
)
PRE_AUTHORIZED = Complex(
    "preAuthorizedApplication", (_given("appId"), _given("delegatedPermissionIds", many=True))
)
API = Complex(
    "apiApplication",
    (
        _given("acceptMappedClaims", Edm.BOOLEAN),
        _given("knownClientApplications", Edm.GUID, many=True),
        _given("oauth2PermissionScopes", PERMISSION_SCOPE, many=True),
        _given("preAuthorizedApplications", PRE_AUTHORIZED, many=True),
        _given("requestedAccessTokenVersion", Edm.INT32),
    ),
)
APP_ROLE = Complex(
    "appRole",
    (
        _given("id", Edm.GUID),
        _given("value"),
        _given("displayName"),
        _given("description"),
        _given("allowedMemberTypes", many=True),
        _given("isEnabled", Edm.BOOLEAN),
        _given("origin"),
    ),
)
"""``origin`` is told and let pass, never stored: scripts send back the list they have read."""
RESOURCE_ACCESS = Complex(
    "resourceAccess",
    (Prop("id", Edm.GUID, nullable=False, write=Write.BOTH), Prop("type", nullable=False, write=Write.BOTH)),
)
REQUIRED_ACCESS = Complex(
    "requiredResourceAccess",
    (
        Prop("resourceAppId", nullable=False, write=Write.BOTH),
        _given("resourceAccess", RESOURCE_ACCESS, many=True),
    ),
)
INFORMATIONAL = Complex(
    "informationalUrl",
    (
        _given("logoUrl"),
        _given("marketingUrl"),
        _given("privacyStatementUrl"),
        _given("supportUrl"),
        _given("termsOfServiceUrl"),
    ),
)
OPTIONAL_CLAIM = Complex(
    "optionalClaim",
    (
        _given("name"),
        _given("source"),
        _given("essential", Edm.BOOLEAN),
        _given("additionalProperties", many=True),
    ),
)
OPTIONAL_CLAIMS = Complex(
    "optionalClaims", tuple(_given(kind, OPTIONAL_CLAIM, many=True) for kind in TOKEN_KINDS)
)
VERIFIED_PUBLISHER = Complex(
    "verifiedPublisher",
    (Prop("displayName"), Prop("verifiedPublisherId"), Prop("addedDateTime", Edm.DATE)),
)
PASSWORD_CREDENTIAL = Complex(
    "passwordCredential",
    (
        _given("customKeyIdentifier"),
        _given("displayName"),
        _given("endDateTime", Edm.DATE),
        _given("hint"),
        _given("keyId", Edm.GUID),
        _given("secretText"),
        _given("startDateTime", Edm.DATE),
    ),
)
KEY_CREDENTIAL = Complex(
    "keyCredential",
    (
        _given("customKeyIdentifier"),
        _given("displayName"),
        _given("endDateTime", Edm.DATE),
        _given("key"),
        _given("keyId", Edm.GUID),
        _given("startDateTime", Edm.DATE),
        _given("type"),
        _given("usage"),
    ),
)


def uris(application: Application, platform: Platform) -> list[str]:
    """Redirect URIs of one platform."""
    return [found.uri for found in application.redirect_uris if found.platform is platform]


def web(application: Application) -> object:
    """``web``."""
    redirects = uris(application, Platform.WEB)
    return {
        "redirectUris": redirects,
        "homePageUrl": application.home_page_url,
        "logoutUrl": application.logout_url,
        "implicitGrantSettings": {
            "enableIdTokenIssuance": application.id_token_issuance,
            "enableAccessTokenIssuance": application.access_token_issuance,
        },
        "redirectUriSettings": [{"uri": uri, "index": None} for uri in redirects],
    }


def scopes(application: Application) -> list[dict[str, object]]:
    """``oauth2PermissionScopes``."""
    return [
        {
            "id": scope.id,
            "value": scope.value,
            "type": scope.type,
            "isEnabled": scope.is_enabled,
            "adminConsentDisplayName": scope.admin_consent_display_name,
            "adminConsentDescription": scope.admin_consent_description,
            "userConsentDisplayName": scope.user_consent_display_name,
            "userConsentDescription": scope.user_consent_description,
        }
        for scope in application.scopes
    ]


def api(application: Application) -> object:
    """``api``."""
    return {
        "acceptMappedClaims": application.accept_mapped_claims,
        "knownClientApplications": list(application.known_client_applications),
        "oauth2PermissionScopes": scopes(application),
        "preAuthorizedApplications": [
            {"appId": client.app_id, "delegatedPermissionIds": list(client.permission_ids)}
            for client in application.pre_authorized_applications
        ],
        "requestedAccessTokenVersion": application.requested_access_token_version,
    }


def app_roles(application: Application) -> list[dict[str, object]]:
    """``appRoles``."""
    return [
        {
            "id": role.id,
            "value": role.value,
            "displayName": role.display_name,
            "description": role.description,
            "allowedMemberTypes": list(role.allowed_member_types),
            "isEnabled": role.is_enabled,
            "origin": "Application",
        }
        for role in application.app_roles
    ]


def required_access(application: Application) -> object:
    """``requiredResourceAccess``."""
    return [
        {
            "resourceAppId": item.resource_app_id,
            "resourceAccess": [{"id": key, "type": kind} for key, kind in item.access],
        }
        for item in application.required_resource_access
    ]


def info(application: Application, base_url: str) -> object:
    """``info``; *base_url*: of this server, where the logo is."""
    path = logo_path(application)
    return {
        "logoUrl": f"{base_url}{path}" if path else None,
        "marketingUrl": application.marketing_url,
        "privacyStatementUrl": application.privacy_statement_url,
        "supportUrl": application.support_url,
        "termsOfServiceUrl": application.terms_of_service_url,
    }


def optional_claims(application: Application) -> object:
    """``optionalClaims``, every kind and member told."""
    if application.optional_claims is None:
        return None
    return {
        kind: [
            {
                "name": claim.get("name"),
                "source": claim.get("source"),
                "essential": claim.get("essential", False),
                "additionalProperties": claim.get("additionalProperties") or [],
            }
            for claim in application.optional_claims.get(kind, [])
        ]
        for kind in TOKEN_KINDS
    }


def passwords(seen: DetailedApplication) -> object:
    """``passwordCredentials``: their text in the answer of their making alone."""
    return [
        {
            "customKeyIdentifier": None,
            "displayName": secret.display_name,
            "endDateTime": secret.ends_at,
            "hint": secret.hint,
            "keyId": secret.key_id,
            "secretText": seen.texts.get(secret.key_id),
            "startDateTime": secret.starts_at,
        }
        for secret in seen.secrets
    ]


def keys(seen: DetailedApplication) -> object:
    """``keyCredentials``; the certificate itself is told by ``$select`` at the original, and is public anyway."""
    return [
        key_credential(held.key_id, held.display_name, held.thumbprint_sha1, (held.starts_at, held.ends_at))
        for held in seen.certificates
    ]


def key_credential(
    key_id: str, name: str, thumbprint: str, span: tuple[datetime, datetime]
) -> dict[str, object]:
    """One certificate as a ``keyCredential``."""
    return {
        "customKeyIdentifier": thumbprint.upper(),
        "displayName": name,
        "endDateTime": span[1],
        "key": None,
        "keyId": key_id,
        "startDateTime": span[0],
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }


def moment(text: str | None) -> datetime | None:
    """A point in time as the API writes it. Raises InvalidValue."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InvalidValue(
            "endDateTime", "Invalid value specified for property 'endDateTime' of resource 'Application'."
        )
    return found
