"""The guarded fetcher against a real HTTP server: where it does not go, what it does not follow, how much it takes."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from xenia.outside.fetcher import FetchLimits, FetchPolicy, GuardedFetcher
from xenia.ports import Fetched, FetchFailed, FetchRefused, FetchRequest


class Neighbour(http.server.BaseHTTPRequestHandler):
    """Answers by path and remembers what it was asked."""

    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        self.asked.append((self.headers["Host"], self.path))
        if self.path == "/elsewhere":
            return self._redirect("http://other.example/")
        if self.path == "/here":
            return self._redirect("/answer")
        if self.path == "/circle":
            return self._redirect("/circle")
        body = b"a" * 5000 if self.path == "/large" else b'{"issuer": "x"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    do_POST = do_GET  # noqa: N815  (the library's name)

    def _redirect(self, location: str) -> None:
        self.send_response(302)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def neighbour() -> Iterator[http.server.ThreadingHTTPServer]:
    """A server on loopback, which stands for anything behind the firewall."""
    handler = type("Asked", (Neighbour,), {"asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def _asked(server: http.server.ThreadingHTTPServer) -> list[tuple[str, str]]:
    return server.RequestHandlerClass.asked  # type: ignore[attr-defined,no-any-return]


def _fetcher(
    addresses: tuple[str, ...] = ("127.0.0.1",), *, private: bool = True, size: int = 4096
) -> GuardedFetcher:
    return GuardedFetcher(
        FetchPolicy(allow_private=private), FetchLimits(size=size), resolver=lambda host, port: addresses
    )


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
    ],
)
def test_private_addresses_are_refused_in_every_disguise(
    neighbour: http.server.ThreadingHTTPServer, address: str
) -> None:
    fetcher = _fetcher((address,), private=False)
    with pytest.raises(FetchRefused):
        fetcher.fetch(FetchRequest("GET", f"http://metadata.example:{neighbour.server_port}/answer"))
    assert _asked(neighbour) == []


def test_one_private_address_among_public_ones_is_enough() -> None:
    with pytest.raises(FetchRefused):
        _fetcher(("93.184.215.14", "127.0.0.1"), private=False).fetch(
            FetchRequest("GET", "http://metadata.example/")
        )


def test_the_name_is_asked_once_and_the_checked_address_is_used(
    neighbour: http.server.ThreadingHTTPServer,
) -> None:
    answers = iter([("127.0.0.1",), ("192.0.2.99",)])
    fetcher = GuardedFetcher(FetchPolicy(allow_private=True), resolver=lambda host, port: next(answers))
    fetched = fetcher.fetch(FetchRequest("GET", f"http://metadata.example:{neighbour.server_port}/answer"))
    assert (fetched.status, fetched.body) == (200, b'{"issuer": "x"}')
    assert _asked(neighbour) == [(f"metadata.example:{neighbour.server_port}", "/answer")]
    assert next(answers) == ("192.0.2.99",)


def test_redirects_stay_on_their_origin_and_end(neighbour: http.server.ThreadingHTTPServer) -> None:
    base = f"http://metadata.example:{neighbour.server_port}"
    fetcher = _fetcher()
    assert fetcher.fetch(FetchRequest("GET", f"{base}/here")).status == 200
    with pytest.raises(FetchRefused):
        fetcher.fetch(FetchRequest("GET", f"{base}/elsewhere"))
    with pytest.raises(FetchFailed):
        fetcher.fetch(FetchRequest("GET", f"{base}/circle"))
    with pytest.raises(FetchRefused):
        fetcher.fetch(FetchRequest("POST", f"{base}/here", body=b"client_secret=x"))


def test_too_much_is_refused(neighbour: http.server.ThreadingHTTPServer) -> None:
    with pytest.raises(FetchFailed, match="more than"):
        _fetcher().fetch(FetchRequest("GET", f"http://metadata.example:{neighbour.server_port}/large"))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://files.example/",
        "gopher://x.example/",
        "https://user:word@metadata.example/",
        "https://",
        "https://metadata.example:99999/",
        "https://metadata.example/a b",
        "https://metadata.example/\r\nHost: x",
    ],
)
def test_only_plain_web_addresses_are_fetched(url: str) -> None:
    with pytest.raises(FetchRefused):
        _fetcher().fetch(FetchRequest("GET", url))


def test_our_own_origin_is_answered_in_process() -> None:
    policy = FetchPolicy(
        own_origins=frozenset({"https://login.example.org"}),
        answer_own=lambda request: Fetched(200, {}, request.url.encode()),
    )
    fetched = GuardedFetcher(policy).fetch(FetchRequest("GET", "https://login.example.org/contoso/discovery"))
    assert fetched.body == b"https://login.example.org/contoso/discovery"
