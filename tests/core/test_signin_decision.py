"""The decision of a sign-in: for arbitrary facts and demands, nothing is issued that was not proven."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenia.core.credentials import PASSCODE_SESSION
from xenia.core.errors import (
    AccountNotInTenant,
    ConsentRequired,
    LoginRequired,
    PasscodesOff,
    SecondFactorRequired,
)
from xenia.core.sign_up import RequestState, SignUpProgress
from xenia.core.signin.demands import Demands, SignUpDemands
from xenia.core.signin.facts import Errand, ErrandKind, Factor, Facts, Proof, Realm
from xenia.core.signin.federation import FEDERATED, FEDERATED_SESSION
from xenia.core.signin.interrupts import Step, is_fresh, next_interrupt

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2026, 6, 29), datetime(2026, 7, 1, 12)).map(lambda at: at.replace(tzinfo=UTC))
SCOPES = st.lists(st.sampled_from(["openid", "profile", "email", "User.Read"]), unique=True).map(tuple)
CONSENT_MISSING = ConsentRequired("app", "Orders")
NOT_HERE = AccountNotInTenant("a@b.example", "mail", "Contoso", "app", "Orders")


def proof(factor: Factor, at: datetime = NOW, method: str = "email_passcode") -> Proof:
    return Proof(method, factor, at, ("otp",), "mail", "a@b.example")


proofs = st.builds(
    Proof,
    method=st.sampled_from(["email_passcode", "password", "authenticator_app"]),
    factor=st.sampled_from(Factor),
    at=MOMENTS,
    amr=st.just(("otp",)),
    issuer=st.just("mail"),
    subject=st.just("a@b.example"),
)
facts = st.builds(
    Facts,
    login=st.sampled_from([None, "a@b.example"]),
    realm=st.sampled_from([None, *Realm]),
    user_id=st.sampled_from([None, "u1"]),
    chosen=st.booleans(),
    proofs=st.lists(proofs, max_size=2, unique_by=lambda item: item.factor).map(tuple),
    accepted=st.booleans(),
    consented_scopes=SCOPES,
    consent_given=st.booleans(),
    stay_signed_in=st.sampled_from([None, True, False]),
    sign_up=st.none()
    | st.builds(
        SignUpProgress,
        flow_id=st.just("B2X_1_a"),
        passed_first_hook=st.booleans(),
        details=st.none() | st.just(()),
        passed_second_hook=st.booleans(),
        block_message=st.none() | st.just("no"),
        invalid_message=st.none() | st.just("again"),
        failed=st.booleans(),
    ),
)
ENDS = {Step.REFUSED, Step.SIGN_UP_CLOSED, Step.BLOCKED, Step.SIGN_UP_FAILED, Step.PENDING, Step.DENIED}
demands = st.builds(
    Demands,
    silent=st.booleans(),
    choose_account=st.booleans(),
    fresh_since=st.none() | MOMENTS,
    passcodes_off=st.booleans(),
    refusal=st.sampled_from([None, NOT_HERE]),
    must_redeem=st.booleans(),
    second_factor=st.booleans(),
    has_second_factor=st.booleans(),
    must_change_password=st.booleans(),
    missing_scopes=SCOPES,
    force_consent=st.booleans(),
    consent_error=st.just(CONSENT_MISSING),
    sign_up=st.none()
    | st.builds(
        SignUpDemands,
        is_open=st.booleans(),
        first_hook=st.booleans(),
        asks_details=st.booleans(),
        second_hook=st.booleans(),
        requires_approval=st.booleans(),
        request=st.none() | st.sampled_from(RequestState),
    ),
    offer_stay=st.booleans(),
)


@given(facts, demands)
def test_nothing_is_issued_without_everything_that_is_demanded(known: Facts, asked: Demands) -> None:
    if next_interrupt(known, asked, NOW) is not None:
        return
    first, second = known.proof(Factor.FIRST), known.proof(Factor.SECOND)
    assert known.login is not None
    assert first is not None
    assert is_fresh(first, asked, NOW)
    assert asked.refusal is None
    assert known.accepted or not asked.must_redeem
    assert not asked.second_factor or (second is not None and is_fresh(second, asked, NOW))
    assert not asked.must_change_password
    assert set(asked.missing_scopes) <= set(known.consented_scopes)
    assert known.consent_given or not asked.force_consent
    assert known.chosen or not asked.choose_account
    assert asked.sign_up is None or known.sign_up is None


@given(facts, demands)
def test_a_silent_answer_is_the_first_interactive_obstacle(known: Facts, asked: Demands) -> None:
    loud = next_interrupt(known, replace(asked, silent=False), NOW)
    silent = next_interrupt(known, replace(asked, silent=True), NOW)
    if loud is None or loud.step is Step.STAY:
        assert silent is None
    else:
        assert silent is not None
        assert (silent.step, type(silent.silent_error)) == (loud.step, type(loud.silent_error))


@given(facts, demands)
def test_another_account_drops_every_fact_about_the_previous_one(known: Facts, asked: Demands) -> None:
    fresh = known.with_account("other@c.example", Realm.EMAIL_PASSCODE)
    assert fresh == Facts(login="other@c.example", realm=Realm.EMAIL_PASSCODE, chosen=True)
    after = next_interrupt(fresh, asked, NOW)
    assert after is not None
    assert after.step in {Step.PASSCODE, Step.REFUSED, Step.SIGN_UP_CLOSED}


@given(facts, demands)
def test_every_accepted_step_brings_the_end_nearer(known: Facts, asked: Demands) -> None:
    """Supplying what the interrupt asks for never brings the same interrupt back."""
    steps = 0
    while (interrupt := next_interrupt(known, asked, NOW)) is not None and interrupt.step not in ENDS:
        if interrupt.step is Step.PROCEED:
            # What is due without the person ends in a guest (or in one of the ends): no sign-up any more.
            asked = replace(asked, sign_up=None)
            steps += 1
            continue
        if interrupt.step is Step.NEW_PASSWORD:
            # What the directory says changes with the password, not what was proven.
            asked = replace(asked, must_change_password=False)
        known = _supply(known, asked, interrupt.step)
        steps += 1
        assert steps <= len(Step), interrupt.step


def _supply(known: Facts, asked: Demands, step: Step) -> Facts:
    match step:
        case Step.IDENTIFY | Step.PICK:
            return known.with_account("a@b.example", Realm.PASSWORD)
        case Step.PASSCODE | Step.PASSWORD | Step.FEDERATE:
            return known.with_proof(proof(Factor.FIRST))
        case Step.SIGN_UP:
            return replace(known, login="a@b.example", realm=Realm.EMAIL_PASSCODE, chosen=True)
        case Step.REVIEW:
            return replace(known, accepted=True)
        case Step.DETAILS:
            assert known.sign_up is not None
            sent = replace(known.sign_up, details=(), invalid_message=None)
            return replace(known, sign_up=sent)
        case Step.REDEEM:
            return replace(known, accepted=True)
        case Step.ENROL | Step.SECOND_FACTOR:
            return known.with_proof(proof(Factor.SECOND))
        case Step.NEW_PASSWORD:
            return known
        case Step.CONSENT:
            return replace(known, consented_scopes=asked.missing_scopes, consent_given=True)
        case _:
            return replace(known, stay_signed_in=False)


@pytest.mark.parametrize(
    ("known", "asked", "step", "error"),
    [
        (Facts(), Demands(), Step.IDENTIFY, LoginRequired),
        (Facts(login="a@b.example", realm=Realm.EMAIL_PASSCODE), Demands(), Step.PASSCODE, LoginRequired),
        (
            Facts(login="a@b.example", realm=Realm.EMAIL_PASSCODE),
            Demands(passcodes_off=True),
            Step.REFUSED,
            PasscodesOff,
        ),
        (Facts(login="m", realm=Realm.PASSWORD), Demands(passcodes_off=True), Step.PASSWORD, LoginRequired),
        (
            Facts(login="a@b.example", proofs=(proof(Factor.FIRST),)),
            Demands(second_factor=True),
            Step.ENROL,
            SecondFactorRequired,
        ),
        (
            Facts(login="a@b.example", proofs=(proof(Factor.FIRST),)),
            Demands(second_factor=True, has_second_factor=True),
            Step.SECOND_FACTOR,
            SecondFactorRequired,
        ),
    ],
)
def test_the_page_that_is_due(known: Facts, asked: Demands, step: Step, error: type[Exception]) -> None:
    interrupt = next_interrupt(known, asked, NOW)
    assert interrupt is not None
    assert interrupt.step is step
    assert isinstance(interrupt.silent_error, error)


def test_what_the_directory_says_is_heard_only_after_the_proof() -> None:
    known, asked = Facts(login="a@b.example", realm=Realm.EMAIL_PASSCODE), Demands(refusal=NOT_HERE)
    before = next_interrupt(known, asked, NOW)
    after = next_interrupt(known.with_proof(proof(Factor.FIRST)), asked, NOW)
    assert before is not None
    assert before.step is Step.PASSCODE
    assert after is not None
    assert (after.step, after.silent_error) == (Step.REFUSED, NOT_HERE)


def test_a_passcode_lasts_a_day_and_a_password_lasts_with_its_session() -> None:
    day_old = NOW - PASSCODE_SESSION
    assert not is_fresh(proof(Factor.FIRST, day_old), Demands(), NOW)
    assert is_fresh(proof(Factor.FIRST, day_old + timedelta(seconds=1)), Demands(), NOW)
    assert is_fresh(proof(Factor.FIRST, day_old, "password"), Demands(), NOW)


@given(facts, demands)
def test_while_another_server_is_asked_nothing_else_happens(known: Facts, asked: Demands) -> None:
    errand = Errand("e", ErrandKind.PROVIDER, "id.example", NOW)
    found = next_interrupt(replace(known, errand=errand), asked, NOW)
    assert found is not None
    assert found.step is Step.WAIT


@given(facts, demands)
def test_a_federated_account_is_never_asked_for_a_code_or_a_password(known: Facts, asked: Demands) -> None:
    federated = replace(known, realm=Realm.FEDERATED, provider_id="p", login=None)
    found = next_interrupt(federated, asked, NOW)
    assert found is None or found.step not in {Step.PASSCODE, Step.PASSWORD, Step.IDENTIFY}


def test_the_word_of_a_provider_counts_for_a_day() -> None:
    old = Proof(FEDERATED, Factor.FIRST, NOW - FEDERATED_SESSION, ("fed",), "https://id.example", "s", "p")
    assert not is_fresh(old, Demands(), NOW)
    assert is_fresh(replace(old, at=NOW - FEDERATED_SESSION + timedelta(seconds=1)), Demands(), NOW)
