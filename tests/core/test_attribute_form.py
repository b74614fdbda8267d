"""The attribute page: what is typed is what comes out, wrong answers earn a sentence, nothing posted raises."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.attribute_pages import NOW, Asked, attribute_pages, custom_attribute
from xenia.core.attribute_controls import Control, control_of, unsuitable
from xenia.core.attribute_form import page_fields, posted_form, read_answer
from xenia.core.attribute_rules import LARGEST_INTEGER, LEAST_INTEGER
from xenia.core.countries import COUNTRIES, country_name
from xenia.core.user_attributes import BUILT_IN_ATTRIBUTES, DataType, UserAttribute
from xenia.core.user_flow import AttributeAssignment, Choice, InputType

BUILT_IN = {attribute.id: attribute for attribute in BUILT_IN_ATTRIBUTES}


def asked(
    attribute: UserAttribute, input_type: InputType = InputType.TEXT_BOX, **changes: Any
) -> AttributeAssignment:
    return AttributeAssignment(attribute.id, attribute.display_name, input_type, **changes)


def answer(assignment: AttributeAssignment, attribute: UserAttribute, **posted: Any) -> Any:
    form = {
        attribute.id + name.replace("_", ".", 1) if name != "value" else attribute.id: text
        for name, text in posted.items()
    }
    form = {name: text if isinstance(text, tuple) else (text,) for name, text in form.items()}
    read = read_answer([assignment], [attribute], form)
    assert not (read.values and read.errors)
    return read.errors[0].sentence if read.errors else dict(read.values).get(attribute.id)


SHOE = custom_attribute("ShoeSize", DataType.INTEGER)
NEWS = custom_attribute("News", DataType.BOOLEAN)
TEAM = custom_attribute("Team")
TEAMS = (Choice("Red team", "red"), Choice("Blue team", "blue", is_default=True))


class TestControls:
    @pytest.mark.parametrize(
        ("attribute", "input_type", "control"),
        [
            (BUILT_IN["email"], InputType.TEXT_BOX, Control.READ_ONLY),
            (BUILT_IN["givenName"], InputType.TEXT_BOX, Control.TEXT),
            (BUILT_IN["country"], InputType.TEXT_BOX, Control.SELECT),
            (BUILT_IN["streetAddress"], InputType.TEXT_BOX, Control.TEXT_LINES),
            (SHOE, InputType.TEXT_BOX, Control.TEXT),
            (SHOE, InputType.DATE, Control.TEXT),
            (NEWS, InputType.TEXT_BOX, Control.CHECKBOX),
            (NEWS, InputType.RADIO, Control.RADIO),
            (TEAM, InputType.DATE, Control.DATE),
            (TEAM, InputType.EMAIL_BOX, Control.EMAIL),
            (TEAM, InputType.DROPDOWN, Control.TEXT),
        ],
    )
    def test_each_attribute_is_asked_with_a_control_that_can_hold_it(
        self, attribute, input_type, control
    ) -> None:
        assert control_of(asked(attribute, input_type), attribute) is control

    def test_fields_carry_what_browsers_need_to_fill_them_in(self) -> None:
        attributes = [BUILT_IN["givenName"], BUILT_IN["country"], SHOE]
        given, country, shoe = page_fields([asked(entry) for entry in attributes], attributes, NOW)
        assert (given.autocomplete, given.max_length, given.is_required) == ("given-name", 64, True)
        assert (country.autocomplete, len(country.options)) == ("country", 1 + len(COUNTRIES))
        assert (shoe.autocomplete, shoe.inputmode) == ("off", "numeric")

    def test_published_spellings_of_ids_find_their_attribute_and_a_deleted_one_is_left_out(self) -> None:
        assignments = [
            AttributeAssignment("City", "Town"),
            AttributeAssignment("emailReadonly", "Mail"),
            AttributeAssignment("extension_gone", "Gone"),
            AttributeAssignment("city", "Again"),
        ]
        fields = page_fields(assignments, BUILT_IN_ATTRIBUTES, NOW, values=(("email", "a@b.example"),))
        assert [(field.name, field.label, field.value) for field in fields] == [
            ("city", "Town", ""),
            ("email", "Mail", "a@b.example"),
        ]

    def test_defaults_stand_until_something_is_known(self) -> None:
        radio = asked(TEAM, InputType.RADIO, choices=TEAMS)
        (field,) = page_fields([radio], [TEAM], NOW)
        assert [option.value for option in field.options if option.is_selected] == ["blue"]
        (field,) = page_fields([radio], [TEAM], NOW, values=((TEAM.id, "red"),))
        assert [option.value for option in field.options if option.is_selected] == ["red"]
        (field,) = page_fields([asked(SHOE, default=42)], [SHOE], NOW)
        assert field.value == "42"

    def test_options_that_do_not_fit_leave_no_empty_list(self) -> None:
        country, long = BUILT_IN["country"], (Choice("Somewhere", "x" * 129),)
        (field,) = page_fields([asked(country, InputType.DROPDOWN, choices=long)], [country], NOW)
        assert len(field.options) == 1 + len(COUNTRIES)
        boxes = asked(TEAM, InputType.CHECKBOXES, choices=(Choice("a", "x" * 300),))
        assert control_of(boxes, TEAM) is Control.TEXT

    def test_a_country_code_from_a_provider_selects_the_country(self) -> None:
        country = BUILT_IN["country"]
        (field,) = page_fields([asked(country)], [country], NOW, values=(("country", "gr"),))
        assert [option.value for option in field.options if option.is_selected] == ["Greece"]
        assert country_name("Atlantis") is None


class TestAnswers:
    def test_text_is_trimmed_normalised_and_measured(self) -> None:
        city = BUILT_IN["city"]
        assert answer(asked(city), city, value="  Zu\u0308rich ") == "Z\u00fcrich"
        assert answer(asked(city), city, value="e\u0301" * 128) == "\u00e9" * 128
        assert (
            answer(asked(city), city, value="x" * 129) == "This text has 129 characters. Shorten it to 128."
        )

    @pytest.mark.parametrize("sign", ["\x00", "\x1b", "\n", "\u2028", "\u202e", "\ud800"])
    def test_signs_that_cannot_be_seen_are_refused(self, sign: str) -> None:
        city = BUILT_IN["city"]
        assert "cannot be seen" in answer(asked(city), city, value=f"Pi{sign}raeus")

    def test_only_a_street_spans_lines(self) -> None:
        street = BUILT_IN["streetAddress"]
        assert answer(asked(street), street, value="Ermou 1\r\n2nd floor") == "Ermou 1\n2nd floor"

    def test_joiners_of_scripts_are_welcome(self) -> None:
        city = BUILT_IN["city"]
        assert answer(asked(city), city, value="\u0645\u06cc\u200c\u062e") == "\u0645\u06cc\u200c\u062e"

    def test_what_is_required_is_asked_for_by_its_label_and_what_is_optional_is_not(self) -> None:
        city = BUILT_IN["city"]
        assert answer(asked(city), city, value="  ") == "Fill in \u201cCity\u201d."
        assert answer(asked(city, is_optional=True), city) is None

    @pytest.mark.parametrize("text", ["4.5", "1_000", "\u0663", "forty", "1" * 5000, "+-1", "0x10"])
    def test_no_whole_number(self, text: str) -> None:
        assert answer(asked(SHOE), SHOE, value=text) == "Enter a whole number, like 42."

    def test_whole_numbers_have_64_bits(self) -> None:
        assert answer(asked(SHOE), SHOE, value=str(LARGEST_INTEGER)) == LARGEST_INTEGER
        assert answer(asked(SHOE), SHOE, value=str(LEAST_INTEGER)) == LEAST_INTEGER
        assert "between" in answer(asked(SHOE), SHOE, value=str(LARGEST_INTEGER + 1))

    def test_a_box_is_ticked_or_not_and_a_required_one_must_be(self) -> None:
        assert answer(asked(NEWS, is_optional=True), NEWS) is False
        assert answer(asked(NEWS), NEWS, value="true") is True
        assert answer(asked(NEWS), NEWS) == "Tick \u201cNews\u201d to go on."

    def test_only_what_is_offered_can_be_chosen(self) -> None:
        radio = asked(TEAM, InputType.RADIO, choices=TEAMS)
        assert answer(radio, TEAM, value="red") == "red"
        assert answer(radio, TEAM, value="Red team") == "Choose one of the options for \u201cTeam\u201d."
        assert answer(radio, TEAM) == "Choose an option for \u201cTeam\u201d."
        country = BUILT_IN["country"]
        assert (
            answer(asked(country), country, value="Atlantis")
            == "Choose one of the options for \u201cCountry/Region\u201d."
        )

    def test_several_boxes_become_one_text_in_the_order_of_the_options(self) -> None:
        boxes = asked(TEAM, InputType.CHECKBOXES, choices=TEAMS)
        assert answer(boxes, TEAM, value=("blue", "red", "red")) == "red,blue"
        assert (
            answer(boxes, TEAM, value=("red", "green")) == "Choose one of the options for \u201cTeam\u201d."
        )
        assert answer(boxes, TEAM) == "Choose at least one option for \u201cTeam\u201d."

    def test_dates_are_days_of_the_calendar(self) -> None:
        born = asked(TEAM, InputType.DATE)
        assert answer(born, TEAM, _day="29", _month="2", _year="2024") == "2024-02-29"
        assert "no such day" in answer(born, TEAM, _day="29", _month="2", _year="2023")
        assert "Choose day, month and year" in answer(born, TEAM, _day="29", _year="2023")
        assert "between 1900 and 2100" in answer(born, TEAM, _day="1", _month="1", _year="1066")
        assert answer(replace(born, is_optional=True), TEAM) is None

    def test_an_email_box_takes_one_mailbox(self) -> None:
        box = asked(TEAM, InputType.EMAIL_BOX)
        assert answer(box, TEAM, value=" boss@nordwind.example ") == "boss@nordwind.example"
        assert answer(box, TEAM, value="boss@nordwind.example, b@c.example").startswith(
            "Enter an email address"
        )

    def test_the_address_and_what_was_not_asked_are_never_read(self) -> None:
        email, city = BUILT_IN["email"], BUILT_IN["city"]
        form = {
            "email": ("evil@x.example",),
            "city": ("Athens",),
            "jobTitle": ("Chief",),
            "userType": ("Member",),
        }
        read = read_answer([asked(email), asked(city)], BUILT_IN_ATTRIBUTES, form)
        assert (read.values, read.errors) == ((("city", "Athens"),), ())

    def test_a_refused_page_shows_what_was_typed_beside_the_sentence(self) -> None:
        form = {
            SHOE.id: ("forty",),
            f"{TEAM.id}.day": ("31",),
            f"{TEAM.id}.month": ("2",),
            f"{TEAM.id}.year": ("2020",),
        }
        assignments = [asked(SHOE), asked(TEAM, InputType.DATE)]
        read = read_answer(assignments, [SHOE, TEAM], form)
        shoe, team = page_fields(assignments, [SHOE, TEAM], NOW, posted=form, errors=read.errors)
        assert (shoe.value, shoe.error) == ("forty", "Enter a whole number, like 42.")
        assert (team.focus_name, posted_form([shoe, team])) == (f"{TEAM.id}.day", form)
        assert (read.errors[1].field, read.errors[1].sentence) == (TEAM.id, team.error)


class TestSuitability:
    @pytest.mark.parametrize(
        ("assignment", "attribute", "words"),
        [
            (asked(SHOE, InputType.DATE), SHOE, "type String"),
            (asked(TEAM, InputType.RADIO), TEAM, "at least one option"),
            (asked(SHOE, InputType.RADIO, choices=(Choice("Big", "big"),)), SHOE, "whole number"),
            (asked(TEAM, InputType.RADIO, choices=(Choice("A", "x"), Choice("B", "x"))), TEAM, "of its own"),
            (asked(TEAM, InputType.CHECKBOXES, choices=(Choice("A", "a,b"),)), TEAM, "without a comma"),
        ],
    )
    def test_what_cannot_be_asked_is_said(self, assignment, attribute, words: str) -> None:
        assert words in (unsuitable(assignment, attribute) or "")

    def test_ordinary_assignments_suit(self) -> None:
        suited = [
            (asked(BUILT_IN["country"], InputType.DROPDOWN), BUILT_IN["country"]),
            (asked(NEWS, InputType.RADIO), NEWS),
            (asked(SHOE, InputType.DROPDOWN, choices=(Choice("Small", "36"),)), SHOE),
            (asked(TEAM, InputType.CHECKBOXES, choices=TEAMS), TEAM),
            *((asked(entry), entry) for entry in BUILT_IN_ATTRIBUTES),
        ]
        assert [unsuitable(*entry) for entry in suited] == [None] * len(suited)


class TestWhatIsNotAsked:
    """Hidden fields, and those that people may not change."""

    def pages(self, assignment: AttributeAssignment, attribute: UserAttribute, *known: Any) -> Any:
        fields = page_fields([assignment], [attribute], NOW, values=known, settled=known)
        forged = {attribute.id: ("forged",)}
        return fields, dict(read_answer([assignment], [attribute], forged, known).values).get(attribute.id)

    def test_a_hidden_attribute_takes_what_is_known_or_its_first_value_and_nothing_that_was_posted(
        self,
    ) -> None:
        hidden = asked(TEAM, is_hidden=True, default="web")
        assert self.pages(hidden, TEAM) == ((), "web")
        assert self.pages(hidden, TEAM, (TEAM.id, "green")) == ((), "green")
        assert self.pages(replace(hidden, default=None), TEAM) == ((), None)
        assert self.pages(asked(NEWS, is_hidden=True, default=True), NEWS) == ((), True)
        assert self.pages(asked(NEWS, is_hidden=True), NEWS) == ((), None)
        boxes = asked(TEAM, InputType.CHECKBOXES, choices=TEAMS, is_hidden=True)
        assert self.pages(boxes, TEAM) == ((), "blue")

    def test_what_may_not_be_changed_is_shown_and_kept(self) -> None:
        fixed = asked(
            SHOE, is_editable=False, choices=(Choice("Forty", "40"),), input_type=InputType.DROPDOWN
        )
        fields, kept = self.pages(fixed, SHOE, (SHOE.id, 40))
        assert [(field.control, field.value, field.is_required) for field in fields] == [
            (Control.READ_ONLY, "Forty", False)
        ]
        assert kept == 40
        country = asked(BUILT_IN["country"], is_editable=False)
        fields, kept = self.pages(country, BUILT_IN["country"], ("country", "GR"))
        assert (fields[0].value, kept) == ("Greece", "Greece")

    def test_what_nobody_knows_is_asked_all_the_same(self) -> None:
        fixed = asked(TEAM, is_editable=False)
        fields, kept = self.pages(fixed, TEAM)
        assert (fields[0].control, kept) == (Control.TEXT, "forged")
        unfit = ((SHOE.id, "big"),)
        (field,) = page_fields([asked(SHOE, is_editable=False)], [SHOE], NOW, values=unfit, settled=unfit)
        assert field.control is Control.TEXT

    def test_the_address_can_be_left_to_the_line_above_the_fields(self) -> None:
        hidden = asked(BUILT_IN["email"], is_hidden=True)
        assert page_fields([hidden], [BUILT_IN["email"]], NOW, values=(("email", "a@b.example"),)) == ()


# What is typed is what comes out, for every attribute, input type and layout.


@given(attribute_pages())
def test_what_the_page_shows_is_what_it_collects(
    page: list[Asked],
) -> None:
    answered = [entry for entry in page if entry[2] is not None]
    assignments = [entry[0] for entry in answered]
    attributes = [entry[1] for entry in answered]
    values = tuple((attribute.id, value) for _, attribute, value in answered)
    fields = page_fields(assignments, reversed(attributes), NOW, values=values)
    read = read_answer(assignments, attributes, posted_form(fields))
    assert (read.values, read.errors) == (values, ())
    for change in ({"is_hidden": True}, {"is_editable": False}):
        fixed = [replace(assignment, **change) for assignment in assignments]
        fields = page_fields(fixed, attributes, NOW, values=values, settled=values)
        assert {field.control for field in fields} <= {Control.READ_ONLY}
        assert read_answer(fixed, attributes, {}, values).values == values


wild_texts = st.text(max_size=60) | st.sampled_from(
    ["\ud800", "x" * 5000, "-", "31", "9" * 400, "\u00b2", "true"]
)


@given(attribute_pages(), st.data())
def test_no_post_raises_and_what_is_taken_can_be_taken_again(page, data) -> None:
    assignments = [entry[0] for entry in page]
    attributes = [entry[1] for entry in page]
    names = [
        name
        for entry in attributes
        for name in (entry.id, f"{entry.id}.day", f"{entry.id}.month", f"{entry.id}.year")
    ]
    form = data.draw(
        st.dictionaries(
            st.sampled_from([*names, "userType"]), st.lists(wild_texts, max_size=3).map(tuple), max_size=9
        )
    )
    read = read_answer(assignments, attributes, form)
    fields = page_fields(assignments, attributes, NOW, posted=form, errors=read.errors)
    assert {field.name for field in fields if field.error} == {error.field for error in read.errors}
    "".join(field.value for field in fields).encode()  # every page can be sent
    taken = {name for name, _ in read.values}
    again = [assignment for assignment in assignments if assignment.attribute_id in taken]
    shown = page_fields(again, attributes, NOW, values=read.values)
    assert read_answer(again, attributes, posted_form(shown)).values == read.values
