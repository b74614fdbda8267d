"""What stands between any change of a group and the database: existence, who may change it, audit targets."""

from __future__ import annotations

import json

from xenia.core.actor import Actor
from xenia.core.audit import Change, Target
from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.group import DirectoryObject, Group, GroupLink, ObjectKind, kind_of
from xenia.core.directory.roles import GROUP_WRITING_ROLES, GROUPS_ADMINISTRATOR
from xenia.core.directory.user import User
from xenia.core.errors import InvalidValue, NotFound, NotPermitted
from xenia.core.ids import ObjectId, parse_guid
from xenia.ports import Transaction
from xenia.usecases.applications.application_rules import principal_target
from xenia.usecases.users.user_protection import user_target

WRITE_GROUPS = ("Group.ReadWrite.All", "Directory.ReadWrite.All")
CREATE_GROUPS = ("Group.Create", *WRITE_GROUPS)
WRITE_MEMBERS = ("GroupMember.ReadWrite.All", *WRITE_GROUPS)


def require_group(tx: Transaction, group_id: ObjectId) -> Group:
    """The group. Raises NotFound."""
    key = parse_guid(group_id)
    found = tx.groups.find(key) if key else None
    if found is None:
        raise NotFound("Resource", group_id)
    return found


def require_object(tx: Transaction, object_id: ObjectId) -> DirectoryObject:
    """A user, group or service principal of this tenant. Raises NotFound."""
    key = parse_guid(object_id)
    found: DirectoryObject | None = None
    if key is not None:
        found = tx.users.find(key) or tx.groups.find(key) or tx.applications.find_service_principal(key)
    if found is None:
        raise NotFound("Resource", object_id)
    return found


def may_change(tx: Transaction, actor: Actor, group: Group, *permissions: str) -> bool:
    """Whether the actor may change this group: apps by permission, administrators of groups, and its owners."""
    if not actor.may(*permissions):
        return False
    if actor.is_app_only or actor.holds_any(GROUP_WRITING_ROLES):
        return True
    return actor.user_id is not None and tx.groups.is_linked(GroupLink.OWNER, group.id, actor.user_id)


def guard_change(tx: Transaction, actor: Actor, group: Group, *permissions: str) -> None:
    """Raises NotPermitted unless ``may_change``."""
    if not may_change(tx, actor, group, *permissions):
        raise NotPermitted(GROUPS_ADMINISTRATOR.name if actor.may(*permissions) else permissions[0])


def check_fits(link: GroupLink, group: Group, found: DirectoryObject) -> None:
    """Whether this kind of object can hang on this kind of group so. Raises InvalidValue.

    Source: Microsoft Graph "Working with groups", table of member types.
    """
    kind = kind_of(found)
    if link is GroupLink.OWNER:
        if kind is ObjectKind.GROUP:
            raise InvalidValue("owners", "Owners of a group are users or service principals, never groups.")
        return
    if found.id == group.id:
        raise InvalidValue("members", "A group cannot be a member of itself.")
    if group.is_unified and kind is not ObjectKind.USER:
        raise InvalidValue("members", "Members of a Microsoft 365 group are users alone.")
    if isinstance(found, Group) and found.is_unified:
        raise InvalidValue("members", "A Microsoft 365 group cannot be a member of another group.")


def group_target(group: Group, changes: tuple[Change, ...] = ()) -> Target:
    """The group as an audited object."""
    return Target(group.id, "Group", group.display_name, changes=changes)


def object_target(found: DirectoryObject, changes: tuple[Change, ...] = ()) -> Target:
    """A user, group or service principal as an audited object."""
    if isinstance(found, User):
        return user_target(found, changes)
    if isinstance(found, ServicePrincipal):
        return principal_target(found, changes)
    return group_target(found, changes)


def link_changes(group: Group, *, added: bool) -> tuple[Change, ...]:
    """The group somebody was added to or taken from, as the log tells it of the object."""
    pairs = (("Group.ObjectID", group.id), ("Group.DisplayName", group.display_name))
    return tuple(
        Change(name, None if added else json.dumps(value), json.dumps(value) if added else None)
        for name, value in pairs
    )
