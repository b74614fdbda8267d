"""Every page there is, as the router knows them, in front of everybody who may come: administrator, guest, nobody."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from tests.support.furnished import Furnished
from tests.support.inspecting import Inspector
from tests.support.running import RunningXenia
from xenia.settings import ServerSettings, Settings, StorageSettings, WorkshopSettings
from xenia.web.routing import Router
from xenia.wiring import Installation, build

pytestmark = pytest.mark.browser
_PARTS = re.compile(r"/(html|invitation-mail|invite/mail|tester/explain|preview)$")
"""What a page shows inside itself: mails in frames, and the answer to a question of its scripts."""


@pytest.fixture(scope="module")
def patterns(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every pattern that answers GET, from the wired program itself, so that none is forgotten."""
    folder, base = tmp_path_factory.mktemp("routes"), "https://login.example.org"
    settings = Settings(
        server=ServerSettings(data=folder, public_url=base),
        storage=StorageSettings(),
        workshop=WorkshopSettings(tools=True, tool_token="routes"),
    )
    database = f"sqlite:///{folder / 'x.db'}"
    program = build(
        Installation(settings, base, ("login.example.org",), database, bytes(range(32)), "routes")
    )
    try:
        router = program.app._handler
        assert isinstance(router, Router)
        return [rule.rule for rule in router._map.map.iter_rules() if "GET" in (rule.methods or ())]
    finally:
        program.close()


def pages(xenia: RunningXenia, cookies: Any, patterns: list[str], furnished: Furnished) -> list[str]:
    """The addresses that lead this person to a page. What leads to the same page counts once."""
    ways: dict[tuple[int, str, str] | None, str] = {}
    with requests.Session() as session:
        session.trust_env, session.verify = False, xenia.ca_file
        for cookie in (cookies or {}).get("cookies", ()):
            session.cookies.set(cookie["name"], cookie["value"], path=cookie["path"])
        for pattern in patterns:
            for path in furnished.addresses(pattern):
                if not _PARTS.search(path):
                    ways.setdefault(_way(session, xenia.base + path), xenia.base + path)
    ways.pop(None, None)
    return list(ways.values())


def _way(session: requests.Session, url: str) -> tuple[int, str, str] | None:
    """What tells the page at this address from others; None: no page."""
    answer = session.get(url, headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
    if "text/html" not in answer.headers.get("content-type", ""):
        return None
    found = re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)
    title = found.group(1) if found else ""
    return answer.status_code, title, answer.url.partition("?")[0] if answer.ok else ""


@pytest.mark.parametrize("who", ["administrator", "guest", "nobody"])
def test_every_page(
    xenia: RunningXenia, chromium: Browser, patterns: list[str], furnished: Furnished, who: str
) -> None:
    """Accessible in both themes, wide and narrow; one heading, a title of its own, light, quiet; there without scripts."""
    cookies = {"administrator": furnished.administrator, "guest": furnished.guest, "nobody": None}[who]
    inspector = Inspector.window(chromium, cookies)
    plain = Inspector.window(chromium, cookies, scripts=False)
    try:
        found = pages(xenia, cookies, patterns, furnished)
        for url in found:
            plain.plain(url)
            inspector.open(url)
    finally:
        inspector.page.context.close()
        plain.page.context.close()
    assert len(found) > (40 if who == "administrator" else 8), found
    problems = inspector.problems + plain.problems
    assert not problems, "\n".join(problems)
