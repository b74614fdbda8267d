"""How far the invitations of one user got: made, mailed, answered by the mail server, accepted.

Owns the merging of rows into one story. Must not change any of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from xenia.core.actor import Actor
from xenia.core.directory.user import User
from xenia.core.errors import NotFound, NotPermitted
from xenia.core.ids import ObjectId
from xenia.core.invitation import Invitation
from xenia.core.mail import MailState, OutgoingMail
from xenia.ports import Ports
from xenia.record import Record

READ_PERMISSIONS = (
    "User.Read.All",
    "User.Invite.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)


class TimelineEntry(Record):
    """One event. ``kind`` is created, invited, queued, handed-over, deferred, abandoned, accepted or withdrawn."""

    at: datetime
    kind: str
    text: str
    detail: str = ""
    """What the mail server said, as it said it."""
    invitation_id: str | None = None


def invitation_timeline(ports: Ports, actor: Actor, user_id: ObjectId) -> tuple[TimelineEntry, ...]:
    """Everything that happened to the invitations of this user, oldest first.

    Raises NotPermitted (guests see no such thing), NotFound.
    """
    if not actor.may(*READ_PERMISSIONS) or (actor.is_guest and not actor.roles):
        raise NotPermitted(READ_PERMISSIONS[0])
    with ports.store.read(actor.tenant_id) as tx:
        user = tx.users.find(user_id, deleted=True)
        if user is None:
            raise NotFound("User", user_id)
        invitations = tx.invitations.of_user(user_id)
        mails = [mail for invitation in invitations for mail in tx.outbox.of_subject(invitation.id)]
    entries = [TimelineEntry(user.created_at, "created", f"{user.display_name} was added to the directory.")]
    for invitation in invitations:
        entries.extend(_of_invitation(invitation, user))
    for mail in mails:
        entries.extend(_of_mail(mail))
    # At equal times the order of a story: made, then queued, then sent (sorting is stable).
    return tuple(sorted(entries, key=lambda entry: entry.at))


def _of_invitation(invitation: Invitation, user: User) -> Iterator[TimelineEntry]:
    by = f" by {invitation.inviter_name}" if invitation.inviter_name else ""
    what = "Redemption reset and invited again" if invitation.reset_redemption else "Invited"
    how = "" if invitation.send_message else ", without a mail"
    yield TimelineEntry(
        invitation.created_at,
        "invited",
        f"{what}{by} at {invitation.email}{how}.",
        invitation_id=invitation.id,
    )
    if invitation.redeemed_at is not None and invitation.redeemed_at >= invitation.created_at:
        yield TimelineEntry(
            invitation.redeemed_at,
            "accepted",
            f"{user.display_name} accepted the invitation.",
            invitation_id=invitation.id,
        )
    if invitation.withdrawn_at is not None:
        yield TimelineEntry(
            invitation.withdrawn_at,
            "withdrawn",
            f"The link sent to {invitation.email} was withdrawn or replaced.",
            invitation_id=invitation.id,
        )


def _of_mail(mail: OutgoingMail) -> Iterator[TimelineEntry]:
    about = mail.subject_of
    yield TimelineEntry(mail.created_at, "queued", f"Mail to {mail.to} queued.", invitation_id=about)
    for number, attempt in enumerate(mail.attempts, start=1):
        is_last = number == len(mail.attempts)
        if attempt.delivered:
            kind, text = "handed-over", f"Mail to {mail.to} handed over to the mail server."
        elif mail.state is MailState.ABANDONED and is_last:
            kind, text = (
                "abandoned",
                f"Mail to {mail.to} was given up. Copy the link, or fix the mail settings.",
            )
        else:
            again = f" Next try at {mail.next_attempt_at:%H:%M:%S} UTC." if is_last else ""
            kind, text = "deferred", f"Mail to {mail.to} could not be handed over yet.{again}"
        yield TimelineEntry(attempt.at, kind, text, attempt.reply, about)
