"""**Owners** of a registration: who may change it without an administrator role."""

from __future__ import annotations

from xenia.core.errors import InvalidValue, NotFound, XeniaError
from xenia.core.ids import parse_guid
from xenia.ui.portal.app_section import BASE, REFUSALS, AppSection
from xenia.ui.portal.desk import Visit
from xenia.ui.portal.graph_calls import call
from xenia.usecases.applications import application_owners
from xenia.web.http import HttpResponse
from xenia.web.routing import Route


class AppOwners(AppSection):
    """The section."""

    section, path, template = "Owners", "owners", "app_owners.html"

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, here = self._desk, f"{BASE}/{self.path}"
        return (
            Route("GET", here, desk.shown(self.show)),
            Route("POST", here, desk.posted(self.add)),
            Route("POST", f"{here}/remove", desk.posted(self.remove)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """Who owns the app."""
        return self._page(visit, None)

    def add(self, visit: Visit) -> HttpResponse:
        """**Add owner**, by user name, mail address or object ID."""
        view = self._view(visit)
        try:
            user_id = self._user_id(visit, visit.form("owner").strip())
            application_owners.add_owner(self._desk.ports, visit.actor, view.application.id, user_id)
        except (*REFUSALS, NotFound) as error:
            return self._page(visit, error)
        return self._back(visit, view, "owner-added")

    def remove(self, visit: Visit) -> HttpResponse:
        """**Remove** an owner."""
        view = self._view(visit)
        try:
            application_owners.remove_owner(
                self._desk.ports, visit.actor, view.application.id, parse_guid(visit.form("owner"))
            )
        except (*REFUSALS, NotFound) as error:
            return self._page(visit, error)
        return self._back(visit, view, "owner-removed")

    def _user_id(self, visit: Visit, named: str) -> str:
        """The user meant. Raises InvalidValue when nobody, or several people, answer to the name."""
        with self._desk.ports.store.read(visit.tenant.id) as tx:
            key = parse_guid(named)
            found = tx.users.find(key) if key else tx.users.find_by_upn(named)
            several = () if found else tx.users.find_by_address(named)
        if found is None and len(several) == 1:
            found = several[0]
        if found is None:
            raise InvalidValue(
                "owner", f"There is no single user '{named}' here. Enter a user name or an object ID."
            )
        return found.id

    def _page(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        view = self._view(visit)
        app = view.application
        if isinstance(error, NotFound):
            error = None  # somebody else removed the same owner: the list below says so
        user_id = visit.actor.user_id or ""
        body = {"@odata.id": f"{visit.request.base_url}/v1.0/directoryObjects/{user_id}"}
        return self._draw(
            visit,
            view,
            error,
            owners=application_owners.list_owners(self._desk.ports, visit.actor, app.id),
            typed=visit.form("owner") if error else "",
            api=call(
                visit,
                "POST",
                f"/v1.0/applications/{app.id}/owners/$ref",
                body=body,
                permission="Application.ReadWrite.All",
            ),
        )
