"""Deleting, restoring and purging app registrations. A deleted one stays restorable for 30 days."""

from __future__ import annotations

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.application import Application
from xenia.core.errors import NotFound, NotPermitted
from xenia.core.ids import ObjectId, parse_guid
from xenia.core.query import Page, Query
from xenia.ports import Ports, Transaction
from xenia.record import replace
from xenia.usecases.applications.application_rules import (
    READ_APPLICATION_DETAILS,
    application_target,
    guard_change,
    note,
    require_application,
)


def delete_application(ports: Ports, actor: Actor, object_id: ObjectId) -> None:
    """Move the registration and this tenant's enterprise app to the deleted ones; both work nowhere from now on.

    Client ID and application ID URIs stay taken, because it may come back; its user flow lets go of it. Raises NotPermitted, NotFound.
    """
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        application = require_application(tx, object_id)
        guard_change(tx, actor, application)
        principal = tx.applications.service_principal(application.app_id)
        if principal is not None:
            tx.applications.replace_service_principal(replace(principal, deleted_at=now))
        tx.applications.replace(replace(application, deleted_at=now))
        flow = tx.user_flows.of_app(application.app_id)
        if flow is not None:
            kept = tuple(app_id for app_id in flow.app_ids if app_id != application.app_id)
            tx.user_flows.replace(replace(flow, app_ids=kept))
        note(tx, record_id, audit.DELETE_APPLICATION, actor, now, application_target(application))

    ports.store.write(actor.tenant_id, work)


def restore_application(ports: Ports, actor: Actor, object_id: ObjectId) -> Application:
    """Bring a deleted registration back with credentials, owners, enterprise app, assignments and consent.

    Raises NotPermitted, NotFound (also when it is not deleted).
    """
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> Application:
        application = _require_deleted(tx, object_id)
        guard_change(tx, actor, application)
        restore(tx, application)
        note(tx, record_id, audit.RESTORE_APPLICATION, actor, now, application_target(application))
        return require_application(tx, application.id)

    return ports.store.write(actor.tenant_id, work)


def restore(tx: Transaction, application: Application) -> None:
    """Undo the deletion of the registration, and of the enterprise app that went with it."""
    tx.applications.replace(replace(application, deleted_at=None))
    principal = tx.applications.service_principal(application.app_id, deleted=True)
    if principal is not None and principal.deleted_at == application.deleted_at:
        tx.applications.replace_service_principal(replace(principal, deleted_at=None))


def purge_application(ports: Ports, actor: Actor, object_id: ObjectId) -> None:
    """Remove a deleted registration for good. Raises NotPermitted, NotFound (also while it is not deleted)."""
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        application = _require_deleted(tx, object_id)
        guard_change(tx, actor, application)
        principal = tx.applications.service_principal(application.app_id, deleted=True)
        if principal is not None:
            tx.applications.remove_service_principal(principal.id)
        tx.applications.remove(application.id)
        note(tx, record_id, audit.HARD_DELETE_APPLICATION, actor, now, application_target(application))

    ports.store.write(actor.tenant_id, work)


def list_deleted_applications(ports: Ports, actor: Actor, query: Query) -> Page[Application]:
    """Registrations that can be restored. Raises NotPermitted."""
    _require_reader(actor)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.applications.list(query, deleted=True)


def get_deleted_application(ports: Ports, actor: Actor, object_id: ObjectId) -> Application:
    """One of them. Raises NotPermitted, NotFound."""
    _require_reader(actor)
    with ports.store.read(actor.tenant_id) as tx:
        return _require_deleted(tx, object_id)


def is_deleted_application(ports: Ports, actor: Actor, object_id: str) -> bool:
    """Whether this id names a deleted registration of the tenant; who may know more is asked by the other verbs."""
    key = parse_guid(object_id)
    with ports.store.read(actor.tenant_id) as tx:
        found = tx.applications.find(key, deleted=True) if key else None
        return found is not None and found.deleted_at is not None


def _require_deleted(tx: Transaction, object_id: ObjectId) -> Application:
    key = parse_guid(object_id)
    found = tx.applications.find(key, deleted=True) if key else None
    if found is None or found.deleted_at is None:
        raise NotFound("Resource", object_id)
    return found


def _require_reader(actor: Actor) -> None:
    """Guests see no registrations at all, deleted ones neither."""
    if not actor.may(*READ_APPLICATION_DETAILS) or (actor.is_guest and not actor.roles):
        raise NotPermitted(READ_APPLICATION_DETAILS[0])
