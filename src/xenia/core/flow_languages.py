"""The languages of a user flow: which are switched on, and what the organisation says in its own words.

Owns the two pages whose texts can be changed, the names of those texts, which of them a flow has, and what a page says
in a language once the changes are applied. What an own text may hold is ``own_words``; reading and writing the files of these texts is ``flow_language_files``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from xenia.core.attribute_controls import label_of
from xenia.core.user_attributes import BUILT_IN_ATTRIBUTES, EMAIL, UserAttribute, attribute_key
from xenia.core.user_flow import AttributeAssignment, Choice, FlowLanguage, UserFlow
from xenia.core.wording import ENGLISH_TAG, LANGUAGES, Words, mark, say, with_own
from xenia.record import Record, replace


class FlowPage(StrEnum):
    """A page whose texts can be changed (``userFlowLanguagePage``)."""

    WAYS = "idpselections"
    """**Create account**."""
    DETAILS = "attributecollection"
    """**Add details**, the attribute page."""


INTRO, ORGANIZATION_NAME = "intro", "organization_name"
PAGE_TEXTS: Mapping[FlowPage, Mapping[str, str]] = {
    FlowPage.WAYS: {
        "heading": mark("Create account"),
        "email_label": mark("Email"),
        "email_help": mark("The address you would like to sign in with."),
        "button_next": mark("Next"),
        "or_sign_up_with": mark("Or sign up with"),
        "have_account": mark("Already have an account?"),
        "button_sign_in": mark("Sign in"),
        "button_cancel": mark("Cancel"),
    },
    FlowPage.DETAILS: {
        "heading": mark("Add details"),
        "email_help": mark("You can sign in with this address next time."),
        "asked_once": mark("You will be asked this once."),
        "optional": mark("(optional)"),
        "choose_option": mark("Choose an option"),
        "button_continue": mark("Continue"),
        "button_cancel": mark("Cancel"),
    },
}
"""English text by the name it has in the files (``StringId`` of an ``UxElement``)."""
LABEL, HELP = "DisplayName", "UserHelpText"
"""``StringId`` of an attribute (``ClaimType``)."""
LONGEST_LABEL, LONGEST_HELP, LONGEST_TEXT, LONGEST_NAME, LONGEST_INTRO = 200, 500, 300, 120, 2_000
"""Characters of an attribute's or an option's name, of help, of a text of ours, of the organisation's name, of the
intro."""
_BUILT_IN_LABELS = frozenset(attribute.display_name for attribute in BUILT_IN_ATTRIBUTES)


class ChangeableText(Record):
    """A text of a page that an organisation may say in its own words."""

    page: FlowPage
    string_id: str
    longest: int
    """Characters."""
    attribute_id: str = ""
    """Empty for a text of the page itself."""
    has_lines: bool = False
    """Whether line breaks are kept."""


def changeable_texts(flow: UserFlow, page: FlowPage) -> tuple[ChangeableText, ...]:
    """What can be said in own words on this page: its own texts, then those of the attributes in the flow's order."""
    own = [
        ChangeableText(page, INTRO, LONGEST_INTRO, has_lines=True),
        *(ChangeableText(page, name, LONGEST_TEXT) for name in PAGE_TEXTS[page]),
    ]
    if page is FlowPage.WAYS:
        # The name in the frame of every page; the pages that follow take it from here.
        return (ChangeableText(page, ORGANIZATION_NAME, LONGEST_NAME), *own)
    for assignment in flow.attributes:
        own.append(ChangeableText(page, LABEL, LONGEST_LABEL, assignment.attribute_id))
        # Below the address stands how somebody signs in next time.
        if attribute_key(assignment.attribute_id) != EMAIL:
            own.append(ChangeableText(page, HELP, LONGEST_HELP, assignment.attribute_id))
    return tuple(own)


def changeable_options(flow: UserFlow, page: FlowPage) -> tuple[tuple[str, Choice], ...]:
    """Attribute id and option, of the options that the flow itself names."""
    if page is not FlowPage.DETAILS:
        return ()
    return tuple((each.attribute_id, choice) for each in flow.attributes for choice in each.choices)


