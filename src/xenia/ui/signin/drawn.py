"""A page of signing in before it is rendered."""

from __future__ import annotations

from xenia.core.wording import Words
from xenia.record import Record


class Drawn(Record):
    """What the page kit needs to render it."""

    template: str
    model: dict[str, object]
    words: Words
