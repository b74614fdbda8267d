"""Sign-up requests, the funnel of real sign-ups, and what a guest who came alone looks like in the portal."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from tests.support.self_service import FLOW, NAMES, NEWCOMER, create_account, guests, open_flow
from tests.ui.portal.office import Desktop, Office
from tests.ui.signin.test_sign_up_waiting import ask_to_join, send_details
from xenia.core.actor import system_actor
from xenia.core.directory.application import Platform, RedirectUri
from xenia.core.directory.identity_provider import EMAIL_PASSCODE_PROVIDER_ID
from xenia.core.directory.roles import REPORTS_READER
from xenia.core.sign_up import RequestState, SignUpRequest
from xenia.core.user_flow import AttributeAssignment
from xenia.usecases.self_service import sign_up_requests
from xenia.usecases.self_service.manage_user_attributes import NewAttribute, create_attribute
from xenia.usecases.users.user_roles import add_role

REQUESTS = "external-identities/sign-up-requests"
RUN = f"external-identities/user-flows/{FLOW}/run"


def waiting(office: Office) -> SignUpRequest:
    """Somebody who waits for approval."""
    open_flow(office.platform, attributes=NAMES, requires_approval=True)
    return ask_to_join(office.platform, office.platform.walker())


def state(office: Office, request: SignUpRequest) -> RequestState:
    built = office.platform
    return sign_up_requests.get_request(built.ports, built.actor(), request.id).state


def at(office: Office, request: SignUpRequest, name: str = "admin") -> Desktop:
    desktop = office.sit(name)
    assert desktop.open(f"{REQUESTS}/{request.id}").status == 200
    return desktop


def test_list_shows_who_waits_and_who_was_decided(office: Office) -> None:
    desktop = office.sit()
    assert "Nobody waits." in desktop.open(REQUESTS).text
    request = waiting(office)
    page = desktop.open(REQUESTS)
    assert NEWCOMER in page.text
    assert "Pending" in page.text
    assert "No such request yet." in desktop.open(f"{REQUESTS}?show=denied").text
    assert request.id in desktop.open(f"{REQUESTS}?show=all").source
    assert request.id in desktop.open(f"{REQUESTS}?show=nonsense").source


def test_details_are_shown_and_approve_makes_the_guest(office: Office) -> None:
    request = waiting(office)
    desktop = at(office, request, "inviter")
    for words in (NEWCOMER, "Larsen", "Surname", "Orders", FLOW):
        assert words in desktop.page.text
    before = len(guests(office.platform))
    page = desktop.send("/approve")
    assert "The request was approved." in page.text
    assert len(guests(office.platform)) == before + 1
    assert state(office, request) is RequestState.APPROVED
    assert "Inviter" in page.text
    assert not desktop.has_form("/approve")
    found = next(each for each in guests(office.platform) if each.mail == NEWCOMER)
    assert f"/users/{found.id}" in page.source


def test_deny_keeps_the_reason(office: Office) -> None:
    request = waiting(office)
    desktop = at(office, request)
    page = desktop.send("/deny", reason="x" * 1001)
    assert page.status == 422
    assert 'href="#field-reason"' in page.source
    page = desktop.send("/deny", reason="Not a <i>supplier</i>.")
    assert "The request was denied." in page.text
    assert "Not a &lt;i&gt;supplier&lt;/i&gt;." in page.source
    assert state(office, request) is RequestState.DENIED


def test_request_is_decided_once_and_by_those_who_may(office: Office) -> None:
    request = waiting(office)
    desktop = at(office, request)
    reader = at(office, request, "reader")
    assert not reader.has_form("/approve")
    token = dict(reader.fields("/sign-out"))["form_token"]
    for act in ("approve", "deny"):
        assert reader.post(f"{REQUESTS}/{request.id}/{act}", [("form_token", token)]).status == 403
    assert office.sit("helpdesk").open(f"{REQUESTS}/{request.id}").status == 403
    assert office.sit(tenant=office.other).open(f"{REQUESTS}/{request.id}").status == 404
    at(office, request).send("/deny")
    page = desktop.send("/approve")
    assert page.status == 409
    assert "was decided already" in page.text


# --- guests who came by themselves --------------------------------------------------------------


def run_link(office: Office) -> str:
    page = office.sit().open(RUN)
    return next(href for text, href in page.links if text.startswith("Run user flow for"))


def came(office: Office, *, is_test: bool = False) -> None:
    """Somebody signs up to the end."""
    built = office.platform
    walker = built.walker()
    if not is_test:
        create_account(built, walker)
    else:
        walker.open(run_link(office))
        walker.submit("/sign-up-address", address=NEWCOMER)
        walker.submit("/send")
        walker.submit("/signin/code", code=built.code_for(NEWCOMER))
    send_details(walker)


def test_guest_shows_creation_type_identities_and_custom_attributes(office: Office) -> None:
    built = office.platform
    operator = system_actor(built.tenant.id, built.ports.entropy.guid())
    badge = create_attribute(built.ports, operator, NewAttribute("Badge"))
    open_flow(
        built, attributes=(*NAMES, AttributeAssignment(badge.id, "Badge", is_optional=True, default="B-7"))
    )
    came(office)
    guest = next(each for each in guests(built) if each.mail == NEWCOMER)
    page = office.sit().open(f"users/{guest.id}")
    for words in ("SelfServiceSignUp", "Identities", "mail", "Custom user attributes", "B-7", badge.id):
        assert words in page.text
    assert "This guest came by Run user flow" not in page.text


def test_test_guest_is_marked_and_removed_in_one_click(office: Office) -> None:
    open_flow(office.platform, attributes=NAMES)
    came(office, is_test=True)
    guest = next(each for each in guests(office.platform) if each.mail == NEWCOMER)
    desktop = office.sit()
    page = desktop.open(f"users/{guest.id}")
    assert "This guest came by Run user flow" in page.text
    page = desktop.send(f"/users/{guest.id}/delete")
    assert "The user was deleted." in page.text
    assert all(each.mail != NEWCOMER for each in guests(office.platform))


def test_all_test_guests_are_removed_after_a_question(office: Office) -> None:
    open_flow(office.platform, attributes=NAMES)
    came(office, is_test=True)
    desktop = office.sit()
    assert NEWCOMER in desktop.open(RUN).text
    assert "Remove 1 test guest?" in desktop.open(f"{RUN}/remove-test-guests").text
    page = desktop.send("/remove-test-guests")
    assert "Test guests were removed." in page.text
    assert NEWCOMER not in page.text


def test_funnel_tells_real_sign_ups_and_leaves_tests_out(office: Office) -> None:
    open_flow(office.platform, attributes=NAMES)
    came(office)
    desktop = office.sit()
    page = desktop.open(f"external-identities/user-flows/{FLOW}/funnel")
    assert "1 of 1 person who started became a guest." in page.text
    assert "1 application · 2 providers · 1 sign-up this month" in page.text
    assert "<svg" in page.source
    assert "style=" not in page.source
    address = next(href for text, href in page.links if text == "Download as CSV")
    rows = desktop.open(address).source.splitlines()
    assert rows[1].startswith("started,1,")
    assert rows[-1].startswith("guest-created,1,")
    assert "Did not arrive" not in page.text


def test_funnel_says_why_people_did_not_arrive(office: Office) -> None:
    open_flow(office.platform, attributes=NAMES)
    for number in range(3):
        walker = office.platform.walker()
        create_account(office.platform, walker, f"kim{number}@nordwind.example")
        if number:
            walker.submit("/signin/review", button="Cancel")
    page = office.sit().open(f"external-identities/user-flows/{FLOW}/funnel")
    assert "Did not arrive: Permissions declined (2), May still go on (1)." in page.text


def test_readers_of_reports_see_the_funnel_and_nothing_else_of_flows(office: Office) -> None:
    open_flow(office.platform, attributes=NAMES)
    came(office)
    person = office.people["inviter"].id
    add_role(office.platform.ports, office.platform.actor(), person, REPORTS_READER.template_id)
    desktop = office.sit("inviter")
    page = desktop.open("external-identities/user-flows")
    funnel = f"external-identities/user-flows/{FLOW}/funnel"
    assert page.status == 200
    assert any(href.endswith(funnel) for _, href in page.links)
    page = desktop.open(funnel)
    assert "1 of 1 person who started became a guest." in page.text
    assert not any(href.endswith(f"{FLOW}/user-attributes") for _, href in page.links)
    assert desktop.open(f"{funnel}.csv").source.splitlines()[-1].startswith("guest-created,1,")
    for section in ("", "/user-attributes", "/applications", "/api-connectors", "/run", "/preview"):
        assert desktop.open(f"external-identities/user-flows/{FLOW}{section}").status == 403, section
    assert office.sit("helpdesk").open(funnel).status == 403
    assert office.sit(tenant=office.other).open(funnel).status == 404


def test_tester_is_asked_with_the_mark_of_a_test(office: Office) -> None:
    built = office.platform
    open_flow(built, provider_ids=(EMAIL_PASSCODE_PROVIDER_ID,))
    tester = RedirectUri("https://login.test/tester/", Platform.SPA)
    app = replace(built.app, redirect_uris=(*built.app.redirect_uris, tester))
    built.ports.store.write(built.tenant.id, lambda tx: tx.applications.replace(app))
    page = office.sit().open(RUN)
    link = next(href for text, href in page.links if text == "Run user flow in the tester")
    asked = parse_qs(parse_qs(urlsplit(link).query)["additionalparameters"][0])
    assert asked["prompt"] == ["create"]
    assert asked["flow_run"][0]
