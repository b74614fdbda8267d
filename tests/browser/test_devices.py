"""A device without a browser is signed in: by everybody's way of using a page, and every page looked at."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import LaunchBrowser
from tests.support.inspecting import Inspector
from tests.support.people import Desktop, Person, Way
from tests.support.running import RunningXenia, running_xenia

pytestmark = pytest.mark.browser
CLI = "c11e4700-0000-4000-8000-0000000000e1"
PASSWORD = "Correct-horse-battery-9"
MIA = "mia@contoso.onxenia.localhost"
SEED = f"""
[[tenant]]
name = "Contoso"
short_name = "contoso"
settings.security_defaults = false

[[tenant.user]]
name = "mia"
display_name = "Mia Member"
password = "{PASSWORD}"

[[tenant.app]]
id = "{CLI}"
name = "Stock CLI"
public_client = true
permissions.delegated = ["User.Read", "openid", "profile"]
"""


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningXenia]:
    """A server with a command-line program and one member."""
    directory = tmp_path_factory.mktemp("devices")
    seed = directory / "seed.toml"
    seed.write_text(SEED, "utf-8")
    with running_xenia(directory, "--ephemeral", "--seed", str(seed)) as server:
        yield server


@pytest.fixture
def window(launch_browser: LaunchBrowser, workshop: RunningXenia) -> Iterator[Browser]:
    with launch_browser(trusted=[Path(workshop.ca_file).read_bytes()]) as browser:
        yield browser


def _post(server: RunningXenia, endpoint: str, form: dict[str, str]) -> dict[str, Any]:
    """What the device sends; refusals are answers too."""
    request = urllib.request.Request(
        f"{server.base}/contoso/oauth2/v2.0/{endpoint}", urlencode(form).encode(), method="POST"
    )
    context = ssl.create_default_context(cafile=server.ca_file)
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as refused:
        found = json.load(refused)
    return found


def _start(server: RunningXenia) -> dict[str, Any]:
    return _post(server, "devicecode", {"client_id": CLI, "scope": "openid profile User.Read"})


def _poll(server: RunningXenia, started: dict[str, Any]) -> dict[str, Any]:
    form = {"grant_type": "device_code", "client_id": CLI, "device_code": started["device_code"]}
    return _post(server, "token", form)


@pytest.mark.parametrize("way", list(Way), ids=lambda way: way.value)
def test_a_person_signs_their_device_in(workshop: RunningXenia, window: Browser, way: Way) -> None:
    started = _start(workshop)
    desk = Desktop(workshop, window)
    person: Person = desk.person(way)
    page = person.page
    page.goto(started["verification_uri"])
    person.type("Code", started["user_code"])
    person.button("Next")
    person.heading("Are you trying to sign in to Stock CLI?")
    person.sees("Contoso (contoso.onxenia.localhost)")
    person.button("Continue")
    person.type("Email", MIA)
    person.button("Next")
    person.type("Password", PASSWORD)
    person.button("Sign in")
    person.button("No")
    person.heading("You have signed in on your device")
    assert "access_token" in _poll(workshop, started)
    desk.close()


def test_every_page_of_it(workshop: RunningXenia, window: Browser) -> None:
    """Rules, themes, widths and weight."""
    started = _start(workshop)
    inspector = Inspector.window(window)
    page = inspector.page
    inspector.open(f"{workshop.base}/device")
    page.get_by_label("Code").fill("BBBBBBBBB")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("AADSTS70018").first).to_be_visible()
    inspector.look(f"{workshop.base}/device (a wrong code)", budget=False)
    page.get_by_label("Code").fill(started["user_code"])
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    inspector.look(f"{workshop.base}/device (a waiting device)", budget=False)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The device is not signed in")
    inspector.look(f"{workshop.base}/device/confirm", budget=False)
    assert _poll(workshop, started)["error"] == "access_denied"
    assert not inspector.problems, "\n".join(inspector.problems)
