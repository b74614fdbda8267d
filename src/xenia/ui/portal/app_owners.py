"""**Owners** of a registration: who may change it without an administrator role."""

from __future__ import annotations

from collections.abc import Iterable

from xenia.core.actor import Actor
from xenia.core.directory.group import Group
from xenia.core.errors import InvalidValue, NotFound, XeniaError
from xenia.core.ids import ObjectId, parse_guid
from xenia.ports import Ports
from xenia.ui.portal.app_section import BASE, REFUSALS, AppSection
from xenia.ui.portal.desk import Model, Visit
from xenia.ui.portal.graph_calls import call
from xenia.usecases.applications import application_owners
from xenia.usecases.applications.application_owners import OwningApp
from xenia.usecases.groups.group_dossier import find_object
from xenia.usecases.users.read_directory import SeenUser
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
            owner_id = named_owner(self._desk.ports, visit.actor, visit.form("owner").strip())
            application_owners.add_owner(self._desk.ports, visit.actor, view.application.id, owner_id)
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
            owners=owner_rows(visit, application_owners.list_owners(self._desk.ports, visit.actor, app.id)),
            typed=visit.form("owner") if error else "",
            api=call(
                visit,
                "POST",
                f"/v1.0/applications/{app.id}/owners/$ref",
                body=body,
                permission="Application.ReadWrite.All",
            ),
        )


def named_owner(ports: Ports, actor: Actor, named: str) -> ObjectId:
    """The owner meant. Raises InvalidValue when nobody whom the actor may look up, or several, answer to the name."""
    found = find_object(ports, actor, named)
    if found is None or isinstance(found, Group):
        raise InvalidValue(
            "owner",
            f"There is no single user or app '{named}' here. Enter a user name, or the object ID of a user or an "
            "enterprise app.",
        )
    return found.id


def owner_rows(visit: Visit, owners: Iterable[SeenUser | OwningApp]) -> list[Model]:
    """Lines of a table of owners. Owners of apps without a role are led to no pages they cannot open."""
    return [_owner_row(visit, owner) for owner in owners]


def _owner_row(visit: Visit, owner: SeenUser | OwningApp) -> Model:
    if isinstance(owner, OwningApp):
        found = owner.principal
        url = visit.url(f"enterprise-apps/{found.id}")
        row: Model = {"id": found.id, "name": found.display_name, "address": found.app_id, "type": "App"}
    else:
        user = owner.user
        url = visit.url(f"users/{user.id}")
        # Of people beyond the guest access level the id alone is known.
        kind = user.user_type.value if owner.shows("user_type") else "–"
        row = {
            "id": user.id,
            "name": user.display_name or user.id,
            "address": user.user_principal_name or "–",
            "type": kind,
        }
    return row | {"url": None if visit.is_owner else url}
