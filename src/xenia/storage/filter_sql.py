"""``core.query`` filters as SQL. The meaning is ``core.query.matches``'s, on both databases.

Negation is pushed down to the leaves, so that every leaf stands where NULL counts as false and can
be written in the form an index serves. Folding was done in Python: no ``lower()``, no LIKE.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from xenia.core.attribute_controls import text_of
from xenia.core.errors import InvalidValue
from xenia.core.ids import TenantId, fold
from xenia.core.query import And, AnyOf, Compare, Filter, Not, OneOf, Or, Text, Value
from xenia.record import Record, field
from xenia.storage.columns import Moment, Words, storable
from xenia.storage.functions import Position, Tail

Condition = sa.ColumnElement[bool]
Columns = Mapping[str, "sa.ColumnElement[Any]"]

_NOTHING: Condition = sa.false()
_EVERYTHING: Condition = sa.true()
_NEGATED = {"eq": "ne", "ne": "eq"}
_LAST_CODE_POINT = 0x10FFFF


class Collection(Record):
    """Where the items of a multi-valued attribute are: one row each."""

    owner: sa.Column[str]
    """Column naming the row the item belongs to."""
    items: Columns
    """Attributes of an item; ``""`` is the bare item."""
    scope: tuple[Condition, ...] = ()


class Named(Record):
    """Where attributes are that have no column: a row each, under the attribute's own name, as text."""

    prefix: str
    """Begins their names."""
    owner: sa.Column[str]
    name: sa.Column[str]
    value: sa.Column[Any]


class Searchable(Record):
    """What may be asked about the rows of one table."""

    id: sa.Column[str]
    tenant_id: sa.Column[str]
    attributes: Columns
    collections: Mapping[str, Collection] = field(default_factory=dict)
    named: Named | None = None


def attribute_columns(table: sa.Table, skip: tuple[str, ...] = ("doc",)) -> Columns:
    """Attribute name to column, by the convention that a folded text column ends in ``_key``."""
    return {column.name.removesuffix("_key"): column for column in table.columns if column.name not in skip}


def condition_of(condition: Filter, on: Searchable, tenant_id: TenantId) -> Condition:
    """The WHERE condition of a filter. Raises InvalidValue for an attribute that cannot be asked about."""
    return _Compiler(on, tenant_id).compile(condition, on.attributes, negated=False)


class _Compiler(Record):
    on: Searchable
    tenant_id: TenantId

    def compile(self, node: Filter, columns: Columns, *, negated: bool) -> Condition:
        match node:
            case Compare() | OneOf() | Text() if self.on.named and node.field.startswith(
                self.on.named.prefix
            ):
                return self._of_name(self.on.named, node, negated=negated)
            case Not(item):
                return self.compile(item, columns, negated=not negated)
            case And(items) | Or(items):
                parts = [self.compile(item, columns, negated=negated) for item in items]
                joined = isinstance(node, And) is not negated
                return sa.and_(_EVERYTHING, *parts) if joined else sa.or_(_NOTHING, *parts)
            case Compare(name, op, value):
                return _compare(_column(columns, name), op, value, negated=negated)
            case OneOf(name, values):
                return _one_of(_column(columns, name), values, negated=negated)
            case Text(name, op, value):
                return _text(_column(columns, name), op, fold(value), negated=negated)
            case AnyOf(name, inner):
                return self._any_of(name, inner, negated=negated)

    def _any_of(self, name: str, inner: Filter | None, *, negated: bool) -> Condition:
        """Membership of the owner in the set of those with such an item: measured faster than EXISTS."""
        collection = self.on.collections.get(name)
        if collection is None:
            raise InvalidValue(name, f"Filtering by any item of '{name}' is not supported.")
        owners = sa.select(collection.owner).where(
            collection.owner.table.c.tenant_id == self.tenant_id, *collection.scope
        )
        if inner is not None:
            owners = owners.where(self.compile(inner, collection.items, negated=False))
        return self.on.id.not_in(owners) if negated else self.on.id.in_(owners)

    def _of_name(self, on: Named, node: Compare | OneOf | Text, *, negated: bool) -> Condition:
        """Membership in the set of those whose row satisfies it. Who has no row has null, as a column would."""
        name = node.field
        if isinstance(node, Text):
            held = _text(on.value, node.op, fold(node.value), negated=False)
            return self._has(on, name, held, negated=negated)
        if isinstance(node, Compare) and node.op not in _NEGATED:
            held = _compare(on.value, node.op, _as_words(node.value), negated=False)
            return self._has(on, name, held, negated=negated)
        values = (node.value,) if isinstance(node, Compare) else node.values
        negated ^= isinstance(node, Compare) and node.op == "ne"
        words = [storable(fold(word)) for word in map(_as_words, values) if word is not None]
        parts = [self._has(on, name, on.value.in_(words), negated=negated)]
        if None in values:
            parts.append(self._has(on, name, _EVERYTHING, negated=not negated))
        return sa.and_(*parts) if negated else sa.or_(*parts)

    def _has(self, on: Named, name: str, held: Condition, *, negated: bool) -> Condition:
        owners = sa.select(on.owner).where(
            on.owner.table.c.tenant_id == self.tenant_id, on.name == name, held
        )
        return self.on.id.not_in(owners) if negated else self.on.id.in_(owners)


