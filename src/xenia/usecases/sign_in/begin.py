"""The beginnings: an app's authorization request, and the redemption of an invitation."""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.directory.tenant import Tenant
from xenia.core.errors import LimitReached
from xenia.core.invitation import Invitation
from xenia.core.networks import network_of
from xenia.core.session import Session
from xenia.core.signin.facts import Facts
from xenia.core.signin.interaction import INTERACTION_LIFETIME, Interaction
from xenia.core.signin.request import AuthorizeRequest, RedeemRequest
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.sign_in.finish import Finished, draw, finish
from xenia.usecases.sign_in.realm import at_home, hinted
from xenia.usecases.sign_in.situation import (
    BrowserContext,
    Situation,
    assess,
    browser_hash,
    find_session,
    seeded,
)
from xenia.usecases.sign_in.turn import Turn
from xenia.usecases.sign_up.going_on import go_on
from xenia.usecases.sign_up.run_seal import is_test_run
from xenia.usecases.sign_up.standing import first_facts, offered_flow
from xenia.usecases.tokens.issue_tokens import sign_answer

BEGINNINGS_PER_NETWORK = 2000
"""Sign-ins that need a page, begun from one network within the window: an office behind one address, not a flood."""
BEGINNINGS_WINDOW = timedelta(minutes=10)


class _Begun(Record):
    interaction: Interaction
    finished: Finished | None = None


def begin_authorize(ports: Ports, tenant: Tenant, request: AuthorizeRequest, browser: BrowserContext) -> Turn:
    """Start (or, with single sign-on, at once finish) an authorization request.

    Raises the first interrupt's silent error when ``prompt=none`` and a page would be needed, and LimitReached.
    """
    drawn = draw(ports)
    interaction, secret = _new(ports, tenant, browser, authorize=request, redeem=None)

    def work(tx: Transaction) -> _Begun | Situation:
        now = interaction.created_at
        session = find_session(ports, tx, browser.session_secret, now)
        started = replace(interaction, facts=_first_facts(ports, tx, tenant, request, session, now))
        situation = assess(ports, tx, started, session, now)
        if situation.interrupt is None:
            return _Begun(started, finish(ports, tx, situation, browser, drawn, now, stored=False))
        if request.is_silent:
            return situation
        _add(ports, tx, started, browser)
        go_on(ports, tx, situation, situation, session, browser, now)
        return _Begun(started)

    outcome = ports.store.write(tenant.id, work)
    if isinstance(outcome, Situation):
        assert outcome.interrupt is not None
        raise outcome.interrupt.silent_error
    if outcome.finished is None:
        return Turn(interaction_id=outcome.interaction.id, browser_secret=secret)
    return completed(ports, outcome.finished)


def begin_redeem(ports: Ports, tenant: Tenant, invitation: Invitation, browser: BrowserContext) -> Turn:
    """Start redeeming *invitation* (its ticket is verified already). The account is the invited one.

    A session of another account in this browser neither helps nor hinders: only the invited mailbox counts.
    Raises LimitReached.
    """
    interaction, secret = _new(
        ports, tenant, browser, authorize=None, redeem=RedeemRequest(invitation.id, invitation.redirect_url)
    )

    def work(tx: Transaction) -> Interaction:
        facts = at_home(tx, tenant, invitation.email)
        session = find_session(ports, tx, browser.session_secret, interaction.created_at)
        known = session.account(invitation.user_id) if session else None
        again = facts
        if known is not None and known.signed_out_at is None:
            again = replace(facts, user_id=known.user_id, proofs=known.proofs, sid=known.sid)
        started = replace(interaction, facts=again)
        _add(ports, tx, started, browser)
        return started

    started = ports.store.write(tenant.id, work)
    return Turn(interaction_id=started.id, browser_secret=secret)


def completed(ports: Ports, finished: Finished) -> Turn:
    """The turn of a finished interaction; signatures are made here, after the commit."""
    return Turn(
        answer=sign_answer(ports, finished.planned)
        if finished.planned is not None
        else finished.admin_consent,
        destination=finished.destination,
        tenant=finished.tenant,
        language=finished.language,
        session_secret=finished.session_secret,
        session_max_age=finished.session_max_age,
        account_secret=finished.account_secret,
        device_app=finished.device_app,
    )


def _add(ports: Ports, tx: Transaction, started: Interaction, browser: BrowserContext) -> None:
    """Keep the interaction. Nobody is known yet, so what bounds the rows is the network they come from."""
    key = f"sign-in-begun:{network_of(browser.ip_address)}"
    most = BEGINNINGS_PER_NETWORK * ports.server.signin_limit_scale
    wait = tx.limits.hit(key, most, BEGINNINGS_WINDOW, started.created_at)
    if wait is not None:
        raise LimitReached("sign-in", wait, "Too many sign-ins were begun from your network.")
    tx.sign_ins.add_interaction(started)


def _new(
    ports: Ports,
    tenant: Tenant,
    browser: BrowserContext,
    *,
    authorize: AuthorizeRequest | None,
    redeem: RedeemRequest | None,
) -> tuple[Interaction, str | None]:
    """An interaction bound to this browser, and the new browser secret when it had none."""
    now = ports.clock.now()
    fresh = None if browser.browser_secret else ports.entropy.token()
    interaction = Interaction(
        id=ports.entropy.token(16),
        tenant_id=tenant.id,
        browser_hash=browser_hash(ports, browser.browser_secret or fresh or ""),
        authorize=authorize,
        redeem=redeem,
        correlation_id=browser.correlation_id,
        created_at=now,
        expires_at=now + INTERACTION_LIFETIME,
    )
    return interaction, fresh


def _first_facts(
    ports: Ports,
    tx: Transaction,
    tenant: Tenant,
    request: AuthorizeRequest,
    session: Session | None,
    now: datetime,
) -> Facts:
    """What is known before any page: the session's proofs, unless a choice or a new proof is demanded."""
    if request.wants_sign_up:
        flow = offered_flow(tx, tx.tenants.policies(tenant.id), request.app_id)
        return first_facts(flow, is_test=is_test_run(ports, tenant.id, request, flow, now))
    facts = Facts()
    if not {"login", "select_account"} & set(request.prompts):
        facts = seeded(facts, session, login_hint=request.login_hint)
    if facts.login is None and (request.login_hint or request.domain_hint):
        facts = hinted(tx, tenant, request) or facts
    return facts
