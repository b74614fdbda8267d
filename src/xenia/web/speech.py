"""In which language somebody reads a page.

First match wins: what the app asks for (``ui_locales``, OpenID Connect Core section 3.1.2.1), what the browser asks
for, the organisation's notification language, English.
"""

from __future__ import annotations

from collections.abc import Sequence

from xenia.core.wording import ENGLISH_TAG, LANGUAGES, Words, chosen_language
from xenia.ports import Wordbook
from xenia.web.http import HttpRequest


def words_for(
    wordbook: Wordbook,
    request: HttpRequest,
    notification_language: str = "",
    *,
    ui_locales: str | None = None,
    offered: Sequence[str] = tuple(LANGUAGES),
) -> Words:
    """The words for whoever sent this request. *offered*: the only languages to choose from, at least one."""
    asked = (*(ui_locales or "").split(" "), *request.languages, notification_language)
    remaining = ENGLISH_TAG if ENGLISH_TAG in offered else offered[0]
    return wordbook.in_language(chosen_language(asked, offered) or remaining)
