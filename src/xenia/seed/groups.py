"""Groups of a seed, with members and owners. One that exists, by id or name, stays as it is."""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.directory.group import UNIFIED, Group
from xenia.core.directory.user import User
from xenia.core.ids import ObjectId, parse_guid
from xenia.core.query import Compare, Query
from xenia.ports import Ports
from xenia.seed.document import SeedGroup
from xenia.usecases.groups.manage_groups import NewGroup, create_group


def apply_group(ports: Ports, actor: Actor, entry: SeedGroup) -> None:
    """Make the group unless it exists. Raises ValueError for a member or owner nobody knows."""
    if entry.id is not None and parse_guid(entry.id) is None:
        raise ValueError(f"'{entry.id}' is no GUID")
    if _find(ports, actor, entry) is not None:
        return
    order = NewGroup(
        display_name=entry.name,
        mail_nickname=entry.mail_nickname,
        group_types=(UNIFIED,) if entry.microsoft_365 else (),
        mail_enabled=entry.microsoft_365,
        security_enabled=not entry.microsoft_365 or entry.security_enabled,
        properties={"description": entry.description, "visibility": entry.visibility},
        members=[_member(ports, actor, name) for name in entry.members],
        owners=[find_person(ports, actor, name, "owners").id for name in entry.owners],
        id=parse_guid(entry.id),
    )
    create_group(ports, actor, order)


def find_person(ports: Ports, actor: Actor, name: str, key: str) -> User:
    """The user of this user name or mail address. Raises ValueError, naming the *key* of the file."""
    with ports.store.read(actor.tenant_id) as tx:
        tenant = tx.tenants.find(actor.tenant_id)
        upn = name if "@" in name or tenant is None else f"{name}@{tenant.default_domain}"
        found = tx.users.find_by_upn(upn) or next(iter(tx.users.find_by_address(name)), None)
    if found is None:
        raise ValueError(f"{key}: there is no user '{name}'")
    return found


def find_group(ports: Ports, actor: Actor, name: str) -> Group | None:
    """The group of this name or object id."""
    with ports.store.read(actor.tenant_id) as tx:
        guid = parse_guid(name)
        if guid is not None:
            return tx.groups.find(guid)
        return next(iter(tx.groups.list(Query(Compare("display_name", "eq", name), limit=1)).items), None)


def _find(ports: Ports, actor: Actor, entry: SeedGroup) -> Group | None:
    return find_group(ports, actor, entry.id or entry.name)


def _member(ports: Ports, actor: Actor, name: str) -> ObjectId:
    """A user, or an earlier group of the file."""
    group = find_group(ports, actor, name)
    return group.id if group is not None else find_person(ports, actor, name, "members").id
