"""Guessing and flooding: who counts as one, and where it ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.graph_calls import Answered, GraphWorld, graph_world
from tests.support.journeys import (
    MARIA,
    administrator_signs_in,
    become_guest,
    guest_signs_in,
    prove_mailbox,
)
from tests.support.platform import RunningServer
from tests.support.walker import Page
from xenia.core.errors import LimitReached
from xenia.core.networks import network_of, same_network
from xenia.usecases.invitations.invitation_limits import BY_A_PERSON, COPIES_TO_A_MAILBOX, MAILS_TO_A_MAILBOX
from xenia.usecases.invitations.invite_guest import resend_invitation
from xenia.usecases.sign_in import begin
from xenia.usecases.sign_in.passcode import CODES_PER_NETWORK
from xenia.usecases.sign_in.password_limits import PASSWORD_TRIES_PER_NETWORK
from xenia.usecases.tenants.send_test_mail import MAILS, send_test_mail


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_a_network_is_an_ipv4_address_or_an_ipv6_subnet(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("127.0.0.1", "::1", True),
        ("::ffff:127.0.0.1", "127.0.0.2", True),
        ("2001:db8:1:2::1", "2001:db8:1:2::2", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("::1", "::2", True),
        ("::1", "2001:db8::1", False),
        ("", "127.0.0.1", False),
    ],
)
def test_who_is_in_one_network(one: str, other: str, together: bool) -> None:
    assert same_network(one, other) == together


def ask_for_code(server: RunningServer, address: str, mailbox: str) -> Page:
    walker = server.walker(address)
    walker.open(server.authorize_url())
    walker.submit("/identify", login=mailbox)
    return walker.submit("/send")


def test_codes_sent_from_one_ipv6_subnet_count_together(server: RunningServer) -> None:
    for number in range(CODES_PER_NETWORK):
        page = ask_for_code(server, f"2001:db8:1:2::{number + 1:x}", f"p{number}@nordwind.example")
        assert page.status == 200
    assert ask_for_code(server, "2001:db8:1:2:ffff::1", "late@nordwind.example").status == 422
    assert ask_for_code(server, "2001:db8:1:3::1", "late@nordwind.example").status == 200


def test_sign_ins_begun_from_one_network_are_bounded(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(begin, "BEGINNINGS_PER_NETWORK", 3)

    def open_app(address: str) -> Page:
        return server.walker(address).open(server.authorize_url())

    for _ in range(3):
        assert open_app("192.0.2.7").status == 200
    refused = open_app("192.0.2.7")
    assert refused.status == 429
    assert "Too many sign-ins were begun from your network." in refused.text
    assert open_app("192.0.2.8").status == 200
    server.clock.advance(begin.BEGINNINGS_WINDOW)
    assert open_app("192.0.2.7").status == 200


def guess_password(server: RunningServer, address: str, name: str) -> Page:
    walker = server.walker(address)
    walker.open(server.authorize_url())
    walker.submit("/identify", login=name)
    return walker.submit("/password", password="wrong")


def test_passwords_guessed_from_one_ipv6_subnet_count_together(server: RunningServer) -> None:
    domain = server.tenant.initial_domain
    for number in range(PASSWORD_TRIES_PER_NETWORK):
        page = guess_password(server, f"2001:db8:1:2::{number + 1:x}", f"u{number}@{domain}")
        assert "does not match" in page.text
    assert "Too many tries" in guess_password(server, "2001:db8:1:2:ffff::1", f"late@{domain}").text
    assert "does not match" in guess_password(server, "2001:db8:1:3::1", f"late@{domain}").text


def test_a_refused_network_spends_nobody_elses_codes(server: RunningServer) -> None:
    """Otherwise a flood that sends nothing would still keep its victim from getting a code."""
    for number in range(CODES_PER_NETWORK):
        ask_for_code(server, "198.51.100.1", f"p{number}@nordwind.example")
    for _ in range(12):
        assert ask_for_code(server, "198.51.100.1", MARIA).status == 422
    assert ask_for_code(server, "203.0.113.9", MARIA).status == 200


def test_tags_of_one_mailbox_count_as_one(server: RunningServer) -> None:
    """Mail to victim+1@ and victim+2@ reaches one person (RFC 5233)."""
    for number in range(10):
        assert ask_for_code(server, f"203.0.113.{number}", f"maria+{number}@nordwind.example").status == 200
    assert ask_for_code(server, "203.0.113.99", MARIA).status == 422
    server.clock.advance(timedelta(hours=1, seconds=1))
    assert ask_for_code(server, "203.0.113.99", MARIA).status == 200


def test_nobody_is_bombarded_with_invitations(server: RunningServer) -> None:
    """Again, resent or under tags: one mailbox gets so many an hour, and the refusal says when it goes on."""
    user = server.invite(MARIA, send_message=True).user
    for number in range(MAILS_TO_A_MAILBOX - 2):
        server.invite(f"maria+{number}@nordwind.example", send_message=True)
    resend_invitation(server.ports, server.actor(), user.id)
    with pytest.raises(LimitReached) as refused:
        resend_invitation(server.ports, server.actor(), user.id)
    assert timedelta() < refused.value.retry_after <= timedelta(hours=1)
    with pytest.raises(LimitReached):
        server.invite(MARIA, send_message=True)
    assert server.invite(MARIA).user.id == user.id, "without a mail nobody is disturbed"
    assert server.invite("other@nordwind.example", send_message=True).created
    server.clock.advance(timedelta(hours=1, seconds=1))
    resend_invitation(server.ports, server.actor(), user.id)


def test_copies_to_one_mailbox_end_too(tmp_path: Path) -> None:
    with graph_world(tmp_path) as world:
        for number in range(COPIES_TO_A_MAILBOX):
            assert _invite(world, f"p{number}@nordwind.example", cc="victim@elsewhere.example").status == 201
        refused = _invite(world, "last@nordwind.example", cc="victim@elsewhere.example")
        assert (refused.status, refused.code) == (429, "TooManyRequests")
        assert 0 < int(refused.header("Retry-After")) <= 3600
        assert _invite(world, "last@nordwind.example").status == 201


def test_a_guest_invites_a_hundred_people_an_hour(tmp_path: Path) -> None:
    with graph_world(tmp_path) as world:
        token = world.token(world.add("olena", guest=True))
        for number in range(BY_A_PERSON):
            assert _invite(world, f"p{number}@nordwind.example", token=token).status == 201
        assert _invite(world, "one-more@nordwind.example", token=token).status == 429
        assert _invite(world, "one-more@nordwind.example").status == 201, "the administrator has more"


def _invite(world: GraphWorld, address: str, *, cc: str = "", token: str | None = None) -> Answered:
    body: dict[str, object] = {
        "invitedUserEmailAddress": address,
        "inviteRedirectUrl": "https://portal.contoso.example/",
        "sendInvitationMessage": True,
    }
    if cc:
        body["invitedUserMessageInfo"] = {"ccRecipients": [{"emailAddress": {"address": cc}}]}
    return world.call("POST", "invitations", body, token=token)


def exhaust(server: RunningServer, mailbox: str) -> None:
    """Strangers ask for somebody's codes and guess, until every limit on the address is reached."""
    for number in range(12):
        walker = server.walker(f"203.0.113.{number}")
        walker.open(server.authorize_url())
        walker.submit("/identify", login=mailbox)
        if walker.submit("/send").has_form("/signin/code"):
            for _ in range(5):
                walker.submit("/signin/code", code="00000000")
    server.clock.advance(timedelta(seconds=1))


