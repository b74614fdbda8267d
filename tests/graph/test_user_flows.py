"""User flows through the API: everything below a flow, refusals, who may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.graph_calls import BASE, GraphWorld
from xenia.core.actor import system_actor
from xenia.core.directory.roles import (
    EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR,
    GLOBAL_READER,
    USER_FLOW_ADMINISTRATOR,
)
from xenia.core.errors import NotFound
from xenia.core.user_flow import Hook, InputType, UserFlow
from xenia.usecases.self_service import manage_user_flows
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant

ROOT = f"{BASE}/v1.0"
FLOWS = "identity/b2xUserFlows"
SCOPES = "IdentityUserFlow.ReadWrite.All"
SUPPLIER = f"{FLOWS}/B2X_1_Supplier"


@pytest.fixture
def token(world: GraphWorld) -> str:
    """The administrator's, with the documented permission alone."""
    return world.token(world.admin, SCOPES)


@pytest.fixture
def flow(world: GraphWorld, token: str) -> str:
    """Address of a flow that offers Google too."""
    _add_google(world)
    sent = {
        "id": "Supplier",
        "userFlowType": "signUpOrSignIn",
        "userFlowTypeVersion": 1,
        "identityProviders": [{"id": "Google-OAUTH", "type": "Google", "name": "Google"}],
    }
    made = world.call("POST", FLOWS, sent, token=token)
    assert made.status == 201, made.body
    return SUPPLIER


def _add_google(world: GraphWorld) -> None:
    kind = {"@odata.type": "#microsoft.graph.socialIdentityProvider", "identityProviderType": "Google"}
    sent = {**kind, "clientId": "4711", "clientSecret": "s3cr3t"}
    token = world.token(None, "IdentityProvider.ReadWrite.All")
    assert world.call("POST", "identity/identityProviders", sent, token=token).status == 201


def _add_connector(world: GraphWorld) -> str:
    basic = {"@odata.type": "#microsoft.graph.basicAuthentication", "username": "u", "password": "p"}
    sent = {
        "displayName": "Approval",
        "targetUrl": "https://approve.contoso.example/check",
        "authenticationConfiguration": basic,
    }
    token = world.token(None, "APIConnectors.ReadWrite.All")
    made = world.call("POST", "identity/apiConnectors", sent, token=token)
    assert made.status == 201, made.body
    return str(made.body["id"])


def _stored(world: GraphWorld, flow_id: str = "B2X_1_Supplier") -> UserFlow:
    with world.ports.store.read(world.tenant_id) as tx:
        found = tx.user_flows.find(flow_id)
    assert found
    return found


# --- flows ------------------------------------------------------------------------------------------------


def test_a_flow_is_made_told_and_deleted(world: GraphWorld, token: str) -> None:
    connector = _add_connector(world)
    hooks = {"postFederationSignup": {"@odata.id": f"{ROOT}/identity/apiConnectors/{connector}"}}
    sent = {"id": "Supplier", "userFlowType": "signUpOrSignIn", "userFlowTypeVersion": 1}
    made = world.call("POST", FLOWS, {**sent, "apiConnectorConfiguration": hooks}, token=token)
    assert made.status == 201, made.body
    assert made.header("Location") == f"{ROOT}/{SUPPLIER}"
    assert made.body == {
        "@odata.context": f"{ROOT}/$metadata#identity/b2xUserFlows/$entity",
        "id": "B2X_1_Supplier",
        "userFlowType": "signUpOrSignIn",
        "userFlowTypeVersion": 1,
        "apiConnectorConfiguration": {},
    }
    assert _stored(world).connectors == {Hook.AFTER_FEDERATION: connector}
    listed = world.get(FLOWS, token=token).body
    assert listed["@odata.context"] == f"{ROOT}/$metadata#identity/b2xUserFlows"
    assert [item["id"] for item in listed["value"]] == ["B2X_1_Supplier"]
    for key in (f"{FLOWS}/b2x_1_supplier", f"{FLOWS}('B2X_1_Supplier')", f"{BASE}/beta/{SUPPLIER}"):
        assert world.get(key, token=token).body["id"] == "B2X_1_Supplier"
    again = world.call("POST", FLOWS, {**sent, "id": "B2X_1_supplier"}, token=token)
    assert (again.status, again.code) == (409, "Conflict")
    assert world.call("DELETE", SUPPLIER, token=token).status == 204
    gone = world.call("DELETE", SUPPLIER, token=token)
    assert (gone.status, gone.code) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": "With blanks"},
        {"id": "B2X_1_"},
        {"userFlowType": "passwordReset"},
        {"userFlowTypeVersion": 3},
        {"userFlowTypeVersion": "1"},
        {"identityProviders": [{"id": 7}]},
        {"unknown": True},
    ],
)
def test_wrong_flows_are_refused(world: GraphWorld, token: str, change: dict[str, object]) -> None:
    answer = world.call("POST", FLOWS, {"id": "Supplier", **change}, token=token)
    assert (answer.status, answer.code) == (400, "BadRequest"), answer.body
    assert world.get(f"{FLOWS}/$count", token=token).body == "0"


