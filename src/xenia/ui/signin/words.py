"""Sentences for what was not accepted: what happened, then what to do. Never whose fault it is."""

from __future__ import annotations

from datetime import timedelta

from xenia.core.credentials import PASSCODE_LIFETIME
from xenia.core.wording import ENGLISH, Words, mark, say
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
_SENTENCES = {
    "address-way": mark("This address cannot sign up here. Use another one, or choose another way."),
    "details": mark("Some answers need a correction."),
    "address": mark("Enter an email address, like name@example.com."),
    "no-home": mark("No organization is known for that address. Check it, or use a different account."),
    "code": mark("That code does not match."),
    "code-expired": mark("That code has run out. Codes work for %(minutes)s minutes. Send a new code."),
    "code-replaced": mark("That code is not the newest one. Use the code from the newest mail."),
    "code-used": mark("That code was used already. Your app shows the next one in at most %(time)s."),
    "code-locked": mark("Too many tries with this code. Send a new code."),
    "password": mark("User name or password does not match. Check both and try again."),
    "password-rules": mark(
        "Use at least 8 characters and three of: lower-case letters, upper-case letters, digits, symbols."
    ),
    "password-same": mark("That is the password you signed in with. Choose another one."),
    "password-again": mark("The two passwords differ. Type the new one twice."),
    "limit": mark("Too many tries. You can try again in %(time)s. Nothing else is needed from you."),
    "too-soon": mark("A code was sent a moment ago. You can ask for a new one in %(time)s."),
    "justification": mark("Say in 1 to 500 characters what you need the app for."),
    "admin": mark("Only an administrator can agree to these permissions."),
}


def waiting(wait: timedelta | None, words: Words = ENGLISH) -> str:
    """``40 seconds``, ``12 minutes``: rounded up, because coming back too early is worse."""
    return words.lasting(max(1, round((wait or timedelta(minutes=1)).total_seconds())))


def field_of(rejected: Rejected) -> str:
    """The form field the sentence belongs to."""
    return _FIELDS.get(rejected.reason, "code")


def sentence(rejected: Rejected, words: Words = ENGLISH, *, sent_to: str = "") -> str:
    """One or two sentences for the page."""
    if rejected.reason == "clock":
        return _clock(rejected.drift or timedelta(), words)
    values = {
        "minutes": int(PASSCODE_LIFETIME.total_seconds() // 60),
        "time": waiting(rejected.wait, words),
    }
    parts = [say(words, _SENTENCES[rejected.reason], **values)]
    if rejected.reason == "code":
        parts.append(
            say(words, "Check the newest mail to %(address)s.", address=sent_to)
            if sent_to
            else say(words, "Check the code in your app.")
        )
    if rejected.tries_left is not None:
        left = rejected.tries_left
        parts.append(
            words.plural("You have %(left)s try left.", "You have %(left)s tries left.", left)
            % {"left": left}
        )
    return " ".join(parts)


def _clock(drift: timedelta, words: Words) -> str:
    time = waiting(abs(drift), words)
    if drift > timedelta():
        return say(
            words,
            "That code fits another moment: your phone's clock is about %(time)s ahead of ours. "
            "Set the phone's clock to automatic, then enter the new code.",
            time=time,
        )
    return say(
        words,
        "That code fits another moment: your phone's clock is about %(time)s behind ours. "
        "Set the phone's clock to automatic, then enter the new code.",
        time=time,
    )
