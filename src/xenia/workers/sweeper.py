"""The sweeper: removes what has expired, now and then. Owns the rhythm; what expires is storage's to know."""

from __future__ import annotations

import logging
from datetime import timedelta

from xenia.core.retention import USUAL, Retention
from xenia.ports import Clock, Store
from xenia.workers.background import Background

log = logging.getLogger(__name__)

RHYTHM = timedelta(minutes=10)
_GO_ON = timedelta(seconds=1)
"""Between two parts of a large sweep: everybody else writes meanwhile."""


class Sweeper:
    """Sweeps in the background. Several processes may: deleting twice does no harm."""

    def __init__(
        self, store: Store, clock: Clock, kept: Retention = USUAL, *, every: timedelta = RHYTHM
    ) -> None:
        self._store = store
        self._kept = kept
        self._clock = clock
        self._every = every
        self._background = Background("sweeper", self._step)

    def start(self) -> None:
        """Begin sweeping, the first time at once."""
        self._background.start()

    def wake(self) -> None:
        """Sweep now, for instance because the clock was turned."""
        self._background.wake()

    def stop(self, timeout: timedelta = timedelta(seconds=5)) -> bool:
        """Stop; False when a sweep is still busy after *timeout*."""
        return self._background.stop(timeout)

    def sweep(self) -> int:
        """One part of a sweep; how many rows went. There may be more while it is not 0."""
        now = self._clock.now()
        removed = self._store.write(None, lambda tx: tx.sweeping.sweep(now, self._kept))
        if removed:
            log.info("swept", extra={"removed": removed})
        return removed

    def _step(self) -> timedelta:
        return _GO_ON if self.sweep() else self._every
