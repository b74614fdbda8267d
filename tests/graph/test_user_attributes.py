"""User attributes through the API: built-in and custom ones, filters, refusals, who may define them."""

from __future__ import annotations

import pytest

from tests.support.graph_calls import BASE, GraphWorld
from xenia.core.directory.roles import USER_FLOW_ADMINISTRATOR, USER_FLOW_ATTRIBUTE_ADMINISTRATOR
from xenia.usecases.applications.extensions_app import extensions_app_id

ROOT = f"{BASE}/v1.0"
ATTRIBUTES = "identity/userFlowAttributes"
SCOPES = "IdentityUserFlow.ReadWrite.All"


@pytest.fixture
def token(world: GraphWorld) -> str:
    """The administrator's, with the documented permission alone."""
    return world.token(world.admin, SCOPES)


def test_attributes_built_in_and_custom(world: GraphWorld, token: str) -> None:
    listed = world.get(ATTRIBUTES, token=token).body
    assert listed["@odata.context"] == f"{ROOT}/$metadata#identity/userFlowAttributes"
    assert {item["id"] for item in listed["value"]} >= {"city", "email", "givenName", "streetAddress"}
    city = world.get(f"{ATTRIBUTES}/City", token=token).body
    assert city == {
        "@odata.context": f"{ROOT}/$metadata#identity/userFlowAttributes/$entity",
        "@odata.type": "#microsoft.graph.identityBuiltInUserFlowAttribute",
        "id": "city",
        "displayName": "City",
        "description": "The city in which the user is located.",
        "userFlowAttributeType": "builtIn",
        "dataType": "string",
    }
    sent = {"displayName": "Hobby", "description": "Your hobby", "dataType": "string"}
    made = world.call("POST", ATTRIBUTES, sent, token=token)
    assert made.status == 201, made.body
    key = f"extension_{extensions_app_id(world.tenant_id).replace('-', '')}_Hobby"
    assert made.body["id"] == key
    assert made.header("Location") == f"{ROOT}/{ATTRIBUTES}/{key}"
    assert (made.body["@odata.type"], made.body["userFlowAttributeType"]) == (
        "#microsoft.graph.identityCustomUserFlowAttribute",
        "custom",
    )
    assert world.call("POST", ATTRIBUTES, sent, token=token).status == 409
    change = {"description": "What you like to do"}
    assert world.call("PATCH", f"{ATTRIBUTES}/{key}", change, token=token).status == 204
    assert world.get(f"{ATTRIBUTES}/{key}", token=token).body["description"] == "What you like to do"
    assert world.call("DELETE", f"{ATTRIBUTES}/{key}", token=token).status == 204
    assert world.get(f"{ATTRIBUTES}/{key}", token=token).status == 404


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("userFlowAttributeType eq 'custom'", {"Hobby"}),
        ("displayName eq 'city'", {"City"}),
        ("dataType eq 'int64' or displayName eq 'Hobby'", {"Hobby"}),
        ("dataType ne 'string'", set()),
    ],
)
def test_attributes_are_filtered(world: GraphWorld, token: str, text: str, expected: set[str]) -> None:
    sent = {"displayName": "Hobby", "description": "", "dataType": "string"}
    assert world.call("POST", ATTRIBUTES, sent, token=token).status == 201
    answer = world.get(f"{ATTRIBUTES}?$filter={text}", token=token)
    assert {item["displayName"] for item in answer.body["value"]} == expected


@pytest.mark.parametrize(
    ("method", "key", "body"),
    [
        ("POST", "", {"displayName": "Tags", "dataType": "stringCollection"}),
        ("POST", "", {"displayName": "Tags"}),
        ("POST", "", {"dataType": "string"}),
        ("POST", "", {"displayName": "<b>", "dataType": "string"}),
        ("PATCH", "/city", {"displayName": "Town"}),
        ("PATCH", "/city", {"dataType": "int64"}),
        ("PATCH", "/city", {"description": "x"}),
        ("DELETE", "/city", None),
    ],
)
def test_attributes_that_cannot_be(
    world: GraphWorld, token: str, method: str, key: str, body: object
) -> None:
    answer = world.call(method, f"{ATTRIBUTES}{key}", body, token=token)
    assert (answer.status, answer.code) == (400, "BadRequest"), answer.body


def test_who_may_define_attributes(world: GraphWorld) -> None:
    sent = {"displayName": "Hobby", "dataType": "string"}
    for name, role, status in (
        ("flows", USER_FLOW_ADMINISTRATOR, 403),
        ("attributes", USER_FLOW_ATTRIBUTE_ADMINISTRATOR, 201),
    ):
        token = world.token(world.add(name, role), SCOPES)
        assert world.call("POST", ATTRIBUTES, sent, token=token).status == status
    reader = world.token(None, "IdentityUserFlow.Read.All")
    assert world.call("POST", ATTRIBUTES, sent, token=reader).code == "AccessDenied"
