"""Files of own texts: what is written reads back the same, and what is no such file is refused with its reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenia.core import flow_language_files
from xenia.core import own_words as own_words_module
from xenia.core.attribute_rules import has_visible_signs, normal_text
from xenia.core.errors import InvalidValue
from xenia.core.flow_language_files import (
    LARGEST_FILE,
    defaults_file,
    overrides_file,
    read_document,
    read_overrides,
)
from xenia.core.flow_languages import FlowPage, changeable_options, changeable_texts, in_language, language_of
from xenia.core.own_words import (
    LARGEST_LANGUAGE,
    PageWords,
    checked_languages,
    has_own_words,
    with_switch,
    with_switches,
    with_words,
)
from xenia.core.user_attributes import BUILT_IN_ATTRIBUTES
from xenia.core.user_flow import (
    AttributeAssignment,
    Choice,
    FlowLanguage,
    InputType,
    OwnOption,
    OwnText,
    PageText,
    UserFlow,
)
from xenia.core.wording import ENGLISH, LANGUAGES
from xenia.record import replace

HOBBY = f"extension_{'0f3c' * 8}_Hobby"
CHOICES = (Choice("Chess", "chess"), Choice("Go", "go", is_default=True))
FLOW = UserFlow(
    "B2X_1_Any",
    "00000000-1111-4222-8333-444444444444",
    datetime(2026, 12, 1, tzinfo=UTC),
    attributes=(
        AttributeAssignment("email", "Email Address"),
        AttributeAssignment("city", "City"),
        AttributeAssignment(HOBBY, "Hobby", InputType.RADIO, choices=CHOICES, help_text="What you like"),
    ),
    text=PageText("Contoso", "Hello\nyou"),
)
KNOWN = {attribute.id: attribute for attribute in BUILT_IN_ATTRIBUTES}
DETAILS = FlowPage.DETAILS
# Any language's letters; signs nobody sees are refused, so they are left to the tests of refusals.
LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf"))
WRITTEN = st.text(LETTERS, min_size=1, max_size=40).map(normal_text).filter(has_visible_signs)


@st.composite
def own_words(draw: st.DrawFn, page: FlowPage) -> PageWords:
    texts = [
        OwnText(page.value, each.string_id, draw(WRITTEN), each.attribute_id)
        for each in changeable_texts(FLOW, page)
        if draw(st.booleans())
    ]
    options = [
        OwnOption(attribute_id, choice.value, draw(WRITTEN))
        for attribute_id, choice in changeable_options(FLOW, page)
        if draw(st.booleans())
    ]
    return PageWords(tuple(texts), tuple(options))


def read(flow: UserFlow, page: FlowPage, data: bytes) -> PageWords:
    """What a file says of a page."""
    return read_overrides(flow, page, read_document(data))


@given(st.sampled_from(FlowPage).flatmap(lambda page: st.tuples(st.just(page), own_words(page))))
def test_what_is_written_as_overrides_reads_back_the_same(case: tuple[FlowPage, PageWords]) -> None:
    page, words = case
    flow = with_words(FLOW, "el", {page: words})
    language = language_of(flow, "el")
    assert language is not None
    again = with_words(FLOW, "EL", {page: read(FLOW, page, overrides_file(flow, page, language))})
    assert again == flow
    assert set(language.texts) == set(words.texts)
    assert set(language.options) == set(words.options)


@given(st.sampled_from(FlowPage))
def test_defaults_override_nothing_until_they_are_said_to(page: FlowPage) -> None:
    data = defaults_file(FLOW, page, KNOWN, ENGLISH)
    assert read(FLOW, page, data) == PageWords()
    document = json.loads(data)
    for entry in [*document["LocalizedStrings"], *document["LocalizedCollections"]]:
        entry["Override"] = True
        if entry.get("Value") == "":
            entry["Value"] = "Something"
    words = read(FLOW, page, json.dumps(document).encode())
    assert len(words.texts) == len(changeable_texts(FLOW, page))
    assert len(words.options) == len(changeable_options(FLOW, page))


def test_defaults_are_in_the_documented_shape() -> None:
    document = json.loads(defaults_file(FLOW, DETAILS, KNOWN, ENGLISH))
    strings = {(each["ElementId"], each["StringId"]): each for each in document["LocalizedStrings"]}
    assert strings[None, "heading"] == {
        "ElementType": "UxElement",
        "ElementId": None,
        "StringId": "heading",
        "Override": False,
        "Value": "Add details",
    }
    assert strings[None, "intro"]["Value"] == "Hello\nyou"
    assert strings["extension_Hobby", "DisplayName"]["ElementType"] == "ClaimType"
    assert strings["extension_Hobby", "UserHelpText"]["Value"] == "What you like"
    # What stands below the address says how to sign in next time: that is not the organisation's to change.
    assert ("email", "DisplayName") in strings
    assert ("email", "UserHelpText") not in strings
    assert document["LocalizedCollections"] == [
        {
            "ElementType": "ClaimType",
            "ElementId": "extension_Hobby",
            "TargetCollection": "Restriction",
            "Override": False,
            "Items": [{"Name": "Chess", "Value": "chess"}, {"Name": "Go", "Value": "go"}],
        }
    ]


def _string(**changes: Any) -> bytes:
    entry = {"ElementType": "ClaimType", "ElementId": "city", "StringId": "DisplayName", "Override": True}
    return json.dumps({"LocalizedStrings": [{**entry, "Value": "Stadt", **changes}]}).encode()


def _collection(items: object, **changes: Any) -> bytes:
    entry = {"ElementType": "ClaimType", "ElementId": "Hobby", "TargetCollection": "Restriction"}
    return json.dumps(
        {"LocalizedCollections": [{**entry, "Override": True, "Items": items, **changes}]}
    ).encode()


@pytest.mark.parametrize(
    "named", ["CITY", "city", "extension_hobby", "Hobby", HOBBY, HOBBY.upper(), "emailReadonly", "Email"]
)
def test_attributes_are_named_in_any_case_and_by_short_names(named: str) -> None:
    words = read(FLOW, DETAILS, _string(ElementId=named, StringId="displayname"))
    assert words.texts[0].string_id == "DisplayName"
    assert words.texts[0].attribute_id in {"city", "email", HOBBY}


def test_a_byte_order_mark_and_entries_that_override_nothing_are_passed_over() -> None:
    strange = _string(Override=False, StringId="of_somebody_else", ElementId="nobody", Value=None)
    assert read(FLOW, DETAILS, b"\xef\xbb\xbf" + strange) == PageWords()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_string(Value=None), "entry 1: Value needs a text"),
        (_string(Value=" "), "entry 1: Value needs a text"),
        (_string(Value=7), "entry 1: Value needs a text"),
        (_string(StringId="Nothing"), "no StringId 'Nothing' here. There are DisplayName, UserHelpText"),
        (_string(ElementId="surname"), "does not ask for the attribute 'surname'"),
        (_string(ElementId="\ud800"), "does not ask for the attribute '\ufffd'"),
        (_string(ElementId="email", StringId="UserHelpText"), "no StringId 'UserHelpText'"),
        (_string(ElementType="ErrorMessage"), "ElementType is ClaimType or UxElement"),
        (_string(ElementType="UxElement"), "has no ElementId"),
        (_string(Override="yes"), "Override is true or false"),
        (_string(override=True), "no member 'override'"),
        (_string(Value="x" * 201), "Shorten it to 200"),
        (_string(Value="Sta\u202edt"), "cannot be seen"),
        (_string(Value="Sta\x00dt"), "cannot be seen"),
        (_string(Value="Sta\ndt"), "line breaks"),
        (_string(Value="\ud83d"), "cannot be seen"),
        (_string(Value="\u200b"), "nothing of this text can be seen"),
        (_string(Value="\u0301\u200d"), "nothing of this text can be seen"),
        (_collection([{"Name": "Schach", "Value": "Draughts"}]), "no option of the Value 'Draughts'"),
        (_collection([{"Name": "", "Value": "chess"}]), "item 1: Name needs a text"),
        (_collection([{"Name": "a", "Value": "go"}, {"Name": "b", "Value": "go"}]), "there twice"),
        (_collection({"chess": "Schach"}), "Items is a list"),
        (_collection(["chess"]), "an item is an object"),
        (_collection([], TargetCollection="Other"), "TargetCollection is Restriction"),
        (b"[]", "one JSON object"),
        (b'{"LocalizedStrings": {}}', "LocalizedStrings is a list"),
        (b'{"LocalizedStrings": [1]}', "an entry is an object"),
        (b'{"Strings": []}', "no member 'Strings'"),
        (b'{"LocalizedStrings": [', "This is no JSON"),
        (b'{"LocalizedStrings": [], "LocalizedStrings": []}', "'LocalizedStrings' is there twice"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"LocalizedStrings": ' + b"9" * 5000 + b"}", "too long"),
        (b"\xff\xfe", "not in UTF-8"),
        (b" " * (LARGEST_FILE + 1), "256000"),
    ],
)
def test_what_is_no_such_file_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read(FLOW, DETAILS, data)
    assert reason in refused.value.message
    refused.value.message.encode()


def test_an_entry_twice_is_refused() -> None:
    one = json.loads(_string())["LocalizedStrings"][0]
    data = json.dumps({"LocalizedStrings": [one, {**one, "ElementId": "City"}]}).encode()
    with pytest.raises(InvalidValue, match="DisplayName of city is there twice"):
        read(FLOW, DETAILS, data)


@given(st.binary(max_size=200) | st.recursive(st.none() | st.booleans() | st.text(max_size=5), st.lists, max_leaves=9).map(lambda found: json.dumps({"LocalizedStrings": found}).encode()))  # fmt: skip
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read(FLOW, DETAILS, data)
    except InvalidValue as refused:
        refused.message.encode()


# --- what the pages make of them --------------------------------------------------------------------------


def test_the_pages_say_own_words_in_their_language_and_ours_in_all_others() -> None:
    texts = (
        OwnText(DETAILS.value, "heading", "Wer bist du?"),
        OwnText(DETAILS.value, "DisplayName", "Liebhaberei", HOBBY),
    )
    flow = with_words(FLOW, "en", {DETAILS: PageWords(texts, (OwnOption(HOBBY, "go", "Baduk"),))})
    shown, words = in_language(flow, DETAILS, ENGLISH)
    assert words.own["Add details"] == "Wer bist du?"
    hobby = shown.attributes[2]
    assert (hobby.label, hobby.help_text) == ("Liebhaberei", "What you like")
    assert hobby.choices == (Choice("Chess", "chess"), Choice("Baduk", "go", is_default=True))
    _, other_page = in_language(flow, FlowPage.WAYS, ENGLISH)
    assert not other_page.own


def test_words_of_an_attribute_that_left_the_flow_are_neither_shown_nor_told() -> None:
    words = PageWords((OwnText(DETAILS.value, "DisplayName", "Liebhaberei", HOBBY),), ())
    flow = with_words(FLOW, "de", {DETAILS: words})
    left = UserFlow(
        flow.id, flow.tenant_id, flow.created_at, attributes=FLOW.attributes[:2], languages=flow.languages
    )
    language = language_of(left, "de")
    assert language is not None
    assert b"Hobby" not in overrides_file(left, DETAILS, language)


def test_custom_attributes_of_two_apps_with_one_name_are_told_apart() -> None:
    other = f"extension_{'ab12' * 8}_Hobby"
    flow = replace(FLOW, attributes=(*FLOW.attributes, AttributeAssignment(other, "Hobby too")))
    texts = tuple(OwnText(DETAILS.value, "DisplayName", name, name) for name in (HOBBY, other))
    flow = with_words(flow, "de", {DETAILS: PageWords(texts)})
    language = language_of(flow, "de")
    assert language is not None
    assert set(read(flow, DETAILS, overrides_file(flow, DETAILS, language)).texts) == set(texts)
    with pytest.raises(InvalidValue, match=f"{HOBBY} or {other}"):
        read(flow, DETAILS, _string(ElementId="extension_Hobby"))


def test_a_file_of_thousands_of_entries_is_read_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each entry looked every option of the flow up: a file of the allowed size held the one writer for seconds."""
    asked: list[FlowPage] = []

    def counted(flow: UserFlow, page: FlowPage) -> object:
        asked.append(page)
        return changeable_options(flow, page)

    for module in (flow_language_files, own_words_module):
        monkeypatch.setattr(module, "changeable_options", counted)
    items = [{"Name": "x", "Value": "go"}] * 2_000
    entry = {
        "ElementType": "ClaimType",
        "ElementId": "extension_Hobby",
        "TargetCollection": "Restriction",
        "Override": True,
        "Items": items,
    }
    with pytest.raises(InvalidValue, match="twice"):
        read(FLOW, DETAILS, json.dumps({"LocalizedCollections": [entry]}).encode())
    assert len(asked) <= 2


