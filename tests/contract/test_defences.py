"""Defences that belong to no single surface, proven on the whole wired program: host, size, frames, cookies, forms."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from xenia.settings import ServerSettings, Settings, StorageSettings, WorkshopSettings
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.web.http import redirect
from xenia.wiring import Installation, Program, build

BASE = "https://login.example.org"
PROXY = "10.0.0.5"


class Edge:
    """Sends WSGI requests to the program, header by header as a hostile client may write them."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def send(self, path: str, **environ: Any) -> tuple[int, dict[str, str], str]:
        body = environ.pop("body", b"")
        started: list[tuple[str, list[tuple[str, str]]]] = []
        request = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path.partition("?")[0],
            "QUERY_STRING": path.partition("?")[2],
            "REMOTE_ADDR": "192.0.2.1",
            "HTTP_HOST": "login.example.org",
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(body),
            **environ,
        }
        parts = self.program.app(request, lambda status, headers, _=None: started.append((status, headers)))  # type: ignore[arg-type,misc,return-value]
        status, headers = started[0]
        return int(status[:3]), {name.lower(): value for name, value in headers}, b"".join(parts).decode()


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("edge")
    settings = Settings(
        server=ServerSettings(data=folder, public_url=BASE, trusted_proxy=("10.0.0.0/8",)),
        storage=StorageSettings(),
        workshop=WorkshopSettings(tools=True, tool_token="workshop-token"),
    )
    program = build(
        Installation(
            settings,
            BASE,
            ("login.example.org",),
            f"sqlite:///{folder / 'x.db'}",
            bytes(range(32)),
            "workshop-token",
        )
    )
    program.prepare()
    create_tenant(program.ports, None, NewTenant("Contoso", "contoso"))
    try:
        yield Edge(program)
    finally:
        program.close()


@pytest.mark.parametrize(
    "host", ["evil.example", "login.example.org.evil.example", "login.example.org:1", "", "a b"]
)
def test_a_host_that_is_not_ours_gets_nothing(edge: Edge, host: str) -> None:
    status, headers, body = edge.send("/contoso/v2.0/.well-known/openid-configuration", HTTP_HOST=host)
    assert status == 421
    assert "location" not in headers
    assert "evil" not in body


def test_forwarded_headers_count_only_from_a_proxy_of_ours(edge: Edge) -> None:
    forged = {"HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}
    status, _, body = edge.send("/contoso/v2.0/.well-known/openid-configuration", **forged)
    assert status == 200
    assert "evil" not in body
    status, _, _ = edge.send("/labs", **forged)
    assert status == 401
    assert edge.send("/healthz", REMOTE_ADDR=PROXY, **forged)[0] == 200
    assert edge.send("/labs", REMOTE_ADDR=PROXY, **forged)[0] == 421


@pytest.mark.parametrize("length", ["1048577", "", "99999999999999"])
def test_bodies_end_at_a_megabyte_declared_or_not(edge: Edge, length: str) -> None:
    status, _, _ = edge.send(
        "/contoso/oauth2/v2.0/token", REQUEST_METHOD="POST", CONTENT_LENGTH=length, body=b"a" * 1_048_577
    )
    assert status == 413


class _Flood(io.RawIOBase):
    """A body without an end, which notes how much was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def read(self, size: int = -1) -> bytes:
        self.asked.append(size)
        return b"a" * size


@pytest.mark.parametrize("length", ["99999999", ""])
def test_what_is_too_large_is_neither_kept_nor_listened_to_for_long(edge: Edge, length: str) -> None:
    flood = _Flood()
    request = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": length, "wsgi.input": flood}
    assert edge.send("/contoso/oauth2/v2.0/token", **request)[0] == 413
    kept = 0 if length else 1  # of an undeclared body, one piece shows that it is too large
    assert max(flood.asked[kept:]) <= 65_536
    assert sum(flood.asked) <= 17 * 1_048_576 + 1


def test_who_asks_before_sending_too_much_is_not_invited(edge: Edge) -> None:
    flood = _Flood()
    request = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "1048577", "wsgi.input": flood}
    assert edge.send("/contoso/oauth2/v2.0/token", HTTP_EXPECT="100-continue", **request)[0] == 413
    assert flood.asked == []


@pytest.mark.parametrize(
    "path", ["/", "/admin", "/labs", "/redeem", "/error", "/nothing-here", "/ca", "/myapps"]
)
def test_every_page_refuses_frames_and_inline_code(edge: Edge, path: str) -> None:
    _, headers, body = edge.send(path, HTTP_ACCEPT="text/html")
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert " onclick=" not in body
    assert "<script>" not in body


def test_cookies_are_nailed_to_this_host(edge: Edge) -> None:
    _, headers, _ = edge.send("/labs?token=workshop-token")
    cookie = headers["set-cookie"]
    assert cookie.startswith("__Host-xenia-tools-")
    for attribute in ("Secure", "HttpOnly", "Path=/", "SameSite=Strict"):
        assert attribute in cookie
    assert "Domain=" not in cookie


def _authenticator_form(edge: Edge) -> tuple[str, str]:
    """(cookie, form token) of a page with a form."""
    _, headers, page = edge.send("/labs/authenticator", HTTP_AUTHORIZATION="Bearer workshop-token")
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found is not None
    return headers["set-cookie"].partition(";")[0], found.group(1)


def _post_form(edge: Edge, cookie: str, token: str, **headers: str) -> int:
    body = urlencode({"key": "JBSWY3DPEHPK3PXPJBSWY3DP", "form_token": token}).encode()
    status, _, _ = edge.send(
        "/labs/authenticator",
        REQUEST_METHOD="POST",
        CONTENT_TYPE="application/x-www-form-urlencoded",
        CONTENT_LENGTH=str(len(body)),
        HTTP_COOKIE=cookie,
        HTTP_AUTHORIZATION="Bearer workshop-token",
        body=body,
        **headers,
    )
    return status


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"HTTP_ORIGIN": "https://evil.example"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_ORIGIN": "http://login.example.org"},
        {"HTTP_REFERER": "https://evil.example/?https://login.example.org/"},
    ],
)
def test_a_form_posted_from_elsewhere_is_refused_even_with_its_token(
    edge: Edge, headers: dict[str, str]
) -> None:
    assert _post_form(edge, *_authenticator_form(edge), **headers) == 403


def test_a_form_of_ours_needs_the_token_of_this_very_browser(edge: Edge) -> None:
    cookie, token = _authenticator_form(edge)
    other_cookie, other_token = _authenticator_form(edge)
    assert _post_form(edge, cookie, token, HTTP_ORIGIN=BASE) == 200
    assert _post_form(edge, cookie, other_token, HTTP_ORIGIN=BASE) == 403
    assert _post_form(edge, other_cookie, token, HTTP_ORIGIN=BASE) == 403
    for broken in ("", "1..", token[:-2], f"2{token[1:]}", "1.AAAA.AAAA", "\u00e9"):
        assert _post_form(edge, cookie, broken, HTTP_ORIGIN=BASE) == 403


def test_redirects_never_split_their_header() -> None:
    answer = redirect("https://app.example/\r\nSet-Cookie: a=b")
    assert answer.header("Location") == "https://app.example/Set-Cookie:a=b"
