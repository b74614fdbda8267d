"""Host names and URLs as the settings mean them."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def without_password(url: str) -> str:
    """A database URL for files and messages; the driver finds the password in its own places (PGPASSFILE)."""
    if url.startswith("sqlite"):
        return url
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    query = "&".join(part for part in parts.query.split("&") if not part.startswith("password="))
    return parts._replace(netloc=f"{user.partition(':')[0]}{at}{place}", query=query).geturl()


def is_loopback_host(host: str) -> bool:
    """Whether the name or address means this very computer."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
