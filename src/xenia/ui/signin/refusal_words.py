"""What people read when a sign-in or redemption cannot go on: what happened, then what to do."""

from __future__ import annotations

from xenia.core import errors as e
from xenia.core.errors import XeniaError
from xenia.record import Record
from xenia.ui.signin.words import waiting


class Words(Record):
    """A refusal in words: title, what happened, what to do now."""

    title: str
    text: str
    advice: str


_TABLE: dict[type[XeniaError], Words] = {
    e.InvitationNotUsable: Words(
        "This invitation cannot be used",
        "This invitation was withdrawn or replaced.",
        "Ask {organization} for a new one, or look for a newer mail from them.",
    ),
    e.GuestDomainRefused: Words(
        "Guests from your organization are not accepted",
        "{organization} does not accept guests from {error.domain} at the moment.",
        "{contact} can tell you more.",
    ),
    e.WrongAccount: Words(
        "This invitation is for another account",
        "You are signed in as {error.signed_in}, but this invitation is for {error.invited}.",
        "Sign in as {error.invited}, or ask {organization} to invite {error.signed_in}.",
    ),
    e.PasscodesOff: Words(
        "Codes by email are switched off",
        "{organization} does not send codes by email.",
        "Sign in with a work or social account, or ask {contact}.",
    ),
    e.AccountNotInTenant: Words(
        "You are not a guest here yet",
        "{error.account} is not a guest of {organization} yet.",
        "Use a different account, or ask {organization} to invite you.",
    ),
    e.AddressHasAccount: Words(
        "You have an account here already",
        "{organization} knows {error.address}. Accounts are never joined by their address alone.",
        "Sign in the way you did before, or open the link in your invitation. {contact} can help.",
    ),
    e.ProviderNotOffered: Words(
        "This account cannot sign up here",
        "{app} does not take sign-ups with this kind of account.",
        "Choose another way.",
    ),
    e.MailboxNotProven: Words(
        "Your email address is not confirmed",
        "{organization} accepts guests of certain domains only, and your provider does not vouch for an email address.",
        "Confirm your address there, or sign up with a code sent to it.",
    ),
    e.NotAssigned: Words(
        "You do not have {app} yet",
        "{organization} knows you, but has not given you {app}.",
        "Ask {contact} to assign you to {app}.",
    ),
    e.InteractionGone: Words(
        "This sign-in is over",
        "This page was open for a long time, was finished already, or belongs to another browser.",
        "Go back to the app, or open the link in your mail again.",
    ),
    e.UserCodeExpired: Words(
        "This code has expired",
        "A code works for 15 minutes.",
        "Start the sign-in on your device again, and enter the new code.",
    ),
    e.UserCodeDecided: Words(
        "This code was used already",
        "Somebody has signed in with it, or declined. That decision stands.",
        "Start the sign-in on your device again, and enter the new code.",
    ),
    e.NotFound: Words("Page not found", "There is no page at this address.", "Check the address."),
    e.ServerError: Words(
        "Something failed on our side",
        "Nothing was saved.",
        "Try again in a minute. The IDs below help support.",
    ),
    **dict.fromkeys(
        (e.GuestAccountDisabled, e.AccountDisabled, e.GuestBlocked),
        Words(
            "Your account is blocked",
            "{organization} has blocked this account from signing in.",
            "Ask {contact} to unblock it, or use a different account.",
        ),
    ),
}


def words_of(error: XeniaError, organization: str, contact: str, app: str) -> Words:
    """What a person reads. The technical message stands below, for whoever helps them."""
    if isinstance(error, e.LimitReached):
        wait = waiting(error.retry_after)
        return Words("Too many tries", f"You can try again in {wait}.", "Nothing else is needed from you.")
    known = _TABLE.get(type(error))
    if known is None:
        return Words("Sign-in cannot go on", error.message, f"{contact} can help with the IDs below.")
    values = {"organization": organization, "contact": contact, "app": app, "error": error}
    filled = (text.format_map(values) for text in (known.title, known.text, known.advice))
    return Words(*(text[:1].upper() + text[1:] for text in filled))
