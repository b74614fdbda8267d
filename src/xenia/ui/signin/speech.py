"""In which language somebody reads the pages of signing in; while they sign up, only in one of the user flow."""

from __future__ import annotations

from xenia.core.directory.tenant import Tenant
from xenia.core.wording import Words
from xenia.ports import Ports
from xenia.usecases.sign_in import Situation
from xenia.usecases.sign_in.language import language_of
from xenia.web import speech
from xenia.web.http import HttpRequest


def words_for(
    ports: Ports, request: HttpRequest, tenant: Tenant | None, *, ui_locales: str | None = None
) -> Words:
    """The words for whoever sent this request to this organisation, or to none in particular."""
    language = tenant.notification_language if tenant is not None else ""
    return speech.words_for(ports.wordbook, request, language, ui_locales=ui_locales)


def spoken(ports: Ports, request: HttpRequest, situation: Situation) -> Words:
    """The words for whoever is on the way through this sign-in."""
    return ports.wordbook.in_language(language_of(situation, request.languages))
