"""Which values user attributes may hold, wherever they come from: a page, a connector, the directory API.

Pure rules on one value at a time. How an attribute is asked for is ``attribute_form``.
"""

from __future__ import annotations

import re
import unicodedata

from xenia.core.errors import InvalidValue
from xenia.core.user_attributes import AttributeValue, DataType, UserAttribute
from xenia.core.wording import said

LEAST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1

_MULTILINE = frozenset({"streetAddress"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_REFUSED_KINDS = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTION_SIGNS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the reading direction can make a name read as another one."""


def is_multiline(attribute: UserAttribute) -> bool:
    """Whether its text may span lines: a street address, and nothing else."""
    return attribute.id in _MULTILINE


def normal_text(text: str) -> str:
    """Trimmed, in one Unicode form (NFC), with one kind of line end: what is compared, measured and stored."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").strip())


def has_hidden_signs(text: str, *, lines: bool = False) -> bool:
    """Whether it holds control or direction signs. *lines*: line breaks are none of them."""
    allowed = "\n" if lines else ""
    return any(
        sign not in allowed and (unicodedata.category(sign) in _REFUSED_KINDS or sign in _DIRECTION_SIGNS)
        for sign in text
    )


def has_visible_signs(text: str) -> bool:
    """Whether somebody sees something of it: it is more than spaces, joiners and marks that need another sign."""
    kinds = map(unicodedata.category, text)
    return any(kind[0] not in "ZM" and kind not in {"Cc", "Cf", "Cs"} for kind in kinds)


def attribute_value(attribute: UserAttribute, value: object) -> AttributeValue:
    """A value that arrives with a type (JSON), checked. Raises InvalidValue with a sentence that says what to do."""
    match attribute.data_type:
        case DataType.BOOLEAN:
            if not isinstance(value, bool):
                raise InvalidValue(attribute.id, said("Use true or false."))
            return value
        case DataType.INTEGER:
            if not isinstance(value, int) or isinstance(value, bool):
                raise InvalidValue(attribute.id, said("Use a whole number, like 42."))
            return _in_range(attribute, value)
        case DataType.STRING:
            if not isinstance(value, str):
                raise InvalidValue(attribute.id, said("Use text."))
            return _text(attribute, value)


def attribute_from_text(attribute: UserAttribute, text: str) -> AttributeValue:
    """A value that was typed, in the attribute's type. Raises InvalidValue with a sentence that says what to do."""
    match attribute.data_type:
        case DataType.BOOLEAN:
            found = {"true": True, "false": False}.get(text.strip().casefold())
            if found is None:
                raise InvalidValue(attribute.id, said("Use true or false."))
            return found
        case DataType.INTEGER:
            # Not int() alone: it takes underscores and digits of any script, and its time grows with the length.
            if not _INTEGER.fullmatch(text.strip()):
                raise InvalidValue(attribute.id, said("Enter a whole number, like 42."))
            return _in_range(attribute, int(text))
        case DataType.STRING:
            return _text(attribute, text)


def _in_range(attribute: UserAttribute, number: int) -> int:
    if not LEAST_INTEGER <= number <= LARGEST_INTEGER:
        raise InvalidValue(
            attribute.id,
            said(
                "Enter a whole number between %(least)s and %(largest)s.",
                least=LEAST_INTEGER,
                largest=LARGEST_INTEGER,
            ),
        )
    return number


def _text(attribute: UserAttribute, raw: str) -> str:
    text = normal_text(raw)
    if len(text) > attribute.max_length:
        raise InvalidValue(
            attribute.id,
            said(
                "This text has %(length)s characters. Shorten it to %(limit)s.",
                length=len(text),
                limit=attribute.max_length,
            ),
        )
    if has_hidden_signs(text, lines=is_multiline(attribute)):
        raise InvalidValue(
            attribute.id,
            said("This text holds characters that cannot be seen. Type it again instead of pasting it."),
        )
    return text
