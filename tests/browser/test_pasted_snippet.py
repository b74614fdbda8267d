"""The MSAL snippet that ``xenia up`` prints works when pasted: a member signs in and the claims appear."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from tests.support.browser import LaunchBrowser
from tests.support.people import Desktop, code_now
from tests.support.running import RunningXenia, running_xenia

pytestmark = [pytest.mark.browser, pytest.mark.clients]


def printed_snippet(server: RunningXenia) -> str:
    """What stands between the invitation to paste and the farewell."""
    lines = list(server.output)
    start = next(number for number, line in enumerate(lines) if "then paste" in line)
    end = next(number for number, line in enumerate(lines) if line.startswith("Stop with"))
    return textwrap.dedent("".join(lines[start + 1 : end]))


def test_the_printed_snippet_signs_somebody_in(tmp_path: Path, launch_browser: LaunchBrowser) -> None:
    opened = tmp_path / "opened"
    os.mkfifo(opened)
    with running_xenia(tmp_path) as server:
        snippet = printed_snippet(server)
        ast.parse(snippet)
        process = subprocess.Popen(
            [sys.executable, "-c", snippet],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # The "browser" of this machine hands the address over to the one that the test drives.
            env={**os.environ, "BROWSER": f"{_handing_over(tmp_path, opened)} %s"},
        )
        try:
            url = _read(opened)
            with launch_browser(trusted=[Path(server.ca_file).read_bytes()]) as browser:
                desk = Desktop(server, browser)
                person = desk.person()
                admin = next(user for user in server.tenant["users"] if user["is_administrator"])
                person.page.goto(url)
                person.type("Email", admin["user_principal_name"])
                person.button("Next")
                person.type("Password", admin["password"])
                person.button("Sign in")
                person.type("Enter code", code_now(admin["authenticator_secret"]))
                person.button("Verify")
                if person.page.get_by_role("button", name="Accept", exact=True).is_visible():
                    person.button("Accept")
                person.page.get_by_role("button", name="No", exact=True).click()
                output, _ = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait(timeout=30)
    assert server.tenant["id"] in output, output
    assert admin["user_principal_name"] in output, output


def _handing_over(directory: Path, pipe: Path) -> Path:
    script = directory / "browser.sh"
    script.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{pipe}"\n')
    script.chmod(0o700)
    return script


def _read(pipe: Path) -> str:
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()), daemon=True)
    reader.start()
    reader.join(90)
    assert found, "no browser was opened"
    return found[0]
