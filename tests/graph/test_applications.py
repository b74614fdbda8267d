"""App registrations through the API: registering, changing, secrets, switches of the enterprise app."""

from __future__ import annotations

import pytest

from tests.support.graph_calls import BASE, GraphWorld
from xenia.core.directory.application import GRAPH_APP_ID

SCOPES = "Application.ReadWrite.All"
NEW = {
    "displayName": "Shop",
    "web": {
        "redirectUris": ["https://shop.example/signed-in"],
        "logoutUrl": "https://shop.example/out",
        "implicitGrantSettings": {"enableIdTokenIssuance": True},
    },
    "spa": {"redirectUris": ["https://spa.shop.example/"]},
}


def test_an_app_is_registered_changed_and_deleted(world: GraphWorld) -> None:
    token = world.token(world.admin, SCOPES)
    made = world.call("POST", "applications", NEW, token=token)
    assert made.status == 201, made.body
    assert made.body["web"]["redirectUris"] == ["https://shop.example/signed-in"]
    assert made.body["web"]["logoutUrl"] == "https://shop.example/out"
    assert made.body["web"]["implicitGrantSettings"] == {
        "enableIdTokenIssuance": True,
        "enableAccessTokenIssuance": False,
    }
    assert made.body["signInAudience"] == "AzureADMyOrg"
    app_id = made.body["appId"]
    assert world.get(f"servicePrincipals(appId='{app_id}')", token=token).status == 404
    principal = world.call("POST", "servicePrincipals", {"appId": app_id}, token=token)
    assert (principal.status, principal.body["displayName"]) == (201, "Shop")
    url = f"applications(appId='{app_id}')"
    change = {"displayName": "Shop 2", "publicClient": {"redirectUris": ["http://localhost"]}}
    assert world.call("PATCH", url, change, token=token).status == 204
    told = world.get(url, token=token).body
    assert (told["displayName"], told["publicClient"]["redirectUris"]) == ("Shop 2", ["http://localhost"])
    assert told["spa"] == NEW["spa"]
    assert told["web"] == made.body["web"]
    assert world.call("DELETE", f"applications/{told['id']}", token=token).status == 204
    assert world.get(url, token=token).status == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"displayName": None}, 400),
        ({"web": {"redirectUris": ["http://shop.example/"]}}, 400),
        ({"web": {"redirectUris": ["https://shop.example/#x"]}}, 400),
        ({"web": "https://shop.example/"}, 400),
        ({"signInAudience": "Everybody"}, 400),
        ({"appId": GRAPH_APP_ID}, 400),
        ({"unknown": 1}, 400),
    ],
)
def test_wrong_registrations_are_refused(world: GraphWorld, change: dict[str, object], status: int) -> None:
    token = world.token(world.admin, SCOPES)
    answer = world.call("POST", "applications", {**NEW, **change}, token=token)
    assert (answer.status, answer.code) == (status, "Request_BadRequest")


def test_a_secret_is_told_once(world: GraphWorld) -> None:
    token = world.token(world.admin, SCOPES)
    made = world.call("POST", "applications", NEW, token=token).body
    url = f"applications/{made['id']}"
    sent = {"passwordCredential": {"displayName": "ci", "endDateTime": "2026-12-31T00:00:00Z"}}
    answer = world.call("POST", f"{url}/addPassword", sent, token=token)
    assert answer.status == 200, answer.body
    assert answer.body["@odata.context"] == f"{BASE}/v1.0/$metadata#microsoft.graph.passwordCredential"
    assert answer.body["hint"] == answer.body["secretText"][:3]
    assert answer.body["endDateTime"] == "2026-12-31T00:00:00Z"
    assert answer.body["secretText"] not in str(world.get(url, token=token).body)
    removal = {"keyId": answer.body["keyId"]}
    assert world.call("POST", f"{url}/removePassword", removal, token=token).status == 204
    assert world.call("POST", f"{url}/removePassword", removal, token=token).status == 404
    wrong = {"passwordCredential": {"endDateTime": "tomorrow"}}
    assert world.call("POST", f"{url}/addPassword", wrong, token=token).status == 400


def test_permissions_asked_for_are_replaced_whole(world: GraphWorld) -> None:
    token = world.token(world.admin, SCOPES)
    made = world.call("POST", "applications", NEW, token=token).body
    url = f"applications/{made['id']}"
    graph = world.get(f"applications?$filter=appId eq '{GRAPH_APP_ID}'", token=token)
    assert graph.body["value"] == []
    invite = "09850681-111b-4a89-9bed-3f2cae46d706"
    asked = [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": [{"id": invite, "type": "Role"}]}]
    answer = world.call("PATCH", url, {"requiredResourceAccess": asked}, token=token)
    assert answer.status == 204, answer.body
    assert world.get(url, token=token).body["requiredResourceAccess"] == asked
    assert world.call("PATCH", url, {"requiredResourceAccess": []}, token=token).status == 204
    assert world.get(url, token=token).body["requiredResourceAccess"] == []
    wrong = [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": [{"type": "Role"}]}]
    assert world.call("PATCH", url, {"requiredResourceAccess": wrong}, token=token).status == 400


def test_switches_of_an_enterprise_app(world: GraphWorld) -> None:
    token = world.token(world.admin, SCOPES)
    url = f"servicePrincipals(appId='{world.app.app_id}')"
    change = {"appRoleAssignmentRequired": True, "tags": ["HideApp"]}
    assert world.call("PATCH", url, change, token=token).status == 204
    told = world.get(url, token=token).body
    assert (told["appRoleAssignmentRequired"], told["accountEnabled"]) == (True, True)
    assert "HideApp" in told["tags"]
    first_party = world.call(
        "PATCH", f"servicePrincipals(appId='{GRAPH_APP_ID}')", {"accountEnabled": False}, token=token
    )
    assert first_party.status == 400


def test_who_may_change_apps(world: GraphWorld) -> None:
    member, guest = world.add("olena"), world.add("maria", guest=True)
    url = f"applications/{world.app.id}"
    for user in (member, guest):
        token = world.token(user, SCOPES)
        for method, body in (("PATCH", {"displayName": "Mine"}), ("DELETE", None)):
            answer = world.call(method, url, body, token=token)
            assert (answer.status, answer.code) == (403, "Authorization_RequestDenied")
        assert world.call("POST", f"{url}/addPassword", {}, token=token).status == 403
    reader = world.token(world.admin, "Application.Read.All")
    assert world.call("PATCH", url, {"displayName": "Mine"}, token=reader).status == 403
    assert world.call("POST", "applications", NEW, token=world.token(guest, SCOPES)).status == 403
    own = world.call("POST", "applications", NEW, token=world.token(member, SCOPES))
    assert own.status == 201
    renamed = world.call(
        "PATCH", f"applications/{own.body['id']}", {"displayName": "Mine"}, token=world.token(member, SCOPES)
    )
    assert renamed.status == 204
