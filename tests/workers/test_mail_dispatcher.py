"""Dispatching the outbox: retries, giving up, crashes, outages, several dispatchers, a prompt end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.inviting import SERVER, START, TENANT, World, inviting_world
from tests.support.smtp import smtp_server
from xenia.core.errors import InvalidValue, NotFound, NotPermitted
from xenia.core.mail import Mail, MailKind, MailState, OutgoingMail, RenderedMail
from xenia.outside.mail.smtp import SmtpServer, SmtpTransport
from xenia.outside.sealing import AesSealer
from xenia.ports import MailDeferred, MailRefused, Store, Transaction
from xenia.usecases.invitations.invitation_timeline import invitation_timeline
from xenia.usecases.tenants.queue_mail import queue_mail
from xenia.usecases.tenants.send_test_mail import mail_delivery, send_test_mail
from xenia.workers.mail import GIVE_UP_AFTER, LEASE, LONGEST_RETRY, MailDispatcher
from xenia.workers.sweeper import Sweeper

ENOUGH = 30.0
"""Seconds after which a wait that should end at once counts as a hang."""


@dataclass
class Wire:
    """A transport at the edge: answers as told, and lets tests wait for what happens."""

    answers: list[Exception | str] = field(default_factory=list)
    sent: list[RenderedMail] = field(default_factory=list)
    on_deliver: Callable[[], None] = lambda: None
    delivered: threading.Condition = field(default_factory=threading.Condition)

    def deliver(self, message: RenderedMail) -> str:
        self.on_deliver()
        with self.delivered:
            self.sent.append(message)
            answer = self.answers.pop(0) if self.answers else "250 OK"
            self.delivered.notify_all()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait_for(self, count: int) -> None:
        with self.delivered:
            assert self.delivered.wait_for(lambda: len(self.sent) >= count, ENOUGH)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with inviting_world(tmp_path) as world:
        yield world


@pytest.fixture
def wire() -> Wire:
    return Wire()


def dispatcher(world: World, transport: Any, store: Store | None = None) -> MailDispatcher:
    ports = world.ports
    return MailDispatcher(store or ports.store, world.clock, ports.sealer, ports.preview, transport)


def queue(world: World, to: str = "maria@nordwind.example", **mail: Any) -> str:
    kind = mail.pop("kind", MailKind.TEST)
    data = {"tenant_name": "Contoso", **mail.pop("data", {})}
    queued = Mail(kind, to, "en", data, **mail)
    return world.ports.store.write(TENANT, lambda tx: queue_mail(world.ports, tx, queued, world.clock.now()))


def row(world: World, mail_id: str) -> OutgoingMail:
    found = world.read(lambda tx: tx.outbox.find(mail_id), None)
    assert found is not None
    return found  # type: ignore[no-any-return]


# --- one mail -----------------------------------------------------------------------------------


def test_a_delivered_mail_is_sent_with_the_reply_and_its_payload_erased(world: World, wire: Wire) -> None:
    wire.answers = ["250 2.0.0 Ok: queued as 12345"]
    mail_id = queue(world)
    assert dispatcher(world, wire).deliver_due() == 1
    sent = row(world, mail_id)
    assert (sent.state, sent.sent_at, sent.sealed_mail) == (MailState.SENT, START, "")
    assert [(attempt.delivered, attempt.reply) for attempt in sent.attempts] == [
        (True, "250 2.0.0 Ok: queued as 12345")
    ]
    assert sent.message_id == wire.sent[0].message_id
    assert dispatcher(world, wire).deliver_due() == 0


def test_a_refused_mail_is_given_up_at_once(world: World, wire: Wire) -> None:
    wire.answers = [MailRefused("550 No such user")]
    mail_id = queue(world)
    dispatcher(world, wire).deliver_due()
    refused = row(world, mail_id)
    assert (refused.state, refused.sealed_mail) == (MailState.ABANDONED, "")
    assert refused.attempts[0].reply == "550 No such user"


def test_back_off_doubles_from_half_a_minute_to_an_hour_and_ends_after_a_day(
    world: World, wire: Wire
) -> None:
    mail_id = queue(world)
    worker = dispatcher(world, wire)
    waits: list[timedelta] = []
    while row(world, mail_id).state is not MailState.ABANDONED:
        wire.answers = [MailDeferred("451 Later")]
        assert worker.deliver_due() == 1
        pending = row(world, mail_id)
        if pending.state is MailState.PENDING:
            assert worker.deliver_due() == 0
            waits.append(pending.next_attempt_at - world.clock.now())
            world.clock.advance(waits[-1])
    assert waits[:8] == [timedelta(seconds=30 * 2**step) for step in range(7)] + [LONGEST_RETRY]
    assert set(waits[7:]) == {LONGEST_RETRY}
    assert GIVE_UP_AFTER - LONGEST_RETRY <= world.clock.now() - START <= GIVE_UP_AFTER
    assert len({message.message_id for message in wire.sent}) == 1


def test_a_mail_deferred_once_arrives_the_second_time(world: World, wire: Wire) -> None:
    wire.answers = [MailDeferred("451 Later")]
    mail_id = queue(world)
    worker = dispatcher(world, wire)
    worker.deliver_due()
    world.clock.advance(timedelta(seconds=29))
    assert worker.deliver_due() == 0
    world.clock.advance(timedelta(seconds=1))
    assert worker.deliver_due() == 1
    assert [attempt.delivered for attempt in row(world, mail_id).attempts] == [False, True]


def test_a_code_is_not_sent_after_it_ran_out(world: World, wire: Wire) -> None:
    data = {"code": "12345678", "lifetime_minutes": "30"}
    mail_id = queue(world, kind=MailKind.PASSCODE, data=data)
    world.clock.advance(timedelta(minutes=30))
    dispatcher(world, wire).deliver_due()
    assert wire.sent == []
    assert row(world, mail_id).state is MailState.ABANDONED
    assert row(world, mail_id).sealed_mail == ""


def test_a_mail_that_cannot_be_opened_is_given_up_without_stopping_the_others(
    world: World, wire: Wire
) -> None:
    foreign = replace(world.ports, sealer=AesSealer(bytes(32), world.ports.entropy))
    mail = Mail(MailKind.TEST, "a@b.example", "en", {})
    lost = world.ports.store.write(TENANT, lambda tx: queue_mail(foreign, tx, mail, START))
    good = queue(world)
    dispatcher(world, wire).deliver_due()
    assert row(world, lost).state is MailState.ABANDONED
    assert row(world, good).state is MailState.SENT


def test_a_fault_of_ours_is_retried_and_its_text_kept_inside(world: World, wire: Wire) -> None:
    wire.answers = [KeyError("secret detail")]
    mail_id = queue(world)
    dispatcher(world, wire).deliver_due()
    failed = row(world, mail_id)
    assert failed.state is MailState.PENDING
    assert failed.attempts[0].reply == "Internal fault: KeyError"


# --- crashes and company ------------------------------------------------------------------------


def test_a_mail_claimed_by_a_process_that_died_goes_out_when_the_lease_lapses(
    world: World, wire: Wire
) -> None:
    mail_id = queue(world)
    claimed = world.ports.store.write(None, lambda tx: tx.outbox.claim(1, world.clock.now(), LEASE))
    assert [mail.id for mail in claimed] == [mail_id]
    worker = dispatcher(world, wire)
    assert worker.deliver_due() == 0
    world.clock.advance(LEASE)
    assert worker.deliver_due() == 1
    assert row(world, mail_id).state is MailState.SENT


def test_a_claim_is_renewed_while_a_slow_server_makes_it_wait(world: World, wire: Wire) -> None:
    reached, may_go_on = threading.Event(), threading.Event()

    class SlowWire:
        def deliver(self, message: RenderedMail) -> str:
            reached.set()
            assert may_go_on.wait(ENOUGH)
            return wire.deliver(message)

    lease, mail_id = timedelta(seconds=0.3), queue(world)
    ports = world.ports
    slow = MailDispatcher(ports.store, world.clock, ports.sealer, ports.preview, SlowWire(), lease=lease)
    other = dispatcher(world, wire)
    slow.start()
    assert reached.wait(ENOUGH)
    for _ in range(4):
        world.clock.advance(lease * 2 / 3)
        renewed = threading.Event()
        _when(lambda: row(world, mail_id).next_attempt_at == world.clock.now() + lease, renewed)
        assert renewed.wait(ENOUGH)
        assert other.deliver_due() == 0
    may_go_on.set()
    sent = threading.Event()
    _when(lambda: row(world, mail_id).state is MailState.SENT, sent)
    assert sent.wait(ENOUGH)
    assert slow.stop()
    assert len(wire.sent) == 1


def test_a_copy_after_a_crash_between_acceptance_and_record_bears_the_same_message_id(
    world: World, wire: Wire
) -> None:
    queue(world)
    (claimed,) = world.ports.store.write(None, lambda tx: tx.outbox.claim(1, world.clock.now(), LEASE))
    from xenia.usecases.tenants.queue_mail import open_mail

    mail = open_mail(world.ports.sealer, claimed.sealed_mail)
    wire.deliver(world.ports.preview.render(mail, claimed.id, world.clock.now()))
    world.clock.advance(LEASE)
    dispatcher(world, wire).deliver_due()
    assert len(wire.sent) == 2
    assert wire.sent[0].message_id == wire.sent[1].message_id


def test_several_dispatchers_send_each_mail_once(world: World, wire: Wire) -> None:
    ids = {queue(world, f"guest{number}@nordwind.example") for number in range(20)}
    workers = [dispatcher(world, wire) for _ in range(3)]
    for worker in workers:
        worker.start()
    wire.wait_for(20)
    for worker in workers:
        assert worker.stop()
    assert len(wire.sent) == 20
    assert {row(world, mail_id).state for mail_id in ids} == {MailState.SENT}


def test_a_waiting_dispatcher_is_woken_by_new_mail(world: World, wire: Wire) -> None:
    worker = dispatcher(world, wire)
    ports = replace(world.ports, mail_queued=worker.wake)
    worker.start()
    mail_id = send_test_mail(ports, world.actor("admin"), "post@contoso.example")
    wire.wait_for(1)
    assert worker.stop()
    delivery = mail_delivery(ports, world.actor("admin"), mail_id)
    assert (delivery.state, delivery.attempts[0].reply) == (MailState.SENT, "250 OK")


class Outage:
    """A store whose database goes away and comes back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.failing = threading.Event()
        self.noticed = threading.Event()

    def read(self, tenant_id: str | None) -> AbstractContextManager[Transaction]:
        self._fail()
        return self._store.read(tenant_id)

    def write(self, tenant_id: str | None, work: Callable[[Transaction], Any]) -> Any:
        self._fail()
        return self._store.write(tenant_id, work)

    def _fail(self) -> None:
        if self.failing.is_set():
            self.noticed.set()
            raise OSError("the database is away")


