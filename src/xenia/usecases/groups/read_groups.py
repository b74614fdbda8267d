"""Reading groups and memberships as far as the actor may: one rule for every surface.

The permission of the token, the guest access level and a group's own wish to hide its members narrow what is
seen. Whoever may know of a relation but not of what it leads to learns ids and kinds alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from xenia.core.actor import Actor
from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.group import DirectoryObject, Group, GroupLink, ObjectKind
from xenia.core.directory.roles import GLOBAL_READER, GROUP_WRITING_ROLES
from xenia.core.directory.user import User
from xenia.core.errors import InvalidValue, NotFound, NotPermitted
from xenia.core.guest_access import NOTHING
from xenia.core.ids import ObjectId, fold, parse_guid
from xenia.core.query import And, Compare, Filter, OneOf, Page, Query
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.groups.group_rules import require_group
from xenia.usecases.users.read_directory import (
    READ_APPLICATIONS,
    READ_SELF,
    READ_USERS,
    READ_USERS_BASIC,
    SeenUser,
    fields_of,
    refuse_probing,
    seen_user,
    sight_of,
    view_of,
    view_of_others,
)

READ_GROUPS = (
    *("GroupMember.Read.All", "Group.Read.All", "GroupMember.ReadWrite.All", "Group.ReadWrite.All"),
    *("Directory.Read.All", "Directory.ReadWrite.All"),
)
READ_MEMBERSHIPS = (*READ_GROUPS, *READ_USERS)
READ_HIDDEN = "Member.Read.Hidden"
HIDDEN_READERS = GROUP_WRITING_ROLES | {GLOBAL_READER.template_id}
MOST_CHECKED = 20
"""Groups that one ``checkMemberGroups`` may name."""


class SeenGroup(Record):
    """A group as the actor sees it: whole, or that it exists."""

    group: Group
    whole: bool

    def value(self, attribute: str) -> object:
        """The attribute, or None where it may not be told."""
        return getattr(self.group, attribute) if self.whole or attribute == "id" else None


class SeenPrincipal(Record):
    """A service principal as the actor sees it."""

    principal: ServicePrincipal
    whole: bool


SeenObject = SeenUser | SeenGroup | SeenPrincipal


def list_groups(ports: Ports, actor: Actor, query: Query) -> Page[SeenGroup]:
    """Groups of the tenant. Guests of the default level find only what they name. Raises NotPermitted."""
    _require(actor, READ_GROUPS)
    with ports.store.read(actor.tenant_id) as tx:
        sight = sight_of(tx, actor)
        if not (sight.lists_groups or (sight.reads_groups and _names_one(query.filter))):
            raise NotPermitted(READ_GROUPS[0])
        page = tx.groups.list(query)
    return Page(tuple(SeenGroup(group, whole=True) for group in page.items), page.next, page.total)


def get_group(ports: Ports, actor: Actor, key: str) -> SeenGroup:
    """A group by object id. Raises NotPermitted, NotFound."""
    _require(actor, READ_GROUPS)
    with ports.store.read(actor.tenant_id) as tx:
        return SeenGroup(_visible_group(tx, actor, key), whole=True)


def list_linked(
    ports: Ports,
    actor: Actor,
    link: GroupLink,
    key: str,
    query: Query,
    *,
    kind: ObjectKind | None = None,
    transitive: bool = False,
) -> Page[SeenObject]:
    """Members or owners of a group, each as far as visible; *kind*: of one kind, with the filters of that kind.

    Raises NotPermitted (also for filters over properties that are hidden, and for hidden members), NotFound.
    """
    _require(actor, READ_GROUPS)
    with ports.store.read(actor.tenant_id) as tx:
        group = _visible_group(tx, actor, key)
        if group.hides_members and not _knows_members(tx, actor, group):
            raise NotPermitted(READ_HIDDEN)
        _refuse_guessing(tx, actor, query, kind)
        page = tx.groups.objects(link, group.id, query, kind=kind, transitive=transitive)
        return Page(tuple(_seen(tx, actor, item) for item in page.items), page.next, page.total)


def list_containing(
    ports: Ports, actor: Actor, kind: ObjectKind, key: str, query: Query, *, transitive: bool = False
) -> Page[SeenGroup]:
    """Groups that a user (by id or name), group or service principal belongs to.

    Raises NotPermitted, NotFound.
    """
    with ports.store.read(actor.tenant_id) as tx:
        subject, sees_groups = _subject(tx, actor, kind, key)
        if not sees_groups and fields_of(query.filter) | {order.field for order in query.order}:
            raise NotPermitted(READ_GROUPS[0])
        hidden = _sees_hidden(actor, subject)
        page = tx.groups.containing(subject, query, transitive=transitive, show_hidden=hidden)
        found = tuple(SeenGroup(group, whole=sees_groups) for group in page.items)
        return Page(found, page.next, page.total)


def member_group_ids(
    ports: Ports, actor: Actor, kind: ObjectKind, key: str, *, security_only: bool = False
) -> tuple[ObjectId, ...]:
    """Ids of all groups something belongs to, through groups in groups too (Microsoft Graph: getMemberGroups).

    Raises NotPermitted, NotFound, InvalidValue (security groups alone can be asked for of users only).
    """
    if security_only and kind is not ObjectKind.USER:
        raise InvalidValue(
            "security_enabled_only", "Only of users can memberships be limited to security groups."
        )
    with ports.store.read(actor.tenant_id) as tx:
        subject, _ = _subject(tx, actor, kind, key)
        ids = tx.groups.ids_containing(subject, security_only=security_only)
        if _sees_hidden(actor, subject):
            return ids
        shown = (tx.groups.find(group_id) for group_id in ids)
        return tuple(group.id for group in shown if group is not None and not group.hides_members)


def check_member_groups(
    ports: Ports, actor: Actor, kind: ObjectKind, key: str, group_ids: Sequence[str]
) -> tuple[ObjectId, ...]:
    """Those of the groups that something belongs to, through groups in groups too.

    Raises NotPermitted, NotFound, InvalidValue (no ids, or too many).
    """
    wanted = [parse_guid(group_id) for group_id in group_ids]
    if not 0 < len(wanted) <= MOST_CHECKED or None in wanted:
        raise InvalidValue("group_ids", f"Name 1 to {MOST_CHECKED} groups by their object ids.")
    held = set(member_group_ids(ports, actor, kind, key))
    return tuple(dict.fromkeys(each for each in wanted if each is not None and each in held))


def _require(actor: Actor, permissions: tuple[str, ...]) -> None:
    if not actor.may(*permissions):
        raise NotPermitted(permissions[0])


def _visible_group(tx: Transaction, actor: Actor, key: str) -> Group:
    if not sight_of(tx, actor).reads_groups:
        # The same answer whether or not the group exists.
        raise NotPermitted(READ_GROUPS[0])
    return require_group(tx, key)


def _names_one(condition: Filter | None) -> bool:
    """Whether the filter says which groups are meant, so that it lists nothing that was not known before."""
    match condition:
        case And(items):
            return any(_names_one(item) for item in items)
        case Compare(field, "eq", value):
            return field in ("id", "display_name") and value is not None
        case OneOf("id", _):
            return True
        case _:
            return False


def _subject(tx: Transaction, actor: Actor, kind: ObjectKind, key: str) -> tuple[ObjectId, bool]:
    """Id of the object whose groups are asked for, and whether the groups are told with their properties."""
    sight, guid = sight_of(tx, actor), parse_guid(key)
    sees_groups = actor.may(*READ_GROUPS) and sight.reads_groups
    is_own = actor.user_id is not None and (
        guid == actor.user_id or (actor.upn and fold(key) == fold(actor.upn))
    )
    if kind is ObjectKind.USER and is_own:
        _require(actor, (*READ_SELF, *READ_GROUPS))
        return str(actor.user_id), sees_groups
    permitted = READ_GROUPS if kind is not ObjectKind.USER else READ_MEMBERSHIPS
    if not sight.reads_groups or (guid is None and not sight.looks_up_names):
        raise NotPermitted(READ_GROUPS[0])
    _require(actor, permitted)
    found: DirectoryObject | None
    if kind is ObjectKind.USER:
        found = tx.users.find(guid) if guid else tx.users.find_by_upn(key)
    elif kind is ObjectKind.GROUP:
        found = tx.groups.find(guid) if guid else None
    else:
        # An app is addressed by its application id too.
        app = tx.applications
        found = (app.find_service_principal(guid) or app.service_principal(guid)) if guid else None
    if found is None:
        raise NotFound("Resource", key)
    return found.id, sees_groups


def _sees_hidden(actor: Actor, subject: ObjectId) -> bool:
    """Whether hidden memberships of this object are told."""
    if actor.is_app_only:
        return actor.may(READ_HIDDEN)
    return subject == actor.user_id or actor.holds_any(HIDDEN_READERS)


def _knows_members(tx: Transaction, actor: Actor, group: Group) -> bool:
    """Whether the members of a group that hides them are told."""
    if actor.is_app_only:
        return actor.may(READ_HIDDEN)
    own = actor.user_id or ""
    return actor.holds_any(HIDDEN_READERS) or any(
        tx.groups.is_linked(link, group.id, own) for link in GroupLink
    )


def _refuse_guessing(tx: Transaction, actor: Actor, query: Query, kind: ObjectKind | None) -> None:
    """What is hidden must not be guessed by asking who has it. Raises NotPermitted."""
    if kind is ObjectKind.USER:
        refuse_probing(query, view_of_others(actor, sight_of(tx, actor)) | {"id"})
    elif kind is ObjectKind.SERVICE_PRINCIPAL:
        _require(actor, READ_APPLICATIONS)
    elif kind is None and (fields_of(query.filter) | {order.field for order in query.order}) - {"id"}:
        _require(actor, (*READ_USERS, *READ_USERS_BASIC))
        _require(actor, READ_APPLICATIONS)
        if view_of_others(actor, sight_of(tx, actor)) == NOTHING:
            raise NotPermitted(READ_USERS[0])


def _seen(tx: Transaction, actor: Actor, found: DirectoryObject) -> SeenObject:
    if isinstance(found, User):
        return seen_user(found, view_of(tx, actor, found))
    if isinstance(found, Group):
        return SeenGroup(found, whole=True)
    return SeenPrincipal(found, whole=actor.may(*READ_APPLICATIONS))
