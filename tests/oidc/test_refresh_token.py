"""Refresh tokens work once each, for the right client, as long as the person may still sign in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.federating import without_second_factor
from tests.support.protocol import Protocol, body_of, claims_of, other_app
from tests.support.renewing import OIDC, SPA_ORIGIN, as_, may_stay, signed_in
from xenia.core.directory.application import GRAPH_APP_ID, Platform
from xenia.core.query import Query
from xenia.usecases.tokens.refresh import REFUSALS_NOTED
from xenia.usecases.users.manage_users import set_password
from xenia.usecases.users.user_security import revoke_sessions

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _staying(idp: Protocol) -> None:
    may_stay(idp)


def _code(answer: dict[str, object]) -> list[int]:
    found = answer.get("error_codes")
    assert isinstance(found, list), answer
    assert answer["error"], answer
    return found


def test_a_refresh_gives_new_tokens_of_the_same_person_and_session(idp: Protocol) -> None:
    first = signed_in(idp, max_age=600)
    idp.server.clock.advance(timedelta(hours=2))
    response = idp.refresh(first["refresh_token"], client_info="1")
    assert response.status == 200, response.body
    assert (response.header("Cache-Control"), response.header("Pragma")) == ("no-store, no-cache", "no-cache")
    second = body_of(response)
    assert set(second) == {
        "token_type",
        "expires_in",
        "ext_expires_in",
        "scope",
        "access_token",
        "refresh_token",
        "id_token",
        "client_info",
    }
    assert second["refresh_token"] != first["refresh_token"]
    assert second["scope"] == first["scope"] == "openid profile"
    old, new = claims_of(first["id_token"]), claims_of(second["id_token"])
    # OpenID Connect Core section 12.2: the same but for its times; without the nonce of a request long over.
    assert {name: new[name] for name in ("iss", "sub", "aud", "sid", "oid", "auth_time", "idp")} == {
        name: old[name] for name in ("iss", "sub", "aud", "sid", "oid", "auth_time", "idp")
    }
    assert new["iat"] == old["iat"] + 7200
    assert "nonce" not in new
    access = claims_of(second["access_token"])
    assert (access["amr"], access["appidacr"], access["scp"]) == (["otp"], "1", "openid profile")
    assert idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {second['access_token']}").status == 200


def test_offline_access_must_be_asked_for_and_agreed_to(idp: Protocol) -> None:
    assert "refresh_token" not in body_of(idp.redeem(idp.sign_in()["code"]))
    assert "refresh_token" in body_of(idp.redeem(idp.sign_in(scopes=("openid", "Offline_Access"))["code"]))
    _withdraw(idp)
    assert "refresh_token" not in body_of(idp.redeem(idp.sign_in(scopes=OIDC)["code"]))


def _withdraw(idp: Protocol) -> None:
    def work(tx):
        principal = tx.applications.service_principal(idp.app.app_id)
        for grant in tx.applications.grants_of(principal.id):
            tx.applications.remove_grant(grant.id)

    idp.write(work)


def test_refresh_tokens_are_opaque_and_kept_as_a_hash(idp: Protocol) -> None:
    token = signed_in(idp)["refresh_token"]
    assert token.startswith("1.A")
    assert token.isascii()
    assert len(token) < 200
    with idp.server.ports.store._reading.connect() as connection:  # type: ignore[attr-defined]
        rows = connection.exec_driver_sql("SELECT * FROM refresh_tokens").all()
    assert rows
    assert token not in str(rows)
    assert token[3:] not in str(rows)


def test_each_use_renews_the_ninety_days(idp: Protocol) -> None:
    token = signed_in(idp, Platform.PUBLIC, user=idp.server.admin)["refresh_token"]
    for _ in range(3):
        idp.server.clock.advance(89 * DAY)
        token = body_of(idp.refresh(token, client_secret=None))["refresh_token"]
    idp.server.clock.advance(90 * DAY)
    expired = body_of(idp.refresh(token, client_secret=None))
    assert (expired["error"], expired["suberror"], _code(expired)) == ("invalid_grant", "bad_token", [700082])
    assert "inactive for 90.00:00:00" in expired["error_description"]


def test_what_was_proven_by_mail_lasts_a_day(idp: Protocol) -> None:
    token = signed_in(idp)["refresh_token"]
    idp.server.clock.advance(timedelta(hours=23))
    token = body_of(idp.refresh(token))["refresh_token"]
    idp.server.clock.advance(timedelta(hours=1))
    refused = body_of(idp.refresh(token))
    assert (refused["error"], refused["suberror"], _code(refused)) == ("invalid_grant", "bad_token", [70043])


def test_a_single_page_application_has_a_day_that_no_use_lengthens(idp: Protocol) -> None:
    first = signed_in(idp, Platform.SPA, user=idp.server.admin)
    assert first["refresh_token_expires_in"] == 86399
    idp.server.clock.advance(timedelta(hours=20))
    response = idp.refresh(first["refresh_token"], **as_(Platform.SPA))
    assert response.header("Access-Control-Allow-Origin") == SPA_ORIGIN
    second = body_of(response)
    assert second["refresh_token_expires_in"] == 4 * 3600 - 1
    idp.server.clock.advance(timedelta(hours=4))
    late = idp.refresh(second["refresh_token"], **as_(Platform.SPA))
    assert _code(body_of(late)) == [700084]
    assert late.header("Access-Control-Allow-Origin") == SPA_ORIGIN


@pytest.mark.parametrize(
    ("platform", "changes", "code"),
    [
        (Platform.WEB, {"client_secret": None}, 7000218),
        (Platform.WEB, {"client_secret": "guess"}, 7000215),
        (Platform.WEB, {"origin": SPA_ORIGIN}, 9002326),
        (Platform.SPA, {"client_secret": None}, 9002327),
        (Platform.SPA, {"origin": SPA_ORIGIN}, 700025),
        (Platform.PUBLIC, {}, 700025),
        (Platform.PUBLIC, {"client_secret": None, "origin": SPA_ORIGIN}, 9002326),
    ],
)
def test_the_kind_of_client_decides_how_it_proves_itself(
    idp: Protocol, platform: Platform, changes: dict[str, str | None], code: int
) -> None:
    token = signed_in(idp, platform)["refresh_token"]
    assert _code(body_of(idp.refresh(token, **changes))) == [code]
    assert idp.refresh(token, **as_(platform)).status == 200, "the refusal used the token up"


def test_the_same_token_serves_every_api_the_person_agreed_to(idp: Protocol) -> None:
    idp.grant(idp.api.app_id, "access_as_user", "Orders.Read", user=idp.guest)
    idp.grant(GRAPH_APP_ID, "User.Read", user=idp.guest)
    name = f"api://{idp.api.app_id}"
    token = signed_in(idp, scopes=(*OIDC, "User.Read"))["refresh_token"]
    api = body_of(idp.refresh(token, scope=f"{name}/access_as_user openid profile offline_access"))
    claims = claims_of(api["access_token"])
    assert (claims["aud"], claims["scp"]) == (idp.api.app_id, "access_as_user Orders.Read")
    assert api["scope"].split() == [f"{name}/access_as_user", f"{name}/Orders.Read", "openid", "profile"]
    # Without a scope: what the sign-in asked for. And of two APIs, the first one.
    graph = body_of(idp.refresh(api["refresh_token"]))
    assert claims_of(graph["access_token"])["scp"] == "User.Read openid profile"
    both = body_of(idp.refresh(graph["refresh_token"], scope=f"{name}/.default User.Read"))
    assert claims_of(both["access_token"])["aud"] == idp.api.app_id
    assert "id_token" not in both, "openid was left out: a narrower request gets a narrower answer"


def test_scopes_nobody_agreed_to_or_nobody_offers_are_refused_and_use_nothing_up(idp: Protocol) -> None:
    token = signed_in(idp)["refresh_token"]
    name = f"api://{idp.api.app_id}"
    for scope, code in (
        (f"{name}/Orders.Read", 65001),
        (f"{name}/.default", 65001),
        ("openid email", 65001),
        (f"{name}/Nothing", 70011),
        ("https://nobody.example/x", 500011),
    ):
        assert _code(body_of(idp.refresh(token, scope=scope))) == [code], scope
    consent = body_of(idp.refresh(token, scope=f"{name}/Orders.Read"))
    assert (consent["error"], consent["suberror"]) == ("invalid_grant", "consent_required")
    assert idp.refresh(token).status == 200


def test_withdrawn_consent_ends_it(idp: Protocol) -> None:
    token = signed_in(idp)["refresh_token"]
    _withdraw(idp)
    assert _code(body_of(idp.refresh(token))) == [65001]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("disabled", 500571),
        ("revoked", 50173),
        ("deleted", 50034),
        ("app off", 7000112),
        ("unassigned", 50105),
    ],
)
def test_whoever_may_not_sign_in_any_more_gets_nothing(idp: Protocol, change: str, code: int) -> None:
    token = signed_in(idp)["refresh_token"]
    idp.server.clock.advance(timedelta(seconds=1))
    now = idp.server.clock.now()
    users = {
        "disabled": replace(idp.guest, account_enabled=False),
        "revoked": replace(idp.guest, sessions_valid_from=now),
        "deleted": replace(idp.guest, deleted_at=now),
    }
    if change in users:
        idp.write(lambda tx: tx.users.replace(users[change]))
    elif change == "app off":
        idp.change_principal(idp.app.app_id, account_enabled=False)
    else:
        idp.change_principal(idp.app.app_id, assignment_required=True)
    assert _code(body_of(idp.refresh(token))) == [code]


def test_revoking_sign_in_sessions_revokes_refresh_tokens(idp: Protocol) -> None:
    answer = signed_in(idp)
    idp.server.clock.advance(timedelta(seconds=1))
    revoke_sessions(idp.server.ports, idp.server.actor(), idp.guest.id)
    refused = body_of(idp.refresh(answer["refresh_token"]))
    assert (refused["error"], refused["suberror"], _code(refused)) == ("invalid_grant", "bad_token", [50173])
    again = signed_in(idp)["refresh_token"]
    assert idp.refresh(again).status == 200


def test_a_new_password_ends_what_the_old_one_began(idp: Protocol) -> None:
    member = idp.server.admin
    token = signed_in(idp, user=member)["refresh_token"]
    idp.server.clock.advance(timedelta(seconds=1))
    set_password(idp.server.ports, idp.server.actor(), member.id, "Another-horse-battery-9")
    assert _code(body_of(idp.refresh(token))) == [50173]


def test_a_second_factor_demanded_meanwhile_must_be_shown_on_a_page(idp: Protocol) -> None:
    token = signed_in(idp)["refresh_token"]

    def demand(tx):
        tx.tenants.replace_policies(
            idp.tenant_id, replace(tx.tenants.policies(idp.tenant_id), security_defaults=True)
        )

    idp.server.ports.store.write(None, demand)
    refused = body_of(idp.refresh(token))
    assert (refused["error"], refused["suberror"], _code(refused)) == (
        "interaction_required",
        "basic_action",
        [50076],
    )
    without_second_factor(idp.server, idp.tenant_id)
    assert idp.refresh(token).status == 200


def test_v1_clients_get_one_without_asking_and_name_resources(idp: Protocol) -> None:
    idp.grant(idp.api.app_id, "access_as_user")
    idp.grant(GRAPH_APP_ID, "User.Read")
    name = f"api://{idp.api.app_id}"
    given = idp.sign_in(endpoint_version="1.0", scopes=("openid", "profile", f"{name}/.default"))
    first = body_of(idp.redeem(given["code"], version=""))
    second = body_of(idp.refresh(first["refresh_token"], version="", resource="https://graph.microsoft.com"))
    assert (second["resource"], isinstance(second["expires_in"], str)) == (
        "https://graph.microsoft.com",
        True,
    )
    assert claims_of(second["access_token"])["scp"].split()[0] == "User.Read"
    assert claims_of(second["id_token"])["ver"] == "1.0"
    third = body_of(idp.refresh(second["refresh_token"], version=""))
    assert third["resource"] == name


def test_the_claims_parameter_of_a_refresh_counts(idp: Protocol) -> None:
    answer = body_of(
        idp.refresh(signed_in(idp)["refresh_token"], claims='{"id_token":{"auth_time":{"essential":true}}}')
    )
    assert claims_of(answer["id_token"])["auth_time"] <= claims_of(answer["id_token"])["iat"]
    assert _code(body_of(idp.refresh(answer["refresh_token"], claims="no json"))) == [90023]


@pytest.mark.parametrize("token", ["x", "1.A", "1.A" + "a" * 87, "ü" * 90, "a" * 5000])
def test_what_is_no_refresh_token_is_refused(idp: Protocol, token: str) -> None:
    refused = body_of(idp.refresh(token))
    assert (refused["error"], refused["suberror"], _code(refused)) == ("invalid_grant", "bad_token", [70000])
    assert _code(body_of(idp.refresh(""))) == [900144]


def test_a_refresh_is_written_into_the_sign_in_log(idp: Protocol) -> None:
    signed_in_answer = signed_in(idp)
    answer = body_of(idp.refresh(signed_in_answer["refresh_token"]))
    (row,) = idp.read(lambda tx: tx.logs.list_sign_ins(Query())).items
    assert (row.event_type, row.is_interactive, row.error_code) == ("nonInteractiveUser", False, 0)
    assert (row.user_id, row.app_id) == (idp.guest.id, idp.app.app_id)
    assert row.token_id == claims_of(answer["id_token"])["uti"]
    assert row.steps[0].detail == "Previously satisfied"


def test_why_an_app_was_cut_off_stands_in_the_log_and_does_not_fill_it(idp: Protocol) -> None:
    token = signed_in(idp)["refresh_token"]
    _withdraw(idp)
    for _ in range(REFUSALS_NOTED + 2):
        idp.refresh(token)
    idp.refresh("1.Aguess")
    rows = idp.read(lambda tx: tx.logs.list_sign_ins(Query())).items
    assert [(row.error_code, row.user_id) for row in rows] == [(65001, idp.guest.id)] * REFUSALS_NOTED


def test_another_application_of_the_same_tenant_cannot_use_it(idp: Protocol) -> None:
    token = signed_in(idp, Platform.PUBLIC)["refresh_token"]
    other = other_app(idp)
    stolen = body_of(idp.refresh(token, client_id=other.app_id, client_secret=None))
    assert _code(stolen) == [70000]
    assert idp.refresh(token, client_secret=None).status == 200, "and cannot end it either"
