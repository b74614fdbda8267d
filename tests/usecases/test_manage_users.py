"""Managing users through the use cases the portal calls: rules, side effects, audit, protection of administrators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.graph_calls import GraphWorld, graph_world
from xenia.core.actor import Actor
from xenia.core.audit import AuditRecord
from xenia.core.credentials import AuthenticatorApp
from xenia.core.directory.roles import (
    DIRECTORY_READERS,
    GLOBAL_ADMINISTRATOR,
    GUEST_INVITER,
    HELPDESK_ADMINISTRATOR,
    USER_ADMINISTRATOR,
    DirectoryRole,
)
from xenia.core.directory.user import Identity, User, UserType
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.query import Query
from xenia.core.session import PortalSession
from xenia.usecases.invitations.invitation_order import InvitationOrder
from xenia.usecases.invitations.invite_guest import invite_guest
from xenia.usecases.users import manage_users
from xenia.usecases.users.manage_users import NewManager, NewMember, NewPassword, UserChange


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GraphWorld]:
    with graph_world(tmp_path) as running:
        yield running


def _as(user: User, *roles: DirectoryRole) -> Actor:
    """This person in the portal."""
    return Actor(
        user.tenant_id,
        "c0ffee00-0000-4000-8000-0000000000aa",
        user_id=user.id,
        display_name=user.display_name,
        upn=user.user_principal_name,
        is_guest=user.is_guest,
        roles=frozenset(role.template_id for role in roles),
    )


def _admin(world: GraphWorld) -> Actor:
    return _as(world.admin, GLOBAL_ADMINISTRATOR)


def _audited(world: GraphWorld, activity: str) -> list[AuditRecord]:
    with world.ports.store.read(world.tenant_id) as tx:
        records = tx.logs.list_audit(Query(limit=500)).items
    return [record for record in records if record.activity == activity]


def _stored(world: GraphWorld, user_id: str) -> User:
    user = world.user(user_id)
    assert user
    return user


def test_a_member_is_created_with_a_password_that_works(world: GraphWorld) -> None:
    order = NewMember(
        "olena@contoso.onxenia.localhost", "Olena", properties={"job_title": "Buyer", "usage_location": "ua"}
    )
    created = manage_users.create_member(world.ports, _admin(world), order)
    assert (created.user.job_title, created.user.usage_location, created.user.mail_nickname) == (
        "Buyer",
        "UA",
        "olena",
    )
    assert created.user.identities == (
        Identity("userPrincipalName", "contoso.onxenia.localhost", "olena@contoso.onxenia.localhost"),
    )
    with world.ports.store.read(world.tenant_id) as tx:
        credential = tx.credentials.password(created.user.id)
    assert credential
    assert world.ports.passwords.verify(created.password, credential.hash)
    assert created.password not in repr(_audited(world, "Add user"))
    with pytest.raises(Conflict):
        manage_users.create_member(world.ports, _admin(world), order)


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (NewMember("olena@elsewhere.example", "Olena"), "user_principal_name"),
        (NewMember("o#lena@contoso.onxenia.localhost", "Olena"), "user_principal_name"),
        (NewMember("olena", "Olena"), "user_principal_name"),
        (NewMember("olena@contoso.onxenia.localhost", "  "), "display_name"),
        (NewMember("olena@contoso.onxenia.localhost", "a\nb"), "display_name"),
        (NewMember("olena@contoso.onxenia.localhost", "Olena", password="alllowercase"), "password"),
        (NewMember("olena@contoso.onxenia.localhost", "Olena", user_type=UserType.GUEST), "user_type"),
        (
            NewMember("olena@contoso.onxenia.localhost", "Olena", properties={"user_type": "Guest"}),
            "user_type",
        ),
        (NewMember("olena@contoso.onxenia.localhost", "Olena", properties={"tenant_id": "x"}), "tenant_id"),
        (NewMember("olena@contoso.onxenia.localhost", "Olena", properties={"identities": ()}), "identities"),
    ],
)
def test_wrong_members_are_refused(world: GraphWorld, order: NewMember, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        manage_users.create_member(world.ports, _admin(world), order)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"display_name": "ندا\u200cرضا"}, "ندا\u200cرضا"),
        ({"other_mails": ["A@x.example", "a@X.example"]}, ("a@X.example",)),
        (
            {"proxy_addresses": ["SMTP:a@x.example", "smtp:b@x.example"]},
            ("SMTP:a@x.example", "smtp:b@x.example"),
        ),
        ({"age_group": "adult"}, "Adult"),
        ({"street_address": "Line 1\nLine 2"}, "Line 1\nLine 2"),
        ({"city": "   "}, None),
        ({"user_type": "member"}, UserType.MEMBER),
    ],
)
def test_changes_are_stored_in_their_normal_form(
    world: GraphWorld, changes: dict[str, Any], told: object
) -> None:
    guest = world.add("maria", guest=True)
    manage_users.update_user(world.ports, _admin(world), guest.id, changes)
    assert getattr(_stored(world, guest.id), next(iter(changes))) == told


@pytest.mark.parametrize(
    "changes",
    [
        {"display_name": None},
        {"display_name": "x" * 257},
        {"mail": "no address"},
        {"mail": "a@x.example\r\nBcc: all@x.example"},
        {"other_mails": "a@x.example"},
        {"proxy_addresses": ["a@x.example"]},
        {"proxy_addresses": ["SMTP:a@x.example", "SMTP:b@x.example"]},
        {"business_phones": ["1", "2"]},
        {"usage_location": "Ukraine"},
        {"age_group": "Old"},
        {"user_type": "Admin"},
        {"account_enabled": "no"},
        {"external_user_state": "PendingAcceptance"},
        {"user_principal_name": "maria@contoso.onxenia.localhost"},
        {"id": "00000000-1111-4222-8333-444444444444"},
        {"shoe_size": 43},
    ],
)
def test_wrong_changes_change_nothing(world: GraphWorld, changes: dict[str, object]) -> None:
    guest = world.add("maria", guest=True)
    with pytest.raises(InvalidValue) as refused:
        manage_users.update_user(world.ports, _admin(world), guest.id, {"city": "Oslo", **changes})
    assert refused.value.field == next(iter(changes))
    assert _stored(world, guest.id) == guest


def test_an_update_is_audited_with_old_and_new_values(world: GraphWorld) -> None:
    guest = world.add("maria", guest=True, city="Oslo")
    same = {
        "city": "Oslo",
        "user_principal_name": guest.user_principal_name,
        "mail_nickname": guest.mail_nickname,
    }
    manage_users.update_user(world.ports, _admin(world), guest.id, same)
    assert _audited(world, "Update user") == []
    manage_users.update_user(
        world.ports, _admin(world), guest.id, {**same, "city": None, "company_name": "Nordwind"}
    )
    (record,) = _audited(world, "Update user")
    changes = {change.property: (change.old, change.new) for change in record.targets[0].changes}
    assert changes == {"City": ('["Oslo"]', "[]"), "CompanyName": ("[]", '["Nordwind"]')}


def test_a_renamed_member_keeps_one_identity_of_its_own(world: GraphWorld) -> None:
    member = world.add("olena")
    name = "Olena.K@contoso.onxenia.localhost"
    renamed = manage_users.update_user(world.ports, _admin(world), member.id, {"user_principal_name": name})
    assert renamed.identities == (Identity("userPrincipalName", "contoso.onxenia.localhost", name),)
    with pytest.raises(Conflict):
        manage_users.update_user(
            world.ports, _admin(world), member.id, {"user_principal_name": world.admin.user_principal_name}
        )


def _session(world: GraphWorld, user: User) -> None:
    now = world.clock.now()
    session = PortalSession(
        f"hash-{user.id}", world.tenant_id, user.id, "portal", "sid", now, now + timedelta(hours=8)
    )
    world.ports.store.write(world.tenant_id, lambda tx: tx.sign_ins.add_portal_session(session))


def _has_session(world: GraphWorld, user: User) -> bool:
    with world.ports.store.read(world.tenant_id) as tx:
        return tx.sign_ins.find_portal_session(f"hash-{user.id}") is not None


@pytest.mark.parametrize("how", ["block", "delete", "revoke", "password"])
def test_what_ends_sessions(world: GraphWorld, how: str) -> None:
    member = world.add("olena")
    _session(world, member)
    assert _has_session(world, member)
    act = {
        "block": lambda: manage_users.update_user(
            world.ports, _admin(world), member.id, {"account_enabled": False}
        ),
        "delete": lambda: manage_users.delete_user(world.ports, _admin(world), member.id),
        "revoke": lambda: manage_users.revoke_sessions(world.ports, _admin(world), member.id),
        "password": lambda: manage_users.set_password(
            world.ports, _admin(world), member.id, "Blue-Horse-7712"
        ),
    }[how]
    act()
    assert not _has_session(world, member)
    with world.ports.store.read(world.tenant_id) as tx:
        user = tx.users.find(member.id, deleted=True)
    assert user
    assert user.sessions_valid_from == world.clock.now()
    activity = {
        "block": "Disable account",
        "delete": "Delete user",
        "revoke": "Update StsRefreshTokenValidFrom Timestamp",
        "password": "Reset user password",
    }[how]
    assert len(_audited(world, activity)) == 1


def test_deleting_a_guest_kills_its_links_and_restoring_does_not_revive_them(world: GraphWorld) -> None:
    order = InvitationOrder("maria@nordwind.example", "https://app.contoso.example/")
    invited = invite_guest(world.ports, _admin(world), order)
    manage_users.delete_user(world.ports, _admin(world), invited.user.id)
    manage_users.restore_user(world.ports, _admin(world), invited.user.id)
    with world.ports.store.read(world.tenant_id) as tx:
        (invitation,) = tx.invitations.of_user(invited.user.id)
    assert not invitation.is_usable
    assert _stored(world, invited.user.id).is_pending
    with pytest.raises(NotFound):
        manage_users.purge_user(world.ports, _admin(world), invited.user.id)


def test_a_name_taken_meanwhile_stands_against_restoring(world: GraphWorld) -> None:
    first = world.add("maria", guest=True)
    manage_users.delete_user(world.ports, _admin(world), first.id)
    world.add("maria", guest=True)
    with pytest.raises(Conflict):
        manage_users.restore_user(world.ports, _admin(world), first.id)


def _authenticator(world: GraphWorld, user: User) -> AuthenticatorApp:
    now = world.clock.now()
    app = AuthenticatorApp(world.ports.entropy.guid(), world.tenant_id, user.id, "Phone", "sealed", now, now)
    world.ports.store.write(world.tenant_id, lambda tx: tx.credentials.add_authenticator_app(app))
    return app


def test_authenticators_are_taken_back(world: GraphWorld) -> None:
    guest = world.add("maria", guest=True)
    own, other = _authenticator(world, guest), _authenticator(world, guest)
    manage_users.remove_authenticator_app(world.ports, _as(guest), guest.id, own.id)
    assert len(_audited(world, "User deleted security info")) == 1
    with pytest.raises(NotFound):
        manage_users.remove_authenticator_app(world.ports, _as(guest), guest.id, own.id)
    stranger = world.add("nils", guest=True)
    with pytest.raises(NotPermitted):
        manage_users.remove_authenticator_app(world.ports, _as(stranger), guest.id, other.id)
    with pytest.raises(NotFound):
        # An app id of somebody else does not reach across users.
        manage_users.remove_authenticator_app(world.ports, _admin(world), stranger.id, other.id)
    assert manage_users.reset_mfa(world.ports, _admin(world), guest.id) == 1
    assert len(_audited(world, "Admin deleted security info")) == 1


def test_helpdesk_serves_guests_and_nobody_above(world: GraphWorld) -> None:
    helpdesk = _as(world.add("hal", HELPDESK_ADMINISTRATOR), HELPDESK_ADMINISTRATOR)
    guest, member = world.add("maria", guest=True), world.add("olena")
    powerful = world.add("nils", USER_ADMINISTRATOR, guest=True)
    manage_users.revoke_sessions(world.ports, helpdesk, guest.id)
    manage_users.reset_mfa(world.ports, helpdesk, guest.id)
    for other in (member, powerful, world.admin):
        with pytest.raises(NotPermitted):
            manage_users.reset_mfa(world.ports, helpdesk, other.id)
        with pytest.raises(NotPermitted):
            manage_users.revoke_sessions(world.ports, helpdesk, other.id)
    with pytest.raises(NotPermitted):
        manage_users.update_user(world.ports, helpdesk, guest.id, {"city": "Oslo"})


@pytest.mark.parametrize("role", [None, GUEST_INVITER, DIRECTORY_READERS])
def test_without_a_writing_role_nothing_is_changed(world: GraphWorld, role: DirectoryRole | None) -> None:
    person = world.add("olena")
    actor = _as(person, *([role] if role else []))
    guest = world.add("maria", guest=True)
    attempts = [
        lambda: manage_users.create_member(world.ports, actor, NewMember("x@contoso.onxenia.localhost", "X")),
        lambda: manage_users.update_user(world.ports, actor, guest.id, {"city": "Oslo"}),
        lambda: manage_users.update_user(world.ports, actor, person.id, {"city": "Oslo"}),
        lambda: manage_users.delete_user(world.ports, actor, guest.id),
        lambda: manage_users.restore_user(world.ports, actor, guest.id),
        lambda: manage_users.purge_user(world.ports, actor, guest.id),
        lambda: manage_users.set_password(world.ports, actor, guest.id, "Blue-Horse-7712"),
        lambda: manage_users.set_sponsors(world.ports, actor, guest.id, [person.id]),
        lambda: manage_users.set_manager(world.ports, actor, guest.id, person.id),
        lambda: manage_users.add_role(world.ports, actor, person.id, "Global Administrator"),
        lambda: manage_users.remove_role(world.ports, actor, world.admin.id, "Global Administrator"),
        lambda: manage_users.reset_mfa(world.ports, actor, guest.id),
        lambda: manage_users.revoke_sessions(world.ports, actor, guest.id),
    ]
    for attempt in attempts:
        with pytest.raises(NotPermitted):
            attempt()


def test_guests_and_external_members_get_no_password(world: GraphWorld) -> None:
    guest = world.add("maria", guest=True)
    external = world.add("nils", guest=True, user_type=UserType.MEMBER)
    for user in (guest, external):
        with pytest.raises(InvalidValue):
            manage_users.set_password(world.ports, _admin(world), user.id, "Blue-Horse-7712")
        with world.ports.store.read(world.tenant_id) as tx:
            assert tx.credentials.password(user.id) is None


def test_roles_are_given_and_taken_by_global_administrators_alone(world: GraphWorld) -> None:
    guest = world.add("maria", guest=True)
    manage_users.add_role(world.ports, _admin(world), guest.id, "guest inviter")
    manage_users.add_role(world.ports, _admin(world), guest.id, GUEST_INVITER.template_id)
    # The first administrator was given a role as well.
    assert len(_audited(world, "Add member to role")) == 2
    manage_users.remove_role(world.ports, _admin(world), guest.id, "Guest Inviter")
    assert len(_audited(world, "Remove member from role")) == 1
    with pytest.raises(InvalidValue):
        manage_users.add_role(world.ports, _admin(world), guest.id, "Emperor")
    helper = _as(world.add("uma", USER_ADMINISTRATOR), USER_ADMINISTRATOR)
    with pytest.raises(NotPermitted):
        manage_users.add_role(world.ports, helper, helper.user_id or "", "Global Administrator")


def test_one_global_administrator_who_can_sign_in_always_remains(world: GraphWorld) -> None:
    ports, admin = world.ports, _admin(world)
    second = world.add("second", GLOBAL_ADMINISTRATOR, account_enabled=False)
    for attempt in (
        lambda: manage_users.remove_role(ports, admin, world.admin.id, "Global Administrator"),
        lambda: manage_users.delete_user(ports, admin, world.admin.id),
        lambda: manage_users.update_user(ports, admin, world.admin.id, {"account_enabled": False}),
    ):
        # The second one is blocked and does not count.
        with pytest.raises(InvalidValue):
            attempt()
    manage_users.update_user(ports, admin, second.id, {"account_enabled": True})
    manage_users.remove_role(ports, admin, world.admin.id, "Global Administrator")


def test_sponsors_and_manager(world: GraphWorld) -> None:
    ports, admin = world.ports, _admin(world)
    guest, boss = world.add("maria", guest=True), world.add("olena")
    manage_users.set_sponsors(ports, admin, guest.id, [boss.id, boss.id, world.admin.id])
    with ports.store.read(world.tenant_id) as tx:
        assert {user.id for user in tx.users.sponsors(guest.id)} == {boss.id, world.admin.id}
    manage_users.set_sponsors(ports, admin, guest.id, [boss.id])
    assert (len(_audited(world, "Add user sponsor")), len(_audited(world, "Remove user sponsor"))) == (1, 1)
    for wrong in ([guest.id], [world.ports.entropy.guid() for _ in range(6)]):
        with pytest.raises(InvalidValue):
            manage_users.set_sponsors(ports, admin, guest.id, wrong)
    with pytest.raises(NotFound):
        manage_users.set_sponsors(ports, admin, guest.id, [world.ports.entropy.guid()])
    manage_users.set_manager(ports, admin, guest.id, boss.id)
    manage_users.set_manager(ports, admin, guest.id, None)
    with pytest.raises(InvalidValue):
        manage_users.set_manager(ports, admin, guest.id, guest.id)
    assert (len(_audited(world, "Set user manager")), len(_audited(world, "Remove user manager"))) == (1, 1)


def test_a_change_that_is_refused_in_one_part_changes_nothing(world: GraphWorld) -> None:
    ports, admin = world.ports, _admin(world)
    member, boss = world.add("mia"), world.add("olena")
    nobody = ports.entropy.guid()
    whole = UserChange(
        {"city": "Oslo"}, NewPassword("Blue-Horse-7712"), (boss.id,), manager=NewManager(boss.id)
    )
    for change, refusal in (
        (replace(whole, manager=NewManager(nobody)), NotFound),
        (replace(whole, sponsors=(nobody,)), NotFound),
        (replace(whole, properties={"user_principal_name": "nonsense"}), InvalidValue),
        (replace(whole, password=NewPassword("short")), InvalidValue),
    ):
        with pytest.raises(refusal):
            manage_users.change_user(ports, admin, member.id, change)
        assert _stored(world, member.id) == member
        with ports.store.read(world.tenant_id) as tx:
            assert tx.credentials.password(member.id) is None
            assert (tx.users.sponsors(member.id), tx.users.manager(member.id)) == ((), None)
    assert not any(
        _audited(world, name) for name in ("Update user", "Reset user password", "Add user sponsor")
    )
    changed = manage_users.change_user(ports, admin, member.id, whole)
    assert (changed.city, changed.sessions_valid_from) == ("Oslo", world.clock.now())
    assert _stored(world, member.id) == changed
    with ports.store.read(world.tenant_id) as tx:
        assert tx.credentials.password(member.id) is not None
        assert [user.id for user in tx.users.sponsors(member.id)] == [boss.id]
        assert tx.users.manager(member.id) == boss.id


def test_another_tenant_reaches_nobody_here(world: GraphWorld) -> None:
    from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant

    other = create_tenant(world.ports, None, NewTenant("Fabrikam", "fabrikam"))
    stranger = replace(_admin(world), tenant_id=other.id)
    guest = world.add("maria", guest=True)
    for attempt in (
        lambda: manage_users.update_user(world.ports, stranger, guest.id, {"city": "Oslo"}),
        lambda: manage_users.delete_user(world.ports, stranger, guest.id),
        lambda: manage_users.revoke_sessions(world.ports, stranger, guest.id),
        lambda: manage_users.set_manager(world.ports, stranger, guest.id, None),
    ):
        with pytest.raises(NotFound):
            attempt()
