"""Single sign-out in a real browser: hidden frames, the wait for them, the way on, and My Account's list of sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.support.app_server import AppServer, app_server
from tests.support.browser import LaunchBrowser
from tests.support.people import Desktop, Person, Way
from tests.support.running import RunningXenia, running_xenia

pytestmark = pytest.mark.browser
ORDERS, STOCK = "c11e4700-0000-4000-8000-0000000000f1", "c11e4700-0000-4000-8000-0000000000f2"
PASSWORD = "Correct-horse-battery-9"
MIA = "mia@contoso.onxenia.localhost"
SEED = """
[[tenant]]
name = "Contoso"
short_name = "contoso"
settings.security_defaults = false

[[tenant.user]]
name = "mia"
display_name = "Mia Member"
password = "%(password)s"

[[tenant.app]]
id = "%(orders_id)s"
name = "Orders"
redirect_uris.web = ["%(orders)s/in", "%(orders)s/bye"]
front_channel_logout = "%(orders)s/out"
id_tokens = true

[[tenant.app]]
id = "%(stock_id)s"
name = "Stock"
redirect_uris.web = ["%(stock)s/in"]
front_channel_logout = "%(stock)s/out"
id_tokens = true
"""


@pytest.fixture(scope="module")
def orders() -> Iterator[AppServer]:
    with app_server() as app:
        yield app


@pytest.fixture(scope="module")
def stock() -> Iterator[AppServer]:
    with app_server() as app:
        yield app


@pytest.fixture(scope="module")
def workshop(
    tmp_path_factory: pytest.TempPathFactory, orders: AppServer, stock: AppServer
) -> Iterator[RunningXenia]:
    """A server with two apps that want to be told."""
    directory = tmp_path_factory.mktemp("sign-out")
    seed = directory / "seed.toml"
    names = {"password": PASSWORD, "orders_id": ORDERS, "stock_id": STOCK}
    seed.write_text(SEED % {**names, "orders": orders.url, "stock": stock.url}, "utf-8")
    with running_xenia(directory, "--ephemeral", "--seed", str(seed)) as server:
        yield server


@pytest.fixture(scope="module")
def window(launch_browser: LaunchBrowser, workshop: RunningXenia) -> Iterator[Browser]:
    with launch_browser(trusted=[Path(workshop.ca_file).read_bytes()]) as browser:
        yield browser


@pytest.fixture
def desk(workshop: RunningXenia, window: Browser, orders: AppServer, stock: AppServer) -> Iterator[Desktop]:
    for app in (orders, stock):
        app.asked.clear()
        app.is_silent = False
    made = Desktop(workshop, window)
    yield made
    made.close(tolerated=("favicon",))


def signs_in(person: Person, base: str, orders: AppServer, stock: AppServer) -> str:
    """To Orders, then to Stock without being asked again; the ID token of Orders."""
    page = person.page
    page.goto(_authorize(base, ORDERS, orders))
    person.type("Email", MIA)
    person.button("Next")
    person.type("Password", PASSWORD)
    person.button("Sign in")
    _answer(person, f"{orders.url}/in")
    token = dict(parse_qsl(urlsplit(page.url).fragment))["id_token"]
    page.goto(_authorize(base, STOCK, stock))
    _answer(person, f"{stock.url}/in")
    return token


def _answer(person: Person, destination: str) -> None:
    """Accept where that is asked, decline to stay signed in, arrive."""
    page = person.page
    there = page.get_by_text("/in", exact=True)
    for name in ("Accept", "No"):
        button = page.get_by_role("button", name=name, exact=True)
        others = page.get_by_role("button", name="No", exact=True)
        expect(button.or_(others).or_(there).first).to_be_visible()
        if button.is_visible():
            person.button(name)
    page.wait_for_url(f"{destination}**")


def _authorize(base: str, app_id: str, app: AppServer) -> str:
    query = {
        "client_id": app_id,
        "response_type": "id_token",
        "redirect_uri": f"{app.url}/in",
        "scope": "openid profile",
        "nonce": "n",
    }
    return f"{base}/contoso/oauth2/v2.0/authorize?{urlencode(query)}"


def _logout(base: str, **query: str) -> str:
    return f"{base}/contoso/oauth2/v2.0/logout?{urlencode(query)}"


def _told(app: AppServer) -> list[str]:
    return [path for path in app.asked if path.startswith("/out")]


@pytest.mark.parametrize("way", [Way.MOUSE, Way.NO_SCRIPTS], ids=lambda way: way.value)
def test_both_apps_are_told_and_the_browser_goes_on(
    desk: Desktop, orders: AppServer, stock: AppServer, way: Way
) -> None:
    person, base = desk.person(way), desk.xenia.base
    token = signs_in(person, base, orders, stock)
    bye = f"{orders.url}/bye"
    person.page.goto(_logout(base, id_token_hint=token, post_logout_redirect_uri=bye, state="s"))
    person.page.wait_for_url(f"{bye}?state=s")
    for app in (orders, stock):
        (path,) = _told(app)
        assert list(dict(parse_qsl(urlsplit(path).query))) == ["iss", "sid"]
    person.page.goto(_authorize(base, ORDERS, orders))
    person.sees(MIA)
    person.sees("Signed out")


def test_an_app_that_does_not_answer_holds_nobody_up_for_long(
    desk: Desktop, orders: AppServer, stock: AppServer
) -> None:
    person, base = desk.person(), desk.xenia.base
    token = signs_in(person, base, orders, stock)
    stock.is_silent = True
    person.page.clock.install()
    person.page.goto(_logout(base, id_token_hint=token), wait_until="domcontentloaded")
    told = person.page.get_by_role("listitem")
    expect(told.filter(has_text="Orders")).to_contain_text("signed out")
    person.page.clock.fast_forward(5000)
    expect(told.filter(has_text="Stock")).to_contain_text("did not answer")
    person.heading("You signed out of your account")
    person.check_page()


@pytest.mark.parametrize("way", list(Way), ids=lambda way: way.value)
def test_where_somebody_is_signed_in(desk: Desktop, orders: AppServer, stock: AppServer, way: Way) -> None:
    person, base = desk.person(way), desk.xenia.base
    signs_in(person, base, orders, stock)
    person.page.goto(f"{base}/account/sessions?tenantId=contoso")
    person.heading("Where you're signed in")
    person.sees("This browser")
    person.sees(re.compile("Orders, Stock"))
    person.check_page()
    person.button("Sign out everywhere")
    person.heading("You signed out everywhere")
    person.check_page()
