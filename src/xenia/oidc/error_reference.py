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


_TAIL = """
## Not met here

Published numbers that this server has no occasion to answer with, so that nobody looks for them in vain.

| Numbers | Why not |
|---|---|
"""

_REASONS: tuple[tuple[tuple[int, ...], str], ...] = (
    ((20001, 20012, 20033, 50006, 50008, 50010, 75001, 75003, 75005, 750054, 75008, 75011, 75016, 76021, 76026), "SAML and WS-Federation are not served"),
    ((81004, 81005, 81006, 81007, 81009, 81010, 81012, 50168, 50180), "no seamless single sign-on by Kerberos"),
    ((50005, 50097, 50129, 50155, 50187, 53000, 53001, 53002), "no devices are registered, so none is demanded"),
    ((50131, 53003, 530032, 530034, 530035, 53004, 53010, 53011, 50158, 50177, 50178, 90072), "no conditional access policies"),
    ((500021, 500022, 500212, 1000104), "no tenant restrictions and no cross-tenant access settings; no other clouds"),
    ((50124, 501241), "claims mappings are checked when they are saved, not when a token is made"),
    ((50088, 50125, 50140, 50192, 50199), "interrupts and methods of the other service's own pages"),
    ((50064, 50056, 50144), "a member always has a password of this directory, and guests never have one"),
    ((50135, 120000, 120002, 120021), "a new password is chosen on the sign-in page itself, which says what is wrong"),
    ((50015, 54000), "no rules about age"),
    ((50061, 50068, 50070, 50071), "sign-out always ends on a page, whatever the request says"),
    ((140000, 140001), "no primary refresh tokens"),
    ((52004, 65002, 650052, 90084, 90093, 90099, 1000031), "belong to the other vendor's own services and billing"),
    ((650054, 650056, 650057), "a resource that is gone answers 500011, an unknown scope 70011; what a registration does not list is asked for at sign-in"),
    ((50033, 90006, 90012, 90024, 90055), "one number (90033) says that something failed here, and 50053 that there was too much"),
    ((700020, 67003, 900432, 240000), "grants and clouds that are not offered"),
)  # fmt: skip
NOT_MET = frozenset(code for codes, _ in _REASONS for code in codes)
"""Published numbers without an occasion here."""


def error_codes_page() -> str:
    """The reference page, in Markdown."""
    met = "".join(f"{line}\n" for line in _rows())
    not_met = "".join(f"| {', '.join(map(str, codes))} | {why} |\n" for codes, why in _REASONS)
    return _HEAD + met + _TAIL + not_met


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
