"""Self-service sign-up as it goes: progress of one person, requests that wait for approval, the funnel's events."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from xenia.core.directory.identity_provider import ExternalAccount
from xenia.core.ids import AppId, ObjectId, TenantId
from xenia.core.user_attributes import AttributeValues
from xenia.record import Record


class SignUpProgress(Record):
    """How far a sign-up is, as facts of its interaction. Only ever filled in, never decided here."""

    flow_id: str
    is_test: bool = False
    """Started by **Run user flow**: the guest is tagged and can be removed in one click."""
    prefill: AttributeValues = ()
    """From the provider, then from the first connector; the page shows them, the person may change them."""
    passed_first_hook: bool = False
    details: AttributeValues | None = None
    """What the attribute page collected, with a connector's overrides; None before it was sent."""
    passed_second_hook: bool = False
    block_message: str | None = None
    """A connector ended the sign-up; its words, plain text."""
    block_source: str | None = None
    """Host of that connector."""
    invalid_message: str | None = None
    """A connector asks for a correction of the details; shown on the page, cleared by the next try."""
    failed: bool = False
    """A connector gave no usable answer; nothing was created."""
    request_id: str | None = None
    """The request that waits for approval."""

    def again(self) -> SignUpProgress:
        """The same sign-up with another account: what was found out about the last one is dropped."""
        return SignUpProgress(self.flow_id, is_test=self.is_test)


TEST_GUEST = "Test sign-up"
"""``employeeType`` of guests made by **Run user flow**, so that they can be told and removed."""


class RequestState(StrEnum):
    """Life of a sign-up request."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"


class SignUpRequest(Record):
    """Somebody who proved an account and sent details, waiting for an approver."""

    id: str
    tenant_id: TenantId
    flow_id: str
    app_id: AppId
    account: ExternalAccount
    """For passcodes too: provider ``EmailOtpSignup-OAUTH``, subject the address key."""
    details: AttributeValues
    created_at: datetime
    passing: tuple[str, ...] = ()
    """Attributes that approvers are told and nobody keeps, as the flow said when the details were sent."""
    is_test: bool = False
    language: str = ""
    """In which they are told what was decided; empty: as the organisation writes its mails."""
    interaction_id: str = ""
    """The sign-up that asked: an approval completes its way through the funnel."""
    state: RequestState = RequestState.PENDING
    decided_at: datetime | None = None
    decided_by: str | None = None
    """Display name of the approver."""
    reason: str = ""
    user_id: ObjectId | None = None
    """The guest, once approved."""


class Stage(StrEnum):
    """Stations of the funnel, in order."""

    STARTED = "started"
    PROVIDER_DONE = "provider-done"
    MAIL_VERIFIED = "mail-verified"
    DETAILS_SENT = "details-sent"
    CONNECTOR_PASSED = "connector-passed"
    CREATED = "guest-created"


class SignUpEvent(Record):
    """One station reached, or one reason for leaving, by one interaction. At most one of each kind is kept."""

    id: str
    tenant_id: TenantId
    flow_id: str
    interaction_id: str
    at: datetime
    stage: Stage
    left_because: str | None = None
    """None: the station was reached. Else a reason key (``blocked``, ``declined``, ``connector-failed`` …): it ended here."""
    app_id: AppId | None = None
    provider_id: str | None = None
    is_test: bool = False
