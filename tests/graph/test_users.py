"""Users through the API: reading, creating, changing, deleting, restoring; and the shape of answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.graph_calls import ALL_SCOPES, BASE, GraphWorld
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR, USER_ADMINISTRATOR

ELEVEN = {
    *("businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone"),
    *("officeLocation", "preferredLanguage", "surname", "userPrincipalName"),
}
NEW = {
    "accountEnabled": True,
    "displayName": "Ada Example",
    "mailNickname": "ada",
    "userPrincipalName": "ada@contoso.onxenia.localhost",
    "passwordProfile": {"password": "Blue-Horse-7712", "forceChangePasswordNextSignIn": False},
}


def test_a_user_is_told_with_exactly_the_eleven_properties(world: GraphWorld) -> None:
    guest = world.add("maria", guest=True)
    answer = world.get(f"users/{guest.id}")
    assert answer.status == 200
    assert next(iter(answer.body)) == "@odata.context"
    assert answer.body["@odata.context"] == f"{BASE}/v1.0/$metadata#users/$entity"
    assert set(answer.body) - {"@odata.context"} == ELEVEN
    assert answer.body["jobTitle"] is None
    assert answer.body["businessPhones"] == []
    assert answer.header("request-id")
    assert answer.header("client-request-id")


def test_select_tells_what_is_selected_in_any_case(world: GraphWorld) -> None:
    guest = world.add("maria", guest=True)
    answer = world.get(f"users/{guest.id}?$select=ID,externalUserState,userType,identities,createdDateTime")
    assert answer.body["externalUserState"] == "Accepted"
    assert answer.body["userType"] == "Guest"
    assert answer.body["createdDateTime"] == "2026-07-01T12:00:00Z"
    assert {"signInType": "federated", "issuer": "mail", "issuerAssignedId": guest.mail} in answer.body[
        "identities"
    ]
    assert answer.body["@odata.context"].endswith(
        "#users(id,externalUserState,userType,identities,createdDateTime)/$entity"
    )


def test_every_way_to_address_a_user(world: GraphWorld) -> None:
    guest = world.add("maria", guest=True)
    upn = guest.user_principal_name.replace("#", "%23").replace("@", "%40")
    for url in (
        f"users/{guest.id.upper()}",
        f"Users('{guest.id}')",
        f"users/{upn}",
        f"users(userPrincipalName='{upn}')",
        f"users/{guest.id}/microsoft.graph.user",
    ):
        assert world.get(url).body["id"] == guest.id, url
    assert world.get(f"{BASE}/beta/users/{guest.id}").body["userType"] == "Guest"


def test_an_unknown_user_is_not_found(world: GraphWorld) -> None:
    key = "00000000-1111-4222-8333-444444444444"
    answer = world.get(f"users/{key}")
    assert (answer.status, answer.code) == (404, "Request_ResourceNotFound")
    assert answer.message == (
        f"Resource '{key}' does not exist or one of its queried reference-property objects are not present."
    )


def test_me_is_the_person_of_the_token_and_nobody_for_an_app(world: GraphWorld) -> None:
    assert world.get("me").body["id"] == world.admin.id
    answer = world.get("me", token=world.token(None))
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert "only valid with delegated authentication flow" in answer.message


def test_create_needs_its_required_properties(world: GraphWorld) -> None:
    answer = world.call("POST", "users", NEW)
    assert answer.status == 201, answer.body
    assert set(answer.body) - {"@odata.context"} == ELEVEN
    assert answer.header("Location") == f"{BASE}/v1.0/users/{answer.body['id']}"
    assert "Add user" in world.activities()
    for name in NEW:
        partial = {key: value for key, value in NEW.items() if key != name}
        missing = world.call("POST", "users", partial)
        assert (missing.status, missing.code) == (400, "Request_BadRequest")
        assert missing.message == f"A value is required for property '{name}' of resource 'User'."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"userPrincipalName": "ada@elsewhere.example"}, "verified domain names"),
        ({"passwordProfile": {"password": "short"}}, "password complexity"),
        ({"userType": "Guest"}, "Invalid value specified for property 'userType'"),
        ({"shoeSize": "43"}, "Property 'shoeSize' does not exist"),
        ({"creationType": "Invitation"}, "read-only"),
        ({"displayName": 7}, "Invalid value specified for property 'displayName' of resource 'User'."),
        ({"givenName": "x" * 65}, "givenName"),
        ({"displayName": "a\x00b"}, "displayName"),
    ],
)
def test_create_refuses_wrong_values(world: GraphWorld, change: dict[str, object], words: str) -> None:
    answer = world.call("POST", "users", {**NEW, **change})
    assert (answer.status, answer.code) == (400, "Request_BadRequest")
    assert words in answer.message


def test_a_taken_name_is_told_with_details(world: GraphWorld) -> None:
    assert world.call("POST", "users", NEW).status == 201
    again = world.call("POST", "users", {**NEW, "userPrincipalName": "ADA@contoso.onxenia.localhost"})
    assert (again.status, again.code) == (400, "Request_BadRequest")
    assert (
        again.message == "Another object with the same value for property userPrincipalName already exists."
    )
    assert again.body["error"]["details"][0]["code"] == "ObjectConflict"


def test_patch_changes_clears_and_answers_nothing(world: GraphWorld) -> None:
    guest = world.add("maria", guest=True)
    sent = {"@odata.type": "#microsoft.graph.user", "companyName": "Nordwind", "businessPhones": ["+47 1"]}
    answer = world.call("PATCH", f"users/{guest.id}", sent)
    assert (answer.status, answer.body) == (204, "")
    stored = world.user(guest.id)
    assert stored
    assert (stored.company_name, stored.business_phones) == ("Nordwind", ("+47 1",))
    assert world.call("PATCH", f"users/{guest.id}", {"companyName": None, "businessPhones": []}).status == 204
    stored = world.user(guest.id)
    assert stored
    assert (stored.company_name, stored.business_phones) == (None, ())
    assert world.activities().count("Update user") == 2


def test_a_guest_never_gets_a_password(world: GraphWorld) -> None:
    guest = world.add("maria", guest=True)
    sent = {"passwordProfile": {"password": "Blue-Horse-7712"}, "companyName": "Nordwind"}
    answer = world.call("PATCH", f"users/{guest.id}", sent)
    assert (answer.status, answer.code) == (400, "Request_BadRequest")
    stored = world.user(guest.id)
    assert stored
    assert stored.company_name is None


def test_a_refused_property_keeps_the_old_password_too(world: GraphWorld) -> None:
    member = world.add("olena")
    sent = {
        "passwordProfile": {"password": "Blue-Horse-7712"},
        "userPrincipalName": "olena@elsewhere.example",
    }
    assert world.call("PATCH", f"users/{member.id}", sent).status == 400
    with world.ports.store.read(world.tenant_id) as tx:
        assert tx.credentials.password(member.id) is None
    assert (
        world.call(
            "PATCH", f"users/{member.id}", {**sent, "userPrincipalName": member.user_principal_name}
        ).status
        == 204
    )
    with world.ports.store.read(world.tenant_id) as tx:
        assert tx.credentials.password(member.id) is not None


def test_delete_restore_and_purge(world: GraphWorld) -> None:
    guest = world.add("maria", guest=True)
    assert world.call("DELETE", f"users/{guest.id}").status == 204
    assert world.get(f"users/{guest.id}").status == 404
    listed = world.get("directory/deletedItems/microsoft.graph.user?$select=id,deletedDateTime")
    assert listed.body["value"] == [{"id": guest.id, "deletedDateTime": "2026-07-01T12:00:00Z"}]
    assert world.get("directory/deletedItems/graph.user").body["value"][0]["id"] == guest.id
    restored = world.call("POST", f"directory/deletedItems/{guest.id}/restore")
    assert restored.status == 200
    assert restored.body["@odata.type"] == "#microsoft.graph.user"
    assert restored.body["@odata.context"].endswith("#directoryObjects/$entity")
    assert world.call("DELETE", f"directory/deletedItems/{guest.id}").status == 404
    assert world.call("DELETE", f"users/{guest.id}").status == 204
    assert world.call("DELETE", f"directory/deletedItems/{guest.id}").status == 204
    assert world.get(f"directory/deletedItems/{guest.id}").status == 404
    assert world.get("directory/deletedItems").status == 400


def test_revoking_sessions_ends_older_tokens(world: GraphWorld) -> None:
    member = world.add("olena")
    old = world.token(member, "User.Read User.RevokeSessions.All")
    world.later(timedelta(seconds=5))
    answer = world.call("POST", "me/revokeSignInSessions", token=old)
    assert (answer.status, answer.body["value"]) == (200, True)
    assert answer.body["@odata.context"] == f"{BASE}/v1.0/$metadata#Edm.Boolean"
    assert world.get("me", token=old).status == 401
    assert world.call("POST", f"users('{member.id}')/microsoft.graph.revokeSignInSessions").status == 200


def test_the_older_name_of_revoking_is_served_under_beta(world: GraphWorld) -> None:
    member = world.add("olena")
    old = world.token(member, "User.Read User.RevokeSessions.All")
    world.later(timedelta(seconds=5))
    assert world.call("POST", "me/invalidateAllRefreshTokens", token=old).status == 400
    answer = world.call("POST", f"{BASE}/beta/me/invalidateAllRefreshTokens", token=old)
    assert (answer.status, answer.body["value"]) == (200, True)
    assert world.get("me", token=old).status == 401
    path = f"{BASE}/beta/users/{member.id}/invalidateAllRefreshTokens"
    assert world.call("POST", path).status == 200


def test_manager_and_sponsors_by_reference(world: GraphWorld) -> None:
    guest, boss = world.add("maria", guest=True), world.add("olena")
    reference = {"@odata.id": f"{BASE}/v1.0/users/{boss.id}"}
    missing = world.get(f"users/{guest.id}/manager")
    assert (missing.status, missing.message[:18]) == (404, "Resource 'manager'")
    assert world.call("PUT", f"users/{guest.id}/manager/$ref", reference).status == 204
    told = world.get(f"users/{guest.id}/manager").body
    assert (told["@odata.type"], told["id"]) == ("#microsoft.graph.user", boss.id)
    assert world.call("POST", f"users/{guest.id}/sponsors/$ref", reference).status == 204
    assert world.call("POST", f"users/{guest.id}/sponsors/$ref", reference).status == 400
    listed = world.get(f"users/{guest.id}/sponsors").body
    assert [item["id"] for item in listed["value"]] == [boss.id]
    assert listed["@odata.context"].endswith("#directoryObjects")
    expanded = world.get(f"users/{guest.id}?$select=id&$expand=manager($select=id,displayName)").body
    assert expanded["manager"] == {
        "@odata.type": "#microsoft.graph.user",
        "id": boss.id,
        "displayName": "Olena",
    }
    assert expanded["@odata.context"].endswith("#users(id,manager(id,displayName))/$entity")
    assert world.get("users?$expand=sponsors&$select=id").status == 200
    assert (
        world.call("DELETE", f"users/{guest.id}/sponsors/$ref?@id={BASE}/v1.0/users/{boss.id}").status == 204
    )
    assert world.call("DELETE", f"users/{guest.id}/sponsors/{boss.id}/$ref").status == 404
    assert world.call("DELETE", f"users/{guest.id}/manager/$ref").status == 204
    assert world.call("PUT", f"users/{guest.id}/manager/$ref", {"@odata.id": "nobody"}).status == 400


def test_a_scope_alone_does_not_write_and_neither_does_a_role(world: GraphWorld) -> None:
    guest, member = world.add("maria", guest=True), world.add("olena")
    administrator = world.add("uma", USER_ADMINISTRATOR)
    change = {"companyName": "Nordwind"}
    for token in (
        world.token(member, ALL_SCOPES),
        world.token(administrator, "User.Read.All"),
        world.token(None, "User.Read.All"),
    ):
        answer = world.call("PATCH", f"users/{guest.id}", change, token=token)
        assert (answer.status, answer.code) == (403, "Authorization_RequestDenied")
        assert answer.message == "Insufficient privileges to complete the operation."
    assert world.call("PATCH", f"users/{guest.id}", change, token=world.token(administrator)).status == 204
    app = world.token(None, "User.ReadWrite.All")
    assert world.call("PATCH", f"users/{guest.id}", {"companyName": "N"}, token=app).status == 204


def test_nobody_climbs_by_changing_an_administrator(world: GraphWorld) -> None:
    chief = world.add("chief", GLOBAL_ADMINISTRATOR)
    helper = world.token(world.add("uma", USER_ADMINISTRATOR))
    app = world.token(None, "User.ReadWrite.All")
    for token in (helper, app):
        for change in (
            {"accountEnabled": False},
            {"mail": "uma@nordwind.example"},
            {"passwordProfile": {"password": "Blue-Horse-7712"}},
        ):
            assert world.call("PATCH", f"users/{chief.id}", change, token=token).status == 403
        assert world.call("DELETE", f"users/{chief.id}", token=token).status == 403
        assert world.call("PATCH", f"users/{chief.id}", {"city": "Oslo"}, token=token).status == 204


def test_the_last_global_administrator_stays(world: GraphWorld) -> None:
    admin = world.admin.id
    for method, body in (("DELETE", None), ("PATCH", {"accountEnabled": False})):
        answer = world.call(method, f"users/{admin}", body)
        assert (answer.status, answer.code) == (400, "Request_BadRequest")
        assert "last Global Administrator" in answer.message
