"""Which control a user flow asks an attribute with, what can be chosen there, and what suits what."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from xenia.core.attribute_rules import attribute_from_text, is_multiline, normal_text
from xenia.core.countries import COUNTRIES
from xenia.core.errors import InvalidValue
from xenia.core.user_attributes import (
    EMAIL,
    AttributeKind,
    AttributeValue,
    DataType,
    UserAttribute,
    attribute_key,
)
from xenia.core.user_flow import AttributeAssignment, Choice, InputType
from xenia.core.wording import Words, mark, say

COUNTRY = "country"
TRUE, FALSE = "true", "false"
SEPARATOR = ","
"""Between the values of check boxes, which are stored as one text."""


class Control(StrEnum):
    """What the template draws."""

    READ_ONLY = "read-only"
    TEXT = "text"
    TEXT_LINES = "textarea"
    EMAIL = "email"
    CHECKBOX = "checkbox"
    """One box: ticked or not."""
    SELECT = "select"
    RADIO = "radio"
    CHECKBOXES = "checkboxes"
    DATE = "date"
    """Three selects: day, month, year."""


def control_of(assignment: AttributeAssignment, attribute: UserAttribute) -> Control:
    """The control for this attribute; an input type that cannot hold its data type gives way to one that can."""
    if attribute_key(attribute.id) == EMAIL:
        return Control.READ_ONLY
    asked = assignment.input_type
    if asked in (InputType.RADIO, InputType.DROPDOWN) and choices_of(assignment, attribute):
        return Control.RADIO if asked is InputType.RADIO else Control.SELECT
    if attribute.data_type is DataType.BOOLEAN:
        return Control.CHECKBOX
    if attribute.data_type is DataType.INTEGER:
        return Control.TEXT
    if asked is InputType.CHECKBOXES and _own_choices(assignment, attribute):
        return Control.CHECKBOXES
    if attribute.id == COUNTRY:
        return Control.SELECT
    if asked is InputType.DATE:
        return Control.DATE
    if asked is InputType.EMAIL_BOX:
        return Control.EMAIL
    return Control.TEXT_LINES if is_multiline(attribute) else Control.TEXT


def choices_of(assignment: AttributeAssignment, attribute: UserAttribute) -> dict[str, str]:
    """What can be chosen: shown name by stored value. Options that do not fit the attribute are left out."""
    own = _own_choices(assignment, attribute)
    if own:
        return own
    if attribute.data_type is DataType.BOOLEAN:
        return {TRUE: mark("Yes"), FALSE: mark("No")}
    if attribute.id == COUNTRY:
        return {name: name for name in COUNTRIES.values()}
    return {}


def shown_choices(assignment: AttributeAssignment, attribute: UserAttribute, words: Words) -> dict[str, str]:
    """The same as people read them: own options as they were written, countries in the order of the language."""
    choices = choices_of(assignment, attribute)
    if _own_choices(assignment, attribute):
        return choices
    if attribute.id == COUNTRY:
        named = {value: words.country(name) for value, name in choices.items()}
        return (
            named if named == choices else dict(sorted(named.items(), key=lambda entry: _sorting(entry[1])))
        )
    return {value: say(words, name) for value, name in choices.items()}


def _sorting(name: str) -> str:
    """Accented letters beside their base letters: how people look a name up in most languages."""
    return unicodedata.normalize("NFKD", name).casefold()


def label_of(assignment: AttributeAssignment, attribute: UserAttribute, words: Words) -> str:
    """What stands above the field: the administrator's word, else the attribute's name in this language."""
    label = assignment.label or attribute.display_name
    is_ours = attribute.kind is AttributeKind.BUILT_IN and label == attribute.display_name
    return say(words, label) if is_ours else label


def _own_choices(assignment: AttributeAssignment, attribute: UserAttribute) -> dict[str, str]:
    found: dict[str, str] = {}
    for choice in assignment.choices:
        value = stored_choice(choice, attribute)
        if value:
            found.setdefault(value, choice.name or choice.value)
    return found


def stored_choice(choice: Choice, attribute: UserAttribute) -> str | None:
    """The text an option stands for, in the attribute's own spelling (``True`` is ``true``); None when it fits not."""
    try:
        return text_of(attribute_from_text(attribute, choice.value or choice.name))
    except InvalidValue:
        return None


def text_of(value: AttributeValue) -> str:
    """A typed value as forms spell it."""
    if isinstance(value, bool):
        return TRUE if value else FALSE
    return str(value)


def asked_attributes(
    assignments: Iterable[AttributeAssignment], attributes: Iterable[UserAttribute]
) -> list[tuple[AttributeAssignment, UserAttribute]]:
    """Each attribute once, in the order of the page; assignments whose attribute is gone are left out."""
    by_key = {attribute_key(attribute.id): attribute for attribute in attributes}
    found: dict[str, tuple[AttributeAssignment, UserAttribute]] = {}
    for assignment in assignments:
        attribute = by_key.get(attribute_key(assignment.attribute_id))
        if attribute is not None:
            found.setdefault(attribute.id, (assignment, attribute))
    return list(found.values())


def unsuitable(assignment: AttributeAssignment, attribute: UserAttribute) -> str | None:
    """Why this assignment cannot be asked as it says (a sentence for administrators), or None."""
    kind, asked = attribute.data_type, assignment.input_type
    selects = (InputType.RADIO, InputType.DROPDOWN, InputType.CHECKBOXES)
    if kind is DataType.BOOLEAN and asked is InputType.CHECKBOXES and not assignment.choices:
        return None
    if kind is not DataType.STRING and asked not in (InputType.TEXT_BOX, *selects[:2]):
        return "This input type is for attributes of the type String."
    if asked not in selects:
        return None
    if not assignment.choices and not (attribute.id == COUNTRY or kind is DataType.BOOLEAN):
        return "This input type needs at least one option."
    return _unsuitable_choices(assignment, attribute)


def _unsuitable_choices(assignment: AttributeAssignment, attribute: UserAttribute) -> str | None:
    stored: list[str] = []
    for choice in assignment.choices:
        text = normal_text(choice.value or choice.name)
        try:
            stored.append(text_of(attribute_from_text(attribute, text)))
        except InvalidValue as problem:
            return f"The option \u201c{choice.name or choice.value}\u201d does not fit. {problem.message}"
    if len(set(stored)) != len(stored) or "" in stored:
        return "Give each option a value of its own."
    if assignment.input_type is not InputType.CHECKBOXES:
        return None
    if any(SEPARATOR in value for value in stored):
        return "Values of check boxes are stored separated by commas. Use values without a comma."
    if len(SEPARATOR.join(stored)) > attribute.max_length:
        return f"All values together have more than {attribute.max_length} characters. Use shorter or fewer ones."
    return None
