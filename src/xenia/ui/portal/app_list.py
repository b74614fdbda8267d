"""**App registrations**: owned and all, and **New registration**."""

from __future__ import annotations

from xenia.core.directory.application import Audience, Platform, RedirectUri
from xenia.core.directory.roles import APP_WRITING_ROLES
from xenia.core.errors import InvalidValue, NotPermitted, XeniaError
from xenia.core.query import Or, Query, Text
from xenia.ui.portal.app_words import AUDIENCES, PLATFORMS, endpoints_of
from xenia.ui.portal.desk import Desk, Question, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.listing import PAGE_SIZE, ListAddress
from xenia.ui.portal.roles import refusal_words
from xenia.usecases.applications import application_lifecycle, manage_applications, ownership
from xenia.usecases.applications.manage_applications import NewApplication
from xenia.usecases.users import read_directory
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_HOME = (("App registrations", "app-registrations"),)
_FILTERS = {"q": "Search", "show": "Show"}
_ORDERS = {"name": "display_name", "created": "created_at"}


class AppList:
    """The list and the form for a new app."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, "/admin/{tenant}/app-registrations"
        owners = desk.for_owners()
        return (
            Route("GET", base, owners.shown(self.show)),
            Route("GET", f"{base}/endpoints", owners.shown(self.endpoints)),
            Route("GET", f"{base}/new", owners.shown(self.new)),
            Route("POST", f"{base}/new", owners.posted(self.register)),
            Route("GET", f"{base}/deleted", desk.shown(self.deleted)),
            Route("POST", f"{base}/deleted/restore", desk.posted(self.restore)),
            Route("POST", f"{base}/deleted/purge", desk.posted(self.purge)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """**All applications**, or **Owned applications**; of somebody without a role, the owned ones."""
        ports, actor = self._desk.ports, visit.actor
        address = ListAddress(visit.request, _FILTERS, _ORDERS, "name")
        search = address.values["q"]
        names = Or((Text("display_name", "contains", search), Text("app_id", "startsWith", search)))
        query = Query(names if search else None, address.order, PAGE_SIZE, address.after, count=True)
        owned = visit.is_owner or address.values["show"] == "owned"
        found = ownership.list_owned if owned else read_directory.list_applications
        page = found(ports, actor, query)
        return self._desk.page(
            visit,
            "apps.html",
            "app_registrations",
            _HOME,
            rows=page.items,
            columns=[
                address.column("Display name", "name"),
                address.column("Application (client) ID"),
                address.column("Supported account types"),
                address.column("Created", "created"),
            ],
            audiences=dict(AUDIENCES),
            search=search,
            owned=owned,
            clear_url=address.path,
            pager=address.pager(page),
            views=_views(visit, "owned" if owned else "all"),
            may_register=manage_applications.may_register_applications(ports, actor),
            api=call(visit, "GET", "/v1.0/applications?$top=50", permission="Application.Read.All"),
        )

    def endpoints(self, visit: Visit) -> HttpResponse:
        """**Endpoints** of this organization."""
        trail = (*_HOME, ("Endpoints", "app-registrations/endpoints"))
        endpoints = endpoints_of(visit.request.base_url, visit.tenant.id)
        return self._desk.page(visit, "endpoints.html", "app_registrations", trail, endpoints=endpoints)

    def deleted(self, visit: Visit) -> HttpResponse:
        """**Deleted applications**: restorable for 30 days."""
        address = ListAddress(visit.request, {}, _ORDERS, "name")
        query = Query(None, address.order, PAGE_SIZE, address.after, count=True)
        page = application_lifecycle.list_deleted_applications(self._desk.ports, visit.actor, query)
        path = "/v1.0/directory/deletedItems/microsoft.graph.application"
        return self._desk.page(
            visit,
            "apps_deleted.html",
            "app_registrations",
            (*_HOME, ("Deleted applications", "app-registrations/deleted")),
            rows=page.items,
            pager=address.pager(page),
            standing=self._desk.standing(visit, APP_WRITING_ROLES),
            views=_views(visit, "deleted"),
            api=call(visit, "GET", path, permission="Application.Read.All"),
        )

    def restore(self, visit: Visit) -> HttpResponse:
        """**Restore**."""
        restored = application_lifecycle.restore_application(self._desk.ports, visit.actor, visit.form("app"))
        return self._desk.back(visit, f"app-registrations/{restored.id}", "app-restored")

    def purge(self, visit: Visit) -> HttpResponse:
        """**Delete permanently**, once it was confirmed by its name: nothing brings it back."""
        app = application_lifecycle.get_deleted_application(self._desk.ports, visit.actor, visit.form("app"))
        typed = visit.form("confirmation").strip()
        if typed != app.display_name:
            question = Question(
                f"Delete {app.display_name} permanently?",
                "This cannot be undone. Its client ID and application ID URIs become free.",
                visit.url("app-registrations/deleted/purge"),
                "Delete permanently",
                visit.url("app-registrations/deleted"),
                type_to_confirm=app.display_name,
                hidden=(("app", app.id),),
            )
            problem = f"Type {app.display_name} to confirm." if "confirmation" in visit.request.form else ""
            return self._desk.ask(visit, "app_registrations", _HOME, question, problem)
        application_lifecycle.purge_application(self._desk.ports, visit.actor, app.id)
        return self._desk.back(visit, "app-registrations/deleted", "app-purged")

    def new(self, visit: Visit) -> HttpResponse:
        """**Register an application**."""
        return self._form(visit, None)

    def register(self, visit: Visit) -> HttpResponse:
        """**Register**."""
        typed = _typed(visit)
        audience = next((each for each in Audience if each.value == typed["audience"]), Audience.SINGLE)
        platform = next((each for each in Platform if each.value == typed["platform"]), Platform.WEB)
        uris = (RedirectUri(typed["redirect_uri"], platform),) if typed["redirect_uri"] else ()
        order = NewApplication(typed["display_name"], audience, uris)
        try:
            made = manage_applications.register_application(self._desk.ports, visit.actor, order)
        except (InvalidValue, NotPermitted) as error:
            return self._form(visit, error)
        return self._desk.back(visit, f"app-registrations/{made.application.id}", "app-registered")

    def _form(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        typed = (
            _typed(visit)
            if error
            else {"display_name": "", "audience": Audience.SINGLE, "platform": "web", "redirect_uri": ""}
        )
        may = manage_applications.may_register_applications(self._desk.ports, visit.actor)
        body = {"displayName": typed["display_name"] or "Orders", "signInAudience": typed["audience"]}
        return self._desk.page(
            visit,
            "app_new.html",
            "app_registrations",
            (*_HOME, ("Register an application", "app-registrations/new")),
            status=200 if error is None else 422 if isinstance(error, InvalidValue) else 403,
            typed=typed,
            audiences=[{"value": value, "text": text} for value, text in AUDIENCES],
            platforms=PLATFORMS,
            may_register=may,
            standing=self._desk.standing(visit, APP_WRITING_ROLES),
            errors=[] if error is None else [_problem(error)],
            api=call(visit, "POST", "/v1.0/applications", body=body, permission="Application.ReadWrite.All"),
        )


def _views(visit: Visit, current: str) -> list[dict[str, object]]:
    base = visit.url("app-registrations")
    views = (
        ("all", "All applications", base),
        ("owned", "Owned applications", f"{base}?show=owned"),
        ("deleted", "Deleted applications", f"{base}/deleted"),
    )
    return [
        {"label": label, "url": url, "current": key == current}
        for key, label, url in views
        if key == "owned" or not visit.is_owner
    ]


def _typed(visit: Visit) -> dict[str, str]:
    return {
        name: visit.form(name).strip() for name in ("display_name", "audience", "platform", "redirect_uri")
    }


def _problem(error: XeniaError) -> dict[str, str | None]:
    field = {"redirect_uris": "redirect_uri", "display_name": "display_name"}.get(getattr(error, "field", ""))
    return {"field": field, "text": refusal_words(error)}
