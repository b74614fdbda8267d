"""Servers for the Graph tests: one for each test that writes, one shared by those that only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.graph_calls import GraphWorld, graph_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GraphWorld]:
    """A fresh server."""
    with graph_world(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def reading_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphWorld]:
    """A server that is filled once and never changed by a test."""
    with graph_world(tmp_path_factory.mktemp("graph")) as running:
        _fill(running)
        yield running


def _fill(world: GraphWorld) -> None:
    for number in range(23):
        world.add(
            f"guest{number:02d}",
            guest=True,
            company_name="Nordwind" if number % 2 else None,
            city="Łódź" if number % 3 else "Ångström",
            department=f"D{number % 4}",
            account_enabled=number % 5 != 0,
        )
    world.add("olena", job_title="Engineer", business_phones=("+380 44 000",), usage_location="UA")
