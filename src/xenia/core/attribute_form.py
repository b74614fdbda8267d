"""The attribute page of a user flow: from assignments to fields, from posted values to typed ones, and back.

Owns what each field shows, and every sentence a wrong answer earns. Templates render ``Field``
as it stands; what happens with the values is decided elsewhere. Nothing posted can make it raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeAlias

from xenia.core.addresses import parse_address
from xenia.core.attribute_controls import (
    COUNTRY,
    FALSE,
    SEPARATOR,
    TRUE,
    Control,
    asked_attributes,
    choices_of,
    control_of,
    label_of,
    shown_choices,
    stored_choice,
    text_of,
)
from xenia.core.attribute_rules import attribute_from_text, normal_text
from xenia.core.countries import country_name
from xenia.core.errors import InvalidValue
from xenia.core.user_attributes import (
    AttributeValue,
    AttributeValues,
    DataType,
    UserAttribute,
    attribute_key,
)
from xenia.core.user_flow import AttributeAssignment
from xenia.core.wording import ENGLISH, Said, Words, said, say, tell
from xenia.record import Record, replace

Posted: TypeAlias = Mapping[str, Sequence[str]]
"""A form as it was posted: every value of every name."""

_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_YEARS_AHEAD = 10
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_SMALL_NUMBER = re.compile(r"[0-9]{1,4}")
_LONGEST_ECHO = 2_000
"""A refused answer is shown again; a flood of text is not."""


class Option(Record):
    """One thing that can be chosen."""

    value: str
    label: str
    is_selected: bool = False


class DatePart(Record):
    """Day, month or year of a date, as a select of its own."""

    name: str
    label: str
    options: tuple[Option, ...]


class Field(Record):
    """One field of the page, ready to be drawn."""

    name: str
    """Name of the control in the form; equal to the attribute's id."""
    control: Control
    label: str
    is_required: bool
    value: str = ""
    """Text of the controls that have one; ``true`` for a ticked box."""
    help_text: str = ""
    autocomplete: str = "off"
    inputmode: str = ""
    max_length: int | None = None
    options: tuple[Option, ...] = ()
    """Of selects, radio buttons and check boxes; a select's first one is empty."""
    parts: tuple[DatePart, ...] = ()
    error: str = ""

    @property
    def focus_name(self) -> str:
        """The control a summary of errors leads to: the first one of this field."""
        return self.parts[0].name if self.parts else self.name

    @property
    def is_ticked(self) -> bool:
        """Whether a single check box is ticked."""
        return self.value == TRUE


class FieldError(Record):
    """What is wrong with one answer, and what to do."""

    field: str
    """``Field.name``."""
    said: Said

    @property
    def sentence(self) -> str:
        """The same in English."""
        return str(self.said)


class FormAnswer(Record):
    """A posted page, read: ``values`` are of use only while there are no ``errors``."""

    values: AttributeValues
    errors: tuple[FieldError, ...] = ()


def page_fields(
    assignments: Iterable[AttributeAssignment],
    attributes: Iterable[UserAttribute],
    now: datetime,
    *,
    values: AttributeValues = (),
    posted: Posted | None = None,
    errors: Iterable[FieldError] = (),
    settled: AttributeValues = (),
    words: Words = ENGLISH,
) -> tuple[Field, ...]:
    """The fields in the order of the assignments; an assignment whose attribute is gone is left out.

    What a field shows: what was just posted, else its entry in *values* (from the provider, a connector, or
    typed before), else the assignment's default. The address is taken from *values* alone. What the organisation wrote
    itself stands as it is; everything else is said in *words*. *settled*: what provider and connector said, which
    fields that people may not change hold on to.
    """
    known = {attribute_key(name): value for name, value in values}
    wrong = {error.field: error.said for error in errors}
    fields = []
    for assignment, attribute in asked_attributes(assignments, attributes):
        if assignment.is_hidden:
            continue
        control = control_of(assignment, attribute)
        kept = None if assignment.is_editable else settled_value(assignment, attribute, settled)
        if kept is not None:
            fields.append(_kept_field(assignment, attribute, kept, words))
            continue
        if posted is None or control is Control.READ_ONLY:
            shown = _shown_value(assignment, attribute, control, known.get(attribute_key(attribute.id)))
        else:
            shown = _shown_post(control, attribute.id, posted)
        field = _field(assignment, attribute, control, shown, now.year, words)
        error = wrong.get(field.name)
        fields.append(field if error is None else replace(field, error=_told(error, field.label, words)))
    return tuple(fields)


