"""One port, two certificates: passes each connection on to the listener whose certificate has the name it asks for.

The names of the real service and our own must not share a certificate, since whoever trusts the one CA need
not trust the other. The server underneath has one certificate per listener, so the name in the client's first
message (RFC 6066 section 3) decides which listener gets the connection, still encrypted. Loopback only.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Collection

from xenia.cli.listeners import Bound

_LONGEST_HELLO = 16_384 + 5
"""Bytes of one TLS record (RFC 8446 section 5.1): a client's first message of any real program is shorter."""
_HELLO_LIMIT = 10.0
"""Seconds for it to arrive."""
_PIECE = 65_536


class _Hello(ssl.SSLObject):
    """A handshake that goes no further than the client's first message."""

    asked: str | None = None


def _remember(hello: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int:
    del context
    if isinstance(hello, _Hello):
        hello.asked = name
    return ssl.AlertDescription.ALERT_DESCRIPTION_USER_CANCELLED


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslobject_class = _Hello
    context.sni_callback = _remember
    return context


class NameSwitch:
    """Takes the connections of *bound*; those for *names* go to the port *named*, all others to the port *otherwise*."""

    def __init__(self, bound: Bound, names: Collection[str], *, named: int, otherwise: int) -> None:
        self._bound = bound
        self._names = frozenset(names)
        self._named, self._otherwise = named, otherwise
        self._context = _context()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._live, name="name-switch", daemon=True)
        self._is_ready = threading.Event()
        self._end = asyncio.Event()

    def start(self) -> None:
        """Begin to accept; returns once it does."""
        self._thread.start()
        self._is_ready.wait()

    def stop(self) -> None:
        """Stop accepting and end what is open."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _live(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._accept())

    async def _accept(self) -> None:
        async with contextlib.AsyncExitStack() as leaving:
            for one in self._bound.sockets:
                # A descriptor of its own: the server closes it when it stops.
                server = await asyncio.start_server(self._pass_on, sock=one.dup(), limit=_PIECE)
                leaving.callback(server.close)
            self._is_ready.set()
            await self._end.wait()

    async def _pass_on(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with contextlib.closing(back), contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_HELLO_LIMIT):
                sent, name = await self._first_message(client)
            port = self._named if name in self._names else self._otherwise
            answer, forth = await asyncio.open_connection("127.0.0.1", port, limit=_PIECE)
            with contextlib.closing(forth):
                forth.write(sent)
                await asyncio.gather(_pour(client, forth), _pour(answer, back))

    async def _first_message(self, client: asyncio.StreamReader) -> tuple[bytes, str]:
        """What the client sent so far, and the name it asks for; none when it is no TLS or names nobody."""
        incoming, sent = ssl.MemoryBIO(), b""
        hello = self._context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True)
        while len(sent) <= _LONGEST_HELLO:
            piece = await client.read(_PIECE)
            sent += piece
            incoming.write(piece)
            try:
                hello.do_handshake()
            except ssl.SSLWantReadError:
                if piece:
                    continue
            except ssl.SSLError:
                # Always: there is no certificate here. What counts is whether a name was read before.
                break
            break
        asked = hello.asked if isinstance(hello, _Hello) else None
        return sent, (asked or "").rstrip(".").lower()


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await source.read(_PIECE):
        target.write(piece)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
