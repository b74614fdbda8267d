"""The second CA: speaks for the vendor's names on loopback (``xenia up --hosts``), and for nothing else.

It is apart from the local CA in everything: key, file, trust. Who trusts it lets this machine pose as the real
sign-in service, so it is confined to the names that were asked for (and what is below them: RFC 5280 section 4.2.1.10
knows nothing narrower), excludes every address, signs server certificates only, and ends after weeks instead of years.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import timedelta

from cryptography import x509

from xenia.core.real_names import REAL_NAMES
from xenia.outside.certificate_authority import CertificateAuthority

_EVERY_ADDRESS = [x509.IPAddress(ipaddress.ip_network(every)) for every in ("0.0.0.0/0", "::/0")]
"""Excluded: a kind of name that no constraint mentions would be free (RFC 5280 section 4.2.1.10)."""


class RealNamesCa(CertificateAuthority):
    """Made for one set of names; for any other set it is made anew and must be trusted anew."""

    title = "Xenia stand-in CA (NOT the real service)"
    lifetime = timedelta(days=60)
    server_lifetime = timedelta(days=30)
    renew_before = timedelta(days=10)

    def refuse(self, names: Sequence[str]) -> None:
        """Raises ValueError for any other name than the published ones."""
        for name in names:
            if name not in REAL_NAMES:
                raise ValueError(f"the stand-in CA issues no certificate for {name}")

    def constraints(self, names: Sequence[str]) -> x509.NameConstraints:
        """These names. (What would be below one of them never gets a certificate here.)"""
        return x509.NameConstraints([x509.DNSName(name) for name in names], _EVERY_ADDRESS)

    def suits(self, certificate: x509.Certificate, names: Sequence[str]) -> bool:
        """For the very same names only."""
        trees = certificate.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
        return {str(tree.value) for tree in trees or []} == set(names)
