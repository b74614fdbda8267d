"""Groups in tokens: which ones an application is told of, in what form, how many, and where the rest is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.protocol import API_SCOPE, Protocol, body_of, claims_of
from tests.support.walker import BASE
from xenia.core.directory.application import DEFAULT_ACCESS_ROLE, AppRole
from xenia.core.directory.group import Group, GroupLink, ObjectKind
from xenia.core.ids import ObjectId

MEMBER = GroupLink.MEMBER


def _group(idp: Protocol, name: str, *members: tuple[ObjectId, ObjectKind], **changes: Any) -> Group:
    now, guid = idp.server.clock.now(), idp.server.ports.entropy.guid()
    made = replace(Group(guid, idp.tenant_id, name, name, now), **changes)

    def work(tx: Any) -> None:
        tx.groups.add(made)
        for object_id, kind in members:
            tx.groups.attach(MEMBER, made.id, object_id, kind)

    idp.write(work)
    return made


def _guest(idp: Protocol) -> tuple[ObjectId, ObjectKind]:
    return idp.guest.id, ObjectKind.USER


def _id_token(idp: Protocol, **request: Any) -> dict[str, Any]:
    asked = {"response_types": ("id_token",), "response_mode": "form_post", **request}
    return claims_of(idp.sign_in(**asked)["id_token"])


@pytest.fixture
def nested(idp: Protocol) -> dict[str, Group]:
    """The guest in a security group, that in another one; and in a Microsoft 365 group that is not for security."""
    inner = _group(idp, "inner", _guest(idp))
    outer = _group(idp, "outer", (inner.id, ObjectKind.GROUP))
    team = _group(
        idp, "team", _guest(idp), group_types=("Unified",), mail_enabled=True, security_enabled=False
    )
    _group(idp, "strangers")
    return {"inner": inner, "outer": outer, "team": team}


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (None, None),
        ("None", None),
        ("DirectoryRole", None),
        ("SecurityGroup", {"inner", "outer"}),
        ("securitygroup, directoryrole", {"inner", "outer"}),
        ("All", {"inner", "outer", "team"}),
        ("ApplicationGroup", None),
    ],
)
def test_the_setting_of_the_client_decides_what_its_id_tokens_tell(
    idp: Protocol, nested: dict[str, Group], setting: str | None, expected: set[str] | None
):
    idp.change_app(group_membership_claims=setting)
    told = _id_token(idp).get("groups")
    assert told == (None if expected is None else sorted(nested[name].id for name in expected))


def test_only_groups_assigned_to_the_application_with_direct_members(idp: Protocol, nested: dict[str, Group]):
    idp.change_app(group_membership_claims="ApplicationGroup")
    for name in ("outer", "team"):
        idp.assign(nested[name].id, "Group", idp.app.app_id, DEFAULT_ACCESS_ROLE)
    assert "groups" not in _id_token(idp)
    idp.assign(nested["inner"].id, "Group", idp.app.app_id, DEFAULT_ACCESS_ROLE)
    assert _id_token(idp)["groups"] == [nested["inner"].id]


def test_access_tokens_follow_the_setting_of_the_api(idp: Protocol, nested: dict[str, Group]):
    idp.grant(idp.api.app_id, API_SCOPE)
    scopes = ("openid", f"api://{idp.api.app_id}/{API_SCOPE}")

    def tokens() -> tuple[dict[str, Any], dict[str, Any]]:
        answer = body_of(idp.redeem(idp.sign_in(scopes=scopes)["code"]))
        return claims_of(answer["id_token"]), claims_of(answer["access_token"])

    idp.change_app(group_membership_claims="All")
    id_claims, access_claims = tokens()
    assert ("groups" in id_claims, "groups" in access_claims) == (True, False)

    def of_api(tx: Any) -> None:
        stored = tx.applications.find_by_app_id(idp.api.app_id)
        tx.applications.replace(replace(stored, group_membership_claims="SecurityGroup"))

    idp.write(of_api)
    idp.change_app(group_membership_claims=None)
    id_claims, access_claims = tokens()
    assert ("groups" in id_claims, len(access_claims["groups"])) == (False, 2)


def _optional(*properties: str) -> dict[str, list[dict[str, object]]]:
    return {"idToken": [{"name": "groups", "additionalProperties": list(properties)}]}


def test_names_are_told_of_assigned_groups_alone(idp: Protocol, nested: dict[str, Group]):
    idp.assign(nested["inner"].id, "Group", idp.app.app_id, DEFAULT_ACCESS_ROLE)
    idp.change_app(group_membership_claims="ApplicationGroup", optional_claims=_optional("cloud_displayname"))
    assert _id_token(idp)["groups"] == ["inner"]
    idp.change_app(group_membership_claims="SecurityGroup")
    assert set(_id_token(idp)["groups"]) == {nested["inner"].id, nested["outer"].id}
    # Names of an on-premises directory do not exist here: such groups are told by their ids.
    idp.change_app(optional_claims=_optional("sam_account_name"))
    assert set(_id_token(idp)["groups"]) == {nested["inner"].id, nested["outer"].id}


def test_groups_as_roles_replace_the_app_roles(idp: Protocol, nested: dict[str, Group]):
    role = AppRole("0f0f0f0f-0000-4000-8000-000000000001", "Buyer", "Buyer")
    idp.change_app(app_roles=(role,), group_membership_claims="SecurityGroup")
    idp.assign(idp.guest.id, "User", idp.app.app_id, role.id)
    plain = _id_token(idp)
    assert (plain["roles"], len(plain["groups"])) == (["Buyer"], 2)
    idp.change_app(optional_claims=_optional("emit_as_roles"))
    claims = _id_token(idp)
    assert set(claims["roles"]) == {nested["inner"].id, nested["outer"].id}
    assert "groups" not in claims


def test_direct_members_of_an_assigned_group_hold_its_role(idp: Protocol, nested: dict[str, Group]):
    role = AppRole("0f0f0f0f-0000-4000-8000-000000000001", "Buyer", "Buyer")
    idp.change_app(app_roles=(role,))
    idp.assign(nested["outer"].id, "Group", idp.app.app_id, role.id)
    assert "roles" not in _id_token(idp)
    idp.assign(nested["inner"].id, "Group", idp.app.app_id, role.id)
    assert _id_token(idp)["roles"] == ["Buyer"]


def _many(idp: Protocol, count: int) -> None:
    for number in range(count):
        _group(idp, f"group {number}", _guest(idp))


def test_in_an_address_more_than_five_are_told_as_a_fact(idp: Protocol):
    idp.change_app(group_membership_claims="SecurityGroup")
    _many(idp, 5)
    claims = _id_token(idp, response_mode="fragment")
    assert (len(claims["groups"]), "hasgroups" in claims) == (5, False)
    _many(idp, 1)
    claims = _id_token(idp, response_mode="fragment")
    assert (claims["hasgroups"], "groups" in claims) == (True, False)
    assert len(_id_token(idp, response_mode="form_post")["groups"]) == 6


def test_beyond_two_hundred_the_token_says_where_they_are_told(idp: Protocol):
    idp.change_app(group_membership_claims="SecurityGroup")
    _many(idp, 200)
    assert len(_id_token(idp)["groups"]) == 200
    _many(idp, 1)
    claims = _id_token(idp)
    assert "groups" not in claims
    assert claims["_claim_names"] == {"groups": "src1"}
    endpoint = f"{BASE}/v1.0/users/{idp.guest.id}/getMemberObjects"
    assert claims["_claim_sources"] == {"src1": {"endpoint": endpoint}}


def test_nobody_looks_for_groups_where_no_application_asks(
    idp: Protocol, nested: dict[str, Group], monkeypatch: pytest.MonkeyPatch
):
    from xenia.storage.groups import SqlGroups

    asked: list[str] = []
    for name in ("ids_containing", "assigned_containing", "containing"):
        monkeypatch.setattr(SqlGroups, name, lambda *_a, name=name, **_k: asked.append(name) or ())
    _id_token(idp)
    assert asked == []
    idp.change_app(group_membership_claims="SecurityGroup")
    _id_token(idp)
    assert asked == ["ids_containing"]
