"""The documentation of error codes is what the program says."""

from __future__ import annotations

from pathlib import Path

from xenia.core.aadsts import AADSTS, ASSERTION_CODES, meanings
from xenia.oidc.error_reference import error_codes_page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "error-codes.md"


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text("utf-8") == error_codes_page(), "run scripts/write_error_codes.py"


def test_every_published_number_is_explained() -> None:
    published = {row.code for row in AADSTS.values()} | set(ASSERTION_CODES.values())
    assert published <= set(meanings())
    assert all(text for situations in meanings().values() for _, text in situations)
