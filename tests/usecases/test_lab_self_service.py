"""The lab "Self-service sign-up": each criterion from real state, and the exact thing that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.journeys import enrol
from tests.support.platform import RunningServer, platform
from xenia.core.actor import system_actor
from xenia.core.directory.identity_provider import (
    EMAIL_PASSCODE_PROVIDER_ID,
    ExternalAccount,
    ProviderKind,
)
from xenia.core.directory.tenant import Toggle
from xenia.core.directory.user import MAIL_ISSUER, User
from xenia.core.sign_up import RequestState, SignUpEvent, SignUpRequest, Stage
from xenia.core.user_flow import AttributeAssignment, UserFlow
from xenia.usecases.labs import Criterion, verify
from xenia.usecases.self_service.manage_user_flows import NewFlow, create_flow, delete_flow, update_flow
from xenia.usecases.sign_up.new_guest import GuestOrder, add_guest
from xenia.usecases.users.user_lifecycle import delete_user

LENA = "lena@adatum.example"
ACCOUNT = ExternalAccount(
    EMAIL_PASSCODE_PROVIDER_ID, ProviderKind.EMAIL_PASSCODE, MAIL_ISSUER, LENA, LENA, email_verified=True
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as running:
        yield running


def criteria(server: RunningServer) -> tuple[Criterion, ...]:
    return verify(server.ports, server.tenant.id, "self-service-sign-up")


def met(server: RunningServer) -> list[bool]:
    return [criterion.met for criterion in criteria(server)]


def missing(server: RunningServer, number: int) -> str:
    return criteria(server)[number - 1].missing


def make_flow(server: RunningServer, name: str = "Partners", **order: object) -> UserFlow:
    usual: dict[str, object] = {
        "provider_ids": (EMAIL_PASSCODE_PROVIDER_ID,),
        "attributes": (AttributeAssignment("givenName", "Given Name"),),
        "app_ids": (server.app.app_id,),
    }
    return create_flow(server.ports, server.actor(), NewFlow(name, **(usual | order)))  # type: ignore[arg-type]


def sign_up(server: RunningServer, flow: UserFlow, *, is_test: bool = False) -> User:
    """The guest that the end of a sign-up makes."""
    ports, now = server.ports, server.clock.now()

    def work(tx):
        principal = tx.applications.service_principal(server.app.app_id)
        details = (("givenName", "Lena"),)
        order = GuestOrder(server.tenant, principal, flow.id, ACCOUNT, details, is_test=is_test)
        return add_guest(ports, tx, order, system_actor(server.tenant.id, ports.entropy.guid()), now)

    return ports.store.write(server.tenant.id, work)


def sign_in(server: RunningServer) -> None:
    """As that guest, to the app Orders."""
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login=LENA)
    walker.submit("/send")
    page = walker.submit("/signin/code", code=server.code_for(LENA))
    if page.has_form("/accept"):
        page = walker.submit("/accept")
    enrol(server, walker)
    if walker.page is not None and walker.page.has_form("/consent"):
        walker.submit("/consent", button="Accept")


def test_nothing_is_there_yet(server: RunningServer) -> None:
    assert met(server) == [False] * 5
    assert "External collaboration settings > Enable guest self-service sign up" in missing(server, 1)
    assert missing(server, 2) == "No user flow yet. Choose External Identities > User flows > New user flow."
    assert missing(server, 3) == missing(server, 4) == "There is no user flow yet."
    assert missing(server, 5) == "Nobody has signed up yet."


def test_the_switch_alone(server: RunningServer) -> None:
    server.policies(self_service_sign_up=True)
    assert met(server) == [True, False, False, False, False]
    assert dict(criteria(server)[0].evidence) == {"Enable guest self-service sign up via user flows": "Yes"}


def test_a_flow_that_offers_nothing_asks_nothing_and_is_of_no_use(server: RunningServer) -> None:
    flow = make_flow(server, provider_ids=(), attributes=(), app_ids=())
    assert "nothing but accounts of other organizations" in missing(server, 2)
    update_flow(server.ports, server.actor(), flow.id, {"provider_ids": [EMAIL_PASSCODE_PROVIDER_ID]})
    assert "B2X_1_Partners asks for nothing." in missing(server, 2)
    assert "Applications > Add application" in missing(server, 3)
    server.policies(email_passcode=Toggle.DISABLED)
    assert "Email one-time passcode is switched off" in missing(server, 2)


def test_a_whole_flow_shows_what_it_consists_of(server: RunningServer) -> None:
    flow = make_flow(server)
    assert met(server) == [False, True, True, False, False]
    _, made, added, _, _ = criteria(server)
    assert dict(made.evidence) == {
        "User flow": flow.id,
        "Identity providers": "Microsoft Entra ID, Email one-time passcode",
        "User attributes": "Given Name",
    }
    assert dict(added.evidence)["Application (client) ID"] == f"{server.app.app_id} (Orders)"
    update_flow(server.ports, server.actor(), flow.id, {"is_sign_up_allowed": False})
    assert "Sign-up is closed in B2X_1_Partners." in missing(server, 3)


def test_of_several_flows_the_one_that_is_furthest_counts(server: RunningServer) -> None:
    make_flow(server, "First")
    server.clock.advance(timedelta(hours=1))
    make_flow(server, "Second", attributes=(), app_ids=())
    assert met(server)[1:3] == [True, True]


def test_how_far_the_last_one_came_is_said(server: RunningServer) -> None:
    flow = make_flow(server)
    assert missing(server, 4).startswith("Nobody has started to sign up yet. Open the tester")

    def record(stage: Stage, reason: str | None = None) -> None:
        event = SignUpEvent(
            server.ports.entropy.guid(),
            server.tenant.id,
            flow.id,
            "ctx-1",
            server.clock.now(),
            stage,
            reason,
        )
        server.ports.store.write(server.tenant.id, lambda tx: tx.sign_ups.record(event))

    record(Stage.STARTED)
    server.clock.advance(timedelta(minutes=1))
    record(Stage.MAIL_VERIFIED)
    assert "came to the station 'mail verified'." in missing(server, 4)
    server.clock.advance(timedelta(minutes=1))
    record(Stage.MAIL_VERIFIED, "connector-failed")
    assert "and it ended there: connector failed." in missing(server, 4)


def test_a_request_that_waits_or_was_turned_down_is_named(server: RunningServer) -> None:
    flow = make_flow(server, requires_approval=True)
    request = SignUpRequest(
        "request-1", server.tenant.id, flow.id, server.app.app_id, ACCOUNT, (), server.clock.now()
    )
    store = server.ports.store
    store.write(server.tenant.id, lambda tx: tx.sign_ups.add_request(request))
    assert f"{LENA} signed up in {flow.id} and waits for approval." in missing(server, 4)
    denied = {"by": "Nikos", "reason": "", "user_id": None}
    store.write(
        server.tenant.id,
        lambda tx: tx.sign_ups.decide_request(request, RequestState.DENIED, server.clock.now(), **denied),
    )
    assert f"The sign-up of {LENA} in {flow.id} was turned down." in missing(server, 4)


def test_signed_up_without_a_token_yet(server: RunningServer) -> None:
    server.policies(self_service_sign_up=True)
    guest = sign_up(server, make_flow(server), is_test=True)
    assert met(server) == [True, True, True, True, False]
    evidence = dict(criteria(server)[3].evidence)
    assert evidence["Guest"] == LENA
    assert evidence["User type"] == "Guest"
    assert evidence["Creation type"] == "SelfServiceSignUp"
    assert evidence["By"] == "Run user flow (a test)"
    assert evidence["Object ID"] == guest.id
    assert f"{LENA} signed up, but has no token yet." in missing(server, 5)


def test_all_met_shows_idp_iss_and_creation_type(server: RunningServer) -> None:
    server.policies(self_service_sign_up=True)
    sign_up(server, make_flow(server))
    sign_in(server)
    assert met(server) == [True] * 5
    evidence = dict(criteria(server)[4].evidence)
    assert evidence["App"] == "Orders"
    assert evidence["idp (where the guest authenticated)"] == "mail"
    assert evidence["iss (who issued the token)"] == f"https://login.test/{server.tenant.id}/v2.0"
    assert evidence["creationType (of the user)"] == "SelfServiceSignUp"


def test_the_flow_the_guest_came_by_is_the_one_that_is_shown(server: RunningServer) -> None:
    came_by = make_flow(server, "Old", attributes=())
    sign_up(server, came_by)
    make_flow(server, "New", app_ids=())
    assert dict(criteria(server)[2].evidence)["User flow"] == came_by.id
    delete_flow(server.ports, server.actor(), came_by.id)
    assert "No application is in B2X_1_New" in missing(server, 3)


def test_invited_guests_are_the_other_lab(server: RunningServer) -> None:
    make_flow(server)
    server.invite("maria@nordwind.example")
    assert not criteria(server)[3].met
    sign_up(server, replace(make_flow(server, "Other", app_ids=())))
    invited, *_ = verify(server.ports, server.tenant.id, "invite-guests")
    assert dict(invited.evidence)["Guest"] == "maria@nordwind.example"


def test_a_deleted_guest_proves_nothing(server: RunningServer) -> None:
    guest = sign_up(server, make_flow(server))
    delete_user(server.ports, server.actor(), guest.id)
    assert met(server)[3:] == [False, False]
