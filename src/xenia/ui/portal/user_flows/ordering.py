"""Order by buttons: which way a row of a list is moved, and the list after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
WAYS: tuple[tuple[str, str], ...] = (("up", "Up"), ("down", "Down"), ("top", "Top"), ("bottom", "Bottom"))
"""**Move up**, **Move down**, **Move to top**, **Move to bottom**."""


def asked_move(text: str) -> tuple[str, str]:
    """``up:city`` as (way, key); an unknown way is empty and moves nothing."""
    way, _, key = text.partition(":")
    return (way, key) if way in dict(WAYS) else ("", key)


def moved(rows: Sequence[T], place: int, way: str) -> tuple[T, ...]:
    """The rows with the one at *place* moved; past an end it stays where it is."""
    target = {"up": place - 1, "down": place + 1, "top": 0, "bottom": len(rows) - 1}.get(way, place)
    rest = [*rows[:place], *rows[place + 1 :]]
    rest.insert(min(max(target, 0), len(rest)), rows[place])
    return tuple(rest)
