"""App registrations: registering, changing and deleting them.

Credentials: ``application_credentials``; permissions and consent: ``application_permissions``; who is assigned,
and the switches of the enterprise app: ``enterprise_apps``. All are offered here by name, so that callers
have one place to look.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import Change
from xenia.core.directory.application import (
    Application,
    AppRole,
    Audience,
    RedirectUri,
    Scope,
    ServicePrincipal,
)
from xenia.core.directory.roles import APP_WRITING_ROLES, CLOUD_APPLICATION_ADMINISTRATOR
from xenia.core.errors import InvalidValue, NotPermitted
from xenia.core.ids import AppId, ObjectId, parse_guid
from xenia.core.query import AnyOf, Compare, Page, Query, all_of
from xenia.ports import Ports, Transaction
from xenia.usecases.application_credentials import (
    LONGEST_SECRET,
    NewSecret,
    add_certificate,
    add_client_secret,
    remove_certificate,
    remove_client_secret,
)
from xenia.usecases.application_lifecycle import delete_application
from xenia.usecases.application_permissions import (
    PermissionLine,
    grant_admin_consent,
    list_permissions,
    set_api_permissions,
)
from xenia.usecases.application_rules import (
    WRITE_APPLICATIONS,
    application_target,
    checked_back_channel,
    checked_link,
    checked_name,
    checked_redirect_uris,
    guard_change,
    may_change,
    may_register,
    note,
    require_application,
)
from xenia.usecases.enterprise_apps import (
    AssignedPrincipal,
    assign_principal,
    list_assigned,
    unassign_principal,
    update_enterprise_app,
)
from xenia.usecases.provision_principal import provision_principal

__all__ = [
    "LONGEST_SECRET",
    "WRITE_APPLICATIONS",
    "ApplicationView",
    "AssignedPrincipal",
    "Authentication",
    "NewApplication",
    "NewSecret",
    "PermissionLine",
    "RegisteredApplication",
    "add_certificate",
    "add_client_secret",
    "add_redirect_uri",
    "assign_principal",
    "delete_application",
    "grant_admin_consent",
    "list_assigned",
    "list_owned",
    "list_permissions",
    "may_register_applications",
    "register_application",
    "remove_certificate",
    "remove_client_secret",
    "set_api_permissions",
    "unassign_principal",
    "update_application",
    "update_authentication",
    "update_enterprise_app",
    "view_application",
]


@dataclass(frozen=True, slots=True)
class NewApplication:
    """What somebody says who registers an app; only the name is asked for."""

    display_name: str
    audience: Audience = Audience.SINGLE
    redirect_uris: tuple[RedirectUri, ...] = ()
    id_token_issuance: bool = False
    app_id: AppId | None = None
    """None: one is made."""
    object_id: ObjectId | None = None
    scopes: tuple[Scope, ...] = ()
    app_roles: tuple[AppRole, ...] = ()
    identifier_uris: tuple[str, ...] = ()
    home_page_url: str | None = None
    logout_url: str | None = None
    back_channel_logout_uri: str | None = None
    is_fallback_public_client: bool = False
    requested_access_token_version: int | None = None


@dataclass(frozen=True, slots=True)
class RegisteredApplication:
    """The registration and its local instance, the enterprise app."""

    application: Application
    principal: ServicePrincipal


@dataclass(frozen=True, slots=True)
class Authentication:
    """The whole Authentication page; ``version`` is that of the registration it was read from."""

    version: int
    redirect_uris: tuple[RedirectUri, ...]
    id_token_issuance: bool
    access_token_issuance: bool
    is_fallback_public_client: bool
    back_channel_logout_uri: str | None
    logout_url: str | None = None


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """A registration with its surroundings, and whether the actor may change it."""

    application: Application
    principal: ServicePrincipal | None
    owner_names: tuple[str, ...]
    may_change: bool


def register_application(ports: Ports, actor: Actor, order: NewApplication) -> RegisteredApplication:
    """Register an app and its enterprise app (Microsoft Graph: create application, create servicePrincipal).

    The person who registers becomes its owner. Raises NotPermitted, InvalidValue, and Conflict when a given
    application ID is taken.
    """
    now = ports.clock.now()
    app_id = parse_guid(order.app_id) if order.app_id else ports.entropy.guid()
    object_id = parse_guid(order.object_id) if order.object_id else ports.entropy.guid()
    if app_id is None or object_id is None:
        raise InvalidValue("app_id", "The application ID must be a GUID.")
    application = Application(
        id=object_id,
        tenant_id=actor.tenant_id,
        app_id=app_id,
        display_name=checked_name(order.display_name),
        created_at=now,
        audience=order.audience,
        redirect_uris=checked_redirect_uris(order.redirect_uris),
        id_token_issuance=order.id_token_issuance,
        identifier_uris=order.identifier_uris,
        scopes=order.scopes,
        app_roles=order.app_roles,
        home_page_url=checked_link("home_page_url", order.home_page_url),
        logout_url=checked_link("logout_url", order.logout_url),
        back_channel_logout_uri=checked_back_channel(ports, order.back_channel_logout_uri),
        is_fallback_public_client=order.is_fallback_public_client,
        requested_access_token_version=order.requested_access_token_version,
    )
    principal_id, *record_ids = (ports.entropy.guid() for _ in range(3))

    def work(tx: Transaction) -> RegisteredApplication:
        if not may_register(tx, actor):
            raise NotPermitted(CLOUD_APPLICATION_ADMINISTRATOR.name)
        tx.applications.add(application)
        if actor.user_id is not None:
            tx.applications.add_owner(application.id, actor.user_id)
        note(tx, record_ids[0], audit.ADD_APPLICATION, actor, now, application_target(application))
        principal = provision_principal(
            tx, actor, application, now, principal_id=principal_id, record_id=record_ids[1]
        )
        return RegisteredApplication(application, principal)

    return ports.store.write(actor.tenant_id, work)


def update_authentication(
    ports: Ports, actor: Actor, object_id: ObjectId, wanted: Authentication
) -> Application:
    """Replace redirect URIs and token switches as one page.

    Raises NotPermitted, NotFound, InvalidValue, and Conflict when the registration changed since ``version``.
    """
    changes = {
        "redirect_uris": checked_redirect_uris(wanted.redirect_uris),
        "id_token_issuance": wanted.id_token_issuance,
        "access_token_issuance": wanted.access_token_issuance,
        "is_fallback_public_client": wanted.is_fallback_public_client,
        "logout_url": checked_link("logout_url", wanted.logout_url),
        "back_channel_logout_uri": checked_back_channel(ports, wanted.back_channel_logout_uri),
    }
    return _change(ports, actor, object_id, wanted.version, changes)


def add_redirect_uri(ports: Ports, actor: Actor, object_id: ObjectId, redirect: RedirectUri) -> Application:
    """Register one more redirect URI; one that is there already changes nothing.

    Raises NotPermitted, NotFound, InvalidValue.
    """
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> Application:
        before = require_application(tx, object_id)
        guard_change(tx, actor, before)
        after = replace(before, redirect_uris=checked_redirect_uris((*before.redirect_uris, redirect)))
        if after.redirect_uris == before.redirect_uris:
            return before
        tx.applications.replace(after)
        target = application_target(after, _changes(before, after))
        note(tx, record_id, audit.UPDATE_APPLICATION, actor, now, target)
        return require_application(tx, object_id)

    return ports.store.write(actor.tenant_id, work)


def update_application(
    ports: Ports,
    actor: Actor,
    object_id: ObjectId,
    version: int,
    *,
    display_name: str,
    home_page_url: str | None = None,
    privacy_statement_url: str | None = None,
    terms_of_service_url: str | None = None,
) -> Application:
    """Name and links, as people see them when they sign in.

    Raises NotPermitted, NotFound, InvalidValue, and Conflict when the registration changed since *version*.
    """
    changes = {
        "display_name": checked_name(display_name),
        "home_page_url": checked_link("home_page_url", home_page_url),
        "privacy_statement_url": checked_link("privacy_statement_url", privacy_statement_url),
        "terms_of_service_url": checked_link("terms_of_service_url", terms_of_service_url),
    }
    return _change(ports, actor, object_id, version, changes)


def view_application(ports: Ports, actor: Actor, object_id: ObjectId) -> ApplicationView:
    """A registration of this tenant for the portal's pages. Raises NotPermitted (guests), NotFound."""
    if actor.is_guest and not actor.holds_any(APP_WRITING_ROLES):
        raise NotPermitted(CLOUD_APPLICATION_ADMINISTRATOR.name)
    with ports.store.read(actor.tenant_id) as tx:
        application = require_application(tx, object_id)
        owners = (tx.users.find(owner) for owner in tx.applications.owners(application.id))
        return ApplicationView(
            application,
            tx.applications.service_principal(application.app_id),
            tuple(owner.display_name for owner in owners if owner is not None),
            may_change(tx, actor, application),
        )


