"""Permissions of apps (Microsoft Graph: appRoleAssignment, oAuth2PermissionGrant, delegatedPermissionClassification)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xenia.catalog.edm import Edm, Entity, Op, Prop, Resource, Service, Values, Write
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.directory.application import DEFAULT_ACCESS_ROLE, DelegatedGrant
from xenia.core.errors import InvalidValue, NotFound
from xenia.core.ids import parse_guid
from xenia.core.query import Page, Query
from xenia.ports import Ports
from xenia.usecases.applications import role_assignments
from xenia.usecases.applications.enterprise_apps import ASSIGN_PERMISSIONS
from xenia.usecases.applications.role_assignments import SeenAssignment
from xenia.usecases.consent import granted_permissions, permission_classifications
from xenia.usecases.consent.permission_classifications import Classification

Lister = Callable[[Ports, Actor, str], tuple[SeenAssignment, ...]]

# --- app role assignments ---------------------------------------------------------------------------

APP_ROLE_ASSIGNMENT = Entity(
    "appRoleAssignment",
    "A role of an app, given to a user, a group or another app.",
    (
        Prop("id", nullable=False),
        Prop("appRoleId", Edm.GUID, "assignment.app_role_id", nullable=False, write=Write.CREATE),
        Prop("createdDateTime", Edm.DATE, "assignment.created_at"),
        Prop("principalDisplayName", attribute="principal_name"),
        Prop("principalId", Edm.GUID, "assignment.principal_id", write=Write.CREATE, required=True),
        Prop("principalType", attribute="assignment.principal_type"),
        Prop("resourceDisplayName", attribute="resource_name"),
        Prop("resourceId", Edm.GUID, "assignment.resource_id", write=Write.CREATE, required=True),
    ),
    base="directoryObject",
)


def _list(read: Lister, ports: Ports, actor: Actor, key: str, query: Query) -> Page[SeenAssignment]:
    return page_of(read(ports, actor, key), query)


def _get(read: Lister, ports: Ports, actor: Actor, key: str, assignment_id: str) -> SeenAssignment:
    found = next((each for each in read(ports, actor, key) if each.id == assignment_id), None)
    if found is None:
        raise NotFound("Resource", assignment_id)
    return found


def _assign(side: str, ports: Ports, actor: Actor, key: str, values: Values) -> SeenAssignment:
    with ports.store.read(actor.tenant_id) as tx:
        addressed = role_assignments.local_principal(tx, key)
    if parse_guid(values[side]) != addressed.id:
        raise InvalidValue(
            side, f"The {side} of the assignment must be the service principal in the address."
        )
    role = values.get("appRoleId") or DEFAULT_ACCESS_ROLE
    return role_assignments.assign(ports, actor, values["principalId"], values["resourceId"], role.lower())


def _unassign(ports: Ports, actor: Actor, key: str, assignment_id: str) -> None:
    role_assignments.unassign(ports, actor, assignment_id, beside=key)


def _assignments(name: str, read: Lister, side: str, note: str) -> Resource:
    return Resource(
        f"servicePrincipals/{{id}}/{name}",
        APP_ROLE_ASSIGNMENT,
        list=partial(_list, read),
        get=partial(_get, read),
        create=partial(_assign, side),
        delete=_unassign,
        read_permits=role_assignments.READ_ASSIGNMENTS,
        write_permits=ASSIGN_PERMISSIONS,
        note=note,
    )


APP_ROLE_ASSIGNED_TO = _assignments(
    "appRoleAssignedTo",
    role_assignments.assigned_to,
    "resourceId",
    "Users, groups and apps that are assigned to the app.",
)
APP_ROLE_ASSIGNMENTS = _assignments(
    "appRoleAssignments",
    role_assignments.held_by,
    "principalId",
    "Application permissions that the app holds. Those of Microsoft Graph are a Global Administrator's to give.",
)

# --- delegated grants ---------------------------------------------------------------------------------

PERMISSION_GRANT = Entity(
    "oAuth2PermissionGrant",
    "Delegated permissions an app may use for one user, or for everybody (consent).",
    (
        Prop("id", nullable=False),
        Prop("clientId", nullable=False, filter=Op.EQ, write=Write.CREATE, required=True),
        Prop(
            "consentType",
            filter=Op.EQ,
            write=Write.CREATE,
            required=True,
            values=("AllPrincipals", "Principal"),
        ),
        Prop("principalId", filter=Op.EQ, write=Write.CREATE),
        Prop("resourceId", nullable=False, filter=Op.EQ, write=Write.CREATE, required=True),
        Prop("scope", write=Write.BOTH, read=lambda grant: " ".join(grant.scopes)),
    ),
)


def _create_grant(ports: Ports, actor: Actor, values: Values) -> DelegatedGrant:
    order = DelegatedGrant(
        id="",
        client_id=values["clientId"] or "",
        consent_type=values["consentType"] or "",
        principal_id=values.get("principalId"),
        resource_id=values["resourceId"] or "",
        scopes=tuple((values.get("scope") or "").split()),
    )
    return granted_permissions.create_grant(ports, actor, order)


def _update_grant(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    if values.get("scope") is not None:
        granted_permissions.set_scopes(ports, actor, key, tuple(values["scope"].split()))


PERMISSION_GRANTS = Resource(
    "oauth2PermissionGrants",
    PERMISSION_GRANT,
    list=granted_permissions.list_grants,
    get=granted_permissions.get_grant,
    create=_create_grant,
    update=_update_grant,
    delete=granted_permissions.withdraw_grant,
    read_permits=granted_permissions.READ_GRANTS,
    write_permits=granted_permissions.WRITE_GRANTS,
    note="What is taken back ends the app's refresh tokens for those it concerned, at once.",
)


def _grants_of(ports: Ports, actor: Actor, key: str, query: Query) -> Page[DelegatedGrant]:
    with ports.store.read(actor.tenant_id) as tx:
        client = role_assignments.local_principal(tx, key)
    return page_of(granted_permissions.grants_of(ports, actor, client.id), query)


GRANTS_OF_PRINCIPAL = Resource(
    "servicePrincipals/{id}/oauth2PermissionGrants",
    PERMISSION_GRANT,
    list=_grants_of,
    read_permits=granted_permissions.READ_GRANTS,
    note="Told only; changed at `oauth2PermissionGrants`.",
)

# --- classifications ------------------------------------------------------------------------------------

CLASSIFICATION = Entity(
    "delegatedPermissionClassification",
    "A delegated permission that people may agree to themselves where the setting asks for low impact.",
    (
        Prop("id", nullable=False),
        Prop("classification", read=lambda _record: "low", write=Write.CREATE, values=("low",)),
        Prop("permissionId", attribute="id", write=Write.CREATE),
        Prop("permissionName", attribute="permission_name", write=Write.CREATE),
    ),
)


def _list_low(ports: Ports, actor: Actor, key: str, query: Query) -> Page[Classification]:
    return page_of(permission_classifications.list_low(ports, actor, key), query)


def _get_low(ports: Ports, actor: Actor, key: str, permission_id: str) -> Classification:
    low = permission_classifications.list_low(ports, actor, key)
    found = next((each for each in low if each.id == permission_id.lower()), None)
    if found is None:
        raise NotFound("Resource", permission_id)
    return found


def _classify(ports: Ports, actor: Actor, key: str, values: Values) -> Classification:
    if (values.get("classification") or "low").lower() != "low":
        raise InvalidValue("classification", "The classification low is served.")
    named = values.get("permissionId") or values.get("permissionName") or ""
    return permission_classifications.classify(ports, actor, key, named)


CLASSIFICATIONS = Resource(
    "servicePrincipals/{id}/delegatedPermissionClassifications",
    CLASSIFICATION,
    Service.POLICIES,
    list=_list_low,
    get=_get_low,
    create=_classify,
    delete=permission_classifications.unclassify,
    read_permits=permission_classifications.READ_CLASSIFICATIONS,
    write_permits=permission_classifications.WRITE_CLASSIFICATIONS,
    note="The id is that of the permission. `low` is served.",
)

PERMISSION_RESOURCES = (
    APP_ROLE_ASSIGNED_TO,
    APP_ROLE_ASSIGNMENTS,
    PERMISSION_GRANTS,
    GRANTS_OF_PRINCIPAL,
    CLASSIFICATIONS,
)
