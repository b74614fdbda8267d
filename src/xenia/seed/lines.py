"""Where in a TOML file a value stands. The parser of the standard library does not tell, people need it."""

from __future__ import annotations

import re
from collections import Counter

_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\- ]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_\-]+)(?:\s*\.\s*([A-Za-z0-9_\-]+))?\s*=")
_QUOTES = ('"""', "'''")


def line_numbers(text: str) -> dict[str, int]:
    """Line (from 1) of every table and key, by paths such as ``tenant[0].user[1].mail``.

    Keys inside inline tables stand on the line of the key that holds them.
    """
    found: dict[str, int] = {}
    counts: Counter[str] = Counter()
    prefix = ""
    inside: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if inside is not None:
            inside = None if inside in line else inside
            continue
        header = _HEADER.match(line)
        if header and "=" not in line.partition("#")[0]:
            prefix = _path(header.group(2), counts, is_array=header.group(1) == "[[")
            found.setdefault(prefix, number)
            continue
        key = _KEY.match(line)
        if key:
            path = f"{prefix}.{key.group(1)}" if prefix else key.group(1)
            found.setdefault(path, number)
            if key.group(2):
                found.setdefault(f"{path}.{key.group(2)}", number)
        inside = next((quotes for quotes in _QUOTES if line.count(quotes) % 2), None)
    return found


def line_of(path: str, numbers: dict[str, int]) -> int | None:
    """The line of this path or of the nearest thing around it; None when nothing of it is in the file."""
    current = path.removeprefix("$").lstrip(".")
    while current:
        if current in numbers:
            return numbers[current]
        shorter = current.rpartition("[")[0] if current.endswith("]") else current.rpartition(".")[0]
        current = shorter if len(shorter) < len(current) else ""
    return None


def _path(header: str, counts: Counter[str], *, is_array: bool) -> str:
    """``tenant.user`` -> ``tenant[0].user[1]`` by what was opened before."""
    parts = [part.strip() for part in header.split(".")]
    path = ""
    for index, part in enumerate(parts):
        path = f"{path}.{part}" if path else part
        is_last = index == len(parts) - 1
        if is_last and is_array:
            # Counted under the indexed path of its parent, so a new parent starts at zero by itself.
            counts[path] += 1
        if counts[path]:
            path = f"{path}[{counts[path] - 1}]"
    return path
