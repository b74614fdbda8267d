"""Owners of app registrations: people who may change the app without an administrator role."""

from __future__ import annotations

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.roles import APP_WRITING_ROLES
from xenia.core.errors import Conflict, InvalidValue, NotFound
from xenia.core.ids import ObjectId
from xenia.ports import Ports, Transaction
from xenia.usecases.applications.application_rules import (
    application_target,
    guard_change,
    note,
    require_application,
)
from xenia.usecases.users import read_directory
from xenia.usecases.users.read_directory import SeenUser
from xenia.usecases.users.user_protection import require_user, user_target

MOST_OWNERS = 100


def list_owners(ports: Ports, actor: Actor, object_id: ObjectId) -> tuple[SeenUser, ...]:
    """The owners, each as far as the actor may see them. Raises NotPermitted, NotFound."""
    application = read_directory.get_application(ports, actor, object_id)
    with ports.store.read(actor.tenant_id) as tx:
        found = (tx.users.find(owner) for owner in tx.applications.owners(application.id))
        return read_directory.seen_as_related(tx, actor, [user for user in found if user is not None])


def add_owner(ports: Ports, actor: Actor, object_id: ObjectId, user_id: ObjectId) -> None:
    """Make a user of the tenant an owner. Raises NotPermitted, NotFound, InvalidValue (too many), Conflict (one already)."""
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        application = require_application(tx, object_id)
        guard_change(tx, actor, application)
        user = require_user(tx, user_id)
        present = tx.applications.owners(application.id)
        if user.id in present:
            raise Conflict(
                "owners",
                "One or more added object references already exist for the following modified properties: 'owners'.",
            )
        if len(present) >= MOST_OWNERS:
            raise InvalidValue("owners", f"An app has at most {MOST_OWNERS} owners.")
        tx.applications.add_owner(application.id, user.id)
        note(
            tx,
            record_id,
            audit.ADD_APPLICATION_OWNER,
            actor,
            now,
            user_target(user),
            application_target(application),
        )

    ports.store.write(actor.tenant_id, work)


def remove_owner(ports: Ports, actor: Actor, object_id: ObjectId, user_id: ObjectId | None) -> None:
    """Take an owner away; the last one only by an administrator, so that nobody locks themselves out unawares.

    Raises NotPermitted, NotFound, InvalidValue (the last one, asked for by an owner).
    """
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        application = require_application(tx, object_id)
        guard_change(tx, actor, application)
        present = tx.applications.owners(application.id)
        if user_id is None or user_id not in present:
            raise NotFound("Resource", user_id or "owners")
        is_administrator = actor.is_app_only or actor.holds_any(APP_WRITING_ROLES)
        if len(present) == 1 and not is_administrator:
            raise InvalidValue(
                "owners", "You are the last owner: add another one first, or ask an administrator of apps."
            )
        tx.applications.remove_owner(application.id, user_id)
        user = tx.users.find(user_id, deleted=True)
        targets = (*((user_target(user),) if user else ()), application_target(application))
        note(tx, record_id, audit.REMOVE_APPLICATION_OWNER, actor, now, *targets)

    ports.store.write(actor.tenant_id, work)
