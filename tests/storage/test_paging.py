"""Pages by key: every row once, in the promised order, while others write; an index does the work."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.storage.records import CONTOSO, NOW, add_tenants, user
from xenia.core.directory.user import ExternalUserState, User
from xenia.core.errors import InvalidValue
from xenia.core.ids import fold
from xenia.core.query import And, Compare, Cursor, Order, Query, Text
from xenia.storage.store import SqlStore

ORDERS = [
    (),
    (Order("created_at", descending=True),),
    (Order("display_name"),),
    (Order("mail"),),
    (Order("mail", descending=True),),
    (Order("mail", descending=True), Order("created_at")),
    (Order("department"), Order("mail", descending=True), Order("display_name")),
    (Order("account_enabled", descending=True), Order("external_user_state_changed_at")),
]


def _users(count: int, seed: int, prefix: str) -> list[User]:
    draw = random.Random(seed)
    return [
        replace(
            user(f"{prefix}{number:04}", name=f"{prefix}{number}", identities=()),
            display_name=draw.choice("aAbÉ"),
            mail=draw.choice([None, "a", "É", "b"]),
            department=draw.choice([None, "x"]),
            created_at=NOW + timedelta(microseconds=draw.randrange(5)),
            account_enabled=draw.choice([True, False]),
            external_user_state_changed_at=draw.choice([None, NOW]),
        )
        for number in range(count)
    ]


def _sorted(users: list[User], order: tuple[Order, ...]) -> list[str]:
    """Stable sorts from the last key to the first; null is the smallest, the id follows the last direction."""
    ordered = sorted(users, key=lambda entry: entry.id, reverse=bool(order) and order[-1].descending)
    for item in reversed(order):

        def rank(entry: User, field: str = item.field):
            value = getattr(entry, field)
            return (value is not None, fold(value) if isinstance(value, str) else value or False)

        ordered.sort(
            key=lambda entry, rank=rank: [rank(entry)[0], str(rank(entry)[1])], reverse=item.descending
        )
    return [entry.id for entry in ordered]


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_pages_come_in_order_and_visit_each_row_once(store: SqlStore, order: tuple[Order, ...]):
    users = _users(40, 1, "p")
    add_tenants(store)
    store.write(CONTOSO, lambda tx: [tx.users.add(entry) for entry in users])
    seen: list[str] = []
    after = None
    while True:
        with store.read(CONTOSO) as tx:
            page = tx.users.list(Query(order=order, limit=3, after=after, count=True))
        assert page.total == 40
        seen += [found.id for found in page.items]
        after = page.next
        if after is None:
            break
    assert seen == _sorted(users, order)


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_rows_added_meanwhile_neither_hide_nor_repeat_others(store: SqlStore, order: tuple[Order, ...]):
    users, newcomers = _users(30, 2, "old"), iter(_users(200, 3, "new"))
    add_tenants(store)
    store.write(CONTOSO, lambda tx: [tx.users.add(entry) for entry in users])
    seen: list[str] = []
    after = None
    for _ in range(200):
        with store.read(CONTOSO) as tx:
            page = tx.users.list(Query(order=order, limit=4, after=after))
        seen += [found.id for found in page.items]
        after = page.next
        if after is None:
            break
        added = list(itertools.islice(newcomers, 2))
        store.write(CONTOSO, lambda tx, added=added: [tx.users.add(entry) for entry in added])
    assert len(seen) == len(set(seen))
    assert {entry.id for entry in users} <= set(seen)


def test_the_last_page_is_known_as_such_when_it_is_full(store: SqlStore):
    add_tenants(store)
    store.write(CONTOSO, lambda tx: [tx.users.add(entry) for entry in _users(4, 1, "p")])
    with store.read(CONTOSO) as tx:
        assert tx.users.list(Query(limit=4)).next is None
        assert tx.users.list(Query(limit=3)).next is not None


@pytest.mark.parametrize(
    "after",
    [
        Cursor((), "p1"),
        Cursor(("a", "b"), "p1"),
        Cursor((5,), "p1"),
        Cursor((None,), "p1"),
        Cursor(("a",), 7),
    ],  # type: ignore[arg-type]
)
def test_a_cursor_that_does_not_fit_is_refused(store: SqlStore, after: Cursor):
    with pytest.raises(InvalidValue) as refused, store.read(CONTOSO) as tx:
        tx.users.list(Query(order=(Order("display_name"),), after=after))
    assert refused.value.field == "after"


def test_an_unknown_order_is_refused(store: SqlStore):
    with pytest.raises(InvalidValue), store.read(CONTOSO) as tx:
        tx.users.list(Query(order=(Order("doc"),)))


GUESTS = Compare("user_type", "eq", "Guest")
PENDING = Compare("external_user_state", "eq", ExternalUserState.PENDING_ACCEPTANCE)
NEWEST = (Order("created_at", descending=True),)
BY_NAME = (Order("display_name"),)


@pytest.mark.parametrize(
    "query",
    [
        Query(order=NEWEST),
        Query(GUESTS, NEWEST),
        Query(GUESTS, NEWEST, after=Cursor((NOW,), "x")),
        Query(GUESTS, BY_NAME, after=Cursor(("a",), "x")),
        Query(PENDING, NEWEST),
        Query(And((GUESTS, PENDING)), BY_NAME),
        Query(Text("display_name", "startsWith", "a"), BY_NAME),
        Query(Text("mail", "startsWith", "a"), (Order("mail"),)),
        Query(order=(Order("mail"),), after=Cursor((None,), "x")),
        Query(order=(Order("mail", descending=True),), after=Cursor(("b",), "x")),
        Query(Compare("mail", "eq", "a@b.c")),
        Query(after=Cursor((), "x")),
    ],
    ids=str,
)
def test_a_page_is_an_index_range_without_sorting(store: SqlStore, query: Query):
    add_tenants(store)
    said: list[tuple[str, object]] = []
    listener = lambda _c, _cursor, statement, parameters, _x, _m: said.append((statement, parameters))  # noqa: E731
    engine = store._reading
    sa.event.listen(engine, "before_cursor_execute", listener)
    try:
        with store.read(CONTOSO) as tx:
            tx.users.list(query)
    finally:
        sa.event.remove(engine, "before_cursor_execute", listener)
    plans = [
        _plan(store, statement, parameters)
        for statement, parameters in said
        if "order_by" in statement.lower() or "ORDER BY" in statement
    ]
    assert plans
    for plan in plans:
        assert "users" in plan
        assert not any(word in plan for word in ("TEMP B-TREE", "SCAN users", "Sort", "Seq Scan")), plan


def _plan(store: SqlStore, statement: str, parameters: object) -> str:
    with store._writing.begin() as connection:
        if connection.dialect.name == "postgresql":  # empty tables tempt the planner to read them whole
            for choice in ("seqscan", "bitmapscan", "sort"):
                connection.exec_driver_sql(f"SET LOCAL enable_{choice} = off")
            return "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
        return "\n".join(
            row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        )
