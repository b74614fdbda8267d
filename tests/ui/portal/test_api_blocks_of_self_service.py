"""The "API call for this" of self-service sign-up, replayed against this server's Graph with the permission it names."""

from __future__ import annotations

import re
from dataclasses import replace as changed

import pytest

from tests.ui.portal.office import Office
from tests.ui.portal.test_api_blocks import replay
from tests.ui.portal.test_attributes_and_connectors import attribute, connector
from tests.ui.portal.test_identity_providers import make
from tests.ui.portal.test_user_flows import FLOW, NAMES, make_flow

HOME = "external-identities"
FLOWS = f"{HOME}/user-flows"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (FLOWS, 200),
        (f"{FLOWS}/new", 201),
        (f"{FLOWS}/{FLOW}", 200),
        (f"{FLOWS}/{FLOW}/identity-providers", 200),
        (f"{FLOWS}/{FLOW}/user-attributes", 204),
        (f"{FLOWS}/{FLOW}/page-layouts", 200),
        (f"{FLOWS}/{FLOW}/applications", 200),
        (f"{FLOWS}/{FLOW}/api-connectors", 200),
        (f"{HOME}/identity-providers", 200),
        (f"{HOME}/identity-providers?view=custom", 200),
        (f"{HOME}/identity-providers/configured/Google-OAUTH", 200),
        (f"{HOME}/identity-providers/new/facebook", 201),
        (f"{HOME}/identity-providers/new/openid-connect", 201),
        (f"{HOME}/user-attributes", 200),
        (f"{HOME}/user-attributes/new", 201),
        (f"{HOME}/user-attributes/ATTRIBUTE", 200),
        (f"{HOME}/api-connectors", 200),
        (f"{HOME}/api-connectors/new", 201),
        (f"{HOME}/api-connectors/CONNECTOR", 200),
    ],
)
def test_shown_calls_work_as_shown(office: Office, path: str, expected: int) -> None:
    make(office)
    made, asked = attribute(office), connector(office)
    make_flow(office, "suppliers", attributes=NAMES)
    page = office.sit().open(path.replace("ATTRIBUTE", made.id).replace("CONNECTOR", asked.id))
    assert page.status == 200
    if "API call for this" not in page.text:
        pytest.fail(f"{page.url} shows no call")
    # What only an administrator knows is a blank in braces.
    body = re.sub(rb"\{(secret|password)\}", b"s3cret of somebody", page.response.body)
    if path.endswith("user-flows/new"):
        body = body.replace(b"suppliers", b"drivers")
    if path.endswith("user-attributes/new"):
        body = body.replace(b"Supplier number", b"Badge")
    _, answer = replay(office, changed(page, response=changed(page.response, body=body)))
    assert answer.status == expected, answer.body


def test_call_of_the_switch_works_as_shown(office: Office) -> None:
    page = office.sit().open(f"{HOME}/collaboration-settings")
    assert "API call for self-service sign-up" in page.text
    block = page.source.split("API call for self-service sign-up")[1].split('<details class="api">')[0]
    block = block.replace("sign-up-api-1", "api-1")
    _, answer = replay(office, changed(page, response=changed(page.response, body=block.encode())))
    assert answer.status == 204, answer.body


@pytest.mark.parametrize(
    "path", [f"{HOME}/sign-up-requests", f"{FLOWS}/{FLOW}/run", f"{FLOWS}/{FLOW}/funnel"]
)
def test_nothing_is_promised_that_graph_does_not_serve(office: Office, path: str) -> None:
    make_flow(office)
    assert "API call for this" not in office.sit().open(path).text
