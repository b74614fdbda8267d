"""Custom user attributes: defining, describing and deleting them (Microsoft Graph: identityUserFlowAttribute).

Built-in attributes are part of the product and are listed before them. Values stand with the users.
"""

from __future__ import annotations

import re

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.roles import ATTRIBUTE_WRITING_ROLES, USER_FLOW_ATTRIBUTE_ADMINISTRATOR
from xenia.core.errors import Conflict, InvalidValue
from xenia.core.ids import fold
from xenia.core.user_attributes import (
    BUILT_IN_ATTRIBUTES,
    AttributeKind,
    DataType,
    UserAttribute,
    attribute_key,
    custom_attribute_id,
)
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.applications.extensions_app import ensure_extensions_app, extensions_app_id
from xenia.usecases.self_service.self_service_rules import (
    READ_ATTRIBUTES,
    WRITE_ATTRIBUTES,
    checked_text,
    note_change,
    require_reader,
    require_writer,
)
from xenia.usecases.self_service.user_flow_rules import require_attribute

MOST_ATTRIBUTES = 100
"""Directory extensions a user object can hold."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")


class NewAttribute(Record):
    """What somebody says who defines an attribute."""

    name: str
    data_type: DataType = DataType.STRING
    description: str = ""


def list_attributes(ports: Ports, actor: Actor) -> tuple[UserAttribute, ...]:
    """The built-in attributes, then the custom ones, each by name. Raises NotPermitted."""
    require_reader(actor, *READ_ATTRIBUTES)
    with ports.store.read(actor.tenant_id) as tx:
        return (*BUILT_IN_ATTRIBUTES, *tx.user_attributes.list())


def get_attribute(ports: Ports, actor: Actor, attribute_id: str) -> UserAttribute:
    """The attribute of this id, in any published spelling. Raises NotPermitted, NotFound."""
    require_reader(actor, *READ_ATTRIBUTES)
    with ports.store.read(actor.tenant_id) as tx:
        return require_attribute(tx, attribute_id)


def create_attribute(ports: Ports, actor: Actor, order: NewAttribute) -> UserAttribute:
    """Define a custom attribute ``extension_{appId}_{Name}``; the first one brings the registration that owns them.

    Blanks in a name are left out of the id. Raises NotPermitted, InvalidValue, and Conflict when there is one of
    this name already, built in or custom.
    """
    _require_writer(actor)
    now = ports.clock.now()
    ids = tuple(ports.entropy.guid() for _ in range(3))
    display_name = checked_text("display_name", order.name, 100, is_required=True)
    attribute = UserAttribute(
        id=custom_attribute_id(extensions_app_id(actor.tenant_id), bare_name(display_name)),
        display_name=display_name,
        description=checked_text("description", order.description, 500),
        data_type=_data_type(order.data_type),
        kind=AttributeKind.CUSTOM,
        tenant_id=actor.tenant_id,
        created_at=now,
    )

    def work(tx: Transaction) -> UserAttribute:
        for other in (*BUILT_IN_ATTRIBUTES, *tx.user_attributes.list()):
            if fold(other.display_name) == fold(display_name):
                raise Conflict("display_name", f"There is an attribute called {other.display_name} already.")
        ensure_extensions_app(tx, actor, now, ids[0], ids[1])
        add_custom(tx, attribute)
        note_change(tx, ids[2], audit.CREATE_USER_ATTRIBUTE, actor, now, before=None, after=attribute)
        return attribute

    try:
        return ports.store.write(actor.tenant_id, work)
    except Conflict as conflict:
        if conflict.field != "app_id":
            raise
        # Somebody else's first attribute brought the registration at this moment.
        return ports.store.write(actor.tenant_id, work)


def update_attribute(ports: Ports, actor: Actor, attribute_id: str, description: str) -> UserAttribute:
    """Describe a custom attribute anew; its name and data type never change.

    A deleted registration of the owner comes back with it. Raises NotPermitted, NotFound, InvalidValue.
    """
    _require_writer(actor)
    now = ports.clock.now()
    ids = tuple(ports.entropy.guid() for _ in range(3))

    def work(tx: Transaction) -> UserAttribute:
        before = _require_custom(tx, attribute_id)
        ensure_extensions_app(tx, actor, now, ids[0], ids[1])
        after = replace(before, description=checked_text("description", description, 500))
        if after != before:
            tx.user_attributes.replace(after)
            note_change(tx, ids[2], audit.UPDATE_USER_ATTRIBUTE, actor, now, before=before, after=after)
        return after

    return ports.store.write(actor.tenant_id, work)


def delete_attribute(ports: Ports, actor: Actor, attribute_id: str) -> None:
    """Delete a custom attribute that no flow asks for, and what users hold of it.

    Values must not outlive their definition: one made later under the same name may have another type. Raises NotPermitted, NotFound, InvalidValue for a built-in one, and Conflict while a user flow asks for it.
    """
    _require_writer(actor)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        attribute = _require_custom(tx, attribute_id)
        drop_custom(tx, attribute)
        note_change(tx, record_id, audit.DELETE_USER_ATTRIBUTE, actor, now, before=attribute, after=None)

    ports.store.write(actor.tenant_id, work)


def add_custom(tx: Transaction, attribute: UserAttribute) -> None:
    """Store a custom attribute. Raises InvalidValue (too many), Conflict (its id is taken)."""
    present = tx.user_attributes.list()
    if len(present) >= MOST_ATTRIBUTES:
        raise InvalidValue("display_name", f"There are {MOST_ATTRIBUTES} custom attributes already.")
    same = next((other for other in present if fold(other.id) == fold(attribute.id)), None)
    if same is not None:
        raise Conflict("display_name", f"There is an attribute called {same.display_name} already.")
    tx.user_attributes.add(attribute)


def drop_custom(tx: Transaction, attribute: UserAttribute) -> None:
    """Take it away with what users hold of it. Raises Conflict while a user flow asks for it."""
    key = attribute_key(attribute.id)
    flows = [
        flow.id
        for flow in tx.user_flows.list()
        if any(attribute_key(entry.attribute_id) == key for entry in flow.attributes)
    ]
    if flows:
        raise Conflict("id", f"Remove it from these user flows first: {', '.join(flows)}.")
    tx.user_attributes.remove(attribute.id)
    tx.users.forget_extension(attribute.id)


def _require_custom(tx: Transaction, attribute_id: str) -> UserAttribute:
    found = require_attribute(tx, attribute_id)
    if found.kind is not AttributeKind.CUSTOM:
        raise InvalidValue("id", f"{found.display_name} is built in and cannot be changed.")
    return found


def bare_name(display_name: str) -> str:
    """The name as it stands in the id, without blanks. Raises InvalidValue."""
    bare = display_name.replace(" ", "")
    if not _NAME.fullmatch(bare):
        raise InvalidValue(
            "display_name", "A name begins with a letter and has letters, digits or underscores."
        )
    return bare


def _data_type(value: object) -> DataType:
    try:
        return DataType(str(value))
    except ValueError:
        raise InvalidValue("data_type", "Choose string, boolean or int64.") from None


def _require_writer(actor: Actor) -> None:
    require_writer(actor, ATTRIBUTE_WRITING_ROLES, USER_FLOW_ATTRIBUTE_ADMINISTRATOR.name, *WRITE_ATTRIBUTES)
