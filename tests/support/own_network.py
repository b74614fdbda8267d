"""A network namespace with a hosts file of its own: names of the real world lead to this machine there, and nowhere else.

Needs no rights where the kernel lets users have namespaces; elsewhere there is none, and ``why_not`` says so.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_SPACES = ("--user", "--net", "--mount")
_SET_UP = 'ip link set lo up && mount --bind "$1" /etc/hosts && echo ready && exec cat'


@dataclass(frozen=True)
class OwnNetwork:
    """A running namespace."""

    pid: int

    def command(self, *command: str) -> list[str]:
        """The command, to be run inside."""
        return ["nsenter", "--target", str(self.pid), *_SPACES, "--preserve-credentials", *command]


@cache
def why_not() -> str:
    """Why there can be no namespace here; empty when there can be one."""
    try:
        tried = subprocess.run(
            ["unshare", *_SPACES, "--map-root-user", "ip", "link", "set", "lo", "up"],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    except FileNotFoundError:
        return "unshare (util-linux) is not installed"
    return "" if tried.returncode == 0 else f"no network namespace here: {tried.stderr.strip()[:200]}"


@contextmanager
def own_network(directory: Path, names: Sequence[str]) -> Iterator[OwnNetwork]:
    """A namespace in which these names mean this machine, as long as the block lasts."""
    hosts = directory / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {' '.join(names)}\n::1 localhost\n", "ascii")
    holder = subprocess.Popen(
        ["unshare", *_SPACES, "--map-root-user", "sh", "-c", _SET_UP, "sh", str(hosts)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        yield OwnNetwork(holder.pid)
        # The end of its input is its end, and with the last process the namespace goes.
        holder.stdin.close()
