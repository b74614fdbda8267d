"""The mail dispatcher: takes due mails from the outbox, renders them, hands them over, records the answer.

Owns retries and their limits. Must not choose the transport, and never keeps a transaction open while it
talks to a mail server. Any number of dispatchers in any number of processes may share one outbox: a
claim belongs to one of them until its lease lapses.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from xenia.core.mail import Mail, MailAttempt, MailKind, OutgoingMail
from xenia.ports import Clock, MailDeferred, MailPreview, MailRefused, MailTransport, Sealer, Store
from xenia.usecases.tenants.queue_mail import open_mail
from xenia.workers.claimed_queue import ClaimedQueue

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=24)
LEASE = timedelta(seconds=30)
"""A process that died blocks a mail no longer than this; a living one renews its claims until it has its answer."""
_SETTLE_FOR = timedelta(minutes=5)
_SETTLE_AGAIN = timedelta(seconds=1)
_LONGEST_ANSWER = 500


class MailDispatcher:
    """Delivers the outbox in the background."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        sealer: Sealer,
        renderer: MailPreview,
        transport: MailTransport,
        *,
        threads: int = 2,
        lease: timedelta = LEASE,
    ) -> None:
        """Two threads: one recipient's slow server does not hold up everybody's codes."""
        self._store = store
        self._clock = clock
        self._sealer = sealer
        self._renderer = renderer
        self._transport = transport
        self._queue = ClaimedQueue(
            "mail", store, clock, lambda tx: tx.outbox, self._deliver, lease=lease, threads=threads
        )

    def start(self) -> None:
        """Begin delivering."""
        self._queue.start()

    def wake(self) -> None:
        """Something was queued (or the clock was turned): look now."""
        self._queue.wake()

    def stop(self, timeout: timedelta = timedelta(seconds=5)) -> bool:
        """Stop after the mails in hand; False when a server keeps one longer than *timeout*.

        Such a mail is claimed by the next process when its lease lapses.
        """
        return self._queue.stop(timeout)

    def deliver_due(self) -> int:
        """Deliver what is due until nothing is; how many mails were tried. For tests and one-shot commands."""
        return self._queue.deliver_due()

    def _deliver(self, row: OutgoingMail) -> None:
        now = self._clock.now()
        try:
            mail = open_mail(self._sealer, row.sealed_mail)
        except ValueError:
            self._settle(
                row, MailAttempt(now, delivered=False, reply="The stored mail cannot be opened"), None
            )
            return
        give_up_at = row.created_at + _worth_sending(mail)
        if now >= give_up_at:
            reply = row.attempts[-1].reply if row.attempts else "The mail was due too late to be of use"
            self._settle(row, MailAttempt(now, delivered=False, reply=reply), None)
            return
        attempt, is_final, message_id = self._try(row, mail, now)
        retry_at = None if attempt.delivered or is_final else _next_try(row, attempt.at, give_up_at)
        self._settle(row, attempt, retry_at, message_id)

    def _try(self, row: OutgoingMail, mail: Mail, now: datetime) -> tuple[MailAttempt, bool, str]:
        """One attempt, whether it was the last, and the message's id."""
        message_id = ""
        try:
            message = self._renderer.render(mail, row.id, now)
            message_id = message.message_id
            reply = self._transport.deliver(message)
        except MailRefused as refusal:
            return MailAttempt(self._clock.now(), delivered=False, reply=str(refusal)), True, message_id
        except MailDeferred as deferral:
            return MailAttempt(self._clock.now(), delivered=False, reply=str(deferral)), False, message_id
        except Exception as error:
            # A fault of ours may be mended by the next start; the mail waits for it.
            log.exception("mail could not be prepared or handed over", extra={"mail_id": row.id})
            reply = f"Internal fault: {type(error).__name__}"
            return MailAttempt(self._clock.now(), delivered=False, reply=reply), False, message_id
        return MailAttempt(self._clock.now(), delivered=True, reply=reply[:_LONGEST_ANSWER]), True, message_id

    def _settle(
        self, row: OutgoingMail, attempt: MailAttempt, retry_at: datetime | None, message_id: str = ""
    ) -> None:
        """Record the attempt, trying hard: a delivered mail that is not recorded goes out a second time.

        While the database is away nobody else can claim it either; after some minutes this gives up.
        """
        log.info(
            "mail attempt",
            extra={
                "mail_id": row.id,
                "kind": row.kind.value,
                "delivered": attempt.delivered,
                "reply": attempt.reply[:3],
                "retry_at": retry_at.isoformat() if retry_at else None,
            },
        )
        waited = timedelta()
        while True:
            try:
                self._store.write(
                    None,
                    lambda tx: tx.outbox.settle(row.id, attempt, retry_at=retry_at, message_id=message_id),
                )
            except Exception:
                if waited >= _SETTLE_FOR or not self._queue.pause(_SETTLE_AGAIN):
                    raise
                waited += _SETTLE_AGAIN
            else:
                return


def _worth_sending(mail: Mail) -> timedelta:
    """How long after queueing a mail is still of use: a code only while it works."""
    if mail.kind is MailKind.PASSCODE:
        minutes = mail.data.get("lifetime_minutes", "")
        if minutes.isdecimal():
            return timedelta(minutes=int(minutes))
    return GIVE_UP_AFTER


def _next_try(row: OutgoingMail, now: datetime, give_up_at: datetime) -> datetime | None:
    """30 seconds doubling up to an hour; None when the next try would come too late."""
    wait = min(FIRST_RETRY * 2 ** min(len(row.attempts), 20), LONGEST_RETRY)
    return now + wait if now + wait < give_up_at else None
