"""Implicit and hybrid answers (OpenID Connect Core sections 3.2 and 3.3): switched on per app, bound together, never in a query."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.support.platform import PASSWORD, VERIFIER, challenge
from tests.support.protocol import NATIVE, SPA, WEB, Protocol, body_of, claims_of, params_of
from tests.support.renewing import may_stay
from tests.support.walker import Walker
from xenia.core.claims import left_half_hash
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.web.http import HttpResponse

WITH_CODE = ("code", "code id_token", "code token", "code id_token token")
ALL = (*WITH_CODE, "id_token", "id_token token", "token")


@dataclass
class Browser:
    """The administrator's browser, signed in, asking for one answer after another."""

    idp: Protocol
    walker: Walker

    def ask(self, response_type: str, **changes: str | None) -> HttpResponse:
        query = {
            "client_id": self.idp.app.app_id,
            "response_type": response_type,
            "redirect_uri": WEB,
            "scope": "openid profile offline_access User.Read",
            "state": "s <&> 1",
            "nonce": "n-1",
            "code_challenge": challenge() if "code" in response_type.split() else None,
            "code_challenge_method": "S256" if "code" in response_type.split() else None,
            "prompt": "none",
            **changes,
        }
        sent = urlencode({name: value for name, value in query.items() if value is not None})
        return self.walker.send("GET", f"/{self.idp.tenant_id}/oauth2/v2.0/authorize?{sent}")


@pytest.fixture
def browser(idp: Protocol) -> Browser:
    """Single sign-on is there, so every answer comes at once."""
    may_stay(idp)
    idp.grant(GRAPH_APP_ID, "User.Read", "openid", "profile", "offline_access")
    idp.change_app(id_token_issuance=True, access_token_issuance=True)
    made = Browser(idp, idp.walker())
    made.walker.open(made.ask("code", prompt="login").header("Location") or "")
    made.walker.submit("/identify", login=idp.server.admin.user_principal_name)
    page = made.walker.submit("/password", password=PASSWORD)
    target = page.refresh or page.response.header("Location") or ""
    assert "code=" in target, page.text
    return made


def _fragment(response: HttpResponse) -> dict[str, str]:
    parts = urlsplit(response.header("Location") or "")
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == WEB, response.header("Location")
    assert not parts.query, "a token in a query string ends in logs and referrers"
    return dict(parse_qsl(parts.fragment))


@pytest.mark.parametrize("response_type", [kind for kind in ALL if kind != "code"])
def test_each_answer_holds_what_was_asked_for_and_binds_it_together(
    browser: Browser, response_type: str
) -> None:
    asked = set(response_type.split())
    answer = _fragment(browser.ask(" ".join(reversed(response_type.split()))))
    held = {"code": "code", "id_token": "id_token", "token": "access_token"}
    assert {kind for kind, name in held.items() if name in answer} == asked, answer
    assert answer["state"] == "s <&> 1"
    assert "session_state" in answer
    assert "refresh_token" not in answer
    if "token" in asked:
        assert (answer["token_type"], "User.Read" in answer["scope"]) == ("Bearer", True)
        assert int(answer["expires_in"]) > 3000
        header = f"Bearer {answer['access_token']}"
        assert browser.idp.send("GET", "/oidc/userinfo", authorization=header).status == 200
    if "id_token" in asked:
        claims = claims_of(answer["id_token"])
        assert (claims["nonce"], claims["aud"]) == ("n-1", browser.idp.app.app_id)
        hashes = {
            "c_hash": left_half_hash(answer["code"]) if "code" in asked else None,
            "at_hash": left_half_hash(answer["access_token"]) if "token" in asked else None,
        }
        assert {name: claims.get(name) for name in hashes} == hashes


@pytest.mark.parametrize("response_type", WITH_CODE)
def test_the_code_beside_it_is_redeemed_as_ever(browser: Browser, response_type: str) -> None:
    response = browser.ask(response_type)
    given = params_of(response)
    answer = body_of(browser.idp.redeem(given["code"], code_verifier=VERIFIER))
    assert {"access_token", "id_token", "refresh_token"} <= set(answer)
    claims = claims_of(answer["id_token"])
    assert not {"c_hash", "at_hash"} & set(claims)
    if "id_token" in given:
        ours = claims_of(given["id_token"])
        assert {name: claims[name] for name in ("iss", "sub", "nonce", "sid")} == {
            name: ours[name] for name in ("iss", "sub", "nonce", "sid")
        }


