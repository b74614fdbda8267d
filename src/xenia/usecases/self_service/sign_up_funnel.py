"""How far the people came who started a user flow, and why they left. Reading only.

Everybody is counted at every station up to the furthest one they reached, so that the numbers never
grow; who skipped a station (a provider that vouches for no mailbox) is told beside it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from xenia.core.actor import Actor
from xenia.core.directory.roles import LOG_READING_ROLES, SELF_SERVICE_READING_ROLES
from xenia.core.errors import NotFound
from xenia.core.ids import fold
from xenia.core.sign_up import SignUpEvent, Stage
from xenia.core.signin.interaction import INTERACTION_LIFETIME
from xenia.core.user_flow import UserFlow
from xenia.ports import Ports
from xenia.record import Record
from xenia.usecases.self_service.self_service_rules import READ_FLOWS

STATIONS = tuple(Stage)
WENT_AWAY = "went-away"
"""No reason is known: the page was closed, or never left."""
UNDER_WAY = "under-way"
"""May still go on: the pages of this sign-up have not expired."""
_SKEW = timedelta(minutes=5)
"""Nodes' clocks differ a little: what another one recorded a moment ago counts."""
CSV_HEADINGS = (
    "station",
    "people",
    "share of started",
    "skipped",
    "median seconds since previous",
    "ended here",
    "reasons",
)


class StageCount(Record):
    """One station of the funnel."""

    stage: Stage
    reached: int
    """People who came here or further."""
    skipped: int
    """Those among them who went on without this station."""
    share: float
    """Of all who started; 0 when nobody did."""
    median_time: timedelta | None
    """Since the station before that each of them passed; None for the first, and where nobody came."""
    ended: tuple[tuple[str, int], ...]
    """Reasons of those who came no further than here, most frequent first; empty at the last station."""

    @property
    def lost(self) -> int:
        """How many came no further than here."""
        return sum(count for _, count in self.ended)


class Funnel(Record):
    """The sign-ups that were started in a flow from *since* to before *until*."""

    flow_id: str
    since: datetime
    until: datetime
    stages: tuple[StageCount, ...]
    tests: int
    """Sign-ups by **Run user flow**; they are counted nowhere else."""

    @property
    def started(self) -> int:
        """How many people started."""
        return self.stages[0].reached

    @property
    def created(self) -> int:
        """How many of them became guests."""
        return self.stages[-1].reached


@dataclass(slots=True)
class _Way:
    """What one interaction left behind."""

    times: dict[Stage, datetime] = field(default_factory=dict)
    reasons: dict[Stage, SignUpEvent] = field(default_factory=dict)
    last: datetime | None = None
    is_test: bool = False

    def add(self, event: SignUpEvent) -> None:
        """Events come oldest first: the newest reason of a station counts."""
        self.is_test = self.is_test or event.is_test
        self.last = event.at
        if event.left_because is None:
            self.times.setdefault(event.stage, event.at)
        else:
            self.reasons[event.stage] = event

    @property
    def furthest(self) -> int:
        return max(STATIONS.index(stage) for stage in self.times)

    def ended(self, now: datetime) -> str:
        """Why it came no further. Somebody who went on after a reason was not stopped by it."""
        reason = self.reasons.get(STATIONS[self.furthest])
        if reason is not None and reason.left_because is not None:
            return reason.left_because
        is_open = self.last is not None and now - self.last < INTERACTION_LIFETIME
        return UNDER_WAY if is_open else WENT_AWAY

    def waits(self) -> Iterable[tuple[Stage, timedelta]]:
        """For each station but the first: the time since the one passed before it."""
        passed = [(stage, self.times[stage]) for stage in STATIONS if stage in self.times]
        for (_, before), (stage, at) in pairwise(passed):
            yield stage, max(at - before, timedelta(0))


