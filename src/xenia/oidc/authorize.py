"""The authorization endpoint (OpenID Connect Core section 3.1.2): GET, or POST from the app's own page; admin consent.

Reads a request through the pipeline and hands it to the sign-in engine; what comes back is either an answer
for the app or an interaction whose page is due. A cross-site POST changes nothing here but to start an
interaction bound to this browser, which is what its GET twin does too.
"""

from __future__ import annotations

from xenia.core.aadsts import aadsts_of
from xenia.core.directory.tenant import Tenant
from xenia.core.endpoints import ALIASES, V1, V2, issuer, origins, sign_in_url
from xenia.core.errors import InteractionRequired, InvalidRequest, LoginRequired, XeniaError
from xenia.core.ids import ObjectId, fold
from xenia.core.signin.request import AuthorizeRequest
from xenia.core.wording import mark, say
from xenia.oidc import pipeline
from xenia.ports import Ports
from xenia.record import replace
from xenia.usecases.sessions.home_accounts import HomeAccount, signed_in_at_home
from xenia.usecases.sign_in import BrowserContext, Turn, begin_authorize
from xenia.usecases.tenants.find_tenant import TenantDirectory
from xenia.usecases.tokens.access import check_requested, requested_scopes
from xenia.usecases.tokens.alias_requests import multi_tenant_application
from xenia.usecases.tokens.authenticate_client import find_registration
from xenia.usecases.tokens.issue_tokens import read_login_hint, tenant_of_login_hint
from xenia.web.authorization_response import FORM_POST_CSP, error_answer, render_answer
from xenia.web.cookies import Cookies
from xenia.web.http import HttpRequest, HttpResponse, Params, html, redirect
from xenia.web.pages import THEME_COOKIE, Pages, theme_of
from xenia.web.protocol_error import correlation_of
from xenia.web.speech import words_for

NO_ORGANIZATION = mark(
    "No organization here has accounts of this address. Enter a work or school account. Guests sign in where they were "
    "invited: open the app by the address of that organization."
)


