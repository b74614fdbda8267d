"""Delivering logout tokens: retries, giving up, slow and broken servers, several dispatchers, addresses not gone to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from tests.support.clock import SetClock
from tests.support.connector_server import ConnectorServer, answer, connector_server
from tests.support.outgoing import outgoing
from tests.support.platform import RunningServer, platform
from tests.support.protocol import header_of
from xenia.core.logout import LogoutNotice, NoticeState
from xenia.ports import Fetched, Fetcher, FetchRequest
from xenia.usecases.applications.change_registration import change_registration
from xenia.usecases.applications.signing_certificates import add_signing_certificate
from xenia.usecases.tokens.own_keys import published_keys
from xenia.workers.logout import FIRST_RETRY, GIVE_UP_AFTER, LEASE, LONGEST_RETRY, LogoutDispatcher
from xenia.workers.sweeper import Sweeper


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as running:
        yield running


@pytest.fixture
def app() -> Iterator[ConnectorServer]:
    with connector_server() as running:
        running.will(answer(b""))
        yield running


def dispatcher(
    server: RunningServer,
    *,
    allow_private: bool = True,
    fetcher: Fetcher | None = None,
    lease: timedelta = LEASE,
) -> LogoutDispatcher:
    ports = server.ports
    found = fetcher or outgoing(SetClock(), allow_private=allow_private)["fetcher"]
    return LogoutDispatcher(ports.store, server.clock, ports.entropy, ports.keys, found, lease=lease)


def queue(server: RunningServer, uri: str) -> str:
    now, notice_id = server.clock.now(), server.ports.entropy.guid()
    notice = LogoutNotice(
        id=notice_id,
        tenant_id=server.tenant.id,
        app_id=server.app.app_id,
        user_id=server.admin.id,
        uri=uri,
        issuer="https://login.test/x/v2.0",
        subject="subject",
        sid="sid",
        created_at=now,
        next_attempt_at=now,
    )
    server.ports.store.write(server.tenant.id, lambda tx: tx.logout_notices.add(notice))
    return notice_id


def notice(server: RunningServer) -> LogoutNotice:
    with server.ports.store.read(server.tenant.id) as tx:
        (found,) = tx.logout_notices.of_user(server.admin.id)
        return found


@pytest.mark.parametrize("status", [200, 204])
def test_success_is_200_or_204(server: RunningServer, app: ConnectorServer, status: int) -> None:
    app.will(answer(b"", status))
    queue(server, app.url)
    assert dispatcher(server).deliver_due() == 1
    assert notice(server).state is NoticeState.SENT


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_logout_token_is_signed_as_the_apps_id_tokens_are(
    server: RunningServer, app: ConnectorServer, algorithm: str
) -> None:
    """By the app's own certificate, or by its key for ES256 (Back-Channel Logout section 2.4)."""
    ports, actor = server.ports, server.actor()
    with ports.store.read(server.tenant.id) as tx:
        principal = tx.applications.service_principal(server.app.app_id)
    assert principal is not None
    add_signing_certificate(ports, actor, principal.id, "CN=Own")
    if algorithm == "ES256":
        change_registration(ports, actor, server.app.id, {"id_token_signed_response_alg": "ES256"})
        published_keys(ports, server.tenant.id, server.app.app_id)
    queue(server, app.url)
    assert dispatcher(server).deliver_due() == 1
    token = dict(parse_qsl(app.received[-1].body.decode()))["logout_token"]
    header = header_of(token)
    with ports.store.read(server.tenant.id) as tx:
        (key,) = (each for each in tx.app_keys.of_principal(principal.id) if each.algorithm == algorithm)
    assert (header["alg"], header["kid"], header["typ"]) == (algorithm, key.kid, "logout+jwt")
    # It names no tenant: nobody here takes it for an ID token.
    assert ports.keys.verify(token) is None


