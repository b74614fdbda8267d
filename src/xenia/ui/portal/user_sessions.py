"""**Sessions** of a user: browsers, apps with refresh tokens, and which apps were told of sign-outs."""

from __future__ import annotations

from xenia.core.directory.roles import GUEST_SUPPORT_ROLES, USER_WRITING_ROLES
from xenia.core.errors import NotFound, NotPermitted, XeniaError
from xenia.core.logout import NoticeState
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.roles import refusal_words
from xenia.ui.portal.user_detail import user_tabs
from xenia.usecases.sessions.signed_in_places import (
    ToldApp,
    end_browser_session,
    revoke_app_tokens,
    signed_in_places,
)
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_STATES = {
    NoticeState.PENDING: ("info", "Waiting for its next try"),
    NoticeState.SENDING: ("info", "Being sent"),
    NoticeState.SENT: ("ok", "Told"),
    NoticeState.ABANDONED: ("warn", "Not told"),
}


class UserSessions:
    """The list, and ending one entry of it. Ending all of them is an act of the user's overview."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, "/admin/{tenant}/users/{user}/sessions"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("POST", f"{base}/end", desk.posted(self.end_browser)),
            Route("POST", f"{base}/end-app", desk.posted(self.end_app)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """**Sessions**."""
        return self._draw(visit, None)

    def end_browser(self, visit: Visit) -> HttpResponse:
        """**Sign out** of one browser."""
        user_id = visit.request.args["user"]
        try:
            end_browser_session(self._desk.ports, visit.actor, user_id, visit.form("sid"))
        except (NotFound, NotPermitted) as error:
            return self._draw(visit, error)
        return self._desk.back(visit, f"users/{user_id}/sessions", "session-ended")

    def end_app(self, visit: Visit) -> HttpResponse:
        """**Revoke** the refresh tokens of one app."""
        user_id = visit.request.args["user"]
        try:
            revoke_app_tokens(self._desk.ports, visit.actor, user_id, visit.form("family"))
        except (NotFound, NotPermitted) as error:
            return self._draw(visit, error)
        return self._desk.back(visit, f"users/{user_id}/sessions", "tokens-revoked")

    def _draw(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        places = signed_in_places(self._desk.ports, visit.actor, visit.request.args["user"])
        user = places.user
        support = GUEST_SUPPORT_ROLES if user.is_guest else USER_WRITING_ROLES
        status = 200 if error is None else 403 if isinstance(error, NotPermitted) else 409
        return self._desk.page(
            visit,
            "user_sessions.html",
            "users",
            (("Users", "users"), (user.display_name, f"users/{user.id}"), ("Sessions", "")),
            status=status,
            user=user,
            places=places,
            told=[_told(each) for each in places.told],
            tabs=user_tabs(visit, user.id, "Sessions"),
            standing=self._desk.standing(visit, support),
            errors=[] if error is None else [{"field": None, "text": _words(error)}],
            api=call(
                visit,
                "POST",
                f"/v1.0/users/{user.id}/revokeSignInSessions",
                permission="User.RevokeSessions.All",
            ),
        )


def _told(entry: ToldApp) -> dict[str, object]:
    notice = entry.notice
    kind, words = _STATES[notice.state]
    last = notice.attempts[-1] if notice.attempts else None
    return {
        "app": entry.app_name,
        "at": notice.created_at,
        "kind": kind,
        "state": words,
        "reply": last.reply if last else "",
        "tries": len(notice.attempts),
    }


def _words(error: XeniaError) -> str:
    return "That was over already." if isinstance(error, NotFound) else refusal_words(error)
