"""Groups: ``/groups`` (Microsoft Graph: group)."""

from __future__ import annotations

from typing import Any

from xenia.catalog.edm import Complex, Edm, Entity, Op, Prop, Resource, Returned, Sort, Values, Write
from xenia.core.actor import Actor
from xenia.ports import Ports
from xenia.usecases.groups import manage_groups, read_groups
from xenia.usecases.groups.group_rules import WRITE_GROUPS
from xenia.usecases.groups.manage_groups import NewGroup
from xenia.usecases.groups.read_groups import SeenGroup

_COMPARED = Op.EQ | Op.NE | Op.NOT | Op.GE | Op.LE | Op.STARTS
_ALL = _COMPARED | Op.IN | Op.NULL
_PLAIN = Op.EQ | Op.IN | Op.GE | Op.LE | Op.STARTS
_NONE_HERE = (
    *("deletedDateTime", "expirationDateTime", "membershipRule", "membershipRuleProcessingState"),
    *(
        "onPremisesDomainName",
        "onPremisesLastSyncDateTime",
        "onPremisesNetBiosName",
        "onPremisesSamAccountName",
    ),
    *("onPremisesSecurityIdentifier", "onPremisesSyncEnabled", "preferredDataLocation", "uniqueName"),
)
"""Told as null: of groups that follow from rules, expire or come from elsewhere, of which there are none."""
_TYPES_OF_THESE = {
    "deletedDateTime": Edm.DATE,
    "expirationDateTime": Edm.DATE,
    "onPremisesLastSyncDateTime": Edm.DATE,
    "onPremisesSyncEnabled": Edm.BOOLEAN,
}
REFERENCE = Complex("directoryObject", (Prop("id", Edm.GUID, nullable=False, write=Write.BOTH),))
"""In a body: an object that is bound by its address."""


def _nothing(_seen: SeenGroup) -> object:
    return None


def _security_identifier(seen: SeenGroup) -> object:
    return seen.group.security_identifier if seen.whole else None


_PROPS = (
    Prop("id", nullable=False, filter=Op.EQ | Op.IN, plain=Op.EQ | Op.IN),
    Prop("classification", filter=_COMPARED, write=Write.BOTH, max_length=1024),
    Prop("createdDateTime", Edm.DATE, "created_at"),
    Prop("description", filter=_COMPARED, search=True, write=Write.BOTH, max_length=1024),
    Prop(
        "displayName",
        filter=_ALL,
        plain=_PLAIN,
        sort=Sort.PLAIN,
        search=True,
        write=Write.BOTH,
        required=True,
        max_length=256,
    ),
    Prop("groupTypes", many=True, filter=Op.EQ | Op.NOT, plain=Op.EQ, write=Write.CREATE),
    Prop(
        *("isAssignableToRole", Edm.BOOLEAN),
        read=lambda seen: False if seen.whole else None,
        write=Write.CREATE,
    ),
    Prop("mail", filter=_ALL, plain=_PLAIN, search=True),
    Prop(
        *("mailEnabled", Edm.BOOLEAN),
        filter=Op.EQ | Op.NE | Op.NOT,
        plain=Op.EQ,
        write=Write.CREATE,
        required=True,
    ),
    Prop("mailNickname", filter=_ALL, plain=_PLAIN, write=Write.BOTH, required=True, max_length=64),
    Prop("preferredLanguage", filter=_ALL, write=Write.BOTH, max_length=1024),
    Prop("proxyAddresses", many=True, read=_nothing),
    Prop("renewedDateTime", Edm.DATE, "created_at"),
    Prop("resourceBehaviorOptions", many=True, read=_nothing),
    Prop("resourceProvisioningOptions", many=True, read=_nothing),
    Prop(
        *("securityEnabled", Edm.BOOLEAN),
        filter=Op.EQ | Op.NE | Op.NOT | Op.IN,
        plain=Op.EQ | Op.IN,
        write=Write.BOTH,
        required=True,
    ),
    Prop("securityIdentifier", read=_security_identifier),
    Prop("theme", write=Write.BOTH),
    Prop("visibility", write=Write.BOTH),
    *(Prop(name, _TYPES_OF_THESE.get(name, Edm.STRING), read=_nothing) for name in _NONE_HERE),
    Prop("members", REFERENCE, many=True, returned=Returned.NEVER, write=Write.BOTH),
    Prop("owners", REFERENCE, many=True, returned=Returned.NEVER, write=Write.CREATE),
)
_OWN_PARAMETERS = frozenset(
    {"displayName", "mailNickname", "groupTypes", "securityEnabled", "mailEnabled", "members", "owners"}
)


def _create(ports: Ports, actor: Actor, values: Values) -> SeenGroup:
    rest = {name: value for name, value in values.items() if name not in _OWN_PARAMETERS}
    order = NewGroup(
        display_name=values["displayName"],
        mail_nickname=values["mailNickname"],
        group_types=values.get("groupTypes") or (),
        security_enabled=values["securityEnabled"],
        mail_enabled=values["mailEnabled"],
        properties=_attributes(rest),
        members=_ids(values, "members"),
        owners=_ids(values, "owners"),
    )
    return SeenGroup(manage_groups.create_group(ports, actor, order), whole=True)


def _update(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    changes = _attributes({name: value for name, value in values.items() if name != "members"})
    manage_groups.update_group(ports, actor, key, changes, members=_ids(values, "members"))


def _attributes(values: Values) -> dict[str, Any]:
    found = {name: GROUP.prop(name) for name in values}
    named = {prop.field: values[name] for name, prop in found.items() if prop is not None}
    # Sent by scripts as the answer they expect; true would be another kind of group, and is refused below.
    if named.get("is_assignable_to_role") in (False, None):
        named.pop("is_assignable_to_role", None)
    return named


def _ids(values: Values, name: str) -> tuple[str, ...]:
    return tuple(item["id"] for item in values.get(name) or ())


GROUP = Entity(
    "group",
    "A security group or Microsoft 365 group with assigned members.",
    _PROPS,
    attribute_of=lambda seen, name: seen.value(name),
    base="directoryObject",
)
GROUPS = Resource(
    "groups",
    GROUP,
    list=read_groups.list_groups,
    get=read_groups.get_group,
    create=_create,
    update=_update,
    delete=manage_groups.delete_group,
    is_advanced=True,
    read_permits=read_groups.READ_GROUPS,
    write_permits=WRITE_GROUPS,
    note="Apps create groups with `Group.Create` too. `members@odata.bind` and `owners@odata.bind` take 20 references in "
    "one request. Owners change their groups without a directory role. Deleting is final. Membership by rule "
    "(`DynamicMembership`) and groups that hold directory roles (`isAssignableToRole`) are refused. Guests of the default "
    "level read groups they can name (`$filter` on `displayName` or `id` with eq), guests of the restricted level only the ids "
    "of their own.",
)
