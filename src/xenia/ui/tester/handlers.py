"""The tester's pages: the request form, the way out to the authorization endpoint, and the answer.

Owns no knowledge of tokens, flows or the directory; those have modules of their own beside this one.
"""

from __future__ import annotations

from xenia.core.directory.first_party import TESTER_APP_ID
from xenia.core.errors import InteractionGone, InvalidRequest, NotFound
from xenia.ports import Fetcher, Ports
from xenia.record import replace
from xenia.ui.tester import form as forms
from xenia.ui.tester.answer import Answer, AnswerReader
from xenia.ui.tester.exchange import redeem, request_grant
from xenia.ui.tester.explanations import explain
from xenia.ui.tester.flow import Flow, Flows, start_flow
from xenia.ui.tester.form import TesterForm
from xenia.ui.tester.importing import Imported, import_service
from xenia.ui.tester.meanings import MEANINGS, TIMES
from xenia.ui.tester.readiness import Directory
from xenia.ui.tester.tokens import Expected, checks_of, decode, rows_of
from xenia.web.cookies import Cookies
from xenia.web.http import HttpRequest, HttpResponse, Params, redirect
from xenia.web.tools import Tools

_PAGE = "tester/request.html"
_LONGEST_ANSWER = 131_072
"""Characters. Anybody can post here, and each is shown several times."""
_DONE = {
    "redirect": "The Redirect URI is registered.",
    "authr": "https://authr.dev/ is registered.",
    "id-tokens": "ID tokens are switched on.",
}


