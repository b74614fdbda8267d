"""Pieces of a compact JWS (RFC 7515) and of the certificates beside our keys; whoever signs or verifies uses these."""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

ENCODER = msgspec.json.Encoder()
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")


def b64url(data: bytes) -> bytes:
    """Without padding (RFC 7515 section 2)."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=")


def from_b64url(text: str) -> bytes:
    """Strict (RFC 7515 section 2: no padding, no other characters), so a token has one spelling. Raises ValueError."""
    raw = text.encode("ascii").translate(_FROM_URL)
    return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4), strict_mode=True)


def unsigned(value: int) -> str:
    """Base64urlUInt (RFC 7518 section 2): big-endian, no leading zero octets."""
    return b64url(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode("ascii")


def key_id(certificate_der: bytes) -> str:
    """The ``kid``, equal to ``x5t``: base64url of the certificate's SHA-1 (RFC 7517 section 4.8); a name, not a proof."""
    return b64url(hashlib.sha1(certificate_der, usedforsecurity=False).digest()).decode("ascii")


def x5c(certificate_der: bytes) -> str:
    """The certificate as key sets carry it (RFC 7517 section 4.7): plain base64."""
    return base64.b64encode(certificate_der).decode("ascii")


def self_signed(
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    common_name: str,
    now: datetime,
    ends_at: datetime,
) -> bytes:
    """A certificate of a key of ours about itself, DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(ends_at)
        .sign(private, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.DER)
