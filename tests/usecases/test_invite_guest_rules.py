"""Who may invite whom: every rule with its refusal and its success, in the order they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.inviting import INITIAL, OTHER_TENANT, TENANT, World, inviting_world
from xenia.core.actor import Actor, system_actor
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR, GUEST_INVITER, USER_ADMINISTRATOR
from xenia.core.directory.tenant import DomainRestrictions, DomainRule, InvitesFrom
from xenia.core.directory.user import ExternalUserState, UserType, mail_identity
from xenia.core.errors import (
    AddressNotOnUser,
    DomainNotAllowed,
    InvalidValue,
    InvitationsNotAllowed,
    InviteeExists,
    InviteeIsMember,
    NotPermitted,
    ResetNotPermitted,
    XeniaError,
)
from xenia.core.query import Query
from xenia.core.session import Session, SessionAccount
from xenia.usecases.invitations.invitation_order import InvitationOrder
from xenia.usecases.invitations.invite_guest import InvitationResult, invite_guest
from xenia.usecases.invitations.redemption_ticket import find_invitation, ticket_of

URL = "https://app.contoso.example/"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with inviting_world(tmp_path) as world:
        yield world


def invite(
    world: World, actor: Actor, email: str = "maria@nordwind.example", **order: Any
) -> InvitationResult:
    return invite_guest(world.ports, actor, InvitationOrder(email, URL, **order))


def actors(world: World) -> dict[str, Actor]:
    return {
        "admin": world.actor("admin"),
        "useradmin": world.actor("useradmin"),
        "inviter": world.actor("inviter"),
        "helpdesk": world.actor("helpdesk"),
        "member": world.actor("member"),
        "guest": world.actor("member", is_guest=True),
        "app": world.app("User.Invite.All"),
        "app+inviter": world.app("User.Invite.All", roles=frozenset({GUEST_INVITER.template_id})),
        "app+useradmin": world.app("User.Invite.All", roles=frozenset({USER_ADMINISTRATOR.template_id})),
        "operator": system_actor(TENANT, "c"),
    }


ADMITTED = {
    InvitesFrom.EVERYONE: {
        "admin",
        "useradmin",
        "inviter",
        "helpdesk",
        "member",
        "guest",
        "app",
        "app+inviter",
        "app+useradmin",
        "operator",
    },
    InvitesFrom.MEMBERS: {
        "admin",
        "useradmin",
        "inviter",
        "helpdesk",
        "member",
        "app",
        "app+inviter",
        "app+useradmin",
        "operator",
    },
    InvitesFrom.ADMINS: {"admin", "useradmin", "inviter", "app+useradmin", "operator"},
    InvitesFrom.NONE: {"operator"},
}


@pytest.mark.parametrize("setting", list(InvitesFrom))
def test_the_guest_invite_setting_decides_first(world: World, setting: InvitesFrom) -> None:
    world.policies(allow_invites_from=setting)
    for name, actor in actors(world).items():
        email = f"{name.replace('+', '-')}@nordwind.example"
        if name in ADMITTED[setting]:
            assert invite(world, actor, email).created, name
            continue
        with pytest.raises(InvitationsNotAllowed) as caught:
            invite(world, actor, email)
        assert caught.value.message.startswith("Guest invitations not allowed for your company. Contact")


@pytest.mark.parametrize("permission", ["User.Invite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"])
def test_tokens_need_a_permission(world: World, permission: str) -> None:
    delegated = world.actor("admin", scopes=frozenset({permission}))
    assert invite(world, delegated, "a@nordwind.example").created
    assert invite(world, world.app(permission), "b@nordwind.example").created
    for actor in (world.actor("admin", scopes=frozenset({"User.Read"})), world.app("User.Read.All")):
        with pytest.raises(NotPermitted) as caught:
            invite(world, actor)
        assert caught.value.message == "Insufficient privileges to complete the operation."


@pytest.mark.parametrize(
    ("by", "may"), [("admin", True), ("useradmin", True), ("inviter", False), ("member", False)]
)
def test_only_administrators_invite_members(world: World, by: str, may: bool) -> None:
    if may:
        assert world.invite(by=by, user_type=UserType.MEMBER).user.user_type is UserType.MEMBER
        return
    with pytest.raises(NotPermitted):
        world.invite(by=by, user_type=UserType.MEMBER)


@pytest.mark.parametrize(("by", "may"), [("admin", True), ("inviter", True), ("member", False)])
def test_properties_need_an_inviting_role(world: World, by: str, may: bool) -> None:
    if may:
        assert world.invite(by=by, properties={"city": "Athens"}).user.city == "Athens"
        return
    with pytest.raises(NotPermitted):
        world.invite(by=by, properties={"city": "Athens"})


@pytest.mark.parametrize(
    ("by", "may"), [("appadmin", True), ("useradmin", True), ("inviter", False), ("member", False)]
)
def test_apps_are_assigned_by_app_or_user_administrators(world: World, by: str, may: bool) -> None:
    from tests.support.inviting import ORDERS_PRINCIPAL, READER_ROLE

    pair = (ORDERS_PRINCIPAL, READER_ROLE)
    if may:
        user = world.invite(by=by, app_assignments=(pair,)).user
        assert world.read(lambda tx: len(tx.applications.assignments_of(user.id))) == 1
        return
    with pytest.raises(NotPermitted):
        world.invite(by=by, app_assignments=(pair,))


# --- domains and addresses ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("restrictions", "email", "allowed"),
    [
        (DomainRestrictions(), "a@any.example", True),
        (DomainRestrictions(DomainRule.DENY, denied=("bad.example",)), "a@BAD.example", False),
        (DomainRestrictions(DomainRule.DENY, denied=("bad.example",)), "a@sub.bad.example", True),
        (DomainRestrictions(DomainRule.DENY, denied=("xn--bcher-kva.example",)), "a@bücher.example", False),
        (DomainRestrictions(DomainRule.ALLOW, allowed=("good.example",)), "a@good.example", True),
        (DomainRestrictions(DomainRule.ALLOW, allowed=("good.example",)), "a@notgood.example", False),
    ],
)
def test_domain_lists(world: World, restrictions: DomainRestrictions, email: str, allowed: bool) -> None:
    world.policies(domain_restrictions=restrictions)
    if allowed:
        assert world.invite(email).created
        return
    with pytest.raises(DomainNotAllowed):
        world.invite(email)


def test_the_domain_list_is_asked_before_the_own_domains_and_after_the_setting(world: World) -> None:
    world.policies(domain_restrictions=DomainRestrictions(DomainRule.ALLOW, allowed=("good.example",)))
    with pytest.raises(DomainNotAllowed):
        world.invite("x@contoso.example")
    world.policies(allow_invites_from=InvitesFrom.NONE)
    with pytest.raises(InvitationsNotAllowed):
        world.invite("x@contoso.example")


@pytest.mark.parametrize(
    "email",
    [
        "",
        "maria",
        "maria@",
        "@nordwind.example",
        "maria@nordwind",
        "a@b@c.example",
        ".a@b.example",
        "a.@b.example",
        "a..b@c.example",
        "Maria <maria@nordwind.example>",
        "a@b.example,c@d.example",
        "a@b.example\r\nBcc: x@y.example",
        "a b@c.example",
        "a'b@c.example",
        'a"b@c.example',
        "a@-b.example",
        "a@[192.0.2.1]",
        f"{'a' * 65}@b.example",
        f"a@{'b' * 250}.example",
    ],
)
def test_addresses_that_are_none(world: World, email: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        world.invite(email)
    assert caught.value.field == "email"
    assert "name@example.com" in caught.value.message


def test_plus_addresses_are_kept_verbatim_and_can_be_switched_off(world: World) -> None:
    assert world.invite("Maria+Test@nordwind.example").user.mail == "Maria+Test@nordwind.example"
    world.policies(allow_plus_addresses=False)
    with pytest.raises(InvalidValue, match=r"with \+ are not accepted"):
        world.invite("maria+b@nordwind.example")


@pytest.mark.parametrize("email", ["new@contoso.example", f"new@{INITIAL}", "member@CONTOSO.example"])
def test_own_domains_are_refused_with_the_text_clients_match(world: World, email: str) -> None:
    with pytest.raises(InviteeIsMember, match="is a verified domain of this directory"):
        world.invite(email)


def test_an_internal_user_with_the_address_is_named(world: World) -> None:
    member = world.change_user(world.people["member"].id, mail="maria@nordwind.example")
    with pytest.raises(InviteeExists) as caught:
        world.invite()
    assert caught.value.message.startswith(
        f"The invited user already exists in the directory as object ID: {member.id}. "
    )


def test_a_blocked_guest_is_named_with_the_way_out(world: World) -> None:
    guest = world.invite().user
    world.change_user(guest.id, account_enabled=False)
    with pytest.raises(InviteeExists) as caught:
        world.invite()
    assert caught.value.blocked
    assert f"object ID: {guest.id}, but the account is blocked from signing in." in caught.value.message


def test_a_deleted_guest_is_no_obstacle(world: World) -> None:
    guest = world.invite().user
    world.change_user(guest.id, deleted_at=world.clock.now())
    assert world.invite().created


def test_a_tenant_is_a_wall(world: World) -> None:
    first = world.invite()
    elsewhere = replace(world.actor("admin"), tenant_id=OTHER_TENANT, user_id=None, is_system=True)
    second = invite(world, elsewhere)
    assert second.created
    assert second.user.id != first.user.id
    assert second.user.user_principal_name.endswith("@fabrikam.onxenia.localhost")


# --- reset --------------------------------------------------------------------------------------


@pytest.fixture
def accepted(world: World) -> InvitationResult:
    result = world.invite()
    world.accept(result)
    return result


def reset(
    world: World, result: InvitationResult, actor: Actor | None = None, **order: Any
) -> InvitationResult:
    email = order.pop("email", "maria@nordwind.example")
    actor = actor or world.actor("admin")
    return invite(world, actor, email, reset_redemption=True, user_id=result.user.id, **order)


def test_a_reset_starts_the_redemption_over_and_ends_everything_older(
    world: World, accepted: InvitationResult
) -> None:
    now = world.clock.advance(timedelta(hours=1))
    account = SessionAccount(accepted.user.id, "maria@nordwind.example", "maria", "sid", (), now)
    session = Session("hash", TENANT, now, now + timedelta(days=1), (account,))
    world.ports.store.write(TENANT, lambda tx: tx.sign_ins.put_session(session))
    result = reset(world, accepted)
    ended = world.read(lambda tx: tx.sign_ins.find_session("hash"))
    assert ended is None or ended.signed_in() == ()
    user = world.user(accepted.user.id)
    assert user.external_user_state is ExternalUserState.PENDING_ACCEPTANCE
    assert [identity.sign_in_type for identity in user.identities] == ["userPrincipalName"]
    assert user.user_principal_name == accepted.user.user_principal_name
    assert user.sessions_valid_from == world.clock.now()
    assert result.invitation.generation == accepted.invitation.generation + 1
    with world.ports.store.read(TENANT) as tx, pytest.raises(XeniaError):
        find_invitation(
            world.ports, tx, TENANT, accepted.invitation.id, ticket_of(world.ports, accepted.invitation)
        )
    activities = [record.activity for record in world.read(lambda tx: tx.logs.list_audit(Query()).items)]
    assert activities[:2] == ["Update user", "Invite external user with reset invitation status"]


def test_a_reset_may_use_another_address_of_the_user_only(world: World, accepted: InvitationResult) -> None:
    with pytest.raises(AddressNotOnUser, match="doesn\u2019t match any emails on the user object"):
        reset(world, accepted, email="maria@new.example")
    world.change_user(accepted.user.id, other_mails=("maria@new.example",))
    result = reset(world, accepted, email="Maria@New.example")
    assert result.invitation.email == "Maria@New.example"
    assert result.user.id == accepted.user.id


def test_a_reset_does_not_take_over_an_address_somebody_else_signs_in_with(
    world: World, accepted: InvitationResult
) -> None:
    other = world.invite("other@nordwind.example")
    world.accept(other)
    world.change_user(accepted.user.id, other_mails=("other@nordwind.example",))
    with pytest.raises(InviteeExists) as caught:
        reset(world, accepted, email="other@nordwind.example")
    assert caught.value.object_id == other.user.id


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("admin", True),
        ("useradmin", True),
        ("helpdesk", True),
        ("inviter", False),
        ("member", False),
        ("guest", False),
        ("app", False),
    ],
)
def test_a_reset_needs_a_support_role_or_the_write_permission(
    world: World, accepted: InvitationResult, name: str, may: bool
) -> None:
    if may:
        assert reset(world, accepted, actors(world)[name]).user.is_pending
        return
    with pytest.raises(ResetNotPermitted, match=r"Generic authorization exception\."):
        reset(world, accepted, actors(world)[name])


def test_a_token_needs_the_write_permission_for_a_reset(world: World, accepted: InvitationResult) -> None:
    with pytest.raises(ResetNotPermitted):
        reset(world, accepted, world.actor("admin", scopes=frozenset({"User.Invite.All"})))
    assert reset(world, accepted, world.app("User.ReadWrite.All")).user.is_pending


def test_helpdesk_resets_also_where_only_inviters_invite(world: World, accepted: InvitationResult) -> None:
    world.policies(allow_invites_from=InvitesFrom.ADMINS)
    assert reset(world, accepted, world.actor("helpdesk")).user.is_pending
    world.policies(allow_invites_from=InvitesFrom.NONE)
    with pytest.raises(InvitationsNotAllowed):
        reset(world, accepted, world.actor("helpdesk"))


def test_nobody_climbs_by_resetting_a_guest_with_a_role(world: World, accepted: InvitationResult) -> None:
    world.ports.store.write(
        TENANT, lambda tx: tx.users.add_role(accepted.user.id, GLOBAL_ADMINISTRATOR.template_id)
    )
    for actor in (world.actor("helpdesk"), world.actor("useradmin"), world.app("User.ReadWrite.All")):
        with pytest.raises(ResetNotPermitted):
            reset(world, accepted, actor)
    assert reset(world, accepted).user.is_pending


def test_an_internal_user_has_nothing_to_reset(world: World) -> None:
    member = world.change_user(world.people["member"].id, mail="member@nordwind.example")
    with pytest.raises(InvalidValue, match="never invited"):
        invite(
            world, world.actor("admin"), "member@nordwind.example", reset_redemption=True, user_id=member.id
        )


def test_after_a_reset_the_old_identity_no_longer_leads_to_the_user(
    world: World, accepted: InvitationResult
) -> None:
    identity = mail_identity("maria@nordwind.example")
    find = lambda: world.read(lambda tx: tx.users.find_by_identity(identity.issuer, identity.subject or ""))  # noqa: E731
    assert find() is not None
    reset(world, accepted)
    assert find() is None
