"""Identity providers through the API: kinds, masked secrets, what stays as it is, who may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.graph_calls import BASE, GraphWorld
from xenia.core.directory.roles import (
    EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR,
    GLOBAL_READER,
    USER_FLOW_ADMINISTRATOR,
)

PATH = "identity/identityProviders"
SCOPES = "IdentityProvider.ReadWrite.All"
GOOGLE = {
    "@odata.type": "microsoft.graph.socialIdentityProvider",
    "displayName": "Login with Google",
    "identityProviderType": "Google",
    "clientId": "4711.apps.googleusercontent.example",
    "clientSecret": "s3cr3t-of-google",
}
OPENID_CONNECT: dict[str, Any] = {
    "@odata.type": "#microsoft.graph.oidcIdentityProvider",
    "displayName": "Woodgrove",
    "clientId": "xenia-at-woodgrove",
    "issuer": "https://id.woodgrove.example",
    "wellKnownEndpoint": "https://id.woodgrove.example/.well-known/openid-configuration",
    "responseType": "code",
    "scope": "openid profile email",
    "clientAuthentication": {
        "@odata.type": "#microsoft.graph.oidcClientSecretAuthentication",
        "clientSecret": "s3cr3t-of-woodgrove",
    },
    "inboundClaimMapping": {"sub": "sub", "family_name": "last", "address": {"locality": "town"}},
}


@pytest.fixture
def token(world: GraphWorld) -> str:
    """The administrator's, with the documented permission alone."""
    return world.token(world.admin, SCOPES)


def test_built_in_providers_come_first(world: GraphWorld, token: str) -> None:
    answer = world.get(PATH, token=token)
    assert answer.status == 200, answer.body
    assert answer.body["@odata.context"] == f"{BASE}/v1.0/$metadata#identity/identityProviders"
    assert answer.body["value"][0] == {
        "@odata.type": "#microsoft.graph.builtInIdentityProvider",
        "id": "AADSignup-OAUTH",
        "displayName": "Directory Sign up",
        "identityProviderType": "AADSignup",
    }
    assert [item["id"] for item in answer.body["value"]] == [
        "AADSignup-OAUTH",
        "EmailOtpSignup-OAUTH",
        "MSASignup-OAUTH",
    ]
    beta = world.get(f"{BASE}/beta/{PATH}/EmailOtpSignup-OAUTH", token=token).body
    assert beta["@odata.context"] == f"{BASE}/beta/$metadata#identity/identityProviders/$entity"
    assert beta["identityProviderType"] == "EmailOTP"
    assert world.get(f"{PATH}/$count", token=token).body == "3"


@pytest.mark.parametrize(
    "form", ["availableProviderTypes()", "availableProviderTypes", "microsoft.graph.availableProviderTypes()"]
)
def test_which_types_there_are(world: GraphWorld, token: str, form: str) -> None:
    answer = world.get(f"{PATH}/{form}", token=token)
    assert answer.body == {
        "@odata.context": f"{BASE}/v1.0/$metadata#Collection(Edm.String)",
        "value": ["AADSignup", "Google", "Facebook", "EmailOTP", "MicrosoftAccount"],
    }
    wrong = world.call("POST", f"{PATH}/{form}", {}, token=token)
    assert (wrong.status, wrong.header("Allow")) == (405, "GET")


