"""The guarded HTTP fetcher: the only way by which an address that somebody typed is requested by this server.

Owns the guard against server-side request forgery: the name is resolved once, every address it has must be
public, and the connection goes to the address that was checked (a second answer of the name server changes
nothing). Time, size and the number of requests under way are capped. Our own hosts are answered in process.
Must not know what is fetched, or why.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import SplitResult, urljoin, urlsplit

from xenia.core.ids import TenantId
from xenia.outside.client_certificates import present
from xenia.outside.cut_line import CutLine, make_cuttable
from xenia.outside.places import Places
from xenia.ports import (
    ClientCertificate,
    Fetched,
    FetchFailed,
    FetchRefused,
    FetchRequest,
    FetchTooLarge,
)
from xenia.record import Record, replace

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, HTTPConnectionPool

Answer: TypeAlias = Callable[[FetchRequest], Fetched]
Resolve: TypeAlias = Callable[[str, int], tuple[str, ...]]

_MOST_REDIRECTS = 3
_CHUNK = 16_384
_THREAD_ENDS_AFTER = 1.0
"""Seconds after a request's own limit."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class FetchLimits(Record):
    """How much one fetch may take."""

    seconds: float = 10.0
    silence: float = 5.0
    """Seconds without a byte, while connecting or reading."""
    size: int = 1_048_576
    at_once: int = 32
    """Of those a tenant has its share (``Places``), of the patient ones too."""
    of_one_host: int = 8
    """Of those: a server that keeps its requests open, on purpose or not, leaves places for everybody else's."""
    patient_at_once: int = 32
    """Of requests that bring a time limit of their own, apart from the others: slow servers are expected there."""


class FetchPolicy(Record):
    """What may be fetched, and through what."""

    own_origins: frozenset[str] = frozenset()
    """``scheme://host[:port]`` of this installation."""
    answer_own: Answer | None = None
    """Answers requests to our own origins without a connection; None refuses them."""
    allow_private: bool = False
    """Whether private, loopback and link-local addresses may be reached."""
    ca_bundle: Path | None = None
    """Certificates (PEM) to trust besides the system's."""
    proxy: str | None = None
    """Forward proxy; it resolves names itself, so only names and literal addresses are checked here."""


