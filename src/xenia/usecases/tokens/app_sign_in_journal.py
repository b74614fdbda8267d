"""Sign-in records of apps, written in batches.

An app may take a thousand tokens a second, and a durable commit for each would cost more than the
token. Records wait in memory for at most ``LONGEST_WAIT`` and are then committed together by a thread
of this journal; killing the process loses what waits, an orderly ``stop`` loses nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from datetime import timedelta
from functools import partial

from xenia.core.audit import SignInRecord
from xenia.core.ids import TenantId
from xenia.ports import Ports, Transaction

LONGEST_WAIT = timedelta(seconds=1)
"""The loss window."""
_MOST_WAITING = 50_000
"""Beyond this (the database is away) the oldest records are dropped and counted in the log."""
log = logging.getLogger("xenia.sign_ins")


class AppSignInJournal:
    """Collects records of all threads. Its own thread starts with the first one."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._waiting: list[SignInRecord] = []
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, record: SignInRecord) -> None:
        """Take a record; it is in the log within a second."""
        with self._lock:
            self._waiting.append(record)
            if len(self._waiting) > _MOST_WAITING:
                del self._waiting[: _MOST_WAITING // 10]
                log.error("sign-in records dropped: the database does not keep up")
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="app-sign-ins", daemon=True)
                self._thread.start()
        self._woken.set()

    def flush(self) -> None:
        """Commit what waits, now. What the database refuses waits on."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        by_tenant: dict[TenantId, list[SignInRecord]] = defaultdict(list)
        for record in taken:
            by_tenant[record.tenant_id].append(record)
        for tenant_id, records in by_tenant.items():
            try:
                self._ports.store.write(tenant_id, partial(_write, records))
            except Exception:
                log.exception("sign-in records could not be written yet")
                with self._lock:
                    self._waiting[:0] = records
                self._woken.set()

    def stop(self) -> None:
        """Write what waits and end."""
        self._closed.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._woken.wait()
            self._closed.wait(LONGEST_WAIT.total_seconds())
            self._woken.clear()
            self.flush()


def _write(records: list[SignInRecord], tx: Transaction) -> None:
    tx.logs.sign_in_all(records)
