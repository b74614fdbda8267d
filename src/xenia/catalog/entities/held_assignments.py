"""``appRoleAssignments`` of users and groups: what is assigned to them themselves (Microsoft Graph: appRoleAssignment)."""

from __future__ import annotations

from functools import partial

from xenia.catalog.edm import Resource, Values
from xenia.catalog.entities.granted_permissions import APP_ROLE_ASSIGNED_TO, APP_ROLE_ASSIGNMENT
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.directory.application import DEFAULT_ACCESS_ROLE
from xenia.core.directory.group import ObjectKind
from xenia.core.errors import InvalidValue, NotPermitted
from xenia.core.query import Page, Query
from xenia.ports import Ports
from xenia.usecases.applications import held_assignments, role_assignments
from xenia.usecases.applications.enterprise_apps import ASSIGN_PERMISSIONS
from xenia.usecases.applications.held_assignments import READ_HELD
from xenia.usecases.applications.role_assignments import SeenAssignment


def _list(ports: Ports, actor: Actor, key: str, query: Query, *, kind: ObjectKind) -> Page[SeenAssignment]:
    return page_of(held_assignments.list_held(ports, actor, kind, key), query)


def _create(ports: Ports, actor: Actor, key: str, values: Values) -> SeenAssignment:
    if values["principalId"].lower() != key.lower():
        raise InvalidValue(
            "principalId", "The principalId of the assignment must be the object in the address."
        )
    role = values.get("appRoleId") or DEFAULT_ACCESS_ROLE
    return role_assignments.assign(ports, actor, values["principalId"], values["resourceId"], role.lower())


def _delete(ports: Ports, actor: Actor, key: str, assignment_id: str, *, kind: ObjectKind) -> None:
    held_assignments.drop_held(ports, actor, kind, key, assignment_id)


def _list_of_me(ports: Ports, actor: Actor, query: Query) -> Page[SeenAssignment]:
    if actor.user_id is None:
        raise NotPermitted("delegated", "/me request is only valid with delegated authentication flow.")
    return _list(ports, actor, actor.user_id, query, kind=ObjectKind.USER)


def _of(place: str, kind: ObjectKind) -> Resource:
    return Resource(
        f"{place}/{{id}}/appRoleAssignments",
        APP_ROLE_ASSIGNMENT,
        list=partial(_list, kind=kind),
        create=_create,
        delete=partial(_delete, kind=kind),
        read_permits=READ_HELD,
        write_permits=ASSIGN_PERMISSIONS,
        described_at=APP_ROLE_ASSIGNED_TO.path,
        note="Assignments of its own; those by membership in a group are the group's.",
    )


HELD_ASSIGNMENTS: tuple[Resource, ...] = (
    _of("users", ObjectKind.USER),
    _of("groups", ObjectKind.GROUP),
    Resource(
        "me/appRoleAssignments",
        APP_ROLE_ASSIGNMENT,
        list=_list_of_me,
        read_permits=READ_HELD,
        described_at=APP_ROLE_ASSIGNED_TO.path,
    ),
)
