"""Codes become tokens once, for the right client, in the right tenant, with the right proof."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.platform import VERIFIER
from tests.support.protocol import (
    NATIVE,
    SECRET,
    SPA,
    WEB,
    Protocol,
    body_of,
    claims_of,
    header_of,
    other_app,
)
from xenia.core.claims import left_half_hash
from xenia.core.directory.application import GRAPH_APP_ID, Platform, RedirectUri
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant

BASE = "https://login.test"


def test_a_guest_gets_the_tokens_of_the_inviting_tenant(idp: Protocol) -> None:
    given = idp.sign_in(scopes=("openid", "profile", "offline_access"))
    assert given["state"] == "s-1"
    response = idp.redeem(given["code"], client_info="1")
    assert response.status == 200, response.body
    answer = body_of(response)
    assert set(answer) == {
        "token_type",
        "expires_in",
        "ext_expires_in",
        "scope",
        "access_token",
        "id_token",
        "client_info",
    }
    assert answer["scope"] == "openid profile"
    assert answer["client_info"] == given["client_info"]
    assert 3599 <= answer["expires_in"] < 5400
    now = int(idp.server.clock.now().timestamp())
    claims = claims_of(answer["id_token"])
    access = claims_of(answer["access_token"])
    uti, sub = claims.pop("uti"), claims.pop("sub")
    assert len(uti) == 22
    assert len(sub) == 43
    assert claims == {
        "aud": idp.app.app_id,
        "iss": f"{BASE}/{idp.tenant_id}/v2.0",
        "iat": now,
        "nbf": now - 300,
        "exp": now + 3600,
        "idp": "mail",
        "nonce": "n-1",
        "name": "Maria Sanna",
        "preferred_username": "maria@nordwind.example",
        "email": "maria@nordwind.example",
        "oid": idp.guest.id,
        "sid": given["session_state"],
        "tid": idp.tenant_id,
        "ver": "2.0",
    }
    assert access["aud"] == GRAPH_APP_ID
    assert (access["ver"], access["appid"], access["appidacr"]) == ("1.0", idp.app.app_id, "1")
    assert access["scp"] == "openid profile"
    assert (access["acct"], access["idtyp"], access["idp"], access["amr"]) == (1, "user", "mail", ["otp"])
    assert access["unique_name"] == "mail#maria@nordwind.example"
    assert access["xms_st"] == {"sub": sub}
    assert access["sub"] != sub
    assert "upn" not in access
    assert "upn" not in claims
    assert header_of(answer["access_token"])["x5t"] == header_of(answer["access_token"])["kid"]


def test_a_member_has_no_idp_and_no_unasked_email(idp: Protocol) -> None:
    answer = body_of(idp.redeem(idp.sign_in(idp.server.admin)["code"]))
    claims, access = claims_of(answer["id_token"]), claims_of(answer["access_token"])
    assert not {"idp", "email"} & set(claims)
    assert access["upn"] == idp.server.admin.user_principal_name == claims["preferred_username"]
    assert access["acct"] == 0


def test_client_info_comes_only_when_asked_for(idp: Protocol) -> None:
    assert "client_info" not in body_of(idp.redeem(idp.sign_in()["code"]))


def test_without_openid_there_is_no_id_token(idp: Protocol) -> None:
    idp.grant(idp.api.app_id, "access_as_user")
    code = idp.sign_in(scopes=(f"api://{idp.api.app_id}/access_as_user",))["code"]
    answer = body_of(idp.redeem(code))
    assert "id_token" not in answer
    assert answer["scope"] == f"api://{idp.api.app_id}/access_as_user"
    claims = claims_of(answer["access_token"])
    assert (claims["aud"], claims["ver"], claims["scp"]) == (idp.api.app_id, "2.0", "access_as_user")
    assert (claims["azp"], claims["azpacr"]) == (idp.app.app_id, "1")


def test_default_gives_everything_agreed_to_and_is_echoed(idp: Protocol) -> None:
    idp.grant(idp.api.app_id, "Orders.Read", user=idp.guest)
    name = f"api://{idp.api.app_id}"
    answer = body_of(idp.redeem(idp.sign_in(scopes=("openid", f"{name}/.default"))["code"]))
    assert answer["scope"] == f"{name}/Orders.Read {name}/.default openid"
    assert claims_of(answer["access_token"])["scp"] == "Orders.Read"


def test_registered_spelling_is_echoed_beside_what_was_asked(idp: Protocol) -> None:
    idp.grant(idp.api.app_id, "Orders.Read")
    name = f"api://{idp.api.app_id}"
    answer = body_of(idp.redeem(idp.sign_in(scopes=("openid", f"{name}/orders.read"))["code"]))
    assert answer["scope"] == f"{name}/Orders.Read openid"


def test_consent_of_somebody_else_does_not_count(idp: Protocol) -> None:
    idp.grant(idp.api.app_id, "Orders.Read", user=idp.server.admin)
    answer = body_of(
        idp.redeem(idp.sign_in(scopes=("openid", f"api://{idp.api.app_id}/Orders.Read"))["code"])
    )
    assert (answer["error"], answer["suberror"], answer["error_codes"]) == (
        "invalid_grant",
        "consent_required",
        [65001],
    )


def test_the_resource_may_be_named_at_redemption_but_only_one(idp: Protocol) -> None:
    idp.grant(idp.api.app_id, "access_as_user")
    code = idp.sign_in(scopes=("openid", "profile"))["code"]
    two = idp.redeem(code, scope=f"api://{idp.api.app_id}/access_as_user User.Read")
    assert body_of(two)["error_codes"] == [28000]
    answer = body_of(idp.redeem(code, scope=f"api://{idp.api.app_id}/access_as_user openid"))
    assert claims_of(answer["access_token"])["aud"] == idp.api.app_id


def test_app_roles_of_the_person_are_in_both_tokens(idp: Protocol) -> None:
    idp.grant(idp.api.app_id, "access_as_user")
    idp.assign(idp.guest.id, "User", idp.api.app_id, idp.api.app_roles[0].id)
    answer = body_of(
        idp.redeem(idp.sign_in(scopes=("openid", f"api://{idp.api.app_id}/access_as_user"))["code"])
    )
    assert claims_of(answer["access_token"])["roles"] == ["Stock.Read.All"]
    assert "roles" not in claims_of(answer["id_token"])


def test_a_second_use_revokes_what_the_first_one_issued(idp: Protocol) -> None:
    code = idp.sign_in()["code"]
    token = body_of(idp.redeem(code))["access_token"]
    assert idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {token}").status == 200
    again = body_of(idp.redeem(code))
    assert (again["error"], again["suberror"], again["error_codes"]) == (
        "invalid_grant",
        "bad_token",
        [54005],
    )
    refused = idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {token}")
    assert (refused.status, 'error="invalid_token"' in (refused.header("WWW-Authenticate") or "")) == (
        401,
        True,
    )


def test_somebody_without_the_clients_secret_cannot_revoke_by_replaying(idp: Protocol) -> None:
    code = idp.sign_in()["code"]
    token = body_of(idp.redeem(code))["access_token"]
    assert body_of(idp.redeem(code, client_secret=None))["error_codes"] == [7000218]
    assert body_of(idp.redeem(code, client_secret="guess"))["error_codes"] == [7000215]
    assert idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {token}").status == 200


def test_a_race_of_redemptions_has_one_winner(idp: Protocol) -> None:
    code, statuses, begin = idp.sign_in()["code"], [], threading.Barrier(4)

    def race() -> None:
        begin.wait()
        statuses.append(idp.redeem(code).status)

    racers = [threading.Thread(target=race) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(statuses) == [200, 400, 400, 400]


def test_a_wrong_verifier_leaves_the_code_unspent_until_too_many(idp: Protocol) -> None:
    code = idp.sign_in()["code"]
    for _ in range(4):
        assert body_of(idp.redeem(code, code_verifier="w" * 43))["error_codes"] == [501481]
    assert idp.redeem(code).status == 200
    code = idp.sign_in()["code"]
    for _ in range(5):
        idp.redeem(code, code_verifier="w" * 43)
    assert body_of(idp.redeem(code))["error_codes"] == [54005]


@pytest.mark.parametrize("verifier", [None, "short", "v" * 129, "ü" * 43])
def test_verifiers_of_the_wrong_form_fail(idp: Protocol, verifier: str | None) -> None:
    assert body_of(idp.redeem(idp.sign_in()["code"], code_verifier=verifier))["error_codes"] == [501481]


def test_a_verifier_without_challenge_is_a_stripped_challenge(idp: Protocol) -> None:
    code = idp.sign_in(code_challenge=None)["code"]
    assert body_of(idp.redeem(code))["error_codes"] == [501481]
    assert idp.redeem(code, code_verifier=None).status == 200


def test_a_code_is_bound_to_client_redirect_uri_tenant_and_time(idp: Protocol) -> None:
    code = idp.sign_in()["code"]
    assert body_of(idp.redeem(code, redirect_uri=WEB + "/"))["error_codes"] == [500112]
    assert body_of(idp.redeem(code, redirect_uri=None))["error_codes"] == [500112]
    assert body_of(idp.redeem(code + "x"))["error_codes"] == [70000]
    other = other_app(idp, redirect_uris=(RedirectUri(NATIVE, Platform.PUBLIC),))
    stolen = idp.redeem(code, client_id=other.app_id, client_secret=None)
    assert body_of(stolen)["error_codes"] == [70000]
    idp.server.clock.advance(timedelta(minutes=10))
    expired = body_of(idp.redeem(code))
    assert (expired["error"], expired["suberror"], expired["error_codes"]) == (
        "invalid_grant",
        "bad_token",
        [70008],
    )


def test_another_client_cannot_spend_or_revoke_a_code(idp: Protocol) -> None:
    code = idp.sign_in()["code"]
    other = other_app(idp)
    idp.redeem(code, client_id=other.app_id, client_secret=None)
    assert idp.redeem(code).status == 200


def test_a_code_of_one_tenant_is_worthless_in_another(idp: Protocol) -> None:
    fabrikam = create_tenant(idp.server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    tester = "78656e69-6100-4000-8000-000000000003"
    redirect = f"{BASE}/tester/"
    code = idp.sign_in(app_id=tester, redirect_uri=redirect, platform=Platform.SPA)["code"]
    asked = {"client_id": tester, "client_secret": None, "redirect_uri": redirect, "origin": BASE}
    elsewhere = idp.redeem(code, segment=fabrikam.id, **asked)
    assert (body_of(elsewhere)["error"], body_of(elsewhere)["error_codes"]) == ("invalid_grant", [700005])
    assert idp.redeem(code, **asked).status == 200


@pytest.mark.parametrize(
    ("platform", "uri", "changes", "code"),
    [
        (Platform.SPA, SPA, {"client_secret": None, "origin": "https://spa.example"}, None),
        (Platform.SPA, SPA, {"client_secret": None}, 9002327),
        (Platform.SPA, SPA, {"origin": "https://spa.example"}, 700025),
        (
            Platform.SPA,
            SPA,
            {"client_secret": None, "origin": "https://x.example", "code_verifier": None},
            9002325,
        ),
        (Platform.WEB, WEB, {"origin": "https://orders.example"}, 9002326),
        (Platform.WEB, WEB, {"client_secret": None}, 7000218),
        (Platform.PUBLIC, NATIVE, {"client_secret": None}, None),
        (Platform.PUBLIC, NATIVE, {}, 700025),
        (Platform.PUBLIC, NATIVE, {"client_secret": None, "origin": "https://x.example"}, 9002326),
    ],
)
def test_the_kind_of_redirect_uri_decides_who_may_redeem(
    idp: Protocol, platform: Platform, uri: str, changes: dict[str, str | None], code: int | None
) -> None:
    given = idp.sign_in(platform=platform, redirect_uri=uri)
    response = idp.redeem(given["code"], redirect_uri=uri, **changes)
    assert body_of(response).get("error_codes") == (None if code is None else [code]), response.body
    if "origin" in changes:
        assert response.header("Access-Control-Allow-Origin") == changes["origin"]
    if code is not None:
        right = {"client_secret": SECRET if platform is Platform.WEB else None}
        if platform is Platform.SPA:
            right["origin"] = "https://spa.example"
        assert idp.redeem(given["code"], redirect_uri=uri, **right).status == 200, (
            "the refusal spent the code"
        )


def test_preflight_names_what_a_page_may_send(idp: Protocol) -> None:
    response = idp.send(
        "OPTIONS",
        f"/{idp.tenant_id}/oauth2/v2.0/token",
        origin="https://spa.example",
        access_control_request_headers="content-type, x-client-sku",
    )
    assert response.status == 204
    assert response.header("Access-Control-Allow-Origin") == "https://spa.example"
    assert response.header("Access-Control-Allow-Headers") == "content-type, x-client-sku"
    assert response.header("Access-Control-Allow-Credentials") is None


@pytest.mark.parametrize("change", ["disabled", "revoked", "deleted"])
def test_a_person_who_lost_access_meanwhile_gets_no_tokens(idp: Protocol, change: str) -> None:
    code = idp.sign_in()["code"]
    issued = body_of(idp.redeem(idp.sign_in()["code"]))["access_token"]
    idp.server.clock.advance(timedelta(seconds=1))
    now = idp.server.clock.now()
    changed = {
        "disabled": replace(idp.guest, account_enabled=False),
        "revoked": replace(idp.guest, sessions_valid_from=now),
        "deleted": replace(idp.guest, deleted_at=now),
    }[change]
    idp.write(lambda tx: tx.users.replace(changed))
    answer = body_of(idp.redeem(code))
    assert answer["error"] == "invalid_grant"
    assert idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {issued}").status == 401


def test_auth_time_comes_only_when_asked_for(idp: Protocol) -> None:
    asked = body_of(idp.redeem(idp.sign_in(max_age=600)["code"]))
    assert claims_of(asked["id_token"])["auth_time"] == int(idp.server.clock.now().timestamp())
    assert "auth_time" not in claims_of(body_of(idp.redeem(idp.sign_in()["code"]))["id_token"])


def test_hashes_bind_code_and_access_token_to_the_id_token(idp: Protocol) -> None:
    given = idp.sign_in(response_types=("code", "id_token", "token"), response_mode="fragment")
    claims = claims_of(given["id_token"])
    assert claims["c_hash"] == left_half_hash(given["code"])
    assert claims["at_hash"] == left_half_hash(given["access_token"])
    assert (given["token_type"], given["scope"]) == ("Bearer", "openid profile")
    redeemed = claims_of(body_of(idp.redeem(given["code"]))["id_token"])
    assert not {"c_hash", "at_hash"} & set(redeemed)
    assert redeemed["sub"] == claims["sub"]


def test_optional_claims_and_claims_requests_are_honoured(idp: Protocol) -> None:
    idp.change_app(
        optional_claims={
            "idToken": [
                {"name": "acct"},
                {"name": "xms_edov"},
                {"name": "upn", "additionalProperties": ["include_externally_authenticated_upn"]},
                {"name": "family_name"},
                {"name": "nonsense"},
                {"additionalProperties": 5},
            ]
        }
    )
    request = '{"id_token":{"login_hint":{"essential":false},"signin_state":null,"auth_time":{}}}'
    claims = claims_of(body_of(idp.redeem(idp.sign_in(claims_request=request)["code"]))["id_token"])
    assert (claims["acct"], claims["xms_edov"], claims["family_name"]) == (1, True, "Sanna")
    assert claims["upn"] == idp.guest.user_principal_name
    assert claims["login_hint"].startswith("O.")
    assert idp.guest.user_principal_name not in claims["login_hint"]
    assert "auth_time" in claims
    assert not {"nonsense", "signin_state"} & set(claims)


def test_v1_redeems_for_a_resource_and_writes_texts(idp: Protocol) -> None:
    idp.grant(idp.api.app_id, "access_as_user")
    name = f"api://{idp.api.app_id}"
    given = idp.sign_in(endpoint_version="1.0", scopes=("openid", "profile", f"{name}/.default"))
    answer = body_of(idp.redeem(given["code"], version=""))
    assert answer["resource"] == name
    assert isinstance(answer["expires_in"], str)
    claims = claims_of(answer["id_token"])
    assert (claims["ver"], claims["iss"]) == ("1.0", f"{BASE}/{idp.tenant_id}/")
    assert claims["unique_name"] == "mail#maria@nordwind.example"


def test_the_verifier_of_these_tests_is_well_formed() -> None:
    assert len(VERIFIER) == 43
