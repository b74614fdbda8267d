"""E-mail passcodes. Tries are counted and passcodes spent by single statements, so no race adds a guess."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from xenia.core.credentials import PASSCODE_TRIES, EmailPasscode
from xenia.core.errors import NotFound
from xenia.storage.schema.signing_in import passcodes
from xenia.storage.transactions import Repository

_c = passcodes.c
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_SELF = (_c.tenant_id == _TENANT, _c.id == sa.bindparam("own_id"))
_NOW: sa.BindParameter[Any] = sa.bindparam("now", type_=_c.expires_at.type)
_OPEN = (_c.consumed_at.is_(None), _c.replaced_at.is_(None))
_FIELDS = (
    "id",
    "tenant_id",
    "interaction_id",
    "address_key",
    "code_hash",
    "sent_at",
    "expires_at",
    "tries",
    "consumed_at",
    "replaced_at",
)

_ADD = sa.insert(passcodes)
_OF_INTERACTION = (
    sa.select(*(_c[name] for name in _FIELDS))
    .where(_c.tenant_id == _TENANT, _c.interaction_id == sa.bindparam("interaction"))
    .order_by(_c.sent_at.desc(), _c.id.desc())
)
_LIVE_FOR = sa.select(sa.func.count()).where(
    _c.tenant_id == _TENANT,
    _c.address_key == sa.bindparam("address"),
    _c.expires_at > _NOW,
    _c.tries < PASSCODE_TRIES,
    *_OPEN,
)
_COUNT_TRY = sa.update(passcodes).where(*_SELF).values(tries=_c.tries + 1).returning(_c.tries)
# The try that spends it was counted before, hence "at most": the fifth may still be the right one.
_CONSUME = (
    sa.update(passcodes)
    .where(*_SELF, *_OPEN, _c.expires_at > _NOW, _c.tries <= PASSCODE_TRIES)
    .values(consumed_at=_NOW)
)
_REPLACE = (
    sa.update(passcodes)
    .where(_c.tenant_id == _TENANT, _c.interaction_id == sa.bindparam("interaction"), *_OPEN)
    .values(replaced_at=_NOW)
)


class Passcodes(Repository):
    """The part of ``ports.SignIns`` about passcodes."""

    __slots__ = ()

    def add_passcode(self, passcode: EmailPasscode) -> None:
        """Store one that was just made."""
        self._check_owner(passcode.tenant_id)
        self._run(_ADD, {name: getattr(passcode, name) for name in _FIELDS})

    def passcodes_of(self, interaction_id: str) -> tuple[EmailPasscode, ...]:
        """Newest first."""
        rows = self._all(_OF_INTERACTION, {"own_tenant": self._tenant, "interaction": interaction_id})
        return tuple(EmailPasscode(*row) for row in rows)

    def live_passcodes_for(self, address_key: str, now: datetime) -> int:
        """How many passcodes sent to the address could still succeed."""
        found = self._first(_LIVE_FOR, {"own_tenant": self._tenant, "address": address_key, "now": now})
        return 0 if found is None else int(found[0])

    def count_passcode_try(self, passcode_id: str) -> int:
        """Count a try (one statement) and return how many there are now. Raises NotFound."""
        row = self._first(_COUNT_TRY, {"own_tenant": self._tenant, "own_id": passcode_id})
        if row is None:
            raise NotFound("Passcode", passcode_id)
        return int(row[0])

    def consume_passcode(self, passcode_id: str, now: datetime) -> bool:
        """Spend it, after the try was counted.

        False when it was spent, replaced, expired or exhausted (one conditional statement).
        """
        return self._run(_CONSUME, {"own_tenant": self._tenant, "own_id": passcode_id, "now": now}) == 1

    def replace_passcodes(self, interaction_id: str, now: datetime) -> None:
        """End the live passcodes of this interaction: a newer one takes over."""
        self._run(_REPLACE, {"own_tenant": self._tenant, "interaction": interaction_id, "now": now})
