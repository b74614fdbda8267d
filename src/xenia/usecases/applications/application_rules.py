"""Which values an app registration may hold, and who may change one.

Owns the checks shared by every verb about applications. Reads owners and policies, must not write.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from xenia.core.actor import Actor
from xenia.core.audit import Activity, Change, Target, audit_record
from xenia.core.directory.application import (
    Application,
    RedirectUri,
    ServicePrincipal,
    is_loopback_http,
    redirect_uri_problem,
)
from xenia.core.directory.roles import APP_WRITING_ROLES, CLOUD_APPLICATION_ADMINISTRATOR
from xenia.core.errors import InvalidValue, NotFound, NotPermitted
from xenia.core.ids import ObjectId, parse_guid
from xenia.core.outgoing_url import outgoing_url_problem
from xenia.ports import Ports, Transaction

WRITE_APPLICATIONS = ("Application.ReadWrite.All", "Directory.ReadWrite.All")
OWNED_BY = "Application.ReadWrite.OwnedBy"
"""Of programs alone: they may register apps, and change those that they own."""
READ_APPLICATION_DETAILS = ("Application.Read.All", *WRITE_APPLICATIONS)
LONGEST_NAME = 120
MOST_REDIRECT_URIS = 256


def require_application(tx: Transaction, object_id: ObjectId) -> Application:
    """The registration of this tenant. Raises NotFound."""
    key = parse_guid(object_id)
    found = tx.applications.find(key) if key else None
    if found is None:
        raise NotFound("Resource", object_id)
    return found


def require_principal(tx: Transaction, object_id: ObjectId) -> ServicePrincipal:
    """The enterprise app of this tenant. Raises NotFound."""
    key = parse_guid(object_id)
    found = tx.applications.find_service_principal(key) if key else None
    if found is None:
        raise NotFound("Resource", object_id)
    return found


def may_register(tx: Transaction, actor: Actor) -> bool:
    """Whether the actor may register apps: by role or permission, or as a member where the tenant lets members."""
    if _acts_on_own_alone(actor):
        return True
    if not actor.may(*WRITE_APPLICATIONS):
        return False
    if actor.is_app_only or actor.holds_any(APP_WRITING_ROLES):
        return True
    return not actor.is_guest and tx.tenants.policies(actor.tenant_id).members_may_register_apps


def may_change(tx: Transaction, actor: Actor, application: Application) -> bool:
    """Whether the actor may change this registration: administrators of apps, and its owners."""
    if application.is_first_party:
        return False
    return is_over_all(actor, *WRITE_APPLICATIONS) or (
        _may_as_owner(actor, *WRITE_APPLICATIONS)
        and owner_id(actor) in tx.applications.owners(application.id)
    )


def may_change_principal(
    tx: Transaction, actor: Actor, principal: ServicePrincipal, *permissions: str
) -> bool:
    """Whether the actor may change this enterprise app: administrators of apps, and its owners."""
    return is_over_all(actor, *permissions) or (
        _may_as_owner(actor, *permissions)
        and owner_id(actor) in tx.applications.principal_owners(principal.id)
    )


def is_over_all(actor: Actor, *permissions: str) -> bool:
    """Whether the actor may change every app: an administrator of apps, or a program with such a permission."""
    return actor.may(*permissions) and (actor.is_app_only or actor.holds_any(APP_WRITING_ROLES))


def owner_id(actor: Actor) -> ObjectId:
    """What the actor is among owners: the person, or the service principal of a program; empty for the operator."""
    return actor.user_id or actor.service_principal_id or ""


def _may_as_owner(actor: Actor, *permissions: str) -> bool:
    return _acts_on_own_alone(actor) or (actor.user_id is not None and actor.may(*permissions))


def _acts_on_own_alone(actor: Actor) -> bool:
    return actor.is_app_only and actor.may(OWNED_BY)


def guard_change(tx: Transaction, actor: Actor, application: Application) -> None:
    """Raises NotPermitted unless ``may_change``."""
    if not may_change(tx, actor, application):
        raise NotPermitted(CLOUD_APPLICATION_ADMINISTRATOR.name)


def guard_change_principal(
    tx: Transaction, actor: Actor, principal: ServicePrincipal, *permissions: str
) -> None:
    """Raises NotPermitted unless ``may_change_principal``."""
    if not may_change_principal(tx, actor, principal, *permissions):
        is_person = actor.user_id is not None and actor.may(*permissions)
        raise NotPermitted(CLOUD_APPLICATION_ADMINISTRATOR.name if is_person else permissions[0])


def checked_name(name: str) -> str:
    """The display name, trimmed. Raises InvalidValue."""
    text = name.strip()
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise InvalidValue("display_name", f"Enter a name of 1 to {LONGEST_NAME} characters.")
    return text


def checked_redirect_uris(uris: Iterable[RedirectUri]) -> tuple[RedirectUri, ...]:
    """The URIs, each once. Raises InvalidValue (field ``redirect_uris``) naming the first that may not be registered.

    One URI belongs to one platform: the platform decides which client authentication a code needs, and two
    answers to that question would let a caller pick the weaker one. Loopback URIs that differ in the port
    alone are duplicates, because the port is ignored when matching (RFC 8252 section 7.3).
    """
    seen: dict[str, RedirectUri] = {}
    for redirect in uris:
        problem = redirect_uri_problem(redirect.uri, redirect.platform)
        if problem is not None:
            raise InvalidValue("redirect_uris", f"{redirect.uri}: {problem}")
        key = _without_loopback_port(redirect.uri)
        other = seen.setdefault(key, redirect)
        if other.platform is not redirect.platform:
            raise InvalidValue(
                "redirect_uris", f"{redirect.uri} is registered for two platforms. Keep it under one of them."
            )
        if other.uri != redirect.uri:
            raise InvalidValue(
                "redirect_uris",
                f"{redirect.uri} differs from {other.uri} in its port alone, which is ignored.",
            )
    if len(seen) > MOST_REDIRECT_URIS:
        raise InvalidValue("redirect_uris", f"An app has at most {MOST_REDIRECT_URIS} redirect URIs.")
    return tuple(seen.values())


def checked_link(field: str, value: str | None) -> str | None:
    """An https address shown or opened as a link, or None when blank. Raises InvalidValue."""
    text = (value or "").strip()
    if not text:
        return None
    parts = urlsplit(text)
    # Shown to people as a link: any other scheme could run code in our pages.
    if (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or "@" in parts.netloc
        or len(text) > 2000
        or not text.isprintable()
    ):
        raise InvalidValue(field, "Enter an address that starts with https://.")
    return text


def checked_back_channel(ports: Ports, value: str | None) -> str | None:
    """Where logout tokens are posted by this server, or None when blank. Raises InvalidValue."""
    text = (value or "").strip()
    if not text:
        return None
    problem = outgoing_url_problem(text, allow_private=ports.server.allows_private)
    if problem is not None:
        raise InvalidValue("back_channel_logout_uri", problem)
    return text


def application_target(application: Application, changes: tuple[Change, ...] = ()) -> Target:
    """The registration as an audited object."""
    return Target(application.id, "Application", application.display_name, changes=changes)


def principal_target(principal: ServicePrincipal, changes: tuple[Change, ...] = ()) -> Target:
    """The enterprise app as an audited object."""
    return Target(principal.id, "ServicePrincipal", principal.display_name, changes=changes)


def note(
    tx: Transaction, record_id: str, activity: Activity, actor: Actor, now: datetime, *targets: Target
) -> None:
    """Write one audit record."""
    tx.logs.audit(audit_record(record_id, activity, actor, now, targets=targets))


def _without_loopback_port(uri: str) -> str:
    parts = urlsplit(uri)
    if not is_loopback_http(parts):
        return uri
    return parts._replace(netloc=parts.hostname or "").geturl()
