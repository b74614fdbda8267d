"""Handing over to a real SMTP server that accepts, refuses, defers, hangs, drops, wants TLS and a login."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.support.inviting import SERVER, SetClock
from tests.support.smtp import PASSWORD, USER, smtp_server
from tests.support.stores import make_sqlite_store
from xenia.core.mail import Mail, MailKind, RenderedMail
from xenia.guard import writing
from xenia.outside.local_ca import LocalCa
from xenia.outside.mail.mailbox import CopyingTransport, MailboxTransport
from xenia.outside.mail.render import MailRenderer
from xenia.outside.mail.smtp import SmtpServer, SmtpTransport, parse_smtp_url
from xenia.ports import MailDeferred, MailRefused

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
MAIL_ID = "5f0c1a52-0000-4000-8000-000000000001"
TENANT = "11111111-1111-4111-8111-111111111111"


def message(cc: str | None = None) -> RenderedMail:
    # A line that is a single dot would end the message early if it were not doubled on the way (RFC 5321 4.5.2).
    data = {
        "tenant_name": "Contoso",
        "message": "one\n.\ntwo",
        "invited_address": "m@n.example",
        "tenant_id": TENANT,
    }
    mail = Mail(MailKind.INVITATION, "m@n.example", "en", data, cc=cc)
    return MailRenderer(SERVER).render(mail, MAIL_ID, NOW)


def plain(port: int, timeout: float = 20.0) -> SmtpTransport:
    return SmtpTransport(SmtpServer("127.0.0.1", port, "none"), timeout=timeout)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS side, and the authority it is signed by."""
    from xenia.outside.ambient import SystemClock

    made = LocalCa(tmp_path / "ca", SystemClock()).server_certificate(["127.0.0.1", "localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate_file, made.key_file)
    return context, made.ca_file


def test_an_accepted_mail_arrives_whole_and_the_reply_comes_back() -> None:
    sent = message(cc="sam@contoso.example")
    with smtp_server() as server:
        assert plain(server.port).deliver(sent) == "250 2.0.0 Accepted as 4711"
        (envelope,) = server.behaviour.received
    assert envelope.mail_from == "invites@contoso.example"
    assert envelope.rcpt_tos == ["m@n.example", "sam@contoso.example"]
    arrived = message_from_bytes(envelope.content, policy=policy.default)
    assert arrived["Message-ID"] == f"<{MAIL_ID}@contoso.example>"
    text = arrived.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n") == sent.text
    assert "> one\n> .\n> two" in sent.text


def test_a_refused_recipient_is_final() -> None:
    with smtp_server() as server:
        server.behaviour.recipient = "550 5.1.1 No such user here"
        with pytest.raises(MailRefused, match=r"^550 5\.1\.1 No such user here \(m@n\.example\)$"):
            plain(server.port).deliver(message())


def test_a_refused_message_is_final() -> None:
    with smtp_server() as server:
        server.behaviour.data = "554 5.7.1 Looks like spam"
        with pytest.raises(MailRefused, match="554"):
            plain(server.port).deliver(message())


@pytest.mark.parametrize("where", ["recipient", "data"])
def test_a_deferred_mail_can_be_tried_again(where: str) -> None:
    with smtp_server() as server:
        setattr(server.behaviour, where, "451 4.7.1 Greylisted, come back")
        with pytest.raises(MailDeferred, match="Greylisted"):
            plain(server.port).deliver(message())
        setattr(server.behaviour, where, "250 OK")
        assert plain(server.port).deliver(message()).startswith("250")


def test_a_refused_copy_does_not_stop_the_invited_persons_mail() -> None:
    with smtp_server() as server:
        server.behaviour.per_recipient["sam@contoso.example"] = "550 Unknown"
        reply = plain(server.port).deliver(message(cc="sam@contoso.example"))
        assert reply.endswith("copy to sam@contoso.example not accepted: 550 Unknown")
        assert server.behaviour.received[0].rcpt_tos == ["m@n.example"]


def test_a_server_that_hangs_is_left_after_the_time_out() -> None:
    with smtp_server() as server:
        server.behaviour.hangs_on_data = True
        with pytest.raises(MailDeferred, match="did not answer within"):
            plain(server.port, timeout=0.3).deliver(message())
        assert server.behaviour.reached_data.is_set()


def test_a_connection_dropped_after_the_data_is_no_delivery() -> None:
    with smtp_server() as server:
        server.behaviour.drops_on_data = True
        with pytest.raises(MailDeferred, match=r"closed the connection|cannot be reached"):
            plain(server.port).deliver(message())


def test_nobody_listening_is_no_delivery() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(MailDeferred, match=f"127.0.0.1:{port} cannot be reached"):
        plain(port).deliver(message())


def test_something_that_is_no_mail_server_is_no_delivery() -> None:
    with smtp_server() as server:
        transport = SmtpTransport(SmtpServer("127.0.0.1", server.port, "implicit"))
        with pytest.raises(MailDeferred, match="TLS with"):
            transport.deliver(message())


# --- TLS and login ------------------------------------------------------------------------------


def test_starttls_with_a_login(certificate: tuple[ssl.SSLContext, Path]) -> None:
    tls, ca_file = certificate
    with smtp_server(tls=tls, login=True) as server:
        where = SmtpServer("127.0.0.1", server.port, "starttls", USER, PASSWORD, ca_file)
        SmtpTransport(where).deliver(message())
        assert server.behaviour.encrypted == [True]
        assert server.behaviour.logins == [USER]


def test_tls_from_the_first_byte(certificate: tuple[ssl.SSLContext, Path]) -> None:
    tls, ca_file = certificate
    with smtp_server(tls=tls, implicit=True, login=True) as server:
        where = SmtpServer("127.0.0.1", server.port, "implicit", USER, PASSWORD, ca_file)
        assert SmtpTransport(where).deliver(message()).startswith("250")
        assert len(server.behaviour.received) == 1


def test_an_unknown_authority_gets_neither_password_nor_mail(
    certificate: tuple[ssl.SSLContext, Path],
) -> None:
    tls, _ = certificate
    with smtp_server(tls=tls, login=True) as server:
        where = SmtpServer("127.0.0.1", server.port, "starttls", USER, PASSWORD)
        with pytest.raises(MailDeferred, match="CERTIFICATE_VERIFY_FAILED"):
            SmtpTransport(where).deliver(message())
        assert server.behaviour.logins == []


def test_a_certificate_of_another_name_is_refused(certificate: tuple[ssl.SSLContext, Path]) -> None:
    tls, ca_file = certificate
    with smtp_server(tls=tls) as server:
        where = SmtpServer("127.0.0.2", server.port, "starttls", None, None, ca_file)
        with pytest.raises(MailDeferred):
            SmtpTransport(where).deliver(message())


def test_a_server_without_starttls_gets_nothing_in_the_clear() -> None:
    with smtp_server() as server:
        where = SmtpServer("127.0.0.1", server.port, "starttls")
        with pytest.raises(MailDeferred, match="offers no STARTTLS"):
            SmtpTransport(where).deliver(message())
        assert server.behaviour.received == []


def test_a_server_that_insists_on_starttls_keeps_the_mail_waiting_for_the_setting(
    certificate: tuple[ssl.SSLContext, Path],
) -> None:
    with smtp_server(tls=certificate[0]) as server:
        with pytest.raises(MailDeferred, match=r"530 .*STARTTLS"):
            plain(server.port).deliver(message())
        assert server.behaviour.received == []


def test_a_wrong_password_loses_no_mail(certificate: tuple[ssl.SSLContext, Path]) -> None:
    tls, ca_file = certificate
    with smtp_server(tls=tls, login=True) as server:
        where = SmtpServer("127.0.0.1", server.port, "starttls", USER, "wrong", ca_file)
        with pytest.raises(MailDeferred, match="did not let us in: 535"):
            SmtpTransport(where).deliver(message())


def test_an_unreadable_ca_file_is_named(tmp_path: Path) -> None:
    where = SmtpServer("127.0.0.1", 9, "starttls", None, None, tmp_path / "none.pem")
    with pytest.raises(MailDeferred, match=r"none\.pem"):
        SmtpTransport(where).deliver(message())


def test_sending_inside_a_write_transaction_is_a_fault() -> None:
    with writing(), pytest.raises(RuntimeError, match="inside a write transaction"):
        plain(9).deliver(message())


# --- addresses of servers -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "password", "expected"),
    [
        ("smtp://mail.example.com", "", ("mail.example.com", 587, "starttls", None, None)),
        (
            "smtp://me%40x.org@mail.example.com:2525",
            "pw",
            ("mail.example.com", 2525, "starttls", "me@x.org", "pw"),
        ),
        ("smtps://me:s%3Acret@mail.example.com", "", ("mail.example.com", 465, "implicit", "me", "s:cret")),
        ("smtp+plain://relay.lan", "", ("relay.lan", 25, "none", None, None)),
        ("smtp://localhost:1025", "", ("localhost", 1025, "none", None, None)),
        ("smtp://[::1]:1025", "", ("::1", 1025, "none", None, None)),
        ("smtp://me@localhost:1025", "pw", ("localhost", 1025, "starttls", "me", "pw")),
    ],
)
def test_smtp_urls(url: str, password: str, expected: tuple[object, ...]) -> None:
    server = parse_smtp_url(url, password=password)
    assert (server.host, server.port, server.tls, server.user, server.password) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.com:587",
        "http://mail.example.com",
        "smtp://",
        "smtp://mail.example.com:port",
        "smtp://mail.example.com/path",
        "smtp://mail.example.com?x=1",
        "smtp://me@mail.example.com",
        "smtp+plain://me:pw@mail.example.com",
    ],
)
def test_wrong_smtp_urls_say_what_to_write(url: str) -> None:
    with pytest.raises(ValueError, match=r"smtp|password"):
        parse_smtp_url(url)


