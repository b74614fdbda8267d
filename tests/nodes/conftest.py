"""One site of two nodes on PostgreSQL, and short ways to talk to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.nodes import Node, Site
from tests.support.postgres import PostgresServer
from tests.support.smtp import smtp_server

SEED = Path(__file__).with_name("seed.toml")
_numbers = itertools.count(1)


@contextmanager
def new_site(directory: Path, server: PostgresServer) -> Iterator[Site]:
    """An empty database of its own, a mail server, a certificate; no node yet."""
    name = f"nodes_{next(_numbers)}"
    with smtp_server() as smtp:
        yield Site(directory, server.create_database(name), smtp, SEED)
    server.drop(name)


@pytest.fixture
def site(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Site]:
    """A site of this test alone."""
    with new_site(tmp_path, postgres_server) as made:
        yield made


@pytest.fixture
def nodes(site: Site) -> Iterator[list[Node]]:
    """Two nodes that the test may stop or kill whole, started at the same moment on the empty database."""
    with site.nodes("a", "b", options=["--workers", "1"]) as started:
        yield started


@pytest.fixture(scope="module")
def standing(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Iterator[tuple[Site, list[Node]]]:
    """A site with two nodes that stay, for tests that break nothing."""
    with (
        new_site(tmp_path_factory.mktemp("standing"), postgres_server) as made,
        made.nodes("a", "b") as started,
    ):
        yield made, started
