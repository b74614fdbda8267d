"""The language somebody reads while they sign in: of pages, and of the mails they are sent on the way."""

from __future__ import annotations

from collections.abc import Sequence

from xenia.core.flow_languages import offered_languages
from xenia.core.wording import LANGUAGES, spoken_language
from xenia.usecases.sign_in.situation import Situation


def language_of(situation: Situation, accepted: Sequence[str]) -> str:
    """One of ``LANGUAGES``; while they sign up, one that the user flow has switched on.

    *accepted*: what the browser asks for, best first. The app's ``ui_locales`` come before it (OpenID Connect Core
    section 3.1.2.1), the organisation's notification language after it.
    """
    asked, standing = situation.interaction.authorize, situation.standing
    flow = standing.flow if standing is not None else None
    return spoken_language(
        asked.ui_locales if asked is not None else None,
        accepted,
        situation.tenant.notification_language,
        offered_languages(flow) if flow is not None else tuple(LANGUAGES),
    )
