"""**Manifest** of a registration: its JSON as the API has it, edited as text."""

from __future__ import annotations

from xenia.catalog.manifest import ManifestRefused, Problem, manifest_text, read_manifest, refused
from xenia.core.errors import Conflict, InvalidValue, NotPermitted, XeniaError
from xenia.ui.portal.app_section import BASE, AppSection
from xenia.ui.portal.desk import Visit
from xenia.ui.portal.graph_calls import call
from xenia.usecases.applications import read_applications
from xenia.web.http import HttpResponse
from xenia.web.routing import Route


class AppManifest(AppSection):
    """The section."""

    section, path, template = "Manifest", "manifest", "app_manifest.html"

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, here = self._desk, f"{BASE}/{self.path}"
        return (
            Route("GET", here, desk.shown(self.show)),
            Route("POST", here, desk.posted(self.save)),
            Route("GET", f"{here}/download", desk.shown(self.download)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """The manifest as it is stored."""
        return self._page(visit, self._stored(visit), [])

    def download(self, visit: Visit) -> HttpResponse:
        """**Download**."""
        view = self._view(visit)
        name = f'attachment; filename="{view.application.app_id}.json"'
        headers = (
            ("Content-Type", "application/json; charset=utf-8"),
            ("Content-Disposition", name),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
        )
        return HttpResponse(200, self._stored(visit).encode(), headers)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**: all of it or nothing."""
        view = self._view(visit)
        text = visit.form("manifest").replace("\r\n", "\n")
        try:
            seen = read_applications.get_application(self._desk.ports, visit.actor, view.application.id)
            return self._change(visit, view, read_manifest(text, seen))
        except ManifestRefused as error:
            return self._page(visit, text, error.problems)
        except InvalidValue as error:
            return self._page(visit, text, refused(text, error).problems, error)
        except (Conflict, NotPermitted) as error:
            return self._page(visit, text, [], error)

    def _stored(self, visit: Visit) -> str:
        app_id = self._view(visit).application.id
        return manifest_text(read_applications.get_application(self._desk.ports, visit.actor, app_id))

    def _page(
        self, visit: Visit, text: str, problems: list[Problem], error: XeniaError | None = None
    ) -> HttpResponse:
        view = self._view(visit)
        is_stale = isinstance(error, Conflict) and error.field == "version"
        shown = [
            {"field": "manifest", "text": f"Line {each.line}: {each.text}" if each.line else each.text}
            for each in problems
        ]
        if error is None and problems:
            error = InvalidValue("manifest", problems[0].text)
        elif error is not None and not is_stale and not problems:
            shown = [{"field": "manifest", "text": str(error)}]
        return self._draw(
            visit,
            view,
            error,
            text=text,
            errors=shown,
            stored=self._stored(visit) if is_stale else "",
            rows=min(60, text.count("\n") + 2),
            api=call(
                visit,
                "GET",
                f"/v1.0/applications/{view.application.id}",
                permission="Application.Read.All",
            ),
        )
