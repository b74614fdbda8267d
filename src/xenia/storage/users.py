"""Users of the tenant, their identities, sponsors, manager and directory roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from xenia.core.addresses import address_key
from xenia.core.directory.user import User
from xenia.core.errors import NotFound
from xenia.core.ids import ObjectId, fold
from xenia.core.query import Page, Query
from xenia.record import replace
from xenia.storage.documents import Document
from xenia.storage.paging import list_page
from xenia.storage.schema.applications import app_role_assignments, delegated_grants, principal_owners
from xenia.storage.schema.directory import (
    role_members,
    user_addresses,
    user_identities,
    user_managers,
    user_sponsors,
    user_values,
    users,
)
from xenia.storage.schema.groups import group_members, group_owners
from xenia.storage.schema.signing_in import portal_sessions, session_accounts, token_families
from xenia.storage.transactions import Both, Kept, Repository
from xenia.storage.user_rows import SEARCHABLE, address_rows, columns_of, identity_rows, value_rows

_USER = Document(User)
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_ID: sa.BindParameter[Any] = sa.bindparam("own_id")
_LIVE = users.c.deleted_at.is_(None)
_SELF = (users.c.tenant_id == _TENANT, users.c.id == _ID)

_ANY = Kept(sa.select(users.c.doc).where(*_SELF))
_FIND = Kept(sa.select(users.c.doc).where(*_SELF, _LIVE))
_FIND_BY_UPN = Kept(
    sa.select(users.c.doc).where(
        users.c.tenant_id == _TENANT, users.c.user_principal_name_key == sa.bindparam("upn"), _LIVE
    )
)
_FIND_BY_IDENTITY = Kept(
    sa.select(users.c.doc).where(
        users.c.tenant_id == _TENANT,
        _LIVE,
        users.c.id
        == sa.select(user_identities.c.user_id)
        .where(
            user_identities.c.tenant_id == _TENANT,
            user_identities.c.issuer == sa.bindparam("issuer"),
            user_identities.c.subject == sa.bindparam("subject"),
            user_identities.c.is_live.is_(sa.true()),
        )
        .scalar_subquery(),
    )
)
_FIND_BY_ADDRESS = Kept(
    sa.select(users.c.doc)
    .where(
        users.c.tenant_id == _TENANT,
        _LIVE,
        users.c.id.in_(
            sa.select(user_addresses.c.user_id).where(
                user_addresses.c.tenant_id == _TENANT, user_addresses.c.address_key == sa.bindparam("address")
            )
        ),
    )
    .order_by(users.c.created_at, users.c.id)
)
# A custom attribute's name is in the document alone; underscores match any letter, so more may be found than hold it.
_HOLDERS = (
    sa.select(users.c.doc)
    .where(
        users.c.tenant_id == _TENANT,
        users.c.doc.like(sa.bindparam("mark")),
        users.c.id > sa.bindparam("last_id"),
    )
    .order_by(users.c.id)
    .limit(500)
)
_ADD = sa.insert(users)
_REPLACE = sa.update(users).where(*_SELF)
_REMOVE = sa.delete(users).where(*_SELF)
_CHILDREN = (
    (user_identities, sa.insert(user_identities), identity_rows),
    (user_values, sa.insert(user_values), value_rows),
    (user_addresses, sa.insert(user_addresses), address_rows),
)
_DROP_CHILDREN = {
    table.name: sa.delete(table).where(table.c.tenant_id == _TENANT, table.c.user_id == _ID)
    for table, _, _ in _CHILDREN
}
# What refers to a user without a foreign key, because it may as well refer to something else.
LOOSE_ENDS = (
    (group_members.c.tenant_id, group_members.c.object_id),
    (group_owners.c.tenant_id, group_owners.c.object_id),
    (role_members.c.tenant_id, role_members.c.principal_id),
    (app_role_assignments.c.tenant_id, app_role_assignments.c.principal_id),
    (delegated_grants.c.tenant_id, delegated_grants.c.principal_key),
    (principal_owners.c.tenant_id, principal_owners.c.object_id),
    (portal_sessions.c.tenant_id, portal_sessions.c.user_id),
    (session_accounts.c.tenant_id, session_accounts.c.user_id),
    (token_families.c.tenant_id, token_families.c.user_id),
)
_DROP_LOOSE_ENDS = tuple(
    sa.delete(owner.table).where(tenant == _TENANT, owner == _ID) for tenant, owner in LOOSE_ENDS
)

_SPONSORS = (
    sa.select(users.c.doc)
    .join(
        user_sponsors,
        sa.and_(user_sponsors.c.tenant_id == users.c.tenant_id, user_sponsors.c.sponsor_id == users.c.id),
    )
    .where(user_sponsors.c.tenant_id == _TENANT, user_sponsors.c.user_id == _ID, _LIVE)
    .order_by(user_sponsors.c.position)
)
_DROP_SPONSORS = sa.delete(user_sponsors).where(
    user_sponsors.c.tenant_id == _TENANT, user_sponsors.c.user_id == _ID
)
_ADD_SPONSORS = sa.insert(user_sponsors)
_ROLES = sa.select(role_members.c.role_template_id).where(
    role_members.c.tenant_id == _TENANT, role_members.c.principal_id == _ID
)
_ADD_ROLE = Both(role_members, ("tenant_id", "principal_id", "role_template_id"))
_REMOVE_ROLE = sa.delete(role_members).where(
    role_members.c.tenant_id == _TENANT,
    role_members.c.principal_id == _ID,
    role_members.c.role_template_id == sa.bindparam("role"),
)
_WITH_ROLE = (
    sa.select(role_members.c.principal_id)
    .where(role_members.c.tenant_id == _TENANT, role_members.c.role_template_id == sa.bindparam("role"))
    .order_by(role_members.c.principal_id)
)
_LOCKED_WITH_ROLE = _WITH_ROLE.with_for_update()
_MANAGER = sa.select(user_managers.c.manager_id).where(
    user_managers.c.tenant_id == _TENANT, user_managers.c.user_id == _ID
)
_SET_MANAGER = Both(user_managers, ("tenant_id", "user_id"), update=("manager_id",))
_DROP_MANAGER = sa.delete(user_managers).where(
    user_managers.c.tenant_id == _TENANT, user_managers.c.user_id == _ID
)


class SqlUsers(Repository):
    """See ``ports.Users``."""

    __slots__ = ()

    def find(self, user_id: ObjectId, *, deleted: bool = False) -> User | None:
        """With ``deleted`` also soft-deleted users are found."""
        row = self._first(_ANY if deleted else _FIND, {"own_tenant": self._tenant, "own_id": user_id})
        return None if row is None else _USER.read(row[0])

    def find_by_upn(self, upn: str) -> User | None:
        """The user with this principal name, any case."""
        row = self._first(_FIND_BY_UPN, {"own_tenant": self._tenant, "upn": fold(upn)})
        return None if row is None else _USER.read(row[0])

    def find_by_identity(self, issuer: str, subject: str) -> User | None:
        """The user with this external identity, compared exactly: a ``sub`` is case-sensitive."""
        row = self._first(
            _FIND_BY_IDENTITY, {"own_tenant": self._tenant, "issuer": issuer, "subject": subject}
        )
        return None if row is None else _USER.read(row[0])

    def find_by_address(self, address: str) -> tuple[User, ...]:
        """Users holding the address in mail, otherMails or proxyAddresses (oldest first)."""
        rows = self._all(_FIND_BY_ADDRESS, {"own_tenant": self._tenant, "address": address_key(address)})
        return tuple(_USER.read(row[0]) for row in rows)

    def list(self, query: Query, *, deleted: bool = False) -> Page[User]:
        """With ``deleted`` only soft-deleted users."""
        return list_page(
            self._scope.connection,
            SEARCHABLE,
            query,
            self._tenant,
            lambda row: _USER.read(row[0]),
            columns=(users.c.doc,),
            within=(users.c.deleted_at.is_not(None) if deleted else _LIVE,),
        )

    def add(self, user: User) -> None:
        """Raises Conflict on a taken UPN or identity."""
        self._check_owner(user.tenant_id)
        with self._refusing():
            self._run(_ADD, columns_of(user))
            for _, insert, rows_of in _CHILDREN:
                if rows := rows_of(user):
                    self._run(insert, rows)

    def replace(self, user: User) -> None:
        """Raises Conflict on a taken UPN or identity, NotFound when there is no such user."""
        self._check_owner(user.tenant_id)
        own = {"own_tenant": self._tenant, "own_id": user.id}
        stored = self.find(user.id, deleted=True)
        if stored is None:
            raise NotFound("User", user.id)
        with self._refusing():
            self._run(_REPLACE, {**own, **columns_of(user)})
            for table, insert, rows_of in _CHILDREN:
                rows = rows_of(user)
                if rows == rows_of(stored):  # most saves touch no multi-valued attribute
                    continue
                self._run(_DROP_CHILDREN[table.name], own)
                if rows:
                    self._run(insert, rows)

    def remove(self, user_id: ObjectId) -> None:
        """Permanently, with all that hangs on the user."""
        own = {"own_tenant": self._tenant, "own_id": user_id}
        for statement in _DROP_LOOSE_ENDS:
            self._run(statement, own)
        self._run(_REMOVE, own)

    def forget_extension(self, name: str) -> int:
        """Take a custom attribute from everybody who holds it, deleted users too; how many did."""
        last, count = "", 0
        while rows := self._all(
            _HOLDERS, {"own_tenant": self._tenant, "mark": f'%"{name}"%', "last_id": last}
        ):
            for user in (_USER.read(row[0]) for row in rows):
                last = user.id
                left = tuple(entry for entry in user.extensions if entry[0] != name)
                if left != user.extensions:
                    self.replace(replace(user, extensions=left))
                    count += 1
        return count

    def sponsors(self, user_id: ObjectId) -> tuple[User, ...]:
        """In the order in which they were set."""
        rows = self._all(_SPONSORS, {"own_tenant": self._tenant, "own_id": user_id})
        return tuple(_USER.read(row[0]) for row in rows)

    def set_sponsors(self, user_id: ObjectId, sponsor_ids: Sequence[ObjectId]) -> None:
        """Replace all. Raises NotFound when the user or a sponsor is not in this tenant."""
        with self._refusing():
            self._run(_DROP_SPONSORS, {"own_tenant": self._tenant, "own_id": user_id})
            rows = [
                {
                    "tenant_id": self._tenant,
                    "user_id": user_id,
                    "sponsor_id": sponsor_id,
                    "position": position,
                }
                for position, sponsor_id in enumerate(dict.fromkeys(sponsor_ids))
            ]
            if rows:
                self._run(_ADD_SPONSORS, rows)

    def roles(self, user_id: ObjectId) -> frozenset[str]:
        """Template ids of directory roles the user (or service principal) holds."""
        return frozenset(row[0] for row in self._all(_ROLES, {"own_tenant": self._tenant, "own_id": user_id}))

    def add_role(self, user_id: ObjectId, role_template_id: str) -> None:
        """Give a directory role; held already is fine."""
        self._run(
            _ADD_ROLE,
            {"tenant_id": self._tenant, "principal_id": user_id, "role_template_id": role_template_id},
        )

    def remove_role(self, user_id: ObjectId, role_template_id: str) -> None:
        """Take a directory role away; not held is fine."""
        self._run(_REMOVE_ROLE, {"own_tenant": self._tenant, "own_id": user_id, "role": role_template_id})

    def with_role(self, role_template_id: str, *, lock: bool = False) -> tuple[ObjectId, ...]:
        """Everybody who holds the role; *lock* makes the next one who asks so wait (SQLite has one writer anyway)."""
        rows = self._all(
            _LOCKED_WITH_ROLE if lock else _WITH_ROLE, {"own_tenant": self._tenant, "role": role_template_id}
        )
        return tuple(row[0] for row in rows)

    def manager(self, user_id: ObjectId) -> ObjectId | None:
        """The manager's object id."""
        row = self._first(_MANAGER, {"own_tenant": self._tenant, "own_id": user_id})
        return None if row is None else str(row[0])

    def set_manager(self, user_id: ObjectId, manager_id: ObjectId | None) -> None:
        """None takes the manager away. Raises NotFound when one of the two is not in this tenant."""
        if manager_id is None:
            self._run(_DROP_MANAGER, {"own_tenant": self._tenant, "own_id": user_id})
            return
        with self._refusing():
            self._run(_SET_MANAGER, {"tenant_id": self._tenant, "user_id": user_id, "manager_id": manager_id})