def test_connectors_are_changed_with_the_flow_itself(world: GraphWorld, token: str, flow: str) -> None:
    connector = _add_connector(world)
    reference = {"@odata.id": f"{ROOT}/identity/apiConnectors/{connector}"}
    change: dict[str, Any] = {"userFlowTypeVersion": 1, "userFlowType": "signUpOrSignIn"}
    assert world.call("PATCH", flow, change, token=token).status == 204
    change["apiConnectorConfiguration"] = {"postFederationSignup": reference}
    assert world.call("PATCH", flow, change, token=token).status == 204
    change["apiConnectorConfiguration"] = {"postAttributeCollection": {"id": connector}}
    assert world.call("PATCH", flow, change, token=token).status == 204
    assert _stored(world).connectors == dict.fromkeys(Hook, connector)
    change["apiConnectorConfiguration"] = {"postFederationSignup": None}
    assert world.call("PATCH", flow, change, token=token).status == 204
    assert _stored(world).connectors == {Hook.BEFORE_CREATION: connector}
    absent = {"postFederationSignup": {"id": "74d13179-2c02-4ae7-bff3-82842d4e2f1f"}}
    refused: tuple[tuple[dict[str, object], int], ...] = (
        ({"apiConnectorConfiguration": absent}, 404),
        ({"id": "B2X_1_Other"}, 400),
        ({"userFlowType": "passwordReset"}, 400),
        ({"userFlowTypeVersion": 3}, 400),
        ({"identityProviders": []}, 400),
    )
    for body, status in refused:
        assert world.call("PATCH", flow, body, token=token).status == status, body
    reader = world.token(None, "IdentityUserFlow.Read.All")
    assert world.call("PATCH", flow, change, token=reader).status == 403
    assert world.call("PATCH", f"{FLOWS}/B2X_1_Nobody", change, token=token).status == 404
    assert _stored(world).connectors == {Hook.BEFORE_CREATION: connector}


def test_unknown_parts_of_a_flow_are_named(world: GraphWorld, token: str) -> None:
    absent = "74d13179-2c02-4ae7-bff3-82842d4e2f1f"
    for part in (
        {"identityProviders": [{"id": "Facebook-OAUTH"}]},
        {"apiConnectorConfiguration": {"postAttributeCollection": {"id": absent}}},
    ):
        answer = world.call("POST", FLOWS, {"id": "Supplier", **part}, token=token)
        assert (answer.status, answer.code) == (404, "ResourceNotFound"), answer.body


def test_flows_come_in_pages(world: GraphWorld, token: str) -> None:
    for name in ("C", "A", "B"):
        assert world.call("POST", FLOWS, {"id": name}, token=token).status == 201
    pages = world.pages(f"{FLOWS}?$top=2&$select=id", token=token)
    assert [[item["id"] for item in page] for page in pages] == [["B2X_1_A", "B2X_1_B"], ["B2X_1_C"]]