class Authorize:
    """Handlers of both versions of the endpoint."""

    def __init__(self, ports: Ports, tenants: TenantDirectory, pages: Pages, cookies: Cookies) -> None:
        self._ports = ports
        self._tenants = tenants
        self._pages = pages
        self._cookies = cookies

    def v2(self, request: HttpRequest) -> HttpResponse:
        """``/{tenant}/oauth2/v2.0/authorize``."""
        return self._answer(request, V2)

    def v1(self, request: HttpRequest) -> HttpResponse:
        """``/{tenant}/oauth2/authorize``: one ``resource`` instead of scopes."""
        return self._answer(request, V1)

    def admin_consent_v2(self, request: HttpRequest) -> HttpResponse:
        """``/{tenant}/v2.0/adminconsent``: an administrator agrees for everybody; nothing is issued."""
        return self._answer(request, V2, admin_consent=True)

    def admin_consent_v1(self, request: HttpRequest) -> HttpResponse:
        """``/{tenant}/adminconsent``: to everything the app is registered with."""
        return self._answer(request, V1, admin_consent=True)

    def _answer(self, request: HttpRequest, version: str, *, admin_consent: bool = False) -> HttpResponse:
        params = _params(request)
        pipeline.check_size(params)
        client_id = pipeline.required_client_id(params)
        tenant = self._tenant(request.args["tenant"], client_id, params)
        if tenant is None:
            accounts = self._signed_in_at_home(request, params)
            if len(accounts) != 1 or _chooses(params):
                return self._ask_account(
                    request, client_id, params, version, accounts, admin_consent=admin_consent
                )
            # Single sign-on: the one session of this browser says whose sign-in it is.
            tenant = accounts[0].tenant
            params = Params((*params.pairs, ("login_hint", accounts[0].sign_in_name)))
        asked = self._address(tenant, client_id, params, version)
        asked = pipeline.for_admin_consent(asked) if admin_consent else asked
        try:
            complete = self._with_hints(request, tenant, asked)
            turn = begin_authorize(self._ports, tenant, complete, self._browser(request, tenant))
        except XeniaError as error:
            if not (aadsts_of(error).may_redirect or asked.request.is_silent):
                raise
            return self._refuse(request, tenant.display_name, asked, error)
        return self._follow(request, tenant, turn)

    def _address(self, tenant: Tenant, client_id: str, params: Params, version: str) -> pipeline.Asked:
        """Where the answer to this request may go. Every refusal here is a page."""
        with self._ports.store.read(tenant.id) as tx:
            client = find_registration(tx, tenant, client_id)
        where = pipeline.registered_redirect(client, params)
        first = pipeline.first_understanding(client.app_id, where, params, version)
        return pipeline.Asked(params, client, first)

    def _tenant(self, segment: str, client_id: str, params: Params) -> Tenant | None:
        """The tenant named by the path; at an alias, for multi-tenant applications, the one a hint names, or None."""
        alias = fold(segment)
        if alias not in ALIASES:
            return self._tenants.find(segment)
        multi_tenant_application(self._ports, client_id, alias)
        hint = params.find("login_hint")
        opened = tenant_of_login_hint(self._ports, hint or "")
        if opened is not None:
            return self._tenants.find(opened)
        return self._tenants.find_by_hint(params.find("domain_hint"), hint)

    def _signed_in_at_home(self, request: HttpRequest, params: Params) -> tuple[HomeAccount, ...]:
        """Members of any tenant who are signed in with this browser; a hint that names nobody here is not passed over."""
        if params.get("login_hint"):
            return ()
        return signed_in_at_home(self._ports, self._cookies.sessions(request), self._ports.clock.now())

    def _ask_account(
        self,
        request: HttpRequest,
        client_id: str,
        params: Params,
        version: str,
        accounts: tuple[HomeAccount, ...],
        *,
        admin_consent: bool = False,
    ) -> HttpResponse:
        """Nothing at an alias says whose account it will be: offer those of this browser, ask, and let the address decide.

        The page repeats the request with the address as its ``login_hint``; nothing is stored meanwhile. What must not
        show a page is told that nobody is signed in, or several are.
        """
        alias = fold(request.args["tenant"])
        client = multi_tenant_application(self._ports, client_id, alias)
        where = pipeline.registered_redirect(client, params)
        first = pipeline.first_understanding(client.app_id, where, params, version)
        asked = pipeline.Asked(params, client, first)
        asked = pipeline.for_admin_consent(asked) if admin_consent else asked
        try:
            pipeline.complete(asked)  # nobody types an address for a request that cannot be answered
        except XeniaError as error:
            if not (aadsts_of(error).may_redirect or asked.request.is_silent):
                raise
            return self._refuse(request, "Xenia", asked, error)
        if asked.request.is_silent:
            several = InteractionRequired("Several accounts are signed in; one has to be chosen.")
            return self._refuse(request, "Xenia", asked, several if accounts else LoginRequired())
        hint = params.get("login_hint")
        repeated = [
            (name, value) for name, value in params.pairs if name not in ("login_hint", "domain_hint")
        ]
        words = words_for(self._ports.wordbook, request, ui_locales=asked.request.ui_locales)
        page = self._pages.render(
            "kit/which_account.html",
            words,
            host={"name": "Xenia"},
            theme=theme_of(request.cookies.get(THEME_COOKIE)),
            app_name=client.display_name,
            action=request.path,
            method=request.method.lower(),
            repeated=repeated,
            accounts=[
                {
                    "name": account.sign_in_name,
                    "detail": f"{account.display_name}, {account.tenant.display_name}",
                    "initials": account.display_name[:1].upper(),
                    "fields": _chosen(repeated, account),
                }
                for account in accounts
            ],
            login=hint,
            errors=[{"field": "login_hint", "text": say(words, NO_ORGANIZATION)}] if hint else [],
        )
        return html(page, csp=FORM_POST_CSP)  # with a session, the answer follows the form at once

    def _with_hints(self, request: HttpRequest, tenant: Tenant, asked: pipeline.Asked) -> AuthorizeRequest:
        """The complete request, its scopes known to exist and its opaque hints opened."""
        complete = pipeline.complete(asked)
        with self._ports.store.read(tenant.id) as tx:
            scopes = requested_scopes(self._ports, request.base_url, complete.scopes)
            check_requested(tx, tenant, scopes, asked.client)
            token_hint = asked.params.find("id_token_hint")
            if token_hint:
                user_id = hinted_user(self._ports, tenant, token_hint, request.base_url)
                user = tx.users.find(user_id) if user_id else None
                if user is None:
                    raise InvalidRequest(
                        "id_token_hint", "The 'id_token_hint' is not an ID token of this tenant."
                    )
                return replace(complete, login_hint=user.sign_in_name)
        opened = read_login_hint(self._ports, tenant.id, complete.login_hint or "")
        return replace(complete, login_hint=opened[1]) if opened else complete

    def _browser(self, request: HttpRequest, tenant: Tenant) -> BrowserContext:
        return BrowserContext(
            base_url=request.base_url,
            browser_secret=self._cookies.browser(request),
            session_secret=self._cookies.session(request, tenant.id),
            ip_address=request.client_address,
            user_agent=request.header("user-agent")[:512],
            correlation_id=correlation_of(request),
            languages=request.languages,
        )

    def _refuse(
        self, request: HttpRequest, host_name: str, asked: pipeline.Asked, error: XeniaError
    ) -> HttpResponse:
        name = asked.client.display_name
        answer = error_answer(asked.request, error, request, self._ports.clock.now(), app_name=name)
        words = words_for(self._ports.wordbook, request, ui_locales=asked.request.ui_locales)
        return render_answer(answer, self._pages, words, after_form=False, host_name=host_name)

    def _follow(self, request: HttpRequest, tenant: Tenant, turn: Turn) -> HttpResponse:
        if turn.answer is not None:
            # The form that may have come before is the app's own: our form-action does not bind it.
            response = render_answer(
                turn.answer,
                self._pages,
                self._ports.wordbook.in_language(turn.language),
                after_form=False,
                host_name=tenant.display_name,
            )
        else:
            response = redirect(
                sign_in_url(request.base_url, tenant.id, turn.interaction_id or ""), status=302
            )
        if turn.browser_secret is not None:
            response = self._cookies.set_browser(response, turn.browser_secret)
        if turn.session_secret is not None:
            response = self._cookies.set_session(
                response, tenant.id, turn.session_secret, max_age=turn.session_max_age
            )
        return response


