"""Device codes: a device waits while its person approves on another screen (RFC 8628).

The short code that the person types is all an attacker could guess: nine of 28 characters (43 bits), which live
for minutes, looked up under limits (RFC 8628 section 5.2).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.ids import AppId, ObjectId, TenantId
from xenia.core.signin.facts import Proof
from xenia.record import Record

DEVICE_CODE_LIFETIME = timedelta(minutes=15)
POLL_INTERVAL = timedelta(seconds=5)
SHORTEST_POLL = timedelta(seconds=4)
"""Polls closer together are refused; clients that count their five seconds badly are not."""
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"
"""No vowels, so that no words come out, and nothing that looks like something else (RFC 8628 section 6.1)."""
_LENGTH = 9
USER_CODE_DIGITS = 22
"""Random decimal digits that ``user_code`` takes: so many that no character is noticeably likelier."""


def user_code(digits: str) -> str:
    """The short code made of random decimal *digits*."""
    number, letters = int(digits), []
    for _ in range(_LENGTH):
        number, index = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[index])
    return "".join(letters)


def typed_user_code(text: str) -> str | None:
    """What somebody typed, as it was issued: case, blanks and dashes do not matter. None when it can be no code."""
    code = "".join(letter for letter in text.upper() if letter not in " -\t")
    return code if len(code) == _LENGTH and set(code) <= set(_LETTERS) else None


class DeviceApproval(Record):
    """Who said yes, and what they had proven."""

    user_id: ObjectId
    sid: str
    proofs: tuple[Proof, ...]
    family_id: str = ""
    """The token family that the redemption founds, known beforehand: a second redemption revokes it."""
    is_persistent: bool = False


class DeviceCode(Record):
    """A device's request; both of its codes are kept as keyed hashes."""

    code_hash: str
    user_code_hash: str
    tenant_id: TenantId
    app_id: AppId
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    ip_address: str = ""
    """Of the device: shown to whoever approves (device-code phishing)."""
    user_agent: str = ""
    claims_request: str | None = None
    endpoint_version: str = "2.0"
    approval: DeviceApproval | None = None
    """With ``decided_at`` and without this the person declined."""
    decided_at: datetime | None = None
    polled_at: datetime | None = None
    consumed_at: datetime | None = None