def test_who_may(world: GraphWorld) -> None:
    for name, role, status in (
        ("flows", USER_FLOW_ADMINISTRATOR, 201),
        ("idp", EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR, 403),
        ("reader", GLOBAL_READER, 403),
    ):
        token = world.token(world.add(name, role), SCOPES)
        assert world.call("POST", FLOWS, {"id": name}, token=token).status == status
        assert world.get(FLOWS, token=token).status == 200
    for person in (world.add("olena"), world.add("maria", guest=True)):
        answer = world.get(FLOWS, token=world.token(person, SCOPES))
        assert (answer.status, answer.code) == (403, "AccessDenied")
    app = world.token(None, "IdentityUserFlow.Read.All")
    assert world.get(FLOWS, token=app).status == 200
    assert world.call("DELETE", f"{FLOWS}/B2X_1_flows", token=app).code == "AccessDenied"
    assert world.get(FLOWS, token=world.token(None, "User.Read.All")).status == 403


# --- providers --------------------------------------------------------------------------------------------


def test_providers_of_a_flow(world: GraphWorld, token: str, flow: str) -> None:
    path = f"{flow}/userFlowIdentityProviders"
    listed = world.get(path, token=token)
    assert listed.body["@odata.context"] == (
        f"{ROOT}/$metadata#identity/b2xUserFlows('B2X_1_Supplier')/userFlowIdentityProviders"
    )
    assert [(item["@odata.type"], item["id"]) for item in listed.body["value"]] == [
        ("#microsoft.graph.builtInIdentityProvider", "AADSignup-OAUTH"),
        ("#microsoft.graph.socialIdentityProvider", "Google-OAUTH"),
    ]
    assert listed.body["value"][1]["clientSecret"] == "******"
    passcode = {"@odata.id": f"{ROOT}/identity/identityProviders/EmailOtpSignup-OAUTH"}
    assert world.call("POST", f"{path}/$ref", passcode, token=token).status == 204
    assert world.get(f"{path}/$ref", token=token).body == {
        "@odata.context": f"{ROOT}/$metadata#Collection($ref)",
        "value": [
            {"@odata.id": f"{ROOT}/identity/identityProviders/{key}"}
            for key in ("AADSignup-OAUTH", "Google-OAUTH", "EmailOtpSignup-OAUTH")
        ],
    }
    assert world.get(f"{path}/$count", token=token).body == "3"
    assert world.call("DELETE", f"{path}/Google-OAUTH/$ref", token=token).status == 204
    by_query = f"{path}/$ref?@id={ROOT}/identity/identityProviders/EmailOtpSignup-OAUTH"
    assert world.call("DELETE", by_query, token=token).status == 204
    assert _stored(world).provider_ids == ("AADSignup-OAUTH",)


def test_providers_that_cannot_be_offered(world: GraphWorld, token: str, flow: str) -> None:
    path = f"{flow}/userFlowIdentityProviders"
    cases = (
        ("POST", f"{path}/$ref", {"@odata.id": f"{ROOT}/identity/identityProviders/Facebook-OAUTH"}, 404),
        ("POST", f"{path}/$ref", {"@odata.id": f"{ROOT}/identity/identityProviders/MSASignup-OAUTH"}, 400),
        ("POST", f"{path}/$ref", {"id": "Google-OAUTH"}, 400),
        ("POST", path, {"id": "Google-OAUTH"}, 405),
        ("DELETE", f"{path}/AADSignup-OAUTH/$ref", None, 400),
        ("DELETE", f"{path}/Facebook-OAUTH/$ref", None, 404),
        ("DELETE", f"{path}/$ref", None, 400),
        ("POST", f"{flow}/identityProviders/$ref", {"@odata.id": "x"}, 405),
    )
    for method, url, body, status in cases:
        answer = world.call(method, url, body, token=token)
        assert answer.status == status, (method, url, answer.body)
    assert _stored(world).provider_ids == ("AADSignup-OAUTH", "Google-OAUTH")


