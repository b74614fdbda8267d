"""The words of the mails by key and language. Owns look-up and fallback; must not know templates or mails."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from xenia.core.wording import chosen_language
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
    """All languages that have a file, each read when it is first needed."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._paths = {path.stem: path for path in sorted(folder.glob("*.toml"))}
        self._fallback = _read(self._paths[FALLBACK])
        self._strings = {FALLBACK: Strings(FALLBACK, self._fallback)}

    def known(self) -> tuple[str, ...]:
        """Languages that can be chosen, by their ids in ``core.wording.LANGUAGES``."""
        return tuple(self._paths)

    def best(self, tag: str) -> Strings:
        """The exact language, else a less specific one (``de-AT``, ``de``), else English (RFC 4647 section 3.4)."""
        language = chosen_language((tag,), self._paths) or FALLBACK
        found = self._strings.get(language)
        if found is None:
            # Two threads may both read it: the results are equal, and one assignment wins.
            self._strings[language] = found = Strings(language, self._fallback | _read(self._paths[language]))
        return found


def _read(path: Path) -> dict[str, str]:
    tables = tomllib.loads(path.read_text("utf-8"))
    return {f"{table}.{name}": text for table, strings in tables.items() for name, text in strings.items()}
