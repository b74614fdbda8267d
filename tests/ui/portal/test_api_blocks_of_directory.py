"""The "API call for this" of users, invitations and apps, replayed against this server's Graph."""

from __future__ import annotations

from dataclasses import replace as changed

import pytest

from tests.ui.portal.office import Office
from tests.ui.portal.test_api_blocks import replay

USER, APP, PRINCIPAL = "{user}", "{app}", "{principal}"


def _path(office: Office, path: str) -> str:
    built = office.platform
    guest = built.invite("maria@nordwind.example").user
    with built.ports.store.read(built.tenant.id) as tx:
        principal = tx.applications.service_principal(built.app.app_id)
    assert principal is not None
    return path.replace(USER, guest.id).replace(APP, built.app.id).replace(PRINCIPAL, principal.id)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", 200),
        ("users", 200),
        ("users?type=Guest&state=PendingAcceptance&enabled=yes", 200),
        ("users/deleted", 200),
        (f"users/{USER}", 200),
        (f"users/{USER}/properties", 204),
        (f"users/{USER}/reset-redemption", 201),
        ("users/invite", 201),
        ("app-registrations", 200),
        ("app-registrations/new", 201),
        (f"app-registrations/{APP}", 200),
        (f"app-registrations/{APP}/authentication", 204),
        (f"app-registrations/{APP}/secrets", 200),
        ("enterprise-apps", 200),
        (f"enterprise-apps/{PRINCIPAL}", 200),
    ],
)
def test_shown_calls_work_as_shown(office: Office, path: str, expected: int) -> None:
    page = office.sit().open(_path(office, path))
    assert page.status == 200
    if "API call for this" not in page.text:
        pytest.fail(f"{page.url} shows no call")
    _, answer = replay(office, page)
    assert answer.status == expected, answer.body


def test_new_members_call_works_once_a_password_is_filled_in(office: Office) -> None:
    page = office.sit().open("users/new")
    assert "{password}" in page.source
    body = page.response.body.replace(b"{password}", b"Correct-horse-9")
    _, answer = replay(office, changed(page, response=changed(page.response, body=body)))
    assert answer.status == 201, answer.body


def test_call_of_a_typed_invitation_is_the_same_wish(office: Office) -> None:
    desktop = office.sit()
    desktop.open("users/invite")
    typed = {
        "email": "max@nordwind.example",
        "display_name": "Max",
        "message": 'It\'s "July"',
        "language": "de",
    }
    page = desktop.send("/invite/review", typed)
    _, answer = replay(office, page)
    assert answer.status == 201, answer.body
    assert answer.body["invitedUserDisplayName"] == "Max"
    assert answer.body["invitedUserMessageInfo"]["customizedMessageBody"] == 'It\'s "July"'
