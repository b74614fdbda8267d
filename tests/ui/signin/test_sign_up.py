"""Self-service sign-up by a browser without scripts: each way through, and each way it may end."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.journeys import enrol, everybody_agreed
from tests.support.platform import RunningServer, platform
from tests.support.self_service import (
    FLOW,
    NAMES,
    NEWCOMER,
    arrive,
    change_flow,
    create_account,
    details,
    events,
    guests,
    open_flow,
    stations,
    verify_address,
)
from tests.support.walker import Walker, query_of
from xenia.core.directory.identity_provider import ENTRA_PROVIDER_ID
from xenia.core.directory.tenant import DomainRestrictions, DomainRule
from xenia.core.directory.user import CreationType, ExternalUserState, Identity, User, UserType
from xenia.core.errors import InvalidValue
from xenia.core.query import Query
from xenia.core.sign_up import TEST_GUEST, Stage
from xenia.core.user_flow import PageText
from xenia.ports import Transaction
from xenia.usecases.self_service.run_user_flow import list_test_guests, remove_test_guests, run_url
from xenia.usecases.users.manage_users import delete_user, update_user


@pytest.fixture
def server(tmp_path: Path):
    with platform(tmp_path) as running:
        running.policies(security_defaults=False)
        yield running


def test_somebody_signs_up_with_a_code_and_details(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    walker = server.walker()
    page = create_account(server, walker)
    assert "Review permissions" in page.text
    page = walker.submit("/signin/review", button="Accept")
    assert "Add details" in page.text
    assert "You will be asked this once." in page.text
    walker.submit("/signin/details", givenName="Kim", surname="Larsen", button="Continue")
    answer = arrive(walker)
    assert answer["state"] == "s-1"
    assert "code" in answer
    (guest,) = guests(server)
    assert (guest.user_type, guest.creation_type) == (UserType.GUEST, CreationType.SELF_SERVICE_SIGN_UP)
    assert guest.external_user_state is None
    assert (guest.given_name, guest.surname, guest.job_title) == ("Kim", "Larsen", None)
    assert guest.display_name == "Kim Larsen"
    assert guest.mail == NEWCOMER
    assert guest.user_principal_name == f"kim_nordwind.example#EXT#@{server.tenant.initial_domain}"
    assert [(entry.issuer, entry.subject) for entry in guest.identities][1] == ("mail", NEWCOMER)
    assert stations(server) == [
        "started",
        "provider-done",
        "mail-verified",
        "details-sent",
        "connector-passed",
        "guest-created",
    ]


def test_without_attributes_there_is_no_page_and_a_second_factor_follows(server: RunningServer) -> None:
    server.policies(security_defaults=True)
    open_flow(server)
    walker = server.walker()
    create_account(server, walker)
    page = walker.submit("/signin/review", button="Accept")
    assert "More information required" in page.text
    (guest,) = guests(server)
    assert guest.display_name == "kim"
    enrol(server, walker)
    assert "code" in arrive(walker)


def test_what_is_missing_is_said_and_nothing_is_lost(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    walker = server.walker()
    create_account(server, walker)
    page = details(walker, surname="", jobTitle="Baker")
    assert page.status == 422
    assert "Error: Add details" in page.source
    assert "Fill in \u201cSurname\u201d." in page.text
    form = page.form("/signin/details")
    assert (form.fields["givenName"], form.fields["jobTitle"]) == ("Kim", "Baker")
    assert guests(server) == ()
    page = walker.submit("/signin/details", surname="Larsen", button="Continue")
    arrive(walker)
    assert guests(server)[0].job_title == "Baker"


def test_cancelling_tells_the_app_and_leaves_nobody(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    walker = server.walker()
    create_account(server, walker)
    page = walker.submit("/signin/review", button="Cancel")
    assert page.refresh is not None
    answer = query_of(page.refresh)
    assert (answer["error"], answer["state"]) == ("access_denied", "s-1")
    assert guests(server) == ()
    assert stations(server)[-1] == "declined"


def test_who_is_a_guest_already_just_signs_in(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    first = server.walker()
    create_account(server, first)
    details(first)
    arrive(first)
    server.clock.advance(timedelta(minutes=1))
    again = server.walker(address="192.0.2.99")
    create_account(server, again)
    assert "code" in arrive(again)
    assert len(guests(server)) == 1
    assert stations(server)[-1] == "already-a-user"


def test_returning_guests_skip_the_flow(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    first = server.walker()
    create_account(server, first)
    details(first)
    arrive(first)
    server.clock.advance(timedelta(minutes=1))
    again = server.walker()
    again.open(server.authorize_url())
    again.submit("/identify", login=NEWCOMER)
    again.submit("/send")
    again.submit("/signin/code", code=server.code_for(NEWCOMER))
    assert "code" in arrive(again)


def test_an_invited_guest_is_led_to_the_invitation(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    server.invite(NEWCOMER)
    walker = server.walker()
    page = create_account(server, walker)
    assert page.has_form("/signin/accept")
    walker.submit("/signin/accept")
    arrive(walker)
    (guest,) = guests(server)
    assert guest.creation_type is CreationType.INVITATION
    assert guest.external_user_state is ExternalUserState.ACCEPTED


def test_a_member_is_led_to_the_password(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/signin/sign-up", button="Create one")
    page = walker.submit("/sign-up-address", address=server.admin.user_principal_name)
    assert page.has_form("/signin/password")


def test_an_address_with_another_way_in_is_never_joined(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)

    def bind_elsewhere(tx: Transaction) -> None:
        tx.users.add(
            User(
                id=server.ports.entropy.guid(),
                tenant_id=server.tenant.id,
                user_principal_name=f"kim#EXT#@{server.tenant.initial_domain}",
                display_name="Kim",
                user_type=UserType.GUEST,
                created_at=server.clock.now(),
                mail=NEWCOMER,
                creation_type=CreationType.SELF_SERVICE_SIGN_UP,
                identities=(Identity("federated", "google.com", "10769150350006150715113082367"),),
            )
        )

    server.ports.store.write(server.tenant.id, bind_elsewhere)
    walker = server.walker()
    page = create_account(server, walker)
    assert page.status == 403
    assert "You have an account here already" in page.text
    assert "AADSTS500207" in page.text
    assert "google" not in page.text.lower()
    assert len(guests(server)) == 1
    assert stations(server)[-1] == "has-another-account"


def test_domain_restrictions_hold_and_are_said_after_the_proof(server: RunningServer) -> None:
    open_flow(server)
    server.policies(domain_restrictions=DomainRestrictions(DomainRule.DENY, denied=("nordwind.example",)))
    walker = server.walker()
    page = create_account(server, walker)
    assert page.status == 403
    assert "does not accept guests from nordwind.example" in page.text
    assert guests(server) == ()
    assert stations(server)[-1] == "domain-not-accepted"


def test_while_the_switch_is_off_nothing_is_offered(server: RunningServer) -> None:
    open_flow(server)
    server.policies(self_service_sign_up=False)
    walker = server.walker()
    page = walker.open(server.authorize_url())
    assert not page.has_form("/signin/sign-up")
    page = server.walker().open(server.authorize_url(prompt="create"))
    assert "Orders is not open for sign-up" in page.text
    assert events(server) == []


@pytest.mark.parametrize(
    "change", [{"is_sign_up_allowed": False}, {"app_ids": ()}], ids=["flow closed", "app taken out"]
)
def test_a_flow_that_closes_on_the_way_is_politely_inert(server: RunningServer, change: dict) -> None:
    open_flow(server, attributes=NAMES)
    walker = server.walker()
    create_account(server, walker)
    change_flow(server, **change)
    page = walker.submit("/signin/review", button="Accept")
    assert "is not open for sign-up" in page.text
    assert guests(server) == ()
    page = walker.submit("/signin/cancel")
    assert page.refresh is not None
    assert query_of(page.refresh)["error"] == "access_denied"


def test_the_switch_turned_off_on_the_way_stops_everybody(server: RunningServer) -> None:
    open_flow(server)
    walker = server.walker()
    create_account(server, walker)
    server.policies(self_service_sign_up=False)
    page = walker.submit("/signin/review", button="Accept")
    assert "is not open for sign-up" in page.text
    assert guests(server) == ()


def test_an_app_may_ask_for_sign_up_at_once(server: RunningServer) -> None:
    open_flow(server)
    walker = server.walker()
    page = walker.open(server.authorize_url(prompt="create", login_hint=NEWCOMER))
    assert "Create account" in page.text
    assert page.form("/sign-up-address").fields["address"] == NEWCOMER
    page = walker.submit("/sign-in-instead")
    assert page.has_form("/signin/identify")
    assert stations(server) == ["started", "signed-in-instead"]


def test_the_address_can_be_changed_before_the_proof(server: RunningServer) -> None:
    open_flow(server)
    walker = server.walker()
    walker.open(server.authorize_url(prompt="create"))
    page = walker.submit("/sign-up-address", address="mistyped@nordwind.example")
    page = walker.follow("Change email")
    assert "Create account" in page.text
    verify_address(server, walker)
    walker.submit("/signin/review", button="Accept")
    arrive(walker)
    assert [guest.mail for guest in guests(server)] == [NEWCOMER]


@pytest.mark.parametrize("address", ["", "nobody", "a@b", "a b@c.example", "x@y.example\n"])
def test_what_is_no_address_is_not_taken(server: RunningServer, address: str) -> None:
    open_flow(server)
    walker = server.walker()
    walker.open(server.authorize_url(prompt="create"))
    page = walker.submit("/sign-up-address", address=address.replace("\n", "\r\nBcc: v@w.example"))
    assert page.status == 422
    assert "Enter an email address" in page.text


def test_a_flow_without_codes_takes_no_stranger_address(server: RunningServer) -> None:
    open_flow(server, provider_ids=(ENTRA_PROVIDER_ID,))
    walker = server.walker()
    walker.open(server.authorize_url(prompt="create"))
    page = walker.submit("/sign-up-address", address=NEWCOMER)
    assert page.status == 422
    assert "This address cannot sign up here" in page.text


def test_two_windows_of_one_person_make_one_guest(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    left, right = server.walker(), server.walker(address="192.0.2.11")
    create_account(server, left)
    server.clock.advance(timedelta(minutes=1))
    create_account(server, right)
    for walker in (left, right):
        walker.submit("/signin/review", button="Accept")
    for walker in (left, right):
        walker.submit("/signin/details", givenName="Kim", surname="Larsen", button="Continue")
        assert "code" in arrive(walker)
    assert len(guests(server)) == 1


def test_two_people_with_one_mailbox_at_the_same_moment(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    walkers = [server.walker(address=f"192.0.2.{number}") for number in range(20, 26)]
    for walker in walkers:
        create_account(server, walker)
        walker.submit("/signin/review", button="Accept")
        server.clock.advance(timedelta(seconds=31))
    gate = threading.Barrier(len(walkers))

    def send(walker: Walker) -> str:
        gate.wait(30)
        walker.submit("/signin/details", givenName="Kim", surname="Larsen", button="Continue")
        return "code" if "code" in arrive(walker) else "nothing"

    with ThreadPoolExecutor(len(walkers)) as pool:
        assert set(pool.map(send, walkers)) == {"code"}
    assert len(guests(server)) == 1
    assert [event.stage for event in events(server)].count(Stage.CREATED) == 1


def test_nobody_skips_the_proof(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    walker = server.walker()
    walker.open(server.authorize_url(prompt="create"))
    page = walker.submit("/sign-up-address", address=NEWCOMER)
    form = page.form("/send").fields
    for action in ("review", "details", "proceed", "accept"):
        page = walker._arrive("POST", page.url.partition("?")[0] + f"/{action}", {**form, "givenName": "Eve"})
        assert page.has_form("/send"), action
    assert guests(server) == ()


def test_a_link_to_somebody_elses_sign_up_is_worthless(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    walker = server.walker()
    page = create_account(server, walker)
    stranger = server.walker(address="192.0.2.66")
    seen = stranger.open(page.url)
    assert "This sign-in is over" in seen.text


def test_an_app_that_requires_assignment_is_given(server: RunningServer) -> None:
    open_flow(server)

    def require(tx: Transaction) -> None:
        principal = tx.applications.service_principal(server.app.app_id)
        assert principal is not None
        tx.applications.replace_service_principal(replace(principal, assignment_required=True))

    server.ports.store.write(server.tenant.id, require)
    everybody_agreed(server)
    walker = server.walker()
    create_account(server, walker)
    walker.submit("/signin/review", button="Accept")
    assert "code" in arrive(walker)


def test_the_audit_log_tells_who_came_by_which_flow(server: RunningServer) -> None:
    open_flow(server)
    walker = server.walker()
    create_account(server, walker)
    walker.submit("/signin/review", button="Accept")
    (guest,) = guests(server)
    with server.ports.store.read(server.tenant.id) as tx:
        records = tx.logs.list_audit(Query(limit=50)).items
    (added,) = [row for row in records if row.activity == "Add user" and row.targets[0].id == guest.id]
    assert added.initiated_by_user == guest.id
    assert dict(added.details) == {"UserFlow": FLOW, "IdentityProvider": "mail"}
    assert ("UserType", '["Guest"]') in [(c.property, c.new) for c in added.targets[0].changes]


def test_the_page_carries_the_words_and_the_logo_of_the_flow(server: RunningServer) -> None:
    pixel = b"\x89PNG\r\n\x1a\n" + b"0" * 20
    logo = f"data:image/png;base64,{base64.b64encode(pixel).decode()}"
    open_flow(
        server,
        attributes=NAMES,
        text=PageText("Contoso <Suppliers>", "Welcome!\nBring your <b>contract</b>.", logo),
    )
    walker = server.walker()
    page = walker.open(server.authorize_url(prompt="create"))
    assert "Contoso <Suppliers>" in page.text
    assert "Welcome!<br>Bring your &lt;b&gt;contract&lt;/b&gt;." in page.source
    address = f"/{server.tenant.id}/signin/logo/{FLOW}"
    assert f'src="{address}?v=0"' in page.source
    picture = walker.send("GET", address)
    assert (picture.header("Content-Type"), picture.body) == ("image/png", pixel)
    assert picture.header("X-Content-Type-Options") == "nosniff"
    assert walker.send("GET", f"/{server.tenant.id}/signin/logo/B2X_1_none").status == 404


def test_the_pages_between_carry_the_name_and_the_logo_of_the_flow_too(server: RunningServer) -> None:
    logo = f"data:image/png;base64,{base64.b64encode(bytes.fromhex('89504e470d0a1a0a') + b'0' * 20).decode()}"
    open_flow(server, text=PageText("Contoso Suppliers", "Welcome!", logo))
    walker = server.walker()
    walker.open(server.authorize_url(prompt="create"))
    for page in (walker.submit("/sign-up-address", address=NEWCOMER), walker.submit("/send")):
        assert "Contoso Suppliers" in page.text
        assert f'src="/{server.tenant.id}/signin/logo/{FLOW}?v=0"' in page.source
    walker.submit("/signin/code", code=server.code_for(NEWCOMER))
    walker.submit("/signin/review", button="Accept")
    page = walker.open(server.authorize_url(prompt="login"))
    assert "Contoso Suppliers" not in page.text, "who signs in is at the organization itself"


def test_a_test_run_tags_its_guest_and_can_be_cleared(server: RunningServer) -> None:
    open_flow(server)
    actor, app = server.actor(), server.app
    url = run_url(server.ports, actor, FLOW, app.app_id, "https://orders.example/signed-in")
    walker = server.walker()
    walker.open(url)
    verify_address(server, walker)
    walker.submit("/signin/review", button="Accept")
    (guest,) = guests(server)
    assert guest.employee_type == TEST_GUEST
    assert all(event.is_test for event in events(server))
    assert list_test_guests(server.ports, actor) == (guest,)
    assert remove_test_guests(server.ports, actor) == 1
    assert guests(server) == ()


def test_nobody_can_call_themselves_a_test(server: RunningServer) -> None:
    open_flow(server)
    url = run_url(server.ports, server.actor(), FLOW, server.app.app_id, "https://orders.example/signed-in")
    seal = query_of(url)["flow_run"]
    server.clock.advance(timedelta(hours=2))
    for number, forged in enumerate((seal, seal[:-4] + "AAAA", "1")):
        walker = server.walker()
        walker.open(server.authorize_url(prompt="create", flow_run=forged))
        verify_address(server, walker, f"kim{number}@nordwind.example")
        walker.submit("/signin/review", button="Accept")
    assert [guest.employee_type for guest in guests(server)] == [None] * 3


@pytest.mark.parametrize(
    ("app_id", "uri"),
    [
        ("11111111-1111-4111-8111-111111111111", "https://orders.example/signed-in"),
        (None, "https://evil.example/"),
    ],
)
def test_only_the_flows_own_apps_and_addresses_can_be_run(
    server: RunningServer, app_id: str | None, uri: str
) -> None:
    open_flow(server)
    with pytest.raises(InvalidValue):
        run_url(server.ports, server.actor(), FLOW, app_id or server.app.app_id, uri)


def test_a_stranger_who_proved_a_mailbox_goes_on_to_sign_up(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login=NEWCOMER)
    walker.submit("/send")
    page = walker.submit("/signin/code", code=server.code_for(NEWCOMER))
    assert "You are not a guest here yet" in page.text
    page = walker.submit("/signin/sign-up", button="Create an account")
    assert "Review permissions" in page.text
    details(walker)
    arrive(walker)
    assert [guest.mail for guest in guests(server)] == [NEWCOMER]


def test_a_stranger_is_offered_nothing_where_nothing_is_open(server: RunningServer) -> None:
    open_flow(server)
    server.policies(self_service_sign_up=False)
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login=NEWCOMER)
    walker.submit("/send")
    page = walker.submit("/signin/code", code=server.code_for(NEWCOMER))
    assert "You are not a guest here yet" in page.text
    assert not page.has_form("/sign-up")


def test_a_blocked_guest_does_not_come_in_by_signing_up(server: RunningServer) -> None:
    open_flow(server)
    first = server.walker()
    create_account(server, first)
    first.submit("/signin/review", button="Accept")
    (guest,) = guests(server)
    update_user(server.ports, server.actor(), guest.id, {"account_enabled": False})
    server.clock.advance(timedelta(minutes=1))
    page = create_account(server, server.walker())
    assert "Your account is blocked" in page.text
    assert len(guests(server)) == 1


def test_a_deleted_guest_may_sign_up_anew(server: RunningServer) -> None:
    open_flow(server)
    first = server.walker()
    create_account(server, first)
    first.submit("/signin/review", button="Accept")
    (before,) = guests(server)
    delete_user(server.ports, server.actor(), before.id)
    server.clock.advance(timedelta(minutes=1))
    again = server.walker()
    create_account(server, again)
    again.submit("/signin/review", button="Accept")
    (after,) = guests(server)
    assert after.id != before.id
    assert after.user_principal_name != before.user_principal_name


def test_a_page_that_is_asked_for_no_more_is_passed_by_one_press(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    walker = server.walker()
    create_account(server, walker)
    page = walker.submit("/signin/review", button="Accept")
    change_flow(server, attributes=())
    page = walker.open(page.url)
    assert "has everything it needs from you" in page.text
    assert guests(server) == (), "opening a page creates nobody"
    walker.submit("/signin/proceed", button="Continue")
    arrive(walker)
    assert len(guests(server)) == 1
