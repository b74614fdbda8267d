"""The languages of the pages: translations from gettext catalogues, names and plural rules from CLDR.

A catalogue is read when somebody first needs its language: English, which is all that most starts of this program
speak, needs none. Must not know pages: what is said comes in as English text.
"""

from __future__ import annotations

from pathlib import Path

from xenia.core.wording import ENGLISH, ENGLISH_TAG, LANGUAGES, Words

FOLDER = Path(__file__).parent / "po"


class Wordbook:
    """All languages that have a catalogue, and English. Shared by all threads."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._known: dict[str, Words] = {ENGLISH_TAG: ENGLISH}

    def in_language(self, language: str) -> Words:
        """The words of one of ``LANGUAGES``; English for anything else."""
        known = self._known.get(language)
        if known is not None:
            return known
        path = self._folder / f"{language}.po"
        if language not in LANGUAGES or not path.is_file():
            return ENGLISH
        # Imported with the first foreign language: the tables of CLDR cost a start 100 ms and 5 MB.
        from xenia.outside.words.translated import Translated  # noqa: PLC0415

        # Two threads may both read it: the results are equal, and one assignment wins.
        self._known[language] = words = Translated(language, path)
        return words