def funnel(ports: Ports, actor: Actor, flow_id: str, since: datetime, until: datetime) -> Funnel:
    """The funnel of one flow, of everybody who started in this time, however late they got further.

    Raises NotPermitted, NotFound.
    """
    flow, now = measured_flow(ports, actor, flow_id), ports.clock.now()
    with ports.store.read(actor.tenant_id) as tx:
        events = tx.sign_ups.events(flow.id, since, max(until, now + _SKEW))
    ways = [way for way in _ways(events) if _started_before(way, until)]
    counted = [way for way in ways if not way.is_test]
    return Funnel(flow.id, since, until, _stages(counted, now), len(ways) - len(counted))


def measured_flows(ports: Ports, actor: Actor) -> tuple[UserFlow, ...]:
    """The flows whose funnels may be read: by readers of logs too, who see nothing else of flows. Raises NotPermitted."""
    actor.require(SELF_SERVICE_READING_ROLES | LOG_READING_ROLES, *READ_FLOWS)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.user_flows.list()


def measured_flow(ports: Ports, actor: Actor, flow_id: str) -> UserFlow:
    """One of them, by its id in any case. Raises NotPermitted, NotFound."""
    found = next((flow for flow in measured_flows(ports, actor) if fold(flow.id) == fold(flow_id)), None)
    if found is None:
        raise NotFound("UserFlow", flow_id)
    return found


def sign_ups_this_month(ports: Ports, actor: Actor, flow_id: str) -> int:
    """Guests who came by this flow since the month began (UTC); tests are not counted. Raises NotPermitted."""
    actor.require(SELF_SERVICE_READING_ROLES | LOG_READING_ROLES, *READ_FLOWS)
    now = ports.clock.now().astimezone(UTC)
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.sign_ups.count(flow_id, Stage.CREATED, first)


def csv_rows(shown: Funnel) -> tuple[tuple[str, ...], ...]:
    """The funnel as rows of text, headings first: keys and plain numbers, for a spreadsheet to work with."""
    rows = [
        (
            str(each.stage),
            str(each.reached),
            f"{each.share:.4f}",
            str(each.skipped),
            "" if each.median_time is None else f"{each.median_time.total_seconds():.0f}",
            str(each.lost),
            "; ".join(f"{reason}: {count}" for reason, count in each.ended),
        )
        for each in shown.stages
    ]
    return (CSV_HEADINGS, *rows)


def _ways(events: Iterable[SignUpEvent]) -> list[_Way]:
    ways: defaultdict[str, _Way] = defaultdict(_Way)
    for event in events:
        ways[event.interaction_id].add(event)
    return list(ways.values())


def _started_before(way: _Way, until: datetime) -> bool:
    """Who started before the time asked about has no such event here, and is in another funnel."""
    started = way.times.get(Stage.STARTED)
    return started is not None and started < until


def _stages(ways: Sequence[_Way], now: datetime) -> tuple[StageCount, ...]:
    furthest = [way.furthest for way in ways]
    waits: defaultdict[Stage, list[timedelta]] = defaultdict(list)
    for way in ways:
        for stage, wait in way.waits():
            waits[stage].append(wait)
    counts = []
    for place, stage in enumerate(STATIONS):
        reached = sum(far >= place for far in furthest)
        here = [way for way, far in zip(ways, furthest, strict=True) if far == place]
        is_last = place == len(STATIONS) - 1
        reasons = Counter[str]() if is_last else Counter(way.ended(now) for way in here)
        counts.append(
            StageCount(
                stage=stage,
                reached=reached,
                skipped=reached - sum(stage in way.times for way in ways),
                share=reached / len(ways) if ways else 0.0,
                median_time=_middle(waits[stage]),
                ended=tuple(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
            )
        )
    return tuple(counts)


def _middle(times: Sequence[timedelta]) -> timedelta | None:
    from statistics import median  # noqa: PLC0415  (brings fractions and decimals along, for one page and its file)

    return timedelta(seconds=median(time.total_seconds() for time in times)) if times else None
