"""A connection that another thread can cut.

Owns giving up for real: a server that sends a byte now and then, in its handshake, its headers or its body,
resets every time limit of the socket and would keep a thread for ever. Cutting ends whatever is read there.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool


class CutLine:
    """The connections of one fetch, one after another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: socket.socket | None = None
        self._is_cut = False

    @property
    def is_cut(self) -> bool:
        """Whether somebody has given up."""
        with self._lock:
            return self._is_cut

    def cut(self) -> None:
        """End what is under way and everything that begins later."""
        with self._lock:
            self._is_cut = True
            self._shut()

    def hold(self, connected: socket.socket) -> None:
        """Remember a connection; it is cut at once when somebody has given up already."""
        # A duplicate, because wrapping in TLS takes the original socket apart.
        duplicate = connected.dup()
        with self._lock:
            self._release()
            self._held = duplicate
            if self._is_cut:
                self._shut()

    def release(self) -> None:
        """Forget the connection when the fetch has ended."""
        with self._lock:
            self._release()

    def _shut(self) -> None:
        if self._held is not None:
            try:
                self._held.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # the other side was faster

    def _release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


def make_cuttable(pool: HTTPConnectionPool, line: CutLine) -> None:
    """Have *line* hold every connection this pool opens, from before the handshake on."""

    class Held(pool.ConnectionCls):  # type: ignore[misc, name-defined]
        def _new_conn(self) -> socket.socket:
            connected: socket.socket = super()._new_conn()
            line.hold(connected)
            return connected

    pool.ConnectionCls = Held
