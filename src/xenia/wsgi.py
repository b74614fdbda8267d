"""The program for any other WSGI server: `application`, made from the environment and the settings file.

Start it as `xenia.wsgi:application`. Host names, certificates and sockets are then that server's affair, so
`XENIA_PUBLIC_URL` must be set; settings that `xenia serve` would refuse are refused here too.
"""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xenia.cli.data_directory import DataDirectory
from xenia.cli.run import data_key_of
from xenia.outside.logs import configure_logs
from xenia.settings import SettingsError, load, unsafe_for_production
from xenia.wiring import Installation, Program, build

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_ITS_SERVERS = ("tls_cert",)
"""Checks that concern the listening socket, which is not ours here."""


def _program() -> Program:
    settings = load({})
    problems = tuple(
        problem for problem in unsafe_for_production(settings) if problem.name not in _ITS_SERVERS
    )
    if problems:
        raise SettingsError(problems)
    configure_logs(settings.log.log_level, settings.log.log_file)
    data = DataDirectory(settings.server.data)
    url = settings.storage.database or data.database_url
    base_url = settings.server.public_url.rstrip("/")
    key = data_key_of(settings, data, url)
    program = build(Installation(settings, base_url, (urlsplit(base_url).netloc,), url, key))
    program.prepare()
    program.start_workers()
    atexit.register(program.close)
    return program


application: WSGIApplication = _program().app
