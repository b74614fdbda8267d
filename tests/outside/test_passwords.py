"""Passwords: Argon2id with the agreed cost, and an unknown account that costs the same."""

from __future__ import annotations

from xenia.outside.passwords import Argon2Hasher


def test_a_hash_names_its_cost_and_matches_its_password_only() -> None:
    hasher = Argon2Hasher()
    hashed = hasher.hash("Correct-horse-9")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hasher.verify("Correct-horse-9", hashed)
    assert not hasher.verify("correct-horse-9", hashed)
    assert not hasher.verify("", hashed)


def test_unknown_accounts_and_damaged_hashes_match_nothing() -> None:
    hasher = Argon2Hasher()
    assert not hasher.verify("anything", None)
    assert not hasher.verify("anything", "not a hash")


def test_the_dummy_costs_what_a_real_hash_costs() -> None:
    from argon2 import extract_parameters

    from xenia.outside import passwords

    assert extract_parameters(passwords._DUMMY) == extract_parameters(Argon2Hasher().hash("x"))
