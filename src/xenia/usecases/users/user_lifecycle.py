"""Deleting, restoring and purging users. A deleted user stays restorable for 30 days."""

from __future__ import annotations

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import audit_record
from xenia.core.directory.roles import USER_WRITING_ROLES
from xenia.core.directory.user import User
from xenia.core.ids import ObjectId
from xenia.ports import Ports, Transaction
from xenia.record import replace
from xenia.usecases.sessions.ending_sign_ins import end_every_sign_in
from xenia.usecases.users.user_protection import (
    guard_last_administrator,
    guard_privileged,
    require_user,
    user_target,
)

DELETE_USERS = ("User.DeleteRestore.All", "User.ReadWrite.All", "Directory.ReadWrite.All")


def delete_user(ports: Ports, actor: Actor, user_id: ObjectId) -> None:
    """Move the user to the deleted ones: links die, sessions and tokens end (Microsoft Graph: delete user).

    Raises NotPermitted, NotFound, InvalidValue (the last Global Administrator).
    """
    actor.require(USER_WRITING_ROLES, *DELETE_USERS)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        user = require_user(tx, user_id)
        guard_privileged(tx, actor, user)
        guard_last_administrator(tx, user)
        tx.invitations.withdraw_all(user.id, now)
        end_every_sign_in(ports, tx, user, now)
        tx.users.replace(replace(user, deleted_at=now, sessions_valid_from=now))
        tx.logs.audit(audit_record(record_id, audit.DELETE_USER, actor, now, targets=(user_target(user),)))

    ports.store.write(actor.tenant_id, work)
    ports.logout_queued()


def restore_user(ports: Ports, actor: Actor, user_id: ObjectId) -> User:
    """Bring a deleted user back with roles, sponsors and assignments; withdrawn invitations stay withdrawn.

    Raises NotPermitted, NotFound, and Conflict when the name or identity belongs to somebody else by now.
    """
    actor.require(USER_WRITING_ROLES, *DELETE_USERS)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> User:
        user = require_user(tx, user_id, deleted=True)
        guard_privileged(tx, actor, user)
        restored = replace(user, deleted_at=None)
        tx.users.replace(restored)
        tx.logs.audit(audit_record(record_id, audit.RESTORE_USER, actor, now, targets=(user_target(user),)))
        return restored

    return ports.store.write(actor.tenant_id, work)


def purge_user(ports: Ports, actor: Actor, user_id: ObjectId) -> None:
    """Remove a deleted user for good. Raises NotPermitted, NotFound (also while it is not deleted)."""
    actor.require(USER_WRITING_ROLES, *DELETE_USERS)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        user = require_user(tx, user_id, deleted=True)
        guard_privileged(tx, actor, user)
        tx.users.remove(user.id)
        tx.logs.audit(
            audit_record(record_id, audit.HARD_DELETE_USER, actor, now, targets=(user_target(user),))
        )

    ports.store.write(actor.tenant_id, work)
