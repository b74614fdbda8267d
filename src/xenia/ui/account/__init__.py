"""My Apps: where guests and members land, and find the applications assigned to them.

A first-party client of the authorize endpoint with a session of its own. It lists what the person was
given in one tenant; everything else about accounts is decided elsewhere.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from xenia.core.directory.first_party import ACCOUNT_APP_ID, ACCOUNT_CALLBACK
from xenia.core.directory.tenant import Tenant
from xenia.core.errors import NotFound, XeniaError
from xenia.ports import Ports
from xenia.usecases.first_party_session import close_session, find_actor, open_session
from xenia.usecases.my_apps import my_apps
from xenia.web.cookies import Cookies
from xenia.web.first_party import FirstPartySignIn
from xenia.web.form_guard import FormGuard
from xenia.web.http import HttpRequest, HttpResponse, html, redirect
from xenia.web.pages import THEME_COOKIE, Pages, theme_of
from xenia.web.routing import Route, Surface

log = logging.getLogger("xenia.account")
_SURFACE = "account"


class AccountPages:
    """My Apps of one tenant at a time."""

    def __init__(
        self, ports: Ports, pages: Pages, cookies: Cookies, guard: FormGuard, nav: Sequence[dict[str, str]]
    ) -> None:
        self._ports = ports
        self._pages = pages
        self._cookies = cookies
        self._guard = guard
        self._nav = list(nav)
        self._sign_in = FirstPartySignIn(ports, cookies, _SURFACE, ACCOUNT_APP_ID, ACCOUNT_CALLBACK)

    def show(self, request: HttpRequest) -> HttpResponse:
        """The apps of the signed-in person; signs in first when nobody is."""
        segment = (
            request.query.get("tenantId") or request.query.get("tenantid") or request.query.get("tenant")
        )
        tenant = self._tenant(segment)
        if tenant is None:
            return self._choose(request, segment)
        actor = find_actor(
            self._ports,
            tenant.id,
            _SURFACE,
            self._cookies.surface(request, _SURFACE, tenant.id),
            ip_address=request.client_address,
            correlation_id=request.correlation_id,
        )
        here = f"/myapps?tenantId={tenant.id}"
        if actor is None or actor.user_id is None:
            return self._sign_in.start(request, tenant.id, here)
        page = self._pages.render(
            "account/my_apps.html",
            **self._frame(request),
            tenant=tenant,
            actor=actor,
            apps=my_apps(self._ports, tenant.id, actor.user_id),
            form_token=self._guard.token(
                self._cookies.surface(request, _SURFACE, tenant.id) or "", "sign-out"
            ),
        )
        return html(page)

    def receive(self, request: HttpRequest) -> HttpResponse:
        """Back from signing in."""
        if "error" in request.query:
            return redirect("/myapps")
        callback = self._sign_in.receive(request)
        opened = open_session(
            self._ports,
            callback.tenant_id,
            _SURFACE,
            code=callback.code,
            verifier=callback.verifier,
            redirect_uri=callback.redirect_uri,
        )
        response = self._sign_in.received(redirect(callback.return_to, status=302))
        return self._cookies.set_surface(response, _SURFACE, callback.tenant_id, opened.secret)

    def sign_out(self, request: HttpRequest) -> HttpResponse:
        """Sign out here and of the single-sign-on session behind it."""
        tenant = self._tenant(request.form.get("tenant"))
        if tenant is None:
            raise NotFound("Tenant", request.form.get("tenant"))
        secret = self._cookies.surface(request, _SURFACE, tenant.id)
        self._guard.check(request, secret or "", "sign-out")
        close_session(
            self._ports, tenant.id, _SURFACE, secret, session_secret=self._cookies.session(request, tenant.id)
        )
        page = self._pages.render("account/signed_out.html", **self._frame(request), tenant=tenant)
        return self._cookies.clear_surface(html(page), _SURFACE, tenant.id)

    def _choose(self, request: HttpRequest, typed: str) -> HttpResponse:
        problem = (
            [
                {
                    "field": "tenantId",
                    "text": f"No organization here uses \u201c{typed}\u201d. Check the spelling.",
                }
            ]
            if typed
            else []
        )
        page = self._pages.render("account/choose.html", **self._frame(request), typed=typed, errors=problem)
        return html(page, status=404 if typed else 200)

    def _tenant(self, segment: str) -> Tenant | None:
        if not segment:
            return None
        with self._ports.store.read(None) as tx:
            return tx.tenants.find_by_name(segment)

    def _frame(self, request: HttpRequest) -> dict[str, object]:
        return {"nav": self._nav, "theme": theme_of(request.cookies.get(THEME_COOKIE))}

    def render_error(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """A page for whatever went wrong here."""
        if not isinstance(error, XeniaError):
            log.error("unexpected error", exc_info=error, extra={"correlation_id": request.correlation_id})
        page = self._pages.render(
            "kit/error.html",
            **self._frame(request),
            title="My Apps cannot be shown",
            text=error.message
            if isinstance(error, XeniaError)
            else "Something failed on our side. Try again.",
            facts=[{"label": "Correlation ID", "value": request.correlation_id}],
            way_on={"label": "Try again", "url": "/myapps"},
        )
        return html(page, status=400 if isinstance(error, XeniaError) else 500)


def routes(
    ports: Ports, pages: Pages, cookies: Cookies, guard: FormGuard, nav: Sequence[dict[str, str]] = ()
) -> Surface:
    """The account surface. ``nav``: links of the top bar."""
    account = AccountPages(ports, pages, cookies, guard, nav)
    return Surface(
        "account",
        (
            Route("GET", "/myapps", account.show),
            Route("GET", ACCOUNT_CALLBACK, account.receive),
            Route("POST", "/account/sign-out", account.sign_out),
        ),
        account.render_error,
    )