def test_a_social_provider_is_set_up_changed_and_removed(world: GraphWorld, token: str) -> None:
    made = world.call("POST", PATH, GOOGLE, token=token)
    assert made.status == 201, made.body
    assert made.header("Location") == f"{BASE}/v1.0/{PATH}/Google-OAUTH"
    assert made.body == {
        "@odata.context": f"{BASE}/v1.0/$metadata#identity/identityProviders/$entity",
        "@odata.type": "#microsoft.graph.socialIdentityProvider",
        "id": "Google-OAUTH",
        "displayName": "Login with Google",
        "identityProviderType": "Google",
        "clientId": "4711.apps.googleusercontent.example",
        "clientSecret": "******",
    }
    again = world.call("POST", PATH, GOOGLE, token=token)
    assert (again.status, again.code) == (409, "Conflict")
    change = {"@odata.type": "#microsoft.graph.socialIdentityProvider", "clientSecret": "another-s3cr3t"}
    assert world.call("PATCH", f"{PATH}/Google-OAUTH", change, token=token).status == 204
    before = _stored(world, "Google-OAUTH").sealed_secret
    read_back = {"displayName": "Google", "clientSecret": "******"}
    assert world.call("PATCH", f"{PATH}/Google-OAUTH", read_back, token=token).status == 204
    assert _stored(world, "Google-OAUTH").sealed_secret == before
    assert world.ports.sealer.open(before, "identity-provider") == b"another-s3cr3t"
    assert world.get(f"{PATH}/Google-OAUTH", token=token).body["displayName"] == "Google"
    assert world.call("DELETE", f"{PATH}/Google-OAUTH", token=token).status == 204
    gone = world.get(f"{PATH}/Google-OAUTH", token=token)
    assert (gone.status, gone.code) == (404, "ResourceNotFound")
    assert sorted(found for found in world.activities() if "identity provider" in found) == [
        "Create identity provider",
        "Delete identity provider",
        "Update identity provider",
        "Update identity provider",
    ]


def test_an_openid_connect_provider(world: GraphWorld, token: str) -> None:
    made = world.call("POST", PATH, OPENID_CONNECT, token=token)
    assert made.status == 201, made.body
    assert made.body["@odata.type"] == "#microsoft.graph.oidcIdentityProvider"
    assert made.body["clientAuthentication"] == {
        "@odata.type": "#microsoft.graph.oidcClientSecretAuthentication",
        "clientSecret": "******",
    }
    mapping = made.body["inboundClaimMapping"]
    assert (mapping["sub"], mapping["family_name"], mapping["given_name"]) == ("sub", "last", "given_name")
    assert mapping["address"] == {
        "street_address": "street_address",
        "locality": "town",
        "region": "region",
        "postal_code": "postal_code",
        "country": "country",
    }
    url = f"{PATH}/{made.body['id']}"
    change = {"inboundClaimMapping": {"family_name": None}, "scope": "openid email", "clientSecret": "x"}
    assert world.call("PATCH", url, change, token=token).status == 204
    told = world.get(url, token=token).body
    assert (told["inboundClaimMapping"]["family_name"], told["scope"]) == ("family_name", "openid email")
    assert told["inboundClaimMapping"]["address"]["locality"] == "town"
    chosen = world.get(f"{url}?$select=issuer", token=token).body
    assert set(chosen) == {"@odata.context", "@odata.type", "issuer"}


@pytest.mark.parametrize(
    "change",
    [
        {"@odata.type": "#microsoft.graph.appleManagedIdentityProvider"},
        {"@odata.type": "#microsoft.graph.builtInIdentityProvider", "identityProviderType": "EmailOTP"},
        {"@odata.type": None},
        {"identityProviderType": "Twitter"},
        {"clientId": ""},
        {"clientSecret": "******"},
        {"issuer": "https://accounts.google.com"},
        {"unknown": 1},
        {"clientId": 4711},
    ],
)
def test_wrong_social_providers_are_refused(world: GraphWorld, token: str, change: dict[str, object]) -> None:
    sent = {name: value for name, value in {**GOOGLE, **change}.items() if value is not None}
    if "builtIn" in str(change):
        sent = {**change}
    answer = world.call("POST", PATH, sent, token=token)
    assert (answer.status, answer.code) == (400, "BadRequest"), answer.body
    assert len(world.get(PATH, token=token).body["value"]) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"responseType": "id_token"},
        {"scope": "profile"},
        {"issuer": f"{BASE}/common/v2.0"},
        {"issuer": "http://id.woodgrove.example"},
        {"wellKnownEndpoint": "file:///etc/passwd"},
        {"inboundClaimMapping": {"sub": "email"}},
        {"clientAuthentication": {"clientSecret": "untyped"}},
        {"clientAuthentication": {"@odata.type": "#microsoft.graph.basicAuthentication"}},
        {"clientAuthentication": None},
    ],
)
def test_wrong_openid_connect_providers_are_refused(
    world: GraphWorld, token: str, change: dict[str, object]
) -> None:
    answer = world.call("POST", PATH, {**OPENID_CONNECT, **change}, token=token)
    assert (answer.status, answer.code) == (400, "BadRequest"), answer.body


