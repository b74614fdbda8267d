"""User flows in their second form: the same stored flow, whoever wrote it and wherever it is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.graph_calls import BASE, GraphWorld
from xenia.core.actor import Actor
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR
from xenia.core.user_flow import AttributeAssignment, Choice, Hook, InputType, UserFlow
from xenia.usecases.self_service import manage_user_flows
from xenia.usecases.self_service.manage_user_flows import NewFlow

ROOT = f"{BASE}/v1.0"
PATH = "identity/authenticationEventsFlows"
FLOWS = "identity/b2xUserFlows"
KIND = "microsoft.graph.externalUsersSelfServiceSignUpEventsFlow"
METHODS = "microsoft.graph.onAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp"
COLLECTION = "microsoft.graph.onAttributeCollectionExternalUsersSelfServiceSignUp"
SCOPES = "EventListener.ReadWrite.All"


def _input(attribute: str, **more: object) -> dict[str, object]:
    return {
        "attribute": attribute,
        "label": attribute.capitalize(),
        "inputType": "text",
        "hidden": False,
        "editable": True,
        "writeToDirectory": True,
        "required": True,
        "validationRegEx": "^.*$",
        **more,
    }


def _order(world: GraphWorld, **more: object) -> dict[str, Any]:
    """The published sample, with an app of ours."""
    email = _input("email", hidden=True, editable=False, validationRegEx="^.+@.+$")
    attributes = ("email", "city", "displayName")
    return {
        "@odata.type": f"#{KIND}",
        "displayName": "Supplier sign-up",
        "description": "For suppliers",
        "conditions": {"applications": {"includeApplications": [{"appId": world.app.app_id}]}},
        "onAuthenticationMethodLoadStart": {
            "@odata.type": f"#{METHODS}",
            "identityProviders": [{"id": "EmailOtpSignup-OAUTH"}],
        },
        "onInteractiveAuthFlowStart": {
            "@odata.type": "#microsoft.graph.onInteractiveAuthFlowStartExternalUsersSelfServiceSignUp",
            "isSignUpAllowed": True,
        },
        "onAttributeCollection": {
            "@odata.type": f"#{COLLECTION}",
            "attributes": [
                {
                    "id": key,
                    "displayName": key,
                    "description": "",
                    "userFlowAttributeType": "builtIn",
                    "dataType": "string",
                }
                for key in attributes
            ],
            "attributeCollectionPage": {
                "views": [{"inputs": [email, _input("city", required=False), _input("displayName")]}]
            },
        },
        "onUserCreateStart": {
            "@odata.type": "#microsoft.graph.onUserCreateStartExternalUsersSelfServiceSignUp",
            "userTypeToCreate": "guest",
        },
        **more,
    }


@pytest.fixture
def token(world: GraphWorld) -> str:
    """The administrator's, with the documented permission alone."""
    return world.token(world.admin, SCOPES)


def _stored(world: GraphWorld, flow_id: str) -> UserFlow:
    with world.ports.store.read(world.tenant_id) as tx:
        found = tx.user_flows.find(flow_id)
    assert found
    return found


def _portal(world: GraphWorld) -> Actor:
    """The administrator as the portal lets them act: roles alone decide."""
    roles = frozenset({GLOBAL_ADMINISTRATOR.template_id})
    return Actor(world.tenant_id, "c0ffee00-0000-4000-8000-00000000000e", user_id=world.admin.id, roles=roles)


