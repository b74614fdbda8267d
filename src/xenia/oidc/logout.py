"""Sign-out started by an app (OpenID Connect RP-Initiated Logout 1.0).

An ID token of ours, or the opaque hint taken from one, proves that the request comes from an app of this
person: then it happens at once. Anything else could be any page on the web, so the person confirms by a
form of our own. The browser is sent on only to a registered redirect URI, after the apps of the session were told.
"""

from __future__ import annotations

from xenia.core.directory.application import Application
from xenia.core.directory.tenant import Tenant
from xenia.core.endpoints import ALIASES
from xenia.core.errors import DuplicatedParameter, TenantRequired
from xenia.core.ids import AppId, ObjectId, fold, parse_guid
from xenia.core.logout import FrontChannelLogout
from xenia.core.session import SessionAccount
from xenia.core.signin.answer import Answer
from xenia.core.wording import Words
from xenia.oidc.authorize import hinted_claims
from xenia.oidc.pipeline import check_size
from xenia.ports import Ports
from xenia.record import Record
from xenia.usecases.sessions.sign_out import find_return_client, sign_out, signed_in_accounts
from xenia.usecases.tenants.find_tenant import TenantDirectory
from xenia.usecases.tokens.issue_tokens import read_login_hint
from xenia.web.authorization_response import answer_url, came_by_form, render_answer
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard
from xenia.web.http import HttpRequest, HttpResponse, Params, html
from xenia.web.pages import Pages
from xenia.web.signed_out import signed_out
from xenia.web.speech import words_for

_KEPT = ("post_logout_redirect_uri", "state", "client_id", "ui_locales")
"""Parameters that travel through the confirmation form. None of them decides who is signed out."""


class _SignOutRequest(Record):
    tenant: Tenant
    params: Params
    client_id: AppId | None
    user_id: ObjectId | None
    """Whom the hints prove to be meant."""


class Logout:
    """Handlers of the endpoint and of its confirmation."""

    def __init__(
        self, ports: Ports, tenants: TenantDirectory, pages: Pages, cookies: Cookies, guard: FormGuard
    ) -> None:
        self._ports = ports
        self._tenants = tenants
        self._pages = pages
        self._cookies = cookies
        self._guard = guard

    def begin(self, request: HttpRequest) -> HttpResponse:
        """GET or POST of an app: sign out at once when it is proven who is meant, else ask."""
        asked = self._read(request)
        now = self._ports.clock.now()
        secret = self._cookies.session(request, asked.tenant.id)
        accounts = signed_in_accounts(self._ports, asked.tenant, secret, now)
        is_meant = any(account.user_id == asked.user_id for account in accounts)
        if accounts and not is_meant:
            return self._ask(request, asked, accounts, secret or "")
        if is_meant:
            told = sign_out(self._ports, asked.tenant, secret, asked.user_id, now)
            return self._leave(request, asked, told, may_return=True)
        return self._leave(request, asked, (), may_return=asked.user_id is not None)

    def confirm(self, request: HttpRequest) -> HttpResponse:
        """POST of our own page: the person said which account."""
        tenant = self._tenants.find(request.args["tenant"])
        secret = self._cookies.session(request, tenant.id) or ""
        self._guard.check(request, secret, _purpose(tenant))
        user_id = parse_guid(request.form.find("user_id"))
        told = sign_out(self._ports, tenant, secret, user_id, self._ports.clock.now())
        asked = _SignOutRequest(tenant, request.form, parse_guid(request.form.find("client_id")), None)
        return self._leave(request, asked, told, may_return=True)

    def _read(self, request: HttpRequest) -> _SignOutRequest:
        params = Params((*request.query.pairs, *request.form.pairs))
        check_size(params)
        duplicated = params.duplicated()
        if duplicated is not None:
            raise DuplicatedParameter(duplicated)
        tenant = self._tenant(request.args["tenant"], params)
        named = parse_guid(params.find("client_id"))
        claims = hinted_claims(self._ports, tenant, params.get("id_token_hint"), request.base_url) or {}
        audience = claims.get("aud")
        if named is not None and audience is not None and named != audience:
            # RP-Initiated Logout section 2: the hint of one app proves nothing for another.
            return _SignOutRequest(tenant, params, named, None)
        opened = read_login_hint(self._ports, tenant.id, params.get("logout_hint"))
        user_id = str(claims["oid"]) if "oid" in claims else opened[0] if opened else None
        return _SignOutRequest(tenant, params, str(audience) if audience else named, user_id)

    def _tenant(self, segment: str, params: Params) -> Tenant:
        """At an alias the ID token says whose session is meant; its signature is checked afterwards."""
        if fold(segment) not in ALIASES:
            return self._tenants.find(segment)
        claims = self._ports.keys.verify(params.get("id_token_hint")) or {}
        tenant_id = claims.get("tid")
        if not isinstance(tenant_id, str):
            raise TenantRequired
        return self._tenants.find(tenant_id)

    def _ask(
        self,
        request: HttpRequest,
        asked: _SignOutRequest,
        accounts: tuple[SessionAccount, ...],
        secret: str,
    ) -> HttpResponse:
        shown = [
            {
                "user_id": account.user_id,
                "name": account.sign_in_name,
                "detail": account.display_name,
                "initials": account.display_name[:1].upper(),
            }
            for account in accounts
        ]
        page = self._pages.render(
            "kit/sign_out.html",
            self._words(request, asked),
            host={"name": asked.tenant.display_name},
            action=f"/{asked.tenant.id}/oauth2/v2.0/logout/confirm",
            form_token=self._guard.token(secret, _purpose(asked.tenant)),
            form={name: asked.params.find(name) for name in _KEPT},
            accounts=shown,
        )
        return html(page)

    def _words(self, request: HttpRequest, asked: _SignOutRequest) -> Words:
        """RP-Initiated Logout section 2 has ``ui_locales`` too."""
        language = asked.tenant.notification_language
        return words_for(self._ports.wordbook, request, language, ui_locales=asked.params.find("ui_locales"))

    def _leave(
        self,
        request: HttpRequest,
        asked: _SignOutRequest,
        told: tuple[FrontChannelLogout, ...],
        *,
        may_return: bool,
    ) -> HttpResponse:
        uri = asked.params.get("post_logout_redirect_uri")
        client: Application | None = None
        if uri and may_return:
            client = find_return_client(self._ports, asked.tenant, asked.client_id, uri)
        name, words = asked.tenant.display_name, self._words(request, asked)
        if client is None:
            return signed_out(self._pages, name, told, words, again_url=f"/myapps?tenantId={asked.tenant.id}")
        state = asked.params.find("state")
        answer = Answer(uri, "query", (("state", state),) if state else (), client.display_name)
        if told:
            return signed_out(
                self._pages, name, told, words, next_url=answer_url(answer), next_name=client.display_name
            )
        after_form = came_by_form(request) and request.path.endswith("/confirm")
        return render_answer(answer, self._pages, words, after_form=after_form, host_name=name)


def _purpose(tenant: Tenant) -> str:
    return f"sign-out:{tenant.id}"
