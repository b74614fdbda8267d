"""Mail as the use cases see it: what is to be said to whom. Rendering and sending happen outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from xenia.core.ids import TenantId
from xenia.record import Record


class MailKind(StrEnum):
    """The kinds of mail Xenia sends."""

    INVITATION = "invitation"
    PASSCODE = "passcode"
    TEST = "test"
    METHOD_ADDED = "method-added"
    SIGN_UP_APPROVED = "sign-up-approved"
    SIGN_UP_DENIED = "sign-up-denied"
    CONSENT_REQUESTED = "consent-requested"
    CONSENT_APPROVED = "consent-approved"
    CONSENT_DENIED = "consent-denied"


class MailState(StrEnum):
    """Life of an outgoing mail."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    ABANDONED = "abandoned"


class Mail(Record):
    """A mail to be sent. ``data`` holds the values of the template; it is sealed at rest."""

    kind: MailKind
    to: str
    language: str
    data: dict[str, str]
    cc: str | None = None
    reply_to: str | None = None
    dedupe_key: str = ""
    """Two mails with the same key are one: the second enqueue is dropped. Empty: always sent."""
    subject_of: str | None = None
    """Id of the invitation (or user) this is about, for the delivery timeline."""


class MailAttempt(Record):
    """One try at delivering: when, and what the mail server said."""

    at: datetime
    delivered: bool
    reply: str


class OutgoingMail(Record):
    """A row of the outbox. The payload is erased once sent: it may hold a passcode."""

    id: str
    tenant_id: TenantId
    kind: MailKind
    to: str
    state: MailState
    created_at: datetime
    next_attempt_at: datetime
    sealed_mail: str = ""
    attempts: tuple[MailAttempt, ...] = ()
    sent_at: datetime | None = None
    subject_of: str | None = None
    dedupe_key: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A finished message: both parts, and the exact bytes that go over the wire."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    html: str
    text: str
    kind: str = ""
    tenant_id: str = ""
    """Empty where the mail belongs to no tenant."""
    sender_shown: str = ""
    """The sender as a reader sees it: ``Name <address>``."""
    source: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True)
class CapturedMail:
    """A mail in the workshop's mailbox."""

    id: str
    tenant_id: TenantId | None
    kind: str
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    html: str
    text: str
    source: bytes = field(repr=False)
    read_at: datetime | None = None
