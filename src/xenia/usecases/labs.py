"""Guided labs: what a lab asks for, and how far the directory's real state has come.

Reading only. Every answer names its evidence, and every "not yet" names the exact thing that is missing;
the lab's page and ``xenia lab verify`` show the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from xenia.core.audit import SignInRecord
from xenia.core.directory.first_party import ACCOUNT_APP_ID, PORTAL_APP_ID
from xenia.core.directory.user import ExternalUserState, User, UserType
from xenia.core.errors import NotFound
from xenia.core.ids import TenantId
from xenia.core.invitation import Invitation
from xenia.core.mail import MailState, OutgoingMail
from xenia.core.query import Compare, Filter, Order, Query, all_of
from xenia.ports import Ports, Transaction


@dataclass(frozen=True, slots=True)
class Criterion:
    """One success criterion of a lab."""

    title: str
    met: bool
    evidence: tuple[tuple[str, str], ...] = ()
    """What proves it: (label, value)."""
    missing: str = ""
    """What is still to be done, when it is not met."""


@dataclass(frozen=True, slots=True)
class Lab:
    """A guided lab."""

    name: str
    title: str
    goal: str
    minutes: int
    check: Callable[[Transaction], tuple[Criterion, ...]]


def find_lab(name: str) -> Lab:
    """The lab of this name. Raises NotFound."""
    lab = LABS.get(name)
    if lab is None:
        raise NotFound("Lab", name)
    return lab


def verify(ports: Ports, tenant_id: TenantId, lab_name: str) -> tuple[Criterion, ...]:
    """The lab's criteria checked against the tenant's state right now. Raises NotFound (lab, tenant)."""
    lab = find_lab(lab_name)
    with ports.store.read(tenant_id) as tx:
        if tx.tenants.find(tenant_id) is None:
            raise NotFound("Tenant", tenant_id)
        return lab.check(tx)


_INVITED = "1 guest invited"
_ACCEPTED = "Invitation received and accepted"
_SIGNED_IN = "Sign-in with the guest account successful"
_IS_GUEST = Compare("user_type", "eq", UserType.GUEST.value)
_OWN_PAGES = all_of(
    Compare("app_id", "ne", ACCOUNT_APP_ID),
    Compare("app_id", "ne", PORTAL_APP_ID),
)
"""Accepting an invitation leaves a sign-in record too; the lab is about signing in to an app."""


def _check_invite_guests(tx: Transaction) -> tuple[Criterion, ...]:
    """All criteria speak of one guest: the one that came furthest, the newest among equals."""
    record = _successful_sign_in(tx)
    signed_in = tx.users.find(record.user_id) if record and record.user_id else None
    guest = signed_in or _newest_guest(tx, ExternalUserState.ACCEPTED) or _newest_guest(tx, None)
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
        _signed_in(tx, guest, record if signed_in else None),
    )


def _newest_guest(tx: Transaction, state: ExternalUserState | None) -> User | None:
    wanted = Compare("external_user_state", "eq", state.value) if state else None
    order = (Order("created_at", descending=True),)
    page = tx.users.list(Query(all_of(_IS_GUEST, wanted), order, limit=1))
    return page.items[0] if page.items else None


def _successful_sign_in(tx: Transaction) -> SignInRecord | None:
    """The newest of a guest that still exists."""
    success = all_of(Compare("user_type", "eq", "guest"), Compare("error_code", "eq", 0), _OWN_PAGES)
    records = tx.logs.list_sign_ins(Query(success, limit=20)).items
    return next((one for one in records if one.user_id and tx.users.find(one.user_id)), None)


def _invited(guest: User, invitations: tuple[Invitation, ...]) -> Criterion:
    invitation = invitations[0] if invitations else None
    by = invitation.inviter_name if invitation and invitation.inviter_name else "an app or the operator"
    at = invitation.created_at if invitation else guest.created_at
    evidence = (("Guest", _name(guest)), ("Invited", _at(at)), ("By", by), ("Object ID", guest.id))
    return Criterion(_INVITED, met=True, evidence=evidence)


def _accepted(tx: Transaction, guest: User, invitations: tuple[Invitation, ...]) -> Criterion:
    if guest.external_user_state is ExternalUserState.ACCEPTED:
        at = guest.external_user_state_changed_at
        evidence = (
            ("Guest", _name(guest)),
            ("Invitation state", "Accepted"),
            *((("Accepted", _at(at)),) if at else ()),
        )
        return Criterion(_ACCEPTED, met=True, evidence=evidence)
    usable = next((one for one in invitations if one.is_usable), None)
    if usable is None:
        missing = (
            f"The invitation of {_name(guest)} was withdrawn. Invite again, or choose Resend invitation."
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
            ("Guest", _name(guest)),
            ("App", record.app_name),
            ("Time", _at(record.at)),
            ("idp (where the guest authenticated)", record.identity_provider or "this directory"),
            ("iss (who issued the token)", record.issuer or "not recorded"),
        )
        return Criterion(_SIGNED_IN, met=True, evidence=evidence)
    if guest.external_user_state is not ExternalUserState.ACCEPTED:
        return Criterion(_SIGNED_IN, met=False, missing="The invitation is not accepted yet.")
    failed = tx.logs.list_sign_ins(Query(_of_guest(guest), limit=1)).items
    missing = f"{_name(guest)} accepted, but has not signed in to an app. Open the tester and sign in as this guest."
    if failed:
        last = failed[0]
        missing = (
            f"{_name(guest)} accepted, but no sign-in to an app succeeded. The last attempt ({last.app_name}, "
            f"{_at(last.at)}) had error {last.error_code}: {last.failure_reason or 'see the sign-in logs'}"
        )
    return Criterion(_SIGNED_IN, met=False, missing=missing)


def _of_guest(guest: User) -> Filter | None:
    return all_of(Compare("user_id", "eq", guest.id), Compare("error_code", "ne", 0), _OWN_PAGES)


def _name(guest: User) -> str:
    return guest.mail or guest.display_name


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


LABS: dict[str, Lab] = {
    lab.name: lab
    for lab in (
        Lab(
            "invite-guests",
            "Invite guest users",
            "Invite somebody from outside, accept as that person, and see the guest sign in to an app.",
            15,
            _check_invite_guests,
        ),
    )
}
