"""The pages of a flow as people will see them, drawn from what an editor's form says now, for a frame beside it.

Model and template are those of the sign-up itself. Nothing is stored, and nothing in the frame can be sent.
"""

from __future__ import annotations

from xenia.core.attribute_form import page_fields
from xenia.core.credentials import PASSCODE_RESEND_AFTER
from xenia.core.directory.identity_provider import ENTRA_PROVIDER_ID
from xenia.core.errors import InvalidValue
from xenia.core.flow_languages import FlowPage, in_language, language_of
from xenia.core.own_words import with_words
from xenia.core.user_attributes import EMAIL, AttributeValues
from xenia.core.user_flow import FlowLanguage, PageText, UserFlow
from xenia.core.wording import ENGLISH_TAG, Words
from xenia.record import replace
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.user_flows.attribute_draft import drawable, posted_rows
from xenia.ui.portal.user_flows.attributes import known_attributes
from xenia.ui.portal.user_flows.frame import BASE, flow_of
from xenia.ui.portal.user_flows.layout import logo_from
from xenia.ui.portal.user_flows.words_draft import typed_words, usable_words
from xenia.usecases.sign_up.start import ways_in
from xenia.web.http import BASE_CSP, HttpResponse, html
from xenia.web.routing import Route
from xenia.web.sign_up_pages import (
    CODE_PAGE,
    DETAILS_PAGE,
    REVIEW_PAGE,
    WAYS_PAGE,
    Model,
    details_model,
    flow_host,
    preview,
    review_model,
    ways_model,
)

FRAME_CSP = BASE_CSP.replace("script-src 'self'", "script-src 'none'").replace(
    "frame-ancestors 'none'; form-action 'self'", "frame-ancestors 'self'; form-action 'none'"
)
"""A page in a frame of the portal: it runs nothing and sends nothing."""
_SOMEBODY = "maria@partner.example"


class FlowPreview:
    """One address for the frame of every section."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Its addresses."""
        desk, base = self._desk, f"{BASE}/{{flow}}/preview"
        return (
            Route("GET", base, desk.shown(self.stored)),
            Route("POST", base, desk.posted(self.typed)),
        )

    def stored(self, visit: Visit) -> HttpResponse:
        """The flow as it is stored."""
        query = visit.request.query
        words = self._words(query.get("language"))
        return self._draw(
            visit, flow_of(self._desk, visit), query.get("page"), words, is_dark="dark" in query
        )

    def typed(self, visit: Visit) -> HttpResponse:
        """The flow with what the form says; what cannot be used yet is left as it is stored."""
        flow = flow_of(self._desk, visit)
        form = visit.request.form
        if "attribute" in form or "add" in form:
            rows = posted_rows(form, known_attributes(self._desk, visit))
            flow = replace(flow, attributes=drawable(rows))
        if "row" in form:
            wanted = {ENTRA_PROVIDER_ID, *form.all("provider")}
            ids = tuple(each for each in dict.fromkeys(form.all("row")) if each in wanted)
            flow = replace(flow, provider_ids=ids)
        if "intro" in form:
            flow = replace(flow, text=self._text(visit, flow))
        words = self._words(form.get("language"))
        if "own" in form:
            language = language_of(flow, words.language) or FlowLanguage(words.language)
            flow = with_words(flow, words.language, usable_words(flow, typed_words(flow, language, form)))
        return self._draw(visit, flow, form.get("page"), words, is_dark="dark" in form)

    def _words(self, language: str) -> Words:
        return self._desk.ports.wordbook.in_language(language or ENGLISH_TAG)

    def _text(self, visit: Visit, flow: UserFlow) -> PageText:
        logo = "" if "remove_logo" in visit.request.form else flow.text.logo
        data = visit.request.files.get("logo", b"")
        try:
            logo = logo_from(data) if data else logo
        except InvalidValue:
            # Said when it is saved; until then the page looks as it does now.
            logo = flow.text.logo
        return PageText(visit.form("organization_name").strip(), visit.form("intro"), logo)

    def _draw(self, visit: Visit, flow: UserFlow, wish: str, words: Words, *, is_dark: bool) -> HttpResponse:
        tenant = visit.tenant
        host: Model = {
            "name": tenant.display_name,
            "logo_url": None,
            "help_contact": tenant.technical_contact or tenant.privacy_contact,
            "privacy_url": tenant.privacy_statement_url,
        }
        app_name = self._app_name(visit, flow)
        # As on the real pages: the name in the frame is that of the first page.
        text = in_language(flow, FlowPage.WAYS, words)[0].text
        template, model, words = self._step(visit, flow, wish, app_name, words)
        page = preview(
            self._desk.pages,
            template,
            model,
            host=flow_host(host, text, flow.text.logo or None),
            app_name=app_name,
            theme="dark" if is_dark else "light",
            words=words,
            organization=tenant.display_name,
        )
        return html(page, csp=FRAME_CSP)

    def _step(
        self, visit: Visit, flow: UserFlow, wish: str, app_name: str, words: Words
    ) -> tuple[str, Model, Words]:
        match wish:
            case "code":
                return CODE_PAGE, self._frame(visit, app_name) | self._code(), words
            case "permissions":
                return REVIEW_PAGE, self._frame(visit, app_name) | review_model(visit.tenant), words
            case "details":
                flow, words = in_language(flow, FlowPage.DETAILS, words)
                return DETAILS_PAGE, self._details(visit, flow, words), words
            case _:
                flow, words = in_language(flow, FlowPage.WAYS, words)
                return WAYS_PAGE, self._ways(visit, flow), words

    def _frame(self, visit: Visit, app_name: str) -> Model:
        """Of the steps that every sign-in has."""
        return {
            "destination": app_name,
            "publisher_name": visit.tenant.display_name,
            "redeeming": False,
            "on_device": False,
            "signing_up": True,
            "tenant": visit.tenant,
            "login": _SOMEBODY,
            "typed": None,
            "switch_url": "#",
        }

    def _code(self) -> Model:
        """A code that was sent this moment."""
        ports = self._desk.ports
        return {
            "address": _SOMEBODY,
            "code_sent": True,
            "sent_at": ports.clock.now(),
            "resend_seconds": int(PASSCODE_RESEND_AFTER.total_seconds()),
            "sender": ports.server.mail_from,
        }

    def _ways(self, visit: Visit, flow: UserFlow) -> Model:
        with self._desk.ports.store.read(visit.tenant.id) as tx:
            ways = ways_in(tx, tx.tenants.policies(visit.tenant.id), flow)
        return ways_model(
            flow.text,
            takes_address=ways.takes_address,
            buttons=[(each.provider_id, each.name) for each in ways.buttons],
        )

    def _details(self, visit: Visit, flow: UserFlow, words: Words) -> Model:
        values: AttributeValues = ((EMAIL, _SOMEBODY),)
        fields = page_fields(
            flow.attributes,
            known_attributes(self._desk, visit).values(),
            self._desk.ports.clock.now(),
            values=values,
            words=words,
        )
        return details_model(flow.text, fields, words, address=_SOMEBODY)

    def _app_name(self, visit: Visit, flow: UserFlow) -> str:
        with self._desk.ports.store.read(visit.tenant.id) as tx:
            apps = (tx.applications.find_by_app_id(each) for each in flow.app_ids)
            return next((app.display_name for app in apps if app is not None), "the app")