def test_what_is_built_in_stays(world: GraphWorld, token: str) -> None:
    for key in ("AADSignup-OAUTH", "EmailOtpSignup-OAUTH", "MSASignup-OAUTH"):
        assert world.call("DELETE", f"{PATH}/{key}", token=token).status == 400
    renamed = world.call("PATCH", f"{PATH}/AADSignup-OAUTH", {"displayName": "x"}, token=token)
    assert renamed.status == 400
    world.call("POST", PATH, GOOGLE, token=token)
    other = {"@odata.type": "#microsoft.graph.oidcIdentityProvider", "displayName": "x"}
    assert world.call("PATCH", f"{PATH}/Google-OAUTH", other, token=token).status == 400
    kind = {"identityProviderType": "Facebook"}
    assert world.call("PATCH", f"{PATH}/Google-OAUTH", kind, token=token).status == 400


def test_the_client_of_microsoft_accounts_is_entered_in_their_own_provider(
    world: GraphWorld, token: str
) -> None:
    client = {"clientId": "0d0f3a3e-5c1d-4b7a-8a35-8f8b0f0c7e24", "clientSecret": "s3cr3t-of-msa"}
    assert world.call("PATCH", f"{PATH}/MSASignup-OAUTH", client, token=token).status == 204
    assert _stored(world, "MSASignup-OAUTH").client_id == client["clientId"]
    told = world.get(f"{PATH}/MSASignup-OAUTH", token=token).body
    assert told["@odata.type"] == "#microsoft.graph.builtInIdentityProvider"
    assert "clientSecret" not in told
    refused = world.call("PATCH", f"{PATH}/EmailOtpSignup-OAUTH", client, token=token)
    assert (refused.status, refused.code) == (400, "BadRequest")


def test_the_older_form_shows_the_same_providers(world: GraphWorld, token: str) -> None:
    sent = {"type": "Facebook", "name": "Facebook", "clientId": "1234567890", "clientSecret": "s3cr3t"}
    made = world.call("POST", "identityProviders", sent, token=token)
    assert made.status == 201, made.body
    assert made.body == {
        "@odata.context": f"{BASE}/v1.0/$metadata#identityProviders/$entity",
        "id": "Facebook-OAUTH",
        **sent,
        "clientSecret": "******",
    }
    told = world.get(f"{PATH}/Facebook-OAUTH", token=token).body
    assert (told["identityProviderType"], told["clientId"]) == ("Facebook", "1234567890")
    assert world.call("PATCH", "identityProviders/Facebook-OAUTH", {"name": "F"}, token=token).status == 204
    assert world.get(f"{PATH}/Facebook-OAUTH", token=token).body["displayName"] == "F"
    assert world.call("DELETE", "identityProviders/Facebook-OAUTH", token=token).status == 204


def test_who_may(world: GraphWorld) -> None:
    for role, status in ((EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR, 201), (USER_FLOW_ADMINISTRATOR, 403)):
        person = world.add(f"p{status}", role)
        assert world.call("POST", PATH, GOOGLE, token=world.token(person, SCOPES)).status == status
    reader = world.token(world.add("reader", GLOBAL_READER), SCOPES)
    assert world.get(PATH, token=reader).status == 200
    assert world.call("DELETE", f"{PATH}/Google-OAUTH", token=reader).status == 403
    for person in (world.add("olena"), world.add("maria", guest=True)):
        answer = world.get(PATH, token=world.token(person, SCOPES))
        assert (answer.status, answer.code) == (403, "AccessDenied")
    app = world.token(None, "IdentityProvider.Read.All")
    assert world.get(PATH, token=app).status == 200
    refused = world.call("DELETE", f"{PATH}/Google-OAUTH", token=app)
    assert (refused.status, refused.code) == (403, "AccessDenied")
    assert world.get(PATH, token=world.token(world.admin, "User.Read.All")).status == 403
    assert (
        world.get(f"{PATH}/availableProviderTypes()", token=world.token(None, "User.Read.All")).status == 403
    )


def _stored(world: GraphWorld, provider_id: str) -> Any:
    with world.ports.store.read(world.tenant_id) as tx:
        return tx.identity_providers.find(provider_id)