def test_the_published_sample(world: GraphWorld, token: str) -> None:
    made = world.call("POST", PATH, _order(world, priority=500), token=token)
    assert made.status == 201, made.body
    assert "priority" not in made.body
    assert made.header("Location") == f"{ROOT}/{PATH}/B2X_1_Supplier_sign_up"
    body = made.body
    assert body["@odata.context"] == f"{ROOT}/$metadata#identity/authenticationEventsFlows/$entity"
    assert body["@odata.type"] == f"#{KIND}"
    assert (body["id"], body["displayName"]) == ("B2X_1_Supplier_sign_up", "Supplier sign-up")
    assert body["conditions"] == {"applications": {}}
    assert body["onAuthenticationMethodLoadStart"] == {"@odata.type": f"#{METHODS}"}
    assert body["onInteractiveAuthFlowStart"]["isSignUpAllowed"] is True
    assert body["onUserCreateStart"]["userTypeToCreate"] == "guest"
    view = body["onAttributeCollection"]["attributeCollectionPage"]["views"][0]
    assert (view["title"], view["description"]) == (None, None)
    assert view["inputs"][1] == {
        "attribute": "city",
        "label": "City",
        "inputType": "text",
        "defaultValue": None,
        "hidden": False,
        "editable": True,
        "writeToDirectory": True,
        "required": False,
        "validationRegEx": None,
        "options": [],
    }
    assert [item["attribute"] for item in view["inputs"]] == ["email", "city", "displayName"]
    assert (view["inputs"][0]["editable"], view["inputs"][0]["hidden"]) == (False, True)
    told = world.get(f"{PATH}/{body['id']}", token=token).body
    assert told == body
    stored = _stored(world, body["id"])
    assert stored.app_ids == (world.app.app_id,)
    assert stored.provider_ids == ("AADSignup-OAUTH", "EmailOtpSignup-OAUTH")


def test_what_is_not_asked_or_not_kept_is_told_as_it_was_said(world: GraphWorld, token: str) -> None:
    kept = {"hidden": True, "editable": False, "writeToDirectory": False, "defaultValue": "Athens"}
    page = {"views": [{"inputs": [_input("city", **kept)]}]}
    handler = {"@odata.type": f"#{COLLECTION}", "attributeCollectionPage": page}
    made = world.call("POST", PATH, _order(world, onAttributeCollection=handler), token=token).body
    (told,) = made["onAttributeCollection"]["attributeCollectionPage"]["views"][0]["inputs"]
    assert {name: told[name] for name in kept} == kept
    silent = {"attribute": "city", "hidden": None, "editable": None, "writeToDirectory": None}
    handler["attributeCollectionPage"] = {"views": [{"inputs": [silent]}]}
    change = {"@odata.type": f"#{KIND}", "onAttributeCollection": handler}
    assert world.call("PATCH", f"{PATH}/{made['id']}", change, token=token).status == 204
    (stored,) = _stored(world, made["id"]).attributes
    assert (stored.is_hidden, stored.is_editable, stored.is_stored) == (True, False, False)
    older = f"{FLOWS}/{made['id']}/userAttributeAssignments/city"
    flows_token = world.token(world.admin, "IdentityUserFlow.ReadWrite.All")
    assert world.call("PATCH", older, {"displayName": "Town"}, token=flows_token).status == 204
    (stored,) = _stored(world, made["id"]).attributes
    assert (stored.label, stored.is_hidden, stored.is_stored) == ("Town", True, False)


def test_both_forms_and_the_portal_store_the_same_flow(world: GraphWorld, token: str) -> None:
    page = (
        AttributeAssignment("city", "City", is_optional=True),
        AttributeAssignment(
            "state", "State", InputType.RADIO, choices=(Choice("EU", "eu"), Choice("US", "us"))
        ),
    )
    state = {"label": "EU", "value": "eu"}, {"label": "US", "value": "us"}
    inputs = [
        _input("city", required=False),
        _input("state", inputType="radioSingleSelect", options=list(state)),
    ]
    collected = {"@odata.type": f"#{COLLECTION}", "attributeCollectionPage": {"views": [{"inputs": inputs}]}}
    second_form = world.call("POST", PATH, _order(world, onAttributeCollection=collected), token=token)
    assert second_form.status == 201, second_form.body
    by_second_form = _stored(world, second_form.body["id"])
    world.call("DELETE", f"{PATH}/{by_second_form.id}", token=token)

    flows = world.token(world.admin, "IdentityUserFlow.ReadWrite.All")
    first = {"id": "Supplier", "identityProviders": [{"id": "EmailOtpSignup-OAUTH"}]}
    assert world.call("POST", FLOWS, first, token=flows).status == 201
    choices = [{"name": item["label"], "value": item["value"], "isDefault": False} for item in state]
    for sent in (
        {
            "userAttribute": {"id": "city"},
            "userInputType": "textBox",
            "displayName": "City",
            "isOptional": True,
        },
        {
            "userAttribute": {"id": "state"},
            "userInputType": "radioSingleSelect",
            "displayName": "State",
            "isOptional": False,
            "userAttributeValues": choices,
        },
    ):
        url = f"{FLOWS}/B2X_1_Supplier/userAttributeAssignments"
        assert world.call("POST", url, sent, token=flows).status == 201
    served = {"appId": world.app.app_id}
    url = f"{BASE}/beta/{FLOWS}/B2X_1_Supplier/includeApplications"
    assert world.call("POST", url, served, token=flows).status == 201
    names = {"displayName": "Supplier sign-up", "description": "For suppliers"}
    assert world.call("PATCH", f"{PATH}/B2X_1_Supplier", names, token=token).status == 204
    by_first_form = _stored(world, "B2X_1_Supplier")
    world.call("DELETE", f"{FLOWS}/B2X_1_Supplier", token=flows)

    order = NewFlow(
        name="Supplier",
        display_name="Supplier sign-up",
        description="For suppliers",
        provider_ids=("EmailOtpSignup-OAUTH",),
        attributes=page,
        app_ids=(world.app.app_id,),
    )
    by_portal = manage_user_flows.create_flow(world.ports, _portal(world), order)

    def essence(flow: UserFlow) -> UserFlow:
        return replace(flow, id="", created_at=world.tenant.created_at, version=0)

    assert essence(by_second_form) == essence(by_first_form) == essence(by_portal)


