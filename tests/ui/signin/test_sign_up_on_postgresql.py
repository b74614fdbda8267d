"""What a sign-up promises about races, where transactions run beside each other: on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.platform import RunningServer, make_platform
from tests.support.postgres import PostgresServer
from tests.support.self_service import (
    FLOW,
    NAMES,
    NEWCOMER,
    create_account,
    events,
    guests,
    open_flow,
)
from tests.support.walker import Walker, query_of
from xenia.core.directory.identity_provider import (
    EMAIL_PASSCODE_PROVIDER_ID,
    ExternalAccount,
    ProviderKind,
)
from xenia.core.directory.user import MAIL_ISSUER, CreationType
from xenia.core.errors import Conflict, XeniaError
from xenia.core.sign_up import RequestState, SignUpRequest, Stage
from xenia.storage.store import open_store
from xenia.usecases.self_service.sign_up_requests import approve_request, deny_request, list_requests

PEOPLE = 5


@pytest.fixture
def server(postgres_server: PostgresServer) -> Iterator[RunningServer]:
    name = "xenia_sign_up"
    store = open_store(postgres_server.create_database(name), durable=False)
    store.migrate()
    running = make_platform(store)
    running.policies(security_defaults=False)
    yield running
    store.close()
    postgres_server.drop(name)


def all_at_once(server: RunningServer) -> list[Walker]:
    """One mailbox in several browsers, each about to send its details; then all send them."""
    walkers = [server.walker(address=f"192.0.2.{number}") for number in range(20, 20 + PEOPLE)]
    for walker in walkers:
        create_account(server, walker)
        walker.submit("/signin/review", button="Accept")
        server.clock.advance(timedelta(seconds=31))
    gate = threading.Barrier(PEOPLE)

    def send(walker: Walker) -> None:
        gate.wait(30)
        walker.submit("/signin/details", givenName="Kim", surname="Larsen", button="Continue")

    with ThreadPoolExecutor(PEOPLE) as pool:
        list(pool.map(send, walkers))
    return walkers


def test_one_mailbox_becomes_one_guest_and_everybody_is_led_on(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    for walker in all_at_once(server):
        page = walker.page
        assert page is not None
        if page.has_form("/consent"):
            page = walker.submit("/consent", button="Accept")
        assert page.refresh is not None, page.text
        assert "code" in query_of(page.refresh)
    assert len(guests(server)) == 1
    assert [event.stage for event in events(server)].count(Stage.CREATED) == 1


def test_one_mailbox_files_one_request_which_is_decided_once(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES, requires_approval=True)
    for walker in all_at_once(server):
        assert walker.page is not None
        assert "Waiting for approval" in walker.page.text
    (request,) = list_requests(server.ports, server.actor())
    gate = threading.Barrier(4)

    def decide(number: int) -> str:
        gate.wait(30)
        verb = approve_request if number % 2 else deny_request
        try:
            verb(server.ports, server.actor(), request.id)
        except Conflict:
            return "late"
        return "decided"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(decide, range(4))) == ["decided", "late", "late", "late"]
    approved = list_requests(server.ports, server.actor(), RequestState.APPROVED)
    assert len(guests(server)) == len(approved)


def test_one_address_of_two_accounts_becomes_one_guest(server: RunningServer) -> None:
    """A mailbox that was proven, and the same address as a provider vouches for it: two accounts, one person."""
    open_flow(server)
    by_mail = ExternalAccount(
        EMAIL_PASSCODE_PROVIDER_ID,
        ProviderKind.EMAIL_PASSCODE,
        MAIL_ISSUER,
        NEWCOMER,
        NEWCOMER,
        email_verified=True,
    )
    by_provider = replace(
        by_mail,
        provider_id="partner",
        kind=ProviderKind.OPENID_CONNECT,
        idp="https://p.example",
        subject="s-1",
    )
    now = server.clock.now()
    requests = [
        SignUpRequest(
            server.ports.entropy.guid(), server.tenant.id, FLOW, server.app.app_id, account, (), now
        )
        for account in (by_mail, by_provider)
    ]
    for request in requests:
        server.ports.store.write(server.tenant.id, lambda tx, it=request: tx.sign_ups.add_request(it))
    gate = threading.Barrier(2)

    def approve(request: SignUpRequest) -> str:
        gate.wait(30)
        try:
            approve_request(server.ports, server.actor(), request.id)
        except Conflict:
            return "late"
        return "approved"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(approve, requests)) == ["approved", "late"]
    (guest,) = guests(server)
    assert guest.mail == NEWCOMER


def test_an_invitation_at_the_same_moment_makes_no_second_person(server: RunningServer) -> None:
    open_flow(server, attributes=NAMES)
    walker, gate = server.walker(), threading.Barrier(2)
    create_account(server, walker)
    walker.submit("/signin/review", button="Accept")

    def sign_up() -> None:
        gate.wait(30)
        walker.submit("/signin/details", givenName="Kim", surname="Larsen", button="Continue")

    def invite() -> None:
        gate.wait(30)
        with suppress(XeniaError):
            server.invite(NEWCOMER)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(sign_up), pool.submit(invite)]:
            done.result()
    (guest,) = guests(server)
    page = walker.page
    assert page is not None
    if guest.creation_type is CreationType.INVITATION:
        assert "You have an account here already" in page.text
    else:
        assert page.has_form("/consent")
