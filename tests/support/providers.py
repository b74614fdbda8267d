"""Identity providers of others, started as their own processes, and a browser that walks to them over real connections."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from tests.support.walker import BASE, Page, read_page
from xenia.web.http import HttpResponse

PROVIDERS = Path(__file__).parent.parent / "federation" / "providers"
START_LIMIT = 60.0
CLIENT, SECRET = "xenia-at-the-provider", "a-secret: of the & provider+"
"""The secret has every character that the two ways of sending it must encode."""


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], directory: Path, ready: str) -> Iterator[None]:
    """A process that says *ready* once it listens; its end is waited for."""
    process = subprocess.Popen(
        command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said, lines = threading.Event(), list[str]()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if ready in line:
                said.set()
        said.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        said.wait(START_LIMIT)
        assert any(ready in line for line in lines), "".join(lines)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


@dataclass(frozen=True)
class Provider:
    """A running provider."""

    issuer: str

    @property
    def well_known_url(self) -> str:
        """Its discovery document."""
        return f"{self.issuer}/.well-known/openid-configuration"

    def tell(self, path: str, order: Mapping[str, object] | None = None) -> dict[str, int]:
        """Control of the mock; how often each endpoint was asked so far."""
        connection = http.client.HTTPConnection(urlsplit(self.issuer).netloc, timeout=30)
        connection.request("POST", path, json.dumps(dict(order or {})), {"content-type": "application/json"})
        answer: dict[str, int] = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def lie(self, **order: object) -> None:
        """From now on; without arguments it tells the truth again."""
        self.tell("/lie", order)


@contextmanager
def node_provider(script: str, directory: Path, **config: object) -> Iterator[Provider]:
    """One of the scripts beside the tests, on a free port."""
    port = free_port()
    issuer = f"http://localhost:{port}"
    path = directory / f"{script}-{port}.json"
    settings = {"port": port, "issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, **config}
    path.write_text(json.dumps(settings))
    with running(["node", str(PROVIDERS / script), str(path)], PROVIDERS, "listening"):
        yield Provider(issuer)


@contextmanager
def canaille_provider(directory: Path, **config: object) -> Iterator[Provider]:
    """PyPI canaille with one person, on a free port."""
    port = free_port()
    path = directory / f"canaille-{port}.json"
    path.write_text(json.dumps({"port": port, "client_id": CLIENT, "client_secret": SECRET, **config}))
    script = PROVIDERS / "canaille_provider.py"
    with running([sys.executable, str(script), str(path)], directory, "listening"):
        yield Provider(f"http://localhost:{port}")


@dataclass
class Abroad:
    """The same browser at other people's servers: their cookies, their redirects, their forms."""

    home: str = BASE
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    ca_file: str | None = None

    def visit(self, url: str, *fills: Mapping[str, str]) -> str:
        """Go there, fill in one form after the other, and return the address at home it ends at."""
        left = list(fills)
        method, form = "GET", None
        for _ in range(30):
            page, target = self._send(method, url, form)
            if target is not None:
                if target.startswith(f"{self.home}/"):
                    return target
                method, url, form = "GET", target, None
                continue
            assert page.forms, f"stuck at {url}: {page.text[:500]}"
            shown = page.forms[0]
            given = left.pop(0) if left else {}
            button = {name: value for name, value, _ in shown.buttons[:1] if name}
            url, form, method = urljoin(url, shown.action), {**shown.fields, **button, **given}, "POST"
        raise AssertionError(f"too many steps, now at {url}")

    def _send(self, method: str, url: str, form: Mapping[str, str] | None) -> tuple[Page, str | None]:
        parts = urlsplit(url)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.get(parts.netloc, {}).items())}
        body = None
        if form is not None:
            body = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = f"{parts.scheme}://{parts.netloc}"
        connection = self._connection(parts.scheme, parts.netloc)
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        jar = self.cookies.setdefault(parts.netloc, {})
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                jar |= {key: morsel.value for key, morsel in SimpleCookie(value).items()}
        location = answer.getheader("Location")
        response = HttpResponse(answer.status, content, tuple(answer.getheaders()))
        page = read_page(url, response)
        target = location or page.refresh
        connection.close()
        return page, urljoin(url, target) if target else None

    def _connection(self, scheme: str, netloc: str) -> Any:
        if scheme == "http":
            return http.client.HTTPConnection(netloc, timeout=60)
        import ssl

        context = ssl.create_default_context(cafile=self.ca_file)
        return http.client.HTTPSConnection(netloc, timeout=60, context=context)
