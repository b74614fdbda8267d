"""Token lifetime policies through the API: entered, assigned, and what tokens then live."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.graph_calls import BASE, GraphWorld
from xenia.core.query import Query

PATH = "policies/tokenLifetimePolicies"
SCOPES = "Policy.Read.All Policy.ReadWrite.ApplicationConfiguration Application.Read.All"


@pytest.fixture
def token(world: GraphWorld) -> str:
    return world.token(world.admin, SCOPES)


def _body(span: str = "02:00:00", **more: Any) -> dict[str, Any]:
    definition = json.dumps({"TokenLifetimePolicy": {"Version": 1, "AccessTokenLifetime": span}})
    return {"displayName": "Long", "definition": [definition], **more}


def test_made_read_changed_and_deleted(world: GraphWorld, token: str) -> None:
    made = world.call("POST", PATH, _body(isOrganizationDefault=True), token=token)
    assert made.status == 201, made.body
    assert made.body["definition"] == _body()["definition"]
    one = f"{PATH}/{made.body['id']}"
    assert world.get(one, token=token).body["isOrganizationDefault"] is True
    assert len(world.get(PATH, token=token).body["value"]) == 1
    assert world.call("PATCH", one, _body("00:30:00"), token=token).status == 204
    assert "00:30:00" in world.get(one, token=token).body["definition"][0]
    assert "Update policy" in world.activities()
    assert world.call("DELETE", one, token=token).status == 204
    assert world.get(one, token=token).status == 404


@pytest.mark.parametrize(
    "definition",
    [
        "no json",
        "[]",
        '{"TokenLifetimePolicy":{"Version":2,"AccessTokenLifetime":"02:00:00"}}',
        '{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":"00:09:59"}}',
        '{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":"1.00:00:01"}}',
        '{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":7200}}',
        '{"TokenLifetimePolicy":{"Version":1,"MaxAgeSessionSingleFactor":"02:00:00"}}',
    ],
)
def test_lifetimes_outside_of_ten_minutes_to_a_day_are_refused(
    world: GraphWorld, token: str, definition: str
) -> None:
    refused = world.call("POST", PATH, {"displayName": "x", "definition": [definition]}, token=token)
    assert refused.status == 400
    assert world.get(PATH, token=token).body["value"] == []
    for span in ("00:10:00", "1.00:00:00", "00:90:00"):
        assert world.call("POST", PATH, _body(span), token=token).status == 201


def test_one_default_and_one_policy_per_application(world: GraphWorld, token: str) -> None:
    first = world.call("POST", PATH, _body(isOrganizationDefault=True), token=token).body["id"]
    assert world.call("POST", PATH, _body(isOrganizationDefault=True), token=token).status == 409
    second = world.call("POST", PATH, _body("00:30:00"), token=token).body["id"]
    with world.ports.store.read(world.tenant_id) as tx:
        app = tx.applications.list(Query()).items[0]
    of_app = f"applications/{app.id}/tokenLifetimePolicies"

    def reference(policy: str) -> dict[str, str]:
        return {"@odata.id": f"{BASE}/v1.0/{PATH}/{policy}"}

    assert world.call("POST", f"{of_app}/$ref", reference(second), token=token).status == 204
    assert [one["id"] for one in world.get(of_app, token=token).body["value"]] == [second]
    assert world.call("POST", f"{of_app}/$ref", reference(first), token=token).status == 409
    nobody = "applications/00000000-0000-4000-8000-000000000000/tokenLifetimePolicies/$ref"
    assert world.call("POST", nobody, reference(second), token=token).status == 404
    reader = world.token(world.admin, "Policy.Read.All Application.Read.All")
    assert world.call("DELETE", f"{of_app}/{second}/$ref", token=reader).status == 403
    assert world.call("DELETE", f"{of_app}/{second}/$ref", token=token).status == 204
    assert world.get(of_app, token=token).body["value"] == []


def test_members_neither_read_nor_write_them(world: GraphWorld) -> None:
    member = world.add("olena")
    token = world.token(member, SCOPES)
    assert world.call("POST", PATH, _body(), token=token).status == 403
