"""``$metadata`` against the published types: what we declare of self-service sign-up is what programs expect."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from xenia.graph.metadata import metadata

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
ENTITIES = {
    "identityProviderBase": ("entity", {"displayName": "Edm.String"}),
    "builtInIdentityProvider": ("identityProviderBase", {"identityProviderType": "Edm.String"}),
    "socialIdentityProvider": (
        "identityProviderBase",
        dict.fromkeys(("clientId", "clientSecret", "identityProviderType"), "Edm.String"),
    ),
    "oidcIdentityProvider": (
        "identityProviderBase",
        {
            **dict.fromkeys(("clientId", "issuer", "scope", "wellKnownEndpoint"), "Edm.String"),
            "clientAuthentication": "graph.oidcClientAuthentication",
            "inboundClaimMapping": "graph.oidcInboundClaimMappingOverride",
            "responseType": "Edm.String",
        },
    ),
    "identityProvider": ("entity", dict.fromkeys(("clientId", "clientSecret", "name", "type"), "Edm.String")),
    "identityUserFlowAttribute": (
        "entity",
        dict.fromkeys(("dataType", "description", "displayName", "userFlowAttributeType"), "Edm.String"),
    ),
    "identityBuiltInUserFlowAttribute": ("identityUserFlowAttribute", {}),
    "identityCustomUserFlowAttribute": ("identityUserFlowAttribute", {}),
    "identityApiConnector": (
        "entity",
        {
            "displayName": "Edm.String",
            "targetUrl": "Edm.String",
            "authenticationConfiguration": "graph.apiAuthenticationConfigurationBase",
        },
    ),
    "b2xIdentityUserFlow": (
        "identityUserFlow",
        {
            "userFlowType": "Edm.String",
            "userFlowTypeVersion": "Edm.Single",
            "apiConnectorConfiguration": "graph.userFlowApiConnectorConfiguration",
            "identityProviders": "Collection(graph.identityProvider)",
            "userFlowIdentityProviders": "Collection(graph.identityProviderBase)",
            "userAttributeAssignments": "Collection(graph.identityUserFlowAttributeAssignment)",
            "languages": "Collection(graph.userFlowLanguageConfiguration)",
        },
    ),
    "identityUserFlowAttributeAssignment": (
        "entity",
        {
            "displayName": "Edm.String",
            "isOptional": "Edm.Boolean",
            "requiresVerification": "Edm.Boolean",
            "userInputType": "Edm.String",
            "userAttributeValues": "Collection(graph.userAttributeValuesItem)",
            "userAttribute": "graph.identityUserFlowAttribute",
        },
    ),
    "userFlowLanguageConfiguration": (
        "entity",
        {
            "displayName": "Edm.String",
            "isEnabled": "Edm.Boolean",
            "defaultPages": "Collection(graph.userFlowLanguagePage)",
            "overridesPages": "Collection(graph.userFlowLanguagePage)",
        },
    ),
    "userFlowLanguagePage": ("entity", {}),
    "authenticationEventsFlow": (
        "entity",
        {
            "displayName": "Edm.String",
            "description": "Edm.String",
            "conditions": "graph.authenticationConditions",
        },
    ),
    "externalUsersSelfServiceSignUpEventsFlow": (
        "authenticationEventsFlow",
        {
            "onInteractiveAuthFlowStart": "graph.onInteractiveAuthFlowStartHandler",
            "onAuthenticationMethodLoadStart": "graph.onAuthenticationMethodLoadStartHandler",
            "onAttributeCollection": "graph.onAttributeCollectionHandler",
            "onAttributeCollectionStart": "graph.onAttributeCollectionStartHandler",
            "onAttributeCollectionSubmit": "graph.onAttributeCollectionSubmitHandler",
            "onUserCreateStart": "graph.onUserCreateStartHandler",
        },
    ),
    "authenticationFlowsPolicy": (
        "entity",
        {
            "displayName": "Edm.String",
            "description": "Edm.String",
            "selfServiceSignUp": "graph.selfServiceSignUpAuthenticationFlowConfiguration",
        },
    ),
}
STRUCTURES = {
    "basicAuthentication": "apiAuthenticationConfigurationBase",
    "pkcs12Certificate": "apiAuthenticationConfigurationBase",
    "clientCertificateAuthentication": "apiAuthenticationConfigurationBase",
    "oidcClientSecretAuthentication": "oidcClientAuthentication",
    "oidcPrivateJwtKeyClientAuthentication": "oidcClientAuthentication",
    "onInteractiveAuthFlowStartExternalUsersSelfServiceSignUp": "onInteractiveAuthFlowStartHandler",
    "onAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp": "onAuthenticationMethodLoadStartHandler",
    "onAttributeCollectionExternalUsersSelfServiceSignUp": "onAttributeCollectionHandler",
    "onUserCreateStartExternalUsersSelfServiceSignUp": "onUserCreateStartHandler",
}


def _schema(version: str) -> ET.Element:
    return ET.fromstring(metadata(version))[0][0]


def _types(version: str, tag: str) -> dict[str, ET.Element]:
    found = [child for child in _schema(version) if child.tag == f"{EDM}{tag}"]
    by_name = {child.get("Name") or "": child for child in found}
    assert len(by_name) == len(found), "a type is declared twice"
    return by_name


def _base(kind: ET.Element) -> str:
    return (kind.get("BaseType") or "").removeprefix("graph.")


@pytest.mark.parametrize("version", ["v1.0", "beta"])
@pytest.mark.parametrize("name", ENTITIES)
def test_entities_have_the_published_members(version: str, name: str) -> None:
    kind = _types(version, "EntityType")[name]
    base, members = ENTITIES[name]
    assert _base(kind) == base
    assert {member.get("Name"): member.get("Type") for member in kind} == members


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_the_texts_of_a_page_are_a_stream(version: str) -> None:
    kinds = _types(version, "EntityType")
    assert {name for name, kind in kinds.items() if kind.get("HasStream") == "true"} == {
        "userFlowLanguagePage"
    }
    relations = [
        child for child in kinds["userFlowLanguageConfiguration"] if "Pages" in (child.get("Name") or "")
    ]
    assert [relation.get("ContainsTarget") for relation in relations] == ["true", "true"]


@pytest.mark.parametrize("name", STRUCTURES)
def test_structures_derive_from_the_published_ones(name: str) -> None:
    kinds = _types("v1.0", "ComplexType")
    assert _base(kinds[name]) == STRUCTURES[name]
    assert kinds[STRUCTURES[name]].get("Abstract") == "true"


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_no_member_is_declared_twice(version: str) -> None:
    for tag in ("EntityType", "ComplexType"):
        for name, kind in _types(version, tag).items():
            members = [child.get("Name") for child in kind if child.tag != f"{EDM}Key"]
            assert len(set(members)) == len(members), name


def test_functions_and_actions_are_bound() -> None:
    schema = _schema("v1.0")
    bound = {
        (child.tag.removeprefix(EDM), child.get("Name"), child[0].get("Type"))
        for child in schema
        if child.tag in (f"{EDM}Function", f"{EDM}Action")
    }
    assignments = "Collection(graph.identityUserFlowAttributeAssignment)"
    assert {
        ("Function", "availableProviderTypes", "Collection(graph.identityProviderBase)"),
        ("Function", "getOrder", assignments),
        ("Action", "setOrder", assignments),
        ("Action", "uploadClientCertificate", "graph.identityApiConnector"),
    } <= bound


def test_identity_is_a_root_with_its_collections() -> None:
    container = next(child for child in _schema("v1.0") if child.tag == f"{EDM}EntityContainer")
    roots = {child.get("Name"): child.get("Type") for child in container}
    assert roots["identity"] == "microsoft.graph.identityContainer"
    below = {child.get("Name") for child in _types("v1.0", "EntityType")["identityContainer"]}
    assert below == {
        "identityProviders",
        "userFlowAttributes",
        "apiConnectors",
        "b2xUserFlows",
        "authenticationEventsFlows",
    }
