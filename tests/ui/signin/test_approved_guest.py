"""Approval by an external system to its end: blocked while it decides, made by it, then a plain sign-in."""

from __future__ import annotations

import pytest

from tests.support.platform import RunningServer
from tests.support.self_service import NEWCOMER, create_account, guests, open_flow
from tests.support.walker import query_of
from xenia.core.directory.user import Identity
from xenia.usecases.invitations.create_guest import ProvenGuest, create_guest


@pytest.fixture
def approved(server: RunningServer) -> RunningServer:
    """A flow is open; the approval system made the guest meanwhile."""
    server.policies(security_defaults=False)
    open_flow(server)
    order = ProvenGuest((Identity("federated", "mail", NEWCOMER),), NEWCOMER, display_name="Kim Larsen")
    create_guest(server.ports, server.actor(), order)
    return server


def test_who_was_approved_signs_in_by_the_identity_that_was_told(approved: RunningServer) -> None:
    walker = approved.walker()
    walker.open(approved.authorize_url())
    walker.submit("/identify", login=NEWCOMER)
    walker.submit("/send")
    page = walker.submit("/signin/code", code=approved.code_for(NEWCOMER))
    assert "Review permissions" not in page.text
    if page.has_form("/consent"):
        page = walker.submit("/consent", button="Accept")
    assert "code" in query_of(page.refresh or "")
    assert [guest.display_name for guest in guests(approved)] == ["Kim Larsen"]


def test_who_was_approved_and_signs_up_again_is_signed_in(approved: RunningServer) -> None:
    walker = approved.walker()
    page = create_account(approved, walker)
    if page.has_form("/consent"):
        page = walker.submit("/consent", button="Accept")
    assert "code" in query_of(page.refresh or "")
    assert len(guests(approved)) == 1
