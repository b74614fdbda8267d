"""API permissions of an app: which it asks for, and which are granted. Granting them is ``granted_permissions``'s.

Application permissions become role assignments of the client's service principal, delegated ones a grant for
all principals. What a token then carries is decided where tokens are issued.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.application import (
    Application,
    RequiredResourceAccess,
    ServicePrincipal,
)
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR
from xenia.core.errors import InvalidValue, NotFound, NotPermitted
from xenia.core.ids import AppId, ObjectId
from xenia.core.query import Order, Query
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.applications.application_rules import (
    READ_APPLICATION_DETAILS,
    application_target,
    guard_change,
    note,
    require_application,
)

DELEGATED, APPLICATION = "Scope", "Role"
MOST_PERMISSIONS = 400
MOST_APIS = 500
"""Shown to choose from."""
_GLOBAL = frozenset({GLOBAL_ADMINISTRATOR.template_id})


class PermissionLine(Record):
    """One permission an app asks for or has, in words."""

    resource_app_id: AppId
    resource_name: str
    id: str
    kind: str
    """``Scope`` (delegated) or ``Role`` (application)."""
    value: str
    title: str
    admin_only: bool
    is_configured: bool
    is_granted: bool


def set_api_permissions(
    ports: Ports,
    actor: Actor,
    object_id: ObjectId,
    version: int,
    resource_app_id: AppId,
    access: Iterable[tuple[str, str]],
) -> Application:
    """Replace what the app asks of one resource: pairs of permission id and ``Scope`` or ``Role``.

    Raises NotPermitted, NotFound (app or resource), InvalidValue (no such permission), and Conflict when the
    registration changed since *version*.
    """
    wanted = tuple(dict.fromkeys(access))
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> Application:
        application = require_application(tx, object_id)
        guard_change(tx, actor, application)
        resource = _resource(tx, resource_app_id)[0]
        offered = {(item.id, item.kind) for item in _offered(resource)}
        if not set(wanted) <= offered:
            raise InvalidValue("permissions", f"{resource.display_name} does not offer this permission.")
        others = tuple(
            each for each in application.required_resource_access if each.resource_app_id != resource_app_id
        )
        if len(wanted) + sum(len(each.access) for each in others) > MOST_PERMISSIONS:
            raise InvalidValue("permissions", f"An app asks for at most {MOST_PERMISSIONS} permissions.")
        mine = (RequiredResourceAccess(resource_app_id, wanted),) if wanted else ()
        tx.applications.replace(
            replace(application, required_resource_access=(*others, *mine), version=version)
        )
        note(tx, record_id, audit.UPDATE_APPLICATION, actor, now, application_target(application))
        return require_application(tx, object_id)

    return ports.store.write(actor.tenant_id, work)


def list_permissions(ports: Ports, actor: Actor, object_id: ObjectId) -> tuple[PermissionLine, ...]:
    """What the app asks for and what it has, configured ones first. Raises NotPermitted, NotFound."""
    if not actor.may(*READ_APPLICATION_DETAILS):
        raise NotPermitted(READ_APPLICATION_DETAILS[0])
    with ports.store.read(actor.tenant_id) as tx:
        application = require_application(tx, object_id)
        client = tx.applications.service_principal(application.app_id)
        lines: list[PermissionLine] = []
        for app_id in _resources_of(tx, application, client):
            resource, principal = _resource(tx, app_id)
            lines.extend(_lines(tx, application, client, resource, principal))
        return tuple(sorted(lines, key=lambda line: not line.is_configured))


class OfferedPermission(Record):
    """A permission of an API, in words; ``kind`` is ``Scope`` (delegated) or ``Role`` (application)."""

    id: str
    kind: str
    value: str
    title: str
    admin_only: bool


def _offered(resource: Application) -> Iterator[OfferedPermission]:
    for scope in resource.scopes:
        if scope.is_enabled:
            title = scope.admin_consent_display_name or scope.value
            yield OfferedPermission(scope.id, DELEGATED, scope.value, title, scope.type == "Admin")
    for role in resource.app_roles:
        if role.is_enabled and "Application" in role.allowed_member_types:
            yield OfferedPermission(
                role.id, APPLICATION, role.value or "", role.display_name, admin_only=True
            )


def _resource(tx: Transaction, app_id: AppId) -> tuple[Application, ServicePrincipal]:
    application = tx.applications.find_by_app_id(app_id)
    principal = tx.applications.service_principal(app_id)
    # Found platform-wide: without a service principal here the resource is none of this tenant's.
    if application is None or principal is None:
        raise NotFound("Resource", app_id)
    return application, principal


def list_apis(ports: Ports, actor: Actor) -> tuple[tuple[AppId, str], ...]:
    """Client IDs and names of the APIs this tenant knows that offer anything, by name. Raises NotPermitted."""
    if not actor.may(*READ_APPLICATION_DETAILS):
        raise NotPermitted(READ_APPLICATION_DETAILS[0])
    with ports.store.read(actor.tenant_id) as tx:
        page = tx.applications.list_service_principals(Query(None, (Order("display_name"),), MOST_APIS))
        return tuple(
            (each.app_id, each.display_name) for each in page.items if offered_pairs(tx, each.app_id)
        )


def list_offered(ports: Ports, actor: Actor, app_id: AppId) -> tuple[OfferedPermission, ...]:
    """What this API offers. Raises NotPermitted, NotFound (it is not in this tenant)."""
    if not actor.may(*READ_APPLICATION_DETAILS):
        raise NotPermitted(READ_APPLICATION_DETAILS[0])
    with ports.store.read(actor.tenant_id) as tx:
        return tuple(_offered(_resource(tx, app_id)[0]))


def offered_pairs(tx: Transaction, app_id: AppId) -> set[tuple[str, str]]:
    """Ids of what this API offers in the transaction's tenant, each with ``Scope`` or ``Role``; empty when it is not here."""
    application = tx.applications.find_by_app_id(app_id)
    if application is None or tx.applications.service_principal(app_id) is None:
        return set()
    return {(item.id, item.kind) for item in _offered(application)}


