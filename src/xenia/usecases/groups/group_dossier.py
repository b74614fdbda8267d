"""Groups as administrators' pages show them, and finding a user or group by what somebody typed.

For people who hold a directory role, like ``user_dossier``; what others and apps see is ``read_groups``'. Must not
write.
"""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.directory.application import DEFAULT_ACCESS_ROLE
from xenia.core.directory.group import DirectoryObject, Group, GroupLink
from xenia.core.directory.user import User
from xenia.core.errors import NotPermitted
from xenia.core.guest_access import DIRECTORY_READING_ROLES
from xenia.core.ids import ObjectId, parse_guid
from xenia.core.query import Compare, Page, Query
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.groups.group_rules import WRITE_GROUPS, may_change, require_group
from xenia.usecases.users.read_directory import sight_of
from xenia.usecases.users.user_dossier import find_person
from xenia.usecases.users.user_protection import require_user

_MOST_SHOWN = 200


class AssignedApp(Record):
    """An app the group is assigned to."""

    principal_id: ObjectId
    name: str
    role_name: str


class GroupDossier(Record):
    """A group with what its pages tell around it."""

    group: Group
    members: int
    owners: int
    parents: tuple[Group, ...]
    """Groups that it is a direct member of."""
    apps: tuple[AssignedApp, ...]
    may_change: bool


def read_group_dossier(ports: Ports, actor: Actor, group_id: ObjectId) -> GroupDossier:
    """The dossier of a group. Raises NotPermitted, NotFound."""
    _require_reader(actor)
    with ports.store.read(actor.tenant_id) as tx:
        group = require_group(tx, group_id)
        return GroupDossier(
            group=group,
            members=_count(tx, GroupLink.MEMBER, group),
            owners=_count(tx, GroupLink.OWNER, group),
            parents=tx.groups.containing(group.id, Query(limit=_MOST_SHOWN)).items,
            apps=_apps(tx, group),
            may_change=may_change(tx, actor, group, *WRITE_GROUPS),
        )


def list_linked(
    ports: Ports, actor: Actor, link: GroupLink, group_id: ObjectId, query: Query
) -> Page[DirectoryObject]:
    """Members or owners of a group by name. Raises NotPermitted, NotFound."""
    _require_reader(actor)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.groups.objects(link, require_group(tx, group_id).id, query)


def groups_of_user(ports: Ports, actor: Actor, user_id: ObjectId) -> tuple[tuple[Group, bool], ...]:
    """Groups of a user with whether the membership is direct. Raises NotPermitted, NotFound."""
    _require_reader(actor)
    with ports.store.read(actor.tenant_id) as tx:
        user = require_user(tx, user_id)
        direct = {group.id for group in tx.groups.containing(user.id, Query(limit=_MOST_SHOWN)).items}
        every = tx.groups.containing(user.id, Query(limit=_MOST_SHOWN), transitive=True).items
        return tuple((group, group.id in direct) for group in every)


def find_user_or_group(ports: Ports, actor: Actor, text: str) -> User | Group | None:
    """The one user or group meant by an object ID, user principal name, mail address or name of a group.

    None when none or several fit, or the actor may not look them up.
    """
    person = find_person(ports, actor, text)
    if person is not None:
        return person
    wanted = text.strip()
    with ports.store.read(actor.tenant_id) as tx:
        guid, sight = parse_guid(wanted), sight_of(tx, actor)
        if guid is not None:
            return tx.groups.find(guid) if sight.reads_groups else None
        if not wanted or not sight.lists_groups:
            return None
        named = tx.groups.list(Query(Compare("display_name", "eq", wanted), limit=2)).items
        return named[0] if len(named) == 1 else None


def find_object(ports: Ports, actor: Actor, text: str) -> DirectoryObject | None:
    """As ``find_user_or_group``, and an app by the object ID of its enterprise app or its application ID."""
    found = find_user_or_group(ports, actor, text)
    guid = parse_guid(text.strip())
    if found is not None or guid is None:
        return found
    with ports.store.read(actor.tenant_id) as tx:
        return tx.applications.find_service_principal(guid) or tx.applications.service_principal(guid)


def _count(tx: Transaction, link: GroupLink, group: Group) -> int:
    return tx.groups.objects(link, group.id, Query(limit=1, count=True)).total or 0


def _apps(tx: Transaction, group: Group) -> tuple[AssignedApp, ...]:
    found = []
    for assignment in tx.applications.assignments_of(group.id):
        principal = tx.applications.find_service_principal(assignment.resource_id)
        application = tx.applications.find_by_app_id(principal.app_id) if principal else None
        if principal is None:
            continue
        names = {role.id: role.display_name for role in (application.app_roles if application else ())}
        names[DEFAULT_ACCESS_ROLE] = "Default Access"
        found.append(
            AssignedApp(principal.id, principal.display_name, names.get(assignment.app_role_id, "–"))
        )
    return tuple(found)


def _require_reader(actor: Actor) -> None:
    if not actor.holds_any(DIRECTORY_READING_ROLES):
        raise NotPermitted("directory role")
