"""Column types with one meaning on both databases: text, moments, flags, documents.

Case folding never happens here or in SQL: what arrives in a ``*_key`` column was folded by
``core.ids.fold``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def storable(text: str) -> str:
    """*text* with what no database text can hold replaced: NUL (PostgreSQL) and lone surrogates (UTF-8).

    Such values come only from people who probe; as search terms they then simply match nothing.
    """
    if text.isascii():
        return text if "\0" not in text else text.replace("\0", "\ufffd")
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _text_out(text: str | None) -> str | None:
    return None if text is None else storable(text)


def _moment_out(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def _moment_in(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


class Words(sa.types.TypeDecorator[str]):
    """Text compared byte by byte: order by code point, as Python's, on both databases."""

    impl = _TEXT
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Keep out what text columns cannot hold."""
        del dialect
        return _text_out(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:
        """The same without two calls around it: most parameters of a statement are text."""
        del dialect
        return _text_out


class Moment(sa.types.TypeDecorator[datetime]):
    """A point in time as whole microseconds since 1970 UTC: exact, ordered and aware on return."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Raises TypeError on a naive value: its zone would be a guess."""
        del dialect
        return _moment_out(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """The same moment, in UTC."""
        del dialect
        return _moment_in(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:
        """``process_bind_param`` without two calls around it."""
        del dialect
        return _moment_out

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:
        """``process_result_value``, likewise."""
        del dialect, coltype
        return _moment_in


def identifier(name: str, *, primary_key: bool = False) -> sa.Column[str]:
    """A required identifier."""
    return sa.Column(name, Words, primary_key=primary_key, nullable=False)


def key(attribute: str, *, required: bool = False) -> sa.Column[str]:
    """The folded form of a text attribute, for comparing and ordering."""
    return sa.Column(f"{attribute}_key", Words, nullable=not required)


def moment(name: str, *, required: bool = False) -> sa.Column[datetime]:
    """A point in time."""
    return sa.Column(name, Moment, nullable=not required)


def document() -> sa.Column[str]:
    """The whole record as JSON; columns beside it are for finding it, or changed by single statements."""
    return sa.Column("doc", sa.Text, nullable=False)
