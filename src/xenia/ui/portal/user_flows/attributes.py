"""**User attributes** of a flow: which are asked, in which order, how; nothing is stored before **Save**."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.core.user_attributes import UserAttribute, attribute_key
from xenia.core.user_flow import Hook, UserFlow
from xenia.ui.portal.changed_meanwhile import version_of
from xenia.ui.portal.desk import Desk, Model, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.user_flows.attribute_draft import (
    SELECTS,
    Problem,
    Row,
    assignments_of,
    posted_rows,
    rearranged,
    stored_rows,
)
from xenia.ui.portal.user_flows.frame import (
    BASE,
    GRAPH,
    READ,
    WRITE,
    connector_names,
    flow_of,
    flow_page,
    flow_path,
    stale_rows,
)
from xenia.ui.portal.user_flows.ordering import WAYS
from xenia.usecases.self_service import manage_user_attributes, manage_user_flows
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_BUTTONS = ("move", "remove", "insert")
"""Names of the buttons that change the draft only."""


def known_attributes(desk: Desk, visit: Visit) -> dict[str, UserAttribute]:
    """Built-in and custom attributes by comparable id."""
    found = manage_user_attributes.list_attributes(desk.ports, visit.actor)
    return {attribute_key(each.id): each for each in found}


class FlowAttributes:
    """The section that says what is asked."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Its addresses."""
        desk, base = self._desk, f"{BASE}/{{flow}}/user-attributes"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("POST", base, desk.posted(self.save)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """As stored."""
        flow, known = flow_of(self._desk, visit), known_attributes(self._desk, visit)
        return self._draw(visit, flow, stored_rows(flow.attributes, known), known)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**; or a button that moves, adds or removes a row of the draft."""
        flow, known = flow_of(self._desk, visit), known_attributes(self._desk, visit)
        form = visit.request.form
        rows = posted_rows(form, known)
        if any(name in form for name in _BUTTONS):
            rows, focus = rearranged(rows, form, known)
            return self._draw(visit, flow, rows, known, focus=focus, is_draft=True)
        assignments, problems = assignments_of(rows)
        if problems:
            return self._draw(visit, flow, rows, known, problems=problems, is_draft=True)
        try:
            manage_user_flows.update_flow(
                self._desk.ports,
                visit.actor,
                flow.id,
                {"attributes": assignments},
                expected_version=version_of(visit),
            )
        except (Conflict, InvalidValue, NotFound, NotPermitted) as error:
            return self._draw(visit, flow_of(self._desk, visit), rows, known, error=error)
        return self._desk.back(visit, flow_path(flow, "/user-attributes"), "saved")

    def _draw(
        self,
        visit: Visit,
        flow: UserFlow,
        rows: tuple[Row, ...],
        known: dict[str, UserAttribute],
        *,
        problems: Sequence[Problem] = (),
        error: XeniaError | None = None,
        focus: str = "",
        is_draft: bool = False,
    ) -> HttpResponse:
        stored = stored_rows(flow.attributes, known)
        asked = {row.id for row in rows}
        errors: list[Model] = [{"field": each.control, "text": each.sentence} for each in problems]
        differing = [("User attributes", _words(stored), _words(rows))]
        return flow_page(
            self._desk,
            visit,
            "user_flow_attributes.html",
            "User attributes",
            flow,
            error=error,
            problems=errors,
            rows=rows,
            addable=[each for each in known.values() if each.id not in asked],
            version=visit.form("version") if is_draft else str(flow.version),
            unsaved=_changes(stored, rows) if is_draft else 0,
            focus="" if errors else focus,
            ways=WAYS,
            select_types={each.value for each in SELECTS},
            stored=stale_rows(self._desk, visit, error, differing),
            step="details",
            connectors=connector_names(self._desk, visit, flow),
            hooks=Hook,
            api=_call(visit, flow),
        )


def _call(visit: Visit, flow: UserFlow) -> Mapping[str, object] | None:
    """Setting the order, as it is stored; of a flow that asks for nothing, the list."""
    path = f"{GRAPH}/{flow.id}/userAttributeAssignments"
    order = [each.attribute_id for each in flow.attributes]
    if not order:
        return call(visit, "GET", path, permission=READ)
    body = {"newAssignmentOrder": {"order": order}}
    return call(visit, "POST", f"{path}/setOrder", body=body, permission=WRITE)


def _words(rows: Sequence[Row]) -> str:
    return ", ".join(f"{row.label}{'' if row.is_required else ' (optional)'}" for row in rows) or "None"


def _changes(stored: Sequence[Row], rows: Sequence[Row]) -> int:
    """How much of the draft is not stored: rows that differ, came or went, and the order."""
    before, after = {row.id: row for row in stored}, {row.id: row for row in rows}
    moved = [key for key in before if key in after] != [key for key in after if key in before]
    differing = sum(before[key] != after[key] for key in before.keys() & after.keys())
    return len(before.keys() ^ after.keys()) + differing + moved