def test_relations_are_expanded(world: GraphWorld, token: str, flow: str) -> None:
    asked = "$expand=identityProviders,userFlowIdentityProviders,userAttributeAssignments"
    told = world.get(f"{flow}?{asked}", token=token).body
    assert told["@odata.context"] == (
        f"{ROOT}/$metadata#identity/b2xUserFlows(identityProviders(),userFlowIdentityProviders(),"
        "userAttributeAssignments())/$entity"
    )
    assert told["identityProviders"][1] == {
        "id": "Google-OAUTH",
        "type": "Google",
        "name": "Google",
        "clientId": "4711",
        "clientSecret": "******",
    }
    assert told["userFlowIdentityProviders"][1]["@odata.type"] == "#microsoft.graph.socialIdentityProvider"
    assert told["userAttributeAssignments"] == []
    listed = world.get(f"{FLOWS}?$expand=userFlowIdentityProviders($select=id)", token=token).body["value"]
    assert listed[0]["userFlowIdentityProviders"][1]["id"] == "Google-OAUTH"
    assert world.get(f"{flow}?$expand=nobody", token=token).status == 400


# --- the page ---------------------------------------------------------------------------------------------


def _assign(world: GraphWorld, token: str, attribute: str, **more: Any) -> Any:
    sent = {"userAttribute": {"id": attribute}, "userInputType": "textBox", "isOptional": False, **more}
    return world.call("POST", f"{SUPPLIER}/userAttributeAssignments", sent, token=token)


def test_attributes_are_put_on_the_page(world: GraphWorld, token: str, flow: str) -> None:
    path = f"{flow}/userAttributeAssignments"
    made = world.call(
        "POST",
        path,
        {
            "isOptional": False,
            "requiresVerification": False,
            "userInputType": "TextBox",
            "displayName": "Town",
            "userAttributeValues": [],
            "userAttribute": {"id": "City"},
        },
        token=token,
    )
    assert made.status == 201, made.body
    context = f"{ROOT}/$metadata#identity/b2xUserFlows('B2X_1_Supplier')/userAttributeAssignments"
    assert made.header("Location") == f"{ROOT}/{path}/city"
    assert made.body == {
        "@odata.context": f"{context}/$entity",
        "id": "city",
        "isOptional": False,
        "requiresVerification": False,
        "userInputType": "textBox",
        "displayName": "Town",
        "userAttributeValues": [],
    }
    again = _assign(world, token, "City")
    assert (again.status, again.code) == (409, "Conflict")
    choices = [
        {"name": "EU", "value": "eu", "isDefault": True},
        {"name": "Rest", "value": "row", "isDefault": False},
    ]
    state = _assign(world, token, "state", userInputType="RadioSingleSelect", userAttributeValues=choices)
    assert state.body["userAttributeValues"] == choices
    listed = world.get(f"{path}?$expand=userAttribute", token=token).body
    assert listed["@odata.context"] == f"{context}(userAttribute())"
    assert [(item["id"], item["userAttribute"]["dataType"]) for item in listed["value"]] == [
        ("city", "string"),
        ("state", "string"),
    ]
    assert world.get(f"{path}/city/userAttribute", token=token).body["displayName"] == "City"
    change = {"displayName": "Residence", "isOptional": True}
    assert world.call("PATCH", f"{path}/CITY", change, token=token).status == 204
    told = world.get(f"{path}/city", token=token).body
    assert (told["displayName"], told["isOptional"], told["userInputType"]) == ("Residence", True, "textBox")
    assert world.get(f"{path}/$count", token=token).body == "2"
    assert world.call("DELETE", f"{path}/state", token=token).status == 204
    assert [item.attribute_id for item in _stored(world).attributes] == ["city"]