def read_answer(
    assignments: Iterable[AttributeAssignment],
    attributes: Iterable[UserAttribute],
    posted: Posted,
    settled: AttributeValues = (),
) -> FormAnswer:
    """Typed values by attribute id in the order of the page, or what has to be corrected.

    Fields that were not asked for are ignored, an optional one left empty has no value, and a check box that
    was not ticked is False. The address is never read from a form, and neither is what is hidden or may not be
    changed: that is taken from *settled*, what provider and connector said, or is the first value.
    """
    values: list[tuple[str, AttributeValue]] = []
    errors: list[FieldError] = []
    for assignment, attribute in asked_attributes(assignments, attributes):
        control = control_of(assignment, attribute)
        if control is Control.READ_ONLY:
            continue
        if assignment.is_hidden or not assignment.is_editable:
            kept = settled_value(assignment, attribute, settled)
            if kept is not None:
                values.append((attribute.id, kept))
            if kept is not None or assignment.is_hidden:
                continue
        try:
            value = _READERS[control](assignment, attribute, posted)
        except InvalidValue as problem:
            errors.append(FieldError(attribute.id, problem.said))
            continue
        if value is not None:
            values.append((attribute.id, value))
    return FormAnswer(tuple(values), tuple(errors))


def settled_value(
    assignment: AttributeAssignment, attribute: UserAttribute, settled: AttributeValues
) -> AttributeValue | None:
    """What stands without a question: what is known already, else the first value; None when neither fits.

    It is what the page would send if nobody touched the field.
    """
    control = control_of(assignment, attribute)
    known = {attribute_key(name): value for name, value in settled}.get(attribute_key(attribute.id))
    shown = _shown_value(assignment, attribute, control, known)
    if control is Control.READ_ONLY or not any(shown):
        return None
    field = _field(assignment, attribute, control, shown, _LAST_YEAR, ENGLISH)
    try:
        return _READERS[control](replace(assignment, is_optional=True), attribute, posted_form((field,)))
    except InvalidValue:
        return None


def posted_form(fields: Iterable[Field]) -> dict[str, tuple[str, ...]]:
    """What a browser would post if the page were sent as it stands (HTML: constructing the entry list)."""
    form: dict[str, tuple[str, ...]] = {}
    for field in fields:
        if field.parts:
            form |= {part.name: _selected(part.options) or ("",) for part in field.parts}
        elif field.options:
            chosen = _selected(field.options)
            if chosen or field.control is Control.SELECT:
                form[field.name] = chosen or ("",)
        elif field.control is Control.CHECKBOX:
            if field.is_ticked:
                form[field.name] = (TRUE,)
        elif field.control is not Control.READ_ONLY:
            form[field.name] = (field.value,)
    return form


def _about(text: str, assignment: AttributeAssignment, attribute: UserAttribute) -> Said:
    """A sentence that names the field; *text* is collected for translators."""
    return Said(text, {"label": assignment.label or attribute.display_name})


def _told(sentence: Said, label: str, words: Words) -> str:
    """The sentence with the label as the page shows it."""
    named = replace(sentence, values=sentence.values | {"label": label})
    return tell(words, named if "label" in sentence.values else sentence)


# What a field shows.


def _shown_value(
    assignment: AttributeAssignment, attribute: UserAttribute, control: Control, known: AttributeValue | None
) -> tuple[str, ...]:
    value = assignment.default if known is None else known
    if value is None:
        defaults = (stored_choice(choice, attribute) for choice in assignment.choices if choice.is_default)
        marked = tuple(text for text in defaults if text)
        return marked if control is Control.CHECKBOXES else marked[:1]
    text = text_of(value)
    if control is Control.CHECKBOXES:
        return tuple(text.split(SEPARATOR))
    if control is Control.CHECKBOX:
        return (TRUE if text.strip().casefold() == TRUE else FALSE,)
    if control is Control.SELECT and attribute.id == COUNTRY:
        is_offered = text in choices_of(assignment, attribute)
        return (text if is_offered else country_name(text) or text,)
    if control is Control.DATE:
        match = _DATE.fullmatch(text)
        return tuple(str(int(part)) for part in reversed(match.groups())) if match else ()
    return (text,)


