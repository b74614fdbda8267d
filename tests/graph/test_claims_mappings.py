"""Claims mapping policies through the API: entered, assigned to service principals, taken away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.graph_calls import BASE, GraphWorld

PATH = "policies/claimsMappingPolicies"
SCOPES = "Policy.Read.All Policy.ReadWrite.ApplicationConfiguration Application.Read.All"


@pytest.fixture
def token(world: GraphWorld) -> str:
    return world.token(world.admin, SCOPES)


def _body(claim: str = "employee") -> dict[str, Any]:
    schema = [{"Source": "user", "ID": "employeeid", "JwtClaimType": claim}]
    policy = {"Version": 1, "IncludeBasicClaimSet": "true", "ClaimsSchema": schema}
    return {"displayName": "Mapping", "definition": [json.dumps({"ClaimsMappingPolicy": policy})]}


def test_made_assigned_read_changed_and_deleted(world: GraphWorld, token: str) -> None:
    made = world.call("POST", PATH, _body(), token=token)
    assert made.status == 201, made.body
    one = f"{PATH}/{made.body['id']}"
    principal = world.get(f"servicePrincipals(appId='{world.app.app_id}')", token=token).body["id"]
    relation = f"servicePrincipals/{principal}/claimsMappingPolicies"
    link = {"@odata.id": f"{BASE}/v1.0/{one}"}
    assert world.call("POST", f"{relation}/$ref", link, token=token).status == 204
    assert [each["id"] for each in world.get(relation, token=token).body["value"]] == [made.body["id"]]
    assert world.call("PATCH", one, _body("staff"), token=token).status == 204
    assert "staff" in world.get(one, token=token).body["definition"][0]
    assert "Update policy" in world.activities()
    away = f"{relation}/{made.body['id']}/$ref"
    assert world.call("DELETE", away, token=token).status == 204
    assert world.get(relation, token=token).body["value"] == []
    assert world.call("DELETE", one, token=token).status == 204
    assert world.get(one, token=token).status == 404


def test_restricted_claims_and_callers_without_the_right_are_refused(world: GraphWorld, token: str) -> None:
    refused = world.call("POST", PATH, _body("oid"), token=token)
    assert refused.status == 400
    assert "restricted" in refused.body["error"]["message"]
    reader = world.token(world.admin, "Policy.Read.All")
    assert world.call("POST", PATH, _body(), token=reader).status == 403
    member = world.token(world.add("mallory"), SCOPES)
    assert world.call("POST", PATH, _body(), token=member).status == 403
    assert world.get(PATH, token=token).body["value"] == []
