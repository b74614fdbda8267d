"""The guarded fetcher: private addresses in every disguise, redirects, size, time, and our own hosts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from xenia.outside.fetcher import FetchLimits, FetchPolicy, GuardedFetcher
from xenia.ports import ClientCertificate, Fetched, FetchFailed, FetchRefused, FetchRequest


class Site(BaseHTTPRequestHandler):
    """A web server whose answer depends on the path."""

    hang = threading.Event()
    seen: ClassVar[list[tuple[str, str, bytes]]] = []

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        Site.seen.append((self.path, self.headers.get("Host", ""), body))
        if self.path == "/hang":
            Site.hang.wait(30)
            return
        if self.path == "/drip":
            self.drip()
            return
        moves = {"/away": "https://other.example/", "/home": "/ok", "/loop": "/loop"}
        self.send_response(302 if self.path in moves else 200)
        if self.path in moves:
            self.send_header("Location", moves[self.path])
        content = b"x" * 5000 if self.path == "/large" else b'{"ok":true}'
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def drip(self) -> None:
        """A byte now and then, for ever: no single silence is long."""
        self.send_response(200)
        self.end_headers()
        try:
            while not Site.hang.wait(0.05):
                self.wfile.write(b"x")
                self.wfile.flush()
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def site() -> Iterator[int]:
    """The site's port."""
    Site.hang.clear()
    Site.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    Site.hang.set()
    server.shutdown()
    server.server_close()


@contextmanager
def fetching(
    policy: FetchPolicy | None = None,
    limits: FetchLimits | None = None,
    resolver: Callable[[str, int], tuple[str, ...]] | None = None,
) -> Iterator[GuardedFetcher]:
    fetcher = (
        GuardedFetcher(policy, limits, resolver=resolver) if resolver else GuardedFetcher(policy, limits)
    )
    try:
        yield fetcher
    finally:
        fetcher.close()


OPEN = FetchPolicy(allow_private=True)


def get(url: str) -> FetchRequest:
    return FetchRequest("GET", url)


def test_it_fetches_and_names_the_host(site: int) -> None:
    with fetching(OPEN, resolver=lambda host, port: ("127.0.0.1",)) as fetcher:
        fetched = fetcher.fetch(
            FetchRequest("POST", f"http://idp.example:{site}/ok?a=1", {"X-A": "b"}, b"body")
        )
    assert (fetched.status, fetched.body) == (200, b'{"ok":true}')
    assert Site.seen == [("/ok?a=1", f"idp.example:{site}", b"body")]


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
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "64:ff9b:1::7f00:1",
        "::7f00:1",
        "::ffff:0:7f00:1",
        "fec0::1",
    ],
)
def test_private_addresses_are_refused_whatever_the_name(address: str) -> None:
    with fetching(resolver=lambda host, port: (address,)) as fetcher, pytest.raises(FetchRefused):
        fetcher.fetch(get("https://idp.example/"))


def test_one_private_address_among_public_ones_is_enough() -> None:
    mixed = ("93.184.216.34", "127.0.0.1")
    with fetching(resolver=lambda host, port: mixed) as fetcher, pytest.raises(FetchRefused):
        fetcher.fetch(get("https://idp.example/"))


def test_the_address_that_was_checked_is_the_one_connected_to(site: int) -> None:
    answers = iter([("127.0.0.1",)])
    with fetching(OPEN, resolver=lambda host, port: next(answers)) as fetcher:
        assert fetcher.fetch(get(f"http://idp.example:{site}/ok")).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://x.example/",
        "https://user:secret@x.example/",
        "https://",
        "https:///path",
        "http://x.example:99999/",
        "https://x.example/a b",
        "https://x.example/a\r\nHost: y",
        "//x.example",
        "",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with fetching() as fetcher, pytest.raises(FetchRefused):
        fetcher.fetch(get(url))


def test_redirects_stay_within_the_origin_and_end(site: int) -> None:
    with fetching(OPEN) as fetcher:
        assert fetcher.fetch(get(f"http://127.0.0.1:{site}/home")).body == b'{"ok":true}'
        with pytest.raises(FetchRefused, match="redirects elsewhere"):
            fetcher.fetch(get(f"http://127.0.0.1:{site}/away"))
        with pytest.raises(FetchRefused, match="redirects elsewhere"):
            fetcher.fetch(FetchRequest("POST", f"http://127.0.0.1:{site}/home", {}, b"secret"))
        with pytest.raises(FetchFailed, match="without end"):
            fetcher.fetch(get(f"http://127.0.0.1:{site}/loop"))


def test_size_is_capped(site: int) -> None:
    with (
        fetching(OPEN, FetchLimits(size=4096)) as fetcher,
        pytest.raises(FetchFailed, match="more than 4096"),
    ):
        fetcher.fetch(get(f"http://127.0.0.1:{site}/large"))


@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_time_is_capped(site: int, path: str) -> None:
    limits = FetchLimits(seconds=0.3, silence=0.2)
    with fetching(OPEN, limits) as fetcher, pytest.raises(FetchFailed):
        fetcher.fetch(get(f"http://127.0.0.1:{site}{path}"))


def test_only_so_many_at_once(site: int) -> None:
    with fetching(OPEN, FetchLimits(seconds=20, silence=20, at_once=1)) as fetcher:
        started = threading.Event()

        def slow() -> None:
            started.set()
            with pytest.raises(FetchFailed):
                fetcher.fetch(get(f"http://127.0.0.1:{site}/hang"))

        thread = threading.Thread(target=slow)
        thread.start()
        started.wait(10)
        while not Site.seen:
            Site.hang.wait(0.01)
        with pytest.raises(FetchFailed, match="Too many requests"):
            fetcher.fetch(get(f"http://127.0.0.1:{site}/ok"))
        Site.hang.set()
        thread.join(20)


