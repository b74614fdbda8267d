"""Whatever is sent: an answer within the protocol, never a crash, and never a redirect to a stranger."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.platform import challenge
from tests.support.protocol import NATIVE, SECRET, SPA, WEB, Protocol, protocol

WORDS = st.sampled_from(
    [
        "", "code", "id_token", "token", "code id_token", "query", "fragment", "form_post", "openid", "openid profile",
        "none", "login", "select_account", "S256", "plain", WEB, SPA, NATIVE, "https://evil.example/", "//evil.example",
        "javascript:alert(1)", "https://orders.example@evil.example/signed-in", "{}", '{"id_token":[]}', "a.b.c", "1.A",
        "authorization_code", "client_credentials", SECRET, challenge(), "O.x", "https://graph.microsoft.com/.default",
        "api://x/.default", "9" * 30, "-1", "\r\nLocation: https://evil.example", "\x00", "\ud800".encode("utf-8", "replace").decode(),
    ]
)  # fmt: skip
VALUES = WORDS | st.text(max_size=30)
AUTHORIZE = (
    "response_type", "response_mode", "redirect_uri", "scope", "state", "nonce", "prompt", "max_age", "claims",
    "code_challenge", "code_challenge_method", "login_hint", "id_token_hint", "domain_hint", "resource", "request",
    "client_info", "client-request-id",
)  # fmt: skip
TOKEN = (
    "grant_type", "code", "redirect_uri", "scope", "code_verifier", "client_secret", "client_assertion",
    "client_assertion_type", "resource", "client_info",
)  # fmt: skip
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
OURS = {"login.test", *(urlsplit(uri).hostname for uri in (WEB, SPA, NATIVE))}


@pytest.fixture(scope="module")
def idp(tmp_path_factory: pytest.TempPathFactory) -> object:
    """One server for all examples: none of them may change it."""
    with protocol(Path(tmp_path_factory.mktemp("any"))) as made:
        yield made


def _params(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(names), VALUES, max_size=8)


@given(params=_params(AUTHORIZE), segment=st.sampled_from(["contoso", "common", "nobody", "%00", "a.b"]))
def test_authorize(idp: Protocol, params: dict[str, str], segment: str) -> None:
    query = urlencode({"client_id": idp.app.app_id, "redirect_uri": WEB, **params})
    response = idp.send("GET", f"/{segment}/oauth2/v2.0/authorize", query)
    assert response.status in (200, 302, 400, 403, 404)
    location = response.header("Location")
    if location is not None:
        assert urlsplit(location).hostname in OURS
        assert location.isprintable()
    if response.status == 200:
        assert f'action="{params.get("redirect_uri") or WEB}"'.encode() in response.body
    for _, value in response.headers:
        assert "\r" not in value
        assert "\n" not in value


@given(
    form=_params(TOKEN),
    authorization=VALUES.filter(str.isascii) | VALUES.filter(str.isascii).map(lambda text: f"Basic {text}"),
    origin=st.none() | st.just("https://spa.example"),
)
def test_token(idp: Protocol, form: dict[str, str], authorization: str, origin: str | None) -> None:
    headers = {"authorization": authorization, **({"origin": origin} if origin else {})}
    sent = {"client_id": idp.app.app_id, **form}
    response = idp.send("POST", f"/{idp.tenant_id}/oauth2/v2.0/token", form=sent, **headers)
    assert response.status in (200, 400, 401, 429)
    assert response.header("Cache-Control") == "no-store, no-cache"
    assert (b'"error"' in response.body) == (response.status != 200)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.dictionaries(
    st.sampled_from(
        ["alg", "kid", "typ", "crit", "jwk", "jku", "x5t", "x5c", "iss", "sub", "aud", "exp", "nbf", "iat", "tid"]
    ),
    JSON | st.sampled_from(["RS256", "none", "HS256", "https://issuer.example", "http://127.0.0.1:9"]),
    max_size=8,
)  # fmt: skip


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


JWTS = st.builds(
    lambda header, claims, signature: f"{_segment(header)}.{_segment(claims)}.{signature}",
    MEMBERS | JSON,
    MEMBERS | JSON,
    st.text(alphabet="AZaz09-_=.", max_size=20),
)


@given(token=JWTS | VALUES, alias=st.sampled_from(["contoso", "common", "organizations"]))
def test_tokens_of_any_shape_are_refused_everywhere(idp: Protocol, token: str, alias: str) -> None:
    """Assertions, hints, refresh and bearer tokens: whatever they hold, a refusal that is one of the protocol."""
    jwt_bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    device = "urn:ietf:params:oauth:grant-type:device_code"
    asked = {"requested_token_use": "on_behalf_of", "scope": "User.Read", "client_secret": SECRET}
    for form in (
        {
            "grant_type": "client_credentials",
            "client_assertion": token,
            "client_assertion_type": ASSERTION_TYPE,
        },
        {"grant_type": jwt_bearer, "assertion": token, **asked},
        {"grant_type": "refresh_token", "refresh_token": token},
        {"grant_type": "authorization_code", "code": token, "redirect_uri": WEB},
        {"grant_type": device, "device_code": token},
    ):
        refused = idp.send(
            "POST",
            f"/{alias}/oauth2/v2.0/token",
            form={"client_id": idp.app.app_id, "scope": "x/.default", **form},
        )
        assert refused.status in (400, 401), refused.body
    for name in ("id_token_hint", "login_hint"):
        query = {"client_id": idp.app.app_id, "redirect_uri": WEB, "response_type": "code", "scope": "openid"}
        hinted = idp.send("GET", f"/{alias}/oauth2/v2.0/authorize", {**query, name: token})
        assert hinted.status in (200, 302, 400, 403)


@given(token=VALUES, form=VALUES)
def test_userinfo_and_logout(idp: Protocol, token: str, form: str) -> None:
    userinfo = idp.send(
        "POST", "/oidc/userinfo", form={"access_token": form}, authorization=f"Bearer {token}"
    )
    assert userinfo.status in (400, 401)
    query = {"id_token_hint": token, "logout_hint": form, "post_logout_redirect_uri": form, "state": token}
    logout = idp.send("GET", f"/{idp.tenant_id}/oauth2/v2.0/logout", query)
    assert (logout.status, logout.header("Location")) == (200, None)
