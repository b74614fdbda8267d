"""E-mail addresses: shape, parts, masking and the domain rules of invitations."""

from __future__ import annotations

import re

from xenia.core.ids import fold

_LOCAL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._+\-]*[A-Za-z0-9_+\-])?")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
MAX_LENGTH = 254


def domain_key(domain: str) -> str | None:
    """The comparable (IDNA, lower-case) form of a host or mail domain, or None when it is not one."""
    text = domain.strip().rstrip(".")
    try:
        # What is ASCII already is its own IDNA form, and asked for at every step of a sign-in.
        ascii_form = (text if text.isascii() else text.encode("idna").decode("ascii")).lower()
    except UnicodeError:
        return None
    return ascii_form if len(ascii_form) <= 253 and _DOMAIN.fullmatch(ascii_form) else None


def parse_address(text: str, *, allow_plus: bool = True) -> str | None:
    """The address as typed (trimmed) when it is one deliverable mailbox, else None.

    Stricter than RFC 5321 on purpose: only characters the invitation API of the field accepts, so no
    header, display name or route can be smuggled in. ``+`` is accepted unless switched off.
    """
    address = text.strip()
    if len(address) > MAX_LENGTH or address.count("@") != 1:
        return None
    local, _, domain = address.partition("@")
    key = domain_key(domain)
    if not _LOCAL.fullmatch(local) or len(local) > 64 or ".." in local or key is None or "." not in key:
        return None
    return None if "+" in local and not allow_plus else address


def is_sign_in_name(name: str) -> bool:
    """Whether somebody can be asked to prove this: a mailbox, a guest's own name, or a user name without ``@``."""
    if not name or len(name) > MAX_LENGTH or not name.isprintable():
        return False
    return "@" not in name or "#EXT#" in name or parse_address(name) is not None


def address_key(address: str) -> str:
    """The folded form by which two spellings of one mailbox are equal."""
    local, _, domain = address.strip().rpartition("@")
    return f"{fold(local)}@{domain_key(domain) or fold(domain)}"


def mailbox_key(address: str) -> str:
    """The mailbox behind an address, for limits: a tag after ``+`` leads to the same reader (RFC 5233)."""
    local, _, domain = address_key(address).rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def domain_of(address: str) -> str:
    """The comparable domain of *address* (the empty string when it has none)."""
    domain = address.strip().rpartition("@")[2]
    return domain_key(domain) or fold(domain)


def masked(address: str) -> str:
    """``m•••a@example.com``: enough for its owner to recognise, too little for a stranger."""
    local, _, domain = address.rpartition("@")
    shown = local[0] + "•••" + (local[-1] if len(local) > 2 else "")
    return f"{shown}@{domain}"
