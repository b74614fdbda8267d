"""A whole server in process for tests of pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.platform import RunningServer, platform


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """Contoso on a fresh SQLite file, security defaults on."""
    with platform(tmp_path) as running:
        yield running
