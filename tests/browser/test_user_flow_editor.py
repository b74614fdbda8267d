"""The editor of user flows: by keyboard, by dragging, with the live preview, and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.furnished import FLOW, FLOWS, Furnished
from tests.support.people import Desktop, Person, Way

pytestmark = pytest.mark.browser


def editor(desktop: Desktop, furnished: Furnished, way: Way, section: str = "user-attributes") -> Person:
    """The administrator at a section of the flow."""
    person = desktop.person(way)
    person.page.context.add_cookies(furnished.administrator["cookies"])
    person.page.goto(f"{desktop.xenia.base}/admin/contoso/{FLOWS}/{FLOW}/{section}")
    return person


def rows(person: Person) -> list[str]:
    """The attributes from top to bottom."""
    return [each.inner_text() for each in person.page.locator("[data-row] h3").all()]


@pytest.mark.parametrize("way", list(Way), ids=lambda way: way.value.replace(" ", "-"))
def test_rows_move_by_buttons_and_save_stores_their_order(
    desktop: Desktop, furnished: Furnished, way: Way
) -> None:
    person = editor(desktop, furnished, way)
    page, before = person.page, [name.lstrip("\u22ee") for name in rows(person)]
    button = page.get_by_role("button", name=f"Move {before[0]} down", exact=True)
    if way is Way.NO_SCRIPTS:
        person.press(button)
    elif way is Way.KEYBOARD:
        person.reach(button)
        page.keyboard.press("Enter")
    else:
        button.click()
    after = [before[1], before[0], *before[2:]]
    assert [name.lstrip("\u22ee") for name in rows(person)] == after
    expect(page.get_by_text("Unsaved changes: 1")).to_be_visible()
    expect(button).to_be_focused()
    if way is not Way.NO_SCRIPTS:
        expect(page.locator("[data-reorder-status]")).to_have_text(f"{before[0]}: place 2 of {len(before)}")
    person.button("Save")
    person.sees("Saved.")
    assert [name.lstrip("\u22ee") for name in rows(person)] == after


def test_a_row_is_dragged_and_the_preview_follows(desktop: Desktop, furnished: Furnished) -> None:
    person = editor(desktop, furnished, Way.MOUSE)
    page = person.page
    page.set_viewport_size({"width": 1280, "height": 2600})
    preview = page.frame_locator("iframe[name=flow-preview]")
    expect(preview.get_by_role("heading", level=1)).to_have_text("Add details")
    before = rows(person)
    last, first = page.locator("[data-row]").last, page.locator("[data-row]").first
    grip, goal = last.locator("[data-drag]").bounding_box(), first.bounding_box()
    assert grip is not None
    assert goal is not None
    page.mouse.move(grip["x"] + 5, grip["y"] + 5)
    page.mouse.down()
    page.mouse.move(goal["x"] + 20, goal["y"] + 200, steps=12)
    page.mouse.move(goal["x"] + 20, goal["y"] + 4, steps=6)
    page.mouse.up()
    after = [before[-1], *before[:-1]]
    assert rows(person) == after
    expect(page.get_by_text("Unsaved changes: 1")).to_be_visible()
    page.get_by_label(re.compile("^Label")).first.fill("Number on your contract")
    expect(preview.locator("form label").first).to_have_text(re.compile("^Number on your contract"))
    code = page.get_by_role("button", name="2 Code")
    code.click()
    expect(preview.get_by_role("heading", level=1)).to_have_text("Enter code")
    expect(code).to_have_attribute("aria-pressed", "true")
    page.get_by_role("checkbox", name="Dark").check()
    expect(preview.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_label(re.compile("^Label")).first.fill("Number")
    expect(preview.get_by_role("heading", level=1)).to_have_text("Enter code")
    expect(preview.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_label("Language", exact=True).select_option("de")
    expect(preview.locator("html")).to_have_attribute("lang", "de")
    frame = page.locator("iframe[name=flow-preview]")
    phone = frame.evaluate("frame => frame.clientWidth")
    page.get_by_label("Wide").check()
    assert frame.evaluate("frame => frame.clientWidth") > 2 * phone
    box = page.locator(".preview-box").bounding_box()
    shown = frame.bounding_box()
    assert box is not None
    assert shown is not None
    assert shown["width"] <= box["width"] + 1
    expect(page.get_by_text("Unsaved changes: 2")).to_be_visible()


def test_without_scripts_the_preview_is_asked_for(desktop: Desktop, furnished: Furnished) -> None:
    person = editor(desktop, furnished, Way.NO_SCRIPTS, "page-layouts")
    person.type("Organization name", "Contoso of the south")
    person.page.get_by_role("button", name="1 Sign-up page", exact=True).click()
    preview = person.page.frame_locator("iframe[name=flow-preview]")
    expect(preview.locator(".guest-name")).to_have_text("Contoso of the south")
    person.page.reload()
    expect(person.page.get_by_label(re.compile("^Organization name"))).to_have_value("Contoso Suppliers")
