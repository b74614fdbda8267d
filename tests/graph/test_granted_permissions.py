"""Permissions of apps by Graph: role assignments from both sides, delegated grants, classifications."""

from __future__ import annotations

import pytest

from tests.support.graph_calls import Answered, GraphWorld
from xenia.core.actor import system_actor
from xenia.core.codes import TokenFamily
from xenia.core.directory.application import GRAPH_APP_ID, ServicePrincipal
from xenia.core.directory.roles import CLOUD_APPLICATION_ADMINISTRATOR
from xenia.core.directory.user import User
from xenia.ports import Transaction
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant

INVITE_ROLE = "09850681-111b-4a89-9bed-3f2cae46d706"
USER_READ = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
DEFAULT = "00000000-0000-0000-0000-000000000000"


def principal(world: GraphWorld, app_id: str) -> ServicePrincipal:
    with world.ports.store.read(world.tenant_id) as tx:
        found = tx.applications.service_principal(app_id)
    assert found is not None
    return found


def post(world: GraphWorld, path: str, body: object, token: str | None = None) -> Answered:
    return world.call("POST", path, body, token=token or world.token(world.admin))


def grant(world: GraphWorld, user: User | None = None, scope: str = "User.Read openid") -> Answered:
    return post(
        world,
        "oauth2PermissionGrants",
        {
            "clientId": principal(world, world.app.app_id).id,
            "consentType": "Principal" if user else "AllPrincipals",
            "principalId": user.id if user else None,
            "resourceId": principal(world, GRAPH_APP_ID).id,
            "scope": scope,
        },
    )


def family(world: GraphWorld, user: User) -> str:
    """A sign-in of the user to Orders whose tokens live."""
    family_id = world.ports.entropy.token(16)
    row = TokenFamily(family_id, world.tenant_id, user.id, world.app.app_id, "s", world.clock.now())
    world.ports.store.write(world.tenant_id, lambda tx: tx.sign_ins.add_family(row))
    return family_id


def lives(world: GraphWorld, family_id: str) -> bool:
    with world.ports.store.read(world.tenant_id) as tx:
        found = tx.sign_ins.find_family(family_id)
    return found is not None and found.revoked_at is None


def test_a_grant_is_made_found_changed_and_taken_back(world: GraphWorld) -> None:
    made = grant(world)
    assert made.status == 201
    assert made.body["scope"] == "User.Read openid"
    client = principal(world, world.app.app_id).id
    for condition in (f"clientId eq '{client}'", "consentType eq 'AllPrincipals'"):
        found = world.get(f"oauth2PermissionGrants?$filter={condition}").body["value"]
        assert [each["id"] for each in found] == [made.body["id"]]
    assert world.get("oauth2PermissionGrants?$filter=consentType eq 'Principal'").body["value"] == []
    below = world.get(f"servicePrincipals(appId='{world.app.app_id}')/oauth2PermissionGrants").body["value"]
    assert [each["id"] for each in below] == [made.body["id"]]
    address = f"oauth2PermissionGrants/{made.body['id']}"
    assert world.call("PATCH", address, {"scope": "openid profile"}).status == 204
    assert world.get(address).body["scope"] == "openid profile"
    assert world.call("DELETE", address).status == 204
    assert world.get(address).status == 404


def test_what_is_taken_back_ends_the_tokens_of_those_it_concerned(world: GraphWorld) -> None:
    maria, nina = world.add("maria", guest=True), world.add("nina")
    of_maria, of_nina = family(world, maria), family(world, nina)
    for_maria, for_nina = grant(world, maria).body["id"], grant(world, nina).body["id"]
    assert world.call("DELETE", f"oauth2PermissionGrants/{for_maria}").status == 204
    assert not lives(world, of_maria)
    assert lives(world, of_nina)
    assert world.call("PATCH", f"oauth2PermissionGrants/{for_nina}", {"scope": "openid"}).status == 204
    assert not lives(world, of_nina)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"scope": "Mail.Read"}, 400),
        ({"consentType": "Somebody"}, 400),
        ({"consentType": "Principal"}, 400),
        ({"resourceId": "6f2d8b5e-0000-4000-8000-000000000000"}, 404),
    ],
)
def test_grants_that_make_no_sense_are_refused(
    world: GraphWorld, change: dict[str, str], status: int
) -> None:
    body = {
        "clientId": principal(world, world.app.app_id).id,
        "consentType": "AllPrincipals",
        "resourceId": principal(world, GRAPH_APP_ID).id,
        "scope": "User.Read",
    }
    assert post(world, "oauth2PermissionGrants", {**body, **change}).status == status
    assert grant(world).status == 201
    assert grant(world).status in (400, 409)