def list_owned(ports: Ports, actor: Actor, query: Query) -> Page[Application]:
    """**Owned applications** of the signed-in person. Raises NotPermitted for callers without a person."""
    if actor.user_id is None:
        raise NotPermitted("signed-in user")
    mine = AnyOf("owners", Compare("", "eq", actor.user_id))
    with ports.store.read(actor.tenant_id) as tx:
        return tx.applications.list(replace(query, filter=all_of(query.filter, mine)))


def may_register_applications(ports: Ports, actor: Actor) -> bool:
    """Whether **New registration** is open to this person."""
    with ports.store.read(actor.tenant_id) as tx:
        return may_register(tx, actor)


def _change(
    ports: Ports, actor: Actor, object_id: ObjectId, version: int, changes: Mapping[str, object]
) -> Application:
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> Application:
        before = require_application(tx, object_id)
        guard_change(tx, actor, before)
        after = replace(before, **changes, version=version)  # type: ignore[arg-type]  # callers gave the record's types
        tx.applications.replace(after)
        _follow(tx, before, after)
        target = application_target(after, _changes(before, after))
        note(tx, record_id, audit.UPDATE_APPLICATION, actor, now, target)
        return require_application(tx, object_id)

    return ports.store.write(actor.tenant_id, work)


def _follow(tx: Transaction, before: Application, after: Application) -> None:
    """The enterprise app of the same tenant bears the registration's name and home page."""
    if (before.display_name, before.home_page_url) == (after.display_name, after.home_page_url):
        return
    principal = tx.applications.service_principal(after.app_id)
    if principal is not None:
        named = replace(principal, display_name=after.display_name, home_page_url=after.home_page_url)
        tx.applications.replace_service_principal(named)


def _changes(before: Application, after: Application) -> tuple[Change, ...]:
    return tuple(
        Change(
            "".join(part.capitalize() for part in item.name.split("_")),
            _as_json(getattr(before, item.name)),
            _as_json(getattr(after, item.name)),
        )
        for item in fields(Application)
        if item.name != "version" and getattr(before, item.name) != getattr(after, item.name)
    )


def _as_json(value: object) -> str:
    if isinstance(value, tuple):
        return json.dumps([item.uri if isinstance(item, RedirectUri) else str(item) for item in value])
    return json.dumps([] if value is None else [value], ensure_ascii=False)
