"""Assigning people, groups and apps to apps over the wire, from either side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.graph_calls import Answered, GraphWorld, graph_world
from xenia.core.directory.application import DEFAULT_ACCESS_ROLE, GRAPH_APP_ID
from xenia.core.directory.group import Group
from xenia.core.directory.roles import CLOUD_APPLICATION_ADMINISTRATOR
from xenia.core.directory.tenant import GuestAccess
from xenia.core.graph_permissions import find_graph_permission
from xenia.usecases.groups.manage_groups import NewGroup, create_group

NOBODY = "00000000-0000-4000-8000-00000000dead"
SCOPES = "AppRoleAssignment.ReadWrite.All Application.Read.All"


@dataclass
class Case:
    world: GraphWorld
    group: Group
    app: str
    """Service principal of Orders."""

    def post(self, path: str, **changes: Any) -> Answered:
        sent = {
            "principalId": self.group.id,
            "resourceId": self.app,
            "appRoleId": DEFAULT_ACCESS_ROLE,
            **changes,
        }
        return self.world.call("POST", path, sent, token=self.world.token(self.world.admin, SCOPES))

    def get(self, path: str) -> Answered:
        return self.world.get(path, token=self.world.token(self.world.admin, SCOPES))


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    from xenia.core.actor import system_actor

    with graph_world(tmp_path) as world:
        actor = system_actor(world.tenant_id, NOBODY)
        group = create_group(world.ports, actor, NewGroup("Buyers", members=(world.admin.id,)))
        app = world.get(f"servicePrincipals(appId='{world.app.app_id}')").body["id"]
        yield Case(world, group, app)


def test_a_group_is_assigned_listed_from_both_sides_and_taken_away(case: Case):
    path = f"servicePrincipals/{case.app}/appRoleAssignedTo"
    made = case.post(path)
    assert made.status == 201, made.body
    assert made.body["@odata.context"].endswith(
        f"$metadata#servicePrincipals('{case.app}')/appRoleAssignedTo/$entity"
    )
    told = {
        name: made.body[name] for name in ("principalType", "principalDisplayName", "resourceDisplayName")
    }
    assert told == {
        "principalType": "Group",
        "principalDisplayName": "Buyers",
        "resourceDisplayName": "Orders",
    }
    one = made.body["id"]
    of_group = f"groups/{case.group.id}/appRoleAssignments"
    for listed in (path, of_group):
        assert [item["id"] for item in case.get(listed).body["value"]] == [one], listed
    assert case.get(f"users/{case.world.admin.id}/appRoleAssignments").body["value"] == []
    again = case.post(path)
    assert (again.status, again.code, again.message) == (
        400,
        "Request_BadRequest",
        "Permission being assigned already exists on the object.",
    )
    token = case.world.token(case.world.admin, SCOPES)
    assert case.world.call("DELETE", f"{path}/{one}", token=token).status == 204
    assert case.world.call("DELETE", f"{path}/{one}", token=token).status == 404
    assert {"Add app role assignment to group", "Remove app role assignment from group"} <= set(
        case.world.activities()
    )


def test_from_the_side_of_user_and_group(case: Case):
    for place, key in (("users", case.world.admin.id), ("groups", case.group.id)):
        path = f"{place}/{key}/appRoleAssignments"
        made = case.post(path, principalId=key)
        assert made.status == 201, made.body
        assert [item["id"] for item in case.get(path).body["value"]] == [made.body["id"]]
        token = case.world.token(case.world.admin, SCOPES)
        assert case.world.call("DELETE", f"{path}/{made.body['id']}", token=token).status == 204
    other = case.post(f"groups/{case.group.id}/appRoleAssignments", principalId=case.world.admin.id)
    assert (other.status, "must be the object in the address" in other.message) == (400, True)


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"appRoleId": NOBODY}, 400, "Permission being assigned was not found on application."),
        ({"appRoleId": "x"}, 400, "Permission being assigned was not found on application."),
        ({"principalId": NOBODY}, 404, f"Resource '{NOBODY}' does not exist"),
        ({"principalId": None}, 400, "A value is required for property 'principalId'"),
    ],
)
def test_what_cannot_be_assigned(case: Case, changes: dict[str, Any], status: int, message: str) -> None:
    refused = case.post(f"servicePrincipals/{case.app}/appRoleAssignedTo", **changes)
    assert refused.status == status
    assert message in refused.message


def test_permissions_of_graph_are_given_to_apps_by_global_administrators_alone(case: Case):
    graph = case.world.get(f"servicePrincipals(appId='{GRAPH_APP_ID}')").body["id"]
    known = find_graph_permission("User.Invite.All")
    assert known is not None
    sent = {"principalId": case.app, "resourceId": graph, "appRoleId": known.role_id}
    path = f"servicePrincipals/{graph}/appRoleAssignedTo"
    helper = case.world.add("helper", CLOUD_APPLICATION_ADMINISTRATOR)
    assert case.world.call("POST", path, sent, token=case.world.token(helper, SCOPES)).status == 403
    made = case.world.call("POST", path, sent, token=case.world.token(case.world.admin, SCOPES))
    assert (made.status, made.body["principalType"]) == (201, "ServicePrincipal")
    own = case.get(f"servicePrincipals/{case.app}/appRoleAssignments").body["value"]
    assert [item["resourceId"] for item in own] == [graph]
    # A person is no app: roles for applications are not for them, and Default Access is not for apps.
    assert case.post(path, resourceId=graph, appRoleId=known.role_id).status == 400
    assert case.post(f"servicePrincipals/{case.app}/appRoleAssignedTo", principalId=case.app).status == 400


def test_who_may_not(case: Case):
    path = f"servicePrincipals/{case.app}/appRoleAssignedTo"
    sent = {"principalId": case.group.id, "resourceId": case.app, "appRoleId": DEFAULT_ACCESS_ROLE}
    world = case.world
    for token in (world.token(world.add("eve"), SCOPES), world.token(None, "Application.Read.All")):
        assert world.call("POST", path, sent, token=token).status == 403
    assert world.get(path, token=world.token(None, "User.Read.All")).status == 403
    assert world.get(path, token=world.token(None, "Application.Read.All")).status == 200
    guest = world.add("maria", guest=True)
    world.guests_see(GuestAccess.RESTRICTED)
    token = world.token(guest, "Directory.Read.All Application.Read.All")
    assert world.get(path, token=token).status == 403
    assert world.get("me/appRoleAssignments", token=token).body["value"] == []
