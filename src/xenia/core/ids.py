"""Identifiers of the directory and the rules for reading them from outside.

All object identifiers are lower-case GUID strings. Parsing lives here so that no surface compares
two spellings of the same identifier.
"""

from __future__ import annotations

import re
from typing import TypeAlias

TenantId: TypeAlias = str
"""Directory (tenant) ID; the ``tid`` claim."""
ObjectId: TypeAlias = str
"""Object ID of a user, group, application or service principal; the ``oid`` claim."""
AppId: TypeAlias = str
"""Application (client) ID; ``client_id`` on the wire."""
CorrelationId: TypeAlias = str
"""Ties log lines, error pages and records of one journey together."""

_GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")


def parse_guid(text: str | None) -> str | None:
    """The canonical (lower-case) form of a GUID, or None when *text* is not one."""
    if text is None or not _GUID.fullmatch(text):
        return None
    return text.lower()


def fold(text: str) -> str:
    """The key under which a case-insensitive name is stored and compared.

    Folding happens here and never in SQL: ``lower()`` of SQLite folds ASCII only, so the two
    databases would disagree about ``É``.
    """
    return text.strip().casefold()
