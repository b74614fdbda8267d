"""The published table of claims as a checklist: for each claim, in which token it stands, what it says, where it is missing.

Every row speaks about every token: a token that no pattern of a row fits fails, so that a condition cannot be forgotten.
Tokens are called ``{who}-{configuration}-{kind}``: who is member, guest (by passcode) or app; plain or opt (every optional
claim is configured, the person is in a group); id1, id2 (ID tokens), hid2 (of the authorization endpoint, beside a code and
an access token), at1, at2 (access tokens for an API), graph.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.oidc.test_golden import OPTIONAL, _member
from tests.support.protocol import API_ROLE, API_SCOPE, Protocol, body_of, claims_of, protocol
from tests.support.walker import BASE
from xenia.core.claims import PLAIN_USER, left_half_hash
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.directory.group import Group, GroupLink, ObjectKind
from xenia.core.directory.user import User
from xenia.oidc.grants.client_credentials import REMEMBERED

CP1 = '{"access_token":{"xms_cc":{"values":["cp1"]}}}'
ASKED = [*OPTIONAL, "xms_cc", "idtyp"]


@dataclass
class World:
    """Every kind of token, and what their claims are held against."""

    idp: Protocol
    people: dict[str, User]
    tokens: dict[str, dict[str, Any]]
    texts: dict[str, str]
    group: str


Check = Callable[[World, str, dict[str, Any]], bool]


def _sign_in_everywhere(world: World, who: str, configuration: str) -> None:
    idp, person = world.idp, world.people[who]
    for version in (1, 2):
        current = idp.read(lambda tx: tx.applications.find_by_app_id(idp.api.app_id))
        api = replace(current, requested_access_token_version=version)
        idp.write(lambda tx, api=api: tx.applications.replace(api))
        for kind, scope in (("api", f"api://{idp.api.app_id}/{API_SCOPE}"), ("graph", "User.Read")):
            answer = idp.sign_in(
                person,
                scopes=("openid", "profile", "email", scope),
                endpoint_version=f"{version}.0",
                claims_request=CP1,
            )
            tokens = body_of(idp.redeem(answer["code"]))
            world.tokens[f"{who}-{configuration}-id{version}"] = claims_of(tokens["id_token"])
            name = "graph" if kind == "graph" else f"at{version}"
            world.tokens[f"{who}-{configuration}-{name}"] = claims_of(tokens["access_token"])
    answer = idp.sign_in(
        person,
        response_types=("code", "id_token", "token"),
        response_mode="fragment",
        scopes=("openid", "profile", "email"),
    )
    world.tokens[f"{who}-{configuration}-hid2"] = claims_of(answer["id_token"])
    world.texts |= {f"{who}-{configuration}-{name}": answer[name] for name in ("code", "access_token")}


def _tokens_of_app(world: World, configuration: str) -> None:
    idp = world.idp
    for version in (1, 2):
        current = idp.read(lambda tx: tx.applications.find_by_app_id(idp.api.app_id))
        api = replace(current, requested_access_token_version=version)
        idp.write(lambda tx, api=api: tx.applications.replace(api))
        idp.server.clock.advance(REMEMBERED)
        answer = body_of(idp.client_credentials())
        world.tokens[f"app-{configuration}-at{version}"] = claims_of(answer["access_token"])
    graph = body_of(idp.client_credentials(scope="https://graph.microsoft.com/.default"))
    world.tokens[f"app-{configuration}-graph"] = claims_of(graph["access_token"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with protocol(tmp_path_factory.mktemp("table")) as idp:
        idp.grant(GRAPH_APP_ID, "openid", "profile", "email", "User.Read")
        idp.grant(idp.api.app_id, API_SCOPE)
        role = next(role.id for role in idp.api.app_roles if role.value == API_ROLE)
        idp.assign(idp.principal(idp.app.app_id).id, "ServicePrincipal", idp.api.app_id, role)
        person = replace(
            idp.guest, given_name="Maria", surname="Sanna", country="IT", preferred_language="it-IT"
        )
        idp.write(lambda tx: tx.users.replace(person))
        made = World(
            idp, {"member": _member(idp)[0], "guest": person}, {}, {}, idp.server.ports.entropy.guid()
        )
        for user in made.people.values():
            idp.assign(user.id, "User", idp.api.app_id, role)
        for who in made.people:
            _sign_in_everywhere(made, who, "plain")
        _tokens_of_app(made, "plain")
        _configure(made)
        for who in made.people:
            _sign_in_everywhere(made, who, "opt")
        _tokens_of_app(made, "opt")
        yield made


def _configure(world: World) -> None:
    idp = world.idp
    now = idp.server.clock.now()
    group = Group(world.group, idp.tenant_id, "Dock", "dock", now)
    claims = [{"name": name} for name in ASKED]

    def work(tx: Any) -> None:
        tx.groups.add(group)
        for user in world.people.values():
            tx.groups.attach(GroupLink.MEMBER, group.id, user.id, ObjectKind.USER)
        for app_id in (idp.app.app_id, idp.api.app_id):
            found = tx.applications.find_by_app_id(app_id)
            optional = {"idToken": claims, "accessToken": claims}
            tx.applications.replace(replace(found, optional_claims=optional, group_membership_claims="All"))

    idp.write(work)


# --- what a claim says --------------------------------------------------------------------------------

MISSING = "missing"


def _person(world: World, token: str) -> User:
    return world.people[token.split("-", 1)[0]]


def _is(read: Callable[[World, str], Any], name: str) -> Check:
    return lambda world, token, claims: bool(claims[name] == read(world, token))


def _client(world: World, _token: str) -> str:
    return world.idp.app.app_id


def _principal(world: World, _token: str) -> str:
    return world.idp.principal(world.idp.app.app_id).id


def _constant(name: str, value: object) -> Check:
    return lambda _world, _token, claims: bool(claims[name] == value and type(claims[name]) is type(value))


def _issuer(version: str) -> Check:
    end = "" if version == "1" else "v2.0"
    return lambda world, _token, claims: bool(claims["iss"] == f"{BASE}/{world.idp.tenant_id}/{end}")


def _pairwise(_world: World, _token: str, claims: dict[str, Any]) -> bool:
    return len(claims["sub"]) == 43 and claims["sub"] != claims["oid"]


def _half_hash(name: str, of: str) -> Check:
    def check(world: World, token: str, claims: dict[str, Any]) -> bool:
        whole = world.texts[f"{token.rsplit('-', 1)[0]}-{of}"]
        return bool(claims[name] == left_half_hash(whole))

    return check


def _present(name: str) -> Check:
    return lambda _world, _token, claims: claims[name] not in (None, "", [])


def _user(name: str, attribute: str) -> Check:
    return _is(lambda world, token: getattr(_person(world, token), attribute), name)


def _api(world: World, _token: str) -> str:
    return world.idp.api.app_id


def _times(_world: World, _token: str, claims: dict[str, Any]) -> bool:
    issued, ends = int(claims["iat"]), int(claims["exp"])
    return claims["nbf"] == issued - 300 and issued < ends <= issued + 86400


_NOWHERE: dict[str, Check | str] = {"*": MISSING}
V1_PERSON, ANY_ID, V2_PERSON = (
    ("*-id1", "*-at1", "*-graph"),
    ("*-id1", "*-id2", "*-hid2"),
    ("*-id2", "*-hid2", "*-at2"),
)


def _row(*pairs: tuple[str | tuple[str, ...], Check | str]) -> dict[str, Check | str]:
    """Patterns in their order, the first that fits counts; whatever no pattern fits has not got the claim."""
    found: dict[str, Check | str] = {}
    for patterns, check in pairs:
        found |= dict.fromkeys((patterns,) if isinstance(patterns, str) else patterns, check)
    return {**found, "*": found.get("*", MISSING)}


TABLE: dict[str, dict[str, Check | str]] = {
    "aud": _row(
        (ANY_ID, _is(_client, "aud")),
        ("*-at2", _is(_api, "aud")),
        ("*-at1", _is(lambda world, _token: f"api://{world.idp.api.app_id}", "aud")),
        ("app-*-graph", _constant("aud", "https://graph.microsoft.com")),
        ("*-graph", _constant("aud", GRAPH_APP_ID)),
    ),
    "iss": _row((V1_PERSON, _issuer("1")), (V2_PERSON, _issuer("2"))),
    "iat": _row(("*", _times)),
    "nbf": _row(("*", _times)),
    "exp": _row(("*", _times)),
    "tid": _row(("*", _is(lambda world, _token: world.idp.tenant_id, "tid"))),
    "oid": _row(("app-*", _is(_principal, "oid")), ("*", _user("oid", "id"))),
    "sub": _row(("app-*", _is(_principal, "sub")), ("*", _pairwise)),
    "ver": _row((V1_PERSON, _constant("ver", "1.0")), (V2_PERSON, _constant("ver", "2.0"))),
    "idp": _row(
        ("guest-*", _constant("idp", "mail")),
        (("app-*-at1", "app-*-graph"), lambda _world, _token, claims: bool(claims["idp"] == claims["iss"])),
    ),
    "nonce": _row((ANY_ID, _constant("nonce", "n-1"))),
    "c_hash": _row(("*-hid2", _half_hash("c_hash", "code"))),
    "at_hash": _row(("*-hid2", _half_hash("at_hash", "access_token"))),
    "name": _row(("app-*", MISSING), ("*", _user("name", "display_name"))),
    "preferred_username": _row(
        ("app-*", MISSING),
        ((*V2_PERSON, "*-opt-id1", "*-opt-at1"), _user("preferred_username", "sign_in_name")),
    ),
    "unique_name": _row(
        ("app-*", MISSING),
        (
            tuple(f"guest-{each}" for each in V1_PERSON),
            _constant("unique_name", "mail#maria@nordwind.example"),
        ),
        (V1_PERSON, _user("unique_name", "sign_in_name")),
    ),
    "upn": _row(
        ("app-*", MISSING),
        (("guest-plain-*", "guest-opt-graph"), MISSING),
        ("guest-opt-*", _user("upn", "sign_in_name")),
        ((*V1_PERSON, "member-opt-*"), _user("upn", "user_principal_name")),
    ),
    "email": _row(
        ("app-*", MISSING),
        (("member-plain-at1", "member-plain-at2"), MISSING),  # the scope email is Graph's
        ("*", _user("email", "mail")),
    ),
    "email_verified": _NOWHERE,
    "xms_edov": _row(("app-*", MISSING), ("*-opt-graph", MISSING), ("*-opt-*", _constant("xms_edov", True))),
    "family_name": _row(("app-*", MISSING), ((*V1_PERSON, "*-opt-*"), _user("family_name", "surname"))),
    "given_name": _row(("app-*", MISSING), ((*V1_PERSON, "*-opt-*"), _user("given_name", "given_name"))),
    "acct": _row(
        ("app-*", MISSING),
        (("guest-opt-*", "guest-*-graph"), _constant("acct", 1)),
        (("member-opt-*", "member-*-graph"), _constant("acct", 0)),
    ),
    "acr": _row(("app-*", MISSING), (V1_PERSON, _constant("acr", "1"))),
    "amr": _row(
        ("app-*", MISSING),
        (tuple(f"guest-{each}" for each in V1_PERSON), _constant("amr", ["otp"])),
        (V1_PERSON, _constant("amr", ["pwd"])),
    ),
    "auth_time": _row(
        ("app-*", MISSING),
        ("*-graph", MISSING),
        ("*-opt-*", lambda _world, _token, claims: 0 < claims["auth_time"] <= claims["iat"]),
    ),
    "ipaddr": _row(("app-*", MISSING), ((*V1_PERSON, "*-opt-*"), _present("ipaddr"))),
    "login_hint": _row(
        ("app-*", MISSING),
        (
            tuple(f"*-opt-{kind}" for kind in ("id1", "id2", "hid2")),
            lambda world, _token, claims: (
                claims["login_hint"].startswith("O.") and world.idp.tenant_id not in claims["login_hint"]
            ),
        ),
    ),
    "sid": _row(("app-*", MISSING), ("*", _constant("sid", "5e55104e-0000-4000-8000-000000000000"))),
    "signin_state": _NOWHERE,  # nobody here asked to stay signed in
    "scp": _row(
        ("app-*", MISSING),
        ("*-graph", _constant("scp", "User.Read openid profile email")),
        (("*-at1", "*-at2"), _constant("scp", API_SCOPE)),
    ),
    "roles": _row((("*-at1", "*-at2"), _constant("roles", [API_ROLE]))),
    "wids": _row(
        ("app-*", MISSING),
        ("*-graph", MISSING),
        ("*-opt-*", lambda _world, _token, claims: PLAIN_USER in claims["wids"]),
    ),
    "groups": _row(
        ("app-*", MISSING),
        ("*-graph", MISSING),
        ("*-opt-*", _is(lambda world, _token: [world.group], "groups")),
    ),
    "hasgroups": _NOWHERE,
    "_claim_names": _NOWHERE,
    "_claim_sources": _NOWHERE,
    "azp": _row(("*-at2", _is(_client, "azp"))),
    "azpacr": _row(("*-at2", _constant("azpacr", "1"))),
    "appid": _row((("*-at1", "*-graph"), _is(_client, "appid"))),
    "appidacr": _row((("*-at1", "*-graph"), _constant("appidacr", "1"))),
    "app_displayname": _row(("*-graph", _constant("app_displayname", "Orders"))),
    "idtyp": _row(
        (("app-opt-*", "app-*-graph"), _constant("idtyp", "app")),
        ("*-graph", _constant("idtyp", "user")),  # a person elsewhere: only with include_user_token
    ),
    "ctry": _row(("guest-opt-graph", MISSING), ("guest-opt-*", _constant("ctry", "IT"))),
    "tenant_ctry": _NOWHERE,  # the tenant says no country
    "tenant_region_scope": _row(
        ("app-*", MISSING), ("*-graph", MISSING), ("*-opt-*", _constant("tenant_region_scope", "WW"))
    ),
    "verified_primary_email": _row(
        ("member-opt-graph", MISSING),
        ("member-opt-*", _is(lambda world, token: [_person(world, token).mail], "verified_primary_email")),
    ),
    "verified_secondary_email": _NOWHERE,
    "xms_pl": _row(("guest-opt-graph", MISSING), ("guest-opt-*", _constant("xms_pl", "it-IT"))),
    "xms_tpl": _row(("app-*", MISSING), ("*-graph", MISSING), ("*-opt-*", _present("xms_tpl"))),
    "xms_cc": _row(("app-*", MISSING), (("*-opt-at1", "*-opt-at2"), _constant("xms_cc", ["cp1"]))),
    "xms_st": _row(
        ("app-*", MISSING),
        (
            "*-graph",
            lambda world, token, claims: bool(
                claims["xms_st"] == {"sub": world.tokens[token.replace("-graph", "-id2")]["sub"]}
            ),
        ),
    ),
    "xms_tcdt": _row(
        (
            "*-graph",
            _is(lambda world, _token: int(world.idp.server.tenant.created_at.timestamp()), "xms_tcdt"),
        )
    ),
    "rh": _row(("app-*", MISSING), (("*-at1", "*-at2", "*-graph"), _present("rh"))),
    "uti": _row(("*", lambda _world, _token, claims: len(claims["uti"]) == 22)),
    **dict.fromkeys(
        # Internal to the other service, or of directories and devices that are not served here.
        (
            *(
                "jti",
                "aio",
                "puid",
                "altsecid",
                "platf",
                "deviceid",
                "e_exp",
                "prov_data",
                "in_corp",
                "onprem_sid",
            ),
            *(
                "pwd_exp",
                "pwd_url",
                "nickname",
                "home_oid",
                "home_tid",
                "home_puid",
                "fwd",
                "vnet",
                "ztdid",
                "acrs",
            ),
            *("xms_pdl", "xms_ftd", "xms_idrel", "xms_rd", "xms_act_fct", "xms_sub_fct"),
        ),
        _NOWHERE,
    ),
}


@pytest.mark.parametrize("claim", TABLE)
def test_row(world: World, claim: str) -> None:
    wrong = []
    for token, claims in world.tokens.items():
        check = next(check for pattern, check in TABLE[claim].items() if fnmatchcase(token, pattern))
        if isinstance(check, str):
            is_right = claim not in claims
        else:
            is_right = claim in claims and check(world, token, claims)
        if not is_right:
            wrong.append(f"{token}: {json.dumps(claims.get(claim, MISSING), default=str)}")
    assert wrong == []


def test_no_token_says_anything_beside_the_table(world: World) -> None:
    assert len(world.tokens) == 2 * (2 * 6 + 3)
    assert {claim for claims in world.tokens.values() for claim in claims} <= TABLE.keys()
