"""The registration that owns custom attributes (directory extensions): one per tenant, made when it is first needed."""

from __future__ import annotations

import hashlib
from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import Target, audit_record
from xenia.core.directory.application import Application
from xenia.core.ids import AppId, TenantId
from xenia.core.user_attributes import EXTENSIONS_APP_NAME
from xenia.ports import Transaction
from xenia.usecases.applications.application_lifecycle import restore


def extensions_app_id(tenant_id: TenantId) -> AppId:
    """The application ID in the names of custom attributes, the same in each copy of a tenant.

    Derived, so that two administrators who add the first attribute at once agree, a deleted registration
    comes back as what it was, and a program's ``extension_{appId}_{Name}`` fits every run of a seeded server.
    """
    text = hashlib.sha256(f"extensions-app:{tenant_id}".encode()).hexdigest()
    # A version 8 UUID (RFC 9562 section 5.8): its bits are the maker's own.
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-8{text[17:20]}-{text[20:32]}"


def ensure_extensions_app(
    tx: Transaction, actor: Actor, now: datetime, object_id: str, record_id: str
) -> AppId:
    """The registration's application ID; restored when it was deleted, made anew when it is missing. Ids are drawn by the caller."""
    app_id = extensions_app_id(actor.tenant_id)
    deleted = tx.applications.find_by_app_id(app_id, deleted=True)
    if deleted is not None and deleted.deleted_at is not None:
        restore(tx, deleted)
        target = Target(deleted.id, "Application", EXTENSIONS_APP_NAME)
        tx.logs.audit(audit_record(record_id, audit.RESTORE_APPLICATION, actor, now, targets=(target,)))
    elif deleted is None:
        application = Application(object_id, actor.tenant_id, app_id, EXTENSIONS_APP_NAME, now)
        tx.applications.add(application)
        target = Target(object_id, "Application", EXTENSIONS_APP_NAME)
        tx.logs.audit(audit_record(record_id, audit.ADD_APPLICATION, actor, now, targets=(target,)))
    return app_id
