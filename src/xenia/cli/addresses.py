"""Under which names and addresses this process is reached, from the hosts and ports of the settings."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from xenia.record import Record
from xenia.settings import ServerSettings, is_loopback_host

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  (compared with, not bound to)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Addresses(Record):
    """The public URL, every ``host[:port]`` we answer to, and the bare names for the certificate."""

    base_url: str
    hosts: tuple[str, ...]
    names: tuple[str, ...]
    real_names: tuple[str, ...] = ()
    """Of the real service, without a port: programs that have them built in call 443."""


def addresses_of(
    server: ServerSettings, ports: tuple[int, ...], real_names: tuple[str, ...] = ()
) -> Addresses:
    """The addresses for the ports that were bound.

    The public URL is the first: links and mails start with it, and issuers unless real names fix them.
    """
    names = _names(server.host)
    scheme = "https" if server.tls else "http"
    hosts = [_with_port(name, port, scheme) for port in ports for name in names]
    base_url = (
        server.public_url.rstrip("/").lower() or f"{scheme}://{_with_port(_main(names), ports[0], scheme)}"
    )
    public = urlsplit(base_url)
    hosts.insert(0, public.netloc)
    every = (*names, public.hostname or "") if server.tls else names
    return Addresses(
        base_url,
        tuple(dict.fromkeys((*hosts, *real_names))),
        tuple(dict.fromkeys(name for name in every if name)),
        real_names,
    )


def _main(names: tuple[str, ...]) -> str:
    """What to call ourselves when nothing was said: an address others can use, where there is one."""
    return next((name for name in names if not is_loopback_host(name)), names[0])


def _names(hosts: tuple[str, ...]) -> tuple[str, ...]:
    names: list[str] = []
    for host in (host.strip("[]").rstrip(".").lower() for host in hosts):
        if host in _EVERYWHERE:
            names += [*_lan_addresses(), *_machine_names(), *_LOOPBACK]
        elif host == "localhost":
            names += _LOOPBACK
        else:
            names.append(host)
    return tuple(dict.fromkeys(names))


def _machine_names() -> list[str]:
    name = socket.gethostname().lower()
    if not name or is_loopback_host(name):
        return []
    return [name] if "." in name else [name, f"{name}.local"]


def _lan_addresses() -> list[str]:
    """The address this machine uses towards others; connecting a datagram socket sends nothing."""
    found = []
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                address = str(probe.getsockname()[0]).partition("%")[0]
        except OSError:
            continue
        if not ipaddress.ip_address(address).is_loopback:
            found.append(address)
    return found


def _with_port(name: str, port: int, scheme: str) -> str:
    host = f"[{name}]" if ":" in name else name
    return host if port == (443 if scheme == "https" else 80) else f"{host}:{port}"
