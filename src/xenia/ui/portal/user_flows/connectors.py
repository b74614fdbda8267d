"""**API connectors** of a user flow: which server is asked at each of the two points."""

from __future__ import annotations

from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.core.user_flow import Hook, UserFlow
from xenia.ui.portal.changed_meanwhile import version_of
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.user_flows.frame import (
    BASE,
    GRAPH,
    READ,
    flow_of,
    flow_page,
    flow_path,
    stale_rows,
)
from xenia.usecases.self_service import manage_api_connectors, manage_user_flows
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

LABELS: dict[Hook, str] = {
    Hook.AFTER_FEDERATION: "After federating with an identity provider during sign-up",
    Hook.BEFORE_CREATION: "Before creating the user",
}
_FIELDS = {Hook.AFTER_FEDERATION: "after_federation", Hook.BEFORE_CREATION: "before_creation"}


class FlowConnectors:
    """The section that says who is asked."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Its addresses."""
        desk, base = self._desk, f"{BASE}/{{flow}}/api-connectors"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("POST", base, desk.posted(self.save)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """As stored."""
        flow = flow_of(self._desk, visit)
        return self._draw(visit, flow, {hook: flow.connectors.get(hook, "") for hook in Hook}, None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**: both points as one."""
        flow = flow_of(self._desk, visit)
        typed = {hook: visit.form(_FIELDS[hook]).strip() for hook in Hook}
        chosen = {hook: value for hook, value in typed.items() if value}
        try:
            manage_user_flows.update_flow(
                self._desk.ports,
                visit.actor,
                flow.id,
                {"connectors": chosen},
                expected_version=version_of(visit),
            )
        except (Conflict, InvalidValue, NotFound, NotPermitted) as error:
            return self._draw(visit, flow_of(self._desk, visit), typed, error)
        return self._desk.back(visit, flow_path(flow, "/api-connectors"), "saved")

    def _draw(
        self, visit: Visit, flow: UserFlow, typed: dict[Hook, str], error: XeniaError | None
    ) -> HttpResponse:
        known = manage_api_connectors.list_connectors(self._desk.ports, visit.actor)
        names = {"": "None"} | {each.id: each.display_name for each in known}
        rows = [
            (LABELS[hook], names.get(flow.connectors.get(hook, ""), "–"), names.get(typed[hook], "–"))
            for hook in Hook
        ]
        return flow_page(
            self._desk,
            visit,
            "user_flow_connectors.html",
            "API connectors",
            flow,
            error=error,
            hooks=[
                {
                    "field": _FIELDS[hook],
                    "label": LABELS[hook],
                    "value": typed[hook],
                    "name": names.get(typed[hook], "–"),
                }
                for hook in Hook
            ],
            options=list(names.items()),
            version=flow.version,
            stored=stale_rows(self._desk, visit, error, rows),
            api=call(visit, "GET", f"{GRAPH}/{flow.id}/apiConnectorConfiguration", permission=READ),
        )
