"""The end of sign-ins, whoever wants it: sessions, tokens where they end too, and telling the apps.

Everything that ends a session goes through here, so that none is forgotten: what the browser can end comes back
as front-channel addresses, what servers must be told is queued in the same transaction (an outbox: a crash after
the commit loses nothing, a rollback tells nobody).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from xenia.core.claims import pairwise_subject
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.endpoints import issuer_v2
from xenia.core.errors import TenantNotFound
from xenia.core.ids import AppId, ObjectId
from xenia.core.logout import FrontChannelLogout, LogoutNotice, front_channel_url
from xenia.core.session import Session
from xenia.ports import Ports, Transaction
from xenia.record import Record


class _Visit(Record):
    """One app of one sign-in."""

    user_id: ObjectId
    sid: str
    app_id: AppId
    issuer: str


def end_accounts(
    ports: Ports,
    tx: Transaction,
    tenant: Tenant,
    session: Session,
    user_ids: Collection[ObjectId],
    now: datetime,
) -> tuple[FrontChannelLogout, ...]:
    """Sign these users out of one browser: single sign-out, tokens stay until they expire.

    The answer is what the browser still has to load. Other tenants' sessions of this browser are other rows.
    """
    leaving = [account for account in session.signed_in() if account.user_id in user_ids]
    for account in leaving:
        tx.sign_ins.remove_portal_sessions_of_sid(account.sid)
    tx.sign_ins.put_session(session.without(user_ids, now))
    visits = [
        _Visit(account.user_id, account.sid, app.app_id, app.issuer)
        for account in leaving
        for app in account.apps
    ]
    return _tell(ports, tx, tenant, visits, now)


def end_sign_in(ports: Ports, tx: Transaction, user_id: ObjectId, sid: str, now: datetime) -> bool:
    """End one sign-in of the user from elsewhere, with every token that came from it; False when there is none.

    No browser takes part, so front channels are not reached: apps learn it by back channel, or when they renew.
    """
    tenant = _tenant(tx)
    found = False
    for session in tx.sign_ins.sessions_of(user_id):
        account = session.account(user_id)
        if account is not None and account.sid == sid and account.signed_out_at is None:
            end_accounts(ports, tx, tenant, session, {user_id}, now)
            found = True
    if found:
        tx.sign_ins.revoke_families_of_sid(user_id, sid, now)
    return found


def end_every_sign_in(ports: Ports, tx: Transaction, user: User, now: datetime) -> int:
    """End all sessions and tokens of the user, and tell the apps; how many sessions there were.

    Apps that hold tokens are told also when the browser's session is long over: theirs may go on.
    """
    sessions = tx.sign_ins.sessions_of(user.id)
    seen = {
        (app.app_id, account.sid): _Visit(user.id, account.sid, app.app_id, app.issuer)
        for session in sessions
        for account in session.accounts
        if account.user_id == user.id
        for app in account.apps
    }
    for family in tx.sign_ins.families_of(user.id):
        visit = _Visit(
            user.id,
            family.sid,
            family.app_id,
            issuer_v2(ports.server.at(ports.server.base_url).issuing, family.tenant_id),
        )
        seen.setdefault((family.app_id, family.sid), visit)
    ended = tx.sign_ins.end_sessions_of(user.id, now)
    tx.sign_ins.revoke_families_of(user.id, now)
    if seen:
        _tell(ports, tx, _tenant(tx), seen.values(), now)
    return ended


def _tell(
    ports: Ports, tx: Transaction, tenant: Tenant, visits: Iterable[_Visit], now: datetime
) -> tuple[FrontChannelLogout, ...]:
    told: list[FrontChannelLogout] = []
    for visit in visits:
        app = tx.applications.find_by_app_id(visit.app_id)
        if app is None:
            continue
        if app.logout_url:
            url = front_channel_url(app.logout_url, visit.issuer, visit.sid)
            told.append(FrontChannelLogout(app.display_name, url))
        if app.back_channel_logout_uri:
            tx.logout_notices.add(
                LogoutNotice(
                    id=ports.entropy.guid(),
                    tenant_id=tenant.id,
                    app_id=app.app_id,
                    user_id=visit.user_id,
                    uri=app.back_channel_logout_uri,
                    issuer=visit.issuer,
                    subject=pairwise_subject(tenant, visit.user_id, app.app_id),
                    sid=visit.sid,
                    created_at=now,
                    next_attempt_at=now,
                )
            )
    return tuple(told)


def _tenant(tx: Transaction) -> Tenant:
    tenant = tx.tenants.find(tx.tenant_id or "")
    if tenant is None:
        raise TenantNotFound(tx.tenant_id or "")
    return tenant
