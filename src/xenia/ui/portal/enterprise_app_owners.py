"""**Owners** of an enterprise app: who may change it here without an administrator role."""

from __future__ import annotations

from xenia.core.directory.first_party import FIRST_PARTY_APP_IDS
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.core.ids import parse_guid
from xenia.ui.portal.app_owners import named_owner, owner_rows
from xenia.ui.portal.desk import Desk, Model, Visit
from xenia.ui.portal.enterprise_app_frame import addressed, app_page
from xenia.ui.portal.graph_calls import call
from xenia.usecases.applications import application_owners
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_REFUSALS = (Conflict, InvalidValue, NotFound, NotPermitted)


class EnterpriseAppOwners:
    """The section."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, here = self._desk, "/admin/{tenant}/enterprise-apps/{app}/owners"
        return (
            Route("GET", here, desk.shown(self.show)),
            Route("POST", here, desk.posted(self.add)),
            Route("POST", f"{here}/remove", desk.posted(self.remove)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """Who owns the app."""
        return self._page(visit, None)

    def add(self, visit: Visit) -> HttpResponse:
        """**Add owner**."""
        principal, ports = addressed(self._desk, visit), self._desk.ports
        try:
            owner_id = named_owner(ports, visit.actor, visit.form("owner").strip())
            application_owners.add_principal_owner(ports, visit.actor, principal.id, owner_id)
        except _REFUSALS as error:
            return self._page(visit, error)
        return self._desk.back(visit, f"enterprise-apps/{principal.id}/owners", "owner-added")

    def remove(self, visit: Visit) -> HttpResponse:
        """**Remove** an owner."""
        principal = addressed(self._desk, visit)
        owner_id = parse_guid(visit.form("owner"))
        try:
            application_owners.remove_principal_owner(self._desk.ports, visit.actor, principal.id, owner_id)
        except _REFUSALS as error:
            return self._page(visit, error)
        return self._desk.back(visit, f"enterprise-apps/{principal.id}/owners", "owner-removed")

    def _page(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        principal = addressed(self._desk, visit)
        if isinstance(error, NotFound):
            error = None  # somebody else removed the same owner: the list below says so
        owners = application_owners.list_principal_owners(self._desk.ports, visit.actor, principal.id)
        path = f"/v1.0/servicePrincipals/{principal.id}/owners/$ref"
        body = {"@odata.id": f"{visit.request.base_url}/v1.0/directoryObjects/{visit.actor.user_id or ''}"}
        model: Model = {
            "here": visit.url(f"enterprise-apps/{principal.id}/owners"),
            "owners": owner_rows(visit, owners),
            "typed": visit.form("owner") if error else "",
            "is_shipped": principal.app_id in FIRST_PARTY_APP_IDS,
            "api": call(visit, "POST", path, body=body, permission="Application.ReadWrite.All"),
        }
        return app_page(self._desk, visit, "enterprise_app_owners.html", "Owners", principal, error, model)
