"""Registering and changing apps in the API's shapes; the rules are the use cases'."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from xenia.catalog.edm import Values
from xenia.catalog.entities import application_types, signing_certificates
from xenia.core.actor import Actor
from xenia.core.directory.application import (
    Application,
    AppRole,
    Platform,
    PreAuthorizedApplication,
    RedirectUri,
    RequiredResourceAccess,
    Scope,
)
from xenia.core.errors import InvalidValue
from xenia.core.registration_rules import checked_audience
from xenia.ports import Ports
from xenia.record import replace
from xenia.usecases.applications import (
    application_credentials,
    application_keys,
    apps_with_credentials,
    manage_applications,
    provision_principal,
    read_applications,
)
from xenia.usecases.applications.apps_with_credentials import WantedSecret
from xenia.usecases.applications.change_registration import change_registration
from xenia.usecases.applications.manage_applications import NewApplication
from xenia.usecases.applications.read_applications import DetailedApplication, DetailedPrincipal
from xenia.usecases.users import read_directory

_PLATFORMS = (("web", Platform.WEB), ("spa", Platform.SPA), ("publicClient", Platform.PUBLIC))
_LINKS = {
    "privacyStatementUrl": "privacy_statement_url",
    "termsOfServiceUrl": "terms_of_service_url",
    "marketingUrl": "marketing_url",
    "supportUrl": "support_url",
}
_SWITCHES = {"accountEnabled", "appRoleAssignmentRequired", "tags"}
_PLAIN = {
    "displayName": "display_name",
    "description": "description",
    "notes": "notes",
    "groupMembershipClaims": "group_membership_claims",
    "idTokenSignedResponseAlg": "id_token_signed_response_alg",
    "backChannelLogoutUri": "back_channel_logout_uri",
}


def create(ports: Ports, actor: Actor, values: Values) -> DetailedApplication:
    """Register an app. Its service principal is made by a call of its own, as scripts expect."""
    blank = Application("", actor.tenant_id, "", "", ports.clock.now())
    more = changes_of(values, blank)
    more.pop("display_name", None)
    order = NewApplication(display_name=values["displayName"], more=more)
    made, secrets = apps_with_credentials.register_with_credentials(
        ports,
        actor,
        order,
        _certificates(values.get("keyCredentials") or ()),
        [_secret(each) for each in values.get("passwordCredentials") or ()],
    )
    found = read_applications.as_made(ports, actor, made)
    return replace(found, texts={each.secret.key_id: each.value for each in secrets})


def update(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    """Change what is given: members of structures that are not given stay, lists are replaced whole."""
    application = read_directory.get_application(ports, actor, key)
    if values.get("keyCredentials") is None:
        change_registration(ports, actor, application.id, partial(changes_of, values))
        return
    given = _certificates(values["keyCredentials"])
    apps_with_credentials.change_with_certificates(
        ports, actor, application.id, partial(changes_of, values), given
    )


def changes_of(values: Values, before: Application) -> dict[str, object]:
    """The attributes that a body in the API's shape sets. Raises InvalidValue for what cannot be meant."""
    found: dict[str, object] = {_PLAIN[name]: values[name] for name in _PLAIN if name in values}
    if any(name in values for name, _ in _PLATFORMS):
        found["redirect_uris"] = _redirect_uris(values, before.redirect_uris)
    for name, read in _READERS.items():
        if values.get(name) is not None:
            found |= read(values[name])
    if "optionalClaims" in values:
        found["optional_claims"] = _optional_claims(values["optionalClaims"], before)
    return found


def _redirect_uris(values: Values, present: tuple[RedirectUri, ...]) -> tuple[RedirectUri, ...]:
    """Those of each platform as given, else as they are."""
    found: list[RedirectUri] = []
    for name, platform in _PLATFORMS:
        given = (values.get(name) or {}).get("redirectUris")
        if given is None:
            found += [item for item in present if item.platform is platform]
        else:
            found += [RedirectUri(uri or "", platform) for uri in given]
    return tuple(found)


