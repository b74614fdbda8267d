"""Directory extensions that an app registration defines (Microsoft Graph: extensionProperty)."""

from __future__ import annotations

import hashlib

from xenia.catalog.edm import Edm, Entity, Op, Prop, Resource, Values, Write
from xenia.catalog.entities.federated_credentials import object_id_of
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.directory.application import Application
from xenia.core.errors import InvalidValue, NotFound
from xenia.core.query import Page, Query
from xenia.core.user_attributes import DataType, UserAttribute
from xenia.ports import Ports
from xenia.record import Record
from xenia.usecases.applications import app_extensions
from xenia.usecases.applications.application_rules import (
    OWNED_BY,
    READ_APPLICATION_DETAILS,
    WRITE_APPLICATIONS,
)

_TYPES = {"String": DataType.STRING, "Boolean": DataType.BOOLEAN, "Integer": DataType.INTEGER}
_WIRE = {kind: name for name, kind in _TYPES.items()}


class _Extension(Record):
    """An attribute as the app that defines it is told."""

    id: str
    name: str
    data_type: str
    app_display_name: str


def _told(application: Application, attribute: UserAttribute) -> _Extension:
    return _Extension(
        _id_of(attribute.id), attribute.id, _WIRE[attribute.data_type], application.display_name
    )


def _id_of(attribute_id: str) -> str:
    """The id of its own that the API gives an extension: derived, as the attribute goes by its name."""
    text = hashlib.sha256(f"extension:{attribute_id.casefold()}".encode()).hexdigest()
    # A version 8 UUID (RFC 9562 section 5.8): its bits are the maker's own.
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-8{text[17:20]}-{text[20:32]}"


def _all(ports: Ports, actor: Actor, app: str) -> tuple[_Extension, ...]:
    application, found = app_extensions.list_extensions(ports, actor, object_id_of(ports, actor, app))
    return tuple(_told(application, each) for each in found)


def _list(ports: Ports, actor: Actor, app: str, query: Query) -> Page[_Extension]:
    return page_of(_all(ports, actor, app), query)


def _get(ports: Ports, actor: Actor, app: str, key: str) -> _Extension:
    found = next((each for each in _all(ports, actor, app) if each.id == key.lower()), None)
    if found is None:
        raise NotFound("Resource", key)
    return found


def _create(ports: Ports, actor: Actor, app: str, values: Values) -> _Extension:
    data_type = _TYPES.get(values["dataType"])
    if data_type is None:
        raise InvalidValue("dataType", f"The data type of an extension here is one of {', '.join(_TYPES)}.")
    if values.get("targetObjects") != ["User"]:
        raise InvalidValue("targetObjects", 'Extensions here are of users: targetObjects is ["User"].')
    if values.get("isMultiValued"):
        raise InvalidValue("isMultiValued", "Extensions here hold one value.")
    object_id = object_id_of(ports, actor, app)
    made = app_extensions.add_extension(ports, actor, object_id, values["name"], data_type)
    return _get(ports, actor, app, _id_of(made.id))


def _delete(ports: Ports, actor: Actor, app: str, key: str) -> None:
    name = _get(ports, actor, app, key).name
    app_extensions.remove_extension(ports, actor, object_id_of(ports, actor, app), name)


EXTENSION_PROPERTY = Entity(
    "extensionProperty",
    "A custom attribute of users that an app defines.",
    (
        Prop("id", nullable=False, filter=Op.EQ, plain=Op.EQ),
        Prop("deletedDateTime", Edm.DATE, read=lambda _seen: None),
        Prop("appDisplayName"),
        Prop("name", nullable=False, write=Write.CREATE, required=True, filter=Op.EQ, plain=Op.EQ),
        Prop("dataType", nullable=False, write=Write.CREATE, required=True, filter=Op.EQ, plain=Op.EQ),
        Prop("isMultiValued", Edm.BOOLEAN, write=Write.CREATE, read=lambda _seen: False),
        Prop("isSyncedFromOnPremises", Edm.BOOLEAN, read=lambda _seen: False),
        Prop(
            "targetObjects",
            many=True,
            nullable=False,
            write=Write.CREATE,
            required=True,
            read=lambda _seen: ["User"],
        ),
    ),
    base="directoryObject",
)
EXTENSION_PROPERTIES = Resource(
    "applications/{id}/extensionProperties",
    EXTENSION_PROPERTY,
    list=_list,
    get=_get,
    create=_create,
    delete=_delete,
    read_permits=READ_APPLICATION_DETAILS,
    write_permits=(*WRITE_APPLICATIONS, OWNED_BY),
    note="The name becomes `extension_{appId without dashes}_{name}`, a property of users; user flows may ask for it. "
    "Of type String, Boolean or Integer, for users alone.",
)