def test_the_order_of_the_page(world: GraphWorld, token: str, flow: str) -> None:
    for attribute in ("city", "givenName", "surname"):
        assert _assign(world, token, attribute).status == 201
    path = f"{flow}/userAttributeAssignments"
    order = {"newAssignmentOrder": {"order": ["Surname", "City", "givenName"]}}
    assert world.call("POST", f"{path}/setOrder", order, token=token).status == 204
    for form in ("getOrder()", "getOrder", "microsoft.graph.getOrder()"):
        assert world.get(f"{path}/{form}", token=token).body == {
            "@odata.context": f"{ROOT}/$metadata#microsoft.graph.assignmentOrder",
            "order": ["surname", "city", "givenName"],
        }
    for wrong in (["city", "city"], ["country"], []):
        sent = {"newAssignmentOrder": {"order": wrong}}
        assert world.call("POST", f"{path}/setOrder", sent, token=token).status == 400
    assert world.get(f"{path}/setOrder", token=token).status == 405
    assert world.call("POST", f"{path}/getOrder()", {}, token=token).status == 405


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"userInputType": "slider"}, 400),
        ({"userInputType": "radioSingleSelect"}, 400),
        ({"userAttribute": {"id": "shoeSize"}}, 404),
        ({"userAttribute": {}}, 400),
        ({"isOptional": "no"}, 400),
        ({"userAttributeValues": [{"label": "x"}]}, 400),
    ],
)
def test_wrong_assignments_are_refused(
    world: GraphWorld, token: str, flow: str, more: dict[str, Any], status: int
) -> None:
    answer = _assign(world, token, "city", **more)
    assert answer.status == status, answer.body
    assert world.get(f"{flow}/userAttributeAssignments", token=token).body["value"] == []


def test_what_is_below_a_flow_that_is_not_there(world: GraphWorld, token: str) -> None:
    for tail in (
        "",
        "/userAttributeAssignments",
        "/languages",
        "/apiConnectorConfiguration",
        "/userFlowIdentityProviders",
    ):
        answer = world.get(f"{FLOWS}/B2X_1_Nobody{tail}", token=token)
        assert (answer.status, answer.code) == (404, "ResourceNotFound"), tail
    assert _assign(world, token, "city").status == 404
    assert world.get(f"{FLOWS}/B2X_1_Nobody/nothing", token=token).status == 400


# --- connectors, applications -----------------------------------------------------------------------------


def test_connectors_are_attached_and_detached(world: GraphWorld, token: str, flow: str) -> None:
    connector = _add_connector(world)
    path = f"{flow}/apiConnectorConfiguration"
    context = f"{ROOT}/$metadata#identity/b2xUserFlows('B2X_1_Supplier')/apiConnectorConfiguration"
    reference = {"@odata.id": f"{ROOT}/identity/apiConnectors/{connector}"}
    assert world.call("PUT", f"{path}/postAttributeCollection/$ref", reference, token=token).status == 204
    told = world.get(f"{path}?$expand=postFederationSignup,postAttributeCollection", token=token).body
    assert told["@odata.context"] == f"{context}(postFederationSignup(),postAttributeCollection())"
    assert told["postFederationSignup"] is None
    assert told["postAttributeCollection"]["id"] == connector
    assert told["postAttributeCollection"]["authenticationConfiguration"]["password"] == "******"
    assert world.get(path, token=token).body == {"@odata.context": context}
    one = world.get(f"{path}/postAttributeCollection", token=token).body
    assert one["displayName"] == "Approval"
    ref = world.get(f"{path}/postAttributeCollection/$ref", token=token).body
    assert ref["@odata.id"] == f"{ROOT}/identity/apiConnectors/{connector}"
    assert world.get(f"{path}/postFederationSignup", token=token).status == 404
    used = world.call(
        "DELETE",
        f"identity/apiConnectors/{connector}",
        token=world.token(None, "APIConnectors.ReadWrite.All"),
    )
    assert used.status == 409
    assert world.call("PUT", f"{path}/postAttributeCollection/$ref", {}, token=token).status == 204
    assert _stored(world).connectors == {}
    assert world.call("PUT", f"{path}/postFederationSignup/$ref", reference, token=token).status == 204
    assert world.call("DELETE", f"{path}/postFederationSignup/$ref", token=token).status == 204
    assert _stored(world).connectors == {}


