"""Whose tries count together: the network behind a client address.

A household or a rented server holds a whole IPv6 /64 (RFC 6177, RFC 7934), so counting single addresses there
would count nothing at all. Logs keep the address as it is; only limits use the network.
"""

from __future__ import annotations

import ipaddress

_HOUSEHOLD = 64


def network_of(address: str) -> str:
    """The name under which tries from *address* are counted: an IPv4 address, or the /64 of an IPv6 one.

    An IPv4 address in IPv6 dress counts as what it is. What is no address at all counts as itself.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((found, _HOUSEHOLD), strict=False))


def same_network(one: str, other: str) -> bool:
    """Whether two addresses count together; this very machine is one place, whichever of its names was used."""
    return network_of(one) == network_of(other) or (_is_loopback(one) and _is_loopback(other))


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback
