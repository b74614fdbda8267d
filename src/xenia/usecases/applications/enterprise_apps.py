"""Enterprise apps: who is assigned to an app in this tenant, and the switches of its local instance."""

from __future__ import annotations

import json

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import Activity, Change
from xenia.core.directory.application import (
    DEFAULT_ACCESS_ROLE,
    Application,
    AppRoleAssignment,
    ServicePrincipal,
)
from xenia.core.directory.first_party import FIRST_PARTY_APP_IDS
from xenia.core.directory.group import Group
from xenia.core.directory.roles import APP_WRITING_ROLES
from xenia.core.directory.user import User
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.ids import ObjectId, parse_guid
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.applications.application_rules import (
    WRITE_APPLICATIONS,
    guard_change_principal,
    may_change_principal,
    note,
    principal_target,
    require_principal,
)
from xenia.usecases.groups.group_rules import object_target
from xenia.usecases.users.read_directory import seen_as_related, sight_of

ASSIGN_PERMISSIONS = ("AppRoleAssignment.ReadWrite.All", "Directory.ReadWrite.All")
MOST_NOTES = 1024
UPDATE_SERVICE_PRINCIPAL = Activity("Update service principal", "ApplicationManagement")


class AssignedPrincipal(Record):
    """One line of *Users and groups*."""

    assignment: AppRoleAssignment
    principal: User | Group
    role_name: str


def assign_principal(
    ports: Ports,
    actor: Actor,
    resource_id: ObjectId,
    principal_id: ObjectId,
    app_role_id: str = DEFAULT_ACCESS_ROLE,
) -> AppRoleAssignment:
    """Give a user or a security-enabled group a role of the app *resource_id*, or Default Access.

    Raises NotPermitted, NotFound (app or principal), InvalidValue (no such role for users, or a group that cannot
    be assigned), Conflict (assigned already).
    """
    now = ports.clock.now()
    assignment_id, record_id = ports.entropy.guid(), ports.entropy.guid()

    def work(tx: Transaction) -> AppRoleAssignment:
        resource = require_principal(tx, resource_id)
        guard_change_principal(tx, actor, resource, *ASSIGN_PERMISSIONS)
        principal = _require_assignable(tx, principal_id)
        if app_role_id not in {role for role, _ in _roles_for_users(tx, resource)}:
            raise InvalidValue("app_role_id", "Permission being assigned was not found on application.")
        present = tx.applications.assignments_of(principal.id)
        if any((each.resource_id, each.app_role_id) == (resource.id, app_role_id) for each in present):
            raise Conflict("app_role_id", "Permission being assigned already exists on the object.")
        is_group = isinstance(principal, Group)
        kind = "Group" if is_group else "User"
        assignment = AppRoleAssignment(assignment_id, principal.id, kind, resource.id, app_role_id, now)
        tx.applications.add_assignment(assignment)
        activity = audit.ASSIGN_APP_ROLE_TO_GROUP if is_group else audit.ASSIGN_APP_ROLE
        note(tx, record_id, activity, actor, now, principal_target(resource), object_target(principal))
        return assignment

    return ports.store.write(actor.tenant_id, work)


def unassign_principal(ports: Ports, actor: Actor, resource_id: ObjectId, assignment_id: str) -> None:
    """Take an assignment of this app away. Raises NotPermitted, NotFound."""
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        resource = require_principal(tx, resource_id)
        guard_change_principal(tx, actor, resource, *ASSIGN_PERMISSIONS)
        found = next(
            (each for each in tx.applications.assignments_to(resource.id) if each.id == assignment_id), None
        )
        if found is None or not tx.applications.remove_assignment(assignment_id):
            raise NotFound("Resource", assignment_id)
        is_group = found.principal_type == "Group"
        holder = (
            tx.groups.find(found.principal_id)
            if is_group
            else tx.users.find(found.principal_id, deleted=True)
        )
        targets = (principal_target(resource), *((object_target(holder),) if holder else ()))
        activity = audit.REMOVE_APP_ROLE_FROM_GROUP if is_group else audit.REMOVE_APP_ROLE
        note(tx, record_id, activity, actor, now, *targets)

    ports.store.write(actor.tenant_id, work)


