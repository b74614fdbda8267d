"""A certificate authority in one folder: made when missing, its one server certificate kept fresh.

What it may speak for is its charter, and stands in critical name constraints (RFC 5280 section 4.2.1.10), so
that a stolen key reaches no further than the names people meant when they trusted it.
"""

from __future__ import annotations

import ipaddress
from abc import ABC, abstractmethod
from collections.abc import Sequence
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
from xenia.record import Record

_BACKDATED = timedelta(hours=1)
"""Certificates begin a little in the past, for clients whose clock is behind."""


class ServerCertificate(Record):
    """Where the certificate lies, and what people compare before they trust its CA."""

    certificate_file: Path
    key_file: Path
    ca_file: Path
    fingerprint: str
    """SHA-256 of the CA certificate, colon separated."""


class CertificateAuthority(ABC):
    """The CA in one folder. Used by the one process that holds the data directory's lock."""

    title: str
    """Begins its common name, by which people find it in a trust store again."""
    lifetime: timedelta
    server_lifetime: timedelta
    renew_before: timedelta
    """Before its end a server certificate is made anew at the next start."""

    @abstractmethod
    def refuse(self, names: Sequence[str]) -> None:
        """Raises ValueError for a name that it must never speak for."""

    @abstractmethod
    def constraints(self, names: Sequence[str]) -> x509.NameConstraints:
        """What it may speak for when it is made for these names."""

    @abstractmethod
    def suits(self, certificate: x509.Certificate, names: Sequence[str]) -> bool:
        """Whether the CA that is there already may go on for these names."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    @property
    def ca_file(self) -> Path:
        """The CA certificate (PEM), for trust stores and client libraries."""
        return self._folder / "ca.pem"

    def server_certificate(self, hosts: Sequence[str]) -> ServerCertificate:
        """A certificate for exactly these names and addresses, made or renewed when needed.

        The CA is kept as long as it suits them, else it is made anew and must be trusted anew.
        Raises ValueError for a name that it never speaks for.
        """
        names = sorted({host.strip("[]").rstrip(".").lower() for host in hosts if host})
        self.refuse(names)
        private_folder(self._folder)
        ca = self._ca(names)
        certificate_file, key_file = self._folder / "server.pem", self._folder / "server-key.pem"
        if not self._is_current(certificate_file, key_file, names, ca[0]):
            certificate, key = self._issue(names, *ca)
            write_private(key_file, key_pem(key))
            # The chain carries the CA too: some clients show the missing link as an error of ours.
            write_private(certificate_file, pem(certificate) + pem(ca[0]))
        return ServerCertificate(certificate_file, key_file, self.ca_file, fingerprint(pem(ca[0])))

    def _ca(self, names: Sequence[str]) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key_file = self._folder / "ca-key.pem"
        if self.ca_file.exists() and key_file.exists():
            certificate = x509.load_pem_x509_certificate(self.ca_file.read_bytes())
            key = load_pem_private_key(key_file.read_bytes(), None)
            expires = certificate.not_valid_after_utc - self.server_lifetime
            is_usable = self._clock.now() < expires and self.suits(certificate, names)
            if is_usable and isinstance(key, ec.EllipticCurvePrivateKey):
                return certificate, key
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._make_ca(names, key)
        write_private(key_file, key_pem(key))
        write_private(self.ca_file, pem(certificate))
        self.ca_file.chmod(0o644)
        return certificate, key

    def _make_ca(self, names: Sequence[str], key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        now = self._clock.now()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{self.title} {now:%Y-%m-%d}")])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + self.lifetime)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(self.constraints(names), critical=True)
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
            .not_valid_after(now + self.server_lifetime)
            .add_extension(
                x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False
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
        is_fresh = self._clock.now() < certificate.not_valid_after_utc - self.renew_before
        return is_fresh and {str(name.value) for name in covered} == set(names)


def fingerprint(certificate_pem: bytes) -> str:
    """SHA-256 of the first certificate in the PEM text, as ``AB:CD:…``. Raises ValueError when there is none."""
    digest = x509.load_pem_x509_certificate(certificate_pem).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def address_of(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a name is, or None for a host name."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def general_name(name: str) -> x509.GeneralName:
    """As it stands in a certificate."""
    address = address_of(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def pem(certificate: x509.Certificate) -> bytes:
    """The certificate as text."""
    return certificate.public_bytes(Encoding.PEM)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The private key as text, not encrypted: its file is for the owner alone."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
