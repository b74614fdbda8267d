"""Makes the pictures of the documentation from the real program, by walking through the tutorial in Chromium.

`python scripts/screenshots.py` starts a workshop of its own and writes docs/images/*.png. The walk uses the labels that
docs/tutorials/first-guest.md names, so it also shows that the tutorial can be followed.
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import pyotp  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402

from tests.support.browser import launched  # noqa: E402
from tests.support.running import RunningXenia, running_xenia  # noqa: E402

IMAGES = ROOT / "docs" / "images"
COLOURS = 128
GUEST = "maria@partner.example"


@dataclass
class Diary:
    """What was seen on the way: headings, and everything the pages said."""

    headings: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


class Walk:
    """One browser profile that follows the tutorial."""

    def __init__(self, page: Page, base: str, diary: Diary) -> None:
        self.page, self.base, self.diary = page, base, diary

    def open(self, path: str) -> None:
        """Type an address."""
        self.page.goto(path if path.startswith("https://") else self.base + path)
        self.note()

    def choose(self, name: str, role: str = "button") -> None:
        """Press the button (or follow the link) with this name."""
        with self.page.expect_navigation():
            self.page.get_by_role(role, name=re.compile(rf"^{re.escape(name)}( |$)")).first.click()  # type: ignore[arg-type]
        self.note()

    def fill(self, label: str, text: str) -> None:
        """Fill the field with this label."""
        self.page.get_by_label(re.compile(rf"^{re.escape(label)}\b")).first.fill(text)

    def arrive(self, heading: str) -> None:
        """Wait until the page with this heading is there: some pages lead on by themselves."""
        expect(self.page.get_by_role("heading", level=1).first).to_have_text(re.compile(heading))
        self.note()

    def shoot(self, name: str, height: int) -> None:
        """A picture of the window, small enough for a README."""
        IMAGES.mkdir(exist_ok=True)
        self.page.set_viewport_size({"width": 1120, "height": height})
        target = IMAGES / f"{name}.png"
        self.page.screenshot(path=target, animations="disabled")
        with Image.open(target) as picture:
            picture.convert("RGB").quantize(COLOURS).save(target, optimize=True)
        self.page.set_viewport_size({"width": 1120, "height": 800})

    def note(self) -> None:
        """Write down where this is."""
        heading = self.page.get_by_role("heading", level=1).first
        title = heading.inner_text() if heading.count() else "-"
        self.diary.headings.append(f"{title}  <{self.page.url.partition('?')[0]}>")
        self.diary.words.append(self.page.locator("body").inner_text())


def administrator(walk: Walk, name: str, password: str, secret: str) -> None:
    """Sign in to the portal."""
    walk.open("/admin")
    walk.choose("Contoso", "link")
    walk.fill("Email", name)
    walk.choose("Next")
    walk.fill("Password", password)
    walk.choose("Sign in")
    walk.fill("Enter code", pyotp.TOTP(secret).now())
    walk.choose("Verify")
    walk.choose("No")
    walk.arrive("Overview|Contoso")


def invite(walk: Walk) -> None:
    """Users, Invite external user, Review + invite, Invite."""
    walk.choose("Users", "link")
    walk.choose("Invite external user", "link")
    walk.fill("Email", GUEST)
    walk.fill("Display name", "Maria Partner")
    walk.fill("Message", "Welcome. Here you find the delivery dates.")
    walk.choose("Review + invite")
    walk.shoot("invite", 760)
    walk.choose("Invite")


def newest_mail(walk: Walk, subject: str) -> None:
    """Open the newest mail with this in its subject, once it is there."""
    for _ in range(100):
        walk.page.goto(f"{walk.base}/mailbox")
        found = walk.page.get_by_role("link", name=re.compile(subject)).first
        if found.count():
            with walk.page.expect_navigation():
                found.click()
            walk.note()
            return
        threading.Event().wait(0.1)
    raise AssertionError(subject)


def passcode(walk: Walk) -> str:
    """The newest code, read in a second tab."""
    second = Walk(walk.page.context.new_page(), walk.base, walk.diary)
    newest_mail(second, "verification code")
    text = second.page.locator("main").inner_text() + second.page.frames[-1].content()
    second.page.close()
    found = re.search(r"\b(\d{4}) ?(\d{4})\b", text)
    assert found is not None, text
    return "".join(found.groups())


def accept(walk: Walk) -> str:
    """Open the invitation, prove the mailbox, accept, set up the authenticator app; its secret."""
    newest_mail(walk, "invited you")
    walk.open(walk.page.get_by_role("link", name=re.compile("^Open link")).get_attribute("href") or "")
    walk.choose("Send code")
    walk.fill("Enter code", passcode(walk))
    walk.choose("Sign in")
    walk.shoot("review-permissions", 720)
    walk.choose("Accept")
    walk.choose("Next")
    walk.page.get_by_text("Can't scan image?").click()
    secret = re.sub(r"\s", "", walk.page.locator("#secret-key").inner_text())
    second = Walk(walk.page.context.new_page(), walk.base, walk.diary)
    second.open("/labs/authenticator")
    second.fill("Secret key", secret)
    second.page.get_by_role("button", name="Show code").click()
    expect(second.page.locator("#accounts")).to_contain_text(re.compile(r"\d{3} ?\d{3}"))
    second.page.close()
    walk.fill("Enter code", pyotp.TOTP(secret).now())
    walk.choose("Next")
    walk.arrive("My apps|My Apps")
    return secret


def client_id(walk: Walk) -> str:
    """App registrations, Orders, Overview: Application (client) ID."""
    walk.open("/admin/contoso")
    walk.choose("App registrations", "link")
    walk.choose("Orders", "link")
    return walk.page.locator("#client-id").input_value()


def tester(walk: Walk, app_id: str, secret: str) -> None:
    """The tester, as the guest."""
    walk.open("/tester/")
    walk.fill("Tenant", "contoso.onxenia.localhost")
    walk.fill("Client ID", app_id)
    walk.choose("Submit")
    walk.arrive("^(Sign in|Pick an account)$")
    if walk.page.get_by_role("link", name="Use another account").count():
        walk.choose("Use another account", "link")
    walk.fill("Email", GUEST)
    walk.choose("Next")
    walk.choose("Send code")
    walk.fill("Enter code", passcode(walk))
    walk.choose("Sign in")
    walk.fill("Enter code", pyotp.TOTP(secret).at(datetime.now(UTC), counter_offset=1))
    walk.choose("Verify")
    if walk.page.get_by_role("button", name="Accept").count():
        walk.choose("Accept")
    expect(walk.page.get_by_role("main")).to_contain_text("idp")
    walk.page.get_by_text("Claims of the ID token").first.evaluate("element => element.scrollIntoView()")
    walk.shoot("tester", 800)


def story(browser: Browser, base: str, user: dict[str, str]) -> Diary:
    """The whole tutorial in one browser profile, and what was seen on the way."""
    diary = Diary()
    page = browser.new_context(viewport={"width": 1120, "height": 800}).new_page()
    page.set_default_timeout(10_000)
    walk = Walk(page, base, diary)
    try:
        administrator(walk, user["user_principal_name"], user["password"], user["authenticator_secret"])
        invite(walk)
        secret = accept(walk)
        tester(walk, client_id(walk), secret)
        walk.open("/labs/invite-guests")
    except Exception:
        page.screenshot(path=Path(tempfile.gettempdir()) / "xenia-walk.png")
        print("\n".join(diary.headings))
        raise
    return diary


def main() -> None:
    """Start a workshop and walk."""
    with tempfile.TemporaryDirectory() as folder, running_xenia(Path(folder), "--ephemeral") as xenia:
        print("\n".join(walked(xenia).headings))


def walked(xenia: RunningXenia) -> Diary:
    """The story on a running workshop."""
    with sync_playwright() as driver, launched(driver, trusted=[Path(xenia.ca_file).read_bytes()]) as browser:
        return story(browser, xenia.base, xenia.tenant["users"][0])


if __name__ == "__main__":
    main()
