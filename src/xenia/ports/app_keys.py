"""Signing keys of single apps, as the use cases need them."""

from __future__ import annotations

from typing import Protocol

from xenia.core.directory.signing_key import AppSigningKey
from xenia.core.ids import ObjectId


class AppKeys(Protocol):
    """Own signing keys of this tenant's service principals."""

    def add(self, key: AppSigningKey) -> None: ...
    def of_principal(self, principal_id: ObjectId) -> tuple[AppSigningKey, ...]:
        """All keys of this service principal, oldest first."""
        ...

    def find_anywhere(self, kid: str) -> AppSigningKey | None:
        """By key id, in any tenant: a token is verified before its tenant is believed."""
        ...

    def remove(self, kid: str) -> bool: ...
