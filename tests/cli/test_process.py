"""The real program as a child process: start, refusals by name, clean ends, and what stays between starts."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import ssl
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.commands import xenia, xenia_process
from tests.support.running import RunningXenia, running_xenia
from tests.support.running import _start as start
from xenia.cli.data_directory import DataDirectory, DataDirectoryTaken
from xenia.cli.listeners import AddressRefused, bind
from xenia.outside.ambient import SystemClock
from xenia.outside.local_ca import LocalCa


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running_xenia(tmp_path_factory.mktemp("up")) as started:
        yield started


def handshake(server: RunningXenia, host: str) -> tuple[str | None, str | None]:
    """TLS version and application protocol that were agreed on, the certificate being accepted for *host*."""
    context = ssl.create_default_context(cafile=server.ca_file)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection((host, port_of(server)), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        return secured.version(), secured.selected_alpn_protocol()


def port_of(server: RunningXenia) -> int:
    return urlsplit(server.base).port or 443


def test_it_answers_over_http_2_with_a_certificate_of_its_ca(server: RunningXenia) -> None:
    assert server.call("GET", "/healthz") == (200, "ok\n")
    assert server.call("GET", "/readyz") == (200, "ready\n")
    for host in ("localhost", "127.0.0.1", "::1"):
        assert handshake(server, host) == ("TLSv1.3", "h2")


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize("declared", [False, True])
def test_a_body_over_the_limit_is_refused_to_a_client_that_is_still_sending(
    server: RunningXenia, http2: bool, declared: bool
) -> None:
    content = b"a" * 3_000_000
    pieces = (content[at : at + 65_536] for at in range(0, len(content), 65_536))
    trusted = ssl.create_default_context(cafile=server.ca_file)
    with httpx.Client(http1=not http2, http2=http2, verify=trusted, trust_env=False, timeout=60) as client:
        url = f"{server.base}/{server.tenant['id']}/oauth2/v2.0/token"
        refused = client.post(url, content=content if declared else pieces)
        assert (refused.status_code, refused.http_version) == (413, "HTTP/2" if http2 else "HTTP/1.1")
        assert "too large" in refused.text
        # The connection is as good as new for whoever shares it.
        assert client.get(f"{server.base}/healthz").status_code == 200


def test_the_ca_is_published_with_its_fingerprint(server: RunningXenia) -> None:
    status, page = server.call("GET", "/ca")
    assert status == 200
    assert server.ready["ca_fingerprint"] in page
    assert server.call("GET", "/ca/xenia-ca.pem") == (200, Path(server.ca_file).read_text())


def test_a_foreign_host_name_is_refused(server: RunningXenia) -> None:
    status, _ = server.call("GET", "/", headers={"Host": "evil.example"})
    assert status == 421


def test_the_ready_file_tells_what_scripts_need(server: RunningXenia) -> None:
    tenant = server.tenant
    assert tenant["domain"] == "contoso.onxenia.localhost"
    administrator = tenant["users"][0]
    assert administrator["password"]
    assert administrator["authenticator_secret"]
    for name in ("short_name", "domain", "id"):
        status, metadata = server.call("GET", f"/{tenant[name]}/v2.0/.well-known/openid-configuration")
        assert status == 200
        assert metadata["issuer"] == f"{server.base}/{tenant['id']}/v2.0"
    for part in ("portal", "tester", "mailbox", "labs"):
        assert server.call("GET", server.ready[part])[0] == 200


def test_the_greeting_is_complete(server: RunningXenia) -> None:
    text = "".join(server.output)
    administrator = server.tenant["users"][0]
    for words in (
        server.ready["portal"],
        administrator["user_principal_name"],
        administrator["password"],
        administrator["authenticator_secret"],
        server.tenant["tester"],
        server.ready["mailbox"],
        server.ready["labs"],
        server.ready["graph"],
        server.ca_file,
        server.ready["ca_fingerprint"],
        "import msal",
    ):
        assert words in text


def test_a_taken_port_is_refused_with_the_fix(server: RunningXenia) -> None:
    refused = xenia("up", "--ephemeral", "--port", str(port_of(server)))
    assert refused.returncode == 1
    assert f"Port {port_of(server)} on 127.0.0.1 is taken" in refused.stderr
    assert "--port" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_taken_data_directory_is_refused_with_the_holder(server: RunningXenia) -> None:
    refused = xenia("up", "--data", server.ready["data"], "--port", "0")
    assert refused.returncode == 1
    assert f"in use by another xenia process (pid {server.process.pid})" in refused.stderr
    assert "--data" in refused.stderr


def test_tools_work_beside_the_running_server(server: RunningXenia, tmp_path: Path) -> None:
    data = ("--data", server.ready["data"])
    code = xenia_process("code", "admin", *data)
    assert code.returncode == 0
    assert len(code.stdout.strip()) == 6
    checked = xenia("check", *data)
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count("ok ") == 5
    variables = xenia("env", *data)
    assert f"export AZURE_AUTHORITY_HOST='{server.base}'" in variables.stdout
    bundle = next(line for line in variables.stdout.splitlines() if "SSL_CERT_FILE" in line).split("'")[1]
    assert Path(server.ca_file).read_text().strip() in Path(bundle).read_text()
    unmet = xenia("lab", "verify", "invite-guests", *data)
    assert unmet.returncode == 1
    assert "1 guest invited" in unmet.stdout
    unmet = xenia("lab", "verify", "self-service-sign-up", *data)
    assert unmet.returncode == 1
    assert "missing  Guest self-service sign-up switched on" in unmet.stdout
    assert "External collaboration settings" in unmet.stdout
    created = xenia("user", "create", "ann@contoso.onxenia.localhost", "Ann", *data)
    assert created.returncode == 0
    again = xenia("user", "create", "ann@contoso.onxenia.localhost", "Ann", *data)
    assert again.returncode == 1
    assert "already exists" in again.stderr
    tenant = xenia("tenant", "create", "Fabrikam", "fabrikam", *data)
    assert tenant.returncode == 0
    assert server.call("GET", "/fabrikam/v2.0/.well-known/openid-configuration")[0] == 200
    listed = xenia("keys", "list", *data).stdout.splitlines()
    assert [line.split()[1] for line in listed] == ["current", "next"]
    early = xenia("keys", "rotate", *data)
    assert early.returncode == 1
    assert "--compromised" in early.stderr
    assert xenia("keys", "list", *data).stdout.splitlines() == listed
    rotated = xenia("keys", "rotate", "--compromised", *data)
    assert rotated.returncode == 0, rotated.stderr
    following = listed[1].split()[0]
    assert rotated.stdout.startswith(f"{following} signs from now on")
    assert xenia("keys", "list", *data).stdout.startswith(f"{following}  current")
    saved = xenia("backup", str(tmp_path / "saved.tgz"), *data)
    assert saved.returncode == 0
    assert (tmp_path / "saved.tgz").stat().st_mode & 0o777 == 0o600
    restored = ("--data", str(tmp_path / "restored"))
    assert xenia("restore", str(tmp_path / "saved.tgz"), *restored).returncode == 0
    assert len(xenia("code", "admin", *restored).stdout.strip()) == 6
    assert xenia("restore", str(tmp_path / "saved.tgz"), *restored).returncode == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_and_keeps_its_ids(tmp_path: Path, how: signal.Signals) -> None:
    with running_xenia(tmp_path) as first:
        before = first.ready
        keys = first.call("GET", f"/{first.tenant['id']}/discovery/v2.0/keys")
        assert first.stop(how) == 0
        assert "Xenia has stopped." in "".join(first.output)
    with running_xenia(tmp_path) as second:
        after = second.ready
        assert second.call("GET", f"/{second.tenant['id']}/discovery/v2.0/keys")[1]["keys"][0].keys()
        assert {key["kid"] for key in second.call("GET", "/contoso/discovery/v2.0/keys")[1]["keys"]} == {
            key["kid"] for key in keys[1]["keys"]
        }
    assert after["ca_fingerprint"] == before["ca_fingerprint"]
    assert [user["id"] for user in after["tenants"][0]["users"]] == [
        user["id"] for user in before["tenants"][0]["users"]
    ]
    assert after["tenants"][0]["users"][0]["password"] is None


def test_a_killed_server_leaves_no_lock(tmp_path: Path) -> None:
    with running_xenia(tmp_path) as first:
        first.stop(signal.SIGKILL)
    with running_xenia(tmp_path) as second:
        assert second.call("GET", "/readyz")[0] == 200


def test_an_ephemeral_server_leaves_nothing(tmp_path: Path) -> None:
    with running_xenia(tmp_path, "--ephemeral") as server:
        data = Path(server.ready["data"])
        assert data.is_dir()
        assert server.stop() == 0
    assert not data.exists()


def test_several_hosts_and_ports_at_once(tmp_path: Path) -> None:
    with running_xenia(
        tmp_path, "--ephemeral", "--port", "0", "--host", "localhost", "--host", "contoso.localhost"
    ) as server:
        assert len({urlsplit(origin).port for origin in server.ready["origins"]}) == 1
        assert "contoso.localhost" in {urlsplit(origin).hostname for origin in server.ready["origins"]}
    bound = bind(["localhost"], [0, 0])
    assert len(set(bound.ports)) == 2
    bound.close()


def test_a_stale_ready_file_is_removed_before_a_refusal(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps({"base_url": "https://stale"}))
    refused = xenia("up", "--ephemeral", "--seed", str(tmp_path / "absent.toml"), "--ready-file", str(ready))
    assert refused.returncode == 1
    assert "absent.toml" in refused.stderr
    assert not ready.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("serve",), "public_url"),
        (("serve", "--public-url", "http://login.example.org"), "https://"),
        (("up", "--port", "70000"), "65535"),
        (("up", "--smtp", "smtp://mail.example"), "mail_from"),
        (("up", "--tls-cert", "/nowhere.pem"), "tls_key"),
        (("up", "--ephemeral", "--data", "/somewhere"), "--ephemeral"),
        (
            ("up", "--ephemeral", "--port", "0", "--host", "login.microsoftonline.com"),
            "login.microsoftonline.com",
        ),
        (("up", "--ephemeral", "--port", "0", "--host", "192.0.2.77"), "192.0.2.77"),
        (("up", "--ephemeral", "--port", "0", "--database", "mysql://x"), "sqlite:///"),
        (("code", "admin", "--data", "/nowhere"), "--data"),
    ],
)
def test_refusals_name_the_setting_and_never_a_traceback(arguments: tuple[str, ...], words: str) -> None:
    refused = xenia(*arguments)
    assert refused.returncode == 1
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_another_data_key_is_told_apart_from_a_broken_database(tmp_path: Path) -> None:
    with running_xenia(tmp_path) as server:
        assert server.stop() == 0
    key = tmp_path / "data" / "data.key"
    kept = key.read_bytes()
    key.unlink()
    missing = xenia("up", "--data", str(tmp_path / "data"), "--port", "0")
    assert missing.returncode == 1
    assert "data.key is missing" in missing.stderr
    assert not key.exists()
    other = xenia(
        "up", "--data", str(tmp_path / "data"), "--port", "0", env={"XENIA_DATA_KEY": "A" * 43 + "="}
    )
    assert other.returncode == 1
    assert "another data key" in other.stderr
    key.write_bytes(kept)
    with running_xenia(tmp_path) as again:
        assert again.call("GET", "/readyz")[0] == 200


def test_the_lock_is_exclusive_and_given_back(tmp_path: Path) -> None:
    first, second = DataDirectory(tmp_path), DataDirectory(tmp_path)
    first.open()
    with pytest.raises(DataDirectoryTaken):
        second.open()
    first.close()
    second.open()
    second.close()


def test_a_taken_port_gives_the_others_back() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AddressRefused, match=str(port)):
            bind(["localhost"], [0, port])


def test_production_serves_without_tools_and_with_strict_transport(tmp_path: Path) -> None:
    issued = LocalCa(tmp_path / "tls", SystemClock()).server_certificate(("login.example.org", "127.0.0.1"))
    ready_file = tmp_path / "ready.json"
    arguments = {
        "--data": tmp_path / "data",
        "--host": "127.0.0.1",
        "--port": 0,
        "--public-url": "https://login.example.org",
        "--tls-cert": issued.certificate_file,
        "--tls-key": issued.key_file,
        "--smtp": "smtp://127.0.0.1:1",
        "--mail-from": "xenia@example.org",
        "--ready-file": ready_file,
    }
    command = [
        sys.executable,
        "-m",
        "xenia",
        "serve",
        *(str(part) for pair in arguments.items() for part in pair),
    ]
    server = start(command, ready_file, None)
    try:
        context = ssl.create_default_context(cafile=str(issued.ca_file))
        listening = next(host for host in server.ready["hosts"] if host.startswith("127.0.0.1:"))
        connection = http.client.HTTPSConnection(listening, context=context, timeout=30)
        answers = {}
        for path in ("/readyz", "/", "/mailbox", "/labs", "/tester/", "/ca"):
            connection.request("GET", path, headers={"Host": "login.example.org"})
            response = connection.getresponse()
            response.read()
            answers[path] = (response.status, response.getheader("Strict-Transport-Security"))
        assert {path: status for path, (status, _) in answers.items()} == {
            "/readyz": 200,
            "/": 200,
            "/mailbox": 404,
            "/labs": 404,
            "/tester/": 404,
            "/ca": 404,
        }
        assert all(value for _, value in answers.values())
        connection.request("GET", "/", headers={"Host": "evil.example"})
        assert connection.getresponse().status == 421
        connection.close()
        assert "password" not in "".join(server.output)
        assert server.stop() == 0
    finally:
        server.process.kill()
        server.process.wait(timeout=30)
        assert server.process.stdout is not None
        server.process.stdout.close()
