"""Real stores for tests: SQLite files copied from one that was migrated once, and PostgreSQL databases."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from xenia.storage.store import SqlStore, open_store


def make_sqlite_store(directory: Path, name: str = "xenia.db") -> SqlStore:
    """A migrated, empty store in *directory*. Close it when done."""
    target = directory / name
    shutil.copyfile(_template(), target)
    return open_store(f"sqlite:///{target}", durable=False)


@cache
def _template() -> Path:
    """A migrated file; closing its store folds the write-ahead log into it, so that one file is all."""
    kept = _keep_until_exit()
    path = Path(kept.name) / "template.db"
    store = open_store(f"sqlite:///{path}", durable=False)
    store.migrate()
    store.close()
    return path


@cache
def _keep_until_exit() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="xenia-template-")
