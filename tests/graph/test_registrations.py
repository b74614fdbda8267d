"""App registrations through the API, whole: what an API exposes, claims, owners, certificates, the recycle bin."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.support.certificates import FAR_AHEAD, LONG_AGO
from tests.support.graph_calls import GraphWorld
from xenia.core.directory.application import GRAPH_APP_ID

SCOPES = "Application.ReadWrite.All User.Read.All User.DeleteRestore.All"
SCOPE_ID = "5f1f6c1c-0000-4000-8000-000000000001"
ROLE_ID = "5f1f6c1c-0000-4000-8000-000000000002"
CLIENT = "5f1f6c1c-0000-4000-8000-0000000000aa"
SCOPE = {
    "id": SCOPE_ID,
    "value": "orders.read",
    "type": "User",
    "isEnabled": True,
    "adminConsentDisplayName": "Read orders",
    "adminConsentDescription": "Reads all orders.",
    "userConsentDisplayName": "Read your orders",
    "userConsentDescription": None,
}
ROLE = {
    "id": ROLE_ID,
    "value": "Orders.Approve",
    "displayName": "Approver",
    "description": "Approves orders.",
    "allowedMemberTypes": ["User", "Application"],
    "isEnabled": True,
}


@pytest.fixture
def token(world: GraphWorld) -> str:
    return world.token(world.admin, SCOPES)


@pytest.fixture
def app(world: GraphWorld, token: str) -> dict[str, Any]:
    made = world.call("POST", "applications", {"displayName": "Orders API"}, token=token)
    assert made.status == 201, made.body
    return dict(made.body)


def _change(world: GraphWorld, token: str, app: dict[str, Any], **change: object) -> Any:
    return world.call("PATCH", f"applications/{app['id']}", change, token=token)


def _told(world: GraphWorld, token: str, app: dict[str, Any]) -> dict[str, Any]:
    return dict(world.get(f"applications/{app['id']}", token=token).body)


def test_a_new_registration_tells_every_property_with_its_default(app: dict[str, Any]):
    assert app["identifierUris"] == app["appRoles"] == app["requiredResourceAccess"] == app["tags"] == []
    assert app["passwordCredentials"] == app["keyCredentials"] == []
    assert app["api"] == {
        "acceptMappedClaims": None,
        "knownClientApplications": [],
        "oauth2PermissionScopes": [],
        "preAuthorizedApplications": [],
        "requestedAccessTokenVersion": None,
    }
    assert app["optionalClaims"] is None
    assert app["groupMembershipClaims"] is None
    assert app["deletedDateTime"] is None
    assert app["signInAudience"] == "AzureADMyOrg"
    assert app["publisherDomain"].endswith(".onxenia.localhost")
    assert app["verifiedPublisher"] == {
        "displayName": None,
        "verifiedPublisherId": None,
        "addedDateTime": None,
    }


def test_everything_may_be_said_at_creation(world: GraphWorld, token: str):
    order = {
        "displayName": "Orders API",
        "signInAudience": "AzureADMultipleOrgs",
        "api": {"oauth2PermissionScopes": [SCOPE], "requestedAccessTokenVersion": 2},
        "appRoles": [ROLE],
        "groupMembershipClaims": "SecurityGroup, DirectoryRole",
        "optionalClaims": {"idToken": [{"name": "email", "essential": True}]},
        "info": {"supportUrl": "https://orders.example/help", "marketingUrl": "https://orders.example/"},
        "notes": "Owned by sales",
        "tags": ["sales"],
        "requiredResourceAccess": [
            {
                "resourceAppId": GRAPH_APP_ID,
                "resourceAccess": [{"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}],
            }
        ],
    }
    made = world.call("POST", "applications", order, token=token)
    assert made.status == 201, made.body
    for name in ("groupMembershipClaims", "notes", "tags", "signInAudience", "requiredResourceAccess"):
        assert made.body[name] == order[name]
    assert made.body["api"]["oauth2PermissionScopes"] == [SCOPE]
    assert made.body["appRoles"] == [{**ROLE, "origin": "Application"}]
    assert made.body["info"]["supportUrl"] == "https://orders.example/help"
    assert made.body["optionalClaims"]["idToken"] == [
        {"name": "email", "source": None, "essential": True, "additionalProperties": []}
    ]


def test_members_of_structures_that_are_not_given_stay(world: GraphWorld, token: str, app: dict[str, Any]):
    assert _change(world, token, app, api={"oauth2PermissionScopes": [SCOPE]}).status == 204
    assert _change(world, token, app, api={"requestedAccessTokenVersion": 2}).status == 204
    clients = [{"appId": CLIENT, "delegatedPermissionIds": [SCOPE_ID]}]
    assert _change(world, token, app, api={"preAuthorizedApplications": clients}).status == 204
    assert _change(world, token, app, api={"knownClientApplications": [CLIENT]}).status == 204
    assert _change(world, token, app, optionalClaims={"accessToken": [{"name": "acct"}]}).status == 204
    assert _change(world, token, app, optionalClaims={"idToken": [{"name": "email"}]}).status == 204
    told = _told(world, token, app)
    assert told["api"]["oauth2PermissionScopes"] == [SCOPE]
    assert told["api"]["requestedAccessTokenVersion"] == 2
    assert told["api"]["preAuthorizedApplications"] == clients
    assert told["api"]["knownClientApplications"] == [CLIENT]
    assert [each["name"] for each in told["optionalClaims"]["accessToken"]] == ["acct"]
    assert [each["name"] for each in told["optionalClaims"]["idToken"]] == ["email"]
    assert _change(world, token, app, optionalClaims=None).status == 204
    assert _told(world, token, app)["optionalClaims"] is None


def test_what_was_read_can_be_sent_back(world: GraphWorld, token: str, app: dict[str, Any]):
    assert _change(world, token, app, appRoles=[ROLE], api={"oauth2PermissionScopes": [SCOPE]}).status == 204
    told = _told(world, token, app)
    for name in (
        "appRoles",
        "api",
        "web",
        "spa",
        "publicClient",
        "info",
        "requiredResourceAccess",
        "keyCredentials",
    ):
        answer = _change(world, token, app, **{name: told[name]})
        assert answer.status == 204, (name, answer.body)
    assert _told(world, token, app) == told


@pytest.mark.parametrize(
    ("kind", "given"),
    [("role", {"appRoles": [ROLE]}), ("scope", {"api": {"oauth2PermissionScopes": [SCOPE]}})],
)
def test_scopes_and_roles_are_disabled_before_they_are_removed(
    world: GraphWorld, token: str, app: dict[str, Any], kind: str, given: dict[str, Any]
):
    assert _change(world, token, app, **given).status == 204
    empty = {"appRoles": []} if kind == "role" else {"api": {"oauth2PermissionScopes": []}}
    refused = _change(world, token, app, **empty)
    assert (refused.status, refused.code) == (400, "CannotDeleteOrUpdateEnabledEntitlement")
    disabled = (
        {"appRoles": [{**ROLE, "isEnabled": False}]}
        if kind == "role"
        else {"api": {"oauth2PermissionScopes": [{**SCOPE, "isEnabled": False}]}}
    )
    assert _change(world, token, app, **disabled).status == 204
    assert _change(world, token, app, **empty).status == 204


@pytest.mark.parametrize(
    "change",
    [
        {"api": {"oauth2PermissionScopes": [{**SCOPE, "value": "two words"}]}},
        {"api": {"oauth2PermissionScopes": [{**SCOPE, "value": ""}]}},
        {"api": {"oauth2PermissionScopes": [{**SCOPE, "value": ".dot"}]}},
        {"api": {"oauth2PermissionScopes": [{**SCOPE, "value": "x" * 121}]}},
        {"api": {"oauth2PermissionScopes": [{**SCOPE, "id": "none"}]}},
        {"api": {"oauth2PermissionScopes": [{**SCOPE, "type": "Guest"}]}},
        {"api": {"oauth2PermissionScopes": [{**SCOPE, "adminConsentDisplayName": ""}]}},
        {"api": {"oauth2PermissionScopes": [SCOPE, {**SCOPE, "id": ROLE_ID}]}},
        {"api": {"oauth2PermissionScopes": [SCOPE, {**SCOPE, "value": "other"}]}},
        {"api": {"requestedAccessTokenVersion": 3}},
        {"api": {"knownClientApplications": ["none"]}},
        {"api": {"preAuthorizedApplications": [{"appId": CLIENT, "delegatedPermissionIds": [SCOPE_ID]}]}},
        {"appRoles": [{**ROLE, "allowedMemberTypes": []}]},
        {"appRoles": [{**ROLE, "allowedMemberTypes": ["Device"]}]},
        {"appRoles": [{**ROLE, "value": "a b"}]},
        {"appRoles": [{**ROLE, "displayName": ""}]},
        {"identifierUris": ["api://GUID-OF-NOBODY/"]},
        {"identifierUris": [f"api://{CLIENT}"]},
        {"identifierUris": ["https://graph.microsoft.com"]},
        {"identifierUris": ["https://victim.example/api"]},
        {"identifierUris": ["http://contoso.onxenia.localhost/api"]},
        {"identifierUris": ["urn:orders"]},
        {"identifierUris": ["api://orders", "api://ORDERS"]},
        {"groupMembershipClaims": "Everything"},
        {"groupMembershipClaims": "None,All"},
        {"optionalClaims": {"idToken": [{"essential": True}]}},
        {"optionalClaims": {"idToken": [{"name": "email"}, {"name": "email"}]}},
        {"optionalClaims": {"idToken": [{"name": "email", "source": "device"}]}},
        {"optionalClaims": {"idToken": [{"name": "idtyp"}]}},
        {"optionalClaims": {"idToken": [{"name": "upn", "additionalProperties": ["use_guid"]}]}},
        {"signInAudience": "PersonalMicrosoftAccount"},
        {"signInAudience": "AzureADandPersonalMicrosoftAccount"},
        {"tags": [""]},
        {
            "requiredResourceAccess": [
                {"resourceAppId": CLIENT, "resourceAccess": [{"id": ROLE_ID, "type": "Role"}]}
            ]
        },
        {"info": {"marketingUrl": "javascript:alert(1)"}},
        {"passwordCredentials": []},
    ],
)
def test_what_may_not_be_stored_changes_nothing(
    world: GraphWorld, token: str, app: dict[str, Any], change: dict[str, Any]
):
    before = _told(world, token, app)
    refused = _change(world, token, app, displayName="Half done", **change)
    assert (refused.status, refused.code) == (400, "Request_BadRequest"), refused.body
    assert _told(world, token, app) == before


def test_identifier_uris_are_found_and_belong_to_one_app(world: GraphWorld, token: str, app: dict[str, Any]):
    own = [f"api://{app['appId']}", "https://api.contoso.onxenia.localhost/orders", "api://orders.contoso"]
    assert _change(world, token, app, identifierUris=own).status == 204
    found = world.get("applications?$filter=identifierUris/any(x:x eq 'api://orders.contoso')", token=token)
    assert [each["appId"] for each in found.body["value"]] == [app["appId"]]
    other = world.call(
        "POST", "applications", {"displayName": "Other", "identifierUris": own[2:]}, token=token
    )
    assert (other.status, other.code) == (400, "Request_BadRequest")
    assert "same value for property identifierUris already exists" in other.body["error"]["message"]


def test_a_disclosed_audience_needs_version_two_for_personal_accounts(
    world: GraphWorld, token: str, app: dict[str, Any]
):
    wide = {"signInAudience": "AzureADandPersonalMicrosoftAccount", "api": {"requestedAccessTokenVersion": 2}}
    assert _change(world, token, app, **wide).status == 204
    assert _change(world, token, app, api={"requestedAccessTokenVersion": 1}).status == 400
    query = {"web": {"redirectUris": ["https://orders.example/in?x=1"]}}
    assert _change(world, token, app, **query).status == 400
    assert _change(world, token, app, signInAudience="AzureADMyOrg", **query).status == 204


def test_owners_by_reference(world: GraphWorld, token: str, app: dict[str, Any]):
    member = world.add("olena")
    url = f"applications/{app['id']}/owners"
    reference = {"@odata.id": f"https://localhost/v1.0/directoryObjects/{member.id}"}
    assert world.call("POST", f"{url}/$ref", reference, token=token).status == 204
    again = world.call("POST", f"{url}/$ref", reference, token=token)
    assert (again.status, again.code) == (400, "Request_BadRequest")
    owners = world.get(url, token=token).body["value"]
    assert {each["id"] for each in owners} == {world.admin.id, member.id}
    assert {each["@odata.type"] for each in owners} == {"#microsoft.graph.user"}
    own = world.token(member, SCOPES)
    assert _change(world, own, app, displayName="Mine now").status == 204
    assert world.call("DELETE", f"{url}/{world.admin.id}/$ref", token=own).status == 204
    assert world.call("DELETE", f"{url}/{member.id}/$ref", token=own).status == 400  # the last one
    assert world.call("DELETE", f"{url}/{member.id}/$ref", token=token).status == 204
    assert world.call("DELETE", f"{url}/{member.id}/$ref", token=token).status == 404
    assert _change(world, own, app, displayName="Mine").status == 403


def test_federated_credentials(world: GraphWorld, token: str, app: dict[str, Any]):
    url = f"applications/{app['id']}/federatedIdentityCredentials"
    wanted = {
        "name": "gh",
        "issuer": "https://token.actions.githubusercontent.com",
        "subject": "repo:o/r:ref:refs/heads/main",
        "audiences": ["api://AzureADTokenExchange"],
        "description": None,
    }
    refused = world.call("POST", url, wanted, token=token)
    assert (refused.status, refused.code) == (400, "Request_BadRequest")  # three characters at least
    wanted["name"] = "github"
    made = world.call("POST", url, wanted, token=token)
    assert made.status == 201, made.body
    assert {name: made.body[name] for name in wanted} == wanted
    again = world.call("POST", url, wanted, token=token)
    assert (again.status, again.code) == (409, "Request_MultipleObjectsWithSameKeyValue")
    by_app_id = f"applications(appId='{app['appId']}')/federatedIdentityCredentials"
    assert [each["name"] for each in world.get(by_app_id, token=token).body["value"]] == ["github"]
    for key in (made.body["id"], "github"):
        assert world.get(f"{url}/{key}", token=token).body["subject"] == wanted["subject"]
    assert (
        world.call("PATCH", f"{url}/github", {"subject": "repo:o/r:pull_request"}, token=token).status == 204
    )
    assert world.call("PATCH", f"{url}/github", {"name": "other"}, token=token).status == 400
    assert world.get(f"{url}/github", token=token).body["subject"] == "repo:o/r:pull_request"
    assert world.call("DELETE", f"{url}/github", token=token).status == 204
    assert world.get(f"{url}/github", token=token).status == 404
    stranger = world.token(world.add("maria", guest=True), SCOPES)
    assert world.call("POST", url, wanted, token=stranger).status == 403


def test_deleted_registrations_are_listed_restored_and_purged(
    world: GraphWorld, token: str, app: dict[str, Any]
):
    world.call("POST", "servicePrincipals", {"appId": app["appId"]}, token=token)
    assert world.call("DELETE", f"applications/{app['id']}", token=token).status == 204
    assert world.get(f"servicePrincipals(appId='{app['appId']}')", token=token).status == 404
    listed = world.get("directory/deletedItems/microsoft.graph.application", token=token).body["value"]
    assert [each["id"] for each in listed] == [app["id"]]
    item = world.get(f"directory/deletedItems/{app['id']}", token=token).body
    assert item["@odata.type"] == "#microsoft.graph.application"
    assert item["deletedDateTime"] is not None
    restored = world.call("POST", f"directory/deletedItems/{app['id']}/restore", {}, token=token)
    assert (restored.status, restored.body["appId"]) == (200, app["appId"])
    assert restored.body["@odata.type"] == "#microsoft.graph.application"
    assert world.get(f"servicePrincipals(appId='{app['appId']}')", token=token).status == 200
    assert world.call("POST", f"directory/deletedItems/{app['id']}/restore", {}, token=token).status == 404
    world.call("DELETE", f"applications/{app['id']}", token=token)
    stranger = world.token(world.add("olena"), SCOPES)
    assert world.call("DELETE", f"directory/deletedItems/{app['id']}", token=stranger).status == 403
    assert world.call("DELETE", f"directory/deletedItems/{app['id']}", token=token).status == 204
    assert world.get(f"directory/deletedItems/{app['id']}", token=token).status == 404


def test_service_principals_are_made_once_and_tell_what_their_app_exposes(
    world: GraphWorld, token: str, app: dict[str, Any]
):
    _change(world, token, app, appRoles=[ROLE], api={"oauth2PermissionScopes": [SCOPE]})
    made = world.call("POST", "servicePrincipals", {"appId": app["appId"]}, token=token)
    assert made.status == 201, made.body
    assert made.body["appRoles"] == [{**ROLE, "origin": "Application"}]
    assert made.body["oauth2PermissionScopes"] == [SCOPE]
    assert made.body["signInAudience"] == "AzureADMyOrg"
    assert made.body["appOwnerOrganizationId"] == world.tenant.id
    again = world.call("POST", "servicePrincipals", {"appId": app["appId"]}, token=token)
    assert (again.status, again.code) == (409, "Request_MultipleObjectsWithSameKeyValue")
    unknown = world.call("POST", "servicePrincipals", {"appId": CLIENT}, token=token)
    assert (unknown.status, unknown.code) == (400, "Request_BadRequest")
    assert "does not reference a valid application object" in unknown.body["error"]["message"]
    assert world.call("POST", "servicePrincipals", {}, token=token).status == 400


def _signer(name: str) -> tuple[rsa.RSAPrivateKey, bytes]:
    """A key with its certificate (DER)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(LONG_AGO)
        .not_valid_after(FAR_AHEAD)
        .sign(key, hashes.SHA256())
    )
    return key, certificate.public_bytes(Encoding.DER)


