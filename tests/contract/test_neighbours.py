"""The neighbours that other tests rely on are real and behave as promised."""

from __future__ import annotations

import datetime as dt
import http.server
import ssl
import threading

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import Error as BrowserError

from tests.support.browser import LaunchBrowser
from tests.support.postgres import PostgresServer


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"))


def test_databases_are_separate_copied_from_templates_and_dropped(postgres_server: PostgresServer) -> None:
    template = postgres_server.create_database("neighbour template")
    with _connect(template) as connection:
        connection.execute("create table guest (name text)")
        connection.execute("insert into guest values ('Ada')")

    copy = postgres_server.create_database("neighbour-copy", template="neighbour template")
    with _connect(copy) as connection:
        assert connection.execute("select name from guest").fetchall() == [("Ada",)]
        postgres_server.drop("neighbour-copy")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    postgres_server.drop("neighbour template")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        _connect(template)


def test_committed_data_survives_a_crash_that_cuts_every_connection(postgres_server: PostgresServer) -> None:
    url = postgres_server.create_database("crashing")
    with _connect(url) as connection:
        connection.execute("create table guest (name text)")
        connection.execute("insert into guest values ('Grace')")
        connection.commit()
        postgres_server.restart()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    with _connect(url) as connection:
        assert connection.execute("select name from guest").fetchall() == [("Grace",)]
    postgres_server.drop("crashing")


def _certificate() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


class _Greeting(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>Welcome</title><link rel=icon href=data:,>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output quiet."""


@pytest.mark.browser
def test_the_browser_accepts_the_pinned_certificate_and_no_other(
    launch_browser: LaunchBrowser, tmp_path
) -> None:
    certificate, private = _certificate()
    (tmp_path / "server.pem").write_bytes(certificate + private)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Greeting)
    server.daemon_threads = True
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"https://localhost:{server.server_port}/"
    try:
        with launch_browser(trusted=[certificate]) as browser:
            page = browser.new_page()
            page.goto(url)
            assert page.title() == "Welcome"
        stranger, _ = _certificate()
        with launch_browser(trusted=[stranger]) as browser, pytest.raises(BrowserError, match="ERR_CERT"):
            browser.new_page().goto(url)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
