"""Pages by key: order, the place where the last page ended, and the conditions that continue there.

Nulls are the smallest values (first in ascending order). The id is the last tie-break, in the
direction of the last order, so that one index can be walked either way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from xenia.core.errors import InvalidValue
from xenia.core.ids import TenantId
from xenia.core.query import Cursor, Order, Page, Query, Value
from xenia.record import Record
from xenia.storage.filter_sql import Condition, Searchable, comparable, condition_of, ordering_value

T = TypeVar("T")


class _Key(Record):
    column: sa.ColumnElement[Any]
    descending: bool

    @property
    def nullable(self) -> bool:
        """Whether rows without a value may exist: true of everything that is worked out and of no column."""
        return not isinstance(self.column, sa.Column) or bool(self.column.nullable)

    def ordered(self) -> sa.ColumnElement[Any]:
        plain = self.column.desc() if self.descending else self.column.asc()
        if not self.nullable:  # said of a column without nulls it would keep PostgreSQL off the index
            return plain
        return plain.nulls_last() if self.descending else plain.nulls_first()

    def beyond(self, value: Any) -> Condition | None:
        """Rows strictly after *value*; None where there can be none."""
        if value is None:
            return None if self.descending else self.column.is_not(None)
        after = self.column < value if self.descending else self.column > value
        return sa.or_(after, self.column.is_(None)) if self.descending and self.nullable else after

    def level(self, value: Any) -> Condition:
        return self.column.is_(None) if value is None else self.column == value


def list_page(
    connection: Connection,
    on: Searchable,
    query: Query,
    tenant_id: TenantId,
    read: Callable[[Sequence[Any]], T],
    *,
    columns: Sequence[sa.Column[Any]],
    within: Sequence[Condition] = (),
    default_order: tuple[Order, ...] = (),
) -> Page[T]:
    """One page of the tenant's rows. Raises InvalidValue for unknown attributes and cursors that do not fit."""
    keys = _keys(on, query.order or default_order)
    conditions = [on.tenant_id == tenant_id, *within]
    if query.filter is not None:
        conditions.append(condition_of(query.filter, on, tenant_id))
    total = None
    if query.count:
        total = connection.execute(
            sa.select(sa.func.count()).select_from(on.id.table).where(*conditions)
        ).scalar_one()
    base = (
        sa.select(*columns, *(key.column.label(f"order_{position}") for position, key in enumerate(keys)))
        .where(*conditions)
        .order_by(*(key.ordered() for key in keys))
    )
    rows: list[Sequence[Any]] = []
    for segment in _segments(keys, query.after):
        rows += connection.execute(base.where(segment).limit(query.limit + 1 - len(rows))).all()
        if len(rows) > query.limit:
            break
    shown = rows[: query.limit]
    following = _cursor(shown[-1], len(keys)) if len(rows) > query.limit and shown else None
    return Page(tuple(read(row) for row in shown), following, total)


def _keys(on: Searchable, order: tuple[Order, ...]) -> list[_Key]:
    keys = []
    for item in order:
        column = on.attributes.get(item.field)
        if column is None:
            raise InvalidValue(item.field, f"Ordering by '{item.field}' is not supported.")
        keys.append(_Key(column, item.descending))
    return [*keys, _Key(on.id, keys[-1].descending if keys else False)]


def _cursor(row: Sequence[Any], count: int) -> Cursor:
    values = tuple(row)[-count:]
    return Cursor(values[:-1], values[-1])


def _segments(keys: list[_Key], after: Cursor | None) -> list[Condition]:
    """The rows after the cursor as index ranges, one after the other in the order of the list.

    Rows without a value of the first key are a range of their own: one condition over both would
    make the database read and drop every row before the cursor.
    """
    if after is None:
        return [sa.true()]
    values = _checked(keys, after)
    first, value = keys[0], values[0]
    rest = _following(keys[1:], values[1:])
    if value is None:
        within_nulls = sa.and_(first.column.is_(None), rest)
        return [within_nulls] if first.descending else [within_nulls, first.column.is_not(None)]
    bound = first.column <= value if first.descending else first.column >= value
    strictly = first.column < value if first.descending else first.column > value
    with_value = sa.and_(bound, sa.or_(strictly, sa.and_(first.column == value, rest)))
    trailing = [sa.and_(first.column.is_(None))] if first.descending and first.nullable else []
    return [with_value, *trailing]


def _following(keys: list[_Key], values: list[Any]) -> Condition:
    """Rows after *values* in the order of *keys*; with no keys left there are none."""
    if not keys:
        return sa.false()
    beyond = keys[0].beyond(values[0])
    tied = sa.and_(keys[0].level(values[0]), _following(keys[1:], values[1:])) if len(keys) > 1 else None
    parts = [part for part in (beyond, tied) if part is not None]
    return sa.or_(sa.false(), *parts)


def _checked(keys: list[_Key], after: Cursor) -> list[Any]:
    """Cursors travel through the client: their values are checked like any other input."""
    given: tuple[Value, ...] = (*after.values, after.id)
    if len(given) != len(keys):
        raise InvalidValue("after", "The page token does not fit this list.")
    checked: list[Any] = []
    for key, value in zip(keys, given, strict=True):
        fitting = comparable(key.column, value)
        if fitting is None and (value is not None or not key.nullable):
            raise InvalidValue("after", "The page token does not fit this list.")
        checked.append(ordering_value(fitting))
    return checked
