"""``xenia up --hosts``: the real service's names on this computer, apart from our own in certificate and trust."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.commands import xenia
from tests.support.running import RunningXenia, running_xenia
from xenia.core.real_names import GRAPH_NAME, LOGIN_NAME, NEEDED_NAMES
from xenia.settings import SettingsError, load, unsafe_for_production

NAMES = (*NEEDED_NAMES, "login.windows.net")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningXenia]:
    """On a free port, to which somebody with rights would lead port 443."""
    with running_xenia(tmp_path_factory.mktemp("stand-in"), "--hosts", ",".join(NAMES)) as started:
        yield started


def ask(
    server: RunningXenia, name: str, path: str, *, trusting: str | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """A request by name, as if the hosts file led it here. Raises ssl.SSLCertVerificationError."""
    ca = trusting or server.ready["ca_file" if name == "localhost" else "stand_in_ca_file"]
    port = urlsplit(server.base).port or 0
    plain = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection = http.client.HTTPSConnection(name, timeout=60)
    connection.sock = ssl.create_default_context(cafile=ca).wrap_socket(plain, server_hostname=name)
    host = f"localhost:{port}" if name == "localhost" else name
    connection.request("GET", path, headers={"Host": host, **headers})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_each_name_shows_the_certificate_of_its_own_ca(server: RunningXenia) -> None:
    for name in (*NAMES, "localhost"):
        assert ask(server, name, "/healthz")[0].status == 200
    for name, other in ((LOGIN_NAME, "ca_file"), ("localhost", "stand_in_ca_file")):
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(server, name, "/healthz", trusting=server.ready[other])
    # Who asks for no name, or for one we do not have, gets our own certificate.
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        ask(server, "login.microsoft.com", "/healthz", trusting=server.ca_file)


def test_connections_that_speak_no_tls_do_no_harm(server: RunningXenia) -> None:
    port = urlsplit(server.base).port or 0
    for sent in (b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 70_000):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
            try:
                raw.sendall(sent)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(4096):
                    pass
            except ConnectionError:
                pass
    assert server.call("GET", "/healthz") == (200, "ok\n")


def test_the_issuer_is_fixed_whatever_name_was_asked(server: RunningXenia) -> None:
    tenant = server.tenant["id"]
    issuer = f"https://{LOGIN_NAME}/{tenant}/v2.0"
    for name, endpoints in ((LOGIN_NAME, LOGIN_NAME), ("login.windows.net", LOGIN_NAME)):
        found = json.loads(ask(server, name, f"/{tenant}/v2.0/.well-known/openid-configuration")[1])
        assert found["issuer"] == issuer
        assert urlsplit(found["token_endpoint"]).netloc == endpoints
        assert found["userinfo_endpoint"] == f"https://{GRAPH_NAME}/oidc/userinfo"
        assert found["cloud_instance_name"] == "microsoftonline.com"
    status, own = server.call("GET", f"/{tenant}/v2.0/.well-known/openid-configuration")
    assert (status, own["issuer"]) == (200, issuer)
    # Pages at our own address stay there: a browser without the hosts file must not reach the real service.
    assert own["authorization_endpoint"].startswith(server.base)
    keys = json.loads(ask(server, LOGIN_NAME, f"/{tenant}/discovery/v2.0/keys")[1])["keys"]
    assert {key["issuer"] for key in keys} == {issuer}
    v1 = json.loads(ask(server, LOGIN_NAME, f"/{tenant}/.well-known/openid-configuration")[1])
    assert v1["issuer"] == f"https://{LOGIN_NAME}/{tenant}/"
    assert server.tenant["authority"] == f"https://{LOGIN_NAME}/{tenant}"


def test_instance_discovery_knows_the_published_aliases(server: RunningXenia) -> None:
    asked = f"/common/discovery/instance?api-version=1.1&authorization_endpoint=https://{LOGIN_NAME}/common/oauth2/authorize"
    (entry,) = json.loads(ask(server, LOGIN_NAME, asked)[1])["metadata"]
    assert (entry["preferred_network"], entry["preferred_cache"]) == (LOGIN_NAME, "login.windows.net")
    assert set(entry["aliases"]) == {
        LOGIN_NAME,
        "login.windows.net",
        "login.microsoft.com",
        "sts.windows.net",
    }
    foreign = asked.replace(LOGIN_NAME, "login.evil.example")
    assert ask(server, LOGIN_NAME, foreign)[0].status == 400


def test_a_browser_at_an_alias_is_sent_where_its_cookies_are(server: RunningXenia) -> None:
    answer, _ = ask(
        server, "login.windows.net", "/common/oauth2/v2.0/authorize?a=%2F", Accept="text/html,*/*"
    )
    assert answer.status == 307
    assert answer.getheader("Location") == f"https://{LOGIN_NAME}/common/oauth2/v2.0/authorize?a=%2F"


def test_the_tools_stay_at_our_own_address(server: RunningXenia) -> None:
    """Another site's page can make a browser call the real names; it must find nothing there that trusts loopback."""
    assert ask(server, "localhost", "/mailbox")[0].status == 200
    assert ask(server, LOGIN_NAME, "/mailbox")[0].status == 401
    answer, _ = ask(server, LOGIN_NAME, "/")
    assert answer.getheader("Strict-Transport-Security") is None


