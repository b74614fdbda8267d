"""Our own tokens: RS256 that others verify, keys known before they sign, and nothing else accepted."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.support.inviting import SetClock
from tests.support.stores import make_sqlite_store
from xenia.outside.ambient import SystemEntropy
from xenia.outside.keyring import (
    KNOWN_AFTER,
    PUBLISHED_AFTER_RETIREMENT,
    SIGNING_PERIOD,
    KeyTooNew,
    RsaKeyRing,
)
from xenia.outside.sealing import AesSealer
from xenia.ports import PublicKey, Transaction
from xenia.storage.store import SqlStore

CLAIMS = {"sub": "ä", "n": 1, "list": ["a"], "none": None}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = make_sqlite_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


def ring(store: SqlStore, clock: SetClock, key: bytes = bytes(32)) -> RsaKeyRing:
    made = RsaKeyRing(store, AesSealer(key, SystemEntropy()), clock)
    made.ensure()
    return made


def header_of(token: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".", maxsplit=1)[0] + "=="))
    return decoded


def as_jwk(key: PublicKey) -> RSAKey:
    return RSAKey.import_key({"kty": "RSA", "n": key.n, "e": key.e, "kid": key.kid})


def test_another_library_verifies_what_we_sign(store: SqlStore, clock: SetClock) -> None:
    keys = ring(store, clock)
    token = keys.sign(CLAIMS)
    published = {key.kid: key for key in keys.public_keys()}
    assert (
        jwt.decode(token, as_jwk(published[header_of(token)["kid"]]), algorithms=["RS256"]).claims == CLAIMS
    )
    assert keys.verify(token) == CLAIMS


def test_header_names_the_key_and_v1_tokens_its_thumbprint(store: SqlStore, clock: SetClock) -> None:
    keys = ring(store, clock)
    plain, old = header_of(keys.sign(CLAIMS)), header_of(keys.sign(CLAIMS, x5t=True))
    assert set(plain) == {"typ", "alg", "kid"}
    assert old == {**plain, "x5t": plain["kid"]}
    assert keys.verify(keys.sign(CLAIMS, x5t=True)) == CLAIMS


def test_key_ids_are_certificate_thumbprints(store: SqlStore, clock: SetClock) -> None:
    for key in ring(store, clock).public_keys():
        der = base64.b64decode(key.x5c, validate=True)
        digest = hashlib.sha1(der, usedforsecurity=False).digest()
        assert key.kid == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        public: Any = x509.load_der_x509_certificate(der).public_key()
        assert public.key_size == 2048
        n = int.from_bytes(base64.urlsafe_b64decode(key.n + "=="), "big")
        assert n == public.public_numbers().n


def test_forgeries_are_refused(store: SqlStore, clock: SetClock) -> None:
    keys = ring(store, clock)
    token = keys.sign(CLAIMS)
    head, body, signature = token.split(".")
    kid = header_of(token)["kid"]
    foreign = RSAKey.generate_key(2048)
    public_pem = as_jwk(next(key for key in keys.public_keys() if key.kid == kid)).as_pem(private=False)
    forged = [
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{signature}.",
        f"{head}.{body}.{signature}=",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{_segment({'sub': 'mallory'})}.{signature}",
        f"{_segment({'alg': 'none', 'kid': kid})}.{body}.",
        jwt.encode({"alg": "RS256", "kid": kid}, CLAIMS, foreign),
        jwt.encode({"alg": "RS256", "kid": kid, "jwk": foreign.as_dict(private=False)}, CLAIMS, foreign),
        # The public key as an HMAC secret: the oldest trick.
        _hmac_signed({"alg": "HS256", "kid": kid}, body, public_pem),
        f"{_segment({'alg': 'RS256', 'kid': kid, 'crit': ['exp']})}.{body}.{signature}",
        "",
        "..",
        "a.b.c",
        "é.é.é",
    ]
    assert [keys.verify(each) for each in forged] == [None] * len(forged)


def test_a_second_process_uses_the_same_keys(store: SqlStore, clock: SetClock) -> None:
    first, second = ring(store, clock), ring(store, clock)
    assert first.public_keys() == second.public_keys()
    assert second.verify(first.sign(CLAIMS)) == CLAIMS
    assert len(first.public_keys()) == 2


def test_the_next_key_is_known_long_before_it_signs(store: SqlStore, clock: SetClock) -> None:
    keys = ring(store, clock)
    before = keys.sign(CLAIMS)
    known = {key.kid for key in keys.public_keys()}
    clock.advance(SIGNING_PERIOD + timedelta(minutes=1))
    after = keys.sign(CLAIMS)
    assert header_of(after)["kid"] != header_of(before)["kid"]
    assert header_of(after)["kid"] in known
    keys.ensure()
    assert len(keys.public_keys()) == 3
    assert keys.verify(before) == CLAIMS
    clock.advance(PUBLISHED_AFTER_RETIREMENT + timedelta(minutes=6))
    assert len(keys.public_keys()) == 2
    assert keys.verify(before) is None
    assert keys.verify(after) == CLAIMS


def test_an_early_rotation_reaches_other_processes(store: SqlStore, clock: SetClock) -> None:
    first, second = ring(store, clock), ring(store, clock)
    clock.advance(KNOWN_AFTER)
    old = second.sign(CLAIMS)
    first.rotate()
    fresh = first.sign(CLAIMS)
    assert header_of(fresh)["kid"] != header_of(old)["kid"]
    assert second.verify(fresh) == CLAIMS
    assert second.verify(old) == CLAIMS
    clock.advance(timedelta(minutes=6))
    assert header_of(second.sign(CLAIMS))["kid"] == header_of(fresh)["kid"]


def test_a_key_that_clients_may_not_know_yet_does_not_sign(store: SqlStore, clock: SetClock) -> None:
    keys = ring(store, clock)
    before = keys.stored()
    assert [held.state for held in before] == ["current", "next"]
    with pytest.raises(KeyTooNew) as refused:
        keys.rotate()
    assert refused.value.usable_at == clock.now() + KNOWN_AFTER
    assert keys.stored() == before
    clock.advance(KNOWN_AFTER)
    assert keys.rotate().key.kid == before[1].key.kid
    assert sorted(held.state for held in keys.stored()) == ["current", "next", "retired"]
    with pytest.raises(KeyTooNew):
        keys.rotate()  # the second of two operators at once


def test_a_stolen_key_is_believed_no_longer(store: SqlStore, clock: SetClock) -> None:
    keys, other = ring(store, clock), ring(store, clock)
    stolen = keys.sign(CLAIMS)
    fresh = keys.rotate(compromised=True)
    assert keys.verify(stolen) is None
    assert header_of(stolen)["kid"] not in {key.kid for key in keys.public_keys()}
    assert header_of(keys.sign(CLAIMS))["kid"] == fresh.key.kid
    clock.advance(timedelta(minutes=6))
    assert other.verify(stolen) is None
    assert other.verify(keys.sign(CLAIMS)) == CLAIMS


def test_what_notes_the_rotation_commits_with_it(store: SqlStore, clock: SetClock) -> None:
    keys = ring(store, clock)
    clock.advance(KNOWN_AFTER)
    before = keys.stored()

    def failing(tx: Transaction) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        keys.rotate(noting=failing)
    assert keys.stored() == before


def test_an_unknown_key_id_makes_us_look_once_in_a_while_only(store: SqlStore, clock: SetClock) -> None:
    first, second = ring(store, clock), ring(store, clock)
    stranger = f"{_segment({'alg': 'RS256', 'kid': 'nobody'})}.e30.AAAA"
    assert second.verify(stranger) is None
    first.rotate(compromised=True)
    first.rotate(compromised=True)  # the newest next key is unknown to the second process
    token = first.sign(CLAIMS)
    clock.advance(timedelta(seconds=6))
    assert second.verify(token) == CLAIMS


def test_another_data_key_cannot_use_the_keys(store: SqlStore, clock: SetClock) -> None:
    ring(store, clock)
    with pytest.raises(ValueError, match="data key"):
        ring(store, clock, key=b"\1" * 32)


def test_without_keys_nothing_is_signed(store: SqlStore) -> None:
    empty = RsaKeyRing(
        store, AesSealer(bytes(32), SystemEntropy()), SetClock(datetime(2026, 1, 1, tzinfo=UTC))
    )
    with pytest.raises(LookupError):
        empty.sign(CLAIMS)


def _hmac_signed(header: dict[str, str], body: str, secret: bytes) -> str:
    text = f"{_segment(header)}.{body}"
    digest = hmac.digest(secret, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
