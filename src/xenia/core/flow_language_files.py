"""The texts of a sign-up page in one language as a file: the JSON document that Entra's *Languages* up- and downloads.

Owns the shape of the document. Which words are allowed is ``own_words``; that a file comes from anybody and may be
anything is minded here: its size, its depth, members named twice.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn

from xenia.core.errors import InvalidValue
from xenia.core.flow_languages import (
    FlowPage,
    changeable_options,
    changeable_texts,
    default_text,
)
from xenia.core.own_words import FIELD, PageWords, checked_words, words_of_page
from xenia.core.user_attributes import EXTENSION_PREFIX, UserAttribute, attribute_key
from xenia.core.user_flow import FlowLanguage, OwnOption, OwnText, UserFlow
from xenia.core.wording import Words

LARGEST_FILE = 256_000
"""Bytes of a document."""
_STRINGS, _COLLECTIONS = "LocalizedStrings", "LocalizedCollections"
_CLAIM, _ELEMENT, _RESTRICTION = "ClaimType", "UxElement", "Restriction"
_STRING_MEMBERS = frozenset({"ElementType", "ElementId", "StringId", "Override", "Value"})
_COLLECTION_MEMBERS = frozenset({"ElementType", "ElementId", "TargetCollection", "Override", "Items"})
_CUSTOM = re.compile(rf"{EXTENSION_PREFIX}[0-9a-fA-F]{{32}}_(?P<name>.+)")

Entry = dict[str, Any]


def defaults_file(
    flow: UserFlow, page: FlowPage, attributes: Mapping[str, UserAttribute], words: Words
) -> bytes:
    """Every text of the page that can be changed, as it reads without own words; nothing is an override."""
    named = _names(flow)
    strings = [
        _string(
            named, each.attribute_id, each.string_id, default_text(flow, each, attributes, words), own=False
        )
        for each in changeable_texts(flow, page)
    ]
    options: dict[str, list[tuple[str, str]]] = {}
    for attribute_id, choice in changeable_options(flow, page):
        options.setdefault(attribute_id, []).append((choice.name, choice.value))
    return _written(named, strings, options, own=False)


def overrides_file(flow: UserFlow, page: FlowPage, language: FlowLanguage) -> bytes:
    """The own words of the page in this language alone."""
    own = words_of_page(flow, language, page)
    named = _names(flow)
    strings = [_string(named, each.attribute_id, each.string_id, each.value, own=True) for each in own.texts]
    options: dict[str, list[tuple[str, str]]] = {}
    for option in own.options:
        options.setdefault(option.attribute_id, []).append((option.name, option.value))
    return _written(named, strings, options, own=True)


def read_document(data: bytes) -> Entry:
    """The JSON document that a file is: needs no user flow yet. Raises InvalidValue."""
    document = _parsed(data)
    _guard_members("The file", document, frozenset({_STRINGS, _COLLECTIONS}))
    return document


def read_overrides(flow: UserFlow, page: FlowPage, document: Entry) -> PageWords:
    """The own words that a document holds: its entries with ``Override: true``, all others say nothing.

    Raises InvalidValue, with a sentence that says which entry is meant.
    """
    places = _Places(flow, page)
    texts = [
        _read_string(places, f"{_STRINGS}, entry {number}", entry)
        for number, entry in _overriding(document, _STRINGS, _STRING_MEMBERS)
    ]
    options = [
        option
        for number, entry in _overriding(document, _COLLECTIONS, _COLLECTION_MEMBERS)
        for option in _read_collection(places, f"{_COLLECTIONS}, entry {number}", entry)
    ]
    return checked_words(flow, page, PageWords(tuple(texts), tuple(options)))


# --- writing ----------------------------------------------------------------------------------------------


def _names(flow: UserFlow) -> Mapping[str, str]:
    """How files name the flow's attributes: short, but for custom ones of two apps that have the same name."""
    ids = [each.attribute_id for each in flow.attributes]
    shared = Counter(_short(each).casefold() for each in ids)
    return {each: _short(each) if shared[_short(each).casefold()] == 1 else each for each in ids}


