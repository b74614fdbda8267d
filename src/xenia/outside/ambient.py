"""Time and randomness of the machine: the only module that may ask for either.

Owns the system clock, a clock that can be turned (the workshop and tests) and the source of every
unpredictable value. Must not know what the values are for.
"""

from __future__ import annotations

import base64
import os
import secrets
import threading
from collections import deque
from datetime import UTC, datetime, timedelta

from xenia.ports import Clock

_TOTP_SECRET_BYTES = 20
"""160 bits, the recommended length of a shared secret (RFC 4226 section 4, R6)."""


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)


class OffsetClock:
    """Another clock, turned: what expires in a day can be tried in a second."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._lock = threading.Lock()
        self._offset = timedelta()

    def now(self) -> datetime:
        """The base clock's time plus the offset."""
        return self._base.now() + self._offset

    def advance(self, step: timedelta) -> datetime:
        """Turn the clock (back, with a negative step) and return the new time."""
        with self._lock:
            self._offset += step
        return self.now()


_GUIDS_AT_ONCE = 64
_guids: deque[str] = deque()
"""Drawn ahead: asking the system gives up the interpreter lock, which under load takes longer to get back than
the drawing. Names only; whatever must be secret is drawn when it is needed."""
if hasattr(os, "register_at_fork"):
    # Two processes must never hand out the same ones.
    os.register_at_fork(after_in_child=_guids.clear)


def _fresh_guids() -> list[str]:
    """RFC 9562 section 5.4, written out: the uuid module takes four times as long."""
    made = []
    random = secrets.token_bytes(16 * _GUIDS_AT_ONCE)
    for start in range(0, len(random), 16):
        drawn = bytearray(random[start : start + 16])
        drawn[6] = drawn[6] & 0x0F | 0x40
        drawn[8] = drawn[8] & 0x3F | 0x80
        text = drawn.hex()
        made.append(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")
    return made


class SystemEntropy:
    """Unpredictable values from the operating system's generator."""

    def guid(self) -> str:
        """A random (version 4) GUID, lower case."""
        try:
            return _guids.popleft()
        except IndexError:
            fresh = _fresh_guids()
            _guids.extend(fresh[1:])
            return fresh[0]

    def token(self, size: int = 32) -> str:
        """``size`` random bytes as base64url without padding."""
        return secrets.token_urlsafe(size)

    def digits(self, count: int) -> str:
        """``count`` decimal digits, each value equally likely, leading zeros included."""
        return f"{secrets.randbelow(10**count):0{count}d}"

    def totp_secret(self) -> str:
        """160 random bits in base32, which fills its 32 characters without padding."""
        return base64.b32encode(secrets.token_bytes(_TOTP_SECRET_BYTES)).decode("ascii")

    def key(self) -> bytes:
        """A fresh 256-bit data key."""
        return secrets.token_bytes(32)
