"""Claims mapping: what administrators may put into an app's tokens, when, and what nobody may."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oidc.test_golden import _plain, _same_as_file
from tests.support.protocol import API_SCOPE, Protocol, body_of, claims_of
from xenia.core.claims_mapping import BASIC, RESTRICTED, is_restricted, understood
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.usecases.applications import signing_certificates
from xenia.usecases.applications.change_registration import change_registration
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.tokens.manage_claims_mappings import (
    MAPPINGS,
    assign_claims_mapping,
    create_claims_mapping,
)

EMPLOYEE = {"Source": "user", "ID": "employeeid", "JwtClaimType": "employee"}


def _definition(*schema: dict[str, str], **more: Any) -> str:
    return json.dumps({"ClaimsMappingPolicy": {"Version": 1, "ClaimsSchema": list(schema), **more}})


def _map(idp: Protocol, app_id: str, *schema: dict[str, str], **more: Any) -> str:
    ports, actor = idp.server.ports, idp.server.actor()
    policy = create_claims_mapping(ports, actor, "Mapping", _definition(*schema, **more))
    assign_claims_mapping(ports, actor, idp.principal(app_id).id, policy.id)
    return policy.id


def _own_key(idp: Protocol, app_id: str) -> None:
    principal = idp.principal(app_id)
    signing_certificates.add_signing_certificate(idp.server.ports, idp.server.actor(), principal.id, "CN=Own")


def _know(idp: Protocol, **attributes: Any) -> None:
    person = replace(idp.guest, **attributes)
    idp.write(lambda tx: tx.users.replace(person))
    idp.guest = idp.read(lambda tx: tx.users.find(person.id))


def _tokens(idp: Protocol, **request: Any) -> dict[str, Any]:
    return body_of(idp.redeem(idp.sign_in(**request)["code"]))


def _id_claims(idp: Protocol) -> dict[str, Any]:
    return claims_of(_tokens(idp)["id_token"])


def test_an_app_with_its_own_key_gets_mapped_claims_and_others_do_not(idp: Protocol) -> None:
    _know(idp, employee_id="E-17", department="Dock", city="Kiel")
    before = _id_claims(idp)
    _own_key(idp, idp.app.app_id)
    _map(
        idp,
        idp.app.app_id,
        EMPLOYEE,
        {"Source": "user", "ID": "Department", "JwtClaimType": "dept"},
        {"Source": "user", "ID": "jobtitle", "JwtClaimType": "job"},  # nobody entered one
        {"Value": "gold", "JwtClaimType": "plan"},
        {"Source": "application", "ID": "displayname", "JwtClaimType": "app"},
    )
    tokens = _tokens(idp)
    after = claims_of(tokens["id_token"])
    added = {"employee": "E-17", "dept": "Dock", "plan": "gold", "app": "Orders"}
    assert {name: after[name] for name in after.keys() - before.keys()} == added
    assert before.keys() <= after.keys()
    assert "employee" not in claims_of(tokens["access_token"])  # Graph reads that one
    _same_as_file("id-token-v2-mapped", _plain(idp, after, idp.guest))


def test_an_api_gets_its_own_mapping_in_access_tokens(idp: Protocol) -> None:
    _know(idp, employee_id="E-17")
    idp.grant(idp.api.app_id, API_SCOPE)
    _own_key(idp, idp.api.app_id)
    _map(idp, idp.api.app_id, EMPLOYEE)
    scopes = ("openid", f"api://{idp.api.app_id}/{API_SCOPE}")
    tokens = _tokens(idp, scopes=scopes)
    assert claims_of(tokens["access_token"])["employee"] == "E-17"
    assert "employee" not in claims_of(tokens["id_token"])


def test_without_own_key_or_the_owners_agreement_there_is_no_token(idp: Protocol) -> None:
    _know(idp, employee_id="E-17")
    code = idp.sign_in()["code"]
    policy = _map(idp, idp.app.app_id, EMPLOYEE)
    refused = body_of(idp.redeem(code))
    assert (refused["error"], refused["error_codes"]) == ("invalid_request", [50146])
    ports, actor = idp.server.ports, idp.server.actor()
    change_registration(ports, actor, idp.app.id, {"accept_mapped_claims": True})
    assert _id_claims(idp)["employee"] == "E-17"
    change_registration(ports, actor, idp.app.id, {"accept_mapped_claims": None})
    assert body_of(idp.redeem(idp.sign_in()["code"]))["error_codes"] == [50146]
    MAPPINGS.unassign(ports, actor, idp.principal(idp.app.app_id).id, policy)
    assert "employee" not in _id_claims(idp)


def test_a_certificate_that_ended_does_not_count_as_a_key(idp: Protocol) -> None:
    ports, actor, now = idp.server.ports, idp.server.actor(), idp.server.clock.now()
    _map(idp, idp.app.app_id, EMPLOYEE)
    principal = idp.principal(idp.app.app_id)
    signing_certificates.add_signing_certificate(ports, actor, principal.id, "CN=x", now + timedelta(hours=1))
    assert "id_token" in _tokens(idp)
    idp.server.clock.advance(timedelta(hours=1))
    assert body_of(idp.redeem(idp.sign_in()["code"]))["error_codes"] == [50146]


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("https://api.{domain}/stock", None),
        ("https://{domain}/stock", None),
        ("https://evil{domain}/stock", 501461),
        ("https://{domain}.evil.example/stock", 501461),
        ("urn:stock", 501461),
    ],
)
def test_under_the_common_key_the_audience_is_the_tenants_own(
    idp: Protocol, uri: str, code: int | None
) -> None:
    _know(idp, employee_id="E-17")
    idp.grant(idp.api.app_id, API_SCOPE)
    named = uri.format(domain=idp.server.tenant.initial_domain)
    api = replace(
        idp.api, identifier_uris=(named,), accept_mapped_claims=True, requested_access_token_version=1
    )
    idp.write(lambda tx: tx.applications.replace(api))
    _map(idp, idp.api.app_id, EMPLOYEE)
    answer = _tokens(idp, scopes=("openid", f"{named}/{API_SCOPE}"))
    if code is None:
        assert claims_of(answer["access_token"])["employee"] == "E-17"
    else:
        assert (answer["error"], answer["error_codes"]) == ("invalid_request", [code])
        _own_key(idp, idp.api.app_id)
        assert "access_token" in _tokens(idp, scopes=("openid", f"{named}/{API_SCOPE}"))


def test_what_describes_the_person_can_be_left_out_and_nothing_else(idp: Protocol) -> None:
    before = _id_claims(idp)
    _own_key(idp, idp.app.app_id)
    _map(idp, idp.app.app_id, IncludeBasicClaimSet="false")
    after = _id_claims(idp)
    assert before.keys() - after.keys() == before.keys() & BASIC
    assert {"name", "email"} <= before.keys() & BASIC
    assert {"iss", "aud", "sub", "oid", "tid", "nonce", "idp", "sid"} <= after.keys()


def test_transformations(idp: Protocol) -> None:
    _know(idp, department="Dock", city="Kiel")
    _own_key(idp, idp.app.app_id)
    steps = [
        {
            "ID": "both",
            "TransformationMethod": "Join",
            "InputClaims": [
                {"ClaimTypeReferenceId": "city", "TransformationClaimType": "string2"},
                {"ClaimTypeReferenceId": "department", "TransformationClaimType": "string1"},
            ],
            "InputParameters": [{"ID": "separator", "Value": "."}],
        },
        *(
            {
                "ID": method,
                "TransformationMethod": method,
                "InputClaims": [{"ClaimTypeReferenceId": source, "TransformationClaimType": "mail"}],
            }
            for method, source in (("ExtractMailPrefix", "mail"), ("ToUppercase", "city"))
        ),
    ]
    inputs = [{"Source": "user", "ID": name} for name in ("city", "department", "mail")]
    outputs = [
        {"Source": "transformation", "ID": name, "TransformationID": step, "JwtClaimType": name}
        for name, step in (("place", "both"), ("short", "ExtractMailPrefix"), ("loud", "ToUppercase"))
    ]
    _map(idp, idp.app.app_id, *inputs, *outputs, ClaimsTransformation=steps)
    claims = _id_claims(idp)
    assert (claims["place"], claims["loud"]) == ("Dock.Kiel", "KIEL")
    assert claims["short"] == (idp.guest.mail or "").partition("@")[0]
    assert "city" not in claims  # an input only


@given(
    st.sampled_from(sorted(RESTRICTED)) | st.sampled_from(("xms_", "extn.", "XMS_")).map(lambda it: it + "x")
)
def test_restricted_names_are_refused_in_any_spelling(name: str) -> None:
    for spelled in (name, name.upper(), name.title()):
        assert is_restricted(spelled)
        with pytest.raises(InvalidValue, match="restricted"):
            understood(_definition({"Value": "x", "JwtClaimType": spelled}))
    understood(_definition({"Value": "x", "JwtClaimType": f"my-{name}"}))


def test_every_claim_a_token_carries_by_itself_is_restricted(idp: Protocol) -> None:
    idp.grant(GRAPH_APP_ID, "openid", "profile", "email", "User.Read")
    for version in ("1.0", "2.0"):
        tokens = _tokens(idp, scopes=("openid", "profile", "email", "User.Read"), endpoint_version=version)
        for name in ("id_token", "access_token"):
            assert {claim for claim in claims_of(tokens[name]) if not is_restricted(claim)} == set()


@pytest.mark.parametrize(
    "definition",
    [
        "no json",
        "[]",
        '{"ClaimsMappingPolicy":[]}',
        '{"ClaimsMappingPolicy":{"Version":2}}',
        '{"ClaimsMappingPolicy":{"Version":true}}',
        '{"ClaimsMappingPolicy":{"Version":1,"IncludeBasicClaimSet":"maybe"}}',
        '{"ClaimsMappingPolicy":{"Version":1,"ClaimsSchema":{}}}',
        '{"ClaimsMappingPolicy":{"Version":1,"ClaimsSchema":["x"]}}',
        _definition({"Source": "user", "ID": "password", "JwtClaimType": "p"}),
        _definition({"Source": "planet", "ID": "name", "JwtClaimType": "p"}),
        _definition({"Source": "company", "ID": "displayname", "JwtClaimType": "p"}),
        _definition(EMPLOYEE, {"Value": "x", "JwtClaimType": "Employee"}),
        _definition({"Source": "transformation", "ID": "x", "TransformationID": "y", "JwtClaimType": "x"}),
        _definition(ClaimsTransformation=[{"ID": "x", "TransformationMethod": "Eval", "InputClaims": []}]),
        _definition(ClaimsTransformation=[{"ID": "x", "TransformationMethod": "Join", "InputClaims": []}]),
        _definition({"Value": "x" * 1025, "JwtClaimType": "p"}),
        _definition(*({"Value": "x", "JwtClaimType": f"c{n}"} for n in range(51))),
        "[" * 4000,
    ],
)
def test_what_cannot_be_meant_is_refused(definition: str) -> None:
    with pytest.raises(InvalidValue):
        understood(definition)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda it: st.lists(it) | st.dictionaries(st.sampled_from(("Version", "ClaimsSchema", "ClaimsTransformation", "ID", "Source", "InputClaims", "TransformationMethod")) | st.text(), it)))  # fmt: skip
def test_no_definition_breaks_the_reader(policy: object) -> None:
    try:
        understood(json.dumps({"ClaimsMappingPolicy": policy}))
    except InvalidValue:
        return


def test_assignment_is_within_the_tenant_once_and_not_for_our_own_apps(idp: Protocol) -> None:
    ports, actor = idp.server.ports, idp.server.actor()
    _map(idp, idp.app.app_id, EMPLOYEE)
    other = create_claims_mapping(ports, actor, "Second", _definition(EMPLOYEE))
    with pytest.raises(Conflict):
        assign_claims_mapping(ports, actor, idp.principal(idp.app.app_id).id, other.id)
    with pytest.raises(InvalidValue):
        assign_claims_mapping(ports, actor, idp.principal(GRAPH_APP_ID).id, other.id)
    with pytest.raises(InvalidValue):
        create_claims_mapping(ports, actor, "All", _definition(EMPLOYEE), is_default=True)
    with pytest.raises(NotPermitted):
        create_claims_mapping(ports, replace(actor, roles=frozenset()), "x", _definition(EMPLOYEE))
    tailspin = create_tenant(ports, None, NewTenant("Tailspin", "tailspin"))
    stranger = replace(actor, tenant_id=tailspin.id)
    with pytest.raises(NotFound):
        assign_claims_mapping(ports, stranger, idp.principal(idp.api.app_id).id, other.id)
    with pytest.raises(NotFound):
        MAPPINGS.get(ports, stranger, other.id)
