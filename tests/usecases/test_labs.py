"""The lab "Invite guest users": each criterion from real state, and the exact thing that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.journeys import MARIA, become_guest, guest_signs_in, prove_mailbox
from tests.support.platform import RunningServer, platform
from xenia.core.errors import NotFound
from xenia.core.mail import MailAttempt
from xenia.usecases.labs import Criterion, verify
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.users.user_lifecycle import delete_user


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as running:
        yield running


def criteria(server: RunningServer) -> tuple[Criterion, Criterion, Criterion]:
    invited, accepted, signed_in = verify(server.ports, server.tenant.id, "invite-guests")
    return invited, accepted, signed_in


def met(server: RunningServer) -> list[bool]:
    return [criterion.met for criterion in criteria(server)]


def settle(server: RunningServer, attempt: MailAttempt, *, again: bool) -> None:
    """What the mail dispatcher records after one attempt at every waiting mail."""
    now = server.clock.now()
    retry = now + timedelta(minutes=1) if again else None
    for mail in server.ports.store.write(None, lambda tx: tx.outbox.claim(10, now, timedelta(minutes=5))):
        server.ports.store.write(
            None, lambda tx, one=mail: tx.outbox.settle(one.id, attempt, retry_at=retry, message_id="<m@x>")
        )


def test_nobody_is_invited(server: RunningServer) -> None:
    invited, accepted, signed_in = criteria(server)
    assert met(server) == [False, False, False]
    assert "No guest yet." in invited.missing
    assert accepted.missing == signed_in.missing == "Nobody is invited yet."


def test_invited_without_a_mail(server: RunningServer) -> None:
    server.invite(MARIA, send_message=False)
    invited, accepted, _ = criteria(server)
    assert dict(invited.evidence)["Guest"] == MARIA
    assert dict(invited.evidence)["By"] == server.admin.display_name
    assert "without a mail" in accepted.missing


def test_a_mail_that_is_not_delivered_yet_shows_the_servers_reply(server: RunningServer) -> None:
    server.invite(MARIA, send_message=True)
    assert "no attempt yet" in criteria(server)[1].missing
    settle(server, MailAttempt(server.clock.now(), delivered=False, reply="451 4.7.1 Try later"), again=True)
    assert "not delivered yet. The mail server's reply: 451 4.7.1 Try later" in criteria(server)[1].missing


def test_a_mail_that_was_given_up(server: RunningServer) -> None:
    server.invite(MARIA, send_message=True)
    settle(server, MailAttempt(server.clock.now(), delivered=False, reply="550 No such user"), again=False)
    assert "given up. The mail server said: 550 No such user" in criteria(server)[1].missing


def test_delivered_but_not_accepted(server: RunningServer) -> None:
    server.invite(MARIA, send_message=True)
    settle(server, MailAttempt(server.clock.now(), delivered=True, reply="250 Ok"), again=False)
    invited, accepted, signed_in = criteria(server)
    assert invited.met
    assert accepted.missing.startswith(f"The invitation was delivered to {MARIA}, but not accepted.")
    assert signed_in.missing == "The invitation is not accepted yet."


def test_opening_and_proving_is_not_accepting(server: RunningServer) -> None:
    result = server.invite(MARIA, send_message=True)
    prove_mailbox(server, server.walker(), result.redeem_url)
    assert met(server) == [True, False, False]


def test_accepting_is_not_signing_in_to_an_app(server: RunningServer) -> None:
    become_guest(server, server.walker())
    assert met(server) == [True, True, False]
    _, accepted, signed_in = criteria(server)
    assert dict(accepted.evidence)["Invitation state"] == "Accepted"
    assert "has not signed in to an app" in signed_in.missing


def test_all_met_shows_idp_and_iss(server: RunningServer) -> None:
    secret = become_guest(server, server.walker())
    walker = server.walker()
    guest_signs_in(server, walker, server.authorize_url(), secret)
    if walker.page is not None and walker.page.has_form("/consent"):
        walker.submit("/consent", button="Accept")
    assert met(server) == [True, True, True]
    evidence = dict(criteria(server)[2].evidence)
    assert evidence["App"] == "Orders"
    assert evidence["idp (where the guest authenticated)"] == "mail"
    assert evidence["iss (who issued the token)"] == f"https://login.test/{server.tenant.id}/v2.0"


def test_a_newer_invitation_takes_nothing_away(server: RunningServer) -> None:
    become_guest(server, server.walker())
    server.clock.advance(timedelta(hours=1))
    server.invite("olga@adatum.example")
    assert met(server) == [True, True, False]


def test_a_deleted_guest_proves_nothing(server: RunningServer) -> None:
    secret = become_guest(server, server.walker())
    walker = server.walker()
    guest_signs_in(server, walker, server.authorize_url(), secret)
    if walker.page is not None and walker.page.has_form("/consent"):
        walker.submit("/consent", button="Accept")
    with server.ports.store.read(server.tenant.id) as tx:
        guest = tx.users.find_by_address(MARIA)[0]
    delete_user(server.ports, server.actor(), guest.id)
    assert met(server) == [False, False, False]


def test_the_last_failed_attempt_is_named(server: RunningServer) -> None:
    become_guest(server, server.walker())
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login=MARIA)
    walker.submit("/send")
    walker.submit("/signin/code", code=server.code_for(MARIA))
    walker.submit("/second-factor", code="000000")
    missing = criteria(server)[2].missing
    assert missing.startswith(
        f"{MARIA} accepted, but no sign-in to an app succeeded. The last attempt (Orders, "
    )
    assert "had error 5" in missing


def test_another_tenant_is_another_lab(server: RunningServer) -> None:
    server.invite(MARIA)
    other = create_tenant(server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    assert [one.met for one in verify(server.ports, other.id, "invite-guests")] == [False, False, False]


def test_unknown_labs_and_tenants(server: RunningServer) -> None:
    with pytest.raises(NotFound, match="nothing"):
        verify(server.ports, server.tenant.id, "nothing")
    with pytest.raises(NotFound, match="Tenant"):
        verify(server.ports, "00000000-0000-4000-8000-000000000000", "invite-guests")
