"""Userinfo: the same person as the ID token says, to the bearer of a living token only."""

from __future__ import annotations

import pytest

from tests.support.protocol import Protocol, body_of, claims_of


def _tokens(idp: Protocol, *scopes: str) -> dict[str, str]:
    return body_of(idp.redeem(idp.sign_in(scopes=scopes)["code"]))


@pytest.mark.parametrize("how", ["get", "post-header", "post-body"])
def test_every_way_of_sending_the_token(idp: Protocol, how: str) -> None:
    tokens = _tokens(idp, "openid", "profile", "email")
    token = tokens["access_token"]
    if how == "post-body":
        response = idp.send("POST", "/oidc/userinfo", form={"access_token": token})
    else:
        method = "GET" if how == "get" else "POST"
        response = idp.send(method, "/oidc/userinfo", authorization=f"Bearer {token}")
    assert body_of(response) == {
        "sub": claims_of(tokens["id_token"])["sub"],
        "name": "Maria Sanna",
        "family_name": "Sanna",
        "given_name": "Maria",
        "preferred_username": "maria@nordwind.example",
        "email": "maria@nordwind.example",
        "email_verified": True,
    }
    assert response.header("Access-Control-Allow-Origin") == "*"


def test_scopes_limit_what_is_told(idp: Protocol) -> None:
    tokens = _tokens(idp, "openid")
    response = idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {tokens['access_token']}")
    assert set(body_of(response)) == {"sub"}


def test_refusals(idp: Protocol) -> None:
    tokens = _tokens(idp, "openid")
    empty = idp.send("GET", "/oidc/userinfo")
    assert (empty.status, empty.header("WWW-Authenticate")) == (401, "Bearer")
    for token in ("x", tokens["id_token"], tokens["access_token"] + "A"):
        response = idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {token}")
        assert response.status == 401
        assert 'error="invalid_token"' in (response.header("WWW-Authenticate") or "")
    twice = idp.send(
        "POST", "/oidc/userinfo", form={"access_token": "a"}, authorization=f"Bearer {tokens['access_token']}"
    )
    assert twice.status == 400
    app_only = body_of(idp.client_credentials(scope="https://graph.microsoft.com/.default"))["access_token"]
    assert idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {app_only}").status == 403
