"""Directory extensions of app registrations: custom attributes of users that an app of one's own defines.

Microsoft Graph: application: extensionProperties. They are the custom attributes that user flows ask for, whoever
defined them: ``extension_{appId without dashes}_{name}``.
"""

from __future__ import annotations

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.application import Application
from xenia.core.errors import NotFound, NotPermitted
from xenia.core.ids import ObjectId
from xenia.core.user_attributes import AttributeKind, DataType, UserAttribute, custom_attribute_id
from xenia.ports import Ports, Transaction
from xenia.usecases.applications.application_rules import (
    READ_APPLICATION_DETAILS,
    guard_change,
    require_application,
)
from xenia.usecases.self_service.manage_user_attributes import add_custom, bare_name, drop_custom
from xenia.usecases.self_service.self_service_rules import note_change


def list_extensions(
    ports: Ports, actor: Actor, object_id: ObjectId
) -> tuple[Application, tuple[UserAttribute, ...]]:
    """The app and what it defines, by name. Raises NotPermitted, NotFound."""
    if not actor.may(*READ_APPLICATION_DETAILS):
        raise NotPermitted(READ_APPLICATION_DETAILS[0])
    with ports.store.read(actor.tenant_id) as tx:
        application = require_application(tx, object_id)
        return application, _defined_by(tx, application)


def add_extension(
    ports: Ports, actor: Actor, object_id: ObjectId, name: str, data_type: DataType
) -> UserAttribute:
    """Define an attribute in the name of this app; its owners and administrators of apps may.

    Raises NotPermitted, NotFound, InvalidValue, Conflict (field ``display_name``: it is there).
    """
    now, record_id = ports.clock.now(), ports.entropy.guid()
    bare = bare_name(name.strip())

    def work(tx: Transaction) -> UserAttribute:
        application = require_application(tx, object_id)
        guard_change(tx, actor, application)
        attribute = UserAttribute(
            id=custom_attribute_id(application.app_id, bare),
            display_name=bare,
            description="",
            data_type=data_type,
            kind=AttributeKind.CUSTOM,
            tenant_id=actor.tenant_id,
            created_at=now,
        )
        add_custom(tx, attribute)
        note_change(tx, record_id, audit.CREATE_USER_ATTRIBUTE, actor, now, before=None, after=attribute)
        return attribute

    return ports.store.write(actor.tenant_id, work)


def remove_extension(ports: Ports, actor: Actor, object_id: ObjectId, attribute_id: str) -> None:
    """Take the attribute away, with what users hold of it. Raises NotPermitted, NotFound, and Conflict while a user flow asks for it."""
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        application = require_application(tx, object_id)
        guard_change(tx, actor, application)
        found = next((each for each in _defined_by(tx, application) if each.id == attribute_id), None)
        if found is None:
            raise NotFound("Resource", attribute_id)
        drop_custom(tx, found)
        note_change(tx, record_id, audit.DELETE_USER_ATTRIBUTE, actor, now, before=found, after=None)

    ports.store.write(actor.tenant_id, work)


def _defined_by(tx: Transaction, application: Application) -> tuple[UserAttribute, ...]:
    mark = custom_attribute_id(application.app_id, "").casefold()
    return tuple(each for each in tx.user_attributes.list() if each.id.casefold().startswith(mark))
