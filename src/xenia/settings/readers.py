"""From what a flag, a variable or a file says to the type of a setting. Raises ValueError or TypeError with the rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("must be text")
    return value.strip()


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {
        "true": True,
        "1": True,
        "yes": True,
        "on": True,
        "false": False,
        "0": False,
        "no": False,
        "off": False,
    }
    if not isinstance(value, str) or value.strip().lower() not in words:
        raise ValueError("must be true or false")
    return words[value.strip().lower()]


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError("must be a whole number")
    try:
        return int(value)
    except ValueError:
        raise ValueError("must be a whole number") from None


def _list(value: object) -> list[object]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(value) if isinstance(value, list | tuple) else [value]


def _ports(value: object) -> tuple[int, ...]:
    ports = tuple(dict.fromkeys(_number(item) for item in _list(value)))
    if not ports or any(not 0 <= port <= 65535 for port in ports):
        raise ValueError("ports are numbers from 0 to 65535")
    return ports


def _path(value: object) -> Path | None:
    text = str(value) if isinstance(value, str | Path) else ""
    return Path(text).expanduser().absolute() if text else None


READERS: dict[str, Callable[[object], object]] = {
    "str": _text,
    "bool": _flag,
    "int": _number,
    "Path": _path,
    "Path | None": _path,
    "tuple[str, ...]": lambda value: tuple(dict.fromkeys(_text(item) for item in _list(value))),
    "tuple[int, ...]": _ports,
}
"""By the annotation of the attribute."""
