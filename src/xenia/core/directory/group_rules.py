"""Which values a group may hold. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xenia.core.directory.group import DYNAMIC, HIDDEN_MEMBERSHIP, UNIFIED, VISIBILITIES, Group
from xenia.core.directory.user_rules import CONTROL, CONTROL_BUT_BREAKS, wire_name
from xenia.core.errors import InvalidValue
from xenia.core.ids import fold

LONGEST_NAME = 256
LONGEST_NICKNAME = 64
LONGEST_DESCRIPTION = 1024
REFERENCES_PER_REQUEST = 20
"""Most objects that one request may bind (``members@odata.bind``)."""
CHANGEABLE = frozenset(
    {"display_name", "mail_nickname", "description", "security_enabled", "visibility"}
    | {"classification", "preferred_language", "theme"}
)
_NOT_IN_NICKNAMES = frozenset('@()\\[]";:<>, ')
_THEMES = ("Teal", "Purple", "Green", "Blue", "Pink", "Orange", "Red")


def checked_group_types(types: object) -> tuple[str, ...]:
    """``groupTypes`` of a new group. Raises InvalidValue, with its own words for membership by rule."""
    given = tuple(types) if isinstance(types, (list, tuple)) else ()
    known = {fold(UNIFIED): UNIFIED, fold(DYNAMIC): DYNAMIC}
    found = tuple(dict.fromkeys(known.get(fold(str(item)), "") for item in given))
    if DYNAMIC in found:
        raise InvalidValue(
            "group_types",
            "Dynamic membership is not supported by this server. Create the group with assigned membership "
            "(without 'DynamicMembership' in groupTypes) and add its members.",
        )
    if "" in found:
        raise invalid("group_types", f"'{UNIFIED}' is the only kind of group that can be named here.")
    return found


def checked_kind(group: Group) -> Group:
    """A new group whose switches fit its kind. Raises InvalidValue."""
    if group.is_unified != group.mail_enabled:
        raise invalid(
            "mail_enabled",
            "A security group has mailEnabled false; a Microsoft 365 group has mailEnabled true and "
            "groupTypes ['Unified']. Mail-enabled security groups and distribution lists cannot be made here.",
        )
    if not group.is_unified and not group.security_enabled:
        raise invalid("security_enabled", "A group that is no Microsoft 365 group has securityEnabled true.")
    return group


def checked_group_changes(changes: Mapping[str, object], group: Group | None = None) -> dict[str, Any]:
    """Values for attributes of ``Group``, trimmed. *group*: the one to be changed. Raises InvalidValue."""
    found: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in CHANGEABLE:
            raise invalid(name, "It is read-only.")
        found[name] = _checked(name, value, group)
    return found


def checked_nickname(value: object) -> str:
    """``mailNickname``. Raises InvalidValue."""
    text = value.strip() if isinstance(value, str) else ""
    if not 0 < len(text) <= LONGEST_NICKNAME or not text.isascii() or not text.isprintable():
        raise invalid("mail_nickname", f"It has 1 to {LONGEST_NICKNAME} characters of ASCII.")
    if set(text) & _NOT_IN_NICKNAMES:
        raise invalid("mail_nickname", 'It holds none of @ ( ) \\ [ ] " ; : < > , and no blanks.')
    return text


def _checked(name: str, value: object, group: Group | None) -> object:
    if name == "display_name":
        return _text(name, value, LONGEST_NAME, required=True)
    if name == "mail_nickname":
        return checked_nickname(value)
    if name == "security_enabled":
        return _security(value, group)
    if name == "visibility":
        return _visibility(value, group)
    if name == "theme":
        return _one_of(name, value, _THEMES)
    return _text(name, value, LONGEST_DESCRIPTION)


def _security(value: object, group: Group | None) -> bool:
    if not isinstance(value, bool):
        raise invalid("security_enabled")
    if group is not None and not group.is_unified and not value:
        raise invalid("security_enabled", "A group that is no Microsoft 365 group has securityEnabled true.")
    return value


def _visibility(value: object, group: Group | None) -> str | None:
    found = _one_of("visibility", value, VISIBILITIES)
    # Whoever joined a group in the open, or in hiding, must be able to rely on it.
    if group is not None and found != group.visibility and HIDDEN_MEMBERSHIP in (found, group.visibility):
        raise invalid("visibility", f"'{HIDDEN_MEMBERSHIP}' is set when a group is made and stays.")
    return found


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> str | None:
    if value is None or value == "":
        return None
    found = next((each for each in allowed if isinstance(value, str) and fold(each) == fold(value)), None)
    if found is None:
        raise invalid(name, f"It is one of {', '.join(allowed)}.")
    return found


def _text(name: str, value: object, longest: int, *, required: bool = False) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    if value is not None and not isinstance(value, str):
        raise invalid(name)
    if required and not text:
        raise InvalidValue(name, f"A value is required for property '{wire_name(name)}' of resource 'Group'.")
    refused = CONTROL_BUT_BREAKS if name == "description" else CONTROL
    if len(text) > longest or refused.search(text):
        raise invalid(name, f"It has at most {longest} printable characters.")
    return text or None


def invalid(attribute: str, hint: str = "") -> InvalidValue:
    """The refusal of a property's value, in the field's words."""
    text = f"Invalid value specified for property '{wire_name(attribute)}' of resource 'Group'."
    return InvalidValue(attribute, f"{text} {hint}".rstrip())
