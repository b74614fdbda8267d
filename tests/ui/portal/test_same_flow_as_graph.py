"""Portal and Graph write one and the same user flow: what each of them stored is compared as records."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.support.graph_calls import GraphWorld
from tests.ui.portal.office import Office
from tests.ui.portal.test_user_flows import HOME, stored
from xenia import graph
from xenia.core.directory.identity_provider import EMAIL_PASSCODE_PROVIDER_ID
from xenia.core.user_flow import UserFlow
from xenia.core.wording import LANGUAGES
from xenia.seed import apply_seed, read_seed
from xenia.web.routing import Router, Surface

PAGES = f"{HOME}/B2X_1_Partner"
GRAPH = "identity/b2xUserFlows/B2X_1_Partner"


def _graph_of(office: Office) -> GraphWorld:
    """The Graph API of the same server."""
    built = office.platform
    built.ports.keys.ensure()  # type: ignore[attr-defined]  # the real key ring of this platform
    surface = graph.routes(built.ports)
    router = Router([surface], Surface("none", (), surface.render_error))
    return GraphWorld(built.ports, built.clock, router, built.tenant, built.admin, built.app)


def _call(world: GraphWorld, method: str, url: str, body: object = None) -> Any:
    token = world.token(world.admin, "IdentityUserFlow.ReadWrite.All EventListener.ReadWrite.All")
    answer = world.call(method, url, body, token=token)
    assert answer.status < 300, answer.body
    return answer.body


def _by_portal(office: Office) -> UserFlow:
    desktop = office.sit()
    desktop.open(f"{HOME}/new")
    desktop.send("/new", name="Partner", provider=[EMAIL_PASSCODE_PROVIDER_ID], attribute=["city", "surname"])
    desktop.open(PAGES)
    desktop.send("/B2X_1_Partner", display_name="Partners of the north", allowed="no")
    desktop.open(f"{PAGES}/user-attributes")
    desktop.send("/user-attributes", {"label-city": "Town"}, move="down:city")
    unasked = {"hidden-city": "true", "passing-city": "true", "default-city": "Athens"}
    desktop.send("/user-attributes", {**unasked, "fixed-surname": "true"})
    desktop.open(f"{PAGES}/applications")
    desktop.send("/applications", application=office.platform.app.app_id)
    desktop.open(f"{PAGES}/languages")
    desktop.send("/languages", {"on": [name for name in LANGUAGES if name != "fr"]})
    desktop.open(f"{PAGES}/languages/el")
    desktop.send(
        "/languages/el",
        {
            "own-attributecollection-DisplayName-surname": "Επίθετο",
            "own-attributecollection-heading": "Ποιος είστε;",
            "own-idpselections-intro": "Γεια\nσας",
        },
    )
    return stored(office, "B2X_1_Partner")


def _by_graph(office: Office) -> UserFlow:
    world = _graph_of(office)
    order = {"id": "Partner", "identityProviders": [{"id": EMAIL_PASSCODE_PROVIDER_ID}]}
    _call(world, "POST", "identity/b2xUserFlows", order)
    for attribute, label in (("city", "Town"), ("surname", "Surname")):
        assignment = {"userAttribute": {"id": attribute}, "displayName": label, "userInputType": "textBox"}
        _call(world, "POST", f"{GRAPH}/userAttributeAssignments", {**assignment, "isOptional": True})
    order_of_page = {"newAssignmentOrder": {"order": ["surname", "city"]}}
    _call(world, "POST", f"{GRAPH}/userAttributeAssignments/setOrder", order_of_page)
    start = "#microsoft.graph.onInteractiveAuthFlowStartExternalUsersSelfServiceSignUp"
    names = {
        "displayName": "Partners of the north",
        "onInteractiveAuthFlowStart": {"@odata.type": start, "isSignUpAllowed": False},
        "onAttributeCollection": {
            "@odata.type": "#microsoft.graph.onAttributeCollectionExternalUsersSelfServiceSignUp",
            "attributeCollectionPage": {
                "views": [
                    {
                        "inputs": [
                            {"attribute": "surname", "editable": False},
                            {
                                "attribute": "city",
                                "hidden": True,
                                "writeToDirectory": False,
                                "defaultValue": "Athens",
                            },
                        ]
                    }
                ]
            },
        },
    }
    events = "identity/authenticationEventsFlows/B2X_1_Partner"
    _call(world, "PATCH", events, names)
    served = {"appId": office.platform.app.app_id}
    _call(world, "POST", f"{events}/conditions/applications/includeApplications", served)
    _call(world, "PUT", f"{GRAPH}/languages/fr", {"id": "fr", "isEnabled": False})
    element, claim = {"ElementType": "UxElement"}, {"ElementType": "ClaimType", "ElementId": "Surname"}
    for page, entries in (
        ("idpselections", [{**element, "StringId": "intro", "Value": "Γεια\r\nσας"}]),
        (
            "attributecollection",
            [
                {**element, "StringId": "heading", "Value": "Ποιος είστε;"},
                {**claim, "StringId": "DisplayName", "Value": "Επίθετο"},
            ],
        ),
    ):
        document = {"LocalizedStrings": [{**entry, "Override": True} for entry in entries]}
        _call(world, "PUT", f"{GRAPH}/languages/el/overridesPages/{page}/$value", document)
    return stored(office, "B2X_1_Partner")


def _by_seed(office: Office, folder: Path) -> UserFlow:
    tenant = office.platform.tenant
    file = folder / "seed.toml"
    file.write_text(f"""
