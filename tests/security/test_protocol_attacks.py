"""Attacks on the protocol endpoints: addresses that almost match, forged and borrowed tokens, hints, full logs."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.support.protocol import Protocol, body_of, claims_of, protocol
from tests.support.walker import BASE
from xenia import graph
from xenia.core.claims import left_half_hash
from xenia.core.directory.application import Platform, redirect_uri_problem
from xenia.core.query import Compare, Query
from xenia.oidc.grants.client_credentials import REFUSALS_NOTED
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.tokens.issue_tokens import read_login_hint
from xenia.web.http import HttpRequest, HttpResponse
from xenia.web.routing import Router, Surface


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[Protocol]:
    """Contoso with Orders, a guest and an API."""
    with protocol(tmp_path) as made:
        yield made


ALMOST = [
    "https://orders.example/signed-in/",
    "https://orders.example/signed-in?",
    "https://orders.example/signed-in#",
    "https://orders.example/signed-in/..",
    "https://orders.example/./signed-in",
    "https://orders.example//signed-in",
    "https://orders.example/signed%2Din",
    "https://orders.example/Signed-in",
    "https://ORDERS.example/signed-in",
    "https://orders.example:443/signed-in",
    "https://orders.example./signed-in",
    "https://orders.example@evil.example/signed-in",
    "https://evil.example\\@orders.example/signed-in",
    "https://orders.example%2eevil.example/signed-in",
    "https://orders.example\u3002evil.example/signed-in",
    "https://orders.example/signed-in\t",
    "https://orders.example/signed-in\r\nLocation: https://evil.example",
    "//orders.example/signed-in",
    "http://orders.example/signed-in",
    "http://localhost./cb",
    "http://localhost.evil.example/cb",
    "http://localhost@evil.example/cb",
    "http://localhost:80@evil.example/cb",
    "http://localhost:x/cb",
    "http://localhost:99999/cb",
    "http://localhost\\.evil.example/cb",
    "http://127.0.0.1/cb",
    "http://[::1]/cb",
    "http://localhost/cb/../x",
    "http://localhost/cb?x=1",
    "http://localhost/cb#x",
    "https://localhost/cb",
    "javascript:alert(1)",
    "data:text/html,x",
]


@pytest.mark.parametrize("uri", ALMOST)
def test_an_address_that_almost_matches_gets_nothing(idp: Protocol, uri: str) -> None:
    for mode in ("query", "fragment", "form_post"):
        for prompt in (None, "none"):
            answer = idp.authorize(redirect_uri=uri, response_mode=mode, prompt=prompt)
            assert answer.header("Location") is None
            assert answer.status == 400
            assert b"<form" not in answer.body


@pytest.mark.parametrize("uri", ALMOST)
def test_nor_does_it_after_signing_out(idp: Protocol, uri: str) -> None:
    token = idp.sign_in(response_types=("id_token",), response_mode="form_post")["id_token"]
    asked = {"post_logout_redirect_uri": uri, "id_token_hint": token}
    answer = idp.send("GET", f"/{idp.tenant_id}/oauth2/v2.0/logout", asked)
    assert answer.header("Location") is None


@pytest.mark.parametrize(
    "uri",
    [
        "JavaScript:alert(1)",
        "javascript://x/%0aalert(1)",
        "data:text/html,x",
        "blob:x",
        "vbscript:x",
        "file:///x",
    ],
)
def test_no_scheme_that_runs_code_can_be_registered(uri: str) -> None:
    assert all(redirect_uri_problem(uri, platform) for platform in Platform)


HTML = "\"><script>alert(1)</script><form action='https://evil.example'>"


def test_what_the_app_sends_is_no_markup_in_the_answer(idp: Protocol) -> None:
    answer = idp.authorize(response_mode="form_post", state=HTML, prompt="none")
    assert answer.status == 200
    assert b"<script>alert" not in answer.body
    assert b"evil.example'" not in answer.body
    assert (answer.header("Content-Security-Policy") or "").count("script-src 'self'") == 1


def test_no_state_turns_a_redirect_elsewhere(idp: Protocol) -> None:
    for state in ("\r\nLocation: https://evil.example", "&code=forged", "#x", "a b+c%00"):
        answer = idp.authorize(state=state, prompt="none")
        target = answer.header("Location") or ""
        assert target.startswith("https://orders.example/signed-in?error=")
        assert target.count("code=") == 0
        assert f"state={quote(state, safe='')}" in target


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _graph(idp: Protocol, token: str) -> HttpResponse:
    surface = graph.routes(idp.server.ports)
    router = Router([surface], Surface("none", (), surface.render_error))
    headers = {"authorization": f"Bearer {token}"}
    return router(HttpRequest("GET", "/v1.0/me", BASE, headers=headers, request_id="r"))


def _access_token(idp: Protocol) -> str:
    answer = json.loads(idp.redeem(idp.sign_in()["code"]).body)
    return str(answer["access_token"])


def test_forged_tokens_open_neither_graph_nor_userinfo(idp: Protocol) -> None:
    real = _access_token(idp)
    head, body, mark = real.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    known = idp.server.ports.keys.public_keys()[0]
    forgeries = [
        f"{_encoded({'alg': alg, 'kid': known.kid})}.{body}." for alg in ("none", "None", "NONE", "")
    ]
    for alg in ("HS256", "RS256"):
        for secret in (known.n, known.x5c, known.kid, ""):
            signed = f"{_encoded({'alg': alg, 'kid': known.kid})}.{_encoded({**claims, 'oid': idp.server.admin.id})}"
            mac = hmac.digest(secret.encode(), signed.encode(), "sha256")
            forgeries.append(f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")
    forgeries += [
        f"{_encoded({'alg': 'RS256', 'kid': kid})}.{body}.{mark}"
        for kid in ("../../dev/null", "' OR 1=1 --", "x" * 5000, "\x00")
    ]
    forgeries += [f"{_encoded({'alg': 'RS256', 'jku': 'https://evil.example', 'jwk': {}})}.{body}.{mark}"]
    forgeries += [
        f"{head}.{_encoded({**claims, 'oid': idp.server.admin.id})}.{mark}",
        f"{head}.{body}.{mark}==",
    ]
    for token in forgeries:
        assert _graph(idp, token).status == 401
        assert idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {token}").status == 401
    assert idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {real}").status == 200


def test_a_token_of_another_kind_is_no_access_token(idp: Protocol) -> None:
    id_token = idp.sign_in(response_types=("id_token",), response_mode="form_post")["id_token"]
    app_token = json.loads(idp.client_credentials().body)["access_token"]
    for token in (id_token, app_token):
        assert _graph(idp, token).status == 401
        assert idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {token}").status == 401


def test_an_id_token_of_another_tenant_is_no_hint(idp: Protocol) -> None:
    token = idp.sign_in(response_types=("id_token",), response_mode="form_post")["id_token"]
    other = create_tenant(idp.server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    asked = {"post_logout_redirect_uri": "https://orders.example/signed-in", "id_token_hint": token}
    answer = idp.send("GET", f"/{other.id}/oauth2/v2.0/logout", asked)
    assert answer.header("Location") is None
    access = _access_token(idp)
    hinted = idp.authorize(id_token_hint=access, prompt="none")
    assert "error=invalid_request" in (hinted.header("Location") or ""), "an access token proves no session"


def test_floods_of_refusals_do_not_fill_the_log(idp: Protocol) -> None:
    """Anybody may send a client ID without its secret; each such row would be the owner's to keep."""
    for secret in (None, "guess"):
        for _ in range(REFUSALS_NOTED):
            assert idp.client_credentials(client_secret=secret).status in (401, 429, 400)
    idp.journal.flush()
    only = Query(filter=Compare("event_type", "eq", "servicePrincipal"), limit=500)
    noted: Any = idp.read(lambda tx: tx.logs.list_sign_ins(only).items)
    assert 0 < len(noted) <= REFUSALS_NOTED


