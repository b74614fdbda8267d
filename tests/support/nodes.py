"""Production nodes: ``xenia serve`` processes that share a PostgreSQL database, a data key and one public name.

Owns starting them and a client that hops from node to node as a load balancer would make it. Mail leaves over a
real SMTP server, as production has no mailbox to look into.
"""

from __future__ import annotations

import http.client
import itertools
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import TypeVar

from tests.support import running
from tests.support.running import RunningXenia
from tests.support.smtp import Behaviour, RunningServer
from tests.support.walker import Walker
from xenia.outside.ambient import SystemClock
from xenia.outside.local_ca import LocalCa
from xenia.web.http import HttpRequest, HttpResponse

HOST = "login.example.org"
BASE = f"https://{HOST}"
DATA_KEY = "dGhlIGRhdGEga2V5IG9mIGFsbCB0aGUgbm9kZXMgISE="

T = TypeVar("T")


def until(look: Callable[[], T]) -> T:
    """Look again and again for something true, for as long as a busy machine may need."""
    waiting = threading.Event()
    for _ in range(1200):
        found = look()
        if found:
            return found
        waiting.wait(0.05)
    message = "it never came true"
    raise AssertionError(message)


@dataclass
class Node:
    """One serving process."""

    running: RunningXenia
    port: int

    @property
    def process(self) -> subprocess.Popen[str]:
        """To signal it."""
        return self.running.process


class Connection(http.client.HTTPSConnection):
    """To the public name, at the address of one node: certificate, SNI and Host header are the public ones."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(HOST, context=context, timeout=60)
        self._port_of_node = port
        self._own_context = context

    def connect(self) -> None:
        """As a resolver that knows the node would do."""
        plain = socket.create_connection(("127.0.0.1", self._port_of_node), timeout=60)
        self.sock = self._own_context.wrap_socket(plain, server_hostname=HOST)


class Balancer:
    """Sends every request to the next node. A handler for the walker."""

    def __init__(self, nodes: Sequence[Node], ca_file: Path) -> None:
        self._context = ssl.create_default_context(cafile=str(ca_file))
        self._ports = itertools.cycle([node.port for node in nodes])

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """One request on a connection of its own. Raises OSError when that node is gone."""
        path = request.path + (f"?{request.query_string}" if request.query_string else "")
        return self.send(request.method, path, body=request.body or None, headers=dict(request.headers))

    def send(
        self, method: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> HttpResponse:
        """The same for plain values."""
        connection = Connection(next(self._ports), self._context)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return HttpResponse(answer.status, answer.read(), tuple(answer.getheaders()))
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from None
        finally:
            connection.close()

    def walker(self) -> Walker:
        """A browser whose every request arrives elsewhere."""
        return Walker(self, base=BASE)


@dataclass
class Site:
    """What the nodes of one test share."""

    directory: Path
    database: str
    smtp: RunningServer
    seed: Path

    def __post_init__(self) -> None:
        issued = LocalCa(self.directory / "tls", SystemClock()).server_certificate((HOST, "127.0.0.1"))
        self.ca_file, self._certificate, self._key = (
            issued.ca_file,
            issued.certificate_file,
            issued.key_file,
        )

    def balancer(self, *nodes: Node) -> Balancer:
        """In front of these nodes."""
        return Balancer(nodes, self.ca_file)

    @contextmanager
    def nodes(self, *names: str, options: Iterable[str] = ()) -> Iterator[list[Node]]:
        """Nodes of these names, all started at the same moment; killed at the end when they still run."""
        with ExitStack() as leaving:
            started: dict[str, Node] = {}
            faults: list[BaseException] = []

            def start(name: str) -> None:
                try:
                    started[name] = self._start(name, list(options))
                except BaseException as fault:  # noqa: BLE001  (told by the thread that waits)
                    faults.append(fault)

            threads = [threading.Thread(target=start, args=(name,)) for name in names]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for node in started.values():
                leaving.callback(_end, node)
            if faults:
                raise faults[0]
            yield [started[name] for name in names]

    def _start(self, name: str, options: list[str]) -> Node:
        ready_file = self.directory / f"{name}.json"
        ready_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "xenia", "serve", "--ready-file", str(ready_file), *options]
        command += ["--data", str(self.directory / name), "--host", "127.0.0.1", "--port", "0"]
        command += ["--public-url", BASE, "--database", self.database, "--seed", str(self.seed)]
        command += ["--tls-cert", str(self._certificate), "--tls-key", str(self._key)]
        command += ["--smtp", f"smtp+plain://127.0.0.1:{self.smtp.port}", "--mail-from", "guests@example.org"]
        node = running._start(command, ready_file, {"XENIA_DATA_KEY": DATA_KEY})
        listening = next(host for host in node.ready["hosts"] if host.startswith("127.0.0.1:"))
        return Node(node, int(listening.partition(":")[2]))


def _end(node: Node) -> None:
    if node.process.poll() is None:
        node.process.kill()
        node.process.wait(timeout=30)
    assert node.process.stdout is not None
    node.process.stdout.close()


def mails_to(behaviour: Behaviour, address: str) -> list[tuple[str, str]]:
    """(Message-ID, text) of everything the mail server took for this address, oldest first."""
    found = []
    for envelope in list(behaviour.received):
        if address in envelope.rcpt_tos:
            content = envelope.content
            assert isinstance(content, bytes)
            message = message_from_bytes(content, policy=policy.default)
            text = message.get_body(("plain",))
            assert text is not None
            found.append((str(message["Message-ID"]), str(text.get_content())))
    return found


def passcode_for(behaviour: Behaviour, address: str) -> str:
    """The newest passcode that arrived."""

    def look() -> str | None:
        codes = [re.search(r"\b(\d{4}) (\d{4})\b", text) for _, text in mails_to(behaviour, address)]
        found = [code for code in codes if code is not None]
        return "".join(found[-1].groups()) if found else None

    return until(look)  # type: ignore[return-value]  # until returns what is true
