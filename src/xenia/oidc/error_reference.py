"""The documentation page of published error numbers, written from the table that answers requests."""

from __future__ import annotations

from collections.abc import Iterator

from xenia.core.aadsts import AADSTS, Aadsts, meanings

_HEAD = """# Error codes

Written by `scripts/write_error_codes.py` from the table in `xenia.core.aadsts`; do not edit.

Numbers follow the published AADSTS codes of the Microsoft identity platform. A refusal is a *page* until the
client and its redirect URI are proven, and goes to the *app* afterwards; the token endpoint answers in JSON.
Every rendering carries the same trace id, correlation id and time; `/error?code=50011` explains a number.

| Code | OAuth error | HTTP | Suberror | Told by | Meaning |
|---|---|---|---|---|---|
"""


def error_codes_page() -> str:
    """The reference page, in Markdown."""
    return _HEAD + "".join(f"{line}\n" for line in _rows())


def _rows() -> Iterator[str]:
    for code, situations in sorted(meanings().items()):
        for error, meaning in sorted(situations):
            row = _row(code, error)
            text = " ".join(meaning.split()).replace("``", "`")
            cells = (str(code), f"`{error}`", str(row.status), row.suberror or "", _told_by(row), text)
            yield f"| {' | '.join(cells)} |"


def _row(code: int, error: str) -> Aadsts:
    """The row behind a number; numbers told apart by a reason share the row of their OAuth error."""
    exact = (row for row in AADSTS.values() if (row.code, row.error) == (code, error))
    return next(exact, None) or next(row for row in AADSTS.values() if row.error == error)


def _told_by(row: Aadsts) -> str:
    if row.may_redirect:
        return "app, token endpoint"
    return "token endpoint" if row.error == "invalid_client" else "page, token endpoint"
