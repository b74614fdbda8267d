"""What every request reads and hardly anybody changes, kept in memory: tenants, policies, apps, providers, flows.

Correct with any number of processes: one row of the database holds a random stamp, and every change of the
watched tables puts a new one there in its own transaction. A transaction reads the stamp once, and takes
from memory only what was read under the same stamp. What changes the directory itself reads no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from xenia.storage.functions import RandomText
from xenia.storage.schema.applications import application_identifier_uris, applications, service_principals
from xenia.storage.schema.directory import directory_stamp, tenant_names, tenant_policies, tenants
from xenia.storage.schema.self_service import identity_providers, user_flow_applications, user_flows
from xenia.storage.statements import Driver

T = TypeVar("T")

WATCHED = frozenset(
    table.name
    for table in (
        tenants,
        tenant_names,
        tenant_policies,
        applications,
        application_identifier_uris,
        service_principals,
        identity_providers,
        user_flows,
        user_flow_applications,
    )
)
"""Whatever changes one of these tables renews the stamp; whatever is kept was read from these alone."""
_MOST_KEPT = 4096

_STAMP = sa.select(directory_stamp.c.stamp).where(directory_stamp.c.id == 1)
_RENEW = sa.update(directory_stamp).where(directory_stamp.c.id == 1).values(stamp=RandomText())


class KnownDirectory:
    """Records by stamp, for all threads of a process. Only those of the newest stamp are kept."""

    def __init__(self) -> None:
        self._held: tuple[str, dict[Hashable, Any]] = ("", {})

    def of(self, stamp: str) -> dict[Hashable, Any]:
        """The records read under this stamp."""
        held = self._held
        if held[0] != stamp or len(held[1]) > _MOST_KEPT:
            # Threads with an older view may put theirs back for a moment; that costs reads, not truth.
            held = self._held = (stamp, {})
        return held[1]


class DirectoryView:
    """The directory as one transaction may know it."""

    __slots__ = ("_changed", "_driver", "_keeps", "_known", "_records")

    def __init__(self, driver: Driver, known: KnownDirectory, *, keeps: bool) -> None:
        """*keeps*: whether all its reads see one moment, so that what it reads belongs to the stamp."""
        self._driver = driver
        self._known = known
        self._keeps = keeps
        self._changed = False
        self._records: dict[Hashable, Any] | None = None

    def record(self, key: Hashable, read: Callable[[], T | None]) -> T | None:
        """The record of this key: from memory, or by *read*. That there is none is never remembered."""
        if self._changed:
            return read()
        if self._records is None:
            self._records = self._open()
        found = self._records.get(key)
        if found is None:
            found = read()
            if found is not None and self._keeps:
                self._records[key] = found
        return cast("T | None", found)

    def changing(self) -> None:
        """A watched table is about to be changed: from here on this transaction reads the database alone.

        The stamp is renewed first, and each time, since a savepoint may undo it: all who change the
        directory queue up at its row, so that no two states ever share a stamp.
        """
        self._changed = True
        self._driver.run(self._driver.constant(_RENEW), {})

    def _open(self) -> dict[Hashable, Any]:
        row = self._driver.first(self._driver.constant(_STAMP), {})
        return {} if row is None else self._known.of(row[0])


def renew_stamp(connection: Connection) -> None:
    """After the tables were changed by other means than repositories: forget everywhere what was known."""
    if not connection.execute(_RENEW).rowcount:
        connection.execute(sa.insert(directory_stamp).values(id=1, stamp=RandomText()))
