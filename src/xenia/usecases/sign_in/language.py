"""The language somebody reads while they sign in: of pages, and of the mails they are sent on the way."""

from __future__ import annotations

from collections.abc import Sequence

from xenia.core.flow_languages import offered_languages
from xenia.core.wording import LANGUAGES, chosen_language, spoken_language, wishes
from xenia.usecases.sign_in.situation import Situation


def language_of(situation: Situation, accepted: Sequence[str]) -> str:
    """One of ``LANGUAGES``; while they sign up, one that the user flow has switched on.

    *accepted*: what the browser asks for, best first. The app's ``ui_locales`` come before it (OpenID Connect Core
    section 3.1.2.1), the organisation's notification language after it.
    """
    standing = situation.standing
    flow = standing.flow if standing is not None else None
    offered = offered_languages(flow) if flow is not None else tuple(LANGUAGES)
    return spoken_language(_asked(situation, accepted), offered)


def locale_of(situation: Situation, accepted: Sequence[str]) -> str:
    """The same as it was asked for, region included (``en-US``): what other people's servers expect."""
    language = language_of(situation, accepted)
    tags = (tag for tag in _asked(situation, accepted) if chosen_language((tag,)) == language)
    return next(tags, language)


def _asked(situation: Situation, accepted: Sequence[str]) -> tuple[str, ...]:
    asked = situation.interaction.authorize
    ui_locales = asked.ui_locales if asked is not None else None
    return wishes(ui_locales, accepted, situation.tenant.notification_language)
