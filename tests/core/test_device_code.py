"""User codes: as people type them, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xenia.core.device_code import USER_CODE_DIGITS, typed_user_code, user_code

DIGITS = st.text("0123456789", min_size=USER_CODE_DIGITS, max_size=USER_CODE_DIGITS)


@given(DIGITS)
def test_a_code_has_nine_characters_that_nobody_confuses(digits: str) -> None:
    code = user_code(digits)
    assert len(code) == 9
    assert not set(code) & set("AEIOUY01")
    assert code == code.upper()


@given(DIGITS, st.lists(st.sampled_from(" -\t"), max_size=9), st.booleans())
def test_a_code_survives_the_way_people_type(digits: str, between: list[str], lower: bool) -> None:
    code = user_code(digits)
    typed = "".join(letter + mark for letter, mark in zip(code, [*between, *[""] * 9], strict=False))
    assert typed_user_code(typed.lower() if lower else typed) == code


@given(st.text())
def test_whatever_else_is_typed_is_no_code_or_one_in_full(text: str) -> None:
    found = typed_user_code(text)
    assert found is None or (len(found) == 9 and found.isascii())


def test_every_character_is_about_as_likely() -> None:
    """The first character alone of a long run of numbers: no letter is left out, none is preferred."""
    seen = [user_code(str(number).zfill(USER_CODE_DIGITS))[0] for number in range(28 * 50)]
    assert {seen.count(letter) for letter in set(seen)} == {50}
    assert len(set(seen)) == 28
