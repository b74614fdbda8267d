"""The filter parser: what it reads it reads right, and nothing makes it fail in any way but its own."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.graph.odata_writer import written
from xenia.catalog.entities.logs import DIRECTORY_AUDITS, SIGN_INS
from xenia.catalog.entities.user import USERS
from xenia.core.query import And, AnyOf, Compare, Filter, Not, OneOf, Or, Text
from xenia.graph.errors import GraphError
from xenia.graph.odata import DEEPEST, parse_filter
from xenia.graph.odata_tokens import LONGEST

_TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=12)
_LEAVES: st.SearchStrategy[Filter] = st.one_of(
    st.builds(
        Compare, st.sampled_from(["display_name", "city"]), st.sampled_from(["eq", "ne", "ge", "le"]), _TEXTS
    ),
    st.builds(Compare, st.just("account_enabled"), st.sampled_from(["eq", "ne"]), st.booleans()),
    st.builds(Compare, st.just("company_name"), st.sampled_from(["eq", "ne"]), st.none()),
    st.builds(
        OneOf, st.sampled_from(["id", "user_type"]), st.lists(_TEXTS, min_size=1, max_size=3).map(tuple)
    ),
    st.builds(Text, st.just("mail"), st.sampled_from(["startsWith", "endsWith"]), _TEXTS),
    st.builds(AnyOf, st.just("other_mails"), st.builds(Compare, st.just(""), st.just("eq"), _TEXTS)),
)


def _flat(kind: type[And | Or]) -> st.SearchStrategy[Filter]:
    return st.deferred(
        lambda: st.lists(_FILTERS, min_size=2, max_size=3).map(lambda items: kind(tuple(items)))
    )


_NEGATABLE: st.SearchStrategy[Filter] = st.builds(Compare, st.just("city"), st.just("eq"), _TEXTS)
_FILTERS: st.SearchStrategy[Filter] = st.one_of(_LEAVES, st.builds(Not, _NEGATABLE), _flat(And), _flat(Or))


@given(_FILTERS)
def test_what_is_written_is_read_back(condition: Filter) -> None:
    text = written(condition)
    if len(text) <= LONGEST:
        assert parse_filter(text, USERS).filter == condition


@given(st.text(max_size=60))
@example("(" * 5000)
@example("not " * 2000)
@example("createdDateTime ge 9999-99-99")
@example("createdDateTime ge 0001-01-01T00:00:00+14:00")
@example("createdDateTime eq 9999-12-31T23:59:59Z")
@example("displayName eq '\x00'")
@example("identities/any(c:c/issuer eq 'x' and c/any(y:y eq 'z'))")
@example("otherMails/any(")
@example("a/b/c/$count eq 0")
def test_no_text_breaks_it(text: str) -> None:
    with suppress(GraphError):
        parse_filter(text, USERS)


_WORDS = [
    "displayName",
    "userType",
    "eq",
    "ne",
    "and",
    "or",
    "not",
    "(",
    ")",
    "'x'",
    "in",
    ",",
    "null",
    "true",
    "$count",
]
_MORE = [
    "otherMails/any(x:",
    "identities/any(c:",
    "c/issuer",
    "x",
    "2026-01-01",
    "startswith(",
    "createdDateTime",
    "0",
]


@given(st.lists(st.sampled_from([*_WORDS, *_MORE]), max_size=14))
def test_no_row_of_words_breaks_it(words: list[str]) -> None:
    with suppress(GraphError):
        parse_filter(" ".join(words), USERS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("userType eq 'Guest'", Compare("user_type", "eq", "Guest")),
        ("USERTYPE EQ 'Guest'", Compare("user_type", "eq", "Guest")),
        (
            "userType eq 'Guest' and accountEnabled eq true",
            And((Compare("user_type", "eq", "Guest"), Compare("account_enabled", "eq", True))),
        ),
        (
            "city eq 'a' or city eq 'b' and city eq 'c'",
            Or((Compare("city", "eq", "a"), And((Compare("city", "eq", "b"), Compare("city", "eq", "c"))))),
        ),
        ("displayName eq 'O''Hara'", Compare("display_name", "eq", "O'Hara")),
        ("startswith(displayName,'Ada')", Text("display_name", "startsWith", "Ada")),
        ("otherMails/any(m:m eq 'x@y.zz')", AnyOf("other_mails", Compare("", "eq", "x@y.zz"))),
        (
            "proxyAddresses/any(p:startsWith(p,'smtp:x'))",
            AnyOf("proxy_addresses", Text("", "startsWith", "smtp:x")),
        ),
        ("otherMails/$count eq 0", Not(AnyOf("other_mails", None))),
        (
            "identities/any(c:c/issuerAssignedId eq 'x' and c/issuer eq 'mail')",
            AnyOf("identities", And((Compare("subject", "eq", "x"), Compare("issuer", "eq", "mail")))),
        ),
        (
            "createdDateTime ge 2026-01-01T00:00:00Z",
            Compare("created_at", "ge", datetime(2026, 1, 1, tzinfo=UTC)),
        ),
        ("createdDateTime lt 2026-01-01", Compare("created_at", "lt", datetime(2026, 1, 1, tzinfo=UTC))),
        (
            "signInActivity/lastSignInDateTime ge 2026-01-01T00:00:00.1234567Z",
            Compare("last_sign_in_at", "ge", datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)),
        ),
        (
            "id in (0b5f7c7e-6a2d-4a51-9a4e-6f2a9d3e7b10, 'x')",
            OneOf("id", ("0b5f7c7e-6a2d-4a51-9a4e-6f2a9d3e7b10", "x")),
        ),
    ],
)
def test_filters_of_the_field(text: str, expected: Filter) -> None:
    assert parse_filter(text, USERS).filter == expected


def test_a_told_second_stands_for_all_of_it() -> None:
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)
    within = And((Compare("created_at", "ge", begin), Compare("created_at", "lt", end)))
    assert parse_filter("createdDateTime eq 2026-01-01T00:00:00Z", USERS).filter == within
    assert parse_filter("createdDateTime le 2026-01-01T00:00:00Z", USERS).filter == Compare(
        "created_at", "lt", end
    )
    logs = parse_filter("activityDateTime eq 2026-01-01T00:00:00Z", DIRECTORY_AUDITS)
    assert logs.filter == Compare("at", "eq", begin)


def test_paths_into_logs() -> None:
    assert parse_filter("status/errorCode eq 50126", SIGN_INS).filter == Compare("error_code", "eq", 50126)
    by_target = parse_filter("targetResources/any(t:t/id eq 'x')", DIRECTORY_AUDITS).filter
    assert by_target == AnyOf("targets", Compare("id", "eq", "x"))
    assert parse_filter("initiatedBy/user/id eq 'x'", DIRECTORY_AUDITS).advanced is None


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("companyName eq 'x'", "eq"),
        ("city ne 'x'", "ne"),
        ("not(city eq 'x')", "not"),
        ("endsWith(mail,'x')", "endsWith"),
        ("mail eq null", "eq"),
        ("otherMails/$count ne 0", "$count"),
        ("city eq 'x'", None),
    ],
)
def test_which_operators_make_an_advanced_query(text: str, operator: str | None) -> None:
    assert parse_filter(text, USERS).advanced == operator


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("displayName eq", "BadRequest"),
        ("displayName eq 'x", "BadRequest"),
        ("displayName eq 5", "BadRequest"),
        ("accountEnabled eq 'true'", "BadRequest"),
        ("nobody eq 'x'", "BadRequest"),
        ("(displayName eq 'x'", "BadRequest"),
        ("displayName eq 'x')", "BadRequest"),
        ("passwordProfile/password eq 'x'", "Request_UnsupportedQuery"),
        ("signInSessionsValidFromDateTime ge 2026-01-01", "Request_UnsupportedQuery"),
        ("contains(displayName,'x')", "Request_UnsupportedQuery"),
        ("otherMails eq 'x'", "Request_UnsupportedQuery"),
        ("otherMails/all(m:m eq 'x')", "Request_UnsupportedQuery"),
        ("identities/any(c:c/issuerAssignedId eq 'x')", "Request_UnsupportedQuery"),
        ("identities/any(c:c/nobody eq 'x')", "BadRequest"),
        ("displayName eq 'x'" + " or displayName eq 'x'" * 500, "BadRequest"),
        ("(" * (DEEPEST + 1) + "city eq 'x'" + ")" * (DEEPEST + 1), "BadRequest"),
    ],
)
def test_refusals(text: str, code: str) -> None:
    with pytest.raises(GraphError) as refused:
        parse_filter(text, USERS)
    assert refused.value.code == code
