"""Pages and mails of signing in, in the language of whoever reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.journeys import become_guest, everybody_agreed, guest_signs_in
from tests.support.platform import RunningServer, platform
from tests.support.self_service import NAMES, NEWCOMER, open_flow, verify_address
from xenia.core.directory.tenant import DomainRestrictions, DomainRule
from xenia.core.user_flow import AttributeAssignment, Choice, FlowLanguage, InputType, OwnText, PageText

MARKUP = '<b onclick="x()">Mehr</b> & 100 %'


@pytest.fixture
def server(tmp_path: Path):
    with platform(tmp_path) as running:
        running.policies(security_defaults=False)
        yield running


def test_a_sign_up_in_greek_from_the_first_page_to_the_last(server: RunningServer) -> None:
    asked = (*NAMES, AttributeAssignment("country", "Country/Region"))
    open_flow(server, attributes=asked, requires_approval=True)
    walker = server.walker()
    walker.languages = "eo, el-GR;q=0.9, en;q=0.8"
    page = walker.open(server.authorize_url())
    assert '<html lang="el"' in page.source
    assert "Είσοδος" in page.text  # Sign in
    walker.submit("/signin/sign-up")
    page = verify_address(server, walker)
    assert server.mails_to(NEWCOMER)[-1].language == "el"
    assert "Review permissions" not in page.text
    page = walker.submit("/signin/review")
    assert "\u0393\u03b5\u03c1\u03bc\u03b1\u03bd\u03af\u03b1" in page.text  # Germany
    assert "What you do" in page.text  # the organisation's own label stays as it is
    page = walker.submit("/signin/details", givenName="", country="Germany")
    assert page.status == 422
    assert "Fill in" not in page.text
    page = walker.submit("/signin/details", givenName="Kim", surname="Larsen")
    assert "Waiting for approval" not in page.text
    assert page.has_form("/proceed")
    with server.ports.store.read(server.tenant.id) as tx:
        (request,) = tx.sign_ups.list_requests()
    assert request.language == "el"
    assert dict(request.details)["country"] == "Germany"  # what is stored knows no language


def test_the_app_decides_before_the_browser(server: RunningServer) -> None:
    walker = server.walker()
    walker.languages = "el"
    assert '<html lang="fr"' in walker.open(server.authorize_url(ui_locales="fr-CA en")).source
    assert '<html lang="el"' in walker.open(server.authorize_url(ui_locales="eo")).source


def test_without_a_wish_the_organisation_decides(server: RunningServer) -> None:
    assert '<html lang="en"' in server.walker().open(server.authorize_url()).source
    assert server.tenant.notification_language == "en-US"


def test_a_language_that_the_flow_switched_off_is_not_spoken_in_it(server: RunningServer) -> None:
    open_flow(server, languages=(FlowLanguage("el", is_enabled=False),))
    walker = server.walker()
    walker.languages = "el, de"
    assert '<html lang="el"' in walker.open(server.authorize_url()).source
    assert '<html lang="de"' in walker.submit("/signin/sign-up").source
    verify_address(server, walker)
    assert server.mails_to(NEWCOMER)[-1].language == "de"


def test_own_words_stand_in_their_language_as_plain_text(server: RunningServer) -> None:
    german = FlowLanguage(
        "de",
        texts=(
            OwnText("attributecollection", "heading", MARKUP),
            OwnText("attributecollection", "DisplayName", MARKUP, attribute_id="givenName"),
        ),
    )
    open_flow(server, attributes=NAMES, languages=(german,))
    walker = server.walker()
    walker.languages = "de"
    walker.open(server.authorize_url())
    walker.submit("/signin/sign-up")
    verify_address(server, walker)
    page = walker.submit("/signin/review")
    assert page.text.count(MARKUP) >= 2
    assert "<b onclick" not in page.source
    walker.languages = "en"
    assert "Add details" in walker.open(page.url).text


def test_a_refusal_of_details_speaks_the_language_and_keeps_what_was_typed(server: RunningServer) -> None:
    box = AttributeAssignment(
        "jobTitle", "Team", InputType.RADIO, choices=(Choice("Red", "red"), Choice("Blue", "blue"))
    )
    open_flow(server, attributes=(*NAMES[:2], box))
    walker = server.walker()
    walker.languages = "de"
    walker.open(server.authorize_url())
    walker.submit("/signin/sign-up")
    verify_address(server, walker)
    walker.submit("/signin/review")
    page = walker.submit("/signin/details", givenName="Kim", surname="")
    assert "Kim" in page.source
    assert "Nachname" in page.text
    assert "Fill in" not in page.text


def test_a_wrong_code_counts_in_the_language(server: RunningServer) -> None:
    open_flow(server)
    walker = server.walker()
    walker.languages = "de"
    walker.open(server.authorize_url())
    walker.submit("/signin/sign-up")
    walker.submit("/sign-up-address", address=NEWCOMER)
    walker.submit("/send")
    right = server.code_for(NEWCOMER)
    page = walker.submit("/signin/code", code="".join(str(9 - int(digit)) for digit in right))
    assert "Sie haben noch" in page.text


def test_an_invitation_speaks_the_language_of_the_browser(server: RunningServer) -> None:
    walker = server.walker()
    walker.languages = "fr"
    page = walker.open(server.invite("jeanne@nordwind.example").redeem_url)
    assert '<html lang="fr"' in page.source
    walker.submit("/redeem/start")
    assert server.mails_to("jeanne@nordwind.example")[-1].language == "fr"


def test_a_refusal_without_an_organisation_speaks_too(server: RunningServer) -> None:
    walker = server.walker()
    walker.languages = "fr"
    page = walker.open(f"/{server.tenant.id}/signin?ctx=unknown")
    assert '<html lang="fr"' in page.source
    assert "This sign-in is over" not in page.text


def test_the_last_pages_speak_as_those_before(server: RunningServer) -> None:
    """They knew only the browser once: a sign-in in French ended in German."""
    server.policies(security_defaults=True)
    secret = become_guest(server, server.walker(), NEWCOMER)
    walker = server.walker()
    walker.languages = "de"
    everybody_agreed(server)
    page = guest_signs_in(server, walker, server.authorize_url(ui_locales="fr"), secret, NEWCOMER)
    assert page.refresh
    assert '<html lang="fr"' in page.source


def test_signing_out_speaks_the_language_the_app_asked_for_to_its_end(server: RunningServer) -> None:
    server.policies(security_defaults=True)
    secret = become_guest(server, server.walker(), NEWCOMER)
    walker = server.walker()
    everybody_agreed(server)
    guest_signs_in(server, walker, server.authorize_url(), secret, NEWCOMER)
    walker.languages = "de"
    page = walker.open(f"/{server.tenant.id}/oauth2/v2.0/logout?ui_locales=fr")
    assert '<html lang="fr"' in page.source
    assert '<html lang="fr"' in walker.submit("/logout/confirm").source


def test_a_refusal_while_signing_up_stands_under_the_flows_name(server: RunningServer) -> None:
    open_flow(server, text=PageText("Contoso Partners", ""))
    server.policies(domain_restrictions=DomainRestrictions(DomainRule.DENY, ("nordwind.example",)))
    walker = server.walker()
    walker.languages = "de"
    walker.open(server.authorize_url())
    walker.submit("/signin/sign-up")
    page = verify_address(server, walker)
    assert page.status == 403
    assert "Contoso Partners" in page.text
    assert '<p class="wrap" lang="en">AADSTS' in page.source


def test_who_asks_for_portuguese_reads_the_one_that_there_is(server: RunningServer) -> None:
    open_flow(server, languages=(FlowLanguage("pt-br", is_enabled=False),))
    walker = server.walker()
    walker.languages = "pt-AO, en"
    walker.open(server.authorize_url())
    assert '<html lang="pt-PT"' in walker.submit("/signin/sign-up").source
