"""Certificates instead of secrets (RFC 7523), in the spellings of real client libraries, and every way to fail."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey

from tests.support.protocol import Protocol, body_of, claims_of
from xenia.core.directory.application import Certificate

BASE = "https://login.test"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FOREIGN = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "orders-ci")])
    starts = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(starts)
        .not_valid_after(starts + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.DER)


DER = certificate(KEY)


@dataclass
class Signer:
    """Makes assertions as a client library would at this moment."""

    idp: Protocol

    def __call__(
        self,
        *,
        key: rsa.RSAPrivateKey = KEY,
        alg: str = "RS256",
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        now = self.idp.server.clock.now().timestamp()
        claims = {
            "iss": self.idp.app.app_id,
            "sub": self.idp.app.app_id,
            "aud": f"{BASE}/{self.idp.tenant_id}/oauth2/v2.0/token",
            "exp": now + 600,
            "iat": now,
            "jti": "j-1",
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        thumbprint = base64.urlsafe_b64encode(hashlib.sha1(DER).digest()).decode()
        parts = {"typ": "JWT", "alg": alg, "x5t": thumbprint, **(header or {})}
        signed = b".".join(_b64(json.dumps(part).encode()) for part in (parts, claims))
        scheme: Any = padding.PKCS1v15()
        if alg == "PS256":
            scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
        return (signed + b"." + _b64(key.sign(signed, scheme, hashes.SHA256()))).decode()


def _b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@pytest.fixture
def sign(idp: Protocol) -> Signer:
    """Orders with a certificate, and what signs with its key."""
    held = Certificate(
        "k1",
        idp.app.id,
        "CI",
        DER,
        hashlib.sha1(DER).hexdigest().upper(),
        hashlib.sha256(DER).hexdigest().upper(),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )
    idp.write(lambda tx: tx.applications.add_certificate(held))
    return Signer(idp)


def _ask(idp: Protocol, assertion: str, **changes: str | None) -> Any:
    form = {"client_secret": None, "client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
    return idp.client_credentials(**{**form, **changes})


def test_a_certificate_proves_the_client(idp: Protocol, sign: Signer) -> None:
    response = _ask(idp, sign())
    assert response.status == 200, response.body
    assert claims_of(body_of(response)["access_token"])["azpacr"] == "2"


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(lambda sign: sign(alg="PS256"), id="PS256"),
        pytest.param(lambda sign: sign(iat=None, jti=None), id="without iat and jti"),
        pytest.param(
            lambda sign: sign(header={"x5c": [base64.encodebytes(DER).decode()]}), id="x5c with newlines"
        ),
        pytest.param(lambda sign: sign(header={"x5t": None, "kid": "x"}), id="no thumbprint"),
        pytest.param(
            lambda sign: sign(aud=["x", f"{BASE}/{sign.idp.tenant_id}/v2.0"]), id="issuer in a list"
        ),
        pytest.param(lambda sign: sign(aud=f"{BASE}/contoso/oauth2/token"), id="v1 twin by short name"),
        pytest.param(
            lambda sign: sign(iss=sign.idp.app.app_id.upper(), sub=sign.idp.app.app_id.upper()), id="case"
        ),
    ],
)
def test_spellings_of_client_libraries(idp: Protocol, sign: Signer, spell: Callable[[Signer], str]) -> None:
    assert _ask(idp, spell(sign)).status == 200


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        pytest.param(lambda sign: sign(key=FOREIGN), 700027, id="foreign key"),
        pytest.param(
            lambda sign: sign(key=FOREIGN, header={"x5c": [base64.b64encode(certificate(FOREIGN)).decode()]}),
            700027,
            id="key brought along",
        ),
        pytest.param(lambda sign: sign(alg="none"), 700027, id="alg none"),
        pytest.param(lambda sign: sign(alg="HS256"), 700027, id="alg HS256"),
        pytest.param(lambda sign: sign(exp=1), 700024, id="expired"),
        pytest.param(lambda sign: sign(exp=None), 700024, id="endless"),
        pytest.param(lambda sign: sign(exp=float("inf")), 50027, id="infinite"),
        pytest.param(lambda sign: sign(exp=1e15), 700024, id="far future"),
        pytest.param(lambda sign: sign(exp=True), 700024, id="no number"),
        pytest.param(
            lambda sign: sign(nbf=sign.idp.server.clock.now().timestamp() + 400), 700024, id="not yet"
        ),
        pytest.param(
            lambda sign: sign(sub="30000000-0000-4000-8000-000000000000"), 700021, id="other subject"
        ),
        pytest.param(lambda sign: sign(iss="me", sub="me"), 700021, id="no client id"),
        pytest.param(
            lambda sign: sign(aud="https://login.microsoftonline.com/x/v2.0"), 50012, id="other audience"
        ),
        pytest.param(lambda sign: sign(aud=f"{BASE}/fabrikam/oauth2/v2.0/token"), 50012, id="other tenant"),
        pytest.param(lambda sign: sign(aud=None), 50012, id="no audience"),
        pytest.param(lambda sign: "a.b.c", 50027, id="garbage"),
        pytest.param(lambda sign: "", 50027, id="empty"),
    ],
)
def test_refusals(idp: Protocol, sign: Signer, spoil: Callable[[Signer], str], code: int) -> None:
    response = _ask(idp, spoil(sign))
    answer = body_of(response)
    assert (response.status, answer["error"], answer["error_codes"]) == (401, "invalid_client", [code])


def test_keys_in_the_assertion_itself_prove_nothing(idp: Protocol, sign: Signer) -> None:
    """Embedded or linked keys, and key ids that lead somewhere: only registered certificates count (RFC 8725 section 3.5)."""
    public = RSAKey.import_key(
        FOREIGN.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    foreign = base64.b64encode(certificate(FOREIGN)).decode()
    for header in (
        {"jwk": public.as_dict(private=False)},
        {"jku": "http://127.0.0.1:9/keys"},
        {"x5u": "http://127.0.0.1:9/certificate"},
        {"x5c": [foreign]},
        {"kid": "../../data.key"},
        {"kid": "x' OR '1'='1"},
    ):
        assert body_of(_ask(idp, sign(key=FOREIGN, header=header)))["error_codes"] == [700027], header
        assert _ask(idp, sign(header=header, jti="mine")).status == 200, header


def test_tokens_of_this_server_are_no_client_assertions(idp: Protocol, sign: Signer) -> None:
    """An access token of the app itself, or an ID token for it, is signed by us and not by the app."""
    app_token = body_of(_ask(idp, sign()))["access_token"]
    id_token = body_of(idp.redeem(idp.sign_in()["code"]))["id_token"]
    for token in (app_token, id_token):
        refused = _ask(idp, token)
        assert (refused.status, body_of(refused)["error_codes"]) == (401, [70021])


def test_a_certificate_past_its_end_proves_nothing(idp: Protocol, sign: Signer) -> None:
    idp.server.clock.advance(timedelta(days=200))
    assert body_of(_ask(idp, sign()))["error_codes"] == [700027]


def test_libraries_present_a_short_assertion_again_but_a_long_one_works_once(
    idp: Protocol, sign: Signer
) -> None:
    short = sign()
    assert [_ask(idp, short).status for _ in range(2)] == [200, 200]
    long = sign(exp=idp.server.clock.now().timestamp() + 3600, jti="j-2")
    assert [_ask(idp, long).status for _ in range(2)] == [200, 401]
    undated = sign(iat=None, jti="j-3")
    assert [_ask(idp, undated).status for _ in range(2)] == [200, 401]


def test_the_assertion_type_must_be_named(idp: Protocol, sign: Signer) -> None:
    answer = body_of(_ask(idp, sign(), client_assertion_type=None))
    assert answer["error"] == "invalid_request"


def test_a_removed_certificate_stops_counting_at_once(idp: Protocol, sign: Signer) -> None:
    assert _ask(idp, sign()).status == 200
    idp.write(lambda tx: tx.applications.remove_certificate(idp.app.id, "k1"))
    assert _ask(idp, sign()).status == 401