def test_one_page_may_grow_by_what_the_other_becomes_shorter() -> None:
    """Whichever is looked at first. Words that no page shows any more do not count."""
    many = tuple(Choice(str(number), str(number)) for number in range(150))
    radios = tuple(
        AttributeAssignment(f"extension_{'0f3c' * 8}_{name}", name, InputType.RADIO, choices=many)
        for name in ("A", "B")
    )
    flow = replace(FLOW, attributes=radios)
    options = tuple(
        OwnOption(owner, choice.value, "x" * 200) for owner, choice in changeable_options(flow, DETAILS)
    )
    assert sum(len(each.name) for each in options) == LARGEST_LANGUAGE
    flow = with_words(flow, "de", {DETAILS: PageWords((), options)})
    intro = {FlowPage.WAYS: PageWords((OwnText(FlowPage.WAYS.value, "intro", "Willkommen"),))}
    with pytest.raises(InvalidValue, match="60000"):
        with_words(flow, "de", intro)
    assert with_words(flow, "de", {**intro, DETAILS: PageWords((), options[1:])}).languages
    left = replace(flow, attributes=())
    assert not has_own_words(left, left.languages[0])
    assert has_own_words(with_words(left, "de", intro), with_words(left, "de", intro).languages[0])


# --- switches ---------------------------------------------------------------------------------------------


