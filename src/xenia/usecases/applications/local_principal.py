"""The local instance of an application in a tenant that did not register it: made once, when somebody agrees to it.

Reading needs none: until then a principal that is not stored stands for it, and nothing is granted to it.
"""

from __future__ import annotations

from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.ids import ObjectId, TenantId
from xenia.ports import Ports, Transaction
from xenia.usecases.applications.application_rules import note, principal_target


def unstored_principal(
    ports: Ports, application: Application, tenant_id: TenantId, now: datetime
) -> ServicePrincipal:
    """What the tenant's instance of this application will be."""
    return new_principal(ports.entropy.guid(), application, tenant_id, now)


def new_principal(
    principal_id: ObjectId, application: Application, tenant_id: TenantId, now: datetime
) -> ServicePrincipal:
    """The record of an instance, as it begins."""
    return ServicePrincipal(
        id=principal_id,
        tenant_id=tenant_id,
        app_id=application.app_id,
        display_name=application.display_name,
        owner_tenant_id=application.tenant_id,
        created_at=now,
        home_page_url=application.home_page_url,
    )


def may_have_principal(application: Application | None, tenant_id: TenantId) -> bool:
    """Whether an instance may be made here: of the tenant's own application, or one that is for other tenants too."""
    if application is None:
        return False
    return application.tenant_id == tenant_id or application.is_multi_tenant


def add_principal(
    ports: Ports, tx: Transaction, actor: Actor, principal: ServicePrincipal, now: datetime
) -> None:
    """Store it, unless somebody else agreed in the meantime. Raises Conflict where both commit at once."""
    if tx.applications.find_service_principal(principal.id) is None:
        store_principal(tx, actor, principal, now, ports.entropy.guid())


def store_principal(
    tx: Transaction, actor: Actor, principal: ServicePrincipal, now: datetime, record_id: str
) -> None:
    """Store it with its audit record, named by *actor*."""
    tx.applications.add_service_principal(principal)
    note(tx, record_id, audit.ADD_SERVICE_PRINCIPAL, actor, now, principal_target(principal))
