"""What lies on the disk is its owner's alone, whichever command wrote it first."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from xenia.cli.commands import xenia

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="rights are kept otherwise there")


@pytest.fixture
def careless() -> Iterator[None]:
    """The file creation mask of most shells."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.usefixtures("careless")
def test_a_database_made_by_migrate_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    done = CliRunner().invoke(xenia, ["migrate", "--data", str(folder)])
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.rglob("*"):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file