def test_strangers_cannot_keep_the_invited_from_accepting(server: RunningServer) -> None:
    link = server.invite(MARIA, redirect_url="https://portal.contoso.example/").redeem_url
    exhaust(server, MARIA)
    assert ask_for_code(server, "198.51.100.7", MARIA).status == 422, "for strangers it has ended"
    page = prove_mailbox(server, server.walker("198.51.100.8"), link)
    assert page.has_form("/accept"), page.text


def test_strangers_cannot_lock_a_known_browser_out(server: RunningServer) -> None:
    home = server.walker("198.51.100.8")
    secret = become_guest(server, home)
    exhaust(server, MARIA)
    page = guest_signs_in(server, home, server.authorize_url(prompt="login"), secret)
    assert "Permissions requested" in page.text, page.text


def test_strangers_cannot_lock_an_administrator_out_of_a_known_browser(server: RunningServer) -> None:
    desk = server.walker("198.51.100.8")
    _, secret = administrator_signs_in(server, desk, server.authorize_url())
    for number in range(11):
        stranger = server.walker(f"203.0.113.{number}")
        stranger.open(server.authorize_url())
        stranger.submit("/identify", login=server.admin.user_principal_name)
        stranger.submit("/password", password="wrong")
    assert "Too many tries" in guess_password(server, "203.0.113.99", server.admin.user_principal_name).text
    page, _ = administrator_signs_in(server, desk, server.authorize_url(prompt="login"), secret)
    assert "code=" in (page.refresh or page.response.header("Location") or ""), page.text


def test_a_known_browser_guesses_no_more_often_than_others(server: RunningServer) -> None:
    desk = server.walker("198.51.100.8")
    administrator_signs_in(server, desk, server.authorize_url())
    desk.open(server.authorize_url(prompt="login"))
    desk.submit("/identify", login=server.admin.user_principal_name)
    for _ in range(10):
        desk.submit("/password", password="wrong")
    assert "Too many tries" in desk.submit("/password", password="wrong").text


def test_test_mails_end_too(server: RunningServer) -> None:
    for _ in range(MAILS):
        send_test_mail(server.ports, server.actor(), "victim@elsewhere.example")
    with pytest.raises(LimitReached):
        send_test_mail(server.ports, server.actor(), "victim@elsewhere.example")
    server.clock.advance(timedelta(hours=1, seconds=1))
    send_test_mail(server.ports, server.actor(), "victim@elsewhere.example")
