"""The servers under measurement: Xenia with thousands of guests, and the neighbour beside it.

Both are started as their users start them, on loopback, with TLS and one RS256 key of 2048 bits.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xenia.core.addresses import address_key
from xenia.core.directory.user import (
    CreationType,
    ExternalUserState,
    User,
    UserType,
    guest_upn,
    mail_identity,
    upn_identity,
)
from xenia.outside.ambient import SystemEntropy
from xenia.ports import Transaction
from xenia.storage.store import open_store

HERE = Path(__file__).parent
TENANT = "be0c4000-0000-4000-8000-000000000000"
CLIENT_ID = "be0c4000-0000-4000-8000-0000000000a1"
CLIENT_SECRET = "a secret of the bench, 32 letters"
REDIRECT_URI = "https://app.example/signed-in"
GUESTS = "guest{}@partner.example"
GUEST_COUNT = 5000
START_LIMIT = 60.0

_SEED = f"""
[[tenant]]
id = "{TENANT}"
name = "Bench"
short_name = "bench"
[tenant.settings]
security_defaults = false
[[tenant.app]]
id = "{CLIENT_ID}"
name = "Orders"
redirect_uris.web = ["{REDIRECT_URI}"]
permissions = {{ application = ["User.Read.All"], delegated = ["openid", "profile", "User.Read"] }}
[[tenant.app.secret]]
value = "{CLIENT_SECRET}"
"""


class NotStarted(Exception):
    """A server under measurement did not come up; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A running server: its process, and what the load generator must know of it."""

    pid: int
    start_seconds: float
    """From the start of the process to the first answered request."""
    wire: dict[str, Any]
    """Port, CA, paths and client of every job."""
    data: Path | None = None
    """Xenia's data directory."""

    def threads_named(self, part: str) -> list[int]:
        """Native ids of Xenia's threads whose name contains *part*."""
        assert self.data is not None
        told = self.data.parent / "threads.json"
        told.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        _until(told.exists)
        return [number for name, number in json.loads(told.read_text()).items() if part in name]


@contextmanager
def xenia(directory: Path, *, ephemeral: bool = False, workers: int = 1) -> Iterator[Subject]:
    """``xenia up`` on a free port, with the bench's tenant; its data stays in *directory* unless ephemeral.

    Threads of several workers are not told apart: such a subject has no ``data``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    seed, ready = directory / "seed.toml", directory / "ready.json"
    seed.write_text(_SEED)
    data = directory / "data"
    place = ["--ephemeral"] if ephemeral else ["--data", str(data)]
    command = [
        *(sys.executable, "-m", "bench.hosted", str(directory / "threads.json")),
        *(
            "up",
            "--port",
            "0",
            "--workers",
            str(workers),
            "--seed",
            str(seed),
            "--ready-file",
            str(ready),
            *place,
        ),
    ]
    with _process(command, "Xenia is ready") as (process, seconds):
        told = json.loads(ready.read_text())
        port = int(told["base_url"].rpartition(":")[2])
        wire = {
            "port": port,
            "authority": f"localhost:{port}",
            "ca_file": told["ca_file"],
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": REDIRECT_URI,
            "authorize": f"/{TENANT}/oauth2/v2.0/authorize",
            "token": f"/{TENANT}/oauth2/v2.0/token",
            "discovery": f"/{TENANT}/v2.0/.well-known/openid-configuration",
            "keys": f"/{TENANT}/discovery/v2.0/keys",
            "scope": "https://graph.microsoft.com/.default",
        }
        if not ephemeral:
            wire |= {"database": str(data / "xenia.db"), "data_key": (data / "data.key").read_text().strip()}
        yield Subject(process.pid, seconds, wire, None if ephemeral or workers > 1 else data)


@contextmanager
def neighbour(directory: Path, beside: Subject) -> Iterator[Subject]:
    """Npm oidc-provider, behind the same certificate as *beside*."""
    assert beside.data is not None
    config = directory / "neighbour.json"
    port = _free_port()
    tls = beside.data / "tls"
    wire = {
        **beside.wire,
        "port": port,
        "authority": f"localhost:{port}",
        "client_id": "orders",
        "authorize": "/auth",
        "token": "/token",
        "discovery": "/.well-known/openid-configuration",
        "keys": "/jwks",
        "scope": "read",
    }
    certificate, key = tls / "server.pem", tls / "server-key.pem"
    config.write_text(json.dumps({**wire, "certificate": str(certificate), "key": str(key)}))
    command = ["node", str(HERE / "neighbour.mjs"), str(config)]
    with _process(command, "listening", env={"NODE_ENV": "production"}) as (process, seconds):
        yield Subject(process.pid, seconds, wire)


def add_guests(data: Path, count: int = GUEST_COUNT) -> None:
    """Guests who accepted long ago, put into the database of a server that is not running."""
    entropy, now = SystemEntropy(), datetime(2026, 1, 1, tzinfo=UTC)
    store = open_store(f"sqlite:///{data / 'xenia.db'}", durable=False)

    def work(tx: Transaction) -> None:
        tenant = tx.tenants.find(TENANT)
        assert tenant is not None
        for number in range(count):
            address = GUESTS.format(number)
            upn = guest_upn(address, tenant.initial_domain)
            tx.users.add(
                User(
                    id=entropy.guid(),
                    tenant_id=TENANT,
                    user_principal_name=upn,
                    display_name=f"Guest {number}",
                    user_type=UserType.GUEST,
                    created_at=now,
                    mail=address,
                    mail_nickname=upn.rpartition("@")[0],
                    other_mails=(address,),
                    identities=(
                        upn_identity(upn, tenant.initial_domain),
                        mail_identity(address_key(address)),
                    ),
                    creation_type=CreationType.INVITATION,
                    external_user_state=ExternalUserState.ACCEPTED,
                    external_user_state_changed_at=now,
                )
            )

    try:
        store.write(TENANT, work)
    finally:
        store.close()


@contextmanager
def _process(
    command: Sequence[str], ready_words: str, env: dict[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """A child that says when it answers requests; ended at the end."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=HERE.parent,
        env={**_environment(), **(env or {})},
    )
    said: list[str] = []
    moments: list[float] = []
    heard = threading.Event()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if ready_words in line:
                moments.append(time.perf_counter())
                heard.set()
        heard.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        heard.wait(START_LIMIT)
        if not moments:
            if heard.is_set():  # its output has ended, so it has too, or is about to
                process.wait(START_LIMIT)
            raise NotStarted(_what_happened(command, ready_words, process.poll(), said))
        yield process, moments[0] - start
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=20)


def _what_happened(command: Sequence[str], ready_words: str, ended_with: int | None, said: list[str]) -> str:
    """Why a child is not up: whether it ended or still runs, how busy the machine is, and all it said last."""
    if ended_with is None:
        load = os.getloadavg()[0]
        fate = f"still runs, but did not say {ready_words!r} within {START_LIMIT:.0f} s (load average {load:.1f})"
    else:
        fate = f"ended with code {ended_with} before it said {ready_words!r}"
    output = "".join(said[-40:]).rstrip() or "(nothing)"
    return f"{' '.join(command)}\n{fate}. It said:\n{output}"


def _environment() -> dict[str, str]:
    """As people have it: what an interpreter compiled once stays compiled, whatever this shell says."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONUNBUFFERED": "1"}


def _until(happened: Any) -> None:
    tick = threading.Event()
    for _ in range(500):
        if happened():
            return
        tick.wait(0.01)
    raise NotStarted("the server did not name its threads")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
