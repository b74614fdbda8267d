"""Requests for admin consent, as the use cases need them."""

from __future__ import annotations

from typing import Protocol

from xenia.core.consent_request import ConsentRequest
from xenia.core.ids import AppId


class ConsentRequests(Protocol):
    """Requests of this tenant."""

    def add(self, request: ConsentRequest) -> None: ...
    def find(self, request_id: str) -> ConsentRequest | None: ...
    def pending_of(self, app_id: AppId) -> ConsentRequest | None:
        """The newest undecided request for this app, expired or not."""
        ...

    def list(self, *, pending: bool = False, limit: int = 500) -> tuple[ConsentRequest, ...]:
        """Newest first; with *pending* the undecided ones, expired or not."""
        ...

    def replace(self, request: ConsentRequest) -> bool:
        """Change one that waits; False when it was decided already (one conditional statement)."""
        ...
