"""Languages of a user flow as administrators change them: roles, versions, and what the audit log says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.platform import RunningServer, platform
from tests.usecases.test_manage_user_flows import audits, made, with_role
from xenia.core.directory.roles import GLOBAL_READER, USER_FLOW_ADMINISTRATOR
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.flow_languages import FlowPage
from xenia.core.own_words import PageWords
from xenia.core.user_flow import AttributeAssignment, FlowLanguage, OwnText
from xenia.usecases.self_service import manage_flow_languages as languages
from xenia.usecases.self_service.manage_user_flows import get_flow, put_attribute, remove_attribute

FLOW = "B2X_1_Supplier"
HEADING = PageWords((OwnText(FlowPage.DETAILS.value, "heading", "Στοιχεία"),))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as running:
        made(running)
        yield running


def test_a_record_tells_which_language_changed_and_no_other(server: RunningServer) -> None:
    ports, actor = server.ports, server.actor()
    languages.put_words(ports, actor, FLOW, "el", {FlowPage.DETAILS: HEADING})
    languages.switch_language(ports, actor, FLOW, "fr", is_enabled=False)
    told = {
        change.new: change.old
        for record in audits(server, "Update user flow")
        for change in record.targets[0].changes
    }
    assert len(told) == 2
    (about_el,) = [new for new in told if "Στοιχεία" in str(new)]
    (about_fr,) = [new for new in told if '"fr"' in str(new)]
    assert '"el"' in str(about_el)
    assert '"el"' not in str(about_fr)
    assert '"el"' not in str(told[about_fr])


def test_changing_nothing_leaves_no_record(server: RunningServer) -> None:
    languages.switch_language(server.ports, server.actor(), FLOW, "fr", is_enabled=True)
    languages.remove_words(server.ports, server.actor(), FLOW, "fr", FlowPage.WAYS)
    assert not audits(server, "Update user flow")


def test_somebody_who_saved_meanwhile_is_not_overwritten(server: RunningServer) -> None:
    ports, actor = server.ports, server.actor()
    seen = get_flow(ports, actor, FLOW).version
    put_attribute(ports, actor, FLOW, AttributeAssignment("city", "City"))
    for change in (
        lambda: languages.set_languages(ports, actor, FLOW, ["el"], expected_version=seen),
        lambda: languages.put_words(
            ports, actor, FLOW, "el", {FlowPage.DETAILS: HEADING}, expected_version=seen
        ),
        lambda: languages.put_overrides_file(
            ports, actor, FLOW, "el", FlowPage.WAYS, b"{}", expected_version=seen
        ),
        lambda: languages.switch_language(ports, actor, FLOW, "el", is_enabled=False, expected_version=seen),
    ):
        with pytest.raises(Conflict):
            change()
    assert get_flow(ports, actor, FLOW).languages == ()
    now = get_flow(ports, actor, FLOW).version
    flow = languages.set_languages(ports, actor, FLOW, ["el", "de"], expected_version=now)
    assert [each.id for each in languages.list_languages(ports, actor, FLOW) if each.is_enabled] == [
        "de",
        "el",
    ]
    assert all(not each.is_enabled for each in flow.languages)


def test_only_roles_that_change_flows_change_their_languages(server: RunningServer) -> None:
    ports = server.ports
    reader = with_role(server, GLOBAL_READER.template_id)
    assert languages.get_language(ports, reader, FLOW, "EL") == FlowLanguage("el")
    assert b"Add details" in languages.read_defaults_file(ports, reader, FLOW, "en", FlowPage.DETAILS)
    with pytest.raises(NotPermitted):
        languages.put_words(ports, reader, FLOW, "el", {FlowPage.DETAILS: HEADING})
    nobody = replace(server.actor(), roles=frozenset())
    with pytest.raises(NotPermitted):
        languages.read_overrides_file(ports, nobody, FLOW, "el", FlowPage.DETAILS)
    writer = with_role(server, USER_FLOW_ADMINISTRATOR.template_id)
    assert languages.put_words(ports, writer, FLOW, "el", {FlowPage.DETAILS: HEADING}).languages


def test_what_is_not_there_is_said(server: RunningServer) -> None:
    ports, actor = server.ports, server.actor()
    for flow, language in (("B2X_1_Nobody", "el"), (FLOW, "tlh")):
        with pytest.raises(NotFound):
            languages.switch_language(ports, actor, flow, language, is_enabled=False)
        with pytest.raises(NotFound):
            languages.read_defaults_file(ports, actor, flow, language, FlowPage.WAYS)
    with pytest.raises(NotFound):
        languages.page_of_name("phonefactor")
    with pytest.raises(InvalidValue, match="last language"):
        languages.set_languages(ports, actor, FLOW, [])


def test_own_words_of_an_attribute_come_back_with_it(server: RunningServer) -> None:
    ports, actor = server.ports, server.actor()
    city = AttributeAssignment("city", "City")
    put_attribute(ports, actor, FLOW, city)
    label = PageWords((OwnText(FlowPage.DETAILS.value, "DisplayName", "Πόλη", "city"),))
    languages.put_words(ports, actor, FLOW, "el", {FlowPage.DETAILS: label})
    remove_attribute(ports, actor, FLOW, "city")
    assert "Πόλη" not in languages.read_overrides_file(ports, actor, FLOW, "el", FlowPage.DETAILS).decode()
    put_attribute(ports, actor, FLOW, city)
    assert "Πόλη" in languages.read_overrides_file(ports, actor, FLOW, "el", FlowPage.DETAILS).decode()
