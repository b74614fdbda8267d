"""The dispatcher: draws the step that is due and hands forms to the use case they belong to."""

from __future__ import annotations

from collections.abc import Callable

from xenia.core.directory.tenant import Tenant
from xenia.core.errors import (
    AccountNotInTenant,
    AddressHasAccount,
    AdminConsentRequired,
    ConsentDeclined,
    InteractionGone,
    NotFound,
    ProtocolError,
    WrongAccount,
)
from xenia.core.ids import parse_guid
from xenia.core.signin.interrupts import Step
from xenia.core.wording import mark, say
from xenia.ports import Ports
from xenia.ui.signin.browser import browser_of
from xenia.ui.signin.devices import DeviceEnd
from xenia.ui.signin.federating import BUSY_REFRESH, on_the_way, provider_host
from xenia.ui.signin.refusals import Refusals, WayOn
from xenia.ui.signin.sign_up_views import offers_sign_up
from xenia.ui.signin.speech import spoken, words_for
from xenia.ui.signin.views import chosen_theme, host_in, host_of, page_of
from xenia.usecases.devices.device_approval import decline_device
from xenia.usecases.federation.begin import begin_federation
from xenia.usecases.federation.ways import continue_with, use_another_account, use_code
from xenia.usecases.sign_in import BrowserContext, Rejected, Situation, Turn, where_is
from xenia.usecases.sign_in.errands import give_up, progress
from xenia.usecases.sign_in.new_password import choose_password
from xenia.usecases.sign_in.passcode import enter_code, send_code
from xenia.usecases.sign_in.redeem import accept_invitation
from xenia.usecases.sign_in.second_factor import begin_enrolment, confirm_enrolment, verify_code
from xenia.usecases.sign_in.steps import (
    Posted,
    decide_consent,
    decide_stay,
    enter_password,
    identify,
    pick,
    request_consent,
)
from xenia.usecases.sign_up.details import send_details
from xenia.usecases.sign_up.start import (
    accept_review,
    cancel_sign_up,
    choose_provider,
    enter_address,
    leave_sign_up,
    proceed,
    start_sign_up,
)
from xenia.web.authorization_response import came_by_form, error_answer, render_answer
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard, FormRefused
from xenia.web.http import HttpRequest, HttpResponse, Params, html, redirect
from xenia.web.pages import Pages

Submit = Callable[[Ports, Posted, Params], "Turn | Rejected"]


def _cancel(ports: Ports, posted: Posted) -> Turn:
    cancel_sign_up(ports, posted)  # raises ConsentDeclined: the app is told
    return Turn(interaction_id=posted.interaction_id)


SUBMITS: dict[str, Submit] = {
    "identify": lambda ports, posted, form: identify(ports, posted, form.get("login")),
    "pick": lambda ports, posted, form: pick(ports, posted, form.get("user_id")),
    "send": lambda ports, posted, _: send_code(ports, posted),
    "code": lambda ports, posted, form: enter_code(ports, posted, form.get("code")),
    "federate": lambda ports, posted, _: begin_federation(ports, posted),
    "continue-with": lambda ports, posted, form: continue_with(ports, posted, form.get("provider_id")),
    "another-account": lambda ports, posted, _: use_another_account(ports, posted),
    "use-code": lambda ports, posted, _: use_code(ports, posted),
    "give-up": lambda ports, posted, _: give_up(ports, posted),
    "cancel": lambda ports, posted, _: _cancel(ports, posted),
    "password": lambda ports, posted, form: enter_password(ports, posted, form.get("password")),
    "accept": lambda ports, posted, _: accept_invitation(ports, posted),
    "enrol": lambda ports, posted, _: begin_enrolment(ports, posted),
    "enrol-code": lambda ports, posted, form: confirm_enrolment(ports, posted, form.get("code")),
    "second-factor": lambda ports, posted, form: verify_code(ports, posted, form.get("code")),
    "new-password": lambda ports, posted, form: choose_password(
        ports, posted, form.get("new_password"), form.get("again")
    ),
    "consent": lambda ports, posted, form: decide_consent(
        ports,
        posted,
        accepted=form.get("decision") == "accept",
        for_everybody=form.get("for_everybody") == "yes",
    ),
    "request-consent": lambda ports, posted, form: request_consent(ports, posted, form.get("justification")),
    "sign-up": lambda ports, posted, _: start_sign_up(ports, posted),
    "sign-in-instead": lambda ports, posted, _: leave_sign_up(ports, posted),
    "sign-up-address": lambda ports, posted, form: enter_address(ports, posted, form.get("address")),
    "provider": lambda ports, posted, form: choose_provider(ports, posted, form.get("provider_id")),
    "review": lambda ports, posted, _: accept_review(ports, posted),
    "details": lambda ports, posted, form: send_details(
        ports, posted, {name: form.all(name) for name in form}
    ),
    "proceed": lambda ports, posted, _: proceed(ports, posted),
    "stay": lambda ports, posted, form: decide_stay(ports, posted, stay=form.get("decision") == "yes"),
}
"""Forms by the last part of their address."""
_LEAVING = frozenset({"federate", "continue-with", "another-account", "provider"})
"""After these the browser leaves for a provider, as soon as it is known where to."""


