"""Token signing certificates of service principals through the API: made, taken into use, removed."""

from __future__ import annotations

import base64
from typing import Any

from cryptography import x509

from tests.support.graph_calls import BASE, GraphWorld
from xenia.core.directory.application import GRAPH_APP_ID


def _principal(world: GraphWorld, app_id: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = world.get(f"servicePrincipals(appId='{app_id or world.app.app_id}')").body
    return found


def _add(world: GraphWorld, principal_id: str, **body: Any) -> Any:
    path = f"servicePrincipals/{principal_id}/addTokenSigningCertificate"
    return world.call("POST", path, {"displayName": "CN=Orders", **body})


def test_a_certificate_is_made_and_told_without_its_private_key(world: GraphWorld) -> None:
    before = _principal(world)
    assert (before["keyCredentials"], before["preferredTokenSigningKeyThumbprint"]) == ([], None)
    made = _add(world, before["id"], endDateTime="2027-01-25T00:00:00Z")
    assert made.status == 200, made.body
    assert made.body["@odata.context"] == f"{BASE}/v1.0/$metadata#microsoft.graph.selfSignedCertificate"
    certificate = x509.load_der_x509_certificate(base64.b64decode(made.body["key"]))
    assert certificate.subject.rfc4514_string() == "CN=Orders"
    assert certificate.not_valid_after_utc.isoformat() == "2027-01-25T00:00:00+00:00"
    assert (made.body["type"], made.body["usage"]) == ("AsymmetricX509Cert", "Verify")
    after = _principal(world)
    assert after["preferredTokenSigningKeyThumbprint"] == made.body["thumbprint"]
    (told,) = after["keyCredentials"]
    assert (told["keyId"], told["usage"], told["key"]) == (made.body["keyId"], "Sign", None)
    assert told["customKeyIdentifier"] == made.body["thumbprint"]


def test_another_one_is_preferred_and_the_old_one_removed(world: GraphWorld) -> None:
    principal_id = _principal(world)["id"]
    first, second = (_add(world, principal_id).body for _ in range(2))
    path = f"servicePrincipals/{principal_id}"
    kept = {"keyCredentials": [{"keyId": second["keyId"]}]}
    refused = world.call("PATCH", path, kept)  # the one that signs stays
    assert refused.status == 409
    assert _principal(world)["preferredTokenSigningKeyThumbprint"] == first["thumbprint"]
    chosen = {"preferredTokenSigningKeyThumbprint": second["thumbprint"]}
    assert world.call("PATCH", path, chosen).status == 204
    assert world.call("PATCH", path, kept).status == 204
    after = _principal(world)
    assert after["preferredTokenSigningKeyThumbprint"] == second["thumbprint"]
    assert [key["keyId"] for key in after["keyCredentials"]] == [second["keyId"]]
    unknown = world.call("PATCH", path, {"preferredTokenSigningKeyThumbprint": first["thumbprint"]})
    assert unknown.status == 400


def test_keys_from_outside_foreign_apps_and_callers_without_the_right_are_refused(world: GraphWorld) -> None:
    principal_id = _principal(world)["id"]
    own = base64.b64encode(b"a private key of mine").decode()
    brought = {"keyCredentials": [{"type": "AsymmetricX509Cert", "usage": "Verify", "key": own}]}
    assert world.call("PATCH", f"servicePrincipals/{principal_id}", brought).status == 400
    assert _add(world, principal_id, displayName="").status == 400
    assert _add(world, principal_id, endDateTime="soon").status == 400
    assert _add(world, _principal(world, GRAPH_APP_ID)["id"]).status == 400
    assert _add(world, "11111111-2222-4333-8444-555555555555").status == 404
    path = f"servicePrincipals/{principal_id}/addTokenSigningCertificate"
    member = world.add("mallory")
    assert world.call("POST", path, {"displayName": "CN=x"}, token=world.token(member)).status == 403
    app = world.token(None, "Application.Read.All")
    assert world.call("POST", path, {"displayName": "CN=x"}, token=app).status == 403
    assert _principal(world)["keyCredentials"] == []


def test_an_app_asks_for_es256_by_the_addition_to_its_registration(world: GraphWorld) -> None:
    path = f"applications/{world.app.id}"
    assert world.get(path).body["idTokenSignedResponseAlg"] is None
    assert world.call("PATCH", path, {"idTokenSignedResponseAlg": "ES256"}).status == 204
    assert world.get(path).body["idTokenSignedResponseAlg"] == "ES256"
    assert world.call("PATCH", path, {"idTokenSignedResponseAlg": "none"}).status == 400
    assert world.get(path).body["idTokenSignedResponseAlg"] == "ES256"
