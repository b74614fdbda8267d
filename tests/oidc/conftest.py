"""A whole server for each test of the protocol surface."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.protocol import Protocol, protocol


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[Protocol]:
    """Contoso with Orders, a guest and an API."""
    with protocol(tmp_path) as made:
        yield made
