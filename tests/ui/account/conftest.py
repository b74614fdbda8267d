"""A whole server for each attack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.platform import RunningServer, platform


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """Contoso and its app."""
    with platform(tmp_path) as running:
        yield running
