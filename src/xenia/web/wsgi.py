"""The WSGI edge: reads a request within limits, checks its host, adds headers, compresses.

The Host header is never trusted: a request for a host that the settings do not name is refused, so
links, issuers and redirects cannot be steered from outside. Forwarded headers count only when the
connection comes from a configured proxy.
"""

from __future__ import annotations

import gzip
import ipaddress
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from werkzeug.http import HTTP_STATUS_CODES

from xenia.core.ids import parse_guid
from xenia.ports import Entropy
from xenia.record import Record, field
from xenia.web.http import HttpRequest, HttpResponse, text

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger("xenia.web")
_COMPRESSED = ("text/", "application/json", "image/svg+xml", "application/javascript")
_HOSTLESS = ("/healthz", "/readyz")
_PASSED_OVER = 16
"""How many times the limit of a body is still read, and thrown away, so that who sends it hears the refusal."""
_AT_ONCE = 65_536


class EdgeSettings(Record):
    """How this process is reached."""

    origins: tuple[str, ...]
    """Every ``scheme://host[:port]`` we answer to; the first is the public one."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Origins that stand for another one of them: programs are answered as there, browsers are sent there."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks (CIDR) whose X-Forwarded-* headers count."""
    max_body: int = 1_048_576
    """Bytes; larger bodies are refused with 413."""
    strict_transport: bool = True
    """Send HSTS (not on loopback hosts: it would stick to every port of localhost)."""


