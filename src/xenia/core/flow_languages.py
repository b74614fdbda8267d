"""The languages of a user flow: which are switched on, and what the organisation says in its own words.

Owns the two pages whose texts can be changed, the names of those texts, and what a page says in a language once the
changes are applied. Reading and writing the files of these texts is ``flow_language_files``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from xenia.core.user_attributes import attribute_key
from xenia.core.user_flow import AttributeAssignment, Choice, FlowLanguage, UserFlow
from xenia.core.wording import ENGLISH_TAG, LANGUAGES, Words, mark, with_own
from xenia.record import replace


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


def languages_of(flow: UserFlow) -> tuple[FlowLanguage, ...]:
    """Every language there is, as this flow has it: switched on unless somebody switched it off."""
    stored = {language.id: language for language in flow.languages}
    return tuple(stored.get(name) or FlowLanguage(name) for name in LANGUAGES)


def offered_languages(flow: UserFlow) -> tuple[str, ...]:
    """The ones its pages are shown in. English remains when all are switched off: something must be read."""
    return tuple(each.id for each in languages_of(flow) if each.is_enabled) or (ENGLISH_TAG,)


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
    attributes = tuple(_assignment(each, stored) for each in flow.attributes)
    return replace(flow, text=text, attributes=attributes), with_own(words, own)


def _assignment(assignment: AttributeAssignment, stored: FlowLanguage) -> AttributeAssignment:
    key = attribute_key(assignment.attribute_id)
    said = {text.string_id: text.value for text in stored.texts if attribute_key(text.attribute_id) == key}
    shown = {
        option.value: option.name for option in stored.options if attribute_key(option.attribute_id) == key
    }
    return replace(
        assignment,
        label=said.get(LABEL, assignment.label),
        help_text=said.get(HELP, assignment.help_text),
        choices=tuple(
            Choice(shown.get(choice.value, choice.name), choice.value, choice.is_default)
            for choice in assignment.choices
        ),
    )
