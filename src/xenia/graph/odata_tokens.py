"""Splitting a ``$filter`` text into tokens (OData 4.01 URL conventions, ABNF of common expressions)."""

from __future__ import annotations

import re

from xenia.graph.errors import GraphError, bad_request
from xenia.record import Record

LONGEST = 8192
"""Characters of one filter; longer ones are refused before any work is done."""
_PATTERN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^']|'')*')
    | (?P<guid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})(?![\w-])
    | (?P<date>\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,12})?)?(?:Z|[+-]\d{2}:\d{2})?)?)(?![\w:.-])
    | (?P<number>-?\d{1,19})(?![\w.-])
    | (?P<name>(?:microsoft\.graph\.)?[A-Za-z_$][A-Za-z0-9_]*(?:/[A-Za-z_$][A-Za-z0-9_]*)*)
    | (?P<mark>[(),:])
    )""",
    re.VERBOSE | re.ASCII,
)


class Token(Record):
    """One word of a filter: its kind, text and place."""

    kind: str
    text: str
    at: int


def syntax(problem: str, at: int) -> GraphError:
    """A filter that is no filter."""
    return bad_request(f"Invalid filter clause: {problem} at position {at}.")


def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens, ended by one of kind ``end``. Raises GraphError."""
    if len(text) > LONGEST:
        raise bad_request(f"Invalid filter clause: it is longer than {LONGEST} characters.")
    found = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _PATTERN.match(text, at)
        if match is None or match.lastgroup is None:
            raise syntax("a literal or name cannot be read", at)
        found.append(Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup)))
        at = match.end()
    return (*found, Token("end", "", end))
