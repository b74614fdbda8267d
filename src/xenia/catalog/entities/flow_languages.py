"""The languages of a user flow (Microsoft Graph: userFlowLanguageConfiguration) and the texts of its pages in each.

A page is a stream: its texts as the file that is down- and uploaded. What such a file holds is ``core``'s.
"""

from __future__ import annotations

from xenia.catalog.edm import Edm, Entity, Nav, Prop, Resource, Service, Stream, Values, Write
from xenia.catalog.entities.user_attributes import READ_PERMITS, WRITE_PERMITS
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.errors import InvalidValue
from xenia.core.flow_languages import FlowPage
from xenia.core.query import Page, Query
from xenia.core.user_flow import FlowLanguage
from xenia.core.wording import LANGUAGES
from xenia.ports import Ports
from xenia.record import Record
from xenia.usecases.self_service import manage_flow_languages as languages

_PATH = "identity/b2xUserFlows/{id}/languages"
_MEDIA_TYPE = "application/json"


class LanguagePage(Record):
    """A page whose texts can be changed, by its id."""

    id: str


_PAGES = tuple(LanguagePage(page.value) for page in FlowPage)


def _list_pages(
    ports: Ports, actor: Actor, flow_id: str, language_id: str, query: Query
) -> Page[LanguagePage]:
    return page_of(_pages(ports, actor, flow_id, language_id), query)


def _pages(ports: Ports, actor: Actor, flow_id: str, language_id: str) -> tuple[LanguagePage, ...]:
    languages.get_language(ports, actor, flow_id, language_id)
    return _PAGES


def _get_page(ports: Ports, actor: Actor, flow_id: str, language_id: str, key: str) -> LanguagePage:
    languages.get_language(ports, actor, flow_id, language_id)
    return LanguagePage(languages.page_of_name(key).value)


def _read_defaults(ports: Ports, actor: Actor, flow_id: str, language_id: str, key: str) -> tuple[str, bytes]:
    page = languages.page_of_name(key)
    return _MEDIA_TYPE, languages.read_defaults_file(ports, actor, flow_id, language_id, page)


def _read_overrides(
    ports: Ports, actor: Actor, flow_id: str, language_id: str, key: str
) -> tuple[str, bytes]:
    page = languages.page_of_name(key)
    return _MEDIA_TYPE, languages.read_overrides_file(ports, actor, flow_id, language_id, page)


def _put_overrides(
    ports: Ports, actor: Actor, flow_id: str, language_id: str, key: str, content: bytes
) -> None:
    page = languages.page_of_name(key)
    languages.put_overrides_file(ports, actor, flow_id, language_id, page, content)


def _remove_overrides(ports: Ports, actor: Actor, flow_id: str, language_id: str, key: str) -> None:
    languages.remove_words(ports, actor, flow_id, language_id, languages.page_of_name(key))


_PAGE = Entity(
    "userFlowLanguagePage",
    "A sign-up page whose texts can be changed.",
    (Prop("id", nullable=False),),
    has_stream=True,
)
DEFAULT_PAGES = Resource(
    f"{_PATH}/{{id}}/defaultPages",
    _PAGE,
    Service.IDENTITY,
    list=_list_pages,
    get=_get_page,
    streams=(
        Stream(
            "$value", _read_defaults, note="every text of the page in this language, with `Override: false`"
        ),
    ),
    read_permits=READ_PERMITS,
    note="`idpselections` is *Create account*, `attributecollection` is *Add details*.",
)
OVERRIDES_PAGES = Resource(
    f"{_PATH}/{{id}}/overridesPages",
    _PAGE,
    Service.IDENTITY,
    described_at=DEFAULT_PAGES.path,
    list=_list_pages,
    get=_get_page,
    delete=_remove_overrides,
    streams=(
        Stream(
            *("$value", _read_overrides, _put_overrides, _remove_overrides),
            note="the texts in the organization's own words. A PUT replaces all of the page: entries with "
            "`Override: true` count, all others say nothing",
        ),
    ),
    read_permits=READ_PERMITS,
    write_permits=WRITE_PERMITS,
    note="The pages are always both there; one without own words has no entries. DELETE shows the defaults again.",
)


def _list(ports: Ports, actor: Actor, flow_id: str, query: Query) -> Page[FlowLanguage]:
    return page_of(languages.list_languages(ports, actor, flow_id), query)


def _update(ports: Ports, actor: Actor, flow_id: str, key: str, values: Values) -> None:
    """Documentation changes a language by PUT with its id, metadata by PATCH without."""
    named = values.get("id")
    if named is not None and named.casefold() != key.casefold():
        raise InvalidValue("id", f"The language in the address is '{key}'. Name the same one, or none.")
    is_enabled = values.get("isEnabled")
    if is_enabled is None:
        raise InvalidValue("isEnabled", "Say by isEnabled whether the language is on: true or false.")
    languages.switch_language(ports, actor, flow_id, key, is_enabled=is_enabled)


LANGUAGES_OF_FLOW = Resource(
    _PATH,
    Entity(
        "userFlowLanguageConfiguration",
        "A language in which the pages of a flow are shown.",
        (
            Prop("id", nullable=False, write=Write.UPDATE),
            Prop("displayName", read=lambda language: LANGUAGES[language.id]),
            Prop("isEnabled", Edm.BOOLEAN, nullable=False, write=Write.UPDATE),
        ),
        navs=(
            Nav("defaultPages", True, _pages, target=DEFAULT_PAGES, is_contained=True),
            Nav("overridesPages", True, _pages, target=OVERRIDES_PAGES, is_contained=True),
        ),
    ),
    Service.IDENTITY,
    list=_list,
    get=languages.get_language,
    update=_update,
    is_put=True,
    read_permits=READ_PERMITS,
    write_permits=WRITE_PERMITS,
    note="The 36 published languages, all on unless somebody switched them off; there are no others, and the last one "
    "cannot be switched off. People read the pages in the first language that is on and that the app (`ui_locales`) "
    "or their browser asks for.",
)
FLOW_LANGUAGE_RESOURCES = (LANGUAGES_OF_FLOW, DEFAULT_PAGES, OVERRIDES_PAGES)