def _shown_post(control: Control, name: str, posted: Posted) -> tuple[str, ...]:
    if control is Control.DATE:
        return tuple(_one(posted, part)[:_LONGEST_ECHO] for part in _date_names(name))
    if control is Control.CHECKBOX:
        return (TRUE if _one(posted, name) else FALSE,)
    return tuple(_printable(text[:_LONGEST_ECHO]) for text in posted.get(name, ()))


def _printable(text: str) -> str:
    """Without lone surrogates, which no page can be encoded with."""
    return text.encode("utf-8", "ignore").decode("utf-8")


def _field(
    assignment: AttributeAssignment,
    attribute: UserAttribute,
    control: Control,
    shown: tuple[str, ...],
    this_year: int,
    words: Words,
) -> Field:
    first = shown[0] if shown else ""
    field = Field(
        attribute.id,
        control,
        label_of(assignment, attribute, words),
        not assignment.is_optional and control is not Control.READ_ONLY,
        help_text=assignment.help_text,
        autocomplete=attribute.autocomplete,
    )
    match control:
        case Control.SELECT | Control.RADIO | Control.CHECKBOXES:
            options = tuple(
                Option(value, label, value in shown)
                for value, label in shown_choices(assignment, attribute, words).items()
            )
            empty = Option(
                "", say(words, "Choose an option"), not any(option.is_selected for option in options)
            )
            return replace(field, options=(empty, *options) if control is Control.SELECT else options)
        case Control.DATE:
            return replace(
                field, autocomplete="off", parts=_date_parts(attribute.id, shown, this_year, words)
            )
        case Control.EMAIL:
            return replace(
                field, value=first, autocomplete="email", inputmode="email", max_length=attribute.max_length
            )
        case Control.TEXT if attribute.data_type is DataType.INTEGER:
            return replace(field, value=first, inputmode="numeric", max_length=20)
        case Control.TEXT | Control.TEXT_LINES:
            return replace(field, value=first, max_length=attribute.max_length)
        case Control.CHECKBOX | Control.READ_ONLY:
            return replace(field, value=first)


def _kept_field(
    assignment: AttributeAssignment, attribute: UserAttribute, value: AttributeValue, words: Words
) -> Field:
    """A field that tells and takes nothing."""
    choices, text = shown_choices(assignment, attribute, words), text_of(value)
    several = control_of(assignment, attribute) is Control.CHECKBOXES
    parts = text.split(SEPARATOR) if several else [text]
    return Field(
        attribute.id,
        Control.READ_ONLY,
        label_of(assignment, attribute, words),
        is_required=False,
        value=", ".join(choices.get(part, part) for part in parts),
        help_text=assignment.help_text,
    )


def _date_names(name: str) -> tuple[str, str, str]:
    return f"{name}.day", f"{name}.month", f"{name}.year"


def _date_parts(name: str, shown: tuple[str, ...], this_year: int, words: Words) -> tuple[DatePart, ...]:
    day, month, year = shown if len(shown) == 3 else ("", "", "")
    years = {str(number): str(number) for number in range(this_year + _YEARS_AHEAD, _FIRST_YEAR - 1, -1)}
    if year not in years and year.isdecimal():
        years[year] = year
    entries = (
        (say(words, "Day"), day, {str(number): str(number) for number in range(1, 32)}),
        (say(words, "Month"), month, {str(number): words.month(number) for number in range(1, 13)}),
        (say(words, "Year"), year, years),
    )
    return tuple(
        DatePart(
            part,
            label,
            (
                Option("", label, chosen not in options),
                *(Option(value, text, value == chosen) for value, text in options.items()),
            ),
        )
        for part, (label, chosen, options) in zip(_date_names(name), entries, strict=True)
    )


def _selected(options: Iterable[Option]) -> tuple[str, ...]:
    return tuple(option.value for option in options if option.is_selected)


