"""Handing mail over to a real SMTP server (RFC 5321), encrypted (RFC 3207, RFC 8314).

Owns the meaning of SMTP URLs, of TLS on the way, and of what a server answers. Must not retry and must not
know the outbox: an answer is either a reply, ``MailRefused`` or ``MailDeferred``.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from xenia.core.mail import RenderedMail
from xenia.guard import refuse_while_writing
from xenia.ports import MailDeferred, MailRefused

TIMEOUT_SECONDS = 20.0
_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST_REPLY = 500
_ABOUT_US = (530, 534, 535, 538)
"""The server wants TLS or a login first (RFC 4954 section 6, RFC 3207 section 4): a setting, not the mail, is wrong."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail goes, and how the way there is protected."""

    host: str
    port: int
    tls: str
    """``implicit``, ``starttls`` (required, never skipped) or ``none``."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    """Extra roots beside the system's, for a mail server with a private certificate authority."""

    @property
    def name(self) -> str:
        """``host:port``, for messages."""
        return f"{self.host}:{self.port}"


def parse_smtp_url(url: str, *, password: str = "", ca_file: Path | None = None) -> SmtpServer:
    """Read ``smtp://user@host:587``, ``smtps://user@host`` or ``smtp+plain://host:25``.

    ``smtp`` insists on STARTTLS, except towards this very machine without a login. *password* counts before one
    in the URL. Raises ValueError with the fix.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise ValueError(
            "the SMTP address is malformed; write it like smtp://user@mail.example.com:587"
        ) from None
    if (
        parts.scheme not in _PORTS
        or not parts.hostname
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
    ):
        raise ValueError(
            "write the SMTP address like smtp://user@mail.example.com:587 or smtps://user@mail.example.com"
        )
    user = None if parts.username is None else unquote(parts.username)
    secret = password or (unquote(parts.password) if parts.password is not None else "")
    if user and not secret:
        raise ValueError("the SMTP user has no password; set the SMTP password")
    if user and parts.scheme == "smtp+plain" and parts.hostname not in _LOOPBACK:
        raise ValueError("a login over an unencrypted line would show the password; use smtp:// or smtps://")
    tls = {"smtp": "starttls", "smtps": "implicit", "smtp+plain": "none"}[parts.scheme]
    if tls == "starttls" and parts.hostname in _LOOPBACK and not user:
        tls = "none"
    return SmtpServer(
        parts.hostname, port or _PORTS[parts.scheme], tls, user or None, secret or None, ca_file
    )


class SmtpTransport:
    """``MailTransport`` over SMTP; one connection for each mail, so that no server's idle limit matters."""

    def __init__(self, server: SmtpServer, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._server = server
        self._timeout = timeout

    def deliver(self, message: RenderedMail) -> str:
        """The server's reply to the message.

        Raises MailRefused when it said no to this message (5xx). Everything that a repaired server or setting
        would change is MailDeferred: no connection, time-out, 4xx, no STARTTLS, a certificate or login that
        fails; so no mail is lost over a wrong password.
        """
        refuse_while_writing("Sending mail")
        try:
            with self._connection(message.sender) as connection:
                return _hand_over(connection, message)
        except smtplib.SMTPServerDisconnected as error:
            if isinstance(error.__context__, TimeoutError):
                raise MailDeferred(self._too_slow()) from error
            raise MailDeferred(f"{self._server.name} closed the connection: {error}") from error
        except ssl.SSLError as error:
            raise MailDeferred(f"TLS with {self._server.name} failed: {error.reason or error}") from error
        except TimeoutError as error:
            raise MailDeferred(self._too_slow()) from error
        except OSError as error:
            raise MailDeferred(f"{self._server.name} cannot be reached: {error}") from error

    def _too_slow(self) -> str:
        return f"{self._server.name} did not answer within {self._timeout:g} seconds"

    @contextmanager
    def _connection(self, sender: str) -> Iterator[smtplib.SMTP]:
        connection = self._open(sender.rpartition("@")[2])
        try:
            yield connection
        finally:
            connection.close()

    def _open(self, own_name: str) -> smtplib.SMTP:
        """Connect and greet by the sender's domain: it resolves, which strict servers ask of a greeting."""
        server = self._server
        context = None if server.tls == "none" else _tls_context(server.ca_file)
        try:
            if server.tls == "implicit":
                connection: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host, server.port, own_name, timeout=self._timeout, context=context
                )
            else:
                connection = smtplib.SMTP(server.host, server.port, own_name, timeout=self._timeout)
        except smtplib.SMTPResponseException as error:
            raise MailDeferred(
                f"{server.name} turned us away: {_reply(error.smtp_code, error.smtp_error)}"
            ) from error
        try:
            self._greet(connection, context)
        except BaseException:
            connection.close()
            raise
        return connection

    def _greet(self, connection: smtplib.SMTP, context: ssl.SSLContext | None) -> None:
        """STARTTLS where required, then the login. A server that does not offer what we need gets no mail."""
        server = self._server
        try:
            connection.ehlo_or_helo_if_needed()
            if server.tls == "starttls":
                # Going on in the clear is what somebody in the middle wants (RFC 8314 section 5.1).
                if not connection.has_extn("starttls"):
                    raise MailDeferred(f"{server.name} offers no STARTTLS; use smtps:// or smtp+plain://")
                connection.starttls(context=context)
                connection.ehlo()
            if server.user is not None:
                connection.login(server.user, server.password or "")
        except smtplib.SMTPResponseException as error:
            reply = _reply(error.smtp_code, error.smtp_error)
            raise MailDeferred(f"{server.name} did not let us in: {reply}") from error
        except smtplib.SMTPNotSupportedError as error:
            raise MailDeferred(f"{server.name} does not accept a login: {error}") from error


def _hand_over(connection: smtplib.SMTP, message: RenderedMail) -> str:
    """One mail transaction (RFC 5321 section 3.3). A refused copy does not stop the invited person's mail."""
    _expect(connection.mail(message.sender), "the sender")
    notes = []
    for number, recipient in enumerate(message.recipients):
        code, text = connection.rcpt(recipient)
        if code in (250, 251):
            continue
        if number == 0:
            _expect((code, text), recipient)
        notes.append(f"; copy to {recipient} not accepted: {_reply(code, text)}")
    try:
        code, text = connection.data(message.source)
    except smtplib.SMTPDataError as error:
        code, text = error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b""
    _expect((code, text), "the message")
    _part(connection)
    return _reply(code, text) + "".join(notes)


def _part(connection: smtplib.SMTP) -> None:
    """Say goodbye. The mail is accepted: whatever happens now must not look like a failure."""
    try:
        connection.quit()
    except (smtplib.SMTPException, OSError):
        connection.close()


def _expect(answer: tuple[int, bytes], what: str) -> None:
    code, text = answer
    if 200 <= code < 300:
        return
    reply = f"{_reply(code, text)} ({what})"
    if 500 <= code < 600 and code not in _ABOUT_US:
        raise MailRefused(reply)
    raise MailDeferred(reply)


def _reply(code: int, text: bytes | str) -> str:
    """What the server said, on one line: it is shown to people and stored."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())
    return f"{code} {line}"[:_LONGEST_REPLY].rstrip()


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates are checked against the system's roots and, if given, one file more; TLS 1.2 at least."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise MailDeferred(f"the CA file {ca_file} cannot be read: {error}") from error
    return context
