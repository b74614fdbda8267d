"""Golden claim sets: every kind of person and token, whole, so that a claim can neither appear nor vanish unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenia.core import claims as c
from xenia.core.claims_request import ClaimsRequest
from xenia.core.directory.application import GRAPH_APP_ID, Application, ServicePrincipal
from xenia.core.directory.tenant import Domain, Tenant
from xenia.core.directory.user import CreationType, Identity, User, UserType
from xenia.core.errors import InvalidRequest
from xenia.core.signin.answer import SignedIn
from xenia.core.signin.facts import Factor, Proof

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
EPOCH = 1782907200
BASE = "https://login.test"
TID, APP, API = (f"{n}0000000-0000-4000-8000-000000000000" for n in (1, 2, 3))
MEMBER_ID, GUEST_ID = (f"{n}0000000-0000-4000-8000-000000000000" for n in (4, 5))
TENANT = Tenant(
    TID, "Contoso", (Domain("contoso.onxenia.localhost", is_initial=True),), NOW, "ab" * 32, country="GR"
)
CLIENT = Application("o1", TID, APP, "Orders", NOW)
PRINCIPAL = ServicePrincipal("p1", TID, APP, "Orders", TID, NOW)
STAMP = c.Stamp(NOW, timedelta(hours=1), "uti-1")
MEMBER = User(
    MEMBER_ID,
    TID,
    "nikos@contoso.onxenia.localhost",
    "Nikos Pappas",
    UserType.MEMBER,
    NOW,
    mail="nikos@contoso.example",
    given_name="Nikos",
    surname="Pappas",
)
GUEST = User(
    GUEST_ID,
    TID,
    "maria_nordwind.example#EXT#@contoso.onxenia.localhost",
    "Maria Sanna",
    UserType.GUEST,
    NOW,
    mail="maria@nordwind.example",
    creation_type=CreationType.INVITATION,
    identities=(Identity("federated", "mail", "maria@nordwind.example"),),
)


def signed_in(user: User, *, second: bool = False, **changes: Any) -> SignedIn:
    at = NOW - timedelta(minutes=5)
    if user.is_external:
        first = Proof("email_passcode", Factor.FIRST, at, ("otp",), "mail", user.mail or "")
    else:
        first = Proof("password", Factor.FIRST, at, ("pwd",), TENANT.initial_domain, user.user_principal_name)
    proofs = (first,)
    if second:
        proofs = (first, Proof("authenticator_app", Factor.SECOND, at, ("otp",), TENANT.initial_domain, "x"))
    made = SignedIn(TENANT, user, CLIENT, PRINCIPAL, proofs, "sid-1", False, BASE, "192.0.2.1")
    return replace(made, **changes)


def id_token(who: SignedIn, roles: tuple[str, ...] = (), **request: Any) -> dict[str, Any]:
    asked = c.IdTokenRequest(**{"scopes": ("openid", "profile"), "nonce": "n-1", **request})
    return c.id_token(who, asked, roles, "O.hint", STAMP)


TIMES = {"iat": EPOCH, "nbf": EPOCH - 300, "exp": EPOCH + 3600}
ID_COMMON = {
    "aud": APP,
    "iss": f"{BASE}/{TID}/v2.0",
    **TIMES,
    "nonce": "n-1",
    "sid": "sid-1",
    "tid": TID,
    "uti": "uti-1",
    "ver": "2.0",
}


def test_id_token_of_a_member() -> None:
    assert id_token(signed_in(MEMBER)) == {
        **ID_COMMON,
        "name": "Nikos Pappas",
        "oid": MEMBER_ID,
        "preferred_username": "nikos@contoso.onxenia.localhost",
        "sub": c.pairwise_subject(TENANT, MEMBER_ID, APP),
    }


def test_id_token_of_a_passcode_guest() -> None:
    assert id_token(signed_in(GUEST, second=True), roles=("Buyer",)) == {
        **ID_COMMON,
        "email": "maria@nordwind.example",
        "idp": "mail",
        "name": "Maria Sanna",
        "oid": GUEST_ID,
        "preferred_username": "maria@nordwind.example",
        "roles": ["Buyer"],
        "sub": c.pairwise_subject(TENANT, GUEST_ID, APP),
    }


def test_id_token_v1_of_a_passcode_guest() -> None:
    assert id_token(signed_in(GUEST, second=True), version="1.0") == {
        **ID_COMMON,
        "acr": "1",
        "amr": ["otp", "mfa"],
        "email": "maria@nordwind.example",
        "idp": "mail",
        "ipaddr": "192.0.2.1",
        "iss": f"{BASE}/{TID}/",
        "name": "Maria Sanna",
        "oid": GUEST_ID,
        "sub": c.pairwise_subject(TENANT, GUEST_ID, APP),
        "unique_name": "mail#maria@nordwind.example",
        "ver": "1.0",
    }


def resource(app_id: str = API, **changes: Any) -> c.Resource:
    identifier = changes.pop("identifier", f"api://{app_id}")
    application = replace(Application("o2", TID, app_id, "API", NOW), **changes)
    return c.Resource(application, ServicePrincipal("p2", TID, app_id, "API", TID, NOW), identifier)


def grant(*scopes: str, **changes: Any) -> c.UserGrant:
    made = c.UserGrant(scopes, (), c.ClientAuthentication.SECRET, "fam-1")
    return replace(made, **changes)


def test_graph_access_token_of_a_member() -> None:
    who, graph = signed_in(MEMBER), resource(GRAPH_APP_ID, identifier="https://graph.microsoft.com")
    assert c.user_access_token(who, graph, grant("User.Read", "openid", "email"), STAMP) == {
        **TIMES,
        "acct": 0,
        "acr": "1",
        "amr": ["pwd"],
        "app_displayname": "Orders",
        "appid": APP,
        "appidacr": "1",
        "aud": "https://graph.microsoft.com",
        "email": "nikos@contoso.example",
        "family_name": "Pappas",
        "given_name": "Nikos",
        "idtyp": "user",
        "ipaddr": "192.0.2.1",
        "iss": f"{BASE}/{TID}/",
        "name": "Nikos Pappas",
        "oid": MEMBER_ID,
        "rh": "1.fam-1",
        "scp": "User.Read openid email",
        "sid": "sid-1",
        "sub": c.pairwise_subject(TENANT, MEMBER_ID, GRAPH_APP_ID),
        "tid": TID,
        "unique_name": "nikos@contoso.onxenia.localhost",
        "upn": "nikos@contoso.onxenia.localhost",
        "uti": "uti-1",
        "ver": "1.0",
        "xms_st": {"sub": c.pairwise_subject(TENANT, MEMBER_ID, APP)},
        "xms_tcdt": EPOCH,
    }


def test_access_token_v2_of_a_guest() -> None:
    api = resource(requested_access_token_version=2)
    assert c.user_access_token(signed_in(GUEST), api, grant("read", roles=("Reader",)), STAMP) == {
        **TIMES,
        "aud": API,
        "azp": APP,
        "azpacr": "1",
        "email": "maria@nordwind.example",
        "idp": "mail",
        "iss": f"{BASE}/{TID}/v2.0",
        "name": "Maria Sanna",
        "oid": GUEST_ID,
        "preferred_username": "maria@nordwind.example",
        "rh": "1.fam-1",
        "roles": ["Reader"],
        "scp": "read",
        "sid": "sid-1",
        "sub": c.pairwise_subject(TENANT, GUEST_ID, API),
        "tid": TID,
        "uti": "uti-1",
        "ver": "2.0",
    }


@pytest.mark.parametrize(
    ("changes", "identifier", "expected"),
    [
        ({}, "api://x/", "api://x/"),
        ({"requested_access_token_version": 1}, "api://x", "api://x"),
        ({"requested_access_token_version": 2}, "api://x", API),
        (
            {"optional_claims": {"accessToken": [{"name": "aud", "additionalProperties": ["use_guid"]}]}},
            "api://x",
            API,
        ),
    ],
)
def test_the_resource_decides_the_form_of_its_audience(
    changes: dict[str, Any], identifier: str, expected: str
) -> None:
    api = resource(identifier=identifier, **changes)
    token = c.app_access_token(
        CLIENT, PRINCIPAL, TENANT, api, (), c.ClientAuthentication.ASSERTION, BASE, STAMP
    )
    assert token["aud"] == expected


def test_subjects_are_pairwise_and_lasting() -> None:
    subject = c.pairwise_subject(TENANT, GUEST_ID, APP)
    assert len(subject) == 43
    assert subject == c.pairwise_subject(TENANT, GUEST_ID, APP)
    others = {
        c.pairwise_subject(TENANT, GUEST_ID, API),
        c.pairwise_subject(TENANT, MEMBER_ID, APP),
        c.pairwise_subject(replace(TENANT, subject_salt="cd" * 32), GUEST_ID, APP),
    }
    assert len(others | {subject}) == 4


def test_without_profile_the_name_stays_out() -> None:
    claims = id_token(signed_in(GUEST), scopes=("openid",))
    assert not {"name", "preferred_username"} & set(claims)


def test_capabilities_need_resource_and_request() -> None:
    listed = resource(optional_claims={"accessToken": [{"name": "xms_cc"}]})
    asked = grant("read", claims=ClaimsRequest.parse('{"access_token":{"xms_cc":{"values":["CP1"]}}}'))
    assert c.user_access_token(signed_in(GUEST), listed, asked, STAMP)["xms_cc"] == ["cp1"]
    assert "xms_cc" not in c.user_access_token(signed_in(GUEST), listed, grant("read"), STAMP)
    assert "xms_cc" not in c.user_access_token(signed_in(GUEST), resource(), asked, STAMP)


def test_directory_roles_are_told_only_to_applications_that_ask() -> None:
    who = signed_in(MEMBER, directory_roles=frozenset({"b", "a"}))
    assert "wids" not in id_token(who)
    asking = replace(who, client=replace(CLIENT, group_membership_claims="SecurityGroup, DirectoryRole"))
    assert id_token(asking)["wids"] == ["a", "b", c.PLAIN_USER]
    roleless = replace(asking, directory_roles=frozenset())
    assert id_token(roleless)["wids"] == [c.PLAIN_USER]


def test_left_half_hash_matches_the_specification_example() -> None:
    # OpenID Connect Core 1.0, appendix A.4: the access token and its at_hash.
    assert c.left_half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"


@given(st.text(max_size=200))
def test_any_claims_parameter_is_read_or_refused(text: str) -> None:
    refused: str | None = None
    try:
        read = ClaimsRequest.parse(text)
    except InvalidRequest as refusal:
        refused = refusal.parameter
    assert refused == "claims" or (refused is None and isinstance(read, ClaimsRequest))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
)


@given(st.dictionaries(st.sampled_from(["id_token", "access_token", "userinfo", "xms_cc"]), JSON))
def test_any_json_object_is_a_claims_parameter(value: dict[str, Any]) -> None:
    import json

    assert isinstance(ClaimsRequest.parse(json.dumps(value)), ClaimsRequest)


@given(JSON)
def test_no_optional_claims_configuration_can_break_a_token(value: Any) -> None:
    configured = {
        "idToken": [
            item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)
        ]
    }
    claims = id_token(signed_in(GUEST, client=replace(CLIENT, optional_claims=configured)))
    assert claims["oid"] == GUEST_ID


class TestCustomAttributes:
    """Directory extensions as optional claims: ``extn.{Name}``, only where the owner configured them."""

    SIZE, TEAM = (f"extension_{'a' * 32}_{name}" for name in ("ShoeSize", "Home_Team"))
    WHO = replace(GUEST, extensions=((SIZE, 42), (TEAM, "Red")))

    def configured(self, *names: str) -> dict[str, Any]:
        return {
            token: [{"name": name, "source": "user", "essential": False} for name in names]
            for token in ("idToken", "accessToken")
        }

    def extensions_of(self, claims: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in claims.items() if name.startswith("ext")}

    def test_configured_ones_are_in_both_kinds_of_tokens(self) -> None:
        config = self.configured(self.SIZE.upper(), self.TEAM, f"extension_{'a' * 32}_Unset", "extension_x")
        client = replace(CLIENT, optional_claims=config)
        claims = id_token(signed_in(self.WHO, client=client))
        assert self.extensions_of(claims) == {"extn.ShoeSize": 42, "extn.Home_Team": "Red"}
        api = resource(optional_claims=config)
        access = c.user_access_token(signed_in(self.WHO), api, grant("read"), STAMP)
        assert self.extensions_of(access) == {"extn.ShoeSize": 42, "extn.Home_Team": "Red"}

    def test_a_client_cannot_fetch_them_by_a_parameter(self) -> None:
        asked = ClaimsRequest(id_token=(self.SIZE, "extn.ShoeSize"))
        assert self.extensions_of(id_token(signed_in(self.WHO), claims=asked)) == {}
