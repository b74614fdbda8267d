"""**Languages** of a flow: which are on, and the organisation's own texts in each, typed or up- and downloaded."""

from __future__ import annotations

from xenia.core.errors import Conflict, InvalidValue, NotPermitted, XeniaError
from xenia.core.flow_languages import FlowPage, languages_of
from xenia.core.own_words import has_own_words
from xenia.core.user_flow import FlowLanguage, UserFlow
from xenia.core.wording import LANGUAGES
from xenia.ui.portal.changed_meanwhile import version_of
from xenia.ui.portal.desk import Desk, Model, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.user_flows.attributes import known_attributes
from xenia.ui.portal.user_flows.frame import (
    BASE,
    GRAPH,
    READ,
    flow_of,
    flow_page,
    flow_path,
    stale_rows,
)
from xenia.ui.portal.user_flows.language_names import OWN_NAMES
from xenia.ui.portal.user_flows.words_draft import (
    PAGE_NAMES,
    Typed,
    has_option_fields,
    problems_of,
    rows_of,
    stored_words,
    typed_words,
)
from xenia.usecases.self_service import manage_flow_languages
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

SECTION = "Languages"
_REFUSALS = (Conflict, InvalidValue, NotPermitted)


class FlowLanguages:
    """The list, with its switches."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Its addresses."""
        desk, base = self._desk, f"{BASE}/{{flow}}/languages"
        return (Route("GET", base, desk.shown(self.show)), Route("POST", base, desk.posted(self.save)))

    def show(self, visit: Visit) -> HttpResponse:
        """As stored."""
        flow = flow_of(self._desk, visit)
        return self._draw(visit, flow, [each.id for each in languages_of(flow) if each.is_enabled], None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**: those whose boxes are ticked are on, all others are off."""
        flow, wanted = flow_of(self._desk, visit), list(visit.request.form.all("on"))
        try:
            manage_flow_languages.set_languages(
                self._desk.ports, visit.actor, flow.id, wanted, expected_version=version_of(visit)
            )
        except _REFUSALS as error:
            return self._draw(visit, flow_of(self._desk, visit), wanted, error)
        return self._desk.back(visit, flow_path(flow, "/languages"), "saved")

    def _draw(
        self, visit: Visit, flow: UserFlow, wanted: list[str], error: XeniaError | None
    ) -> HttpResponse:
        languages = languages_of(flow)
        rows = [
            {
                "id": each.id,
                "own_name": OWN_NAMES[each.id],
                "name": LANGUAGES[each.id],
                "is_on": each.id in wanted,
                "is_configured": has_own_words(flow, each),
                "url": visit.url(flow_path(flow, f"/languages/{each.id}")),
            }
            for each in languages
        ]
        stored = ", ".join(LANGUAGES[each.id] for each in languages if not each.is_enabled)
        typed = ", ".join(LANGUAGES[each.id] for each in languages if each.id not in wanted)
        return flow_page(
            self._desk,
            visit,
            "user_flow_languages.html",
            SECTION,
            flow,
            error=error,
            rows=rows,
            version=flow.version,
            stored=stale_rows(
                self._desk, visit, error, [("Languages off", stored or "None", typed or "None")]
            ),
            api=call(visit, "GET", f"{GRAPH}/{flow.id}/languages", permission=READ),
        )


class FlowLanguageTexts:
    """The texts of one language."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Its addresses."""
        desk, base = self._desk, f"{BASE}/{{flow}}/languages/{{language}}"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("POST", base, desk.posted(self.save)),
            Route("GET", f"{base}/{{page}}/defaults.json", desk.shown(self.download_defaults)),
            Route("GET", f"{base}/{{page}}/overrides.json", desk.shown(self.download_overrides)),
            Route("POST", f"{base}/{{page}}/upload", desk.posted(self.upload)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """As stored."""
        flow, language = self._addressed(visit)
        return self._draw(visit, flow, language, stored_words(flow, language))

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**: both pages at once."""
        flow, language = self._addressed(visit)
        typed = typed_words(flow, language, visit.request.form)
        try:
            manage_flow_languages.put_words(
                self._desk.ports, visit.actor, flow.id, language.id, typed, expected_version=version_of(visit)
            )
        except _REFUSALS as error:
            flow, language = self._addressed(visit)
            return self._draw(visit, flow, language, typed, error)
        return self._desk.back(visit, flow_path(flow, f"/languages/{language.id}"), "saved")

    def upload(self, visit: Visit) -> HttpResponse:
        """**Upload**: a file in place of all own texts of a page."""
        flow, language = self._addressed(visit)
        page = manage_flow_languages.page_of_name(visit.request.args["page"])
        data = visit.request.files.get("file", b"")
        try:
            manage_flow_languages.put_overrides_file(
                *(self._desk.ports, visit.actor, flow.id, language.id, page, data),
                expected_version=version_of(visit),
            )
        except _REFUSALS as error:
            flow, language = self._addressed(visit)
            return self._draw(visit, flow, language, stored_words(flow, language), error, upload=page)
        return self._desk.back(visit, flow_path(flow, f"/languages/{language.id}"), "saved")

    def download_defaults(self, visit: Visit) -> HttpResponse:
        """**Download defaults**."""
        return self._file(visit, "defaults")

    def download_overrides(self, visit: Visit) -> HttpResponse:
        """**Download overrides**."""
        return self._file(visit, "overrides")

    def _file(self, visit: Visit, what: str) -> HttpResponse:
        flow, language = self._addressed(visit)
        page = manage_flow_languages.page_of_name(visit.request.args["page"])
        read = {
            "defaults": manage_flow_languages.read_defaults_file,
            "overrides": manage_flow_languages.read_overrides_file,
        }[what]
        name = f"{flow.id}-{language.id}-{page.value}-{what}.json"
        return HttpResponse(
            200,
            read(self._desk.ports, visit.actor, flow.id, language.id, page),
            (
                ("Content-Type", "application/json; charset=utf-8"),
                ("Content-Disposition", f'attachment; filename="{name}"'),
                ("Cache-Control", "no-store"),
            ),
        )

    def _addressed(self, visit: Visit) -> tuple[UserFlow, FlowLanguage]:
        flow = flow_of(self._desk, visit)
        wanted = visit.request.args["language"]
        return flow, manage_flow_languages.get_language(self._desk.ports, visit.actor, flow.id, wanted)

    def _draw(
        self,
        visit: Visit,
        flow: UserFlow,
        language: FlowLanguage,
        typed: Typed,
        error: XeniaError | None = None,
        *,
        upload: FlowPage | None = None,
    ) -> HttpResponse:
        """*upload*: the page whose file was refused."""
        attributes = {each.id: each for each in known_attributes(self._desk, visit).values()}
        words = self._desk.ports.wordbook.in_language(language.id)
        here = flow_path(flow, f"/languages/{language.id}")
        kept = stored_words(flow, language)
        pages: list[Model] = []
        differing: list[tuple[str, str, str]] = []
        for page in FlowPage:
            rows = rows_of(flow, page, typed[page], attributes, words)
            before = rows_of(flow, page, kept[page], attributes, words)
            differing += [
                (was.label, was.own or "Default", row.own or "Default")
                for was, row in zip(before, rows, strict=True)
            ]
            pages.append({"id": page.value, "name": PAGE_NAMES[page], "rows": rows, "has_own": bool(kept[page].texts or kept[page].options)})  # fmt: skip
        problems = problems_of(flow, typed) if isinstance(error, InvalidValue) and upload is None else []
        if upload is not None and isinstance(error, InvalidValue):
            problems = [{"field": f"file-{upload.value}", "text": error.message}]
        return flow_page(
            self._desk,
            visit,
            "user_flow_language.html",
            SECTION,
            flow,
            error=None if problems else error,
            problems=problems,
            language=language,
            own_name=OWN_NAMES[language.id],
            name=LANGUAGES[language.id],
            pages=pages,
            has_option_fields=has_option_fields(flow),
            version=flow.version,
            texts_url=visit.url(here),
            step="details" if upload is FlowPage.DETAILS else "sign-up",
            stored=stale_rows(self._desk, visit, error, differing),
            api=call(
                visit, "GET", f"{GRAPH}/{flow.id}/languages/{language.id}/overridesPages", permission=READ
            ),
        )
