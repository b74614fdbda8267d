"""The installation as the operator's tools see it: opened beside a running server, or without one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from xenia.cli.announcement import RUNNING_FILE
from xenia.cli.data_directory import DataDirectory, DataKeyMissing
from xenia.cli.options import data_directory, refuse
from xenia.ports import Ports, StoreUnavailable
from xenia.record import Record
from xenia.settings import Settings
from xenia.wiring import Installation, build


class LastRun(Record):
    """Where the server of this installation answered last, and the database it named ("" means embedded)."""

    base_url: str
    hosts: tuple[str, ...]
    database: str = ""
    real_names: tuple[str, ...] = ()
    tools: bool = False
    """Whether it was a workshop."""


def last_run(settings: Settings, data: DataDirectory) -> LastRun:
    """From the file a started server leaves; before the first start, what the settings would give."""
    try:
        facts = json.loads((data.path / RUNNING_FILE).read_bytes())
        return LastRun(
            str(facts["base_url"]),
            tuple(facts["hosts"]),
            str(facts.get("database", "")),
            tuple(facts.get("real_names", ())),
            facts.get("tools") is True,
        )
    except (OSError, ValueError, KeyError):
        host = f"{settings.server.host[0]}:{settings.server.port[0]}"
        return LastRun(settings.server.public_url or f"https://{host}", (host,))


def database_url(settings: Settings, data: DataDirectory) -> str:
    """The installation's database: of the settings, else the one its server used last, else the embedded one."""
    return settings.storage.database or last_run(settings, data).database or data.database_url


def embedded_file(url: str) -> Path | None:
    """The file of an embedded database; None for a server."""
    return Path(url.partition("///")[2]) if url.startswith("sqlite") else None


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Ports]:
    """Ports on the installation's database. Ends the command with the fix when it cannot be used."""
    data = data_directory(settings)
    address = last_run(settings, data)
    url = database_url(settings, data)
    file = embedded_file(url)
    if file is not None and not file.exists():
        refuse(f"{data.path} holds no installation. Start one (xenia up), or name its directory with --data.")
    try:
        key = data.data_key(settings.storage.data_key, may_create=False)
        # Issuers are those of the running server, whatever this command was told.
        workshop = replace(settings.workshop, hosts=address.real_names)
        known = replace(settings, workshop=workshop)
        program = build(Installation(known, address.base_url, address.hosts, url, key))
        with contextlib.closing(program):
            program.store.check()
            yield program.ports
    except (DataKeyMissing, StoreUnavailable, ValueError) as error:
        refuse(str(error))
