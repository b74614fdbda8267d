"""The submit side of each page: what somebody did, turned into facts or a rejection.

Every function runs in one transaction: load, check that this page is the one that is due, apply,
ask what is missing next. Rejections commit their counters; nobody gains a try by being refused.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from xenia.core import audit
from xenia.core.aadsts import AADSTS
from xenia.core.addresses import is_sign_in_name
from xenia.core.consent_request import ConsentAsker
from xenia.core.directory.user import User
from xenia.core.errors import AdminConsentRequired, ConsentDeclined, InvalidValue, WrongPassword
from xenia.core.ids import ObjectId, TenantId, fold
from xenia.core.signin.facts import Factor, Facts, Proof
from xenia.core.signin.federation import ANOTHER_ACCOUNT
from xenia.core.signin.interrupts import Step
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.consent.consent_requests import ask_for_consent, checked_justification
from xenia.usecases.sign_in.begin import completed
from xenia.usecases.sign_in.consent import acting, grant_consent
from xenia.usecases.sign_in.finish import Finished, draw, finish, record_refusal, sign_in_record
from xenia.usecases.sign_in.password_limits import (
    count_password_try,
    password_key,
    whole_login,
    with_password,
)
from xenia.usecases.sign_in.realm import at_home, way_of
from xenia.usecases.sign_in.settling import start_call, twice
from xenia.usecases.sign_in.situation import (
    BrowserContext,
    Situation,
    assess,
    find_session,
    known_here,
    load_interaction,
)
from xenia.usecases.sign_in.turn import Rejected, Turn
from xenia.usecases.sign_up.going_on import go_on
from xenia.usecases.sign_up.hooks import PendingCall

Apply = Callable[[Transaction, Situation, datetime], "Facts | Rejected"]


class Posted(Record):
    """Which page of which interaction was posted, by which browser."""

    tenant_id: TenantId
    interaction_id: str
    version: int
    browser: BrowserContext


class _Applied(Record):
    turn: Turn | None = None
    rejected: Rejected | None = None
    finished: Finished | None = None
    call: PendingCall | None = None


def take_step(ports: Ports, posted: Posted, steps: tuple[Step, ...], apply: Apply) -> Turn | Rejected:
    """Apply one post. A page that is no longer due (double click, back button) just leads to the one that is.

    Raises InteractionGone, or whatever the finishing finds.
    """
    drawn = draw(ports)

    def work(tx: Transaction) -> _Applied:
        now = ports.clock.now()
        interaction = load_interaction(ports, tx, posted.interaction_id, posted.browser, now)
        here = Turn(interaction_id=interaction.id)
        if interaction.version != posted.version:
            return _Applied(turn=here)
        session = find_session(ports, tx, posted.browser.session_secret, now)
        situation = assess(ports, tx, interaction, session, now)
        if steps and situation.interrupt is None:
            # Supplied elsewhere meanwhile (an approver, another window): this post only brings it to its end.
            return _Applied(finished=finish(ports, tx, situation, posted.browser, drawn, now))
        if steps and situation.interrupt is not None and situation.interrupt.step not in steps:
            return _Applied(turn=here)
        facts = apply(tx, situation, now)
        if isinstance(facts, Rejected):
            return _Applied(rejected=facts)
        moved = assess(ports, tx, replace(interaction, facts=facts), session, now, before=situation)
        way = go_on(ports, tx, situation, moved, session, posted.browser, now)
        moved = way.situation
        if moved.interrupt is None:
            return _Applied(finished=finish(ports, tx, moved, posted.browser, drawn, now))
        if moved.interrupt.step is Step.REFUSED:
            record_refusal(tx, moved, posted.browser, drawn.record_id, now)
        tx.sign_ins.advance_interaction(moved.interaction)
        return _Applied(turn=here, call=way.call)

    applied = twice(lambda: ports.store.write(posted.tenant_id, work))
    if applied.call is not None:
        start_call(ports, posted.tenant_id, applied.call, posted.browser)
    if applied.rejected is not None:
        ports.mail_queued()
        return applied.rejected
    if applied.finished is not None:
        return completed(ports, applied.finished)
    return applied.turn or Turn(interaction_id=posted.interaction_id)


def identify(ports: Ports, posted: Posted, login: str) -> Turn | Rejected:
    """The address was typed. Also *Use a different account*: valid at every page, the request is kept."""
    name = login.strip()
    if not is_sign_in_name(name):
        return Rejected("address", posted={"login": (login,)})

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts:
        del now
        facts, before = at_home(tx, situation.tenant, name), situation.facts
        # The provider just sent an account that is not wanted: its session must not send it again unasked.
        again = before.account is not None and facts.provider_id == before.account.provider_id
        return replace(facts, trouble=ANOTHER_ACCOUNT) if again else facts

    return take_step(ports, posted, (), apply)


def pick(ports: Ports, posted: Posted, user_id: ObjectId) -> Turn | Rejected:
    """A tile of *Pick an account* was pressed. Its session's proofs count, as far as they are fresh."""

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        del tx, now
        entry = situation.session.account(user_id) if situation.session else None
        if entry is None:
            return Rejected("address")
        way = way_of(entry)
        facts = Facts().with_account(entry.sign_in_name, way.realm, provider_id=way.provider_id)
        if entry.signed_out_at is not None:
            return facts
        return replace(facts, user_id=entry.user_id, proofs=entry.proofs, sid=entry.sid)

    return take_step(ports, posted, (Step.PICK, Step.IDENTIFY), apply)


