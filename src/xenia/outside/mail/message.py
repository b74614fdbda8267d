"""The finished message: headers and MIME parts (RFC 5322, RFC 2045).

Owns everything that stands in a header. Values from people reach headers only through the parsed
``Address`` type and after control characters are gone, so no line can be smuggled in.

Two parts under a dozen headers are written here, line by line; the library's general message parses and folds
each header several times over. What must be encoded or folded is left to it.
"""

from __future__ import annotations

from binascii import b2a_qp
from datetime import datetime
from email.headerregistry import Address
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from xenia.core.addresses import domain_key
from xenia.core.mail import RenderedMail
from xenia.record import Record

_LONGEST_LINE = 78
_POLICY = SMTP.clone(max_line_length=_LONGEST_LINE, raise_on_defect=False)
_LONGEST_NAME = 120
_SPECIALS = frozenset('()<>[]:;@\\,."=?')


class Envelope(Record):
    """What the headers say."""

    mail_id: str
    kind: str
    tenant_id: str
    language: str
    sender_name: str
    sender: str
    """Address, or ``Name <address>`` of which the address counts."""
    to: str
    cc: str | None
    cc_name: str
    reply_to: str | None
    subject: str


def build_message(envelope: Envelope, html: str, text: str, now: datetime) -> RenderedMail:
    """Both parts under their headers. Raises ValueError for an address that is none."""
    sender = _address(parseaddr(envelope.sender)[1], envelope.sender_name)
    to = _address(envelope.to)
    cc = None if envelope.cc is None else _address(envelope.cc, envelope.cc_name)
    reply_to = _address(envelope.reply_to) if envelope.reply_to else None
    message_id = f"<{envelope.mail_id}@{sender.domain}>"
    fields: tuple[tuple[str, str | Address | None], ...] = (
        ("From", sender),
        ("To", to),
        ("Cc", cc),
        ("Reply-To", reply_to),
        ("Subject", _printable(envelope.subject)),
        ("Date", format_datetime(now)),
        ("Message-ID", message_id),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834 section 5: no vacation notices, please
        ("X-Xenia-Kind", _printable(envelope.kind)),
        ("X-Xenia-Tenant", _printable(envelope.tenant_id) or None),
        ("Content-Language", envelope.language),
    )
    headers = "".join(_field(name, value) for name, value in fields if value is not None)
    return RenderedMail(
        message_id=message_id,
        sender=sender.addr_spec,
        recipients=(to.addr_spec,) if cc is None else (to.addr_spec, cc.addr_spec),
        subject=envelope.subject,
        html=html,
        text=text,
        kind=envelope.kind,
        tenant_id=envelope.tenant_id,
        sender_shown=str(sender),
        # "=_" occurs in no quoted-printable text, so neither does the boundary (RFC 2045 section 6.7).
        source=headers.encode("ascii") + _alternatives(f"=_{envelope.mail_id}", text, html),
    )


def _field(name: str, value: str | Address) -> str:
    """One header with its line end; the library encodes (RFC 2047) and folds what cannot stand as it is."""
    line = f"{name}: {value}"
    if line.isascii() and line.isprintable() and len(line) <= _LONGEST_LINE:
        return f"{line}\r\n"
    folded: str = _POLICY.fold(*_POLICY.header_store_parse(name, value))
    return folded


def _alternatives(boundary: str, text: str, html: str) -> bytes:
    """The body with the headers that describe it: plain text first, the richest part last (RFC 2046 section 5.1.4)."""
    begin = f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
    parts = (_part(boundary, "plain", text), _part(boundary, "html", html))
    return begin.encode("ascii") + b"".join(parts) + f"--{boundary}--\r\n".encode("ascii")


def _part(boundary: str, subtype: str, content: str) -> bytes:
    head = (
        f'--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    lines = b"".join(line + b"\r\n" for line in content.encode().splitlines())
    return head.encode("ascii") + b2a_qp(lines, istext=True) + b"\r\n"


def _address(address: str, name: str = "") -> Address:
    """An address with an ASCII domain (RFC 5890), so that every mail server on the way can read it."""
    local, _, domain = address.strip().rpartition("@")
    ascii_domain = domain_key(domain)
    if not local or ascii_domain is None or not (local.isascii() and local.isprintable()):
        raise ValueError("not an address that can stand in a header")
    return Address(_display_name(name), username=local, domain=ascii_domain)


def _display_name(name: str) -> str:
    """A name without the signs that have a meaning in address headers (RFC 5322 section 3.2.3, RFC 2047).

    Quoting them is not enough: mail programs, and this library when it folds long headers, have read quoted
    or encoded commas and brackets as further recipients.
    """
    words = "".join(" " if sign in _SPECIALS else sign for sign in _printable(name)).split()
    return " ".join(words)[:_LONGEST_NAME].strip()


def _printable(text: str) -> str:
    """One line that no reader decodes once more: ``=?`` begins an encoded word (RFC 2047 section 2)."""
    return "".join(sign if sign.isprintable() else " " for sign in text).replace("=?", "= ?")
