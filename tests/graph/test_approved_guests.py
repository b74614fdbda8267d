"""The last step of approval by an external system: a guest is made from the identity its connector was told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.graph_calls import BASE, GraphWorld
from xenia.core.actor import Actor, system_actor
from xenia.core.directory.tenant import DomainRestrictions, DomainRule
from xenia.core.directory.user import CreationType, Identity, User, UserType
from xenia.core.user_attributes import DataType
from xenia.ports import Transaction
from xenia.usecases.self_service.manage_user_attributes import NewAttribute, create_attribute

SCOPES = "User.ReadWrite.All"


@pytest.fixture
def token(world: GraphWorld) -> str:
    """The approval system's own."""
    return world.token(None, SCOPES)


def _order(world: GraphWorld, **more: object) -> dict[str, Any]:
    """The published sample."""
    return {
        "userPrincipalName": f"johnsmith_fabrikam.example#EXT@{world.tenant.initial_domain}",
        "accountEnabled": True,
        "mail": "johnsmith@fabrikam.example",
        "userType": "Guest",
        "identities": [
            {"signInType": "federated", "issuer": "mail", "issuerAssignedId": "JohnSmith@fabrikam.example"}
        ],
        "displayName": "John Smith",
        "givenName": "John",
        "surname": "Smith",
        "city": "Redmond",
        **more,
    }


def _stored(world: GraphWorld, user_id: str) -> User:
    found = world.user(user_id)
    assert found
    return found


def _add_google(world: GraphWorld) -> None:
    kind = {"@odata.type": "#microsoft.graph.socialIdentityProvider", "identityProviderType": "Google"}
    token = world.token(None, "IdentityProvider.ReadWrite.All")
    sent = {**kind, "clientId": "4711", "clientSecret": "s3cr3t"}
    assert world.call("POST", "identity/identityProviders", sent, token=token).status == 201


def test_a_guest_by_passcode(world: GraphWorld, token: str) -> None:
    attribute = create_attribute(world.ports, _operator(world), NewAttribute("Hobby", DataType.STRING))
    made = world.call("POST", "users", _order(world, **{attribute.id: "Chess"}), token=token)
    assert made.status == 201, made.body
    assert made.header("Location") == f"{BASE}/v1.0/users/{made.body['id']}"
    user = _stored(world, made.body["id"])
    upn = f"johnsmith_fabrikam.example#EXT#@{world.tenant.initial_domain}"
    assert (user.user_type, user.creation_type, user.external_user_state) == (
        UserType.GUEST,
        CreationType.SELF_SERVICE_SIGN_UP,
        None,
    )
    assert (user.user_principal_name, user.mail, user.display_name) == (
        upn,
        "johnsmith@fabrikam.example",
        "John Smith",
    )
    assert user.identities == (
        Identity("userPrincipalName", world.tenant.initial_domain, upn),
        Identity("federated", "mail", "johnsmith@fabrikam.example"),
    )
    assert (user.city, user.extensions) == ("Redmond", ((attribute.id, "Chess"),))
    with world.ports.store.read(world.tenant_id) as tx:
        assert tx.users.find_by_identity("mail", "johnsmith@fabrikam.example") == user
        assert tx.credentials.password(user.id) is None
    assert "Add user" in world.activities()


def test_a_guest_of_a_provider(world: GraphWorld, token: str) -> None:
    _add_google(world)
    google = [{"signInType": "federated", "issuer": "google.com", "issuerAssignedId": "0123456789"}]
    made = world.call("POST", "users", _order(world, identities=google), token=token)
    assert made.status == 201, made.body
    told = world.get(f"users/{made.body['id']}?$select=identities,creationType", token=token).body
    assert told["creationType"] == "SelfServiceSignUp"
    assert told["identities"][1] == google[0]
    again = _order(
        world, identities=google, mail="other@fabrikam.example", userPrincipalName=_name(world, "other")
    )
    taken = world.call("POST", "users", again, token=token)
    assert (taken.status, taken.code) == (400, "Request_BadRequest")
    assert taken.body["error"]["details"][0]["target"] == "identities"


def _name(world: GraphWorld, local: str) -> str:
    return f"{local}_fabrikam.example#EXT#@{world.tenant.initial_domain}"


@pytest.mark.parametrize(
    "more",
    [
        {"userType": "Member"},
        {"userType": None},
        {"identities": []},
        {"identities": [{"signInType": "federated", "issuer": "google.com", "issuerAssignedId": "1"}]},
        {"identities": [{"signInType": "federated", "issuer": "ExternalAzureAD", "issuerAssignedId": None}]},
        {"identities": [{"signInType": "federated", "issuer": "mail", "issuerAssignedId": "a@b.example"}]},
        {"identities": [{"signInType": "userPrincipalName", "issuer": "mail", "issuerAssignedId": "x"}]},
        {"identities": [{"signInType": "federated", "issuer": "mail"}]},
        {"mail": None},
        {"mail": "no address"},
        {"mail": "somebody@contoso.onxenia.localhost"},
        {"userPrincipalName": "johnsmith@contoso.onxenia.localhost"},
        {"userPrincipalName": "johnsmith_fabrikam.example#EXT#@elsewhere.example"},
        {"passwordProfile": {"password": "Passw0rd!Passw0rd"}},
        {"extension_0123_Hobby": "Chess"},
    ],
)
def test_what_is_refused(world: GraphWorld, token: str, more: dict[str, object]) -> None:
    answer = world.call("POST", "users", _order(world, **more), token=token)
    assert answer.status == 400, answer.body
    with world.ports.store.read(world.tenant_id) as tx:
        assert tx.users.find_by_address("johnsmith@fabrikam.example") == ()


def test_an_address_is_one_persons(world: GraphWorld, token: str) -> None:
    world.add("maria", guest=True)
    mail = "maria@nordwind.example"
    identity = [{"signInType": "federated", "issuer": "mail", "issuerAssignedId": mail}]
    answer = world.call("POST", "users", _order(world, mail=mail, identities=identity), token=token)
    assert (answer.status, answer.body["error"]["details"][0]["code"]) == (400, "ObjectConflict")


def test_the_domain_list_holds_here_too(world: GraphWorld, token: str) -> None:
    def deny(tx: Transaction) -> None:
        stored = tx.tenants.policies(world.tenant_id)
        denied = DomainRestrictions(DomainRule.DENY, denied=("fabrikam.example",))
        tx.tenants.replace_policies(world.tenant_id, replace(stored, domain_restrictions=denied))

    world.ports.store.write(None, deny)
    answer = world.call("POST", "users", _order(world), token=token)
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert "deny list" in answer.message


def test_who_may(world: GraphWorld) -> None:
    for bearer in (
        world.token(None, "User.Read.All User.Invite.All"),
        world.token(world.add("olena"), SCOPES),
        world.token(world.add("maria", guest=True), SCOPES),
    ):
        answer = world.call("POST", "users", _order(world), token=bearer)
        assert (answer.status, answer.code) == (403, "Authorization_RequestDenied")


def test_identities_are_given_once(world: GraphWorld, token: str) -> None:
    made = world.call("POST", "users", _order(world), token=token).body["id"]
    change = {
        "identities": [{"signInType": "federated", "issuer": "mail", "issuerAssignedId": "x@y.example"}]
    }
    answer = world.call("PATCH", f"users/{made}", change, token=token)
    assert answer.status == 400
    assert "read-only" in answer.message


def _operator(world: GraphWorld) -> Actor:
    return system_actor(world.tenant_id, "c0ffee00-0000-4000-8000-00000000000f")
