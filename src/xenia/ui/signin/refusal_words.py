"""What people read when a sign-in or redemption cannot go on: what happened, then what to do."""

from __future__ import annotations

from xenia.core import errors as e
from xenia.core.errors import XeniaError
from xenia.core.wording import ENGLISH, Words, mark, say
from xenia.record import Record
from xenia.ui.signin.words import waiting


class Refusal(Record):
    """A refusal in words: title, what happened, what to do now."""

    title: str
    text: str
    advice: str
    words: Words = ENGLISH
    """The language it is said in."""


_TABLE: dict[type[XeniaError], Refusal] = {
    e.InvitationNotUsable: Refusal(
        mark("This invitation cannot be used"),
        mark("This invitation was withdrawn or replaced."),
        mark("Ask %(organization)s for a new one, or look for a newer mail from them."),
    ),
    e.GuestDomainRefused: Refusal(
        mark("Guests from your organization are not accepted"),
        mark("%(organization)s does not accept guests from %(domain)s at the moment."),
        mark("%(contact)s can tell you more."),
    ),
    e.WrongAccount: Refusal(
        mark("This invitation is for another account"),
        mark("You are signed in as %(signed_in)s, but this invitation is for %(invited)s."),
        mark("Sign in as %(invited)s, or ask %(organization)s to invite %(signed_in)s."),
    ),
    e.PasscodesOff: Refusal(
        mark("Codes by email are switched off"),
        mark("%(organization)s does not send codes by email."),
        mark("Sign in with a work or social account, or ask %(contact)s."),
    ),
    e.AccountNotInTenant: Refusal(
        mark("You are not a guest here yet"),
        mark("%(account)s is not a guest of %(organization)s yet."),
        mark("Use a different account, or ask %(organization)s to invite you."),
    ),
    e.AddressHasAccount: Refusal(
        mark("You have an account here already"),
        mark("%(organization)s knows %(address)s. Accounts are never joined by their address alone."),
        mark("Sign in the way you did before, or open the link in your invitation. %(contact)s can help."),
    ),
    e.ProviderNotOffered: Refusal(
        mark("This account cannot sign up here"),
        mark("%(app)s does not take sign-ups with this kind of account."),
        mark("Choose another way."),
    ),
    e.MailboxNotProven: Refusal(
        mark("Your email address is not confirmed"),
        mark(
            "%(organization)s accepts guests of certain domains only, and your provider does not vouch for an email address."
        ),
        mark("Confirm your address there, or sign up with a code sent to it."),
    ),
    e.NotAssigned: Refusal(
        mark("You do not have %(app)s yet"),
        mark("%(organization)s knows you, but has not given you %(app)s."),
        mark("Ask %(contact)s to assign you to %(app)s."),
    ),
    e.InteractionGone: Refusal(
        mark("This sign-in is over"),
        mark("This page was open for a long time, was finished already, or belongs to another browser."),
        mark("Go back to the app, or open the link in your mail again."),
    ),
    e.UserCodeExpired: Refusal(
        mark("This code has expired"),
        mark("A code works for 15 minutes."),
        mark("Start the sign-in on your device again, and enter the new code."),
    ),
    e.UserCodeDecided: Refusal(
        mark("This code was used already"),
        mark("Somebody has signed in with it, or declined. That decision stands."),
        mark("Start the sign-in on your device again, and enter the new code."),
    ),
    e.NotFound: Refusal(
        mark("Page not found"), mark("There is no page at this address."), mark("Check the address.")
    ),
    e.ServerError: Refusal(
        mark("Something failed on our side"),
        mark("Nothing was saved."),
        mark("Try again in a minute. The IDs below help support."),
    ),
    **dict.fromkeys(
        (e.GuestAccountDisabled, e.AccountDisabled, e.GuestBlocked),
        Refusal(
            mark("Your account is blocked"),
            mark("%(organization)s has blocked this account from signing in."),
            mark("Ask %(contact)s to unblock it, or use a different account."),
        ),
    ),
}


_NAMED = ("domain", "signed_in", "invited", "account", "address")
"""What sentences may tell of the error itself."""


def words_of(error: XeniaError, organization: str, contact: str, app: str, words: Words) -> Refusal:
    """What a person reads. The technical message stands below, for whoever helps them."""
    if isinstance(error, e.LimitReached):
        return Refusal(
            say(words, "Too many tries"),
            say(words, "You can try again in %(time)s.", time=waiting(error.retry_after, words)),
            say(words, "Nothing else is needed from you."),
            words,
        )
    known = _TABLE.get(type(error))
    if known is None:
        advice = say(words, "%(contact)s can help with the IDs below.", contact=contact)
        return Refusal(say(words, "Sign-in cannot go on"), error.message, advice, words)
    values = {"organization": organization, "contact": contact, "app": app}
    values |= {name: str(getattr(error, name)) for name in _NAMED if hasattr(error, name)}
    title, text, advice = (say(words, text, **values) for text in (known.title, known.text, known.advice))
    return Refusal(_sentence(title), _sentence(text), _sentence(advice), words)


def _sentence(text: str) -> str:
    """A capital letter, also where a name without one came first. An address stays as its owner writes it."""
    return text if "@" in text.partition(" ")[0] else text[:1].upper() + text[1:]
