"""The end of an errand: one write transaction that takes it away and puts in what was learnt.

Owns what is done with an answer of somebody else's server, here and in the background: the facts, the way on
without the person, the next errand. Waiting for it is ``errands``; what is asked is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from xenia.core.errors import Conflict
from xenia.core.ids import TenantId
from xenia.core.signin.facts import Errand, Facts
from xenia.core.signin.interaction import Interaction
from xenia.core.signin.interrupts import Step
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.self_service.call_connector import run_hook
from xenia.usecases.sign_in.finish import record_refusal
from xenia.usecases.sign_in.situation import BrowserContext, Situation, assess, find_session
from xenia.usecases.sign_up.going_on import OnTheWay, go_on
from xenia.usecases.sign_up.hooks import PendingCall, after_verdict

T = TypeVar("T")
Settled = Callable[[Transaction, Situation, datetime], Facts]


class Waiting(Record):
    """The errand of one interaction, as whoever works on it knows it."""

    tenant_id: TenantId
    interaction_id: str
    errand: Errand
    browser: BrowserContext


def twice(write: Callable[[], T]) -> T:
    """Once more after a lost race for something unique: the second time it is found. Raises Conflict then."""
    try:
        return write()
    except Conflict:
        return write()


def launch(ports: Ports, waiting: Waiting, work: Callable[[], None], *, trouble: str = "busy") -> None:
    """Start the work of an errand whose transaction is committed.

    Refused by the pool (too many wait for this host, or altogether), it ends at once with *trouble*. What was
    given up while it waited its turn is not begun: it would only make others wait longer, for nothing.
    """

    def work_if_awaited() -> None:
        with ports.store.read(waiting.tenant_id) as tx:
            found = tx.sign_ins.find_interaction(waiting.interaction_id)
        if found is not None and _is_awaited(found, waiting.errand, ports.clock.now()):
            work()

    errand = waiting.errand
    if not ports.errands.start(errand.id, waiting.tenant_id, errand.host, work_if_awaited):
        settle(ports, waiting, lambda _tx, situation, _now: replace(situation.facts, trouble=trouble))


def settle(ports: Ports, waiting: Waiting, apply: Settled) -> Situation | None:
    """End the errand: *apply* says what was learnt. None when nobody waits for it any more.

    Somebody may have left, begun anew, or tried again meanwhile: then nothing is changed. What *apply* returns
    may hold the next errand; whoever put it there starts it afterwards.
    """
    record_id = ports.entropy.guid()

    def work(tx: Transaction) -> OnTheWay | None:
        now = ports.clock.now()
        found = tx.sign_ins.find_interaction(waiting.interaction_id)
        if found is None or not _is_awaited(found, waiting.errand, now):
            return None
        interaction = replace(found, facts=replace(found.facts, errand=None))
        session = find_session(ports, tx, waiting.browser.session_secret, now)
        before = assess(ports, tx, interaction, session, now)
        facts = apply(tx, before, now)
        moved = assess(ports, tx, replace(interaction, facts=facts), session, now, before=before)
        way = go_on(ports, tx, before, moved, session, waiting.browser, now)
        moved = way.situation
        if moved.interrupt is not None and moved.interrupt.step is Step.REFUSED:
            record_refusal(tx, moved, waiting.browser, record_id, now)
        tx.sign_ins.advance_interaction(moved.interaction)
        return way

    way = twice(lambda: ports.store.write(waiting.tenant_id, work))
    if way is not None and way.call is not None:
        start_call(ports, waiting.tenant_id, way.call, waiting.browser)
    return way.situation if way is not None else None


def _is_awaited(interaction: Interaction, errand: Errand, now: datetime) -> bool:
    awaited = interaction.facts.errand
    is_live = interaction.finished_at is None and interaction.expires_at > now
    return is_live and awaited is not None and awaited.id == errand.id


def start_call(ports: Ports, tenant_id: TenantId, call: PendingCall, browser: BrowserContext) -> None:
    """Ask the connector of a sign-up, its errand being committed."""
    waiting = Waiting(tenant_id, call.interaction_id, call.errand, browser)

    def work() -> None:
        verdict = run_hook(
            ports, tenant_id, call.connector_id, call.hook, call.question, browser.correlation_id
        )
        settle(ports, waiting, lambda _tx, situation, _now: after_verdict(situation, call, verdict))

    launch(ports, waiting, work)
