"""Self-service sign-up in a browser: from the app's sign-in page to the app, by everybody's way of using a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.support.browser import LaunchBrowser
from tests.support.connector_server import ConnectorServer, answer, connector_server
from tests.support.people import Desktop, Person, Way
from tests.support.providers import free_port
from tests.support.running import running_xenia
from tests.support.scripts import INVITER, SECRET, graph

pytestmark = pytest.mark.browser
ORDERS = "c0417050-0000-4000-8000-0000000000a1"
MEMBERS_ONLY = "c0417050-0000-4000-8000-0000000000a2"
CLUB = "c0417050-0000-4000-8000-0000000000a3"
SEED = f"""
[[tenant]]
name = "Contoso"
short_name = "contoso"
settings.security_defaults = false
settings.self_service_sign_up = true

[[tenant.user]]
name = "admin"
display_name = "Alex Admin"
roles = ["Global Administrator"]

[[tenant.app]]
id = "{ORDERS}"
name = "Orders"
redirect_uris.spa = ["/tester/"]
id_tokens = true

[[tenant.app]]
id = "{INVITER}"
name = "Inviter"
secret = [{{ value = "{SECRET}" }}]
permissions.application = ["User.Invite.All", "User.Read.All"]

[[tenant.app]]
id = "{MEMBERS_ONLY}"
name = "Payroll"
redirect_uris.spa = ["/tester/"]
id_tokens = true

[[tenant.app]]
id = "{CLUB}"
name = "Club"
redirect_uris.spa = ["/tester/"]
id_tokens = true

[[tenant.user_flow]]
name = "Club"
identity_providers = ["email"]
apps = ["Club"]
requires_approval = true

[[tenant.user_attribute]]
name = "Newsletter"
type = "boolean"

[[tenant.user_attribute]]
name = "Size"

[[tenant.user_attribute]]
name = "Goods"

[[tenant.user_attribute]]
name = "Founded"

[[tenant.user_attribute]]
name = "Staff"
type = "integer"

[[tenant.api_connector]]
name = "Supplier check"
url = "{{connector}}/check"
username = "xenia"
password = "what-the-server-expects"

[[tenant.user_flow]]
name = "Supplier"
identity_providers = ["email"]
apps = ["Orders"]
before_creation = "Supplier check"
organization_name = "Contoso Suppliers"
intro = "Welcome.\\nIt takes two minutes."

[[tenant.user_flow.attribute]]
attribute = "givenName"

[[tenant.user_flow.attribute]]
attribute = "surname"

[[tenant.user_flow.attribute]]
attribute = "streetAddress"
optional = true

[[tenant.user_flow.attribute]]
attribute = "country"

[[tenant.user_flow.attribute]]
attribute = "Staff"
label = "How many people work there"
help = "A rough number is enough."
optional = true

[[tenant.user_flow.attribute]]
attribute = "Size"
input = "radioSingleSelect"
choices = ["Small", "Large"]

[[tenant.user_flow.attribute]]
attribute = "Goods"
input = "checkboxMultiSelect"
choices = ["Bread", "Wine"]
optional = true

[[tenant.user_flow.attribute]]
attribute = "Founded"
input = "dateTimeDropdown"
optional = true

[[tenant.user_flow.attribute]]
attribute = "Newsletter"
optional = true
"""
ASK_AGAIN = answer(
    {"version": "1.0.0", "status": 400, "action": "ValidationError", "userMessage": "Use your full name."},
    400,
)
FINE = answer({"version": "1.0.0", "action": "Continue"})


@pytest.fixture(scope="module")
def host(
    tmp_path_factory: pytest.TempPathFactory, launch_browser: LaunchBrowser
) -> Iterator[tuple[Desktop, ConnectorServer]]:
    """Contoso with a flow that has every kind of control, and the connector it asks."""
    directory, port = tmp_path_factory.mktemp("sign-up"), free_port()
    with connector_server() as connector:
        seed = directory / "seed.toml"
        seed.write_text(SEED.replace("{connector}", connector.url))
        options = ("--port", str(port), "--seed", str(seed), "--outgoing-private")
        with (
            running_xenia(directory, *options) as xenia,
            launch_browser(trusted=[Path(xenia.ca_file).read_bytes()]) as browser,
        ):
            desk = Desktop(xenia, browser)
            yield desk, connector
            desk.close()


def from_the_app(desk: Desktop, person: Person, app: str = ORDERS, more: str = "") -> None:
    """The tester's link, as published how-tos have it, to the first page of the sign-in."""
    person.page.goto(
        f"{desk.xenia.base}/tester/?requesttype=OpenIdConnect&scope=openid+profile&responsetype=id_token"
        f"&responsemode=form_post&importtype=AzureAD&tenant=contoso.onxenia.localhost&clientid={app}{more}"
    )
    person.button("Submit")