BROKEN: list[dict[str, str]] = [
    {"response_type": "bogus"},
    {"response_type": "id_token", "nonce": ""},
    {"response_mode": "bogus"},
    {"scope": ""},
    {"scope": "nothing/such"},
    {"scope": 'quo"te'},
    {"code_challenge": "short", "code_challenge_method": "S256"},
    {"code_challenge": "v" * 43, "code_challenge_method": "plain"},
    {"max_age": "soon"},
    {"claims": "{"},
    {"claims": "[" * 3000},
    {"request": "x"},
    {"request_uri": "https://evil.example"},
    {"resource": "x"},
    {"id_token_hint": "a.b.c"},
    {"prompt": "none login"},
    {"login_hint": "O.v1.garbage"},
    {"login_hint": "\x00"},
    {"domain_hint": "\x00"},
]


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_a_silent_request_is_never_answered_by_a_page(idp: Protocol, number: int) -> None:
    answer = idp.authorize(**{"prompt": "none", **BROKEN[number]})
    target = answer.header("Location") or ""
    assert answer.status == 302, answer.body[:300]
    assert target.startswith(
        ("https://orders.example/signed-in?error=", "https://orders.example/signed-in#error=")
    )


def test_a_sealed_hint_is_worthless_in_another_tenant(idp: Protocol) -> None:
    """It must not tell one tenant's app the address of another tenant's person."""
    token = idp.sign_in(response_types=("id_token",), response_mode="form_post", claims_request=_WANTS_HINT)
    body = token["id_token"].split(".")[1]
    hint = json.loads(base64.urlsafe_b64decode(body + "=="))["login_hint"]
    ports = idp.server.ports
    assert read_login_hint(ports, idp.tenant_id, hint) is not None
    other = create_tenant(ports, None, NewTenant("Fabrikam", "fabrikam"))
    assert read_login_hint(ports, other.id, hint) is None


