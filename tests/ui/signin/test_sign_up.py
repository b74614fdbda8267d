"""Self-service sign-up by a browser without scripts: each way through, and each way it may end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.platform import RunningServer, platform
from tests.support.self_service import (
    NAMES,
    NEWCOMER,
    create_account,
    guests,
    open_flow,
    stations,
)
from tests.support.walker import query_of
from xenia.core.directory.user import CreationType, UserType


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
    page = walker.submit("/signin/details", givenName="Kim", surname="Larsen", button="Continue")
    while not page.url.startswith("https://orders.example") and page.has_form("/consent"):
        page = walker.submit("/consent", button="Accept")
    assert page.refresh is not None
    assert query_of(page.refresh)["state"] == "s-1"
    assert "code" in query_of(page.refresh)
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