def _proof(world: GraphWorld, app: dict[str, Any], key: rsa.RSAPrivateKey, **changes: object) -> str:
    now = int(world.ports.clock.now().timestamp())
    claims = {
        "aud": "00000002-0000-0000-c000-000000000000",
        "iss": app["id"],
        "nbf": now,
        "exp": now + 600,
        **changes,
    }
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return str(jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(pem)))


def _credential(der: bytes, **more: str) -> dict[str, str]:
    return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.b64encode(der).decode(), **more}


def test_certificates_are_replaced_as_a_list(world: GraphWorld, token: str, app: dict[str, Any]):
    (_, first), (_, second) = _signer("first"), _signer("second")
    sent = [_credential(first, displayName="First")]
    assert _change(world, token, app, keyCredentials=sent).status == 204
    (held,) = _told(world, token, app)["keyCredentials"]
    assert (held["displayName"], held["key"], held["usage"]) == ("First", None, "Verify")
    assert held["customKeyIdentifier"] == hashlib.sha1(first, usedforsecurity=False).hexdigest().upper()
    both = [held, _credential(second)]
    assert _change(world, token, app, keyCredentials=both).status == 204
    assert held["keyId"] in {each["keyId"] for each in _told(world, token, app)["keyCredentials"]}
    assert len(_told(world, token, app)["keyCredentials"]) == 2
    for wrong in (
        [{"keyId": SCOPE_ID}],
        [_credential(b"no certificate")],
        [{**held, "type": "X509CertAndPassword"}],
    ):
        assert _change(world, token, app, keyCredentials=wrong).status == 400
    assert _change(world, token, app, keyCredentials=[]).status == 204
    assert _told(world, token, app)["keyCredentials"] == []