_WANTS_HINT = '{"id_token":{"login_hint":null}}'


def test_an_assertion_nested_without_end_is_no_assertion(idp: Protocol) -> None:
    deep = base64.urlsafe_b64encode(b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}").rstrip(b"=").decode()
    for assertion in (f"{deep}.{deep}.x", f"{_encoded({'alg': 'RS256'})}.{deep}.x"):
        answer = idp.client_credentials(
            client_secret=None,
            client_assertion=assertion,
            client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        assert answer.status == 401, answer.body


def test_a_wrong_secret_from_one_ipv6_subnet_counts_together(idp: Protocol) -> None:
    for number in range(20):
        assert _from(idp, f"2001:db8:1:2::{number + 1:x}") == 401
    assert _from(idp, "2001:db8:1:2:ffff::1") == 429
    assert _from(idp, "2001:db8:1:3::1") == 401


def _from(idp: Protocol, address: str) -> int:
    form = {
        "grant_type": "client_credentials",
        "client_id": idp.app.app_id,
        "client_secret": "guess",
        "scope": f"api://{idp.api.app_id}/.default",
    }
    return idp.router(
        HttpRequest(
            "POST",
            f"/{idp.tenant_id}/oauth2/v2.0/token",
            BASE,
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
            client_address=address,
            request_id="r",
        )
    ).status


def test_an_access_token_is_no_id_token_hint(idp: Protocol) -> None:
    """An API that was called could otherwise speak for the person at the sign-in and sign-out pages."""
    tokens = body_of(idp.redeem(idp.sign_in()["code"]))
    refused = idp.authorize(prompt="none", id_token_hint=tokens["access_token"])
    assert "error=invalid_request" in (refused.header("Location") or "")
    accepted = idp.authorize(prompt="none", id_token_hint=tokens["id_token"])
    assert "error=login_required" in (accepted.header("Location") or "")


def test_nothing_lets_a_code_or_an_answer_pass_for_another_issuers(idp: Protocol) -> None:
    """Mix-up (RFC 9700 section 4.4): what an app can tell apart, and what a code is worth at the wrong place."""
    fabrikam = create_tenant(idp.server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    answer = idp.sign_in(response_types=("code", "id_token"), response_mode="form_post")
    refused = idp.authorize(prompt="none").header("Location") or ""
    # As the vendor's service: no ``iss`` (RFC 9207), and no promise of one, neither here nor in refusals.
    assert "iss" not in answer
    assert "&iss=" not in refused
    for segment in (idp.tenant_id, fabrikam.id, "common"):
        for version in ("/v2.0", ""):
            path = f"/{segment}{version}/.well-known/openid-configuration"
            assert "authorization_response_iss_parameter_supported" not in body_of(idp.send("GET", path))
    # The ID token of a hybrid answer names the issuer and is bound to this very code.
    metadata = body_of(idp.send("GET", f"/{idp.tenant_id}/v2.0/.well-known/openid-configuration"))
    claims = claims_of(answer["id_token"])
    assert claims["iss"] == metadata["issuer"] == f"{BASE}/{idp.tenant_id}/v2.0"
    assert claims["c_hash"] == left_half_hash(answer["code"])
    # Led to another tenant of this server, the code is refused and not spent; the app gets its tokens afterwards.
    for segment in (fabrikam.id, "fabrikam"):
        assert idp.redeem(answer["code"], segment=segment).status == 400
    assert idp.redeem(answer["code"], code_verifier="w" * 43).status == 400, "nor without the app's verifier"
    assert claims_of(body_of(idp.redeem(answer["code"]))["id_token"])["iss"] == metadata["issuer"]
