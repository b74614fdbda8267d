"""Ending a user's sessions and taking back authenticator apps."""

from __future__ import annotations

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import audit_record
from xenia.core.directory.roles import GUEST_SUPPORT_ROLES, USER_WRITING_ROLES
from xenia.core.directory.user import User
from xenia.core.errors import NotFound, NotPermitted
from xenia.core.ids import ObjectId
from xenia.ports import Ports, Transaction
from xenia.record import replace
from xenia.usecases.sessions.ending_sign_ins import end_every_sign_in
from xenia.usecases.users.user_protection import guard_privileged, require_user, user_target

REVOKE = ("User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
WRITE_METHODS = ("UserAuthenticationMethod.ReadWrite.All",)
OWN_METHODS = ("UserAuthenticationMethod.ReadWrite", *WRITE_METHODS)


def revoke_sessions(ports: Ports, actor: Actor, user_id: ObjectId) -> None:
    """Sign the user out everywhere: sessions, codes and token families of before count no more.

    Everybody may do so to themselves. Raises NotPermitted, NotFound.
    """
    if not (user_id == actor.user_id and actor.may(*REVOKE)):
        actor.require(GUEST_SUPPORT_ROLES, *REVOKE)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        user = require_user(tx, user_id)
        guard_support(tx, actor, user)
        tx.users.replace(replace(user, sessions_valid_from=now))
        end_every_sign_in(ports, tx, user, now)
        tx.logs.audit(
            audit_record(record_id, audit.REVOKE_SESSIONS, actor, now, targets=(user_target(user),))
        )

    ports.store.write(actor.tenant_id, work)
    ports.logout_queued()


def reset_mfa(ports: Ports, actor: Actor, user_id: ObjectId) -> int:
    """Remove every authenticator app, so that the next sign-in enrols anew; how many there were.

    Raises NotPermitted, NotFound.
    """
    actor.require(GUEST_SUPPORT_ROLES, *WRITE_METHODS)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> int:
        user = require_user(tx, user_id)
        guard_support(tx, actor, user)
        apps = tx.credentials.authenticator_apps(user.id)
        for app in apps:
            tx.credentials.remove_authenticator_app(app.id)
        details = tuple(("AuthenticationMethod", app.display_name) for app in apps)
        record = audit_record(
            record_id,
            audit.ADMIN_DELETED_SECURITY_INFO,
            actor,
            now,
            targets=(user_target(user),),
            details=details,
        )
        tx.logs.audit(record)
        return len(apps)

    return ports.store.write(actor.tenant_id, work)


def remove_authenticator_app(ports: Ports, actor: Actor, user_id: ObjectId, app_id: str) -> None:
    """Remove one authenticator app, one's own or (administrators) somebody else's.

    Raises NotPermitted, NotFound (the user has no such app).
    """
    is_own = user_id == actor.user_id
    if not (is_own and actor.may(*OWN_METHODS)):
        actor.require(GUEST_SUPPORT_ROLES, *WRITE_METHODS)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        user = require_user(tx, user_id)
        guard_support(tx, actor, user)
        app = next(
            (found for found in tx.credentials.authenticator_apps(user.id) if found.id == app_id), None
        )
        if app is None or not tx.credentials.remove_authenticator_app(app.id):
            raise NotFound("Authentication method", app_id)
        activity = audit.DELETED_SECURITY_INFO if is_own else audit.ADMIN_DELETED_SECURITY_INFO
        details = (("AuthenticationMethod", app.display_name),)
        tx.logs.audit(
            audit_record(record_id, activity, actor, now, targets=(user_target(user),), details=details)
        )

    ports.store.write(actor.tenant_id, work)


def guard_support(tx: Transaction, actor: Actor, user: User) -> None:
    """Helpdesk serves ordinary people; holders of administrator roles are their peers' and superiors' affair."""
    guard_privileged(tx, actor, user)
    own = user.id == actor.user_id
    if not own and not actor.is_app_only and not actor.holds_any(USER_WRITING_ROLES) and not user.is_guest:
        raise NotPermitted("User Administrator")
