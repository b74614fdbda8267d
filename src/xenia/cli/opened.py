"""The installation as the operator's tools see it: opened beside a running server, or without one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from xenia.cli.announcement import RUNNING_FILE
from xenia.cli.data_directory import DataDirectory, DataKeyMissing
from xenia.cli.options import data_directory, refuse
from xenia.ports import Ports, StoreUnavailable
from xenia.settings import Settings
from xenia.wiring import Installation, build


@dataclass(frozen=True, slots=True)
class LastAddress:
    """Where the server of this installation answered last."""

    base_url: str
    hosts: tuple[str, ...]


def last_address(settings: Settings, data: DataDirectory) -> LastAddress:
    """From the file a started server leaves; before the first start, what the settings would give."""
    try:
        facts = json.loads((data.path / RUNNING_FILE).read_bytes())
        return LastAddress(str(facts["base_url"]), tuple(facts["hosts"]))
    except (OSError, ValueError, KeyError):
        host = f"{settings.server.host[0]}:{settings.server.port[0]}"
        return LastAddress(settings.server.public_url or f"https://{host}", (host,))


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Ports]:
    """Ports on the installation's database. Ends the command with the fix when it cannot be used."""
    data = data_directory(settings)
    address = last_address(settings, data)
    url = settings.storage.database or data.database_url
    if not settings.storage.database and not (data.path / "xenia.db").exists():
        refuse(f"{data.path} holds no installation. Start one (xenia up), or name its directory with --data.")
    try:
        key = data.data_key(settings.storage.data_key, may_create=False)
        program = build(Installation(settings, address.base_url, address.hosts, url, key))
        with contextlib.closing(program):
            program.store.check()
            yield program.ports
    except (DataKeyMissing, StoreUnavailable, ValueError) as error:
        refuse(str(error))
