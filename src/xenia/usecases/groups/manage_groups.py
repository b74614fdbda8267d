"""Creating, changing and deleting groups, and who belongs to them or owns them.

Members are assigned one by one; membership by rule is refused. What somebody may see of groups: ``read_groups``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import Change
from xenia.core.directory.group import DirectoryObject, Group, GroupLink, kind_of
from xenia.core.directory.group_rules import (
    REFERENCES_PER_REQUEST,
    checked_group_changes,
    checked_group_types,
    checked_kind,
)
from xenia.core.directory.roles import GROUP_WRITING_ROLES
from xenia.core.directory.user_rules import wire_name
from xenia.core.errors import InvalidValue, NotFound
from xenia.core.ids import ObjectId
from xenia.core.query import Query
from xenia.ports import Ports, Transaction
from xenia.record import Record, field, replace
from xenia.usecases.applications.application_rules import note
from xenia.usecases.groups.group_rules import (
    CREATE_GROUPS,
    WRITE_GROUPS,
    WRITE_MEMBERS,
    check_fits,
    group_target,
    guard_change,
    link_changes,
    object_target,
    require_group,
    require_object,
)

_ADDED = {GroupLink.MEMBER: audit.ADD_GROUP_MEMBER, GroupLink.OWNER: audit.ADD_GROUP_OWNER}
_REMOVED = {GroupLink.MEMBER: audit.REMOVE_GROUP_MEMBER, GroupLink.OWNER: audit.REMOVE_GROUP_OWNER}
_PERMITS = {GroupLink.MEMBER: WRITE_MEMBERS, GroupLink.OWNER: WRITE_GROUPS}
_ONE = Query(limit=1)


class NewGroup(Record):
    """A group to be made."""

    display_name: str
    mail_nickname: str | None = None
    """None: one that nobody else has."""
    group_types: Sequence[str] = ()
    security_enabled: bool = True
    mail_enabled: bool = False
    properties: Mapping[str, object] = field(default_factory=dict)
    """Further attributes of ``Group`` by their snake_case names."""
    members: Sequence[ObjectId] = ()
    owners: Sequence[ObjectId] = ()
    id: ObjectId | None = None


def create_group(ports: Ports, actor: Actor, order: NewGroup) -> Group:
    """Make a group with assigned membership (Microsoft Graph: create group).

    Raises NotPermitted, InvalidValue (also for membership by rule), NotFound (a member or owner), Conflict.
    """
    actor.require(GROUP_WRITING_ROLES, *CREATE_GROUPS)
    links = _asked(order.members, order.owners)
    now = ports.clock.now()
    record_id, group_id = ports.entropy.guid(), order.id or ports.entropy.guid()
    link_records = [ports.entropy.guid() for _ in links]
    given: dict[str, object] = {
        **order.properties,
        "display_name": order.display_name,
        "mail_nickname": group_id if order.mail_nickname is None else order.mail_nickname,
        "security_enabled": order.security_enabled,
    }
    values = checked_group_changes(given)
    kinds = checked_group_types(order.group_types)

    def work(tx: Transaction) -> Group:
        tenant = tx.tenants.find(actor.tenant_id)
        if tenant is None:
            raise NotFound("Tenant", actor.tenant_id)
        mail = f"{values['mail_nickname']}@{tenant.default_domain}" if order.mail_enabled else None
        group = checked_kind(
            Group(
                id=group_id,
                tenant_id=tenant.id,
                created_at=now,
                group_types=kinds,
                mail_enabled=order.mail_enabled,
                mail=mail,
                **values,
            )
        )
        if group.visibility is not None and not group.is_unified:
            raise InvalidValue("visibility", "Only Microsoft 365 groups have a visibility.")
        if group.visibility is None and group.is_unified:
            group = replace(group, visibility="Public")
        tx.groups.add(group)
        blank = Group(group.id, group.tenant_id, "", "", now)
        note(tx, record_id, audit.ADD_GROUP, actor, now, group_target(group, _changes(blank, group)))
        for (link, object_id), own_record in zip(links, link_records, strict=True):
            _attach(tx, actor, (link, group, object_id), own_record, now)
        return group

    return ports.store.write(actor.tenant_id, work)


def update_group(
    ports: Ports,
    actor: Actor,
    group_id: ObjectId,
    changes: Mapping[str, object],
    *,
    members: Sequence[ObjectId] = (),
) -> Group:
    """Set properties, named as in ``core.directory.group.Group``, and add *members* (Microsoft Graph: update group).

    Raises NotPermitted, NotFound, InvalidValue, Conflict.
    """
    links = _asked(members, ())
    now, record_id = ports.clock.now(), ports.entropy.guid()
    link_records = [ports.entropy.guid() for _ in links]

    def work(tx: Transaction) -> Group:
        before = require_group(tx, group_id)
        if changes or not links:
            guard_change(tx, actor, before, *WRITE_GROUPS)
        if links:
            guard_change(tx, actor, before, *WRITE_MEMBERS)
        after = replace(before, **checked_group_changes(changes, before))
        if after.visibility != before.visibility and not after.is_unified:
            raise InvalidValue("visibility", "Only Microsoft 365 groups have a visibility.")
        if after != before:
            tx.groups.replace(after)
            target = group_target(after, _changes(before, after))
            note(tx, record_id, audit.UPDATE_GROUP, actor, now, target)
        for (link, object_id), own_record in zip(links, link_records, strict=True):
            _attach(tx, actor, (link, after, object_id), own_record, now)
        return after

    return ports.store.write(actor.tenant_id, work)


def delete_group(ports: Ports, actor: Actor, group_id: ObjectId) -> None:
    """Delete the group for good, with memberships and app assignments. Raises NotPermitted, NotFound."""
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        group = require_group(tx, group_id)
        guard_change(tx, actor, group, *WRITE_GROUPS)
        tx.groups.remove(group.id)
        note(tx, record_id, audit.DELETE_GROUP, actor, now, group_target(group))

    ports.store.write(actor.tenant_id, work)


def add_to_group(
    ports: Ports, actor: Actor, link: GroupLink, group_id: ObjectId, object_id: ObjectId
) -> DirectoryObject:
    """Add a member or an owner; the object that was added.

    Raises NotPermitted, NotFound, InvalidValue (there already, or of a kind that cannot be).
    """
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> DirectoryObject:
        group = require_group(tx, group_id)
        guard_change(tx, actor, group, *_PERMITS[link])
        return _attach(tx, actor, (link, group, object_id), record_id, now)

    return ports.store.write(actor.tenant_id, work)


def remove_from_group(
    ports: Ports, actor: Actor, link: GroupLink, group_id: ObjectId, object_id: ObjectId
) -> None:
    """Take a member or an owner away.

    Raises NotPermitted, NotFound (also when it is none), InvalidValue (the last owner).
    """
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        group = require_group(tx, group_id)
        guard_change(tx, actor, group, *_PERMITS[link])
        if not tx.groups.is_linked(link, group.id, object_id):
            raise NotFound("Resource", object_id)
        found = require_object(tx, object_id)
        tx.groups.detach(link, group.id, found.id)
        if link is GroupLink.OWNER and not tx.groups.objects(link, group.id, _ONE).items:
            raise InvalidValue(
                "owners", "The group must have at least one owner, hence this owner cannot be removed."
            )
        targets = (object_target(found, link_changes(group, added=False)), group_target(group))
        note(tx, record_id, _REMOVED[link], actor, now, *targets)

    ports.store.write(actor.tenant_id, work)


def _asked(members: Sequence[ObjectId], owners: Sequence[ObjectId]) -> tuple[tuple[GroupLink, ObjectId], ...]:
    """Each once. Raises InvalidValue when there are too many for one request."""
    found = [(GroupLink.OWNER, each) for each in owners] + [(GroupLink.MEMBER, each) for each in members]
    unique = tuple(dict.fromkeys(found))
    if len(unique) > REFERENCES_PER_REQUEST:
        raise InvalidValue(
            "members", f"At most {REFERENCES_PER_REQUEST} members and owners can be given in one request."
        )
    return unique


def _attach(
    tx: Transaction,
    actor: Actor,
    wanted: tuple[GroupLink, Group, ObjectId],
    record_id: str,
    now: datetime,
) -> DirectoryObject:
    link, group, object_id = wanted
    found = require_object(tx, object_id)
    check_fits(link, group, found)
    if not tx.groups.attach(link, group.id, found.id, kind_of(found)):
        raise InvalidValue(
            link.value,
            f"One or more added object references already exist for the following modified properties: '{link.value}'.",
        )
    targets = (object_target(found, link_changes(group, added=True)), group_target(group))
    note(tx, record_id, _ADDED[link], actor, now, *targets)
    return found


def _changes(before: Group, after: Group) -> tuple[Change, ...]:
    """What differs, as the log carries it: values are JSON lists, names begin with a capital."""
    found = []
    for item in fields(Group):
        old, new = getattr(before, item.name), getattr(after, item.name)
        if old != new:
            name = wire_name(item.name)
            found.append(Change(name[0].upper() + name[1:], _as_json(old), _as_json(new)))
    return tuple(found)


def _as_json(value: object) -> str:
    listed = list(value) if isinstance(value, tuple) else [] if value in (None, "") else [value]
    return json.dumps(listed, ensure_ascii=False)