@pytest.mark.parametrize("status", [400, 401, 404, 302])
def test_an_app_that_says_no_is_not_asked_again(
    server: RunningServer, app: ConnectorServer, status: int
) -> None:
    """A redirect is no answer either: the token would end up somewhere nobody registered."""
    app.will(answer(b"", status, Location=f"{app.url}/elsewhere"))
    queue(server, app.url)
    worker = dispatcher(server)
    worker.deliver_due()
    assert notice(server).state is NoticeState.ABANDONED
    server.clock.advance(LONGEST_RETRY)
    assert worker.deliver_due() == 0
    assert len(app.received) == 1


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_in_trouble_is_tried_again_later_with_a_new_token(
    server: RunningServer, app: ConnectorServer, status: int
) -> None:
    app.will(answer(b"", status), answer(b"", status), answer(b""))
    queue(server, app.url)
    worker = dispatcher(server)
    assert worker.deliver_due() == 1
    assert notice(server).next_attempt_at == server.clock.now() + FIRST_RETRY
    assert worker.deliver_due() == 0, "not before its time"
    server.clock.advance(FIRST_RETRY)
    assert worker.deliver_due() == 1
    assert notice(server).next_attempt_at == server.clock.now() + 2 * FIRST_RETRY
    server.clock.advance(2 * FIRST_RETRY)
    worker.deliver_due()
    assert notice(server).state is NoticeState.SENT
    assert [attempt.delivered for attempt in notice(server).attempts] == [False, False, True]
    assert len({received.body for received in app.received}) == 3, "each token is fresh: it lives two minutes"


def test_it_is_given_up_after_a_day(server: RunningServer) -> None:
    queue(server, "http://127.0.0.1:9/nobody-listens")
    worker, begun = dispatcher(server), server.clock.now()
    while notice(server).state is NoticeState.PENDING:
        server.clock.advance(notice(server).next_attempt_at - server.clock.now())
        worker.deliver_due()
    assert notice(server).state is NoticeState.ABANDONED
    assert GIVE_UP_AFTER - LONGEST_RETRY <= server.clock.now() - begun <= GIVE_UP_AFTER


def test_private_addresses_are_not_gone_to(server: RunningServer, app: ConnectorServer) -> None:
    """Whoever may register an app must not be able to send this server to its neighbours."""
    queue(server, app.url)
    dispatcher(server, allow_private=False).deliver_due()
    assert app.received == []
    assert notice(server).state is NoticeState.ABANDONED


def test_a_claim_of_a_process_that_died_lapses(server: RunningServer, app: ConnectorServer) -> None:
    queue(server, app.url)
    now = server.clock.now()
    server.ports.store.write(None, lambda tx: tx.logout_notices.claim(1, now, LEASE))
    worker = dispatcher(server)
    assert worker.deliver_due() == 0
    server.clock.advance(LEASE)
    assert worker.deliver_due() == 1
    assert notice(server).state is NoticeState.SENT


def test_two_dispatchers_send_it_once(server: RunningServer, app: ConnectorServer) -> None:
    for _ in range(4):
        queue(server, app.url)
    workers = dispatcher(server), dispatcher(server)
    for worker in workers:
        worker.start()
        worker.wake()
    app.wait_for(4)
    for worker in workers:
        assert worker.stop(timedelta(seconds=30))
    assert len(app.received) == 4


def test_settled_ones_are_forgotten_after_a_month(server: RunningServer, app: ConnectorServer) -> None:
    queue(server, app.url)
    dispatcher(server).deliver_due()
    server.clock.advance(timedelta(days=29))
    Sweeper(server.ports.store, server.clock).sweep()
    assert notice(server).state is NoticeState.SENT
    server.clock.advance(timedelta(days=2))
    Sweeper(server.ports.store, server.clock).sweep()
    with server.ports.store.read(server.tenant.id) as tx:
        assert tx.logout_notices.of_user(server.admin.id) == ()


def test_a_claim_is_renewed_while_a_slow_app_makes_it_wait(server: RunningServer) -> None:
    reached, may_go_on, held = threading.Event(), threading.Event(), threading.Event()
    asked: list[FetchRequest] = []

    class SlowApp:
        def fetch(self, request: FetchRequest) -> Fetched:
            asked.append(request)
            reached.set()
            assert may_go_on.wait(30)
            return Fetched(200, {}, b"")

    lease = timedelta(seconds=0.3)
    queue(server, "https://slow.example/logout")
    slow, other = dispatcher(server, fetcher=SlowApp(), lease=lease), dispatcher(server, fetcher=SlowApp())
    slow.start()
    assert reached.wait(30)
    for _ in range(4):
        server.clock.advance(lease * 2 / 3)
        until = server.clock.now() + lease
        while notice(server).next_attempt_at != until:
            assert not held.wait(0.02)
        assert other.deliver_due() == 0
    may_go_on.set()
    while notice(server).state is not NoticeState.SENT:
        assert not held.wait(0.02)
    assert slow.stop()
    assert len(asked) == 1
