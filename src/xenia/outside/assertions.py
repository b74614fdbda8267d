"""Signatures of client assertions (RFC 7523) and reading of client certificates, ours included.

Owns what a certificate credential looks like on the wire, in the spellings real client libraries send:
padded thumbprints, certificate chains with line breaks. Decides nothing about claims: issuer,
audience, times and replay are the caller's.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from xenia.outside.pkcs12_files import open_pkcs12
from xenia.ports import KeyedCertificate

_MIN_KEY_BITS = 2048
_MAX_ASSERTION = 32 * 1024
_JsonObject = dict[str, object]


class JwtAssertions:
    """``AssertionVerifier`` over cryptography."""

    def header_and_claims(self, assertion: str) -> tuple[_JsonObject, _JsonObject] | None:
        """Unverified parts, or None when it is no JWT.

        Thumbprints come without padding and ``x5c`` without line breaks, whatever was sent.
        """
        segments = _segments(assertion)
        if segments is None:
            return None
        try:
            header = msgspec.json.decode(_b64url(segments[0]), type=_JsonObject)
            claims = msgspec.json.decode(_b64url(segments[1]), type=_JsonObject)
        except (ValueError, msgspec.MsgspecError, RecursionError):
            return None
        return _plain_header(header), claims

    def is_signed_by(self, assertion: str, certificate_der: bytes) -> bool:
        """RS256 or PS256 (RFC 7518 sections 3.3 and 3.5) with the certificate's RSA key, nothing else."""
        segments = _segments(assertion)
        parts = self.header_and_claims(assertion)
        if segments is None or parts is None or "crit" in parts[0]:
            return False
        scheme = _SCHEMES.get(str(parts[0].get("alg")))
        key = x509.load_der_x509_certificate(certificate_der).public_key()
        if scheme is None or not isinstance(key, rsa.RSAPublicKey):
            return False
        try:
            signature = _b64url(segments[2])
            key.verify(signature, f"{segments[0]}.{segments[1]}".encode(), scheme, hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def read_certificate(self, data: bytes) -> tuple[bytes, str, str, datetime, datetime, str]:
        """(DER, SHA-1 thumbprint, SHA-256 thumbprint (hex), not before, not after, subject) of PEM or DER.

        Bare base64 of the DER, as portals paste it, is read too. Raises ValueError.
        """
        certificate = _load_certificate(data)
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _MIN_KEY_BITS:
            raise ValueError(f"The certificate must hold an RSA key of at least {_MIN_KEY_BITS} bits.")
        der = certificate.public_bytes(Encoding.DER)
        return (
            der,
            hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
            hashlib.sha256(der).hexdigest().upper(),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
            certificate.subject.rfc4514_string(),
        )

    def read_pkcs12(self, data: bytes, password: str) -> KeyedCertificate:
        """The certificate, its chain and its key of a PKCS #12 file (RFC 7292). Raises ValueError."""
        found = open_pkcs12(data, password)
        return KeyedCertificate(
            certificate_pem=found["certificate_pem"],
            private_key_pem=found["private_key_pem"],
            thumbprint=found["thumbprint"],
            not_before=datetime.fromisoformat(found["not_before"]),
            not_after=datetime.fromisoformat(found["not_after"]),
        )


_SCHEMES: dict[str, padding.AsymmetricPadding] = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH),
}


def _segments(assertion: str) -> list[str] | None:
    segments = assertion.strip().split(".")
    return (
        segments if len(segments) == 3 and len(assertion) <= _MAX_ASSERTION and assertion.isascii() else None
    )


def _b64url(segment: str) -> bytes:
    """Raises ValueError (binascii.Error is one) on anything but base64url, with or without padding."""
    bare = segment.rstrip("=").translate(_STANDARD)
    return binascii.a2b_base64((bare + "=" * (-len(bare) % 4)).encode("ascii"), strict_mode=True)


_STANDARD = str.maketrans("-_+/", "+/!!")


def _plain_header(header: _JsonObject) -> _JsonObject:
    plain = dict(header)
    for name in ("x5t", "x5t#S256"):
        thumbprint = plain.get(name)
        if isinstance(thumbprint, str):
            plain[name] = thumbprint.rstrip("=")
    chain = plain.get("x5c")
    if isinstance(chain, str):
        chain = [chain]
    if isinstance(chain, list):
        plain["x5c"] = ["".join(item.split()) for item in chain if isinstance(item, str)]
    return plain


def _load_certificate(data: bytes) -> x509.Certificate:
    text = data.strip()
    try:
        if b"-----BEGIN CERTIFICATE-----" in text:
            return x509.load_pem_x509_certificate(text)
        if text.isascii() and not text.startswith(b"0\x82"):
            return x509.load_der_x509_certificate(base64.b64decode(b"".join(text.split()), validate=True))
        return x509.load_der_x509_certificate(data)
    except (ValueError, x509.InvalidVersion):
        raise ValueError("This is no X.509 certificate in PEM or DER form.") from None
