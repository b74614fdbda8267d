"""Service principals of the tenant, role assignments and consent grants."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from xenia.core.directory.application import AppRoleAssignment, DelegatedGrant, ServicePrincipal
from xenia.core.errors import NotFound
from xenia.core.ids import AppId, ObjectId, fold
from xenia.core.query import Page, Query
from xenia.storage.columns import Words
from xenia.storage.documents import Document, written
from xenia.storage.filter_sql import Collection, Searchable, attribute_columns
from xenia.storage.paging import list_page
from xenia.storage.schema.applications import (
    app_role_assignments,
    delegated_grants,
    principal_owners,
    service_principals,
)
from xenia.storage.schema.directory import role_members
from xenia.storage.schema.groups import group_members, group_owners, groups
from xenia.storage.transactions import Both, Kept, Repository

_PRINCIPAL = Document(ServicePrincipal)
_ASSIGNMENT = Document(AppRoleAssignment)
_GRANT = Document(DelegatedGrant)
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_ID: sa.BindParameter[Any] = sa.bindparam("own_id", type_=Words)
_c = service_principals.c
_SELF = (_c.tenant_id == _TENANT, _c.id == _ID)
_assignments = app_role_assignments.c
_grants = delegated_grants.c

_LIVE = _c.deleted_at.is_(None)
_ANY_BY_APP_ID = sa.select(_c.doc).where(_c.tenant_id == _TENANT, _c.app_id == sa.bindparam("app_id"))
_BY_APP_ID = _ANY_BY_APP_ID.where(_LIVE)
_FIND = Kept(sa.select(_c.doc).where(*_SELF, _LIVE))
_ADD = sa.insert(service_principals)
_REPLACE = sa.update(service_principals).where(*_SELF)
_REMOVE = sa.delete(service_principals).where(*_SELF)
# What refers to a service principal without a foreign key, because it may as well refer to a user.
LOOSE_ENDS = (
    (role_members.c.tenant_id, role_members.c.principal_id),
    (_assignments.tenant_id, _assignments.principal_id),
    (group_members.c.tenant_id, group_members.c.object_id),
    (group_owners.c.tenant_id, group_owners.c.object_id),
    (principal_owners.c.tenant_id, principal_owners.c.object_id),
)
_DROP_LOOSE_ENDS = tuple(
    sa.delete(owner.table).where(tenant == _TENANT, owner == _ID) for tenant, owner in LOOSE_ENDS
)
_ASSIGNMENTS = (
    sa.select(_assignments.doc)
    .where(_assignments.tenant_id == _TENANT)
    .order_by(_assignments.created_at, _assignments.id)
)
_ASSIGNMENTS_OF = _ASSIGNMENTS.where(_assignments.principal_id == _ID)
# Their own and those of the groups they are in themselves: groups in groups do not hand assignments on.
_HOLDERS = sa.union_all(
    sa.select(_ID),
    sa.select(group_members.c.group_id)
    .join(
        groups,
        sa.and_(groups.c.tenant_id == group_members.c.tenant_id, groups.c.id == group_members.c.group_id),
    )
    .where(
        group_members.c.tenant_id == _TENANT,
        group_members.c.object_id == _ID,
        groups.c.security_enabled.is_(sa.true()),
    ),
)
_ASSIGNMENTS_HELD = _ASSIGNMENTS.where(_assignments.principal_id.in_(_HOLDERS))
_ASSIGNMENTS_TO = _ASSIGNMENTS.where(_assignments.resource_id == _ID)
_ADD_ASSIGNMENT = sa.insert(app_role_assignments)
_REMOVE_ASSIGNMENT = sa.delete(app_role_assignments).where(
    _assignments.tenant_id == _TENANT, _assignments.id == _ID
)
_GRANTS_OF = (
    sa.select(_grants.doc).where(_grants.tenant_id == _TENANT, _grants.client_id == _ID).order_by(_grants.id)
)
_PUT_GRANT = Both(
    delegated_grants, ("tenant_id", "client_id", "principal_key", "resource_id"), update=("id", "doc")
)
_FIND_GRANT = sa.select(_grants.doc).where(_grants.tenant_id == _TENANT, _grants.id == _ID)
_FIND_ASSIGNMENT = sa.select(_assignments.doc).where(
    _assignments.tenant_id == _TENANT, _assignments.id == _ID
)
_REMOVE_GRANT = sa.delete(delegated_grants).where(_grants.tenant_id == _TENANT, _grants.id == _ID)

_owned = principal_owners.c
_OWNERS = (
    sa.select(_owned.object_id)
    .where(_owned.tenant_id == _TENANT, _owned.principal_id == _ID)
    .order_by(_owned.object_id)
)
_ADD_OWNER = Both(principal_owners, ("tenant_id", "principal_id", "object_id"))
_REMOVE_OWNER = sa.delete(principal_owners).where(
    _owned.tenant_id == _TENANT, _owned.principal_id == _ID, _owned.object_id == sa.bindparam("owner")
)

SEARCHABLE = Searchable(
    _c.id,
    _c.tenant_id,
    attribute_columns(service_principals),
    {"owners": Collection(_owned.principal_id, {"": _owned.object_id})},
)
_SEARCHABLE_GRANTS = Searchable(
    _grants.id,
    _grants.tenant_id,
    {
        "id": _grants.id,
        "client_id": _grants.client_id,
        "principal_id": _grants.principal_key,
        "resource_id": _grants.resource_id,
    },
)


class Principals(Repository):
    """The part of ``ports.Applications`` about local instances, assignments and grants."""

    __slots__ = ()

    def service_principal(self, app_id: AppId, *, deleted: bool = False) -> ServicePrincipal | None:
        """The local instance of the application in this tenant. With ``deleted`` also a deleted one is found."""
        if deleted:
            found = self._first(_ANY_BY_APP_ID, {"own_tenant": self._tenant, "app_id": app_id})
            return None if found is None else _PRINCIPAL.read(found[0])

        def read() -> ServicePrincipal | None:
            row = self._first(_BY_APP_ID, {"own_tenant": self._tenant, "app_id": app_id})
            return None if row is None else _PRINCIPAL.read(row[0])

        return self._scope.directory.record(("principal", self._tenant, app_id), read)

    def find_service_principal(self, object_id: ObjectId) -> ServicePrincipal | None:
        """By object id."""
        row = self._first(_FIND, self._own(object_id))
        return None if row is None else _PRINCIPAL.read(row[0])

    def list_service_principals(self, query: Query) -> Page[ServicePrincipal]:
        """Enterprise apps of this tenant."""
        return list_page(
            self._scope.connection,
            SEARCHABLE,
            query,
            self._tenant,
            lambda row: _PRINCIPAL.read(row[0]),
            columns=(_c.doc,),
            within=(_LIVE,),
        )

    def add_service_principal(self, principal: ServicePrincipal) -> None:
        """Raises Conflict when the tenant has one for this app id."""
        self._check_owner(principal.tenant_id)
        with self._refusing():
            self._run(_ADD, _columns(principal))

    def replace_service_principal(self, principal: ServicePrincipal) -> None:
        """Raises NotFound."""
        self._check_owner(principal.tenant_id)
        with self._refusing():
            if not self._run(_REPLACE, {**self._own(principal.id), **_columns(principal)}):
                raise NotFound("Service principal", principal.id)

    def remove_service_principal(self, object_id: ObjectId) -> None:
        """With the assignments and grants from and to it."""
        for statement in (*_DROP_LOOSE_ENDS, _REMOVE):
            self._run(statement, self._own(object_id))

    def principal_owners(self, principal_id: ObjectId) -> tuple[ObjectId, ...]:
        """Object ids of users and service principals that own this enterprise app."""
        return tuple(row[0] for row in self._all(_OWNERS, self._own(principal_id)))

    def add_principal_owner(self, principal_id: ObjectId, owner_id: ObjectId) -> None:
        """An owner already is fine. Raises NotFound when there is no such enterprise app in this tenant."""
        row = {"tenant_id": self._tenant, "principal_id": principal_id, "object_id": owner_id}
        with self._refusing():
            self._run(_ADD_OWNER, row)

    def remove_principal_owner(self, principal_id: ObjectId, owner_id: ObjectId) -> bool:
        """False when it was no owner."""
        return self._run(_REMOVE_OWNER, {**self._own(principal_id), "owner": owner_id}) == 1

    def assignments_of(self, principal_id: ObjectId) -> tuple[AppRoleAssignment, ...]:
        """Roles given to this user, group or service principal, oldest first."""
        return tuple(_ASSIGNMENT.read(row[0]) for row in self._all(_ASSIGNMENTS_OF, self._own(principal_id)))

    def assignments_held(self, user_id: ObjectId) -> tuple[AppRoleAssignment, ...]:
        """The user's own assignments and those of security-enabled groups with this direct member, oldest first."""
        return tuple(_ASSIGNMENT.read(row[0]) for row in self._all(_ASSIGNMENTS_HELD, self._own(user_id)))

    def assignments_to(self, resource_id: ObjectId) -> tuple[AppRoleAssignment, ...]:
        """Everybody assigned to this service principal, oldest first."""
        return tuple(_ASSIGNMENT.read(row[0]) for row in self._all(_ASSIGNMENTS_TO, self._own(resource_id)))

    def add_assignment(self, assignment: AppRoleAssignment) -> None:
        """Raises Conflict when the same assignment exists, NotFound when the resource is not here."""
        with self._refusing():
            self._run(
                _ADD_ASSIGNMENT,
                {
                    "tenant_id": self._tenant,
                    "id": assignment.id,
                    "principal_id": assignment.principal_id,
                    "resource_id": assignment.resource_id,
                    "app_role_id": assignment.app_role_id,
                    "created_at": assignment.created_at,
                    "doc": written(assignment),
                },
            )

    def remove_assignment(self, assignment_id: str) -> bool:
        """False when there was none."""
        return self._run(_REMOVE_ASSIGNMENT, self._own(assignment_id)) == 1

    def find_assignment(self, assignment_id: str) -> AppRoleAssignment | None:
        """By id."""
        row = self._first(_FIND_ASSIGNMENT, self._own(assignment_id))
        return None if row is None else _ASSIGNMENT.read(row[0])

    def find_grant(self, grant_id: str) -> DelegatedGrant | None:
        """By id."""
        row = self._first(_FIND_GRANT, self._own(grant_id))
        return None if row is None else _GRANT.read(row[0])

    def list_grants(self, query: Query) -> Page[DelegatedGrant]:
        """All of the tenant. Everybody's grants have the empty text as their ``principal_id``."""
        return list_page(
            self._scope.connection,
            _SEARCHABLE_GRANTS,
            query,
            self._tenant,
            lambda row: _GRANT.read(row[0]),
            columns=(_grants.doc,),
        )

    def grants_of(self, client_id: ObjectId) -> tuple[DelegatedGrant, ...]:
        """Delegated grants given to this client service principal."""
        return tuple(_GRANT.read(row[0]) for row in self._all(_GRANTS_OF, self._own(client_id)))

    def put_grant(self, grant: DelegatedGrant) -> None:
        """Add, or replace the one with the same client, principal and resource.

        Raises NotFound when client or resource are not here.
        """
        with self._refusing():
            self._run(
                _PUT_GRANT,
                {
                    "tenant_id": self._tenant,
                    "id": grant.id,
                    "client_id": grant.client_id,
                    "principal_key": grant.principal_id or "",
                    "resource_id": grant.resource_id,
                    "doc": written(grant),
                },
            )

    def remove_grant(self, grant_id: str) -> bool:
        """False when there was none."""
        return self._run(_REMOVE_GRANT, self._own(grant_id)) == 1

    def _own(self, identifier: str) -> dict[str, str]:
        return {"own_tenant": self._tenant, "own_id": identifier}


def _columns(principal: ServicePrincipal) -> dict[str, Any]:
    return {
        "tenant_id": principal.tenant_id,
        "id": principal.id,
        "app_id": principal.app_id,
        "display_name_key": fold(principal.display_name),
        "owner_tenant_id": principal.owner_tenant_id,
        "created_at": principal.created_at,
        "account_enabled": principal.account_enabled,
        "assignment_required": principal.assignment_required,
        "visible_to_users": principal.visible_to_users,
        "home_page_url_key": None if principal.home_page_url is None else fold(principal.home_page_url),
        "doc": written(principal),
        "deleted_at": principal.deleted_at,
    }
