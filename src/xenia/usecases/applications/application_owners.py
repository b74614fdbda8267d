"""Owners of app registrations and of enterprise apps: they may change the app without an administrator role.

An owner is a user, or an app that registered it (``Application.ReadWrite.OwnedBy``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import Activity, Target
from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.directory.first_party import FIRST_PARTY_APP_IDS
from xenia.core.directory.user import User
from xenia.core.errors import Conflict, InvalidValue, NotFound
from xenia.core.ids import ObjectId, parse_guid
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.applications.application_rules import (
    WRITE_APPLICATIONS,
    application_target,
    guard_change,
    guard_change_principal,
    is_over_all,
    note,
    principal_target,
    require_application,
    require_principal,
)
from xenia.usecases.users import read_directory
from xenia.usecases.users.read_directory import READ_APPLICATIONS, SeenUser
from xenia.usecases.users.user_protection import user_target

MOST_OWNERS = 100


class OwningApp(Record):
    """An app that owns another, as the actor sees it: whole, or that it exists."""

    principal: ServicePrincipal
    whole: bool


class _Owned(Record):
    """What differs between owners of a registration and of an enterprise app."""

    require: Callable[[Transaction, ObjectId], Any]
    guard: Callable[[Transaction, Actor, Any], None]
    owners: Callable[[Transaction, Any], tuple[ObjectId, ...]]
    add: Callable[[Transaction, Any, User | ServicePrincipal], None]
    remove: Callable[[Transaction, Any, ObjectId], object]
    target: Callable[[Any], Target]
    added: Activity
    removed: Activity


def _add_to_registration(tx: Transaction, app: Application, owner: User | ServicePrincipal) -> None:
    if isinstance(owner, User):
        tx.applications.add_owner(app.id, owner.id)
    else:
        tx.applications.add_owning_app(app.id, owner.id)


def _guard_principal(tx: Transaction, actor: Actor, principal: ServicePrincipal) -> None:
    guard_change_principal(tx, actor, principal, *WRITE_APPLICATIONS)
    if principal.app_id in FIRST_PARTY_APP_IDS:
        raise InvalidValue("owners", "Apps that ship with this server have no owners.")


_REGISTRATION = _Owned(
    require_application,
    guard_change,
    lambda tx, app: tx.applications.owners(app.id),
    _add_to_registration,
    lambda tx, app, owner: tx.applications.remove_owner(app.id, owner),
    application_target,
    audit.ADD_APPLICATION_OWNER,
    audit.REMOVE_APPLICATION_OWNER,
)
_PRINCIPAL = _Owned(
    require_principal,
    _guard_principal,
    lambda tx, principal: tx.applications.principal_owners(principal.id),
    lambda tx, principal, owner: tx.applications.add_principal_owner(principal.id, owner.id),
    lambda tx, principal, owner: tx.applications.remove_principal_owner(principal.id, owner),
    principal_target,
    audit.ADD_PRINCIPAL_OWNER,
    audit.REMOVE_PRINCIPAL_OWNER,
)


def list_owners(ports: Ports, actor: Actor, object_id: ObjectId) -> tuple[SeenUser | OwningApp, ...]:
    """Owners of a registration, each as far as the actor may see them. Raises NotPermitted, NotFound."""
    application = read_directory.get_application(ports, actor, object_id)
    with ports.store.read(actor.tenant_id) as tx:
        return _seen(tx, actor, tx.applications.owners(application.id))


def add_owner(ports: Ports, actor: Actor, object_id: ObjectId, owner_id: ObjectId) -> None:
    """Make a user or an app of the tenant an owner of a registration.

    Raises NotPermitted, NotFound, InvalidValue (too many), Conflict (one already).
    """
    _add(ports, actor, _REGISTRATION, object_id, owner_id)


def remove_owner(ports: Ports, actor: Actor, object_id: ObjectId, owner_id: ObjectId | None) -> None:
    """Take an owner away; the last one only by an administrator, so that nobody locks themselves out unawares.

    Raises NotPermitted, NotFound, InvalidValue (the last one, asked for by an owner).
    """
    _remove(ports, actor, _REGISTRATION, object_id, owner_id)


def list_principal_owners(
    ports: Ports, actor: Actor, principal_id: ObjectId
) -> tuple[SeenUser | OwningApp, ...]:
    """As ``list_owners``, of an enterprise app."""
    principal = read_directory.get_service_principal(ports, actor, principal_id)
    with ports.store.read(actor.tenant_id) as tx:
        return _seen(tx, actor, tx.applications.principal_owners(principal.id))


def add_principal_owner(ports: Ports, actor: Actor, principal_id: ObjectId, owner_id: ObjectId) -> None:
    """As ``add_owner``, of an enterprise app. Apps that ship with this server have no owners."""
    _add(ports, actor, _PRINCIPAL, principal_id, owner_id)


def remove_principal_owner(
    ports: Ports, actor: Actor, principal_id: ObjectId, owner_id: ObjectId | None
) -> None:
    """As ``remove_owner``, of an enterprise app."""
    _remove(ports, actor, _PRINCIPAL, principal_id, owner_id)


def _add(ports: Ports, actor: Actor, kind: _Owned, object_id: ObjectId, owner_id: ObjectId) -> None:
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        owned = kind.require(tx, object_id)
        kind.guard(tx, actor, owned)
        owner = _found(tx, owner_id)
        if owner is None:
            raise NotFound("Resource", owner_id)
        present = kind.owners(tx, owned)
        if owner.id in present:
            raise Conflict(
                "owners",
                "One or more added object references already exist for the following modified properties: 'owners'.",
            )
        if len(present) >= MOST_OWNERS:
            raise InvalidValue("owners", f"An app has at most {MOST_OWNERS} owners.")
        kind.add(tx, owned, owner)
        note(tx, record_id, kind.added, actor, now, _owner_target(owner), kind.target(owned))

    ports.store.write(actor.tenant_id, work)


def _remove(ports: Ports, actor: Actor, kind: _Owned, object_id: ObjectId, owner_id: ObjectId | None) -> None:
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        owned = kind.require(tx, object_id)
        kind.guard(tx, actor, owned)
        present = kind.owners(tx, owned)
        if owner_id is None or owner_id not in present:
            raise NotFound("Resource", owner_id or "owners")
        if len(present) == 1 and not is_over_all(actor, *WRITE_APPLICATIONS):
            raise InvalidValue(
                "owners", "You are the last owner: add another one first, or ask an administrator of apps."
            )
        kind.remove(tx, owned, owner_id)
        owner = tx.users.find(owner_id, deleted=True) or tx.applications.find_service_principal(owner_id)
        targets = (*((_owner_target(owner),) if owner else ()), kind.target(owned))
        note(tx, record_id, kind.removed, actor, now, *targets)

    ports.store.write(actor.tenant_id, work)


def _found(tx: Transaction, object_id: ObjectId) -> User | ServicePrincipal | None:
    key = parse_guid(object_id)
    return (tx.users.find(key) or tx.applications.find_service_principal(key)) if key else None


def _owner_target(owner: User | ServicePrincipal) -> Target:
    return user_target(owner) if isinstance(owner, User) else principal_target(owner)


def _seen(tx: Transaction, actor: Actor, owner_ids: Iterable[ObjectId]) -> tuple[SeenUser | OwningApp, ...]:
    whole = actor.may(*READ_APPLICATIONS)
    found: list[SeenUser | OwningApp] = []
    for owner in (_found(tx, owner_id) for owner_id in owner_ids):
        if isinstance(owner, User):
            found += read_directory.seen_as_related(tx, actor, [owner])
        elif owner is not None:
            found.append(OwningApp(owner, whole))
    return tuple(found)
