"""Parameters sent twice, far too long, or by the thousand, to every entry of the protocol: one table, one rule for each row.

RFC 6749 section 3.1: a parameter must not be there more than once. Two readers of one request that pick different
ones of two values are how checks are passed by (RFC 9700 section 4.7 has the same root).
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.security.test_edge_attacks import BASE, Edge, edge
from xenia.core.directory.first_party import TESTER_APP_ID

__all__ = ["edge"]  # the fixture

CALLBACK = f"{BASE}/tester/"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
AUTHORIZE = {
    "client_id": TESTER_APP_ID,
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "state": "s-1",
    "nonce": "n-1",
    "code_challenge": "v" * 43,
    "code_challenge_method": "S256",
    "login_hint": "ann@contoso.example",
    "prompt": "login",
}
V2, V1 = {**AUTHORIZE, "scope": "openid"}, {**AUTHORIZE, "resource": "https://graph.microsoft.com"}
CODE = {
    "grant_type": "authorization_code",
    "code": "1.A",
    "redirect_uri": CALLBACK,
    "code_verifier": "v" * 43,
}
REFRESH = {"grant_type": "refresh_token", "refresh_token": "1.A", "client_secret": "s", "scope": "openid"}
ACT_FOR = {"grant_type": JWT_BEARER, "assertion": "a.b.c", "client_secret": "s", "scope": "x/.default"}
PROVEN = {"grant_type": "client_credentials", "client_assertion": "a.b.c", "client_assertion_type": ASSERTION}
DEVICE = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "1.A"}
PASSWORD = {"grant_type": "password", "username": "ann", "password": "p", "scope": "openid"}
LOGOUT = {
    "post_logout_redirect_uri": CALLBACK,
    "state": "s-1",
    "id_token_hint": "a.b.c",
    "logout_hint": "O.x",
}


@dataclass(frozen=True)
class Entry:
    """One way in: where, by what, and how it says no."""

    method: str
    path: str
    params: dict[str, str] = field(hash=False)
    twice: str = "AADSTS9000411"
    """What must stand in the answer to a duplicate."""

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.params.get('grant_type', '')}"


def token(**params: str) -> list[Entry]:
    """The grant at both versions and at an alias."""
    sent = {"client_id": TESTER_APP_ID, **params}
    return [
        Entry("POST", path, sent)
        for path in ("/contoso/oauth2/v2.0/token", "/contoso/oauth2/token", "/common/oauth2/v2.0/token")
    ]


TO_APPS = [
    *(Entry(method, f"/{tenant}/oauth2/v2.0/authorize", V2) for method in ("GET", "POST") for tenant in ("contoso", "common", "organizations")),
    *(Entry(method, "/contoso/oauth2/authorize", V1) for method in ("GET", "POST")),
    Entry("GET", "/contoso/v2.0/adminconsent", {"client_id": TESTER_APP_ID, "scope": "openid", "redirect_uri": CALLBACK, "state": "s-1"}),
    Entry("GET", "/organizations/v2.0/adminconsent", {"client_id": TESTER_APP_ID, "scope": "openid", "redirect_uri": CALLBACK, "state": "s-1"}),
    Entry("GET", "/contoso/adminconsent", {"client_id": TESTER_APP_ID, "redirect_uri": CALLBACK, "state": "s-1"}),
]  # fmt: skip
"""Refusals go to the app, except those about where the app is."""
DIRECT = [
    *(entry for params in (CODE, REFRESH, ACT_FOR, PROVEN, DEVICE, PASSWORD) for entry in token(**params)),
    Entry("POST", "/contoso/oauth2/v2.0/devicecode", {"client_id": TESTER_APP_ID, "scope": "openid"}),
    Entry("POST", "/contoso/oauth2/devicecode", {"client_id": TESTER_APP_ID, "resource": "x"}),
    *(Entry(method, f"/contoso/oauth2{version}/logout", LOGOUT) for method in ("GET", "POST") for version in ("/v2.0", "")),
    Entry("POST", "/oidc/userinfo", {"access_token": "a.b.c"}, twice="invalid_request"),
]  # fmt: skip
FORMS = [
    Entry("POST", "/contoso/oauth2/v2.0/logout/confirm", {"user_id": "x", "form_token": "y", "state": "s"}),
    Entry(
        "POST", "/contoso/signin/identify", {"ctx": "x", "login": "ann@contoso.example", "form_token": "y"}
    ),
    Entry("POST", "/device", {"code": "ABCDEFGHJ", "form_token": "y"}),
    Entry("POST", "/device/confirm", {"code": "x", "form_token": "y"}),
    Entry("POST", "/redeem/start", {"ticket": "x", "form_token": "y"}),
    Entry("POST", "/tester/", {"code": "1.A", "state": "x", "id_token": "a.b.c"}),
    Entry("GET", "/contoso/federation/oauth2", {"code": "x", "state": "y", "iss": "z"}),
    Entry("GET", "/admin/signed-in", {"code": "x", "state": "y"}),
    Entry("GET", "/account/signed-in", {"code": "x", "state": "y"}),
    Entry("GET", "/error", {"code": "50011"}),
    Entry(
        "GET", "/common/discovery/instance", {"api-version": "1.1", "authorization_endpoint": "https://x/"}
    ),
]
"""Entries of our own, which take what they know and refuse by their own seals: never more than an honest page."""


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    body: str


def send(
    edge: Edge, entry: Entry, pairs: list[tuple[str, str]], in_query: list[tuple[str, str]] | None = None
) -> Answer:
    query, body = urlencode(pairs), b""
    if entry.method == "POST":
        query, body = urlencode(in_query or []), urlencode(pairs).encode()
    kind = {"CONTENT_TYPE": "application/x-www-form-urlencoded"} if body else {}
    status, headers, content = edge.send(f"{entry.path}?{query}", entry.method, body, **kind)
    sent = {name.lower(): value for name, value in headers}
    text = gzip.decompress(content) if sent.get("content-encoding") == "gzip" else content
    return Answer(status, sent.get("location", ""), text.decode())


def pairs_of(entry: Entry, **changes: str) -> list[tuple[str, str]]:
    return list({**entry.params, **changes}.items())


def told(answer: Answer) -> str:
    """What the app or the person reads; an answer to the app must be one to the registered address."""
    if not answer.location:
        assert 400 <= answer.status < 500, answer
        return answer.body
    assert answer.location.startswith(f"{CALLBACK}?"), answer.location
    parameters = parse_qs(urlsplit(answer.location).query)
    assert parameters["error"] == ["invalid_request"]
    assert parameters["state"] == ["s-1"]
    return parameters["error_description"][0]


@pytest.mark.parametrize("entry", [*TO_APPS, *DIRECT], ids=str)
def test_a_parameter_twice_is_refused_whichever_it_is(edge: Edge, entry: Entry) -> None:
    for name, value in entry.params.items():
        for second in (value, ""):
            answer = send(edge, entry, [*pairs_of(entry), (name, second)])
            said = told(answer)
            assert entry.twice in said, (name, second, said)
            if name in ("client_id", "redirect_uri"):
                assert not answer.location, "answered to an address that is not certain"


@pytest.mark.parametrize("entry", [row for row in [*TO_APPS, *DIRECT] if row.method == "POST" and "token" not in row.path and "device" not in row.path and "userinfo" not in row.path], ids=str)  # fmt: skip
def test_one_in_the_address_and_one_in_the_form_are_two(edge: Edge, entry: Entry) -> None:
    for name, value in entry.params.items():
        assert entry.twice in told(send(edge, entry, pairs_of(entry), in_query=[(name, value)])), name


@pytest.mark.parametrize("entry", [row for row in DIRECT if row.path.endswith(("/token", "/devicecode"))], ids=str)  # fmt: skip
def test_nothing_in_the_address_of_a_posted_request_counts(edge: Edge, entry: Entry) -> None:
    """RFC 6749 section 3.2: parameters are in the body; what logs and referrers hold is not listened to."""
    alone = send(edge, entry, [("ignored", "1")], in_query=pairs_of(entry))
    assert alone.status == 400
    assert "AADSTS900144" in alone.body


@pytest.mark.parametrize("entry", [*TO_APPS, *DIRECT, *FORMS], ids=str)
@pytest.mark.parametrize("length", [9_000, 900_000])
def test_a_parameter_of_any_length_is_answered_shortly(edge: Edge, entry: Entry, length: int) -> None:
    for name in [*entry.params, "unknown"]:
        answer = send(edge, entry, pairs_of(entry, **{name: "a" * length}))
        assert answer.status < 500, name
        assert len(answer.location) + len(answer.body) < 60_000, f"{name} is echoed"
        if entry not in FORMS and length > 32_768 and entry.twice.startswith("AADSTS"):
            assert answer.status == 400
            assert "AADSTS90015" in answer.body, (name, answer.body[:300])


@pytest.mark.parametrize("entry", [*TO_APPS, *DIRECT, *FORMS], ids=str)
def test_names_without_end_and_parameters_by_the_thousand_are_refused(edge: Edge, entry: Entry) -> None:
    long_name = send(edge, entry, [*pairs_of(entry), ("n" * 500_000, "1")])
    assert long_name.status < 500
    assert len(long_name.location) + len(long_name.body) < 60_000
    many = send(edge, entry, [*pairs_of(entry), *((f"p{number}", "1") for number in range(700))])
    assert many.status in (303, 400, 401), many.status
    assert not many.location.startswith(CALLBACK)


@pytest.mark.parametrize("entry", [*TO_APPS, *DIRECT, *FORMS], ids=str)
@pytest.mark.parametrize("bad", ["%", "%ff%fe", "%00", "a%0d%0aSet-Cookie:%20x=y"])
def test_broken_encodings_are_answered_and_reach_no_header(edge: Edge, entry: Entry, bad: str) -> None:
    for name in entry.params:
        rest = urlencode([(key, value) for key, value in entry.params.items() if key != name])
        raw = f"{rest}&{name}={bad}"
        posted = entry.method == "POST"
        kind = {"CONTENT_TYPE": "application/x-www-form-urlencoded"} if posted else {}
        path, body = (entry.path, raw.encode()) if posted else (f"{entry.path}?{raw}", b"")
        status, headers, _ = edge.send(path, entry.method, body, **kind)
        assert status < 500, name
        assert all(value.isprintable() for _, value in headers)
        assert not any(name.lower() == "set-cookie" and value.startswith("x=y") for name, value in headers)
