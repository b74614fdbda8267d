"""An API acts on behalf of whoever called it: with their own token, for them alone, as far as was agreed to."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.federating import make_home
from tests.support.platform import challenge
from tests.support.protocol import (
    API_SCOPE,
    SECRET,
    SPA,
    Protocol,
    body_of,
    claims_of,
    other_app,
)
from tests.support.renewing import may_stay
from xenia.core.directory.application import (
    GRAPH_APP_ID,
    Application,
    Audience,
    ClientSecret,
    DelegatedGrant,
    Platform,
    Scope,
)
from xenia.core.query import Query
from xenia.usecases.tokens.authenticate_client import client_secret_hash
from xenia.usecases.users.user_security import revoke_sessions
from xenia.web.http import HttpResponse

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def stock(idp: Protocol) -> Protocol:
    """Orders may call the Stock API for everybody; the Stock API has a secret and may read people's profiles."""
    may_stay(idp)
    idp.grant(idp.api.app_id, API_SCOPE)
    give_secret(idp, idp.api)
    agree(idp, idp.api.app_id, GRAPH_APP_ID, "User.Read", "openid", "profile", "offline_access")
    return idp


def give_secret(idp: Protocol, app: Application) -> None:
    ports, now = idp.server.ports, idp.server.clock.now()
    hashed = client_secret_hash(ports, app.id, SECRET)
    day = timedelta(days=1)
    secret = ClientSecret(ports.entropy.guid(), app.id, "CI", SECRET[:3], hashed, now - day, now + 30 * day)
    idp.write(lambda tx: tx.applications.add_secret(secret))


def agree(idp: Protocol, client_app_id: str, resource_app_id: str, *scopes: str) -> None:
    client, resource = idp.principal(client_app_id), idp.principal(resource_app_id)
    guid = idp.server.ports.entropy.guid()
    grant = DelegatedGrant(guid, client.id, "AllPrincipals", None, resource.id, scopes)
    idp.write(lambda tx: tx.applications.put_grant(grant))


def call_token(idp: Protocol, **request: Any) -> str:
    """The access token by which Orders calls the Stock API for the guest."""
    scope = f"api://{idp.api.app_id}/{API_SCOPE}"
    answer = body_of(idp.redeem(idp.sign_in(scopes=("openid", "profile", scope), **request)["code"]))
    token = answer["access_token"]
    assert isinstance(token, str)
    return token


def trade(idp: Protocol, call: str, /, **changes: str | None) -> HttpResponse:
    form = {
        "grant_type": GRANT,
        "requested_token_use": "on_behalf_of",
        "client_id": idp.api.app_id,
        "client_secret": SECRET,
        "assertion": call,
        "scope": "https://graph.microsoft.com/.default offline_access openid profile",
        **changes,
    }
    return idp.token(**form)


def refusal(response: HttpResponse) -> tuple[int, str, int]:
    answer = body_of(response)
    (code,) = answer["error_codes"]
    return response.status, answer["error"], code


def test_the_new_token_is_the_same_guests_for_the_next_api(stock: Protocol) -> None:
    before = claims_of(call_token(stock))
    answer = body_of(trade(stock, call_token(stock), client_info="1"))
    after = claims_of(answer["access_token"])
    assert (before["aud"], before["azp"]) == (stock.api.app_id, stock.app.app_id)
    assert (after["oid"], after["tid"], after["appid"]) == (stock.guest.id, stock.tenant_id, stock.api.app_id)
    assert (after["scp"], after["appidacr"], after["acct"]) == ("User.Read openid profile", "1", 1)
    # Where and how the guest signed in is kept, and not made up anew.
    assert (after["idp"], after["amr"], after["email"]) == ("mail", ["otp"], stock.guest.mail)
    assert after["sid"] == before["sid"]
    assert (
        answer["scope"]
        == "https://graph.microsoft.com/User.Read https://graph.microsoft.com/.default openid profile"
    )
    assert {"refresh_token", "client_info", "id_token"} <= set(answer)
    claims = claims_of(answer["id_token"])
    assert (claims["aud"], claims["oid"]) == (stock.api.app_id, stock.guest.id)
    bearer = f"Bearer {answer['access_token']}"
    assert stock.send("GET", "/oidc/userinfo", authorization=bearer).status == 200
    row = max(stock.read(lambda tx: tx.logs.list_sign_ins(Query())).items, key=lambda found: found.at)
    assert (row.app_id, row.user_id, row.is_interactive) == (stock.api.app_id, stock.guest.id, False)


def test_its_refresh_token_belongs_to_the_api_alone(stock: Protocol) -> None:
    answer = body_of(trade(stock, call_token(stock)))
    token = answer["refresh_token"]
    assert refusal(stock.refresh(token)) == (400, "invalid_grant", 70000)
    renewed = body_of(stock.refresh(token, client_id=stock.api.app_id))
    assert claims_of(renewed["access_token"])["appid"] == stock.api.app_id
    without = body_of(trade(stock, call_token(stock), scope="https://graph.microsoft.com/User.Read"))
    assert not {"refresh_token", "id_token"} & set(without)


