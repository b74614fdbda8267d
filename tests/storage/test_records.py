"""Logs, outgoing and captured mail, keys, counters and sweeping."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.storage.records import (
    CONTOSO,
    FABRIKAM,
    HOUR,
    MIA,
    NOW,
    add_tenants,
    audit,
    captured,
    code,
    connector_call,
    device_code,
    family,
    federation,
    interaction,
    mail,
    passcode,
    portal_session,
    refresh_token,
    session,
    sign_in,
    sign_up_event,
    sign_up_request,
    user,
)
from xenia.core.audit import Target
from xenia.core.errors import Conflict, InvalidValue
from xenia.core.mail import MailAttempt, MailState
from xenia.core.query import And, AnyOf, Compare, Not, Query, Text
from xenia.core.retention import Retention
from xenia.core.sign_up import RequestState
from xenia.ports import StoredKey
from xenia.storage.store import SqlStore

LEASE = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _tenants(store: SqlStore) -> None:
    add_tenants(store)


def test_records_are_listed_newest_first_and_found(store: SqlStore):
    later = audit(
        "audit-0", at=NOW + HOUR, targets=(Target("other", "Application"),), activity="Add application"
    )

    def work(tx):
        tx.logs.audit(audit())
        tx.logs.audit(later)
        tx.logs.sign_in(sign_in())
        tx.logs.sign_in(sign_in("sign-in-2", at=NOW + HOUR, error_code=50126))

    store.write(CONTOSO, work)
    with store.read(CONTOSO) as tx:
        assert tx.logs.list_audit(Query()).items == (later, audit())
        assert tx.logs.find_audit("audit-1") == audit()
        assert tx.logs.find_audit("none") is None
        assert [found.id for found in tx.logs.list_sign_ins(Query()).items] == ["sign-in-2", "sign-in-1"]
        assert tx.logs.find_sign_in("sign-in-1") == sign_in()
        for wanted, found in (
            (Compare("target_id", "eq", MIA.upper()), (audit(),)),
            (Not(Compare("target_id", "eq", MIA)), (later,)),
            (
                AnyOf(
                    "targets", And((Compare("type", "eq", "user"), Text("display_name", "startsWith", "m")))
                ),
                (audit(),),
            ),
            (Text("activity", "startsWith", "add"), (later,)),
            (Compare("at", "gt", NOW), (later,)),
        ):
            assert tx.logs.list_audit(Query(wanted)).items == found
        assert len(tx.logs.list_sign_ins(Query(Compare("error_code", "ne", 0))).items) == 1
        for unknown in (Compare("password", "eq", "x"), AnyOf("details", None)):
            with pytest.raises(InvalidValue):
                tx.logs.list_audit(Query(unknown))


def _enqueue(store: SqlStore, mail_id: str, dedupe_key: str = "") -> None:
    store.write(CONTOSO, lambda tx: tx.outbox.enqueue(mail(dedupe_key), mail_id, "sealed", NOW))


def test_a_mail_with_a_known_key_is_dropped(store: SqlStore):
    for mail_id, key in (("m1", "k"), ("m2", "k"), ("m3", ""), ("m4", "")):
        _enqueue(store, mail_id, key)
    with store.read(CONTOSO) as tx:
        assert {found.id for found in tx.outbox.of_subject("inv-1")} == {"m1", "m3", "m4"}
        assert tx.outbox.find("m2") is None
        assert tx.outbox.next_due() == NOW


def test_a_claim_holds_until_its_lease_ends(store: SqlStore):
    _enqueue(store, "m1")
    assert store.write(None, lambda tx: tx.outbox.claim(10, NOW - LEASE, LEASE)) == ()
    (claimed,) = store.write(None, lambda tx: tx.outbox.claim(10, NOW, LEASE))
    assert (claimed.id, claimed.state, claimed.sealed_mail) == ("m1", MailState.SENDING, "sealed")
    assert store.write(None, lambda tx: tx.outbox.claim(10, NOW + LEASE / 2, LEASE)) == ()
    with store.read(None) as tx:
        assert tx.outbox.next_due() == NOW + LEASE
    assert len(store.write(None, lambda tx: tx.outbox.claim(10, NOW + LEASE, LEASE))) == 1


def test_what_a_killed_dispatcher_claimed_is_released_at_once(store: SqlStore):
    _enqueue(store, "m1")
    _enqueue(store, "m2")
    store.write(None, lambda tx: tx.outbox.claim(1, NOW, LEASE))
    assert store.write(None, lambda tx: tx.outbox.release(NOW)) == 1
    assert len(store.write(None, lambda tx: tx.outbox.claim(10, NOW, LEASE))) == 2
    assert store.write(None, lambda tx: tx.outbox.release(NOW)) == 2


def test_a_start_hastens_what_waits_and_leaves_what_is_in_hand(store: SqlStore):
    for mail_id in ("m1", "m2", "m3"):
        _enqueue(store, mail_id)
    deferred = MailAttempt(NOW, delivered=False, reply="451 later")
    store.write(None, lambda tx: tx.outbox.claim(10, NOW, LEASE))
    store.write(None, lambda tx: tx.outbox.settle("m1", deferred, retry_at=NOW + HOUR, message_id="<m1>"))
    store.write(None, lambda tx: tx.outbox.settle("m2", deferred, retry_at=None, message_id="<m2>"))
    assert store.write(None, lambda tx: tx.outbox.hasten(NOW)) == 1
    assert [mail.id for mail in store.write(None, lambda tx: tx.outbox.claim(10, NOW, LEASE))] == ["m1"]


def test_only_a_claim_is_renewed(store: SqlStore):
    for mail_id in ("claimed", "waiting", "sent"):
        _enqueue(store, mail_id)
    store.write(None, lambda tx: tx.outbox.claim(1, NOW, LEASE))
    with store.read(None) as tx:
        (held,) = (m for m in ("claimed", "waiting", "sent") if tx.outbox.find(m).state is MailState.SENDING)
    waiting = next(m for m in ("claimed", "waiting", "sent") if m != held)
    until = NOW + 2 * LEASE
    assert store.write(None, lambda tx: tx.outbox.renew((held, waiting, "unknown"), until)) == 1
    with store.read(None) as tx:
        assert tx.outbox.find(held).next_attempt_at == until
        assert tx.outbox.find(waiting).next_attempt_at == NOW


def test_an_attempt_settles_as_retry_sent_or_abandoned(store: SqlStore):
    deferred, sent = (
        MailAttempt(NOW, delivered=False, reply="451 later"),
        MailAttempt(NOW + HOUR, delivered=True, reply="250"),
    )
    for mail_id in ("m1", "m2"):
        _enqueue(store, mail_id)
    store.write(None, lambda tx: tx.outbox.claim(10, NOW, LEASE))
    store.write(None, lambda tx: tx.outbox.settle("m1", deferred, retry_at=NOW + HOUR, message_id="<m1>"))
    store.write(None, lambda tx: tx.outbox.settle("m2", deferred, retry_at=None, message_id="<m2>"))
    with store.read(None) as tx:
        waiting, given_up = tx.outbox.find("m1"), tx.outbox.find("m2")
        assert (waiting.state, waiting.next_attempt_at, waiting.sealed_mail) == (
            MailState.PENDING,
            NOW + HOUR,
            "sealed",
        )
        assert (given_up.state, given_up.sealed_mail) == (MailState.ABANDONED, "")
    store.write(None, lambda tx: tx.outbox.settle("m1", sent, retry_at=None, message_id="<m1>"))
    # A dispatcher whose lease lapsed comes late: what went out stays out.
    store.write(None, lambda tx: tx.outbox.settle("m1", deferred, retry_at=NOW, message_id="<m1>"))
    store.write(None, lambda tx: tx.outbox.settle("unknown", deferred, retry_at=NOW, message_id="<m1>"))
    with store.read(None) as tx:
        done = tx.outbox.find("m1")
        assert (done.state, done.sealed_mail, done.sent_at, done.message_id) == (
            MailState.SENT,
            "",
            NOW + HOUR,
            "<m1>",
        )
        assert done.attempts == (deferred, sent)
        assert tx.outbox.next_due() is None


def test_captured_mail_is_kept_once_searched_and_removed(store: SqlStore):
    second = captured("mail-2", received_at=NOW + HOUR, subject="Code 123", recipients=("ada@example.com",))

    def work(tx):
        for item in (captured(), captured(), second):
            tx.mailbox.add(item)

    store.write(None, work)
    with store.read(None) as tx:
        assert tx.mailbox.find("mail-1") == captured()
        assert tx.mailbox.list() == (second, captured())
        assert tx.mailbox.list(limit=1) == (second,)
        assert tx.mailbox.list(before="mail-2") == (captured(),)
        assert tx.mailbox.list(before="unknown") == ()
        for search, count in (
            ("élodie", 1),
            ("to:BOSS@", 1),
            ("subject:code to:ada", 1),
            ("from:ada", 0),
            ("100%", 0),
            ("hi", 2),
        ):
            assert len(tx.mailbox.list(search)) == count, search
    store.write(
        None, lambda tx: (tx.mailbox.mark_read("mail-1", NOW), tx.mailbox.mark_read("mail-1", NOW + HOUR))
    )
    with store.read(None) as tx:
        assert tx.mailbox.find("mail-1").read_at == NOW
    assert store.write(None, lambda tx: [tx.mailbox.remove("mail-1") for _ in range(2)]) == [True, False]
    assert store.write(None, lambda tx: tx.mailbox.remove_all()) == 1


def test_keys_are_kept_and_retired_once(store: SqlStore):
    key = StoredKey("kid", "sealed", b"\x00der", NOW, NOW)
    store.write(None, lambda tx: tx.keys.add(key))
    with pytest.raises(Conflict):
        store.write(None, lambda tx: tx.keys.add(key))
    store.write(None, lambda tx: (tx.keys.retire("kid", NOW), tx.keys.retire("kid", NOW + HOUR)))
    with store.read(None) as tx:
        assert tx.keys.list() == (replace(key, retired_at=NOW),)


def test_a_limit_refuses_until_its_window_ends(store: SqlStore):
    def hits(now, times):
        return [store.write(None, lambda tx: tx.limits.hit("k", 2, HOUR, now)) for _ in range(times)]

    assert hits(NOW, 2) == [None, None]
    assert hits(NOW + HOUR / 4, 1) == [HOUR * 3 / 4]
    with store.read(None) as tx:
        assert tx.limits.count("k", HOUR, NOW) == 3
        assert tx.limits.count("k", HOUR, NOW + HOUR) == 0
        assert tx.limits.count("other", HOUR, NOW) == 0
    assert hits(NOW + HOUR, 3) == [None, None, HOUR]
    store.write(None, lambda tx: tx.limits.clear("k"))
    assert hits(NOW + HOUR, 1) == [None]


FOR_GOOD = Retention(audit=None, sign_in=None, mail=None, mailbox_mails=None)


def test_sweeping_removes_what_expired_and_nothing_else(store: SqlStore):
    def work(tx):
        tx.users.add(user(deleted_at=NOW))
        tx.users.add_role(MIA, "role-1")
        tx.sign_ins.add_interaction(interaction())
        tx.sign_ins.put_session(session())
        tx.sign_ins.add_portal_session(portal_session())
        tx.sign_ins.add_passcode(passcode())
        tx.sign_ins.add_code(code(), family())
        tx.sign_ins.add_family(family("family-2"))
        tx.sign_ins.add_refresh_token(refresh_token(family_id="family-2"))
        tx.sign_ins.add_refresh_token(refresh_token("refresh-2", family_id="family-2"))
        tx.sign_ins.consume_refresh_token(refresh_token(family_id="family-2"), NOW)
        tx.sign_ins.add_refresh_token(refresh_token("refresh-3", family_id="family-2"))
        tx.sign_ins.add_device_code(device_code())
        tx.applications.use_assertion("app-object", "jti", NOW + HOUR)
        tx.limits.hit("k", 1, HOUR, NOW)
        tx.logs.audit(audit())
        tx.sign_ins.add_federation(federation())
        tx.api_connectors.note_call(connector_call())
        tx.sign_ups.record(sign_up_event())
        tx.sign_ups.add_request(sign_up_request())
        tx.sign_ups.add_request(sign_up_request("denied", flow_id="B2X_1_Other", created_at=NOW - HOUR))
        denied = tx.sign_ups.find_request("denied")
        tx.sign_ups.decide_request(denied, RequestState.DENIED, NOW, by="Eve", reason="No", user_id=None)

    store.write(CONTOSO, work)
    assert store.write(None, lambda tx: tx.sweeping.sweep(NOW, FOR_GOOD)) == 0
    assert (
        store.write(None, lambda tx: tx.sweeping.sweep(NOW + 25 * HOUR + timedelta(seconds=1), FOR_GOOD)) == 9
    )
    # Two refresh tokens that were used up.
    assert store.write(None, lambda tx: tx.sweeping.sweep(NOW + timedelta(days=30), FOR_GOOD)) == 2
    # The deleted user goes, and with it the families and what hangs on them; and the call of a connector.
    assert store.write(None, lambda tx: tx.sweeping.sweep(NOW + timedelta(days=91), FOR_GOOD)) == 3
    assert store.write(None, lambda tx: tx.sweeping.sweep(NOW + timedelta(days=400), FOR_GOOD)) == 0
    assert store.write(None, lambda tx: tx.sweeping.sweep(NOW + timedelta(days=401), FOR_GOOD)) == 2
    with store.read(CONTOSO) as tx:
        assert tx.users.find(MIA, deleted=True) is None
        assert tx.users.roles(MIA) == frozenset()
        assert tx.sign_ins.find_interaction("ctx-1") is None
        assert tx.sign_ins.find_family("family-1") is None
        assert tx.logs.find_audit("audit-1") is not None
        assert tx.sign_ins.find_federation("state-1") is None
        assert tx.sign_ups.events("B2X_1_Partners", NOW, NOW + HOUR) == ()
        # Whoever waits is never forgotten.
        assert [waiting.id for waiting in tx.sign_ups.list_requests()] == ["request-1"]


def test_records_go_at_their_age(store: SqlStore):
    days = timedelta(days=1)
    kept = Retention(audit=3 * days, sign_in=2 * days, mail=2 * days, mailbox_mails=None)

    def work(tx):
        tx.logs.audit(audit())
        tx.logs.audit(audit("audit-2", at=NOW + days))
        tx.logs.sign_in(sign_in())
        tx.logs.sign_in(sign_in("sign-in-2", at=NOW + days))
        for item in (captured(received_at=NOW), captured("mail-2", received_at=NOW + days)):
            tx.mailbox.add(item)

    def left(tx):
        logs = (*tx.logs.list_audit(Query()).items, *tx.logs.list_sign_ins(Query()).items)
        return {record.id for record in (*logs, *tx.mailbox.list())}

    store.write(CONTOSO, work)
    store.write(FABRIKAM, lambda tx: tx.logs.audit(audit("audit-3", FABRIKAM)))
    assert store.write(None, lambda tx: tx.sweeping.sweep(NOW + 2 * days, kept)) == 0
    assert store.write(None, lambda tx: tx.sweeping.sweep(NOW + 2 * days + HOUR, kept)) == 2
    with store.read(CONTOSO) as tx:
        assert left(tx) == {"audit-1", "audit-2", "sign-in-2", "mail-2"}
    # The old records of every tenant, with what they point at.
    assert store.write(None, lambda tx: tx.sweeping.sweep(NOW + 3 * days + HOUR, kept)) == 4
    with store.read(CONTOSO) as tx:
        assert left(tx) == {"audit-2"}
        of_mia = Query(Compare("target_id", "eq", audit().targets[0].id))
        assert [record.id for record in tx.logs.list_audit(of_mia).items] == ["audit-2"]


def test_mail_that_still_has_to_go_out_is_never_swept(store: SqlStore):
    for mail_id in ("waiting", "sent", "given up"):
        _enqueue(store, mail_id)
    sent = MailAttempt(NOW, delivered=True, reply="250")
    store.write(None, lambda tx: tx.outbox.settle("sent", sent, retry_at=None, message_id="<m>"))
    refused = MailAttempt(NOW, delivered=False, reply="550")
    store.write(None, lambda tx: tx.outbox.settle("given up", refused, retry_at=None, message_id="<m>"))
    month = timedelta(days=30)
    assert store.write(None, lambda tx: tx.sweeping.sweep(NOW + month)) == 0
    assert store.write(None, lambda tx: tx.sweeping.sweep(NOW + month + HOUR)) == 2
    with store.read(None) as tx:
        assert tx.outbox.find("waiting") is not None
        assert tx.outbox.find("sent") is tx.outbox.find("given up") is None


def test_the_mailbox_keeps_its_newest_mails(store: SqlStore):
    def work(tx):
        for number in range(5):
            tx.mailbox.add(captured(f"mail-{number}", received_at=NOW + number * HOUR))

    store.write(None, work)
    kept = Retention(mailbox_mails=2)
    assert store.write(None, lambda tx: tx.sweeping.sweep(NOW + 5 * HOUR, kept)) == 3
    assert store.write(None, lambda tx: tx.sweeping.sweep(NOW + 5 * HOUR, kept)) == 0
    with store.read(None) as tx:
        assert [mail.id for mail in tx.mailbox.list()] == ["mail-4", "mail-3"]
