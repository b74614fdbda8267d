"""Documents and claim sets as a whole, field by field, beside readable files: nothing appears or vanishes unseen.

After a change that is meant, ``XENIA_WRITE_GOLDEN=1 pytest tests/oidc/test_golden.py`` writes the files anew; the
difference is what is reviewed.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.protocol import API_ROLE, SECRET, Protocol, body_of, claims_of
from tests.support.walker import BASE
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.directory.user import Identity, User
from xenia.core.signin.facts import Factor, Proof
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.users.manage_users import NewMember, create_member

GOLDEN = Path(__file__).parent / "golden"
PARTNER = "https://login.partner.example/"
VOLATILE = {"iat", "nbf", "exp", "uti", "rh", "auth_time", "xms_tcdt"}
OPTIONAL = (
    "acct", "auth_time", "ctry", "email", "family_name", "given_name", "ipaddr", "login_hint", "preferred_username",
    "sid", "signin_state", "tenant_ctry", "tenant_region_scope", "upn", "verified_primary_email",
    "verified_secondary_email", "xms_edov", "xms_pl", "xms_tpl",
)  # fmt: skip


def _same_as_file(name: str, found: Any) -> None:
    path = GOLDEN / f"{name}.json"
    if os.environ.get("XENIA_WRITE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    assert found == json.loads(path.read_text("utf-8"))


def _plain(idp: Protocol, claims: dict[str, Any], person: User | None = None) -> dict[str, Any]:
    """Claims with what differs from run to run replaced by its name; pairwise subjects by whose they are."""
    names = {idp.tenant_id: "{tenant}", idp.app.app_id: "{client}", idp.api.app_id: "{api}"}
    names |= {idp.principal(idp.app.app_id).id: "{client's principal}", GRAPH_APP_ID: "{graph}"}
    if person is not None:
        names[person.id] = "{person}"

    def worded(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: worded(one) for key, one in value.items()}
        if isinstance(value, list):
            return [worded(one) for one in value]
        if isinstance(value, str):
            for guid, word in names.items():
                value = value.replace(guid, word)
        return value

    plain = {name: "{varies}" if name in VOLATILE else worded(value) for name, value in claims.items()}
    if person is not None:
        plain["sub"] = "{pairwise}"
        if "xms_st" in plain:
            plain["xms_st"] = {"sub": "{pairwise of the client}"}
    if "login_hint" in plain:
        plain["login_hint"] = "{opaque}"
    return plain


@pytest.mark.parametrize("segment", ["tenant", "common", "organizations", "consumers"])
@pytest.mark.parametrize(("version", "infix"), [("v1", ""), ("v2", "/v2.0")])
def test_discovery_documents(idp: Protocol, segment: str, version: str, infix: str) -> None:
    named = idp.tenant_id if segment == "tenant" else segment
    path = f"/{named}{infix}/.well-known/openid-configuration"
    response = idp.send("GET", path)
    text = response.body.decode().replace(idp.tenant_id, "{tenant}").replace(BASE, "{base}")
    _same_as_file(f"discovery-{version}-{segment}", json.loads(text))
    assert response.header("Cache-Control") == "max-age=86400, private"
    assert response.header("Access-Control-Allow-Origin") == "*"
    head = idp.send("HEAD", path)
    assert (head.status, head.header("ETag")) == (200, response.header("ETag"))
    assert idp.send("OPTIONS", path).header("Access-Control-Allow-Methods") == "GET, OPTIONS"


def _member(idp: Protocol) -> tuple[User, None]:
    name = f"mia@{idp.server.tenant.initial_domain}"
    properties = {"mail": name, "given_name": "Mia", "surname": "Member"}
    order = NewMember(name, "Mia Member", properties=properties)
    return create_member(idp.server.ports, idp.server.actor(), order).user, None


def _mail_guest(idp: Protocol) -> tuple[User, None]:
    return idp.guest, None


def _federated_guest(idp: Protocol) -> tuple[User, Proof]:
    person = replace(idp.guest, identities=(Identity("federated", PARTNER, "s-1"),))
    idp.write(lambda tx: tx.users.replace(person))
    proof = Proof(
        "federated", Factor.FIRST, idp.server.clock.now(), ("fed",), PARTNER, "maria@nordwind.example"
    )
    return idp.read(lambda tx: tx.users.find(person.id)), proof


PEOPLE = {"member": _member, "mail-guest": _mail_guest, "federated-guest": _federated_guest}


@pytest.mark.parametrize("kind", PEOPLE)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_tokens_of_people(idp: Protocol, kind: str, version: str) -> None:
    """ID token of this version; access tokens for Graph, and for an API that wants this version."""
    person, proof = PEOPLE[kind](idp)
    idp.grant(GRAPH_APP_ID, "openid", "profile", "email", "User.Read")
    idp.grant(idp.api.app_id, "access_as_user")
    api = replace(idp.api, requested_access_token_version=int(version[0]))
    idp.write(lambda tx: tx.applications.replace(api))
    for name, scope in (("graph", "User.Read"), ("api", f"api://{idp.api.app_id}/access_as_user")):
        scopes = ("openid", "profile", "email", scope)
        code = idp.sign_in(person, proof=proof, scopes=scopes, endpoint_version=version)["code"]
        tokens = body_of(idp.redeem(code))
        short = f"v{version[0]}-{kind}"
        if name == "api":
            _same_as_file(f"id-token-{short}", _plain(idp, claims_of(tokens["id_token"]), person))
            _same_as_file(f"api-token-{short}", _plain(idp, claims_of(tokens["access_token"]), person))
        elif version == "2.0":
            _same_as_file(f"graph-token-{kind}", _plain(idp, claims_of(tokens["access_token"]), person))


@pytest.mark.parametrize("version", [1, 2])
def test_tokens_of_apps(idp: Protocol, version: int) -> None:
    role = next(role.id for role in idp.api.app_roles if role.value == API_ROLE)
    idp.assign(idp.principal(idp.app.app_id).id, "ServicePrincipal", idp.api.app_id, role)
    api = replace(idp.api, requested_access_token_version=version)
    idp.write(lambda tx: tx.applications.replace(api))
    answer = body_of(idp.client_credentials())
    assert set(answer) == {"token_type", "expires_in", "ext_expires_in", "access_token"}
    _same_as_file(f"app-token-v{version}", _plain(idp, claims_of(answer["access_token"])))
    if version == 2:
        graph = body_of(idp.client_credentials(scope="https://graph.microsoft.com/.default"))
        _same_as_file("app-token-graph", _plain(idp, claims_of(graph["access_token"])))


@pytest.mark.parametrize("kind", PEOPLE)
def test_every_optional_claim(idp: Protocol, kind: str) -> None:
    person, proof = PEOPLE[kind](idp)
    configured = {"idToken": [{"name": name} for name in OPTIONAL]}
    idp.change_app(optional_claims=configured, group_membership_claims="DirectoryRole")
    code = idp.sign_in(person, proof=proof, scopes=("openid", "profile"))["code"]
    token = body_of(idp.redeem(code))["id_token"]
    _same_as_file(f"optional-claims-{kind}", _plain(idp, claims_of(token), person))


def test_userinfo_of_v1_serves_its_own_tenant_only(idp: Protocol) -> None:
    token = body_of(idp.redeem(idp.sign_in()["code"]))["access_token"]
    for segment, status in ((idp.tenant_id, 200), ("contoso", 200), ("common", 200), ("nobody", 400)):
        response = idp.send("GET", f"/{segment}/openid/userinfo", authorization=f"Bearer {token}")
        assert response.status == status, segment

    create_tenant(idp.server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    crossed = idp.send("GET", "/fabrikam/openid/userinfo", authorization=f"Bearer {token}")
    assert (crossed.status, idp.guest.display_name.encode() in crossed.body) == (401, False)
    assert SECRET.encode() not in crossed.body
