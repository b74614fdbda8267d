"""My Account, *Where you're signed in*: browsers and apps of the signed-in person, and signing out of them."""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.directory.tenant import Tenant
from xenia.core.errors import NotFound
from xenia.ui.account.frame import SURFACE, AccountFrame
from xenia.usecases.sessions.signed_in_places import end_browser_session, revoke_app_tokens, signed_in_places
from xenia.usecases.users.user_security import revoke_sessions
from xenia.web.http import HttpRequest, HttpResponse, html, redirect

_DONE = {
    "browser": "That browser is signed out.",
    "app": "That app must ask you to sign in again once its present access runs out, within 90 minutes.",
}
_GONE = "That was over already."


class SessionPages:
    """List, and the three ways to end."""

    def __init__(self, frame: AccountFrame) -> None:
        self._frame = frame

    def show(self, request: HttpRequest) -> HttpResponse:
        """The list; signs in first when nobody is."""
        tenant = self._frame.tenant_of(request)
        if tenant is None:
            return redirect("/myapps")
        actor = self._frame.actor(request, tenant)
        if actor is None or actor.user_id is None:
            return self._frame.sign_in.start(request, tenant.id, _here(tenant))
        frame = self._frame
        places = signed_in_places(
            frame.ports, actor, actor.user_id, session_secret=frame.cookies.session(request, tenant.id)
        )
        done = request.query.get("done")
        said = _DONE.get(done) or (_GONE if done == "gone" else None)
        page = frame.pages.render(
            "account/sessions.html",
            **frame.model(request),
            tenant=tenant,
            actor=actor,
            places=places,
            form_token=frame.guard.token(frame.secret(request, tenant), "sessions"),
            notices=[{"kind": "ok", "title": said}] if said else [],
        )
        return html(page)

    def end_browser(self, request: HttpRequest) -> HttpResponse:
        """**Sign out** of one browser."""
        tenant, actor, user_id = self._posted(request)
        try:
            end_browser_session(self._frame.ports, actor, user_id, request.form.get("sid"))
        except NotFound:
            return redirect(f"{_here(tenant)}&done=gone")
        return redirect(f"{_here(tenant)}&done=browser")

    def end_app(self, request: HttpRequest) -> HttpResponse:
        """**Sign out** of one app."""
        tenant, actor, user_id = self._posted(request)
        try:
            revoke_app_tokens(self._frame.ports, actor, user_id, request.form.get("family"))
        except NotFound:
            return redirect(f"{_here(tenant)}&done=gone")
        return redirect(f"{_here(tenant)}&done=app")

    def end_all(self, request: HttpRequest) -> HttpResponse:
        """**Sign out everywhere**: this browser too. What is lost is counted, what lives on is said."""
        tenant, actor, user_id = self._posted(request)
        frame = self._frame
        places = signed_in_places(frame.ports, actor, user_id)
        revoke_sessions(frame.ports, actor, user_id)
        page = frame.pages.render(
            "account/signed_out_everywhere.html", **frame.model(request), tenant=tenant, places=places
        )
        return frame.cookies.clear_surface(html(page), SURFACE, tenant.id)

    def _posted(self, request: HttpRequest) -> tuple[Tenant, Actor, str]:
        """Who posts, proven by the form's token. Raises NotFound, FormRefused."""
        tenant = self._frame.posted_tenant(request)
        self._frame.guard.check(request, self._frame.secret(request, tenant), "sessions")
        actor = self._frame.actor(request, tenant)
        if actor is None or actor.user_id is None:
            raise NotFound("Session", "")
        return tenant, actor, actor.user_id


def _here(tenant: Tenant) -> str:
    return f"/account/sessions?tenantId={tenant.id}"