def test_grants_of_another_organization_are_out_of_reach(world: GraphWorld) -> None:
    other = create_tenant(world.ports, None, NewTenant("Fabrikam", "fabrikam"))

    def theirs(tx: Transaction) -> str:
        found = tx.applications.service_principal(GRAPH_APP_ID)
        assert found is not None
        return found.id

    foreign = world.ports.store.write(other.id, theirs)
    body = {"clientId": foreign, "consentType": "AllPrincipals", "resourceId": foreign, "scope": "User.Read"}
    assert post(world, "oauth2PermissionGrants", body).status == 404
    mine = grant(world).body["id"]
    from xenia.core.errors import NotFound
    from xenia.usecases.consent.granted_permissions import withdraw_grant

    operator = system_actor(other.id, world.ports.entropy.guid())
    with pytest.raises(NotFound):
        withdraw_grant(world.ports, operator, mine)
    assert world.get(f"oauth2PermissionGrants/{mine}").status == 200


def test_members_change_no_permissions(world: GraphWorld) -> None:
    nina = world.token(world.add("nina"))
    made = grant(world).body["id"]
    assert world.call("DELETE", f"oauth2PermissionGrants/{made}", token=nina).status == 403
    client = principal(world, world.app.app_id).id
    role = {"principalId": client, "resourceId": principal(world, GRAPH_APP_ID).id, "appRoleId": INVITE_ROLE}
    assert post(world, f"servicePrincipals/{client}/appRoleAssignments", role, nina).status == 403


def test_people_are_assigned_and_unassigned(world: GraphWorld) -> None:
    nina, orders = world.add("nina"), principal(world, world.app.app_id)
    address = f"servicePrincipals/{orders.id}/appRoleAssignedTo"
    made = post(world, address, {"principalId": nina.id, "resourceId": orders.id, "appRoleId": DEFAULT})
    assert made.status == 201
    assert (made.body["principalDisplayName"], made.body["principalType"]) == (nina.display_name, "User")
    assert [each["id"] for each in world.get(address).body["value"]] == [made.body["id"]]
    assert world.call("DELETE", f"{address}/{made.body['id']}").status == 204
    assert world.get(address).body["value"] == []


def test_application_permissions_of_graph_take_a_global_administrator(world: GraphWorld) -> None:
    orders, graph = principal(world, world.app.app_id), principal(world, GRAPH_APP_ID)
    address = f"servicePrincipals/{orders.id}/appRoleAssignments"
    role = {"principalId": orders.id, "resourceId": graph.id, "appRoleId": INVITE_ROLE}
    lesser = world.token(world.add("kim", CLOUD_APPLICATION_ADMINISTRATOR))
    assert post(world, address, role, lesser).status == 403
    made = post(world, address, role)
    assert made.status == 201
    assert post(world, address, role).status in (400, 409)
    assert post(world, address, {**role, "principalId": graph.id}).status == 400
    beside = f"servicePrincipals/{graph.id}/appRoleAssignedTo/{made.body['id']}"
    assert world.get(beside).body["appRoleId"] == INVITE_ROLE
    assert world.call("DELETE", beside).status == 204
    assert world.get(address).body["value"] == []


def test_permissions_are_classified_as_of_low_impact(world: GraphWorld) -> None:
    address = f"servicePrincipals(appId='{GRAPH_APP_ID}')/delegatedPermissionClassifications"
    made = post(world, address, {"permissionId": USER_READ, "classification": "low"})
    assert (made.status, made.body["permissionName"]) == (201, "User.Read")
    assert post(world, address, {"permissionName": "User.Read.All", "classification": "low"}).status == 400
    assert [each["id"] for each in world.get(address).body["value"]] == [USER_READ]
    assert world.call("DELETE", f"{address}/{USER_READ}").status == 204
    assert world.get(address).body["value"] == []


def test_the_authorization_policy_says_what_people_may_agree_to(world: GraphWorld) -> None:
    def told() -> object:
        policy = world.get("policies/authorizationPolicy").body
        return policy["defaultUserRolePermissions"]["permissionGrantPoliciesAssigned"]

    assert told() == ["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"]
    for wanted in (["ManagePermissionGrantsForSelf.microsoft-user-default-low"], []):
        body = {"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": wanted}}
        assert world.call("PATCH", "policies/authorizationPolicy", body).status == 204
        assert told() == wanted
    unknown = ["ManagePermissionGrantsForSelf.my-own"]
    body = {"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": unknown}}
    assert world.call("PATCH", "policies/authorizationPolicy", body).status == 400
