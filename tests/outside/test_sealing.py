"""Sealed values open only for us and their purpose; keyed hashes never confuse their parts."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenia.outside.ambient import SystemEntropy
from xenia.outside.sealing import AesSealer

KEY = bytes(range(32))


@pytest.fixture
def sealer() -> AesSealer:
    return AesSealer(KEY, SystemEntropy())


@given(st.binary(max_size=300), st.text(max_size=20))
def test_what_was_sealed_opens_again(plain: bytes, purpose: str) -> None:
    sealer = AesSealer(KEY, SystemEntropy())
    sealed = sealer.seal(plain, purpose)
    assert sealed.startswith("v1.")
    assert AesSealer(KEY, SystemEntropy()).open(sealed, purpose) == plain


def test_equal_values_are_sealed_differently(sealer: AesSealer) -> None:
    assert sealer.seal(b"same", "mail") != sealer.seal(b"same", "mail")


def test_another_purpose_or_key_opens_nothing(sealer: AesSealer) -> None:
    sealed = sealer.seal(b"secret", "mail")
    with pytest.raises(ValueError, match="purpose"):
        sealer.open(sealed, "authenticator")
    with pytest.raises(ValueError, match="purpose"):
        AesSealer(bytes(32), SystemEntropy()).open(sealed, "mail")


@pytest.mark.parametrize("text", ["", "v1.", "v2.AAAA", "v1.A", "v1.!!!!", "v1.ü", "plain text"])
def test_anything_else_is_refused(sealer: AesSealer, text: str) -> None:
    with pytest.raises(ValueError, match="sealed"):
        sealer.open(text, "mail")


@given(st.integers(min_value=0, max_value=50))
def test_a_changed_byte_is_noticed(position: int) -> None:
    sealer = AesSealer(KEY, SystemEntropy())
    raw = bytearray(base64.urlsafe_b64decode(sealer.seal(b"0123456789", "mail")[3:] + "=="))
    raw[position % len(raw)] ^= 1
    with pytest.raises(ValueError, match="purpose"):
        sealer.open("v1." + base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), "mail")


parts = st.lists(st.text(max_size=6), max_size=4)


@given(parts, parts)
def test_keyed_hashes_are_equal_for_equal_parts_only(left: list[str], right: list[str]) -> None:
    sealer = AesSealer(KEY, SystemEntropy())
    assert sealer.same(sealer.mac("code", *left), sealer.mac("code", *right)) == (left == right)
    assert sealer.mac("code", *left) != sealer.mac("session", *left)


def test_a_short_data_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        AesSealer(b"short", SystemEntropy())
