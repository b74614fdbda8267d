"""The administrator's work by keyboard alone: every act has a way, every way leads out again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import PageWatch
from tests.support.furnished import Furnished
from tests.support.people import Person, Way
from tests.support.running import RunningXenia

pytestmark = pytest.mark.browser
_FOCUS = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  const drawn = getComputedStyle(one);
  return {
    where: one === document.body ? '' : `${one.tagName} ${one.id} ${one.textContent.trim().slice(0, 40)} ${box.top}`,
    ring: parseFloat(drawn.outlineWidth) >= 2 && drawn.outlineStyle !== 'none',
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""


@pytest.fixture
def administrator(xenia: RunningXenia, chromium: Browser, furnished: Furnished) -> Iterator[Person]:
    """Signed in, with hands on the keyboard."""
    context = chromium.new_context(
        storage_state=furnished.administrator,
        viewport={"width": 1280, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
        base_url=xenia.base,
    )
    page, watch = context.new_page(), PageWatch()
    watch.follow(page)
    yield Person(page, Way.KEYBOARD, watch)
    context.close()
    assert not [line for line in watch.complaints if "status of 4" not in line]


def test_creating_a_tenant(administrator: Person) -> None:
    administrator.page.goto("/admin/new-tenant")
    administrator.type("Name", "Fabrikam Keys")
    administrator.button("Create")
    administrator.sees("Fabrikam Keys")
    administrator.sees("fabrikam-keys.onxenia.localhost")


def test_registering_an_app_copying_its_id_and_adding_a_secret(administrator: Person) -> None:
    page = administrator.page
    page.goto("/admin/contoso/app-registrations")
    administrator.link("New registration")
    administrator.type("Name", "Keyboard app")
    administrator.type("Redirect URI", "https://keys.contoso.example/callback")
    administrator.button("Register")
    administrator.heading("Keyboard app")
    copy = page.get_by_role("button", name="Copy Application (client) ID")
    administrator.reach(copy)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Copied").first).to_be_attached()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.get_by_label("Application (client) ID", exact=True).input_value()
    administrator.link("Certificates & secrets")
    administrator.type("Description", "by hand")
    administrator.button("Add")
    administrator.sees("Copy the Value now.")
    administrator.reach(page.get_by_role("button", name="Copy Value"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Copied").first).to_be_attached()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#secret-value").input_value()


def test_changing_the_collaboration_settings(administrator: Person) -> None:
    page = administrator.page
    page.goto("/admin/contoso/external-identities/collaboration-settings")
    administrator.reach(page.get_by_label("Guest users have limited access"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("restricted to properties")).to_be_checked()
    administrator.button("Save")
    administrator.heading("External collaboration settings")
    expect(page.get_by_label("restricted to properties")).to_be_checked()
    administrator.reach(page.get_by_label("restricted to properties"))
    page.keyboard.press("ArrowUp")
    administrator.button("Save")
    expect(page.get_by_label("Guest users have limited access")).to_be_checked()


def test_reading_a_record_of_each_log(administrator: Person) -> None:
    page = administrator.page
    for log, detail in (("audit-logs", "Activity"), ("sign-in-logs", "Basic info")):
        page.goto(f"/admin/contoso/{log}")
        administrator.press(
            page.get_by_role("table").get_by_role("link").nth(5 if log == "audit-logs" else 4)
        )
        expect(page.get_by_role("heading", level=2, name=detail, exact=True)).to_be_visible()
        assert re.search(rf"/{log}/[0-9a-f-]+", page.url)


def test_what_is_refused_is_summed_up_under_the_focus(administrator: Person) -> None:
    page = administrator.page
    page.goto("/admin/contoso/users/invite")
    administrator.type("Email", "somebody@nordwind.example")
    administrator.type("Invite redirect URL", "ftp://files.nordwind.example")
    administrator.button("Review + invite")
    assert page.title().startswith("Error: ")
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    link = summary.get_by_role("link").first
    administrator.reach(link)
    page.keyboard.press("Enter")
    field = page.get_by_label(re.compile("^Invite redirect URL"))
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("ftp://files.nordwind.example")
    expect(page.get_by_label(re.compile("^Email"))).to_have_value("somebody@nordwind.example")


def test_escape_closes_a_question_and_gives_the_focus_back(
    administrator: Person, furnished: Furnished
) -> None:
    page = administrator.page
    page.goto(f"/admin/contoso/users/{furnished.users['waiting']}")
    asked = page.get_by_role("link", name="Delete", exact=True)
    administrator.reach(asked)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert dialog.evaluate("one => one.contains(document.activeElement)")
    administrator.reach(dialog.get_by_role("button", name="Delete"))
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(asked).to_be_focused()


@pytest.mark.parametrize("path", ["users", "users/invite", "app-registrations", "properties", "audit-logs"])
def test_tab_walks_through_and_out_again(administrator: Person, path: str) -> None:
    """Each stop is visible, ringed and left again; the walk ends at the top."""
    page = administrator.page
    page.goto(f"/admin/contoso/{path}")
    stops: list[str] = []
    for _ in range(300):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUS)
        if stops and (not stop["where"] or stop["where"] == stops[0]):
            break
        assert stop["ring"] or stop["where"].startswith("IFRAME"), stop
        assert stop["inside"], stop
        assert not stops or stop["where"] != stops[-1] or stop["where"].startswith("IFRAME"), stop
        stops.append(stop["where"])
    else:
        pytest.fail(f"Tab does not leave {path}: {stops[-5:]}")
    assert len(stops) > 15
