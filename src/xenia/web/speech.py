"""In which language somebody reads a page, where no sign-in is under way that would know more."""

from __future__ import annotations

from xenia.core.wording import Words, spoken_language, wishes
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
    language = spoken_language(wishes(ui_locales, request.languages, notification_language))
    return wordbook.in_language(language)
