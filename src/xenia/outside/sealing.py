"""Sealing of stored secrets and keyed hashes, both from one data key.

Owns the format of sealed values (``v1.`` + base64url of nonce and AES-256-GCM ciphertext) and the
derivation of one key per purpose, so that a value sealed for one use opens in no other, and a
keyed hash of one table matches in no other. Must not know where the data key comes from.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import threading

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from xenia.ports import Entropy

DATA_KEY_BYTES = 32
_VERSION = "v1."
_NONCE_BYTES = 12


class AesSealer:
    """``Sealer`` over AES-256-GCM and HMAC-SHA256. One instance serves all threads."""

    def __init__(self, data_key: bytes, entropy: Entropy) -> None:
        """Raises ValueError when the key is not exactly 256 bits: a shorter one is a typing error."""
        if len(data_key) != DATA_KEY_BYTES:
            raise ValueError(f"the data key must have {DATA_KEY_BYTES} bytes, not {len(data_key)}")
        self._data_key = data_key
        self._entropy = entropy
        self._lock = threading.Lock()
        self._ciphers: dict[str, AESGCM] = {}
        self._macs: dict[str, HMAC] = {}

    def seal(self, plain: bytes, purpose: str) -> str:
        """Encrypt and authenticate for this purpose. Nonces are random: 2**32 values per purpose are safe."""
        nonce = _decode(self._entropy.token(_NONCE_BYTES))
        sealed = self._cipher(purpose).encrypt(nonce, plain, _VERSION.encode())
        return _VERSION + _encode(nonce + sealed)

    def open(self, sealed: str, purpose: str) -> bytes:
        """Raises ValueError when it was not sealed by us for this purpose."""
        if not sealed.startswith(_VERSION):
            raise ValueError("sealed value of an unknown format")
        try:
            data = _decode(sealed.removeprefix(_VERSION))
            return self._cipher(purpose).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _VERSION.encode())
        except (InvalidTag, binascii.Error, ValueError):
            raise ValueError("value was not sealed with this data key for this purpose") from None

    def mac(self, purpose: str, *parts: str) -> str:
        """HMAC-SHA256 as base64url. Each part is preceded by its length, so ``("ab","c")`` and ``("a","bc")`` differ."""
        message = bytearray(len(parts).to_bytes(8, "big"))
        for part in parts:
            encoded = part.encode()
            message += len(encoded).to_bytes(8, "big") + encoded
        mac = self._keyed(purpose).copy()
        mac.update(message)
        return _encode(mac.finalize())

    def same(self, left: str, right: str) -> bool:
        """Comparison whose time tells nothing about where two values differ."""
        return hmac.compare_digest(left.encode(), right.encode())

    def _cipher(self, purpose: str) -> AESGCM:
        with self._lock:
            cipher = self._ciphers.get(purpose)
            if cipher is None:
                cipher = self._ciphers[purpose] = AESGCM(self._derive("seal", purpose))
            return cipher

    def _keyed(self, purpose: str) -> HMAC:
        """With the purpose's key taken in, to be copied: looking algorithm and key up anew is most of a short MAC."""
        with self._lock:
            mac = self._macs.get(purpose)
            if mac is None:
                mac = self._macs[purpose] = HMAC(self._derive("mac", purpose), hashes.SHA256())
            return mac

    def _derive(self, use: str, purpose: str) -> bytes:
        """One independent key per use and purpose (RFC 5869; the data key is uniform, so no salt)."""
        info = f"xenia/{use}/1/{purpose}".encode()
        return HKDF(hashes.SHA256(), DATA_KEY_BYTES, salt=None, info=info).derive(self._data_key)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    """Strict: exactly one spelling is accepted, foreign characters are not skipped."""
    padded = text.translate(_STANDARD) + "=" * (-len(text) % 4)
    return binascii.a2b_base64(padded.encode("ascii"), strict_mode=True)


_STANDARD = str.maketrans("-_+/", "+/!!")