def list_assigned(ports: Ports, actor: Actor, resource_id: ObjectId) -> tuple[AssignedPrincipal, ...]:
    """Users and groups assigned to this app, oldest first; of those the actor may not see, the id alone.

    Raises NotPermitted, NotFound.
    """
    if not actor.may("Application.Read.All", *WRITE_APPLICATIONS):
        raise NotPermitted("Application.Read.All")
    with ports.store.read(actor.tenant_id) as tx:
        resource = require_principal(tx, resource_id)
        names = dict(_roles_for_users(tx, resource))
        found = []
        for assignment in tx.applications.assignments_to(resource.id):
            holder = _seen_holder(tx, actor, assignment)
            if holder is not None:
                found.append(
                    AssignedPrincipal(assignment, holder, names.get(assignment.app_role_id, "Default Access"))
                )
        return tuple(found)


def _seen_holder(tx: Transaction, actor: Actor, assignment: AppRoleAssignment) -> User | Group | None:
    holder = _holder(tx, assignment)
    if isinstance(holder, User):
        return seen_as_related(tx, actor, [holder])[0].user
    if holder is None or sight_of(tx, actor).reads_groups:
        return holder
    return replace(holder, display_name="", description=None, mail=None)


def _holder(tx: Transaction, assignment: AppRoleAssignment) -> User | Group | None:
    """The user or group that is assigned; apps' permissions are told elsewhere."""
    if assignment.principal_type == "Group":
        return tx.groups.find(assignment.principal_id)
    return tx.users.find(assignment.principal_id) if assignment.principal_type == "User" else None


def _require_assignable(tx: Transaction, principal_id: ObjectId) -> User | Group:
    key = parse_guid(principal_id)
    found = (tx.users.find(key) or tx.groups.find(key)) if key else None
    if found is None:
        raise NotFound("Resource", principal_id)
    if isinstance(found, Group) and not found.security_enabled:
        raise InvalidValue(
            "principal_id",
            f"The group '{found.display_name}' is not security-enabled and cannot be assigned.",
        )
    return found


def list_roles(ports: Ports, actor: Actor, principal_id: ObjectId) -> tuple[tuple[str, str], ...]:
    """Ids and names of what users can be assigned to. Raises NotPermitted, NotFound."""
    if not actor.may("Application.Read.All", *WRITE_APPLICATIONS):
        raise NotPermitted("Application.Read.All")
    with ports.store.read(actor.tenant_id) as tx:
        return _roles_for_users(tx, require_principal(tx, principal_id))


def registration_of(ports: Ports, actor: Actor, principal_id: ObjectId) -> Application | None:
    """The registration behind an enterprise app, when it is this tenant's own and is there. Raises NotFound."""
    with ports.store.read(actor.tenant_id) as tx:
        found = tx.applications.find_by_app_id(require_principal(tx, principal_id).app_id)
        return found if found is not None and found.tenant_id == actor.tenant_id else None


def may_manage(ports: Ports, actor: Actor, principal_id: ObjectId) -> bool:
    """Whether the actor may change this enterprise app: an administrator of apps, or an owner. Raises NotFound."""
    with ports.store.read(actor.tenant_id) as tx:
        principal = require_principal(tx, principal_id)
        return may_change_principal(tx, actor, principal, *WRITE_APPLICATIONS)