class Tester:
    """Handlers of the tester."""

    def __init__(self, ports: Ports, tools: Tools, cookies: Cookies, fetcher: Fetcher) -> None:
        self._ports = ports
        self._tools = tools
        self._fetcher = fetcher
        self._flows = Flows(ports, cookies)
        self._directory = Directory(ports, cookies)
        self._answers = AnswerReader(ports, fetcher, self._directory)
        self._work = tools.gated(self._start)

    def enter(self, request: HttpRequest) -> HttpResponse:
        """``/tester/``: an answer is received from anywhere; everything else passes the gate.

        An answer needs no gate: it shows what its sender sent, and is acted upon only when its state is sealed
        in this browser, which happened behind the gate.
        """
        values = request.form if request.method == "POST" else request.query
        if is_answer(values):
            return self._receive(request, values)
        return self._work(request)

    def _start(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            self._tools.check_form(request)
            return self._submit(request)
        form = forms.read_form(request, request.query, tenant=self._directory.first_tenant())
        # What this server sends itself takes a press of the button: any page on the web can open a link.
        performs = forms.action_of(request.query) == forms.PERFORM and form.is_browser_flow
        # A link that only fills the form makes this server ask nobody.
        downloads = form.import_type == forms.METADATA and not performs
        imported = Imported(form) if downloads else self._import(request, form)
        if request.query.get("part") == "readiness":
            model = self._form_model(request, imported)
            return self._tools.fragment(request, _PAGE, "readiness", "Tester", model)
        if performs and not self._problems(imported):
            return self._send(request, imported, after_form=False)
        link = forms.action_of(request.query) == forms.LINK
        return self._form(request, imported, errors=self._problems(imported) if performs else [], link=link)

    def _submit(self, request: HttpRequest) -> HttpResponse:
        imported = self._import(request, forms.read_form(request, request.form, tenant=""))
        action = forms.action_of(request.form) or forms.PERFORM
        errors = [] if action == forms.IMPORT and not imported.problem else self._problems(imported)
        if errors or action != forms.PERFORM:
            return self._form(request, imported, errors=errors, link=action == forms.LINK and not errors)
        if not imported.form.is_browser_flow:
            exchange = request_grant(self._fetcher, imported.form)
            flow = start_flow(self._ports, imported)
            return self._show(request, self._answers.of_exchange(request, flow, exchange))
        return self._send(request, imported, after_form=True)

    def _send(self, request: HttpRequest, imported: Imported, *, after_form: bool) -> HttpResponse:
        flow = start_flow(self._ports, imported)
        url = flow.request_url()
        if after_form:
            # A page and not a redirect: form-action binds every hop that follows a form, and the last is the app's.
            response = self._tools.page(
                request,
                "tester/sending.html",
                "Tester",
                {"url": url, "endpoint": flow.form.authorization_endpoint},
            )
        else:
            response = redirect(url, status=302)
        kept = self._flows.keep(request, response, flow)
        if kept is None:
            errors = [
                {"field": "additionalparameters", "text": "The request is too long. Shorten its parameters."}
            ]
            return self._form(request, imported, errors=errors)
        return kept

    def _import(self, request: HttpRequest, form: TesterForm) -> Imported:
        return import_service(form, request.base_url, self._fetcher)

    def _problems(self, imported: Imported) -> list[dict[str, str]]:
        if imported.problem:
            return [{"field": "openidconnectmetadataurl", "text": imported.problem}]
        return forms.problems_of(imported.form)

    def _form(
        self,
        request: HttpRequest,
        imported: Imported,
        *,
        errors: list[dict[str, str]],
        link: bool = False,
    ) -> HttpResponse:
        form = imported.form
        url = f"{request.base_url}{forms.TESTER_PATH}?{form.link_query(secret=True)}" if link else None
        done = _DONE.get(request.query.get("done"))
        return self._tools.page(
            request,
            _PAGE,
            "Tester",
            self._form_model(request, imported)
            | {
                "errors": errors,
                "link": url,
                "notices": [{"kind": "ok", "title": done}] if done else [],
            },
            status=422 if errors else 200,
        )

    def _form_model(self, request: HttpRequest, imported: Imported) -> dict[str, object]:
        form = imported.form
        ready = self._directory.assess(request, form)
        return {
            "form": form,
            "ready": ready,
            "forms": forms,
            "response_types": [
                (value, value)
                for value in dict.fromkeys((*forms.RESPONSE_TYPES, form.response_type))
                if value
            ],
            "tester_app_id": TESTER_APP_ID,
            "tenants": [tenant.initial_domain for tenant in self._directory.tenants()],
            "apps": self._directory.pickable(request, ready.tenant),
            "base_url": request.base_url,
            "errors": [],
            "link": None,
        }

    def _receive(self, request: HttpRequest, values: Params) -> HttpResponse:
        if sum(len(name) + len(value) for name, value in values.pairs) > _LONGEST_ANSWER:
            raise InvalidRequest(
                "", "The answer is too long to be shown: tokens are a few thousand characters."
            )
        flow = self._flows.find(request, values.get("state"))
        return self._finish(request, self._answers.of_parameters(request, flow, values))

    def _finish(self, request: HttpRequest, answer: Answer) -> HttpResponse:
        response = self._show(request, answer)
        if answer.flow is None or not answer.was_redeemed_here:
            return response
        spent = replace_redeemed(answer.flow)
        return self._flows.keep(request, response, spent) or response

    def _show(self, request: HttpRequest, answer: Answer) -> HttpResponse:
        return self._tools.page(
            request, "tester/response.html", "Tester", self._answers.model(request, answer)
        )

    def redeem(self, request: HttpRequest) -> HttpResponse:
        """Redeem a code through the server: for apps that are no single-page application, and without scripts."""
        self._tools.check_form(request)
        flow, code = self._flows.find(request, request.form.get("state")), request.form.get("code")
        if flow is None or flow.redeemed or not code:
            raise InteractionGone
        exchange = redeem(self._fetcher, flow, code)
        return self._finish(request, self._answers.of_exchange(request, flow, exchange))

    def remedy(self, request: HttpRequest) -> HttpResponse:
        """Register a redirect URI or switch on ID tokens, with one click, for those who may."""
        self._tools.check_form(request)
        form = forms.read_form(request, request.form, tenant="")
        remedy = request.form.get("remedy")
        if remedy not in _DONE:
            raise NotFound("Remedy", remedy)
        self._directory.change(request, form, remedy)
        return redirect(f"{forms.TESTER_PATH}?{form.link_query(secret=False)}&done={remedy}")

    def explain(self, request: HttpRequest) -> HttpResponse:
        """What an error means, for the script that received it."""
        query = request.query
        tenant = self._directory.find_tenant(query.get("tenant"))
        text = explain(
            query.get("description"),
            query.get("error"),
            tenant_id=tenant.id if tenant else None,
            application_id=self._answers.application_id(tenant, query.get("client_id")),
        )
        return self._tools.fragment(
            request, "tester/explanation.html", "body", "Tester", {"explanation": text}
        )

    def decode(self, request: HttpRequest) -> HttpResponse:
        """``/tester/decode``: in the browser; without scripts this server does it and says so."""
        now, shown, errors = self._ports.clock.now(), None, []
        if request.method == "POST":
            self._tools.check_form(request)
            token = request.form.get("token").strip()
            decoded = decode(token)
            if decoded is None:
                errors = [{"field": "token", "text": "This is no JSON Web Token: it has not three parts."}]
            else:
                checks = checks_of(
                    token,
                    decoded,
                    Expected(),
                    self._ports.keys,
                    self._ports.server.at(request.base_url).issuing,
                    now,
                )
                shown = {
                    "label": "Token",
                    "header": rows_of(decoded.header, now),
                    "claims": rows_of(decoded.claims, now),
                    "checks": checks,
                }
        data = {"meanings": MEANINGS, "times": sorted(TIMES), "now": int(now.timestamp())}
        return self._tools.page(
            request,
            "tester/decode.html",
            "Tester",
            {"errors": errors, "shown": shown, "data": data},
            status=422 if errors else 200,
        )


def is_answer(values: Params) -> bool:
    """Whether these parameters are an answer of an authorization endpoint rather than a request to the tester."""
    if "form_token" in values:
        return False
    return any(name in values for name in ("code", "id_token", "access_token", "error")) or (
        "state" in values and not forms.asks_for_something(values)
    )


def replace_redeemed(flow: Flow) -> Flow:
    """The flow after its code was spent: secret and verifier are of no more use, so they go."""
    form = replace(flow.form, client_secret="")
    return Flow(
        state=flow.state,
        nonce=flow.nonce,
        started_at=flow.started_at,
        form=form,
        metadata_url=flow.metadata_url,
        issuer=flow.issuer,
        keys_url=flow.keys_url,
        redeemed=True,
    )
