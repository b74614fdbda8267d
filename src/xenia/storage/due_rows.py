"""Rows that wait for a worker: each is claimed by one of many, and by another when that one died.

A queue is a table with ``state`` and ``next_attempt_at``; while a row is claimed that moment is the end of the lease.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

PENDING, IN_HAND = "pending", "sending"


def due(table: sa.Table) -> sa.ColumnElement[bool]:
    """Unsettled rows.

    Spelled out, not bound: a prepared statement whose predicate is a parameter cannot use a partial index.
    """
    return table.c.state.in_([sa.literal_column(f"'{state}'") for state in (PENDING, IN_HAND)])


def claim(table: sa.Table, fields: Sequence[sa.ColumnElement[Any]]) -> sa.Executable:
    """Take at most ``most`` rows due at ``now`` until ``until``.

    Rows another worker is just claiming are skipped; on SQLite the writer lock keeps it away entirely.
    """
    moment = table.c.next_attempt_at
    some = (
        sa.select(table.c.id)
        .where(due(table), moment <= sa.bindparam("now", type_=moment.type))
        .order_by(moment)
        .limit(sa.bindparam("most"))
        .with_for_update(skip_locked=True)
    )
    return (
        sa.update(table)
        .where(table.c.id.in_(some))
        .values(state=IN_HAND, next_attempt_at=sa.bindparam("until", type_=moment.type))
        .returning(*fields)
    )


def renew(table: sa.Table) -> sa.Update:
    """Let the claim on the row ``own_id`` lapse at ``until``; a row that nobody holds stays as it is."""
    moment = table.c.next_attempt_at
    return (
        sa.update(table)
        .where(table.c.id == sa.bindparam("own_id"), table.c.state == sa.literal_column(f"'{IN_HAND}'"))
        .values(next_attempt_at=sa.bindparam("until", type_=moment.type))
    )


def release(table: sa.Table) -> sa.Update:
    """Make every claimed row due at ``now``."""
    moment = table.c.next_attempt_at
    return (
        sa.update(table)
        .where(table.c.state == sa.literal_column(f"'{IN_HAND}'"))
        .values(state=PENDING, next_attempt_at=sa.bindparam("now", type_=moment.type))
    )


def hasten(table: sa.Table) -> sa.Update:
    """Make every row that waits for its next try due at ``now``."""
    moment = table.c.next_attempt_at
    now: sa.BindParameter[Any] = sa.bindparam("now", type_=moment.type)
    return (
        sa.update(table)
        .where(table.c.state == sa.literal_column(f"'{PENDING}'"), moment > now)
        .values(next_attempt_at=now)
    )


def next_due(table: sa.Table) -> sa.Select[Any]:
    """When the next row, or lapsing claim, is due."""
    moment = table.c.next_attempt_at
    return sa.select(moment).where(due(table)).order_by(moment).limit(1)
