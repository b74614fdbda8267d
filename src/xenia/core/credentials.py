"""Credentials of people: password, e-mail passcode and authenticator app, as they are stored.

Strength is counted in factors: a passcode by mail and a password are each one (first) factor, an
authenticator app is the second. Rules of lifetime and tries live here; the cryptography is behind ports.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.ids import ObjectId, TenantId
from xenia.record import Record

PASSCODE_DIGITS = 8
PASSCODE_LIFETIME = timedelta(minutes=30)
PASSCODE_RESEND_AFTER = timedelta(seconds=30)
PASSCODE_TRIES = 5
PASSCODES_ALIVE_PER_ADDRESS = 5
PASSCODE_SESSION = timedelta(hours=24)
"""After this a guest proves the mailbox anew."""
AUTHENTICATOR_APPS_PER_USER = 5


class PasswordCredential(Record):
    """A member's password, as an Argon2 hash. Guests never have one."""

    user_id: ObjectId
    hash: str
    changed_at: datetime
    must_change: bool = False


class EmailPasscode(Record):
    """A passcode sent to an address within one interaction. Kept as a keyed hash."""

    id: str
    tenant_id: TenantId
    interaction_id: str
    address_key: str
    code_hash: str
    sent_at: datetime
    expires_at: datetime
    tries: int = 0
    consumed_at: datetime | None = None
    replaced_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Whether entering it could still succeed."""
        return (
            self.consumed_at is None
            and self.replaced_at is None
            and self.tries < PASSCODE_TRIES
            and now < self.expires_at
        )


class AuthenticatorApp(Record):
    """A TOTP authenticator (RFC 6238: SHA-1, 6 digits, 30 s). Counts only once proven."""

    id: str
    tenant_id: TenantId
    user_id: ObjectId
    display_name: str
    sealed_secret: str
    created_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0
    """Time step of the newest accepted code: a code works once (RFC 6238 section 5.2)."""
