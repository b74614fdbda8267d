"""``/directory/deletedItems``: what can be restored, whatever type it is (Microsoft Graph: directory: deletedItems)."""

from __future__ import annotations

from xenia.catalog.edm import Action, Resource, Values
from xenia.catalog.entities.application import APPLICATION, DELETED_APPLICATIONS
from xenia.catalog.entities.user import DELETED_USER_ITEMS, DELETED_USERS
from xenia.core.actor import Actor
from xenia.ports import Ports
from xenia.record import replace
from xenia.usecases.applications import application_lifecycle, manage_applications, read_applications
from xenia.usecases.applications.read_applications import DetailedApplication


def _restore(ports: Ports, actor: Actor, key: str, _values: Values) -> DetailedApplication:
    restored = application_lifecycle.restore_application(ports, actor, key)
    return read_applications.get_application(ports, actor, restored.id)


_DELETED_APPLICATION_ITEMS = replace(
    DELETED_USER_ITEMS,
    entity=APPLICATION,
    get=read_applications.get_deleted_application,
    delete=application_lifecycle.purge_application,
    actions=(
        Action(
            "restore",
            _restore,
            "graph.directoryObject",
            manage_applications.WRITE_APPLICATIONS,
            entity=APPLICATION,
            context="directoryObjects/$entity",
        ),
    ),
    read_permits=DELETED_APPLICATIONS.read_permits,
    write_permits=manage_applications.WRITE_APPLICATIONS,
)


def _of_type(ports: Ports, actor: Actor, key: str) -> Resource:
    is_application = application_lifecycle.is_deleted_application(ports, actor, key)
    return _DELETED_APPLICATION_ITEMS if is_application else DELETED_USER_ITEMS


DELETED_ITEMS = replace(
    DELETED_USER_ITEMS,
    of_type=_of_type,
    note="Deleted users and app registrations stay for 30 days; `restore` brings either back, with the permissions that "
    "changing it needs.",
)
DELETED = (DELETED_USERS, DELETED_APPLICATIONS, DELETED_ITEMS)
