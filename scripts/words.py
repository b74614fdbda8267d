"""Keeps the translations of the pages: collects the texts, brings each catalogue up to date, says what is missing.

python scripts/words.py update      every catalogue gets the present texts; old ones are kept as obsolete comments
python scripts/words.py check       lists what is missing or does not fit; ends with 1 then
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from xenia.core.wording import ENGLISH_TAG, LANGUAGES

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "xenia"
FOLDER = SOURCE / "outside" / "words" / "po"
PYTHON: dict[str, Any] = {"mark": None, "said": None, "say": (2,), "_about": None, "plural": (1, 2)}
TEMPLATES: dict[str, Any] = {"_": None, "gettext": None, "ngettext": (1, 2)}
_PLACE = re.compile(r"%\((\w+)\)s")
_TAG = re.compile(r"<[^>]*>")


def collected() -> Catalog:
    """All texts of the pages that can be translated, with where they stand."""
    catalog = Catalog(project="Xenia", charset="utf-8")
    for path, method, keywords in _sources():
        options = (
            {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"} if method == "jinja2" else {}
        )
        name = path.relative_to(SOURCE).as_posix()
        # No line numbers: they would change with every edit of a file.
        for _line, text, comments, _context in extract_from_file(method, path, keywords, options=options):
            catalog.add(text, locations=[(name, 0)], auto_comments=comments)
    return catalog


def _sources() -> Iterator[tuple[Path, str, dict[str, Any]]]:
    for room in ("core", "oidc", "ui/signin", "web"):
        for path in sorted((SOURCE / room).rglob("*.py")):
            yield path, "python", PYTHON
    for path in sorted(SOURCE.rglob("*.html")):
        yield path, "jinja2", TEMPLATES


def update() -> None:
    """Bring all catalogues up to date; those that do not exist yet are begun."""
    texts = collected()
    for language in LANGUAGES:
        if language == ENGLISH_TAG:
            continue
        path = FOLDER / f"{language}.po"
        catalog = (
            _read(path, language) if path.exists() else Catalog(locale=_locale(language), charset="utf-8")
        )
        catalog.update(texts, no_fuzzy_matching=True)
        with path.open("wb") as file:
            file.write(_header(language, catalog).encode())
            write_po(file, catalog, width=120, omit_header=True, sort_output=True, include_lineno=False)


def _header(language: str, catalog: Catalog) -> str:
    """What a reader of the file needs, and nothing that changes by itself."""
    return (
        f"# {LANGUAGES[language]}: the texts of the pages.\n"
        'msgid ""\nmsgstr ""\n'
        f'"Language: {_locale(language)}\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )


def problems() -> list[str]:
    """What is missing, left over or does not fit, by language."""
    texts = {_key(message): message for message in collected() if message.id}
    found: list[str] = []
    for language in LANGUAGES:
        if language == ENGLISH_TAG:
            continue
        catalog = _read(FOLDER / f"{language}.po", language)
        known = {_key(message): message for message in catalog if message.id}
        found += [f"{language}: missing: {key}" for key in texts.keys() - known.keys()]
        found += [f"{language}: not said any more: {key}" for key in known.keys() - texts.keys()]
        found += [
            f"{language}: {problem}: {key}"
            for key, message in known.items()
            for problem in _problems(message)
        ]
    return sorted(found)


def _problems(message: Message) -> Iterator[str]:
    originals = [message.id] if isinstance(message.id, str) else list(message.id)
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if not all(strings):
        yield "not translated"
        return
    if message.fuzzy:
        yield "unsure"
    for string in strings:
        if sorted(set(_PLACE.findall(string))) != sorted(set(_PLACE.findall(originals[-1]))):
            yield f"other places for values ({string})"
        elif sorted(_TAG.findall(string)) != sorted(_TAG.findall(originals[-1])):
            yield f"other markup ({string})"
        elif any(sign in _TAG.sub("", string) for sign in '<>"'):
            yield f"a sign that would be markup: pages take translations as they are ({string})"
        elif "%" in _PLACE.sub("", string).replace("%%", ""):
            yield f"a per cent sign that is not doubled ({string})"


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _read(path: Path, language: str) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=_locale(language))


def _locale(language: str) -> str:
    tag, _, rest = language.partition("-")
    return f"{tag}_{rest.title() if len(rest) == 4 else rest.upper()}" if rest else tag


def main() -> int:
    """Entry."""
    if sys.argv[1:] == ["update"]:
        update()
        return 0
    found = problems()
    print("\n".join(found) or "Every text is translated into every language.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
