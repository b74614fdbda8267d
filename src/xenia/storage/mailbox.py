"""The workshop's captured mail (platform-wide)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from xenia.core.ids import fold
from xenia.core.mail import CapturedMail
from xenia.storage.columns import Words
from xenia.storage.documents import Document, written
from xenia.storage.functions import Position
from xenia.storage.schema.records import captured_mails
from xenia.storage.transactions import Both, Repository

_MAIL = Document(CapturedMail)
_c = captured_mails.c
_SELF = (_c.id == sa.bindparam("own_id"),)
_PARTS = {"from": (_c.sender_key,), "to": (_c.recipients_key,), "subject": (_c.subject_key,)}
_EVERYWHERE = (_c.sender_key, _c.recipients_key, _c.subject_key, _c.text_key)

_ADD = Both(captured_mails, ("id",))
_READ = sa.select(_c.doc, _c.source, _c.read_at)
_FIND = _READ.where(*_SELF)
_PLACE = sa.select(_c.received_at, _c.id).where(*_SELF)
_MARK_READ = (
    sa.update(captured_mails)
    .where(*_SELF, _c.read_at.is_(None))
    .values(read_at=sa.bindparam("now", type_=_c.read_at.type))
)
_REMOVE = sa.delete(captured_mails).where(*_SELF)
_REMOVE_ALL = sa.delete(captured_mails)


class SqlMailbox(Repository):
    """See ``ports.Mailbox``."""

    __slots__ = ()

    def add(self, mail: CapturedMail) -> None:
        """Idempotent by id."""
        self._run(
            _ADD,
            {
                "id": mail.id,
                "received_at": mail.received_at,
                "read_at": mail.read_at,
                "sender_key": fold(mail.sender),
                "recipients_key": fold(" ".join(mail.recipients)),
                "subject_key": fold(mail.subject),
                "text_key": fold(mail.text),
                "source": mail.source,
                "doc": written(replace(mail, source=b"")),
            },
        )

    def list(self, search: str = "", limit: int = 50, before: str | None = None) -> tuple[CapturedMail, ...]:
        """Newest first; all words of *search* must occur; ``to:``, ``from:``, ``subject:`` look at one part."""
        statement = _READ.where(*(_holds(word) for word in search.split()))
        if before is not None:
            place = self._first(_PLACE, {"own_id": before})
            if place is None:
                return ()
            older = sa.or_(_c.received_at < place[0], sa.and_(_c.received_at == place[0], _c.id < place[1]))
            statement = statement.where(older)
        rows = self._all(statement.order_by(_c.received_at.desc(), _c.id.desc()).limit(limit), {})
        return tuple(_read(row) for row in rows)

    def find(self, mail_id: str) -> CapturedMail | None:
        """One mail."""
        row = self._first(_FIND, {"own_id": mail_id})
        return None if row is None else _read(row)

    def mark_read(self, mail_id: str, now: datetime) -> None:
        """The first reading counts."""
        self._run(_MARK_READ, {"own_id": mail_id, "now": now})

    def remove(self, mail_id: str) -> bool:
        """False when there was none."""
        return self._run(_REMOVE, {"own_id": mail_id}) == 1

    def remove_all(self) -> int:
        """How many were removed."""
        return self._run(_REMOVE_ALL, {})


def _holds(word: str) -> sa.ColumnElement[bool]:
    part, colon, rest = word.partition(":")
    columns = _PARTS.get(fold(part)) if colon else None
    sought = sa.literal(fold(word if columns is None else rest), Words)
    return sa.or_(*(Position(column, sought) > 0 for column in columns or _EVERYWHERE))


def _read(row: Sequence[Any]) -> CapturedMail:
    doc, source, read_at = row
    return replace(_MAIL.read(doc), source=bytes(source), read_at=read_at)
