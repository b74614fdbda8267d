"""The manifest of an app registration: its Graph-format JSON, told, and read back with problems named by line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from xenia.catalog.edm import Complex, Edm, Prop, Write
from xenia.catalog.entities.application import APPLICATION
from xenia.catalog.entities.application_changes import changes_of
from xenia.core.errors import InvalidValue
from xenia.record import Record
from xenia.usecases.applications.read_applications import DetailedApplication

Path = tuple[str | int, ...]
"""To a member or an item: names and places."""
LONGEST = 200_000
_APART = frozenset({"keyCredentials", "passwordCredentials"})
"""Told here, changed on Certificates & secrets."""
_MEMBERS = {
    "audience": "signInAudience",
    "scopes": "oauth2PermissionScopes",
    "redirect_uris": "redirectUris",
    "required_resource_access": "requiredResourceAccess",
    "pre_authorized_applications": "preAuthorizedApplications",
    "known_client_applications": "knownClientApplications",
    "requested_access_token_version": "requestedAccessTokenVersion",
}
"""Where an attribute stands in the manifest, when its name alone does not say so."""
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\],:\n]|[^\s{}\[\],:"]+')


class Problem(Record):
    """What is wrong in a manifest, and on which line (1 is the first; 0 where it is the whole)."""

    line: int
    text: str


class ManifestRefused(Exception):
    """The manifest cannot be saved; ``problems`` says why, in the order of lines."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("The manifest cannot be saved.")
        self.problems = sorted(problems, key=lambda problem: problem.line)


def manifest_text(seen: DetailedApplication) -> str:
    """The registration as indented JSON, members in the order of the published schema."""
    return json.dumps(manifest_of(seen), indent=2, ensure_ascii=False, default=_plain)


def manifest_of(seen: DetailedApplication) -> dict[str, Any]:
    """Every property with its value."""
    return {prop.name: APPLICATION.value(prop, seen) for prop in APPLICATION.props}


def read_manifest(text: str, seen: DetailedApplication) -> dict[str, object]:
    """The attributes that the edited manifest sets. Raises ManifestRefused."""
    wanted = _parsed(text)
    lines = _lines_of_members(text)
    stored = json.loads(manifest_text(seen))
    problems = list(_check(wanted, APPLICATION.props, stored, lines, ()))
    missing = [name for name in stored if name not in wanted and _is_fixed(name)]
    problems += [
        Problem(0, f"{name} is missing; it can be read only, so leave it as it was.") for name in missing
    ]
    if problems:
        raise ManifestRefused(problems)
    changed = {
        name: value for name, value in wanted.items() if value != stored.get(name) and not _is_fixed(name)
    }
    try:
        return changes_of(_complete(changed), seen.application)
    except InvalidValue as error:
        raise refused(text, error) from None


def refused(text: str, error: InvalidValue) -> ManifestRefused:
    """A rule of the registration that the manifest broke, at the member it is about."""
    lines = _lines_of_members(text)
    first, *rest = error.field.split("_")
    member = _MEMBERS.get(error.field, first + "".join(part.capitalize() for part in rest))
    fitting = [line for path, line in lines.items() if path and path[-1] == member]
    named = next((line for line in fitting if line), 0)
    return ManifestRefused([Problem(named, error.message)])


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise ManifestRefused([Problem(0, f"A manifest has at most {LONGEST} characters.")])
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ManifestRefused(
            [Problem(error.lineno, f"This is no JSON: {error.msg}, column {error.colno}.")]
        ) from None
    except _Twice as error:
        line = next((place for path, place in _lines_of_members(text).items() if path[-1] == error.name), 0)
        raise ManifestRefused([Problem(line, f"{error.name} is there twice.")]) from None
    except RecursionError:
        raise ManifestRefused([Problem(0, "This is nested too deeply.")]) from None
    if not isinstance(found, dict):
        raise ManifestRefused([Problem(1, "A manifest is one JSON object.")])
    return found


