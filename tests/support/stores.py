"""Real stores for tests: SQLite files copied from one that was migrated, or migrated and filled, once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from xenia.storage.store import SqlStore, open_store

Made = TypeVar("Made")


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


@contextmanager
def filled_sqlite_store(
    directory: Path, what: Hashable, fill: Callable[[SqlStore], Made]
) -> Iterator[tuple[SqlStore, Made]]:
    """A store in *directory* holding what *fill* puts into an empty one, and the (unchanging) values it returns.

    Each test process fills once for each *what* and copies the file from then on. Two that are open at the same time
    never come from the same file: two servers in one test share no id, key or password.
    """
    files = _FILLED.setdefault(what, [])
    filled = next((one for one in files if not one.is_open), None)
    if filled is None:
        filled = _filled(fill)
        files.append(filled)
    target = directory / "xenia.db"
    shutil.copyfile(filled.file, target)
    store = open_store(f"sqlite:///{target}", durable=False)
    filled.is_open = True
    try:
        yield store, filled.made
    finally:
        filled.is_open = False
        store.close()


@dataclass
class _Filled:
    file: Path
    made: Any
    is_open: bool = False


_FILLED: dict[Hashable, list[_Filled]] = {}
_NUMBERS = count()


def _filled(fill: Callable[[SqlStore], Any]) -> _Filled:
    directory = Path(_keep_until_exit().name)
    name = f"filled-{next(_NUMBERS)}.db"
    store = make_sqlite_store(directory, name)
    try:
        made = fill(store)
    finally:
        store.close()
    return _Filled(directory / name, made)
