"""My Account: the applications somebody was given in one tenant, and where they are signed in there.

Where guests and members land. A first-party client of the authorize endpoint with a session of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from xenia.core.directory.first_party import ACCOUNT_CALLBACK
from xenia.core.errors import XeniaError
from xenia.ports import Ports
from xenia.ui.account.frame import SURFACE, AccountFrame
from xenia.ui.account.sessions import SessionPages
from xenia.usecases.applications.my_apps import my_apps
from xenia.usecases.sessions.first_party_session import close_session, open_session
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard
from xenia.web.http import HttpRequest, HttpResponse, html, redirect
from xenia.web.pages import Pages
from xenia.web.routing import Route, Surface
from xenia.web.signed_out import signed_out
from xenia.web.speech import words_for

log = logging.getLogger("xenia.account")


class AccountPages:
    """My Apps of one tenant at a time, and signing in and out of the surface."""

    def __init__(self, frame: AccountFrame) -> None:
        self._frame = frame

    def show(self, request: HttpRequest) -> HttpResponse:
        """The apps of the signed-in person; signs in first when nobody is."""
        frame = self._frame
        tenant = frame.tenant_of(request)
        if tenant is None:
            return self._choose(request, frame.named(request))
        actor = frame.actor(request, tenant)
        if actor is None or actor.user_id is None:
            return frame.sign_in.start(request, tenant.id, f"/myapps?tenantId={tenant.id}")
        page = frame.pages.render(
            "account/my_apps.html",
            **frame.model(request),
            tenant=tenant,
            actor=actor,
            apps=my_apps(frame.ports, tenant.id, actor.user_id),
            form_token=frame.guard.token(frame.secret(request, tenant), "sign-out"),
        )
        return html(page)

    def receive(self, request: HttpRequest) -> HttpResponse:
        """Back from signing in."""
        if "error" in request.query:
            return redirect("/myapps")
        frame = self._frame
        callback = frame.sign_in.receive(request)
        opened = open_session(
            frame.ports,
            callback.tenant_id,
            SURFACE,
            code=callback.code,
            verifier=callback.verifier,
            redirect_uri=callback.redirect_uri,
        )
        response = frame.sign_in.received(redirect(callback.return_to, status=302))
        return frame.cookies.set_surface(response, SURFACE, callback.tenant_id, opened.secret)

    def sign_out(self, request: HttpRequest) -> HttpResponse:
        """Sign out here, of the single-sign-on session behind it and of its apps."""
        frame = self._frame
        tenant = frame.posted_tenant(request)
        secret = frame.secret(request, tenant)
        frame.guard.check(request, secret, "sign-out")
        session = frame.cookies.session(request, tenant.id)
        told = close_session(frame.ports, tenant, SURFACE, secret or None, session_secret=session)
        words = words_for(self._frame.ports.wordbook, request, tenant.notification_language)
        page = signed_out(
            frame.pages, tenant.display_name, told, words, again_url=f"/myapps?tenantId={tenant.id}"
        )
        return frame.cookies.clear_surface(page, SURFACE, tenant.id)

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
        page = self._frame.pages.render(
            "account/choose.html", **self._frame.model(request), typed=typed, errors=problem
        )
        return html(page, status=404 if typed else 200)

    def render_error(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """A page for whatever went wrong here."""
        if not isinstance(error, XeniaError):
            log.error("unexpected error", exc_info=error, extra={"correlation_id": request.correlation_id})
        page = self._frame.pages.render(
            "kit/error.html",
            **self._frame.model(request),
            title="My Account cannot be shown",
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
    frame = AccountFrame(ports, pages, cookies, guard, nav)
    account, sessions = AccountPages(frame), SessionPages(frame)
    return Surface(
        "account",
        (
            Route("GET", "/myapps", account.show),
            Route("GET", ACCOUNT_CALLBACK, account.receive),
            Route("POST", "/account/sign-out", account.sign_out),
            Route("GET", "/account/sessions", sessions.show),
            Route("POST", "/account/sessions/end", sessions.end_browser),
            Route("POST", "/account/sessions/end-app", sessions.end_app),
            Route("POST", "/account/sessions/end-all", sessions.end_all),
        ),
        account.render_error,
    )