def test_a_flow_of_the_portal_is_seen_and_changed_here(world: GraphWorld, token: str) -> None:
    made = manage_user_flows.create_flow(
        world.ports,
        _portal(world),
        NewFlow(
            "Partner",
            attributes=(
                AttributeAssignment("country", "Country", InputType.DROPDOWN),
                AttributeAssignment("jobTitle", "Job", help_text="As on your card"),
            ),
            requires_approval=True,
        ),
    )
    url = f"{PATH}/{made.id}"
    told = world.get(url, token=token).body
    assert told["displayName"] == "Partner"
    collection = told["onAttributeCollection"]
    inputs = collection["attributeCollectionPage"]["views"][0]["inputs"]
    assert [item["inputType"] for item in inputs] == ["radioSingleSelect", "text"]
    inputs.reverse()
    inputs[0]["label"] = "Profession"
    change = {
        "@odata.type": KIND,
        "displayName": "Partners",
        "onAttributeCollection": collection,
        "onInteractiveAuthFlowStart": {**told["onInteractiveAuthFlowStart"], "isSignUpAllowed": False},
    }
    assert world.call("PATCH", url, change, token=token).status == 204
    after = _stored(world, made.id)
    assert after.attributes == (
        AttributeAssignment("jobTitle", "Profession", help_text="As on your card"),
        AttributeAssignment("country", "Country", InputType.DROPDOWN),
    )
    assert (after.display_name, after.is_sign_up_allowed, after.requires_approval) == (
        "Partners",
        False,
        True,
    )
    assert world.get(f"{FLOWS}/{made.id}", token=token).status == 200
    assert world.call("DELETE", url, token=token).status == 204
    assert world.get(f"{FLOWS}/{made.id}", token=token).status == 404


