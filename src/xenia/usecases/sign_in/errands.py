"""Waiting for somebody else's server between two transactions: lease, end, progress.

A use case puts an ``Errand`` into the facts of its transaction and starts the work after the commit. The last
act of the work is ``settle``: one write transaction that takes the errand away and puts in what was learnt.
No request thread waits longer than ``MOMENT``; a process that dies leaves an errand that lapses.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.ids import TenantId
from xenia.core.signin.facts import ErrandKind, Facts
from xenia.core.signin.interrupts import Step
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.sign_in.begin import completed
from xenia.usecases.sign_in.finish import Finished, draw, finish
from xenia.usecases.sign_in.settling import Settled, Waiting, launch, settle
from xenia.usecases.sign_in.situation import (
    BrowserContext,
    Situation,
    assess,
    find_session,
    load_interaction,
)
from xenia.usecases.sign_in.steps import Posted, take_step
from xenia.usecases.sign_in.turn import Rejected, Turn

ERRAND_LEASE = timedelta(seconds=60)
"""After that nobody works on it any more: every request is bounded by less, so its process died."""
MOMENT = 1.0
"""Seconds a request waits for an errand before it shows the busy page."""


class Progress(Record):
    """How an interaction that waited goes on."""

    situation: Situation | None = None
    """The page that is due (or still the waiting); None when *turn* ends the sign-in."""
    turn: Turn | None = None
    has_lapsed: bool = False
    """Nobody works on the errand any more: trying again is offered."""


def progress(ports: Ports, tenant_id: TenantId, interaction_id: str, browser: BrowserContext) -> Progress:
    """Wait a moment for the errand, then say how it goes on. Raises InteractionGone.

    A sign-in of which nothing is missing any more is finished here: the interaction belongs to this browser
    and everything in it was proven by posts.
    """
    waited = _look(ports, tenant_id, interaction_id, browser)
    if isinstance(waited, Situation) and waited.facts.errand is not None:
        ports.errands.wait(waited.facts.errand.id, MOMENT)
        waited = _look(ports, tenant_id, interaction_id, browser)
    if not isinstance(waited, Situation):
        return Progress(turn=completed(ports, waited))
    errand = waited.facts.errand
    lapsed = errand is not None and ports.clock.now() - errand.started_at >= ERRAND_LEASE
    return Progress(situation=waited, has_lapsed=lapsed)


def _look(
    ports: Ports, tenant_id: TenantId, interaction_id: str, browser: BrowserContext
) -> Situation | Finished:
    with ports.store.read(tenant_id) as tx:
        now = ports.clock.now()
        interaction = load_interaction(ports, tx, interaction_id, browser, now)
        session = find_session(ports, tx, browser.session_secret, now)
        situation = assess(ports, tx, interaction, session, now)
    if situation.interrupt is not None:
        return situation
    drawn = draw(ports)

    def work(tx: Transaction) -> Situation | Finished:
        now = ports.clock.now()
        interaction = load_interaction(ports, tx, interaction_id, browser, now)
        session = find_session(ports, tx, browser.session_secret, now)
        again = assess(ports, tx, interaction, session, now)
        return again if again.interrupt is not None else finish(ports, tx, again, browser, drawn, now)

    return ports.store.write(tenant_id, work)


def give_up(ports: Ports, posted: Posted) -> Turn | Rejected:
    """**Try again** or **Do not wait** on the busy page: whatever comes back later is ignored.

    The page that is due then begins the errand anew, if it is still wanted. A connector is asked without a page:
    who does not wait for it is asked whether to try again, instead of waiting for the same once more.
    """

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts:
        del tx
        facts, errand = replace(situation.facts, errand=None), situation.facts.errand
        if errand is None or facts.sign_up is None or errand.kind is not ErrandKind.CONNECTOR:
            return facts
        if now - errand.started_at >= ERRAND_LEASE:
            return facts
        return replace(facts, sign_up=replace(facts.sign_up, failed=True))

    return take_step(ports, posted, (Step.WAIT,), apply)


__all__ = [
    "ERRAND_LEASE",
    "MOMENT",
    "Progress",
    "Settled",
    "Waiting",
    "give_up",
    "launch",
    "progress",
    "settle",
]