def test_a_password_is_not_shown() -> None:
    assert "s3cret" not in repr(parse_smtp_url("smtps://me@mail.example.com", password="s3cret"))


# --- the mailbox --------------------------------------------------------------------------------


def test_the_mailbox_keeps_a_mail_once_with_both_parts(tmp_path: Path) -> None:
    store = make_sqlite_store(tmp_path)
    try:
        transport, sent = MailboxTransport(store, SetClock(NOW)), message(cc="sam@contoso.example")
        assert transport.deliver(sent) == transport.deliver(sent)
        with store.read(None) as tx:
            (kept,) = tx.mailbox.list()
    finally:
        store.close()
    assert (kept.id, kept.tenant_id, kept.kind, kept.received_at) == (MAIL_ID, TENANT, "invitation", NOW)
    assert kept.recipients == ("m@n.example", "sam@contoso.example")
    assert (kept.html, kept.text, kept.source) == (sent.html, sent.text, sent.source)
    assert kept.sender == "Contoso invitations <invites@contoso.example>"


def test_a_copy_is_kept_also_of_what_the_real_server_refuses(tmp_path: Path) -> None:
    store = make_sqlite_store(tmp_path)
    try:
        with smtp_server() as server:
            transport = CopyingTransport(plain(server.port), MailboxTransport(store, SetClock(NOW)))
            assert transport.deliver(message()).startswith("250 2.0.0 Accepted")
            server.behaviour.recipient = "550 No"
            refused = replace(message(), message_id="<5f0c1a52-0000-4000-8000-000000000002@contoso.example>")
            with pytest.raises(MailRefused):
                transport.deliver(refused)
        with store.read(None) as tx:
            assert len(tx.mailbox.list()) == 2
    finally:
        store.close()
