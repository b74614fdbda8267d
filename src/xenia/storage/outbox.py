"""Outgoing mail: written with the business rows, claimed by dispatchers, erased once it went out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from xenia.core.mail import Mail, MailAttempt, MailKind, MailState, OutgoingMail
from xenia.storage import due_rows
from xenia.storage.documents import written
from xenia.storage.schema.records import outbox
from xenia.storage.transactions import Both, Kept, Repository

_c = outbox.c
_ATTEMPTS = msgspec.json.Decoder(tuple[MailAttempt, ...])
_FIELDS = (
    "id",
    "tenant_id",
    "kind",
    "to",
    "state",
    "created_at",
    "next_attempt_at",
    "sealed_mail",
    "attempts",
    "sent_at",
    "subject_of",
    "dedupe_key",
    "message_id",
)
_ROW = tuple(_c[name] for name in _FIELDS)
_SELF = (_c.id == sa.bindparam("own_id"),)

_ENQUEUE = Both(outbox, ("tenant_id", "dedupe_key"), where=_c.dedupe_key != sa.literal_column("''"))
_FIND = Kept(sa.select(*_ROW).where(*_SELF))
_OF_SUBJECT = (
    sa.select(*_ROW)
    .where(_c.tenant_id == sa.bindparam("own_tenant"), _c.subject_of == sa.bindparam("subject"))
    .order_by(_c.created_at.desc(), _c.id.desc())
)
_CLAIM, _RELEASE, _HASTEN = due_rows.claim(outbox, _ROW), due_rows.release(outbox), due_rows.hasten(outbox)
_RENEW = due_rows.renew(outbox)
_SETTLE = sa.update(outbox).where(*_SELF, due_rows.due(outbox))
_NEXT_DUE = due_rows.next_due(outbox)


class SqlOutbox(Repository):
    """See ``ports.Outbox``."""

    __slots__ = ()

    def enqueue(self, mail: Mail, mail_id: str, sealed_mail: str, now: datetime) -> None:
        """Add as pending, due now; dropped silently when the dedupe key is known."""
        self._run(
            _ENQUEUE,
            {
                "id": mail_id,
                "tenant_id": self._tenant,
                "kind": mail.kind.value,
                "to": mail.to,
                "state": MailState.PENDING.value,
                "created_at": now,
                "next_attempt_at": now,
                "sealed_mail": sealed_mail,
                "attempts": "[]",
                "sent_at": None,
                "subject_of": mail.subject_of,
                "dedupe_key": mail.dedupe_key,
                "message_id": "",
            },
        )

    def find(self, mail_id: str) -> OutgoingMail | None:
        """Platform-wide: one mail."""
        row = self._first(_FIND, {"own_id": mail_id})
        return None if row is None else _read(row)

    def of_subject(self, subject_of: str) -> tuple[OutgoingMail, ...]:
        """Mails about this invitation or user, newest first."""
        return tuple(
            _read(row) for row in self._all(_OF_SUBJECT, {"own_tenant": self._tenant, "subject": subject_of})
        )

    def claim(self, limit: int, now: datetime, lease: timedelta) -> tuple[OutgoingMail, ...]:
        """Platform-wide: take due mails for sending; a claim lapses after ``lease`` (the process died)."""
        rows = self._all(_CLAIM, {"now": now, "until": now + lease, "most": limit})
        return tuple(sorted((_read(row) for row in rows), key=lambda mail: (mail.created_at, mail.id)))

    def renew(self, mail_ids: Sequence[str], until: datetime) -> int:
        """Platform-wide: let the claims on these mails lapse at *until*; how many were still claimed."""
        return sum(self._run(_RENEW, {"own_id": mail_id, "until": until}) for mail_id in mail_ids)

    def release(self, now: datetime) -> int:
        """Platform-wide: make every claimed mail due at once; how many. For a process that is the only one."""
        return self._run(_RELEASE, {"now": now})

    def hasten(self, now: datetime) -> int:
        """Platform-wide: make every mail that waits for its next try due at once; how many."""
        return self._run(_HASTEN, {"now": now})

    def settle(
        self, mail_id: str, attempt: MailAttempt, *, retry_at: datetime | None, message_id: str
    ) -> None:
        """Platform-wide: record an attempt: sent, to be retried at ``retry_at``, or abandoned (None).

        The payload is erased with sent and abandoned: it may hold a passcode. What was settled for good
        stays so, whatever a dispatcher with a lapsed lease says later.
        """
        stored = self.find(mail_id)
        if stored is None:
            return
        values: dict[str, Any] = {
            "attempts": written((*stored.attempts, attempt)),
            "message_id": message_id,
        }
        if attempt.delivered:
            values |= {"state": MailState.SENT.value, "sent_at": attempt.at, "sealed_mail": ""}
        elif retry_at is not None:
            values |= {"state": MailState.PENDING.value, "next_attempt_at": retry_at}
        else:
            values |= {"state": MailState.ABANDONED.value, "sealed_mail": ""}
        self._run(_SETTLE, {"own_id": mail_id, **values})

    def next_due(self) -> datetime | None:
        """Platform-wide: when the next mail (or lapsing claim) is due."""
        row = self._first(_NEXT_DUE, {})
        return None if row is None else row[0]


def _read(row: Sequence[Any]) -> OutgoingMail:
    values = dict(zip(_FIELDS, row, strict=True))
    values["kind"] = MailKind(values["kind"])
    values["state"] = MailState(values["state"])
    values["attempts"] = _ATTEMPTS.decode(values["attempts"])
    return OutgoingMail(**values)
