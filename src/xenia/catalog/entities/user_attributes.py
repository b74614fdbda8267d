"""User attributes that user flows may ask for (Microsoft Graph: identityUserFlowAttribute)."""

from __future__ import annotations

from xenia.catalog.edm import Entity, Op, Prop, Resource, Service, Values, Write
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.errors import InvalidValue
from xenia.core.query import Page, Query
from xenia.core.user_attributes import AttributeKind, DataType, UserAttribute
from xenia.ports import Ports
from xenia.usecases.self_service import manage_user_attributes as attributes

READ_PERMITS = ("IdentityUserFlow.Read.All", "IdentityUserFlow.ReadWrite.All")
WRITE_PERMITS = ("IdentityUserFlow.ReadWrite.All",)
_KINDS = {
    AttributeKind.BUILT_IN: "identityBuiltInUserFlowAttribute",
    AttributeKind.CUSTOM: "identityCustomUserFlowAttribute",
}


def _attribute(record: UserAttribute, name: str) -> object:
    return _KINDS[record.kind] if name == "wire_type" else getattr(record, name)


def _list(ports: Ports, actor: Actor, query: Query) -> Page[UserAttribute]:
    return page_of(attributes.list_attributes(ports, actor), query)


def _create(ports: Ports, actor: Actor, values: Values) -> UserAttribute:
    wanted = (values.get("dataType") or "").lower()
    data_type = next((kind for kind in DataType if kind.value == wanted), None)
    if data_type is None:
        raise InvalidValue("dataType", "The data type of a user attribute is 'string', 'boolean' or 'int64'.")
    order = attributes.NewAttribute(
        name=values["displayName"], description=values.get("description") or "", data_type=data_type
    )
    return attributes.create_attribute(ports, actor, order)


def _update(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    if "description" in values:
        attributes.update_attribute(ports, actor, key, values["description"] or "")


USER_FLOW_ATTRIBUTE = Entity(
    "identityUserFlowAttribute",
    "Something that is asked once, at sign-up, and stored with the user.",
    (
        Prop("id", nullable=False),
        Prop("displayName", filter=Op.EQ | Op.NE, write=Write.CREATE, required=True),
        Prop("description", write=Write.BOTH),
        Prop(
            "userFlowAttributeType",
            attribute="kind",
            nullable=False,
            filter=Op.EQ | Op.NE,
            values=("builtIn", "custom", "required"),
        ),
        Prop(
            "dataType",
            nullable=False,
            filter=Op.EQ | Op.NE,
            write=Write.CREATE,
            required=True,
            values=("string", "boolean", "int64"),
        ),
    ),
    attribute_of=_attribute,
    kind="wire_type",
    derived=tuple(Entity(name, "", ()) for name in _KINDS.values()),
)
USER_FLOW_ATTRIBUTES = Resource(
    "identity/userFlowAttributes",
    USER_FLOW_ATTRIBUTE,
    Service.IDENTITY,
    list=_list,
    get=attributes.get_attribute,
    create=_create,
    update=_update,
    delete=attributes.delete_attribute,
    read_permits=READ_PERMITS,
    write_permits=WRITE_PERMITS,
    note="A custom attribute becomes the property `extension_{app id}_{name}` of users. Only its description changes.",
)
