"""Logout tokens that apps are owed: written with the sign-out, claimed by whoever delivers, kept for the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from xenia.core.ids import ObjectId
from xenia.core.logout import LogoutNotice, NoticeAttempt, NoticeState
from xenia.record import replace
from xenia.storage import due_rows
from xenia.storage.documents import Document, written
from xenia.storage.schema.signing_in import logout_notices
from xenia.storage.transactions import Kept, Repository

_c = logout_notices.c
_NOTICE = Document(LogoutNotice)
_ATTEMPTS = msgspec.json.Decoder(tuple[NoticeAttempt, ...])
_ROW = (_c.doc, _c.state, _c.next_attempt_at, _c.attempts)
_SELF = (_c.id == sa.bindparam("own_id"),)

_ADD = sa.insert(logout_notices)
_FIND = Kept(sa.select(*_ROW).where(*_SELF))
_OF_USER = (
    sa.select(*_ROW)
    .where(_c.tenant_id == sa.bindparam("own_tenant"), _c.user_id == sa.bindparam("user"))
    .order_by(_c.created_at.desc(), _c.id)
    .limit(sa.bindparam("most"))
)
_CLAIM = due_rows.claim(logout_notices, _ROW)
_RELEASE, _HASTEN = due_rows.release(logout_notices), due_rows.hasten(logout_notices)
_SETTLE = sa.update(logout_notices).where(*_SELF, due_rows.due(logout_notices))
_RENEW = due_rows.renew(logout_notices)
_NEXT_DUE = due_rows.next_due(logout_notices)


class SqlLogoutNotices(Repository):
    """See ``ports.LogoutNotices``."""

    __slots__ = ()

    def add(self, notice: LogoutNotice) -> None:
        """Queue it."""
        self._check_owner(notice.tenant_id)
        self._run(
            _ADD,
            {
                "id": notice.id,
                "tenant_id": notice.tenant_id,
                "user_id": notice.user_id,
                "state": notice.state.value,
                "created_at": notice.created_at,
                "next_attempt_at": notice.next_attempt_at,
                "attempts": written(notice.attempts),
                "doc": written(notice),
            },
        )

    def of_user(self, user_id: ObjectId, limit: int = 20) -> tuple[LogoutNotice, ...]:
        """Those about sign-outs of this user, newest first."""
        found = self._all(_OF_USER, {"own_tenant": self._tenant, "user": user_id, "most": limit})
        return tuple(_read(row) for row in found)

    def claim(self, limit: int, now: datetime, lease: timedelta) -> tuple[LogoutNotice, ...]:
        """Platform-wide: take due ones for sending; a claim lapses after ``lease``."""
        rows = self._all(_CLAIM, {"now": now, "until": now + lease, "most": limit})
        return tuple(sorted((_read(row) for row in rows), key=lambda notice: (notice.created_at, notice.id)))

    def renew(self, notice_ids: Sequence[str], until: datetime) -> int:
        """Platform-wide: let the claims on these lapse at *until*; how many were still claimed."""
        return sum(self._run(_RENEW, {"own_id": notice_id, "until": until}) for notice_id in notice_ids)

    def release(self, now: datetime) -> int:
        """Platform-wide: make every claimed one due at once; how many."""
        return self._run(_RELEASE, {"now": now})

    def hasten(self, now: datetime) -> int:
        """Platform-wide: make every waiting one due at once; how many."""
        return self._run(_HASTEN, {"now": now})

    def settle(self, notice_id: str, attempt: NoticeAttempt, *, retry_at: datetime | None) -> bool:
        """Platform-wide: record an attempt: sent, to be retried at ``retry_at``, or abandoned (None).

        False when it was settled for good before, by whoever held it after this lease had lapsed.
        """
        row = self._first(_FIND, {"own_id": notice_id})
        if row is None:
            return False
        values: dict[str, Any] = {"attempts": written((*_read(row).attempts, attempt))}
        if attempt.delivered:
            values["state"] = NoticeState.SENT.value
        elif retry_at is None:
            values["state"] = NoticeState.ABANDONED.value
        else:
            values |= {"state": NoticeState.PENDING.value, "next_attempt_at": retry_at}
        return self._run(_SETTLE, {"own_id": notice_id, **values}) == 1

    def next_due(self) -> datetime | None:
        """Platform-wide: when the next one (or lapsing claim) is due."""
        row = self._first(_NEXT_DUE, {})
        return None if row is None else row[0]


def _read(row: Sequence[Any]) -> LogoutNotice:
    doc, state, next_attempt_at, attempts = row
    return replace(
        _NOTICE.read(doc),
        state=NoticeState(state),
        next_attempt_at=next_attempt_at,
        attempts=_ATTEMPTS.decode(attempts),
    )
