"""A filter over custom attributes means the same in SQL, on both databases, as ``core.query.matches`` says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.storage.conftest import empty
from tests.storage.records import CONTOSO, FABRIKAM, add_tenants, user
from tests.support.stores import make_sqlite_store
from xenia.core.query import And, Compare, Filter, Not, OneOf, Or, Query, Text, matches
from xenia.storage.store import SqlStore

TEAM, SIZE, NEWS = (f"extension_{'a' * 32}_{name}" for name in ("Team", "Size", "News"))
TEXTS = ("red", "Red team", "É", "b_%", "true")
USERS = [
    replace(
        user(f"id-{number:02d}", name=f"u{number}"),
        extensions=tuple((name, value) for name, value in values if value is not None),
    )
    for number, values in enumerate(
        product(
            [(TEAM, text) for text in (None, *TEXTS)],
            [(SIZE, size) for size in (None, 0, -7, 42)],
            [(NEWS, flag) for flag in (None, True, False)],
        )
    )
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    is_sqlite = request.param == "sqlite"
    store = (
        make_sqlite_store(tmp_path_factory.mktemp("filters"))
        if is_sqlite
        else request.getfixturevalue("postgres_store")
    )
    if not is_sqlite:
        empty(store)
    add_tenants(store)
    store.write(CONTOSO, lambda tx: [tx.users.add(entry) for entry in USERS])
    stranger = replace(user("id-00", FABRIKAM, "stranger"), extensions=((TEAM, "red"),))
    store.write(FABRIKAM, lambda tx: tx.users.add(stranger))
    yield store
    if is_sqlite:
        store.close()


texts = st.sampled_from((None, *TEXTS, "RED", "nobody"))
equality = st.sampled_from(("eq", "ne"))
leaves = st.one_of(
    st.builds(Compare, st.just(TEAM), st.sampled_from(("eq", "ne", "gt", "ge", "lt", "le")), texts),
    st.builds(OneOf, st.just(TEAM), st.lists(texts, max_size=3).map(tuple)),
    st.builds(
        Text, st.just(TEAM), st.sampled_from(("startsWith", "contains")), st.sampled_from(("", "r", "É"))
    ),
    st.builds(Compare, st.just(SIZE), equality, st.sampled_from((None, 0, -7, 42, 5))),
    st.builds(Compare, st.just(NEWS), equality, st.sampled_from((None, True, False))),
    st.builds(Compare, st.just("display_name"), equality, st.just("u1")),
)


def _trees(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(Or, several))


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.recursive(leaves, _trees, max_leaves=5))
def test_sql_agrees_with_the_definition(filled: SqlStore, condition: Filter) -> None:
    with filled.read(CONTOSO) as tx:
        found = {entry.id for entry in tx.users.list(Query(condition, limit=500)).items}
    assert found == {entry.id for entry in USERS if matches(condition, entry)}


def test_values_follow_every_change(filled: SqlStore) -> None:
    is_blue = Query(Compare(TEAM, "eq", "blue"))
    changed = replace(USERS[0], extensions=((TEAM, "Blue"),))

    def blue() -> list[str]:
        with filled.read(CONTOSO) as tx:
            return [entry.id for entry in tx.users.list(is_blue).items]

    filled.write(CONTOSO, lambda tx: tx.users.replace(changed))
    assert blue() == [changed.id]
    filled.write(CONTOSO, lambda tx: tx.users.replace(USERS[0]))
    assert blue() == []
