"""The installation's own certificate authority, for HTTPS on this machine and the local network.

Whoever trusts this CA trusts it for little: its name constraints confine it to local names, private networks
and the hosts of the settings at the time it was made, and names of the public sign-in services are refused
altogether, so a stolen key cannot impersonate them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import timedelta

from cryptography import x509

from xenia.outside.certificate_authority import CertificateAuthority, address_of

_LOCAL_DOMAINS = ("localhost", "local", "internal", "test", "home.arpa", "lan")
_LOCAL_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
_NEVER = (
    "microsoftonline.com", "microsoftonline.us", "microsoft.com", "microsoft.us", "windows.net", "azure.com",
    "azure.net", "live.com", "office.com", "office365.com", "ciamlogin.com", "b2clogin.com",
    "google.com", "googleapis.com", "apple.com", "facebook.com", "github.com", "okta.com",
)  # fmt: skip
"""Sign-in services of the world. A CA people trust on their machine must not be able to speak for them."""


class LocalCa(CertificateAuthority):
    """The CA people trust for this installation. It grows with the hosts of the settings, and is made anew then."""

    title = "Xenia local CA"
    lifetime = timedelta(days=10 * 365)
    server_lifetime = timedelta(days=200)
    renew_before = timedelta(days=30)

    def refuse(self, names: Sequence[str]) -> None:
        """Raises ValueError for the name of a public sign-in service."""
        _refuse_foreign(names)

    def constraints(self, names: Sequence[str]) -> x509.NameConstraints:
        """Everything local, and the settings' own other names."""
        return x509.NameConstraints(_permitted(names), None)

    def suits(self, certificate: x509.Certificate, names: Sequence[str]) -> bool:
        """As long as it may speak for all of them."""
        return all(_permits(certificate, name) for name in names)


def _refuse_foreign(names: Sequence[str]) -> None:
    for name in names:
        if any(name == domain or name.endswith(f".{domain}") for domain in _NEVER):
            raise ValueError(
                f"the local CA issues no certificate for {name}, which belongs to a public sign-in service"
            )


def _permitted(names: Sequence[str]) -> list[x509.GeneralName]:
    """The subtrees the CA may speak for: everything local, and the settings' own other names."""
    permitted: list[x509.GeneralName] = [x509.DNSName(domain) for domain in _LOCAL_DOMAINS]
    permitted += [x509.IPAddress(network) for network in _LOCAL_NETWORKS]
    for name in names:
        address = address_of(name)
        if address is None:
            if not _below(name, _LOCAL_DOMAINS):
                permitted.append(x509.DNSName(name))
        elif not any(address in network for network in _LOCAL_NETWORKS):
            permitted.append(x509.IPAddress(ipaddress.ip_network(name)))
    return permitted


def _permits(ca: x509.Certificate, name: str) -> bool:
    trees = ca.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    address = address_of(name)
    if address is None:
        return _below(name, [str(tree.value) for tree in trees if isinstance(tree, x509.DNSName)])
    networks = [tree.value for tree in trees if isinstance(tree, x509.IPAddress)]
    return any(
        address in network
        for network in networks
        if isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network)
    )


def _below(name: str, domains: Sequence[str]) -> bool:
    return any(name == domain or name.endswith(f".{domain}") for domain in domains)
