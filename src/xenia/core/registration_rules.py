"""Which values an app registration may hold. Only what a change touches is looked at: rules may tighten over time
without locking people out of registrations that are older.

Names, lengths and limits are those of the field (Microsoft Graph: application resource type; Entra app manifest).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from urllib.parse import urlsplit

from xenia.core.directory.application import Application, AppRole, Audience, Scope
from xenia.core.errors import InvalidValue, StillEnabled
from xenia.core.ids import fold, parse_guid
from xenia.core.optional_claims import checked_group_claims, checked_optional_claims

LONGEST_VALUE = 120
LONGEST_URI = 255
MOST_ENTRIES = 1200
"""Of all collections of a registration together."""
MOST_RESOURCES = 50
MOST_TAGS = 100
MOST_REDIRECTS_WITH_PERSONAL = 100
_VALUE = re.compile(r"[\w:!#$%&'()*+,\-./;<=>?@\[\]^`{|}~]+", re.ASCII)
_COLLECTIONS = (
    *("redirect_uris", "identifier_uris", "scopes", "app_roles", "required_resource_access", "tags"),
    *("pre_authorized_applications", "known_client_applications"),
)


def check_registration(before: Application, after: Application, domains: Collection[str]) -> None:
    """Whether *before* may become *after* in a tenant with these verified domains. Raises InvalidValue naming the field."""
    for attribute, check in _CHECKS.items():
        if getattr(before, attribute) != getattr(after, attribute):
            check(before, after)
    if before.identifier_uris != after.identifier_uris:
        _check_identifier_uris(before, after, domains)
    _check_together(before, after)
    if sum(len(getattr(after, name)) for name in _COLLECTIONS) > MOST_ENTRIES:
        raise InvalidValue("application", f"All lists of a registration hold at most {MOST_ENTRIES} entries.")


def checked_audience(value: str) -> Audience:
    """``signInAudience``, any case. Raises InvalidValue, for personal accounts alone too: nobody could sign in."""
    found = next((item for item in Audience if fold(item.value) == fold(value)), None)
    if found is None:
        raise InvalidValue("audience", "Invalid value specified for property 'signInAudience'.")
    if found is Audience.PERSONAL:
        raise InvalidValue(
            "audience",
            "This server has no personal Microsoft accounts, so nobody could sign in. Use AzureADMyOrg or "
            "AzureADMultipleOrgs; personal accounts come in as guests.",
        )
    return found


def _check_audience(_before: Application, after: Application) -> None:
    checked_audience(after.audience.value)


def _check_scopes(before: Application, after: Application) -> None:
    _check_removal((item for item in before.scopes if item.is_enabled), {item.id for item in after.scopes})
    known = set(before.scopes)
    for scope in after.scopes:
        if scope not in known:
            _check_scope(scope)
    _refuse_twice("scopes", "id", [fold(scope.id) for scope in after.scopes])
    _refuse_twice("scopes", "value", [fold(scope.value) for scope in after.scopes])


def _check_scope(scope: Scope) -> None:
    _check_id("scopes", scope.id)
    _check_value("scopes", scope.value)
    if scope.type not in ("User", "Admin"):
        raise InvalidValue("scopes", f"Scope {scope.value}: the type is User or Admin.")
    if not scope.admin_consent_display_name.strip():
        raise InvalidValue("scopes", f"Scope {scope.value}: enter an admin consent display name.")
    texts = (
        (scope.admin_consent_display_name, 100),
        (scope.user_consent_display_name or "", 100),
        (scope.admin_consent_description, 1000),
        (scope.user_consent_description or "", 1000),
    )
    if any(len(text) > longest for text, longest in texts):
        raise InvalidValue(
            "scopes", f"Scope {scope.value}: display names have at most 100 characters, descriptions 1000."
        )


def _check_roles(before: Application, after: Application) -> None:
    _check_removal(
        (item for item in before.app_roles if item.is_enabled), {item.id for item in after.app_roles}
    )
    known = set(before.app_roles)
    for role in after.app_roles:
        if role not in known:
            _check_role(role)
    _refuse_twice("app_roles", "id", [fold(role.id) for role in after.app_roles])
    _refuse_twice("app_roles", "value", [fold(role.value) for role in after.app_roles if role.value])


def _check_role(role: AppRole) -> None:
    _check_id("app_roles", role.id)
    if role.value is not None:
        _check_value("app_roles", role.value)
    if not 0 < len(role.display_name.strip()) <= 100 or len(role.description) > 1000:
        raise InvalidValue(
            "app_roles",
            "An app role has a display name of 1 to 100 characters, and a description of at most 1000.",
        )
    if not role.allowed_member_types or not set(role.allowed_member_types) <= {"User", "Application"}:
        raise InvalidValue("app_roles", "Allowed member types of an app role are User, Application, or both.")


def _check_pre_authorized(_before: Application, after: Application) -> None:
    offered = {scope.id for scope in after.scopes}
    for client in after.pre_authorized_applications:
        _check_app_id("pre_authorized_applications", client.app_id)
        if not client.permission_ids or not set(client.permission_ids) <= offered:
            raise InvalidValue(
                "pre_authorized_applications",
                f"Client {client.app_id}: choose at least one scope, among those this API exposes.",
            )
    _refuse_twice(
        "pre_authorized_applications", "appId", [one.app_id for one in after.pre_authorized_applications]
    )


def _check_known_clients(_before: Application, after: Application) -> None:
    for app_id in after.known_client_applications:
        _check_app_id("known_client_applications", app_id)
    _refuse_twice("known_client_applications", "value", list(after.known_client_applications))


def _check_required_access(_before: Application, after: Application) -> None:
    wanted = after.required_resource_access
    if len(wanted) > MOST_RESOURCES:
        raise InvalidValue("required_resource_access", f"An app asks at most {MOST_RESOURCES} APIs.")
    _refuse_twice("required_resource_access", "resourceAppId", [item.resource_app_id for item in wanted])


def _check_token_version(_before: Application, after: Application) -> None:
    if after.requested_access_token_version not in (None, 1, 2):
        raise InvalidValue("requested_access_token_version", "requestedAccessTokenVersion is 1, 2 or null.")


def _check_tags(_before: Application, after: Application) -> None:
    if len(after.tags) > MOST_TAGS or not all(
        0 < len(tag) <= 256 and tag.isprintable() for tag in after.tags
    ):
        raise InvalidValue("tags", f"An app has at most {MOST_TAGS} tags of 1 to 256 characters.")


def _check_texts(_before: Application, after: Application) -> None:
    if len(after.description or "") > 1024 or len(after.notes or "") > 1024:
        raise InvalidValue("notes", "Description and notes have at most 1024 characters each.")


def _check_claims(_before: Application, after: Application) -> None:
    checked_optional_claims(after.optional_claims)


def _check_groups(_before: Application, after: Application) -> None:
    checked_group_claims(after.group_membership_claims)


_CHECKS: dict[str, Callable[[Application, Application], None]] = {
    "audience": _check_audience,
    "scopes": _check_scopes,
    "app_roles": _check_roles,
    "pre_authorized_applications": _check_pre_authorized,
    "known_client_applications": _check_known_clients,
    "required_resource_access": _check_required_access,
    "requested_access_token_version": _check_token_version,
    "optional_claims": _check_claims,
    "group_membership_claims": _check_groups,
    "tags": _check_tags,
    "notes": _check_texts,
    "description": _check_texts,
}


def _check_together(before: Application, after: Application) -> None:
    """What two attributes demand of each other, however the pair came about."""
    if before.scopes != after.scopes:
        _check_pre_authorized(before, after)
    if after.audience is not Audience.MULTIPLE_AND_PERSONAL:
        return
    if before.audience is not after.audience and after.requested_access_token_version != 2:
        raise InvalidValue(
            "audience",
            "Property api.requestedAccessTokenVersion is invalid: it must be 2 for apps that admit personal accounts.",
        )
    if before.requested_access_token_version != after.requested_access_token_version != 2:
        raise InvalidValue(
            "requested_access_token_version",
            "requestedAccessTokenVersion must be 2 while personal accounts are admitted.",
        )
    if before.redirect_uris != after.redirect_uris or before.audience is not after.audience:
        if len(after.redirect_uris) > MOST_REDIRECTS_WITH_PERSONAL:
            raise InvalidValue(
                "redirect_uris",
                f"An app that admits personal accounts has at most {MOST_REDIRECTS_WITH_PERSONAL} redirect URIs.",
            )
        if any(urlsplit(found.uri).query for found in after.redirect_uris):
            raise InvalidValue(
                "redirect_uris", "Redirect URIs with a query are for apps that admit no personal accounts."
            )


def _check_identifier_uris(before: Application, after: Application, domains: Collection[str]) -> None:
    _refuse_twice("identifier_uris", "value", [fold(uri) for uri in after.identifier_uris])
    for uri in after.identifier_uris:
        if uri not in before.identifier_uris:
            _check_identifier_uri(after, uri, {fold(name) for name in domains})


def _check_identifier_uri(application: Application, uri: str, domains: set[str]) -> None:
    """``api://…`` or ``https://`` in a domain of the tenant: an audience must not pose as somebody else's."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        port = parts.port
    except ValueError:
        raise _bad_identifier(uri, "it is no address.") from None
    plain = uri.isascii() and uri.isprintable() and not set(uri) & set(' *?#@\\"<>^`{|}') and port is None
    if not plain or len(uri) > LONGEST_URI or uri.endswith("/") or not host:
        raise _bad_identifier(
            uri,
            f"use at most {LONGEST_URI} characters without blanks, wildcards, port, query and fragment, and no slash "
            "at the end.",
        )
    if parts.scheme == "api":
        named = parse_guid(host)
        if (
            named is not None
            and named != application.app_id
            and (named, bool(parts.path))
            != (
                application.tenant_id,
                True,
            )
        ):
            raise _bad_identifier(
                uri, "the GUID in it must be this app's client ID, or the tenant ID with a path."
            )
    elif parts.scheme != "https" or not any(host == name or host.endswith(f".{name}") for name in domains):
        raise _bad_identifier(
            uri, "use api://{client ID}, or https:// in a verified domain of this organization."
        )


