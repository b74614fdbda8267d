"""One language of the pages, made of its gettext catalogue and the tables of CLDR (``babel``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from gettext import c2py
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_timedelta, get_month_names
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from xenia.core.countries import COUNTRIES
from xenia.core.wording import ENGLISH, SECONDS_ARE_TOLD_BELOW

_NEVER = float("inf")
"""No larger unit than the one asked for."""


class Translated:
    """One language. What its catalogue lacks is said in English."""

    own: Mapping[str, str] = {}

    def __init__(self, language: str, path: Path) -> None:
        self.language = language
        with path.open("rb") as file:
            catalog = read_po(file)
        self._single: dict[str, str] = {}
        self._plural: dict[str, tuple[str, ...]] = {}
        for message in catalog:
            if message.id and message.string and not message.fuzzy:
                self._learn(message)
        self._form_of: Callable[[int], int] = c2py(catalog.plural_expr)
        self._locale = _locale(language)
        self._codes = {name: code for code, name in COUNTRIES.items()}

    def _learn(self, message: Message) -> None:
        if isinstance(message.id, str) and isinstance(message.string, str):
            self._single[message.id] = message.string
        elif not isinstance(message.id, str) and isinstance(message.string, tuple | list):
            self._plural[message.id[0]] = tuple(message.string)

    def pattern(self, text: str, /) -> str:
        return self._single.get(text, text)

    def plural(self, one: str, many: str, count: int, /) -> str:
        forms = self._plural.get(one)
        return ENGLISH.plural(one, many, count) if forms is None else forms[self._form_of(count)]

    def month(self, number: int, /) -> str:
        # The form within a date: it stands between a day and a year.
        return str(get_month_names("wide", "format", self._locale)[number])

    def country(self, name: str, /) -> str:
        code = self._codes.get(name)
        return (code and self._locale.territories.get(code)) or name

    def moment(self, moment: datetime, /) -> str:
        utc = moment.astimezone(UTC)
        return f"{format_date(utc, 'medium', locale=self._locale)}, {utc:%H:%M} UTC"

    def lasting(self, seconds: int, /) -> str:
        if seconds < SECONDS_ARE_TOLD_BELOW:
            time = timedelta(seconds=seconds)
            return format_timedelta(time, granularity="second", threshold=_NEVER, locale=self._locale)
        time = timedelta(minutes=-(-seconds // 60))
        return format_timedelta(time, granularity="minute", threshold=_NEVER, locale=self._locale)


def _locale(language: str) -> Locale:
    tag, _, rest = language.partition("-")
    return Locale.parse(f"{tag}_{rest.title() if len(rest) == 4 else rest.upper()}" if rest else tag)
