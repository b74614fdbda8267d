"""A filter means the same in SQL, on both databases, as ``core.query.matches`` says in Python."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.storage.conftest import empty
from tests.storage.records import CONTOSO, FABRIKAM, NOW, add_tenants, user
from tests.support.stores import make_sqlite_store
from xenia.core.directory.user import ExternalUserState, Identity, User, UserType
from xenia.core.errors import InvalidValue
from xenia.core.query import And, AnyOf, Compare, Filter, Not, OneOf, Or, Query, Text, matches
from xenia.storage.store import SqlStore

LETTERS = ("a", "A", "b", "É", "é", "ß", "s", "%", "_", "\\", " ", "'", "\U0010ffff", "\ud7ff")
TEXTS = ["", *("".join(parts) for length in (1, 2) for parts in itertools.product(LETTERS, repeat=length))]
MOMENTS = [NOW + timedelta(microseconds=number) for number in range(3)]


def _users() -> list[User]:
    """Users whose attributes cover all short texts and nulls; drawn once, the same in every run."""
    draw = random.Random(7)
    maybe = [None, *TEXTS]
    made = []
    for number, name in enumerate(TEXTS):
        some = tuple(draw.sample(TEXTS, draw.randrange(3)))
        made.append(
            replace(
                user(f"id-{number}", name=f"u{number}"),
                display_name=name,
                mail=draw.choice(maybe),
                department=draw.choice([None, "a", "É"]),
                other_mails=some,
                identities=tuple(
                    Identity("federated", draw.choice("aÉ"), subject)
                    for subject in draw.choice([(), (None,), some])
                ),
                user_type=draw.choice(list(UserType)),
                external_user_state=draw.choice([None, *ExternalUserState]),
                external_user_state_changed_at=draw.choice([None, *MOMENTS]),
                account_enabled=draw.choice([True, False]),
            )
        )
    # An identity belongs to one user; where the draw repeats one, the later user goes without.
    taken: set[tuple[str, str | None]] = set()
    for position, entry in enumerate(made):
        keys = {
            (identity.issuer, identity.subject)
            for identity in entry.identities
            if identity.subject is not None
        }
        if keys & taken:
            made[position] = replace(entry, identities=())
        taken |= keys
    return made


USERS = _users()


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
    store.write(FABRIKAM, lambda tx: tx.users.add(user("id-0", FABRIKAM, "stranger")))
    yield store
    if is_sqlite:
        store.close()


texts = st.sampled_from(TEXTS)
operators = st.sampled_from(("eq", "ne", "gt", "ge", "lt", "le"))
parts = st.sampled_from(("startsWith", "endsWith", "contains"))
text_fields = st.sampled_from(("display_name", "mail", "department"))
equality = st.sampled_from(("eq", "ne"))
values = st.one_of(st.none(), texts)
leaves = st.one_of(
    st.builds(Compare, text_fields, operators, values),
    st.builds(OneOf, text_fields, st.lists(values, max_size=3).map(tuple)),
    st.builds(Text, text_fields, parts, texts),
    st.builds(Compare, st.just("user_type"), equality, st.sampled_from(("guest", "MEMBER", "x", None))),
    st.builds(
        Compare, st.just("external_user_state"), operators, st.sampled_from(("pendingacceptance", None))
    ),
    st.builds(Compare, st.just("account_enabled"), operators, st.sampled_from((True, False, None))),
    st.builds(
        Compare, st.just("external_user_state_changed_at"), operators, st.sampled_from((*MOMENTS, None))
    ),
    st.builds(Text, st.sampled_from(("account_enabled", "created_at")), parts, texts),
)


def _trees(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(Or, several))


bare = st.one_of(
    st.builds(Compare, st.just(""), operators, values), st.builds(Text, st.just(""), parts, texts)
)
inner_identities = st.one_of(
    st.builds(Compare, st.sampled_from(("issuer", "subject")), operators, values),
    st.builds(Text, st.just("subject"), parts, texts),
)
collections = st.one_of(
    st.builds(AnyOf, st.just("other_mails"), st.one_of(st.none(), st.recursive(bare, _trees, max_leaves=3))),
    st.builds(
        AnyOf,
        st.just("identities"),
        st.one_of(st.none(), st.recursive(inner_identities, _trees, max_leaves=3)),
    ),
)
filters = st.recursive(st.one_of(leaves, collections), _trees, max_leaves=6)


@settings(
    max_examples=max(300, settings().max_examples),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(filters)
@example(Text("display_name", "startsWith", "é"))
@example(Text("display_name", "contains", "%"))
@example(Not(Text("mail", "endsWith", "_")))
@example(Not(Compare("mail", "gt", "a")))
@example(Text("display_name", "startsWith", "\U0010ffff"))
@example(Text("display_name", "startsWith", "\ud7ff"))
def test_sql_agrees_with_the_definition(filled: SqlStore, condition: Filter):
    with filled.read(CONTOSO) as tx:
        page = tx.users.list(Query(condition, limit=1000, count=True))
    assert {found.id for found in page.items} == {entry.id for entry in USERS if matches(condition, entry)}
    assert page.total == len(page.items)


@pytest.mark.parametrize(
    "unknown",
    [
        Compare("password", "eq", "x"),
        Text("doc", "contains", "x"),
        AnyOf("sponsors", None),
        AnyOf("identities", Compare("id", "eq", "x")),
    ],
)
def test_what_cannot_be_asked_about_is_refused_by_name(filled: SqlStore, unknown: Filter):
    with pytest.raises(InvalidValue), filled.read(CONTOSO) as tx:
        tx.users.list(Query(unknown))


def test_text_that_no_database_can_hold_matches_nothing(filled: SqlStore):
    for text in ("a\x00", "\ud800"):
        for wanted in (Compare("mail", "eq", text), Text("mail", "contains", text), OneOf("mail", (text,))):
            with filled.read(CONTOSO) as tx:
                assert tx.users.list(Query(wanted)).items == ()
