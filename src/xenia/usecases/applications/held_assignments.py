"""What is assigned to a user or a group itself, from their side; from the app's side it is ``role_assignments``."""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.directory.group import ObjectKind
from xenia.core.errors import NotFound, NotPermitted
from xenia.core.ids import ObjectId, parse_guid
from xenia.ports import Ports, Transaction
from xenia.usecases.applications.enterprise_apps import ASSIGN_PERMISSIONS, unassign_principal
from xenia.usecases.applications.role_assignments import SeenAssignment, seen_assignments
from xenia.usecases.groups.group_rules import require_group
from xenia.usecases.users.read_directory import sight_of

READ_HELD = ("Directory.Read.All", *ASSIGN_PERMISSIONS)


def list_held(ports: Ports, actor: Actor, kind: ObjectKind, key: str) -> tuple[SeenAssignment, ...]:
    """Assignments of a user (by id or name) or group, oldest first. Raises NotPermitted, NotFound."""
    if not actor.may(*READ_HELD):
        raise NotPermitted(READ_HELD[0])
    with ports.store.read(actor.tenant_id) as tx:
        if not sight_of(tx, actor).reads_groups and parse_guid(key) != (actor.user_id or ""):
            # Guests who see nobody else are told of no assignments but their own.
            raise NotPermitted(READ_HELD[0])
        return seen_assignments(tx, tx.applications.assignments_of(_holder(tx, kind, key)))


def drop_held(ports: Ports, actor: Actor, kind: ObjectKind, key: str, assignment_id: str) -> None:
    """Take away one of them. Raises NotPermitted, NotFound."""
    with ports.store.read(actor.tenant_id) as tx:
        given = tx.applications.assignments_of(_holder(tx, kind, key))
    found = next((each for each in given if each.id == assignment_id), None)
    if found is None:
        raise NotFound("Resource", assignment_id)
    unassign_principal(ports, actor, found.resource_id, found.id)


def _holder(tx: Transaction, kind: ObjectKind, key: str) -> ObjectId:
    if kind is ObjectKind.GROUP:
        return require_group(tx, key).id
    guid = parse_guid(key)
    user = tx.users.find(guid) if guid else tx.users.find_by_upn(key)
    if user is None:
        raise NotFound("Resource", key)
    return user.id
