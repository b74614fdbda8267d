"""What an agreement leaves behind: grants, role assignments, the service principals they need, and their records.

Every way to agree ends here: the consent page, the admin consent endpoint, an approved request, the portal.
Earlier agreements are kept and added to, never narrowed.
"""

from __future__ import annotations

import json
from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.consent import ConsentItem
from xenia.core.directory.application import AppRoleAssignment, DelegatedGrant, ServicePrincipal
from xenia.core.ids import ObjectId
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.applications.application_rules import note, principal_target
from xenia.usecases.applications.local_principal import add_principal

FOR_ONE, FOR_EVERYBODY = "Principal", "AllPrincipals"


class Agreement(Record):
    """What somebody agreed to."""

    client: ServicePrincipal
    """The app that asked."""
    items: tuple[ConsentItem, ...]
    user_id: ObjectId | None
    """None: for everybody."""
    new_principals: tuple[ServicePrincipal, ...] = ()


def record_agreement(ports: Ports, tx: Transaction, actor: Actor, agreement: Agreement, now: datetime) -> int:
    """Store it; how many permissions are new. Application permissions count for everybody only.

    Raises Conflict where two first agreements commit at once.
    """
    for principal in agreement.new_principals:
        add_principal(ports, tx, actor, principal, now)
    fresh = 0
    scopes = tuple(item for item in agreement.items if item.role_id is None)
    for client_id, resource_id in dict.fromkeys((item.client_id, item.resource_id) for item in scopes):
        values = tuple(
            item.value for item in scopes if (item.client_id, item.resource_id) == (client_id, resource_id)
        )
        added = add_scopes(ports, tx, client_id, resource_id, agreement.user_id, values)
        if added and agreement.user_id is None:
            _note_permission(ports, tx, actor, audit.GRANT_DELEGATED, (resource_id, client_id), now)
        fresh += added
    if agreement.user_id is None:
        for item in agreement.items:
            fresh += _assign(ports, tx, actor, item, now)
    _note(ports, tx, actor, agreement, now)
    return fresh


def add_scopes(
    ports: Ports,
    tx: Transaction,
    client_id: ObjectId,
    resource_id: ObjectId,
    user_id: ObjectId | None,
    values: tuple[str, ...],
) -> int:
    """Merge delegated permissions into the grant of this client, resource and person; how many are new."""
    present = next(
        (
            grant
            for grant in tx.applications.grants_of(client_id)
            if (grant.resource_id, grant.principal_id) == (resource_id, user_id)
        ),
        None,
    )
    held = present.scopes if present is not None else ()
    fresh = tuple(value for value in dict.fromkeys(values) if value not in held)
    if fresh:
        tx.applications.put_grant(
            DelegatedGrant(
                id=present.id if present is not None else ports.entropy.guid(),
                client_id=client_id,
                consent_type=FOR_EVERYBODY if user_id is None else FOR_ONE,
                principal_id=user_id,
                resource_id=resource_id,
                scopes=(*held, *fresh),
            )
        )
    return len(fresh)


def _assign(ports: Ports, tx: Transaction, actor: Actor, item: ConsentItem, now: datetime) -> int:
    held = {(each.resource_id, each.app_role_id) for each in tx.applications.assignments_of(item.client_id)}
    if item.role_id is None or (item.resource_id, item.role_id) in held:
        return 0
    tx.applications.add_assignment(
        AppRoleAssignment(
            ports.entropy.guid(), item.client_id, "ServicePrincipal", item.resource_id, item.role_id, now
        )
    )
    _note_permission(ports, tx, actor, audit.GRANT_APP_PERMISSION, (item.resource_id, item.client_id), now)
    return 1


def _note_permission(
    ports: Ports,
    tx: Transaction,
    actor: Actor,
    activity: audit.Activity,
    principal_ids: tuple[ObjectId, ObjectId],
    now: datetime,
) -> None:
    found = (tx.applications.find_service_principal(each) for each in principal_ids)
    targets = (principal_target(principal) for principal in found if principal is not None)
    note(tx, ports.entropy.guid(), activity, actor, now, *targets)


def _note(ports: Ports, tx: Transaction, actor: Actor, agreement: Agreement, now: datetime) -> None:
    for_all = agreement.user_id is None
    values = " ".join(item.value for item in agreement.items)
    change = audit.Change("ConsentAction.Permissions", None, json.dumps(values))
    details = (
        ("ConsentContext.IsAdminConsent", str(for_all)),
        ("ConsentContext.OnBehalfOfAll", str(for_all)),
    )
    record = audit.audit_record(
        ports.entropy.guid(),
        audit.CONSENT_TO_APPLICATION,
        actor,
        now,
        targets=(principal_target(agreement.client, (change,)),),
        details=details,
    )
    tx.logs.audit(record)
