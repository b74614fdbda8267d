"""Authorization requests: whom they may answer, what they must hold, and where each refusal is shown."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.support.journeys import administrator_signs_in
from tests.support.platform import challenge
from tests.support.protocol import NATIVE, SPA, WEB, Protocol, body_of, claims_of, other_app, params_of
from tests.support.walker import read_page
from xenia.core.directory.application import Audience, Platform, RedirectUri
from xenia.usecases.tokens.issue_tokens import login_hint

BASE = "https://login.test"
PKCE = {"code_challenge": challenge(), "code_challenge_method": "S256"}


def test_a_good_request_leads_to_the_sign_in_page_and_binds_the_browser(idp: Protocol) -> None:
    response = idp.authorize(**PKCE)
    assert response.status == 302
    assert (response.header("Location") or "").startswith(f"{BASE}/{idp.tenant_id}/signin?ctx=")
    cookie = response.header("Set-Cookie") or ""
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=None" in cookie


@pytest.mark.parametrize("segment", ["contoso", "Contoso.OnXenia.localhost"])
def test_every_name_of_the_tenant_leads_to_its_guid(idp: Protocol, segment: str) -> None:
    location = idp.authorize(segment=segment).header("Location") or ""
    assert location.startswith(f"{BASE}/{idp.tenant_id}/signin?ctx=")


def test_post_with_a_form_is_the_same_request(idp: Protocol) -> None:
    form = {
        "client_id": idp.app.app_id,
        "response_type": "code",
        "redirect_uri": WEB,
        "scope": "openid",
    }
    response = idp.send("POST", f"/{idp.tenant_id}/oauth2/v2.0/authorize", form=form)
    assert "/signin?ctx=" in (response.header("Location") or "")


PAGES = [
    ({"client_id": None}, 900144),
    ({"client_id": "orders"}, 700038),
    ({"client_id": "00000000-0000-4000-8000-000000000000"}, 700016),
    ({"redirect_uri": "https://attacker.example/"}, 50011),
    ({"redirect_uri": WEB + "/"}, 50011),
    ({"redirect_uri": WEB.upper()}, 50011),
    ({"redirect_uri": WEB + "?x=1"}, 50011),
    ({"redirect_uri": "https://orders.example@attacker.example/signed-in"}, 50011),
    ({"redirect_uri": "signed-in"}, 90102),
    ({"redirect_uri": None}, 900971),
    ({"segment": "nobody.example"}, 90002),
    ({"segment": "common"}, 50194),
    ({"state": "s" * 9000}, 90015),
]


@pytest.mark.parametrize(("changes", "code"), PAGES)
def test_refusals_before_the_app_is_proven_are_pages(
    idp: Protocol, changes: dict[str, str | None], code: int
) -> None:
    response = idp.authorize(**changes)
    page = read_page("/", response)
    assert response.header("Location") is None
    assert response.status >= 400
    assert f"AADSTS{code}: " in page.text
    for fact in ("Request Id", "Correlation Id", "Timestamp", "2026-07-01 12:00:00Z"):
        assert fact in page.text
    assert "attacker.example/" not in [link for _, link in page.links]
    assert "'unsafe-inline'" not in (response.header("Content-Security-Policy") or "")


def test_a_page_escapes_what_the_request_said(idp: Protocol) -> None:
    response = idp.authorize(redirect_uri="https://x.example/<script>alert(1)</script>")
    assert b"<script>alert" not in response.body


REDIRECTS = [
    ({"response_type": None}, "invalid_request", 900144),
    ({"response_type": "cheese"}, "unsupported_response_type", 70005),
    ({"response_type": "code code"}, "unsupported_response_type", 70005),
    ({"response_type": "token"}, "unsupported_response_type", 700051),
    ({"response_mode": "web_message"}, "invalid_request", 70007),
    ({"scope": None}, "invalid_request", 900144),
    ({"scope": "openid No.Such.Thing"}, "invalid_scope", 70011),
    ({"scope": "openid https://nobody.example/read"}, "invalid_resource", 500011),
    ({"scope": "openid https://graph.microsoft.com/.default User.Read"}, "invalid_scope", 70011),
    ({"scope": 'openid "'}, "invalid_scope", 70011),
    ({"resource": "https://graph.microsoft.com"}, "invalid_request", 901002),
    ({"prompt": "none login"}, "invalid_request", 90023),
    ({"prompt": "sing"}, "invalid_request", 90023),
    ({"prompt": "none"}, "login_required", 50058),
    ({"max_age": "-1"}, "invalid_request", 90023),
    ({"max_age": "1.5"}, "invalid_request", 90023),
    ({"claims": "{"}, "invalid_request", 90023),
    ({"claims": "[1]"}, "invalid_request", 90023),
    ({"request": "a.b.c"}, "request_not_supported", 90023),
    ({"request_uri": "https://x.example/r"}, "request_uri_not_supported", 90023),
    ({"code_challenge": challenge(), "code_challenge_method": "plain"}, "invalid_request", 50149),
    ({"code_challenge": challenge()}, "invalid_request", 50149),
    ({"code_challenge": "x" * 42, "code_challenge_method": "S256"}, "invalid_request", 501491),
    ({"redirect_uri": SPA}, "invalid_request", 9002325),
    ({"redirect_uri": NATIVE}, "invalid_request", 9002325),
    ({"id_token_hint": "a.b.c"}, "invalid_request", 90023),
]


@pytest.mark.parametrize(("changes", "error", "code"), REDIRECTS)
def test_refusals_afterwards_go_to_the_app_with_its_state(
    idp: Protocol, changes: dict[str, str | None], error: str, code: int
) -> None:
    response = idp.authorize(**changes)
    assert response.status == 302
    location = urlsplit(response.header("Location") or "")
    expected = urlsplit(changes.get("redirect_uri") or WEB)
    assert (location.netloc, location.path) == (expected.netloc, expected.path)
    answer = params_of(response)
    assert (answer["error"], answer["state"]) == (error, "s-1")
    assert answer["error_description"].startswith(f"AADSTS{code}: ")
    assert "code" not in answer


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"nonce": None}, "invalid_request", 900144),
        ({"scope": "profile"}, "invalid_scope", 70011),
        ({"response_mode": "query"}, "invalid_request", 70007),
    ],
)
def test_id_token_requests_are_refused_in_the_fragment(
    idp: Protocol, changes: dict[str, str | None], error: str, code: int
) -> None:
    response = idp.authorize(response_type="id_token", **changes)
    location = urlsplit(response.header("Location") or "")
    assert location.query == ""
    assert (params_of(response)["error"], f"AADSTS{code}" in params_of(response)["error_description"]) == (
        error,
        True,
    )
    assert "/signin" in (idp.authorize(response_type="id_token").header("Location") or "")


def test_id_tokens_from_here_are_off_until_switched_on(idp: Protocol) -> None:
    idp.change_app(id_token_issuance=False)
    for response_type in ("id_token", "code id_token", "id_token code"):
        answer = params_of(idp.authorize(response_type=response_type))
        assert answer["error"] == "unsupported_response_type"
        assert answer["error_description"].startswith("AADSTS700054")


def test_a_refusal_by_form_post_is_posted(idp: Protocol) -> None:
    response = idp.authorize(prompt="none", response_mode="form_post", state='"><script>')
    page = read_page("/", response)
    form = page.forms[0]
    assert (response.status, form.action, form.method) == (200, WEB, "post")
    assert (form.fields["error"], form.fields["state"]) == ("login_required", '"><script>')
    assert b"<script>" not in response.body
    policy = response.header("Content-Security-Policy") or ""
    assert "form-action" not in policy
    assert "'unsafe-inline'" not in policy
    assert response.header("Cache-Control") == "no-store"


def test_duplicates_are_refused_where_they_may_be_told(idp: Protocol) -> None:
    base = f"client_id={idp.app.app_id}&redirect_uri={WEB}&response_type=code&scope=openid"
    path = f"/{idp.tenant_id}/oauth2/v2.0/authorize"
    redirected = idp.send("GET", path, f"{base}&nonce=1&nonce=2")
    assert params_of(redirected)["error_description"].startswith("AADSTS9000411")
    shown = idp.send("GET", path, f"{base}&redirect_uri=https://attacker.example/")
    assert shown.header("Location") is None
    assert b"AADSTS9000411" in shown.body


def test_thousands_of_parameters_are_a_refusal_and_no_crash(idp: Protocol) -> None:
    response = idp.send("GET", f"/{idp.tenant_id}/oauth2/v2.0/authorize", "a=b&" * 600)
    assert response.status == 400


def test_unknown_parameters_are_ignored(idp: Protocol) -> None:
    response = idp.authorize(
        **{"x-client-SKU": "MSAL", "haschrome": "1", "acr_values": "x", "display": "popup"}
    )
    assert "/signin" in (response.header("Location") or "")


def test_a_disabled_application_is_refused(idp: Protocol) -> None:
    idp.change_principal(idp.app.app_id, account_enabled=False)
    assert b"AADSTS7000112" in idp.authorize().body


def test_the_only_registered_redirect_uri_need_not_be_named(idp: Protocol) -> None:
    app = other_app(idp)
    response = idp.authorize(client_id=app.app_id, redirect_uri=None, prompt="none")
    assert (response.header("Location") or "").startswith(WEB)


def test_loopback_redirects_ignore_the_port_and_answers_carry_it(idp: Protocol) -> None:
    response = idp.authorize(redirect_uri="http://localhost:49152/cb", prompt="none", **PKCE)
    assert (response.header("Location") or "").startswith("http://localhost:49152/cb?error=login_required")
    assert b"AADSTS50011" in idp.authorize(redirect_uri="http://localhost:49152/other", **PKCE).body


def test_answers_keep_the_registered_query_and_add_a_missing_path(idp: Protocol) -> None:
    app = other_app(
        idp,
        redirect_uris=(
            RedirectUri("https://q.example/cb?tenant=a", Platform.WEB),
            RedirectUri("https://bare.example", Platform.WEB),
        ),
    )
    kept = idp.authorize(client_id=app.app_id, redirect_uri="https://q.example/cb?tenant=a", prompt="none")
    assert (kept.header("Location") or "").startswith("https://q.example/cb?tenant=a&error=")
    bare = idp.authorize(client_id=app.app_id, redirect_uri="https://bare.example", prompt="none")
    assert (bare.header("Location") or "").startswith("https://bare.example/?error=")


def test_at_an_alias_a_hint_names_the_tenant(idp: Protocol) -> None:
    app = other_app(idp, audience=Audience.MULTIPLE)
    hinted = idp.authorize(
        segment="organizations", client_id=app.app_id, domain_hint="contoso.onxenia.localhost"
    )
    assert f"/{idp.tenant_id}/signin" in (hinted.header("Location") or "")


def test_an_unknown_application_at_an_alias_learns_nothing_of_tenants(idp: Protocol) -> None:
    response = idp.authorize(segment="common", client_id="00000000-0000-4000-8000-000000000000")
    assert b"AADSTS700016" in response.body
    assert b"Contoso" not in response.body


def test_the_whole_way_from_request_to_userinfo(idp: Protocol) -> None:
    walker = idp.walker()
    page, _ = administrator_signs_in(
        idp.server, walker, idp.server.authorize_url(client_info="1", max_age="3600")
    )
    location = page.refresh or page.response.header("Location")
    assert location is not None
    answer = dict(pair.split("=", 1) for pair in urlsplit(location).query.split("&"))
    tokens = body_of(idp.redeem(answer["code"], client_info="1"))
    claims = claims_of(tokens["id_token"])
    assert claims["oid"] == idp.server.admin.id
    assert "auth_time" in claims
    response = idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {tokens['access_token']}")
    assert body_of(response)["sub"] == claims["sub"]
    # Single sign-on: the same browser is answered at once, in silence, and by the same person only.
    silent = walker.send("GET", idp.server.authorize_url(prompt="none"))
    assert "code" in params_of(silent)
    hinted = walker.send("GET", idp.server.authorize_url(prompt="none", id_token_hint=tokens["id_token"]))
    assert "code" in params_of(hinted)
    somebody_else = walker.send(
        "GET", idp.server.authorize_url(prompt="none", login_hint=idp.guest.mail or "")
    )
    assert params_of(somebody_else)["error"] == "login_required"
    again = params_of(walker.send("GET", idp.server.authorize_url(prompt="none", max_age="0")))
    assert again["error"] == "login_required"


def test_the_opaque_hint_finds_the_account_again(idp: Protocol) -> None:
    from xenia.core.signin.answer import SignedIn

    signed_in = SignedIn(
        idp.server.tenant, idp.guest, idp.app, idp.principal(idp.app.app_id), (), "s", False, BASE, ""
    )
    walker = idp.walker()
    page = walker.open(idp.server.authorize_url(login_hint=login_hint(idp.server.ports, signed_in)))
    assert "maria@nordwind.example" in page.text
    tampered = login_hint(idp.server.ports, replace(signed_in, user=idp.server.admin))[:-2] + "xx"
    assert "Nikos" not in idp.walker().open(idp.server.authorize_url(login_hint=tampered)).text


def test_v1_takes_a_resource(idp: Protocol) -> None:
    query = {
        "client_id": idp.app.app_id,
        "response_type": "code",
        "redirect_uri": WEB,
        "resource": "https://graph.microsoft.com",
        "state": "s-1",
    }
    response = idp.send("GET", f"/{idp.tenant_id}/oauth2/authorize", query)
    assert "/signin?ctx=" in (response.header("Location") or "")
    refused = idp.send(
        "GET", f"/{idp.tenant_id}/oauth2/authorize", {**query, "resource": "https://nobody.example"}
    )
    assert params_of(refused)["error"] == "invalid_resource"
