"""Several processes behind the same listening sockets: forked, watched, restarted, stopped together.

The supervisor owns sockets, data directory and children, and nothing else: no thread, no database
connection, no key. So every fork starts clean, and what the supervisor has imported is shared memory.
The first child prepares database and certificate before the others begin.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import NoReturn

from xenia.record import Record

log = logging.getLogger("xenia.workers")

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
"""Seconds before a worker that died is replaced; doubled while replacements die before they are ready."""
_READY = b"+"
_LONGEST_REPORT = 4096


class WorkerFailed(Exception):
    """A worker ended before it was ready; the message is what it said last."""


class Worker(Record):
    """What a child knows of its place."""

    is_first: bool
    """Whether it prepares the installation: the others rely on that."""
    report: Callable[[], None]
    """To be called once it can answer."""
    supervisor_gone: int
    """A descriptor that becomes readable (end of file) when the supervisor is no more."""


@dataclass
class _Child:
    pid: int
    reports: int
    is_ready: bool = False


@dataclass
class Supervisor:
    """Keeps *count* workers running until a stop signal.

    *work* is a worker's life; its end ends the child. What it raises of *refusals* is for people and
    reaches them by WorkerFailed; anything else is a fault and leaves a traceback.
    """

    count: int
    work: Callable[[Worker], None]
    refusals: tuple[type[Exception], ...] = ()
    _children: dict[int, _Child] = field(default_factory=dict)
    _pause: float = _FIRST_PAUSE

    def run(self) -> None:
        """Start all, replace those that die, end with all of them. Raises WorkerFailed when the start fails."""
        # Collecting what was imported would write to its pages, and so copy them into every child.
        gc.collect()
        gc.freeze()
        with _signals() as arrived:
            try:
                with _lifeline() as lifeline:
                    for number in range(self.count):
                        self._fork(lifeline, is_first=number == 0)
                        if not self._until_ready(arrived):
                            return
                    self._watch(arrived, lifeline)
            finally:
                self._stop_all()

    def _fork(self, lifeline: tuple[int, int], *, is_first: bool) -> None:
        reports, reporting = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reports)
            os.close(lifeline[1])
            for sibling in self._children.values():
                os.close(sibling.reports)
            self._live(Worker(is_first, lambda: _report(reporting, _READY), lifeline[0]), reporting)
        os.close(reporting)
        self._children[pid] = _Child(pid, reports)

    def _until_ready(self, arrived: socket.socket) -> bool:
        """Wait until the newest child is ready; False when the end was asked for meanwhile."""
        child = next(reversed(self._children.values()))
        with selectors.DefaultSelector() as selector:
            selector.register(arrived, selectors.EVENT_READ)
            selector.register(child.reports, selectors.EVENT_READ)
            while not child.is_ready:
                ready = {key.fileobj for key, _ in selector.select()}
                if arrived in ready and _wants_end(arrived):
                    return False
                if child.reports in ready:
                    said = os.read(child.reports, _LONGEST_REPORT)
                    if said != _READY:
                        raise WorkerFailed(
                            said.decode("utf-8", "replace") or "A worker process ended at its start."
                        )
                    child.is_ready = True
        log.info("worker is ready", extra={"detail": f"pid {child.pid}"})
        return True

    def _watch(self, arrived: socket.socket, lifeline: tuple[int, int]) -> None:
        """Replace dead workers until the end is asked for."""
        with selectors.DefaultSelector() as selector:
            selector.register(arrived, selectors.EVENT_READ)
            while True:
                # Each turn, not only after a signal: waiting for a replacement may have swallowed one.
                self._reap()
                missing = self.count - len(self._children)
                happened = selector.select(self._pause if missing else None)
                if happened and _wants_end(arrived):
                    return
                if missing and not happened and not self._replace(arrived, lifeline):
                    return

    def _replace(self, arrived: socket.socket, lifeline: tuple[int, int]) -> bool:
        """One more worker; False when the end was asked for meanwhile."""
        self._fork(lifeline, is_first=False)
        try:
            goes_on = self._until_ready(arrived)
        except WorkerFailed as failure:
            log.warning("a replacement could not start", extra={"detail": str(failure)})
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            return True
        self._pause = _FIRST_PAUSE
        return goes_on

    def _reap(self) -> None:
        """Take leave of children that ended."""
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                os.close(self._children.pop(pid).reports)
                code = os.waitstatus_to_exitcode(status)
                log.error(
                    "worker ended and will be replaced", extra={"detail": f"pid {pid}, exit code {code}"}
                )

    def _stop_all(self) -> None:
        """The lifeline is cut by now: that reaches also a child that is just exchanging its signal handlers."""
        for pid in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        for pid, child in self._children.items():
            os.waitpid(pid, 0)
            os.close(child.reports)
        self._children.clear()

    def _live(self, worker: Worker, reporting: int) -> NoReturn:
        """The child's whole life. It leaves by ``os._exit``: what its parent has open is not its to tidy up."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (*_STOP_SIGNALS, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            self.work(worker)
            code = 0
        except self.refusals as refusal:
            _report(reporting, str(refusal).encode())
        except Exception:  # noqa: BLE001  (a process boundary: whatever happened is said here or never)
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def _report(descriptor: int, said: bytes) -> None:
    os.write(descriptor, said[:_LONGEST_REPORT])


@contextlib.contextmanager
def _lifeline() -> Iterator[tuple[int, int]]:
    """A pipe whose writing end only the supervisor holds: its end of file tells the children that it died."""
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


@contextlib.contextmanager
def _signals() -> Iterator[socket.socket]:
    """Signals as bytes on a socket, so that one wait covers them and the children."""
    hearing, telling = socket.socketpair()
    hearing.setblocking(False)
    telling.setblocking(False)
    before = {number: signal.signal(number, _ignore) for number in (*_STOP_SIGNALS, signal.SIGCHLD)}
    signal.set_wakeup_fd(telling.fileno())
    try:
        yield hearing
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        hearing.close()
        telling.close()


def _ignore(number: int, frame: FrameType | None) -> None:
    """The byte on the socket is what counts."""
    del number, frame


def _wants_end(arrived: socket.socket) -> bool:
    try:
        return any(number in _STOP_SIGNALS for number in arrived.recv(4096))
    except BlockingIOError:
        return False
