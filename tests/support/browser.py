"""The distribution's Chromium, driven by Playwright.

Owns finding and starting the browser and watching its pages for broken promises (script errors, refused
content). Trust is narrow: exactly one public key is accepted besides the system's roots, by its pin, so a test
cannot pass over a certificate that is not ours. It must not know any page of the product.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The first is the same engine without a window of its own: half the processor time for the same pages."""
_APPLICATIONS = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
_FLAGS = (
    "--no-sandbox",  # the tests may run as root, where Chromium's own sandbox refuses to start
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class BrowserUnavailableError(RuntimeError):
    """No Chromium is installed."""


def find_chromium() -> Path:
    """The browser's executable. Raises BrowserUnavailableError when none is installed."""
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    for application in _APPLICATIONS:
        if Path(application).exists():
            return Path(application)
    message = "no Chromium found; install the package 'chromium'"
    raise BrowserUnavailableError(message)


def public_key_pin(certificate_pem: bytes) -> str:
    """Base64 of the SHA-256 of a certificate's public key information (RFC 7469 section 2.4)."""
    key = x509.load_pem_x509_certificate(certificate_pem).public_key()
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(info).digest()).decode("ascii")


@contextmanager
def launched(playwright: Playwright, *, trusted: Sequence[bytes] = ()) -> Iterator[Browser]:
    """A running browser that accepts, besides the system's roots, chains holding one of the given certificates (PEM)."""
    flags = list(_FLAGS)
    if trusted:
        pins = ",".join(public_key_pin(pem) for pem in trusted)
        flags.append(f"--ignore-certificate-errors-spki-list={pins}")
    browser = playwright.chromium.launch(executable_path=find_chromium(), args=flags)
    try:
        yield browser
    finally:
        browser.close()


@dataclass
class PageWatch:
    """What a page complained about. Refused inline code, missing files and script errors all end up here."""

    complaints: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        """Listen to a page from now on."""
        page.on("console", lambda line: self._heard(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self._heard(str(error)))

    def _heard(self, complaint: str) -> None:
        self.complaints.append(complaint)

    def assert_quiet(self) -> None:
        """Fail, listing every complaint heard so far."""
        assert not self.complaints, "\n".join(self.complaints)


class LaunchBrowser(Protocol):
    """Starts a browser for as long as the `with` block lasts."""

    def __call__(self, *, trusted: Sequence[bytes] = ...) -> AbstractContextManager[Browser]: ...


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    """Playwright's driver, one for the session."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def launch_browser(playwright_driver: Playwright) -> LaunchBrowser:
    """A function that starts the real browser, trusting the certificates it is given.

    New contexts of the browser are separate people: no cookie is shared. Keep Playwright's own
    `ignore_https_errors` off; the pins above are what makes our certificate acceptable.
    """

    def launch(*, trusted: Sequence[bytes] = ()) -> AbstractContextManager[Browser]:
        return launched(playwright_driver, trusted=trusted)

    return launch


@pytest.fixture
def page_watch() -> Iterator[PageWatch]:
    """A watch whose complaints fail the test at its end."""
    watch = PageWatch()
    yield watch
    watch.assert_quiet()
