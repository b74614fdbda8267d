"""The installation's own certificate authority, for HTTPS on this machine and the local network.

Owns making and renewing of the CA and of the server certificate in the data directory. Whoever trusts
this CA trusts it for little: critical name constraints (RFC 5280 section 4.2.1.10) confine it to local
names, private networks and the hosts of the settings at the time it was made, and names of the public
sign-in services are refused altogether, so a stolen key cannot impersonate them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from xenia.outside.private_files import private_folder, write_private
from xenia.ports import Clock

_CA_LIFETIME = timedelta(days=10 * 365)
_LEAF_LIFETIME = timedelta(days=200)
_RENEW_BEFORE = timedelta(days=30)
_BACKDATED = timedelta(hours=1)
"""Certificates begin a little in the past, for clients whose clock is behind."""

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


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """Where the certificate lies, and what people compare before they trust its CA."""

    certificate_file: Path
    key_file: Path
    ca_file: Path
    fingerprint: str
    """SHA-256 of the CA certificate, colon separated."""


class LocalCa:
    """The CA in one folder. Used by the one process that holds the data directory's lock."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    @property
    def ca_file(self) -> Path:
        """The CA certificate (PEM), for trust stores and client libraries."""
        return self._folder / "ca.pem"

    def server_certificate(self, hosts: Sequence[str]) -> ServerCertificate:
        """A certificate for exactly these names and addresses, made or renewed when needed.

        The CA is kept as long as it may speak for all of them, else it is made anew and must be trusted anew.
        Raises ValueError for the name of a public sign-in service.
        """
        names = sorted({host.strip("[]").rstrip(".").lower() for host in hosts if host})
        _refuse_foreign(names)
        private_folder(self._folder)
        ca = self._ca(names)
        certificate_file, key_file = self._folder / "server.pem", self._folder / "server-key.pem"
        if not self._is_current(certificate_file, key_file, names, ca[0]):
            certificate, key = self._issue(names, *ca)
            write_private(key_file, _key_pem(key))
            # The chain carries the CA too: some clients show the missing link as an error of ours.
            write_private(certificate_file, _pem(certificate) + _pem(ca[0]))
        return ServerCertificate(certificate_file, key_file, self.ca_file, fingerprint(_pem(ca[0])))

    def _ca(self, names: Sequence[str]) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key_file = self._folder / "ca-key.pem"
        if self.ca_file.exists() and key_file.exists():
            certificate = x509.load_pem_x509_certificate(self.ca_file.read_bytes())
            key = load_pem_private_key(key_file.read_bytes(), None)
            expires = certificate.not_valid_after_utc - _LEAF_LIFETIME
            is_usable = self._clock.now() < expires and all(_permits(certificate, name) for name in names)
            if is_usable and isinstance(key, ec.EllipticCurvePrivateKey):
                return certificate, key
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._make_ca(names, key)
        write_private(key_file, _key_pem(key))
        write_private(self.ca_file, _pem(certificate))
        self.ca_file.chmod(0o644)
        return certificate, key

    def _make_ca(self, names: Sequence[str], key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        now = self._clock.now()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Xenia local CA {now:%Y-%m-%d}")])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + _CA_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.NameConstraints(_permitted(names), None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )

    def _issue(
        self, names: Sequence[str], ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey
    ) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        now = self._clock.now()
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Xenia server")]))
            .issuer_name(ca.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + _LEAF_LIFETIME)
            .add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(purposes, critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(issuer_key, critical=False)
            .sign(ca_key, hashes.SHA256())
        )
        return certificate, key

    def _is_current(
        self, certificate_file: Path, key_file: Path, names: Sequence[str], ca: x509.Certificate
    ) -> bool:
        if not certificate_file.exists() or not key_file.exists():
            return False
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        covered = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        try:
            certificate.verify_directly_issued_by(ca)
        except Exception:  # noqa: BLE001  (any failure of the check means the same: issue a new one)
            return False
        is_fresh = self._clock.now() < certificate.not_valid_after_utc - _RENEW_BEFORE
        return is_fresh and {str(name.value) for name in covered} == set(names)


def fingerprint(certificate_pem: bytes) -> str:
    """SHA-256 of the first certificate in the PEM text, as ``AB:CD:…``. Raises ValueError when there is none."""
    digest = x509.load_pem_x509_certificate(certificate_pem).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def _refuse_foreign(names: Sequence[str]) -> None:
    for name in names:
        if any(name == domain or name.endswith(f".{domain}") for domain in _NEVER):
            raise ValueError(
                f"the local CA issues no certificate for {name}, which belongs to a public sign-in service"
            )


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _general_name(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _permitted(names: Sequence[str]) -> list[x509.GeneralName]:
    """The subtrees the CA may speak for: everything local, and the settings' own other names."""
    permitted: list[x509.GeneralName] = [x509.DNSName(domain) for domain in _LOCAL_DOMAINS]
    permitted += [x509.IPAddress(network) for network in _LOCAL_NETWORKS]
    for name in names:
        address = _address(name)
        if address is None:
            if not _below(name, _LOCAL_DOMAINS):
                permitted.append(x509.DNSName(name))
        elif not any(address in network for network in _LOCAL_NETWORKS):
            permitted.append(x509.IPAddress(ipaddress.ip_network(name)))
    return permitted


def _permits(ca: x509.Certificate, name: str) -> bool:
    trees = ca.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    address = _address(name)
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


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
