"""Storage ports of self-service sign-up: providers, user flows and what they consist of, sign-ups as they go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from xenia.core.api_connector import ApiConnector, ConnectorCall
from xenia.core.directory.identity_provider import IdentityProvider, ProviderOutcome
from xenia.core.ids import AppId, ObjectId
from xenia.core.sign_up import RequestState, SignUpEvent, SignUpRequest, Stage
from xenia.core.user_attributes import UserAttribute
from xenia.core.user_flow import UserFlow

T = TypeVar("T")


class IdentityProviders(Protocol):
    """Providers an administrator entered in this tenant (built-in ones need no row)."""

    def find(self, provider_id: str) -> IdentityProvider | None: ...
    def list(self) -> tuple[IdentityProvider, ...]:
        """Oldest first."""
        ...

    def add(self, provider: IdentityProvider) -> None:
        """Raises Conflict when the id is taken."""
        ...

    def replace(self, provider: IdentityProvider) -> None:
        """Stored with ``version + 1``. Raises Conflict when the stored version differs."""
        ...

    def remove(self, provider_id: str) -> bool:
        """With its outcomes. False when there was none."""
        ...

    def outcomes(self) -> Mapping[str, ProviderOutcome]:
        """How hand-overs last went, by the provider's id; built-in ones too."""
        ...

    def record_outcome(self, provider_id: str, now: datetime, failure: str | None = None) -> None:
        """A hand-over ended, by *failure* or well. Of successes one a minute is kept: busy providers write little."""
        ...


class UserFlows(Protocol):
    """User flows of this tenant with the applications they serve."""

    def find(self, flow_id: str) -> UserFlow | None:
        """By id, any case."""
        ...

    def of_app(self, app_id: AppId) -> UserFlow | None:
        """The one flow that serves this application."""
        ...

    def list(self) -> tuple[UserFlow, ...]:
        """By id."""
        ...

    def add(self, flow: UserFlow) -> None:
        """Raises Conflict when the id is taken, or one of the applications is in another flow."""
        ...

    def replace(self, flow: UserFlow) -> None:
        """Stored with ``version + 1``. Raises Conflict for another stored version or an application in another flow."""
        ...

    def remove(self, flow_id: str) -> bool: ...


class UserAttributes(Protocol):
    """Custom user attributes of this tenant."""

    def find(self, attribute_id: str) -> UserAttribute | None:
        """By id, any case."""
        ...

    def list(self) -> tuple[UserAttribute, ...]:
        """By display name."""
        ...

    def add(self, attribute: UserAttribute) -> None:
        """Raises Conflict when the id is taken."""
        ...

    def replace(self, attribute: UserAttribute) -> None: ...
    def remove(self, attribute_id: str) -> bool: ...


class ApiConnectors(Protocol):
    """API connectors of this tenant."""

    def find(self, connector_id: str) -> ApiConnector | None: ...
    def list(self) -> tuple[ApiConnector, ...]:
        """By display name."""
        ...

    def add(self, connector: ApiConnector) -> None: ...
    def replace(self, connector: ApiConnector) -> None:
        """Stored with ``version + 1``. Raises Conflict when the stored version differs."""
        ...

    def remove(self, connector_id: str) -> bool:
        """With the records of its calls."""
        ...

    def note_call(self, call: ConnectorCall) -> None:
        """Kept for a month."""
        ...

    def calls(self, connector_id: str, limit: int) -> tuple[ConnectorCall, ...]:
        """Newest first."""
        ...


class SignUps(Protocol):
    """What happens in user flows: the funnel's events, and requests that wait for approval."""

    def record(self, event: SignUpEvent) -> None:
        """Kept once for each interaction, stage and reason; a repetition is dropped."""
        ...

    def events(self, flow_id: str, since: datetime, until: datetime) -> tuple[SignUpEvent, ...]:
        """Oldest first."""
        ...

    def count(self, flow_id: str, stage: Stage, since: datetime) -> int:
        """How many people reached this station since then; tests are not counted."""
        ...

    def add_request(self, request: SignUpRequest) -> None:
        """Raises Conflict when a request of this account in this flow waits already."""
        ...

    def find_request(self, request_id: str) -> SignUpRequest | None: ...
    def request_of(self, idp: str, subject: str, flow_id: str) -> SignUpRequest | None:
        """The newest request of this account in this flow, whatever its state."""
        ...

    def list_requests(self, state: RequestState | None = None, limit: int = 200) -> tuple[SignUpRequest, ...]:
        """Newest first."""
        ...

    def decide_request(
        self,
        request: SignUpRequest,
        state: RequestState,
        now: datetime,
        *,
        by: str,
        reason: str,
        user_id: ObjectId | None,
    ) -> bool:
        """Decide a pending request; False when it was decided already (one conditional statement)."""
        ...
