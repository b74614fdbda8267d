"""**Funnel** of a user flow: how far people came, why they left; a chart, the numbers, and the same as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from xenia.core.errors import InvalidValue
from xenia.core.sign_up import Stage
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.user_flows.frame import BASE, flow_page
from xenia.usecases.self_service.sign_up_funnel import Funnel, csv_rows, funnel, measured_flow
from xenia.web import charts
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_USUAL_DAYS = 30
_MOST_DAYS = 400
STAGE_WORDS: Mapping[Stage, str] = {
    Stage.STARTED: "Started",
    Stage.PROVIDER_DONE: "Provider done",
    Stage.MAIL_VERIFIED: "Mail verified",
    Stage.DETAILS_SENT: "Details sent",
    Stage.CONNECTOR_PASSED: "Connector passed",
    Stage.CREATED: "Guest created",
}
REASON_WORDS: Mapping[str, str] = {
    "went-away": "Closed the page",
    "under-way": "May still go on",
    "closed": "Sign-up was closed",
    "blocked": "Stopped by an API connector",
    "connector-failed": "API connector gave no usable answer",
    "waiting-for-approval": "Waits for approval",
    "not-approved": "Not approved",
    "cancelled": "Cancelled",
    "declined": "Permissions declined",
    "signed-in-instead": "Signed in instead",
    "already-a-user": "Was a user already",
    "has-another-account": "Address has another account",
    "domain-not-accepted": "Domain not accepted",
    "refused": "Refused by a rule",
}


class FlowFunnel:
    """The page, and its CSV."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, f"{BASE}/{{flow}}/funnel"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("GET", f"{base}.csv", desk.shown(self.download)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """Chart and numbers of the days asked for."""
        flow = measured_flow(self._desk.ports, visit.actor, visit.request.args["flow"])
        first, last, problems = self._days(visit)
        found = self._funnel(visit, flow.id, first, last)
        return flow_page(
            self._desk,
            visit,
            "user_flow_funnel.html",
            "Funnel",
            flow,
            problems=problems,
            first=visit.request.query.get("from") or first.isoformat(),
            last=visit.request.query.get("to") or last.isoformat(),
            today=self._today().isoformat(),
            found=found,
            sentence=_sentence(found),
            chart=_chart(found),
            lost=_lost(found),
            rows=[
                (
                    STAGE_WORDS[each.stage],
                    each.reached,
                    charts.share(each.reached, found.started),
                    _duration(each.median_time),
                    "; ".join(f"{REASON_WORDS.get(reason, reason)}: {count}" for reason, count in each.ended),
                )
                for each in found.stages
            ],
        )

    def download(self, visit: Visit) -> HttpResponse:
        """The numbers as CSV (RFC 4180), for spreadsheets."""
        flow = measured_flow(self._desk.ports, visit.actor, visit.request.args["flow"])
        first, last, _ = self._days(visit)
        text = io.StringIO()
        csv.writer(text).writerows(csv_rows(self._funnel(visit, flow.id, first, last)))
        name = f"{flow.id}-funnel-{first.isoformat()}-{last.isoformat()}.csv"
        return HttpResponse(
            200,
            text.getvalue().encode(),
            (
                ("Content-Type", "text/csv; charset=utf-8"),
                ("Content-Disposition", f'attachment; filename="{name}"'),
                ("Cache-Control", "no-store"),
            ),
        )

    def _funnel(self, visit: Visit, flow_id: str, first: date, last: date) -> Funnel:
        since, until = _midnight(first), _midnight(last + timedelta(days=1))
        return funnel(self._desk.ports, visit.actor, flow_id, since, until)

    def _today(self) -> date:
        return self._desk.ports.clock.now().astimezone(UTC).date()

    def _days(self, visit: Visit) -> tuple[date, date, list[dict[str, object]]]:
        """The days asked for, in UTC; the usual ones, with a sentence, for what are no days."""
        today = self._today()
        query = visit.request.query
        try:
            last = _day(query.get("to"), "to") or today
            first = _day(query.get("from"), "from") or last - timedelta(days=_USUAL_DAYS - 1)
            if first > last:
                raise InvalidValue("from", "The first day comes after the last. Choose an earlier one.")  # noqa: TRY301
            if (last - first).days >= _MOST_DAYS:
                raise InvalidValue("from", f"Choose at most {_MOST_DAYS} days.")  # noqa: TRY301
        except InvalidValue as problem:
            usual = today - timedelta(days=_USUAL_DAYS - 1)
            return usual, today, [{"field": problem.field, "text": problem.message}]
        return first, last, []


def _day(text: str, field: str) -> date | None:
    try:
        found = date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise InvalidValue(field, "Enter a day like 2026-07-31.") from None
    if found is not None and not 2000 <= found.year < 3000:
        raise InvalidValue(field, "Enter a day like 2026-07-31.")
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _sentence(found: Funnel) -> str:
    if not found.started:
        return "Nobody started a sign-up in these days."
    people = "person" if found.started == 1 else "people"
    guests = "a guest" if found.created == 1 else "guests"
    created, started = charts.grouped(found.created), charts.grouped(found.started)
    return f"{created} of {started} {people} who started became {guests}."


def _chart(found: Funnel) -> object:
    bars = [
        charts.Bar(
            STAGE_WORDS[each.stage],
            each.reached,
            f"{_duration(each.median_time)} since the station before" if each.median_time is not None else "",
        )
        for each in found.stages
    ]
    return charts.funnel(bars, name="funnel", title="Sign-up funnel", description=_sentence(found))


def _duration(wait: timedelta | None) -> str:
    if wait is None:
        return "–"
    seconds = round(wait.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _lost(found: Funnel) -> str:
    """Why people did not arrive, the most frequent reason first; empty when everybody did."""
    counts: Counter[str] = Counter()
    for stage in found.stages:
        counts.update(dict(stage.ended))
    return ", ".join(
        f"{REASON_WORDS.get(reason, reason)} ({charts.grouped(count)})"
        for reason, count in counts.most_common()
    )
