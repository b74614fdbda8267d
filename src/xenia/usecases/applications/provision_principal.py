"""Giving an app its local instance in a tenant outright: with its registration, or by ``POST /servicePrincipals``.

What comes with the first consent is prepared before anybody agrees (``local_principal``, which both end in).
"""

from __future__ import annotations

from datetime import datetime

from xenia.core.actor import Actor
from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.directory.roles import APP_WRITING_ROLES
from xenia.core.errors import Conflict, InvalidValue
from xenia.core.ids import AppId, ObjectId, parse_guid
from xenia.ports import Ports, Transaction
from xenia.usecases.applications.application_rules import (
    WRITE_APPLICATIONS,
    is_over_all,
    may_change,
    owner_id,
)
from xenia.usecases.applications.local_principal import may_have_principal, new_principal, store_principal


def provision_principal(
    tx: Transaction,
    actor: Actor,
    application: Application,
    now: datetime,
    *,
    principal_id: ObjectId,
    record_id: str,
) -> ServicePrincipal:
    """The app's service principal in the transaction's tenant, made and audited when there is none.

    Who may do so is for the caller to decide; ids are drawn by it too. The ``Add service principal`` record names
    *actor*. Raises InvalidValue (field ``app_id``) when the app belongs to another tenant and serves that one alone.
    """
    present = tx.applications.service_principal(application.app_id)
    if present is not None:
        return present
    if tx.tenant_id is None or not may_have_principal(application, tx.tenant_id):
        raise InvalidValue("app_id", unknown_app(application.app_id))
    principal = new_principal(principal_id, application, tx.tenant_id, now)
    store_principal(tx, actor, principal, now, record_id)
    return principal


def create_service_principal(ports: Ports, actor: Actor, app_id: AppId) -> ServicePrincipal:
    """Microsoft Graph: create servicePrincipal, from the application (client) ID of an app of this or another tenant.

    Administrators of apps, and the owners of a registration of this tenant for their own. Raises NotPermitted,
    InvalidValue (there is no such app that this tenant may use), Conflict (field ``service_principal``: it is there).
    """
    key = parse_guid(app_id)
    now = ports.clock.now()
    principal_id, record_id = ports.entropy.guid(), ports.entropy.guid()

    def work(tx: Transaction) -> ServicePrincipal:
        application = tx.applications.find_by_app_id(key) if key else None
        is_own = application is not None and application.tenant_id == actor.tenant_id
        if not (is_own and application is not None and may_change(tx, actor, application)):
            actor.require(APP_WRITING_ROLES, *WRITE_APPLICATIONS)
        if application is None:
            raise InvalidValue("app_id", unknown_app(app_id))
        if tx.applications.service_principal(application.app_id, deleted=True) is not None:
            raise Conflict(
                "service_principal",
                "The service principal cannot be created, updated, or restored because the service principal name "
                f"{application.app_id} is already in use.",
            )
        made = provision_principal(
            tx, actor, application, now, principal_id=principal_id, record_id=record_id
        )
        own_what_was_made(tx, actor, made)
        return made

    return ports.store.write(actor.tenant_id, work)


def own_what_was_made(tx: Transaction, actor: Actor, principal: ServicePrincipal) -> None:
    """Whoever makes an enterprise app outright owns it; by consent alone nobody does. Not so programs over all apps."""
    if owner_id(actor) and (actor.user_id is not None or not is_over_all(actor, *WRITE_APPLICATIONS)):
        tx.applications.add_principal_owner(principal.id, owner_id(actor))


def unknown_app(app_id: str) -> str:
    """The sentence for an app that is not there, or not for this tenant: nobody learns which of both."""
    return f"The appId '{app_id}' of the service principal does not reference a valid application object."
