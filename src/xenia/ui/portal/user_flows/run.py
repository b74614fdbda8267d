"""**Run user flow**: opens the real sign-up of an application, marked as a test; and removes the guests tests left."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

from xenia.core.directory.application import Application
from xenia.core.directory.first_party import TESTER_PAGE
from xenia.core.errors import InvalidValue, NotPermitted, XeniaError
from xenia.core.user_flow import UserFlow
from xenia.ui.portal.app_words import tester_address
from xenia.ui.portal.desk import Desk, Question, Visit
from xenia.ui.portal.user_flows.applications import app_of
from xenia.ui.portal.user_flows.frame import BASE, TRAIL, flow_of, flow_page, flow_path
from xenia.usecases.self_service.run_user_flow import list_test_guests, remove_test_guests, run_url
from xenia.web.http import HttpResponse
from xenia.web.routing import Route


class FlowRun:
    """The section that tries the flow."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Its addresses."""
        desk, base = self._desk, f"{BASE}/{{flow}}/run"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("GET", f"{base}/remove-test-guests", desk.shown(self.ask_removal)),
            Route("POST", f"{base}/remove-test-guests", desk.posted(self.remove)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """Choose application and reply URL, then follow the link."""
        ports, flow = self._desk.ports, flow_of(self._desk, visit)
        apps = [app for app_id in flow.app_ids if (app := app_of(self._desk, visit, app_id)) is not None]
        app, reply, problem = self._chosen(visit, apps)
        url, error = "", None
        if app is not None and reply:
            try:
                url = run_url(ports, visit.actor, flow.id, app.app_id, reply)
            except (InvalidValue, NotPermitted) as refused:
                error = refused
        return self._draw(visit, flow, apps, app, reply, url, error if problem is None else problem)

    def ask_removal(self, visit: Visit) -> HttpResponse:
        """The question before removing test guests."""
        flow = flow_of(self._desk, visit)
        guests = list_test_guests(self._desk.ports, visit.actor)
        if not guests:
            return self._desk.back(visit, flow_path(flow, "/run"))
        question = Question(
            f"Remove {len(guests)} test {'guest' if len(guests) == 1 else 'guests'}?",
            "They came by Run user flow, in whichever flow. They can be restored for 30 days.",
            visit.url(flow_path(flow, "/run/remove-test-guests")),
            "Remove",
            visit.url(flow_path(flow, "/run")),
            tuple(f"{each.display_name} ({each.sign_in_name})" for each in guests[:20]),
        )
        return self._desk.ask(visit, "user_flows", (*TRAIL, (flow.id, flow_path(flow))), question)

    def remove(self, visit: Visit) -> HttpResponse:
        """**Remove**."""
        flow = flow_of(self._desk, visit)
        remove_test_guests(self._desk.ports, visit.actor)
        return self._desk.back(visit, flow_path(flow, "/run"), "test-guests-removed")

    def _chosen(
        self, visit: Visit, apps: list[Application]
    ) -> tuple[Application | None, str, XeniaError | None]:
        """Application and reply URL asked for, or the first there are; the tester's own address comes first."""
        wish = visit.request.query.get("application")
        app = next((each for each in apps if each.app_id == wish), None)
        if wish and app is None:
            return None, "", InvalidValue("application", "Choose one of the applications of this user flow.")
        app = app or next(iter(apps), None)
        if app is None:
            return None, "", None
        known = [uri.uri for uri in app.redirect_uris]
        asked = visit.request.query.get("reply")
        if asked and asked in known:
            return app, asked, None
        tester = tester_address(visit.request.base_url)
        return app, tester if tester in known else next(iter(known), ""), None

    def _draw(
        self,
        visit: Visit,
        flow: UserFlow,
        apps: list[Application],
        app: Application | None,
        reply: str,
        url: str,
        error: XeniaError | None,
    ) -> HttpResponse:
        is_tester = bool(url) and reply == tester_address(visit.request.base_url)
        guests = list_test_guests(self._desk.ports, visit.actor)
        return flow_page(
            self._desk,
            visit,
            "user_flow_run.html",
            "Run user flow",
            flow,
            error=error,
            apps=[(each.app_id, each.display_name) for each in apps],
            app=app,
            replies=[] if app is None else [(uri.uri, uri.uri) for uri in app.redirect_uris],
            reply=reply,
            run_url=url,
            tester_url=self._in_tester(visit, app, url)
            if is_tester and app is not None and self._desk.ports.server.tools
            else None,
            test_guests=[
                {
                    "name": each.display_name,
                    "address": each.sign_in_name,
                    "url": visit.url(f"users/{each.id}"),
                }
                for each in guests[:20]
            ],
            test_count=len(guests),
        )

    def _in_tester(self, visit: Visit, app: Application, url: str) -> str:
        """The tester asks by itself, so that it knows the answer again; the mark of a test rides along."""
        seal = parse_qs(urlsplit(url).query)["flow_run"][0]
        query = {
            "requesttype": "OpenIdConnect",
            "scope": "openid profile email",
            "responsetype": "id_token",
            "responsemode": "form_post",
            "additionalparameters": urlencode({"prompt": "create", "flow_run": seal}),
            "importtype": "AzureAD",
            "tenant": visit.tenant.initial_domain,
            "clientid": app.app_id,
        }
        return f"{TESTER_PAGE}?{urlencode(query)}"
