"""Languages: which is chosen, and what an organisation's own words may do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenia.core.errors import InvalidValue
from xenia.core.flow_languages import FlowPage, in_language, offered_languages
from xenia.core.user_flow import AttributeAssignment, Choice, FlowLanguage, OwnOption, OwnText, UserFlow
from xenia.core.wording import (
    ENGLISH,
    LANGUAGES,
    chosen_language,
    said,
    say,
    spoken_language,
    tell,
    wishes,
    with_own,
)

FLOW = UserFlow("B2X_1_x", "c0417050-fede-4c3d-8e4f-5a6b7c8d9e0f", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        (("de-AT",), "de"),
        (("DE",), "de"),
        (("zh-TW",), "zh-hant"),
        (("zh-Hant-HK",), "zh-hant"),
        (("zh",), "zh-hans"),
        (("pt",), "pt-br"),
        (("pt-PT",), "pt-pt"),
        (("pt-AO",), "pt-br"),
        (("no",), "nb"),
        (("nn-NO",), "nb"),
        (("eo", "tlh-Latn", "fr-CA", "de"), "fr"),
        (("*", "", "; drop table", "e" * 300, "el"), "el"),
        (("eo",), None),
        ((), None),
    ],
)
def test_the_first_language_there_is_wins(asked: tuple[str, ...], chosen: str | None) -> None:
    assert chosen_language(asked) == chosen


@given(st.lists(st.text(max_size=20), max_size=30))
def test_whatever_is_asked_for_is_one_of_ours_or_none(asked: list[str]) -> None:
    assert chosen_language(asked) in {None, *LANGUAGES}


def test_the_app_comes_before_the_browser_and_the_browser_before_the_organisation() -> None:
    assert spoken_language(wishes("fr-CA de", ("el",), "it")) == "fr"
    assert spoken_language(wishes(None, ("el",), "it")) == "el"
    assert spoken_language(wishes("", (), "it-IT")) == "it"
    assert spoken_language(wishes("eo", ("eo",), "eo")) == "en"
    assert spoken_language(wishes("fr", ("el",), "it"), ("el", "de")) == "el"
    assert spoken_language(wishes("fr", (), ""), ("el", "de")) == "el"


def test_a_flow_offers_what_is_not_switched_off_and_never_nothing() -> None:
    assert offered_languages(FLOW) == tuple(LANGUAGES)
    some = UserFlow(
        FLOW.id, FLOW.tenant_id, FLOW.created_at, languages=(FlowLanguage("de", is_enabled=False),)
    )
    assert set(LANGUAGES) - set(offered_languages(some)) == {"de"}
    none = tuple(FlowLanguage(name, is_enabled=False) for name in LANGUAGES)
    assert offered_languages(UserFlow(FLOW.id, FLOW.tenant_id, FLOW.created_at, languages=none)) == ("en",)


def test_own_words_are_for_their_page_their_language_and_their_attribute() -> None:
    asked = AttributeAssignment("city", "City", choices=(Choice("North", "n"), Choice("South", "s")))
    own = FlowLanguage(
        "en",
        texts=(
            OwnText("attributecollection", "heading", "Tell us more"),
            OwnText("attributecollection", "DisplayName", "Town", attribute_id="CITY"),
            OwnText("attributecollection", "intro", "Hello"),
            OwnText("idpselections", "button_next", "Onwards"),
        ),
        options=(OwnOption("city", "n", "Up"),),
    )
    flow = UserFlow(FLOW.id, FLOW.tenant_id, FLOW.created_at, attributes=(asked,), languages=(own,))
    shown, words = in_language(flow, FlowPage.DETAILS, ENGLISH)
    assert say(words, "Add details") == "Tell us more"
    assert say(words, "Next") == "Next"
    assert shown.text.intro == "Hello"
    (attribute,) = shown.attributes
    assert attribute.label == "Town"
    assert [choice.name for choice in attribute.choices] == ["Up", "South"]
    assert [choice.value for choice in attribute.choices] == ["n", "s"]
    ways, words = in_language(flow, FlowPage.WAYS, ENGLISH)
    assert (say(words, "Next"), say(words, "Add details"), ways.text.intro) == ("Onwards", "Add details", "")


def test_own_words_are_no_pattern() -> None:
    words = with_own(ENGLISH, {"Back to %(app)s": "100 % %(app)s {app}"})
    assert say(words, "Back to %(app)s", app="Orders") == "100 % %(app)s {app}"


def test_a_refusal_keeps_what_it_says_apart_from_its_language() -> None:
    plain, meant = InvalidValue("x", "50 % of it"), InvalidValue("x", said("At most %(limit)s.", limit=3))
    assert (plain.message, tell(ENGLISH, plain.said)) == ("50 % of it", "50 % of it")
    assert (meant.message, tell(ENGLISH, meant.said)) == ("At most 3.", "At most 3.")
