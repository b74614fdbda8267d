"""Signing in to an app: guests by passcode, members by password, second factor, single sign-on, prompts, limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.journeys import (
    MARIA,
    administrator_signs_in,
    app_code,
    become_guest,
    enrol,
    guest_signs_in,
    prove_mailbox,
)
from tests.support.platform import PASSWORD, RunningServer
from tests.support.walker import Page, Walker, query_of
from xenia.core.directory.user import CreationType
from xenia.core.query import Query
from xenia.ports import Transaction
from xenia.usecases.invitations.invite_guest import withdraw_invitation
from xenia.usecases.sign_in.second_factor import SEAL_PURPOSE
from xenia.usecases.users.manage_users import NewMember, create_member, set_password


def answer(page: Page) -> dict[str, str]:
    """The parameters the app gets, from the continuation page or redirect."""
    target = page.refresh or page.response.header("Location")
    assert target is not None, page.text
    assert target.startswith(("https://orders.example/signed-in", "http://localhost", "https://spa.example/"))
    return query_of(target)


def agree(walker: Walker) -> Page:
    return walker.submit("/consent", button="Accept")


def test_a_guest_signs_in_with_passcode_app_and_consent(server: RunningServer) -> None:
    secret = become_guest(server, server.walker())
    walker = server.walker("203.0.113.1")
    page = guest_signs_in(server, walker, server.authorize_url(), secret)
    assert "Permissions requested" in page.text
    assert "Sign you in" in page.text
    result = answer(agree(walker))
    assert result["state"] == "s-1"
    assert result["code"]
    with server.ports.store.read(server.tenant.id) as tx:
        record = tx.logs.list_sign_ins(Query(limit=1)).items[0]
    assert (record.error_code, record.identity_provider, record.user_type) == (0, "mail", "guest")
    assert record.requirement == "multiFactorAuthentication"


def test_consent_is_asked_once_and_declining_tells_the_app(server: RunningServer) -> None:
    secret = become_guest(server, server.walker())
    walker = server.walker("203.0.113.1")
    guest_signs_in(server, walker, server.authorize_url(), secret)
    refused = answer(walker.submit("/consent", button="Cancel"))
    assert (refused["error"], refused["error_subcode"], refused["state"]) == (
        "access_denied",
        "cancel",
        "s-1",
    )
    again = server.walker("203.0.113.2")
    server.clock.advance(timedelta(minutes=1))
    guest_signs_in(server, again, server.authorize_url(), secret)
    agree(again)
    assert answer(again.open(server.authorize_url()))["code"]


def test_single_sign_on_answers_at_once_and_prompt_none_too(server: RunningServer) -> None:
    secret = become_guest(server, server.walker())
    walker = server.walker("203.0.113.1")
    guest_signs_in(server, walker, server.authorize_url(), secret)
    agree(walker)
    assert answer(walker.open(server.authorize_url()))["code"]
    assert answer(walker.open(server.authorize_url(prompt="none")))["code"]


@pytest.mark.parametrize(
    ("prepare", "error"),
    [
        ("nobody", "login_required"),
        ("no-consent", "consent_required"),
        ("second-factor", "interaction_required"),
    ],
)
def test_prompt_none_never_shows_a_page(server: RunningServer, prepare: str, error: str) -> None:
    walker = server.walker("203.0.113.1")
    if prepare != "nobody":
        server.policies(security_defaults=prepare == "no-consent")
        if prepare == "no-consent":
            become_guest(server, walker)
        else:
            prove_mailbox(
                server, walker, server.invite(redirect_url="https://portal.contoso.example/").redeem_url
            )
            walker.submit("/accept")
            server.policies(security_defaults=True)
    result = answer(walker.open(server.authorize_url(prompt="none")))
    assert result["error"] == error
    assert result["state"] == "s-1"
    assert "AADSTS" in result["error_description"]


def test_what_only_an_administrator_may_agree_to_is_told_silently(server: RunningServer) -> None:
    walker = server.walker()
    become_guest(server, walker)
    server.policies(security_defaults=False)
    wanted = "openid https://graph.microsoft.com/User.ReadWrite.All"
    result = answer(walker.open(server.authorize_url(prompt="none", scope=wanted)))
    assert result["error"] in ("consent_required", "interaction_required")
    assert "AADSTS90094" in result["error_description"]


def test_prompt_login_asks_for_everything_again(server: RunningServer) -> None:
    walker = server.walker()
    secret = become_guest(server, walker)
    page = walker.open(server.authorize_url(prompt="login"))
    assert page.has_form("/identify")
    page = guest_signs_in(server, walker, server.authorize_url(prompt="login"), secret)
    assert answer(agree(walker))["code"]


def test_max_age_asks_again_when_the_proof_is_older(server: RunningServer) -> None:
    walker = server.walker()
    secret = become_guest(server, walker)
    guest_signs_in(server, walker, server.authorize_url(prompt="login"), secret)
    agree(walker)
    assert answer(walker.open(server.authorize_url(max_age="10000")))["code"]
    server.clock.advance(timedelta(minutes=5))
    assert walker.open(server.authorize_url(max_age="60")).has_form("/send")


def test_a_guests_passcode_lasts_a_day(server: RunningServer) -> None:
    walker = server.walker()
    secret = become_guest(server, walker)
    guest_signs_in(server, walker, server.authorize_url(prompt="login"), secret)
    agree(walker)
    server.clock.advance(timedelta(hours=23))
    assert answer(walker.open(server.authorize_url()))["code"]
    server.clock.advance(timedelta(hours=2))
    assert walker.open(server.authorize_url()).has_form("/send")


def test_select_account_shows_both_people_of_one_browser(server: RunningServer) -> None:
    walker = server.walker()
    become_guest(server, walker)
    administrator_signs_in(server, walker, server.authorize_url(prompt="login"))
    page = walker.open(server.authorize_url(prompt="select_account"))
    assert "Pick an account" in page.text
    assert MARIA in page.text
    assert server.admin.user_principal_name in page.text
    page = walker.follow("Use another account")
    assert page.has_form("/identify")
    silent = answer(walker.open(server.authorize_url(prompt="none")))
    assert silent["error"] == "interaction_required"
    assert "AADSTS16000" in silent["error_description"]


def test_an_administrators_session_never_answers_for_the_guests_link(server: RunningServer) -> None:
    walker = server.walker()
    administrator_signs_in(server, walker, server.authorize_url(prompt="login"))
    result = server.invite(redirect_url="https://portal.contoso.example/")
    page = walker.open(result.redeem_url)
    assert server.admin.user_principal_name in page.text
    assert "Review permissions" in prove_mailbox(server, walker, result.redeem_url).text


def test_a_member_signs_in_by_password_and_may_stay(server: RunningServer) -> None:
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login=server.admin.user_principal_name)
    page = walker.submit("/password", password="wrong")
    assert page.status == 422
    assert "User name or password does not match" in page.text
    walker.submit("/password", password=PASSWORD)
    enrol(server, walker)
    agree(walker)
    assert answer(walker.submit("/stay", button="Yes"))["code"]
    server.clock.advance(timedelta(days=30))
    assert answer(walker.open(server.authorize_url()))["code"]


def test_whoever_stays_signed_in_keeps_nobody_else_signed_in(server: RunningServer) -> None:
    server.policies(security_defaults=False)
    mia = create_member(
        server.ports,
        server.actor(),
        NewMember(f"mia@{server.tenant.initial_domain}", "Mia", password=PASSWORD),
    ).user
    walker = server.walker()

    def enter(name: str, stay: str) -> None:
        walker.open(server.authorize_url(prompt="login"))
        walker.submit("/identify", login=name)
        page = walker.submit("/password", password=PASSWORD)
        if page.has_form("/consent"):
            walker.submit("/consent", button="Accept")
        assert answer(walker.submit("/stay", button=stay))["code"]

    def silently(name: str) -> dict[str, str]:
        return answer(walker.open(server.authorize_url(prompt="none", login_hint=name)))

    enter(mia.user_principal_name, "No")
    enter(server.admin.user_principal_name, "Yes")
    server.clock.advance(timedelta(hours=23))
    assert silently(mia.user_principal_name)["code"]
    assert silently(server.admin.user_principal_name)["code"]
    server.clock.advance(timedelta(hours=25))
    assert silently(mia.user_principal_name)["error"] == "login_required"
    assert silently(server.admin.user_principal_name)["code"]


def test_known_and_unknown_addresses_see_the_same_pages(server: RunningServer) -> None:
    become_guest(server, server.walker())
    pages = []
    for address in (MARIA, "nobody@nowhere.example"):
        walker = server.walker("203.0.113.60")
        walker.open(server.authorize_url())
        identified = walker.submit("/identify", login=address)
        sent = walker.submit("/send")
        wrong = walker.submit("/signin/code", code="00000000")
        pages.append([_neutral(page, address) for page in (identified, sent, wrong)])
    assert pages[0] == pages[1]
    assert any("code" in mail.data for mail in server.mails_to("nobody@nowhere.example"))


def _neutral(page: Page, address: str) -> tuple[int, str]:
    return page.status, page.text.replace(address, "ADDRESS").replace("  ", " ")


def test_known_and_unknown_members_see_the_same_pages(server: RunningServer) -> None:
    texts = []
    for name in (server.admin.user_principal_name, f"ghost@{server.tenant.initial_domain}"):
        walker = server.walker("203.0.113.61")
        walker.open(server.authorize_url())
        identified = walker.submit("/identify", login=name)
        wrong = walker.submit("/password", password="wrong")
        texts.append([page.text.replace(name, "NAME") for page in (identified, wrong)])
    assert texts[0] == texts[1]


def test_not_a_guest_is_said_only_after_the_mailbox_is_proven(server: RunningServer) -> None:
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login="stranger@nowhere.example")
    walker.submit("/send")
    page = walker.submit("/signin/code", code=server.code_for("stranger@nowhere.example"))
    assert page.status == 403
    assert "is not a guest of Contoso yet" in page.text
    assert "AADSTS50020" in page.text
    assert walker.follow("Use a different account").has_form("/identify")


def test_an_address_on_somebodys_object_proves_nothing(server: RunningServer) -> None:
    """Matching is by (issuer, subject): a mail address an administrator typed elsewhere opens no account."""

    def borrow(tx: Transaction) -> None:
        admin = tx.users.find(server.admin.id)
        assert admin is not None
        tx.users.replace(replace(admin, mail="attacker@evil.example", other_mails=("attacker@evil.example",)))

    server.ports.store.write(server.tenant.id, borrow)
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login="attacker@evil.example")
    walker.submit("/send")
    page = walker.submit("/signin/code", code=server.code_for("attacker@evil.example"))
    assert "is not a guest of Contoso yet" in page.text


def test_a_pending_guest_who_comes_by_the_app_redeems_first(server: RunningServer) -> None:
    server.policies(security_defaults=False)
    result = server.invite()
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login=MARIA)
    walker.submit("/send")
    page = walker.submit("/signin/code", code=server.code_for(MARIA))
    assert "Review permissions" in page.text
    walker.submit("/accept")
    assert answer(agree(walker))["code"]
    with server.ports.store.read(server.tenant.id) as tx:
        guest = tx.users.find(result.user.id)
    assert guest is not None
    assert not guest.is_pending


def test_a_withdrawn_guest_does_not_come_in_by_the_app_until_invited_again(server: RunningServer) -> None:
    server.policies(security_defaults=False)
    result = server.invite()
    withdraw_invitation(server.ports, server.actor(), result.user.id)
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login=MARIA)
    walker.submit("/send")
    page = walker.submit("/signin/code", code=server.code_for(MARIA))
    assert page.status == 403
    assert "This invitation was withdrawn or replaced." in page.text
    server.invite()
    server.clock.advance(timedelta(minutes=1))
    again = server.walker("203.0.113.31")
    again.open(server.authorize_url())
    again.submit("/identify", login=MARIA)
    again.submit("/send")
    assert "Review permissions" in again.submit("/signin/code", code=server.code_for(MARIA)).text


def test_codes_expire_are_replaced_and_run_out_of_tries(server: RunningServer) -> None:
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login=MARIA)
    walker.submit("/send")
    first = server.code_for(MARIA)
    page = walker.submit("/signin/send")
    assert "You can ask for a new one in 30 seconds" in page.text
    server.clock.advance(timedelta(seconds=31))
    walker.submit("/signin/send")
    second = server.code_for(MARIA)
    assert "not the newest one" in walker.submit("/signin/code", code=first).text
    for _ in range(3):
        walker.submit("/signin/code", code="00000000" if second != "00000000" else "00000001")
    assert "Too many tries" in walker.submit("/signin/code", code="00000002").text
    assert "Too many tries" in walker.submit("/signin/code", code=second).text
    server.clock.advance(timedelta(seconds=31))
    walker.submit("/signin/send")
    third = server.code_for(MARIA)
    server.clock.advance(timedelta(minutes=30))
    assert "has run out" in walker.submit("/signin/code", code=third).text


def test_a_code_of_one_interaction_is_worthless_in_another(server: RunningServer) -> None:
    become_guest(server, server.walker())
    one, two = server.walker("203.0.113.1"), server.walker("203.0.113.2")
    one.open(server.authorize_url())
    one.submit("/identify", login=MARIA)
    one.submit("/send")
    code = server.code_for(MARIA)
    two.open(server.authorize_url())
    two.submit("/identify", login=MARIA)
    server.clock.advance(timedelta(seconds=1))
    two.submit("/send")
    assert "does not match" in two.submit("/signin/code", code=code).text


def test_passwords_are_limited_for_known_and_unknown_alike(server: RunningServer) -> None:
    for name in (server.admin.user_principal_name, f"ghost@{server.tenant.initial_domain}"):
        walker = server.walker()
        walker.open(server.authorize_url())
        walker.submit("/identify", login=name)
        for _ in range(10):
            page = walker.submit("/password", password="wrong")
            assert "does not match" in page.text
        page = walker.submit("/password", password=PASSWORD)
        assert "Too many tries. You can try again in 10 minutes" in page.text


def test_an_app_code_works_once_and_a_drifting_clock_is_told(server: RunningServer) -> None:
    secret = become_guest(server, server.walker())
    walker = server.walker("203.0.113.1")
    guest_signs_in(server, walker, server.authorize_url(), secret)
    other = server.walker("203.0.113.2")
    server.clock.advance(timedelta(seconds=1))
    page = guest_signs_in(server, other, server.authorize_url(), secret)
    assert "used already" in page.text
    ahead = server.ports.totp.code(secret, server.clock.now() + timedelta(minutes=4))
    page = other.submit("/second-factor", code=ahead)
    assert "ahead of ours" in page.text
    server.clock.advance(timedelta(minutes=1))
    assert "Permissions requested" in other.submit("/second-factor", code=app_code(server, secret)).text


def test_the_enrolment_secret_survives_a_reload_and_must_be_proven(server: RunningServer) -> None:
    result = server.invite(redirect_url="https://portal.contoso.example/")
    walker = server.walker()
    prove_mailbox(server, walker, result.redeem_url)
    walker.submit("/accept")
    page = walker.submit("/enrol")
    assert walker.open(page.url).text == page.text
    page = walker.submit("/enrol-code", code="000000")
    assert "does not match" in page.text
    with server.ports.store.read(server.tenant.id) as tx:
        assert not any(app.confirmed_at for app in tx.credentials.authenticator_apps(result.user.id))


def test_a_blocked_guest_is_turned_away_in_mid_flow(server: RunningServer) -> None:
    secret = become_guest(server, server.walker())
    walker = server.walker("203.0.113.1")
    walker.open(server.authorize_url())
    walker.submit("/identify", login=MARIA)
    walker.submit("/send")
    walker.submit("/signin/code", code=server.code_for(MARIA))

    def block(tx: Transaction) -> None:
        guest = tx.users.find_by_address(MARIA)[0]
        tx.users.replace(replace(guest, account_enabled=False))

    server.ports.store.write(server.tenant.id, block)
    page = walker.submit("/second-factor", code=app_code(server, secret))
    assert "blocked" in walker.open(page.url.replace("/second-factor", "")).text or "blocked" in page.text


def test_the_session_secret_changes_with_every_fresh_sign_in(server: RunningServer) -> None:
    walker = server.walker()
    secret = become_guest(server, walker)
    before = {name: value for name, value in walker.cookies.items() if "-s-" in name}
    guest_signs_in(server, walker, server.authorize_url(prompt="login"), secret)
    agree(walker)
    after = {name: value for name, value in walker.cookies.items() if "-s-" in name}
    assert before.keys() == after.keys()
    assert before != after


def test_my_apps_is_where_a_guest_lands_and_signs_out(server: RunningServer) -> None:
    result = server.invite()
    walker = server.walker()
    prove_mailbox(server, walker, result.redeem_url)
    walker.submit("/accept")
    enrol(server, walker)
    assert walker.page is not None
    assert "My Apps" in walker.page.text
    assert "No apps yet" in walker.page.text
    walker.submit("/account/sign-out")
    assert answer(walker.open(server.authorize_url(prompt="none")))["error"] == "login_required"


def test_a_password_left_behind_on_an_external_user_opens_nothing(server: RunningServer) -> None:
    def convert(tx: Transaction) -> None:
        admin = tx.users.find(server.admin.id)
        assert admin is not None
        tx.users.replace(replace(admin, creation_type=CreationType.INVITATION))

    server.ports.store.write(server.tenant.id, convert)
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login=server.admin.user_principal_name)
    assert "does not match" in walker.submit("/password", password=PASSWORD).text


def test_a_password_set_by_somebody_else_is_replaced_before_the_app_opens(server: RunningServer) -> None:
    set_password(server.ports, server.actor(), server.admin.id, "Handed-over-2026", must_change=True)
    server.clock.advance(timedelta(seconds=1))
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login=server.admin.user_principal_name)
    walker.submit("/password", password="Handed-over-2026")
    enrol(server, walker)
    assert walker.page is not None
    assert "Update your password" in walker.page.text
    for new, again, says in (
        ("Handed-over-2026", "Handed-over-2026", "the password you signed in with"),
        ("Short1", "Short1", "Use at least 8 characters"),
        ("My-own-words-77", "My-own-words-78", "The two passwords differ"),
    ):
        assert says in walker.submit("/new-password", new_password=new, again=again).text
    assert answer(walker.open(server.authorize_url(prompt="none")))["error"] == "login_required"
    walker.open(server.authorize_url())
    walker.submit("/identify", login=server.admin.user_principal_name)
    walker.submit("/password", password="Handed-over-2026")
    server.clock.advance(timedelta(minutes=1))
    walker.submit("/second-factor", code=app_code(server, secret_of(server)))
    walker.submit("/new-password", new_password="My-own-words-77", again="My-own-words-77")
    agree(walker)
    assert answer(walker.submit("/stay", button="No"))["code"]
    again_later = server.walker("203.0.113.90")
    again_later.open(server.authorize_url())
    again_later.submit("/identify", login=server.admin.user_principal_name)
    assert "does not match" in again_later.submit("/password", password="Handed-over-2026").text
    assert again_later.submit("/password", password="My-own-words-77").has_form("/second-factor")


def secret_of(server: RunningServer) -> str:
    """The administrator's authenticator secret, as their phone has it."""
    with server.ports.store.read(server.tenant.id) as tx:
        app = next(app for app in tx.credentials.authenticator_apps(server.admin.id) if app.confirmed_at)
    return server.ports.sealer.open(app.sealed_secret, SEAL_PURPOSE).decode()
