"""A real ``xenia up`` as a child process, on a free port: what SDKs, browsers and scripts talk to.

Readiness is an event, not a pause: the process says that it is ready, and by then its ready file is written.
"""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_LIMIT = 90.0
"""Seconds after which a server that says nothing is given up."""


@dataclass
class RunningXenia:
    """A started server: its ready file and its process."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    output: deque[str] = field(default_factory=deque)

    @property
    def base(self) -> str:
        """Its public URL."""
        return str(self.ready["base_url"])

    @property
    def ca_file(self) -> str:
        """Its own certificate authority (PEM)."""
        return str(self.ready["ca_file"])

    @property
    def tenant(self) -> dict[str, Any]:
        """The first seeded tenant of the ready file."""
        found: dict[str, Any] = self.ready["tenants"][0]
        return found

    def call(
        self, method: str, path: str, *, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """One request; status and decoded JSON (or text)."""
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})} if data else dict(headers or {})
        url = path if path.startswith("https://") else self.base + path
        request = urllib.request.Request(url, data=data, method=method, headers=sent)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca_file)),
        )
        try:
            with opener.open(request, timeout=60) as response:
                return response.status, _decoded(response.read())
        except urllib.error.HTTPError as error:
            return error.code, _decoded(error.read())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(how)
        return self.process.wait(timeout=60)


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


@contextmanager
def running_xenia(
    directory: Path, *arguments: str, env: dict[str, str] | None = None, prefix: Sequence[str] = ()
) -> Iterator[RunningXenia]:
    """``xenia up`` with these arguments, its data and ready file below *directory*; *prefix* leads to where it runs."""
    ready_file = directory / "ready.json"
    command = [
        *prefix,
        sys.executable,
        "-m",
        "xenia",
        "up",
        *(() if "--port" in arguments else ("--port", "0")),
        "--ready-file",
        str(ready_file),
        *arguments,
    ]
    if "--data" not in arguments and "--ephemeral" not in arguments:
        command += ["--data", str(directory / "data")]
    started = _start(command, ready_file, env)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.terminate()
            try:
                started.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                started.process.kill()
                started.process.wait(timeout=30)
        if started.process.stdout is not None:
            started.process.stdout.close()


def _start(command: Sequence[str], ready_file: Path, env: dict[str, str] | None) -> RunningXenia:
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
    )
    output: deque[str] = deque(maxlen=400)
    is_ready = threading.Event()

    def listen() -> None:
        stream = process.stdout
        assert stream is not None
        for line in stream:
            output.append(line)
            if "Xenia is ready" in line:
                is_ready.set()
        is_ready.set()

    threading.Thread(target=listen, daemon=True).start()
    is_ready.wait(START_LIMIT)
    if not ready_file.exists():
        process.kill()
        process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()
        message = f"the server did not start:\n{''.join(output)}"
        raise AssertionError(message)
    return RunningXenia(process, json.loads(ready_file.read_text()), output)
