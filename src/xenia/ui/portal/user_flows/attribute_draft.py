"""The attributes of a flow while they are edited: rows of a form, between what is stored and what will be.

The draft travels in the form itself. Buttons that move, add and remove rows change the draft alone, so that
nothing is stored before **Save**, with scripts and without.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xenia.core.attribute_controls import COUNTRY, FALSE, TRUE, unsuitable
from xenia.core.attribute_rules import attribute_from_text
from xenia.core.errors import InvalidValue
from xenia.core.user_attributes import EMAIL, AttributeValue, DataType, UserAttribute, attribute_key
from xenia.core.user_flow import AttributeAssignment, Choice, InputType
from xenia.record import Record
from xenia.ui.portal.user_flows.ordering import asked_move, moved
from xenia.web.http import Params

_LONGEST_LABEL, _LONGEST_HELP = 120, 400
INPUT_WORDS: Mapping[InputType, str] = {
    InputType.TEXT_BOX: "Text",
    InputType.EMAIL_BOX: "Email address",
    InputType.DROPDOWN: "Drop-down list",
    InputType.RADIO: "Radio buttons",
    InputType.CHECKBOXES: "Check boxes",
    InputType.DATE: "Date",
}
SELECTS = (InputType.DROPDOWN, InputType.RADIO, InputType.CHECKBOXES)
"""Those that take options."""
_OF_TYPE: Mapping[DataType, tuple[tuple[InputType, str], ...]] = {
    DataType.STRING: tuple(INPUT_WORDS.items()),
    DataType.BOOLEAN: (
        (InputType.TEXT_BOX, "Check box"),
        (InputType.RADIO, "Radio buttons"),
        (InputType.DROPDOWN, "Drop-down list"),
    ),
    DataType.INTEGER: (
        (InputType.TEXT_BOX, "Number"),
        (InputType.DROPDOWN, "Drop-down list"),
        (InputType.RADIO, "Radio buttons"),
    ),
}


class Row(Record):
    """One attribute as its row of the form says it: texts, checked by nothing yet."""

    attribute: UserAttribute
    label: str
    help_text: str
    input_type: str
    is_required: bool
    options: str
    """One a line: ``Shown`` or ``Shown = stored``."""
    default: str
    requires_verification: bool = False
    is_hidden: bool = False
    is_fixed_value: bool = False
    is_passing: bool = False

    @property
    def id(self) -> str:
        """Of the attribute."""
        return self.attribute.id

    @property
    def input_types(self) -> tuple[tuple[str, str], ...]:
        """What this attribute can be asked with."""
        if self.id == COUNTRY:
            return (
                (InputType.TEXT_BOX.value, "List of countries"),
                (InputType.DROPDOWN.value, "Own options"),
            )
        return tuple((each.value, words) for each, words in _OF_TYPE[self.attribute.data_type])

    @property
    def is_fixed(self) -> bool:
        """The address is known already and shown read-only."""
        return attribute_key(self.id) == EMAIL


class Problem(Record):
    """What is wrong with one control of one row."""

    control: str
    """Its name in the form."""
    sentence: str


def stored_rows(
    assignments: Iterable[AttributeAssignment], attributes: Mapping[str, UserAttribute]
) -> tuple[Row, ...]:
    """The rows as the flow has them. *attributes* by comparable id."""
    return tuple(
        _row_of(each, attributes[attribute_key(each.attribute_id)])
        for each in assignments
        if attribute_key(each.attribute_id) in attributes
    )


def posted_rows(form: Params, attributes: Mapping[str, UserAttribute]) -> tuple[Row, ...]:
    """The rows as they were sent, in their order; unknown attributes and repetitions are dropped."""
    ids = dict.fromkeys(attribute_key(each) for each in form.all("attribute"))
    found = []
    for key in ids:
        attribute = attributes.get(key)
        if attribute is None:
            continue
        name = attribute.id
        found.append(
            Row(
                attribute,
                form.get(f"label-{name}").strip(),
                form.get(f"help-{name}").strip(),
                form.get(f"input-{name}", InputType.TEXT_BOX.value),
                f"required-{name}" in form,
                form.get(f"options-{name}").replace("\r\n", "\n").strip(),
                form.get(f"default-{name}").strip(),
                f"verify-{name}" in form,
                f"hidden-{name}" in form,
                f"fixed-{name}" in form,
                f"passing-{name}" in form,
            )
        )
    return tuple(found)


def rearranged(
    rows: tuple[Row, ...], form: Params, attributes: Mapping[str, UserAttribute]
) -> tuple[tuple[Row, ...], str]:
    """The draft after the button that was pressed, and the id of the control that keeps the focus."""
    if "move" in form:
        way, key = asked_move(form.get("move"))
        place = next((index for index, row in enumerate(rows) if row.id == key), None)
        if place is not None and way:
            return moved(rows, place, way), f"{way}-{key}"
    if "remove" in form:
        return tuple(row for row in rows if row.id != form.get("remove")), "field-add"
    if "insert" in form:
        attribute = attributes.get(attribute_key(form.get("add")))
        if attribute is not None and all(row.id != attribute.id for row in rows):
            return (*rows, _fresh(attribute)), f"field-label-{attribute.id}"
    return rows, ""


def assignments_of(rows: Iterable[Row]) -> tuple[tuple[AttributeAssignment, ...], tuple[Problem, ...]]:
    """What the rows would be stored as, and what has to be corrected first."""
    found: list[AttributeAssignment] = []
    problems: list[Problem] = []
    for row in rows:
        try:
            assignment = _assignment(row)
        except InvalidValue as problem:
            problems.append(Problem(f"{problem.field}-{row.id}", problem.message))
            continue
        sentence = unsuitable(assignment, row.attribute)
        if sentence is not None:
            control = "options" if assignment.input_type in SELECTS else "input"
            problems.append(Problem(f"{control}-{row.id}", sentence))
        found.append(assignment)
    return tuple(found), tuple(problems)


def drawable(rows: Iterable[Row]) -> tuple[AttributeAssignment, ...]:
    """For the preview: whatever of the draft can be shown already."""
    return assignments_of(rows)[0]


def _assignment(row: Row) -> AttributeAssignment:
    if len(row.label) > _LONGEST_LABEL:
        raise InvalidValue("label", f"Use at most {_LONGEST_LABEL} characters for the label.")
    if len(row.help_text) > _LONGEST_HELP:
        raise InvalidValue("help", f"Use at most {_LONGEST_HELP} characters for the help text.")
    if row.input_type not in set(InputType):
        raise InvalidValue("input", "Choose one of the input types.")
    asked = InputType(row.input_type)
    choices = _choices(row.options, row.default) if asked in SELECTS else ()
    return AttributeAssignment(
        row.id,
        row.label or row.attribute.display_name,
        asked,
        is_optional=not row.is_required,
        requires_verification=row.requires_verification,
        choices=choices,
        help_text=row.help_text,
        is_hidden=row.is_hidden,
        is_editable=not row.is_fixed_value,
        is_stored=not row.is_passing,
        default=None if choices or not row.default or row.is_fixed else _default(row),
    )


def _default(row: Row) -> AttributeValue:
    words = {"yes": TRUE, "no": FALSE} if row.attribute.data_type is DataType.BOOLEAN else {}
    try:
        return attribute_from_text(row.attribute, words.get(row.default.casefold(), row.default))
    except InvalidValue as problem:
        raise InvalidValue("default", problem.message) from None


def _choices(text: str, default: str) -> tuple[Choice, ...]:
    chosen = {each.strip().casefold() for each in default.split(",")} - {""}
    found = []
    for line in (each.strip() for each in text.splitlines()):
        if line:
            shown, _, stored = (part.strip() for part in line.partition("="))
            found.append(Choice(shown, stored or shown, (stored or shown).casefold() in chosen))
    return tuple(found)


def _row_of(assignment: AttributeAssignment, attribute: UserAttribute) -> Row:
    default = assignment.default
    marked = ", ".join(choice.value for choice in assignment.choices if choice.is_default)
    return Row(
        attribute,
        assignment.label,
        assignment.help_text,
        assignment.input_type.value,
        not assignment.is_optional,
        "\n".join(
            choice.name if choice.name == choice.value else f"{choice.name} = {choice.value}"
            for choice in assignment.choices
        ),
        marked
        if default is None
        else ("yes" if default else "no")
        if isinstance(default, bool)
        else str(default),
        assignment.requires_verification,
        assignment.is_hidden,
        not assignment.is_editable,
        not assignment.is_stored,
    )


def _fresh(attribute: UserAttribute) -> Row:
    return Row(attribute, attribute.display_name, "", InputType.TEXT_BOX.value, False, "", "")