def test_a_flow_whose_languages_are_all_as_at_first_is_as_at_first() -> None:
    off = with_switch(FLOW, "fr", is_enabled=False)
    assert off.languages == (FlowLanguage("fr", is_enabled=False),)
    assert with_switch(off, "FR", is_enabled=True) == FLOW
    assert with_words(with_words(FLOW, "fr", {DETAILS: PageWords((OwnText(DETAILS.value, "heading", "x"),))}), "fr", {DETAILS: PageWords()}) == FLOW  # fmt: skip


def test_the_last_language_stays_on() -> None:
    alone = with_switches(FLOW, ["de"])
    assert len(alone.languages) == len(LANGUAGES) - 1
    with pytest.raises(InvalidValue, match="last language"):
        with_switch(alone, "de", is_enabled=False)
    with pytest.raises(InvalidValue, match="last language"):
        with_switches(FLOW, [])
    with pytest.raises(InvalidValue, match="no language 'tlh'"):
        with_switches(FLOW, ["tlh"])


def test_all_own_words_of_a_language_together_are_bounded() -> None:
    many = tuple(Choice(str(number), str(number)) for number in range(250))
    flow = UserFlow(FLOW.id, FLOW.tenant_id, FLOW.created_at, attributes=tuple(
        AttributeAssignment(f"extension_{'0f3c' * 8}_{name}", name, InputType.RADIO, choices=many) for name in ("A", "B")
    ))  # fmt: skip
    options = tuple(
        OwnOption(owner, choice.value, "x" * 200) for owner, choice in changeable_options(flow, DETAILS)
    )
    assert with_words(flow, "de", {DETAILS: PageWords((), options[:250])}).languages
    with pytest.raises(InvalidValue, match="60000"):
        with_words(flow, "de", {DETAILS: PageWords((), options)})


def test_languages_of_a_new_flow_are_checked_as_changes_are() -> None:
    good = FlowLanguage("DE", is_enabled=False, texts=(OwnText(DETAILS.value, "heading", " Angaben "),))
    made = checked_languages(FLOW, [good])
    assert made.languages == (
        FlowLanguage("de", is_enabled=False, texts=(OwnText(DETAILS.value, "heading", "Angaben"),)),
    )
    for bad, reason in (
        ([good, good], "de is there twice"),
        ([FlowLanguage("tlh")], "no language"),
        ([FlowLanguage("de", texts=(OwnText("other", "heading", "x"),))], "no page 'other'"),
        ([FlowLanguage("de", texts=(OwnText(DETAILS.value, "headline", "x"),))], "no text headline"),
        ([FlowLanguage("de", options=(OwnOption("city", "go", "x"),))], "no option with the value 'go'"),
    ):
        with pytest.raises(InvalidValue, match=reason):
            checked_languages(FLOW, bad)
