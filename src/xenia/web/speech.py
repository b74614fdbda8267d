"""In which language somebody reads a page, where no sign-in is under way that would know more."""

from __future__ import annotations

from xenia.core.wording import LANGUAGES, Words, spoken_language
from xenia.ports import Wordbook
from xenia.web.http import HttpRequest


def words_for(
    wordbook: Wordbook,
    request: HttpRequest,
    notification_language: str = "",
    *,
    ui_locales: str | None = None,
) -> Words:
    """The words for whoever sent this request. *notification_language*: of the organisation they came to, if any."""
    language = spoken_language(ui_locales, request.languages, notification_language, tuple(LANGUAGES))
    return wordbook.in_language(language)
