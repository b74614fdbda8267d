"""Errands: requests to other people's servers that people wait for, in a pool of threads of their own.

Owns the bounds: how many run at once and may wait, of them how many for one tenant and one host. So a slow
connector or provider keeps its own people waiting and nobody else's. What an errand does is the caller's.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from xenia.core.ids import TenantId
from xenia.outside.places import Places
from xenia.record import Record

log = logging.getLogger(__name__)


class ErrandLimits(Record):
    """How much may be under way in one process. Of both numbers a tenant has its share (``Places``)."""

    at_once: int = 32
    per_host: int = 4
    """Of those at once; others of the same host wait."""
    waiting: int = 400
    listening: int = 2
    """Callers that wait for an end at once. They hold threads that everybody else's requests need."""


@dataclass(slots=True)
class _Errand:
    key: str
    tenant_id: TenantId
    host: str
    work: Callable[[], None]
    ended: threading.Event = field(default_factory=threading.Event)


class BackgroundErrands:
    """``Errands`` over daemon threads: a server that never answers cannot keep the process alive."""

    def __init__(self, limits: ErrandLimits | None = None) -> None:
        self._limits = limits or ErrandLimits()
        self._changed = threading.Condition()
        self._waiting: deque[_Errand] = deque()
        self._known: dict[str, _Errand] = {}
        self._busy = Places(self._limits.at_once, self._limits.per_host)
        self._queued = Places(self._limits.waiting)
        self._listening = threading.BoundedSemaphore(self._limits.listening)
        self._threads = 0
        self._idle = 0
        self._stopping = False

    def start(self, key: str, tenant_id: TenantId, host: str, work: Callable[[], None]) -> bool:
        """Run *work* in the background. False when too much is waiting already."""
        with self._changed:
            if key in self._known:
                return True
            if self._stopping or not self._queued.take(tenant_id, host):
                return False
            errand = _Errand(key, tenant_id, host, work)
            self._known[key] = errand
            self._waiting.append(errand)
            # An idle thread that was woken for the one before still counts as idle.
            if len(self._waiting) > self._idle and self._threads < self._limits.at_once:
                self._threads += 1
                threading.Thread(target=self._run, name=f"errand-{self._threads}", daemon=True).start()
            self._changed.notify_all()
            return True

    def wait(self, key: str, seconds: float) -> bool:
        """Wait until the errand of this key has ended, at most so long; True also when none is known here.

        Not at all when enough others wait: pages that ask again in a moment must not take up every thread.
        """
        with self._changed:
            errand = self._known.get(key)
        if errand is None:
            return True
        if not self._listening.acquire(blocking=False):
            return errand.ended.is_set()
        try:
            return errand.ended.wait(seconds)
        finally:
            self._listening.release()

    def close(self) -> None:
        """Begin nothing more; what is under way ends by its own time limit, or with the process."""
        with self._changed:
            self._stopping = True
            self._waiting.clear()
            self._changed.notify_all()

    def _run(self) -> None:
        while (errand := self._next()) is not None:
            try:
                errand.work()
            except Exception:
                log.exception("An errand to %s failed.", errand.host)
            finally:
                with self._changed:
                    self._busy.leave(errand.tenant_id, errand.host)
                    self._known.pop(errand.key, None)
                    self._changed.notify_all()
                errand.ended.set()

    def _next(self) -> _Errand | None:
        """The oldest errand whose tenant and host have room; None when the pool is closed."""
        with self._changed:
            while not self._stopping:
                for errand in self._waiting:
                    if self._busy.take(errand.tenant_id, errand.host):
                        self._waiting.remove(errand)
                        self._queued.leave(errand.tenant_id, errand.host)
                        return errand
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            return None
