"""One life of the server: lock, bind, certify, wire, prepare, answer, wait for the end, leave tidily."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from xenia.cli.addresses import Addresses, addresses_of
from xenia.cli.data_directory import DataDirectory, DataKeyMissing
from xenia.cli.listeners import Bound, Listeners, bind
from xenia.cli.name_switch import NameSwitch
from xenia.cli.worker_processes import Supervisor, Worker, WorkerFailed
from xenia.outside.ambient import SystemClock
from xenia.outside.certificate_authority import ServerCertificate
from xenia.outside.local_ca import LocalCa
from xenia.outside.logs import configure_logs
from xenia.outside.real_names_ca import RealNamesCa
from xenia.ports import StoreUnavailable
from xenia.record import Record
from xenia.seed import SeedError
from xenia.settings import Settings
from xenia.storage.sqlite import bears_several_processes
from xenia.web.operations import PublishedCa
from xenia.wiring import Installation, Program, build, holds_signing_keys

_SWITCH_INTERVAL = 0.0005
"""Seconds. Signing leaves the interpreter lock and must get it back soon, also beside busy threads."""

_MOST_WORKERS = 4
"""That a server chooses by itself; beyond that the operator knows better what else the machine is for."""


class Started(Record):
    """A server that answers, for those who announce it."""

    settings: Settings
    program: Program
    addresses: Addresses
    data: DataDirectory
    certificate: ServerCertificate | None
    stand_in: ServerCertificate | None
    """Of the real names, by their own CA."""
    tool_token: str
    pid: int
    """The process to signal: of this server, or of the supervisor of several."""
    ports: tuple[int, ...] = ()


class StartRefused(Exception):
    """The server cannot start; the message says why and what to do."""


_REFUSALS = (StartRefused, SeedError, OSError)


def run(
    settings: Settings,
    data: DataDirectory,
    prepare: Callable[[Program], None],
    announce: Callable[[Started], None],
) -> None:
    """Serve until SIGINT or SIGTERM. *prepare* runs before the first request, *announce* once one was answered.

    With several workers both run in the first of them. Raises DataDirectoryTaken, AddressRefused,
    StartRefused and what *prepare* raises; everything taken is given back.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL)
    # Database, keys and certificates are for the owner alone, wherever they are written.
    os.umask(0o077)
    configure_logs(settings.log.log_level, settings.log.log_file)
    workers = _workers(settings)
    if workers > 1 and not settings.storage.database and not bears_several_processes():
        raise StartRefused(
            "Several workers would write one SQLite file, which this machine's SQLite cannot do safely (3.51.3 or newer "
            "can). Use --workers 1, or PostgreSQL."
        )
    with contextlib.ExitStack() as leaving:
        data.open()
        leaving.callback(data.close)
        bound = bind(settings.server.host, settings.server.port)
        leaving.callback(bound.close)
        life = _Life(settings, data, bound, prepare, announce, os.getpid())
        if workers == 1:
            life.live()
            return
        try:
            Supervisor(workers, life.live, refusals=_REFUSALS).run()
        except WorkerFailed as failure:
            raise StartRefused(str(failure)) from None


def _workers(settings: Settings) -> int:
    """How many processes answer. Threads of one process share the interpreter lock, so a core each pays in production.

    The workshop has one: on a laptop memory and a quick start count for more.
    """
    chosen = settings.server.workers
    if chosen or settings.workshop.tools or not hasattr(os, "fork"):
        return chosen or 1
    shared = bool(settings.storage.database) or bears_several_processes()
    return min(_MOST_WORKERS, os.cpu_count() or 1) if shared else 1


class _Life(Record):
    """One process that answers, from its wiring to its tidy end: the only one, or one of several workers."""

    settings: Settings
    data: DataDirectory
    bound: Bound
    prepare: Callable[[Program], None]
    announce: Callable[[Started], None]
    pid: int

    def live(self, worker: Worker | None = None) -> None:
        """Until the end is asked for. Raises StartRefused and what *prepare* raises."""
        try:
            started = _wire(self.settings, self.data, self.bound, self.pid)
            with contextlib.closing(started.program):
                if worker is None or worker.is_first:
                    self._prepare(started.program)
                _serve(started, self.bound, worker, self.announce)
        except StoreUnavailable as error:
            raise StartRefused(f"The database cannot be used: {error}") from None

    def _prepare(self, program: Program) -> None:
        with program.store.preparation():
            _bring_up_to_date(program)
            self.prepare(program)


def _bring_up_to_date(program: Program) -> None:
    try:
        program.prepare()
    except ValueError:
        raise StartRefused(
            "The signing keys in the database were sealed with another data key. All nodes of one installation need the "
            "same data_key."
        ) from None


