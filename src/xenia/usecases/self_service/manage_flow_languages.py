"""The languages of a user flow: switching them on and off, and the organisation's own words in each.

Verbs are changes of the flow as any other: same roles, same transaction, same record. What words may be is
``core.own_words``; how they look in a file is ``core.flow_language_files``.
"""

from __future__ import annotations

from collections.abc import Iterable

from xenia.core.actor import Actor
from xenia.core.errors import NotFound
from xenia.core.flow_language_files import defaults_file, overrides_file, read_document, read_overrides
from xenia.core.flow_languages import FlowPage, language_of, languages_of
from xenia.core.own_words import PageWords, with_switch, with_switches, with_words
from xenia.core.user_flow import FlowLanguage, UserFlow
from xenia.ports import Ports
from xenia.usecases.self_service.manage_user_flows import change_flow, get_flow, require_flow_writer
from xenia.usecases.self_service.read_user_flows import whole_flow


def list_languages(ports: Ports, actor: Actor, flow_id: str) -> tuple[FlowLanguage, ...]:
    """All languages there are, as the flow has them, by id. Raises NotPermitted, NotFound."""
    return languages_of(get_flow(ports, actor, flow_id))


def get_language(ports: Ports, actor: Actor, flow_id: str, language_id: str) -> FlowLanguage:
    """One of them, by its id in any case. Raises NotPermitted, NotFound (flow or language)."""
    return _language(get_flow(ports, actor, flow_id), language_id)


def page_of_name(name: str) -> FlowPage:
    """A page by its id in any case. Raises NotFound."""
    found = next((page for page in FlowPage if page.value == name.casefold()), None)
    if found is None:
        raise NotFound("UserFlowLanguagePage", name)
    return found


def switch_language(
    ports: Ports,
    actor: Actor,
    flow_id: str,
    language_id: str,
    *,
    is_enabled: bool,
    expected_version: int | None = None,
) -> UserFlow:
    """Show the pages in a language, or no longer; its own words stay for the next time.

    Raises NotPermitted, NotFound (flow or language), Conflict, InvalidValue for the last one that is on.
    """
    return change_flow(
        ports,
        actor,
        flow_id,
        lambda _, flow: with_switch(flow, _language(flow, language_id).id, is_enabled=is_enabled),
        expected_version,
    )


def set_languages(
    ports: Ports, actor: Actor, flow_id: str, enabled: Iterable[str], *, expected_version: int | None = None
) -> UserFlow:
    """Have exactly these languages on. Raises NotPermitted, NotFound, Conflict, InvalidValue for none at all."""
    wanted = tuple(enabled)
    return change_flow(ports, actor, flow_id, lambda _, flow: with_switches(flow, wanted), expected_version)


def put_words(
    ports: Ports,
    actor: Actor,
    flow_id: str,
    language_id: str,
    words: dict[FlowPage, PageWords],
    *,
    expected_version: int | None = None,
) -> UserFlow:
    """Have these words, and no other own ones, on these pages.

    Raises NotPermitted, NotFound (flow or language), Conflict, InvalidValue.
    """
    return change_flow(
        ports,
        actor,
        flow_id,
        lambda _, flow: with_words(flow, _language(flow, language_id).id, words),
        expected_version,
    )


def remove_words(ports: Ports, actor: Actor, flow_id: str, language_id: str, page: FlowPage) -> UserFlow:
    """Show a page with the default texts again. Raises NotPermitted, NotFound (flow or language)."""
    return put_words(ports, actor, flow_id, language_id, {page: PageWords()})


def put_overrides_file(
    ports: Ports,
    actor: Actor,
    flow_id: str,
    language_id: str,
    page: FlowPage,
    data: bytes,
    *,
    expected_version: int | None = None,
) -> UserFlow:
    """Have the words of a file, and no other own ones, on a page.

    Raises NotPermitted, NotFound (flow or language), Conflict, InvalidValue.
    """
    require_flow_writer(actor)
    document = read_document(data)  # before there is a transaction: whoever else writes would wait for it
    return change_flow(
        ports,
        actor,
        flow_id,
        lambda _, flow: with_words(
            flow, _language(flow, language_id).id, {page: read_overrides(flow, page, document)}
        ),
        expected_version,
    )


def read_defaults_file(ports: Ports, actor: Actor, flow_id: str, language_id: str, page: FlowPage) -> bytes:
    """The page without own words, as a file. Raises NotPermitted, NotFound (flow or language)."""
    whole = whole_flow(ports, actor, flow_id)
    language = _language(whole.flow, language_id)
    words = ports.wordbook.in_language(language.id)
    return defaults_file(whole.flow, page, whole.known_attributes, words)


def read_overrides_file(ports: Ports, actor: Actor, flow_id: str, language_id: str, page: FlowPage) -> bytes:
    """The own words of a page, as a file. Raises NotPermitted, NotFound (flow or language)."""
    flow = get_flow(ports, actor, flow_id)
    return overrides_file(flow, page, _language(flow, language_id))


def _language(flow: UserFlow, language_id: str) -> FlowLanguage:
    found = language_of(flow, language_id)
    if found is None:
        raise NotFound("Language", language_id)
    return found