def update_enterprise_app(
    ports: Ports,
    actor: Actor,
    principal_id: ObjectId,
    *,
    account_enabled: bool,
    assignment_required: bool,
    visible_to_users: bool,
    notes: str | None = None,
) -> ServicePrincipal:
    """Set the three switches and, when given, the notes of administrators. Raises NotPermitted, NotFound, InvalidValue (an app that ships with this server)."""
    now, record_id = ports.clock.now(), ports.entropy.guid()
    wanted: dict[str, object] = {
        "account_enabled": account_enabled,
        "assignment_required": assignment_required,
        "visible_to_users": visible_to_users,
    }
    if notes is not None:
        wanted["notes"] = _checked_notes(notes)

    def work(tx: Transaction) -> ServicePrincipal:
        before = require_principal(tx, principal_id)
        guard_change_principal(tx, actor, before, *WRITE_APPLICATIONS)
        if before.app_id in FIRST_PARTY_APP_IDS:
            # Switched off, nobody could come back to switch it on.
            raise InvalidValue("account_enabled", "Apps that ship with this server cannot be changed.")
        after = replace(before, **wanted)  # type: ignore[arg-type]  # named as the record's attributes
        if after == before:
            return before
        tx.applications.replace_service_principal(after)
        changes = tuple(
            Change(_wire(name), json.dumps([getattr(before, name)]), json.dumps([value]))
            for name, value in wanted.items()
            if getattr(before, name) != value
        )
        note(tx, record_id, UPDATE_SERVICE_PRINCIPAL, actor, now, principal_target(after, changes))
        return after

    return ports.store.write(actor.tenant_id, work)


def _roles_for_users(tx: Transaction, principal: ServicePrincipal) -> tuple[tuple[str, str], ...]:
    application: Application | None = tx.applications.find_by_app_id(principal.app_id)
    roles = tuple(
        (role.id, role.display_name)
        for role in (application.app_roles if application else ())
        if role.is_enabled and "User" in role.allowed_member_types
    )
    return roles or ((DEFAULT_ACCESS_ROLE, "Default Access"),)


def _wire(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def remove_enterprise_app(ports: Ports, actor: Actor, principal_id: ObjectId) -> None:
    """Take an app of another organization out of this one, with everything it was granted; its tokens end.

    Raises NotPermitted, NotFound, InvalidValue for an app of this organization or one that ships with the server.
    """
    actor.require(APP_WRITING_ROLES, *WRITE_APPLICATIONS)

    def work(tx: Transaction) -> None:
        principal = require_principal(tx, principal_id)
        if principal.owner_tenant_id == actor.tenant_id:
            raise InvalidValue("id", "Delete the app registration instead: this app is registered here.")
        _remove(ports, tx, actor, principal)

    ports.store.write(actor.tenant_id, work)


def delete_service_principal(ports: Ports, actor: Actor, principal_id: ObjectId) -> None:
    """Microsoft Graph: delete servicePrincipal. For good: what it was granted, and who was assigned, goes with it.

    A registration of this organization stays, and a new one can be made of it. Raises NotPermitted, NotFound,
    InvalidValue for an app that ships with the server.
    """

    def work(tx: Transaction) -> None:
        principal = require_principal(tx, principal_id)
        guard_change_principal(tx, actor, principal, *WRITE_APPLICATIONS)
        _remove(ports, tx, actor, principal)

    ports.store.write(actor.tenant_id, work)


def _remove(ports: Ports, tx: Transaction, actor: Actor, principal: ServicePrincipal) -> None:
    if principal.app_id in FIRST_PARTY_APP_IDS:
        raise InvalidValue("id", "Apps that ship with this server cannot be deleted.")
    now = ports.clock.now()
    tx.sign_ins.revoke_families_by(principal.app_id, None, now)
    tx.applications.remove_service_principal(principal.id)
    target = principal_target(principal)
    note(tx, ports.entropy.guid(), audit.REMOVE_SERVICE_PRINCIPAL, actor, now, target)


def _checked_notes(text: str) -> str | None:
    notes = text.replace("\r\n", "\n").strip()
    if len(notes) > MOST_NOTES or not all(sign.isprintable() or sign == "\n" for sign in notes):
        raise InvalidValue("notes", f"Enter a text of at most {MOST_NOTES} characters.")
    return notes or None
