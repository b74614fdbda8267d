"""A thread that does something when woken or when time has come, survives its failures and stops at once.

Owns threads, waking and stopping; what is done is the caller's. Must not sleep: every wait ends on a signal.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

log = logging.getLogger(__name__)

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=1)


class Background:
    """Runs *step* again and again; what it returns is the time to wait unless woken."""

    def __init__(self, name: str, step: Callable[[], timedelta], *, threads: int = 1) -> None:
        self._name = name
        self._step = step
        self._count = threads
        self._changed = threading.Condition()
        self._signals = 0
        self._stopping = False
        self._threads: list[threading.Thread] = []

    @property
    def stopping(self) -> bool:
        """Whether an end was asked for; long steps look at it between parts."""
        return self._stopping

    def start(self) -> None:
        """Start the threads. They are daemons: a neighbour that hangs cannot keep the process alive."""
        for number in range(self._count):
            thread = threading.Thread(target=self._run, name=f"{self._name}-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Let all threads look at once. Safe from any thread, also before the start."""
        with self._changed:
            self._signals += 1
            self._changed.notify_all()

    def stop(self, timeout: timedelta = timedelta(seconds=5)) -> bool:
        """Ask for the end and wait for it; False when a step is still busy after *timeout*."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout.total_seconds())
        return not any(thread.is_alive() for thread in self._threads)

    def pause(self, length: timedelta) -> bool:
        """Wait in the middle of a step; False when the end was asked for meanwhile."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._stopping, length.total_seconds())

    def _run(self) -> None:
        failures = 0
        while not self._stopping:
            with self._changed:
                seen = self._signals
            try:
                wait, failures = self._step(), 0
            except Exception:
                # A database that is away comes back; a thread that died does not.
                log.exception("%s failed; trying again", self._name)
                wait = min(_FIRST_PAUSE * 2**failures, _LONGEST_PAUSE)
                failures = min(failures + 1, 10)
            self._wait(seen, wait)

    def _wait(self, seen: int, length: timedelta) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._signals != seen or self._stopping, max(0.0, length.total_seconds())
            )
