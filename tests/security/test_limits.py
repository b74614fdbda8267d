"""Guessing and flooding: who counts as one, and where it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.journeys import MARIA
from tests.support.platform import RunningServer
from tests.support.walker import Page
from xenia.core.networks import network_of
from xenia.usecases.sign_in.passcode import CODES_PER_NETWORK
from xenia.usecases.sign_in.steps import PASSWORD_TRIES_PER_NETWORK


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