def test_a_database_outage_is_survived(world: World, wire: Wire) -> None:
    away = Outage(world.ports.store)
    away.failing.set()
    mail_id = queue(world)
    worker = dispatcher(world, wire, away)  # type: ignore[arg-type]
    worker.start()
    assert away.noticed.wait(ENOUGH)
    away.failing.clear()
    worker.wake()
    wire.wait_for(1)
    assert worker.stop()
    assert row(world, mail_id).state is MailState.SENT


def test_an_answer_is_recorded_when_the_database_comes_back(world: World, wire: Wire) -> None:
    away = Outage(world.ports.store)
    wire.on_deliver = away.failing.set
    mail_id = queue(world)
    worker = dispatcher(world, wire, away)  # type: ignore[arg-type]
    worker.start()
    assert away.noticed.wait(ENOUGH)
    away.failing.clear()
    wire.on_deliver = lambda: None
    recorded = threading.Event()
    _when(lambda: row(world, mail_id).state is MailState.SENT, recorded)
    assert recorded.wait(ENOUGH)
    assert worker.stop()
    assert len(wire.sent) == 1


def _when(condition: Callable[[], bool], event: threading.Event) -> None:
    """Set *event* once *condition* holds, looking again at short intervals."""

    def look() -> None:
        if condition():
            event.set()
            return
        timer = threading.Timer(0.05, look)
        timer.daemon = True
        timer.start()

    look()