def test_reuse_of_its_refresh_token_leaves_the_app_signed_in(stock: Protocol) -> None:
    call = call_token(stock)
    token = body_of(trade(stock, call))["refresh_token"]
    stock.refresh(token, client_id=stock.api.app_id)
    stock.server.clock.advance(timedelta(minutes=2))
    assert refusal(stock.refresh(token, client_id=stock.api.app_id)) == (400, "invalid_grant", 70000)
    assert "access_token" in body_of(trade(stock, call))


def test_one_trade_after_another_reaches_further(stock: Protocol) -> None:
    ledger = other_app(stock, scopes=(Scope(stock.server.ports.entropy.guid(), "Ledger.Read"),))
    give_secret(stock, ledger)
    agree(stock, stock.api.app_id, ledger.app_id, "Ledger.Read")
    agree(stock, ledger.app_id, GRAPH_APP_ID, "User.Read")
    second = body_of(trade(stock, call_token(stock), scope=f"api://{ledger.app_id}/Ledger.Read"))
    third = body_of(
        trade(
            stock,
            second["access_token"],
            client_id=ledger.app_id,
            scope="https://graph.microsoft.com/User.Read",
        )
    )
    assert claims_of(third["access_token"])["appid"] == ledger.app_id
    assert claims_of(third["access_token"])["oid"] == stock.guest.id


def test_the_first_version_and_names_of_the_audience(stock: Protocol) -> None:
    def first_version(tx: Any) -> None:
        api = tx.applications.find_by_app_id(stock.api.app_id)
        uris = (*api.identifier_uris, "https://stock.example/")
        tx.applications.replace(replace(api, requested_access_token_version=1, identifier_uris=uris))

    stock.write(first_version)
    for name in (f"api://{stock.api.app_id}", stock.api.app_id, "https://stock.example"):
        code = stock.sign_in(scopes=(f"{name}/{API_SCOPE}",))["code"]
        call = body_of(stock.redeem(code))["access_token"]
        assert claims_of(call)["aud"] == name
        answer = body_of(trade(stock, call, version="", scope=None, resource=GRAPH_APP_ID))
        assert answer["resource"] == GRAPH_APP_ID
        assert claims_of(answer["access_token"])["oid"] == stock.guest.id


def test_a_token_from_the_authorization_endpoint_serves_too(stock: Protocol) -> None:
    stock.change_app(access_token_issuance=True)
    answer = stock.sign_in(
        response_types=("token",),
        response_mode="fragment",
        redirect_uri=SPA,
        platform=Platform.SPA,
        scopes=(f"api://{stock.api.app_id}/{API_SCOPE}",),
    )
    assert claims_of(body_of(trade(stock, answer["access_token"]))["access_token"])["oid"] == stock.guest.id


# --- what is refused -------------------------------------------------------------------------------


def test_only_the_audience_may_trade_it(stock: Protocol) -> None:
    call = call_token(stock)
    assert refusal(trade(stock, call, client_id=stock.app.app_id)) == (400, "invalid_grant", 500131)
    for_graph = body_of(stock.redeem(stock.sign_in()["code"]))["access_token"]
    assert refusal(trade(stock, for_graph)) == (400, "invalid_grant", 500131)


def test_an_id_token_is_no_call(stock: Protocol) -> None:
    answer = body_of(stock.redeem(stock.sign_in()["code"]))
    own = trade(stock, answer["id_token"], client_id=stock.app.app_id)
    assert refusal(own) == (400, "invalid_grant", 240002)
    assert refusal(trade(stock, answer["id_token"])) == (400, "invalid_grant", 240002)


def test_an_app_is_nobody_to_act_for(stock: Protocol) -> None:
    stock.change_principal(stock.api.app_id, assignment_required=False)
    token = body_of(stock.client_credentials())["access_token"]
    assert refusal(trade(stock, token)) == (400, "invalid_grant", 7000114)


def test_a_token_past_its_time_is_no_call(stock: Protocol) -> None:
    call = call_token(stock)
    stock.server.clock.advance(timedelta(minutes=91))
    assert refusal(trade(stock, call)) == (400, "invalid_grant", 500133)


@pytest.mark.parametrize("forgery", ["none", "payload", "garbage", "empty-signature", "header-key"])
def test_forged_tokens_are_no_calls(stock: Protocol, forgery: str) -> None:
    header, payload, signature = call_token(stock).split(".")
    if forgery == "payload":
        claims = {**claims_of(f"{header}.{payload}."), "oid": stock.server.admin.id}
        payload = _encoded(claims)
    elif forgery == "none":
        header, signature = _encoded({"alg": "none", "typ": "JWT"}), ""
    elif forgery == "empty-signature":
        signature = ""
    elif forgery == "header-key":
        header = _encoded({"alg": "HS256", "typ": "JWT", "jwk": {"kty": "oct", "k": "AAAA"}})
    forged = "a.b" if forgery == "garbage" else f"{header}.{payload}.{signature}"
    assert refusal(trade(stock, forged)) == (400, "invalid_grant", 50013)


