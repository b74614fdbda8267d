"""The words of the mails by key and language. Owns look-up and fallback; must not know templates or mails."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from xenia.record import Record

FOLDER = Path(__file__).parent / "strings"
FALLBACK = "en"


class Strings(Record):
    """One language, completed from English where it lacks a key."""

    language: str
    by_key: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        """Raises KeyError: a template that asks for an unknown key is wrong."""
        return self.by_key[key]

    def text(self, key: str, /, **values: object) -> str:
        """The string with its values. Only our own strings are formats, never what people typed."""
        return self.by_key[key].format(**values)


class Languages:
    """All languages that have a file, loaded once."""

    def __init__(self, folder: Path = FOLDER) -> None:
        fallback = _read(folder / f"{FALLBACK}.toml")
        self._strings = {
            path.stem.lower(): Strings(path.stem, fallback | _read(path))
            for path in sorted(folder.glob("*.toml"))
        }

    def known(self) -> tuple[str, ...]:
        """Language tags that can be chosen."""
        return tuple(strings.language for strings in self._strings.values())

    def best(self, tag: str) -> Strings:
        """The exact language, else a less specific one (``de-AT``, ``de``), else English (RFC 4647 section 3.4)."""
        parts = tag.lower().split("-")
        while parts:
            found = self._strings.get("-".join(parts))
            if found is not None:
                return found
            parts.pop()
        return self._strings[FALLBACK]


def _read(path: Path) -> dict[str, str]:
    tables = tomllib.loads(path.read_text("utf-8"))
    return {f"{table}.{name}": text for table, strings in tables.items() for name, text in strings.items()}