def default_text(
    flow: UserFlow, text: ChangeableText, attributes: Mapping[str, UserAttribute], words: Words
) -> str:
    """What stands there without own words. *attributes*: those there are, by id."""
    if not text.attribute_id:
        ours = PAGE_TEXTS[text.page].get(text.string_id)
        if ours is not None:
            return say(words, ours)
        return flow.text.intro if text.string_id == INTRO else flow.text.organization_name
    assignment = next(each for each in flow.attributes if each.attribute_id == text.attribute_id)
    if text.string_id == HELP:
        return assignment.help_text
    attribute = attributes.get(text.attribute_id)
    return assignment.label if attribute is None else label_of(assignment, attribute, words)


def language_of(flow: UserFlow, language_id: str) -> FlowLanguage | None:
    """One of the languages, by its id in any case; None: there is no such language."""
    wanted = language_id.casefold()
    return next((each for each in languages_of(flow) if each.id == wanted), None)


def with_language(flow: UserFlow, language: FlowLanguage) -> UserFlow:
    """The flow with this language in place of its present state, in the one form in which equal flows are equal."""
    others = [each for each in flow.languages if each.id != language.id]
    says_something = not language.is_enabled or language.texts or language.options
    kept = [*others, language] if says_something else others
    order = list(LANGUAGES)
    return replace(flow, languages=tuple(sorted(map(_in_order, kept), key=lambda each: order.index(each.id))))


def _in_order(language: FlowLanguage) -> FlowLanguage:
    return replace(
        language,
        texts=tuple(sorted(language.texts, key=lambda each: (each.page, each.attribute_id, each.string_id))),
        options=tuple(sorted(language.options, key=lambda each: (each.attribute_id, each.value))),
    )


def languages_of(flow: UserFlow) -> tuple[FlowLanguage, ...]:
    """Every language there is, as this flow has it: switched on unless somebody switched it off."""
    stored = {language.id: language for language in flow.languages}
    return tuple(stored.get(name) or FlowLanguage(name) for name in LANGUAGES)


def offered_languages(flow: UserFlow) -> tuple[str, ...]:
    """The ones its pages are shown in. English remains when all are switched off: something must be read."""
    return tuple(each.id for each in languages_of(flow) if each.is_enabled) or (ENGLISH_TAG,)


def organization_name_in(flow: UserFlow, words: Words) -> str:
    """The name in the frame of every page of the flow, in this language; empty: the organisation's own name."""
    return next(
        (
            text.value
            for language in flow.languages
            if language.id == words.language
            for text in language.texts
            if (text.page, text.string_id, text.attribute_id) == (FlowPage.WAYS.value, ORGANIZATION_NAME, "")
        ),
        flow.text.organization_name,
    )


def in_language(flow: UserFlow, page: FlowPage, words: Words) -> tuple[UserFlow, Words]:
    """The flow with its own texts in this language, and the words of *page* with the organisation's changes."""
    stored = next((each for each in flow.languages if each.id == words.language), None)
    if stored is None:
        return flow, words
    named = {
        text.string_id: text.value
        for text in stored.texts
        if text.page == page.value and not text.attribute_id
    }
    own = {PAGE_TEXTS[page][name]: value for name, value in named.items() if name in PAGE_TEXTS[page]}
    text = replace(
        flow.text,
        intro=named.get(INTRO, flow.text.intro),
        organization_name=named.get(ORGANIZATION_NAME, flow.text.organization_name),
    )
    # A name that happens to be one of ours is not translated again: it was written for this language.
    own |= {text.value: text.value for text in stored.texts if text.value in _BUILT_IN_LABELS}
    texts: dict[str, dict[str, str]] = {}
    for each in stored.texts:
        texts.setdefault(attribute_key(each.attribute_id), {})[each.string_id] = each.value
    options: dict[str, dict[str, str]] = {}
    for option in stored.options:
        options.setdefault(attribute_key(option.attribute_id), {})[option.value] = option.name
    attributes = tuple(
        _assignment(each, texts.get(key, {}), options.get(key, {}))
        for each in flow.attributes
        for key in (attribute_key(each.attribute_id),)
    )
    return replace(flow, text=text, attributes=attributes), with_own(words, own)


def _assignment(
    assignment: AttributeAssignment, said: Mapping[str, str], shown: Mapping[str, str]
) -> AttributeAssignment:
    """*said*: own texts by their name; *shown*: own names of options by their value."""
    if not said and not shown:
        return assignment
    return replace(
        assignment,
        label=said.get(LABEL, assignment.label),
        help_text=said.get(HELP, assignment.help_text),
        choices=tuple(
            Choice(shown.get(choice.value, choice.name), choice.value, choice.is_default)
            for choice in assignment.choices
        ),
    )