[[tenant]]
id = "{tenant.id}"
name = "{tenant.display_name}"
short_name = "{tenant.initial_domain.partition(".")[0]}"
[[tenant.user_flow]]
name = "Partner"
display_name = "Partners of the north"
identity_providers = ["entra", "email"]
apps = ["{office.platform.app.app_id}"]
sign_up_allowed = false
[[tenant.user_flow.attribute]]
attribute = "Surname"
optional = true
editable = false
[[tenant.user_flow.attribute]]
attribute = "City"
label = "Town"
optional = true
hidden = true
stored = false
default = "Athens"
[[tenant.user_flow.language]]
language = "fr"
enabled = false
[[tenant.user_flow.language]]
language = "el"
create_account = {{ intro = "Γεια\\nσας" }}
add_details = {{ heading = "Ποιος είστε;" }}
[[tenant.user_flow.language.attribute]]
attribute = "Surname"
label = "Επίθετο"
""")
    apply_seed(office.platform.ports, read_seed(file))
    return stored(office, "B2X_1_Partner")


def test_portal_graph_and_seed_file_store_the_same(office: Office, tmp_path: Path) -> None:
    found = []
    for way in (_by_portal, _by_graph, lambda office: _by_seed(office, tmp_path)):
        found.append(replace(way(office), version=0))
        desktop = office.sit()
        desktop.open(f"{PAGES}/delete")
        desktop.send("/delete")
    assert found[1] == found[0]
    assert found[2] == replace(found[0], provider_ids=found[2].provider_ids)
    assert set(found[2].provider_ids) == set(found[0].provider_ids)


def test_own_texts_of_the_portal_are_in_the_files_of_graph(office: Office) -> None:
    assert [each.id for each in _by_portal(office).languages] == ["el", "fr"]
    told = _call(_graph_of(office), "GET", f"{GRAPH}/languages/el/overridesPages/attributecollection/$value")
    values = {(entry["ElementId"], entry["Value"]) for entry in told["LocalizedStrings"]}
    assert values == {("surname", "Επίθετο"), (None, "Ποιος είστε;")}


def test_what_one_writes_the_other_shows(office: Office) -> None:
    flow = _by_portal(office)
    told = _call(_graph_of(office), "GET", f"{GRAPH}?$expand=userAttributeAssignments")
    labels = [item["displayName"] for item in told["userAttributeAssignments"]]
    assert labels == [item.label for item in flow.attributes] == ["Surname", "Town"]
    _call(_graph_of(office), "PATCH", f"{GRAPH}/userAttributeAssignments/city", {"displayName": "Residence"})
    assert "Residence" in office.sit().open(f"{PAGES}/user-attributes").source