# What an answer means.


def _one(posted: Posted, name: str) -> str:
    values = posted.get(name, ())
    return values[0] if values else ""


def _read_text(
    assignment: AttributeAssignment, attribute: UserAttribute, posted: Posted
) -> AttributeValue | None:
    text = normal_text(_one(posted, attribute.id))
    if not text:
        _demand(assignment, attribute, _about("Fill in \u201c%(label)s\u201d.", assignment, attribute))
        return None
    return attribute_from_text(attribute, text)


def _read_email(
    assignment: AttributeAssignment, attribute: UserAttribute, posted: Posted
) -> AttributeValue | None:
    text = normal_text(_one(posted, attribute.id))
    if not text and assignment.is_optional:
        return None
    address = parse_address(text)
    if address is None:
        raise InvalidValue(attribute.id, said("Enter an email address, like name@example.com."))
    return attribute_from_text(attribute, address)


def _read_box(
    assignment: AttributeAssignment, attribute: UserAttribute, posted: Posted
) -> AttributeValue | None:
    if not _one(posted, attribute.id):
        # A box that must be ticked is how a flow asks for agreement.
        _demand(assignment, attribute, _about("Tick \u201c%(label)s\u201d to go on.", assignment, attribute))
        return False
    return True


def _read_choice(
    assignment: AttributeAssignment, attribute: UserAttribute, posted: Posted
) -> AttributeValue | None:
    text = normal_text(_one(posted, attribute.id))
    if not text:
        _demand(
            assignment,
            attribute,
            _about("Choose an option for \u201c%(label)s\u201d.", assignment, attribute),
        )
        return None
    if text not in choices_of(assignment, attribute):
        raise _not_offered(assignment, attribute)
    return attribute_from_text(attribute, text)


def _read_boxes(
    assignment: AttributeAssignment, attribute: UserAttribute, posted: Posted
) -> AttributeValue | None:
    ticked = {normal_text(text) for text in posted.get(attribute.id, ())} - {""}
    if not ticked:
        _demand(
            assignment,
            attribute,
            _about("Choose at least one option for \u201c%(label)s\u201d.", assignment, attribute),
        )
        return None
    choices = choices_of(assignment, attribute)
    if not ticked <= choices.keys():
        raise _not_offered(assignment, attribute)
    return attribute_from_text(attribute, SEPARATOR.join(value for value in choices if value in ticked))


def _read_date(
    assignment: AttributeAssignment, attribute: UserAttribute, posted: Posted
) -> AttributeValue | None:
    parts = [_one(posted, name).strip() for name in _date_names(attribute.id)]
    if not any(parts) and assignment.is_optional:
        return None
    if not all(_SMALL_NUMBER.fullmatch(part) for part in parts):
        raise InvalidValue(
            attribute.id,
            _about("Choose day, month and year for \u201c%(label)s\u201d.", assignment, attribute),
        )
    day, month, year = map(int, parts)
    try:
        found = date(year, month, day)
    except ValueError:
        raise InvalidValue(
            attribute.id, said("The calendar has no such day. Choose another day, month or year.")
        ) from None
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise InvalidValue(
            attribute.id,
            said("Choose a year between %(first)s and %(last)s.", first=_FIRST_YEAR, last=_LAST_YEAR),
        )
    return attribute_from_text(attribute, found.isoformat())


def _demand(assignment: AttributeAssignment, attribute: UserAttribute, sentence: Said) -> None:
    if not assignment.is_optional:
        raise InvalidValue(attribute.id, sentence)


def _not_offered(assignment: AttributeAssignment, attribute: UserAttribute) -> InvalidValue:
    return InvalidValue(
        attribute.id, _about("Choose one of the options for \u201c%(label)s\u201d.", assignment, attribute)
    )


_READERS = {
    Control.TEXT: _read_text,
    Control.TEXT_LINES: _read_text,
    Control.EMAIL: _read_email,
    Control.CHECKBOX: _read_box,
    Control.SELECT: _read_choice,
    Control.RADIO: _read_choice,
    Control.CHECKBOXES: _read_boxes,
    Control.DATE: _read_date,
}
