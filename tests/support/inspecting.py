"""What must hold on every page, whatever it is about: the rules for weight, structure, quiet, and those of `accessibility`.

Owns one browser window in which pages are opened and looked at. Knows no page and no test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, Request

from tests.support.accessibility import WIDE, problems_of, scrolls_sideways
from tests.support.browser import PageWatch

_LIVE = ("fetch", "xhr", "eventsource", "ping")


@dataclass(frozen=True)
class Budget:
    """The most a page may cost a first visitor."""

    kilobytes: float
    requests: int


GUEST_PAGE = Budget(25, 4)
ADMIN_PAGE = Budget(50, 6)
TOOL_PAGE = Budget(50, 9)
"""The tester's pages load what they decode and check with in modules by subject."""
EDITOR_PAGE = Budget(50, 9)
"""Beside the form stands a whole page of somebody else's sight, in a frame, with its own stylesheet."""

_STRUCTURE = """() => {
  const first = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
    .find((one) => one.tabIndex >= 0 && one.getClientRects().length);
  return {
    headings: [...document.querySelectorAll('h1')].filter((one) => one.getClientRects().length).length,
    title: document.title,
    skip: first?.matches('a.skip[href="#main"]') ?? false,
    main: document.querySelector('main#main')?.innerText.trim() ?? '',
    surface: document.documentElement.className,
    language: document.documentElement.lang,
  };
}"""


@dataclass
class Inspector:
    """One window. What is wrong is collected, so that one run names everything."""

    page: Page
    problems: list[str] = field(default_factory=list)
    titles: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Where each title was seen, and above what."""
    _watch: PageWatch = field(default_factory=PageWatch)
    _requests: list[Request] = field(default_factory=list)

    @classmethod
    def window(cls, browser: Browser, cookies: Any = None, *, scripts: bool = True) -> Inspector:
        """A new browser profile with these cookies, its memory of files switched off."""
        context = browser.new_context(storage_state=cookies, java_script_enabled=scripts, viewport=WIDE)
        inspector = cls(context.new_page())
        inspector._watch.follow(inspector.page)
        inspector.page.on("request", lambda request: inspector._requests.append(request))
        if scripts:
            inspector._forget_files()
        return inspector

    def _forget_files(self) -> None:
        session = self.page.context.new_cdp_session(self.page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def open(self, url: str) -> None:
        """Go there and look at everything."""
        self._requests.clear()
        self._watch.complaints.clear()
        self.page.goto(url)
        self.look(url)

    def look(self, where: str, *, budget: bool = True) -> None:
        """Look at the page that is open now."""
        found = self.page.evaluate(_STRUCTURE)
        self._structure(where, found)
        for problem in problems_of(self.page):
            self._expect(False, f"{where} {problem}")
        if budget:
            self._weigh(where, _budget_of(where, found["surface"]))
        for complaint in self._watch.complaints:
            # The browser reports the status of a refused page itself; that page is what is being looked at.
            self._expect("status of 4" in complaint, f"{where} complains: {complaint}")

    def plain(self, url: str) -> None:
        """Go there without scripts: the page is there, says something and fits."""
        self.page.goto(url)
        found = self.page.evaluate(_STRUCTURE)
        self._expect(len(found["main"]) > 20, f"{url} is empty without scripts")
        self._expect(found["headings"] == 1, f"{url} has {found['headings']} headings without scripts")
        sideways = scrolls_sideways(self.page)
        self._expect(not sideways, f"{url} scrolls sideways without scripts: {sideways}")

    def _structure(self, where: str, found: dict[str, Any]) -> None:
        self._expect(found["headings"] == 1, f"{where} has {found['headings']} first-level headings")
        self._expect(found["skip"], f"{where}: the skip link is not what Tab reaches first")
        self._expect(bool(found["main"]), f"{where} is empty")
        self._expect(bool(found["language"]), f"{where} names no language")
        other, words = self.titles.setdefault(found["title"], (self.page.url, found["main"]))
        same = words == found["main"] or same_page(other, self.page.url)
        self._expect(same, f"{where} and {other} are both titled {found['title']!r}")

    def _weigh(self, where: str, budget: Budget) -> None:
        """Bytes on the wire and requests of a first visit; what a live region asks for later does not count."""
        weighed = [
            one
            for one in self._requests
            if one.resource_type not in _LIVE and not one.redirected_to and one.url.startswith("https:")
        ]
        total = 0.0
        for request in weighed:
            sizes = request.sizes()
            total += (sizes["responseBodySize"] + sizes["responseHeadersSize"]) / 1000
        names = [re.sub(r".*/", "", request.url.partition("?")[0]) for request in weighed]
        self._expect(
            total <= budget.kilobytes, f"{where} weighs {total:.1f} kB of {budget.kilobytes}: {names}"
        )
        self._expect(
            len(weighed) <= budget.requests,
            f"{where} makes {len(weighed)} requests of {budget.requests}: {names}",
        )

    def _expect(self, holds: bool, problem: str) -> None:
        if not holds and problem not in self.problems:
            self.problems.append(problem)


def _budget_of(where: str, surface: str) -> Budget:
    if "/tester/" in where:
        return TOOL_PAGE
    if "/user-flows/B2X_1_" in where:
        return EDITOR_PAGE
    return GUEST_PAGE if "guest" in surface.split() else ADMIN_PAGE


def same_page(one: str, other: str) -> bool:
    """Whether two addresses are the same page about different things: ids, queries and the tenant's names aside."""
    return _shape(one) == _shape(other)


def _shape(url: str) -> str:
    path = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", url.partition("?")[0])
    return re.sub(r"/admin/[^/]+", "/admin/TENANT", path)
