"""Attacks on the edge of the whole wired program: every route's headers, malformed requests, secrets in logs."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from xenia.settings import ServerSettings, Settings, StorageSettings, WorkshopSettings
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.web.http import redirect
from xenia.web.routing import Router
from xenia.wiring import Installation, Program, build

BASE = "https://login.example.org"
TOKEN = "workshop-token"
GUID = "c0ffee00-0000-4000-8000-000000000001"


class Edge:
    """Sends WSGI requests to the program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def send(
        self, path: str, method: str = "GET", body: bytes = b"", **environ: Any
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        started: list[tuple[str, list[tuple[str, str]]]] = []
        request = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path.partition("?")[0],
            "QUERY_STRING": path.partition("?")[2],
            "REMOTE_ADDR": "192.0.2.1",
            "HTTP_HOST": "login.example.org",
            "HTTP_ACCEPT": "text/html",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(body),
            **environ,
        }
        parts = self.program.app(request, lambda status, headers, _=None: started.append((status, headers)))  # type: ignore[arg-type]
        status, headers = started[0]
        return int(status[:3]), headers, b"".join(parts)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("edge")
    settings = Settings(
        server=ServerSettings(data=folder, public_url=BASE),
        storage=StorageSettings(),
        workshop=WorkshopSettings(tools=True, tool_token=TOKEN),
    )
    database = f"sqlite:///{folder / 'x.db'}"
    program = build(Installation(settings, BASE, ("login.example.org",), database, bytes(range(32)), TOKEN))
    program.prepare()
    create_tenant(program.ports, None, NewTenant("Contoso", "contoso"))
    try:
        yield Edge(program)
    finally:
        program.close()


def routes_of(edge: Edge) -> list[tuple[str, str]]:
    """Every method and path of the wired router, its placeholders filled in."""
    router = edge.program.app._handler
    assert isinstance(router, Router)
    found = []
    for rule in router._map.map.iter_rules():
        path = re.sub(r"<path:[a-z_]+>", "users", rule.rule)
        path = path.replace("<tenant>", "contoso").replace("<action>", "identify")
        path = re.sub(r"<[a-z_]+>", GUID, path)
        found += [(method, path) for method in sorted(rule.methods or ()) if method != "OPTIONS"]
    assert len(found) > 150, "all surfaces are wired"
    return found


def test_every_answer_of_every_route_is_dressed(edge: Edge) -> None:
    """Pages refuse frames and inline code and are not cached; nothing is sniffed; no cookie is loose."""
    for method, path in routes_of(edge):
        token: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}
        for given in ({}, token):
            status, headers, body = edge.send(path, method, HTTP_ORIGIN="https://evil.example", **given)
            where = f"{method} {path} -> {status}"
            names = {name.lower(): value for name, value in headers}
            assert status < 500, f"{where}: {body[:300]!r}"
            assert names["x-content-type-options"] == "nosniff", where
            assert names["referrer-policy"] == "same-origin", where
            policy = names["content-security-policy"]
            assert "frame-ancestors 'none'" in policy or "frame-ancestors 'self'" in policy, where
            assert "default-src 'none'" in policy, where
            assert "script-src 'unsafe" not in policy, where
            if names.get("content-type", "").startswith("text/html"):
                assert names["cache-control"] == "no-store", where
                assert not re.search(rb"<script(?![^>]*\b(src|type=\"application/json\"))[^>]*>", body), where
                assert not re.search(rb"\son[a-z]+=\"", body), where
                assert b"javascript:" not in body, where
            for name, value in headers:
                if name.lower() == "set-cookie":
                    assert value.startswith("__Host-"), where
                    assert "Secure" in value, where
                    assert "HttpOnly" in value, where
            if names.get("access-control-allow-origin"):
                assert "access-control-allow-credentials" not in names, where


