"""A real SMTP server that does what it is told: accepts, refuses, defers, hangs, drops, asks for TLS and a login."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "xenia", "s3cret pass"


@dataclass
class Behaviour:
    """What the server answers; change it at any time."""

    recipient: str = "250 OK"
    per_recipient: dict[str, str] = field(default_factory=dict)
    data: str = "250 2.0.0 Accepted as 4711"
    hangs_on_data: bool = False
    drops_on_data: bool = False
    received: list[Envelope] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    reached_data: threading.Event = field(default_factory=threading.Event)

    async def handle_RCPT(  # noqa: N802  (the library's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.per_recipient.get(address, self.recipient)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802  (the library's name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.reached_data.set()
        if self.hangs_on_data:
            await asyncio.Event().wait()
        if self.drops_on_data:
            self.received.append(envelope)
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return ""
        if self.data.startswith("250"):
            self.received.append(envelope)
            self.encrypted.append(session.ssl is not None)
        return self.data

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=known, handled=False)


@dataclass
class RunningServer:
    """Where it listens, and how it behaves."""

    port: int
    behaviour: Behaviour


@contextmanager
def smtp_server(
    *,
    tls: ssl.SSLContext | None = None,
    implicit: bool = False,
    login: bool = False,
    port: int = 0,
) -> Iterator[RunningServer]:
    """A server on a free (or the given) port of the loopback interface. With *tls* it insists on STARTTLS, or speaks TLS at once."""
    behaviour = Behaviour()
    options: dict[str, Any] = {"hostname": "mail.test"}
    if tls is not None and not implicit:
        options |= {"tls_context": tls, "require_starttls": True}
    if login:
        # Inside implicit TLS the library does not know that the line is encrypted, so it cannot insist there.
        knows_tls = tls is not None and not implicit
        options |= {
            "authenticator": behaviour.authenticate,
            "auth_required": knows_tls,
            "auth_require_tls": knows_tls,
        }
    loop = asyncio.new_event_loop()

    async def listen() -> asyncio.Server:
        return await loop.create_server(
            lambda: SMTP(behaviour, loop=loop, **options), "127.0.0.1", port, ssl=tls if implicit else None
        )

    # The loop lives in a thread of its own from the start: the browser's driver keeps one running in this one.
    thread = threading.Thread(target=loop.run_forever, name="smtp", daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(listen(), loop).result()
    try:
        yield RunningServer(server.sockets[0].getsockname()[1], behaviour)
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