def choose(person: Person, label: str) -> None:
    """Tick a box or a radio button."""
    target = person.page.get_by_label(label, exact=True)
    if person.way is Way.KEYBOARD:
        person.reach(target)
        person.page.keyboard.press("Space")
    else:
        target.check()


def select(person: Person, label: str, option: str) -> None:
    """Choose from a list; by keyboard its letters are typed, as people do."""
    target = person.page.get_by_label(label, exact=True)
    if person.way is Way.KEYBOARD:
        person.reach(target)
        person.page.keyboard.type(option)
        expect(target).to_have_value(option)
    else:
        target.select_option(option)


def user(desk: Desktop, address: str) -> list[dict[str, Any]]:
    """What the directory tells of this address."""
    query = quote(f"mail eq '{address}'")
    chosen = "id,userType,creationType,externalUserState,givenName,surname,country,identities"
    status, found = graph(desk.xenia, "GET", f"/users?$filter={query}&$select={chosen}")
    assert status == 200, json.dumps(found)
    result: list[dict[str, Any]] = found["value"]
    return result


@pytest.mark.parametrize("way", list(Way), ids=lambda way: way.value.replace(" ", "-"))
def test_somebody_without_an_invitation_becomes_a_guest(
    host: tuple[Desktop, ConnectorServer], way: Way
) -> None:
    desk, connector = host
    connector.will(ASK_AGAIN, FINE)
    address = f"kim-{way.name.lower()}@nordwind.example"
    person = desk.person(way)
    from_the_app(desk, person)
    person.heading("Sign in")
    person.check_page()
    person.button("Create one")
    person.heading("Create account")
    person.sees("It takes two minutes.")
    expect(person.page.locator(".guest-name")).to_have_text("Contoso Suppliers")
    person.check_page()
    person.type("Email", address)
    person.button("Next")
    person.heading("Send code")
    person.check_page()
    person.button("Send code")
    person.type("Enter code", desk.passcode(address))
    person.button("Verify")
    person.heading("Review permissions")
    person.check_page()
    person.button("Accept")

    person.heading("Add details")
    person.sees("You will be asked this once.")
    person.sees(address)
    person.check_page()
    for label, purpose in (
        ("Given Name", "given-name"),
        ("Surname", "family-name"),
        ("Country/Region", "country"),
    ):
        expect(person.page.get_by_label(label, exact=True)).to_have_attribute("autocomplete", purpose)
    person.type("Given Name", "Kim")
    person.type("Surname", "Larsen")
    select(person, "Country/Region", "Denmark")
    person.type("How many people work there", "12")
    choose(person, "Small")
    choose(person, "Wine")
    select(person, "Year", "1999")
    select(person, "Month", "5") if way is not Way.KEYBOARD else select_month(person)
    select(person, "Day", "17")
    choose(person, "Newsletter")
    person.button("Continue")
    expect(person.page.get_by_role("alert")).to_contain_text("Use your full name.")
    expect(person.page.get_by_label("Surname", exact=True)).to_have_value("Larsen")
    expect(person.page.get_by_label("Wine", exact=True)).to_be_checked()
    person.check_page()
    assert user(desk, address) == []
    person.type("Given Name", "Kim Anna")
    person.button("Continue")

    person.heading("Permissions requested")
    (made,) = user(desk, address)
    assert (made["userType"], made["creationType"]) == ("Guest", "SelfServiceSignUp")
    assert made["externalUserState"] is None
    assert (made["givenName"], made["surname"], made["country"]) == ("Kim Anna", "Larsen", "Denmark")
    sent = connector.received[-1].json
    collected = {
        name.rpartition("_")[2]: value for name, value in sent.items() if name.startswith("extension_")
    }
    assert collected == {
        "Staff": 12,
        "Size": "Small",
        "Goods": "Wine",
        "Founded": "1999-05-17",
        "Newsletter": True,
    }
    person.button("Accept")
    if way is Way.NO_SCRIPTS:
        person.button("Continue")
        return
    row = person.page.get_by_role("rowheader", name="idp", exact=True)
    expect(person.page.get_by_role("row").filter(has=row).first).to_contain_text("mail")


