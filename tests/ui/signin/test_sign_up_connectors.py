"""A sign-up with API connectors, by a browser without scripts against a real server: every answer, at both hooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.connector_server import (
    CONTINUE,
    ConnectorServer,
    Reply,
    answer,
    connector_server,
    silence,
)
from tests.support.federating import id_token_of
from tests.support.platform import RunningServer, make_router, platform
from tests.support.self_service import NEWCOMER, create_account, guests, open_flow, stations
from tests.support.walker import Page, query_of
from xenia.core.api_connector import ApiConnector
from xenia.core.user_attributes import DataType
from xenia.core.user_flow import AttributeAssignment, Hook
from xenia.outside.fetcher import FetchPolicy, GuardedFetcher
from xenia.ports import Fetched, FetchRequest
from xenia.usecases.self_service.manage_user_attributes import NewAttribute, create_attribute

FIRST, SECOND = Hook.AFTER_FEDERATION, Hook.BEFORE_CREATION


class Impatient:
    """The real fetcher, giving up after a moment instead of 20 seconds."""

    def __init__(self) -> None:
        self._fetcher = GuardedFetcher(FetchPolicy(allow_private=True))

    def fetch(self, request: FetchRequest) -> Fetched:
        return self._fetcher.fetch(replace(request, seconds=0.5 if request.seconds else None))

    def close(self) -> None:
        self._fetcher.close()


class Story:
    """A flow with a name and a custom attribute on its page, and a connector at both hooks."""

    def __init__(self, server: RunningServer, site: ConnectorServer) -> None:
        self.server, self.site = server, site
        ports, tenant_id = server.ports, server.tenant.id
        self.size = create_attribute(ports, server.actor(), NewAttribute("ShoeSize", DataType.INTEGER)).id
        connector = ApiConnector(
            "c-1",
            tenant_id,
            "Checks",
            f"{site.url}/check",
            server.clock.now(),
            username="xenia",
            sealed_password=ports.sealer.seal(b"secret", "api-connector"),
        )
        ports.store.write(tenant_id, lambda tx: tx.api_connectors.add(connector))
        self.walker = server.walker()

    def flow(self, *hooks: Hook, page: bool = True) -> None:
        asked = (
            AttributeAssignment("givenName", "Given Name"),
            AttributeAssignment(self.size, "Shoe size", is_optional=True),
        )
        open_flow(self.server, attributes=asked if page else (), connectors=dict.fromkeys(hooks, "c-1"))

    def settled(self, page: Page) -> Page:
        """Past the waiting page, which looks again by itself in a browser."""
        for _ in range(100):
            if "Asking" not in page.text:
                return page
            assert page.response.header("Refresh")
            page = self.walker.follow("Look again now")
        raise AssertionError(page.text)

    def proves(self) -> Page:
        return self.settled(create_account(self.server, self.walker))

    def accepts(self) -> Page:
        return self.settled(self.walker.submit("/signin/review", button="Accept"))

    def sends(self, **values: str) -> Page:
        return self.settled(self.walker.submit("/signin/details", button="Continue", **values))

    def code(self) -> str:
        assert self.walker.page is not None
        page = self.walker.page
        if page.has_form("/consent"):
            page = self.walker.submit("/consent", button="Accept")
        assert page.refresh is not None, page.text
        return query_of(page.refresh)["code"]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    fetcher = Impatient()
    with platform(tmp_path) as server, connector_server() as site:
        server.policies(security_defaults=False, offer_stay_signed_in=False)
        server.ports = replace(server.ports, fetcher=fetcher)
        server.router = make_router(server.ports)
        yield Story(server, site)
        site.ended.set()
        fetcher.close()


def said(action: str, **more: Any) -> Reply:
    return answer({"version": "1.0.0", "action": action, **more}, 400 if more.get("status") == 400 else 200)


def test_the_first_connector_prefills_and_the_second_has_the_last_word(story: Story) -> None:
    story.flow(FIRST, SECOND)
    story.site.will(
        said("Continue", givenName="Kimberley", extension_ShoeSize=38),
        said("Continue", givenName="Kim", surname="Larsen", jobTitle="Buyer"),
    )
    story.proves()
    page = story.accepts()
    assert page.form("/details").fields["givenName"] == "Kimberley"
    assert page.form("/details").fields[story.size] == "38"
    story.sends(givenName="Kimmy", **{story.size: "39"})
    assert story.code()
    (guest,) = guests(story.server)
    assert (guest.given_name, guest.surname, guest.job_title) == ("Kim", "Larsen", "Buyer")
    assert guest.extensions == ((story.size, 39),)
    first, second = (received.json for received in story.site.received)
    mailbox = {"signInType": "federated", "issuer": "mail", "issuerAssignedId": NEWCOMER}
    assert first == {"email": NEWCOMER, "identities": [mailbox], "ui_locales": "en-US"}
    assert second == first | {"givenName": "Kimmy", story.size: 39}


def test_what_is_hidden_fixed_or_passing_is_told_to_the_connector_and_kept_as_the_flow_says(
    story: Story,
) -> None:
    asked = (
        AttributeAssignment("givenName", "Given Name", is_editable=False),
        AttributeAssignment("jobTitle", "Job", is_hidden=True, default="Supplier"),
        AttributeAssignment(story.size, "Shoe size", is_stored=False),
    )
    open_flow(story.server, attributes=asked, connectors=dict.fromkeys(Hook, "c-1"))
    story.site.will(said("Continue", givenName="Kim"), said("Continue"))
    story.proves()
    page = story.accepts()
    assert 'value="Kim"' in page.source
    assert "Job" not in page.text
    story.sends(givenName="Forged", **{story.size: "39"})
    assert story.code()
    second = story.site.received[1].json
    assert (second["givenName"], second["jobTitle"], second[story.size]) == ("Kim", "Supplier", 39)
    (guest,) = guests(story.server)
    assert (guest.given_name, guest.job_title, guest.extensions) == ("Kim", "Supplier", ())


def test_where_all_is_hidden_there_is_no_page_and_the_values_are_kept(story: Story) -> None:
    asked = (
        AttributeAssignment("jobTitle", "Job", is_hidden=True, default="Supplier"),
        AttributeAssignment("city", "City", is_hidden=True),
    )
    open_flow(story.server, attributes=asked, connectors={SECOND: "c-1"})
    story.site.will(said("Continue", givenName="Kim"))
    story.proves()
    story.accepts()
    assert story.code()
    assert story.site.received[0].json["jobTitle"] == "Supplier"
    (guest,) = guests(story.server)
    assert (guest.given_name, guest.job_title, guest.city) == ("Kim", "Supplier", None)


def test_the_second_connector_is_asked_without_a_page_too(story: Story) -> None:
    story.flow(SECOND, page=False)
    story.site.will(said("Continue", givenName="Kim", extension_ShoeSize=40))
    story.proves()
    story.accepts()
    assert story.code()
    (guest,) = guests(story.server)
    assert (guest.given_name, guest.extensions) == ("Kim", ((story.size, 40),))


@pytest.mark.parametrize("hook", [FIRST, SECOND])
def test_a_block_page_ends_it_with_the_words_of_the_connector_as_plain_text(story: Story, hook: Hook) -> None:
    story.flow(hook)
    story.site.will(said("ShowBlockPage", userMessage="<b>Wait</b> for approval.\nWe will write."))
    page = story.proves()
    if hook is SECOND:
        story.accepts()
        page = story.sends(givenName="Kim")
    assert "Message from 127.0.0.1" in page.text
    assert "&lt;b&gt;Wait&lt;/b&gt; for approval." in page.source
    assert guests(story.server) == ()
    assert stations(story.server)[-1] == "blocked"
    left = story.walker.submit("/cancel")
    assert query_of(left.refresh or "")["error"] == "access_denied"


def test_a_validation_error_keeps_the_page_and_what_was_typed(story: Story) -> None:
    story.flow(SECOND)
    wrong = said("ValidationError", status=400, userMessage="The shoe size is not in stock.")
    story.site.will(wrong, CONTINUE)
    story.proves()
    story.accepts()
    page = story.sends(givenName="Kim", **{story.size: "99"})
    assert "The shoe size is not in stock." in page.text
    assert page.form("/details").fields["givenName"] == "Kim"
    assert guests(story.server) == ()
    story.sends(**{story.size: "39"})
    assert story.code()
    assert [received.json.get(story.size) for received in story.site.received] == [99, 39]
    assert guests(story.server)[0].extensions == ((story.size, 39),)


@pytest.mark.parametrize("hook", [FIRST, SECOND])
@pytest.mark.parametrize(
    "reply",
    [
        silence,
        answer(b"", 500),
        answer(b"", 401),
        answer(b"{not json"),
        answer(b"x" * 200_000),
        answer(b"", 302, Location="http://169.254.169.254/"),
        said("Continue", extension_ShoeSize="big"),
        said("Resume"),
    ],
    ids=["late", "error", "wrong-password", "broken", "huge", "redirect", "wrong-type", "unknown-action"],
)
def test_a_useless_answer_creates_nobody_and_can_be_tried_again(
    story: Story, hook: Hook, reply: Reply
) -> None:
    story.flow(hook)
    story.site.will(reply)
    page = story.proves()
    if hook is SECOND:
        story.accepts()
        page = story.sends(givenName="Kim")
    assert "has given no usable answer" in page.text
    assert guests(story.server) == ()
    story.site.will(CONTINUE)
    page = story.settled(story.walker.submit("/proceed", button="Try again"))
    if hook is FIRST:
        story.accepts()
        story.sends(givenName="Kim")
    assert story.code()
    assert guests(story.server)[0].given_name == "Kim"


def test_returning_guests_are_not_asked_about(story: Story) -> None:
    story.flow(FIRST, SECOND)
    story.proves()
    story.accepts()
    story.sends(givenName="Kim")
    assert story.code()
    asked = len(story.site.received)
    story.server.clock.advance(timedelta(minutes=5))
    again = story.server.walker()
    again.open(story.server.authorize_url())
    again.submit("/identify", login=NEWCOMER)
    again.submit("/send")
    page = again.submit("/signin/code", code=story.server.code_for(NEWCOMER))
    assert "code" in query_of(page.refresh or "")
    assert len(story.site.received) == asked


def test_connectors_are_told_the_language_the_app_asks_for(story: Story) -> None:
    story.flow(FIRST)
    story.settled(create_account(story.server, story.walker, ui_locales="el-GR en"))
    assert story.site.received[0].json["ui_locales"] == "el-GR"


def test_connectors_are_told_the_language_of_the_pages(story: Story) -> None:
    """Their words for people then come in the language these read; one that no page is in is not named."""
    story.flow(FIRST)
    story.walker.languages = "eo, de-AT, fr"
    story.settled(create_account(story.server, story.walker))
    assert story.site.received[0].json["ui_locales"] == "de-AT"


def test_what_was_collected_is_in_the_token_of_an_app_that_asks_for_it(story: Story) -> None:
    story.flow()
    server = story.server
    asked = {"idToken": [{"name": story.size, "source": "user"}]}
    server.ports.store.write(
        server.tenant.id,
        lambda tx: tx.applications.replace(replace(server.app, optional_claims=asked)),
    )
    create_account(server, story.walker, redirect_uri="http://localhost/cb")
    story.accepts()
    page = story.sends(givenName="Kim", **{story.size: "39"})
    if page.has_form("/consent"):
        page = story.walker.submit("/consent", button="Accept")
    claims = id_token_of(server, page)
    assert (claims["extn.ShoeSize"], claims["idp"]) == (39, "mail")
