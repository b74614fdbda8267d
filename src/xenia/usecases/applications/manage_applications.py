"""App registrations: registering, changing and deleting them.

Credentials: ``application_credentials``; permissions and consent: ``application_permissions``; who is assigned,
and the switches of the enterprise app: ``enterprise_apps``. All are offered here by name, so that callers
have one place to look.
"""

from __future__ import annotations

from collections.abc import Mapping

from xenia.core import audit
from xenia.core.actor import Actor
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
from xenia.ports import Ports, Transaction
from xenia.record import Record, field
from xenia.usecases.applications.application_credentials import (
    LONGEST_SECRET,
    NewSecret,
    add_certificate,
    add_client_secret,
    remove_certificate,
    remove_client_secret,
)
from xenia.usecases.applications.application_lifecycle import delete_application
from xenia.usecases.applications.application_permissions import (
    PermissionLine,
    list_permissions,
    set_api_permissions,
)
from xenia.usecases.applications.application_rules import (
    WRITE_APPLICATIONS,
    application_target,
    checked_name,
    is_over_all,
    may_change,
    may_register,
    note,
    require_application,
)
from xenia.usecases.applications.change_registration import change_registration, checked_change
from xenia.usecases.applications.enterprise_apps import (
    AssignedPrincipal,
    assign_principal,
    list_assigned,
    unassign_principal,
    update_enterprise_app,
)
from xenia.usecases.applications.provision_principal import own_what_was_made, provision_principal
from xenia.usecases.users.read_directory import seen_as_related

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
    "list_assigned",
    "list_permissions",
    "may_register_applications",
    "register_application",
    "register_in",
    "remove_certificate",
    "remove_client_secret",
    "set_api_permissions",
    "unassign_principal",
    "update_application",
    "update_authentication",
    "update_enterprise_app",
    "view_application",
]


_GIVEN = (
    *("audience", "redirect_uris", "id_token_issuance", "identifier_uris", "scopes", "app_roles"),
    *("home_page_url", "logout_url", "is_fallback_public_client", "requested_access_token_version"),
    "back_channel_logout_uri",
)


class NewApplication(Record):
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
    more: Mapping[str, object] = field(default_factory=dict)
    """Further attributes of ``Application``, by name."""


class RegisteredApplication(Record):
    """The registration and its local instance, the enterprise app."""

    application: Application
    principal: ServicePrincipal


class Authentication(Record):
    """The whole Authentication page; ``version`` is that of the registration it was read from."""

    version: int
    redirect_uris: tuple[RedirectUri, ...]
    id_token_issuance: bool
    access_token_issuance: bool
    is_fallback_public_client: bool
    back_channel_logout_uri: str | None
    logout_url: str | None = None
    audience: Audience | None = None
    """None: as it is."""


class ApplicationView(Record):
    """A registration with its surroundings, and whether the actor may change it."""

    application: Application
    principal: ServicePrincipal | None
    owner_names: tuple[str, ...]
    may_change: bool


def register_application(ports: Ports, actor: Actor, order: NewApplication) -> RegisteredApplication:
    """Register an app and its enterprise app (Microsoft Graph: create application, create servicePrincipal).

    The person who registers becomes owner of both. Raises NotPermitted, InvalidValue, and Conflict when a given
    application ID is taken.
    """
    drawn = [ports.entropy.guid() for _ in range(2)]

    def work(tx: Transaction) -> RegisteredApplication:
        application = register_in(ports, tx, actor, order)
        principal = provision_principal(
            tx, actor, application, application.created_at, principal_id=drawn[0], record_id=drawn[1]
        )
        own_what_was_made(tx, actor, principal)
        return RegisteredApplication(application, principal)

    return ports.store.write(actor.tenant_id, work)


