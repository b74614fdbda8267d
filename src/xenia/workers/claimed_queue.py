"""The loop under every delivery: claims what is due, one at a time, and keeps the claim while it is in hand.

Any number of these in any number of processes may share one queue: a claim belongs to one of them until its lease
lapses, which happens only when its process died, because a living one renews it. What is delivered, and what
becomes of it, is the caller's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from xenia.ports import Clock, Store, Transaction
from xenia.workers.background import Background

_LOOK_AGAIN = timedelta(seconds=5)


class Claimable(Protocol):
    """Something that waits in a queue."""

    @property
    def id(self) -> str:
        """Its key there."""
        ...


Item = TypeVar("Item", bound=Claimable)
Claimed_co = TypeVar("Claimed_co", bound=Claimable, covariant=True)


class Queue(Protocol[Claimed_co]):
    """A queue as a transaction offers it; ``outbox`` and ``logout_notices`` do."""

    def next_due(self) -> datetime | None:
        """When the next one (or lapsing claim) is due."""
        ...

    def claim(self, limit: int, now: datetime, lease: timedelta) -> tuple[Claimed_co, ...]:
        """Take due ones; a claim lapses after *lease*."""
        ...

    def renew(self, ids: Sequence[str], until: datetime) -> int:
        """Let the claims on these lapse at *until*."""
        ...


class ClaimedQueue(Generic[Item]):
    """Hands what is due to *deliver*, in the background."""

    def __init__(
        self,
        name: str,
        store: Store,
        clock: Clock,
        queue: Callable[[Transaction], Queue[Item]],
        deliver: Callable[[Item], None],
        *,
        lease: timedelta,
        threads: int,
    ) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        self._deliver = deliver
        self._lease = lease
        self._background = Background(name, self._step, threads=threads)
        self._claims = Background(f"{name}-claims", self._renew)
        self._held: set[str] = set()
        self._holding = threading.Lock()

    def start(self) -> None:
        """Begin delivering."""
        self._background.start()
        self._claims.start()

    def wake(self) -> None:
        """Something was queued (or the clock was turned): look now."""
        self._background.wake()

    def stop(self, timeout: timedelta) -> bool:
        """Stop after what is in hand; False when a server keeps one longer than *timeout*.

        Such a one is claimed by the next process when its lease lapses.
        """
        is_done = self._background.stop(timeout)
        return self._claims.stop(timeout) and is_done

    def pause(self, length: timedelta) -> bool:
        """Wait in the middle of a delivery; False when the end was asked for meanwhile."""
        return self._background.pause(length)

    def deliver_due(self) -> int:
        """Deliver what is due until nothing is; how many were tried. For tests and one-shot commands."""
        tried = 0
        while not self._background.stopping and self._deliver_one():
            tried += 1
        return tried

    def _step(self) -> timedelta:
        self.deliver_due()
        due = self._next_due()
        # Other processes queue too and clocks are turned, so the longest wait is short.
        return _LOOK_AGAIN if due is None else max(timedelta(), min(due - self._clock.now(), _LOOK_AGAIN))

    def _next_due(self) -> datetime | None:
        with self._store.read(None) as tx:
            return self._queue(tx).next_due()

    def _deliver_one(self) -> bool:
        """One at a time: a lease then covers one delivery, not a queue of them."""
        now, due = self._clock.now(), self._next_due()
        # Looking first leaves the database's one writer to others while there is nothing to claim.
        if due is None or due > now:
            return False
        claimed = self._store.write(None, lambda tx: self._queue(tx).claim(1, now, self._lease))
        for item in claimed:
            with self._holding:
                self._held.add(item.id)
            try:
                self._deliver(item)
            finally:
                with self._holding:
                    self._held.discard(item.id)
        return bool(claimed)

    def _renew(self) -> timedelta:
        """Keep the claims on what is in hand: a slow server is no death of ours."""
        with self._holding:
            held = tuple(self._held)
        until = self._clock.now() + self._lease
        if held:
            self._store.write(None, lambda tx: self._queue(tx).renew(held, until))
        return self._lease / 3
