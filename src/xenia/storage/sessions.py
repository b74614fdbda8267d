"""Browser sessions and portal sessions of the tenant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from xenia.core.ids import ObjectId
from xenia.core.session import PortalSession, Session
from xenia.storage.documents import Document, written
from xenia.storage.schema.signing_in import portal_sessions, session_accounts, sessions
from xenia.storage.transactions import Both, Kept, Repository

_SESSION = Document(Session)
_PORTAL = Document(PortalSession)
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_SECRET: sa.BindParameter[Any] = sa.bindparam("secret")
_USER: sa.BindParameter[Any] = sa.bindparam("user")
_s, _p, _a = sessions.c, portal_sessions.c, session_accounts.c
_SELF = (_s.tenant_id == _TENANT, _s.secret_hash == _SECRET)
_PORTAL_SELF = (_p.tenant_id == _TENANT, _p.secret_hash == _SECRET)

_FIND = Kept(sa.select(_s.doc).where(*_SELF))
_PUT = Both(sessions, ("tenant_id", "secret_hash"), update=("expires_at", "doc"))
_PUT_ACCOUNTS = Both(session_accounts, ("tenant_id", "user_id", "secret_hash"))
_REMOVE = sa.delete(sessions).where(*_SELF)
_OF_USER = Kept(
    sa.select(_s.doc)
    .where(
        _s.tenant_id == _TENANT,
        _s.secret_hash.in_(sa.select(_a.secret_hash).where(_a.tenant_id == _TENANT, _a.user_id == _USER)),
    )
    .order_by(_s.secret_hash)
)
_FIND_PORTAL = sa.select(_p.doc).where(*_PORTAL_SELF)
_ADD_PORTAL = sa.insert(portal_sessions)
_REMOVE_PORTAL = sa.delete(portal_sessions).where(*_PORTAL_SELF)
_REMOVE_PORTAL_OF_SID = sa.delete(portal_sessions).where(
    _p.tenant_id == _TENANT, _p.sid == sa.bindparam("sid")
)
_REMOVE_PORTAL_OF_USER = sa.delete(portal_sessions).where(_p.tenant_id == _TENANT, _p.user_id == _USER)


class Sessions(Repository):
    """The part of ``ports.SignIns`` about sessions."""

    __slots__ = ()

    def find_session(self, secret_hash: str) -> Session | None:
        """The session behind this browser's cookie, expired or not."""
        row = self._first(_FIND, {"own_tenant": self._tenant, "secret": secret_hash})
        return None if row is None else _SESSION.read(row[0])

    def put_session(self, session: Session) -> None:
        """Add or replace."""
        self._check_owner(session.tenant_id)
        self._run(
            _PUT,
            {
                "tenant_id": session.tenant_id,
                "secret_hash": session.secret_hash,
                "expires_at": session.expires_at,
                "doc": written(session),
            },
        )
        own = {"tenant_id": session.tenant_id, "secret_hash": session.secret_hash}
        for account in session.accounts:
            self._run(_PUT_ACCOUNTS, {**own, "user_id": account.user_id})

    def remove_session(self, secret_hash: str) -> None:
        """Forget the browser."""
        self._run(_REMOVE, {"own_tenant": self._tenant, "secret": secret_hash})

    def end_sessions_of(self, user_id: ObjectId, now: datetime) -> int:
        """Sign the user out of every browser session and portal session; how many ended."""
        own = {"own_tenant": self._tenant, "user": user_id}
        ended = self._run(_REMOVE_PORTAL_OF_USER, own)
        for session in self.sessions_of(user_id):
            account = session.account(user_id)
            if account is None or account.signed_out_at is not None:
                continue
            self.put_session(session.without({user_id}, now))
            ended += 1
        return ended

    def sessions_of(self, user_id: ObjectId) -> tuple[Session, ...]:
        """Sessions of browsers where this user has an account, signed in or out, expired or not."""
        rows = self._all(_OF_USER, {"own_tenant": self._tenant, "user": user_id})
        return tuple(_SESSION.read(row[0]) for row in rows)

    def find_portal_session(self, secret_hash: str) -> PortalSession | None:
        """The session of one of our own surfaces, expired or not."""
        row = self._first(_FIND_PORTAL, {"own_tenant": self._tenant, "secret": secret_hash})
        return None if row is None else _PORTAL.read(row[0])

    def add_portal_session(self, session: PortalSession) -> None:
        """Store a new one."""
        self._check_owner(session.tenant_id)
        self._run(
            _ADD_PORTAL,
            {
                "tenant_id": session.tenant_id,
                "secret_hash": session.secret_hash,
                "user_id": session.user_id,
                "sid": session.sid,
                "expires_at": session.expires_at,
                "doc": written(session),
            },
        )

    def remove_portal_session(self, secret_hash: str) -> None:
        """Sign out of one surface."""
        self._run(_REMOVE_PORTAL, {"own_tenant": self._tenant, "secret": secret_hash})

    def remove_portal_sessions_of_sid(self, sid: str) -> None:
        """Sign out of the surfaces that were opened from this sign-in."""
        self._run(_REMOVE_PORTAL_OF_SID, {"own_tenant": self._tenant, "sid": sid})