def test_connectors_that_cannot_be_attached(world: GraphWorld, token: str, flow: str) -> None:
    path = f"{flow}/apiConnectorConfiguration"
    absent = {"@odata.id": f"{ROOT}/identity/apiConnectors/74d13179-2c02-4ae7-bff3-82842d4e2f1f"}
    assert world.call("PUT", f"{path}/postFederationSignup/$ref", absent, token=token).status == 404
    assert world.call("PUT", f"{path}/preTokenIssuance/$ref", absent, token=token).status == 400
    assert world.call("POST", f"{path}/postFederationSignup/$ref", absent, token=token).status == 405
    reader = world.token(None, "IdentityUserFlow.Read.All")
    assert world.call("PUT", f"{path}/postFederationSignup/$ref", {}, token=reader).status == 403


def test_applications_are_attached_under_beta(world: GraphWorld, token: str, flow: str) -> None:
    path = f"{BASE}/beta/{flow}/includeApplications"
    app_id = world.app.app_id
    made = world.call("POST", path, {"appId": app_id}, token=token)
    assert made.status == 201, made.body
    assert made.header("Location") == f"{path}/{app_id}"
    assert made.body["appId"] == app_id
    assert _stored(world).app_ids == (app_id,)
    assert [item["appId"] for item in world.get(path, token=token).body["value"]] == [app_id]
    assert world.call("POST", FLOWS, {"id": "Other"}, token=token).status == 201
    other = f"{BASE}/beta/{FLOWS}/B2X_1_Other/includeApplications"
    taken = world.call("POST", other, {"appId": app_id}, token=token)
    assert (taken.status, taken.code) == (409, "Conflict")
    unknown = {"appId": "00000000-1111-4222-8333-444444444444"}
    assert world.call("POST", other, unknown, token=token).status == 400
    assert world.call("DELETE", f"{path}/{app_id}", token=token).status == 204
    assert world.get(f"{path}/{app_id}", token=token).status == 404
    assert world.get(f"{flow}/includeApplications", token=token).status == 400


def test_a_flow_of_another_tenant_is_not_there(world: GraphWorld, token: str, flow: str) -> None:
    other = create_tenant(world.ports, None, NewTenant("Fabrikam", "fabrikam"))
    operator = system_actor(other.id, "c0ffee00-0000-4000-8000-00000000000d")
    with pytest.raises(NotFound):
        manage_user_flows.get_flow(world.ports, operator, "B2X_1_Supplier")
    own = manage_user_flows.create_flow(world.ports, operator, manage_user_flows.NewFlow("Supplier"))
    assert own.provider_ids == ("AADSignup-OAUTH",)
    told = world.get(f"{flow}/userFlowIdentityProviders", token=token).body["value"]
    assert [item["id"] for item in told] == ["AADSignup-OAUTH", "Google-OAUTH"]


def test_the_switch(world: GraphWorld) -> None:
    path = "policies/authenticationFlowsPolicy"
    token = world.token(world.admin, "Policy.ReadWrite.AuthenticationFlows")
    told = world.get(path, token=token).body
    assert told["@odata.context"] == f"{ROOT}/$metadata#policies/authenticationFlowsPolicy/$entity"
    assert (told["id"], told["selfServiceSignUp"]) == ("authenticationFlowsPolicy", {"isEnabled": False})
    change = {"selfServiceSignUp": {"isEnabled": True}}
    assert world.call("PATCH", path, change, token=token).status == 204
    with world.ports.store.read(world.tenant_id) as tx:
        assert tx.tenants.policies(world.tenant_id).self_service_sign_up is True
    assert world.get(path, token=token).body["selfServiceSignUp"] == {"isEnabled": True}
    assert world.call("PATCH", path, {"selfServiceSignUp": {"isEnabled": "yes"}}, token=token).status == 400
    weak = world.token(world.admin, "Policy.ReadWrite.Authorization Policy.Read.All")
    refused = world.call("PATCH", path, change, token=weak)
    assert (refused.status, refused.code) == (403, "AccessDenied")
    member = world.token(world.add("olena"), "Policy.ReadWrite.AuthenticationFlows")
    assert world.call("PATCH", path, change, token=member).status == 403


def test_input_types_are_those_of_the_published_enumeration() -> None:
    assert {kind.value for kind in InputType} == {
        "textBox",
        "dateTimeDropdown",
        "radioSingleSelect",
        "dropdownSingleSelect",
        "emailBox",
        "checkboxMultiSelect",
    }
