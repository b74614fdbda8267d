"""How often somebody may invite, and how much invitation mail one mailbox gets.

Generous enough for people who invite whole departments, and an end to bombarding: counters live in the database
and commit with the invitation they count, so that what is refused is charged to nobody.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.actor import Actor
from xenia.core.addresses import mailbox_key
from xenia.core.directory.roles import INVITING_ROLES
from xenia.core.errors import LimitReached
from xenia.core.invitation import Invitation
from xenia.ports import Ports, Transaction

WINDOW = timedelta(hours=1)
BY_A_PERSON = 100
BY_AN_INVITER = 2000
"""Apps, and people who hold a role that invites."""
MAILS_TO_A_MAILBOX = 20
COPIES_TO_A_MAILBOX = 200
"""As cc recipient: an assistant gets many on one morning."""


def charge_invitation(
    ports: Ports, tx: Transaction, actor: Actor, invitation: Invitation, now: datetime
) -> None:
    """Count one invitation, and its mail if there is one. Raises LimitReached; the operator has no limits."""
    if actor.is_system:
        return
    caller = actor.user_id or actor.service_principal_id or ""
    is_inviter = actor.is_app_only or actor.holds_any(INVITING_ROLES)
    by = f"invitations-by:{actor.tenant_id}:{caller}"
    _hit(ports, tx, by, BY_AN_INVITER if is_inviter else BY_A_PERSON, now, "You have invited very often.")
    if not invitation.send_message:
        return
    often = "{} has got many invitations already."
    to = f"invitations-to:{mailbox_key(invitation.email)}"
    _hit(ports, tx, to, MAILS_TO_A_MAILBOX, now, often.format(invitation.email))
    if invitation.cc is not None:
        copy = invitation.cc.address
        _hit(ports, tx, f"invitations-cc:{mailbox_key(copy)}", COPIES_TO_A_MAILBOX, now, often.format(copy))


def _hit(ports: Ports, tx: Transaction, key: str, limit: int, now: datetime, why: str) -> None:
    wait = tx.limits.hit(key, limit * ports.server.signin_limit_scale, WINDOW, now)
    if wait is not None:
        raise LimitReached("invitation", wait, why)
