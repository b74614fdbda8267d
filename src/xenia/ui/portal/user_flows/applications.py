"""**Applications** of a user flow: an application has one flow at most; a flow may serve many."""

from __future__ import annotations

from xenia.core.directory.application import Application
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.core.query import Query, Text
from xenia.core.user_flow import UserFlow
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.user_flows.frame import BASE, flow_of, flow_page, flow_path
from xenia.usecases.applications.extensions_app import extensions_app_id
from xenia.usecases.self_service import manage_user_flows
from xenia.usecases.users import read_directory
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_EVENTS_FLOWS = "/v1.0/identity/authenticationEventsFlows"
_MOST = 100


class FlowApplications:
    """The section that says which apps people sign up for."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Its addresses."""
        desk, base = self._desk, f"{BASE}/{{flow}}/applications"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("POST", base, desk.posted(self.add)),
            Route("POST", f"{base}/remove", desk.posted(self.remove)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """Those of this flow, and those that can be added."""
        return self._draw(visit, flow_of(self._desk, visit), None)

    def add(self, visit: Visit) -> HttpResponse:
        """**Add application**."""
        flow = flow_of(self._desk, visit)
        try:
            manage_user_flows.add_application(
                self._desk.ports, visit.actor, flow.id, visit.form("application")
            )
        except (Conflict, InvalidValue, NotFound, NotPermitted) as error:
            return self._draw(visit, flow_of(self._desk, visit), error)
        return self._desk.back(visit, flow_path(flow, "/applications"), "flow-app-added")

    def remove(self, visit: Visit) -> HttpResponse:
        """**Remove**."""
        flow = flow_of(self._desk, visit)
        try:
            manage_user_flows.remove_application(
                self._desk.ports, visit.actor, flow.id, visit.form("application")
            )
        except (Conflict, NotFound, NotPermitted) as error:
            return self._draw(visit, flow_of(self._desk, visit), error)
        return self._desk.back(visit, flow_path(flow, "/applications"), "flow-app-removed")

    def _draw(self, visit: Visit, flow: UserFlow, error: XeniaError | None) -> HttpResponse:
        ports, actor = self._desk.ports, visit.actor
        search = visit.request.query.get("q").strip()[:200]
        owner = {
            app_id: other.id
            for other in manage_user_flows.list_flows(ports, actor)
            for app_id in other.app_ids
        }
        found, is_whole = own_apps(self._desk, visit, search)
        mine = [app for app_id in flow.app_ids if (app := app_of(self._desk, visit, app_id)) is not None]
        taken = [app for app in found if owner.get(app.app_id, flow.id) != flow.id]
        return flow_page(
            self._desk,
            visit,
            "user_flow_applications.html",
            "Applications",
            flow,
            error=InvalidValue("application", str(error))
            if error and not isinstance(error, NotPermitted)
            else error,
            apps=[{"id": app.id, "app_id": app.app_id, "name": app.display_name} for app in mine],
            free=[(app.app_id, app.display_name) for app in found if app.app_id not in owner],
            taken=[
                {
                    "id": app.id,
                    "name": app.display_name,
                    "flow": owner[app.app_id],
                    "url": visit.url(f"external-identities/user-flows/{owner[app.app_id]}/applications"),
                }
                for app in taken
            ],
            chosen=visit.form("application"),
            search=search,
            is_whole=is_whole,
            api=call(
                visit,
                "GET",
                f"{_EVENTS_FLOWS}/{flow.id}/conditions/applications/includeApplications",
                permission="EventListener.Read.All",
            ),
        )


def own_apps(desk: Desk, visit: Visit, search: str = "") -> tuple[list[Application], bool]:
    """Registrations of this tenant that people can sign up for, by name; and whether these are all."""
    condition = Text("display_name", "contains", search) if search else None
    page = read_directory.list_applications(desk.ports, visit.actor, Query(condition, limit=_MOST))
    own = extensions_app_id(visit.tenant.id)
    apps = [app for app in page.items if not app.is_first_party and app.app_id != own]
    return sorted(apps, key=lambda app: app.display_name.casefold()), page.next is None


def app_of(desk: Desk, visit: Visit, app_id: str) -> Application | None:
    """The registration with this client id, if it is still there."""
    try:
        return read_directory.get_application(desk.ports, visit.actor, app_id, by_app_id=True)
    except NotFound:
        return None
