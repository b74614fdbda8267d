"""What a step of a sign-in gives back to the surface that called it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from xenia.core.attribute_form import FieldError
from xenia.core.directory.tenant import Tenant
from xenia.core.signin.answer import Answer
from xenia.record import Record


class Turn(Record):
    """Go to the interaction's page, or deliver the answer; and what the browser must remember."""

    interaction_id: str | None = None
    answer: Answer | None = None
    destination: str | None = None
    """Where a redemption ends (the invitation's redirect URL); only together with no answer."""
    tenant: Tenant | None = None
    """Where it ended, when it did."""
    language: str = ""
    """In which the person read the pages, when it ended."""
    browser_secret: str | None = None
    """Set the browser cookie to this when not None."""
    session_secret: str | None = None
    """Set the session cookie to this when not None."""
    session_max_age: int | None = None
    """Seconds; None ends the cookie with the browser."""
    account_secret: str | None = None
    """Set the cookie of My Apps to this when not None: a redemption is a sign-in to it."""
    device_app: str | None = None
    """The app that a device is signed in to now; only together with neither answer nor destination."""


class Rejected(Record):
    """The step was not accepted. Counters are committed; the page is shown again with this."""

    reason: str
    """``address``, ``address-way``, ``details``, ``password-rules``, ``password-same``, ``password-again``, ``code``, ``code-expired``, ``code-replaced``, ``code-used``, ``code-locked``, ``password``,
    ``clock``, ``limit`` or ``too-soon``: the page has a sentence for each."""
    tries_left: int | None = None
    wait: timedelta | None = None
    drift: timedelta | None = None
    """How far the phone's clock is off, when that explains a wrong code."""
    fields: tuple[FieldError, ...] = ()
    """What is wrong with single answers of a page that has many."""
    posted: Mapping[str, Sequence[str]] | None = None
    """The answers as they were sent, to be shown again. Never a password or a code."""

    def typed(self, name: str) -> str | None:
        """What was typed into this field, to be shown again."""
        return next(iter(self.posted.get(name, ())), None) if self.posted is not None else None
