"""Redeeming an invitation: opening the link changes nothing; a proof and a POST change what is documented."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.support.journeys import MARIA, enrol, prove_mailbox
from tests.support.platform import RunningServer
from tests.support.walker import Walker
from xenia.core.directory.tenant import DomainRestrictions, DomainRule, Toggle
from xenia.core.directory.user import ExternalUserState, User
from xenia.core.query import Query
from xenia.ports import Transaction
from xenia.usecases.invitations.invite_guest import InvitationResult
from xenia.usecases.users.user_lifecycle import delete_user


def dump(directory: Path) -> list[str]:
    with closing(sqlite3.connect(directory / "xenia.db")) as connection:
        return list(connection.iterdump())


def user_of(server: RunningServer, result: InvitationResult) -> User:
    with server.ports.store.read(server.tenant.id) as tx:
        user = tx.users.find(result.user.id, deleted=True)
    assert user is not None
    return user


def redeem(server: RunningServer, walker: Walker, link: str) -> None:
    """The whole way, authenticator app included."""
    prove_mailbox(server, walker, link)
    walker.submit("/accept")
    enrol(server, walker)


def test_opening_the_link_a_thousand_times_changes_nothing(server: RunningServer, tmp_path: Path) -> None:
    link = server.invite().redeem_url
    inner = parse_qs(urlsplit(link).query)["rd"][0]
    before = dump(tmp_path)
    for number in range(1000):
        walker = server.walker(f"198.51.100.{number % 250}")
        response = walker.send(("GET", "HEAD")[number % 2], (link, inner)[number // 2 % 2])
        assert response.status == 200
        assert response.header("Set-Cookie") is None
    assert dump(tmp_path) == before


def test_a_scanner_that_presses_the_button_gets_no_further_than_the_code(server: RunningServer) -> None:
    result = server.invite()
    walker = server.walker()
    walker.open(result.redeem_url)
    page = walker.submit("/redeem/start")
    assert "Enter code" in page.text
    assert user_of(server, result).external_user_state is ExternalUserState.PENDING_ACCEPTANCE


def test_accepting_changes_state_identity_and_log_together(server: RunningServer) -> None:
    result = server.invite()
    walker = server.walker()
    page = prove_mailbox(server, walker, result.redeem_url)
    assert "Review permissions" in page.text
    assert "has not given a link to its privacy statement" in page.text
    assert user_of(server, result).is_pending
    server.clock.advance(timedelta(minutes=1))
    walker.submit("/accept")

    guest = user_of(server, result)
    assert guest.external_user_state is ExternalUserState.ACCEPTED
    assert guest.external_user_state_changed_at == server.clock.now()
    assert [
        (entry.issuer, entry.subject) for entry in guest.identities if entry.sign_in_type == "federated"
    ] == [("mail", MARIA)]
    with server.ports.store.read(server.tenant.id) as tx:
        names = [record.activity for record in tx.logs.list_audit(Query(limit=2)).items]
        invitation = tx.invitations.find(result.invitation.id)
    assert sorted(names) == ["Redeem external user invite", "Update user"]
    assert invitation is not None
    assert invitation.status == "Completed"


def test_the_redirect_url_is_where_it_ends(server: RunningServer) -> None:
    result = server.invite(redirect_url="https://portal.contoso.example/welcome?x=1")
    walker = server.walker()
    redeem(server, walker, result.redeem_url)
    assert walker.page is not None
    assert walker.page.refresh == "https://portal.contoso.example/welcome?x=1"


def test_without_second_factor_the_guest_is_in_after_accept(server: RunningServer) -> None:
    server.policies(security_defaults=False)
    result = server.invite(redirect_url="https://portal.contoso.example/")
    walker = server.walker()
    prove_mailbox(server, walker, result.redeem_url)
    page = walker.submit("/accept")
    assert page.refresh == "https://portal.contoso.example/"


def test_the_link_opens_in_another_browser_than_the_inviters(server: RunningServer) -> None:
    result = server.invite()
    inviter, guest = server.walker("192.0.2.1"), server.walker("203.0.113.9")
    inviter.open(result.redeem_url)
    assert "Review permissions" in prove_mailbox(server, guest, result.redeem_url).text


def test_cancel_leaves_the_invitation_open(server: RunningServer) -> None:
    result = server.invite()
    walker = server.walker()
    prove_mailbox(server, walker, result.redeem_url)
    page = walker.follow("Cancel")
    assert "You did not accept" in page.text
    assert user_of(server, result).is_pending
    walker.follow("Back to Review permissions")
    walker.submit("/accept")
    assert not user_of(server, result).is_pending


def test_an_accepted_link_signs_in_and_goes_on(server: RunningServer) -> None:
    server.policies(security_defaults=False)
    result = server.invite(redirect_url="https://portal.contoso.example/")
    prove_mailbox(server, (first := server.walker()), result.redeem_url)
    first.submit("/accept")
    server.clock.advance(timedelta(days=30))
    again = server.walker("203.0.113.20")
    assert "accepted this invitation already" in again.open(result.redeem_url).text
    assert prove_mailbox(server, again, result.redeem_url).refresh == "https://portal.contoso.example/"


def test_a_forged_ticket_another_tenants_link_and_garbage_look_the_same(server: RunningServer) -> None:
    link = server.invite().redeem_url
    inner = parse_qs(urlsplit(link).query)["rd"][0]
    query = {name: values[0] for name, values in parse_qs(urlsplit(inner).query).items()}
    forged = inner.replace(query["ticket"], query["ticket"][::-1])
    foreign = inner.replace(query["tenant"], "22222222-2222-4222-8222-222222222222")
    for bad in (forged, foreign, "/redeem?rd=x", "/redeem", "/redeem/?tenant=a&user=b&ticket=c"):
        page = server.walker().open(bad)
        assert page.status == 403
        assert "withdrawn or replaced" in page.text
        assert "AADSTS50014" in page.text


def test_a_withdrawn_deleted_or_blocked_guest_has_an_honest_page(server: RunningServer) -> None:
    result = server.invite()

    def block(tx: Transaction) -> None:
        user = tx.users.find(result.user.id)
        assert user is not None
        tx.users.replace(replace(user, account_enabled=False))

    server.ports.store.write(server.tenant.id, block)
    page = server.walker().open(result.redeem_url)
    assert page.status == 403
    assert "Contoso has blocked this account" in page.text

    delete_user(server.ports, server.actor(), result.user.id)
    page = server.walker().open(result.redeem_url)
    assert page.status == 403
    assert "withdrawn or replaced" in page.text


def test_a_reset_invitation_kills_the_old_link_and_the_new_one_works(server: RunningServer) -> None:
    server.policies(security_defaults=False)
    first = server.invite(redirect_url="https://portal.contoso.example/")
    prove_mailbox(server, (walker := server.walker()), first.redeem_url)
    walker.submit("/accept")
    again = server.invite(
        redirect_url="https://portal.contoso.example/", reset_redemption=True, user_id=first.user.id
    )
    assert again.user.id == first.user.id
    server.clock.advance(timedelta(minutes=1))
    assert "withdrawn or replaced" in server.walker().open(first.redeem_url).text
    fresh = server.walker("203.0.113.30")
    prove_mailbox(server, fresh, again.redeem_url)
    assert fresh.submit("/accept").refresh == "https://portal.contoso.example/"


def test_a_domain_refused_by_now_stops_a_pending_guest_even_in_mid_flow(server: RunningServer) -> None:
    result = server.invite()
    walker = server.walker()
    walker.open(result.redeem_url)
    walker.submit("/redeem/start")
    code = server.code_for(MARIA)
    server.policies(domain_restrictions=DomainRestrictions(DomainRule.DENY, denied=("nordwind.example",)))
    page = walker.submit("/code", code=code)
    assert page.status == 403
    assert "does not accept guests from nordwind.example" in page.text
    assert "AADSTS500213" in page.text
    assert user_of(server, result).is_pending
    assert "nordwind.example" in server.walker().open(result.redeem_url).text


def test_with_passcodes_switched_off_the_page_says_so(server: RunningServer) -> None:
    result = server.invite()
    server.policies(email_passcode=Toggle.DISABLED)
    page = server.walker().open(result.redeem_url)
    assert page.status == 403
    assert "Contoso does not send codes by email" in page.text


def test_somebody_elses_link_asks_for_the_invited_mailbox(server: RunningServer) -> None:
    server.policies(security_defaults=False)
    bob = server.invite("bob@adatum.example", redirect_url="https://portal.contoso.example/")
    walker = server.walker()
    prove_mailbox(server, walker, bob.redeem_url, "bob@adatum.example")
    walker.submit("/accept")
    maria = server.invite()
    page = walker.open(maria.redeem_url)
    assert "Signed in as bob@adatum.example" in page.text
    page = walker.submit("/redeem/start")
    assert "m•••a@nordwind.example" in page.text
    assert user_of(server, maria).is_pending


def test_two_windows_accept_once(server: RunningServer) -> None:
    result = server.invite()
    one, two = server.walker("203.0.113.40"), server.walker("203.0.113.41")
    prove_mailbox(server, one, result.redeem_url)
    server.clock.advance(timedelta(minutes=1))
    prove_mailbox(server, two, result.redeem_url)
    one.submit("/accept")
    page = two.submit("/accept")
    assert page.status == 200
    with server.ports.store.read(server.tenant.id) as tx:
        activities = [record.activity for record in tx.logs.list_audit(Query()).items]
    assert activities.count("Redeem external user invite") == 1


def test_a_form_from_elsewhere_is_refused(server: RunningServer) -> None:
    result = server.invite()
    walker = server.walker()
    page = walker.open(result.redeem_url)
    fields = page.form("/redeem/start").fields
    refused = walker.send("POST", "/redeem/start", form=fields, headers={"origin": "https://evil.example"})
    assert refused.status == 400
    refused = walker.send(
        "POST", "/redeem/start", form={**fields, "form_token": "1.a.b"}, headers={"origin": walker.base}
    )
    assert refused.status == 400
    assert not server.mails_to(MARIA) or all("code" not in mail.data for mail in server.mails_to(MARIA))


def test_another_browser_cannot_take_over_an_interaction(server: RunningServer) -> None:
    result = server.invite()
    victim, thief = server.walker("203.0.113.50"), server.walker("203.0.113.51")
    victim.open(result.redeem_url)
    page = victim.submit("/redeem/start")
    refused = thief.open(page.url).text
    assert "This sign-in is over" in refused
    assert "AADSTS50089" in refused
