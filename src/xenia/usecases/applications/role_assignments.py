"""App role assignments as programs see them, from both sides: who is assigned to an app, and what somebody holds.

People and groups are assigned by ``enterprise_apps``; what an app itself holds is an application permission.
"""

from __future__ import annotations

from collections.abc import Iterable

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.application import AppRoleAssignment, ServicePrincipal
from xenia.core.directory.roles import APP_WRITING_ROLES
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.ids import ObjectId, parse_guid
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.applications.application_rules import WRITE_APPLICATIONS, note, principal_target
from xenia.usecases.applications.enterprise_apps import (
    ASSIGN_PERMISSIONS,
    assign_principal,
    unassign_principal,
)
from xenia.usecases.consent.granted_permissions import guard_graph_role, withdraw_app_role
from xenia.usecases.users.read_directory import sight_of

READ_ASSIGNMENTS = (
    *("Application.Read.All", *WRITE_APPLICATIONS, "Application.ReadWrite.OwnedBy", "Directory.Read.All"),
    "AppRoleAssignment.ReadWrite.All",
)


class SeenAssignment(Record):
    """An assignment with the names of both sides."""

    assignment: AppRoleAssignment
    principal_name: str | None
    resource_name: str | None

    @property
    def id(self) -> str:
        """Of the assignment."""
        return self.assignment.id


def local_principal(tx: Transaction, key: str) -> ServicePrincipal:
    """An app of this tenant by object id or application id, as programs address it. Raises NotFound."""
    guid = parse_guid(key)
    found = (
        tx.applications.find_service_principal(guid) or tx.applications.service_principal(guid)
        if guid
        else None
    )
    if found is None:
        raise NotFound("Resource", key)
    return found


def assigned_to(ports: Ports, actor: Actor, key: str) -> tuple[SeenAssignment, ...]:
    """Everybody assigned to this app. Raises NotPermitted, NotFound."""
    _require_reader(actor)
    with ports.store.read(actor.tenant_id) as tx:
        if not sight_of(tx, actor).reads_groups:
            # Guests who see nobody else are not told who has an app either.
            raise NotPermitted(READ_ASSIGNMENTS[0])
        return seen_assignments(tx, tx.applications.assignments_to(local_principal(tx, key).id))


def held_by(ports: Ports, actor: Actor, key: str) -> tuple[SeenAssignment, ...]:
    """Roles that this app holds at others. Raises NotPermitted, NotFound."""
    _require_reader(actor)
    with ports.store.read(actor.tenant_id) as tx:
        return seen_assignments(tx, tx.applications.assignments_of(local_principal(tx, key).id))


def assign(
    ports: Ports, actor: Actor, principal_id: ObjectId, resource_id: ObjectId, app_role_id: str
) -> SeenAssignment:
    """Give a user, a group or an app a role of the app *resource_id*.

    Raises NotPermitted, NotFound, InvalidValue (no such role for this kind), Conflict (assigned already).
    """
    key = parse_guid(principal_id)
    with ports.store.read(actor.tenant_id) as tx:
        client = tx.applications.find_service_principal(key) if key else None
    if client is None:
        made = assign_principal(ports, actor, resource_id, principal_id, app_role_id)
    else:
        made = _give_permission(ports, actor, client, resource_id, app_role_id)
    with ports.store.read(actor.tenant_id) as tx:
        return seen_assignments(tx, (made,))[0]


def unassign(ports: Ports, actor: Actor, assignment_id: str, *, beside: str) -> None:
    """Take an assignment away, addressed below the app *beside*, on either side of it. Raises NotPermitted, NotFound."""
    with ports.store.read(actor.tenant_id) as tx:
        app = local_principal(tx, beside)
        found = tx.applications.find_assignment(assignment_id)
    if found is None or app.id not in (found.principal_id, found.resource_id):
        raise NotFound("Resource", assignment_id)
    if found.principal_type == "ServicePrincipal":
        withdraw_app_role(ports, actor, found.principal_id, assignment_id)
    else:
        unassign_principal(ports, actor, found.resource_id, assignment_id)


def _give_permission(
    ports: Ports, actor: Actor, client: ServicePrincipal, resource_id: ObjectId, app_role_id: str
) -> AppRoleAssignment:
    actor.require(APP_WRITING_ROLES, *ASSIGN_PERMISSIONS)

    def work(tx: Transaction) -> AppRoleAssignment:
        now = ports.clock.now()
        resource = local_principal(tx, resource_id)
        guard_graph_role(actor, resource)
        application = tx.applications.find_by_app_id(resource.app_id)
        offered = {
            role.id
            for role in (application.app_roles if application else ())
            if role.is_enabled and "Application" in role.allowed_member_types
        }
        if app_role_id not in offered:
            raise InvalidValue("app_role_id", "Permission being assigned was not found on application.")
        held = tx.applications.assignments_of(client.id)
        if any((each.resource_id, each.app_role_id) == (resource.id, app_role_id) for each in held):
            raise Conflict("app_role_id", "Permission being assigned already exists on the object.")
        made = AppRoleAssignment(
            ports.entropy.guid(), client.id, "ServicePrincipal", resource.id, app_role_id, now
        )
        tx.applications.add_assignment(made)
        targets = (principal_target(resource), principal_target(client))
        note(tx, ports.entropy.guid(), audit.GRANT_APP_PERMISSION, actor, now, *targets)
        return made

    return ports.store.write(actor.tenant_id, work)


def _require_reader(actor: Actor) -> None:
    if not actor.may(*READ_ASSIGNMENTS):
        raise NotPermitted(READ_ASSIGNMENTS[0])


def seen_assignments(tx: Transaction, found: Iterable[AppRoleAssignment]) -> tuple[SeenAssignment, ...]:
    """The assignments with the names of both sides."""
    return tuple(
        SeenAssignment(each, _name(tx, each), _principal_name(tx, each.resource_id)) for each in found
    )


def _name(tx: Transaction, assignment: AppRoleAssignment) -> str | None:
    if assignment.principal_type == "ServicePrincipal":
        return _principal_name(tx, assignment.principal_id)
    if assignment.principal_type == "Group":
        group = tx.groups.find(assignment.principal_id)
        return group.display_name if group is not None else None
    user = tx.users.find(assignment.principal_id)
    return user.display_name if user is not None else None


def _principal_name(tx: Transaction, principal_id: ObjectId) -> str | None:
    found = tx.applications.find_service_principal(principal_id)
    return found.display_name if found is not None else None
