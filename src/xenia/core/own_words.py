"""What an organisation may write in its own words on the sign-up pages, in one language.

Owns the rules: which texts and options there are to be changed, and what each may hold. However words come in (a file,
a form, a seed), they pass here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xenia.core.attribute_rules import has_hidden_signs, has_visible_signs, normal_text
from xenia.core.errors import InvalidValue
from xenia.core.flow_languages import (
    LONGEST_LABEL,
    ChangeableText,
    FlowPage,
    changeable_options,
    changeable_texts,
    language_of,
    languages_of,
    with_language,
)
from xenia.core.user_flow import FlowLanguage, OwnOption, OwnText, UserFlow
from xenia.core.wording import LANGUAGES
from xenia.record import Record, replace

FIELD = "languages"
LARGEST_LANGUAGE = 60_000
"""Characters of all own words of one language: a flow is read at each sign-in."""


class PageWords(Record):
    """The own words of one page."""

    texts: tuple[OwnText, ...] = ()
    options: tuple[OwnOption, ...] = ()


def words_of_page(flow: UserFlow, language: FlowLanguage, page: FlowPage) -> PageWords:
    """Those stored, as far as the flow still has a place for them."""
    places = {(each.attribute_id, each.string_id) for each in changeable_texts(flow, page)}
    options = {(attribute_id, choice.value) for attribute_id, choice in changeable_options(flow, page)}
    return PageWords(
        tuple(
            each
            for each in language.texts
            if each.page == page.value and (each.attribute_id, each.string_id) in places
        ),
        tuple(each for each in language.options if (each.attribute_id, each.value) in options),
    )


def checked_words(flow: UserFlow, page: FlowPage, words: PageWords) -> PageWords:
    """The words as they are stored. Raises InvalidValue for a place that is not there, one named twice, or a text
    that cannot be shown.
    """
    places = {(each.attribute_id, each.string_id): each for each in changeable_texts(flow, page)}
    options = {(attribute_id, choice.value) for attribute_id, choice in changeable_options(flow, page)}
    texts: dict[tuple[str, str], OwnText] = {}
    for text in words.texts:
        key = (text.attribute_id, text.string_id)
        place = places.get(key)
        if place is None or text.page != page.value:
            raise InvalidValue(FIELD, f"The page {page} has no text {name_of(text)}.")
        if key in texts:
            raise InvalidValue(FIELD, f"{name_of(text)} is there twice.")
        texts[key] = replace(text, value=_checked(text.value, place.longest, name_of(text), place))
    named: dict[tuple[str, str], OwnOption] = {}
    for option in words.options:
        at = (option.attribute_id, option.value)
        if at not in options:
            raise InvalidValue(FIELD, f"{option.attribute_id} has no option with the value '{option.value}'.")
        if at in named:
            raise InvalidValue(FIELD, f"The option '{option.value}' of {option.attribute_id} is there twice.")
        name = _checked(option.name, LONGEST_LABEL, f"the option '{option.value}' of {option.attribute_id}")
        named[at] = replace(option, name=name)
    return PageWords(tuple(texts.values()), tuple(named.values()))


def with_words(flow: UserFlow, language_id: str, words: Mapping[FlowPage, PageWords]) -> UserFlow:
    """The flow with these words in place of all own words of these pages. Raises InvalidValue.

    The size is that of the whole: one page may grow by what another becomes shorter.
    """
    language = _known(flow, language_id)
    for page, own in words.items():
        checked = checked_words(flow, page, own)
        # Options stand on the page of the attributes, the only one that has any.
        options = checked.options if page is FlowPage.DETAILS else language.options
        others = tuple(each for each in language.texts if each.page != page.value)
        language = replace(language, texts=(*others, *checked.texts), options=options)
    if _size(flow, language) > LARGEST_LANGUAGE:
        raise InvalidValue(
            FIELD, f"All own texts of a language together have at most {LARGEST_LANGUAGE} characters."
        )
    return with_language(flow, language)


def has_own_words(flow: UserFlow, language: FlowLanguage) -> bool:
    """Whether the organisation says anything in its own words that a page still shows."""
    return _size(flow, language) > 0


def _size(flow: UserFlow, language: FlowLanguage) -> int:
    """Characters of what has a place. Words of an attribute that is not asked any more wait unseen for its return,
    until their page is saved.
    """
    shown = [words_of_page(flow, language, page) for page in FlowPage]
    return sum(
        sum(len(each.value) for each in words.texts) + sum(len(each.name) for each in words.options)
        for words in shown
    )


def with_switch(flow: UserFlow, language_id: str, *, is_enabled: bool) -> UserFlow:
    """The flow with this language on or off; its own words stay. Raises InvalidValue for the last that is on."""
    changed = with_language(flow, replace(_known(flow, language_id), is_enabled=is_enabled))
    return _readable(changed)


def with_switches(flow: UserFlow, enabled: Iterable[str]) -> UserFlow:
    """The flow with exactly these languages on. Raises InvalidValue for none, and for one there is not."""
    wanted = {_known(flow, each).id for each in enabled}
    for language in languages_of(flow):
        flow = with_language(flow, replace(language, is_enabled=language.id in wanted))
    return _readable(flow)


def checked_languages(flow: UserFlow, languages: Iterable[FlowLanguage]) -> UserFlow:
    """A new flow with all of these languages. Raises InvalidValue."""
    made, seen = flow, set()
    for language in languages:
        known = _known(made, language.id)
        if known.id in seen:
            raise InvalidValue(FIELD, f"The language {known.id} is there twice.")
        seen.add(known.id)
        made = with_language(made, replace(known, is_enabled=language.is_enabled))
        words = {
            page: PageWords(
                tuple(each for each in language.texts if each.page == page.value),
                language.options if page is FlowPage.DETAILS else (),
            )
            for page in FlowPage
        }
        made = with_words(made, known.id, words)
        stray = next((each for each in language.texts if each.page not in set(FlowPage)), None)
        if stray is not None:
            raise InvalidValue(
                FIELD, f"There is no page '{stray.page}': the pages are {', '.join(FlowPage)}."
            )
    return _readable(made)


def name_of(text: OwnText | ChangeableText) -> str:
    """A text as refusals call it."""
    return f"{text.string_id} of {text.attribute_id}" if text.attribute_id else text.string_id


def _known(flow: UserFlow, language_id: str) -> FlowLanguage:
    found = language_of(flow, language_id)
    if found is None:
        raise InvalidValue(
            FIELD, f"There is no language '{language_id}'. The languages are {', '.join(LANGUAGES)}."
        )
    return found


def _readable(flow: UserFlow) -> UserFlow:
    if not any(language.is_enabled for language in languages_of(flow)):
        raise InvalidValue(
            "isEnabled",
            "This is the last language that is on. Switch another one on first: the pages need one.",
        )
    return flow


def _checked(value: str, longest: int, name: str, place: ChangeableText | None = None) -> str:
    text = normal_text(value)
    if not text:
        raise InvalidValue(FIELD, f"{name}: the text is empty. Leave it out to show the default.")
    if len(text) > longest:
        raise InvalidValue(FIELD, f"{name}: this text has {len(text)} characters. Shorten it to {longest}.")
    if has_hidden_signs(text, lines=place is not None and place.has_lines):
        raise InvalidValue(
            FIELD, f"{name}: this text holds line breaks or characters that cannot be seen. Remove them."
        )
    if not has_visible_signs(text):
        raise InvalidValue(
            FIELD, f"{name}: nothing of this text can be seen. Write letters, digits or signs."
        )
    return text