def test_what_changes_things_refuses_other_sites(edge: Edge) -> None:
    """Every POST and DELETE that reads cookies: a page elsewhere gets 4xx or a page that asks first."""
    open_to_others = re.compile(r"/(v1\.0|beta)/|/oauth2/|/oidc/userinfo$|^/tester/?$")
    for method, path in routes_of(edge):
        if method not in ("POST", "PUT", "PATCH", "DELETE") or open_to_others.search(path):
            continue
        status, headers, _ = edge.send(
            path,
            method,
            HTTP_ORIGIN="https://evil.example",
            HTTP_SEC_FETCH_SITE="cross-site",
            HTTP_AUTHORIZATION=f"Bearer {TOKEN}",
        )
        location = dict(headers).get("Location", "")
        assert 400 <= status < 500 or "/oauth2/v2.0/authorize" in location, f"{method} {path} -> {status}"


HOSTILE_PATHS = [
    "//evil.example/",
    "/\\evil.example",
    "/static/../../etc/passwd",
    "/static/%2e%2e/%2e%2e/etc/passwd",
    "/contoso/..;/admin",
    "/contoso\x00/v2.0/.well-known/openid-configuration",
    "/admin/contoso\x00/users",
    "/admin/contoso/users/\x00",
    "/v1.0/users/\x00",
    "/mailbox/messages/\x00",
    "/" + "a/" * 3000,
    "/contoso/signin?ctx=\x00",
    "/redeem?rd=https://[",
    "/redeem?rd=%00",
    "/redeem?tenant=1&tenant=2",
    "/error?code=²",
    "/myapps?tenantId=%00",
    "/mailbox?search=%00",
    "/mailbox/api/messages?limit=²",
    "/mailbox/api/messages?limit=" + "9" * 5000,
    "/mailbox/api/messages?search=%00&before=%00",
    "/tester/?tenant=%00",
    "/common/userrealm/%00",
    "/common/discovery/instance?authorization_endpoint=https://[",
    "/contoso/oauth2/v2.0/logout?" + "&".join(f"a{n}=1" for n in range(600)),
    "/redeem?" + "&".join(f"a{n}=1" for n in range(600)),
    "/mailbox?" + "&".join(f"a{n}=1" for n in range(600)),
    "/tester/?" + "&".join(f"a{n}=1" for n in range(600)),
]


@pytest.mark.parametrize("path", HOSTILE_PATHS, ids=range(len(HOSTILE_PATHS)))
def test_no_address_is_a_failure_or_leads_elsewhere(edge: Edge, path: str) -> None:
    status, headers, _ = edge.send(path, HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert status < 500
    location = dict(headers).get("Location", "")
    assert not location.startswith(("//", "/\\")), location
    assert "evil.example" not in location


def test_a_redirect_holds_what_a_url_may_hold() -> None:
    """Anything else would be read differently by the next one, or break the header on its way."""
    for path in (
        "/admin/contoso/users/\u2603",
        "/\\evil.example",
        '/a"<b>',
        "/a\u2028b",
        "/\ud83d\ude00\u0000",
    ):
        location = redirect(path).header("Location") or ""
        assert location.isascii()
        assert not set(location) & set('\\"<> ')
    kept = "https://app.example:8/cb?a=%20b&c[]=d;e#f!$'()*+,~"
    assert redirect(kept).header("Location") == kept


MULTIPART = "multipart/form-data; boundary=x"
PART = b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n'
HOSTILE_BODIES = [
    (MULTIPART, PART * 600 + b"--x--\r\n"),
    (
        MULTIPART,
        b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n' + b"1" * 900_000 + b"\r\n--x--\r\n",
    ),
    ("multipart/form-data", PART),
    (MULTIPART, b"--x\r\n" * 50_000),
    ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(600))),
    ("application/x-www-form-urlencoded; charset=\xff", b"\xff\xfe=\x00"),
    ("application/json", b"[" * 100_000),
    ("application/x-www-form-urlencoded", "ctx=a&version=²&form_token=1.a.b".encode()),
    ("application/x-www-form-urlencoded", b"ctx=a&version=" + b"9" * 5000 + b"&form_token=1.a.b"),
]
TARGETS = [
    "/contoso/oauth2/v2.0/token",
    "/contoso/oauth2/v2.0/authorize",
    "/contoso/oauth2/v2.0/logout",
    f"/{GUID}/signin/identify",
    "/redeem/start",
    "/oidc/userinfo",
    "/v1.0/$batch",
    "/account/sign-out",
    "/tester/",
    "/mailbox/delete-all",
    "/admin/contoso/users/invite",
]