def enter_password(ports: Ports, posted: Posted, password: str) -> Turn | Rejected:
    """A member's password. Argon2 runs between two transactions; unknown accounts cost the same."""
    allowed = ports.store.write(posted.tenant_id, lambda tx: _password_allowed(ports, tx, posted))
    if isinstance(allowed, Rejected):
        return allowed
    login, hashed = allowed
    right = ports.passwords.verify(password, hashed)

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        user = with_password(tx, login)
        credential = tx.credentials.password(user.id) if user else None
        # The hash is compared again: a password changed meanwhile must not let the old one in.
        if not right or user is None or credential is None or credential.hash != hashed:
            row = AADSTS[WrongPassword]
            tx.logs.sign_in(
                sign_in_record(
                    situation,
                    posted.browser,
                    record_id,
                    now,
                    error_code=row.code,
                    reason=WrongPassword().message,
                )
            )
            return Rejected("password")
        tx.limits.clear(password_key(posted.tenant_id, login, known_here(situation.session, login)))
        return password_proven(situation, user, now)

    record_id = ports.entropy.guid()
    return take_step(ports, posted, (Step.PASSWORD,), apply)


def password_proven(situation: Situation, user: User, now: datetime) -> Facts:
    """What is known once a member's password is proven."""
    upn = fold(user.user_principal_name)
    proof = Proof("password", Factor.FIRST, now, ("pwd",), situation.tenant.initial_domain, upn)
    return replace(situation.facts, sid=None).with_proof(proof, user.id)


def _password_allowed(ports: Ports, tx: Transaction, posted: Posted) -> tuple[str, str | None] | Rejected:
    now = ports.clock.now()
    interaction = load_interaction(ports, tx, posted.interaction_id, posted.browser, now)
    login = whole_login(tx.tenants.find(posted.tenant_id), interaction.facts.login or "")
    browser = known_here(find_session(ports, tx, posted.browser.session_secret, now), login)
    wait = count_password_try(ports, tx, posted.tenant_id, login, posted.browser.ip_address, now, browser)
    if wait is not None:
        return Rejected("limit", wait=wait)
    user = with_password(tx, login)
    credential = tx.credentials.password(user.id) if user else None
    return login, credential.hash if credential else None


def decide_consent(
    ports: Ports, posted: Posted, *, accepted: bool, for_everybody: bool = False
) -> Turn | Rejected:
    """*Permissions requested*: remember the agreement, or tell the app of the refusal.

    ``for_everybody``: *Consent on behalf of your organization*, which counts with an administrator's role alone.
    Raises ConsentDeclined when declined, AdminConsentRequired by somebody without the role at the admin
    consent endpoint (the interaction is finished: it cannot be accepted later).
    """

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        if situation.consent.admin_only:
            return Rejected("admin")
        grant_consent(ports, tx, situation, posted.browser, now, for_everybody=for_everybody)
        return replace(situation.facts, consented_scopes=situation.consent.scopes, consent_given=True)

    if accepted:
        return take_step(ports, posted, (Step.CONSENT,), apply)

    def decline(tx: Transaction) -> Situation:
        now = ports.clock.now()
        interaction = load_interaction(ports, tx, posted.interaction_id, posted.browser, now)
        tx.sign_ins.finish_interaction(interaction, now)
        return assess(
            ports, tx, interaction, find_session(ports, tx, posted.browser.session_secret, now), now
        )

    declined = ports.store.write(posted.tenant_id, decline)
    if declined.consent.for_organization and declined.consent.admin_only:
        # Not declined but not allowed to: the app learns which.
        raise AdminConsentRequired(declined.client.display_name)
    raise ConsentDeclined


def request_consent(ports: Ports, posted: Posted, justification: str) -> Turn | Rejected:
    """*Need admin approval*: ask the reviewers, where the tenant lets people ask."""
    try:
        said = checked_justification(justification)
    except InvalidValue:
        return Rejected("justification")

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        user, request = situation.user, situation.interaction.authorize
        if user is None or request is None or not situation.may_request_consent:
            return Rejected("admin")
        asker = ConsentAsker(user.id, user.display_name, user.mail or "", said, now)
        ask_for_consent(ports, tx, situation.client, request.scopes, asker)
        target = audit.Target(situation.client.app_id, "Other", situation.client.display_name)
        record = audit.audit_record(
            record_id, audit.REQUEST_CONSENT, acting(situation, posted.browser), now, targets=(target,)
        )
        tx.logs.audit(record)
        return replace(situation.facts, consent_requested=True)

    record_id = ports.entropy.guid()
    outcome = take_step(ports, posted, (Step.CONSENT,), apply)
    ports.mail_queued()
    return outcome


def decide_stay(ports: Ports, posted: Posted, *, stay: bool) -> Turn | Rejected:
    """*Stay signed in?*"""

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts:
        del tx, now
        return replace(situation.facts, stay_signed_in=stay)

    return take_step(ports, posted, (Step.STAY,), apply)


__all__ = [
    "Posted",
    "decide_consent",
    "decide_stay",
    "enter_password",
    "identify",
    "password_proven",
    "pick",
    "request_consent",
    "take_step",
]
