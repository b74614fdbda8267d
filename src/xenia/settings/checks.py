"""What settings contradict each other, and what is unsafe in production."""

from __future__ import annotations

import base64
import ipaddress
import os
from dataclasses import asdict
from urllib.parse import urlsplit

from xenia.core.real_names import objections_to
from xenia.settings.addresses import is_loopback_host
from xenia.settings.groups import ServerSettings, Settings
from xenia.settings.problems import Problem

_LOG_LEVELS = ("debug", "info", "warning", "error")


def contradictions(settings: Settings) -> list[Problem]:
    """What cannot be used in any command, however each value came about."""
    server, mail = settings.server, settings.mail
    found = [*_tls_problems(server), *_address_problems(server), *_process_problems(server)]
    found += _real_name_problems(server, settings.workshop.hosts)
    if mail.smtp and not mail.mail_from:
        found.append(Problem("mail_from", "not set", "name the sender; it is required with smtp"))
    if mail.smtp and (
        urlsplit(mail.smtp).scheme not in ("smtp", "smtps", "smtp+plain") or not urlsplit(mail.smtp).hostname
    ):
        found.append(Problem("smtp", "set", "write it as smtp://user@host:587 or smtps://user@host:465"))
    for name, value in asdict(settings.retention).items():
        if value < 0:
            found.append(Problem(name, "set", "cannot be negative; 0 keeps everything"))
    if settings.log.log_level not in _LOG_LEVELS:
        found.append(Problem("log_level", "set", f"is one of {', '.join(_LOG_LEVELS)}"))
    try:
        is_key = len(base64.b64decode(settings.storage.data_key or "A" * 43 + "=", validate=True)) == 32
    except ValueError:
        is_key = False
    if not is_key:
        found.append(Problem("data_key", "set", "must be 32 bytes as base64: openssl rand -base64 32"))
    return found


def _tls_problems(server: ServerSettings) -> list[Problem]:
    found = []
    if (server.tls_cert is None) != (server.tls_key is None):
        found.append(Problem("tls_cert and tls_key", "set", "give both or neither"))
    for name, path in (("tls_cert", server.tls_cert), ("tls_key", server.tls_key)):
        if path is not None and not path.is_file():
            found.append(Problem(name, "set", f"{path} is no file"))
    if not server.tls and not server.trusted_proxy:
        found.append(Problem("tls", "set", "plain HTTP is for a reverse proxy; name it in trusted_proxy"))
    return found


def _process_problems(server: ServerSettings) -> list[Problem]:
    found = []
    if server.threads < 1:
        found.append(Problem("threads", "set", "at least one request must be worked on at a time"))
    if server.workers < 0:
        found.append(Problem("workers", "set", "give a number of processes, or 0 to let the server choose"))
    elif server.workers > 1 and not hasattr(os, "fork"):
        found.append(Problem("workers", "set", "this platform cannot share ports between processes; use 1"))
    return found


def _address_problems(server: ServerSettings) -> list[Problem]:
    found = []
    url = urlsplit(server.public_url)
    if server.public_url and (
        url.scheme not in ("https", "http") or not url.hostname or url.path or url.query
    ):
        found.append(Problem("public_url", "set", "write it as https://login.example.org, without a path"))
    for network in server.trusted_proxy:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            found.append(Problem("trusted_proxy", "set", f"{network} is no address or network"))
    return found


def _real_name_problems(server: ServerSettings, names: tuple[str, ...]) -> list[Problem]:
    """Whoever answers to the real service's names must be reached from this computer only."""
    is_here = is_loopback_host(urlsplit(server.public_url or "//localhost").hostname or "")
    is_here = is_here and all(is_loopback_host(host) for host in server.host)
    own_tls = server.tls and not server.trusted_proxy
    return [
        Problem("hosts", "set", text) for text in objections_to(names, on_loopback=is_here, own_tls=own_tls)
    ]


def unsafe_for_production(settings: Settings) -> tuple[Problem, ...]:
    """Why ``xenia serve`` refuses these settings: what is fine on one's own machine and nowhere else."""
    server, found = settings.server, []
    url = urlsplit(server.public_url)
    if not server.public_url:
        found.append(
            Problem("public_url", "not set", "set the https address under which people reach this server")
        )
    elif url.scheme != "https":
        found.append(
            Problem("public_url", "set", "must start with https://: sign-in cookies and tokens travel here")
        )
    elif is_loopback_host(url.hostname or ""):
        found.append(
            Problem(
                "public_url",
                "set",
                "names this computer only; guests could not open it (for trying out: xenia up)",
            )
        )
    if server.tls and server.tls_cert is None:
        found.append(
            Problem("tls_cert", "not set", "set tls_cert and tls_key, or tls = false behind a reverse proxy")
        )
    if not settings.mail.smtp:
        found.append(Problem("smtp", "not set", "set the mail server: without mail no guest can sign in"))
    if any(ipaddress.ip_network(network, strict=False).prefixlen == 0 for network in server.trusted_proxy):
        found.append(
            Problem(
                "trusted_proxy",
                "set",
                "trusts every address, so anybody could pretend to come from anywhere and escape the limits; name the proxies",
            )
        )
    if settings.workshop.hosts:
        found.append(
            Problem("hosts", "set", "other people's names are for one's own computer; leave them off")
        )
    if settings.workshop.tools:
        found.append(Problem("tools", "set", "the workshop tools show everybody's mail; leave them off"))
    return tuple(found)