def _string(named: Mapping[str, str], attribute_id: str, string_id: str, value: str, *, own: bool) -> Entry:
    return {
        "ElementType": _CLAIM if attribute_id else _ELEMENT,
        "ElementId": named[attribute_id] if attribute_id else None,
        "StringId": string_id,
        "Override": own,
        "Value": value,
    }


def _written(
    named: Mapping[str, str],
    strings: list[Entry],
    options: Mapping[str, list[tuple[str, str]]],
    *,
    own: bool,
) -> bytes:
    collections = [
        {
            "ElementType": _CLAIM,
            "ElementId": named[attribute_id],
            "TargetCollection": _RESTRICTION,
            "Override": own,
            "Items": [{"Name": name, "Value": value} for name, value in items],
        }
        for attribute_id, items in options.items()
    ]
    document = {_STRINGS: strings, _COLLECTIONS: collections}
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _short(attribute_id: str) -> str:
    """``extension_Hobby``: the form in which published files name custom attributes."""
    found = _CUSTOM.fullmatch(attribute_id)
    return attribute_id if found is None else f"{EXTENSION_PREFIX}{found['name']}"


# --- reading ----------------------------------------------------------------------------------------------


class _Twice(ValueError):
    """A member is named twice in one object: which of the two counts is anybody's guess (RFC 8259 section 4)."""


def _parsed(data: bytes) -> Entry:
    if not data:
        _refuse("The file is empty. Choose a JSON file.")
    if len(data) > LARGEST_FILE:
        _refuse(f"The file has {len(data)} bytes. Use one of at most {LARGEST_FILE}.")
    try:
        found = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once)
    except UnicodeDecodeError:
        _refuse("The file is not in UTF-8.")
    except json.JSONDecodeError as error:
        _refuse(f"This is no JSON: {error.msg}, line {error.lineno}, column {error.colno}.")
    except _Twice as error:
        _refuse(f"The member '{error}' is there twice in one object.")
    except (RecursionError, ValueError):
        # Depth, and numbers of thousands of digits, which Python does not read.
        _refuse("This is nested too deeply, or holds a number that is too long.")
    if not isinstance(found, dict):
        _refuse(f"The file is one JSON object with {_STRINGS} and {_COLLECTIONS}.")
    return found


def _once(pairs: list[tuple[str, Any]]) -> Entry:
    found: Entry = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(_shown(name))
        found[name] = value
    return found


def _overriding(document: Entry, name: str, members: frozenset[str]) -> list[tuple[int, Entry]]:
    """The entries that count, with their numbers from 1."""
    entries = document.get(name)
    if entries is None:
        return []
    if not isinstance(entries, list):
        _refuse(f"{name} is a list.")
    found = []
    for number, entry in enumerate(entries, 1):
        where = f"{name}, entry {number}"
        if not isinstance(entry, dict):
            _refuse(f"{where}: an entry is an object.")
        _guard_members(where, entry, members)
        override = entry.get("Override", False)
        if not isinstance(override, bool):
            _refuse(f"{where}: Override is true or false.")
        if override:
            found.append((number, entry))
    return found


def _guard_members(where: str, entry: Entry, members: frozenset[str]) -> None:
    unknown = next((name for name in entry if name not in members), None)
    if unknown is not None:
        # Also another spelling: an 'override' that was passed over would lose what somebody wrote.
        _refuse(
            f"{where}: there is no member '{_shown(unknown)}'. The members are {', '.join(sorted(members))}."
        )