def _web(web: dict[str, Any]) -> dict[str, object]:
    grants = web.get("implicitGrantSettings") or {}
    names = {
        "enableIdTokenIssuance": "id_token_issuance",
        "enableAccessTokenIssuance": "access_token_issuance",
    }
    switches = {names[name]: value for name, value in grants.items() if value is not None}
    links = {"homePageUrl": "home_page_url", "logoutUrl": "logout_url"}
    return switches | {links[name]: web[name] for name in links if name in web}


def _info(info: dict[str, Any]) -> dict[str, object]:
    return {_LINKS[name]: info[name] for name in _LINKS if name in info}


def _api(api: dict[str, Any]) -> dict[str, object]:
    found: dict[str, object] = {}
    if "requestedAccessTokenVersion" in api:
        found["requested_access_token_version"] = api["requestedAccessTokenVersion"]
    if "acceptMappedClaims" in api:
        found["accept_mapped_claims"] = api["acceptMappedClaims"]
    if api.get("knownClientApplications") is not None:
        found["known_client_applications"] = tuple(each.lower() for each in api["knownClientApplications"])
    if api.get("oauth2PermissionScopes") is not None:
        found["scopes"] = tuple(map(_scope, api["oauth2PermissionScopes"]))
    if api.get("preAuthorizedApplications") is not None:
        found["pre_authorized_applications"] = tuple(
            PreAuthorizedApplication(
                (each.get("appId") or "").lower(),
                tuple(one.lower() for one in each.get("delegatedPermissionIds") or ()),
            )
            for each in api["preAuthorizedApplications"]
        )
    return found


def _scope(given: dict[str, Any]) -> Scope:
    return Scope(
        id=(given.get("id") or "").lower(),
        value=given.get("value") or "",
        type=given.get("type") or "User",
        is_enabled=given.get("isEnabled") is not False,
        admin_consent_display_name=given.get("adminConsentDisplayName") or "",
        admin_consent_description=given.get("adminConsentDescription") or "",
        user_consent_display_name=given.get("userConsentDisplayName"),
        user_consent_description=given.get("userConsentDescription"),
    )


def _app_roles(given: list[dict[str, Any]]) -> dict[str, object]:
    roles = (
        AppRole(
            id=(each.get("id") or "").lower(),
            value=each.get("value") or None,
            display_name=each.get("displayName") or "",
            description=each.get("description") or "",
            allowed_member_types=tuple(each.get("allowedMemberTypes") or ()),
            is_enabled=each.get("isEnabled") is not False,
        )
        for each in given
    )
    return {"app_roles": tuple(roles)}


def _required(given: list[dict[str, Any]]) -> dict[str, object]:
    asked = (
        RequiredResourceAccess(
            (each.get("resourceAppId") or "").lower(),
            tuple(
                dict.fromkeys(
                    ((one.get("id") or "").lower(), one.get("type") or "")
                    for one in each.get("resourceAccess") or ()
                )
            ),
        )
        for each in given
    )
    return {"required_resource_access": tuple(each for each in asked if each.access)}


def _optional_claims(given: dict[str, Any] | None, before: Application) -> dict[str, Any] | None:
    """Kinds of tokens that are not named keep theirs; null takes all away."""
    if given is None:
        return None
    named = {kind: claims or [] for kind, claims in given.items()}
    return {**(before.optional_claims or {}), **named}


_READERS: dict[str, Callable[[Any], dict[str, object]]] = {
    "web": _web,
    "info": _info,
    "api": _api,
    "appRoles": _app_roles,
    "requiredResourceAccess": _required,
    "signInAudience": lambda value: {"audience": checked_audience(value)},
    "identifierUris": lambda value: {"identifier_uris": tuple(value)},
    "tags": lambda value: {"tags": tuple(dict.fromkeys(value))},
    "isFallbackPublicClient": lambda value: {"is_fallback_public_client": value},
}


# --- credentials ------------------------------------------------------------------------------------


