"""Going on without the person: asking connectors, filing the request for approval, creating the guest.

Called in the transaction of every step of a sign-up, with the situation the step led to. Does what is due until
something is asked of the person or of somebody else's server, and writes the funnel. Two people with one account
(or one person in two windows) get one guest: the second finds it, or meets the unique identity and is led on.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.actor import Actor
from xenia.core.ids import ObjectId
from xenia.core.networks import network_of
from xenia.core.session import Session
from xenia.core.sign_up import SignUpRequest, Stage
from xenia.core.signin.facts import Facts
from xenia.core.signin.interrupts import Step
from xenia.core.user_attributes import AttributeValues
from xenia.core.user_flow import Hook
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.sign_in.language import language_of, locale_of
from xenia.usecases.sign_in.situation import BrowserContext, Situation, assess
from xenia.usecases.sign_up import funnel_events
from xenia.usecases.sign_up.hooks import PendingCall, call_for, due_hook
from xenia.usecases.sign_up.new_guest import GuestOrder, add_guest
from xenia.usecases.sign_up.standing import Standing, answered_without_page

CALLS_PER_SIGN_UP = 20
CALLS_PER_NETWORK = 120
WINDOW = timedelta(hours=1)
_MOST_DEEDS = 4
"""Two hooks that are gone, a request, a guest: more is never due in a row."""


class OnTheWay(Record):
    """Where it came to, and the connector that must be asked after the commit."""

    situation: Situation
    call: PendingCall | None = None


def go_on(
    ports: Ports,
    tx: Transaction,
    before: Situation,
    moved: Situation,
    session: Session | None,
    browser: BrowserContext,
    now: datetime,
) -> OnTheWay:
    """Everything that is due without the person. *before*: as the step found it.

    Raises Conflict when somebody else became this guest, or filed this request, at this very moment: once more
    from the start finds it.
    """
    if moved.facts.sign_up is None:
        return OnTheWay(moved)
    call = None
    for _ in range(_MOST_DEEDS):
        standing = moved.standing
        if standing is None or moved.interrupt is None or moved.interrupt.step is not Step.PROCEED:
            break
        facts, call = _deed(ports, tx, moved, standing, browser, now)
        moved = assess(ports, tx, replace(moved.interaction, facts=facts), session, now, before=moved)
        if call is not None:
            break
    _record(ports, tx, before, moved, now)
    return OnTheWay(moved, call)


def _deed(
    ports: Ports,
    tx: Transaction,
    situation: Situation,
    standing: Standing,
    browser: BrowserContext,
    now: datetime,
) -> tuple[Facts, PendingCall | None]:
    hook = due_hook(standing)
    if hook is not Hook.AFTER_FEDERATION:
        standing = replace(standing, progress=answered_without_page(tx, standing, situation.facts))
    progress = standing.progress
    facts = replace(situation.facts, sign_up=progress)
    if hook is not None:
        call, locale = None, locale_of(situation, browser.languages)
        if _may_ask(ports, tx, situation, browser, now):
            call = call_for(ports, tx, situation.interaction.id, standing, facts, hook, now, locale)
        if call is None:
            return replace(facts, sign_up=replace(progress, failed=True)), None
        return replace(facts, errand=call.errand), call
    if standing.demands.requires_approval:
        request = _request(ports, situation, standing, browser, now)
        tx.sign_ups.add_request(request)
        _walk_through(ports, tx, situation, now)
        # Whoever waits has come this far, also without a connector: the funnel says where they are.
        return replace(facts, sign_up=replace(progress, request_id=request.id, passed_second_hook=True)), None
    return replace(facts, user_id=_create(ports, tx, situation, standing, browser, now)), None


def _may_ask(
    ports: Ports, tx: Transaction, situation: Situation, browser: BrowserContext, now: datetime
) -> bool:
    """Whether the organisation's server is asked once more: corrections and new tries must not flood it."""
    keys = (
        (
            f"sign-up-network:{network_of(browser.ip_address)}",
            CALLS_PER_NETWORK * ports.server.signin_limit_scale,
        ),
        (f"sign-up:{situation.interaction.id}", CALLS_PER_SIGN_UP),
    )
    return all(tx.limits.hit(key, limit, WINDOW, now) is None for key, limit in keys)


def _request(
    ports: Ports, situation: Situation, standing: Standing, browser: BrowserContext, now: datetime
) -> SignUpRequest:
    assert standing.account is not None
    return SignUpRequest(
        id=ports.entropy.guid(),
        tenant_id=situation.tenant.id,
        flow_id=standing.progress.flow_id,
        app_id=situation.client.app_id,
        account=standing.account,
        details=collected(standing),
        passing=standing.flow.passing if standing.flow is not None else (),
        created_at=now,
        is_test=standing.progress.is_test,
        language=language_of(situation, browser.languages),
        interaction_id=situation.interaction.id,
    )


def collected(standing: Standing) -> AttributeValues:
    """What will be stored: what the page sent, with the connector's words in place; without a page the connector's."""
    progress = standing.progress
    return progress.details if progress.details is not None else progress.prefill


def _create(
    ports: Ports,
    tx: Transaction,
    situation: Situation,
    standing: Standing,
    browser: BrowserContext,
    now: datetime,
) -> ObjectId:
    assert standing.account is not None
    order = GuestOrder(
        tenant=situation.tenant,
        principal=situation.principal,
        flow_id=standing.progress.flow_id,
        account=standing.account,
        details=collected(standing),
        passing=standing.flow.passing if standing.flow is not None else (),
        is_test=standing.progress.is_test,
    )
    actor = Actor(situation.tenant.id, situation.interaction.correlation_id, ip_address=browser.ip_address)
    user = add_guest(ports, tx, order, actor, now)
    _walk_through(ports, tx, situation, now)
    funnel_events.record(ports, tx, funnel_events.traveller_of(situation), Stage.CREATED, now)
    return user.id


def _walk_through(ports: Ports, tx: Transaction, situation: Situation, now: datetime) -> None:
    """A station without page or connector is passed by walking through."""
    traveller = funnel_events.traveller_of(situation)
    for stage in (Stage.DETAILS_SENT, Stage.CONNECTOR_PASSED):
        funnel_events.record(ports, tx, traveller, stage, now)


def _record(ports: Ports, tx: Transaction, before: Situation, moved: Situation, now: datetime) -> None:
    traveller = funnel_events.traveller_of(moved)
    funnel_events.record_stations(ports, tx, traveller, now)
    if moved.standing is not None:
        funnel_events.record_end(ports, tx, traveller, moved.interrupt, now)
    elif before.standing is not None and before.standing.account is None:
        # The proof led to somebody who is here already: an ordinary sign-in from now on.
        funnel_events.leave(ports, tx, traveller, funnel_events.ALREADY_A_USER, now)
