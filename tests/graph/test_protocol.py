"""What holds for every request: tokens, headers, errors, methods, versions, batches, the metadata document."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.support.graph_calls import BASE, GraphWorld
from xenia.catalog.edm import Service
from xenia.core import errors
from xenia.core.directory.tenant import GuestAccess
from xenia.core.errors import XeniaError
from xenia.graph.errors import NOT_ON_SURFACE, ROWS, from_domain, row_of


def test_without_a_token_the_way_to_one_is_told(world: GraphWorld) -> None:
    for headers in ({}, {"authorization": "Basic eDp5"}, {"authorization": "Bearer "}):
        answer = world.call("GET", "users", token="", headers=headers)
        assert (answer.status, answer.code) == (401, "InvalidAuthenticationToken")
        assert answer.message == "Access token is empty."
        challenge = answer.header("WWW-Authenticate")
        assert challenge.startswith(
            'Bearer realm="", authorization_uri="https://login.test/common/oauth2/authorize"'
        )
        assert 'client_id="00000003-0000-0000-c000-000000000000"' in challenge


def test_tokens_that_are_none_of_ours_or_not_for_graph(world: GraphWorld) -> None:
    good = world.token(None)
    cases = {
        "garbage": "CompactToken parsing failed with error code: 80049217",
        good[:-4] + "AAAA": "The access token is not valid.",
        world.token(None, aud="api://orders"): "Access token validation failure. Invalid audience.",
        world.token(
            None, iss="https://elsewhere.example/"
        ): "Access token validation failure. Invalid issuer.",
        world.token(None, tid="00000000-1111-4222-8333-444444444444"): "Access token validation failure.",
    }
    for token, message in cases.items():
        answer = world.get("users", token=token)
        assert (answer.status, answer.code) == (401, "InvalidAuthenticationToken")
        assert answer.message.startswith(message)
    world.later(timedelta(hours=2))
    assert world.get("users", token=good).message == "Lifetime validation failed, the token is expired."


def test_ids_of_a_request_are_told_and_echoed(reading_world: GraphWorld) -> None:
    given = "5d295068-919b-4017-85d8-44be2f5f5483"
    answer = reading_world.get("nobody", headers={"client-request-id": given})
    inner = answer.body["error"]["innerError"]
    assert answer.header("client-request-id") == inner["client-request-id"] == given
    assert answer.header("request-id") == inner["request-id"]
    assert inner["date"] == "2026-07-01T12:00:00"
    forged = reading_world.get("me", headers={"client-request-id": "x\r\nSet-Cookie: a=b"})
    assert forged.header("client-request-id") == forged.header("request-id")


@pytest.mark.parametrize("path", ["me", "/me"])
def test_answers_are_json_in_odata_dress(reading_world: GraphWorld, path: str) -> None:
    """Two slashes after the version too: the Graph SDK for Python writes them after its default address."""
    answer = reading_world.get(path)
    assert answer.status == 200
    assert answer.header("content-type").startswith("application/json;odata.metadata=minimal")
    assert answer.header("odata-version") == "4.0"


@pytest.mark.parametrize(
    ("method", "url", "allowed"),
    [
        ("PUT", "users", "GET, POST"),
        ("POST", "auditLogs/signIns", "GET"),
        ("DELETE", "organization", "GET"),
        ("GET", "invitations", "POST"),
        ("DELETE", "policies/authorizationPolicy", "GET, PATCH"),
        ("PATCH", "me/sponsors/$ref", "GET, POST, DELETE"),
        ("GET", "$batch", "POST"),
        ("POST", "$metadata", "GET"),
    ],
)
def test_wrong_methods(reading_world: GraphWorld, method: str, url: str, allowed: str) -> None:
    answer = reading_world.call(method, url)
    assert (answer.status, answer.header("Allow")) == (405, allowed)
    assert answer.message == "Specified HTTP method is not allowed for the request target."


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        (b"", {"content-type": "application/json"}, "Empty Payload. JSON content expected."),
        (b"{", {"content-type": "application/json"}, "Unable to read JSON request payload."),
        (b"[]", {"content-type": "application/json"}, "Unable to read JSON request payload."),
        (b"[" * 20_000, {"content-type": "application/json"}, "Unable to read JSON request payload."),
        (
            b"a=b",
            {"content-type": "text/plain"},
            "Entity only allows writes with a JSON Content-Type header.",
        ),
    ],
)
def test_bodies_that_are_none(
    reading_world: GraphWorld, body: bytes, headers: dict[str, str], message: str
) -> None:
    answer = reading_world.call("POST", "users", body, headers=headers)
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert answer.message.startswith(message)


def test_a_browser_app_may_call(reading_world: GraphWorld) -> None:
    asked = reading_world.call("OPTIONS", "me", token="")
    assert (asked.status, asked.header("Access-Control-Allow-Origin")) == (204, "*")
    assert "authorization" in asked.header("Access-Control-Allow-Headers")
    assert reading_world.get("me").header("Access-Control-Allow-Origin") == "*"


def test_policies_are_read_and_changed(world: GraphWorld) -> None:
    answer = world.get("policies/authorizationPolicy")
    assert answer.body["@odata.context"].endswith("#policies/authorizationPolicy/$entity")
    assert (answer.body["allowInvitesFrom"], answer.body["guestUserRoleId"]) == (
        "everyone",
        "10dae51f-b6af-4016-8d66-8c2a99b929b3",
    )
    change = {
        "allowInvitesFrom": "adminsAndGuestInviters",
        "guestUserRoleId": str(GuestAccess.RESTRICTED).upper(),
        "defaultUserRolePermissions": {"allowedToCreateApps": False},
    }
    assert world.call("PATCH", "policies/authorizationPolicy", change).status == 204
    told = world.get("policies/authorizationPolicy").body
    assert (told["allowInvitesFrom"], told["guestUserRoleId"]) == (
        "adminsAndGuestInviters",
        GuestAccess.RESTRICTED,
    )
    assert told["defaultUserRolePermissions"]["allowedToCreateApps"] is False
    beta = world.get(f"{BASE}/beta/policies/authorizationPolicy").body["value"]
    assert beta[0]["id"] == "authorizationPolicy"
    wrong = world.call("PATCH", "policies/authorizationPolicy", {"allowInvitesFrom": "nobody"})
    assert (wrong.status, wrong.code) == (400, "BadRequest")
    defaults = "policies/identitySecurityDefaultsEnforcementPolicy"
    assert world.call("PATCH", defaults, {"isEnabled": False}).status == 204
    assert world.get(defaults).body["isEnabled"] is False
    email = "policies/authenticationMethodsPolicy/authenticationMethodConfigurations/Email"
    assert world.call("PATCH", email, {"allowExternalIdToUseEmailOtp": "disabled"}).status == 204
    told = world.get(email).body
    assert told["@odata.type"] == "#microsoft.graph.emailAuthenticationMethodConfiguration"
    assert told["allowExternalIdToUseEmailOtp"] == "disabled"
    whole = world.get("policies/authenticationMethodsPolicy").body["authenticationMethodConfigurations"]
    assert whole[0]["allowExternalIdToUseEmailOtp"] == "disabled"
    assert world.get(email.replace("Email", "Sms")).code == "ResourceNotFound"


def test_policies_need_their_own_permission_and_an_administrator(world: GraphWorld) -> None:
    member = world.token(world.add("olena"), "Policy.ReadWrite.Authorization Policy.Read.All")
    assert world.get("policies/authorizationPolicy", token=member).status == 200
    change = {"allowInvitesFrom": "none"}
    for token in (member, world.token(world.admin, "Policy.ReadWrite.SecurityDefaults")):
        answer = world.call("PATCH", "policies/authorizationPolicy", change, token=token)
        assert (answer.status, answer.code) == (403, "AccessDenied")
        assert answer.message == (
            "You cannot perform the requested operation, required scopes are missing in the token."
        )


def test_apps_and_principals_are_found_by_both_keys(reading_world: GraphWorld) -> None:
    app = reading_world.app
    for url in (f"applications/{app.id}", f"applications(appId='{app.app_id}')"):
        told = reading_world.get(url).body
        assert (told["displayName"], told["signInAudience"]) == ("Orders", "AzureADMyOrg")
    found = reading_world.get("servicePrincipals?$filter=appId eq '00000003-0000-0000-c000-000000000000'")
    assert len(found.body["value"]) == 1
    assert reading_world.get("applications(appId='00000003-0000-0000-c000-000000000000')").status == 404
    assert reading_world.get("applications(uniqueName='x')").status == 400
    assert reading_world.get("applications", token=reading_world.token(None, "User.Read.All")).status == 403


# --- $batch -------------------------------------------------------------------------------------------


def _batch(world: GraphWorld, *requests: dict[str, Any], **how: Any) -> dict[str, Any]:
    answer = world.call("POST", "$batch", {"requests": list(requests)}, **how)
    assert answer.status == 200, answer.body
    return {item["id"]: item for item in answer.body["responses"]}


def test_a_batch_answers_each_of_its_requests(world: GraphWorld) -> None:
    admin = world.admin.id
    answers = _batch(
        world,
        {"id": "1", "method": "GET", "url": "/me?$select=id"},
        {"id": "2", "method": "GET", "url": f"{BASE}/v1.0/users/{admin}", "depends_on": []},
        {"id": "3", "method": "GET", "url": "users/$count", "headers": {"ConsistencyLevel": "eventual"}},
        {"id": "4", "method": "GET", "url": "/nobody"},
        {"id": "5", "method": "GET", "url": "/me", "dependsOn": ["4"]},
        {
            "id": "6",
            "method": "PATCH",
            "url": f"/users/{admin}",
            "headers": {"Content-Type": "application/json"},
            "body": {"city": "Oslo"},
            "dependsOn": ["1"],
        },
        {"id": "7", "method": "GET", "url": "https://elsewhere.example/v1.0/me"},
        {"id": "8", "method": "POST", "url": "/$batch"},
    )
    assert {key: item["status"] for key, item in answers.items()} == {
        "1": 200,
        "2": 200,
        "3": 200,
        "4": 400,
        "5": 424,
        "6": 204,
        "7": 400,
        "8": 400,
    }
    assert answers["1"]["body"]["id"] == answers["2"]["body"]["id"] == admin
    assert "body" not in answers["6"]
    stored = world.user(admin)
    assert stored
    assert stored.city == "Oslo"


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [{"id": str(number), "method": "GET", "url": "/me"} for number in range(21)],
        [{"id": "1", "method": "GET", "url": "/me"}] * 2,
        [{"id": "1", "method": "TRACE", "url": "/me"}],
        [{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]}],
        [
            {"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]},
            {"id": "2", "method": "GET", "url": "/me", "dependsOn": ["1"]},
        ],
        [{"id": 1, "method": "GET", "url": "/me"}],
        ["me"],
    ],
)
def test_malformed_batches_are_refused_whole(reading_world: GraphWorld, requests: list[Any]) -> None:
    answer = reading_world.call("POST", "$batch", {"requests": requests})
    assert (answer.status, answer.code) == (400, "BadRequest")


def test_a_batch_needs_a_token(reading_world: GraphWorld) -> None:
    sent = {"requests": [{"id": "1", "method": "GET", "url": "/me"}]}
    assert reading_world.call("POST", "$batch", sent, token="").status == 401
    assert _batch(reading_world, *sent["requests"], token="a.b.c")["1"]["status"] == 401


# --- errors and metadata ----------------------------------------------------------------------------------


def _kinds(kind: type[XeniaError]) -> set[type[XeniaError]]:
    return {kind, *(found for child in kind.__subclasses__() for found in _kinds(child))}


def test_every_domain_error_has_a_row() -> None:
    missing = {
        kind.__name__
        for kind in _kinds(XeniaError) - {XeniaError}
        if kind.__module__ == errors.__name__ and not any(base in ROWS for base in kind.__mro__)
    }
    assert missing == set()
    assert row_of(errors.InvitationNotUsable) is NOT_ON_SURFACE


def test_an_unforeseen_refusal_tells_nothing() -> None:
    refusal = from_domain(errors.WrongPassword(), Service.DIRECTORY)
    assert (refusal.status, refusal.message) == (500, "An unexpected error occurred.")
    waiting = from_domain(errors.LimitReached("x", timedelta(seconds=90)), Service.DIRECTORY)
    assert (waiting.status, waiting.headers) == (429, (("Retry-After", "90"),))


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_the_metadata_document_is_whole(reading_world: GraphWorld, version: str) -> None:
    answer = reading_world.call("GET", f"{BASE}/{version}/$metadata", token="")
    assert answer.status == 200
    edm = "{http://docs.oasis-open.org/odata/ns/edm}"
    schema = ET.fromstring(answer.body.encode())[0][0]
    named = {child.get("Name") for child in schema if child.tag != f"{edm}EntityContainer"}
    used = {
        value.removeprefix("Collection(")
        .removesuffix(")")
        .removeprefix("graph.")
        .removeprefix("microsoft.graph.")
        for element in schema.iter()
        for name in ("Type", "BaseType", "EntityType")
        if (value := element.get(name)) and not value.startswith(("Edm.", "Collection(Edm."))
    }
    assert used <= named
    users = [prop.get("Name") for prop in schema.iter(f"{edm}Property")]
    assert "externalUserState" in users
    assert ("crossTenantAccessType" in users) == (version == "beta")
