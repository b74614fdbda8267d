"""Registering and changing apps in the API's shapes; the rules are the use cases'."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from xenia.catalog.edm import Values
from xenia.core.actor import Actor
from xenia.core.directory.application import Application, Audience, Platform, RedirectUri
from xenia.core.errors import InvalidValue
from xenia.ports import Ports
from xenia.usecases import manage_applications, read_directory
from xenia.usecases.manage_applications import Authentication, NewApplication

_PLATFORMS = (("web", Platform.WEB), ("spa", Platform.SPA), ("publicClient", Platform.PUBLIC))
_LINKS = (("privacyStatementUrl", "privacy_statement_url"), ("termsOfServiceUrl", "terms_of_service_url"))


def create(ports: Ports, actor: Actor, values: Values) -> Application:
    """Register an app; its service principal comes with it."""
    web = values.get("web") or {}
    grants = web.get("implicitGrantSettings") or {}
    order = NewApplication(
        display_name=values["displayName"],
        audience=_audience(values.get("signInAudience")),
        redirect_uris=_redirect_uris(values, ()),
        id_token_issuance=grants.get("enableIdTokenIssuance") or False,
        home_page_url=web.get("homePageUrl"),
        is_fallback_public_client=values.get("isFallbackPublicClient") or False,
    )
    made = manage_applications.register_application(ports, actor, order).application
    if web.get("logoutUrl") or grants.get("enableAccessTokenIssuance") or values.get("info"):
        return _change(ports, actor, made, values)
    return made


def update(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    """Change what is given; members of ``web`` and ``info`` that are not given stay."""
    _change(ports, actor, read_directory.get_application(ports, actor, key), values)


def _change(ports: Ports, actor: Actor, application: Application, values: Values) -> Application:
    web = values.get("web") or {}
    if web or values.keys() & {"spa", "publicClient", "isFallbackPublicClient"}:
        wanted = _authentication(application, values, web)
        application = manage_applications.update_authentication(ports, actor, application.id, wanted)
    info = values.get("info") or {}
    if "displayName" in values or "homePageUrl" in web or info:
        links = {field: info.get(name, getattr(application, field)) for name, field in _LINKS}
        application = manage_applications.update_application(
            ports,
            actor,
            application.id,
            application.version,
            display_name=values.get("displayName", application.display_name) or "",
            home_page_url=web.get("homePageUrl", application.home_page_url),
            **links,
        )
    if values.get("requiredResourceAccess") is not None:
        application = _ask_for(ports, actor, application, values["requiredResourceAccess"])
    return application


def _ask_for(ports: Ports, actor: Actor, application: Application, wanted: list[Values]) -> Application:
    """Replace the permissions asked for, one resource after the other; resources not named are dropped."""
    given: dict[str, tuple[tuple[str, str], ...]] = {
        item.resource_app_id: () for item in application.required_resource_access
    }
    for item in wanted:
        access = item.get("resourceAccess") or ()
        given[item.get("resourceAppId") or ""] = tuple(
            (each.get("id") or "", each.get("type") or "") for each in access
        )
    for app_id, pairs in given.items():
        application = manage_applications.set_api_permissions(
            ports, actor, application.id, application.version, app_id, pairs
        )
    return application


def _authentication(application: Application, values: Values, web: dict[str, Any]) -> Authentication:
    grants = web.get("implicitGrantSettings") or {}
    kept = {
        "enableIdTokenIssuance": application.id_token_issuance,
        "enableAccessTokenIssuance": application.access_token_issuance,
    } | {name: value for name, value in grants.items() if value is not None}
    fallback = values.get("isFallbackPublicClient")
    return Authentication(
        version=application.version,
        redirect_uris=_redirect_uris(values, application.redirect_uris),
        id_token_issuance=kept["enableIdTokenIssuance"],
        access_token_issuance=kept["enableAccessTokenIssuance"],
        is_fallback_public_client=application.is_fallback_public_client if fallback is None else fallback,
        logout_url=web.get("logoutUrl", application.logout_url),
        back_channel_logout_uri=application.back_channel_logout_uri,  # no property of the field's schema
    )


def _redirect_uris(values: Values, present: tuple[RedirectUri, ...]) -> tuple[RedirectUri, ...]:
    """Those of each platform as given, else as they are."""
    found: list[RedirectUri] = []
    for name, platform in _PLATFORMS:
        given = (values.get(name) or {}).get("redirectUris")
        if given is None:
            found += [item for item in present if item.platform is platform]
        else:
            found += [RedirectUri(uri, platform) for uri in given]
    return tuple(found)


def _audience(value: str | None) -> Audience:
    if value is None:
        return Audience.SINGLE
    found = next((item for item in Audience if item.value.lower() == value.lower()), None)
    if found is None:
        raise InvalidValue(
            "signInAudience",
            "Invalid value specified for property 'signInAudience' of resource 'Application'.",
        )
    return found


def add_password(ports: Ports, actor: Actor, key: str, values: Values) -> object:
    """A new client secret; its text is in this answer and never again."""
    given = values.get("passwordCredential") or {}
    made = manage_applications.add_client_secret(
        ports, actor, key, given.get("displayName") or "", _moment(given.get("endDateTime"))
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
    manage_applications.remove_client_secret(ports, actor, key, values.get("keyId") or "")
    return None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidValue(
            "endDateTime", "Invalid value specified for property 'endDateTime' of resource 'Application'."
        )
    return moment


def update_principal(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    """The switches of an enterprise app. Members that are not given stay."""
    present = read_directory.get_service_principal(ports, actor, key)
    given = {name: value for name, value in values.items() if value is not None}
    manage_applications.update_enterprise_app(
        ports,
        actor,
        present.id,
        account_enabled=given.get("accountEnabled", present.account_enabled),
        assignment_required=given.get("appRoleAssignmentRequired", present.assignment_required),
        visible_to_users="HideApp" not in given["tags"] if "tags" in given else present.visible_to_users,
    )
