"""What people read, apart from the language they read it in.

A sentence is known by its English text: the source text of gettext, with ``%(name)s`` where a value stands. Core and
use cases say *what* is said (``Said``); whoever draws a page or a mail says it in somebody's ``Words``.

Owns the languages there are, the choice among them and English itself. Must not know where translations come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from xenia.record import Record, field

ENGLISH_TAG = "en"
LANGUAGES: Mapping[str, str] = dict(
    entry.split(" ", 1)
    for entry in [
        "bn Bengali",
        "cs Czech",
        "da Danish",
        "de German",
        "el Greek",
        "en English",
        "es Spanish",
        "fi Finnish",
        "fr French",
        "gu Gujarati",
        "hi Hindi",
        "hr Croatian",
        "hu Hungarian",
        "it Italian",
        "ja Japanese",
        "kn Kannada",
        "ko Korean",
        "ml Malayalam",
        "mr Marathi",
        "ms Malay",
        "nb Norwegian Bokmål",
        "nl Dutch",
        "pa Punjabi",
        "pl Polish",
        "pt-br Portuguese (Brazil)",
        "pt-pt Portuguese (Portugal)",
        "ro Romanian",
        "ru Russian",
        "sk Slovak",
        "sv Swedish",
        "ta Tamil",
        "te Telugu",
        "th Thai",
        "tr Turkish",
        "zh-hans Chinese (Simplified)",
        "zh-hant Chinese (Traditional)",
    ]
)
"""English name by id, as user flows list their languages (``userFlowLanguageConfiguration``); ids in lower case."""
_REGIONAL = {
    "zh": ("zh-hans", "zh-hant"), "zh-cn": ("zh-hans",), "zh-sg": ("zh-hans",),
    "zh-tw": ("zh-hant",), "zh-hk": ("zh-hant",), "zh-mo": ("zh-hant",),
    "pt": ("pt-br", "pt-pt"), "no": ("nb",), "nn": ("nb",),
}  # fmt: skip
"""Tags that name one of the languages without spelling it (likely subtags of CLDR; Norwegians read Bokmål)."""
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
_MOST_TAGS = 20
_SHORT_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


class Said(Record):
    """A sentence still without a language."""

    text: str
    """English, with ``%(name)s`` for each value; per cent signs are doubled."""
    values: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text % self.values


def said(text: str, /, **values: object) -> Said:
    """A sentence that will be translated; *text* is collected for translators."""
    return Said(text, values)


def mark(text: str, /) -> str:
    """*text* itself; collected for translators, and translated where it is said."""
    return text


class Words(Protocol):
    """A language to say things in."""

    @property
    def language(self) -> str:
        """Id of the language, one of ``LANGUAGES``."""

    @property
    def own(self) -> Mapping[str, str]:
        """What an organisation says in other words, by English text: plain text, nobody's markup and no pattern."""

    def pattern(self, text: str, /) -> str:
        """The translation of *text* with its places for values; *text* itself when there is none."""

    def plural(self, one: str, many: str, count: int, /) -> str:
        """The pattern for *count* things, by the plural rules of the language."""

    def month(self, number: int, /) -> str:
        """Full name of a month, 1 to 12, as it stands in a date."""

    def country(self, name: str, /) -> str:
        """Name of the country that ``core.countries`` calls *name*; *name* itself when unknown."""

    def moment(self, moment: datetime, /) -> str:
        """A date and a time of day in UTC, saying so."""

    def lasting(self, seconds: int, /) -> str:
        """``40 seconds``; minutes from 90 seconds on, rounded up, because coming back too early is worse."""


def say(words: Words, text: str, /, **values: object) -> str:
    """*text* in this language as plain text. Collected for translators; without values it is taken as it stands."""
    own = words.own.get(text)
    if own is not None:
        return own
    return words.pattern(text) % values if values else words.pattern(text)


def tell(words: Words, sentence: Said, /) -> str:
    """A sentence in this language as plain text."""
    return words.pattern(sentence.text) % sentence.values


class English:
    """The language everything is written in: needs no translations."""

    language = ENGLISH_TAG
    own: Mapping[str, str] = {}

    def pattern(self, text: str, /) -> str:
        return text

    def plural(self, one: str, many: str, count: int, /) -> str:
        return one if count == 1 else many

    def month(self, number: int, /) -> str:
        return _MONTHS[number - 1]

    def country(self, name: str, /) -> str:
        return name

    def moment(self, moment: datetime, /) -> str:
        utc = moment.astimezone(UTC)
        return f"{utc.day} {_SHORT_MONTHS[utc.month - 1]} {utc.year}, {utc:%H:%M} UTC"

    def lasting(self, seconds: int, /) -> str:
        if seconds < SECONDS_ARE_TOLD_BELOW:
            return f"{seconds} second{'s' if seconds != 1 else ''}"
        return f"{-(-seconds // 60)} minutes"


SECONDS_ARE_TOLD_BELOW = 90
ENGLISH: Words = English()


class _WithOwn:
    """A language with some texts in an organisation's own words."""

    def __init__(self, words: Words, own: Mapping[str, str]) -> None:
        self.own = own
        self.language = words.language
        self.pattern = words.pattern
        self.plural = words.plural
        self.month = words.month
        self.country = words.country
        self.moment = words.moment
        self.lasting = words.lasting


def with_own(words: Words, own: Mapping[str, str]) -> Words:
    """*words*, but the English texts that are keys of *own* are said in its values, which are plain text."""
    return _WithOwn(words, own) if own else words


def wishes(ui_locales: str | None, accepted: Sequence[str], notification_language: str) -> tuple[str, ...]:
    """Language tags, best first: as the app asks, as the browser asks, as the organisation writes its mails."""
    return (*(ui_locales or "").split(), *accepted, notification_language)


def spoken_language(wished: Sequence[str], offered: Sequence[str] = tuple(LANGUAGES)) -> str:
    """The first wish that can be met, else English. *offered*: the only languages to choose from, at least one."""
    remaining = ENGLISH_TAG if ENGLISH_TAG in offered else offered[0]
    return chosen_language(wished, offered) or remaining


def chosen_language(asked: Iterable[str], offered: Iterable[str] = LANGUAGES) -> str | None:
    """The first of the *asked* tags that is *offered*, itself or less specific (RFC 4647 section 3.4); None: none is.

    *asked*: language tags by preference, as browsers and ``ui_locales`` send them; what is no tag is passed over.
    """
    known = frozenset(offered)
    for tag in list(asked)[:_MOST_TAGS]:
        if not _TAG.fullmatch(tag):
            continue
        parts = tag.casefold().split("-")
        while parts:
            name = "-".join(parts)
            for found in (name, *_REGIONAL.get(name, ())):
                if found in known:
                    return found
            parts.pop()
    return None