def test_graph_says_where_to_sign_in(server: RunningXenia) -> None:
    answer, _ = ask(server, GRAPH_NAME, "/v1.0/users")
    assert answer.status == 401
    where = f'authorization_uri="https://{LOGIN_NAME}/common/oauth2/authorize"'
    assert where in (answer.getheader("WWW-Authenticate") or "")


def test_the_second_ca_is_offered_apart_and_with_its_warning(server: RunningXenia) -> None:
    fingerprint = server.ready["stand_in_ca_fingerprint"]
    greeting = "".join(server.output)
    assert fingerprint in greeting
    assert "takes this server for the real service" in greeting
    assert "port 443 only" in greeting
    _, page = server.call("GET", "/ca")
    assert fingerprint not in page
    assert 'href="/ca/stand-in"' in page
    _, page = server.call("GET", "/ca/stand-in")
    assert fingerprint in page
    assert "Trust this only where you want to be deceived." in page
    second = Path(server.ready["stand_in_ca_file"]).read_text()
    assert server.call("GET", "/ca/xenia-stand-in-ca.pem") == (200, second)
    data = ("--data", server.ready["data"])
    usual = xenia("trust", "--show", *data)
    assert fingerprint not in usual.stdout
    asked = xenia("trust", "--show", "--stand-in", *data)
    assert fingerprint in asked.stdout
    assert "Warning:" in asked.stdout


def test_env_prints_what_to_set(server: RunningXenia) -> None:
    told = xenia("env", "--hosts", "--shell", "sh", "--data", server.ready["data"])
    assert f"# 127.0.0.1 {' '.join(NAMES)}" in told.stdout
    assert server.ready["stand_in_ca_fingerprint"] in told.stdout
    variables = dict(
        line.removeprefix("export ").split("=", 1)
        for line in told.stdout.splitlines()
        if line.startswith("export")
    )
    second = Path(server.ready["stand_in_ca_file"]).read_bytes()
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        bundle = Path(variables[name].strip("'")).read_bytes()
        assert second in bundle
        assert Path(server.ca_file).read_bytes() in bundle
    assert "AZURE_AUTHORITY_HOST" not in variables
    # The usual bundle knows nothing of the second CA.
    usual = xenia("env", "--shell", "sh", "--data", server.ready["data"]).stdout
    bundle = Path(usual.split("SSL_CERT_FILE='")[1].split("'")[0]).read_bytes()
    assert second not in bundle


def test_who_stands_in_for_nobody_says_how(tmp_path: Path) -> None:
    told = xenia("env", "--hosts", "--data", str(tmp_path))
    assert told.returncode == 1
    assert "xenia up --hosts login.microsoftonline.com,graph.microsoft.com --port 443" in told.stderr


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hosts": "login.microsoftonline.com"}, "add graph.microsoft.com"),
        ({"hosts": "graph.microsoft.com"}, "add login.microsoftonline.com"),
        ({"hosts": f"{','.join(NEEDED_NAMES)},accounts.google.com"}, "accounts.google.com is none of"),
        ({"host": ("0.0.0.0",)}, "only this computer"),
        ({"host": ("localhost", "192.168.1.7")}, "only this computer"),
        ({"public_url": "https://xenia.example.org"}, "only this computer"),
        ({"tls": False, "trusted_proxy": ("127.0.0.1",)}, "certificates of its own CA"),
    ],
)
def test_other_names_and_other_computers_are_refused(changes: dict[str, object], said: str) -> None:
    allowed = {"hosts": ",".join(NEEDED_NAMES), "tools": True}
    load(allowed, None, {})
    with pytest.raises(SettingsError, match="hosts") as refused:
        load({**allowed, **changes}, None, {})
    assert said in str(refused.value)


def test_production_refuses_them_from_wherever_they_come() -> None:
    settings = load({}, None, {"XENIA_HOSTS": ",".join(NEEDED_NAMES)})
    assert "hosts" in {problem.name for problem in unsafe_for_production(settings)}
    refused = xenia("serve", env={"XENIA_HOSTS": ",".join(NEEDED_NAMES)})
    assert refused.returncode == 1
    assert "hosts (set): other people's names" in refused.stderr
