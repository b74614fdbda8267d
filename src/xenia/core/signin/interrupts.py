"""The ordered checks of a sign-in: what is missing next. This function decides; everything else obeys.

Steps never name the next step. After each of them the dispatcher asks ``next_interrupt`` again, so a
policy changed in mid-flow, single sign-on and ``prompt=none`` need no code of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from xenia.core.credentials import PASSCODE_SESSION
from xenia.core.errors import (
    InteractionRequired,
    LoginRequired,
    PasscodesOff,
    SecondFactorRequired,
    XeniaError,
)
from xenia.core.sign_up import RequestState, SignUpProgress
from xenia.core.signin.demands import Demands, SignUpDemands
from xenia.core.signin.facts import Factor, Facts, Proof, Realm
from xenia.core.signin.federation import FEDERATED, FEDERATED_SESSION
from xenia.record import Record


class Step(StrEnum):
    """The pages of a sign-in."""

    IDENTIFY = "identify"
    PICK = "pick"
    PASSCODE = "passcode"
    PASSWORD = "password"  # noqa: S105  (a page's name)
    FEDERATE = "federate"
    WAIT = "wait"
    REFUSED = "refused"
    REDEEM = "redeem"
    ENROL = "enrol"
    SECOND_FACTOR = "second-factor"
    NEW_PASSWORD = "new-password"  # noqa: S105  (a page's name)
    CONSENT = "consent"
    STAY = "stay"
    SIGN_UP = "sign-up"
    """How to sign up: an address, or one of the flow's providers."""
    SIGN_UP_CLOSED = "sign-up-closed"
    REVIEW = "review"
    """Review permissions, by somebody who signs up."""
    DETAILS = "details"
    PROCEED = "proceed"
    """Nothing is asked of the person: a connector, a request or the guest itself is due."""
    PENDING = "pending"
    DENIED = "denied"
    BLOCKED = "blocked"
    SIGN_UP_FAILED = "sign-up-failed"


class Interrupt(Record):
    """Something is missing: the page that can supply it, and the answer when no page may be shown."""

    step: Step
    silent_error: XeniaError


Check = Callable[[Facts, Demands, datetime], "Interrupt | None"]


def is_fresh(proof: Proof, demands: Demands, now: datetime) -> bool:
    """Whether the proof still counts: new enough for the request, and from elsewhere at most a day old.

    So whoever lost the mailbox or the account at home loses this way in within a day.
    """
    if demands.fresh_since is not None and proof.at < demands.fresh_since:
        return False
    longest = _LONGEST.get(proof.method)
    return longest is None or now - proof.at < longest


_LONGEST = {"email_passcode": PASSCODE_SESSION, FEDERATED: FEDERATED_SESSION}


def _wait(facts: Facts, demands: Demands, now: datetime) -> Interrupt | None:
    """Nothing is decided while somebody else's server is being asked: its answer may change everything."""
    del demands, now
    if facts.errand is None:
        return None
    return Interrupt(Step.WAIT, InteractionRequired("Another server has not answered yet."))


def _sign_up_begins(facts: Facts, demands: Demands, now: datetime) -> Interrupt | None:
    del now
    if demands.sign_up is None:
        return None
    if not demands.sign_up.is_open:
        return Interrupt(Step.SIGN_UP_CLOSED, InteractionRequired("The application is not open for sign-up."))
    if facts.login is None and facts.provider_id is None:
        return Interrupt(Step.SIGN_UP, InteractionRequired("A way to sign up must be chosen."))
    return None


def _identify(facts: Facts, demands: Demands, now: datetime) -> Interrupt | None:
    del now
    if demands.choose_account and not facts.chosen:
        return Interrupt(
            Step.PICK, InteractionRequired("Several accounts are signed in; one must be chosen.")
        )
    unknown = facts.login is None and facts.provider_id is None
    return Interrupt(Step.IDENTIFY, LoginRequired()) if unknown else None


