"""The admin consent workflow by Graph: its policy by PUT and PATCH, requests and who asks."""

from __future__ import annotations

from datetime import timedelta

from tests.support.graph_calls import GraphWorld
from xenia.core.consent_request import ConsentAsker, ConsentRequest

POLICY = "policies/adminConsentRequestPolicy"
REQUESTS = "identityGovernance/appConsent/appConsentRequests"


def test_the_policy_is_replaced_and_told(world: GraphWorld) -> None:
    assert world.get(POLICY).body["isEnabled"] is False
    body = {
        "isEnabled": True,
        "notifyReviewers": True,
        "remindersEnabled": False,
        "requestDurationInDays": 5,
        "reviewers": [{"query": f"/users/{world.admin.id}", "queryType": "MicrosoftGraph"}],
    }
    assert world.call("PUT", POLICY, body).status == 204
    told = world.get(POLICY).body
    assert (told["isEnabled"], told["remindersEnabled"], told["requestDurationInDays"]) == (True, False, 5)
    assert [each["query"] for each in told["reviewers"]] == [f"/users/{world.admin.id}"]
    assert told["version"] == 1
    assert world.call("PATCH", POLICY, {"isEnabled": False}).status == 204
    assert world.get(POLICY).body["reviewers"] != []


def test_a_policy_that_makes_no_sense_is_refused(world: GraphWorld) -> None:
    nobody = {"query": "/users/6f2d8b5e-0000-4000-8000-000000000000", "queryType": "MicrosoftGraph"}
    for body in (
        {"isEnabled": True},
        {"requestDurationInDays": 61},
        {"reviewers": [{"query": "/groups/1"}]},
        {"reviewers": [nobody]},
    ):
        assert world.call("PUT", POLICY, body).status == 400, body
    member = world.token(world.add("nina"))
    assert world.call("PATCH", POLICY, {"remindersEnabled": False}, token=member).status == 403
    # No other policy takes PUT.
    assert world.call("PUT", "policies/authorizationPolicy", {}).status == 405


def test_requests_are_told_to_those_who_may_review(world: GraphWorld) -> None:
    now = world.clock.now()
    nina = world.add("nina")
    asker = ConsentAsker(nina.id, "Nina", "nina@contoso.example", "For the plan", now)
    request = ConsentRequest(
        "6f2d8b5e-0000-4000-8000-000000000001",
        world.tenant_id,
        world.app.app_id,
        "Orders",
        ("openid",),
        (asker,),
        now,
        now + timedelta(days=3),
    )
    world.ports.store.write(world.tenant_id, lambda tx: tx.consent_requests.add(request))
    (told,) = world.get(REQUESTS).body["value"]
    assert (told["appId"], told["pendingScopes"]) == (world.app.app_id, [{"displayName": "openid"}])
    address = f"{REQUESTS}/{request.id}/userConsentRequests"
    (asked,) = world.get(address).body["value"]
    assert (asked["reason"], asked["status"]) == ("For the plan", "InProgress")
    assert asked["createdBy"]["user"]["id"] == nina.id
    world.later(timedelta(days=4))
    assert world.get(f"{address}/{nina.id}").body["status"] == "Expired"
    assert world.get(REQUESTS, token=world.token(nina)).status == 403