def _resources_of(
    tx: Transaction, application: Application, client: ServicePrincipal | None
) -> tuple[AppId, ...]:
    asked = [
        each.resource_app_id
        for each in application.required_resource_access
        if tx.applications.service_principal(each.resource_app_id) is not None
    ]
    held = []
    if client is not None:
        resources = {each.resource_id for each in tx.applications.assignments_of(client.id)}
        resources |= {each.resource_id for each in tx.applications.grants_of(client.id)}
        principals = (tx.applications.find_service_principal(each) for each in sorted(resources))
        held = [principal.app_id for principal in principals if principal is not None]
    return tuple(dict.fromkeys((*asked, *held)))


def _lines(
    tx: Transaction,
    application: Application,
    client: ServicePrincipal | None,
    resource: Application,
    principal: ServicePrincipal,
) -> Iterator[PermissionLine]:
    configured = {
        pair
        for required in application.required_resource_access
        if required.resource_app_id == resource.app_id
        for pair in required.access
    }
    roles, scopes = _held(tx, client, principal)
    for item in _offered(resource):
        granted = item.id in roles if item.kind == APPLICATION else item.value in scopes
        if (item.id, item.kind) in configured or granted:
            yield PermissionLine(
                resource.app_id,
                resource.display_name,
                item.id,
                item.kind,
                item.value,
                item.title,
                item.admin_only,
                (item.id, item.kind) in configured,
                granted,
            )


def _held(
    tx: Transaction, client: ServicePrincipal | None, resource: ServicePrincipal
) -> tuple[set[str], set[str]]:
    """Ids of application permissions and values of delegated ones granted for everybody."""
    if client is None:
        return set(), set()
    roles = {
        each.app_role_id
        for each in tx.applications.assignments_of(client.id)
        if each.resource_id == resource.id
    }
    scopes = {
        value
        for grant in tx.applications.grants_of(client.id)
        if grant.resource_id == resource.id and grant.consent_type == "AllPrincipals"
        for value in grant.scopes
    }
    return roles, scopes
