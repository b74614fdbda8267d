"""Groups as use cases: who may, what fits together, what is recorded, and what a membership gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.platform import RunningServer, platform
from xenia.core.actor import Actor
from xenia.core.audit import AuditRecord
from xenia.core.directory.application import AppRole
from xenia.core.directory.group import Group, GroupLink
from xenia.core.directory.roles import (
    GROUPS_ADMINISTRATOR,
    HELPDESK_ADMINISTRATOR,
    USER_ADMINISTRATOR,
    DirectoryRole,
)
from xenia.core.directory.user import User
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.query import Query
from xenia.usecases.applications.enterprise_apps import assign_principal, list_assigned, unassign_principal
from xenia.usecases.applications.manage_applications import NewApplication, register_application
from xenia.usecases.applications.my_apps import my_apps
from xenia.usecases.groups.manage_groups import (
    NewGroup,
    add_to_group,
    create_group,
    delete_group,
    remove_from_group,
    update_group,
)
from xenia.usecases.tokens.access import assigned_roles
from xenia.usecases.users.manage_users import NewMember, create_member, delete_user, purge_user

MEMBER, OWNER = GroupLink.MEMBER, GroupLink.OWNER
NOBODY = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as built:
        yield built


def _person(server: RunningServer, name: str) -> User:
    order = NewMember(f"{name}@{server.tenant.default_domain}", name.title())
    return create_member(server.ports, server.actor(), order).user


def _as(user: User, *roles: DirectoryRole) -> Actor:
    return Actor(
        user.tenant_id,
        "c0ffee00-0000-4000-8000-0000000000aa",
        user_id=user.id,
        display_name=user.display_name,
        roles=frozenset(role.template_id for role in roles),
    )


def _group(server: RunningServer, name: str = "Buyers", **order: object) -> Group:
    return create_group(server.ports, server.actor(), NewGroup(name, **order))  # type: ignore[arg-type]


def _audited(server: RunningServer, activity: str) -> list[AuditRecord]:
    with server.ports.store.read(server.tenant.id) as tx:
        return [each for each in tx.logs.list_audit(Query(limit=500)).items if each.activity == activity]


def _members(server: RunningServer, group: Group, link: GroupLink = MEMBER) -> list[str]:
    with server.ports.store.read(server.tenant.id) as tx:
        return [each.id for each in tx.groups.objects(link, group.id, Query()).items]


def test_a_group_is_made_with_members_and_owners_in_one_transaction_and_recorded(server: RunningServer):
    eve, ida = _person(server, "eve"), _person(server, "ida")
    made = _group(server, members=(eve.id, ida.id), owners=(eve.id,), properties={"description": "Who buys"})
    assert (made.mail, made.mail_enabled, made.security_enabled) == (None, False, True)
    assert _members(server, made) == sorted((eve.id, ida.id))
    assert _members(server, made, OWNER) == [eve.id]
    (record,) = _audited(server, "Add group")
    assert (record.category, record.targets[0].type, record.targets[0].id) == (
        "GroupManagement",
        "Group",
        made.id,
    )
    added = _audited(server, "Add member to group")
    assert {each.targets[0].id for each in added} == {eve.id, ida.id}
    assert {change.property for change in added[0].targets[0].changes} == {
        "Group.ObjectID",
        "Group.DisplayName",
    }
    assert len(_audited(server, "Add owner to group")) == 1


def test_nothing_is_made_when_a_member_does_not_exist(server: RunningServer):
    with pytest.raises(NotFound):
        _group(server, members=(server.admin.id, NOBODY))
    with server.ports.store.read(server.tenant.id) as tx:
        assert tx.groups.list(Query()).items == ()
    assert _audited(server, "Add group") == []


@pytest.mark.parametrize(
    ("order", "field", "words"),
    [
        ({"group_types": ("DynamicMembership",)}, "group_types", "Dynamic membership is not supported"),
        ({"group_types": ("Unified", "dynamicmembership")}, "group_types", "assigned membership"),
        ({"group_types": ("Secret",)}, "group_types", "groupTypes"),
        ({"mail_enabled": True}, "mail_enabled", "mailEnabled"),
        ({"security_enabled": False}, "security_enabled", "securityEnabled"),
        ({"mail_nickname": "a b"}, "mail_nickname", "mailNickname"),
        ({"mail_nickname": "x" * 65}, "mail_nickname", "mailNickname"),
        ({"properties": {"visibility": "Private"}}, "visibility", "Microsoft 365"),
        ({"properties": {"is_assignable_to_role": True}}, "is_assignable_to_role", "read-only"),
        ({"members": tuple(f"{n:08}-0000-4000-8000-000000000000" for n in range(21))}, "members", "20"),
    ],
)
def test_what_a_group_cannot_be(
    server: RunningServer, order: dict[str, object], field: str, words: str
) -> None:
    with pytest.raises(InvalidValue, match=words) as refused:
        _group(server, **order)
    assert refused.value.field == field


def test_a_microsoft_365_group_has_mail_and_a_nickname_of_its_own(server: RunningServer):
    unified = {"group_types": ("unified",), "mail_enabled": True, "security_enabled": False}
    made = _group(server, mail_nickname="team", **unified)
    assert (made.mail, made.visibility) == (f"team@{server.tenant.default_domain}", "Public")
    with pytest.raises(Conflict):
        _group(server, mail_nickname="Team", **unified)
    _group(server, mail_nickname="team")
    with pytest.raises(InvalidValue, match="HiddenMembership"):
        update_group(server.ports, server.actor(), made.id, {"visibility": "HiddenMembership"})
    assert (
        update_group(server.ports, server.actor(), made.id, {"visibility": "private"}).visibility == "Private"
    )


def test_roles_and_owners_may_others_may_not(server: RunningServer):
    eve, ida, max_ = _person(server, "eve"), _person(server, "ida"), _person(server, "max")
    made = _group(server, owners=(eve.id,))
    ports = server.ports
    for role in (GROUPS_ADMINISTRATOR, USER_ADMINISTRATOR):
        update_group(ports, _as(ida, role), made.id, {"description": role.name})
        create_group(ports, _as(ida, role), NewGroup(role.name))
    update_group(ports, _as(eve), made.id, {"display_name": "Eve's"})
    add_to_group(ports, _as(eve), MEMBER, made.id, ida.id)
    add_to_group(ports, _as(eve), OWNER, made.id, ida.id)
    for stranger in (_as(max_), _as(max_, HELPDESK_ADMINISTRATOR)):
        for attempt in (
            lambda who: update_group(ports, who, made.id, {"display_name": "Mine"}),
            lambda who: add_to_group(ports, who, MEMBER, made.id, max_.id),
            lambda who: remove_from_group(ports, who, MEMBER, made.id, ida.id),
            lambda who: delete_group(ports, who, made.id),
            lambda who: create_group(ports, who, NewGroup("Mine")),
        ):
            with pytest.raises(NotPermitted):
                attempt(stranger)
    # An owner whose app has no permission for it can do nothing either.
    weak = replace(_as(eve), scopes=frozenset({"GroupMember.ReadWrite.All"}))
    add_to_group(ports, weak, MEMBER, made.id, max_.id)
    with pytest.raises(NotPermitted):
        update_group(ports, weak, made.id, {"display_name": "Eve's"})
    delete_group(ports, _as(eve), made.id)


def test_adding_twice_and_removing_nobody_is_refused_in_the_words_clients_match(server: RunningServer):
    eve = _person(server, "eve")
    made = _group(server, members=(eve.id,), owners=(eve.id,))
    ports, actor = server.ports, server.actor()
    for link in GroupLink:
        with pytest.raises(InvalidValue, match=f"already exist for the following .* '{link.value}'"):
            add_to_group(ports, actor, link, made.id, eve.id)
    with pytest.raises(NotFound):
        remove_from_group(ports, actor, MEMBER, made.id, server.admin.id)
    with pytest.raises(InvalidValue, match="at least one owner"):
        remove_from_group(ports, actor, OWNER, made.id, eve.id)
    assert _members(server, made, OWNER) == [eve.id]
    remove_from_group(ports, actor, MEMBER, made.id, eve.id)
    assert _members(server, made) == []
    assert len(_audited(server, "Remove member from group")) == 1
    assert _audited(server, "Remove owner from group") == []


def test_what_can_be_in_what(server: RunningServer):
    ports, actor = server.ports, server.actor()
    unified = {"group_types": ("Unified",), "mail_enabled": True, "mail_nickname": "team"}
    plain, other, team = _group(server, "Plain"), _group(server, "Other"), _group(server, "Team", **unified)
    app = register_application(ports, actor, NewApplication("Sync")).principal
    add_to_group(ports, actor, MEMBER, plain.id, other.id)
    add_to_group(ports, actor, MEMBER, plain.id, app.id)
    add_to_group(ports, actor, OWNER, plain.id, app.id)
    add_to_group(ports, actor, MEMBER, other.id, plain.id)
    for link, group, target in (
        (MEMBER, plain, plain.id),
        (MEMBER, plain, team.id),
        (MEMBER, team, plain.id),
        (MEMBER, team, app.id),
        (OWNER, plain, other.id),
    ):
        with pytest.raises(InvalidValue):
            add_to_group(ports, actor, link, group.id, target)


def test_a_group_hands_its_role_to_direct_members_as_long_as_they_are(server: RunningServer):
    ports, actor = server.ports, server.actor()
    eve, ida = _person(server, "eve"), _person(server, "ida")
    role = AppRole(ports.entropy.guid(), "Buyer", "Buyer")
    app = register_application(ports, actor, NewApplication("Orders", app_roles=(role,)))
    inner = _group(server, "Inner", members=(ida.id,))
    outer = _group(server, "Outer", members=(eve.id, inner.id))
    given = assign_principal(ports, actor, app.principal.id, outer.id, role.id)
    assert (given.principal_type, given.principal_id) == ("Group", outer.id)
    assert len(_audited(server, "Add app role assignment to group")) == 1
    assert [each.principal for each in list_assigned(ports, actor, app.principal.id)] == [outer]

    def roles(user: User) -> tuple[str, ...]:
        with ports.store.read(server.tenant.id) as tx:
            return assigned_roles(tx, user.id, app.application, app.principal)

    assert (roles(eve), roles(ida)) == (("Buyer",), ())
    assign_principal(ports, actor, app.principal.id, eve.id, role.id)
    assert [tile.name for tile in my_apps(ports, server.tenant.id, eve.id)] == ["Orders"]
    remove_from_group(ports, actor, MEMBER, outer.id, eve.id)
    assert roles(eve) == ("Buyer",)
    unassign_principal(ports, actor, app.principal.id, given.id)
    assert len(_audited(server, "Remove app role assignment from group")) == 1


def test_a_group_that_is_not_security_enabled_cannot_be_assigned(server: RunningServer):
    ports, actor = server.ports, server.actor()
    team = _group(
        server, group_types=("Unified",), mail_enabled=True, security_enabled=False, mail_nickname="team"
    )
    app = register_application(ports, actor, NewApplication("Orders")).principal
    with pytest.raises(InvalidValue, match="not security-enabled"):
        assign_principal(ports, actor, app.id, team.id)
    with pytest.raises(NotFound):
        assign_principal(ports, actor, app.id, NOBODY)


def test_deleting_a_group_or_a_user_leaves_nothing_behind(server: RunningServer):
    ports, actor = server.ports, server.actor()
    eve = _person(server, "eve")
    made = _group(server, members=(eve.id,))
    app = register_application(ports, actor, NewApplication("Orders")).principal
    assign_principal(ports, actor, app.id, made.id)
    delete_user(ports, actor, eve.id)
    assert _members(server, made) == []
    purge_user(ports, actor, eve.id)
    with ports.store.read(server.tenant.id) as tx:
        assert not tx.groups.is_linked(MEMBER, made.id, eve.id)
    delete_group(ports, actor, made.id)
    assert list_assigned(ports, actor, app.id) == ()
    assert len(_audited(server, "Delete group")) == 1
    with pytest.raises(NotFound):
        delete_group(ports, actor, made.id)
