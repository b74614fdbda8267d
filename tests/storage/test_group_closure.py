"""Membership through groups in groups, whatever shape it has: every walk is the plain closure, and ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.records import CONTOSO, MIA, NOW, add_tenants, user
from tests.support.stores import make_sqlite_store
from xenia.core.directory.group import Group, GroupLink, ObjectKind
from xenia.core.query import Query
from xenia.storage.store import SqlStore, SqlTransaction

MEMBER = GroupLink.MEMBER
USER, GROUP, _ = ObjectKind


def _ids(page) -> list[str]:
    return [item.id for item in page.items]


def _walk(store: SqlStore, edges: set[tuple[int, int]], inside: int) -> None:
    """Groups 0 to 5 in each other as *edges* say, Mia in one of them: all walks agree with a plain closure."""
    names = [f"g{number}" for number in range(6)]

    def fill(tx: SqlTransaction) -> None:
        for name in names:
            if tx.groups.find(name) is None:
                tx.groups.add(Group(name, CONTOSO, name, name, NOW))
            for other in (*names, MIA):
                tx.groups.detach(MEMBER, name, other)
        for outer, inner in edges:
            tx.groups.attach(MEMBER, names[outer], names[inner], GROUP)
        tx.groups.attach(MEMBER, names[inside], MIA, USER)

    store.write(CONTOSO, fill)
    above, seen = {inside}, {inside}
    while above:
        above = {outer for outer, inner in edges if inner in above} - seen
        seen |= above
    with store.read(CONTOSO) as tx:
        expected = sorted(names[number] for number in seen)
        assert list(tx.groups.ids_containing(MIA)) == expected
        assert _ids(tx.groups.containing(MIA, Query(), transitive=True)) == expected
        for number, name in enumerate(names):
            members = _ids(tx.groups.objects(MEMBER, name, Query(), transitive=True))
            assert (MIA in members) == (number in seen)
            assert name not in members
            assert name not in tx.groups.ids_containing(name)


_EDGES = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda e: e[0] != e[1]), max_size=14)


@settings(max_examples=40, deadline=None)
@given(edges=_EDGES, inside=st.integers(0, 5))
def test_membership_through_groups_in_groups_is_the_closure_whatever_circles_there_are(
    tmp_path_factory: pytest.TempPathFactory, edges: set[tuple[int, int]], inside: int
):
    store = _shared(tmp_path_factory)
    _walk(store, edges, inside)


def test_circles_end_on_both_databases(store: SqlStore):
    add_tenants(store)
    store.write(CONTOSO, lambda tx: tx.users.add(user()))
    _walk(store, {(0, 1), (1, 2), (2, 0), (3, 0), (4, 5), (5, 4)}, 2)


_STORES: list[SqlStore] = []


def _shared(factory: pytest.TempPathFactory) -> SqlStore:
    if not _STORES:
        directory: Path = factory.mktemp("closure")
        made = make_sqlite_store(directory)
        add_tenants(made)
        made.write(CONTOSO, lambda tx: tx.users.add(user()))
        _STORES.append(made)
    return _STORES[0]
