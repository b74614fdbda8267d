"""Groups of the tenant, their members and owners, and membership through groups in groups.

Membership may run in circles: every walk is a recursive query that keeps what it has seen (``UNION``), and an
object is never told as a member of itself.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.group import HIDDEN_MEMBERSHIP, DirectoryObject, Group, GroupLink, ObjectKind
from xenia.core.directory.user import User
from xenia.core.errors import NotFound
from xenia.core.ids import ObjectId, fold
from xenia.core.query import Order, Page, Query
from xenia.storage.columns import Words
from xenia.storage.documents import Document, written
from xenia.storage.filter_sql import Collection, Condition, Searchable, attribute_columns
from xenia.storage.paging import list_page
from xenia.storage.principals import SEARCHABLE as PRINCIPALS
from xenia.storage.schema.applications import app_role_assignments, service_principals
from xenia.storage.schema.directory import users
from xenia.storage.schema.groups import group_members, group_owners, groups
from xenia.storage.transactions import Both, Kept, Repository
from xenia.storage.user_rows import SEARCHABLE as USERS

_READERS: dict[str, Document[Any]] = {
    ObjectKind.USER: Document(User),
    ObjectKind.GROUP: Document(Group),
    ObjectKind.SERVICE_PRINCIPAL: Document(ServicePrincipal),
}
_GROUP: Document[Group] = Document(Group)
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant", type_=Words)
_ID: sa.BindParameter[Any] = sa.bindparam("own_id", type_=Words)
_OBJECT: sa.BindParameter[Any] = sa.bindparam("object_id", type_=Words)
_g = groups.c
_SELF = (_g.tenant_id == _TENANT, _g.id == _ID)
_TABLES = {GroupLink.MEMBER: group_members, GroupLink.OWNER: group_owners}
_LIVE = users.c.deleted_at.is_(None)
_VISIBLE: Condition = sa.or_(_g.visibility_key.is_(None), _g.visibility_key != fold(HIDDEN_MEMBERSHIP))

_kinds = groups.alias("kinds")
SEARCHABLE = Searchable(
    _g.id,
    _g.tenant_id,
    attribute_columns(groups),
    {
        "group_types": Collection(
            _kinds.c.id, {"": _kinds.c.group_type_key}, (_kinds.c.group_type_key.is_not(None),)
        )
    },
)


def _as_objects(table: sa.Table, kind: ObjectKind) -> sa.Select[Any]:
    c = table.c
    return sa.select(
        c.id, c.tenant_id, c.display_name_key, sa.literal(kind.value, Words).label("kind"), c.doc
    )


_objects = sa.union_all(
    _as_objects(users, ObjectKind.USER).where(_LIVE),
    _as_objects(groups, ObjectKind.GROUP),
    _as_objects(service_principals, ObjectKind.SERVICE_PRINCIPAL),
).subquery("directory_objects")
_o: Any = _objects.c
_ANY_KIND = Searchable(_o.id, _o.tenant_id, {"id": _o.id, "display_name": _o.display_name_key})
_BY_KIND: dict[ObjectKind, tuple[Searchable, sa.Table, tuple[Condition, ...]]] = {
    ObjectKind.USER: (USERS, users, (_LIVE,)),
    ObjectKind.GROUP: (SEARCHABLE, groups, ()),
    ObjectKind.SERVICE_PRINCIPAL: (PRINCIPALS, service_principals, ()),
}

_FIND = Kept(sa.select(_g.doc).where(*_SELF))
_ADD = sa.insert(groups)
_REPLACE = sa.update(groups).where(*_SELF)
_REMOVE = sa.delete(groups).where(*_SELF)
_DROP_LOOSE_ENDS = (
    sa.delete(group_members).where(group_members.c.tenant_id == _TENANT, group_members.c.object_id == _ID),
    sa.delete(group_owners).where(group_owners.c.tenant_id == _TENANT, group_owners.c.object_id == _ID),
    sa.delete(app_role_assignments).where(
        app_role_assignments.c.tenant_id == _TENANT, app_role_assignments.c.principal_id == _ID
    ),
)
_ATTACH = {link: Both(table, ("tenant_id", "group_id", "object_id")) for link, table in _TABLES.items()}
_HERE = {
    link: (table.c.tenant_id == _TENANT, table.c.group_id == _ID, table.c.object_id == _OBJECT)
    for link, table in _TABLES.items()
}
_DETACH = {link: sa.delete(table).where(*_HERE[link]) for link, table in _TABLES.items()}
_LINKED = {link: sa.select(table.c.kind).where(*_HERE[link]) for link, table in _TABLES.items()}


# The walks carry the tenant along: were it a constant of each step, SQLite would begin the step at the tenant's
# members instead of at the groups found last.
def _above(start: sa.ColumnElement[str], tenant: sa.ColumnElement[str]) -> sa.CTE:
    """Groups that *start* belongs to, directly or through groups in groups."""
    c, further = group_members.c, group_members.alias("further")
    first = sa.select(c.tenant_id, c.group_id).where(c.tenant_id == tenant, c.object_id == start)
    walk = first.cte("above", recursive=True)
    return walk.union(
        sa.select(further.c.tenant_id, further.c.group_id).where(
            further.c.tenant_id == walk.c.tenant_id, further.c.object_id == walk.c.group_id
        )
    )


def _below(start: sa.ColumnElement[str], tenant: sa.ColumnElement[str]) -> sa.CTE:
    """The group *start* and the groups in it, however deep."""
    c = group_members.c
    walk = sa.select(tenant.label("tenant_id"), start.label("group_id")).cte("below", recursive=True)
    return walk.union(
        sa.select(c.tenant_id, c.object_id).where(
            c.tenant_id == walk.c.tenant_id,
            c.group_id == walk.c.group_id,
            c.kind == ObjectKind.GROUP.value,
        )
    )


_above_it = _above(_ID, _TENANT)
_IDS = (
    sa.select(_g.id)
    .where(_g.tenant_id == _TENANT, _g.id.in_(sa.select(_above_it.c.group_id)), _g.id != _ID)
    .order_by(_g.id)
)
_SECURITY_IDS = _IDS.where(_g.security_enabled.is_(sa.true()))
_m = group_members.c
_ASSIGNED = (
    sa.select(_g.doc)
    .join(group_members, sa.and_(_m.tenant_id == _g.tenant_id, _m.group_id == _g.id))
    .where(
        _g.tenant_id == _TENANT,
        _m.object_id == _ID,
        _g.security_enabled.is_(sa.true()),
        _g.id.in_(
            sa.select(app_role_assignments.c.principal_id).where(
                app_role_assignments.c.tenant_id == _TENANT,
                app_role_assignments.c.resource_id == sa.bindparam("resource_id"),
            )
        ),
    )
    .order_by(_g.id)
)


class SqlGroups(Repository):
    """See ``ports.Groups``."""

    __slots__ = ()

    def find(self, group_id: ObjectId) -> Group | None:
        """By object id."""
        row = self._first(_FIND, self._own(group_id))
        return None if row is None else _GROUP.read(row[0])

    def list(self, query: Query) -> Page[Group]:
        """Groups of this tenant."""
        return self._page(SEARCHABLE, groups, query, ())

    def add(self, group: Group) -> None:
        """Raises Conflict on a taken mail nickname of a Microsoft 365 group."""
        self._check_owner(group.tenant_id)
        with self._refusing():
            self._run(_ADD, _columns(group))

    def replace(self, group: Group) -> None:
        """Raises NotFound, Conflict."""
        self._check_owner(group.tenant_id)
        with self._refusing():
            if not self._run(_REPLACE, {**self._own(group.id), **_columns(group)}):
                raise NotFound("Group", group.id)

    def remove(self, group_id: ObjectId) -> None:
        """For good, with members, owners, its own memberships and app assignments."""
        for statement in (*_DROP_LOOSE_ENDS, _REMOVE):
            self._run(statement, self._own(group_id))

    def attach(self, link: GroupLink, group_id: ObjectId, object_id: ObjectId, kind: ObjectKind) -> bool:
        """False when it is there already. Raises NotFound when there is no such group."""
        row = {"tenant_id": self._tenant, "group_id": group_id, "object_id": object_id, "kind": kind.value}
        with self._refusing():
            return self._run(_ATTACH[link], row) == 1

    def detach(self, link: GroupLink, group_id: ObjectId, object_id: ObjectId) -> bool:
        """False when it was not there."""
        return self._run(_DETACH[link], {**self._own(group_id), "object_id": object_id}) == 1

    def is_linked(self, link: GroupLink, group_id: ObjectId, object_id: ObjectId) -> bool:
        """Whether it is a direct member, or an owner."""
        return self._first(_LINKED[link], {**self._own(group_id), "object_id": object_id}) is not None

    def objects(
        self,
        link: GroupLink,
        group_id: ObjectId,
        query: Query,
        *,
        kind: ObjectKind | None = None,
        transitive: bool = False,
    ) -> Page[DirectoryObject]:
        """Members or owners; *transitive*: those of groups in the group too. Deleted users are left out."""
        c, tenant = _TABLES[link].c, sa.literal(self._tenant, Words)
        inside: Condition = c.group_id == group_id
        if transitive:
            inside = c.group_id.in_(sa.select(_below(sa.literal(group_id, Words), tenant).c.group_id))
        ids = sa.select(c.object_id).where(c.tenant_id == tenant, inside, c.object_id != group_id)
        # Without a wish the order is that of ids: a small group then costs little however large the tenant is.
        if kind is None:
            return self._page(_ANY_KIND, None, query, (_o.id.in_(ids),), default_order=())
        on, table, further = _BY_KIND[kind]
        return self._page(on, table, query, (*further, on.id.in_(ids)), default_order=())

    def containing(
        self, object_id: ObjectId, query: Query, *, transitive: bool = False, show_hidden: bool = True
    ) -> Page[Group]:
        """Groups that a user, group or service principal belongs to; without those that hide it, if so asked."""
        ids: sa.Select[Any] = sa.select(_m.group_id).where(
            _m.tenant_id == self._tenant, _m.object_id == object_id
        )
        if transitive:
            ids = sa.select(_above(sa.literal(object_id, Words), sa.literal(self._tenant, Words)).c.group_id)
        within = [_g.id.in_(ids), _g.id != object_id, *([] if show_hidden else [_VISIBLE])]
        return self._page(SEARCHABLE, groups, query, within)

    def ids_containing(self, object_id: ObjectId, *, security_only: bool = False) -> tuple[ObjectId, ...]:
        """Object ids of all groups something belongs to, directly or through groups in groups."""
        rows = self._all(_SECURITY_IDS if security_only else _IDS, self._own(object_id))
        return tuple(row[0] for row in rows)

    def assigned_containing(self, object_id: ObjectId, resource_id: ObjectId) -> tuple[Group, ...]:
        """Security-enabled groups with this direct member that are assigned to the service principal *resource_id*."""
        rows = self._all(_ASSIGNED, {**self._own(object_id), "resource_id": resource_id})
        return tuple(_GROUP.read(row[0]) for row in rows)

    def _page(
        self,
        on: Searchable,
        table: sa.Table | None,
        query: Query,
        within: Any,
        *,
        default_order: tuple[Order, ...] = (Order("display_name"),),
    ) -> Page[Any]:
        columns = (_o.doc, _o.kind) if table is None else (table.c.doc,)
        kind = next((kind for kind, (_, known, _) in _BY_KIND.items() if known is table), None)

        def read(row: Any) -> Any:
            return _READERS[row[1] if kind is None else kind].read(row[0])

        return list_page(
            self._scope.connection,
            on,
            query,
            self._tenant,
            read,
            columns=columns,
            within=within,
            default_order=default_order,
        )

    def _own(self, identifier: str) -> dict[str, str]:
        return {"own_tenant": self._tenant, "own_id": identifier}


def _columns(group: Group) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: getattr(group, name)
        for name in ("tenant_id", "id", "created_at", "security_enabled", "mail_enabled")
    }
    for name in ("display_name", "mail_nickname", "description", "mail", "visibility", "classification"):
        text = getattr(group, name)
        found[f"{name}_key"] = None if text is None else fold(text)
    language = group.preferred_language
    found["preferred_language_key"] = None if language is None else fold(language)
    found["group_type_key"] = fold(group.group_types[0]) if group.group_types else None
    return {**found, "doc": written(group)}
