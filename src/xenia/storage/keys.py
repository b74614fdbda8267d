"""Signing keys at rest (platform-wide)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from xenia.ports import StoredKey
from xenia.storage.schema.records import signing_keys
from xenia.storage.transactions import Repository

_c = signing_keys.c
_FIELDS = ("kid", "sealed_private_key", "certificate_der", "created_at", "active_from", "retired_at")
_LIST = sa.select(*(_c[name] for name in _FIELDS)).order_by(_c.created_at, _c.kid)
_ADD = sa.insert(signing_keys)
_RETIRE = (
    sa.update(signing_keys)
    .where(_c.kid == sa.bindparam("own_kid"), _c.retired_at.is_(None))
    .values(retired_at=sa.bindparam("now", type_=_c.retired_at.type))
)


class SqlKeys(Repository):
    """See ``ports.Keys``."""

    __slots__ = ()

    def list(self) -> tuple[StoredKey, ...]:
        """All keys, oldest first, retired ones too."""
        return tuple(StoredKey(*row) for row in self._all(_LIST, {}))

    def add(self, key: StoredKey) -> None:
        """Raises Conflict on a taken key id."""
        with self._refusing():
            self._run(_ADD, {name: getattr(key, name) for name in _FIELDS})

    def retire(self, kid: str, now: datetime) -> None:
        """The first retirement counts."""
        self._run(_RETIRE, {"own_kid": kid, "now": now})