def test_a_host_that_keeps_its_requests_open_leaves_places_for_others(site: int) -> None:
    """An issuer that an app trusts is asked because of anybody's assertion: it must not hold all of the places."""
    with fetching(OPEN, FetchLimits(seconds=20, silence=20, at_once=5, of_one_host=2)) as fetcher:

        def slow() -> None:
            with pytest.raises(FetchFailed):
                fetcher.fetch(get(f"http://127.0.0.1:{site}/hang"))

        threads = [threading.Thread(target=slow) for _ in range(2)]
        for thread in threads:
            thread.start()
        while len(Site.seen) < 2:
            Site.hang.wait(0.01)
        with pytest.raises(FetchFailed, match="Too many requests"):
            fetcher.fetch(get(f"http://127.0.0.1:{site}/ok"))
        # Another name and port is another host: there is room for it.
        other = ThreadingHTTPServer(("127.0.0.1", 0), Site)
        serving = threading.Thread(target=other.serve_forever, daemon=True)
        serving.start()
        assert fetcher.fetch(get(f"http://127.0.0.1:{other.server_address[1]}/ok")).status == 200
        other.shutdown()
        other.server_close()
        Site.hang.set()
        for thread in threads:
            thread.join(20)
        # What has ended gives its place back.
        assert fetcher.fetch(get(f"http://127.0.0.1:{site}/ok")).status == 200


def test_a_tenant_with_many_hosts_that_hang_leaves_places_for_others(site: int) -> None:
    def of(tenant_id: str, path: str) -> FetchRequest:
        return FetchRequest("GET", f"http://127.0.0.1:{site}{path}", tenant_id=tenant_id)

    with fetching(OPEN, FetchLimits(seconds=20, silence=20, at_once=4)) as fetcher:

        def slow() -> None:
            with pytest.raises(FetchFailed):
                fetcher.fetch(of("tenant-1", "/hang"))

        threads = [threading.Thread(target=slow) for _ in range(2)]
        for thread in threads:
            thread.start()
        while len(Site.seen) < 2:
            Site.hang.wait(0.01)
        with pytest.raises(FetchFailed, match="Too many requests"):
            fetcher.fetch(of("tenant-1", "/ok"))
        assert fetcher.fetch(of("tenant-2", "/ok")).status == 200
        assert fetcher.fetch(get(f"http://127.0.0.1:{site}/ok")).status == 200
        Site.hang.set()
        for thread in threads:
            thread.join(20)
        assert fetcher.fetch(of("tenant-1", "/ok")).status == 200


def test_requests_that_may_take_long_have_places_of_their_own(site: int) -> None:
    limits = FetchLimits(at_once=1, patient_at_once=1)
    with fetching(OPEN, limits) as fetcher:

        def slow() -> None:
            with pytest.raises(FetchFailed):
                fetcher.fetch(FetchRequest("GET", f"http://127.0.0.1:{site}/hang", seconds=60))

        thread = threading.Thread(target=slow)
        thread.start()
        while not Site.seen:
            Site.hang.wait(0.01)
        assert fetcher.fetch(get(f"http://127.0.0.1:{site}/ok")).status == 200
        with pytest.raises(FetchFailed, match="Too many requests"):
            fetcher.fetch(FetchRequest("GET", f"http://127.0.0.1:{site}/ok", seconds=60))
        Site.hang.set()
        thread.join(60)


@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_a_request_may_bring_its_own_time_limit(site: int, path: str) -> None:
    limits = FetchLimits(seconds=60, silence=60)
    with fetching(OPEN, limits) as fetcher, pytest.raises(FetchFailed, match=r"within 0\.3 seconds"):
        fetcher.fetch(FetchRequest("GET", f"http://127.0.0.1:{site}{path}", seconds=0.3))


def test_a_certificate_that_is_none_sends_nothing(site: int) -> None:
    request = FetchRequest(
        "GET", f"https://127.0.0.1:{site}/ok", client_certificate=ClientCertificate("no", "certificate")
    )
    with fetching(OPEN) as fetcher, pytest.raises(FetchRefused, match="cannot be read"):
        fetcher.fetch(request)
    assert Site.seen == []


def test_nobody_there_is_a_failure_with_words() -> None:
    here = ("127.0.0.1",)
    with fetching(OPEN, resolver=lambda host, port: here) as fetcher:  # noqa: SIM117  (reads better nested)
        with pytest.raises(FetchFailed, match="no connection"):
            fetcher.fetch(get("http://idp.example:9/"))


def test_our_own_hosts_are_answered_in_process_or_not_at_all() -> None:
    own = frozenset({"https://login.test", "https://login.test:8443"})
    with fetching(FetchPolicy(own, lambda request: Fetched(200, {}, request.url.encode()))) as fetcher:
        assert fetcher.fetch(get("https://login.test/x")).body == b"https://login.test/x"
        assert fetcher.fetch(get("https://LOGIN.test:443/x")).status == 200
        assert fetcher.fetch(get("https://login.test:8443/")).status == 200
    with fetching(FetchPolicy(own)) as fetcher, pytest.raises(FetchRefused, match="our own"):
        fetcher.fetch(get("https://login.test/x"))


def test_through_a_proxy_literal_private_addresses_are_refused_too() -> None:
    with fetching(FetchPolicy(proxy="http://127.0.0.1:9")) as fetcher:
        for host in ("127.0.0.1", "[::1]", "localhost", "printer.local", "169.254.169.254"):
            with pytest.raises(FetchRefused):
                fetcher.fetch(get(f"https://{host}/"))
