"""Client assertions: the vector of RFC 7515, both algorithms, liberal spellings, and every refusal."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import RSAKey

from xenia.outside.assertions import JwtAssertions

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)

# RFC 7515 appendix A.2.1
RFC_N = (
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs"
    "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV"
    "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
)
RFC_JWS = (
    "eyJhbGciOiJSUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZ"
    "cAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-e"
    "OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)
SIGNER = ec.generate_private_key(ec.SECP256R1())
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Orders")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public_key)
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=30))
        .sign(SIGNER, hashes.SHA256())
    )


def der(public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | None = None) -> bytes:
    return certificate(public_key or PRIVATE.public_key()).public_bytes(Encoding.DER)


def signed(algorithm: str, private: rsa.RSAPrivateKey = PRIVATE, **header: object) -> str:
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    claims = {"iss": "app", "exp": 1782907800.25}
    # joserfc looks at x5t and x5c itself; the header is put together unchecked, as clients do.
    from joserfc.jws import JWSRegistry

    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    return jwt.encode({"alg": algorithm, **header}, claims, RSAKey.import_key(pem), registry=registry)


@pytest.fixture
def assertions() -> JwtAssertions:
    return JwtAssertions()


def test_rfc_7515_vector(assertions: JwtAssertions) -> None:
    n = int.from_bytes(base64.urlsafe_b64decode(RFC_N + "=="), "big")
    key = rsa.RSAPublicNumbers(65537, n).public_key()
    assert assertions.is_signed_by(RFC_JWS, der(key))
    assert not assertions.is_signed_by(RFC_JWS, der())
    parts = assertions.header_and_claims(RFC_JWS)
    assert parts == ({"alg": "RS256"}, {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True})


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_both_algorithms_are_verified(assertions: JwtAssertions, algorithm: str) -> None:
    assertion = signed(algorithm)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert assertions.is_signed_by(assertion, der())
    assert not assertions.is_signed_by(assertion, der(other.public_key()))
    assert not assertions.is_signed_by(assertion[:-6] + "AAAAAA", der())


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS512"])
def test_other_algorithms_are_refused(assertions: JwtAssertions, algorithm: str) -> None:
    assert not assertions.is_signed_by(signed(algorithm), der())


def test_critical_extensions_are_refused(assertions: JwtAssertions) -> None:
    head, body, signature = signed("RS256").split(".")
    critical = base64.urlsafe_b64encode(b'{"alg":"RS256","crit":["b64"]}').rstrip(b"=").decode()
    del head
    assert not assertions.is_signed_by(f"{critical}.{body}.{signature}", der())


def test_spellings_of_real_clients_are_read(assertions: JwtAssertions) -> None:
    header = _segment(rb'{"alg":"RS256","x5t":"AbC=","x5t#S256":"dEf==","x5c":"AA\nBB\n"}')
    parts = assertions.header_and_claims(header + "." + _segment(b'{"exp":1.5}') + ".AA==")
    assert parts is not None
    assert parts[0] == {"alg": "RS256", "x5t": "AbC", "x5t#S256": "dEf", "x5c": ["AABB"]}
    assert parts[1] == {"exp": 1.5}


@pytest.mark.parametrize(
    "text", ["", "a", "a.b", "a.b.c.d", "e30.e30", "é.e30.AA", "W10.e30.AA", "e30.e!30.AA"]
)
def test_what_is_no_jwt_has_no_parts(assertions: JwtAssertions, text: str) -> None:
    assert assertions.header_and_claims(text) is None
    assert not assertions.is_signed_by(text, der())


def test_certificates_are_read_in_every_usual_form(assertions: JwtAssertions) -> None:
    made = certificate(PRIVATE.public_key())
    raw, pem = made.public_bytes(Encoding.DER), made.public_bytes(Encoding.PEM)
    read = assertions.read_certificate(raw)
    assert read == assertions.read_certificate(pem) == assertions.read_certificate(base64.b64encode(raw))
    assert read[0] == raw
    assert read[1] == made.fingerprint(hashes.SHA1()).hex().upper()
    assert read[2] == made.fingerprint(hashes.SHA256()).hex().upper()
    assert read[3:] == (NOW, NOW + timedelta(days=30), "CN=Orders")


@pytest.mark.parametrize(
    "data", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_what_is_no_certificate_is_refused(assertions: JwtAssertions, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"no X\.509 certificate"):
        assertions.read_certificate(data)


def test_keys_that_cannot_sign_assertions_are_refused(assertions: JwtAssertions) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    for key in (SIGNER.public_key(), short.public_key()):
        with pytest.raises(ValueError, match="RSA key of at least 2048 bits"):
            assertions.read_certificate(der(key))
    assert not assertions.is_signed_by(signed("RS256"), der(SIGNER.public_key()))


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
