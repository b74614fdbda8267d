"""Somebody else's web server: answers API connectors as a test says, also late, endlessly or not at all."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

from tests.support.certificates import Issued


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    client: str
    """Common name of the client's certificate, or empty."""

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


Reply: TypeAlias = Callable[[BaseHTTPRequestHandler, threading.Event], None]


def answer(body: object, status: int = 200, **headers: str) -> Reply:
    """A whole answer: JSON, or the bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def reply(handler: BaseHTTPRequestHandler, ended: threading.Event) -> None:
        del ended
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return reply


def silence(handler: BaseHTTPRequestHandler, ended: threading.Event) -> None:
    """No answer until the test ends."""
    del handler
    ended.wait(120)


def drip(start: bytes) -> Reply:
    """*start*, then a byte every moment for ever: no single silence is long."""

    def reply(handler: BaseHTTPRequestHandler, ended: threading.Event) -> None:
        handler.wfile.write(start)
        while not ended.wait(0.02):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return reply


def held(gate: threading.Event, then: Reply) -> Reply:
    """*then*, but only after the gate was opened."""

    def reply(handler: BaseHTTPRequestHandler, ended: threading.Event) -> None:
        gate.wait(120)
        then(handler, ended)

    return reply


CONTINUE = answer({"version": "1.0.0", "action": "Continue"})


class ConnectorServer:
    """Replies in turn from ``replies``; the last one stays."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [CONTINUE]
        self.received: list[Received] = []
        self.arrived = threading.Condition()
        self.ended = threading.Event()
        self.url = ""

    def will(self, *replies: Reply) -> None:
        """What is answered from now on."""
        self.replies[:] = replies

    def wait_for(self, count: int) -> None:
        """Until so many requests have arrived. Raises AssertionError after a long time."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.received) >= count, 60), len(self.received)

    def take(self, request: Received) -> Reply:
        """Note a request; the reply it gets."""
        with self.arrived:
            self.received.append(request)
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
            self.arrived.notify_all()
        return reply


class _Site(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, connector: ConnectorServer, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.connector = connector
        self._context = context

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the request's own thread, so that a slow handshake keeps nobody waiting."""
        if self._context is None:
            super().finish_request(request, client_address)
            return
        try:
            secured = self._context.wrap_socket(request, server_side=True)
        except OSError:
            return
        with secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gives up is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Site

    def do_POST(self) -> None:
        connector = self.server.connector
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = connector.take(Received(self.path, dict(self.headers.items()), body, self._client()))
        reply(self, connector.ended)

    def do_GET(self) -> None:
        self.do_POST()

    def _client(self) -> str:
        if not isinstance(self.connection, ssl.SSLSocket):
            return ""
        subject: Any = (self.connection.getpeercert() or {}).get("subject", ())
        return next((value for part in subject for name, value in part if name == "commonName"), "")

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@contextmanager
def connector_server(
    certificate: Issued | None = None, clients_of: Path | None = None
) -> Iterator[ConnectorServer]:
    """A running server, with TLS when it has a certificate; *clients_of*: whose clients alone are let in."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.file)
        if clients_of is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients_of)
    connector = ConnectorServer()
    site = _Site(connector, context)
    scheme = "https" if context else "http"
    connector.url = f"{scheme}://127.0.0.1:{site.server_address[1]}"
    thread = threading.Thread(target=site.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield connector
    finally:
        connector.ended.set()
        site.shutdown()
        site.server_close()
        thread.join()
