"""The forecast equals the outcome, and the preview equals the mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.inviting import ORDERS_PRINCIPAL, SERVER, World, inviting_world
from xenia.core.actor import Actor
from xenia.core.directory.application import DEFAULT_ACCESS_ROLE
from xenia.core.directory.roles import GUEST_INVITER, USER_ADMINISTRATOR
from xenia.core.directory.tenant import DomainRestrictions, DomainRule, InvitesFrom, Toggle
from xenia.core.directory.user import UserType
from xenia.core.errors import InvalidValue, XeniaError
from xenia.core.invitation import CcRecipient
from xenia.usecases.invitations.invitation_forecast import preflight, preview_invitation
from xenia.usecases.invitations.invitation_order import InvitationOrder
from xenia.usecases.invitations.invite_guest import invite_guest
from xenia.usecases.tenants.queue_mail import open_mail

URL = "https://app.contoso.example/welcome"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with inviting_world(tmp_path) as world:
        yield world


EMAILS = (
    "",
    "nobody",
    "new@nordwind.example",
    "a+b@nordwind.example",
    "new@bad.example",
    "x@contoso.example",
    "pending@nordwind.example",
    "accepted@nordwind.example",
    "blocked@nordwind.example",
    "employee@nordwind.example",
)
RESTRICTIONS = (
    DomainRestrictions(),
    DomainRestrictions(DomainRule.DENY, denied=("bad.example",)),
    DomainRestrictions(DomainRule.ALLOW, allowed=("nordwind.example",)),
)
PEOPLE = ("pending", "accepted", "blocked", "employee")
CALLERS = ("admin", "useradmin", "inviter", "helpdesk", "member", "guest", "app", "app+role", "scoped")


def _people(world: World) -> dict[str, str]:
    ids = {}
    for name in ("pending", "accepted", "blocked"):
        result = world.invite(f"{name}@nordwind.example")
        ids[name] = result.user.id
        if name == "accepted":
            world.accept(result)
    world.change_user(ids["blocked"], account_enabled=False)
    ids["employee"] = world.change_user(world.people["appadmin"].id, mail="employee@nordwind.example").id
    return ids


def _caller(world: World, name: str) -> Actor:
    if name == "guest":
        return world.actor("member", is_guest=True)
    if name == "app":
        return world.app("User.Invite.All")
    if name == "app+role":
        roles = frozenset({USER_ADMINISTRATOR.template_id, GUEST_INVITER.template_id})
        return world.app("User.ReadWrite.All", roles=roles)
    if name == "scoped":
        return world.actor("admin", scopes=frozenset({"User.Read"}))
    return world.actor(name)


def test_the_forecast_is_the_outcome_whatever_is_asked(tmp_path: Path) -> None:
    with inviting_world(tmp_path) as world:
        ids = _people(world)

        @settings(max_examples=250)
        @given(
            tenant=st.fixed_dictionaries(
                {
                    "allow_invites_from": st.sampled_from(list(InvitesFrom)),
                    "domain_restrictions": st.sampled_from(RESTRICTIONS),
                    "allow_plus_addresses": st.booleans(),
                }
            ),
            caller=st.sampled_from(CALLERS),
            person=st.sampled_from((None, None, None, *PEOPLE, "nobody")),
            order=st.builds(
                InvitationOrder,
                st.sampled_from(EMAILS),
                st.sampled_from((URL, "nowhere")),
                user_type=st.sampled_from(list(UserType)),
                reset_redemption=st.booleans(),
                app_assignments=st.sampled_from(((), ((ORDERS_PRINCIPAL, DEFAULT_ACCESS_ROLE),))),
            ),
        )
        def check(tenant: dict[str, Any], caller: str, person: str | None, order: InvitationOrder) -> None:
            world.policies(**tenant)
            unknown = "00000000-0000-4000-8000-00000000ffff"
            order = replace(order, user_id=ids.get(person, unknown) if person else None)
            actor = _caller(world, caller)
            forecast = preflight(world.ports, actor, order)
            bad = [finding.text for finding in forecast if finding.kind == "bad"]
            if bad:
                with pytest.raises(XeniaError) as refused:
                    invite_guest(world.ports, actor, order)
                assert refused.value.message == bad[0]
                return
            result = invite_guest(world.ports, actor, order)
            assert result.created == any("A new" in finding.text for finding in forecast)

        check()


def test_a_stranger_to_inviting_learns_nothing_about_people(world: World) -> None:
    world.policies(allow_invites_from=InvitesFrom.NONE)
    known = world.people["member"]
    world.change_user(known.id, mail="member@nordwind.example")
    forecast = preflight(world.ports, world.actor("member"), InvitationOrder("member@nordwind.example", URL))
    assert [finding.kind for finding in forecast] == ["bad"]
    assert known.id not in forecast[0].text
    assert forecast[0].setting_link == "external-identities/collaboration-settings"


def _texts(world: World, **order: object) -> str:
    return " | ".join(
        finding.text
        for finding in preflight(
            world.ports, world.actor("admin"), InvitationOrder("maria@nordwind.example", URL, **order)
        )
    )


def test_the_forecast_tells_what_is_worth_knowing(world: World) -> None:
    assert "signs in with a code sent to that mailbox" in _texts(world)
    assert "No privacy statement is set" in _texts(world)
    assert "sets up an authenticator app" in _texts(world)
    assert "No mail is sent" in _texts(world)
    assert "goes to maria@nordwind.example at once" in _texts(world, send_message=True)
    world.policies(email_passcode=Toggle.DISABLED, security_defaults=False)
    assert "has no way to sign in" in _texts(world)
    assert "authenticator app" not in _texts(world)


def test_links_that_open_on_this_computer_only_are_announced(tmp_path: Path) -> None:
    server = replace(SERVER, is_loopback=True, base_url="https://localhost:8443")
    with inviting_world(tmp_path, server) as world:
        assert "open on this computer only" in _texts(world, send_message=True)
    with inviting_world(tmp_path, replace(server, mail_leaves=False)) as world:
        assert "read it in the mailbox" in _texts(world, send_message=True)


_IDS = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def _without_ids(text: str) -> str:
    text = re.sub(r"ticket%3D[A-Za-z0-9_-]+", "ticket", text)
    return _IDS.sub(b"id", text.encode()).decode()


@pytest.mark.parametrize("again", [False, True])
def test_the_preview_is_the_later_mail_apart_from_ids_and_ticket(world: World, again: bool) -> None:
    order = InvitationOrder(
        "maria@nordwind.example",
        "https://app.contoso.example",
        send_message=True,
        message_body="Hello <b>Maria</b>\nsee you",
        cc=(CcRecipient("Sam", "sam@contoso.example"),),
        properties={"preferred_language": "de"},
        app_assignments=((ORDERS_PRINCIPAL, DEFAULT_ACCESS_ROLE),),
    )
    if again:
        world.invite(properties={"preferred_language": "en"})
    preview = preview_invitation(world.ports, world.actor("admin"), order)
    result = invite_guest(world.ports, world.actor("admin"), order)
    (row,) = world.mails_about(result.invitation.id)
    mail = open_mail(world.ports.sealer, row.sealed_mail)
    sent = world.ports.preview.render(mail, row.id, world.clock.now())
    assert _without_ids(preview.text) == _without_ids(sent.text)
    assert _without_ids(preview.html) == _without_ids(sent.html)
    assert (preview.sender, preview.recipients, preview.subject) == (
        sent.sender,
        sent.recipients,
        sent.subject,
    )
    assert ('lang="de"' in preview.html) is not again


def test_the_preview_of_an_empty_form_shows_a_placeholder_and_of_a_wrong_one_says_why(world: World) -> None:
    preview = preview_invitation(world.ports, world.actor("admin"), InvitationOrder("", URL))
    assert "guest@example.com" in preview.text
    with pytest.raises(InvalidValue):
        preview_invitation(world.ports, world.actor("admin"), InvitationOrder("a@b.example", "nowhere"))