class Dispatcher:
    """Shows steps and takes their forms."""

    def __init__(
        self, ports: Ports, pages: Pages, cookies: Cookies, guard: FormGuard, refusals: Refusals
    ) -> None:
        self._ports = ports
        self._pages = pages
        self._cookies = cookies
        self._guard = guard
        self._refusals = refusals

    def browser(self, request: HttpRequest, tenant_id: str) -> BrowserContext:
        """What we know of the browser that sent this request."""
        return browser_of(request, self._cookies, tenant_id)

    def show(self, request: HttpRequest) -> HttpResponse:
        """Draw the step that is due; changes nothing."""
        tenant_id, interaction_id = _addressed(request, request.query)
        situation = where_is(self._ports, tenant_id, interaction_id, self.browser(request, tenant_id))
        if situation.interrupt is None or situation.interrupt.step is Step.WAIT:
            return redirect(f"/{tenant_id}/signin/progress?ctx={interaction_id}")
        return self._draw(request, situation, None)

    def progress(self, request: HttpRequest) -> HttpResponse:
        """While (or just after) somebody else's server is asked: wait a moment, then go on or say that it takes longer."""
        tenant_id, interaction_id = _addressed(request, request.query)
        found = progress(self._ports, tenant_id, interaction_id, self.browser(request, tenant_id))
        if found.situation is None:
            return self._follow(request, tenant_id, found.turn or Turn(interaction_id=interaction_id))
        situation = found.situation
        if situation.facts.errand is not None:
            busy = self._draw(request, situation, None, has_lapsed=found.has_lapsed)
            return busy if found.has_lapsed else busy.with_headers(("Refresh", BUSY_REFRESH))
        url = on_the_way(self._ports, situation)
        if url is None or situation.interrupt is None or situation.interrupt.step is not Step.FEDERATE:
            return redirect(f"/{tenant_id}/signin?ctx={interaction_id}")
        words = spoken(self._ports, request, situation)
        model = {
            "host": host_in(situation, words),
            "tenant": situation.tenant,
            "theme": chosen_theme(request),
        }
        return html(
            self._pages.render("signin/hand_over.html", words, **model, url=url, at=provider_host(url))
        )

    def _draw(
        self,
        request: HttpRequest,
        situation: Situation,
        rejected: Rejected | None,
        *,
        has_lapsed: bool = False,
    ) -> HttpResponse:
        other = request.query.get("other") == "1" or request.form.get("other") == "1"
        if situation.interrupt is not None and situation.interrupt.step is Step.REFUSED and not other:
            return self._refusals.of_situation(
                request,
                situation,
                way_on=self._way_on(request, situation),
                way_back=self._way_back(request, situation),
            )
        if request.query.get("cancelled") == "1" and situation.interaction.redeem is not None:
            return self._refusals.cancelled(request, situation)
        drawn = page_of(
            self._ports,
            situation,
            request.base_url,
            spoken(self._ports, request, situation),
            other=other,
            rejected=rejected,
            has_lapsed=has_lapsed,
        )
        form = {"ctx": situation.interaction.id, "version": str(situation.interaction.version)}
        page = self._pages.render(
            drawn.template,
            drawn.words,
            **drawn.model,
            theme=chosen_theme(request),
            base=f"/{situation.tenant.id}/signin",
            form=form,
            form_token=self._guard.token(self._cookies.browser(request) or "", _purpose(form)),
        )
        return html(page, status=200 if rejected is None else 422)

    def _way_on(self, request: HttpRequest, situation: Situation) -> WayOn | None:
        """Who is no guest yet may sign up, who has an account may sign in: with what was proven, where it helps."""
        error = situation.interrupt.silent_error if situation.interrupt is not None else None
        if isinstance(error, AddressHasAccount):
            text, action = mark("Sign in"), "sign-in-instead"
        elif isinstance(error, AccountNotInTenant) and offers_sign_up(self._ports, situation):
            text, action = mark("Create an account"), "sign-up"
        elif isinstance(error, WrongAccount) and situation.facts.account is not None:
            text, action = mark("Sign out and use another account"), "another-account"
        else:
            return None
        return self._button(request, situation, say(spoken(self._ports, request, situation), text), action)

    def _way_back(self, request: HttpRequest, situation: Situation) -> WayOn | None:
        """**Back to** the app, which is told ``access_denied``: nobody is left on a page of ours with nowhere to go."""
        if situation.interaction.authorize is None:
            return None
        words = spoken(self._ports, request, situation)
        text = say(words, "Back to %(app)s", app=situation.client.display_name)
        return self._button(request, situation, text, "cancel")

    def _button(self, request: HttpRequest, situation: Situation, text: str, action: str) -> WayOn:
        form = {"ctx": situation.interaction.id, "version": str(situation.interaction.version)}
        token = self._guard.token(self._cookies.browser(request) or "", _purpose(form))
        return WayOn(text, f"/{situation.tenant.id}/signin/{action}", form, token)

    def submit(self, request: HttpRequest) -> HttpResponse:
        """Take a form. A stale page leads to the step that is due now, and nothing is lost."""
        tenant_id, interaction_id = _addressed(request, request.form)
        submit = SUBMITS.get(request.args["action"])
        if submit is None:
            raise NotFound("Page", request.path)
        browser = self.browser(request, tenant_id)
        version = request.form.get("version")
        form = {"ctx": interaction_id, "version": version}
        self._guard.check(request, browser.browser_secret or "", _purpose(form))
        posted = Posted(tenant_id, interaction_id, int(version), browser)
        try:
            outcome = submit(self._ports, posted, request.form)
        except (AdminConsentRequired, ConsentDeclined) as declined:
            return self._decline(request, posted, declined)
        if isinstance(outcome, Rejected):
            situation = where_is(self._ports, tenant_id, interaction_id, browser)
            return self._draw(request, situation, outcome)
        if request.args["action"] in _LEAVING and outcome.interaction_id is not None:
            return redirect(f"/{tenant_id}/signin/progress?ctx={outcome.interaction_id}")
        return self._follow(request, tenant_id, outcome)

    def _decline(self, request: HttpRequest, posted: Posted, declined: ProtocolError) -> HttpResponse:
        with self._ports.store.read(posted.tenant_id) as tx:
            interaction = tx.sign_ins.find_interaction(posted.interaction_id)
            tenant = tx.tenants.find(posted.tenant_id)
            client = (
                tx.applications.find_by_app_id(interaction.authorize.app_id)
                if interaction and interaction.authorize
                else None
            )
        if interaction is None or interaction.authorize is None or tenant is None:
            raise InteractionGone
        name = client.display_name if client else tenant.display_name
        device = interaction.authorize.device_code
        if device is not None:
            decline_device(self._ports, tenant.id, device, self._ports.clock.now())
            return DeviceEnd(self._ports, self._pages, tenant, name).declined(request)
        answer = error_answer(
            interaction.authorize, declined, request, self._ports.clock.now(), app_name=name
        )
        return render_answer(
            answer,
            self._pages,
            words_for(self._ports, request, tenant, ui_locales=interaction.authorize.ui_locales),
            after_form=came_by_form(request),
            host_name=tenant.display_name,
        )

    def _follow(self, request: HttpRequest, tenant_id: str, turn: Turn) -> HttpResponse:
        if turn.answer is not None:
            response = render_answer(
                turn.answer,
                self._pages,
                self._ports.wordbook.in_language(turn.language),
                after_form=came_by_form(request),
                host_name=_ended_at(turn).display_name,
            )
        elif turn.destination is not None:
            response = self._leave(request, turn, turn.destination)
        elif turn.device_app is not None:
            response = DeviceEnd(self._ports, self._pages, _ended_at(turn), turn.device_app).signed_in(
                request
            )
        else:
            response = redirect(f"/{tenant_id}/signin?ctx={turn.interaction_id}")
        if turn.session_secret is not None:
            response = self._cookies.set_session(
                response, tenant_id, turn.session_secret, max_age=turn.session_max_age
            )
        if turn.account_secret is not None:
            response = self._cookies.set_surface(response, "account", tenant_id, turn.account_secret)
        return response

    def _leave(self, request: HttpRequest, turn: Turn, destination: str) -> HttpResponse:
        """The end of a redemption: a page of our own, because form-action binds every hop of a form's redirects."""
        tenant = _ended_at(turn)
        page = self._pages.render(
            "signin/welcome.html",
            self._ports.wordbook.in_language(turn.language),
            host=host_of(tenant),
            tenant=tenant,
            url=destination,
            theme=chosen_theme(request),
        )
        return html(page)


def _ended_at(turn: Turn) -> Tenant:
    if turn.tenant is None:
        raise InteractionGone
    return turn.tenant


def _purpose(form: dict[str, str]) -> str:
    return f"signin:{form['ctx']}:{form['version']}"


def _addressed(request: HttpRequest, values: Params) -> tuple[str, str]:
    tenant_id, interaction_id = parse_guid(request.args["tenant"]), values.get("ctx")
    if tenant_id is None or not interaction_id or len(interaction_id) > 64:
        raise InteractionGone
    if request.method == "POST" and not values.get("version").isdigit():
        raise FormRefused("no version")
    return tenant_id, interaction_id
