"""Directory extensions that apps define: the same custom attributes that user flows ask for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.graph_calls import GraphWorld
from xenia.core.actor import system_actor
from xenia.usecases.self_service.manage_user_attributes import NewAttribute, create_attribute, list_attributes

SCOPES = "Application.ReadWrite.All User.ReadWrite.All"
SIZE = {"name": "shoeSize", "dataType": "Integer", "targetObjects": ["User"]}


@pytest.fixture
def token(world: GraphWorld) -> str:
    return world.token(world.admin, SCOPES)


def url(world: GraphWorld) -> str:
    return f"applications/{world.app.id}/extensionProperties"


def made(world: GraphWorld, token: str, **changes: object) -> dict[str, Any]:
    answer = world.call("POST", url(world), {**SIZE, **changes}, token=token)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def test_an_extension_is_told_as_the_field_tells_it(world: GraphWorld, token: str) -> None:
    told = made(world, token)
    name = f"extension_{world.app.app_id.replace('-', '')}_shoeSize"
    assert {key: told[key] for key in told if not key.startswith("@") and key != "id"} == {
        "deletedDateTime": None,
        "appDisplayName": world.app.display_name,
        "name": name,
        "dataType": "Integer",
        "isMultiValued": False,
        "isSyncedFromOnPremises": False,
        "targetObjects": ["User"],
    }
    assert [each["id"] for each in world.get(url(world), token=token).body["value"]] == [told["id"]]
    by_app_id = f"applications(appId='{world.app.app_id}')/extensionProperties/{told['id']}"
    assert world.get(by_app_id, token=token).body["name"] == name
    user = world.add("olena")
    assert world.call("PATCH", f"users/{user.id}", {name: 42}, token=token).status == 204
    assert world.get(f"users/{user.id}?$select={name}", token=token).body[name] == 42


def test_user_flows_and_apps_share_their_attributes(world: GraphWorld, token: str) -> None:
    actor = system_actor(world.tenant_id, "x")
    asked = create_attribute(world.ports, actor, NewAttribute("Supplier number"))
    told = made(world, token, dataType="String")
    assert told["name"] in {each.id for each in list_attributes(world.ports, actor)}
    listed = world.get(
        "identity/userFlowAttributes", token=world.token(world.admin, "IdentityUserFlow.Read.All")
    )
    assert told["name"] in {each["id"] for each in listed.body["value"]}
    # The registration that owns the attributes of user flows tells them in the same way.
    with world.ports.store.read(world.tenant_id) as tx:
        owner = next(each for each in tx.user_attributes.list() if each.id == asked.id)
    app_id = owner.id.split("_")[1]
    guid = "-".join((app_id[:8], app_id[8:12], app_id[12:16], app_id[16:20], app_id[20:]))
    theirs = world.get(f"applications(appId='{guid}')/extensionProperties", token=token).body["value"]
    assert [each["name"] for each in theirs] == [asked.id]


def test_deleting_takes_the_values_along(world: GraphWorld, token: str) -> None:
    told, user = made(world, token), world.add("olena")
    assert world.call("PATCH", f"users/{user.id}", {told["name"]: 42}, token=token).status == 204
    assert world.call("DELETE", f"{url(world)}/{told['id']}", token=token).status == 204
    assert world.call("DELETE", f"{url(world)}/{told['id']}", token=token).status == 404
    made(world, token)
    assert world.get(f"users/{user.id}?$select={told['name']}", token=token).body[told["name"]] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "shoe-size"},
        {"name": ""},
        {"dataType": "Binary"},
        {"dataType": "string"},
        {"targetObjects": ["Group"]},
        {"targetObjects": ["User", "Group"]},
        {"isMultiValued": True},
    ],
)
def test_what_cannot_be_kept_is_refused(world: GraphWorld, token: str, wrong: dict[str, Any]) -> None:
    assert world.call("POST", url(world), {**SIZE, **wrong}, token=token).status == 400
    assert world.get(url(world), token=token).body["value"] == []


def test_one_name_is_defined_once_and_by_those_who_may_change_the_app(world: GraphWorld, token: str) -> None:
    told, member = made(world, token), world.add("olena")
    assert world.call("POST", url(world), {**SIZE, "name": "SHOESIZE"}, token=token).status == 409
    other = world.token(member, SCOPES)
    assert world.call("POST", url(world), {**SIZE, "name": "hat"}, token=other).status == 403
    assert world.call("DELETE", f"{url(world)}/{told['id']}", token=other).status == 403
    second = world.call("POST", "applications", {"displayName": "Other"}, token=token).body
    there = f"applications/{second['id']}/extensionProperties/{told['id']}"
    assert world.call("DELETE", there, token=token).status == 404
    assert len(world.get(url(world), token=token).body["value"]) == 1
