"""The calls that the how-to page of self-service sign-up shows, made as shown, with the permissions it names."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.support.graph_calls import GraphWorld
from xenia.core.user_attributes import BUILT_IN_ATTRIBUTES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "self-service-sign-up.md"
CALL = re.compile(r"^graph (\w+) (\S+)(?: \\\n)?\s+'(.*?)'$", re.MULTILINE | re.DOTALL)
PERMISSIONS = re.compile(r"permissions\.application\s*=\s*\[(.*?)\]", re.DOTALL)


def test_they_make_a_flow_that_serves_an_app(world: GraphWorld) -> None:
    page = PAGE.read_text("utf-8")
    calls, named = CALL.findall(page), PERMISSIONS.search(page)
    assert len(calls) == len(re.findall(r"^graph [A-Z]", page, re.MULTILINE)) >= 4
    assert named is not None
    token = world.token(None, " ".join(re.findall(r'"([^"]+)"', named[1])))
    for method, path, text in calls:
        body = json.loads(text)
        if "appId" in body:
            body["appId"] = world.app.app_id
        answer = world.call(method, path, body, token=token)
        assert answer.status in (201, 204), (path, answer.body)
    with world.ports.store.read(world.tenant_id) as tx:
        assert tx.tenants.policies(world.tenant_id).self_service_sign_up is True
        flow = tx.user_flows.of_app(world.app.app_id)
    assert flow is not None
    assert flow.id == "B2X_1_Supplier"
    known = {attribute.id for attribute in BUILT_IN_ATTRIBUTES}
    assert flow.attributes
    assert {assignment.attribute_id for assignment in flow.attributes} <= known
