"""Hand-overs to other identity providers, each spent by one conditional statement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from xenia.core.signin.federation import Federation
from xenia.storage.documents import Document, written
from xenia.storage.schema.self_service import federations
from xenia.storage.transactions import Repository

_FEDERATION = Document(Federation)
_c = federations.c
_NOW: sa.BindParameter[Any] = sa.bindparam("now", type_=_c.consumed_at.type)
_SELF = (_c.tenant_id == sa.bindparam("own_tenant"), _c.state_hash == sa.bindparam("own_hash"))

_ADD = sa.insert(federations)
_FIND = sa.select(_c.doc).where(*_SELF)
_CONSUME = (
    sa.update(federations)
    .where(*_SELF, _c.consumed_at.is_(None), _c.expires_at > _NOW)
    .values(consumed_at=_NOW)
)


class Federations(Repository):
    """The part of ``ports.SignIns`` about hand-overs."""

    __slots__ = ()

    def add_federation(self, federation: Federation) -> None:
        """Raises Conflict on a taken state."""
        self._check_owner(federation.tenant_id)
        self._run(
            _ADD,
            {
                "tenant_id": federation.tenant_id,
                "state_hash": federation.state_hash,
                "expires_at": federation.expires_at,
                "consumed_at": None,
                "doc": written(federation),
            },
        )

    def find_federation(self, state_hash: str) -> Federation | None:
        """The hand-over of this state, spent or not."""
        row = self._first(_FIND, {"own_tenant": self._tenant, "own_hash": state_hash})
        return None if row is None else _FEDERATION.read(row[0])

    def consume_federation(self, state_hash: str, now: datetime) -> bool:
        """Spend it; False when it was spent or has expired (one conditional statement)."""
        return self._run(_CONSUME, {"own_tenant": self._tenant, "own_hash": state_hash, "now": now}) == 1
