"""Tokens for apps without a person: what they say, who gets none, and how fast a change counts."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.protocol import SECRET, Protocol, body_of, claims_of, header_of, other_app
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.errors import NotAuthenticated
from xenia.core.query import Query
from xenia.usecases.tokens.read_token import actor_from_token

BASE = "https://login.test"


def test_a_v2_resource_gets_the_published_claims(idp: Protocol) -> None:
    role = idp.api.app_roles[0]
    me = idp.principal(idp.app.app_id)
    idp.assign(me.id, "ServicePrincipal", idp.api.app_id, role.id)
    response = idp.client_credentials(client_info="1")
    assert response.status == 200
    answer = body_of(response)
    assert set(answer) == {"token_type", "expires_in", "ext_expires_in", "access_token"}
    assert (answer["token_type"], answer["expires_in"], answer["ext_expires_in"]) == ("Bearer", 3599, 3599)
    claims, now = claims_of(answer["access_token"]), int(idp.server.clock.now().timestamp())
    uti = claims.pop("uti")
    assert len(uti) == 22
    assert claims == {
        "aud": idp.api.app_id,
        "iss": f"{BASE}/{idp.tenant_id}/v2.0",
        "iat": now,
        "nbf": now - 300,
        "exp": now + 3600,
        "azp": idp.app.app_id,
        "azpacr": "1",
        "oid": me.id,
        "sub": me.id,
        "roles": [role.value],
        "tid": idp.tenant_id,
        "ver": "2.0",
    }
    assert set(header_of(answer["access_token"])) == {"typ", "alg", "kid"}
    assert response.header("Cache-Control") == "no-store, no-cache"
    assert response.header("x-ms-request-id") == "c0ffee00-0000-4000-8000-00000000000d"


@pytest.mark.parametrize("name", ["https://graph.microsoft.com", GRAPH_APP_ID, BASE])
def test_graph_answers_to_all_its_names_and_repeats_the_one_used(idp: Protocol, name: str) -> None:
    token = body_of(idp.client_credentials(scope=f"{name}/.default"))["access_token"]
    claims = claims_of(token)
    assert claims["aud"] == name
    assert (claims["ver"], claims["iss"], claims["idp"]) == ("1.0", f"{BASE}/{idp.tenant_id}/", claims["iss"])
    assert (claims["idtyp"], claims["appidacr"], claims["app_displayname"]) == ("app", "1", "Orders")
    assert header_of(token)["x5t"] == header_of(token)["kid"]
    actor = actor_from_token(idp.server.ports, token, BASE, idp.server.clock.now())
    assert (actor.app_id, actor.is_app_only, actor.tenant_id) == (idp.app.app_id, True, idp.tenant_id)


def test_openid_scopes_beside_default_are_passed_over(idp: Protocol) -> None:
    response = idp.client_credentials(
        scope="https://graph.microsoft.com/.default openid profile offline_access"
    )
    assert response.status == 200


def test_basic_authentication_is_form_encoded(idp: Protocol) -> None:
    pair = f"{idp.app.app_id}:{SECRET}".replace("-", "%2D").replace("~", "%7E")
    response = idp.send(
        "POST",
        f"/{idp.tenant_id}/oauth2/v2.0/token",
        form={"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"},
        authorization=f"Basic {base64.b64encode(pair.encode()).decode()}",
    )
    assert response.status == 200


def test_every_name_of_the_tenant_serves_and_the_token_says_the_guid(idp: Protocol) -> None:
    for segment in ("contoso", "CONTOSO.onxenia.localhost", idp.tenant_id.upper()):
        response = idp.client_credentials(segment=segment)
        assert claims_of(body_of(response)["access_token"])["iss"] == f"{BASE}/{idp.tenant_id}/v2.0"


@pytest.mark.parametrize(
    ("changes", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_id": "orders"}, 400, "unauthorized_client", 700038),
        ({"client_id": "00000000-0000-4000-8000-000000000000"}, 400, "unauthorized_client", 700016),
        ({"client_id": None}, 400, "invalid_request", 900144),
        ({"scope": None}, 400, "invalid_request", 900144),
        ({"scope": "User.Read"}, 400, "invalid_scope", 70011),
        ({"scope": "https://graph.microsoft.com/User.Read"}, 400, "invalid_scope", 70011),
        ({"scope": "https://elsewhere.example/.default"}, 400, "invalid_resource", 500011),
        ({"scope": "https://graph.microsoft.com/.default api://x/.default"}, 400, "invalid_scope", 28000),
        ({"scope": 'api://x"/.default'}, 400, "invalid_scope", 70011),
        ({"grant_type": "magic"}, 400, "unsupported_grant_type", 70003),
        ({"grant_type": None}, 400, "invalid_request", 900144),
        ({"segment": "common"}, 400, "invalid_request", 50059),
        ({"segment": "nobody.example"}, 400, "invalid_request", 90002),
        ({"origin": "https://spa.example"}, 400, "invalid_request", 9002326),
        ({"client_assertion": "a.b.c"}, 400, "invalid_request", 90023),
    ],
)
def test_refusals(idp: Protocol, changes: dict[str, str | None], status: int, error: str, code: int) -> None:
    response = idp.client_credentials(**changes)
    answer = body_of(response)
    assert (response.status, answer["error"], answer["error_codes"]) == (status, error, [code])
    assert answer["error_description"].startswith(f"AADSTS{code}: ")
    assert answer["trace_id"] == response.header("x-ms-request-id")
    assert f"Trace ID: {answer['trace_id']}" in answer["error_description"]
    assert answer["timestamp"] == "2026-07-01 12:00:00Z"
    assert answer["error_uri"] == f"{BASE}/error?code={code}"
    assert "access_token" not in answer


def test_a_browser_may_read_a_refusal_but_never_gets_a_token(idp: Protocol) -> None:
    response = idp.client_credentials(origin="https://spa.example")
    assert response.header("Access-Control-Allow-Origin") == "https://spa.example"
    assert response.header("Access-Control-Allow-Credentials") is None


def test_duplicated_parameters_are_refused(idp: Protocol) -> None:
    response = idp.send(
        "POST",
        f"/{idp.tenant_id}/oauth2/v2.0/token",
        form=[("grant_type", "client_credentials"), ("client_id", "a"), ("client_id", "b")],
    )
    assert body_of(response)["error_codes"] == [9000411]


def test_other_verbs_are_refused_in_the_endpoints_own_words(idp: Protocol) -> None:
    response = idp.send("GET", f"/{idp.tenant_id}/oauth2/v2.0/token")
    assert (response.status, body_of(response)["error_codes"]) == (405, [900561])


def test_an_expired_secret_is_told_apart_from_a_wrong_one(idp: Protocol) -> None:
    idp.server.clock.advance(timedelta(days=181))
    assert body_of(idp.client_credentials())["error_codes"] == [7000222]
    assert body_of(idp.client_credentials(client_secret="wrong"))["error_codes"] == [7000215]


def test_a_secret_of_another_app_is_wrong(idp: Protocol) -> None:
    app = other_app(idp)
    assert body_of(idp.client_credentials(client_id=app.app_id))["error_codes"] == [7000215]


def test_guessing_is_limited_and_waiting_helps(idp: Protocol) -> None:
    for _ in range(20):
        assert idp.client_credentials(client_secret="guess").status == 401
    refused = idp.client_credentials(client_secret="guess")
    assert (refused.status, body_of(refused)["error"]) == (429, "temporarily_unavailable")
    assert int(refused.header("Retry-After") or "0") > 0
    assert idp.client_credentials().status == 429, "the right secret helps nobody while the limit holds"
    idp.server.clock.advance(timedelta(minutes=6))
    assert idp.client_credentials().status == 200


def test_a_removed_secret_and_a_disabled_app_stop_counting_within_a_second(idp: Protocol) -> None:
    assert idp.client_credentials().status == 200
    idp.change_principal(idp.app.app_id, account_enabled=False)
    idp.server.clock.advance(timedelta(seconds=1))
    assert body_of(idp.client_credentials())["error_codes"] == [7000112]
    idp.change_principal(idp.app.app_id, account_enabled=True)
    assert idp.client_credentials().status == 200
    secret = idp.read(lambda tx: tx.applications.secrets(idp.app.id))[0]
    idp.write(lambda tx: tx.applications.remove_secret(idp.app.id, secret.key_id))
    idp.server.clock.advance(timedelta(seconds=1))
    assert body_of(idp.client_credentials())["error_codes"] == [7000215]


def test_a_resource_that_requires_assignment_refuses_apps_without_one(idp: Protocol) -> None:
    idp.change_principal(idp.api.app_id, assignment_required=True)
    refused = body_of(idp.client_credentials())
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [501051])
    me = idp.principal(idp.app.app_id)
    idp.assign(me.id, "ServicePrincipal", idp.api.app_id, idp.api.app_roles[0].id)
    assert idp.client_credentials().status == 200


def test_a_disabled_resource_is_not_found(idp: Protocol) -> None:
    idp.change_principal(idp.api.app_id, account_enabled=False)
    assert body_of(idp.client_credentials())["error_codes"] == [500011]


def test_each_token_and_each_refusal_is_in_the_sign_in_log(idp: Protocol) -> None:
    token = body_of(idp.client_credentials())["access_token"]
    idp.client_credentials(client_secret="wrong")
    idp.journal.flush()
    rows = idp.read(lambda tx: tx.logs.list_sign_ins(Query())).items
    by_code = {row.error_code: row for row in rows if row.event_type == "servicePrincipal"}
    assert by_code[0].token_id == claims_of(token)["uti"]
    assert by_code[0].resource_id == idp.api.app_id
    assert by_code[7000215].service_principal_id == idp.principal(idp.app.app_id).id


def test_the_journal_writes_by_itself(idp: Protocol) -> None:
    idp.client_credentials()
    idp.journal.stop()
    rows = idp.read(lambda tx: tx.logs.list_sign_ins(Query())).items
    assert [row.event_type for row in rows] == ["servicePrincipal"]


def test_a_token_for_another_api_or_of_another_time_or_client_is_no_actor(idp: Protocol) -> None:
    now = idp.server.clock.now()
    api_token = body_of(idp.client_credentials())["access_token"]
    graph_token = body_of(idp.client_credentials(scope="https://graph.microsoft.com/.default"))[
        "access_token"
    ]
    ports = idp.server.ports
    assert actor_from_token(ports, graph_token, BASE, now).app_id == idp.app.app_id
    for token, moment in (
        (api_token, now),
        (graph_token, now + timedelta(hours=1)),
        (graph_token, now - timedelta(minutes=6)),
        (graph_token[:-4] + "AAAA", now),
        ("", now),
    ):
        with pytest.raises(NotAuthenticated):
            actor_from_token(ports, token, BASE, moment)
    elsewhere = replace(
        ports, server=replace(ports.server, base_url="https://other.test", hosts=("other.test",))
    )
    with pytest.raises(NotAuthenticated):
        actor_from_token(elsewhere, graph_token, "https://other.test", now)
    idp.change_principal(idp.app.app_id, account_enabled=False)
    with pytest.raises(NotAuthenticated):
        actor_from_token(ports, graph_token, BASE, now)


def test_v1_speaks_in_texts_and_names_its_resource(idp: Protocol) -> None:
    response = idp.token(
        version="",
        grant_type="client_credentials",
        client_id=idp.app.app_id,
        client_secret=SECRET,
        resource="https://graph.microsoft.com",
    )
    answer = body_of(response)
    assert (answer["expires_in"], answer["resource"]) == ("3599", "https://graph.microsoft.com")
    assert claims_of(answer["access_token"])["aud"] == "https://graph.microsoft.com"
