"""The form of one language: every text and option of both pages that can be said in own words, beside its default.

Reads what was typed and finds what is wrong with it, field by field. Stores nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from xenia.core.errors import InvalidValue
from xenia.core.flow_languages import (
    HELP,
    INTRO,
    LABEL,
    LONGEST_LABEL,
    ORGANIZATION_NAME,
    PAGE_TEXTS,
    ChangeableText,
    FlowPage,
    changeable_options,
    changeable_texts,
    default_text,
)
from xenia.core.own_words import PageWords, checked_words, words_of_page
from xenia.core.user_attributes import UserAttribute
from xenia.core.user_flow import FlowLanguage, OwnOption, OwnText, UserFlow
from xenia.core.wording import Words
from xenia.record import Record
from xenia.web.http import Params

PAGE_NAMES = {FlowPage.WAYS: "Create account", FlowPage.DETAILS: "Add details"}
_LABELS = {INTRO: "Intro text", ORGANIZATION_NAME: "Organization name"}

MOST_OPTION_FIELDS = 200
"""A form has at most 500 fields (``web.http.MAX_FIELDS``), and a flow up to 220 texts besides."""

Typed = dict[FlowPage, PageWords]


class Row(Record):
    """A field of the form."""

    name: str
    label: str
    default: str
    longest: int
    own: str
    has_lines: bool = False


def rows_of(
    flow: UserFlow, page: FlowPage, own: PageWords, attributes: Mapping[str, UserAttribute], words: Words
) -> list[Row]:
    """The fields of a page, in the order people read them."""
    texts = {(each.attribute_id, each.string_id): each.value for each in own.texts}
    options = {(each.attribute_id, each.value): each.name for each in own.options}
    labels = {each.attribute_id: each.label for each in flow.attributes}
    rows = [
        Row(
            _text_name(text),
            _label(text, labels),
            default_text(flow, text, attributes, words),
            text.longest,
            texts.get((text.attribute_id, text.string_id), ""),
            text.has_lines,
        )
        for text in changeable_texts(flow, page)
    ]
    for attribute_id, choice in changeable_options(flow, page) if has_option_fields(flow) else ():
        label = f"{labels[attribute_id]}, option {choice.name}"
        shown = options.get((attribute_id, choice.value), "")
        rows.append(Row(_option_name(attribute_id, choice.value), label, choice.name, LONGEST_LABEL, shown))
    return rows


def has_option_fields(flow: UserFlow) -> bool:
    """Whether the form has a field for each option. With more of them it would be too long to send, let alone to
    read: those are named in files.
    """
    return len(changeable_options(flow, FlowPage.DETAILS)) <= MOST_OPTION_FIELDS


def stored_words(flow: UserFlow, language: FlowLanguage) -> Typed:
    """As they are stored."""
    return {page: words_of_page(flow, language, page) for page in FlowPage}


def typed_words(flow: UserFlow, language: FlowLanguage, form: Params) -> Typed:
    """What the form says; an empty field is the default's. What has no field stays as *language* has it."""
    found = {}
    for page in FlowPage:
        texts = tuple(
            OwnText(page.value, text.string_id, form.get(_text_name(text)), text.attribute_id)
            for text in changeable_texts(flow, page)
            if form.get(_text_name(text)).strip()
        )
        options = tuple(
            OwnOption(attribute_id, choice.value, shown)
            for attribute_id, choice in changeable_options(flow, page)
            if (shown := form.get(_option_name(attribute_id, choice.value))).strip()
        )
        if not has_option_fields(flow):
            options = words_of_page(flow, language, page).options
        found[page] = PageWords(texts, options)
    return found


def problems_of(flow: UserFlow, typed: Typed) -> list[dict[str, object]]:
    """What is wrong, with the field it is about."""
    return [{"field": name, "text": problem} for _, name, problem in _each(flow, typed) if problem]


def usable_words(flow: UserFlow, typed: Typed) -> Typed:
    """Those that can be shown: a preview waits for nobody to finish a word."""
    found = dict.fromkeys(FlowPage, PageWords())
    for (page, words), _, problem in _each(flow, typed):
        if not problem:
            kept = found[page]
            found[page] = PageWords((*kept.texts, *words.texts), (*kept.options, *words.options))
    return found


def _each(flow: UserFlow, typed: Typed) -> list[tuple[tuple[FlowPage, PageWords], str, str]]:
    """Each typed text alone, the name of its field, and what is wrong with it."""
    found = []
    for page, words in typed.items():
        places = {(each.attribute_id, each.string_id): each for each in changeable_texts(flow, page)}
        typed_options = words.options if has_option_fields(flow) else ()
        if words.options and not typed_options:
            # As stored, so checked already: there may be thousands, and each look alone costs as much as all.
            found.append(((page, PageWords((), words.options)), "", ""))
        single = [
            *(
                (PageWords((text,)), _text_name(places[text.attribute_id, text.string_id]))
                for text in words.texts
            ),
            *(
                (PageWords((), (option,)), _option_name(option.attribute_id, option.value))
                for option in typed_options
            ),
        ]
        for one, name in single:
            try:
                checked_words(flow, page, one)
                found.append(((page, one), name, ""))
            except InvalidValue as problem:
                found.append(((page, one), name, problem.message))
    return found


def _text_name(text: ChangeableText) -> str:
    return "-".join(part for part in ("own", text.page, text.string_id, text.attribute_id) if part)


def _option_name(attribute_id: str, value: str) -> str:
    """By what is meant, not by place: options may have gone or moved since the form was drawn. A value may hold any sign."""
    return f"own-option-{attribute_id}-{sha256(value.encode()).hexdigest()[:16]}"


def _label(text: ChangeableText, labels: Mapping[str, str]) -> str:
    if not text.attribute_id:
        return _LABELS.get(text.string_id) or PAGE_TEXTS[text.page][text.string_id]
    kind = {LABEL: "label", HELP: "help text"}[text.string_id]
    return f"{labels[text.attribute_id]}, {kind}"
