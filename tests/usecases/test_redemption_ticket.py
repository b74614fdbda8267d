"""The redemption link: two forms in, one form out, one answer to everything that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.inviting import OTHER_TENANT, TENANT, World, inviting_world
from xenia.core.errors import InvitationNotUsable
from xenia.core.invitation import Invitation
from xenia.usecases.invitations.invite_guest import InvitationResult, withdraw_invitation
from xenia.usecases.invitations.redemption_ticket import find_invitation, parse_redeem_query, ticket_of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with inviting_world(tmp_path) as world:
        yield world


@pytest.fixture
def invited(world: World) -> InvitationResult:
    return world.invite()


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def find(world: World, tenant: str, invitation_id: str, ticket: str, within: str = TENANT) -> Invitation:
    with world.ports.store.read(within) as tx:
        return find_invitation(world.ports, tx, tenant, invitation_id, ticket)


def test_the_link_has_the_documented_form_and_leads_to_the_invitation(
    world: World, invited: InvitationResult
) -> None:
    assert invited.redeem_url.startswith("https://login.contoso.example/redeem?rd=https%3A%2F%2F")
    inner = query_of(invited.redeem_url)["rd"]
    assert inner.startswith("https://login.contoso.example/redeem/?tenant=")
    assert query_of(inner)["ver"] == "2.0"
    for form in (query_of(invited.redeem_url), query_of(inner)):
        link = parse_redeem_query(form)
        found = find(world, link.tenant_id, link.invitation_id, link.ticket)
        assert found == invited.invitation


def test_the_inner_host_is_never_followed(world: World, invited: InvitationResult) -> None:
    inner = query_of(invited.redeem_url)["rd"].replace("login.contoso.example", "evil.example")
    assert parse_redeem_query({"rd": inner}) == parse_redeem_query(query_of(invited.redeem_url))


def test_upper_case_ids_are_read(invited: InvitationResult) -> None:
    inner = query_of(query_of(invited.redeem_url)["rd"])
    shouted = {**inner, "tenant": inner["tenant"].upper(), "user": inner["user"].upper()}
    assert parse_redeem_query(shouted) == parse_redeem_query(inner)


def test_a_forged_foreign_or_unknown_link_is_not_usable(world: World, invited: InvitationResult) -> None:
    invitation, ticket = invited.invitation, ticket_of(world.ports, invited.invitation)
    other = world.invite("other@nordwind.example")
    wrong = [
        (TENANT, invitation.id, ticket[:-1] + ("A" if ticket[-1] != "A" else "B"), TENANT),
        (TENANT, invitation.id, ticket_of(world.ports, other.invitation), TENANT),
        (TENANT, "00000000-0000-4000-8000-00000000ffff", ticket, TENANT),
        (OTHER_TENANT, invitation.id, ticket, OTHER_TENANT),
        (TENANT, invitation.id, ticket, OTHER_TENANT),
        (TENANT, invitation.id, "", TENANT),
    ]
    messages = set()
    for tenant, invitation_id, given_ticket, within in wrong:
        with pytest.raises(InvitationNotUsable) as caught:
            find(world, tenant, invitation_id, given_ticket, within)
        messages.add(caught.value.message)
    assert len(messages) == 1


def test_the_link_survives_acceptance_and_dies_with_withdrawal(
    world: World, invited: InvitationResult
) -> None:
    ticket = ticket_of(world.ports, invited.invitation)
    world.accept(invited)
    assert find(world, TENANT, invited.invitation.id, ticket).redeemed_at is not None
    second = world.invite("second@nordwind.example")
    withdraw_invitation(world.ports, world.actor("admin"), second.user.id)
    with pytest.raises(InvitationNotUsable):
        find(world, TENANT, second.invitation.id, ticket_of(world.ports, second.invitation))


def test_the_link_of_a_deleted_user_is_dead(world: World, invited: InvitationResult) -> None:
    world.change_user(invited.user.id, deleted_at=world.clock.now())
    with pytest.raises(InvitationNotUsable):
        find(world, TENANT, invited.invitation.id, ticket_of(world.ports, invited.invitation))


def test_the_older_documented_form_is_read() -> None:
    guid = "0b5f7c7e-6a2d-4a51-9a4e-6f2a9d3e7b10"
    link = parse_redeem_query({"tenant": guid, "user": guid, "ticket": "t" * 43, "lc": "1033", "ver": "2.0"})
    assert (link.tenant_id, link.invitation_id, link.ticket) == (guid, guid, "t" * 43)


@given(st.dictionaries(st.sampled_from(("rd", "tenant", "user", "ticket", "ver")), st.text(max_size=80)))
def test_any_other_query_is_refused_and_nothing_else(query: dict[str, str]) -> None:
    with pytest.raises(InvitationNotUsable):
        parse_redeem_query(query)


@given(st.text(max_size=3000))
def test_any_other_inner_link_is_refused_and_nothing_else(text: str) -> None:
    for inner in (text, f"https://a.example/redeem/?{text}", quote(text)):
        with pytest.raises(InvitationNotUsable):
            parse_redeem_query({"rd": inner})
