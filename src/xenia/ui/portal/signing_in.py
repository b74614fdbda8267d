"""Signing in to the portal and out of it, and the kind refusal of people who administer nothing here."""

from __future__ import annotations

from xenia.core.directory.first_party import PORTAL_APP_ID, PORTAL_CALLBACK
from xenia.core.directory.tenant import Tenant
from xenia.core.errors import InteractionGone
from xenia.ui.portal.desk import SURFACE, Desk, NoAdministrator, Visit
from xenia.usecases.sessions.first_party_session import close_session, open_session
from xenia.web.first_party import FirstPartySignIn
from xenia.web.http import HttpRequest, HttpResponse, html, redirect
from xenia.web.pages import THEME_COOKIE, theme_of
from xenia.web.routing import Route
from xenia.web.signed_out import signed_out


class SigningIn:
    """The portal as a client of the authorize endpoint."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._trip = FirstPartySignIn(desk.ports, desk.cookies, SURFACE, PORTAL_APP_ID, PORTAL_CALLBACK)

    def routes(self) -> tuple[Route, ...]:
        """Callback, sign-out, and the door for another account."""
        return (
            Route("GET", PORTAL_CALLBACK, self.receive),
            Route("GET", "/admin/{tenant}/sign-in", self.other_account),
            Route("POST", "/admin/{tenant}/sign-out", self._desk.posted(self.sign_out)),
        )

    def start(self, request: HttpRequest, tenant: Tenant, *, prompt: str | None = None) -> HttpResponse:
        """Send the browser to sign in; afterwards it comes back to the page asked for."""
        wanted = f"{request.path}?{request.query_string}" if request.query_string else request.path
        # What was posted is lost with the session; the page it came from is not.
        return_to = wanted if request.method == "GET" and not prompt else f"/admin/{tenant.initial_domain}"
        return self._trip.start(request, tenant.id, return_to, prompt=prompt)

    def other_account(self, request: HttpRequest) -> HttpResponse:
        """**Use a different account**: the account picker, whoever is signed in now."""
        return self.start(request, self._desk.tenant(request.args["tenant"]), prompt="select_account")

    def receive(self, request: HttpRequest) -> HttpResponse:
        """Back from signing in. A cancelled sign-in leads to the chooser. Raises ProtocolError, InteractionGone."""
        if "error" in request.query:
            return self._trip.received(redirect("/admin"))
        try:
            callback = self._trip.receive(request)
        except InteractionGone:
            # Two tabs, or a page kept open: the chooser starts again, and a living session needs no password.
            return redirect("/admin")
        opened = open_session(
            self._desk.ports,
            callback.tenant_id,
            SURFACE,
            code=callback.code,
            verifier=callback.verifier,
            redirect_uri=callback.redirect_uri,
        )
        response = self._trip.received(redirect(callback.return_to, status=302))
        return self._desk.cookies.set_surface(response, SURFACE, callback.tenant_id, opened.secret)

    def sign_out(self, visit: Visit) -> HttpResponse:
        """End the portal session and the single-sign-on session behind it."""
        desk, tenant = self._desk, visit.tenant
        session = desk.cookies.session(visit.request, tenant.id)
        told = close_session(desk.ports, tenant, SURFACE, visit.secret, session_secret=session)
        after = "/admin?done=signed-out"
        response = (
            signed_out(desk.pages, tenant.display_name, told, next_url=after, next_name="the portal")
            if told
            else redirect(after)
        )
        return desk.cookies.clear_surface(response, SURFACE, tenant.id)

    def turn_away(self, request: HttpRequest, error: NoAdministrator) -> HttpResponse:
        """What a guest, or a member without a role, is told."""
        tenant, actor = error.tenant, error.actor
        desk = self._desk
        page = desk.pages.render(
            "portal/turned_away.html",
            theme=theme_of(request.cookies.get(THEME_COOKIE)),
            host={
                "name": tenant.display_name,
                "help_contact": tenant.technical_contact,
                "privacy_url": tenant.privacy_statement_url,
            },
            name=actor.display_name,
            address=actor.upn,
            is_guest=actor.is_guest,
            my_apps_url=f"/myapps?tenantId={tenant.id}",
            other_account_url=f"/admin/{tenant.initial_domain}/sign-in",
        )
        return html(page, status=403)