@pytest.mark.parametrize("number", range(len(HOSTILE_BODIES)))
@pytest.mark.parametrize("target", TARGETS)
def test_no_body_is_a_failure(edge: Edge, target: str, number: int) -> None:
    kind, body = HOSTILE_BODIES[number]
    status, _, answer = edge.send(
        target, "POST", body, CONTENT_TYPE=kind, HTTP_ORIGIN=BASE, HTTP_AUTHORIZATION=f"Bearer {TOKEN}"
    )
    assert status < 500, answer[:300]


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_REFERER": "https://[", "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"},
        {"HTTP_COOKIE": "a=" + "b;" * 5000},
        {"HTTP_COOKIE": "\xff\x00=\x01"},
        {"HTTP_AUTHORIZATION": "Basic " + "=" * 50},
        {"HTTP_AUTHORIZATION": "Bearer \xff.\xff.\xff"},
        {"HTTP_AUTHORIZATION": "Bearer ..", "HTTP_CLIENT_REQUEST_ID": "a\r\nb: c"},
        {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"},
        {"HTTP_ACCEPT_ENCODING": "gzip;q=0"},
        {"CONTENT_LENGTH": "²"},
    ],
)
def test_no_header_is_a_failure(edge: Edge, headers: dict[str, Any]) -> None:
    for target in (*TARGETS, "/admin", "/labs", "/v1.0/me"):
        for method in ("GET", "POST"):
            status, sent, answer = edge.send(target, method, **headers)
            assert status < 500, (method, target, answer[:300])
            assert all("\r" not in value and "\n" not in value for _, value in sent)


def _jwt(header: str, claims: str) -> str:
    parts = (base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join((*parts, "c2ln"))


TOKENS = [
    _jwt('{"alg":"RS256"}', '{"exp":1e400,"iat":-1e300,"nbf":NaN}'),
    _jwt('{"alg":"RS256"}', f'{{"exp":{10**30},"iat":-{10**30},"nbf":1.5}}'),
    _jwt('{"alg":' + "[" * 3000 + "]" * 3000 + "}", "{}"),
    _jwt('{"alg":"RS256"}', '{"exp":99999999999999,"auth_time":-99999999999}'),
    _jwt('{"alg":"RS256"}', '{"a":' + "[" * 5000 + "]" * 5000 + "}"),
    _jwt('{"alg":["x"],"kid":{"a":1}}', '{"aud":{"x":1},"iss":[],"exp":"soon","nonce":1,"tid":null}'),
    _jwt("[]", "1"),
    _jwt("\x00", "\x00"),
    "..",
    "\u2603.\u2603.\u2603",
    "a" * 100_000 + "..",
]


@pytest.mark.parametrize("number", range(len(TOKENS)))
def test_no_token_shown_to_the_tester_is_a_failure(edge: Edge, number: int) -> None:
    """Its answer page takes what anybody posts, without the gate."""
    for name in ("id_token", "access_token"):
        body = urlencode({name: TOKENS[number], "state": "flow:x", "error_description": TOKENS[number][:99]})
        status, _, answer = edge.send(
            "/tester/", "POST", body.encode(), CONTENT_TYPE="application/x-www-form-urlencoded"
        )
        assert status == 200, answer[:300]
        status, _, _ = edge.send(
            "/oidc/userinfo", "POST", body.encode(), CONTENT_TYPE="application/x-www-form-urlencoded"
        )
        assert status in (400, 401)
        shown = TOKENS[number] if TOKENS[number].isascii() else ""
        headers: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {shown}"}
        assert edge.send("/v1.0/me", **headers)[0] == 401
        assertion = {
            "grant_type": "client_credentials",
            "client_id": GUID,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": TOKENS[number],
        }
        status, _, _ = edge.send(
            "/contoso/oauth2/v2.0/token",
            "POST",
            urlencode(assertion).encode(),
            CONTENT_TYPE="application/x-www-form-urlencoded",
        )
        assert 400 <= status < 500
        hint = urlencode({"id_token_hint": TOKENS[number][:15_000], "logout_hint": TOKENS[number][:15_000]})
        assert edge.send(f"/contoso/oauth2/v2.0/logout?{hint}")[0] < 500
        assert edge.send(f"/common/oauth2/v2.0/logout?{hint}")[0] < 500