def register_in(ports: Ports, tx: Transaction, actor: Actor, order: NewApplication) -> Application:
    """The registration alone, in the transaction of the caller. Raises as ``register_application``."""
    if not may_register(tx, actor):
        raise NotPermitted(CLOUD_APPLICATION_ADMINISTRATOR.name)
    now = ports.clock.now()
    app_id = parse_guid(order.app_id) if order.app_id else ports.entropy.guid()
    object_id = parse_guid(order.object_id) if order.object_id else ports.entropy.guid()
    if app_id is None or object_id is None:
        raise InvalidValue("app_id", "The application ID must be a GUID.")
    blank = Application(object_id, actor.tenant_id, app_id, checked_name(order.display_name), now)
    given = {name: getattr(order, name) for name in _GIVEN}
    application = checked_change(ports, tx, blank, given | dict(order.more))
    tx.applications.add(application)
    if actor.user_id is not None:
        tx.applications.add_owner(application.id, actor.user_id)
    elif actor.service_principal_id is not None and not is_over_all(actor, *WRITE_APPLICATIONS):
        tx.applications.add_owning_app(application.id, actor.service_principal_id)
    record = audit.ADD_APPLICATION
    note(tx, ports.entropy.guid(), record, actor, now, application_target(application))
    return application


def update_authentication(
    ports: Ports, actor: Actor, object_id: ObjectId, wanted: Authentication
) -> Application:
    """Replace redirect URIs, token switches and supported account types as one page.

    Raises NotPermitted, NotFound, InvalidValue, and Conflict when the registration changed since ``version``.
    """
    changes: dict[str, object] = {
        "redirect_uris": wanted.redirect_uris,
        "id_token_issuance": wanted.id_token_issuance,
        "access_token_issuance": wanted.access_token_issuance,
        "is_fallback_public_client": wanted.is_fallback_public_client,
        "logout_url": wanted.logout_url,
        "back_channel_logout_uri": wanted.back_channel_logout_uri,
    }
    if wanted.audience is not None:
        changes["audience"] = wanted.audience
    return change_registration(ports, actor, object_id, changes, wanted.version)


def add_redirect_uri(ports: Ports, actor: Actor, object_id: ObjectId, redirect: RedirectUri) -> Application:
    """Register one more redirect URI; one that is there already changes nothing.

    Raises NotPermitted, NotFound, InvalidValue.
    """

    def more(before: Application) -> dict[str, object]:
        return {"redirect_uris": (*before.redirect_uris, redirect)}

    return change_registration(ports, actor, object_id, more)


def update_application(
    ports: Ports, actor: Actor, object_id: ObjectId, version: int, **texts: str | None
) -> Application:
    """Name, links and notes (attributes of ``Application``), as people see them when they sign in.

    Raises NotPermitted, NotFound, InvalidValue, and Conflict when the registration changed since *version*.
    """
    return change_registration(ports, actor, object_id, texts, version)


def view_application(ports: Ports, actor: Actor, object_id: ObjectId) -> ApplicationView:
    """A registration of this tenant for the portal's pages.

    Raises NotPermitted (guests who do not own it), NotFound.
    """
    with ports.store.read(actor.tenant_id) as tx:
        application = require_application(tx, object_id)
        owner_ids = tx.applications.owners(application.id)
        if actor.is_guest and not actor.holds_any(APP_WRITING_ROLES) and actor.user_id not in owner_ids:
            raise NotPermitted(CLOUD_APPLICATION_ADMINISTRATOR.name)
        people = [user for user in map(tx.users.find, owner_ids) if user is not None]
        seen = seen_as_related(tx, actor, people)
        return ApplicationView(
            application,
            tx.applications.service_principal(application.app_id),
            tuple(each.user.display_name for each in seen if each.user.display_name),
            may_change(tx, actor, application),
        )


def may_register_applications(ports: Ports, actor: Actor) -> bool:
    """Whether **New registration** is open to this person."""
    with ports.store.read(actor.tenant_id) as tx:
        return may_register(tx, actor)