class Refused(Exception):
    """The request does not reach any surface."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.status)
        self.response = response


class WsgiApp:
    """A standard WSGI application around one handler."""

    def __init__(
        self, handler: Callable[[HttpRequest], HttpResponse], settings: EdgeSettings, entropy: Entropy
    ) -> None:
        self._handler = handler
        self._settings = settings
        self._entropy = entropy
        self._origins = {origin.lower(): origin for origin in settings.origins}
        self._defaults = tuple(_default_headers(strict_transport=settings.strict_transport))
        self._proxies = [ipaddress.ip_network(network, strict=False) for network in settings.trusted_proxies]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """PEP 3333."""
        try:
            request = self._request(environ)
        except Refused as refused:
            return self._send(refused.response, environ, start_response)
        response = self._answer(request)
        log.info(
            "request",
            extra={
                "method": request.method,
                "path": request.path,
                "status": response.status,
                "correlation_id": request.correlation_id,
                "client": request.client_address,
            },
        )
        return self._send(response, environ, start_response)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        """The last net: a surface that cannot even show its error must not take the connection down."""
        try:
            return self._handler(request)
        except Exception:
            log.exception("unanswered", extra={"correlation_id": request.correlation_id})
            return text("Something failed on our side. Nothing was saved.\n", status=500)

    def _request(self, environ: WSGIEnvironment) -> HttpRequest:
        headers = {
            key[5:].replace("_", "-").lower(): value
            for key, value in environ.items()
            if key.startswith("HTTP_")
        }
        if environ.get("CONTENT_TYPE"):
            headers["content-type"] = environ["CONTENT_TYPE"]
        path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace") or "/"
        client, scheme, host = self._peer(environ, headers)
        origin = self._origins.get(f"{scheme}://{host}".lower())
        if origin is None and path not in _HOSTLESS:
            raise Refused(
                text("This server does not answer to that host name. Check the address.\n", status=421)
            )
        query = environ.get("QUERY_STRING", "")
        request_id = self._entropy.guid()
        return HttpRequest(
            method=environ["REQUEST_METHOD"],
            path=path,
            base_url=self._stands_for(origin or self._settings.origins[0], headers, path, query),
            query_string=query,
            headers=headers,
            body=self._body(environ),
            client_address=client,
            correlation_id=parse_guid(headers.get("client-request-id")) or self._entropy.guid(),
            request_id=request_id,
        )

    def _stands_for(self, origin: str, headers: Mapping[str, str], path: str, query: str) -> str:
        """The origin itself, or what it is an alias of. Raises Refused with the way for a browser, whose cookies are there."""
        target = self._settings.aliases.get(origin)
        if target is not None and "text/html" in headers.get("accept", ""):
            # 307 keeps method and body: an app may post its request (OpenID Connect Core section 3.1.2.1).
            where = f"{target}{quote(path)}{f'?{query}' if query else ''}"
            raise Refused(HttpResponse(307, b"", (("Location", where), ("Cache-Control", "no-store"))))
        return target or origin

    def _peer(self, environ: WSGIEnvironment, headers: dict[str, str]) -> tuple[str, str, str]:
        client = str(environ.get("REMOTE_ADDR", ""))
        scheme, host = str(environ.get("wsgi.url_scheme", "https")), headers.get("host", "")
        if not self._is_proxy(client):
            return client, scheme, host
        # The rightmost address that is no proxy of ours: what stands left of it anybody can write.
        hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        outside = next((hop for hop in reversed(hops) if not self._is_proxy(hop)), client)
        scheme = headers.get("x-forwarded-proto", scheme).split(",")[-1].strip()
        return outside, scheme, headers.get("x-forwarded-host", host).split(",")[-1].strip()

    def _is_proxy(self, address: str) -> bool:
        if not self._proxies:
            return False
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self._proxies)

    def _body(self, environ: WSGIEnvironment) -> bytes:
        """The whole body. Raises Refused when it is larger than the limit."""
        if environ["REQUEST_METHOD"] in ("GET", "HEAD", "OPTIONS"):
            return b""
        limit = self._settings.max_body
        length = environ.get("CONTENT_LENGTH") or ""
        # Digits of other scripts are digits to Python, and HTTP knows none of them (RFC 9110 section 8.6).
        declared = length.isascii() and length.isdigit()
        if declared and (len(length) > 19 or int(length) > limit):
            raise self._too_large(environ, asked="100-continue" in environ.get("HTTP_EXPECT", "").lower())
        body: bytes = environ["wsgi.input"].read(int(length) if declared else limit + 1)
        if len(body) > limit:
            raise self._too_large(environ, asked=False)
        return body

    def _too_large(self, environ: WSGIEnvironment, *, asked: bool) -> Refused:
        """The refusal of a body, once what comes of it has passed by.

        An HTTP/2 server that answers early resets the stream (RFC 9113 section 8.1). Clients must keep the answer
        then, and some lose it: curl reports a framing error, httpx waits for room to send and gives up. So a
        moderate excess is read in small pieces that nobody keeps. Who *asked* first (``Expect: 100-continue``) has
        sent nothing yet, and reading would invite it to (RFC 9110 section 10.1.1).
        """
        if not asked:
            left = _PASSED_OVER * self._settings.max_body
            while left > 0 and (piece := environ["wsgi.input"].read(min(left, _AT_ONCE))):
                left -= len(piece)
        return Refused(text("The request body is too large.\n", status=413))

    def _send(
        self, response: HttpResponse, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        present = {name.lower() for name, _ in response.headers}
        headers = [*response.headers, *(field for name, field in self._defaults if name not in present)]
        body = response.body
        if self._may_compress(response, environ, present):
            body = gzip.compress(body, compresslevel=5, mtime=0)
            headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        if response.status not in (204, 304):
            headers.append(("Content-Length", str(len(body))))
        start_response(f"{response.status} {HTTP_STATUS_CODES.get(response.status, 'Unknown')}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    @staticmethod
    def _may_compress(response: HttpResponse, environ: WSGIEnvironment, present: set[str]) -> bool:
        kind: Any = response.header("Content-Type") or ""
        return (
            len(response.body) > 1024
            and "content-encoding" not in present
            and kind.startswith(_COMPRESSED)
            and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
        )


def _default_headers(*, strict_transport: bool) -> Iterable[tuple[str, tuple[str, str]]]:
    """What every answer carries unless it says otherwise: by lower-case name, the header as it is sent."""
    fields = {
        "X-Content-Type-Options": "nosniff",
        # Not no-referrer: with that, browsers send "Origin: null" on our own form posts.
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": (
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), clipboard-write=(self)"
        ),
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    }
    if strict_transport:
        fields["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return ((name.lower(), (name, value)) for name, value in fields.items())
