"""Counters of tries, shared by all processes (platform-wide)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from xenia.storage.schema.records import counters
from xenia.storage.transactions import Repository, insert_into

_c = counters.c
_NOW: sa.BindParameter[Any] = sa.bindparam("now", type_=_c.ends_at.type)
_FIND = sa.select(_c.hits).where(_c.key == sa.bindparam("own_key"), _c.ends_at > _NOW)
_CLEAR = sa.delete(counters).where(_c.key == sa.bindparam("own_key"))


@cache
def _hit(*, is_postgres: bool) -> sa.Executable:
    """Start a window or count within it, and say how it stands: one statement, so no try slips through."""
    over = _c.ends_at <= _NOW
    insert = insert_into(counters, is_postgres=is_postgres)
    return (  # type: ignore[no-any-return]
        insert.values(hits=1)
        .on_conflict_do_update(
            index_elements=["key"],
            set_={
                "hits": sa.case((over, 1), else_=_c.hits + 1),
                "ends_at": sa.case((over, insert.excluded.ends_at), else_=_c.ends_at),
            },
        )
        .returning(_c.hits, _c.ends_at)
    )


class SqlLimits(Repository):
    """See ``ports.Limits``."""

    __slots__ = ()

    def hit(self, key: str, limit: int, window: timedelta, now: datetime) -> timedelta | None:
        """Count one event in a fixed window, which begins with its first. None when allowed, else the wait."""
        statement = _hit(is_postgres=self._scope.is_postgres)
        row = self._first(statement, {"key": key, "ends_at": now + window, "now": now})
        if row is None or row[0] <= limit:
            return None
        wait: timedelta = row[1] - now
        return max(wait, timedelta(0))

    def count(self, key: str, window: timedelta, now: datetime) -> int:
        """Events in the current window."""
        del window  # the window began with its first event and carries its own end
        row = self._first(_FIND, {"own_key": key, "now": now})
        return 0 if row is None else int(row[0])

    def clear(self, key: str) -> None:
        """Start anew."""
        self._run(_CLEAR, {"own_key": key})
