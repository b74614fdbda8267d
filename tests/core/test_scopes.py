"""Scopes: which resource each belongs to, and that no text can break the reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.errors import InvalidScope
from xenia.core.scopes import split_scopes, understand

BASE = "https://login.test"
OURS = frozenset({BASE})


def test_short_names_and_every_name_of_graph_are_one_resource() -> None:
    asked = understand(
        split_scopes(
            f"openid User.Read https://graph.microsoft.com/Mail.Read {BASE}/User.Invite.All {GRAPH_APP_ID}/X"
        ),
        OURS,
    )
    assert asked.oidc == ("openid",)
    assert [item.is_graph for item in asked.resources] == [True]
    assert asked.resources[0].values == ("User.Read", "Mail.Read", "User.Invite.All", "X")


@pytest.mark.parametrize(
    ("scope", "identifier", "value"),
    [
        ("api://x/read", "api://x", "read"),
        ("https://vault.example//.default", "https://vault.example/", ".default"),
        ("30000000-0000-4000-8000-000000000000/.default", "30000000-0000-4000-8000-000000000000", ".default"),
        ("https://a.example/b/c", "https://a.example/b", "c"),
    ],
)
def test_the_resource_is_everything_before_the_last_slash(scope: str, identifier: str, value: str) -> None:
    asked = understand((scope,), OURS).first_resource
    assert (asked.identifier, asked.values, asked.is_graph) == (identifier, (value,), False)
    assert asked.spell(value) == scope


def test_only_openid_scopes_mean_graph_for_userinfo() -> None:
    assert understand(("openid", "EMAIL", "address"), OURS).oidc == ("openid", "email")
    assert understand(("openid",), OURS).first_resource.is_graph


@pytest.mark.parametrize("scope", ["api://x/", "/x", "api://x/.default api://x/read"])
def test_refusals(scope: str) -> None:
    with pytest.raises(InvalidScope):
        understand(split_scopes(scope), OURS)


@given(st.text(max_size=100))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        asked = understand(split_scopes(text), OURS)
    except InvalidScope:
        return
    for resource in asked.resources:
        assert len(resource.values) == len(resource.written)
        assert all(value for value in resource.values)
