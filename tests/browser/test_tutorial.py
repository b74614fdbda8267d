"""The tutorial can be followed: the walk reaches its end, and every label it names was on the screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from scripts import screenshots
from tests.support.browser import launched
from tests.support.running import running_xenia

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorials" / "first-guest.md"

pytestmark = pytest.mark.browser


def test_the_tutorial_is_true(
    tmp_path: Path, playwright_driver: Playwright, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screenshots, "IMAGES", tmp_path / "images")
    with (
        running_xenia(tmp_path, "--ephemeral") as xenia,
        launched(playwright_driver, trusted=[Path(xenia.ca_file).read_bytes()]) as browser,
    ):
        diary = screenshots.story(browser, xenia.base, xenia.tenant["users"][0])
    assert "Signed in" in "\n".join(diary.headings)
    assert diary.headings[-1].startswith("Invite guest users")
    seen = "\n".join(diary.words)
    named = re.findall(r"\*\*([^*]+)\*\*", TUTORIAL.read_text("utf-8"))
    assert len(named) > 30
    assert [label for label in named if label not in seen] == []
    lab = diary.words[-1]
    assert "idp" in lab
    assert xenia.tenant["id"] in lab
