"""The story that must always work, for a stranger, in a browser."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.support.people import Desktop, Person, Way, code_next, code_now, secret_in_qr
from tests.support.scripts import graph, invite

pytestmark = pytest.mark.browser
ORDERS = "c0417050-0000-4000-8000-0000000000a1"


def administrator_signs_in(desktop: Desktop, person: Person, name: str) -> None:
    """Open the portal: user name, password, authenticator app. Each test has its own: a code works once."""
    admin = next(
        user for user in desktop.xenia.tenant["users"] if user["user_principal_name"].startswith(f"{name}@")
    )
    person.page.goto(f"{desktop.xenia.base}/admin/contoso")
    person.heading("Sign in")
    person.check_page()
    person.type("Email", admin["user_principal_name"])
    person.button("Next")
    person.check_page()
    person.type("Password", admin["password"])
    person.button("Sign in")
    person.check_page()
    person.type("Enter code", code_now(admin["authenticator_secret"]))
    person.button("Verify")
    person.heading("Stay signed in?")
    person.check_page()
    person.button("No")
    person.sees("Contoso")


def accept_invitation(desktop: Desktop, guest: Person, address: str, link: str) -> str:
    """From the mail's link to membership; the authenticator secret, read from the screen's QR code."""
    guest.page.goto(link)
    guest.heading("You are invited")
    guest.check_page()
    guest.button("Send code")
    guest.heading("Enter code")
    guest.check_page()
    guest.type("Enter code", "0000 0000")
    guest.button("Sign in")
    guest.sees("does not match")
    guest.check_page()
    guest.type("Enter code", desktop.passcode(address))
    guest.button("Sign in")
    guest.heading("Review permissions")
    guest.check_page()
    guest.button("Accept")
    guest.heading("More information required")
    guest.check_page()
    guest.button("Next")
    guest.heading("Set up your authenticator app")
    guest.check_page()
    secret = secret_in_qr(guest)
    guest.type("Enter code", code_now(secret))
    guest.button("Next")
    return secret


def sign_in_by_tester(desktop: Desktop, guest: Person, address: str, secret: str, client_id: str) -> None:
    """The tester's link, as published how-tos have it, and the guest's way through it."""
    sent = desktop.codes_sent(address)
    guest.page.goto(
        f"{desktop.xenia.base}/tester/?requesttype=OpenIdConnect&scope=openid+profile&responsetype=id_token"
        f"&responsemode=form_post&additionalparameters=prompt%3dlogin&importtype=AzureAD"
        f"&tenant=contoso.onxenia.localhost&clientid={client_id}"
    )
    guest.heading("Tester")
    expect(guest.page.get_by_label("Authorization Endpoint")).to_have_value(
        re.compile(r"/oauth2/v2\.0/authorize$")
    )
    expect(guest.page.get_by_label("Token Endpoint")).to_have_value(re.compile(r"/oauth2/v2\.0/token$"))
    guest.check_page()
    guest.button("Submit")
    guest.heading("Sign in")
    guest.type("Email", address)
    guest.button("Next")
    guest.button("Send code")
    guest.type("Enter code", desktop.passcode(address, after=sent))
    guest.button("Sign in")
    guest.heading("Enter code")
    guest.check_page()
    guest.type("Enter code", code_next(secret))
    guest.button("Verify")
    guest.heading("Permissions requested")
    guest.check_page()
    guest.button("Accept")
    if guest.way is Way.NO_SCRIPTS:
        guest.button("Continue")


def sees_id_token(desktop: Desktop, guest: Person, address: str) -> None:
    """The ID token on the screen: where the guest authenticated, and who issued it."""
    issuer = f"{desktop.xenia.base}/{desktop.xenia.tenant['id']}/v2.0"
    for claim, value in (("idp", "mail"), ("iss", issuer), ("preferred_username", address)):
        header = guest.page.get_by_role("rowheader", name=claim, exact=True)
        expect(guest.page.get_by_role("row").filter(has=header).first).to_contain_text(value)


@pytest.mark.parametrize("way", list(Way), ids=lambda way: way.value.replace(" ", "-"))
def test_the_whole_story_in_two_browsers(desktop: Desktop, way: Way) -> None:
    address = f"guest-{way.name.lower()}@nordwind.example"
    admin, guest = desktop.person(way), desktop.person(way)
    administrator_signs_in(desktop, admin, f"admin-{way.name.lower().replace('_', '-')}")
    admin.page.goto(f"{desktop.xenia.base}/admin/contoso/users/invite")
    admin.heading("Invite external user")
    admin.check_page()
    admin.type("Email", address)
    admin.type("Message", "Hello <b>there</b>, the delivery dates for July.")
    admin.button("Review + invite")
    admin.sees("Nothing has been sent yet")
    admin.button("Invite")
    admin.sees("is on its way")
    mail = desktop.mail(address, "invited you")
    assert "&lt;b&gt;there&lt;/b&gt;" in mail["html"]

    secret = accept_invitation(desktop, guest, address, desktop.accept_link(address))
    guest.heading("My Apps")
    guest.check_page()
    sign_in_by_tester(desktop, guest, address, secret, ORDERS)
    sees_id_token(desktop, guest, address)
    guest.check_page()


def test_administrator_and_guest_in_one_browser(desktop: Desktop) -> None:
    address = "same-browser@nordwind.example"
    admin = desktop.person()
    administrator_signs_in(desktop, admin, "admin")
    invite(desktop.xenia, address, f"{desktop.xenia.base}/myapps?tenantId=contoso")
    guest = desktop.person(beside=admin)
    secret = accept_invitation(desktop, guest, address, desktop.accept_link(address))
    guest.heading("My Apps")
    guest.sees(address)
    sign_in_by_tester(desktop, guest, address, secret, ORDERS)
    sees_id_token(desktop, guest, address)
    admin.page.goto(f"{desktop.xenia.base}/admin/contoso/users")
    admin.heading("Users")
    admin.sees("same-browser_nordwind.example#EXT#@contoso")


def test_a_guest_who_opens_the_portal_is_turned_away_kindly(desktop: Desktop) -> None:
    address = "curious@nordwind.example"
    invite(desktop.xenia, address, f"{desktop.xenia.base}/admin/contoso")
    guest = desktop.person()
    accept_invitation(desktop, guest, address, desktop.accept_link(address))
    guest.sees(address)
    guest.check_page()
    assert guest.page.get_by_role("link", name="My Apps").first.is_visible()
    status, users = graph(
        desktop.xenia,
        "GET",
        f"/users?$filter=mail eq '{address}'&$select=externalUserState,userType".replace(" ", "%20").replace(
            "'", "%27"
        ),
    )
    assert status == 200, json.dumps(users)
    assert users["value"] == [{"externalUserState": "Accepted", "userType": "Guest"}]
