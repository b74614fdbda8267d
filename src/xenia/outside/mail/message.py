"""The finished message: headers and MIME parts (RFC 5322, RFC 2045).

Owns everything that stands in a header. Values from people reach headers only through the parsed
``Address`` type and after control characters are gone, so no line can be smuggled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr

from xenia.core.addresses import domain_key
from xenia.core.mail import RenderedMail

KIND_HEADER = "X-Xenia-Kind"
TENANT_HEADER = "X-Xenia-Tenant"
_POLICY = SMTP.clone(max_line_length=78, raise_on_defect=False)
_LONGEST_NAME = 120
_SPECIALS = frozenset('()<>[]:;@\\,."=?')


@dataclass(frozen=True, slots=True)
class Envelope:
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
    message_id = f"<{envelope.mail_id}@{sender.domain}>"
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = to
    if cc is not None:
        message["Cc"] = cc
    if envelope.reply_to:
        message["Reply-To"] = _address(envelope.reply_to)
    message["Subject"] = _printable(envelope.subject)
    message["Date"] = now
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5: no vacation notices, please
    message[KIND_HEADER] = _printable(envelope.kind)
    if envelope.tenant_id:
        message[TENANT_HEADER] = _printable(envelope.tenant_id)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = envelope.language
    message.set_boundary(f"=_{envelope.mail_id}")
    return RenderedMail(
        message_id=message_id,
        sender=sender.addr_spec,
        recipients=(to.addr_spec,) if cc is None else (to.addr_spec, cc.addr_spec),
        subject=envelope.subject,
        html=html,
        text=text,
        source=bytes(message),
    )


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
