"""What a captured mail holds for its reader: passcode, invitation link, headers, and its HTML made harmless to links."""

from __future__ import annotations

import re
from email import policy
from email.parser import BytesHeaderParser

from xenia.core.mail import CapturedMail, MailKind

KIND_WORDS = {
    MailKind.INVITATION.value: "Invitation",
    MailKind.PASSCODE.value: "Code",
    MailKind.TEST.value: "Test",
    MailKind.METHOD_ADDED.value: "Notice",
    MailKind.SIGN_UP_APPROVED.value: "Decision",
    MailKind.SIGN_UP_DENIED.value: "Decision",
    MailKind.CONSENT_REQUESTED.value: "Request",
    MailKind.CONSENT_APPROVED.value: "Decision",
    MailKind.CONSENT_DENIED.value: "Decision",
}

_CODE = re.compile(r"\A\s*(\d[\d ]{2,13}\d)\s*$", re.MULTILINE)
_LINK = re.compile(r"https?://\S+")


def passcode_of(mail: CapturedMail) -> str | None:
    """The code of a passcode mail, without the blanks it is printed with: its text begins with it."""
    found = _CODE.match(mail.text) if mail.kind == MailKind.PASSCODE.value else None
    return found.group(1).replace(" ", "") if found else None


def invitation_link_of(mail: CapturedMail, base_url: str) -> str | None:
    """The link that accepts the invitation; only one of our own server's is ever offered as a button."""
    if mail.kind != MailKind.INVITATION.value:
        return None
    links = (found.group().rstrip(".,)>") for found in _LINK.finditer(mail.text))
    return next(
        (link for link in links if link.startswith((f"{base_url}/redeem?", f"{base_url}/redeem/?"))), None
    )


def headers_of(mail: CapturedMail) -> list[tuple[str, str]]:
    """Name and decoded value of each header, in order."""
    message = BytesHeaderParser(policy=policy.default).parsebytes(mail.source)
    return [(name, str(value)) for name, value in message.items()]


def source_of(mail: CapturedMail) -> str:
    """The message as it went over the wire."""
    return mail.source.decode("utf-8", "replace")


def framed_html(mail: CapturedMail) -> str:
    """The HTML part for its sandboxed frame: every link opens a new window, because the first base element counts."""
    return f'<!doctype html><meta charset="utf-8"><base target="_blank">{mail.html}'
