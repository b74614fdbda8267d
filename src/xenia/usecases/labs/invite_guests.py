"""The lab *Invite guest users*: invited, accepted, signed in to an app."""

from __future__ import annotations

from xenia.core.audit import SignInRecord
from xenia.core.directory.user import CreationType, ExternalUserState, User, UserType
from xenia.core.invitation import Invitation
from xenia.core.mail import MailState, OutgoingMail
from xenia.core.query import Compare, Order, Query, all_of
from xenia.ports import Transaction
from xenia.usecases.labs.criteria import (
    Criterion,
    Lab,
    failed_sign_in,
    failure_words,
    name_of,
    successful_sign_in,
    time_words,
)

_INVITED = "1 guest invited"
_ACCEPTED = "Invitation received and accepted"
_SIGNED_IN = "Sign-in with the guest account successful"
_IS_GUEST = all_of(
    Compare("user_type", "eq", UserType.GUEST.value),
    Compare("creation_type", "ne", CreationType.SELF_SERVICE_SIGN_UP.value),
)
"""Who signed up by themselves was not invited."""


def _check_invite_guests(tx: Transaction) -> tuple[Criterion, ...]:
    """All criteria speak of one guest: the one that came furthest, the newest among equals."""
    signed_in = successful_sign_in(tx, _was_invited)
    guest = signed_in[0] if signed_in else None
    guest = guest or _newest_guest(tx, ExternalUserState.ACCEPTED) or _newest_guest(tx, None)
    if guest is None:
        return (
            Criterion(
                _INVITED, met=False, missing="No guest yet. Choose Users > New user > Invite external user."
            ),
            Criterion(_ACCEPTED, met=False, missing="Nobody is invited yet."),
            Criterion(_SIGNED_IN, met=False, missing="Nobody is invited yet."),
        )
    invitations = tx.invitations.of_user(guest.id)
    return (
        _invited(guest, invitations),
        _accepted(tx, guest, invitations),
        _signed_in(tx, guest, signed_in[1] if signed_in else None),
    )


def _was_invited(guest: User) -> bool:
    return guest.creation_type is not CreationType.SELF_SERVICE_SIGN_UP


def _newest_guest(tx: Transaction, state: ExternalUserState | None) -> User | None:
    wanted = Compare("external_user_state", "eq", state.value) if state else None
    order = (Order("created_at", descending=True),)
    page = tx.users.list(Query(all_of(_IS_GUEST, wanted), order, limit=1))
    return page.items[0] if page.items else None


def _invited(guest: User, invitations: tuple[Invitation, ...]) -> Criterion:
    invitation = invitations[0] if invitations else None
    by = invitation.inviter_name if invitation and invitation.inviter_name else "an app or the operator"
    at = invitation.created_at if invitation else guest.created_at
    evidence = (("Guest", name_of(guest)), ("Invited", time_words(at)), ("By", by), ("Object ID", guest.id))
    return Criterion(_INVITED, met=True, evidence=evidence)


def _accepted(tx: Transaction, guest: User, invitations: tuple[Invitation, ...]) -> Criterion:
    if guest.external_user_state is ExternalUserState.ACCEPTED:
        at = guest.external_user_state_changed_at
        evidence = (
            ("Guest", name_of(guest)),
            ("Invitation state", "Accepted"),
            *((("Accepted", time_words(at)),) if at else ()),
        )
        return Criterion(_ACCEPTED, met=True, evidence=evidence)
    usable = next((one for one in invitations if one.is_usable), None)
    if usable is None:
        missing = (
            f"The invitation of {name_of(guest)} was withdrawn. Invite again, or choose Resend invitation."
        )
        return Criterion(_ACCEPTED, met=False, missing=missing)
    mails = tx.outbox.of_subject(usable.id)
    return Criterion(_ACCEPTED, met=False, missing=_why_not_accepted(usable, mails[0] if mails else None))


def _why_not_accepted(invitation: Invitation, mail: OutgoingMail | None) -> str:
    address = invitation.email
    if mail is None:
        return f"{address} was invited without a mail. Copy the link on the user's page, or choose Resend invitation."
    reply = mail.attempts[-1].reply if mail.attempts else "no attempt yet"
    if mail.state is MailState.ABANDONED:
        return f"{address} was invited, but the mail was given up. The mail server said: {reply}"
    if mail.state is not MailState.SENT:
        return f"{address} was invited, but the mail is not delivered yet. The mail server's reply: {reply}"
    return (
        f"The invitation was delivered to {address}, but not accepted. Open it and choose Accept invitation."
    )


def _signed_in(tx: Transaction, guest: User, record: SignInRecord | None) -> Criterion:
    if record is not None:
        evidence = (
            ("Guest", name_of(guest)),
            ("App", record.app_name),
            ("Time", time_words(record.at)),
            ("idp (where the guest authenticated)", record.identity_provider or "this directory"),
            ("iss (who issued the token)", record.issuer or "not recorded"),
        )
        return Criterion(_SIGNED_IN, met=True, evidence=evidence)
    if guest.external_user_state is not ExternalUserState.ACCEPTED:
        return Criterion(_SIGNED_IN, met=False, missing="The invitation is not accepted yet.")
    failed = failed_sign_in(tx, guest)
    missing = f"{name_of(guest)} accepted, but has not signed in to an app. Open the tester and sign in as this guest."
    if failed is not None:
        missing = f"{name_of(guest)} accepted, but no sign-in to an app succeeded. {failure_words(failed)}"
    return Criterion(_SIGNED_IN, met=False, missing=missing)


INVITE_GUESTS = Lab(
    "invite-guests",
    "Invite guest users",
    "Invite somebody from outside, accept as that person, and see the guest sign in to an app.",
    15,
    _check_invite_guests,
)
