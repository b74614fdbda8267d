"""When a user flow asks a connector, and what its verdict does to the sign-up.

The question is put between two transactions, as an errand; the second transaction brings the verdict and does
everything that follows without the person. Calling the connector itself is ``call_connector``.
"""

from __future__ import annotations

from datetime import datetime

from xenia.core.connector_messages import (
    Continue,
    Failed,
    HookQuestion,
    ShowBlockPage,
    ValidationError,
    Verdict,
    with_claims,
)
from xenia.core.sign_up import SignUpProgress
from xenia.core.signin.facts import Errand, ErrandKind, Facts
from xenia.core.user_attributes import AttributeValues
from xenia.core.user_flow import Hook
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.self_service.call_connector import connector_host
from xenia.usecases.sign_in.situation import Situation
from xenia.usecases.sign_up.standing import Standing, account_of, known_values, proven_address


class PendingCall(Record):
    """A connector to be asked once the transaction is committed."""

    interaction_id: str
    errand: Errand
    hook: Hook
    connector_id: str
    question: HookQuestion


def due_hook(standing: Standing) -> Hook | None:
    """The hook that must be passed now, when nothing else is missing. The first comes before any page."""
    asked, done = standing.demands, standing.progress
    if asked.first_hook and not done.passed_first_hook:
        return Hook.AFTER_FEDERATION
    if asked.second_hook and not done.passed_second_hook:
        return Hook.BEFORE_CREATION
    return None


def call_for(
    ports: Ports,
    tx: Transaction,
    interaction_id: str,
    standing: Standing,
    facts: Facts,
    hook: Hook,
    now: datetime,
    ui_locales: str,
) -> PendingCall | None:
    """The call of this hook; None when its connector is gone."""
    flow = standing.flow
    connector = tx.api_connectors.find(flow.connectors[hook]) if flow is not None else None
    if connector is None:
        return None
    account = account_of(facts)
    known = known_values(facts)
    if hook is Hook.BEFORE_CREATION and standing.progress.details is not None:
        known = standing.progress.details
    return PendingCall(
        interaction_id,
        Errand(ports.entropy.guid(), ErrandKind.CONNECTOR, connector_host(connector), now),
        hook,
        connector.id,
        # Connectors decide by the domain of the address: one that is merely claimed must not open their doors.
        HookQuestion((proven_address(account) if account else None) or "", known, account, ui_locales),
    )


def after_verdict(situation: Situation, call: PendingCall, verdict: Verdict) -> Facts:
    """The facts once the connector has spoken.

    A validation error where there is no page to correct anything on ends the sign-up with its message.
    """
    facts, standing = situation.facts, situation.standing
    progress = facts.sign_up
    if progress is None:
        return facts
    told = replace(progress, block_source=call.errand.host)
    has_page = standing is not None and standing.demands.asks_details
    match verdict:
        case Continue(claims=claims):
            progress = _passed(progress, call.hook, claims)
        case ShowBlockPage(message=message):
            progress = replace(told, block_message=message)
        case ValidationError(message=message) if has_page:
            progress = replace(told, invalid_message=message)
        case ValidationError(message=message):
            progress = replace(told, block_message=message)
        case Failed():
            progress = replace(progress, failed=True)
    return replace(facts, sign_up=progress)


def _passed(progress: SignUpProgress, hook: Hook, claims: AttributeValues) -> SignUpProgress:
    if hook is Hook.AFTER_FEDERATION:
        return replace(progress, passed_first_hook=True, prefill=with_claims(progress.prefill, claims))
    details = with_claims(progress.details or (), claims)
    kept = details if progress.details is not None or claims else None
    return replace(progress, passed_second_hook=True, details=kept, invalid_message=None)