def resolve(host: str, port: int) -> tuple[str, ...]:
    """All addresses of a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedFetcher:
    """``Fetcher`` over urllib3 with a small pool of threads. Close it at the end of the process."""

    def __init__(
        self,
        policy: FetchPolicy | None = None,
        limits: FetchLimits | None = None,
        *,
        resolver: Resolve = resolve,
    ) -> None:
        self._policy = policy or FetchPolicy()
        self._limits = limits or FetchLimits()
        self._resolve = resolver
        self._room = _Room("fetch", self._limits.at_once, self._limits.of_one_host)
        # Whoever sends these has limits per host of their own (errands, the queue of logout tokens).
        self._patient_room = _Room("patient-fetch", self._limits.patient_at_once, None)

    def fetch(self, request: FetchRequest) -> Fetched:
        """Raises FetchRefused (an address we do not go to) or FetchFailed (no usable answer)."""
        origin = _origin(_parts(request.url))
        if origin in self._policy.own_origins:
            if self._policy.answer_own is None:
                raise FetchRefused("This address is our own.")
            return self._policy.answer_own(request)
        line = CutLine()
        room = self._room if request.seconds is None else self._patient_room
        future = room.begin(request.tenant_id, origin, lambda: self._follow(request, line))
        if future is None:
            raise FetchFailed("Too many requests to other servers are under way. Try again in a moment.")
        seconds = request.seconds or self._limits.seconds
        try:
            return future.result(timeout=seconds)
        except TooSlow:
            line.cut()
            raise FetchFailed(f"{origin} did not answer within {seconds:g} seconds.") from None

    def close(self) -> None:
        """Take no more requests."""
        self._room.close()
        self._patient_room.close()

    def _follow(self, request: FetchRequest, line: CutLine) -> Fetched:
        origin = _origin(_parts(request.url))
        for _ in range(_MOST_REDIRECTS + 1):
            fetched = self._once(request, line)
            location = fetched.headers.get("location")
            if fetched.status not in (301, 302, 303, 307, 308) or not location:
                return fetched
            target = urljoin(request.url, location)
            # Another origin could be anybody, and a form (with its secret) is never sent a second time.
            if _origin(_parts(target)) != origin or request.method != "GET":
                raise FetchRefused(f"{origin} redirects elsewhere; that is not followed.")
            request = replace(request, url=target)
        raise FetchFailed(f"{origin} redirects without end.")

    def _once(self, request: FetchRequest, line: CutLine) -> Fetched:
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  (start-up time)

        parts = _parts(request.url)
        host = parts.hostname or ""
        try:
            with closing(self._connect(parts, host, request)) as pool:
                make_cuttable(pool, line)
                target = parts.path or "/"
                response = pool.urlopen(
                    request.method,
                    f"{target}?{parts.query}" if parts.query else target,
                    body=request.body or None,
                    headers={"Host": parts.netloc, "User-Agent": "Xenia", **request.headers},
                    redirect=False,
                    retries=False,
                    preload_content=False,
                    assert_same_host=False,
                )
                # Closed here whatever happens: a connection that was not read to its end belongs to no pool.
                with closing(response):
                    return self._read(response, host, line)
        except HTTPError as error:
            raise FetchFailed(f"{host}: {_words(error)}") from None
        finally:
            line.release()

    def _connect(self, parts: SplitResult, host: str, request: FetchRequest) -> HTTPConnectionPool:
        """A pool of one connection, to an address that was checked."""
        from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout, proxy_from_url  # noqa: PLC0415

        silence = self._limits.silence
        # A request's own limit is for all of it, and speaks first: the socket's is only there to end the thread.
        longest = silence if request.seconds is None else request.seconds + _THREAD_ENDS_AFTER
        timeout = Timeout(connect=min(silence, longest), read=longest)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        context = self._tls(request.client_certificate) if parts.scheme == "https" else None
        if self._policy.proxy:
            self._check_literal(host)
            manager = proxy_from_url(self._policy.proxy, timeout=timeout, ssl_context=context)
            return manager.connection_from_host(host, port, parts.scheme)
        address = self._address(host, port)
        if context is None:
            return HTTPConnectionPool(address, port, timeout=timeout, maxsize=1)
        return HTTPSConnectionPool(
            address,
            port,
            timeout=timeout,
            maxsize=1,
            ssl_context=context,
            server_hostname=host,
            assert_hostname=host,
        )

    def _address(self, host: str, port: int) -> str:
        try:
            addresses = self._resolve(host, port)
        except OSError:
            raise FetchFailed(f"There is no server called {host}.") from None
        if not addresses or not (self._policy.allow_private or all(map(_is_public, addresses))):
            raise FetchRefused(f"{host} is a private address; this server does not fetch from those.")
        return addresses[0]

    def _check_literal(self, host: str) -> None:
        is_inner = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
        if not self._policy.allow_private and (is_inner or (_is_address(host) and not _is_public(host))):
            raise FetchRefused(f"{host} is a private address; this server does not fetch from those.")

    def _tls(self, certificate: ClientCertificate | None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._policy.ca_bundle is not None:
            context.load_verify_locations(cafile=self._policy.ca_bundle)
        if certificate is not None:
            try:
                present(context, certificate)
            except ssl.SSLError:
                raise FetchRefused("The client certificate or its key cannot be read.") from None
        return context

    def _read(self, response: BaseHTTPResponse, host: str, line: CutLine) -> Fetched:
        body = bytearray()
        for chunk in _chunks(response):
            body += chunk
            if len(body) > self._limits.size:
                raise FetchTooLarge(f"{host} sent more than {self._limits.size} bytes.")
            if line.is_cut:
                raise FetchFailed(f"{host} was too slow.")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Fetched(response.status, headers, bytes(body))


class _Room:
    """Threads for so many requests at once, and a no instead of a queue beyond that."""

    def __init__(self, name: str, at_once: int, of_one_host: int | None) -> None:
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._places = Places(at_once, of_one_host)
        self._counting = threading.Lock()

    def begin(
        self, tenant_id: TenantId | None, origin: str, work: Callable[[], Fetched]
    ) -> Future[Fetched] | None:
        with self._counting:
            if not self._places.take(tenant_id, origin):
                return None
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._leave(tenant_id, origin))
        return future

    def _leave(self, tenant_id: TenantId | None, origin: str) -> None:
        with self._counting:
            self._places.leave(tenant_id, origin)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _chunks(response: BaseHTTPResponse) -> Iterable[bytes]:
    # read1 returns what has come, so a server that drips byte by byte is noticed between two drops.
    while chunk := response.read1(_CHUNK, decode_content=True):
        yield chunk


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises ValueError on a port that is no number)
    except ValueError:
        raise FetchRefused("This is no address of the web.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
        raise FetchRefused("Only http and https addresses without a user name are fetched.")
    if not url.isprintable() or " " in url:
        raise FetchRefused("An address may hold neither blanks nor control characters.")
    return parts


def _origin(parts: SplitResult) -> str:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    standard = {"https": 443, "http": 80}[parts.scheme]
    return (
        f"{parts.scheme}://{host}"
        if parts.port in (None, standard)
        else f"{parts.scheme}://{host}:{parts.port}"
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(text: str) -> bool:
    """Public in every disguise: IPv4 inside IPv6 (mapped, 6to4, NAT64) counts as the IPv4 address it leads to."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(str(inner))
        # Reserved ones have no host of the web, but a network of one's own may translate them (RFC 6145, RFC 8215).
        if address.is_reserved or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


def _words(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    if "ALERT" in str(reason).upper() and "CERTIFICATE" in str(reason).upper():
        return "it did not accept our client certificate, or asks for one."
    if isinstance(reason, ssl.SSLError) or "certificate" in str(reason).lower():
        return "its certificate is not trusted here."
    return "no connection, or no answer in time."
