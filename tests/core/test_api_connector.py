"""Percentiles of a connector's calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenia.core.api_connector import percentile


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ((), 95, None),
        ((7,), 95, 7),
        ((1, 2), 50, 1),
        (tuple(range(1, 101)), 95, 95),
        (tuple(range(100, 0, -1)), 95, 95),
        (tuple(range(1, 21)), 95, 19),
        ((5, 1), 0, 1),
        ((5, 1), 100, 5),
    ],
)
def test_the_nearest_rank(values: tuple[int, ...], share: int, expected: int | None) -> None:
    assert percentile(values, share) == expected


@given(st.lists(st.integers(0, 40_000), min_size=1), st.integers(1, 100))
def test_that_share_does_not_exceed_it_and_no_smaller_value_will_do(values: list[int], share: int) -> None:
    found = percentile(values, share)
    assert found is not None
    assert sum(value <= found for value in values) * 100 >= share * len(values)
    assert sum(value < found for value in values) * 100 < share * len(values)
