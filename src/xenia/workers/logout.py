"""The delivery of logout tokens to apps (OpenID Connect Back-Channel Logout 1.0): at least once, with back-off.

Owns retries and their limits. The token is signed at the moment it is sent, because it lives two minutes; the
address is the app's own and goes through the guarded fetcher, outside any transaction. Any number of these may
share the queue: a claim belongs to one of them until its lease lapses.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from xenia.core import audit
from xenia.core.actor import system_actor
from xenia.core.audit import Target, audit_record
from xenia.core.logout import LOGOUT_TOKEN_TYPE, LogoutNotice, NoticeAttempt, logout_claims
from xenia.ports import (
    Clock,
    Entropy,
    Fetcher,
    FetchFailed,
    FetchRefused,
    FetchRequest,
    KeyRing,
    Store,
    Transaction,
)
from xenia.record import Record
from xenia.usecases.tokens.own_keys import logout_token_key
from xenia.workers.claimed_queue import ClaimedQueue

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=10)
LONGEST_RETRY = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=24)
LEASE = timedelta(seconds=30)
"""A process that died delays a notice no longer than this; a living one renews its claims until it has its answer."""
_DELIVERY = 10.0
_LONGEST_REPLY = 200
_TRY_AGAIN = frozenset({408, 425, 429})


class _Outcome(Record):
    delivered: bool
    is_final: bool
    reply: str


class LogoutDispatcher:
    """Delivers queued logout tokens in the background."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: KeyRing,
        fetcher: Fetcher,
        *,
        threads: int = 2,
        lease: timedelta = LEASE,
    ) -> None:
        """Two threads: one app's slow server does not hold up all others."""
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._fetcher = fetcher
        self._queue = ClaimedQueue(
            "logout", store, clock, lambda tx: tx.logout_notices, self._deliver, lease=lease, threads=threads
        )

    def start(self) -> None:
        """Begin delivering."""
        self._queue.start()

    def wake(self) -> None:
        """Something was queued (or the clock was turned): look now."""
        self._queue.wake()

    def stop(self, timeout: timedelta = timedelta(seconds=5)) -> bool:
        """Stop after what is in hand; False when a server keeps one longer than *timeout*."""
        return self._queue.stop(timeout)

    def deliver_due(self) -> int:
        """Deliver what is due until nothing is; how many were tried. For tests and one-shot commands."""
        return self._queue.deliver_due()

    def _deliver(self, notice: LogoutNotice) -> None:
        outcome = self._try(notice)
        now = self._clock.now()
        retry_at = None if outcome.delivered or outcome.is_final else _next_try(notice, now)
        attempt = NoticeAttempt(now, outcome.delivered, outcome.reply)
        log.info(
            "logout token",
            extra={
                "notice_id": notice.id,
                "app_id": notice.app_id,
                "delivered": outcome.delivered,
                "reply": outcome.reply,
                "retry_at": retry_at.isoformat() if retry_at else None,
            },
        )
        record_id = self._entropy.guid()

        def work(tx: Transaction) -> None:
            is_ours = tx.logout_notices.settle(notice.id, attempt, retry_at=retry_at)
            if is_ours and retry_at is None:
                _record(tx, notice, attempt, record_id)

        self._store.write(notice.tenant_id, work)

    def _try(self, notice: LogoutNotice) -> _Outcome:
        """One POST. Back-Channel Logout section 2.8: 200 (or 204) is success, 400 says that the app could not."""
        claims = logout_claims(notice, self._entropy.guid(), self._clock.now())
        with self._store.read(notice.tenant_id) as tx:
            own_key = logout_token_key(tx, notice.app_id, self._clock.now())
        token = self._keys.sign(claims, typ=LOGOUT_TOKEN_TYPE, own_key=own_key)
        request = FetchRequest(
            "POST",
            notice.uri,
            {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
            urlencode({"logout_token": token}).encode(),
            seconds=_DELIVERY,
            tenant_id=notice.tenant_id,
        )
        try:
            answer = self._fetcher.fetch(request)
        except FetchRefused as refusal:
            return _Outcome(delivered=False, is_final=True, reply=_reply(refusal))
        except FetchFailed as failure:
            return _Outcome(delivered=False, is_final=False, reply=_reply(failure))
        if answer.status in (200, 204):
            return _Outcome(delivered=True, is_final=True, reply=f"HTTP {answer.status}")
        is_final = answer.status < 500 and answer.status not in _TRY_AGAIN
        return _Outcome(delivered=False, is_final=is_final, reply=f"HTTP {answer.status}")


def _reply(error: Exception) -> str:
    return str(error)[:_LONGEST_REPLY]


def _next_try(notice: LogoutNotice, now: datetime) -> datetime | None:
    """10 seconds doubling up to an hour, for a day: by then the app's own session is over too."""
    wait = min(FIRST_RETRY * 2 ** min(len(notice.attempts), 20), LONGEST_RETRY)
    return now + wait if now + wait < notice.created_at + GIVE_UP_AFTER else None


def _record(tx: Transaction, notice: LogoutNotice, attempt: NoticeAttempt, record_id: str) -> None:
    """What became of it, for administrators: an app that was not told may still show the person as signed in."""
    app, user = tx.applications.find_by_app_id(notice.app_id), tx.users.find(notice.user_id, deleted=True)
    targets = [Target(notice.app_id, "Application", app.display_name if app else None)]
    if user is not None:
        targets.append(Target(user.id, "User", user.display_name, user.user_principal_name))
    parts = urlsplit(notice.uri)
    tx.logs.audit(
        audit_record(
            record_id,
            audit.TELL_APP_OF_SIGN_OUT,
            system_actor(notice.tenant_id, record_id),
            attempt.at,
            targets=tuple(targets),
            details=(
                ("Address", f"{parts.scheme}://{parts.netloc}{parts.path}"),
                ("Reply", attempt.reply),
                ("Attempts", str(len(notice.attempts) + 1)),
                ("SessionId", notice.sid),
            ),
            result="success" if attempt.delivered else "failure",
            reason=None if attempt.delivered else attempt.reply,
        )
    )
