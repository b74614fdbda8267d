"""Audit records of inviting, written in the order they are noted.

Owns numbering and order: records of one transaction are a microsecond apart, so every list shows them as
they happened. Must not decide what is worth a record.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import Activity, Change, Target, audit_record
from xenia.core.directory.user import ExternalUserState, User
from xenia.core.ids import ObjectId
from xenia.ports import Transaction
from xenia.usecases.users.user_protection import user_target

__all__ = ["Journal", "state_change", "user_target"]


class Journal:
    """The audit log of one transaction; each note spends one id drawn beforehand."""

    def __init__(self, tx: Transaction, actor: Actor, now: datetime, record_ids: tuple[str, ...]) -> None:
        self._tx = tx
        self._actor = actor
        self._now = now
        self._ids = record_ids
        self._noted = 0

    def note(
        self, activity: Activity, targets: tuple[Target, ...], details: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Add one record."""
        at = self._now + timedelta(microseconds=self._noted)
        record_id = self._ids[self._noted]
        self._noted += 1
        self._tx.logs.audit(
            audit_record(record_id, activity, self._actor, at, targets=targets, details=details)
        )

    def note_assignment(self, user: User, principal_id: ObjectId, principal_name: str) -> None:
        """Add the record of one app assignment."""
        app = Target(principal_id, "ServicePrincipal", principal_name)
        self.note(audit.ASSIGN_APP_ROLE, (app, user_target(user)))


def state_change(before: ExternalUserState | None) -> Change:
    """The invitation state going back (or coming) to PendingAcceptance."""
    old = "[]" if before is None else json.dumps([before.value])
    return Change("UserState", old, json.dumps([ExternalUserState.PENDING_ACCEPTANCE.value]))
