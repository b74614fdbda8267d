"""Mail that stays here: capture into the workshop's mailbox, alone or beside real delivery.

Owns the form of a captured mail. Must not decide which of the two is used; that is a setting.
"""

from __future__ import annotations

from xenia.core.ids import parse_guid
from xenia.core.mail import CapturedMail, RenderedMail
from xenia.ports import Clock, MailTransport, Store


class MailboxTransport:
    """``MailTransport`` that keeps every mail in the mailbox."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def deliver(self, message: RenderedMail) -> str:
        """Capture the mail once, however often it is delivered: its id is that of the outbox row."""
        captured = CapturedMail(
            id=message.message_id.strip("<>").partition("@")[0],
            tenant_id=parse_guid(message.tenant_id),
            kind=message.kind,
            received_at=self._clock.now(),
            sender=message.sender_shown,
            recipients=message.recipients,
            subject=message.subject,
            html=message.html,
            text=message.text,
            source=message.source,
        )
        self._store.write(None, lambda tx: tx.mailbox.add(captured))
        return "250 Kept in the mailbox"


class CopyingTransport:
    """Real delivery with a copy in the mailbox."""

    def __init__(self, delivery: MailTransport, copy: MailTransport) -> None:
        self._delivery = delivery
        self._copy = copy

    def deliver(self, message: RenderedMail) -> str:
        """The real server's reply. The copy is taken first, so it is there also when the server says no.

        Raises MailRefused, MailDeferred.
        """
        self._copy.deliver(message)
        return self._delivery.deliver(message)
