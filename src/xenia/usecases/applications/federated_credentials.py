"""Federated identity credentials of app registrations (Microsoft Graph: federatedIdentityCredential).

They say whose tokens an app may show instead of a secret; checking such a token is the business of client
authentication.
"""

from __future__ import annotations

import json

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.application import FederatedIdentityCredential
from xenia.core.errors import NotFound, NotPermitted
from xenia.core.federated_identity import DEFAULT_AUDIENCE, checked_federated
from xenia.core.ids import ObjectId
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.applications.application_rules import (
    READ_APPLICATION_DETAILS,
    application_target,
    guard_change,
    note,
    require_application,
)


class TrustedToken(Record):
    """What an administrator enters: whose tokens, about whom, made for whom."""

    name: str
    issuer: str
    subject: str
    audiences: tuple[str, ...] = (DEFAULT_AUDIENCE,)
    description: str | None = None


def list_federated_credentials(
    ports: Ports, actor: Actor, object_id: ObjectId
) -> tuple[FederatedIdentityCredential, ...]:
    """Those of a registration of this tenant, by name. Raises NotPermitted, NotFound."""
    if not actor.may(*READ_APPLICATION_DETAILS):
        raise NotPermitted(READ_APPLICATION_DETAILS[0])
    with ports.store.read(actor.tenant_id) as tx:
        return tx.applications.federated_credentials(require_application(tx, object_id).id)


def get_federated_credential(
    ports: Ports, actor: Actor, object_id: ObjectId, key: str
) -> FederatedIdentityCredential:
    """One by its id or its name. Raises NotPermitted, NotFound."""
    return _found(list_federated_credentials(ports, actor, object_id), key)


def add_federated_credential(
    ports: Ports, actor: Actor, object_id: ObjectId, wanted: TrustedToken
) -> FederatedIdentityCredential:
    """Trust these tokens from now on. Raises NotPermitted, NotFound, InvalidValue, Conflict (name, or issuer and subject)."""
    now = ports.clock.now()
    credential_id, record_id = ports.entropy.guid(), ports.entropy.guid()

    def work(tx: Transaction) -> FederatedIdentityCredential:
        application = require_application(tx, object_id)
        guard_change(tx, actor, application)
        made = FederatedIdentityCredential(
            credential_id,
            application.id,
            wanted.name,
            wanted.issuer,
            wanted.subject,
            wanted.audiences,
            wanted.description or None,
        )
        present = tx.applications.federated_credentials(application.id)
        tx.applications.add_federated_credential(checked_federated(made, present))
        change = audit.Change("FederatedIdentityCredentials", None, _told(made))
        note(tx, record_id, audit.UPDATE_CREDENTIALS, actor, now, application_target(application, (change,)))
        return made

    return ports.store.write(actor.tenant_id, work)


def update_federated_credential(
    ports: Ports, actor: Actor, object_id: ObjectId, key: str, **changes: object
) -> FederatedIdentityCredential:
    """Change attributes of one, found by id or name; its name stays. Raises as ``add_federated_credential``."""
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> FederatedIdentityCredential:
        application = require_application(tx, object_id)
        guard_change(tx, actor, application)
        present = tx.applications.federated_credentials(application.id)
        before = _found(present, key)
        after = checked_federated(replace(before, **changes), present)  # type: ignore[arg-type]  # the record's types
        if after == before:
            return before
        tx.applications.replace_federated_credential(after)
        change = audit.Change("FederatedIdentityCredentials", _told(before), _told(after))
        note(tx, record_id, audit.UPDATE_CREDENTIALS, actor, now, application_target(application, (change,)))
        return after

    return ports.store.write(actor.tenant_id, work)


def remove_federated_credential(ports: Ports, actor: Actor, object_id: ObjectId, key: str) -> None:
    """Trust its tokens no longer, from the next token request on. Raises NotPermitted, NotFound."""
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        application = require_application(tx, object_id)
        guard_change(tx, actor, application)
        found = _found(tx.applications.federated_credentials(application.id), key)
        tx.applications.remove_federated_credential(application.id, found.id)
        change = audit.Change("FederatedIdentityCredentials", _told(found), None)
        note(tx, record_id, audit.UPDATE_CREDENTIALS, actor, now, application_target(application, (change,)))

    ports.store.write(actor.tenant_id, work)


def _found(present: tuple[FederatedIdentityCredential, ...], key: str) -> FederatedIdentityCredential:
    found = next((each for each in present if key in (each.id, each.name)), None)
    if found is None:
        raise NotFound("Resource", key)
    return found


def _told(credential: FederatedIdentityCredential) -> str:
    return json.dumps([f"{credential.name}: {credential.subject} of {credential.issuer}"], ensure_ascii=False)
