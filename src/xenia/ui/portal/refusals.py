"""Every error of the portal as a page: what happened, then what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from xenia.core import errors
from xenia.ui.portal.desk import Desk, NoAdministrator, RoleNeeded, SignInNeeded
from xenia.ui.portal.roles import refusal_words
from xenia.ui.portal.signing_in import SigningIn
from xenia.web.form_guard import FormRefused
from xenia.web.http import HttpRequest, HttpResponse, html
from xenia.web.pages import THEME_COOKIE, theme_of

log = logging.getLogger("xenia.portal")

_STATUS: Mapping[type[Exception], int] = {
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.InvalidValue: 422,
    errors.Conflict: 409,
    errors.NotPermitted: 403,
    errors.InvitationRefused: 403,
    errors.LimitReached: 429,
    errors.ProtocolError: 400,
    FormRefused: 403,
}
_TITLES = {
    400: "Sign-in was not finished",
    403: "Not allowed",
    404: "Nothing here",
    409: "This changed meanwhile",
    429: "Too many tries",
}


class Refusals:
    """Renders what screens raise."""

    def __init__(self, desk: Desk, signing_in: SigningIn) -> None:
        self._desk = desk
        self._pages = desk.pages
        self._signing_in = signing_in

    def render(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """The answer: a way to sign in, a kind word for people without a role, or a page about the error."""
        if isinstance(error, SignInNeeded):
            return self._signing_in.start(request, error.tenant)
        if isinstance(error, NoAdministrator):
            return self._signing_in.turn_away(request, error)
        if isinstance(error, RoleNeeded):
            return self._desk.page(
                error.visit, "role_needed.html", "", (), status=403, is_app=error.is_app, refresh_url=None
            )
        status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
        if status == 500:
            log.error("portal failed", exc_info=error, extra={"correlation_id": request.correlation_id})
        page = self._pages.render(
            "kit/error.html",
            nav=[],
            theme=theme_of(request.cookies.get(THEME_COOKIE)),
            title=_TITLES.get(status, "Something went wrong"),
            text=_words(error, status),
            facts=[{"label": "Correlation ID", "value": request.correlation_id}],
            way_on=self._way_on(request),
        )
        return html(page, status=status)

    def _way_on(self, request: HttpRequest) -> dict[str, str]:
        segment = request.args.get("tenant")
        if segment:
            return {"label": "Go to the overview", "url": f"/admin/{segment}"}
        return {"label": "Choose an organization", "url": "/admin"}


def _words(error: Exception, status: int) -> str:
    if isinstance(error, errors.NotFound):
        return "There is nothing at this address, or it was deleted. It is not in this organization."
    if isinstance(error, errors.XeniaError) and status != 500:
        return refusal_words(error)
    return "Something failed on our side. Nothing was saved. Try again in a minute."