def add_password(ports: Ports, actor: Actor, key: str, values: Values) -> object:
    """A new client secret; its text is in this answer and never again."""
    given = values.get("passwordCredential") or {}
    made = application_credentials.add_client_secret(
        ports,
        actor,
        key,
        given.get("displayName") or "",
        application_types.moment(given.get("endDateTime"))
        or ports.clock.now() + application_credentials.GRAPH_LIFETIME,
    )
    return {
        "customKeyIdentifier": None,
        "displayName": made.secret.display_name,
        "endDateTime": made.secret.ends_at,
        "hint": made.secret.hint,
        "keyId": made.secret.key_id,
        "secretText": made.value,
        "startDateTime": made.secret.starts_at,
    }


def remove_password(ports: Ports, actor: Actor, key: str, values: Values) -> object:
    """End a client secret."""
    application_credentials.remove_client_secret(ports, actor, key, values.get("keyId") or "")
    return None


def add_key(ports: Ports, actor: Actor, key: str, values: Values) -> object:
    """A further certificate, vouched for by one that is there already (``proof``)."""
    credential = values.get("keyCredential") or {}
    held = application_keys.add_key(
        ports,
        actor,
        key,
        _certificate_bytes(credential) or b"",
        credential.get("displayName") or "",
        values.get("proof") or "",
    )
    span = (held.starts_at, held.ends_at)
    return application_types.key_credential(held.key_id, held.display_name, held.thumbprint_sha1, span)


def remove_key(ports: Ports, actor: Actor, key: str, values: Values) -> object:
    """End a certificate, by proof of one."""
    application_keys.remove_key(ports, actor, key, values.get("keyId") or "", values.get("proof") or "")
    return None


def _secret(given: dict[str, Any]) -> WantedSecret:
    if given.get("secretText"):
        raise InvalidValue(
            "passwordCredentials", "The text of a client secret is made here; leave secretText out."
        )
    return WantedSecret(given.get("displayName") or "", application_types.moment(given.get("endDateTime")))


def _certificates(given: Iterable[dict[str, Any]]) -> list[application_keys.WantedKey]:
    return [
        application_keys.WantedKey(
            key_id=each.get("keyId"),
            data=_certificate_bytes(each),
            display_name=each.get("displayName") or "",
        )
        for each in given
    ]


def _certificate_bytes(credential: dict[str, Any]) -> bytes | None:
    """The certificate, or None for one that is there already. Raises InvalidValue."""
    if credential.get("type") not in (None, "AsymmetricX509Cert") or credential.get("usage") not in (
        None,
        "Verify",
    ):
        raise InvalidValue(
            "keyCredentials", "A key credential has the type AsymmetricX509Cert and the usage Verify."
        )
    if not credential.get("key"):
        return None
    try:
        return base64.b64decode(credential["key"], validate=True)
    except (binascii.Error, ValueError):
        raise InvalidValue(
            "keyCredentials", "The key of a key credential is a certificate in base64."
        ) from None


# --- service principals -----------------------------------------------------------------------------


def create_principal(ports: Ports, actor: Actor, values: Values) -> DetailedPrincipal:
    """The local instance of an app; its switches too, where they are given."""
    made = provision_principal.create_service_principal(ports, actor, values["appId"])
    if values.keys() & _SWITCHES:
        update_principal(ports, actor, made.id, values)
    return read_applications.get_service_principal(ports, actor, made.id)


def update_principal(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    """The switches of an enterprise app. Members that are not given stay."""
    present = read_directory.get_service_principal(ports, actor, key)
    signing_certificates.change(ports, actor, present, values)
    if not values.keys() & _SWITCHES:
        return
    given = {name: value for name, value in values.items() if value is not None}
    manage_applications.update_enterprise_app(
        ports,
        actor,
        present.id,
        account_enabled=given.get("accountEnabled", present.account_enabled),
        assignment_required=given.get("appRoleAssignmentRequired", present.assignment_required),
        visible_to_users="HideApp" not in given["tags"] if "tags" in given else present.visible_to_users,
    )
