"""API connectors over real HTTP and TLS: each documented answer, and every way a server can misbehave."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority
from tests.support.connector_server import (
    CONTINUE,
    ConnectorServer,
    answer,
    connector_server,
    drip,
    held,
    silence,
)
from tests.support.platform import RunningServer, platform
from xenia.core.api_connector import ApiConnector, ConnectorAuthentication, ConnectorCertificate
from xenia.core.connector_messages import (
    Continue,
    Failed,
    Failure,
    HookQuestion,
    ShowBlockPage,
    ValidationError,
)
from xenia.core.errors import InvalidValue, LimitReached, NotFound, NotPermitted
from xenia.core.user_attributes import AttributeKind, UserAttribute
from xenia.core.user_flow import Hook
from xenia.outside.fetcher import FetchLimits, FetchPolicy, GuardedFetcher
from xenia.ports import Fetched, FetchRequest, Transaction
from xenia.usecases.self_service.call_connector import run_hook, try_connector
from xenia.usecases.self_service.manage_api_connectors import calls_of, recent_calls

SECRET = "s3cret of the connector"
BADGE = "extension_0123456789abcdef0123456789abcdef_Badge"
QUESTION = HookQuestion("maria@nordwind.example", (("givenName", "Maria"), (BADGE, "7")), ui_locales="de")


class Hurried:
    """The real fetcher with less patience, so that no test waits 20 seconds; remembers what was asked for."""

    def __init__(self, policy: FetchPolicy, places: int = 2) -> None:
        self._fetcher = GuardedFetcher(policy, FetchLimits(patient_at_once=places))
        self.seconds: list[float | None] = []
        self.patience = 30.0

    def fetch(self, request: FetchRequest) -> Fetched:
        self.seconds.append(request.seconds)
        return self._fetcher.fetch(replace(request, seconds=self.patience))

    def close(self) -> None:
        self._fetcher.close()


class Bench:
    """A tenant, a connector in it, and the server it leads to."""

    def __init__(self, server: RunningServer, fetcher: Hurried, site: ConnectorServer) -> None:
        self.server, self.fetcher, self.site = server, fetcher, site
        self.ports = replace(server.ports, fetcher=fetcher)
        badge = UserAttribute(BADGE, "Badge", "", kind=AttributeKind.CUSTOM, tenant_id=server.tenant.id)
        self.write(lambda tx: tx.user_attributes.add(replace(badge, created_at=server.clock.now())))

    def write(self, work: Any) -> None:
        self.ports.store.write(self.server.tenant.id, work)

    def connector(self, connector_id: str = "c-1", **changes: Any) -> ApiConnector:
        made: dict[str, Any] = {
            "target_url": f"{self.site.url}/signup?code=key",
            "username": "xenia",
            "sealed_password": self.ports.sealer.seal(SECRET.encode(), "api-connector"),
            **changes,
        }
        connector = ApiConnector(
            connector_id, self.server.tenant.id, "Checks", created_at=self.server.clock.now(), **made
        )

        def work(tx: Transaction) -> None:
            tx.api_connectors.remove(connector_id)
            tx.api_connectors.add(connector)

        self.write(work)
        return connector

    def ask(self, hook: Hook = Hook.BEFORE_CREATION, connector_id: str = "c-1") -> Any:
        return run_hook(
            self.ports,
            self.server.tenant.id,
            connector_id,
            hook,
            QUESTION,
            "c0ffee00-0000-4000-8000-000000000009",
        )


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    fetcher = Hurried(FetchPolicy(allow_private=True), getattr(request, "param", 4))
    with platform(tmp_path) as server, connector_server() as site:
        found = Bench(server, fetcher, site)
        found.connector()
        yield found
        site.ended.set()
        fetcher.close()


class TestAnswers:
    def test_continue_brings_claims_and_the_server_is_told_what_it_needs(self, bench: Bench) -> None:
        bench.site.will(
            answer({"version": "1.0.0", "action": "Continue", "givenName": "Mary", "extension_Badge": "8"})
        )
        assert bench.ask() == Continue((("givenName", "Mary"), (BADGE, "8")))
        (received,) = bench.site.received
        assert received.path == "/signup?code=key"
        assert received.headers["Content-Type"] == "application/json"
        login = base64.b64decode(received.headers["Authorization"].removeprefix("Basic ")).decode()
        assert login == f"xenia:{SECRET}"
        assert received.json == {
            "email": "maria@nordwind.example",
            "givenName": "Maria",
            BADGE: "7",
            "ui_locales": "de",
        }
        assert bench.fetcher.seconds == [20.0]

    def test_block_page_and_validation_error(self, bench: Bench) -> None:
        bench.site.will(answer({"version": "1.0.0", "action": "ShowBlockPage", "userMessage": "Later."}))
        assert bench.ask(Hook.AFTER_FEDERATION) == ShowBlockPage("Later.")
        wrong = {"version": "1.0.0", "status": 400, "action": "ValidationError", "userMessage": "Ten digits."}
        bench.site.will(answer(wrong, 400))
        assert bench.ask() == ValidationError("Ten digits.")

    def test_keys_in_the_address_and_no_login(self, bench: Bench) -> None:
        bench.connector(authentication=ConnectorAuthentication.NONE, username="", sealed_password="")
        assert bench.ask() == Continue()
        assert "Authorization" not in bench.site.received[0].headers

    @pytest.mark.parametrize(
        ("reply", "reason", "attempts"),
        [
            (answer(b"<html>Login</html>"), Failure.NOT_JSON, 1),
            (answer(b'{"version":"1.0.0","action":"Cont'), Failure.NOT_JSON, 1),
            (answer({"action": "Continue"}), Failure.INCOMPLETE, 1),
            (answer({"version": "1.0.0", "action": "Continue"}, 204), Failure.STATUS, 1),
            (answer({"version": "1.0.0", "action": "Continue"}, 404), Failure.STATUS, 1),
            (answer(b"", 401), Failure.CREDENTIALS_REFUSED, 1),
            (answer(b"", 403), Failure.CREDENTIALS_REFUSED, 1),
            (answer(b"", 500), Failure.STATUS, 2),
            (answer(b"", 503), Failure.STATUS, 2),
            (answer(b" " * 100_000), Failure.TOO_LARGE, 1),
            (answer(b" " * 3_000_000), Failure.TOO_LARGE, 1),
            (
                answer(b"", 302, Location="http://169.254.169.254/latest/meta-data/"),
                Failure.REFUSED_ADDRESS,
                1,
            ),
            (answer(b"", 307, Location="/elsewhere"), Failure.REFUSED_ADDRESS, 1),
            (answer(b"", 308, Location="http://127.0.0.1:9/"), Failure.REFUSED_ADDRESS, 1),
        ],
    )
    def test_wrong_answers_fail_with_a_reason_and_only_a_failing_server_is_asked_again(
        self, bench: Bench, reply: Any, reason: Failure, attempts: int
    ) -> None:
        bench.site.will(reply)
        found = bench.ask()
        assert isinstance(found, Failed)
        assert (found.reason, len(bench.site.received)) == (reason, attempts)

    def test_a_connection_that_ends_without_an_answer_is_tried_once_more(self, bench: Bench) -> None:
        bench.site.will(lambda handler, ended: None, CONTINUE)
        assert bench.ask() == Continue()
        assert len(bench.site.received) == 2

    def test_a_server_that_recovers_is_heard(self, bench: Bench) -> None:
        bench.site.will(answer(b"", 502), CONTINUE)
        assert bench.ask() == Continue()

    @pytest.mark.parametrize(
        "reply",
        [silence, drip(b""), drip(b"HTTP/1.1 200 OK\r\nX-Slow: "), drip(b"HTTP/1.1 200 OK\r\n\r\n")],
        ids=["silent", "drips-a-status", "drips-headers", "drips-a-body"],
    )
    def test_late_answers_count_as_none_and_hold_nothing(self, bench: Bench, reply: Any) -> None:
        bench.fetcher.patience = 0.4
        bench.site.will(reply)
        found = bench.ask()
        assert (found.reason, len(bench.site.received)) == (Failure.NO_ANSWER, 2)
        assert bench.fetcher.seconds == [20.0, 20.0]
        # The tenant has two of four places only: a thread that went on reading would keep them for ever.
        bench.fetcher.patience = 30.0
        bench.site.will(CONTINUE)
        pause = threading.Event()
        assert any(bench.ask() == Continue() or pause.wait(0.05) for _ in range(200))

    def test_a_deleted_connector(self, bench: Bench) -> None:
        assert bench.ask(connector_id="c-2").reason is Failure.GONE

    def test_a_password_that_cannot_be_read_is_not_sent_empty(self, bench: Bench) -> None:
        bench.connector(sealed_password="")
        assert bench.ask().reason is Failure.NO_CREDENTIALS
        assert bench.site.received == []

    def test_a_connector_belongs_to_its_tenant(self, bench: Bench) -> None:
        found = run_hook(
            bench.ports, "11111111-1111-4111-8111-111111111111", "c-1", Hook.BEFORE_CREATION, QUESTION
        )
        assert isinstance(found, Failed)
        assert found.reason is Failure.GONE


def test_private_addresses_are_refused_unless_allowed(tmp_path: Path) -> None:
    fetcher = Hurried(FetchPolicy())
    with platform(tmp_path) as server, connector_server() as site:
        bench = Bench(server, fetcher, site)
        bench.connector()
        assert bench.ask().reason is Failure.REFUSED_ADDRESS
        assert site.received == []
        fetcher.close()


class TestCertificates:
    @pytest.fixture
    def secure(self, tmp_path: Path) -> Iterator[tuple[Bench, Authority]]:
        authority = Authority(tmp_path)
        fetcher = Hurried(FetchPolicy(allow_private=True, ca_bundle=authority.file))
        with (
            platform(tmp_path) as server,
            connector_server(authority.issue("connector.example"), clients_of=authority.file) as site,
        ):
            yield Bench(server, fetcher, site), authority
            fetcher.close()

    def certificate(
        self, bench: Bench, authority: Authority, name: str, since: datetime, until: datetime
    ) -> ConnectorCertificate:
        issued = authority.issue(name)
        sealed = bench.ports.sealer.seal(issued.key_pem.encode(), "api-connector")
        return ConnectorCertificate(issued.thumbprint, since, until, issued.pem, sealed)

    def test_the_newest_valid_certificate_is_presented(self, secure: tuple[Bench, Authority]) -> None:
        bench, authority = secure
        now, year = bench.server.clock.now(), timedelta(days=365)
        entries = (
            self.certificate(bench, authority, "old", now - 2 * year, now + year),
            self.certificate(bench, authority, "newer", now - year, now + year),
            self.certificate(bench, authority, "expired", now - year / 2, now - timedelta(1)),
            self.certificate(bench, authority, "not-yet", now + timedelta(1), now + year),
        )
        bench.connector(authentication=ConnectorAuthentication.CERTIFICATE, certificates=entries)
        assert bench.ask() == Continue()
        (received,) = bench.site.received
        assert (received.client, "Authorization" in received.headers) == ("newer", False)

    def test_none_is_valid_now(self, secure: tuple[Bench, Authority]) -> None:
        bench, authority = secure
        past = self.certificate(
            bench, authority, "past", datetime(2021, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC)
        )
        bench.connector(authentication=ConnectorAuthentication.CERTIFICATE, certificates=(past,))
        assert bench.ask().reason is Failure.NO_CREDENTIALS

    def test_a_server_that_wants_one_lets_nobody_in_without(self, secure: tuple[Bench, Authority]) -> None:
        bench, _ = secure
        bench.connector()
        found = bench.ask()
        assert found.reason is Failure.NO_ANSWER
        assert bench.site.received == []

    def test_a_server_nobody_vouches_for_is_not_told_anything(
        self, secure: tuple[Bench, Authority], tmp_path: Path
    ) -> None:
        bench, _ = secure
        stranger = Authority(tmp_path, "Stranger")
        with connector_server(stranger.issue("connector.example")) as site:
            bench.connector(target_url=site.url)
            found = bench.ask()
            assert (found.reason, "not trusted" in found.detail, site.received) == (
                Failure.NO_ANSWER,
                True,
                [],
            )

    def test_no_key_is_left_on_the_disk(
        self, secure: tuple[Bench, Authority], tmp_path: Path, monkeypatch: Any
    ) -> None:
        bench, authority = secure
        empty = tmp_path / "temporary"
        empty.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(empty))
        far = timedelta(days=365)
        entry = self.certificate(
            bench, authority, "once", bench.server.clock.now() - far, bench.server.clock.now() + far
        )
        bench.connector(authentication=ConnectorAuthentication.CERTIFICATE, certificates=(entry,))
        assert bench.ask() == Continue()

        def forbidden(*_: object) -> int:
            raise PermissionError

        monkeypatch.setattr("os.memfd_create", forbidden)
        assert bench.ask() == Continue()
        monkeypatch.delattr("os.memfd_create")
        assert bench.ask() == Continue()
        assert [received.client for received in bench.site.received] == ["once"] * 3
        assert list(empty.iterdir()) == []


class TestLogLine:
    def test_it_says_how_it_went_and_nothing_of_whom(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        from xenia.outside.logs import JsonLines

        blocked = {"version": "1.0.0", "action": "ShowBlockPage", "userMessage": "Maria may not."}
        bench.site.will(answer(blocked))
        with caplog.at_level(logging.INFO, "xenia.api_connectors"):
            bench.ask()
        (record,) = caplog.records
        line = json.loads(JsonLines().format(record))
        assert (line["message"], line["status"], line["attempt"]) == (
            "api connector c-1 (127.0.0.1): ShowBlockPage",
            200,
            1,
        )
        assert line["correlation_id"] == "c0ffee00-0000-4000-8000-000000000009"
        for secret in (SECRET, "Basic", "maria", "Maria", "code=key"):
            assert secret not in json.dumps(line)


class TestRecord:
    """What *All API connectors* tells of calls."""

    def test_each_call_is_recorded_with_its_time_and_outcome(self, bench: Bench) -> None:
        clock = bench.server.clock

        def slowly(request: FetchRequest) -> Fetched:
            clock.advance(timedelta(milliseconds=250))
            return Hurried.fetch(bench.fetcher, request)

        bench.fetcher.fetch = slowly  # type: ignore[method-assign]
        bench.site.will(answer(b"oops", 500), answer({"version": "1.0.0"}), CONTINUE)
        begun = clock.now()
        bench.ask()
        bench.ask()
        try_connector(bench.ports, bench.server.actor(), "c-1", SAMPLE)
        told = calls_of(bench.ports, bench.server.actor(), "c-1")
        assert [(call.outcome, call.status, call.attempts, call.took_ms, call.is_trial) for call in told] == [
            ("Continue", 200, 1, 250, True),
            ("Continue", 200, 1, 250, False),
            ("incomplete", 200, 2, 500, False),
        ]
        assert told[-1].at == begun
        assert recent_calls(bench.ports, bench.server.actor()) == {"c-1": told}
        for secret in ("maria", "Maria", "code=key", SECRET):
            assert secret not in repr(told)

    def test_a_connector_without_a_usable_secret_is_a_call_that_failed(self, bench: Bench) -> None:
        bench.connector(sealed_password="not sealed at all")
        bench.ask()
        assert [call.outcome for call in calls_of(bench.ports, bench.server.actor(), "c-1")] == [
            "no-credentials"
        ]

    def test_readers_alone_are_told(self, bench: Bench) -> None:
        nobody = replace(bench.server.actor(), roles=frozenset())
        with pytest.raises(NotPermitted):
            recent_calls(bench.ports, nobody)
        with pytest.raises(NotPermitted):
            calls_of(bench.ports, nobody, "c-1")
        with pytest.raises(NotFound):
            calls_of(bench.ports, bench.server.actor(), "c-2")


SAMPLE = {"email": "john@fabrikam.example", "givenName": "John", "Badge": True}


class TestTestBench:
    def test_it_shows_what_was_sent_what_came_back_and_what_it_means(self, bench: Bench) -> None:
        bench.site.will(answer({"version": "1.0.0", "action": "Continue", "city": "Athens"}))
        trial = try_connector(bench.ports, bench.server.actor(), "c-1", SAMPLE, Hook.AFTER_FEDERATION)
        assert (trial.verdict, trial.status, trial.attempts) == (Continue((("city", "Athens"),)), 200, 1)
        assert json.loads(trial.sent) == bench.site.received[0].json
        assert json.loads(trial.answer)["city"] == "Athens"
        assert SECRET not in repr(trial)

    def test_one_attempt_is_enough_to_see_a_failure(self, bench: Bench) -> None:
        bench.site.will(answer(b"oops", 500))
        trial = try_connector(bench.ports, bench.server.actor(), "c-1", SAMPLE)
        assert isinstance(trial.verdict, Failed)
        assert (trial.verdict.reason, trial.answer, len(bench.site.received)) == (Failure.STATUS, "oops", 1)

    @pytest.mark.parametrize("bench", [16], indirect=True)
    def test_a_host_that_keeps_others_waiting_gets_no_more(self, bench: Bench) -> None:
        gate = threading.Event()
        bench.site.will(held(gate, CONTINUE))
        ports = bench.ports
        for number in range(4):  # as many as errands allow for one host
            ports.errands.start(
                f"sign-up-{number}", bench.server.tenant.id, "127.0.0.1", lambda: bench.ask() and None
            )
        bench.site.wait_for(4)
        ended = threading.Event()
        trials: list[Any] = []

        def bench_trial() -> None:
            trials.append(try_connector(ports, bench.server.actor(), "c-1", SAMPLE))
            ended.set()

        thread = threading.Thread(target=bench_trial)
        thread.start()
        assert len(bench.site.received) == 4
        gate.set()
        assert ended.wait(60)
        thread.join()
        assert trials[0].verdict == Continue()

    def test_who_may_and_what_is_refused(self, bench: Bench) -> None:
        actor = bench.server.actor()
        with pytest.raises(NotPermitted):
            try_connector(bench.ports, replace(actor, roles=frozenset()), "c-1", SAMPLE)
        with pytest.raises(NotFound):
            try_connector(bench.ports, actor, "c-2", SAMPLE)
        with pytest.raises(InvalidValue):
            try_connector(bench.ports, actor, "c-1", {"givenName": "John"})
        with pytest.raises(InvalidValue):
            try_connector(bench.ports, actor, "c-1", {**SAMPLE, "city": ["x"]})
        assert bench.site.received == []

    def test_test_requests_are_limited(self, bench: Bench) -> None:
        for _ in range(6):
            try_connector(bench.ports, bench.server.actor(), "c-1", SAMPLE)
        with pytest.raises(LimitReached):
            try_connector(bench.ports, bench.server.actor(), "c-1", SAMPLE)
        bench.server.clock.advance(timedelta(minutes=2))
        assert try_connector(bench.ports, bench.server.actor(), "c-1", SAMPLE).verdict == Continue()
