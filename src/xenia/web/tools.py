"""What tester, mailbox and labs share: who may open them, their frame and form tokens, how they show errors.

The tools show everybody's mail and help to try out sign-ins, so they exist in the workshop only. On an
address that other machines reach they ask for the access token printed at start. The one gate stands here.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from xenia.core import errors
from xenia.core.networks import network_of
from xenia.ports import Ports, Transaction
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard, FormRefused
from xenia.web.http import BASE_CSP, HttpRequest, HttpResponse, html, json, redirect
from xenia.web.pages import THEME_COOKIE, Pages, theme_of
from xenia.web.routing import Handler

log = logging.getLogger("xenia.web.tools")

_TRIES, _WINDOW = 20, timedelta(minutes=10)
_NAV = (("Portal", "/admin"), ("Tester", "/tester/"), ("Mailbox", "/mailbox"), ("Labs", "/labs"))
_STATUS: Mapping[type[Exception], int] = {
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.InvalidValue: 422,
    errors.Conflict: 409,
    errors.NotPermitted: 403,
    errors.NotAuthenticated: 401,
    errors.LimitReached: 429,
    FormRefused: 403,
    errors.XeniaError: 400,
}
_TITLES = {401: "Access token needed", 403: "Not allowed", 404: "Nothing here", 429: "Too many tries"}


class Tools:
    """The common frame of the workshop's pages."""

    def __init__(
        self, ports: Ports, pages: Pages, cookies: Cookies, guard: FormGuard, *, access_token: str = ""
    ) -> None:
        """``access_token`` is what addresses other than loopback must show; empty: loopback only is served."""
        self._ports = ports
        self._pages = pages
        self._cookies = cookies
        self._guard = guard
        self._access_token = access_token

    def gated(self, handler: Handler) -> Handler:
        """The handler, for those who may use the tools."""

        def checked(request: HttpRequest) -> HttpResponse:
            if is_local(request) or self._has_token(request):
                return handler(request)
            return self._admit(request)

        return checked

    def for_token_holders(self, handler: Handler) -> Handler:
        """The handler, for programs that show the access token as a bearer, also on this computer.

        A browser never sends that by itself, so no other site's page can call it.
        """

        def checked(request: HttpRequest) -> HttpResponse:
            if request.header("authorization") and self._has_token(request):
                return handler(request)
            raise errors.NotAuthenticated(
                "This call needs the tools' access token: Authorization: Bearer and tool_token of the ready file."
            )

        return checked

    def page(
        self,
        request: HttpRequest,
        template: str,
        current: str,
        model: Mapping[str, object],
        *,
        status: int = 200,
        csp: str = BASE_CSP,
    ) -> HttpResponse:
        """A whole page in the common frame; ``current`` is its entry in the navigation."""
        binding = self._cookies.browser(request)
        secret = binding or self._ports.entropy.token()
        page = self._pages.render(template, **self._frame(request, current, secret) | dict(model))
        response = html(page, status=status, csp=csp)
        return response if binding else self._cookies.set_browser(response, secret)

    def fragment(
        self, request: HttpRequest, template: str, block: str, current: str, model: Mapping[str, object]
    ) -> HttpResponse:
        """One block of the same page, for the script that keeps it fresh."""
        secret = self._cookies.browser(request) or ""
        frame = self._frame(request, current, secret)
        return html(self._pages.render_block(template, block, **frame | dict(model)))

    def check_form(self, request: HttpRequest) -> None:
        """Raises FormRefused unless the form came from a page of ours in this browser."""
        self._guard.check(request, self._cookies.browser(request) or "", "tools")

    def check_not_foreign(self, request: HttpRequest) -> None:
        """For the JSON API: programs send no Origin, and other sites' pages are refused. Raises FormRefused."""
        if request.header("origin") or request.header("sec-fetch-site") not in ("", "none", "same-origin"):
            self._guard.check_origin(request)

    def render_error(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Any error of a tool as a page, or as JSON under ``/mailbox/api`` and ``/xenia``."""
        status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
        if status == 500:
            log.error("tool failed", exc_info=error, extra={"correlation_id": request.correlation_id})
        known = isinstance(error, errors.XeniaError) and status != 500
        words = (
            str(error) if known else "Something failed on our side. Nothing was saved. Try again in a minute."
        )
        if "/api/" in request.path or request.path.startswith("/xenia/"):
            return json(
                {"error": {"message": words}}, status=status, headers=(("Cache-Control", "no-store"),)
            )
        return self.page(
            request,
            "kit/error.html",
            "",
            {
                "title": _TITLES.get(status, "Something went wrong"),
                "text": words,
                "facts": [{"label": "Correlation ID", "value": request.correlation_id}],
                "way_on": {"label": "Back to the start page", "url": "/"},
            },
            status=status,
        )

    def _frame(self, request: HttpRequest, current: str, secret: str) -> dict[str, object]:
        return {
            "nav": [{"label": label, "url": url, "current": label == current} for label, url in _NAV],
            "theme": theme_of(request.cookies.get(THEME_COOKIE)),
            "form_token": self._guard.token(secret, "tools"),
        }

    def _has_token(self, request: HttpRequest) -> bool:
        if not self._access_token:
            return False
        scheme, _, bearer = request.header("authorization").partition(" ")
        shown = bearer.strip() if scheme.lower() == "bearer" else self._cookies.tools(request)
        return bool(shown) and self._is_right(request, shown or "")

    def _is_right(self, request: HttpRequest, shown: str) -> bool:
        """Compare in constant time; wrong tokens count per network address. Raises LimitReached."""
        now, key = self._ports.clock.now(), f"tools:{network_of(request.client_address)}"
        with self._ports.store.read(None) as tx:
            if tx.limits.count(key, _WINDOW, now) >= _TRIES:
                raise errors.LimitReached("access token", _WINDOW)
        if self._ports.sealer.same(shown, self._access_token):
            return True

        def count(tx: Transaction) -> None:
            tx.limits.hit(key, _TRIES, _WINDOW, now)

        self._ports.store.write(None, count)
        return False

    def _admit(self, request: HttpRequest) -> HttpResponse:
        """``?token=`` once in the address (as printed at start) becomes a cookie; without it the door stays shut."""
        token = request.query.get("token")
        if token and request.method == "GET" and self._access_token and self._is_right(request, token):
            rest = [(name, value) for name, value in request.query.pairs if name != "token"]
            response = redirect(f"{request.path}?{urlencode(rest)}" if rest else request.path)
            return self._cookies.set_tools(response, token)
        raise errors.NotAuthenticated(
            "These tools are for whoever started the server. Open the address with the access token that was "
            "printed at start (it ends with ?token=…), or choose the link again if you have opened it before."
        )


def is_local(request: HttpRequest) -> bool:
    """Whether the request was made on this very computer, to an address that means this computer only."""
    host = urlsplit(request.base_url).hostname or ""
    return _is_loopback(host) and _is_loopback(request.client_address)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
