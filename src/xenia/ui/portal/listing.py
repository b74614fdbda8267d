"""Lists whose whole state is in the address: filters, order and the key where the page begins.

Owns the spelling of cursors in addresses, sort links and filter chips. What is listed is the screen's affair.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

from xenia.core.errors import InvalidValue
from xenia.core.query import Cursor, Order, Page, Value
from xenia.web.http import HttpRequest

T = TypeVar("T")
PAGE_SIZE = 50
_MOMENT = "@"
"""Marks a time among the values of a cursor; JSON has no word for one."""


class ListAddress:
    """The address of a list, and the addresses that differ from it in one thing."""

    def __init__(
        self,
        request: HttpRequest,
        filters: Mapping[str, str],
        orders: Mapping[str, str],
        default: str,
    ) -> None:
        """*filters*: parameter to label. *orders*: sort key to attribute. *default*: the order without a wish."""
        self.path = request.path
        self.values = {name: request.query.get(name).strip()[:200] for name in filters}
        self._labels = filters
        self._orders = orders
        wish = request.query.get("sort")
        self.sort = wish if wish.lstrip("-") in orders else default
        self._default = default
        self._after = request.query.get("after")

    @property
    def order(self) -> tuple[Order, ...]:
        """The order asked for."""
        return (Order(self._orders[self.sort.lstrip("-")], self.sort.startswith("-")),)

    @property
    def after(self) -> Cursor | None:
        """Where the page begins; None for the first. Raises InvalidValue for a cursor we never wrote."""
        return read_cursor(self._after) if self._after else None

    def url(self, **changes: str) -> str:
        """This list with these parameters changed; a change of anything begins at the first page."""
        wanted = {**self.values, "sort": "" if self.sort == self._default else self.sort, **changes}
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{self.path}?{query}" if query else self.path

    def column(self, label: str, key: str = "") -> dict[str, object]:
        """A heading of the table, with its sort link when the list can be ordered by it."""
        if not key:
            return {"label": label}
        is_current, is_down = self.sort.lstrip("-") == key, self.sort == f"-{key}"
        state = ("descending" if is_down else "ascending") if is_current else "none"
        wish = f"-{key}" if is_current and not is_down else key
        return {
            "label": label,
            "sort": state,
            "sort_url": self.url(sort="" if wish == self._default else wish),
        }

    def chips(self, words: Mapping[str, str] | None = None) -> list[dict[str, str]]:
        """What is filtered now, each with the address without it. *words*: nicer texts of values."""
        return [
            {
                "label": self._labels[name],
                "value": (words or {}).get(value, value),
                "remove_url": self.url(**{name: ""}),
            }
            for name, value in self.values.items()
            if value
        ]

    def pager(self, page: Page[T]) -> dict[str, str | None]:
        """Links of the pager, and how many rows there are."""
        shown = len(page.items)
        summary = (
            f"{shown} of {page.total:,}".replace(",", " ") if page.total is not None else f"{shown} rows"
        )
        return {
            "next_url": self.url(after=write_cursor(page.next)) if page.next else None,
            "first_url": self.url() if self._after else None,
            "summary": summary if shown else None,
        }


def write_cursor(cursor: Cursor) -> str:
    """The cursor as one parameter."""
    values = [{_MOMENT: item.isoformat()} if isinstance(item, datetime) else item for item in cursor.values]
    text = json.dumps([values, cursor.id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def read_cursor(text: str) -> Cursor:
    """Raises InvalidValue for a cursor we never wrote. It only says where to begin, so it needs no seal."""
    try:
        values, last = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return Cursor(tuple(_value(item) for item in values), str(last))
    except (binascii.Error, ValueError, TypeError, KeyError, RecursionError):
        raise InvalidValue(
            "after", "This page of the list is no longer there. Start at the first page."
        ) from None


def _value(item: object) -> Value:
    if isinstance(item, dict):
        return datetime.fromisoformat(item[_MOMENT])
    if item is not None and not isinstance(item, (str, bool, int)):
        raise TypeError
    return item
