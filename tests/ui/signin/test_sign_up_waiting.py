"""Sign-ups that wait for others: an approver in the portal, an API connector of the organisation."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.connector_server import (
    CONTINUE,
    ConnectorServer,
    answer,
    connector_server,
    held,
)
from tests.support.platform import RunningServer, platform
from tests.support.self_service import (
    FLOW,
    NAMES,
    NEWCOMER,
    create_account,
    events,
    guests,
    open_flow,
    stations,
)
from tests.support.walker import Page, Walker, query_of
from xenia.core.api_connector import ApiConnector, ConnectorAuthentication
from xenia.core.directory.tenant import Domain
from xenia.core.directory.user import CreationType
from xenia.core.errors import Conflict, InvalidValue, NotPermitted
from xenia.core.mail import MailKind
from xenia.core.query import Query
from xenia.core.sign_up import RequestState, SignUpRequest, Stage
from xenia.core.user_flow import AttributeAssignment, Hook
from xenia.outside.errands import ErrandLimits
from xenia.usecases.self_service.manage_user_flows import delete_flow
from xenia.usecases.self_service.sign_up_requests import (
    approve_request,
    deny_request,
    get_request,
    list_requests,
)
from xenia.usecases.sign_up.going_on import CALLS_PER_SIGN_UP

BLOCK = answer(
    {"version": "1.0.0", "action": "ShowBlockPage", "userMessage": "Only <b>suppliers</b>.\nSorry."}
)
INVALID = answer(
    {"version": "1.0.0", "status": 400, "action": "ValidationError", "userMessage": "Use your full name."},
    400,
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as running:
        running.policies(security_defaults=False)
        yield running


@pytest.fixture
def connector() -> Iterator[ConnectorServer]:
    with connector_server() as site:
        yield site


def told_app(walker: Walker) -> dict[str, str]:
    assert walker.page is not None
    page = walker.submit("/consent", button="Accept") if walker.page.has_form("/consent") else walker.page
    assert page.refresh is not None, page.text
    return query_of(page.refresh)


def send_details(walker: Walker, **values: str) -> Page:
    walker.submit("/signin/review", button="Accept")
    return walker.submit(
        "/signin/details", button="Continue", **{"givenName": "Kim", "surname": "Larsen", **values}
    )


def ask_to_join(server: RunningServer, walker: Walker) -> SignUpRequest:
    """Up to *Waiting for approval*; the request."""
    create_account(server, walker)
    page = send_details(walker)
    assert "Waiting for approval" in page.text
    (request,) = list_requests(server.ports, server.actor(), RequestState.PENDING)
    return request


# --- approval -----------------------------------------------------------------------------------


def test_a_request_waits_until_somebody_approves_it(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES, requires_approval=True)
    walker = server.walker()
    request = ask_to_join(server, walker)
    assert (request.account.email, dict(request.details)["surname"]) == (NEWCOMER, "Larsen")
    assert guests(server) == ()
    page = walker.submit("/signin/proceed", button="Check again")
    assert "Waiting for approval" in page.text

    approved = approve_request(server.ports, server.actor(), request.id)
    assert (approved.state, approved.decided_by) == (RequestState.APPROVED, server.admin.display_name)
    (guest,) = guests(server)
    assert guest.id == approved.user_id
    assert (guest.surname, guest.creation_type) == ("Larsen", CreationType.SELF_SERVICE_SIGN_UP)
    (mail,) = [mail for mail in server.mails_to(NEWCOMER) if mail.kind is MailKind.SIGN_UP_APPROVED]
    assert (mail.data["app_name"], mail.data["tenant_name"]) == ("Orders", "Contoso")

    walker.submit("/signin/proceed", button="Check again")
    assert "code" in told_app(walker)
    assert [event.stage for event in events(server)].count(Stage.CREATED) == 1
    assert len({event.interaction_id for event in events(server)}) == 1


def test_what_approvers_alone_are_told_is_not_kept_whatever_became_of_the_flow(server: RunningServer) -> None:
    told = AttributeAssignment("jobTitle", "Why do you ask?", is_stored=False)
    open_flow(server, attributes=(*NAMES[:2], told), requires_approval=True)
    walker = server.walker()
    create_account(server, walker)
    send_details(walker, jobTitle="I deliver bricks")
    (request,) = list_requests(server.ports, server.actor(), RequestState.PENDING)
    assert dict(request.details)["jobTitle"] == "I deliver bricks"
    delete_flow(server.ports, server.actor(), FLOW)
    approve_request(server.ports, server.actor(), request.id)
    (guest,) = guests(server)
    assert (guest.given_name, guest.job_title) == ("Kim", None)


def test_whoever_comes_back_while_waiting_waits_on(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES, requires_approval=True)
    ask_to_join(server, server.walker())
    server.clock.advance(timedelta(minutes=1))
    page = create_account(server, server.walker())
    assert "Waiting for approval" in page.text
    assert len(list_requests(server.ports, server.actor())) == 1


def test_once_approved_the_next_sign_in_is_an_ordinary_one(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES, requires_approval=True)
    request = ask_to_join(server, server.walker())
    approve_request(server.ports, server.actor(), request.id)
    server.clock.advance(timedelta(minutes=1))
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login=NEWCOMER)
    walker.submit("/send")
    walker.submit("/signin/code", code=server.code_for(NEWCOMER))
    assert "code" in told_app(walker)


def test_another_account_chosen_while_waiting_is_the_one_that_counts(server: RunningServer) -> None:
    """Approved meanwhile, the first account is not entered behind the back of whoever sits there now."""
    open_flow(server, attributes=NAMES, requires_approval=True)
    walker = server.walker()
    request = ask_to_join(server, walker)
    page = walker.open(f"{walker.page.url if walker.page else ''}&other=1")
    assert page.has_form("/sign-up-address")
    approve_request(server.ports, server.actor(), request.id)
    page = walker.submit("/sign-up-address", address="somebody-else@nordwind.example")
    assert page.has_form("/signin/send"), page.text


def test_a_denied_request_says_why(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES, requires_approval=True)
    walker = server.walker()
    request = ask_to_join(server, walker)
    deny_request(server.ports, server.actor(), request.id, "Not a <i>supplier</i>.")
    page = walker.submit("/signin/proceed", button="Check again")
    assert "Your request was not approved" in page.text
    assert "Not a &lt;i&gt;supplier&lt;/i&gt;." in page.source
    (mail,) = [mail for mail in server.mails_to(NEWCOMER) if mail.kind is MailKind.SIGN_UP_DENIED]
    assert mail.data["reason"] == "Not a <i>supplier</i>."
    assert guests(server) == ()
    assert "not-approved" in stations(server)
    walker.submit("/signin/cancel")
    assert told_app(walker)["error"] == "access_denied"


def test_a_request_is_decided_once(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES, requires_approval=True)
    request = ask_to_join(server, server.walker())
    gate = threading.Barrier(4)

    def decide(number: int) -> str:
        gate.wait(30)
        try:
            if number % 2:
                approve_request(server.ports, server.actor(), request.id)
            else:
                deny_request(server.ports, server.actor(), request.id)
        except Conflict:
            return "late"
        return "decided"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(decide, range(4))) == ["decided", "late", "late", "late"]
    decided = get_request(server.ports, server.actor(), request.id)
    assert len(guests(server)) == (1 if decided.state is RequestState.APPROVED else 0)


def test_whose_domain_became_the_organizations_own_is_no_guest(server: RunningServer) -> None:
    """Its people have a password here: a guest with such an address could never sign in."""
    open_flow(server, attributes=NAMES, requires_approval=True)
    request = ask_to_join(server, server.walker())
    domains = (*server.tenant.domains, Domain("nordwind.example"))
    changed = replace(server.tenant, domains=domains)
    server.ports.store.write(server.tenant.id, lambda tx: tx.tenants.replace(changed))
    with pytest.raises(Conflict):
        approve_request(server.ports, server.actor(), request.id)
    assert guests(server) == ()
    assert get_request(server.ports, server.actor(), request.id).state is RequestState.PENDING


def test_approval_takes_a_role_and_leaves_a_record(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES, requires_approval=True)
    request = ask_to_join(server, server.walker())
    nobody = replace(server.actor(), roles=frozenset())
    for refused in (approve_request, deny_request, get_request):
        with pytest.raises(NotPermitted):
            refused(server.ports, nobody, request.id)
    with pytest.raises(InvalidValue):
        deny_request(server.ports, server.actor(), request.id, "x" * 1001)
    approve_request(server.ports, server.actor(), request.id)
    with server.ports.store.read(server.tenant.id) as tx:
        rows = tx.logs.list_audit(Query(limit=50)).items
    (decision,) = [row for row in rows if row.activity == "Approve sign-up request"]
    (added,) = [row for row in rows if row.activity == "Add user" and ("UserFlow", FLOW) in row.details]
    assert decision.initiated_by_user == added.initiated_by_user == server.admin.id


# --- connectors ---------------------------------------------------------------------------------


def attach(server: RunningServer, connector: ConnectorServer, *hooks: Hook, **flow: object) -> None:
    """A flow that asks the connector at these hooks."""
    entry = ApiConnector(
        "c1",
        server.tenant.id,
        "Supplier check",
        f"{connector.url}/check",
        server.clock.now(),
        authentication=ConnectorAuthentication.NONE,
    )
    server.ports.store.write(server.tenant.id, lambda tx: tx.api_connectors.add(entry))
    open_flow(server, **{"attributes": NAMES, "connectors": dict.fromkeys(hooks, "c1"), **flow})


def settled(walker: Walker) -> Page:
    """Wait as a browser does: the busy page refreshes itself."""
    page = walker.page
    for _ in range(60):
        assert page is not None
        if page.response.header("Refresh") is None:
            return page
        page = walker.open(page.url)
    raise AssertionError("it never ended")


def test_the_first_connector_prefills_the_page(server: RunningServer, connector: ConnectorServer) -> None:
    attach(server, connector, Hook.AFTER_FEDERATION)
    connector.will(answer({"version": "1.0.0", "action": "Continue", "jobTitle": "Buyer", "surname": "Lund"}))
    walker = server.walker()
    create_account(server, walker)
    settled(walker)
    page = walker.submit("/signin/review", button="Accept")
    assert page.form("/details").fields["surname"] == "Lund"
    walker.submit("/signin/details", givenName="Kim", button="Continue")
    told_app(walker)
    (guest,) = guests(server)
    assert (guest.surname, guest.job_title) == ("Lund", "Buyer")
    assert connector.received[0].json["email"] == NEWCOMER
    assert connector.received[0].json["identities"] == [
        {"signInType": "federated", "issuer": "mail", "issuerAssignedId": NEWCOMER}
    ]


@pytest.mark.parametrize("hook", list(Hook))
def test_a_connector_can_end_the_sign_up(
    server: RunningServer, connector: ConnectorServer, hook: Hook
) -> None:
    attach(server, connector, hook)
    connector.will(BLOCK)
    walker = server.walker()
    create_account(server, walker)
    settled(walker)
    if hook is Hook.BEFORE_CREATION:
        send_details(walker)
    page = settled(walker)
    assert "Message from 127.0.0.1" in page.text
    assert "Only &lt;b&gt;suppliers&lt;/b&gt;.<br>Sorry." in page.source
    assert guests(server) == ()
    assert stations(server)[-1] == "blocked"
    walker.submit("/signin/cancel", button="Back to Orders")
    assert told_app(walker)["error"] == "access_denied"


def test_a_correction_is_asked_for_and_the_answers_stay(
    server: RunningServer, connector: ConnectorServer
) -> None:
    attach(server, connector, Hook.BEFORE_CREATION)
    connector.will(INVALID, answer({"version": "1.0.0", "action": "Continue", "jobTitle": "Checked"}))
    walker = server.walker()
    create_account(server, walker)
    send_details(walker, jobTitle="Baker")
    page = settled(walker)
    assert "Message from 127.0.0.1: Use your full name." in page.text
    assert "Error: Add details" in page.source
    assert page.form("/details").fields["jobTitle"] == "Baker"
    assert guests(server) == ()
    walker.submit("/signin/details", givenName="Kim Anna", button="Continue")
    settled(walker)
    told_app(walker)
    (guest,) = guests(server)
    assert (guest.given_name, guest.job_title) == ("Kim Anna", "Checked")
    assert [request.json["givenName"] for request in connector.received] == ["Kim", "Kim Anna"]


def test_without_a_page_a_correction_ends_the_sign_up(
    server: RunningServer, connector: ConnectorServer
) -> None:
    attach(server, connector, Hook.BEFORE_CREATION, attributes=())
    connector.will(INVALID)
    walker = server.walker()
    create_account(server, walker)
    walker.submit("/signin/review", button="Accept")
    page = settled(walker)
    assert "Use your full name." in page.text
    assert guests(server) == ()
    assert len(connector.received) == 1


def test_no_usable_answer_creates_nobody_and_can_be_tried_again(
    server: RunningServer, connector: ConnectorServer
) -> None:
    attach(server, connector, Hook.BEFORE_CREATION, attributes=())
    connector.will(answer({"oops": 1}), CONTINUE)
    walker = server.walker()
    create_account(server, walker)
    walker.submit("/signin/review", button="Accept")
    page = settled(walker)
    assert "Sign-up could not be finished" in page.text
    assert guests(server) == ()
    assert stations(server)[-1] == "connector-failed"
    walker.submit("/signin/proceed", button="Try again")
    settled(walker)
    assert "code" in told_app(walker)


def test_the_guest_comes_to_be_even_if_nobody_watches(
    server: RunningServer, connector: ConnectorServer
) -> None:
    gate = threading.Event()
    attach(server, connector, Hook.BEFORE_CREATION, attributes=())
    connector.will(held(gate, CONTINUE))
    walker = server.walker()
    create_account(server, walker)
    page = walker.submit("/signin/review", button="Accept")
    assert page.response.header("Refresh") is not None
    assert guests(server) == ()
    with server.ports.store.read(server.tenant.id) as tx:
        found = tx.sign_ins.find_interaction(query_of(page.url)["ctx"])
    assert found is not None
    assert found.facts.errand is not None
    gate.set()
    assert server.ports.errands.wait(found.facts.errand.id, 30)
    assert len(guests(server)) == 1
    settled(walker)
    walker.open(page.url)
    assert "code" in told_app(walker)


def test_who_cancels_while_a_connector_is_asked_stays_away(
    server: RunningServer, connector: ConnectorServer
) -> None:
    """Also when the connector then says that they may come in."""
    gate = threading.Event()
    attach(server, connector, Hook.BEFORE_CREATION, attributes=())
    connector.will(held(gate, CONTINUE))
    walker = server.walker()
    create_account(server, walker)
    page = walker.submit("/signin/review", button="Accept")
    with server.ports.store.read(server.tenant.id) as tx:
        found = tx.sign_ins.find_interaction(query_of(page.url)["ctx"])
    assert found is not None
    assert found.facts.errand is not None
    walker.submit("/signin/cancel", button="Cancel")
    assert told_app(walker)["error"] == "access_denied"
    gate.set()
    assert server.ports.errands.wait(found.facts.errand.id, 30)
    assert guests(server) == ()
    assert stations(server)[-1] == "cancelled"


def test_what_was_given_up_while_it_queued_is_not_asked(
    server: RunningServer, connector: ConnectorServer
) -> None:
    """Trying again, or leaving, must not make a queue longer that is too long already."""
    gate = threading.Event()
    for number in range(ErrandLimits().per_host):
        assert server.ports.errands.start(
            f"somebody-{number}", server.tenant.id, "127.0.0.1", lambda: bool(gate.wait(60))
        )
    attach(server, connector, Hook.BEFORE_CREATION, attributes=())
    walker = server.walker()
    create_account(server, walker)
    page = walker.submit("/signin/review", button="Accept")
    with server.ports.store.read(server.tenant.id) as tx:
        found = tx.sign_ins.find_interaction(query_of(page.url)["ctx"])
    assert found is not None
    assert found.facts.errand is not None
    page = walker.submit("/signin/give-up")
    assert "Sign-up could not be finished" in page.text, "and not the same waiting once more"
    gate.set()
    assert server.ports.errands.wait(found.facts.errand.id, 30)
    assert connector.received == []
    assert guests(server) == ()
    walker.submit("/signin/proceed", button="Try again")
    settled(walker)
    assert "code" in told_app(walker)
    assert len(connector.received) == 1


def test_both_hooks_and_an_approval_in_one_flow(server: RunningServer, connector: ConnectorServer) -> None:
    attach(server, connector, *Hook, requires_approval=True)
    walker = server.walker()
    create_account(server, walker)
    settled(walker)
    send_details(walker)
    page = settled(walker)
    assert "Waiting for approval" in page.text
    (request,) = list_requests(server.ports, server.actor())
    approve_request(server.ports, server.actor(), request.id)
    walker.submit("/signin/proceed", button="Check again")
    assert "code" in told_app(walker)
    assert len(connector.received) == 2


def test_a_connector_is_not_flooded_by_corrections(server: RunningServer, connector: ConnectorServer) -> None:
    attach(server, connector, Hook.BEFORE_CREATION)
    connector.will(INVALID)
    walker = server.walker()
    create_account(server, walker)
    send_details(walker)
    page = settled(walker)
    for _ in range(CALLS_PER_SIGN_UP):
        if page.has_form("/details"):
            walker.submit("/signin/details", button="Continue")
            page = settled(walker)
    assert len(connector.received) == CALLS_PER_SIGN_UP
    assert "Sign-up could not be finished" in page.text
