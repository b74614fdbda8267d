"""The invitation: who was asked to come, under which conditions, and how far it got."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from xenia.core.directory.user import UserType
from xenia.core.ids import ObjectId, TenantId
from xenia.record import Record


class InvitationStatus(StrEnum):
    """Wire values of ``invitation.status``."""

    PENDING_ACCEPTANCE = "PendingAcceptance"
    COMPLETED = "Completed"
    IN_PROGRESS = "InProgress"
    ERROR = "Error"


class CcRecipient(Record):
    """The one person who gets a copy; the link still works only for the invited identity."""

    name: str | None
    address: str


class Invitation(Record):
    """An invitation of one user. At most one per user is usable: the newest of its generation."""

    id: str
    tenant_id: TenantId
    user_id: ObjectId
    email: str
    redirect_url: str
    created_at: datetime
    generation: int
    """Goes into the redemption ticket; raised by reset, withdrawal and deletion, so old links die."""
    display_name: str | None = None
    user_type: UserType = UserType.GUEST
    send_message: bool = False
    message_body: str | None = None
    message_language: str | None = None
    cc: CcRecipient | None = None
    inviter_id: ObjectId | None = None
    inviter_name: str | None = None
    inviter_mail: str | None = None
    reset_redemption: bool = False
    status: InvitationStatus = InvitationStatus.PENDING_ACCEPTANCE
    redeemed_at: datetime | None = None
    withdrawn_at: datetime | None = None

    @property
    def is_usable(self) -> bool:
        """Whether its link still leads anywhere (before or after acceptance)."""
        return self.withdrawn_at is None
