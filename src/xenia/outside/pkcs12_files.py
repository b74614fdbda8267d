"""PKCS #12 files (.pfx), opened in a process of their own that is ended when it takes too long.

Such a file says itself how often its password is hashed (RFC 7292 appendix B, RFC 8018 section 5.2), in places that
cannot be seen before it is decrypted; two billion rounds hold the interpreter for an hour. Whoever may upload
a certificate in one tenant must not stop the server for all of them.

This module is also the program of that process, so it imports little.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import threading

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

LONGEST = 15.0
"""Seconds; ordinary files take a tenth of one."""
_KEY_BITS = range(2048, 8193)
_PLACES = threading.BoundedSemaphore(2)
"""Files that are opened at once."""


def open_pkcs12(data: bytes, password: str, seconds: float = LONGEST) -> dict[str, str]:
    """What is in the file, as PEM and text; times in ISO 8601. Raises ValueError with a sentence for people."""
    question = json.dumps({"data": base64.b64encode(data).decode(), "password": password})
    # -P: never a module of the directory that the server happens to run in.
    command = [sys.executable, "-P", "-m", __name__]
    with _PLACES:
        try:
            done = subprocess.run(  # noqa: S603  (our own interpreter and module)
                command, input=question, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise ValueError(
                "Opening this file takes too long. Make it anew with fewer rounds of password hashing."
            ) from None
    if done.returncode != 0:
        raise ValueError("This file cannot be read.")
    found: dict[str, str] = json.loads(done.stdout)
    if "problem" in found:
        raise ValueError(found["problem"])
    return found


def _opened(data: bytes, password: str) -> dict[str, str]:
    try:
        key, certificate, chain = pkcs12.load_key_and_certificates(
            data, password.encode() if password else None
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return {"problem": "This is no PKCS #12 file (.pfx), or the password is wrong."}
    if key is None or certificate is None:
        return {"problem": "The file must hold a certificate and its private key."}
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size not in _KEY_BITS:
            least, most = _KEY_BITS[0], _KEY_BITS[-1]
            return {"problem": f"The certificate must hold an RSA key of {least} to {most} bits."}
    elif not isinstance(key, ec.EllipticCurvePrivateKey):
        return {"problem": "The private key must be an RSA or an elliptic-curve key."}
    if key.public_key() != certificate.public_key():
        return {"problem": "The private key does not belong to the certificate."}
    return _told(key, certificate, chain)


def _told(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    chain: list[x509.Certificate],
) -> dict[str, str]:
    pem = (each.public_bytes(Encoding.PEM).decode() for each in (certificate, *chain))
    der = certificate.public_bytes(Encoding.DER)
    return {
        "certificate_pem": "".join(pem),
        "private_key_pem": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "thumbprint": hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
    }


if __name__ == "__main__":
    asked = json.loads(sys.stdin.read())
    json.dump(_opened(base64.b64decode(asked["data"]), asked["password"]), sys.stdout)