def select_month(person: Person) -> None:
    """Months are shown by name."""
    person.reach(person.page.get_by_label("Month", exact=True))
    person.page.keyboard.type("May")
    expect(person.page.get_by_label("Month", exact=True)).to_have_value("5")


def test_the_page_says_what_is_missing_where_it_is_missing(host: tuple[Desktop, ConnectorServer]) -> None:
    desk, _ = host
    address = "errors@nordwind.example"
    person = desk.person(Way.MOUSE)
    from_the_app(desk, person)
    person.button("Create one")
    person.type("Email", address)
    person.button("Next")
    person.button("Send code")
    person.type("Enter code", desk.passcode(address))
    person.button("Verify")
    person.button("Accept")
    person.heading("Add details")
    person.type("Given Name", "Kim")
    # As a browser sends it that knows no required fields.
    person.page.evaluate("document.querySelector('form[action$=\"/details\"]').noValidate = true")
    person.button("Continue")
    summary = person.page.get_by_role("alert")
    expect(summary).to_be_focused()
    assert person.page.title().startswith("Error: Add details")
    person.check_page()
    for label in ("Surname", "Country/Region"):
        expect(person.page.get_by_label(label, exact=True)).to_have_attribute("aria-invalid", "true")
    expect(person.page.get_by_label("Given Name", exact=True)).to_have_value("Kim")
    summary.get_by_role("link", name="Fill in \u201cSurname\u201d.").click()
    expect(person.page.get_by_label("Surname", exact=True)).to_be_focused()
    summary.get_by_role("link", name="Choose an option for \u201cSize\u201d.").click()
    expect(person.page.get_by_label("Small", exact=True)).to_be_focused()
    person.button("Cancel")
    person.sees("access_denied")
    assert user(desk, address) == []


def verified(desk: Desktop, person: Person, address: str) -> None:
    """From *Create account* to *Review permissions*, and accept."""
    person.button("Create one")
    person.type("Email", address)
    person.button("Next")
    person.button("Send code")
    person.type("Enter code", desk.passcode(address))
    person.button("Verify")
    person.heading("Review permissions")
    person.button("Accept")


def test_where_the_way_ends_the_page_says_so_and_leads_back(host: tuple[Desktop, ConnectorServer]) -> None:
    desk, connector = host
    person = desk.person(Way.KEYBOARD)
    from_the_app(desk, person, MEMBERS_ONLY, "&additionalparameters=prompt%3dcreate")
    person.heading("Not open for sign-up")
    person.sees("Payroll is not open for sign-up.")
    person.check_page()
    person.button("Back to Payroll")
    person.sees("access_denied")

    waiting = desk.person(Way.KEYBOARD)
    from_the_app(desk, waiting, CLUB)
    verified(desk, waiting, "waits@nordwind.example")
    waiting.heading("Waiting for approval")
    waiting.check_page()
    waiting.button("Check again")
    waiting.heading("Waiting for approval")

    for number, (reply, heading) in enumerate(
        (
            (
                answer({"version": "1.0.0", "action": "ShowBlockPage", "userMessage": "No <b>bakers</b>."}),
                "You cannot sign up here",
            ),
            (answer({"nonsense": True}), "Sign-up could not be finished"),
        )
    ):
        connector.will(reply)
        turned_away = desk.person(Way.KEYBOARD)
        from_the_app(desk, turned_away)
        verified(desk, turned_away, f"ends-{number}@nordwind.example")
        turned_away.heading("Add details")
        turned_away.type("Given Name", "Kim")
        turned_away.type("Surname", "Larsen")
        select(turned_away, "Country/Region", "Denmark")
        choose(turned_away, "Small")
        turned_away.button("Continue")
        turned_away.heading(heading)
        turned_away.check_page()
        turned_away.button("Back to Orders")
        turned_away.sees("access_denied")