def _encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()


def test_a_token_of_another_tenant_is_no_call(stock: Protocol) -> None:
    """A multi-tenant API exists in both tenants, with the same name and secret: the tenant alone differs."""
    home = make_home(stock.server)

    def everywhere(tx: Any) -> None:
        api = tx.applications.find_by_app_id(stock.api.app_id)
        tx.applications.replace(replace(api, audience=Audience.MULTIPLE))

    stock.write(everywhere)
    principal = replace(
        stock.principal(stock.api.app_id), id=stock.server.ports.entropy.guid(), tenant_id=home.tenant.id
    )
    stock.server.ports.store.write(
        home.tenant.id, lambda tx: tx.applications.add_service_principal(principal)
    )
    crossed = trade(stock, call_token(stock), segment=home.tenant.id)
    assert refusal(crossed) == (400, "invalid_grant", 50013)


def test_nothing_more_than_was_agreed_to(stock: Protocol) -> None:
    call = call_token(stock)
    asked = trade(stock, call, scope="https://graph.microsoft.com/User.ReadWrite.All")
    assert refusal(asked)[2] in (65001, 70011)
    ledger = other_app(stock, scopes=(Scope(stock.server.ports.entropy.guid(), "Ledger.Read"),))
    for scope in (f"api://{ledger.app_id}/Ledger.Read", f"api://{ledger.app_id}/.default"):
        refused = trade(stock, call, scope=scope)
        assert refusal(refused) == (400, "invalid_grant", 65001)
        assert body_of(refused)["suberror"] == "consent_required"
    both = trade(
        stock, call, scope=f"https://graph.microsoft.com/User.Read api://{ledger.app_id}/Ledger.Read"
    )
    assert refusal(both) == (400, "invalid_scope", 28000)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("disabled", 500571),
        ("deleted", 50034),
        ("revoked", 50173),
        ("caller-disabled", 7000112),
        ("second-factor", 50076),
        ("unassigned", 50105),
        ("family", 50173),
    ],
)
def test_what_changed_since_the_call_counts(stock: Protocol, change: str, code: int) -> None:
    call, guest = call_token(stock), stock.guest
    stock.server.clock.advance(timedelta(seconds=2))
    if change == "disabled":
        stock.write(lambda tx: tx.users.replace(replace(tx.users.find(guest.id), account_enabled=False)))
    elif change == "deleted":
        now = stock.server.clock.now()
        stock.write(lambda tx: tx.users.replace(replace(tx.users.find(guest.id), deleted_at=now)))
    elif change == "revoked":
        revoke_sessions(stock.server.ports, stock.server.actor(), guest.id)
    elif change == "caller-disabled":
        stock.change_principal(stock.app.app_id, account_enabled=False)
    elif change == "second-factor":
        stock.server.policies(security_defaults=True)
    elif change == "unassigned":
        stock.change_principal(stock.api.app_id, assignment_required=True)
    else:
        family = claims_of(call)["rh"].partition(".")[2]
        stock.write(lambda tx: tx.sign_ins.revoke_family(family, stock.server.clock.now()))
    refused = trade(stock, call)
    assert refusal(refused)[2] == code
    assert ("claims" in body_of(refused)) == (change == "second-factor")


def test_the_demand_for_a_second_factor_is_handed_on_to_the_authorization_endpoint(stock: Protocol) -> None:
    call = call_token(stock)
    stock.server.policies(security_defaults=True)
    refused = body_of(trade(stock, call))
    assert refused["error"] == "interaction_required"
    assert set(msgspec.json.decode(refused["claims"])) == {"access_token"}
    answer = stock.authorize(
        claims=refused["claims"], code_challenge=challenge(), code_challenge_method="S256"
    )
    assert "/signin?ctx=" in (answer.header("Location") or "")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"client_secret": None}, (401, "invalid_client", 7000218)),
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        ({"requested_token_use": None}, (400, "invalid_request", 900144)),
        ({"requested_token_use": "something"}, (400, "invalid_request", 90023)),
        ({"assertion": None}, (400, "invalid_request", 900144)),
        ({"scope": None}, (400, "invalid_request", 900144)),
        ({"scope": "https://nobody.example/.default"}, (400, "invalid_resource", 500011)),
        ({"origin": "https://evil.example"}, (400, "invalid_request", 9002326)),
    ],
)
def test_incomplete_requests(
    stock: Protocol, change: dict[str, str | None], expected: tuple[int, str, int]
) -> None:
    assert refusal(trade(stock, call_token(stock), **change)) == expected


def test_discovery_names_the_grant(idp: Protocol) -> None:
    found = body_of(idp.send("GET", f"/{idp.tenant_id}/v2.0/.well-known/openid-configuration"))
    assert GRANT in found["grant_types_supported"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(),
        st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}", fullmatch=True),
    )
)
def test_no_assertion_whatever_it_holds_breaks_the_endpoint(stock: Protocol, text: str) -> None:
    answer = trade(stock, text)
    assert answer.status == 400
    assert body_of(answer)["error_codes"] in ([50013], [900144])
