"""The funnel of a sign-up: its stations follow from the facts, so none is forgotten and none is invented.

Recorded in the transaction of the facts they describe. The store keeps each station and reason once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.errors import AddressHasAccount, GuestDomainRefused, MailboxNotProven, XeniaError
from xenia.core.ids import AppId
from xenia.core.sign_up import SignUpEvent, Stage
from xenia.core.signin.facts import Facts
from xenia.core.signin.interrupts import Interrupt, Step
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.sign_in.situation import Situation
from xenia.usecases.sign_up.standing import account_of

NOT_APPROVED = "not-approved"
_ENDS = {
    Step.SIGN_UP_CLOSED: "closed",
    Step.BLOCKED: "blocked",
    Step.SIGN_UP_FAILED: "connector-failed",
    Step.PENDING: "waiting-for-approval",
    Step.DENIED: NOT_APPROVED,
}
_ORDER = tuple(Stage)
"""Stations of one moment are a microsecond apart, so that lists show them as they follow each other."""
CANCELLED = "cancelled"
DECLINED = "declined"
SIGNED_IN_INSTEAD = "signed-in-instead"
ALREADY_A_USER = "already-a-user"


class Traveller(Record):
    """Whose stations these are."""

    interaction_id: str
    tenant_id: str
    app_id: AppId | None
    facts: Facts


def traveller_of(situation: Situation) -> Traveller:
    """Whose stations these are, as the situation stands."""
    interaction = situation.interaction
    return Traveller(interaction.id, interaction.tenant_id, situation.client.app_id, interaction.facts)


def record_stations(ports: Ports, tx: Transaction, traveller: Traveller, now: datetime) -> None:
    """The stations the facts speak of. Those recorded before are dropped by the store."""
    for stage in reached(traveller.facts):
        record(ports, tx, traveller, stage, now)


def record_end(
    ports: Ports, tx: Transaction, traveller: Traveller, interrupt: Interrupt | None, now: datetime
) -> None:
    """The reason for leaving, when the step that is due now is an end of the way."""
    reason = _end_at(interrupt)
    if reason is not None:
        leave(ports, tx, traveller, reason, now)


def record_leaving(ports: Ports, tx: Transaction, situation: Situation, reason: str, now: datetime) -> None:
    """Somebody left by themselves, from the step that is due.

    At an end of the way the reason is the end they came to, whichever button led away from it.
    """
    interrupt = situation.interrupt
    if _end_at(interrupt) is None:
        is_declined = reason == CANCELLED and interrupt is not None and interrupt.step is Step.REVIEW
        leave(ports, tx, traveller_of(situation), DECLINED if is_declined else reason, now)


def _end_at(interrupt: Interrupt | None) -> str | None:
    if interrupt is None:
        return None
    if interrupt.step is Step.REFUSED:
        return _reason_of(interrupt.silent_error)
    return _ENDS.get(interrupt.step)


def leave(ports: Ports, tx: Transaction, traveller: Traveller, reason: str, now: datetime) -> None:
    """The way ended at the last station reached."""
    stations = reached(traveller.facts)
    record(ports, tx, traveller, stations[-1] if stations else Stage.STARTED, now, left_because=reason)


def record(
    ports: Ports,
    tx: Transaction,
    traveller: Traveller,
    stage: Stage,
    now: datetime,
    *,
    left_because: str | None = None,
) -> None:
    """One station or one reason, of a sign-up whose flow is known."""
    progress = traveller.facts.sign_up
    if progress is None or not progress.flow_id:
        return
    account = account_of(traveller.facts)
    tx.sign_ups.record(
        SignUpEvent(
            id=ports.entropy.guid(),
            tenant_id=traveller.tenant_id,
            flow_id=progress.flow_id,
            interaction_id=traveller.interaction_id,
            at=now
            + timedelta(microseconds=_ORDER.index(stage) + (0 if left_because is None else len(_ORDER))),
            stage=stage,
            left_because=left_because,
            app_id=traveller.app_id,
            provider_id=account.provider_id if account is not None else traveller.facts.provider_id,
            is_test=progress.is_test,
        )
    )


def reached(facts: Facts) -> tuple[Stage, ...]:
    """The stations these facts prove, in order."""
    progress = facts.sign_up
    if progress is None:
        return ()
    account = account_of(facts)
    checks = (
        (Stage.STARTED, True),
        (Stage.PROVIDER_DONE, account is not None),
        (Stage.MAIL_VERIFIED, account is not None and account.email_verified),
        (Stage.DETAILS_SENT, progress.details is not None),
        (Stage.CONNECTOR_PASSED, progress.passed_second_hook),
    )
    return tuple(stage for stage, holds in checks if holds)


def _reason_of(error: XeniaError) -> str:
    if isinstance(error, AddressHasAccount):
        return "has-another-account"
    if isinstance(error, GuestDomainRefused | MailboxNotProven):
        return "domain-not-accepted"
    return "refused"