class _Twice(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(name)
        found[name] = value
    return found


def _is_fixed(name: str) -> bool:
    prop = APPLICATION.prop(name)
    return name in _APART or (prop is not None and Write.UPDATE not in prop.write)


def _check(
    wanted: dict[str, Any],
    props: tuple[Prop, ...],
    stored: Any,
    lines: dict[Path, int],
    path: Path,
) -> Iterator[Problem]:
    known = {prop.name: prop for prop in props}
    for name, value in wanted.items():
        here = (*path, name)
        line = lines.get(here, 0)
        prop = known.get(name)
        before = stored.get(name) if isinstance(stored, dict) else None
        if prop is None:
            near = next((other for other in known if other.lower() == name.lower()), None)
            yield Problem(
                line, f"{name} is no member of a registration." + (f" Did you mean {near}?" if near else "")
            )
        elif not path and _is_fixed(name):
            if value != before:
                where = " Change it on Certificates & secrets." if name in _APART else ""
                yield Problem(line, f"{name} can be read only.{where}")
        else:
            yield from _check_value(prop, value, before, lines, here)


def _check_value(
    prop: Prop, value: Any, before: Any, lines: dict[Path, int], path: Path
) -> Iterator[Problem]:
    line = lines.get(path, 0)
    if value is None:
        if not prop.nullable or prop.many:
            yield Problem(line, f"{prop.name} cannot be null." + (" Use []." if prop.many else ""))
        return
    if prop.many:
        if not isinstance(value, list):
            yield Problem(line, f"{prop.name} is a list.")
            return
        for place, item in enumerate(value):
            yield from _check_one(prop, item, None, lines, (*path, place))
        return
    yield from _check_one(prop, value, before, lines, path)


def _check_one(prop: Prop, value: Any, before: Any, lines: dict[Path, int], path: Path) -> Iterator[Problem]:
    line = lines.get(path, 0)
    if isinstance(prop.type, Complex):
        if not isinstance(value, dict):
            yield Problem(line, f"{prop.name} is an object.")
            return
        yield from _check(value, prop.type.props, before, lines, path)
    elif prop.type is Edm.BOOLEAN and not isinstance(value, bool):
        yield Problem(line, f"{prop.name} is true or false.")
    elif prop.type is Edm.INT32 and (not isinstance(value, int) or isinstance(value, bool)):
        yield Problem(line, f"{prop.name} is a whole number.")
    elif prop.type not in (Edm.BOOLEAN, Edm.INT32) and (not isinstance(value, str) or "\x00" in value):
        yield Problem(line, f"{prop.name} is a text.")


def _complete(changed: dict[str, Any]) -> dict[str, Any]:
    """A manifest tells structures whole: what was taken out of one is meant to be empty."""
    for name, value in changed.items():
        prop = APPLICATION.prop(name)
        if prop is None or prop.many or not isinstance(prop.type, Complex) or name == "optionalClaims":
            continue
        if isinstance(value, dict):
            changed[name] = {each.name: [] if each.many else None for each in prop.type.props} | value
    return changed


def _lines_of_members(text: str) -> dict[Path, int]:
    """On which line each member and each item of a list begins, by its path. Reads on where the text is broken."""
    found: dict[Path, int] = {}
    steps: list[str | int] = []
    line, last = 1, ""
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign == "\n":
            line += 1
            continue
        in_list = bool(steps) and isinstance(steps[-1], int)
        if in_list and sign not in ",]":
            found.setdefault(tuple(steps), line)
        if sign == ":" and steps and not in_list:
            steps[-1] = _text(last)
            found.setdefault(tuple(steps), line)
        elif sign in "{[":
            steps.append("" if sign == "{" else 0)
        elif sign in "}]" and steps:
            steps.pop()
        elif sign == "," and steps and isinstance(steps[-1], int):
            steps[-1] += 1
        last = sign
    return found


def _text(token: str) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return token


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
    raise TypeError(f"{type(value).__name__} has no place in a manifest.")
