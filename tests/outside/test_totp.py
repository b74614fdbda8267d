"""Authenticator codes against the vectors of RFC 6238, and the picture people scan."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from xenia.outside.ambient import SystemEntropy
from xenia.outside.totp import AuthenticatorTotp

SECRET = base64.b32encode(b"12345678901234567890").decode()
# RFC 6238 appendix B, SHA-1; an app shows the last six of the eight digits.
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]
NOW = datetime.fromtimestamp(1234567890, UTC)


@pytest.fixture
def totp() -> AuthenticatorTotp:
    return AuthenticatorTotp()


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_rfc_6238_vectors(totp: AuthenticatorTotp, seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert totp.code(SECRET, moment) == code[-6:]
    assert totp.step_of(SECRET, code[-6:], moment) == seconds // 30


def test_a_code_counts_one_step_early_or_late(totp: AuthenticatorTotp) -> None:
    code, step = totp.code(SECRET, NOW), 1234567890 // 30
    for drift in (-30, 0, 30):
        assert totp.step_of(SECRET, code, NOW + timedelta(seconds=drift)) == step
    for drift in (-90, 90):
        moment = NOW + timedelta(seconds=drift)
        assert totp.step_of(SECRET, code, moment) is None
        assert totp.step_of(SECRET, code, moment, window=20) == step


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "005 92"])
def test_what_is_no_code_belongs_to_no_step(totp: AuthenticatorTotp, typed: str) -> None:
    assert totp.step_of(SECRET, typed, NOW) is None


def test_blanks_in_a_typed_code_do_not_matter(totp: AuthenticatorTotp) -> None:
    assert totp.step_of(SECRET, " 005 924 ", NOW) is not None


def test_key_address_names_issuer_and_account(totp: AuthenticatorTotp) -> None:
    parts = urlsplit(totp.provisioning_uri(SECRET, "maria@b.example (contoso)", "Contoso & Co"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Contoso & Co:maria@b.example (contoso)"
    assert parse_qs(parts.query) == {"secret": [SECRET], "issuer": ["Contoso & Co"]}


def test_picture_is_black_on_white_with_a_quiet_zone(totp: AuthenticatorTotp) -> None:
    svg = totp.qr_svg(totp.provisioning_uri(SECRET, "maria", "Contoso"))
    assert svg.startswith("<svg")
    assert "style" not in svg
    assert 'fill="#fff"' in svg
    assert 'stroke="#000"' in svg
    # The first dark module is four modules from the edge (ISO/IEC 18004 section 5.3.8).
    assert re.search(r'stroke="#000" d="M4 4\.5', svg)


def test_secrets_have_160_bits() -> None:
    secrets = {SystemEntropy().totp_secret() for _ in range(5)}
    assert len(secrets) == 5
    assert all(len(base64.b32decode(secret)) == 20 for secret in secrets)
