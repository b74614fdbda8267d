"""Under which addresses the real program is reached: ports, names, own certificates, proxies, IPv6."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support import running
from tests.support.commands import xenia
from tests.support.running import RunningXenia, running_xenia
from xenia.outside.ambient import SystemClock
from xenia.outside.local_ca import LocalCa

PUBLIC = "https://login.example.org"
METADATA = "/contoso/v2.0/.well-known/openid-configuration"
SAFE = {
    "--host": "127.0.0.1",
    "--port": "0",
    "--public-url": PUBLIC,
    "--smtp": "smtp://127.0.0.1:1",
    "--mail-from": "guests@example.org",
    "--trusted-proxy": "127.0.0.1",
    "--no-tls": None,
}


def options(**changes: str | None) -> list[str]:
    """Safe production settings behind a proxy, but for these."""
    settings = {**SAFE, **{f"--{name.replace('_', '-')}": value for name, value in changes.items()}}
    return [part for name, value in settings.items() for part in (name, value) if part is not None]


@contextmanager
def serving(directory: Path, arguments: list[str]) -> Iterator[tuple[RunningXenia, int]]:
    """``xenia serve`` and its port."""
    ready_file = directory / "ready.json"
    command = [running.sys.executable, "-m", "xenia", "serve", "--data", str(directory / "data")]
    server = running._start([*command, "--ready-file", str(ready_file), *arguments], ready_file, None)
    try:
        listening = next(host for host in server.ready["hosts"] if host.startswith("127.0.0.1:"))
        yield server, int(listening.partition(":")[2])
    finally:
        server.process.kill()
        server.process.wait(timeout=30)
        assert server.process.stdout is not None
        server.process.stdout.close()


def ask(port: int, path: str, headers: dict[str, str]) -> tuple[int, http.client.HTTPMessage]:
    """A plain request, as a reverse proxy sends it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers


