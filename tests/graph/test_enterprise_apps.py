"""Enterprise apps through the API: owners, programs that own apps, deletion; apps with credentials in one request."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.support.graph_calls import GraphWorld
from xenia.core.directory.application import GRAPH_APP_ID

SCOPES = "Application.ReadWrite.All User.Read.All User.DeleteRestore.All"
ZERO = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def token(world: GraphWorld) -> str:
    return world.token(world.admin, SCOPES)


@pytest.fixture
def app(world: GraphWorld, token: str) -> dict[str, Any]:
    made = world.call("POST", "applications", {"displayName": "Orders API"}, token=token)
    assert made.status == 201, made.body
    return dict(made.body)


def _change(world: GraphWorld, token: str, app: dict[str, Any], **change: object) -> Any:
    return world.call("PATCH", f"applications/{app['id']}", change, token=token)


def _made_principal(world: GraphWorld, token: str, app: dict[str, Any]) -> str:
    made = world.call("POST", "servicePrincipals", {"appId": app["appId"]}, token=token)
    assert made.status == 201, made.body
    return str(made.body["id"])


def test_owners_of_service_principals(world: GraphWorld, token: str, app: dict[str, Any]):
    principal, member = _made_principal(world, token, app), world.add("olena")
    url = f"servicePrincipals/{principal}/owners"
    reference = {"@odata.id": f"https://localhost/v1.0/directoryObjects/{member.id}"}
    own = world.token(member, SCOPES)
    assert world.call("POST", f"{url}/$ref", reference, token=own).status == 403
    assert world.call("POST", f"{url}/$ref", reference, token=token).status == 204
    again = world.call("POST", f"{url}/$ref", reference, token=token)
    assert (again.status, again.code) == (400, "Request_BadRequest")
    assert {each["id"] for each in world.get(url, token=token).body["value"]} == {world.admin.id, member.id}
    by_app_id = f"servicePrincipals(appId='{app['appId']}')/owners?$filter=id eq '{member.id}'"
    assert [each["displayName"] for each in world.get(by_app_id, token=token).body["value"]] == ["Olena"]
    change = {"appRoleAssignmentRequired": True}
    assert world.call("PATCH", f"servicePrincipals/{principal}", change, token=own).status == 204
    scoped = world.token(member, "AppRoleAssignment.ReadWrite.All")
    order = {"principalId": world.admin.id, "resourceId": principal, "appRoleId": ZERO}
    made = world.call("POST", f"servicePrincipals/{principal}/appRoleAssignedTo", order, token=scoped)
    assert made.status == 201, made.body
    # An owner does not speak for the organisation: permissions for everybody stay with administrators.
    graph = world.get(f"servicePrincipals(appId='{GRAPH_APP_ID}')", token=token).body["id"]
    grant = {"clientId": principal, "consentType": "AllPrincipals", "resourceId": graph, "scope": "User.Read"}
    consenting = world.token(member, "DelegatedPermissionGrant.ReadWrite.All")
    assert world.call("POST", "oauth2PermissionGrants", grant, token=consenting).status == 403
    assert world.call("DELETE", f"{url}/{world.admin.id}/$ref", token=own).status == 204
    assert world.call("DELETE", f"{url}/{member.id}/$ref", token=own).status == 400  # the last one
    assert world.call("DELETE", f"{url}/{member.id}/$ref", token=token).status == 204
    assert world.call("PATCH", f"servicePrincipals/{principal}", change, token=own).status == 403


def test_a_program_manages_the_apps_it_owns_and_no_others(world: GraphWorld, token: str, app: dict[str, Any]):
    robot = world.token(None, "Application.ReadWrite.OwnedBy")
    made = world.call("POST", "applications", {"displayName": "Child"}, token=robot)
    assert made.status == 201, made.body
    child = dict(made.body)
    owners = world.get(f"applications/{child['id']}/owners", token=token).body["value"]
    assert [each["@odata.type"] for each in owners] == ["#microsoft.graph.servicePrincipal"]
    casts = (("user", 0), ("servicePrincipal", 1))
    for kind, count in casts:
        url = f"applications/{child['id']}/owners/microsoft.graph.{kind}"
        assert len(world.get(url, token=token).body["value"]) == count
    assert world.get(f"applications/{child['id']}?$expand=owners", token=token).body["owners"][0]["id"]
    principal = _made_principal(world, robot, child)
    secret = world.call("POST", f"applications/{child['id']}/addPassword", {}, token=robot)
    assert secret.status == 200, secret.body
    assert _change(world, robot, child, displayName="Child of Orders").status == 204
    disabled = {"accountEnabled": False}
    assert world.call("PATCH", f"servicePrincipals/{principal}", disabled, token=robot).status == 204
    theirs = _made_principal(world, token, app)
    assert _change(world, robot, app, displayName="Taken over").status == 403
    assert world.call("POST", f"applications/{app['id']}/addPassword", {}, token=robot).status == 403
    assert world.call("DELETE", f"applications/{app['id']}", token=robot).status == 403
    assert world.call("PATCH", f"servicePrincipals/{theirs}", disabled, token=robot).status == 403
    reference = {"@odata.id": f"https://localhost/v1.0/directoryObjects/{owners[0]['id']}"}
    for url in (f"applications/{app['id']}", f"servicePrincipals/{theirs}"):
        assert world.call("POST", f"{url}/owners/$ref", reference, token=robot).status == 403
    # Asked for by a person, the permission opens nothing: it exists for programs alone.
    assert (
        _change(world, world.token(world.admin, "Application.ReadWrite.OwnedBy"), app, notes="x").status
        == 403
    )
    assert world.call("DELETE", f"applications/{child['id']}", token=robot).status == 204


def test_an_enterprise_app_is_deleted_with_all_it_held(world: GraphWorld, token: str, app: dict[str, Any]):
    principal = _made_principal(world, token, app)
    url = f"servicePrincipals/{principal}"
    everything = world.token(
        world.admin, "AppRoleAssignment.ReadWrite.All DelegatedPermissionGrant.ReadWrite.All"
    )
    graph = world.get(f"servicePrincipals(appId='{GRAPH_APP_ID}')", token=token).body["id"]
    order = {"principalId": world.admin.id, "resourceId": principal, "appRoleId": ZERO}
    assert world.call("POST", f"{url}/appRoleAssignedTo", order, token=everything).status == 201
    grant = {"clientId": principal, "consentType": "AllPrincipals", "resourceId": graph, "scope": "User.Read"}
    assert world.call("POST", "oauth2PermissionGrants", grant, token=everything).status == 201
    stranger, owner = world.add("olena"), world.add("dana")
    reference = {"@odata.id": f"https://localhost/v1.0/directoryObjects/{owner.id}"}
    assert world.call("POST", f"{url}/owners/$ref", reference, token=token).status == 204
    assert world.call("DELETE", url, token=world.token(stranger, SCOPES)).status == 403
    assert world.call("DELETE", url, token=world.token(world.admin, "Application.Read.All")).status == 403
    shipped = world.call("DELETE", f"servicePrincipals/{graph}", token=token)
    assert (shipped.status, shipped.code) == (400, "Request_BadRequest")
    assert world.call("DELETE", url, token=world.token(owner, SCOPES)).status == 204
    assert world.get(url, token=token).status == 404
    assert world.call("DELETE", url, token=token).status == 404
    assert world.get(f"applications/{app['id']}", token=token).status == 200
    with world.ports.store.read(world.tenant_id) as tx:
        assert tx.applications.assignments_to(principal) == ()
        assert tx.applications.principal_owners(principal) == ()
    anew = _made_principal(world, token, app)
    assert anew != principal
    left = world.get(f"servicePrincipals/{anew}/oauth2PermissionGrants", token=world.token(world.admin))
    assert left.body["value"] == []


def test_secrets_are_made_with_the_app(world: GraphWorld, token: str):
    order = {
        "displayName": "Nightly",
        "passwordCredentials": [{"displayName": "ci", "endDateTime": "2027-06-01T00:00:00Z"}, {}],
    }
    made = world.call("POST", "applications", order, token=token)
    assert made.status == 201, made.body
    named, other = sorted(made.body["passwordCredentials"], key=lambda each: each["displayName"] != "ci")
    assert named["endDateTime"] == "2027-06-01T00:00:00Z"
    assert named["secretText"].startswith(named["hint"])
    assert other["secretText"] != named["secretText"]
    told = world.get(f"applications/{made.body['id']}", token=token).body["passwordCredentials"]
    assert {each["keyId"] for each in told} == {named["keyId"], other["keyId"]}
    assert {each["secretText"] for each in told} == {None}


@pytest.mark.parametrize(
    "wrong",
    [
        {"passwordCredentials": [{"displayName": "mine", "secretText": "hunter2"}]},
        {"passwordCredentials": [{"endDateTime": "2001-01-01T00:00:00Z"}]},
        {"keyCredentials": [{"key": base64.b64encode(b"no certificate").decode()}]},
        {"passwordCredentials": [{}], "signInAudience": "Everybody"},
    ],
)
def test_an_app_is_made_with_its_credentials_or_not_at_all(
    world: GraphWorld, token: str, wrong: dict[str, Any]
):
    refused = world.call("POST", "applications", {"displayName": "Half done", **wrong}, token=token)
    assert refused.status == 400
    found = world.get("applications?$filter=displayName eq 'Half done'", token=token)
    assert found.body["value"] == []


def test_keys_and_properties_change_as_one(world: GraphWorld, token: str, app: dict[str, Any]):
    before = world.get(f"applications/{app['id']}", token=token).body
    bad_key = [{"keyId": ZERO}]
    assert _change(world, token, app, displayName="Renamed", keyCredentials=bad_key).status == 400
    assert _change(world, token, app, signInAudience="Everybody", keyCredentials=[]).status == 400
    assert world.get(f"applications/{app['id']}", token=token).body == before
    assert _change(world, token, app, displayName="Renamed", keyCredentials=[]).status == 204
    assert world.get(f"applications/{app['id']}", token=token).body["displayName"] == "Renamed"


def test_the_back_channel_logout_uri_is_told_when_asked_for(
    world: GraphWorld, token: str, app: dict[str, Any]
):
    url = f"applications/{app['id']}?$select=id,backChannelLogoutUri"
    assert "backChannelLogoutUri" not in world.get(f"applications/{app['id']}", token=token).body
    uri = "https://orders.example/back-channel"
    assert _change(world, token, app, backChannelLogoutUri=uri).status == 204
    assert world.get(url, token=token).body["backChannelLogoutUri"] == uri
    for wrong in ("ftp://orders.example/x", "not an address", "https://user:pass@orders.example/"):
        refused = _change(world, token, app, backChannelLogoutUri=wrong)
        assert (refused.status, refused.code) == (400, "Request_BadRequest"), wrong
    order = {"displayName": "Bad", "backChannelLogoutUri": "ftp://orders.example/x"}
    assert world.call("POST", "applications", order, token=token).status == 400
    assert world.get(url, token=token).body["backChannelLogoutUri"] == uri
    assert _change(world, token, app, backChannelLogoutUri=None).status == 204
    assert world.get(url, token=token).body["backChannelLogoutUri"] is None
