"""From a path to what it means: version, resource, key and the segments that follow (OData 4.01 URL conventions 4).

Segments match in any case; keys come as a segment or in parentheses; casts as ``graph.X`` or ``microsoft.graph.X``.
"""

from __future__ import annotations

import re

from xenia.catalog.edm import Resource
from xenia.catalog.resources import BETA_RESOURCES, RESOURCES
from xenia.graph.errors import bad_request
from xenia.record import Record

_KEYED = re.compile(r"([^(]+)\((.*)\)", re.DOTALL)
_NAMED_KEY = re.compile(r"([A-Za-z]+)\s*=\s*(.*)", re.DOTALL)
_VERSIONS = {"v1.0": RESOURCES, "beta": BETA_RESOURCES}
_DEEPEST_FIRST = {
    version: sorted(served, key=lambda found: -found.path.count("/")) for version, served in _VERSIONS.items()
}
_KEY = "{id}"


class Address(Record):
    """What a path names."""

    version: str
    resource: Resource
    key: str | None
    alternate: str | None
    """Name of the alternate key that ``key`` is a value of."""
    rest: tuple[str, ...]
    """Segments after the item (or the collection, when there is no key)."""

    @property
    def is_item(self) -> bool:
        """Whether one object is addressed, not a collection."""
        return self.resource.is_single or self.key is not None

    @property
    def is_beta(self) -> bool:
        """Whether the beta version is asked for."""
        return self.version == "beta"


def read_address(path: str) -> Address:
    """The meaning of a decoded path. Raises GraphError (400) for one that names nothing."""
    if "\x00" in path:
        raise bad_request("The request URI holds a character that is not allowed.")
    segments = [segment for segment in path.split("/") if segment]
    version = segments[0].lower() if segments else ""
    if version not in _VERSIONS:
        raise bad_request(f"Invalid version: {segments[0] if segments else ''}.")
    parts = [_full_cast(segment) for segment in segments[1:]]
    for resource in _DEEPEST_FIRST[version]:
        address = _matched(version, resource, parts)
        if address is not None:
            return address
    raise bad_request(f"Resource not found for the segment '{segments[1] if len(segments) > 1 else ''}'.")


def resources_of(version: str) -> tuple[Resource, ...]:
    """What a version serves."""
    return _VERSIONS[version]


def _full_cast(segment: str) -> str:
    return f"microsoft.{segment}" if segment.lower().startswith("graph.") else segment


def _matched(version: str, template: Resource, segments: list[str]) -> Address | None:
    parts = segments
    if template.casts:
        parts = [part for part in segments if part.lower() not in template.casts]
    names = template.steps
    found = _parents(parts, names)
    if found is None:
        return None
    parents, (last, *rest) = found
    keyed = _KEYED.fullmatch(last)
    if (keyed[1] if keyed else last).lower() != names[-1]:
        return None
    if keyed and template.is_single:
        return None
    resource = template.below(parents)
    if keyed:
        key, alternate = _key(keyed[2])
        return Address(version, resource, key, alternate, tuple(rest))
    is_whole = not rest or rest[0].startswith("$") or resource.action(rest[0], of_collection=True)
    if resource.is_single or is_whole:
        return Address(version, resource, None, None, tuple(rest))
    return Address(version, resource, rest[0], None, tuple(rest[1:]))


def _parents(parts: list[str], names: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]] | None:
    """Keys of the items the path leads through, and its segments from the last name on; None: not this resource."""
    keys: list[str] = []
    at = 0
    for place, name in enumerate(names[:-1]):
        if name == _KEY:
            continue
        if at >= len(parts):
            return None
        keyed = _KEYED.fullmatch(parts[at]) if names[place + 1] == _KEY else None
        if (keyed[1] if keyed else parts[at]).lower() != name:
            return None
        at += 1
        if keyed:
            keys.append(_key(keyed[2])[0])
        elif names[place + 1] == _KEY:
            if at >= len(parts):
                return None
            keys.append(parts[at])
            at += 1
    return (tuple(keys), parts[at:]) if at < len(parts) else None


def _key(text: str) -> tuple[str, str | None]:
    """``'x'`` or ``name='x'``, quotes inside doubled."""
    named = _NAMED_KEY.fullmatch(text)
    name, value = (named[1], named[2]) if named else (None, text)
    if len(value) >= 2 and value[0] == value[-1] == "'":
        value = value[1:-1].replace("''", "'")
    if not value:
        raise bad_request("The key in the request URI is empty.")
    return value, name