def test_a_key_is_added_and_removed_by_proof_of_one_that_is_there(
    world: GraphWorld, token: str, app: dict[str, Any]
):
    (key, first), (_, second), (stranger, _) = _signer("first"), _signer("second"), _signer("stranger")
    _change(world, token, app, keyCredentials=[_credential(first)])
    url = f"applications/{app['id']}"
    now = int(world.ports.clock.now().timestamp())

    def add(proof: str) -> Any:
        body = {"keyCredential": _credential(second), "passwordCredential": None, "proof": proof}
        return world.call("POST", f"{url}/addKey", body, token=token)

    for proof in (
        "",
        "a.b.c",
        _proof(world, app, stranger),
        _proof(world, app, key, iss=app["appId"]),
        _proof(world, app, key, aud="https://elsewhere.example"),
        _proof(world, app, key, exp=now + 3600),
        _proof(world, app, key, nbf=now - 1200, exp=now - 700),
        _proof(world, app, key, nbf=now + 3000, exp=now + 3500),
        _proof(world, app, key, exp=None),
    ):
        assert add(proof).status == 403
    made = add(_proof(world, app, key))
    assert made.status == 200, made.body
    assert len(_told(world, token, app)["keyCredentials"]) == 2
    removal = {"keyId": made.body["keyId"], "proof": _proof(world, app, stranger)}
    assert world.call("POST", f"{url}/removeKey", removal, token=token).status == 403
    removal["proof"] = _proof(world, app, key)
    assert world.call("POST", f"{url}/removeKey", removal, token=token).status == 204
    assert world.call("POST", f"{url}/removeKey", removal, token=token).status == 404


def test_a_secret_is_listed_without_its_text_and_lasts_two_years(
    world: GraphWorld, token: str, app: dict[str, Any]
):
    made = world.call("POST", f"applications/{app['id']}/addPassword", {}, token=token)
    assert made.status == 200, made.body
    (told,) = _told(world, token, app)["passwordCredentials"]
    assert told == {**{name: made.body[name] for name in told}, "secretText": None}
    start, end = (datetime.fromisoformat(told[name]) for name in ("startDateTime", "endDateTime"))
    assert (end - start).days == 730
