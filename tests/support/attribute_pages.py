"""Attribute pages of any layout, as Hypothesis draws them: what is asked, how, and an answer that fits."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from hypothesis import strategies as st

from xenia.core.attribute_controls import Control
from xenia.core.attribute_form import page_fields
from xenia.core.attribute_rules import LARGEST_INTEGER, LEAST_INTEGER, attribute_from_text, normal_text
from xenia.core.errors import InvalidValue
from xenia.core.user_attributes import (
    BUILT_IN_ATTRIBUTES,
    AttributeKind,
    AttributeValue,
    DataType,
    UserAttribute,
)
from xenia.core.user_flow import AttributeAssignment, Choice, InputType

NOW = datetime(2026, 7, 1, tzinfo=UTC)


class Asked(NamedTuple):
    """An attribute on a page, and what somebody enters; None where no answer is possible."""

    assignment: AttributeAssignment
    attribute: UserAttribute
    value: AttributeValue | None


def custom_attribute(name: str, data_type: DataType = DataType.STRING) -> UserAttribute:
    """A custom attribute of some tenant."""
    return UserAttribute(
        f"extension_0123456789abcdef0123456789abcdef_{name}", name, "", data_type, AttributeKind.CUSTOM
    )


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=40
)


def _fits(attribute: UserAttribute, text: str) -> bool:
    try:
        return attribute_from_text(attribute, text) == text and text != ""
    except InvalidValue:
        return False


@st.composite
def _asked(draw: st.DrawFn, number: int) -> Asked:
    data_type = draw(st.sampled_from(DataType))
    built_in = draw(st.sampled_from([None, *(entry for entry in BUILT_IN_ATTRIBUTES if entry.id != "email")]))
    attribute = (
        built_in if built_in and data_type is DataType.STRING else custom_attribute(f"A{number}", data_type)
    )
    input_type = draw(st.sampled_from(InputType))
    values = (
        st.sampled_from(["", "1", "2", "true", "False", "x", "a,b", "\u00e9", "e\u0301", "y" * 300]) | texts
    )
    choices = draw(st.lists(st.builds(Choice, texts, values, st.booleans()), max_size=4))
    assignment = AttributeAssignment(
        attribute.id, draw(texts), input_type, draw(st.booleans()), choices=tuple(choices)
    )
    return Asked(assignment, attribute, draw(_values(assignment, attribute)))


def _values(assignment: AttributeAssignment, attribute: UserAttribute) -> st.SearchStrategy[Any]:
    (field,) = page_fields([assignment], [attribute], NOW)
    offered = [option.value for option in field.options if option.value]
    own_text = texts.map(normal_text).filter(lambda text: _fits(attribute, text))
    match field.control:
        case Control.SELECT | Control.RADIO:
            return st.sampled_from(offered).map(lambda text: attribute_from_text(attribute, text))
        case Control.CHECKBOXES:
            apart = [value for value in offered if "," not in value]
            if not apart:
                return st.none()
            some = st.lists(st.sampled_from(apart), min_size=1, unique=True)
            return some.map(lambda chosen: ",".join(value for value in offered if value in chosen)).map(
                lambda text: text if _fits(attribute, text) else None
            )
        case Control.CHECKBOX:
            return st.booleans() if assignment.is_optional else st.just(True)
        case Control.DATE:
            return st.dates(date(1900, 1, 1), date(2036, 12, 31)).map(date.isoformat)
        case Control.EMAIL:
            return st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.example", fullmatch=True).filter(
                lambda text: _fits(attribute, text)
            )
        case _ if attribute.data_type is DataType.INTEGER:
            return st.integers(LEAST_INTEGER, LARGEST_INTEGER)
        case _:
            return own_text


@st.composite
def attribute_pages(draw: st.DrawFn) -> list[Asked]:
    """A page of any layout: every data type with every input type, and a value each field can hold."""
    entries = [draw(_asked(number)) for number in range(draw(st.integers(0, 6)))]
    return list({entry.attribute.id: entry for entry in entries}.values())
