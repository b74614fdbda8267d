"""People in front of a real browser: by mouse, by keyboard only, or with scripts switched off."""

from __future__ import annotations

import datetime as dt
import io
import re
import threading
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pyotp
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.support.accessibility import problems_of
from tests.support.browser import PageWatch
from tests.support.running import RunningXenia

TABS = 120


class Way(Enum):
    """How somebody uses a page."""

    MOUSE = "mouse"
    KEYBOARD = "keyboard"
    NO_SCRIPTS = "no scripts"


@dataclass
class Person:
    """One browser profile, used in one way."""

    page: Page
    way: Way
    watch: PageWatch
    secrets: dict[str, str] = field(default_factory=dict)

    def press(self, target: Locator) -> None:
        """Press a button or link, and be where it leads."""
        if self.way is Way.KEYBOARD:
            self.reach(target)
        with self.page.expect_navigation():
            if self.way is Way.KEYBOARD:
                self.page.keyboard.press("Enter")
            else:
                target.click()

    def button(self, name: str) -> None:
        """Press the button with this name."""
        self.press(self.page.get_by_role("button", name=name, exact=True).first)

    def link(self, name: str) -> None:
        """Follow the link with this name."""
        self.press(self.page.get_by_role("link", name=name, exact=True).first)

    def type(self, label: str, text: str) -> None:
        """Type into the field with this label."""
        target = self.page.get_by_label(re.compile(rf"^{re.escape(label)}\b")).first
        if self.way is Way.KEYBOARD:
            self.reach(target)
            self.page.keyboard.press("Control+A")
            self.page.keyboard.type(text)
        else:
            target.fill(text)

    def reach(self, target: Locator) -> None:
        """Walk there by the Tab key."""
        expect(target).to_be_visible()
        handle = target.element_handle()
        for _ in range(TABS):
            if self.page.evaluate("element => document.activeElement === element", handle):
                return
            self.page.keyboard.press("Tab")
        message = f"not reachable by keyboard: {target}"
        raise AssertionError(message)

    def sees(self, text: str | re.Pattern[str]) -> None:
        """The page's main part says this."""
        expect(self.page.get_by_role("main")).to_contain_text(text)

    def heading(self, text: str | re.Pattern[str]) -> None:
        """The page's heading is this."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def check_page(self) -> None:
        """Accessibility rules hold, in both themes, wide and narrow, without sideways scrolling."""
        if self.way is Way.NO_SCRIPTS:
            return
        problems = list(problems_of(self.page))
        assert not problems, f"{self.page.url}:\n" + "\n".join(problems)


class Desktop:
    """Opens browsers for people and reads the captured mail as they would."""

    def __init__(self, xenia: RunningXenia, browser: Browser) -> None:
        self.xenia = xenia
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._watches: list[PageWatch] = []

    def person(self, way: Way = Way.MOUSE, beside: Person | None = None) -> Person:
        """Somebody with a browser of their own, or another window of the same browser."""
        if beside is None:
            context = self._browser.new_context(
                java_script_enabled=way is not Way.NO_SCRIPTS, viewport={"width": 1280, "height": 900}
            )
            self._contexts.append(context)
        else:
            context = beside.page.context
        page = context.new_page()
        watch = PageWatch()
        watch.follow(page)
        self._watches.append(watch)
        return Person(page, way, watch)

    def close(self, *, tolerated: tuple[str, ...] = ()) -> None:
        """Close every browser. Pages that complained about refused content fail the test.

        *tolerated*: what other people's pages complain of.
        """
        passed_over = ("status of 4", *tolerated)
        for context in self._contexts:
            context.close()
        complaints = [
            line
            for watch in self._watches
            for line in watch.complaints
            if not any(words in line for words in passed_over)
        ]
        assert not complaints, "\n".join(complaints)

    def mails(self, address: str) -> list[dict[str, Any]]:
        """Captured mail to this address, newest first, with both parts."""
        status, found = self.xenia.call("GET", f"/mailbox/api/messages?search=to:{address}&limit=50")
        assert status == 200, found
        return [
            self.xenia.call("GET", f"/mailbox/api/messages/{mail['id']}")[1] for mail in found["messages"]
        ]

    def mail(self, address: str, subject: str, *, after: int = 0) -> dict[str, Any]:
        """The newest mail to this address with this in its subject; waits for the dispatcher."""
        waiting = threading.Event()
        for _ in range(150):
            found = [mail for mail in self.mails(address) if subject in mail["subject"]]
            if len(found) > after:
                return found[0]
            waiting.wait(0.1)
        message = (
            f"no mail to {address} about {subject!r}: {[mail['subject'] for mail in self.mails(address)]}"
        )
        raise AssertionError(message)

    def codes_sent(self, address: str) -> int:
        """How many passcodes went to this address so far."""
        return sum(1 for mail in self.mails(address) if "verification code" in mail["subject"])

    def passcode(self, address: str, *, after: int = 0) -> str:
        """The newest passcode mailed to this address."""
        mail = self.mail(address, "verification code", after=after)
        found = re.search(r"\b(\d{4}) (\d{4})\b", mail["text"])
        assert found is not None, mail["text"]
        return "".join(found.groups())

    def accept_link(self, address: str) -> str:
        """The link of the newest invitation mail, as its text part has it."""
        mail = self.mail(address, "invited you")
        found = re.search(r"https://\S+/redeem\?rd=\S+", mail["text"])
        assert found is not None, mail["text"]
        return found.group()


def secret_in_qr(person: Person) -> str:
    """What an independent decoder reads from the QR code on the screen: the authenticator's secret."""
    picture = Image.open(io.BytesIO(person.page.locator(".qr").screenshot()))
    found = zxingcpp.read_barcodes(picture)
    assert found, "no QR code on the page"
    parsed = pyotp.parse_uri(found[0].text)
    assert isinstance(parsed, pyotp.TOTP)
    assert (parsed.digits, parsed.interval) == (6, 30)
    return parsed.secret


def code_now(secret: str) -> str:
    """What the authenticator app shows."""
    return pyotp.TOTP(secret).now()


def code_next(secret: str) -> str:
    """What it shows in thirty seconds: accepted already, and never used before by somebody who signed in just now."""
    return pyotp.TOTP(secret).at(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30))