def test_stopping_does_not_wait_for_a_server_that_hangs(world: World) -> None:
    with smtp_server() as server:
        server.behaviour.hangs_on_data = True
        transport = SmtpTransport(SmtpServer("127.0.0.1", server.port, "none"), timeout=20)
        mail_id = queue(world)
        worker = dispatcher(world, transport)
        worker.start()
        assert server.behaviour.reached_data.wait(ENOUGH)
        assert not worker.stop(timedelta(milliseconds=50))
    # The server is gone; the mail is still there for the next process.
    assert row(world, mail_id).state in (MailState.SENDING, MailState.PENDING)
    assert row(world, mail_id).sealed_mail != ""


# --- the whole way ------------------------------------------------------------------------------


def test_an_invitation_reaches_a_server_that_was_down_at_first(tmp_path: Path) -> None:
    with inviting_world(tmp_path, SERVER) as world, smtp_server() as server:
        server.behaviour.data = "451 4.3.0 Not now"
        worker = dispatcher(world, SmtpTransport(SmtpServer("127.0.0.1", server.port, "none")))
        result = world.invite(send_message=True, message_body="Hello Maria")
        worker.deliver_due()
        server.behaviour.data = "250 2.0.0 Ok: queued as ABC"
        world.clock.advance(timedelta(minutes=1))
        worker.deliver_due()
        (envelope,) = server.behaviour.received
        assert envelope.rcpt_tos == ["maria@nordwind.example"]
        entries = invitation_timeline(world.ports, world.actor("admin"), result.user.id)
    assert [entry.kind for entry in entries] == ["created", "invited", "queued", "deferred", "handed-over"]
    assert entries[3].detail == "451 4.3.0 Not now (the message)"
    assert entries[4].detail == "250 2.0.0 Ok: queued as ABC"


