"""Password hashing with Argon2id (RFC 9106), a bounded number at a time.

Owns the cost parameters and the dummy that makes an unknown account as slow as a known one. Must not
know users: it sees a password and a hash.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_MEMORY_KIB = 19 * 1024
_PASSES = 2
_LANES = 1
_CONCURRENT = 2
"""Hashes under way at once. More would let a burst of sign-ins take memory and cores from everybody else."""

_DUMMY = f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}$ZHVtbXktc2FsdC1kdW1teQ$" + "A" * 43
"""Same cost as a real hash, matched by no password anybody could compute."""


class Argon2Hasher:
    """``PasswordHasher`` over argon2-cffi: 19 MiB, two passes, one lane."""

    def __init__(self) -> None:
        self._slots = threading.BoundedSemaphore(_CONCURRENT)
        self._lock = threading.Lock()
        self._hasher: PasswordHasher | None = None

    def hash(self, password: str) -> str:
        """The encoded hash with its parameters and a random salt."""
        hasher = self._argon2()
        with self._slots:
            return hasher.hash(password)

    def verify(self, password: str, hashed: str | None) -> bool:
        """Whether the password belongs to the hash; None costs the same and is always False."""
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415  (start-up time)

        hasher = self._argon2()
        with self._slots:
            try:
                hasher.verify(hashed or _DUMMY, password)
            except (VerificationError, InvalidHashError):
                return False
        return hashed is not None

    def _argon2(self) -> PasswordHasher:
        # Imported with the first password, not at start: discovery and client credentials never need it.
        from argon2 import PasswordHasher  # noqa: PLC0415

        with self._lock:
            if self._hasher is None:
                self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)
            return self._hasher
