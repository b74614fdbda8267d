"""A small HTTP/1.1 client for load: keep-alive TLS connections driven by one thread and one selector.

A conversation is a generator: it yields the bytes of a request and is sent the response. Each connection
holds one conversation after another, so that the load generator costs little beside what it measures.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

_PATIENCE = 30.0
"""Seconds without any answer after which a run is given up."""
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> str | None:
        """A header's value; *name* in lower case."""
        values = self.all(name)
        return values[0] if values else None

    def all(self, name: bytes) -> list[str]:
        """Every value of a header; *name* in lower case."""
        found = []
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name:
                found.append(value.strip().decode("latin-1"))
        return found


Conversation = Generator[bytes, Response, None]


class Unexpected(Exception):
    """The server did not answer as the conversation goes on."""


@dataclass
class Tally:
    """What a run did."""

    seconds: float = 0.0
    conversations: int = 0
    requests: int = 0
    latencies: list[float] = field(default_factory=list)
    """Seconds of each conversation."""


@dataclass
class _Line:
    """One connection with its conversation."""

    wire: ssl.SSLSocket
    talk: Conversation | None = None
    began: float = 0.0
    received: bytes = b""


class Load:
    """Connections to one server. ``run`` may be called again: connections stay."""

    def __init__(self, host: str, port: int, ca_file: str, connections: int) -> None:
        context = ssl.create_default_context(cafile=ca_file)
        self._selector = selectors.DefaultSelector()
        self._lines = []
        for number in range(connections):
            # Addresses of their own: limits that count per network see as many networks as connections.
            plain = socket.create_connection(
                (host, port), timeout=_PATIENCE, source_address=(f"127.0.0.{2 + number}", 0)
            )
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire = context.wrap_socket(plain, server_hostname="localhost")
            wire.setblocking(False)
            line = _Line(wire)
            self._selector.register(wire, selectors.EVENT_READ, line)
            self._lines.append(line)

    def close(self) -> None:
        """Hang up."""
        for line in self._lines:
            line.wire.close()
        self._selector.close()

    def run(self, begin: Callable[[int], Conversation], *, seconds: float, most: int) -> Tally:
        """Hold conversations until *seconds* have passed or *most* were begun; those under way are finished.

        *begin* gets the number of the conversation. Raises Unexpected.
        """
        tally, begun = Tally(), 0
        start = time.perf_counter()
        until = start + seconds
        busy = 0
        for line in self._lines:
            if begun < most:
                self._begin(line, begin(begun))
                begun, busy = begun + 1, busy + 1
        while busy:
            ready = self._selector.select(_PATIENCE)
            if not ready:
                raise Unexpected(f"no answer for {_PATIENCE:.0f} seconds")
            for key, _ in ready:
                line = key.data
                if self._advance(line, tally):
                    continue
                now = time.perf_counter()
                tally.conversations += 1
                tally.latencies.append(now - line.began)
                if now < until and begun < most:
                    self._begin(line, begin(begun))
                    begun += 1
                else:
                    busy -= 1
        tally.seconds = time.perf_counter() - start
        return tally

    def _begin(self, line: _Line, talk: Conversation) -> None:
        line.talk, line.began = talk, time.perf_counter()
        _send(line.wire, next(talk))

    def _advance(self, line: _Line, tally: Tally) -> bool:
        """Read what came; False when the conversation is over."""
        line.received += _receive(line.wire)
        response = _complete(line)
        if response is None:
            return True
        tally.requests += 1
        assert line.talk is not None
        try:
            _send(line.wire, line.talk.send(response))
        except StopIteration:
            return False
        return True


def _send(wire: ssl.SSLSocket, request: bytes) -> None:
    if wire.send(request) != len(request):
        raise Unexpected("a request did not fit into the socket at once")


def _receive(wire: ssl.SSLSocket) -> bytes:
    """What is there; more of it than one record only as far as it was taken from the kernel already."""
    received = b""
    while True:
        try:
            part = wire.recv(_CHUNK)
        except ssl.SSLWantReadError:
            return received
        if not part:
            raise Unexpected("the server hung up")
        received += part
        if not wire.pending():
            return received


def _complete(line: _Line) -> Response | None:
    head, blank, rest = line.received.partition(b"\r\n\r\n")
    if not blank:
        return None
    length = _length(head)
    if len(rest) < length:
        return None
    line.received = rest[length:]
    return Response(int(head[9:12]), head, rest[:length])


def _length(head: bytes) -> int:
    lower = head.lower()
    place = lower.find(b"\r\ncontent-length:")
    if place < 0:
        if b"\r\ntransfer-encoding:" in lower:
            raise Unexpected("chunked answers are not read here")
        return 0
    end = lower.find(b"\r\n", place + 2)
    return int(lower[place + 17 : end if end > 0 else None])
