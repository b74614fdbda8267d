"""Values of custom attributes on users: which there are, and what a change makes of them.

Custom attributes are directory extensions (Microsoft Graph: extensionProperty); defining them is
``manage_user_attributes``.
"""

from __future__ import annotations

from collections.abc import Mapping

from xenia.core.actor import Actor
from xenia.core.attribute_rules import attribute_value
from xenia.core.errors import InvalidValue
from xenia.core.ids import fold
from xenia.core.user_attributes import AttributeValues, UserAttribute
from xenia.ports import Ports, Transaction


def extension_attributes(ports: Ports, actor: Actor) -> tuple[UserAttribute, ...]:
    """The custom attributes users of this tenant can have."""
    with ports.store.read(actor.tenant_id) as tx:
        return tx.user_attributes.list()


def changed_extensions(tx: Transaction, stored: AttributeValues, changes: object) -> AttributeValues:
    """*stored* with *changes* by full attribute name; null and empty text take a value away.

    Raises InvalidValue for a name that is no custom attribute here, and for a value its attribute cannot hold.
    """
    if not isinstance(changes, Mapping):
        raise InvalidValue("extensions", "Name custom attributes and their values.")
    known = {fold(attribute.id): attribute for attribute in tx.user_attributes.list()}
    values = dict(stored)
    for name, value in changes.items():
        attribute = known.get(fold(str(name)))
        if attribute is None:
            raise InvalidValue(
                str(name), f"Property '{name}' does not exist as a declared property or extension property."
            )
        checked = None if value is None else attribute_value(attribute, value)
        if checked is None or checked == "":
            values.pop(attribute.id, None)
        else:
            values[attribute.id] = checked
    return tuple(values.items())
