"""Listening: which sockets, for which addresses, and the server that answers on them.

Every socket of a process is served by one granian listener over the same WSGI application: no
supervisor process, no second interpreter. Sockets are bound here, without port sharing, so a taken port
is noticed and named instead of silently shared.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, RuntimeModes, SSLProtocols
from granian.server import MTServer

from xenia.record import Record
from xenia.settings import is_loopback_host

_BACKLOG = 1024
_TRIES_FOR_A_FREE_PORT = 20


class AddressRefused(Exception):
    """An address cannot be listened on; the message names it and the fix."""


class Bound(Record):
    """Bound sockets and the ports they got."""

    sockets: tuple[socket.socket, ...]
    ports: tuple[int, ...]

    def close(self) -> None:
        """Give the ports back."""
        for one in self.sockets:
            one.close()


def bind(hosts: Iterable[str], ports: Iterable[int]) -> Bound:
    """Listen on every address of these hosts at every port; port 0 becomes one free port for all of them.

    Raises AddressRefused; nothing stays bound then.
    """
    addresses = list(dict.fromkeys(address for host in hosts for address in _addresses(host)))
    sockets: list[socket.socket] = []
    got: list[int] = []
    try:
        for port in ports:
            bound, number = _bind_all(addresses, port)
            sockets += bound
            got.append(number)
    except AddressRefused:
        for one in sockets:
            one.close()
        raise
    return Bound(tuple(sockets), tuple(got))


class Listeners:
    """The running server: one granian listener per socket, all in this process."""

    def __init__(
        self, app: Callable[..., Any], bound: Bound, certificate: tuple[Path, Path] | None, threads: int
    ) -> None:
        self._app = app
        self._servers = [_Listener(one, certificate, threads) for one in bound.sockets]

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Answers meanwhile."""
        self.start()
        try:
            yield
        finally:
            self.stop()

    def start(self) -> None:
        """Begin to answer. Call in the main thread; its signal handlers stay what they are."""
        with _signal_handlers_kept():
            for server in self._servers:
                server.startup(server._spawn_wsgi_worker, self._app)  # type: ignore[no-untyped-call]  # noqa: SLF001

    def stop(self) -> None:
        """Stop accepting, let requests under way finish, and return when all is quiet."""
        for server in self._servers:
            server.shutdown()  # type: ignore[no-untyped-call]


class _Listener(MTServer):
    """granian's threaded server over a socket that is bound already."""

    def __init__(self, bound: socket.socket, certificate: tuple[Path, Path] | None, threads: int) -> None:
        super().__init__(
            "xenia",
            interface=Interfaces.WSGI,
            blocking_threads=threads,
            backlog=_BACKLOG,
            backpressure=_BACKLOG,
            http=HTTPModes.auto,
            websockets=False,
            runtime_mode=RuntimeModes.mt,
            log_enabled=False,
            ssl_cert=certificate[0] if certificate else None,
            ssl_key=certificate[1] if certificate else None,
            ssl_protocol_min=SSLProtocols.tls12,
        )
        # A descriptor of its own: the listener closes it when it stops.
        self._descriptor = os.dup(bound.fileno())

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._shd = SocketHolder(self._descriptor, False, _BACKLOG)  # type: ignore[assignment, call-arg]  # stubs are behind


@contextlib.contextmanager
def _signal_handlers_kept() -> Iterator[None]:
    """Granian sets handlers of its own; a stop signal that reached them would be lost, so signals wait meanwhile."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    has_mask = hasattr(signal, "pthread_sigmask")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, kept) if has_mask else set()
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
        if has_mask:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _addresses(host: str) -> list[tuple[int, str]]:
    """The addresses to bind for one host: family and numeric address."""
    name = host.strip("[]")
    if is_loopback_host(name) and not name.replace(".", "").isdigit() and ":" not in name:
        # Resolvers do not all know names below .localhost; RFC 6761 section 6.3 says what they mean.
        found = [(int(socket.AF_INET), "127.0.0.1")]
        return [*found, (int(socket.AF_INET6), "::1")] if _has_ipv6_loopback() else found
    try:
        infos = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror:
        raise AddressRefused(
            f"The host {host} is unknown here. Give an address of this machine with --host (0.0.0.0 for all of them) "
            "and the name people use with --public-url."
        ) from None
    return list(dict.fromkeys((int(info[0]), str(info[4][0])) for info in infos))


def _has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _bind_all(addresses: list[tuple[int, str]], port: int) -> tuple[list[socket.socket], int]:
    for _ in range(_TRIES_FOR_A_FREE_PORT):
        bound: list[socket.socket] = []
        number = port
        try:
            for family, address in addresses:
                bound.append(_bind_one(family, address, number))
                number = bound[-1].getsockname()[1]
        except OSError as error:
            for one in bound:
                one.close()
            # A port that was free on one address may be taken on another: only then is another one picked.
            if port == 0 and bound and error.errno == errno.EADDRINUSE:
                continue
            raise _refused(error, addresses[len(bound)][1], number) from None
        return bound, number
    raise AddressRefused("No port is free on all addresses. Name one with --port.")


def _bind_one(family: int, address: str, port: int) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            # Only past TIME_WAIT; a port with a listener is still refused. On Windows the option means sharing.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind((address, port))
        one.listen(_BACKLOG)
    except OSError:
        one.close()
        raise
    return one


def _refused(error: OSError, address: str, port: int) -> AddressRefused:
    if error.errno == errno.EADDRINUSE:
        return AddressRefused(
            f"Port {port} on {address} is taken by another program. Stop it, or choose another port: --port {port + 1} "
            "(--port 0 picks a free one)."
        )
    if error.errno == errno.EACCES:
        return AddressRefused(
            f"Port {port} needs more rights than this user has. Choose one above 1023 with --port; or, on Linux, allow low "
            f"ports until the next boot: sudo sysctl -w net.ipv4.ip_unprivileged_port_start={port}"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return AddressRefused(
            f"{address} is no address of this machine. Listen with --host 0.0.0.0 and name it in --public-url."
        )
    return AddressRefused(f"Cannot listen on {address} port {port}: {error.strerror}.")