def test_every_port_and_name_answers_with_addresses_of_its_own(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        second = taken.getsockname()[1]
    names = ("--host", "localhost", "--host", "contoso.localhost", "--port", "0", "--port", str(second))
    with running_xenia(tmp_path, "--ephemeral", *names) as server:
        first = urlsplit(server.base).port
        assert first != second
        for port in (first, second):
            for name in ("localhost", "127.0.0.1", "[::1]", "contoso.localhost"):
                # Names below .localhost are not known to every resolver, so the name travels in the header.
                headers = {"Host": f"{name}:{port}"}
                status, document = server.call("GET", f"https://localhost:{port}{METADATA}", headers=headers)
                assert status == 200
                # Each address is an authority of its own: what it tells leads back to it.
                assert urlsplit(document["issuer"]).netloc == f"{name}:{port}"
                assert urlsplit(document["token_endpoint"]).netloc == f"{name}:{port}"


def test_the_ipv6_loopback_answers_alone(tmp_path: Path) -> None:
    with running_xenia(tmp_path, "--ephemeral", "--host", "::1") as server:
        assert urlsplit(server.base).hostname == "::1"
        assert server.call("GET", "/readyz") == (200, "ready\n")
        port = urlsplit(server.base).port
        with pytest.raises(OSError, match=r"refused|reset"):
            socket.create_connection(("127.0.0.1", port or 443), timeout=10)


def test_a_given_certificate_is_served_and_no_ca_is_made(tmp_path: Path) -> None:
    issued = LocalCa(tmp_path / "own", SystemClock()).server_certificate(("localhost",))
    own = ("--tls-cert", str(issued.certificate_file), "--tls-key", str(issued.key_file))
    with running_xenia(tmp_path, *own) as server:
        assert (server.ready["ca_file"], server.ready["ca_fingerprint"]) == (None, None)
        server.ready["ca_file"] = str(issued.ca_file)
        assert server.call("GET", "/readyz")[0] == 200
        assert server.call("GET", "/ca")[0] == 404
        context = ssl.create_default_context(cafile=str(issued.ca_file))
        port = urlsplit(server.base).port
        with (
            socket.create_connection(("localhost", port or 443), timeout=30) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            shown = secured.getpeercert(binary_form=True)
        assert shown == ssl.PEM_cert_to_DER_cert(
            issued.certificate_file.read_text().partition("-----END")[0] + "-----END CERTIFICATE-----"
        )
        assert not (tmp_path / "data" / "tls" / "ca.pem").exists()


def test_forwarded_headers_count_from_the_trusted_proxy(tmp_path: Path) -> None:
    log_file = tmp_path / "log"
    with serving(tmp_path, options(log_level="info", log_file=str(log_file))) as (_, port):
        forwarded = {
            "Host": "10.1.2.3:8080",
            "X-Forwarded-Host": "login.example.org",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "203.0.113.9, 198.51.100.7",
        }
        status, headers = ask(port, "/admin", forwarded)
        assert status in (200, 302, 303)
        assert not headers.get("Location", PUBLIC).startswith("http:")
        assert headers["Strict-Transport-Security"]
        # Load balancers ask by address and without forwarding anything; nothing else is answered so.
        assert [ask(port, path, {})[0] for path in ("/healthz", "/readyz", "/admin")] == [200, 200, 421]
        assert ask(port, "/admin", {**forwarded, "X-Forwarded-Host": "evil.example"})[0] == 421
        assert ask(port, "/admin", {**forwarded, "X-Forwarded-Proto": "http"})[0] == 421
    clients = [json.loads(line)["client"] for line in log_file.read_text().splitlines() if '"/admin"' in line]
    assert clients == ["198.51.100.7"]


def test_forwarded_headers_of_anybody_else_do_not_count(tmp_path: Path) -> None:
    with serving(tmp_path, options(trusted_proxy="192.0.2.1")) as (_, port):
        forwarded = {"X-Forwarded-Host": "login.example.org", "X-Forwarded-Proto": "https"}
        assert ask(port, "/admin", forwarded)[0] == 421
        assert ask(port, "/readyz", forwarded)[0] == 200


@pytest.mark.parametrize(
    ("changes", "env", "said"),
    [
        ({"public_url": None}, {}, "set the https address under which people reach this server"),
        ({"public_url": "http://login.example.org"}, {}, "must start with https://"),
        ({"public_url": "https://localhost:8443"}, {}, "names this computer only"),
        ({"smtp": None}, {}, "set the mail server"),
        ({"mail_from": None}, {}, "name the sender"),
        ({"trusted_proxy": None}, {}, "name it in trusted_proxy"),
        ({"trusted_proxy": "0.0.0.0/0"}, {}, "name the proxies"),
        ({"trusted_proxy": "::/0"}, {}, "name the proxies"),
        ({"no_tls": None}, {}, "set tls_cert and tls_key"),
        ({}, {"XENIA_TOOLS": "true"}, "leave them off"),
        ({}, {"XENIA_DATA_KEY": "c2hvcnQ="}, "openssl rand -base64 32"),
        ({}, {"XENIA_SMTP_PASSWORD_FILE": "/nowhere/password"}, "/nowhere/password cannot be read"),
        ({"workers": "-1"}, {}, "0 to let the server choose"),
        ({"threads": "0"}, {}, "at least one request"),
    ],
)
def test_serve_refuses_what_is_unsafe_and_says_what_to_do(
    tmp_path: Path, changes: dict[str, str | None], env: dict[str, str], said: str
) -> None:
    named = {f"--{name.replace('_', '-')}" for name, value in changes.items() if value is None}
    arguments = options(**{name: value for name, value in changes.items() if value})
    for name in named:
        place = arguments.index(name)
        del arguments[place : place + (1 if SAFE[name] is None else 2)]
    refused = xenia("serve", "--data", str(tmp_path / "data"), *arguments, env=env)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "data").exists()
