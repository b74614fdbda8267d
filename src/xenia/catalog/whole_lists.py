"""Lists short enough to be read whole: filter, order and pages over records that are at hand already.

Use cases answer such lists as a tuple; what a query asks for is found here, by the definition in ``core.query``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from xenia.core.query import Cursor, Page, Query, matches

T = TypeVar("T")


def _id(record: Any) -> str:
    return str(record.id)


def page_of(records: Iterable[T], query: Query, key: Callable[[T], str] = _id) -> Page[T]:
    """The page a query asks for; records keep their order. *key*: what tells them apart."""
    found = [record for record in records if query.filter is None or matches(query.filter, record)]
    start = 0
    if query.after is not None:
        keys = [key(record) for record in found]
        start = keys.index(query.after.id) + 1 if query.after.id in keys else len(found)
    shown = tuple(found[start : start + query.limit])
    is_last = start + query.limit >= len(found)
    following = None if is_last or not shown else Cursor((), key(shown[-1]))
    return Page(shown, following, len(found) if query.count else None)