def _wire(settings: Settings, data: DataDirectory, bound: Bound, pid: int) -> Started:
    addresses = addresses_of(settings.server, bound.ports, settings.workshop.hosts)
    certificate = _certificate(settings, data, addresses)
    stand_in = None
    if addresses.real_names:
        stand_in = RealNamesCa(data.stand_in, SystemClock()).server_certificate(addresses.real_names)
    database_url = settings.storage.database or data.database_url
    token = data.tool_token(settings.workshop.tool_token) if settings.workshop.tools else ""
    try:
        program = build(
            Installation(
                settings=settings,
                base_url=addresses.base_url,
                hosts=addresses.hosts,
                database_url=database_url,
                data_key=data_key_of(settings, data, database_url),
                tool_token=token,
                ca=_published(certificate),
                stand_in_ca=_published(stand_in),
            )
        )
    except ValueError as error:
        raise StartRefused(str(error)) from None
    return Started(settings, program, addresses, data, certificate, stand_in, token, pid, bound.ports)


def _published(certificate: ServerCertificate | None) -> PublishedCa | None:
    return PublishedCa(certificate.ca_file.read_bytes(), certificate.fingerprint) if certificate else None


def data_key_of(settings: Settings, data: DataDirectory, database_url: str) -> bytes:
    """The data key; made for a new installation only, since a new one opens nothing in an old database.

    Raises StartRefused.
    """
    has_key = bool(settings.storage.data_key) or data.has_key()
    try:
        return data.data_key(
            settings.storage.data_key, may_create=has_key or not holds_signing_keys(database_url)
        )
    except DataKeyMissing as error:
        raise StartRefused(
            f"{error}, but the database holds secrets that were sealed with it. Put the file back (xenia restore), "
            "or set data_key."
        ) from None


def _certificate(settings: Settings, data: DataDirectory, addresses: Addresses) -> ServerCertificate | None:
    """From our own CA, unless one was given or a proxy does TLS."""
    if settings.server.tls_cert is not None or not settings.server.tls:
        return None
    try:
        return LocalCa(data.certificates, SystemClock()).server_certificate(addresses.names)
    except ValueError as error:
        raise StartRefused(
            f"{error}. Give a certificate with --tls-cert and --tls-key, or another host."
        ) from None


def _serve(
    started: Started, bound: Bound, worker: Worker | None, announce: Callable[[Started], None]
) -> None:
    is_first = worker is None or worker.is_first
    stop = _stop_on_signals()
    with _answering(started, bound):
        if worker is not None:
            _stop_with_supervisor(worker, stop)
        # The data directory is locked, so an embedded database has no other user yet.
        started.program.start_workers(
            is_first=is_first, sole_process=is_first and not started.settings.storage.database
        )
        if is_first:
            _first_request(bound, is_tls=started.settings.server.tls)
            announce(started)
        if worker is not None:
            worker.report()
        _wait(stop)


@contextlib.contextmanager
def _answering(started: Started, bound: Bound) -> Iterator[None]:
    """Answers on the bound sockets; with real names, through a switch to one listener for each certificate."""
    server, app = started.settings.server, started.program.app
    files: tuple[Path, Path] | None = None
    if server.tls_cert is not None and server.tls_key is not None:
        files = (server.tls_cert, server.tls_key)
    elif started.certificate is not None:
        files = (started.certificate.certificate_file, started.certificate.key_file)
    with contextlib.ExitStack() as leaving:
        if started.stand_in is None:
            leaving.enter_context(Listeners(app, bound, files, server.threads).running())
        else:
            own, named = bind(("127.0.0.1",), (0,)), bind(("127.0.0.1",), (0,))
            leaving.callback(own.close)
            leaving.callback(named.close)
            theirs = (started.stand_in.certificate_file, started.stand_in.key_file)
            leaving.enter_context(Listeners(app, own, files, server.threads).running())
            leaving.enter_context(Listeners(app, named, theirs, server.threads).running())
            names = started.addresses.real_names
            switch = NameSwitch(bound, names, named=named.ports[0], otherwise=own.ports[0])
            switch.start()
            leaving.callback(switch.stop)
        yield


def _stop_with_supervisor(worker: Worker, stop: threading.Event) -> None:
    """A worker whose supervisor was killed would hold ports and data directory with nobody to stop it."""

    def watch() -> None:
        os.read(worker.supervisor_gone, 1)
        stop.set()

    threading.Thread(target=watch, name="supervisor-watch", daemon=True).start()


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), ask)
    return stop


def _wait(stop: threading.Event) -> None:
    # On Windows a wait without end would not be interrupted by Ctrl-C.
    pause = 1.0 if sys.platform == "win32" else None
    while not stop.wait(pause):
        pass


def _first_request(bound: Bound, *, is_tls: bool) -> None:
    """Ask ourselves whether we are ready, over the wire. Raises StartRefused when not."""
    host, port = bound.sockets[0].getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared with, not bound to)
    connection: http.client.HTTPConnection
    if is_tls:
        # Our own socket, and the name on the certificate is not its address: nothing is to be verified here.
        context = ssl._create_unverified_context()  # noqa: S323, SLF001
        connection = http.client.HTTPSConnection(host, port, timeout=30, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    if status != 200:
        raise StartRefused("The server started but is not ready; the log says why.")
