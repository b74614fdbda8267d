"""Every kind of token at every door that takes one, and what is left of a permission when consent shrinks meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.oidc.test_on_behalf_of import agree, give_secret, refusal, trade
from tests.support.protocol import API_SCOPE, SECRET, Protocol, body_of, claims_of, params_of, protocol
from tests.support.renewing import OIDC, may_stay, signed_in
from tests.support.walker import BASE
from xenia import graph
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.web.http import HttpRequest
from xenia.web.routing import Router, Surface

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Protocol]:
    """Orders calls the Stock API, which reads people's profiles at Graph in their name."""
    with protocol(tmp_path) as idp:
        may_stay(idp)
        idp.grant(idp.api.app_id, API_SCOPE, "Orders.Read")
        give_secret(idp, idp.api)
        agree(idp, idp.api.app_id, GRAPH_APP_ID, "User.Read", *OIDC)
        yield idp


def kinds(idp: Protocol) -> dict[str, str]:
    """One token of each kind that this server hands out, all alive."""
    name = f"api://{idp.api.app_id}/{API_SCOPE}"
    at_graph = signed_in(idp)
    at_api = body_of(idp.redeem(idp.sign_in(scopes=(*OIDC, name))["code"]))
    hybrid = idp.sign_in(response_types=("code", "id_token"), response_mode="form_post", scopes=("openid",))
    return {
        "access token of Graph": at_graph["access_token"],
        "access token of an API": at_api["access_token"],
        "ID token": at_graph["id_token"],
        "ID token of a front channel": hybrid["id_token"],
        "token of an app": body_of(idp.client_credentials())["access_token"],
        "refresh token": at_graph["refresh_token"],
        "code": hybrid["code"],
        "opaque hint": str(claims_of(_with_hint(idp))["login_hint"]),
    }


def _with_hint(idp: Protocol) -> str:
    asked = '{"id_token":{"login_hint":null}}'
    return str(body_of(idp.redeem(idp.sign_in(claims_request=asked)["code"]))["id_token"])


def opens_graph(idp: Protocol, token: str) -> bool:
    surface = graph.routes(idp.server.ports)
    router = Router([surface], Surface("none", (), surface.render_error))
    headers = {"authorization": f"Bearer {token}"}
    return router(HttpRequest("GET", "/v1.0/me", BASE, headers=headers, request_id="r")).status != 401


def opens_userinfo(idp: Protocol, token: str) -> bool:
    by_header = idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {token}").status
    by_form = idp.send("POST", "/oidc/userinfo", form={"access_token": token}).status
    assert by_header == by_form
    return by_header == 200


def acts_for_somebody(idp: Protocol, token: str) -> bool:
    return trade(idp, token).status == 200


def renews(idp: Protocol, token: str) -> bool:
    return idp.refresh(token).status == 200


def redeems(idp: Protocol, token: str) -> bool:
    return idp.redeem(token).status == 200


def proves_the_client(idp: Protocol, token: str) -> bool:
    proof = {"client_secret": None, "client_assertion": token, "client_assertion_type": ASSERTION}
    return idp.client_credentials(**proof).status == 200


def names_the_person_silently(idp: Protocol, token: str) -> bool:
    """Taken for an ID token: ``login_required`` (nobody is signed in), not ``invalid_request``."""
    return params_of(idp.authorize(prompt="none", id_token_hint=token))["error"] == "login_required"


DOORS = {
    opens_graph: {"access token of Graph"},
    opens_userinfo: {"access token of Graph"},
    acts_for_somebody: {"access token of an API"},
    proves_the_client: set(),
    names_the_person_silently: {"ID token", "ID token of a front channel"},
    renews: {"refresh token"},
    redeems: {"code"},
}
"""Who gets in where; whatever is not named must not. Those that use something up stand last."""


def test_each_kind_of_token_opens_its_own_door_and_no_other(stock: Protocol) -> None:
    held = kinds(stock)
    assert len(set(held.values())) == len(held)
    for door, welcome in DOORS.items():
        let_in = {kind for kind, token in held.items() if door(stock, token)}
        assert let_in == welcome, door.__name__


