"""What the sections of a registration's pages share: the registration asked for, one change of it, and the way back."""

from __future__ import annotations

from collections.abc import Callable

from xenia.core.directory.application import Application
from xenia.core.errors import Conflict, InvalidValue, NotPermitted, XeniaError
from xenia.ui.portal.app_detail import app_page
from xenia.ui.portal.changed_meanwhile import version_of
from xenia.ui.portal.desk import Desk, Model, Visit
from xenia.ui.portal.graph_calls import call
from xenia.usecases.applications import manage_applications
from xenia.usecases.applications.change_registration import Changes, change_registration
from xenia.usecases.applications.manage_applications import ApplicationView
from xenia.web.http import HttpResponse

REFUSALS = (Conflict, InvalidValue, NotPermitted)
BASE = "/admin/{tenant}/app-registrations/{app}"


class AppSection:
    """Base of a section; its name, address and template are the subclass's."""

    section = ""
    path = ""
    template = ""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def _view(self, visit: Visit) -> ApplicationView:
        return manage_applications.view_application(self._desk.ports, visit.actor, visit.request.args["app"])

    def _change(
        self,
        visit: Visit,
        view: ApplicationView,
        changes: Changes | Callable[[Application], Changes],
        done: str = "saved",
    ) -> HttpResponse:
        """Change the registration the form was drawn from and go back to the section. Raises what the use case raises."""
        version = version_of(visit)
        change_registration(self._desk.ports, visit.actor, view.application.id, changes, version)
        return self._back(visit, view, done)

    def _back(self, visit: Visit, view: ApplicationView, done: str = "saved") -> HttpResponse:
        return self._desk.back(visit, f"app-registrations/{view.application.id}/{self.path}", done)

    def _draw(
        self,
        visit: Visit,
        view: ApplicationView,
        error: XeniaError | None = None,
        *,
        template: str = "",
        **model: object,
    ) -> HttpResponse:
        own: Model = {"here": visit.url(f"app-registrations/{view.application.id}/{self.path}")}
        own["is_stale"] = isinstance(error, Conflict) and error.field == "version"
        return app_page(self._desk, visit, template or self.template, self.section, view, error, own | model)

    def _patch(self, visit: Visit, view: ApplicationView, body: object) -> object:
        """The API call for this section."""
        path = f"/v1.0/applications/{view.application.id}"
        return call(visit, "PATCH", path, body=body, permission="Application.ReadWrite.All")
