"""Inviting: what comes to be, what is recorded, and what a second invitation changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.inviting import (
    INITIAL,
    ORDERS_PRINCIPAL,
    READER_ROLE,
    START,
    TENANT,
    World,
    inviting_world,
    make_world,
)
from tests.support.postgres import PostgresServer
from xenia.core.audit import AuditRecord
from xenia.core.directory.user import CreationType, ExternalUserState, Identity, UserType
from xenia.core.errors import Conflict, InvalidValue, InviteeIsMember, NotFound, NotPermitted
from xenia.core.invitation import CcRecipient, InvitationStatus
from xenia.core.mail import MailState
from xenia.core.query import Query
from xenia.storage.store import open_store
from xenia.usecases.invitations.invitation_order import InvitationOrder
from xenia.usecases.invitations.invitation_timeline import invitation_timeline
from xenia.usecases.invitations.invite_guest import invite_guest, resend_invitation, withdraw_invitation
from xenia.usecases.tenants.queue_mail import open_mail


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with inviting_world(tmp_path) as world:
        yield world


def audit(world: World) -> list[AuditRecord]:
    """Oldest first."""
    return list(reversed(world.read(lambda tx: tx.logs.list_audit(Query()).items)))


def test_the_created_user_has_the_documented_shape(world: World) -> None:
    result = world.invite(display_name="Maria Keller")
    user = world.user(result.user.id)
    upn = f"maria_nordwind.example#EXT#@{INITIAL}"
    assert result.created
    assert user == result.user
    assert user.user_principal_name == upn
    assert user.mail_nickname == "maria_nordwind.example#EXT#"
    assert (user.mail, user.other_mails) == ("maria@nordwind.example", ("maria@nordwind.example",))
    assert user.proxy_addresses == ("SMTP:maria@nordwind.example",)
    assert user.identities == (Identity("userPrincipalName", INITIAL, upn),)
    assert (user.user_type, user.creation_type) == (UserType.GUEST, CreationType.INVITATION)
    assert user.external_user_state is ExternalUserState.PENDING_ACCEPTANCE
    assert user.external_user_state_changed_at == START
    assert user.account_enabled
    assert user.display_name == "Maria Keller"
    assert world.read(lambda tx: tx.credentials.password(user.id)) is None
    assert [sponsor.id for sponsor in world.read(lambda tx: tx.users.sponsors(user.id))] == [
        world.people["admin"].id
    ]


def test_without_a_name_the_local_part_is_shown(world: World) -> None:
    assert world.invite("jo.b@nordwind.example").user.display_name == "jo.b"


def test_properties_sponsors_manager_and_apps_are_taken_from_the_form(world: World) -> None:
    member, admin = world.people["member"].id, world.people["admin"].id
    result = world.invite(
        sponsors=(member, admin, member),
        manager=member,
        properties={"job_title": "Buyer", "usage_location": "gr", "business_phones": "+30 1", "city": " "},
        app_assignments=((ORDERS_PRINCIPAL, READER_ROLE),),
        user_type=UserType.MEMBER,
    )
    user = world.user(result.user.id)
    assert (user.job_title, user.usage_location, user.business_phones, user.city) == (
        "Buyer",
        "GR",
        ("+30 1",),
        None,
    )
    assert user.user_type is UserType.MEMBER
    assert user.is_external
    assert {each.id for each in world.read(lambda tx: tx.users.sponsors(user.id))} == {member, admin}
    assert world.read(lambda tx: tx.users.manager(user.id)) == member
    assigned = world.read(lambda tx: tx.applications.assignments_of(user.id))
    assert [(each.resource_id, each.app_role_id) for each in assigned] == [(ORDERS_PRINCIPAL, READER_ROLE)]
    again = world.invite(app_assignments=((ORDERS_PRINCIPAL, READER_ROLE),))
    assert world.read(lambda tx: len(tx.applications.assignments_of(again.user.id))) == 1


def test_audit_records_come_in_the_documented_order(world: World) -> None:
    result = world.invite(send_message=True, cc=(CcRecipient("Sam", "sam@contoso.example"),))
    records = audit(world)
    assert [record.activity for record in records] == [
        "Invite external user",
        "Add user",
        "Add user sponsor",
        "Invitation Email",
    ]
    invite = records[0]
    assert (invite.service, invite.category, invite.operation, invite.result) == (
        "Invited Users",
        "UserManagement",
        "Add",
        "success",
    )
    details = dict(invite.details)
    assert details["InvitationId"] == result.invitation.id
    assert details["invitedUserEmailAddress"] == "maria@nordwind.example"
    assert details["tid"] == TENANT
    assert details["ipaddr"] == "192.0.2.7"
    assert details["oid"] == world.people["admin"].id
    assert details["wids"]
    assert invite.targets[0].id == result.user.id
    assert dict(records[3].details)["ccRecipient"] == "sam@contoso.example"
    assert {record.correlation_id for record in records} == {invite.correlation_id}


def test_the_mail_is_queued_with_the_invitation_and_the_dispatcher_woken(world: World) -> None:
    result = world.invite(send_message=True, message_body="Hello\r\nMaria", message_language="de-DE")
    (mail,) = world.mails_about(result.invitation.id)
    assert mail.state is MailState.PENDING
    assert "Hello" not in mail.sealed_mail
    opened = open_mail(world.ports.sealer, mail.sealed_mail)
    assert (opened.to, opened.language, opened.reply_to) == (
        "maria@nordwind.example",
        "de-DE",
        "admin@contoso.example",
    )
    assert opened.data["redeem_url"] == result.redeem_url
    assert opened.data["message"] == "Hello\nMaria"
    assert opened.data["tenant_id"] == TENANT
    assert len(world.woken) == 1


def test_without_a_message_nothing_is_mailed(world: World) -> None:
    result = world.invite()
    assert world.mails_about(result.invitation.id) == ()
    assert world.woken == []
    assert "Invitation Email" not in [record.activity for record in audit(world)]


def test_language_follows_choice_then_preference_then_tenant(world: World) -> None:
    def language(**order: object) -> str:
        result = world.invite(send_message=True, **order)
        return open_mail(world.ports.sealer, world.mails_about(result.invitation.id)[0].sealed_mail).language

    assert (
        language(email="a@nordwind.example", message_language="fr", properties={"preferred_language": "de"})
        == "fr"
    )
    assert language(email="b@nordwind.example", properties={"preferred_language": "de"}) == "de"
    assert language(email="b@nordwind.example") == "de"
    assert language(email="c@nordwind.example") == "en-US"


def test_an_app_invites_in_the_name_of_the_organization_and_its_message_is_sent(world: World) -> None:
    order = InvitationOrder(
        "maria@nordwind.example", "https://app.example", send_message=True, message_body="Welcome"
    )
    result = invite_guest(world.ports, world.app("User.Invite.All"), order)
    mail = open_mail(world.ports.sealer, world.mails_about(result.invitation.id)[0].sealed_mail)
    assert (mail.data["inviter_name"], mail.data["message"], mail.reply_to) == ("", "Welcome", None)
    assert result.invitation.inviter_name == "Orders"
    assert world.read(lambda tx: tx.users.sponsors(result.user.id)) == ()
    assert audit(world)[0].initiated_by_app_name == "Orders"


# --- again --------------------------------------------------------------------------------------


def test_inviting_a_pending_guest_again_gives_another_invitation_of_the_same_user(world: World) -> None:
    first = world.invite(display_name="Maria")
    world.clock.advance(timedelta(days=1))
    second = world.invite("MARIA@Nordwind.Example", display_name="Somebody else", send_message=True)
    assert (second.created, second.user) == (False, first.user)
    assert second.invitation.id != first.invitation.id
    assert second.invitation.status is InvitationStatus.PENDING_ACCEPTANCE
    assert second.invitation.generation == first.invitation.generation
    invitations = world.read(lambda tx: tx.invitations.of_user(first.user.id))
    assert all(invitation.is_usable for invitation in invitations)
    assert len(world.read(lambda tx: tx.users.list(Query()).items)) == len(world.people) + 1


def test_inviting_an_accepted_guest_again_is_completed_at_once(world: World) -> None:
    first = world.invite()
    world.clock.advance(timedelta(hours=1))
    accepted = world.accept(first)
    world.clock.advance(timedelta(days=1))
    second = world.invite()
    assert second.invitation.status is InvitationStatus.COMPLETED
    assert second.invitation.redeemed_at == accepted.external_user_state_changed_at
    assert world.user(first.user.id) == accepted


def test_the_identity_counts_even_when_the_mail_was_changed(world: World) -> None:
    first = world.invite()
    accepted = world.accept(first)
    world.change_user(accepted.id, mail="maria@new.example", other_mails=(), proxy_addresses=())
    assert world.invite().user.id == first.user.id


def test_a_corrected_address_kills_the_link_to_the_mistyped_one(world: World) -> None:
    mistyped = world.invite("mariia@nordwind.example")
    world.change_user(mistyped.user.id, mail="maria@nordwind.example")
    corrected = world.invite()
    assert corrected.user.id == mistyped.user.id
    usable = {
        invitation.email: invitation.is_usable
        for invitation in world.read(lambda tx: tx.invitations.of_user(mistyped.user.id))
    }
    assert usable == {"mariia@nordwind.example": False, "maria@nordwind.example": True}


def test_a_taken_name_gets_a_number_and_the_address_stays(world: World) -> None:
    first = world.invite()
    world.change_user(first.user.id, mail="x@y.example", other_mails=(), proxy_addresses=())
    second = world.invite()
    assert second.created
    assert second.user.user_principal_name == f"maria_nordwind.example2#EXT#@{INITIAL}"
    assert second.user.mail == "maria@nordwind.example"
    world.change_user(second.user.id, deleted_at=world.clock.now())
    third = world.invite()
    assert third.created
    assert third.user.user_principal_name == f"maria_nordwind.example3#EXT#@{INITIAL}"


def test_an_employees_private_note_of_the_address_stops_nothing_but_the_proxy_address(world: World) -> None:
    world.change_user(world.people["member"].id, other_mails=("maria@nordwind.example",))
    result = world.invite()
    assert result.created
    assert result.user.proxy_addresses == ()


def test_internationalized_domains_meet_in_one_user(world: World) -> None:
    first = world.invite("jo@bücher.example")
    assert "xn--bcher-kva.example" in first.user.user_principal_name
    assert world.invite("jo@xn--bcher-kva.example").user.id == first.user.id


def test_simultaneous_invitations_of_one_address_give_one_user(world: World) -> None:
    _race(world, "maria@nordwind.example")


def test_simultaneous_invitations_give_one_user_on_the_database_server_too(
    postgres_server: PostgresServer,
) -> None:
    store = open_store(postgres_server.create_database("invite_race"), durable=False)
    try:
        store.migrate()
        _race(make_world(store), "maria@nordwind.example")
    finally:
        store.close()
        postgres_server.drop("invite_race")


def _race(world: World, email: str) -> None:
    together = threading.Barrier(4)
    found: list[str] = []
    failed: list[BaseException] = []

    def run() -> None:
        together.wait()
        try:
            found.append(world.invite(email).user.id)
        except BaseException as error:  # noqa: BLE001  (shown by the assertion)
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(found) == 4
    assert len(set(found)) == 1
    assert len(world.read(lambda tx: tx.users.find_by_address(email))) == 1


# --- resend, withdraw, timeline -----------------------------------------------------------------


def test_resending_keeps_the_link_and_mails_again(world: World) -> None:
    first = world.invite(send_message=True, message_body="Hello")
    again = resend_invitation(world.ports, world.actor("inviter"), first.user.id)
    assert again.redeem_url == first.redeem_url
    mails = [
        open_mail(world.ports.sealer, mail.sealed_mail) for mail in world.mails_about(first.invitation.id)
    ]
    assert len(mails) == 2
    assert mails[0].data == mails[1].data
    assert audit(world)[-1].activity == "Invitation Email"


def test_resending_asks_the_rules_again(world: World) -> None:
    first = world.invite()
    with pytest.raises(NotFound):
        resend_invitation(world.ports, world.actor("admin"), world.people["member"].id)
    world.accept(first)
    with pytest.raises(Conflict, match="accepted already"):
        resend_invitation(world.ports, world.actor("admin"), first.user.id)


def test_a_withdrawn_invitation_cannot_be_resent_and_a_new_one_is_of_the_next_generation(
    world: World,
) -> None:
    first = world.invite()
    with pytest.raises(NotPermitted):
        withdraw_invitation(world.ports, world.actor("member"), first.user.id)
    assert withdraw_invitation(world.ports, world.actor("inviter"), first.user.id) == 1
    assert withdraw_invitation(world.ports, world.actor("inviter"), first.user.id) == 0
    with pytest.raises(NotFound):
        resend_invitation(world.ports, world.actor("admin"), first.user.id)
    assert world.invite().invitation.generation == first.invitation.generation + 1


def test_a_withdrawal_after_acceptance_is_refused(world: World) -> None:
    first = world.invite()
    world.accept(first)
    with pytest.raises(Conflict):
        withdraw_invitation(world.ports, world.actor("admin"), first.user.id)


def test_the_timeline_tells_the_story_in_order(world: World) -> None:
    first = world.invite(send_message=True)
    world.clock.advance(timedelta(hours=1))
    world.accept(first)
    entries = invitation_timeline(world.ports, world.actor("inviter"), first.user.id)
    assert [entry.kind for entry in entries] == ["created", "invited", "queued", "accepted"]
    assert entries[1].text == "Invited by Admin at maria@nordwind.example."
    with pytest.raises(NotPermitted):
        invitation_timeline(world.ports, replace(world.actor("member"), is_guest=True), first.user.id)
    with pytest.raises(NotFound):
        invitation_timeline(world.ports, world.actor("admin"), "00000000-0000-4000-8000-00000000ffff")


# --- internal users -----------------------------------------------------------------------------


def test_an_internal_user_is_invited_by_id_and_keeps_everything_else(world: World) -> None:
    member = world.change_user(world.people["member"].id, mail="member@nordwind.example")
    result = world.invite("member@nordwind.example", user_id=member.id)
    user = world.user(member.id)
    assert not result.created
    assert (user.user_principal_name, user.user_type) == (member.user_principal_name, UserType.MEMBER)
    assert user.is_pending
    assert user.is_external
    assert [record.activity for record in audit(world)] == [
        "Invite internal user to B2B collaboration",
        "Update user",
    ]


def test_an_internal_user_with_an_internal_address_is_not_invited(world: World) -> None:
    with pytest.raises(InviteeIsMember):
        world.invite("member@contoso.example", user_id=world.people["member"].id)


@pytest.mark.parametrize("by", ["inviter", "member", "helpdesk"])
def test_inviting_by_id_is_for_user_administrators(world: World, by: str) -> None:
    member = world.change_user(world.people["appadmin"].id, mail="other@nordwind.example")
    with pytest.raises(NotPermitted):
        world.invite("other@nordwind.example", by=by, user_id=member.id)


# --- fields -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("https://myapp.com", "https://myapp.com/"),
        (" HTTPS://MyApp.com:8443?x=1#there ", "https://myapp.com:8443/?x=1#there"),
        ("http://localhost:5000/a%20b", "http://localhost:5000/a%20b"),
        ("https://[::1]:9/x", "https://[::1]:9/x"),
        ("https://bücher.example/ü", "https://bücher.example/ü"),
    ],
)
def test_the_redirect_url_is_normalized(world: World, given: str, stored: str) -> None:
    assert world.invite(redirect_url=given).invitation.redirect_url == stored


@pytest.mark.parametrize(
    "url",
    [
        "",
        "myapp.com",
        "/welcome",
        "//myapp.com",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://a.example/",
        "https://",
        "https:///x",
        "https://user:pw@a.example/",
        "https://good.example@evil.example/",
        "https://a.example/\r\nX: y",
        "https://a b.example/",
        "https://a.example:port/",
        "https://a.example:99999/",
        "https://a.example/<script>",
        "https://a.example\\@evil.example/",
        "https://-/",
        f"https://a.example/{'x' * 2048}",
    ],
)
def test_other_redirect_urls_are_refused(world: World, url: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        world.invite(redirect_url=url)
    assert caught.value.field == "redirect_url"
    assert "https://" in caught.value.message


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"message_body": "x" * 1025}, "message_body"),
        ({"message_body": "a\x00b"}, "message_body"),
        ({"message_body": "a\u202eb"}, "message_body"),
        ({"message_language": "english please"}, "message_language"),
        ({"display_name": "A\nB"}, "display_name"),
        ({"display_name": "x" * 257}, "display_name"),
        ({"cc": (CcRecipient(None, "a@b.example"), CcRecipient(None, "c@d.example"))}, "cc"),
        ({"cc": (CcRecipient(None, "nobody"),)}, "cc"),
        ({"cc": (CcRecipient("A\r\nBcc: x@y.example", "a@b.example"),)}, "cc"),
        ({"sponsors": ("nobody",)}, "sponsors"),
        ({"sponsors": ("00000000-0000-4000-8000-00000000ffff",)}, "sponsors"),
        ({"sponsors": tuple(f"00000000-0000-4000-8000-00000000000{n}" for n in range(6))}, "sponsors"),
        ({"manager": "00000000-0000-4000-8000-00000000ffff"}, "manager"),
        ({"properties": {"password": "x"}}, "password"),
        ({"properties": {"usage_location": "Greece"}}, "usage_location"),
        ({"properties": {"age_group": "Old"}}, "age_group"),
        ({"properties": {"job_title": "a\nb"}}, "job_title"),
        ({"app_assignments": (("00000000-0000-4000-8000-00000000ffff", READER_ROLE),)}, "app_assignments"),
        ({"app_assignments": ((ORDERS_PRINCIPAL, ORDERS_PRINCIPAL),)}, "app_assignments"),
        ({"reset_redemption": True}, "user_id"),
        ({"user_id": "me"}, "user_id"),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_stored(
    world: World, order: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        world.invite(**order)
    assert caught.value.field == field
    assert caught.value.message.endswith(".")
    assert world.read(lambda tx: tx.users.find_by_address("maria@nordwind.example")) == ()
    assert audit(world) == []


def test_a_message_of_the_full_length_with_joined_emoji_is_accepted(world: World) -> None:
    body = ("👩\u200d👧 " + "x" * 1024)[:1024]
    assert world.invite(message_body=body).invitation.message_body == body


def test_an_unknown_user_id_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.invite(user_id="00000000-0000-4000-8000-00000000ffff")
