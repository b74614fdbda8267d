"""Sentences for what was not accepted: what happened, then what to do. Never whose fault it is."""

from __future__ import annotations

from datetime import timedelta

from xenia.core.credentials import PASSCODE_LIFETIME
from xenia.usecases.sign_in import Rejected

_FIELDS = {
    "address": "login",
    "no-home": "login",
    "password": "password",
    "password-rules": "new_password",
    "password-same": "new_password",
    "password-again": "again",
    "justification": "justification",
}


def waiting(wait: timedelta | None) -> str:
    """``40 seconds``, ``12 minutes``: rounded up, because coming back too early is worse."""
    seconds = max(1, round((wait or timedelta(minutes=1)).total_seconds()))
    if seconds < 90:
        return f"{seconds} second{'s' if seconds != 1 else ''}"
    minutes = -(-seconds // 60)
    return f"{minutes} minutes"


def field_of(rejected: Rejected) -> str:
    """The form field the sentence belongs to."""
    return _FIELDS.get(rejected.reason, "code")


def sentence(rejected: Rejected, *, sent_to: str = "") -> str:
    """One or two sentences for the page."""
    lifetime = int(PASSCODE_LIFETIME.total_seconds() // 60)
    left = rejected.tries_left
    tries = "" if left is None else f" You have {left} {'try' if left == 1 else 'tries'} left."
    newest = f"Check the newest mail to {sent_to}." if sent_to else "Check the code in your app."
    return {
        "address-way": "This address cannot sign up here. Use another one, or choose another way.",
        "details": "Some answers need a correction.",
        "address": "Enter an email address, like name@example.com.",
        "no-home": "No organization is known for that address. Check it, or use a different account.",
        "code": f"That code does not match. {newest}{tries}",
        "code-expired": f"That code has run out. Codes work for {lifetime} minutes. Send a new code.",
        "code-replaced": f"That code is not the newest one. Use the code from the newest mail.{tries}",
        "code-used": f"That code was used already. Your app shows the next one in at most {waiting(rejected.wait)}.",
        "code-locked": "Too many tries with this code. Send a new code.",
        "password": "User name or password does not match. Check both and try again.",
        "password-rules": "Use at least 8 characters and three of: lower-case letters, upper-case letters, digits, symbols.",
        "password-same": "That is the password you signed in with. Choose another one.",
        "password-again": "The two passwords differ. Type the new one twice.",
        "clock": _clock(rejected.drift),
        "limit": f"Too many tries. You can try again in {waiting(rejected.wait)}. Nothing else is needed from you.",
        "too-soon": f"A code was sent a moment ago. You can ask for a new one in {waiting(rejected.wait)}.",
        "justification": "Say in 1 to 500 characters what you need the app for.",
        "admin": "Only an administrator can agree to these permissions.",
    }[rejected.reason]


def _clock(drift: timedelta | None) -> str:
    seconds = (drift or timedelta()).total_seconds()
    side = "ahead of" if seconds > 0 else "behind"
    return (
        f"That code fits another moment: your phone's clock is about {waiting(abs(drift or timedelta()))} {side} ours. "
        "Set the phone's clock to automatic, then enter the new code."
    )
