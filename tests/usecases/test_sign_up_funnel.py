"""The funnel of a user flow: who came how far, how long it took, and why people left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.platform import RunningServer, platform
from tests.support.self_service import FLOW as OPEN
from tests.support.self_service import NAMES, create_account, open_flow
from xenia.core.directory.roles import REPORTS_READER
from xenia.core.errors import NotFound, NotPermitted
from xenia.core.sign_up import SignUpEvent, Stage
from xenia.core.user_flow import UserFlow
from xenia.usecases.self_service.sign_up_funnel import (
    CSV_HEADINGS,
    UNDER_WAY,
    WENT_AWAY,
    Funnel,
    csv_rows,
    funnel,
)
from xenia.usecases.self_service.sign_up_requests import approve_request, list_requests

FLOW = "B2X_1_Partners"
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
ALL = tuple(Stage)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as running:
        add_flow(running, FLOW)
        yield running


def add_flow(server: RunningServer, flow_id: str) -> None:
    flow = UserFlow(flow_id, server.tenant.id, server.clock.now())
    server.ports.store.write(server.tenant.id, lambda tx: tx.user_flows.add(flow))


def record(
    server: RunningServer,
    who: str,
    stage: Stage,
    at: datetime,
    reason: str | None = None,
    *,
    flow: str = FLOW,
    is_test: bool = False,
) -> None:
    event = SignUpEvent(
        id=server.ports.entropy.guid(),
        tenant_id=server.tenant.id,
        flow_id=flow,
        interaction_id=who,
        at=at,
        stage=stage,
        left_because=reason,
        is_test=is_test,
    )
    server.ports.store.write(server.tenant.id, lambda tx: tx.sign_ups.record(event))


def travel(
    server: RunningServer, who: str, *stages: Stage, start: datetime, step: timedelta = MINUTE
) -> None:
    """One person, a station each *step*."""
    for number, stage in enumerate(stages):
        record(server, who, stage, start + number * step)


def last_day(server: RunningServer) -> Funnel:
    now = server.clock.now()
    return funnel(server.ports, server.actor(), FLOW, now - DAY, now)


def reached(shown: Funnel) -> list[int]:
    return [each.reached for each in shown.stages]


def test_real_sign_ups_fill_it(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    server.policies(security_defaults=False)
    create_account(server, server.walker(), "stopped@nordwind.example")
    walker = server.walker()
    create_account(server, walker)
    server.clock.advance(2 * MINUTE)
    walker.submit("/signin/review", button="Accept")
    walker.submit("/signin/details", givenName="Kim", surname="Larsen", button="Continue")
    now = server.clock.now()

    shown = funnel(server.ports, server.actor(), OPEN, now - DAY, now)

    assert reached(shown) == [2, 2, 2, 1, 1, 1]
    assert shown.stages[2].ended == ((UNDER_WAY, 1),)
    assert shown.stages[3].median_time == pytest.approx(2 * MINUTE, abs=timedelta(milliseconds=1))


def test_an_approval_completes_the_way_of_who_asked(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES, requires_approval=True)
    walker, start = server.walker(), server.clock.now()
    create_account(server, walker)
    walker.submit("/signin/review", button="Accept")
    walker.submit("/signin/details", givenName="Kim", surname="Larsen", button="Continue")

    def shown() -> Funnel:
        return funnel(server.ports, server.actor(), OPEN, start - DAY, start + DAY)

    assert shown().created == 0
    assert ("waiting-for-approval", 1) in [reason for each in shown().stages for reason in each.ended]
    server.clock.advance(2 * DAY)
    (request,) = list_requests(server.ports, server.actor())
    approve_request(server.ports, server.actor(), request.id)

    assert reached(shown()) == [1] * 6
    assert [reason for each in shown().stages for reason in each.ended] == []


def test_nobody_came(server: RunningServer) -> None:
    shown = last_day(server)
    assert [each.stage for each in shown.stages] == list(ALL)
    assert reached(shown) == [0] * 6
    assert {each.share for each in shown.stages} == {0.0}
    assert {each.median_time for each in shown.stages} == {None}
    assert (shown.started, shown.created, shown.tests) == (0, 0, 0)


def test_people_are_counted_up_to_where_they_came_with_their_reasons(server: RunningServer) -> None:
    start = server.clock.now() - timedelta(hours=5)
    travel(server, "guest", *ALL, start=start)
    travel(server, "blocked", *ALL[:4], start=start, step=3 * MINUTE)
    record(server, "blocked", Stage.DETAILS_SENT, start + timedelta(hours=1), "blocked")
    travel(server, "gone", *ALL[:2], start=start)
    travel(server, "cancelled", Stage.STARTED, start=start)
    record(server, "cancelled", Stage.STARTED, start + MINUTE, "cancelled")
    travel(server, "now", Stage.STARTED, start=server.clock.now() - MINUTE)

    shown = last_day(server)

    assert reached(shown) == [5, 3, 2, 2, 1, 1]
    assert (shown.started, shown.created) == (5, 1)
    assert shown.stages[0].ended == (("cancelled", 1), (UNDER_WAY, 1))
    assert shown.stages[1].ended == ((WENT_AWAY, 1),)
    assert shown.stages[3].ended == (("blocked", 1),)
    assert shown.stages[5].ended == ()
    assert shown.stages[1].share == 0.6
    assert shown.stages[0].median_time is None
    assert shown.stages[1].median_time == MINUTE
    assert shown.stages[3].median_time == 2 * MINUTE


def test_a_reason_that_somebody_overcame_is_none(server: RunningServer) -> None:
    start = server.clock.now() - timedelta(hours=5)
    travel(server, "patient", *ALL[:4], start=start)
    record(server, "patient", Stage.DETAILS_SENT, start + timedelta(minutes=5), "connector-failed")
    record(server, "patient", Stage.CONNECTOR_PASSED, start + timedelta(minutes=9))
    record(server, "patient", Stage.CREATED, start + timedelta(minutes=9))
    travel(server, "unlucky", Stage.STARTED, start=start)
    record(server, "unlucky", Stage.STARTED, start + MINUTE, "closed")
    record(server, "unlucky", Stage.STARTED, start + 2 * MINUTE, "cancelled")

    shown = last_day(server)

    assert shown.created == 1
    assert [each.ended for each in shown.stages] == [(("cancelled", 1),), (), (), (), (), ()]


def test_a_station_that_was_skipped_does_not_narrow_the_funnel(server: RunningServer) -> None:
    start = server.clock.now() - timedelta(hours=5)
    travel(server, "one", Stage.STARTED, Stage.PROVIDER_DONE, Stage.DETAILS_SENT, Stage.CREATED, start=start)
    shown = last_day(server)
    assert reached(shown) == [1] * 6
    assert [each.skipped for each in shown.stages] == [0, 0, 1, 0, 1, 0]
    assert [each.median_time for each in shown.stages] == [None, MINUTE, None, MINUTE, None, MINUTE]


def test_who_started_in_time_counts_however_late_they_were_approved(server: RunningServer) -> None:
    now = server.clock.now()
    travel(server, "approved later", *ALL[:5], start=now - 3 * DAY)
    record(server, "approved later", Stage.CREATED, now)
    travel(server, "started before", *ALL[:5], start=now - 5 * DAY)
    record(server, "started before", Stage.CREATED, now - 3 * DAY)
    travel(server, "started after", Stage.STARTED, start=now - DAY)

    shown = funnel(server.ports, server.actor(), FLOW, now - 4 * DAY, now - 2 * DAY)

    assert reached(shown) == [1] * 6


def test_tests_and_other_flows_are_counted_apart(server: RunningServer) -> None:
    start = server.clock.now() - timedelta(hours=5)
    add_flow(server, "B2X_1_Other")
    record(server, "test", Stage.STARTED, start, is_test=True)
    record(server, "other", Stage.STARTED, start, flow="B2X_1_Other")
    shown = last_day(server)
    assert (shown.started, shown.tests) == (0, 1)


def test_rows_for_a_spreadsheet_say_the_same(server: RunningServer) -> None:
    start = server.clock.now() - timedelta(hours=5)
    travel(server, "guest", *ALL, start=start)
    travel(server, "gone", *ALL[:2], start=start, step=3 * MINUTE)
    headings, started, provider, *_, created = csv_rows(last_day(server))
    assert headings == CSV_HEADINGS
    assert started == ("started", "2", "1.0000", "0", "", "0", "")
    assert provider == ("provider-done", "2", "1.0000", "0", "120", "1", "went-away: 1")
    assert created == ("guest-created", "1", "0.5000", "0", "60", "0", "")


def test_only_who_may_read_flows_or_reports_sees_it(server: RunningServer) -> None:
    now, actor = server.clock.now(), server.actor()
    reporter = replace(actor, roles=frozenset({REPORTS_READER.template_id}))
    assert funnel(server.ports, reporter, FLOW, now - DAY, now).started == 0
    member = replace(actor, roles=frozenset())
    app = replace(actor, user_id=None, roles=frozenset(), app_permissions=frozenset({"User.Read.All"}))
    for stranger in (member, app):
        with pytest.raises(NotPermitted):
            funnel(server.ports, stranger, FLOW, now - DAY, now)
    with pytest.raises(NotFound):
        funnel(server.ports, actor, "B2X_1_none", now - DAY, now)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ways=st.lists(
        st.tuples(st.sets(st.sampled_from(ALL)), st.sampled_from([None, "blocked", "cancelled"])), max_size=8
    )
)
def test_whoever_is_lost_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, ways: list[tuple[set[Stage], str | None]]
) -> None:
    with platform(tmp_path_factory.mktemp("funnel")) as server:
        add_flow(server, FLOW)
        start = server.clock.now() - timedelta(hours=5)
        for number, (stages, reason) in enumerate(ways):
            passed = [stage for stage in ALL if stage in stages | {Stage.STARTED}]
            travel(server, f"p{number}", *passed, start=start)
            if reason:
                record(server, f"p{number}", passed[-1], start + timedelta(hours=1), reason)
        shown = last_day(server)

    numbers = reached(shown)
    assert numbers == sorted(numbers, reverse=True)
    assert shown.started == len(ways)
    for each, following in zip(shown.stages, numbers[1:], strict=False):
        assert each.lost == each.reached - following
    for each in shown.stages:
        assert 0 <= each.skipped <= each.reached
