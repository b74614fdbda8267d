"""The ``xenia`` command, run to its end: what it printed and how it ended."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

from click.testing import CliRunner

from xenia.cli.commands import xenia as command

UNSET = ("XENIA_DATA", "XENIA_DATABASE", "XENIA_CONFIG", "XENIA_PORT", "XENIA_HOST")
"""Settings of whoever runs the tests; they are nobody's default here."""
_SERVERS = ("up", "serve")


@dataclass(frozen=True)
class Ended:
    """What is left of a command."""

    returncode: int
    stdout: str
    stderr: str


def xenia(*arguments: str, env: dict[str, str] | None = None) -> Ended:
    """One run. Tools run inside the test's process, which spares a second each; servers that refuse to start do not."""
    if arguments[0] in _SERVERS:
        return xenia_process(*arguments, env=env)
    done = CliRunner().invoke(command, list(arguments), env={**dict.fromkeys(UNSET), **(env or {})})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ended(done.exit_code, done.stdout, done.stderr)


def xenia_process(*arguments: str, env: dict[str, str] | None = None) -> Ended:
    """One run as a process of its own, as a shell starts it."""
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    done = subprocess.run(
        [sys.executable, "-m", "xenia", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**kept, **(env or {})},
    )
    return Ended(done.returncode, done.stdout, done.stderr)