def _as_words(value: Value) -> str | None:
    """A value as rows of text hold it."""
    return None if value is None or isinstance(value, datetime) else text_of(value)


def _column(columns: Columns, name: str) -> sa.ColumnElement[Any]:
    found = columns.get(name)
    if found is None:
        raise InvalidValue(name, f"Filtering by '{name}' is not supported.")
    return found


def comparable(column: sa.ColumnElement[Any], value: Value) -> Value:
    """The value as the column holds it, or None when a value of this type never equals one of the column's."""
    if isinstance(column.type, Words):
        return storable(fold(value)) if isinstance(value, str) else None
    if isinstance(column.type, Moment):
        return value if isinstance(value, datetime) else None
    if isinstance(column.type, sa.Boolean):
        return value if isinstance(value, bool) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _compare(column: sa.ColumnElement[Any], op: str, value: Value, *, negated: bool) -> Condition:
    wanted = comparable(column, value)
    if op in _NEGATED:
        equal = (op == "eq") is not negated
        if wanted is None:
            return _null(column, value, equal=equal)
        return column == wanted if equal else sa.or_(column.is_(None), column != wanted)
    if wanted is None:
        return _EVERYTHING if negated else _NOTHING
    if not negated:
        return _ordered(column, op, wanted)
    opposite = {"gt": "le", "ge": "lt", "lt": "ge", "le": "gt"}[op]
    return sa.or_(column.is_(None), _ordered(column, opposite, wanted))


def _null(column: sa.ColumnElement[Any], value: Value, *, equal: bool) -> Condition:
    if value is not None:  # a value of a type the column never holds
        return _NOTHING if equal else _EVERYTHING
    return column.is_(None) if equal else column.is_not(None)


def ordering_value(value: Value) -> Any:
    """The value as an operand of <, <=, >, >=: a bare True or False would be taken for SQL's keyword."""
    return sa.literal(value, sa.Boolean) if isinstance(value, bool) else value


_OPERATORS: dict[str, Callable[[Any, Any], Condition]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def _ordered(column: sa.ColumnElement[Any], op: str, value: Value) -> Condition:
    return _OPERATORS[op](column, ordering_value(value))


def _one_of(column: sa.ColumnElement[Any], values: tuple[Value, ...], *, negated: bool) -> Condition:
    wanted = [found for found in (comparable(column, value) for value in values) if found is not None]
    if negated:
        among = sa.or_(column.is_(None), column.not_in(wanted)) if wanted else _EVERYTHING
        return sa.and_(among, column.is_not(None)) if None in values else among
    among = column.in_(wanted) if wanted else _NOTHING
    return sa.or_(among, column.is_(None)) if None in values else among


def _text(column: sa.ColumnElement[Any], op: str, part: str, *, negated: bool) -> Condition:
    if not isinstance(column.type, Words):
        return _EVERYTHING if negated else _NOTHING
    found = _holds(column, op, storable(part))
    return sa.or_(column.is_(None), sa.not_(found)) if negated else found


def _holds(column: sa.ColumnElement[Any], op: str, part: str) -> Condition:
    if part == "":
        return column.is_not(None)
    if op == "startsWith":
        end = _after(part)
        return column >= part if end is None else sa.and_(column >= part, column < end)
    if op == "endsWith":
        return Tail(column, sa.literal(len(part), sa.Integer)) == part
    return Position(column, sa.literal(part, Words)) > 0


def _after(prefix: str) -> str | None:
    """The least text greater than all that begin with *prefix*: what makes a prefix an index range."""
    kept = prefix.rstrip(chr(_LAST_CODE_POINT))
    if not kept:
        return None
    point = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if 0xD800 <= point <= 0xDFFF else point)
