"""The languages of a user flow in a seed: switched off ones, and the organisation's own texts."""

from __future__ import annotations

from datetime import datetime

from xenia.core.flow_languages import HELP, LABEL, FlowPage
from xenia.core.ids import TenantId
from xenia.core.own_words import PageWords, checked_languages, checked_words
from xenia.core.user_attributes import UserAttribute, attribute_key
from xenia.core.user_flow import AttributeAssignment, FlowLanguage, OwnOption, OwnText, UserFlow
from xenia.seed.document import Seed, SeedLanguage, SeedLanguageAttribute


def languages_of_entry(
    seed: Seed,
    path: str,
    entries: tuple[SeedLanguage, ...],
    attributes: tuple[AttributeAssignment, ...],
    known: tuple[UserAttribute, ...],
    *,
    tenant_id: TenantId,
    now: datetime,
) -> tuple[FlowLanguage, ...]:
    """What a flow with these *attributes* is made with. Raises SeedError with the line of what was refused."""
    draft = UserFlow("draft", tenant_id, now, attributes=attributes)
    found: list[FlowLanguage] = []
    for index, entry in enumerate(entries):
        place = f"{path}.language[{index}]"
        own = [_attribute(seed, f"{place}.attribute[{number}]", each, draft, known) for number, each in enumerate(entry.attribute)]  # fmt: skip
        texts = [
            OwnText(page.value, name, value)
            for page, named in ((FlowPage.WAYS, entry.create_account), (FlowPage.DETAILS, entry.add_details))
            for name, value in named.items()
        ]
        language = FlowLanguage(
            entry.language,
            entry.enabled,
            (*texts, *(text for words in own for text in words.texts)),
            tuple(option for words in own for option in words.options),
        )
        with seed.at(place):
            checked_languages(draft, (*found, language))
        found.append(language)
    return tuple(found)


def _attribute(
    seed: Seed, path: str, entry: SeedLanguageAttribute, draft: UserFlow, known: tuple[UserAttribute, ...]
) -> PageWords:
    with seed.at(path):
        name = _id(entry.attribute, draft, known)
        texts = [(LABEL, entry.label), (HELP, entry.help)]
        words = PageWords(
            tuple(
                OwnText(FlowPage.DETAILS.value, string_id, text, name) for string_id, text in texts if text
            ),
            tuple(OwnOption(name, value, shown) for value, shown in entry.choices.items()),
        )
        return checked_words(draft, FlowPage.DETAILS, words)


def _id(name: str, draft: UserFlow, known: tuple[UserAttribute, ...]) -> str:
    """The id of an attribute of the flow, by its id or name. Raises ValueError."""
    wanted = {attribute_key(name)}
    wanted |= {attribute_key(each.id) for each in known if each.display_name.casefold() == name.casefold()}
    for assignment in draft.attributes:
        if attribute_key(assignment.attribute_id) in wanted:
            return assignment.attribute_id
    raise ValueError(f"attribute: this flow does not ask for '{name}'")
