"""Which addresses of other people's servers may be entered at all. What a name leads to is the fetcher's to judge."""

from __future__ import annotations

from urllib.parse import urlsplit

LONGEST_URL = 2048
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def outgoing_url_problem(url: str, *, allow_private: bool, allow_query: bool = True) -> str | None:
    """Why this server should not be told to call *url* (a sentence for administrators), or None.

    https always; plain http only to this very machine, and only where private addresses may be reached:
    secrets ride on these requests. No user name (it would be a credential in a log) and no fragment.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises ValueError on a port that is no number)
    except ValueError:
        return "Enter an address such as https://api.example.com/check."
    if (
        not parts.hostname
        or not url.isascii()
        or not url.isprintable()
        or " " in url
        or len(url) > LONGEST_URL
    ):
        return "Enter an address such as https://api.example.com/check."
    if "@" in parts.netloc:
        return "The address may not hold a user name or password."
    if "#" in url:
        return "The address may not hold a fragment (#)."
    if not allow_query and "?" in url:
        return "The address may not hold a query (?)."
    is_own_machine = parts.hostname in _LOOPBACK or parts.hostname.endswith(".localhost")
    if parts.scheme == "https" or (parts.scheme == "http" and is_own_machine and allow_private):
        return None
    if parts.scheme == "http" and is_own_machine:
        return "Plain http to this machine needs the setting outgoing_private. Enter an address that starts with https://."
    return "Enter an address that starts with https://."


def origin_of(url: str) -> str:
    """Scheme, host and port, comparable: where a secret goes."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}:{port}"