def _bad_identifier(uri: str, why: str) -> InvalidValue:
    return InvalidValue("identifier_uris", f"Application ID URI {uri}: {why}")


def _check_removal(enabled: Iterable[Scope | AppRole], kept: set[str]) -> None:
    for item in enabled:
        if item.id not in kept:
            raise StillEnabled("scopes" if isinstance(item, Scope) else "app_roles")


def _check_id(field: str, identifier: str) -> None:
    if parse_guid(identifier) is None:
        raise InvalidValue(field, f"The id '{identifier}' is no GUID.")


def _check_app_id(field: str, identifier: str) -> None:
    if parse_guid(identifier) is None:
        raise InvalidValue(field, f"'{identifier}' is no application (client) ID: enter a GUID.")


def _check_value(field: str, value: str) -> None:
    if len(value) > LONGEST_VALUE or value.startswith(".") or not _VALUE.fullmatch(value):
        raise InvalidValue(
            field,
            f"The value '{value}' may not be used: 1 to {LONGEST_VALUE} letters, digits and signs without blanks, "
            "not beginning with a dot.",
        )


def _refuse_twice(field: str, what: str, values: list[str]) -> None:
    double = next((value for value in values if values.count(value) > 1), None)
    if double is not None:
        raise InvalidValue(field, f"It contains a duplicate {what}: {double}. Each may occur once.")
