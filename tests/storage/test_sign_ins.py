"""Everything short-lived of signing in: what is single-use is spent once, what is stale loses."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.storage.records import (
    ADMIN,
    CONTOSO,
    FABRIKAM,
    HOUR,
    MIA,
    NOW,
    PROOF,
    add_tenants,
    code,
    device_code,
    facts,
    family,
    interaction,
    logout_notice,
    passcode,
    portal_session,
    refresh_token,
    session,
)
from xenia.core.device_code import DEVICE_CODE_LIFETIME, POLL_INTERVAL, DeviceApproval
from xenia.core.errors import Conflict, NotFound
from xenia.core.logout import NoticeAttempt, NoticeState
from xenia.core.refresh_token import REFRESH_IDLE, RETRIES, RETRY_GRACE
from xenia.storage.store import SqlStore


@pytest.fixture(autouse=True)
def _tenants(store: SqlStore) -> None:
    add_tenants(store)


def test_an_interaction_advances_only_from_its_newest_version(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.sign_ins.add_interaction(interaction()))
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_interaction("ctx-1") == interaction()
    step = replace(interaction(), facts=facts())
    assert store.write(CONTOSO, lambda tx: [tx.sign_ins.advance_interaction(step) for _ in range(2)]) == [
        True,
        False,
    ]
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_interaction("ctx-1") == replace(step, version=1)


def test_an_interaction_finishes_once_and_then_rests(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.sign_ins.add_interaction(interaction()))
    stale, last = replace(interaction(), version=7), replace(interaction(), facts=facts())
    outcomes = store.write(
        CONTOSO,
        lambda tx: [
            tx.sign_ins.finish_interaction(stale, NOW),
            tx.sign_ins.finish_interaction(last, NOW),
            tx.sign_ins.finish_interaction(replace(last, version=1), NOW),
            tx.sign_ins.advance_interaction(replace(last, version=1)),
        ],
    )
    assert outcomes == [False, True, False, False]
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_interaction("ctx-1") == replace(last, version=1, finished_at=NOW)
        assert tx.sign_ins.find_interaction("unknown") is None


def test_a_session_is_put_found_replaced_and_removed(store: SqlStore):
    longer = replace(session(), expires_at=NOW + 2 * HOUR)
    store.write(CONTOSO, lambda tx: (tx.sign_ins.put_session(session()), tx.sign_ins.put_session(longer)))
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_session("session-1") == longer
    store.write(CONTOSO, lambda tx: tx.sign_ins.remove_session("session-1"))
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_session("session-1") is None


def test_ending_sessions_signs_one_user_out_of_every_browser(store: SqlStore):
    both = replace(session(), accounts=(*session().accounts, *session(user_id=ADMIN).accounts))

    def work(tx):
        tx.sign_ins.put_session(both)
        tx.sign_ins.put_session(session("session-2"))
        tx.sign_ins.put_session(session("session-3", user_id=ADMIN))
        tx.sign_ins.add_portal_session(portal_session())

    store.write(CONTOSO, work)
    store.write(FABRIKAM, lambda tx: tx.sign_ins.put_session(session("session-1", FABRIKAM)))
    assert store.write(CONTOSO, lambda tx: [tx.sign_ins.end_sessions_of(MIA, NOW) for _ in range(2)]) == [
        3,
        0,
    ]
    with store.read(CONTOSO) as tx:
        assert [account.user_id for account in tx.sign_ins.find_session("session-1").signed_in()] == [ADMIN]
        assert tx.sign_ins.find_session("session-2").signed_in() == ()
        assert len(tx.sign_ins.find_session("session-3").signed_in()) == 1
        assert tx.sign_ins.find_portal_session("portal-1") is None
    with store.read(FABRIKAM) as tx:
        assert len(tx.sign_ins.find_session("session-1").signed_in()) == 1


def test_portal_sessions_end_alone_or_with_their_sign_in(store: SqlStore):
    others = (portal_session("portal-2"), portal_session("portal-3", sid="sid-2"))
    store.write(
        CONTOSO, lambda tx: [tx.sign_ins.add_portal_session(item) for item in (portal_session(), *others)]
    )
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_portal_session("portal-1") == portal_session()
    store.write(CONTOSO, lambda tx: tx.sign_ins.remove_portal_session("portal-1"))
    store.write(CONTOSO, lambda tx: tx.sign_ins.remove_portal_sessions_of_sid("sid-1"))
    with store.read(CONTOSO) as tx:
        left = [tx.sign_ins.find_portal_session(f"portal-{number}") for number in (1, 2, 3)]
    assert left == [None, None, others[1]]


def test_a_passcode_is_spent_once(store: SqlStore):
    newer = passcode("pc-2", sent_at=NOW + timedelta(minutes=1))
    store.write(CONTOSO, lambda tx: [tx.sign_ins.add_passcode(item) for item in (passcode(), newer)])
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.passcodes_of("ctx-1") == (newer, passcode())
        assert tx.sign_ins.live_passcodes_for("mia@example.com", NOW) == 2
        assert tx.sign_ins.live_passcodes_for("mia@example.com", NOW + HOUR) == 0
    assert store.write(CONTOSO, lambda tx: [tx.sign_ins.consume_passcode("pc-1", NOW) for _ in range(2)]) == [
        True,
        False,
    ]
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.passcodes_of("ctx-1")[1].consumed_at == NOW
        assert tx.sign_ins.live_passcodes_for("mia@example.com", NOW) == 1


@pytest.mark.parametrize("why", ["replaced", "expired", "exhausted"])
def test_a_passcode_that_ended_is_never_spent(store: SqlStore, why: str):
    store.write(CONTOSO, lambda tx: tx.sign_ins.add_passcode(passcode()))
    moment = NOW
    if why == "replaced":
        store.write(CONTOSO, lambda tx: tx.sign_ins.replace_passcodes("ctx-1", NOW))
    elif why == "expired":
        moment = passcode().expires_at
    else:
        counted = store.write(CONTOSO, lambda tx: [tx.sign_ins.count_passcode_try("pc-1") for _ in range(6)])
        assert counted == [1, 2, 3, 4, 5, 6]
    assert store.write(CONTOSO, lambda tx: tx.sign_ins.consume_passcode("pc-1", moment)) is False


def test_the_fifth_try_may_still_be_the_right_one(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.sign_ins.add_passcode(passcode(tries=4)))
    assert store.write(CONTOSO, lambda tx: tx.sign_ins.count_passcode_try("pc-1")) == 5
    assert store.write(CONTOSO, lambda tx: tx.sign_ins.consume_passcode("pc-1", NOW)) is True
    with pytest.raises(NotFound):
        store.write(CONTOSO, lambda tx: tx.sign_ins.count_passcode_try("unknown"))


def test_a_code_is_spent_once_and_stays_visible(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.sign_ins.add_code(code(), family()))
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_code("code-1") == code()
        assert tx.sign_ins.find_family("family-1") == family()
    assert store.write(
        CONTOSO, lambda tx: [tx.sign_ins.count_verifier_failure("code-1") for _ in range(2)]
    ) == [1, 2]
    assert store.write(CONTOSO, lambda tx: [tx.sign_ins.consume_code("code-1", NOW) for _ in range(2)]) == [
        True,
        False,
    ]
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_code("code-1") == replace(code(), verifier_failures=2, consumed_at=NOW)
    with pytest.raises(NotFound):
        store.write(CONTOSO, lambda tx: tx.sign_ins.count_verifier_failure("unknown"))


def test_a_code_of_another_tenant_can_only_be_recognised(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.sign_ins.add_code(code(), family()))

    def elsewhere(tx):
        found = tx.sign_ins
        return (
            found.find_code("code-1"),
            found.consume_code("code-1", NOW),
            found.find_code_anywhere("code-1"),
        )

    assert store.write(FABRIKAM, elsewhere) == (None, False, code())


def test_families_are_revoked_once_alone_or_with_their_user(store: SqlStore):
    def work(tx):
        tx.sign_ins.add_code(code(), family())
        tx.sign_ins.add_code(code("code-2", family_id="family-2"), family("family-2"))
        tx.sign_ins.revoke_family("family-1", NOW)
        tx.sign_ins.revoke_families_of(MIA, NOW + HOUR)

    store.write(CONTOSO, work)
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_family("family-1").revoked_at == NOW
        assert tx.sign_ins.find_family("family-2").revoked_at == NOW + HOUR
        assert tx.sign_ins.find_family("unknown") is None


def test_a_family_without_a_code(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.sign_ins.add_family(family()))
    store.write(CONTOSO, lambda tx: tx.sign_ins.revoke_family("family-1", NOW))
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_family("family-1") == replace(family(), revoked_at=NOW)


def test_a_refresh_token_is_used_once_and_takes_its_siblings_along(store: SqlStore):
    first, sibling, other = refresh_token(), refresh_token("refresh-2"), refresh_token("x", family_id="f-2")

    def fill(tx):
        tx.sign_ins.add_family(family())
        tx.sign_ins.add_family(family("f-2"))
        for token in (first, sibling, other):
            tx.sign_ins.add_refresh_token(token)

    store.write(CONTOSO, fill)
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_refresh_token("refresh-1") == first
        assert tx.sign_ins.find_refresh_token("nothing") is None
    used = store.write(
        CONTOSO,
        lambda tx: [tx.sign_ins.consume_refresh_token(token, NOW) for token in (first, first, sibling)],
    )
    assert used == [True, False, False]
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_refresh_token("refresh-1") == replace(first, consumed_at=NOW)
        assert tx.sign_ins.find_refresh_token("refresh-2") == replace(sibling, consumed_at=NOW)
        assert tx.sign_ins.find_refresh_token("x") == other


def test_a_used_refresh_token_is_retried_for_a_short_time_and_not_often(store: SqlStore):
    def fill(tx):
        tx.sign_ins.add_family(family())
        tx.sign_ins.add_refresh_token(refresh_token())

    store.write(CONTOSO, fill)

    def retry(after: timedelta) -> bool:
        return store.write(CONTOSO, lambda tx: tx.sign_ins.retry_refresh_token("refresh-1", NOW + after))

    assert not retry(timedelta()), "it was not used yet"
    store.write(CONTOSO, lambda tx: tx.sign_ins.consume_refresh_token(refresh_token(), NOW))
    assert not retry(RETRY_GRACE)
    assert [retry(timedelta(seconds=29)) for _ in range(RETRIES + 1)] == [True] * RETRIES + [False]


def test_two_uses_at_once_have_one_winner(store: SqlStore):
    def fill(tx):
        tx.sign_ins.add_family(family())
        tx.sign_ins.add_refresh_token(refresh_token())

    store.write(CONTOSO, fill)
    won, begin = [], threading.Barrier(4)

    def use(tx):
        tx.sign_ins.find_family("family-1")
        return tx.sign_ins.consume_refresh_token(refresh_token(), NOW)

    def race() -> None:
        begin.wait()
        won.append(store.write(CONTOSO, use))

    racers = [threading.Thread(target=race) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(won) == [False, False, False, True]


def test_an_undecided_device_code_changes_hands_once(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.sign_ins.add_device_code(device_code()))

    def claim(at: datetime = NOW) -> bool:
        return store.write(CONTOSO, lambda tx: tx.sign_ins.claim_device_code(device_code(), FABRIKAM, at))

    assert (claim(NOW + DEVICE_CODE_LIFETIME), claim(), claim()) == (False, True, False)
    with store.read(FABRIKAM) as tx:
        assert tx.sign_ins.find_device_code("device-1") == device_code(tenant_id=FABRIKAM)
        assert tx.sign_ins.tenant_of_device_code("device-1") == FABRIKAM
        assert tx.sign_ins.tenant_of_device_code("other") is None
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_device_code("device-1") is None
    declined = device_code("device-2", user_code_hash="u-2")
    store.write(CONTOSO, lambda tx: tx.sign_ins.add_device_code(declined))
    store.write(CONTOSO, lambda tx: tx.sign_ins.decide_device_code(declined, NOW))
    assert not store.write(CONTOSO, lambda tx: tx.sign_ins.claim_device_code(declined, FABRIKAM, NOW))


def test_a_device_code_is_polled_decided_and_spent_once(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.sign_ins.add_device_code(device_code()))
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_device_code("device-1") == device_code()
        assert tx.sign_ins.find_device_code_anywhere("user-device-1") == device_code()
        assert tx.sign_ins.find_device_code_anywhere("other") is None
    approved = device_code(approval=DeviceApproval(MIA, "sid-1", (PROOF,)))
    soon, later = NOW + timedelta(seconds=4), NOW + timedelta(seconds=5)

    def work(tx):
        it = tx.sign_ins
        return [
            *(it.poll_device_code("device-1", POLL_INTERVAL, at) for at in (NOW, soon, later)),
            it.consume_device_code("device-1", NOW),
            it.decide_device_code(approved, NOW + DEVICE_CODE_LIFETIME),
            it.decide_device_code(approved, NOW),
            it.decide_device_code(device_code(), NOW),
            it.consume_device_code("device-1", NOW),
            it.consume_device_code("device-1", NOW),
        ]

    told = store.write(CONTOSO, work)
    assert told == [True, False, True, False, False, True, False, True, False]
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_device_code("device-1") == replace(
            approved, polled_at=later, decided_at=NOW, consumed_at=NOW
        )


def test_a_user_code_is_unique_over_all_tenants(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.sign_ins.add_device_code(device_code()))
    twin = device_code("device-2", FABRIKAM, user_code_hash="user-device-1")
    with pytest.raises(Conflict):
        store.write(FABRIKAM, lambda tx: tx.sign_ins.add_device_code(twin))


def test_what_apps_hold_of_a_user_is_listed_by_family_and_ends_by_sign_in(store: SqlStore):
    elsewhere = replace(family("family-2"), sid="sid-2", created_at=NOW + HOUR)

    def work(tx):
        tx.sign_ins.add_code(code(), family())
        tx.sign_ins.add_family(elsewhere)
        tx.sign_ins.add_refresh_token(refresh_token("used", consumed_at=NOW))
        tx.sign_ins.add_refresh_token(refresh_token("live"))
        newer = {"issued_at": NOW + HOUR, "expires_at": NOW + HOUR + REFRESH_IDLE}
        tx.sign_ins.add_refresh_token(refresh_token("newer", **newer))
        tx.sign_ins.add_refresh_token(refresh_token("other", family_id="family-2", sid="sid-2"))

    store.write(CONTOSO, work)
    with store.read(CONTOSO) as tx:
        it = tx.sign_ins
        assert [found.id for found in it.families_of(MIA)] == ["family-2", "family-1"]
        held = it.held_refresh_tokens(MIA, NOW)
        assert [(one.family_id, one.sid, one.renewed_at) for one in held] == [
            ("family-2", "sid-2", NOW),
            ("family-1", "sid-1", NOW + HOUR),
        ]
        late = it.held_refresh_tokens(MIA, NOW + REFRESH_IDLE + HOUR / 2)
        assert [one.family_id for one in late] == ["family-1"]
        assert it.held_refresh_tokens(ADMIN, NOW) == ()
    store.write(CONTOSO, lambda tx: tx.sign_ins.revoke_families_of_sid(ADMIN, "sid-1", NOW))
    store.write(CONTOSO, lambda tx: tx.sign_ins.revoke_families_of_sid(MIA, "sid-2", NOW))
    with store.read(CONTOSO) as tx:
        assert [found.id for found in tx.sign_ins.families_of(MIA)] == ["family-1"]
        assert [one.family_id for one in tx.sign_ins.held_refresh_tokens(MIA, NOW)] == ["family-1"]


def test_sessions_of_a_user_are_found_in_every_browser(store: SqlStore):
    store.write(CONTOSO, lambda tx: [tx.sign_ins.put_session(session(name)) for name in ("a", "b")])
    with store.read(CONTOSO) as tx:
        assert [found.secret_hash for found in tx.sign_ins.sessions_of(MIA)] == ["a", "b"]
        assert tx.sign_ins.sessions_of(ADMIN) == ()


def test_a_session_of_before_apps_were_kept_is_still_read(store: SqlStore):
    """Rows written by the release before hold none of the newer fields."""
    store.write(CONTOSO, lambda tx: tx.sign_ins.put_session(session()))
    with store._writing.begin() as connection:
        (doc,) = connection.exec_driver_sql("SELECT doc FROM sessions").one()
        fields = json.loads(doc)
        for account in fields["accounts"]:
            for name in ("apps", "user_agent", "ip_address", "used_at"):
                account.pop(name)
        older = json.dumps(fields)
        connection.execute(sa.text("UPDATE sessions SET doc = :doc"), {"doc": older})
    with store.read(CONTOSO) as tx:
        assert tx.sign_ins.find_session("session-1") == session()


def test_logout_notices_are_claimed_settled_and_listed(store: SqlStore):
    lease = timedelta(minutes=2)
    for name in ("n1", "n2"):
        store.write(CONTOSO, lambda tx, name=name: tx.logout_notices.add(logout_notice(name)))
    assert store.write(None, lambda tx: tx.logout_notices.claim(1, NOW - lease, lease)) == ()
    (first,) = store.write(None, lambda tx: tx.logout_notices.claim(1, NOW, lease))
    assert (first.state, first.next_attempt_at) == (NoticeState.SENDING, NOW + lease)
    failed = NoticeAttempt(NOW, delivered=False, reply="HTTP 503")
    sent = NoticeAttempt(NOW, delivered=True, reply="HTTP 200")

    def settle(name, attempt, retry_at=None):
        return store.write(None, lambda tx: tx.logout_notices.settle(name, attempt, retry_at=retry_at))

    assert settle(first.id, failed, NOW + HOUR)
    # Only a claim is renewed, and then nobody else takes it until it lapses.
    assert store.write(None, lambda tx: tx.logout_notices.renew(("nobody's",), NOW + lease)) == 0
    assert store.write(None, lambda tx: tx.logout_notices.hasten(NOW)) == 1
    assert len(store.write(None, lambda tx: tx.logout_notices.claim(9, NOW, lease))) == 2
    assert store.write(None, lambda tx: tx.logout_notices.release(NOW)) == 2
    assert settle(first.id, sent)
    assert not settle(first.id, failed, NOW), "what was settled for good stays so"
    with store.read(CONTOSO) as tx:
        states = {found.id: found.state for found in tx.logout_notices.of_user(MIA)}
        (told,) = (found for found in tx.logout_notices.of_user(MIA) if found.id == first.id)
        assert told.attempts == (failed, sent)
        assert tx.logout_notices.next_due() == NOW
    other = ({"n1", "n2"} - {first.id}).pop()
    assert states == {first.id: NoticeState.SENT, other: NoticeState.PENDING}