def test_the_timeline_says_when_a_mail_was_given_up(world: World, wire: Wire) -> None:
    wire.answers = [MailRefused("550 5.1.1 Unknown user")]
    result = world.invite(send_message=True)
    dispatcher(world, wire).deliver_due()
    last = invitation_timeline(world.ports, world.actor("admin"), result.user.id)[-1]
    assert (last.kind, last.detail) == ("abandoned", "550 5.1.1 Unknown user")


def test_a_test_mail_is_for_administrators_and_of_one_tenant(world: World) -> None:
    with pytest.raises(NotPermitted):
        send_test_mail(world.ports, world.actor("member"), "a@b.example")
    with pytest.raises(InvalidValue):
        send_test_mail(world.ports, world.actor("admin"), "nobody")
    mail_id = send_test_mail(world.ports, world.actor("admin"), "a@b.example")
    elsewhere = replace(world.actor("admin"), tenant_id="22222222-2222-4222-8222-222222222222")
    with pytest.raises(NotFound):
        mail_delivery(world.ports, elsewhere, mail_id)


def test_the_sweeper_removes_what_expired_and_stops(world: World) -> None:
    guest = world.invite().user
    world.change_user(guest.id, deleted_at=world.clock.now())
    world.clock.advance(timedelta(days=31))
    sweeper = Sweeper(world.ports.store, world.clock)
    sweeper.start()
    gone = threading.Event()
    _when(lambda: world.read(lambda tx: tx.users.find(guest.id, deleted=True)) is None, gone)
    assert gone.wait(ENOUGH)
    assert sweeper.stop()
    assert sweeper.sweep() == 0
