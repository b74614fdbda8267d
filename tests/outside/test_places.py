"""Places: shares of tenants and hosts, for whatever order in which they are taken and given back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenia.outside.places import Places

TENANTS = ["t1", "t2", "t3", None]
HOSTS = ["a.example", "b.example"]


@pytest.mark.parametrize(("total", "first", "second"), [(1, 1, 0), (2, 1, 1), (16, 8, 4), (32, 16, 8)])
def test_one_tenant_gets_half_and_the_next_half_of_the_rest(total: int, first: int, second: int) -> None:
    places = Places(total)
    for tenant, share in (("t1", first), ("t2", second)):
        taken = [places.take(tenant, f"{number}.example") for number in range(total + 1)]
        assert taken.count(True) == share


@given(
    st.integers(1, 12),
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from(TENANTS), st.sampled_from(HOSTS))),
)
def test_what_is_given_back_can_be_taken_again(
    total: int, of_one_host: int, asked: list[tuple[str | None, str]]
) -> None:
    places = Places(total, of_one_host)
    held: list[tuple[str | None, str]] = []
    for tenant, host in asked:
        mine = sum(holder == tenant for holder, _ in held)
        there = sum(name == host for _, name in held)
        assert places.take(tenant, host) is (mine < total - len(held) and there < of_one_host)
        if mine < total - len(held) and there < of_one_host:
            held.append((tenant, host))
    for tenant, host in held:
        places.leave(tenant, host)
    assert places.take("t1", "a.example"), "everything was given back"
