"""Where somebody is signed in, and ending one of these sign-ins: browsers, and apps that hold refresh tokens.

People see and end their own; administrators those of users they may help. Ending everything is
``user_security.revoke_sessions``.
"""

from __future__ import annotations

from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import Target, audit_record
from xenia.core.directory.roles import GUEST_SUPPORT_ROLES
from xenia.core.directory.user import User
from xenia.core.errors import NotFound, NotPermitted
from xenia.core.guest_access import DIRECTORY_READING_ROLES
from xenia.core.ids import AppId, ObjectId
from xenia.core.logout import LogoutNotice
from xenia.core.user_agent import device_name
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.sessions.ending_sign_ins import end_sign_in
from xenia.usecases.sign_in.situation import session_hash
from xenia.usecases.users.user_protection import require_user, user_target
from xenia.usecases.users.user_security import REVOKE, guard_support


class SignedInBrowser(Record):
    """A browser in which the account is signed in."""

    sid: str
    device: str
    """``Firefox on Windows``: as the browser calls itself, which proves nothing."""
    ip_address: str
    since: datetime
    used_at: datetime
    app_names: tuple[str, ...]
    is_persistent: bool
    is_this_one: bool


class SignedInApp(Record):
    """An app that can renew its tokens without the person."""

    family_id: str
    app_name: str
    sid: str
    since: datetime
    renewed_at: datetime
    expires_at: datetime


class ToldApp(Record):
    """An app that was, or will be, told of a sign-out by back channel."""

    app_name: str
    notice: LogoutNotice


class SignedInPlaces(Record):
    """All of it, newest use first."""

    user: User
    browsers: tuple[SignedInBrowser, ...]
    apps: tuple[SignedInApp, ...]
    told: tuple[ToldApp, ...]


def signed_in_places(
    ports: Ports, actor: Actor, user_id: ObjectId, *, session_secret: str | None = None
) -> SignedInPlaces:
    """Where the user is signed in; *session_secret*: of the browser that asks. Raises NotPermitted, NotFound."""
    if user_id != actor.user_id and not actor.holds_any(DIRECTORY_READING_ROLES):
        raise NotPermitted("directory role")
    now = ports.clock.now()
    own_hash = session_hash(ports, session_secret) if session_secret else None
    with ports.store.read(actor.tenant_id) as tx:
        user = require_user(tx, user_id)
        apps = tuple(
            SignedInApp(
                held.family_id,
                _app_name(tx, held.app_id),
                held.sid,
                held.signed_in_at,
                held.renewed_at,
                held.expires_at,
            )
            for held in tx.sign_ins.held_refresh_tokens(user.id, now)
        )
        told = tuple(ToldApp(_app_name(tx, each.app_id), each) for each in tx.logout_notices.of_user(user.id))
        return SignedInPlaces(user, _browsers(tx, user, own_hash, now), apps, told)


def _browsers(
    tx: Transaction, user: User, own_hash: str | None, now: datetime
) -> tuple[SignedInBrowser, ...]:
    found = []
    for session in tx.sign_ins.sessions_of(user.id):
        account = session.account(user.id)
        if account is None or account.signed_out_at is not None or session.expires_at <= now:
            continue
        names = sorted({_app_name(tx, app.app_id) for app in account.apps}, key=str.casefold)
        found.append(
            SignedInBrowser(
                sid=account.sid,
                device=device_name(account.user_agent),
                ip_address=account.ip_address,
                since=account.signed_in_at,
                used_at=account.used_at or account.signed_in_at,
                app_names=tuple(names),
                is_persistent=session.is_persistent,
                is_this_one=session.secret_hash == own_hash,
            )
        )
    return tuple(sorted(found, key=lambda each: (each.used_at, each.sid), reverse=True))


def _app_name(tx: Transaction, app_id: AppId) -> str:
    app = tx.applications.find_by_app_id(app_id)
    return app.display_name if app is not None else app_id


def end_browser_session(ports: Ports, actor: Actor, user_id: ObjectId, sid: str) -> None:
    """Sign the user out of one browser, with the refresh tokens that came from there, and tell the apps.

    Everybody may do so to themselves. Raises NotPermitted, NotFound (also for a session of somebody else: a
    ``sid`` is in every token, so it must not be a way to sign others out).
    """
    _require(actor, user_id)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        user = require_user(tx, user_id)
        guard_support(tx, actor, user)
        if not end_sign_in(ports, tx, user.id, sid, now):
            raise NotFound("Session", sid)
        details = (("SessionId", sid),)
        record = audit_record(
            record_id, audit.END_SESSION, actor, now, targets=(user_target(user),), details=details
        )
        tx.logs.audit(record)

    ports.store.write(actor.tenant_id, work)
    ports.logout_queued()


def revoke_app_tokens(ports: Ports, actor: Actor, user_id: ObjectId, family_id: str) -> None:
    """End the refresh tokens an app got by one sign-in of the user; the browser's session goes on.

    Everybody may do so to themselves. Raises NotPermitted, NotFound.
    """
    _require(actor, user_id)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        user = require_user(tx, user_id)
        guard_support(tx, actor, user)
        family = tx.sign_ins.find_family(family_id)
        if family is None or family.user_id != user.id or family.revoked_at is not None:
            raise NotFound("Refresh token", family_id)
        tx.sign_ins.revoke_family(family.id, now)
        app = Target(family.app_id, "Application", _app_name(tx, family.app_id))
        record = audit_record(
            record_id, audit.REVOKE_REFRESH_TOKENS, actor, now, targets=(user_target(user), app)
        )
        tx.logs.audit(record)

    ports.store.write(actor.tenant_id, work)


def _require(actor: Actor, user_id: ObjectId) -> None:
    if not (user_id == actor.user_id and actor.may(*REVOKE)):
        actor.require(GUEST_SUPPORT_ROLES, *REVOKE)
