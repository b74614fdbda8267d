"""One server and one browser for the session; every test brings its own people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser import LaunchBrowser
from tests.support.furnished import Furnished, furnish
from tests.support.people import Desktop
from tests.support.running import RunningXenia, running_xenia


@pytest.fixture(scope="session")
def xenia(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningXenia]:
    """``xenia up`` with the seed beside this file."""
    seed = Path(__file__).parent / "seed.toml"
    with running_xenia(tmp_path_factory.mktemp("browser"), "--seed", str(seed)) as server:
        yield server


@pytest.fixture(scope="session")
def chromium(launch_browser: LaunchBrowser, xenia: RunningXenia) -> Iterator[Browser]:
    """The real browser, trusting this server's own authority and nothing else besides the system's roots."""
    with launch_browser(trusted=[Path(xenia.ca_file).read_bytes()]) as browser:
        yield browser


@pytest.fixture(scope="session")
def furnished(xenia: RunningXenia, chromium: Browser) -> Iterator[Furnished]:
    """The tenant with something on every page, and two signed-in people."""
    desk = Desktop(xenia, chromium)
    yield furnish(desk)
    desk.close()


@pytest.fixture
def desktop(xenia: RunningXenia, chromium: Browser) -> Iterator[Desktop]:
    """Somebody's desk: opens browsers, reads the mailbox."""
    desk = Desktop(xenia, chromium)
    yield desk
    desk.close()
