"""Every page of a sign-up has a way out and keeps what was typed; who is somebody here already is told by mail alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.platform import PASSWORD, RunningServer, platform
from tests.support.self_service import (
    NAMES,
    NEWCOMER,
    arrive,
    change_flow,
    create_account,
    details,
    guests,
    open_flow,
    stations,
    verify_address,
)
from tests.support.walker import Page, Walker, query_of
from xenia.core.directory.identity_provider import (
    ENTRA_PROVIDER_ID,
    FACEBOOK_PROVIDER_ID,
    GOOGLE_PROVIDER_ID,
    IdentityProvider,
    ProviderKind,
)
from xenia.core.directory.tenant import DomainRestrictions, DomainRule
from xenia.core.directory.user import Identity, User, UserType
from xenia.ports import Transaction
from xenia.usecases.users.manage_users import update_user


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as running:
        running.policies(security_defaults=False)
        open_flow(running, attributes=NAMES)
        yield running


def at_the_code_page(server: RunningServer, walker: Walker, address: str = NEWCOMER) -> Page:
    """A code was sent, and the page asks for it."""
    walker.open(server.authorize_url(prompt="create"))
    walker.submit("/sign-up-address", address=address)
    return walker.submit("/send")


# --- who is somebody here already ----------------------------------------------------------------


def test_a_guest_is_told_by_mail_and_by_nothing_else(server: RunningServer) -> None:
    first = server.walker()
    stranger = create_account(server, first)
    assert server.mails_to(NEWCOMER)[-1].data["known"] == ""
    details(first)
    arrive(first)
    server.clock.advance(timedelta(minutes=1))

    again, nobody = server.walker(), server.walker()
    known = at_the_code_page(server, again)
    unknown = at_the_code_page(server, nobody, "pat@nordwind.example")
    assert known.text == unknown.text.replace("pat@nordwind.example", NEWCOMER)
    assert (known.status, known.url.partition("?")[0]) == (unknown.status, unknown.url.partition("?")[0])
    assert server.mails_to("pat@nordwind.example")[-1].data["known"] == ""
    assert server.mails_to(NEWCOMER)[-1].data["known"] == "access"
    again.submit("/signin/code", code=server.code_for(NEWCOMER))
    assert "code" in arrive(again)
    assert "Review permissions" in stranger.text


def test_who_signs_in_as_always_is_told_nothing_new(server: RunningServer) -> None:
    first = server.walker()
    create_account(server, first)
    details(first)
    arrive(first)
    server.clock.advance(timedelta(minutes=1))
    again = server.walker()
    again.open(server.authorize_url())
    again.submit("/identify", login=NEWCOMER)
    again.submit("/send")
    assert server.mails_to(NEWCOMER)[-1].data["known"] == ""


def test_an_invited_person_is_told_of_the_invitation(server: RunningServer) -> None:
    server.invite(NEWCOMER)
    at_the_code_page(server, server.walker())
    assert server.mails_to(NEWCOMER)[-1].data["known"] == "invited"


def test_a_blocked_guest_is_not_told_of_access(server: RunningServer) -> None:
    invited = server.invite(NEWCOMER)
    update_user(server.ports, server.actor(), invited.user.id, {"account_enabled": False})
    at_the_code_page(server, server.walker())
    assert server.mails_to(NEWCOMER)[-1].data["known"] == ""


def test_who_has_another_way_in_is_told_so(server: RunningServer) -> None:
    _bound_elsewhere(server)
    walker = server.walker()
    at_the_code_page(server, walker)
    assert server.mails_to(NEWCOMER)[-1].data["known"] == "elsewhere"
    page = walker.submit("/signin/code", code=server.code_for(NEWCOMER))
    assert "You have an account here already" in page.text


def _bound_elsewhere(server: RunningServer) -> None:
    def bind(tx: Transaction) -> None:
        tx.users.add(
            User(
                id=server.ports.entropy.guid(),
                tenant_id=server.tenant.id,
                user_principal_name=f"kim#EXT#@{server.tenant.initial_domain}",
                display_name="Kim",
                user_type=UserType.GUEST,
                created_at=server.clock.now(),
                mail=NEWCOMER,
                identities=(Identity("federated", "https://partner.example", "s-1"),),
            )
        )

    server.ports.store.write(server.tenant.id, bind)


# --- what the first page offers -------------------------------------------------------------------


def offered(page: Page) -> tuple[str, ...]:
    """The providers with a button, from top to bottom."""
    return tuple(form.fields["provider_id"] for form in page.forms if "/signin/provider" in form.action)


def test_providers_stand_in_the_order_of_the_flow_as_far_as_they_can_be_used(server: RunningServer) -> None:
    """One that was deleted, or has no client yet, is not offered; a forged press of it leads nowhere."""
    kinds = {ProviderKind.GOOGLE: GOOGLE_PROVIDER_ID, ProviderKind.FACEBOOK: FACEBOOK_PROVIDER_ID}
    for kind, provider_id in kinds.items():
        entry = IdentityProvider(
            provider_id, server.tenant.id, kind, kind.value, server.clock.now(), client_id="c-1"
        )
        server.ports.store.write(server.tenant.id, lambda tx, it=entry: tx.identity_providers.add(it))
    for order in (tuple(kinds.values()), tuple(reversed(kinds.values()))):
        change_flow(server, provider_ids=(ENTRA_PROVIDER_ID, *order))
        assert offered(server.walker().open(server.authorize_url(prompt="create"))) == order
    walker = server.walker()
    walker.open(server.authorize_url(prompt="create"))
    server.ports.store.write(server.tenant.id, lambda tx: tx.identity_providers.remove(GOOGLE_PROVIDER_ID))
    page = walker.submit("/signin/provider", provider_id=GOOGLE_PROVIDER_ID)
    assert page.status == 422
    assert "Use another one, or choose another way." in page.text
    assert offered(page) == (FACEBOOK_PROVIDER_ID,)


# --- a way out of every page ---------------------------------------------------------------------


def told(page: Page) -> tuple[str, str]:
    """What the app is told: the error, and its own state."""
    assert page.refresh is not None, page.text
    assert page.refresh.startswith("https://orders.example/signed-in"), page.refresh
    answer = query_of(page.refresh)
    return answer["error"], answer["state"]


def to_create_account(server: RunningServer, walker: Walker) -> None:
    walker.open(server.authorize_url(prompt="create"))


def to_send(server: RunningServer, walker: Walker) -> None:
    to_create_account(server, walker)
    walker.submit("/sign-up-address", address=NEWCOMER)


def to_code(server: RunningServer, walker: Walker) -> None:
    at_the_code_page(server, walker)


def to_password(server: RunningServer, walker: Walker) -> None:
    to_create_account(server, walker)
    walker.submit("/sign-up-address", address=server.admin.user_principal_name)


def to_review(server: RunningServer, walker: Walker) -> None:
    create_account(server, walker)


def to_details(server: RunningServer, walker: Walker) -> None:
    create_account(server, walker)
    walker.submit("/signin/review", button="Accept")


@pytest.mark.parametrize(
    "way",
    [to_create_account, to_send, to_code, to_password, to_review, to_details],
    ids=lambda way: way.__name__,
)
def test_cancel_at_every_page_tells_the_app(server: RunningServer, way) -> None:  # type: ignore[no-untyped-def]
    walker = server.walker()
    way(server, walker)
    assert walker.page is not None
    form = next(form for form in walker.page.forms if any(text == "Cancel" for _, _, text in form.buttons))
    page = walker.submit(form.action, button="Cancel")
    assert told(page) == ("access_denied", "s-1")
    assert stations(server)[-1] == ("declined" if way is to_review else "cancelled")
    assert guests(server) == ()


@pytest.mark.parametrize("way", ["account", "domain"])
def test_a_refusal_leads_back_to_the_app(server: RunningServer, way: str) -> None:
    if way == "account":
        _bound_elsewhere(server)
    else:
        closed = DomainRestrictions(DomainRule.DENY, ("nordwind.example",))
        server.policies(domain_restrictions=closed)
    walker = server.walker()
    to_code(server, walker)
    walker.submit("/signin/code", code=server.code_for(NEWCOMER))
    refused = stations(server)
    assert told(walker.submit("/signin/cancel", button="Back to Orders")) == ("access_denied", "s-1")
    assert stations(server) == refused, "the funnel keeps the reason, and does not call it cancelled"


def test_who_signs_in_instead_after_a_refusal_is_counted_as_refused(server: RunningServer) -> None:
    _bound_elsewhere(server)
    walker = server.walker()
    to_code(server, walker)
    walker.submit("/signin/code", code=server.code_for(NEWCOMER))
    page = walker.submit("/sign-in-instead", button="Sign in")
    assert page.has_form("/signin/identify")
    assert stations(server)[-1] == "has-another-account"


def test_who_goes_back_to_the_app_while_waiting_still_waits(server: RunningServer) -> None:
    change_flow(server, requires_approval=True)
    walker = server.walker()
    to_details(server, walker)
    page = walker.submit("/signin/details", givenName="Kim", surname="Larsen", button="Continue")
    assert "Waiting for approval" in page.text
    walker.submit("/signin/proceed", button="Back to Orders")
    assert stations(server)[-1] == "waiting-for-approval"


def test_nobody_is_sent_elsewhere_by_what_the_browser_adds(server: RunningServer) -> None:
    walker = server.walker()
    to_details(server, walker)
    assert walker.page is not None
    form = walker.page.form("/signin/details")
    evil = {"redirect_uri": "https://evil.example/", "state": "x", "return": "https://evil.example/"}
    headers = {"origin": walker.base, "sec-fetch-mode": "navigate"}
    target = f"{walker.base}{form.formactions['Cancel']}?redirect_uri=https://evil.example/"
    response = walker.send("POST", target, form={**form.fields, **evil}, headers=headers)
    page = response.body.decode()
    assert "evil.example" not in page + str(response.headers)
    assert "https://orders.example/signed-in" in page


# --- nothing typed is lost -----------------------------------------------------------------------


@pytest.mark.parametrize("address", ["kim@nordwind", "kim nordwind@x.example", '"><b>kim'])
def test_an_address_that_was_not_taken_is_shown_again(server: RunningServer, address: str) -> None:
    walker = server.walker()
    to_create_account(server, walker)
    page = walker.submit("/sign-up-address", address=address)
    assert page.status == 422
    assert page.form("/sign-up-address").fields["address"] == address
    page = walker.submit("/sign-up-address", address=NEWCOMER)
    assert page.has_form("/signin/send")


def test_the_sign_in_page_keeps_it_too(server: RunningServer) -> None:
    walker = server.walker()
    walker.open(server.authorize_url())
    page = walker.submit("/identify", login="kim@nordwind")
    assert page.form("/identify").fields["login"] == "kim@nordwind"


def test_a_mistyped_correction_stays_on_the_page_of_the_address(server: RunningServer) -> None:
    walker = server.walker()
    at_the_code_page(server, walker, "mistyped@nordwind.example")
    walker.follow("Change email")
    page = walker.submit("/sign-up-address", address="kim@")
    assert "Create account" in page.text
    assert page.form("/sign-up-address").fields["address"] == "kim@"
    verify_address(server, walker)
    details(walker)
    arrive(walker)


def test_a_hint_that_is_no_address_gets_no_mail(server: RunningServer) -> None:
    walker = server.walker()
    page = walker.open(server.authorize_url(login_hint='"><b>x@nordwind.example'))
    assert page.has_form("/signin/identify")
    assert "<b>x" not in page.source
    page = server.walker().open(server.authorize_url(login_hint=NEWCOMER))
    assert page.has_form("/signin/send")


def test_a_member_who_chose_to_create_an_account_signs_in_with_the_password(server: RunningServer) -> None:
    walker = server.walker()
    to_password(server, walker)
    page = walker.submit("/signin/password", password=PASSWORD)
    page = walker.submit("/consent", button="Accept") if page.has_form("/consent") else page
    page = walker.submit("/signin/stay", button="No") if page.has_form("/signin/stay") else page
    assert "code" in arrive(walker)
    assert guests(server) == ()
