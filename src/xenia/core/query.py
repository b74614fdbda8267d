"""Filter, order and page: the query language shared by Graph, portal and storage.

A filter is a small tree over attribute names of a record (``user_type``, ``identities``). Storage
compiles it to SQL; ``matches`` evaluates it in Python and is the definition both databases are
tested against. Strings compare case-insensitively, as directory objects do in the field.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

from xenia.core.ids import fold
from xenia.core.user_attributes import EXTENSION_PREFIX, AttributeValues
from xenia.record import Record

Value: TypeAlias = "str | bool | int | datetime | None"
T = TypeVar("T")


class Compare(Record):
    """``field op value`` with op one of eq, ne, gt, ge, lt, le. Null equals only null."""

    field: str
    op: str
    value: Value


class OneOf(Record):
    """``field in (values)``."""

    field: str
    values: tuple[Value, ...]


class Text(Record):
    """``startsWith``, ``endsWith`` or ``contains`` on a string field."""

    field: str
    op: str
    value: str


class AnyOf(Record):
    """``collection/any(x: filter)``; fields inside are the item's attributes, ``""`` is a bare item.

    With filter None: whether the collection is not empty.
    """

    field: str
    filter: Filter | None


class And(Record):
    """All of them."""

    items: tuple[Filter, ...]


class Or(Record):
    """One of them."""

    items: tuple[Filter, ...]


class Not(Record):
    """Not so."""

    item: Filter


Filter: TypeAlias = "Compare | OneOf | Text | AnyOf | And | Or | Not"


class Order(Record):
    """Sort by an attribute; the id is always the last tie-break, so pages never overlap."""

    field: str
    descending: bool = False


class Cursor(Record):
    """Where the last page ended: the order values and the id of its last row (keyset paging)."""

    values: tuple[Value, ...]
    id: str


class Query(Record):
    """What a list asks for."""

    filter: Filter | None = None
    order: tuple[Order, ...] = ()
    limit: int = 100
    after: Cursor | None = None
    count: bool = False
    """Also count all rows that match, regardless of paging."""


class Page(Record, Generic[T]):
    """One page of records; ``next`` is None on the last one."""

    items: tuple[T, ...]
    next: Cursor | None = None
    total: int | None = None


def all_of(*filters: Filter | None) -> Filter | None:
    """The conjunction of those that are given."""
    present = tuple(item for item in filters if item is not None)
    if not present:
        return None
    return present[0] if len(present) == 1 else And(present)


def matches(condition: Filter, record: object) -> bool:
    """Whether *record* satisfies *condition*: the meaning that every storage adapter must give it."""
    match condition:
        case And(items):
            return all(matches(item, record) for item in items)
        case Or(items):
            return any(matches(item, record) for item in items)
        case Not(item):
            return not matches(item, record)
        case OneOf(field, values):
            return any(_compare("eq", _value(record, field), value) for value in values)
        case Compare(field, op, value):
            return _compare(op, _value(record, field), value)
        case Text(field, op, value):
            return _text(op, _value(record, field), value)
        case AnyOf(field, inner):
            members = getattr(record, field) or ()
            return any(inner is None or matches(inner, member) for member in members)


def _value(record: object, field: str) -> Value:
    found: Value = record if field == "" else _attribute(record, field)  # type: ignore[assignment]
    return fold(found) if isinstance(found, str) else found


def _attribute(record: object, name: str) -> object:
    """An attribute of the record; custom ones of users by their full names."""
    if name.startswith(EXTENSION_PREFIX):
        extensions: AttributeValues = record.extensions  # type: ignore[attr-defined]
        return dict(extensions).get(name)
    return getattr(record, name)


_ORDERED: dict[str, Callable[[object, object], bool]] = {
    "gt": lambda left, right: left > right,  # type: ignore[operator]
    "ge": lambda left, right: left >= right,  # type: ignore[operator]
    "lt": lambda left, right: left < right,  # type: ignore[operator]
    "le": lambda left, right: left <= right,  # type: ignore[operator]
}


def _compare(op: str, left: Value, right: Value) -> bool:
    other = fold(right) if isinstance(right, str) else right
    if op == "eq":
        return left == other
    if op == "ne":
        return left != other
    return left is not None and other is not None and _ORDERED[op](left, other)


def _text(op: str, left: Value, right: str) -> bool:
    if not isinstance(left, str):
        return False
    other = fold(right)
    if op == "startsWith":
        return left.startswith(other)
    return left.endswith(other) if op == "endsWith" else other in left