def _first_factor(facts: Facts, demands: Demands, now: datetime) -> Interrupt | None:
    proof = facts.proof(Factor.FIRST)
    if proof is not None and is_fresh(proof, demands, now):
        return None
    if facts.realm is Realm.PASSWORD:
        return Interrupt(Step.PASSWORD, LoginRequired())
    if facts.realm is Realm.FEDERATED:
        return Interrupt(Step.FEDERATE, LoginRequired())
    if demands.passcodes_off:
        return Interrupt(Step.REFUSED, PasscodesOff())
    return Interrupt(Step.PASSCODE, LoginRequired())


def _refusal(facts: Facts, demands: Demands, now: datetime) -> Interrupt | None:
    del facts, now
    return Interrupt(Step.REFUSED, demands.refusal) if demands.refusal is not None else None


def _redeem(facts: Facts, demands: Demands, now: datetime) -> Interrupt | None:
    del now
    if not demands.must_redeem or facts.accepted:
        return None
    return Interrupt(Step.REDEEM, InteractionRequired("The invitation has not been redeemed."))


def _sign_up(facts: Facts, demands: Demands, now: datetime) -> Interrupt | None:
    """Always something, until the guest exists: then it is an ordinary sign-in."""
    del now
    if demands.sign_up is None or facts.sign_up is None:
        return None
    step = _sign_up_step(facts, facts.sign_up, demands.sign_up)
    return Interrupt(step, InteractionRequired("The sign-up is not complete."))


def _sign_up_step(facts: Facts, done: SignUpProgress, asked: SignUpDemands) -> Step:
    ended = {RequestState.PENDING: Step.PENDING, RequestState.DENIED: Step.DENIED}
    if asked.request in ended:
        return ended[asked.request]
    if done.block_message is not None:
        return Step.BLOCKED
    if done.failed:
        return Step.SIGN_UP_FAILED
    if asked.first_hook and not done.passed_first_hook:
        return Step.PROCEED
    if not facts.accepted:
        return Step.REVIEW
    if asked.asks_details and (done.details is None or done.invalid_message is not None):
        return Step.DETAILS
    return Step.PROCEED


def _second_factor(facts: Facts, demands: Demands, now: datetime) -> Interrupt | None:
    if not demands.second_factor:
        return None
    proof = facts.proof(Factor.SECOND)
    if proof is not None and is_fresh(proof, demands, now):
        return None
    return Interrupt(Step.SECOND_FACTOR if demands.has_second_factor else Step.ENROL, SecondFactorRequired())


def _new_password(facts: Facts, demands: Demands, now: datetime) -> Interrupt | None:
    """After the second factor: whoever only knows the password that was handed over cannot take the account."""
    del facts, now
    if not demands.must_change_password:
        return None
    return Interrupt(Step.NEW_PASSWORD, InteractionRequired("The password must be changed."))


def _consent(facts: Facts, demands: Demands, now: datetime) -> Interrupt | None:
    del now
    asked = demands.force_consent and not facts.consent_given
    missing = [scope for scope in demands.missing_scopes if scope not in facts.consented_scopes]
    if demands.consent_error is None or not (asked or missing):
        return None
    return Interrupt(Step.CONSENT, demands.consent_error)


def _stay(facts: Facts, demands: Demands, now: datetime) -> Interrupt | None:
    del now
    if demands.silent or not demands.offer_stay or facts.stay_signed_in is not None:
        return None
    return Interrupt(Step.STAY, LoginRequired())


CHECKS: tuple[Check, ...] = (
    _wait,
    _sign_up_begins,
    _identify,
    _first_factor,
    _refusal,
    _redeem,
    _sign_up,
    _second_factor,
    _new_password,
    _consent,
    _stay,
)
"""In order: nobody learns what the directory says before proving who they are."""


def next_interrupt(facts: Facts, demands: Demands, now: datetime) -> Interrupt | None:
    """The first unmet demand, or None when a token may be issued. Pure."""
    return next((found for check in CHECKS if (found := check(facts, demands, now)) is not None), None)
