"""What every installation answers beside its surfaces: health, the local CA, static files.

Owns no rule of the domain. Errors of addresses that nobody serves are rendered here too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from xenia.core.errors import MethodNotAllowed, NotFound
from xenia.record import Record
from xenia.web.http import HttpRequest, HttpResponse, html, json, redirect, text
from xenia.web.pages import THEME_COOKIE, Pages, theme_of
from xenia.web.routing import Route, Surface
from xenia.web.static_files import CACHE_CONTROL, StaticFiles

log = logging.getLogger("xenia.web")


class PublishedCa(Record):
    """The CA certificate for download, with what people compare before they trust it."""

    pem: bytes
    fingerprint: str


def routes(
    pages: Pages,
    static: StaticFiles,
    check: Callable[[], str],
    ca: PublishedCa | None,
    stand_in: PublishedCa | None = None,
) -> Surface:
    """The surface. *check* raises when the database cannot serve; *stand_in* is the CA of real names on loopback."""
    operations = _Operations(pages, static, check, ca, stand_in)
    return Surface(
        "operations",
        (
            Route("GET", "/healthz", operations.alive),
            Route("GET", "/readyz", operations.ready),
            Route("GET", "/ca", operations.ca_page),
            Route("GET", "/ca/xenia-ca.pem", operations.ca_file),
            Route("GET", "/ca/stand-in", operations.stand_in_page),
            Route("GET", "/ca/xenia-stand-in-ca.pem", operations.stand_in_file),
            Route("GET", "/static/{rest:path}", operations.static_file),
            Route("GET", "/favicon.ico", operations.icon),
        ),
        operations.render_error,
    )


class _Operations:
    def __init__(
        self,
        pages: Pages,
        static: StaticFiles,
        check: Callable[[], str],
        ca: PublishedCa | None,
        stand_in: PublishedCa | None,
    ) -> None:
        self._pages = pages
        self._static = static
        self._check = check
        self._ca = ca
        self._stand_in = stand_in

    def alive(self, request: HttpRequest) -> HttpResponse:
        """The process answers; says nothing about its neighbours, so a lost database restarts nothing."""
        del request
        return text("ok\n")

    def ready(self, request: HttpRequest) -> HttpResponse:
        """Whether requests can be served: the database is reached and its schema is ours."""
        try:
            self._check()
        except Exception:
            # Why goes to the log only: the address of a database is nobody's business.
            log.exception("not ready", extra={"correlation_id": request.correlation_id})
            return text("not ready\n", status=503)
        return text("ready\n")

    def ca_page(self, request: HttpRequest) -> HttpResponse:
        """The CA with its fingerprint, and how to trust it."""
        ca = _published(request, self._ca)
        page = self._pages.render(
            "kit/ca.html",
            nav=[],
            theme=theme_of(request.cookies.get(THEME_COOKIE)),
            fingerprint=ca.fingerprint,
            url="/ca/xenia-ca.pem",
            stand_in_url="/ca/stand-in" if self._stand_in is not None else None,
        )
        return html(page)

    def ca_file(self, request: HttpRequest) -> HttpResponse:
        """The certificate itself (PEM)."""
        return _pem_file(_published(request, self._ca), "xenia-ca.pem")

    def stand_in_page(self, request: HttpRequest) -> HttpResponse:
        """The second CA, with what trusting it means."""
        ca = _published(request, self._stand_in)
        page = self._pages.render(
            "kit/stand_in_ca.html",
            nav=[],
            theme=theme_of(request.cookies.get(THEME_COOKIE)),
            fingerprint=ca.fingerprint,
            url="/ca/xenia-stand-in-ca.pem",
        )
        return html(page)

    def stand_in_file(self, request: HttpRequest) -> HttpResponse:
        """Its certificate (PEM)."""
        return _pem_file(_published(request, self._stand_in), "xenia-stand-in-ca.pem")

    def static_file(self, request: HttpRequest) -> HttpResponse:
        """A prepared file; the address names its contents, so it is cached for ever."""
        found = self._static.find(request.path)
        if found is None:
            raise NotFound("Page", request.path)
        headers = (("Content-Type", found.content_type), ("Cache-Control", CACHE_CONTROL))
        if "gzip" in request.header("accept-encoding"):
            packed = (*headers, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
            return HttpResponse(200, found.gzipped, packed)
        return HttpResponse(200, found.body, (*headers, ("Vary", "Accept-Encoding")))

    def icon(self, request: HttpRequest) -> HttpResponse:
        """Browsers that look here before they read a page."""
        del request
        return redirect(self._static.url("favicon.svg"), status=302)

    def render_error(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Unknown addresses and failures: a page for browsers, JSON for programs."""
        status, title, words = (
            404,
            "Nothing here",
            "There is no page at this address. Check it for typing errors.",
        )
        if isinstance(error, MethodNotAllowed):
            status, title, words = 405, "Not possible", "This address does not take that kind of request."
        elif not isinstance(error, NotFound):
            log.error("request failed", exc_info=error, extra={"correlation_id": request.correlation_id})
            status, title, words = (
                500,
                "Something went wrong",
                "The failure is on our side. Try again in a minute.",
            )
        if "text/html" not in request.header("accept"):
            body = {"error": {"message": words, "correlation_id": request.correlation_id}}
            return json(body, status=status, headers=(("Cache-Control", "no-store"),))
        page = self._pages.render(
            "kit/error.html",
            nav=[],
            theme=theme_of(request.cookies.get(THEME_COOKIE)),
            title=title,
            text=words,
            facts=[{"label": "Correlation ID", "value": request.correlation_id}],
            way_on={"label": "Go to the start page", "url": "/"},
        )
        return html(page, status=status)


def _published(request: HttpRequest, ca: PublishedCa | None) -> PublishedCa:
    if ca is None:
        raise NotFound("Page", request.path)
    return ca


def _pem_file(ca: PublishedCa, name: str) -> HttpResponse:
    headers = (
        ("Content-Type", "application/x-x509-ca-cert"),
        ("Content-Disposition", f'attachment; filename="{name}"'),
        ("Cache-Control", "no-store"),
    )
    return HttpResponse(200, ca.pem, headers)
