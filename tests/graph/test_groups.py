"""Groups over the wire: making and changing them, members of every kind, memberships, and what guests may read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.graph_calls import BASE, GraphWorld, graph_world
from xenia.core.directory.roles import GROUPS_ADMINISTRATOR
from xenia.core.directory.tenant import GuestAccess
from xenia.core.directory.user import User

SECURITY = {"mailEnabled": False, "securityEnabled": True}
NOBODY = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GraphWorld]:
    with graph_world(tmp_path) as running:
        yield running


def _make(world: GraphWorld, name: str, *members: str, **more: Any) -> dict[str, Any]:
    sent = {"displayName": name, "mailNickname": name.lower(), **SECURITY, **more}
    if members:
        sent["members@odata.bind"] = [f"{BASE}/v1.0/directoryObjects/{each}" for each in members]
    answer = world.call("POST", "groups", sent)
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.body
    return made


def _names(answer: Any) -> list[str]:
    assert answer.status == 200, answer.body
    return [item["displayName"] for item in answer.body["value"]]


def test_a_group_is_made_read_changed_and_deleted(world: GraphWorld):
    sent = {"displayName": "Buyers", "mailNickname": "buyers", "description": "Who buys", **SECURITY}
    answer = world.call("POST", "groups", {"@odata.type": "#microsoft.graph.group", **sent})
    assert answer.status == 201
    made = answer.body
    assert made["@odata.context"] == f"{BASE}/v1.0/$metadata#groups/$entity"
    assert answer.header("location") == f"{BASE}/v1.0/groups/{made['id']}"
    expected = {**sent, "groupTypes": [], "mail": None, "membershipRule": None, "proxyAddresses": []}
    assert {name: made[name] for name in expected} == expected
    assert made["securityIdentifier"].startswith("S-1-12-1-")
    assert world.get(f"groups/{made['id']}").body == made
    assert world.get(f"groups('{made['id']}')?$select=displayName").body["displayName"] == "Buyers"
    path = f"groups/{made['id']}"
    assert world.call("PATCH", path, {"displayName": "Sellers", "description": None}).status == 204
    read = world.get(path).body
    assert (read["displayName"], read["description"]) == ("Sellers", None)
    assert world.call("DELETE", path).status == 204
    gone = world.get(path)
    assert (gone.status, gone.code) == (404, "Request_ResourceNotFound")
    assert {"Add group", "Update group", "Delete group"} <= set(world.activities())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"displayName": None}, "A value is required for property 'displayName' of resource 'Group'."),
        ({"mailNickname": None}, "A value is required for property 'mailNickname' of resource 'Group'."),
        ({"mailNickname": "a b"}, "Invalid value specified for property 'mailNickname' of resource 'Group'."),
        ({"groupTypes": ["DynamicMembership"]}, "Dynamic membership is not supported by this server."),
        ({"isAssignableToRole": True}, "property 'isAssignableToRole'"),
        ({"mailEnabled": True}, "mailEnabled true and groupTypes ['Unified']"),
        (
            {"shoeSize": 42},
            "Property 'shoeSize' does not exist as a declared property or extension property.",
        ),
    ],
)
def test_what_cannot_be_made(world: GraphWorld, change: dict[str, object], message: str) -> None:
    sent = {"displayName": "Buyers", "mailNickname": "buyers", **SECURITY, **change}
    refused = world.call("POST", "groups", sent)
    assert (refused.status, refused.code) == (400, "Request_BadRequest")
    assert message in refused.message
    assert world.get("groups").body["value"] == []


def test_a_microsoft_365_group_has_the_nickname_for_itself(world: GraphWorld):
    unified = {"mailEnabled": True, "securityEnabled": False, "groupTypes": ["Unified"]}
    made = _make(world, "Team", **unified)
    assert (made["mail"], made["visibility"]) == (f"team@{world.tenant.default_domain}", "Public")
    again = world.call("POST", "groups", {"displayName": "X", "mailNickname": "team", **unified})
    assert (again.status, again.code) == (400, "Request_BadRequest")
    assert again.body["error"]["details"][0] == {
        "code": "ObjectConflict",
        "message": "Another object with the same value for property mailNickname already exists.",
        "target": "mailNickname",
    }


def test_lists_filter_search_order_and_page(world: GraphWorld):
    for name in ("Blue", "Green", "Red"):
        _make(world, name, description=f"{name} team")
    _make(world, "Team", mailEnabled=True, securityEnabled=False, groupTypes=["Unified"])
    assert _names(world.get("groups?$orderby=displayName desc&$top=2")) == ["Team", "Red"]
    assert [len(page) for page in world.pages("groups?$top=3")] == [3, 1]
    assert _names(world.get("groups?$filter=startswith(displayName,'gr')")) == ["Green"]
    assert _names(world.get("groups?$filter=groupTypes/any(c:c eq 'Unified')")) == ["Team"]
    assert _names(world.get("groups?$filter=securityEnabled eq true and mailEnabled eq false&$top=5")) == [
        "Blue",
        "Green",
        "Red",
    ]
    assert world.get("groups?$filter=displayName ne 'Red'").code == "Request_UnsupportedQuery"
    counted = world.get("groups?$filter=displayName ne 'Red'&$count=true", eventual=True)
    assert counted.body["@odata.count"] == 3
    assert _names(world.get('groups?$search="description:blue"', eventual=True)) == ["Blue"]
    assert world.get("groups/$count", eventual=True).body == "4"
    assert world.get("groups?$select=id,nothing").status == 400


def test_members_of_every_kind_are_told_as_what_they_are(world: GraphWorld):
    maria = world.add("maria", guest=True)
    inner = _make(world, "Inner", maria.id)
    principal = world.get(f"servicePrincipals(appId='{world.app.app_id}')").body["id"]
    outer = _make(world, "Outer", world.admin.id, inner["id"], principal)
    path = f"groups/{outer['id']}"
    answer = world.get(f"{path}/members")
    assert answer.body["@odata.context"] == f"{BASE}/v1.0/$metadata#directoryObjects"
    told = {item["@odata.type"]: item for item in answer.body["value"]}
    assert set(told) == {f"#microsoft.graph.{kind}" for kind in ("user", "group", "servicePrincipal")}
    assert told["#microsoft.graph.user"]["userPrincipalName"] == world.admin.user_principal_name
    assert told["#microsoft.graph.group"]["securityEnabled"] is True
    assert told["#microsoft.graph.servicePrincipal"]["appId"] == world.app.app_id
    chosen = world.get(f"{path}/members?$select=id,userPrincipalName").body["value"]
    assert {tuple(sorted(item)) for item in chosen} == {
        ("@odata.type", "id", "userPrincipalName"),
        ("@odata.type", "id"),
    }
    users = world.get(f"{path}/members/graph.user?$select=displayName")
    assert users.body["@odata.context"].endswith("#users(displayName)")
    assert _names(users) == [world.admin.display_name]
    deep = f"{path}/transitiveMembers/microsoft.graph.user?$filter=userType eq 'Guest'&$count=true"
    assert (
        _names(world.get(deep, eventual=True)),
        world.get(f"{path}/members/$count", eventual=True).body,
    ) == (
        ["Maria"],
        "3",
    )
    assert [len(page) for page in world.pages(f"{path}/transitiveMembers?$top=3")] == [3, 1]
    links = world.get(f"{path}/members/$ref").body
    assert links["@odata.context"].endswith("#Collection($ref)")
    assert {link["@odata.id"].rpartition(".")[2] for link in links["value"]} == {
        "User",
        "Group",
        "ServicePrincipal",
    }
    expanded = world.get(f"{path}?$expand=members($select=id,displayName)").body
    assert len(expanded["members"]) == 3
    assert world.get(f"groups?$expand=owners&$filter=id eq '{outer['id']}'").body["value"][0]["owners"] == []


def test_members_and_owners_come_and_go_by_reference(world: GraphWorld):
    maria = world.add("maria", guest=True)
    group = _make(world, "Buyers")
    for name, added, removed in (
        ("members", "Add member to group", "Remove member from group"),
        ("owners", "Add owner to group", "Remove owner from group"),
    ):
        path = f"groups/{group['id']}/{name}"
        for who, host in ((maria.id, "https://graph.microsoft.com"), (world.admin.id, BASE)):
            sent = {"@odata.id": f"{host}/v1.0/directoryObjects/{who}"}
            assert world.call("POST", f"{path}/$ref", sent).status == 204
        again = world.call("POST", f"{path}/$ref", {"@odata.id": f"{BASE}/v1.0/users/{maria.id}"})
        assert (again.status, again.code) == (400, "Request_BadRequest")
        assert again.message == (
            "One or more added object references already exist for the following modified properties: "
            f"'{name}'."
        )
        missing = world.call("POST", f"{path}/$ref", {"@odata.id": f"{BASE}/v1.0/users/{NOBODY}"})
        assert (missing.status, missing.code) == (404, "Request_ResourceNotFound")
        assert world.call("DELETE", f"{path}/{maria.id}").status == 405
        assert world.user(maria.id) is not None
        assert world.call("DELETE", f"{path}/{maria.id}/$ref").status == 204
        assert world.call("DELETE", f"{path}/{maria.id}/$ref").status == 404
        assert [item["id"] for item in world.get(path).body["value"]] == [world.admin.id]
        assert {added, removed} <= set(world.activities())
    last = world.call("DELETE", f"groups/{group['id']}/owners/{world.admin.id}/$ref")
    assert (last.status, last.message) == (
        400,
        "The group must have at least one owner, hence this owner cannot be removed.",
    )


def test_a_patch_adds_up_to_twenty_members(world: GraphWorld):
    group = _make(world, "Buyers")
    people = [world.add(f"p{number}") for number in range(21)]
    urls = [f"{BASE}/v1.0/directoryObjects/{person.id}" for person in people]
    path = f"groups/{group['id']}"
    refused = world.call("PATCH", path, {"members@odata.bind": urls})
    assert (refused.status, world.get(f"{path}/members").body["value"]) == (400, [])
    assert world.call("PATCH", path, {"members@odata.bind": urls[:20]}).status == 204
    assert len(world.get(f"{path}/members").body["value"]) == 20


def test_memberships_of_users_groups_and_apps(world: GraphWorld):
    maria = world.add("maria", guest=True)
    inner = _make(world, "Inner", maria.id)
    outer = _make(world, "Outer", inner["id"])
    team = _make(world, "Team", maria.id, mailEnabled=True, securityEnabled=False, groupTypes=["Unified"])
    _make(world, "Others")
    upn = maria.user_principal_name.replace("#", "%23")
    for key in (maria.id, upn):
        direct = world.get(f"users/{key}/memberOf")
        assert direct.body["@odata.context"].endswith("$metadata#directoryObjects")
        assert _names(direct) == ["Inner", "Team"]
    assert {item["@odata.type"] for item in direct.body["value"]} == {"#microsoft.graph.group"}
    cast = world.get(f"users/{maria.id}/transitiveMemberOf/microsoft.graph.group?$select=displayName")
    assert (cast.body["@odata.context"].endswith("#groups(displayName)"), _names(cast)) == (
        True,
        ["Inner", "Outer", "Team"],
    )
    assert _names(world.get(f"groups/{inner['id']}/memberOf")) == ["Outer"]
    assert world.get(f"groups/{outer['id']}/transitiveMemberOf").body["value"] == []
    ids = {name: group["id"] for name, group in (("inner", inner), ("outer", outer), ("team", team))}
    for action in ("getMemberGroups", "getMemberObjects"):
        every = world.call("POST", f"users/{maria.id}/{action}", {"securityEnabledOnly": False})
        assert every.body["@odata.context"].endswith("#Collection(Edm.String)")
        assert set(every.body["value"]) == set(ids.values())
        safe = world.call("POST", f"users/{maria.id}/{action}", {"securityEnabledOnly": True})
        assert set(safe.body["value"]) == {ids["inner"], ids["outer"]}
    asked = {"groupIds": [ids["outer"], NOBODY]}
    checked = world.call("POST", f"users/{maria.id}/microsoft.graph.checkMemberGroups", asked)
    assert checked.body["value"] == [ids["outer"]]
    too_many = {"groupIds": [ids["outer"]] * 21}
    assert world.call("POST", f"users/{maria.id}/checkMemberGroups", too_many).status == 400
    principal = world.get(f"servicePrincipals(appId='{world.app.app_id}')").body["id"]
    assert world.get(f"servicePrincipals/{principal}/memberOf").body["value"] == []


def test_circles_end(world: GraphWorld):
    maria = world.add("maria")
    first = _make(world, "First", maria.id)
    second = _make(world, "Second", first["id"])
    link = {"@odata.id": f"{BASE}/v1.0/groups/{second['id']}"}
    assert world.call("POST", f"groups/{first['id']}/members/$ref", link).status == 204
    assert set(_names(world.get(f"groups/{first['id']}/transitiveMembers"))) == {"Second", "Maria"}
    assert _names(world.get(f"groups/{first['id']}/transitiveMemberOf")) == ["Second"]
    itself = {"@odata.id": f"{BASE}/v1.0/groups/{first['id']}"}
    assert world.call("POST", f"groups/{first['id']}/members/$ref", itself).status == 400


PERMISSIONS = [
    ("Group.Read.All", 200, 403, 403),
    ("GroupMember.Read.All", 200, 403, 403),
    ("GroupMember.ReadWrite.All", 200, 204, 403),
    ("Group.ReadWrite.All", 200, 204, 204),
    ("Directory.Read.All", 200, 403, 403),
    ("Directory.ReadWrite.All", 200, 204, 204),
    ("User.Read.All", 403, 403, 403),
]


@pytest.mark.parametrize(("permission", "reads", "adds", "changes"), PERMISSIONS)
def test_what_each_permission_of_an_app_allows(
    world: GraphWorld, permission: str, reads: int, adds: int, changes: int
) -> None:
    maria = world.add("maria")
    path = f"groups/{_make(world, 'Buyers')['id']}"
    token = world.token(None, permission)
    assert world.get("groups", token=token).status == reads
    assert world.get(f"{path}/members", token=token).status == reads
    link = {"@odata.id": f"{BASE}/v1.0/directoryObjects/{maria.id}"}
    added = world.call("POST", f"{path}/members/$ref", link, token=token)
    assert added.status == adds
    if adds == 403:
        assert (added.code, added.message) == (
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )
    assert world.call("PATCH", path, {"description": "x"}, token=token).status == changes
    assert world.call("DELETE", path, token=token).status == changes


def test_an_app_that_may_create_groups_may_not_read_them(world: GraphWorld):
    token = world.token(None, "Group.Create")
    sent = {"displayName": "Buyers", "mailNickname": "buyers", **SECURITY}
    assert world.call("POST", "groups", sent, token=token).status == 201
    assert world.get("groups", token=token).status == 403


def test_people_need_a_role_or_ownership_besides_the_permission(world: GraphWorld):
    eve, ida = world.add("eve"), world.add("ida")
    helper = world.add("helper", GROUPS_ADMINISTRATOR)
    path = f"groups/{_make(world, 'Buyers', **_owned(eve))['id']}"
    scope = "Group.ReadWrite.All"
    change = {"description": "x"}
    assert world.call("PATCH", path, change, token=world.token(ida, scope)).status == 403
    assert world.call("PATCH", path, change, token=world.token(eve, scope)).status == 204
    assert world.call("PATCH", path, change, token=world.token(helper, scope)).status == 204
    assert world.call("PATCH", path, change, token=world.token(eve, "Group.Read.All")).status == 403


def _owned(user: User) -> dict[str, Any]:
    return {"owners@odata.bind": [f"{BASE}/v1.0/users/{user.id}"]}


def test_kinds_that_a_token_may_not_read_are_told_by_id_and_type(world: GraphWorld):
    maria = world.add("maria")
    principal = world.get(f"servicePrincipals(appId='{world.app.app_id}')").body["id"]
    path = f"groups/{_make(world, 'Buyers', maria.id, principal)['id']}/members"
    token = world.token(None, "GroupMember.Read.All")
    for item in world.get(path, token=token).body["value"]:
        known = {name for name, value in item.items() if value not in (None, [])}
        assert known == {"@odata.type", "id"}
    probing = f"{path}?$filter=startswith(displayName,'m')"
    assert world.get(probing, token=token).status == 403
    assert world.get(f"{path}/microsoft.graph.user?$filter=mail eq 'x'", token=token).status == 403
    own = world.get("me/memberOf", token=world.token(maria, "User.Read")).body["value"]
    assert [(len(own), own[0]["displayName"], bool(own[0]["id"]))] == [(1, None, True)]


def test_hidden_members_are_told_to_members_owners_and_administrators(world: GraphWorld):
    maria, eve = world.add("maria"), world.add("eve")
    hidden = {"mailEnabled": True, "groupTypes": ["Unified"], "visibility": "HiddenMembership"}
    path = f"groups/{_make(world, 'Secret', maria.id, **hidden)['id']}"
    scopes = "Group.Read.All User.Read.All User.Read"
    assert world.get(path, token=world.token(eve, scopes)).status == 200
    assert world.get(f"{path}/members", token=world.token(eve, scopes)).status == 403
    assert world.get(f"users/{maria.id}/memberOf", token=world.token(eve, scopes)).body["value"] == []
    asked = {"securityEnabledOnly": False}
    ids = world.call("POST", f"users/{maria.id}/getMemberGroups", asked, token=world.token(eve, scopes))
    assert ids.body["value"] == []
    assert world.get(f"{path}/members", token=world.token(maria, scopes)).status == 200
    assert world.get(f"{path}/members").status == 200
    assert world.get(f"{path}/members", token=world.token(None, "Group.Read.All")).status == 403
    both = world.token(None, "Group.Read.All Member.Read.Hidden")
    assert world.get(f"{path}/members", token=both).status == 200


def test_guests_read_groups_as_their_access_level_says(world: GraphWorld):
    maria = world.add("maria", guest=True)
    group = _make(world, "Buyers", maria.id, world.admin.id)
    token = world.token(maria, "User.Read Group.Read.All Directory.Read.All")
    path, named = f"groups/{group['id']}", "groups?$filter=displayName eq 'Buyers'"

    def statuses() -> list[int]:
        return [world.get(url, token=token).status for url in ("groups", named, path, f"{path}/members")]

    world.guests_see(GuestAccess.SAME_AS_MEMBERS)
    assert statuses() == [200, 200, 200, 200]
    world.guests_see(GuestAccess.LIMITED)
    assert statuses() == [403, 200, 200, 200]
    assert world.get("groups?$filter=startswith(displayName,'B')", token=token).status == 403
    assert _names(world.get("me/memberOf", token=token)) == ["Buyers"]
    world.guests_see(GuestAccess.RESTRICTED)
    assert statuses() == [403, 403, 403, 403]
    (own,) = world.get("me/memberOf", token=token).body["value"]
    assert (own["id"], own["displayName"], own["mail"]) == (group["id"], None, None)
    assert world.get(f"users/{world.admin.id}/memberOf", token=token).status == 403


def test_the_source_named_in_a_token_answers_whoever_the_token_is_about(world: GraphWorld):
    maria, eve = world.add("maria", guest=True), world.add("eve", guest=True)
    world.guests_see(GuestAccess.RESTRICTED)
    group = _make(world, "Buyers", maria.id)
    path, asked = f"users/{maria.id}/getMemberObjects", {"securityEnabledOnly": False}
    own = world.call("POST", path, asked, token=world.token(maria, "User.Read"))
    assert (own.status, own.body["value"]) == (200, [group["id"]])
    assert world.call("POST", path, asked, token=world.token(eve, "User.Read")).status == 403


def test_apps_have_no_me(world: GraphWorld):
    refused = world.get("me/memberOf", token=world.token(None, "Directory.Read.All"))
    assert (refused.status, refused.message) == (
        400,
        "/me request is only valid with delegated authentication flow.",
    )
