"""A copy of the embedded database while it is in use (SQLite's online backup)."""

from __future__ import annotations

import contextlib
from pathlib import Path

from xenia.storage.sqlite import driver


def copy_embedded(source: Path, target: Path) -> None:
    """Write a consistent copy of *source* to *target*, a new file; writers go on meanwhile.

    Raises FileNotFoundError when there is no such database, FileExistsError when the target exists.
    """
    if not source.is_file():
        raise FileNotFoundError(f"{source} does not exist")
    if target.exists():
        raise FileExistsError(f"{target} exists already")
    module = driver()
    with (
        contextlib.closing(module.connect(f"file:{source}?mode=ro", uri=True)) as origin,
        contextlib.closing(module.connect(str(target))) as copy,
    ):
        origin.backup(copy)
        # One file is all: the copy carries no write-ahead log of its own.
        copy.execute("PRAGMA journal_mode = DELETE").close()
