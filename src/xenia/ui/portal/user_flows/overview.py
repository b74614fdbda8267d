"""**Overview** of a user flow, and **Identity providers**, in the order they are offered."""

from __future__ import annotations

from datetime import timedelta

from xenia.core.directory.identity_provider import ENTRA_PROVIDER_ID, IdentityProvider
from xenia.core.directory.provider_defaults import shown_name
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.core.sign_up import Stage
from xenia.core.user_flow import Hook, UserFlow
from xenia.ui.portal.changed_meanwhile import version_of
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.user_flows.frame import (
    BASE,
    GRAPH,
    READ,
    connector_names,
    flow_of,
    flow_page,
    flow_path,
    hindrances,
    stale_rows,
)
from xenia.ui.portal.user_flows.ordering import WAYS, asked_move, moved
from xenia.usecases.self_service import manage_identity_providers, manage_user_flows
from xenia.usecases.self_service.sign_up_funnel import funnel
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_REFUSALS = (Conflict, InvalidValue, NotFound, NotPermitted)
_MONTH = timedelta(days=30)
_LONGEST_NAME, _LONGEST_DESCRIPTION = 120, 400


class FlowOverview:
    """The flow at a glance, its switches, and its providers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, f"{BASE}/{{flow}}"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("POST", base, desk.posted(self.save)),
            Route("GET", f"{base}/identity-providers", desk.shown(self.providers)),
            Route("POST", f"{base}/identity-providers", desk.posted(self.save_providers)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """**Overview**."""
        flow = flow_of(self._desk, visit)
        return self._overview(visit, flow, _typed(flow), None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**: names and switches."""
        flow = flow_of(self._desk, visit)
        typed = {
            "display_name": visit.form("display_name").strip(),
            "description": visit.form("description").replace("\r\n", "\n").strip(),
            "approval": "yes" if visit.form("approval") == "yes" else "no",
            "allowed": "yes" if visit.form("allowed") == "yes" else "no",
        }
        changes: dict[str, object] = {
            "display_name": typed["display_name"],
            "description": typed["description"],
            "requires_approval": typed["approval"] == "yes",
            "is_sign_up_allowed": typed["allowed"] == "yes",
        }
        try:
            manage_user_flows.update_flow(
                self._desk.ports, visit.actor, flow.id, changes, expected_version=version_of(visit)
            )
        except _REFUSALS as error:
            return self._overview(visit, flow_of(self._desk, visit), typed, error)
        return self._desk.back(visit, flow_path(flow), "saved")

    def _overview(
        self, visit: Visit, flow: UserFlow, typed: dict[str, str], error: XeniaError | None
    ) -> HttpResponse:
        ports, actor = self._desk.ports, visit.actor
        now = ports.clock.now()
        counts = {
            each.stage: each.reached for each in funnel(ports, actor, flow.id, now - _MONTH, now).stages
        }
        stored, words = _typed(flow), {"yes": "Yes", "no": "No"}
        labels = {
            "display_name": "Display name",
            "description": "Description",
            "approval": "Somebody approves each sign-up",
            "allowed": "Sign-up is open",
        }
        rows = [
            (labels[name], words.get(stored[name], stored[name]), words.get(typed[name], typed[name]))
            for name in labels
        ]
        return flow_page(
            self._desk,
            visit,
            "user_flow.html",
            "Overview",
            flow,
            error=error,
            typed=typed,
            stored=stale_rows(self._desk, visit, error, rows),
            version=flow.version,
            started=counts.get(Stage.STARTED, 0),
            created=counts.get(Stage.CREATED, 0),
            connectors=connector_names(self._desk, visit, flow),
            hooks=Hook,
            longest_name=_LONGEST_NAME,
            longest_description=_LONGEST_DESCRIPTION,
            api=call(visit, "GET", f"{GRAPH}/{flow.id}", permission=READ),
        )

    # --- identity providers ------------------------------------------------------------------

    def providers(self, visit: Visit) -> HttpResponse:
        """**Identity providers**."""
        flow = flow_of(self._desk, visit)
        return self._providers(visit, flow, flow.provider_ids, None)

    def save_providers(self, visit: Visit) -> HttpResponse:
        """**Save**, or a button that moves a row: that changes the form alone."""
        flow = flow_of(self._desk, visit)
        form = visit.request.form
        ids = tuple(dict.fromkeys(form.all("row")))
        chosen = tuple(each for each in ids if each == ENTRA_PROVIDER_ID or each in form.all("provider"))
        way, key = asked_move(form.get("move"))
        if way and key in ids:
            order = moved(ids, ids.index(key), way)
            return self._providers(visit, flow, chosen, None, order, focus=f"{way}-{key}")
        try:
            manage_user_flows.update_flow(
                self._desk.ports,
                visit.actor,
                flow.id,
                {"provider_ids": chosen},
                expected_version=version_of(visit),
            )
        except _REFUSALS as error:
            return self._providers(visit, flow_of(self._desk, visit), chosen, error, ids)
        return self._desk.back(visit, flow_path(flow, "/identity-providers"), "saved")

    def _providers(
        self,
        visit: Visit,
        flow: UserFlow,
        chosen: tuple[str, ...],
        error: XeniaError | None,
        order: tuple[str, ...] | None = None,
        focus: str = "",
    ) -> HttpResponse:
        known = manage_identity_providers.list_providers(self._desk.ports, visit.actor)
        rows = _ordered(known, order if order is not None else chosen)
        names = {each.id: shown_name(each) for each in known}
        listed = [", ".join(names.get(each, each) for each in ids) for ids in (flow.provider_ids, chosen)]
        draft = order is not None and error is None
        version = visit.form("version") if draft else str(flow.version)
        return flow_page(
            self._desk,
            visit,
            "user_flow_providers.html",
            "Identity providers",
            flow,
            error=error,
            rows=[(each.id, shown_name(each)) for each in rows],
            chosen=chosen,
            kept=flow.provider_ids,
            hindered=hindrances(self._desk, visit, known),
            entra=ENTRA_PROVIDER_ID,
            ways=WAYS,
            focus=focus,
            step="sign-up",
            version=version,
            unsaved=1 if draft and tuple(flow.provider_ids) != chosen else 0,
            stored=stale_rows(self._desk, visit, error, [("Identity providers", listed[0], listed[1])]),
            api=call(visit, "GET", f"{GRAPH}/{flow.id}/userFlowIdentityProviders", permission=READ),
        )


def _typed(flow: UserFlow) -> dict[str, str]:
    return {
        "display_name": flow.display_name,
        "description": flow.description,
        "approval": "yes" if flow.requires_approval else "no",
        "allowed": "yes" if flow.is_sign_up_allowed else "no",
    }


def _ordered(known: tuple[IdentityProvider, ...], order: tuple[str, ...]) -> list[IdentityProvider]:
    """Those of the order first, in it; the others as they come."""
    by_id = {each.id: each for each in known}
    first = [by_id[each] for each in order if each in by_id]
    return first + [each for each in known if each not in first]