def _chooses(params: Params) -> bool:
    """Whether the app wants its person to say who they are, session or not."""
    return bool({"select_account", "login", "create"} & set(params.get("prompt").split()))


def _chosen(repeated: list[tuple[str, str]], account: HomeAccount) -> list[tuple[str, str]]:
    """The request again after this account was picked; asking for a choice once more would be asking twice."""
    kept = []
    for name, value in repeated:
        left = " ".join(word for word in value.split() if word != "select_account")
        if name != "prompt":
            kept.append((name, value))
        elif left:
            kept.append((name, left))
    return [*kept, ("login_hint", account.sign_in_name)]


def hinted_user(ports: Ports, tenant: Tenant, token: str, base_url: str) -> ObjectId | None:
    """The user of an ID token that this tenant issued, however old it is (OpenID Connect Core section 3.1.2.1)."""
    claims = hinted_claims(ports, tenant, token, base_url)
    found = claims.get("oid") if claims else None
    return found if isinstance(found, str) else None


def hinted_claims(ports: Ports, tenant: Tenant, token: str, base_url: str) -> dict[str, object] | None:
    """Claims of an ``id_token_hint``: our signature, this tenant's issuer, and neither an access nor a logout token."""
    claims = ports.keys.verify(token)
    if claims is None or "appid" in claims or "azp" in claims or "events" in claims:
        return None
    ours = origins(base_url, ports.server.base_url, ports.server.hosts)
    issuers = {issuer(origin, tenant.id, version) for origin in ours for version in (V1, V2)}
    return claims if claims.get("iss") in issuers else None


def _params(request: HttpRequest) -> Params:
    """Query and, for POST, form: a parameter in both counts as duplicated."""
    try:
        return Params((*request.query.pairs, *request.form.pairs))
    except ValueError:
        raise InvalidRequest("", "The request has too many parameters.") from None