def test_replaying_the_code_ends_the_access_token_that_came_beside_it(browser: Browser) -> None:
    given = params_of(browser.ask("code token"))
    header = f"Bearer {given['access_token']}"
    for status in (200, 401):
        assert browser.idp.redeem(given["code"]).status == (200 if status == 200 else 400)
        assert browser.idp.send("GET", "/oidc/userinfo", authorization=header).status == status


@pytest.mark.parametrize("response_type", ALL)
def test_a_form_carries_every_answer(browser: Browser, response_type: str) -> None:
    response = browser.ask(response_type, response_mode="form_post")
    assert (response.status, response.header("Cache-Control")) == (200, "no-store")
    assert b'name="state" value="s &lt;&amp;&gt; 1"' in response.body
    for kind, name in (("code", "code"), ("id_token", "id_token"), ("token", "access_token")):
        assert (f'name="{name}"'.encode() in response.body) == (kind in response_type.split())


@pytest.mark.parametrize("response_type", [kind for kind in ALL if kind != "code"])
def test_tokens_never_travel_in_a_query(browser: Browser, response_type: str) -> None:
    answer = _fragment(browser.ask(response_type, response_mode="query"))
    assert (answer["error"], answer["state"]) == ("invalid_request", "s <&> 1")
    assert answer["error_description"].startswith("AADSTS70007")


@pytest.mark.parametrize(
    ("switched_on", "response_type", "code"),
    [
        ("access_token_issuance", "id_token", 700054),
        ("access_token_issuance", "code id_token", 700054),
        ("access_token_issuance", "id_token token", 700054),
        ("id_token_issuance", "token", 700051),
        ("id_token_issuance", "code token", 700051),
        ("id_token_issuance", "code id_token token", 700051),
    ],
)
def test_each_kind_of_token_has_its_own_switch(
    browser: Browser, switched_on: str, response_type: str, code: int
) -> None:
    off = {"id_token_issuance": False, "access_token_issuance": False, switched_on: True}
    browser.idp.change_app(**off)
    answer = _fragment(browser.ask(response_type))
    assert answer["error"] == "unsupported_response_type"
    assert answer["error_description"].startswith(f"AADSTS{code}:")


@pytest.mark.parametrize("response_type", ["id_token", "id_token token", "code id_token"])
def test_an_id_token_from_here_is_bound_to_its_request(browser: Browser, response_type: str) -> None:
    answer = _fragment(browser.ask(response_type, nonce=None))
    assert (answer["error"], "nonce" in answer["error_description"]) == ("invalid_request", True)
    without = _fragment(browser.ask(response_type, scope="profile User.Read"))
    assert without["error"] == "invalid_scope"


def test_an_access_token_from_here_needs_no_nonce_and_is_for_one_api(browser: Browser) -> None:
    name = f"api://{browser.idp.api.app_id}"
    browser.idp.grant(browser.idp.api.app_id, "Orders.Read")
    answer = _fragment(browser.ask("token", nonce=None, scope=f"{name}/Orders.Read User.Read"))
    claims = claims_of(answer["access_token"])
    assert (claims["aud"], claims["scp"], claims["azpacr"]) == (browser.idp.api.app_id, "Orders.Read", "0")


def test_consent_is_needed_as_ever(browser: Browser) -> None:
    answer = _fragment(browser.ask("token", scope=f"api://{browser.idp.api.app_id}/Orders.Read"))
    assert answer["error"] == "consent_required"


def test_public_clients_prove_their_code_in_hybrid_flows_too(browser: Browser) -> None:
    for uri in (SPA, NATIVE):
        response = browser.ask("code id_token", redirect_uri=uri, code_challenge=None)
        answer = params_of(response)
        assert answer["error_description"].startswith("AADSTS9002325"), response.header("Location")
