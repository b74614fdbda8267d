"""Records to JSON documents and back. Types are checked on reading, so a damaged row is noticed.

Attributes that single statements change (``consumed_at``, ``tries``, ``version``) are columns; they
are put over the document's when a row is read.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


class Document(Generic[T]):
    """The codec of one record type."""

    __slots__ = ("_decoder",)

    def __init__(self, record: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(record)

    def read(self, text: str) -> T:
        """The record. Raises msgspec.ValidationError when the row does not hold one."""
        return self._decoder.decode(text)


def written(record: object) -> str:
    """The record's document."""
    return _encoder.encode(record).decode()
