"""Every form of user flows, attributes and connectors, sent by people who may not: refused, and nothing changes."""

from __future__ import annotations

import json

import pytest

from tests.support.connector_server import connector_server
from tests.ui.portal.office import Desktop, Office
from tests.ui.portal.test_attributes_and_connectors import CONNECTORS, attribute, connector
from tests.ui.portal.test_user_flows import FLOW, HOME, make_flow, operator
from xenia.core.query import Query
from xenia.usecases.self_service.manage_api_connectors import list_connectors
from xenia.usecases.self_service.manage_user_attributes import list_attributes
from xenia.usecases.self_service.manage_user_flows import list_flows

ATTRIBUTES = "external-identities/user-attributes"
_CHANGES = {
    f"{HOME}/new": {"name": "mine"},
    f"{HOME}/{{flow}}": {"display_name": "Mine", "allowed": "no", "approval": "yes"},
    f"{HOME}/{{flow}}/delete": {},
    f"{HOME}/{{flow}}/identity-providers": {"row": "AADSignup-OAUTH"},
    f"{HOME}/{{flow}}/user-attributes": {"attribute": "city"},
    f"{HOME}/{{flow}}/page-layouts": {"organization_name": "Mine", "intro": ""},
    f"{HOME}/{{flow}}/applications": {"application": "{app}"},
    f"{HOME}/{{flow}}/applications/remove": {"application": "{app}"},
    f"{HOME}/{{flow}}/api-connectors": {"after_federation": "{connector}"},
    f"{HOME}/{{flow}}/languages": {"on": "en"},
    f"{HOME}/{{flow}}/languages/{{language}}": {"own-attributecollection-heading": "Mine"},
    f"{HOME}/{{flow}}/languages/{{language}}/{{page}}/upload": {"file": '{"LocalizedStrings": []}'},
    f"{HOME}/{{flow}}/run/remove-test-guests": {},
    f"{CONNECTORS}/new": {
        "display_name": "M",
        "target_url": "https://evil.example/",
        "authentication": "none",
    },
    f"{CONNECTORS}/{{connector}}": {"display_name": "Mine", "authentication": "none"},
    f"{CONNECTORS}/{{connector}}/certificate": {"certificate_password": ""},
    f"{CONNECTORS}/{{connector}}/certificate/remove": {"thumbprint": "00"},
    f"{CONNECTORS}/{{connector}}/delete": {},
    f"{CONNECTORS}/{{connector}}/test": {"sample": '{"email": "eva@fabrikam.example"}'},
    f"{ATTRIBUTES}/new": {"name": "Mine", "type": "string"},
    f"{ATTRIBUTES}/{{attribute}}": {"description": "Mine"},
    f"{ATTRIBUTES}/{{attribute}}/delete": {},
}
"""What each form would change, by its address."""
_SHOWS = {f"{HOME}/{{flow}}/preview"}
"""Sent like a form, and shown only."""


def routes(office: Office) -> set[str]:
    """Addresses of the portal's forms of this part, as the router knows them."""
    table = office.platform.router._map.map  # type: ignore[attr-defined]
    places = ("flow", "connector", "attribute", "language", "page")
    found = set()
    for rule in table.iter_rules():
        path = rule.rule.removeprefix("/admin/<tenant>/")
        if "POST" in (rule.methods or ()) and path.startswith((HOME, CONNECTORS, ATTRIBUTES)):
            for place in places:
                path = path.replace(f"<{place}>", f"{{{place}}}")
            found.add(path)
    return found


def everything(office: Office) -> tuple[object, ...]:
    """What is stored of it."""
    ports, actor = office.platform.ports, operator(office)
    with ports.store.read(actor.tenant_id) as tx:
        audits = len(tx.logs.list_audit(Query(limit=500)).items)
    flows, attributes = list_flows(ports, actor), list_attributes(ports, actor)
    return flows, attributes, list_connectors(ports, actor), audits


def token_of(desktop: Desktop) -> str:
    """The form token of whoever is signed in."""
    desktop.open()
    return dict(desktop.fields("/sign-out"))["form_token"]


def test_no_form_is_forgotten_here(office: Office) -> None:
    assert routes(office) == set(_CHANGES) | _SHOWS


@pytest.mark.parametrize("who", ["reader", "appadmin", "another tenant"])
def test_nothing_changes_for_whom_may_not(office: Office, who: str) -> None:
    with connector_server() as server:
        made = connector(office, server.url)
        make_flow(office)
        known = {
            "{flow}": FLOW,
            "{app}": office.platform.app.app_id,
            "{connector}": made.id,
            "{attribute}": attribute(office).id,
            "{language}": "el",
            "{page}": "attributecollection",
        }
        before = everything(office)
        desktop = office.sit(tenant=office.other) if who == "another tenant" else office.sit(who)
        token = token_of(desktop)
        for address, values in _CHANGES.items():
            path, sent = json.loads(json.dumps([address, values]))
            for name, value in known.items():
                path = path.replace(name, value)
                sent = {key: str(text).replace(name, value) for key, text in sent.items()}
            if who == "another tenant" and "{" not in address:
                continue
            answer = desktop.post(path, [("form_token", token), ("version", "0"), *sent.items()])
            assert answer.status in ((404,) if who == "another tenant" else (403,)), (address, answer.status)
        assert everything(office) == before
        assert not server.received