def test_typed_attributes(world: GraphWorld, token: str) -> None:
    flows = world.token(world.admin, "IdentityUserFlow.ReadWrite.All")
    ids = {}
    for name, data_type in (("Vegan", "boolean"), ("Shoe size", "int64")):
        sent = {"displayName": name, "description": "", "dataType": data_type}
        ids[name] = world.call("POST", "identity/userFlowAttributes", sent, token=flows).body["id"]
    inputs = [
        _input(ids["Vegan"], inputType="boolean", defaultValue="true", required=False),
        _input(ids["Shoe size"], defaultValue="42"),
    ]
    collected = {"@odata.type": COLLECTION, "attributeCollectionPage": {"views": [{"inputs": inputs}]}}
    made = world.call("POST", PATH, _order(world, onAttributeCollection=collected), token=token)
    assert made.status == 201, made.body
    told = made.body["onAttributeCollection"]["attributeCollectionPage"]["views"][0]["inputs"]
    assert [(item["inputType"], item["defaultValue"]) for item in told] == [
        ("boolean", "true"),
        ("text", "42"),
    ]
    assert [item.default for item in _stored(world, made.body["id"]).attributes] == [True, 42]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"@odata.type": "#microsoft.graph.other"}, 400),
        ({"displayName": None}, 400),
        ({"displayName": "???"}, 400),
        ({"onUserCreateStart": {"@odata.type": "#microsoft.graph.onUserCreateStartExternalUsersSelfServiceSignUp", "userTypeToCreate": "member"}}, 400),
        ({"onInteractiveAuthFlowStart": {"isSignUpAllowed": True}}, 400),
        ({"onAttributeCollectionSubmit": {"@odata.type": "#microsoft.graph.onAttributeCollectionSubmitCustomExtensionHandler"}}, 400),
        ({"conditions": {"applications": {"includeApplications": [{"appId": "nobody"}]}}}, 400),
        ({"conditions": {"applications": {"includeAllApplications": True}}}, 400),
        ({"onAuthenticationMethodLoadStart": {"@odata.type": f"#{METHODS}", "identityProviders": [{"id": "Facebook-OAUTH"}]}}, 404),
        ({"onAttributeCollection": {"@odata.type": f"#{COLLECTION}", "attributeCollectionPage": {"views": [{"inputs": [_input("shoeSize")]}]}}}, 400),
        ({"onAttributeCollection": {"@odata.type": f"#{COLLECTION}", "attributeCollectionPage": {"views": [{"inputs": [_input("city", inputType="slider")]}]}}}, 400),
        ({"onAttributeCollection": {"@odata.type": f"#{COLLECTION}", "attributes": [{"id": "shoeSize"}]}}, 404),
        ({"priority": "high"}, 400),
        ({"customAuthenticationExtension": {}}, 400),
    ],
)  # fmt: skip
def test_wrong_flows_are_refused(world: GraphWorld, token: str, more: dict[str, object], status: int) -> None:
    answer = world.call("POST", PATH, _order(world, **more), token=token)
    assert answer.status == status, answer.body
    assert world.get(PATH, token=token).body["value"] == []


def test_an_untyped_flow_is_refused(world: GraphWorld, token: str) -> None:
    answer = world.call("POST", PATH, {"displayName": "x"}, token=token)
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert f"#{KIND}" in answer.message


def test_names_and_apps_are_taken_once(world: GraphWorld, token: str) -> None:
    assert world.call("POST", PATH, _order(world), token=token).status == 201
    for more in ({"conditions": None}, {"displayName": "Another"}):
        again = world.call("POST", PATH, _order(world, **more), token=token)
        assert (again.status, again.code) == (409, "Conflict"), again.body


def test_flows_are_found_by_type_and_application(world: GraphWorld, token: str) -> None:
    made = world.call("POST", PATH, _order(world), token=token).body["id"]
    other = world.call("POST", PATH, _order(world, displayName="Other", conditions=None), token=token)
    assert other.status == 201, other.body
    by_app = f"{KIND}/conditions/applications/includeApplications/any(a:a/appId eq '{world.app.app_id}')"
    for text, found in (
        (f"isof('{KIND}')", 2),
        (f"isof('{KIND}') and {by_app}", 1),
        (by_app, 1),
        (by_app.replace(world.app.app_id, world.app.id), 0),
    ):
        answer = world.get(f"{PATH}?$filter={text}", token=token)
        assert answer.status == 200, (text, answer.body)
        assert len(answer.body["value"]) == found, text
    assert len(world.get(f"{PATH}/graph.{KIND.rpartition('.')[2]}", token=token).body["value"]) == 2
    assert world.get(f"{PATH}/{made}/{KIND}", token=token).body["id"] == made
    for wrong in ("isof('microsoft.graph.user')", "isof(user)", f"{KIND}/nothing eq 'x'"):
        assert world.get(f"{PATH}?$filter={wrong}", token=token).status == 400
    assert world.get("users?$filter=isof('microsoft.graph.user')").status == 400


@pytest.mark.parametrize("cast", ["", f"/{KIND}", "/graph.externalUsersSelfServiceSignUpEventsFlow"])
def test_applications(world: GraphWorld, token: str, cast: str) -> None:
    made = world.call("POST", PATH, _order(world, conditions=None), token=token).body["id"]
    path = f"{PATH}/{made}{cast}/conditions/applications/includeApplications"
    sent = {"@odata.type": "#microsoft.graph.authenticationConditionApplication", "appId": world.app.app_id}
    added = world.call("POST", path, sent, token=token)
    assert added.status == 201, added.body
    assert added.body["appId"] == world.app.app_id
    listed = world.get(path, token=token).body
    context = f"identity/authenticationEventsFlows('{made}')/conditions/applications/includeApplications"
    assert listed["@odata.context"] == f"{ROOT}/$metadata#{context}"
    assert listed["value"] == [{"appId": world.app.app_id}]
    assert world.call("DELETE", f"{path}/{world.app.app_id}", token=token).status == 204
    assert world.call("DELETE", f"{path}/{world.app.app_id}", token=token).status == 404
    assert world.call("POST", path, {}, token=token).status == 400


