"""In which language somebody reads the pages of signing in; while they sign up, only in one of the user flow."""

from __future__ import annotations

from xenia.core.directory.tenant import Tenant
from xenia.core.flow_languages import offered_languages
from xenia.core.wording import LANGUAGES, Words
from xenia.ports import Ports
from xenia.usecases.sign_in import Situation
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
    asked, standing = situation.interaction.authorize, situation.standing
    flow = standing.flow if standing is not None else None
    return speech.words_for(
        ports.wordbook,
        request,
        situation.tenant.notification_language,
        ui_locales=asked.ui_locales if asked is not None else None,
        offered=offered_languages(flow) if flow is not None else tuple(LANGUAGES),
    )