def test_consent_that_shrinks_shrinks_the_next_token(stock: Protocol) -> None:
    both = f"api://{stock.api.app_id}/{API_SCOPE} api://{stock.api.app_id}/Orders.Read"
    answer = signed_in(stock, scopes=(*OIDC, *both.split()))
    assert claims_of(answer["access_token"])["scp"] == f"{API_SCOPE} Orders.Read"
    stock.grant(stock.api.app_id, API_SCOPE)
    token = answer["refresh_token"]
    # Neither by asking again nor by asking for nothing, in another spelling or by everything there is.
    for scope in (both, None, both.upper().replace("API://", "api://")):
        assert body_of(stock.refresh(token, scope=scope))["error_codes"] == [65001], scope
    rest = body_of(stock.refresh(token, scope=f"api://{stock.api.app_id}/.default"))
    assert claims_of(rest["access_token"])["scp"] == API_SCOPE
    stock.grant(stock.api.app_id)
    refused = body_of(stock.refresh(rest["refresh_token"], scope=f"api://{stock.api.app_id}/.default"))
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [65001])
    still = body_of(stock.refresh(rest["refresh_token"], scope="openid"))
    assert claims_of(still["access_token"])["scp"] == "openid"


def test_what_an_api_may_do_for_its_caller_shrinks_with_its_consent(stock: Protocol) -> None:
    call = body_of(
        stock.redeem(stock.sign_in(scopes=(*OIDC, f"api://{stock.api.app_id}/{API_SCOPE}"))["code"])
    )["access_token"]
    traded = body_of(trade(stock, call))
    assert "User.Read" in claims_of(traded["access_token"])["scp"].split()
    agree(stock, stock.api.app_id, GRAPH_APP_ID, *OIDC)
    as_api = {"client_id": stock.api.app_id, "client_secret": SECRET}
    for scope in ("https://graph.microsoft.com/User.Read", "https://graph.microsoft.com/.default"):
        assert refusal(trade(stock, call, scope=scope)) == (400, "invalid_grant", 65001), scope
        # The refresh token of the trade from before holds no more than the consent of now.
        renewed = stock.refresh(traded["refresh_token"], scope=scope, **as_api)
        assert refusal(renewed) == (400, "invalid_grant", 65001), scope


def test_a_scope_that_the_api_withdrew_is_gone_from_the_next_token(stock: Protocol) -> None:
    name = f"api://{stock.api.app_id}"
    token = signed_in(stock, scopes=(*OIDC, f"{name}/{API_SCOPE}", f"{name}/Orders.Read"))["refresh_token"]

    def disable(tx: object) -> None:
        found = tx.applications.find_by_app_id(stock.api.app_id)  # type: ignore[attr-defined]
        scopes = tuple(replace(scope, is_enabled=scope.value != "Orders.Read") for scope in found.scopes)
        tx.applications.replace(replace(found, scopes=scopes))  # type: ignore[attr-defined]

    stock.write(disable)
    assert body_of(stock.refresh(token))["error_codes"] == [70011]
    rest = body_of(stock.refresh(token, scope=f"{name}/.default"))
    assert claims_of(rest["access_token"])["scp"] == API_SCOPE


def test_the_acting_app_cannot_reach_what_only_the_calling_app_may(stock: Protocol) -> None:
    """Consent of the caller is the caller's: an API in the middle has what it was itself agreed to."""
    stock.grant(GRAPH_APP_ID, "User.ReadWrite.All", *OIDC)
    call = body_of(
        stock.redeem(stock.sign_in(scopes=(*OIDC, f"api://{stock.api.app_id}/{API_SCOPE}"))["code"])
    )["access_token"]
    refused = trade(stock, call, scope="https://graph.microsoft.com/User.ReadWrite.All")
    assert refusal(refused) == (400, "invalid_grant", 65001)