class _Places:
    """What a file may speak of, looked up once: a file may have thousands of entries, and a flow thousands of options."""

    def __init__(self, flow: UserFlow, page: FlowPage) -> None:
        self.page = page
        self.texts: dict[str, list[str]] = {}
        for text in changeable_texts(flow, page):
            self.texts.setdefault(text.attribute_id, []).append(text.string_id)
        self.options: dict[str, dict[str, None]] = {}
        for owner, choice in changeable_options(flow, page):
            self.options.setdefault(owner, {})[choice.value] = None
        self._named: dict[str, list[str]] = {}
        self._whole: dict[str, str] = {}
        for assignment in flow.attributes if page is FlowPage.DETAILS else ():
            whole, short = assignment.attribute_id, _short(assignment.attribute_id)
            self._whole[attribute_key(whole)] = whole
            for name in {short.casefold(), short.removeprefix(EXTENSION_PREFIX).casefold()}:
                self._named.setdefault(name, []).append(whole)

    def attribute(self, where: str, entry: Entry) -> str:
        """The attribute that an ``ElementId`` names: by its id in any case, or as ``extension_Hobby`` or ``Hobby``."""
        named = _text(where, entry, "ElementId")
        if self.page is not FlowPage.DETAILS:
            _refuse(f"{where}: the page {self.page} has no attributes, hence no '{_shown(named)}'.")
        # Whole ids first: an attribute of somebody's own that is called City is never meant by the built-in one's name.
        whole = self._whole.get(attribute_key(named))
        found = [whole] if whole is not None else self._named.get(named.casefold(), [])
        if not found:
            _refuse(f"{where}: this user flow does not ask for the attribute '{_shown(named)}'.")
        if len(found) > 1:
            _refuse(f"{where}: '{_shown(named)}' may be {' or '.join(found)}. Write which one, in full.")
        return found[0]


def _read_string(places: _Places, where: str, entry: Entry) -> OwnText:
    kind = _choice(where, entry, "ElementType", (_CLAIM, _ELEMENT))
    attribute_id = places.attribute(where, entry) if kind == _CLAIM else _no_element(where, entry)
    string_id = _text(where, entry, "StringId")
    known = places.texts.get(attribute_id, [])
    found = next((name for name in known if name.casefold() == string_id.casefold()), None)
    if found is None:
        _refuse(f"{where}: there is no StringId '{_shown(string_id)}' here. There are {', '.join(known)}.")
    return OwnText(places.page.value, found, _text(where, entry, "Value"), attribute_id)


def _read_collection(places: _Places, where: str, entry: Entry) -> list[OwnOption]:
    _choice(where, entry, "ElementType", (_CLAIM,))
    _choice(where, entry, "TargetCollection", (_RESTRICTION,))
    attribute_id = places.attribute(where, entry)
    items = entry.get("Items")
    if not isinstance(items, list):
        _refuse(f"{where}: Items is a list.")
    known = places.options.get(attribute_id, {})
    found = []
    for number, item in enumerate(items, 1):
        inner = f"{where}, item {number}"
        if not isinstance(item, dict):
            _refuse(f"{inner}: an item is an object with Name and Value.")
        _guard_members(inner, item, frozenset({"Name", "Value"}))
        value, name = _text(inner, item, "Value"), _text(inner, item, "Name")
        if value not in known:
            values = (
                f"There are {', '.join(list(known)[:20])}." if known else "It has none that can be named."
            )
            _refuse(
                f"{inner}: '{_shown(entry['ElementId'])}' has no option of the Value '{_shown(value)}'. {values}"
            )
        found.append(OwnOption(attribute_id, value, name))
    return found


def _no_element(where: str, entry: Entry) -> str:
    if entry.get("ElementId") not in (None, ""):
        _refuse(f"{where}: an entry of the type {_ELEMENT} has no ElementId.")
    return ""


def _choice(where: str, entry: Entry, member: str, allowed: tuple[str, ...]) -> str:
    given = _text(where, entry, member)
    found = next((name for name in allowed if name.casefold() == given.casefold()), None)
    if found is None:
        _refuse(f"{where}: {member} is {' or '.join(allowed)}, not '{_shown(given)}'.")
    return found


def _text(where: str, entry: Entry, member: str) -> str:
    value = entry.get(member)
    if not isinstance(value, str) or not value.strip():
        _refuse(f"{where}: {member} needs a text.")
    return value


def _shown(text: str) -> str:
    """What somebody wrote, short and fit to be told: JSON can hold half characters, which no answer can."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text[:60])


def _refuse(sentence: str) -> NoReturn:
    raise InvalidValue(FIELD, sentence)
