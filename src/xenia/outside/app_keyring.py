"""Making and using the signing keys of single apps: RS256, and ES256 (RFC 7518 section 3.4) where an app asks.

Which key signs what is decided elsewhere. A key is believed for its own app in its own tenant alone.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509 import load_der_x509_certificate

from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.signing_key import ES256, AppSigningKey
from xenia.outside.compact_jws import ENCODER, b64url, from_b64url, key_id, self_signed, unsigned, x5c
from xenia.ports import PublicKey, Sealer, Store

_SEAL_PURPOSE = "app-signing-key"
_KID = re.compile(r"[A-Za-z0-9_-]{27}")
_COORDINATE = 32
_MOST_LOADED = 256
_Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class AppKeyRing:
    """Keys come as records of the store; private keys are opened once and kept, within bounds."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer
        self._lock = threading.Lock()
        self._opened: dict[str, _Private] = {}

    def make(
        self,
        principal: ServicePrincipal,
        algorithm: str,
        name: str,
        now: datetime,
        ends_at: datetime,
        entry_id: str,
    ) -> AppSigningKey:
        """A new key pair. RSA takes a tenth of a second or more: not within a transaction."""
        private: _Private = (
            ec.generate_private_key(ec.SECP256R1())
            if algorithm == ES256
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )
        der = self_signed(private, name, now, ends_at)
        plain = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        kid = key_id(der)
        return AppSigningKey(
            kid=kid,
            key_id=entry_id,
            tenant_id=principal.tenant_id,
            principal_id=principal.id,
            app_id=principal.app_id,
            algorithm=algorithm,
            display_name=f"CN={name}",
            sealed_private_key=self._sealer.seal(plain, _SEAL_PURPOSE),
            certificate_der=der,
            thumbprint=from_b64url(kid).hex().upper(),
            created_at=now,
            ends_at=ends_at,
        )

    def sign(self, key: AppSigningKey, claims: Mapping[str, object], *, x5t: bool, typ: str) -> str:
        """A JWT of this key. Raises ValueError when the data key is not the one it was sealed with."""
        header = {"typ": typ, "alg": key.algorithm, **({"x5t": key.kid} if x5t else {}), "kid": key.kid}
        signed = b64url(ENCODER.encode(header)) + b"." + b64url(ENCODER.encode(claims))
        private = self._private(key)
        if isinstance(private, rsa.RSAPrivateKey):
            signature = private.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        else:
            r, s = decode_dss_signature(private.sign(signed, ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")
        return (signed + b"." + b64url(signature)).decode("ascii")

    def verify(
        self, token: str, header: Mapping[str, object], app_id: str | None
    ) -> dict[str, object] | None:
        """Claims of *token* when the key it names is an app's own, signed it, and may speak for what it says.

        The algorithm is the key's, whatever the header wants. The token must be of the key's tenant and for the
        key's app: by its ``aud``, or because whoever asks says so (*app_id*, for audiences that are names). So a
        key of one app, or of one tenant, is worth nothing anywhere else. Raises ValueError, InvalidSignature.
        """
        kid = header.get("kid")
        if not isinstance(kid, str) or not _KID.fullmatch(kid):
            return None
        with self._store.read(None) as tx:
            key = tx.app_keys.find_anywhere(kid)
        if key is None or header.get("alg") != key.algorithm or "crit" in header:
            return None
        signed, _, signature = token.rpartition(".")
        _check_signature(key, signed.encode("ascii"), from_b64url(signature))
        claims = msgspec.json.decode(from_b64url(signed.split(".")[1]), type=dict[str, object])
        is_for = key.app_id in (claims.get("aud"), app_id)
        return claims if claims.get("tid") == key.tenant_id and is_for else None

    def _private(self, key: AppSigningKey) -> _Private:
        held = self._opened.get(key.kid)
        if held is None:
            plain = self._sealer.open(key.sealed_private_key, _SEAL_PURPOSE)
            # Our own key, authenticated by the seal.
            loaded = load_der_private_key(plain, None, unsafe_skip_rsa_key_validation=True)
            if not isinstance(loaded, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
                raise TypeError("a stored signing key is neither RSA nor EC")
            held = loaded
            with self._lock:
                if len(self._opened) >= _MOST_LOADED:
                    self._opened.clear()
                self._opened[key.kid] = held
        return held


def _check_signature(key: AppSigningKey, signed: bytes, signature: bytes) -> None:
    public = load_der_x509_certificate(key.certificate_der).public_key()
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(public, ec.EllipticCurvePublicKey):
        if len(signature) != 2 * _COORDINATE:
            raise ValueError("an ES256 signature has 64 octets (RFC 7518 section 3.4)")
        r, s = (int.from_bytes(part, "big") for part in (signature[:_COORDINATE], signature[_COORDINATE:]))
        public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    else:
        raise InvalidSignature


def published(key: AppSigningKey) -> PublicKey:
    """What the app's key set shows of the key."""
    public = load_der_x509_certificate(key.certificate_der).public_key()
    certificate = x5c(key.certificate_der)
    if isinstance(public, ec.EllipticCurvePublicKey):
        point = public.public_numbers()
        x, y = (b64url(each.to_bytes(_COORDINATE, "big")).decode("ascii") for each in (point.x, point.y))
        return PublicKey(key.kid, "", "", certificate, key.algorithm, x, y)
    if not isinstance(public, rsa.RSAPublicKey):
        raise TypeError("a stored certificate is neither of an RSA nor of an EC key")
    numbers = public.public_numbers()
    return PublicKey(key.kid, unsigned(numbers.n), unsigned(numbers.e), certificate, key.algorithm)
