"""Request and response values. A handler is a plain function ``HttpRequest -> HttpResponse``.

Nothing here knows the server underneath; tests build requests with ``HttpRequest(...)`` directly.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import parse_form_data
from werkzeug.http import dump_cookie, parse_accept_header, parse_cookie

from xenia.core.errors import InvalidRequest
from xenia.record import Record, field, replace

MAX_FIELDS = 500
_LONGEST_ACCEPT = 500


class TooManyFields(InvalidRequest, ValueError):
    """More parameters or parts than any page or client of ours sends: reading on would only cost."""

    def __init__(self) -> None:
        super().__init__("", "The request has too many parameters.")


class Params:
    """Query or form parameters in their order. OAuth forbids duplicates, so they stay visible."""

    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        self.pairs = pairs
        self._first: dict[str, str] = {}
        for name, value in pairs:
            self._first.setdefault(name, value)

    @classmethod
    def parse(cls, text: str) -> Params:
        """Read ``application/x-www-form-urlencoded`` text. Raises TooManyFields."""
        try:
            return cls(tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)))
        except ValueError:
            raise TooManyFields from None

    def get(self, name: str, default: str = "") -> str:
        """The first value of this name, else *default*."""
        return self._first.get(name, default)

    def find(self, name: str) -> str | None:
        """The first value of this name, or None when it is absent."""
        return self._first.get(name)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of this name."""
        return tuple(value for key, value in self.pairs if key == name)

    def duplicated(self) -> str | None:
        """A name that occurs more than once, or None."""
        return (
            None
            if len(self._first) == len(self.pairs)
            else next(k for k, _ in self.pairs if len(self.all(k)) > 1)
        )

    def __contains__(self, name: str) -> bool:
        return name in self._first

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def encoded(self) -> str:
        """Back to query-string form."""
        return urlencode(self.pairs)


NO_PARAMS = Params(())


class HttpRequest(Record, dict=True):
    """One request, its host already checked against the settings."""

    method: str
    path: str
    base_url: str
    """Origin under which we were addressed, e.g. ``https://localhost:8443``: trusted, never raw Host."""
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names."""
    body: bytes = b""
    client_address: str = ""
    correlation_id: str = ""
    request_id: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    """Named parts of the route's path."""

    @cached_property
    def query(self) -> Params:
        """Query parameters."""
        return Params.parse(self.query_string) if self.query_string else NO_PARAMS

    @cached_property
    def form(self) -> Params:
        """Form fields of the body (urlencoded or multipart), without files."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            return Params.parse(self.body.decode("utf-8", "replace"))
        return self._multipart[0] if kind == "multipart/form-data" else NO_PARAMS

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Uploaded files by field name."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return self._multipart[1] if kind == "multipart/form-data" else {}

    @cached_property
    def _multipart(self) -> tuple[Params, Mapping[str, bytes]]:
        environ: dict[str, Any] = {
            "wsgi.input": io.BytesIO(self.body),
            "CONTENT_LENGTH": str(len(self.body)),
            "CONTENT_TYPE": self.headers.get("content-type", ""),
            "REQUEST_METHOD": "POST",
        }
        try:
            _, form, files = parse_form_data(environ, max_form_parts=MAX_FIELDS)
        except RequestEntityTooLarge:
            raise TooManyFields from None
        pairs = tuple((name, value) for name, values in form.lists() for value in values)
        contents = {}
        for name, part in files.items():
            # What is large was spooled to a file, which must not wait for the garbage collector.
            with part.stream as stream:
                contents[name] = stream.read()
        return Params(pairs), contents

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """Cookies by name; a header that is no text holds none of ours."""
        try:
            return dict(parse_cookie(self.headers.get("cookie", "")))
        except UnicodeError:
            return {}

    def at(self, args: Mapping[str, str]) -> HttpRequest:
        """The same request with the named parts of the path of its route."""
        routed = replace(self, args=args)
        # What was worked out of it already stays true.
        routed.__dict__.update(self.__dict__)
        return routed

    def header(self, name: str, default: str = "") -> str:
        """A header's value (any case of name)."""
        return self.headers.get(name.lower(), default)

    @property
    def languages(self) -> tuple[str, ...]:
        """Language tags the browser asks for, best first (RFC 9110 section 12.5.4); none that it refuses."""
        accepted = parse_accept_header(self.header("accept-language")[:_LONGEST_ACCEPT], LanguageAccept)
        return tuple(tag for tag, quality in accepted if quality > 0 and tag != "*")

    def json(self) -> object:
        """The body as JSON. Raises ValueError when it is not."""
        try:
            decoded: object = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError(str(error)) from None
        return decoded


class HttpResponse(Record):
    """A complete answer. Header names are as sent; several of one name are allowed."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def with_headers(self, *headers: tuple[str, str]) -> HttpResponse:
        """The same answer with these headers added."""
        return replace(self, headers=(*self.headers, *headers))

    def with_cookie(
        self,
        name: str,
        value: str,
        *,
        max_age: int | None = None,
        path: str = "/",
        same_site: str = "Lax",
        http_only: bool = True,
    ) -> HttpResponse:
        """Add a Set-Cookie, always Secure. ``max_age=0`` deletes it."""
        cookie = dump_cookie(
            name, value, max_age=max_age, path=path, secure=True, httponly=http_only, samesite=same_site
        )
        return self.with_headers(("Set-Cookie", cookie))

    def header(self, name: str) -> str | None:
        """The first header of this name (any case), or None."""
        key = name.lower()
        return next((value for header, value in self.headers if header.lower() == key), None)


BASE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'none'; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
"""Policy of ordinary pages: no inline code, no frames around us, forms go home only."""


def html(page: str, *, status: int = 200, csp: str = BASE_CSP) -> HttpResponse:
    """A page that is never cached (everything we render is personal)."""
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", csp),
    )
    return HttpResponse(status, page.encode(), headers)


def json(value: object, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> HttpResponse:
    """A JSON answer; caching headers are the caller's."""
    return HttpResponse(
        status, msgspec.json.encode(value), (("Content-Type", "application/json; charset=utf-8"), *headers)
    )


def text(content: str, *, status: int = 200) -> HttpResponse:
    """Plain text, not cached."""
    headers = (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"))
    return HttpResponse(status, content.encode(), headers)


_URL_SIGNS = "!#$%&'()*+,/:;=?@[]~"
_PLAIN_URL = re.compile(f"[A-Za-z0-9_.{re.escape(_URL_SIGNS)}-]*")
"""What goes into the header as it is: nearly every address that we send anybody to."""


def redirect(location: str, *, status: int = 303) -> HttpResponse:
    """Send the browser on. Control characters cannot reach the header; what no URL holds is encoded (RFC 3986)."""
    if not _PLAIN_URL.fullmatch(location):
        shown = "".join(character for character in location if character.isprintable() and character != " ")
        location = quote(shown, safe=_URL_SIGNS)
    return HttpResponse(status, b"", (("Location", location), ("Cache-Control", "no-store")))