@pytest.mark.parametrize("casts", [("", ""), (f"/{KIND}", f"/{METHODS}")])
def test_providers_by_reference(world: GraphWorld, token: str, casts: tuple[str, str]) -> None:
    made = world.call("POST", PATH, _order(world), token=token).body["id"]
    flow_cast, cast = casts
    path = f"{PATH}/{made}{flow_cast}/onAuthenticationMethodLoadStart{cast}/identityProviders"
    assert [item["id"] for item in world.get(path, token=token).body["value"]] == [
        "AADSignup-OAUTH",
        "EmailOtpSignup-OAUTH",
    ]
    assert world.call("DELETE", f"{path}/EmailOtpSignup-OAUTH/$ref", token=token).status == 204
    reference = {"@odata.id": f"{ROOT}/identityProviders/EmailOtpSignup-OAUTH"}
    assert world.call("POST", f"{path}/$ref", reference, token=token).status == 204
    assert world.get(f"{path}/$count", token=token).body == "2"
    unknown = {"@odata.id": f"{ROOT}/identityProviders/Facebook-OAUTH"}
    assert world.call("POST", f"{path}/$ref", unknown, token=token).status == 404


@pytest.mark.parametrize("casts", [("", ""), (f"/{KIND}", f"/{COLLECTION}")])
def test_attributes_by_reference(world: GraphWorld, token: str, casts: tuple[str, str]) -> None:
    made = world.call("POST", PATH, _order(world), token=token).body["id"]
    flow_cast, cast = casts
    path = f"{PATH}/{made}{flow_cast}/onAttributeCollection{cast}/attributes"
    reference = {"@odata.id": f"{ROOT}/identity/userFlowAttributes/surname"}
    assert world.call("POST", f"{path}/$ref", reference, token=token).status == 204
    assert [item["id"] for item in world.get(path, token=token).body["value"]] == [
        "email",
        "city",
        "displayName",
        "surname",
    ]
    again = world.call("POST", f"{path}/$ref", reference, token=token)
    assert (again.status, again.code) == (400, "BadRequest")
    assert world.call("DELETE", f"{path}/city/$ref", token=token).status == 204
    assert world.call("DELETE", f"{path}/city/$ref", token=token).status == 404
    parts = [item.attribute_id for item in _stored(world, made).attributes]
    assert parts == ["email", "displayName", "surname"]


def test_who_may(world: GraphWorld, token: str) -> None:
    reader = world.token(None, "EventListener.Read.All")
    assert world.get(PATH, token=reader).status == 200
    refused = world.call("POST", PATH, _order(world), token=reader)
    assert (refused.status, refused.code) == (403, "AccessDenied")
    member = world.token(world.add("olena"), SCOPES)
    assert world.get(PATH, token=member).code == "AccessDenied"
    assert world.get(PATH, token=world.token(None, "User.Read.All")).status == 403


def test_connectors_stay_through_this_form(world: GraphWorld, token: str) -> None:
    made = world.call("POST", PATH, _order(world), token=token).body["id"]
    basic = {"@odata.type": "#microsoft.graph.basicAuthentication", "username": "u", "password": "p"}
    sent = {"displayName": "A", "targetUrl": "https://a.example/", "authenticationConfiguration": basic}
    connectors = world.token(None, "APIConnectors.ReadWrite.All")
    key = world.call("POST", "identity/apiConnectors", sent, token=connectors).body["id"]
    flows = world.token(None, "IdentityUserFlow.ReadWrite.All")
    reference = {"@odata.id": f"{ROOT}/identity/apiConnectors/{key}"}
    url = f"{FLOWS}/{made}/apiConnectorConfiguration/postAttributeCollection/$ref"
    assert world.call("PUT", url, reference, token=flows).status == 204
    change = {"description": "Changed"}
    assert world.call("PATCH", f"{PATH}/{made}", change, token=token).status == 204
    stored = _stored(world, made)
    assert (stored.description, stored.connectors) == ("Changed", {Hook.BEFORE_CREATION: key})
