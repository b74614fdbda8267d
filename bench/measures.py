"""The measurements themselves: each takes running servers and gives numbers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import processes
from bench.subjects import GUEST_COUNT, GUESTS, HERE, Subject

CONNECTIONS = 16
SIGN_IN_CONNECTIONS = 8
_LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How one kind of conversation went."""

    per_second: float
    cpu_ms: float
    """Server processor time of one conversation, all threads."""
    background_ms: float
    """The part of it that mail delivery took, on a thread of its own."""
    p50_ms: float
    p99_ms: float
    generator_share: float
    """Processors the load generator took, in cores."""
    conversations: int


class LoadFailed(Exception):
    """The load generator met an answer that it did not expect."""


def tokens(subject: Subject, seconds: float) -> Pace:
    """Client credentials: one signature each."""
    form = {
        "grant_type": "client_credentials",
        "client_id": subject.wire["client_id"],
        "client_secret": subject.wire["client_secret"],
        "scope": subject.wire["scope"],
    }
    return _pace(subject, {"kind": "tokens", "path": subject.wire["token"], "form": form, "seconds": seconds})


def document(subject: Subject, which: str, seconds: float) -> Pace:
    """``discovery`` or ``keys``."""
    return _pace(subject, {"kind": "document", "path": subject.wire[which], "seconds": seconds})


def sign_ins(subject: Subject, kind: str, count: int, first_guest: int) -> Pace:
    """Complete sign-ins with the authorization code flow: ``guest`` of Xenia, ``neighbour`` of oidc-provider."""
    job = {
        "kind": kind,
        "guests": GUESTS,
        "guest_count": GUEST_COUNT,
        "first_guest": first_guest,
        "connections": SIGN_IN_CONNECTIONS,
        "warm_most": 40,
        "most": count,
        "seconds": _LIMIT,
    }
    return _pace(subject, job)


def _pace(subject: Subject, job: dict[str, Any]) -> Pace:
    mail_threads = subject.threads_named("mail") if subject.data is not None else []
    complete = {
        "connections": CONNECTIONS,
        "warm_seconds": 1.0,
        "warm_most": 100_000,
        "most": 1_000_000,
        **subject.wire,
        **job,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "bench.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE.parent,
    ) as generator:
        assert generator.stdin is not None
        assert generator.stdout is not None
        _say(generator, json.dumps(complete))
        first = generator.stdout.readline()
        if first.strip() != "ready":
            raise LoadFailed(first)
        before = processes.cpu_seconds(subject.pid)
        mail_before = processes.cpu_of_threads(subject.pid, mail_threads)
        _say(generator, "go")
        result = json.loads(generator.stdout.readline() or '{"error": "the load generator ended"}')
    if "error" in result:
        raise LoadFailed(result["error"])
    done = result["conversations"]
    mail = processes.cpu_of_threads(subject.pid, mail_threads) - mail_before
    return Pace(
        per_second=done / result["seconds"],
        cpu_ms=1000 * (processes.cpu_seconds(subject.pid) - before) / done,
        background_ms=1000 * mail / done,
        p50_ms=1000 * result["p50"],
        p99_ms=1000 * result["p99"],
        generator_share=result["own_cpu"] / result["seconds"],
        conversations=done,
    )


def _say(generator: subprocess.Popen[str], line: str) -> None:
    assert generator.stdin is not None
    generator.stdin.write(line + "\n")
    generator.stdin.flush()


def openssl_signatures(seconds: int) -> float:
    """RS256-2048 signatures a second of OpenSSL on both cores: what no server here can exceed."""
    return _speed("-seconds", str(seconds), "-multi", "2")


def openssl_signature_ms() -> float:
    """Processor time of one signature, which other programs on the machine change little."""
    return 1000 / _speed("-seconds", "1")


def _speed(*options: str) -> float:
    told = subprocess.run(
        ["openssl", "speed", *options, "rsa2048"], capture_output=True, text=True, check=True, timeout=_LIMIT
    ).stdout
    found = re.search(r"^rsa +2048 bits +\S+ +\S+ +(\S+)", told, re.MULTILINE)
    if found is None:
        raise LoadFailed(f"openssl said: {told}")
    return float(found[1])


def openssl_version() -> str:
    """Whose signatures they are."""
    return subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout.strip()


def neighbour_version() -> str:
    """Of npm oidc-provider as installed."""
    package = json.loads((Path(HERE) / "node_modules/oidc-provider/package.json").read_text())
    return str(package["version"])
