"""Signing up with accounts of other providers: what they say helps, and speaks for nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.federation.conftest import PIA
from tests.federation.test_providers import PARTNER_ID, hand_over, partner, to_the_app
from tests.support.connector_server import connector_server
from tests.support.federating import BERTA, guest, id_token_of, make_home
from tests.support.platform import PASSWORD, RunningServer
from tests.support.providers import Abroad, Provider
from tests.support.self_service import NAMES, NEWCOMER, create_account, guests, open_flow, stations
from tests.support.walker import BASE, Page, Walker
from xenia.core.api_connector import ApiConnector, ConnectorAuthentication
from xenia.core.directory.identity_provider import (
    EMAIL_PASSCODE_PROVIDER_ID,
    ENTRA_ISSUER,
    ENTRA_PROVIDER_ID,
    ProviderKind,
)
from xenia.core.directory.tenant import DomainRestrictions, DomainRule
from xenia.core.directory.user import CreationType, ExternalUserState
from xenia.core.user_flow import AttributeAssignment, Hook, PageText

WAYS = (ENTRA_PROVIDER_ID, PARTNER_ID, EMAIL_PASSCODE_PROVIDER_ID)


def press(server: RunningServer, walker: Walker) -> str:
    """From the app to the provider by its button on *Create account*."""
    to_the_app(server, walker, prompt="create")
    assert walker.page is not None
    assert "Partner AG" in walker.page.text
    return hand_over(walker, "/provider")


def to_the_end(walker: Walker) -> Page:
    assert walker.page is not None
    return walker.submit("/consent", button="Accept") if walker.page.has_form("/consent") else walker.page


def test_what_the_provider_says_is_prefilled_and_can_be_changed(
    contoso: RunningServer, mock: Provider
) -> None:
    partner(contoso, mock, domains=())
    open_flow(contoso, provider_ids=WAYS, attributes=NAMES)
    mock.lie(claims={"given_name": "Pia", "family_name": "Partner"})
    walker = Walker(contoso.router)
    page = walker.open(Abroad().visit(press(contoso, walker)))
    assert "Review permissions" in page.text, page.text
    page = walker.submit("/signin/review", button="Accept")
    assert page.form("/details").fields["givenName"] == "Pia"
    assert "From Partner AG. You can change it." in page.text
    assert "From Partner AG, with which you sign in next time." in page.text
    assert PIA in page.text
    walker.submit("/signin/details", surname="Larsen", button="Continue")
    claims = id_token_of(contoso, to_the_end(walker))
    assert claims["idp"] == mock.issuer
    made = guest(contoso, PIA)
    assert (made.given_name, made.surname) == ("Pia", "Larsen")
    assert made.creation_type is CreationType.SELF_SERVICE_SIGN_UP
    assert [(one.issuer, one.subject) for one in made.identities][1] == (mock.issuer, "mock-1")
    assert stations(contoso) == [
        "started",
        "provider-done",
        "mail-verified",
        "details-sent",
        "connector-passed",
        "guest-created",
    ]


def test_a_returning_guest_of_a_provider_skips_the_flow(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock, domains=())
    open_flow(contoso, provider_ids=WAYS)
    walker = Walker(contoso.router)
    walker.open(Abroad().visit(press(contoso, walker)))
    walker.submit("/signin/review", button="Accept")
    to_the_end(walker)
    again = Walker(contoso.router)
    again.open(Abroad().visit(press(contoso, again)))
    assert id_token_of(contoso, to_the_end(again))["oid"] == guest(contoso, PIA).id
    assert stations(contoso)[-1] == "already-a-user"


def test_a_provider_that_claims_somebody_elses_address_gets_nothing(
    contoso: RunningServer, mock: Provider
) -> None:
    """It even vouches for it: the account of the mailbox's owner is neither joined nor entered."""
    partner(contoso, mock, domains=())
    open_flow(contoso, provider_ids=WAYS)
    owner = Walker(contoso.router)
    create_account(contoso, owner)
    owner.submit("/signin/review", button="Accept")
    before = guest(contoso, NEWCOMER)
    mock.lie(claims={"sub": "attacker", "email": NEWCOMER, "email_verified": True})
    walker = Walker(contoso.router)
    page = walker.open(Abroad().visit(press(contoso, walker)))
    assert page.status == 403
    assert "You have an account here already" in page.text
    assert guests(contoso) == (before,)


WITH_ADDRESS = (AttributeAssignment("email", "Email Address"), AttributeAssignment("city", "City"))


@pytest.mark.parametrize("verified", [False, None])
def test_an_address_nobody_vouches_for_is_not_kept_and_tells_nothing(
    contoso: RunningServer, mock: Provider, verified: bool | None
) -> None:
    partner(contoso, mock, domains=())
    open_flow(contoso, provider_ids=WAYS, attributes=WITH_ADDRESS)
    owner = Walker(contoso.router)
    create_account(contoso, owner)
    owner.submit("/signin/review", button="Accept")
    owner.submit("/signin/details", city="Oslo", button="Continue")
    mock.lie(claims={"sub": "stranger", "email": NEWCOMER, "email_verified": verified, "name": "Eve"})
    walker = Walker(contoso.router)
    page = walker.open(Abroad().visit(press(contoso, walker)))
    assert "Review permissions" in page.text, "the page does not tell that the address is known"
    page = walker.submit("/signin/review", button="Accept")
    assert "has not confirmed an address, so none is kept." in page.text
    assert page.form("/signin/details").fields["email"] == "", "and it is not promised either"
    walker.submit("/signin/details", city="Oslo", button="Continue")
    to_the_end(walker)
    (made,) = [user for user in guests(contoso) if user.mail != NEWCOMER]
    assert (made.display_name, made.mail, made.other_mails, made.proxy_addresses) == ("Eve", None, (), ())
    assert "kim" not in made.user_principal_name
    assert len(guests(contoso)) == 2


def test_the_page_on_the_way_to_the_provider_is_the_flows_too(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock, domains=())
    open_flow(contoso, provider_ids=WAYS, text=PageText("Contoso Suppliers"))
    walker = Walker(contoso.router)
    press(contoso, walker)
    assert walker.page is not None
    assert "Contoso Suppliers" in walker.page.text


def test_no_provider_vouches_for_people_for_whom_another_one_speaks(
    contoso: RunningServer, mock: Provider
) -> None:
    """A trusted partner says that somebody is Berta of Fabrikam: only Fabrikam could."""
    make_home(contoso)
    partner(contoso, mock, domains=())
    open_flow(contoso, provider_ids=WAYS)
    mock.lie(claims={"sub": "stranger", "email": BERTA, "email_verified": True, "name": "Eve"})
    walker = Walker(contoso.router)
    walker.open(Abroad().visit(press(contoso, walker)))
    walker.submit("/signin/review", button="Accept")
    claims = id_token_of(contoso, to_the_end(walker))
    (made,) = guests(contoso)
    assert (made.display_name, made.mail, made.proxy_addresses) == ("Eve", None, ())
    assert BERTA not in str(claims)


@pytest.mark.parametrize(("verified", "told"), [(True, PIA), (False, ""), (None, "")])
def test_a_connector_is_told_no_address_that_nobody_vouches_for(
    contoso: RunningServer, mock: Provider, verified: bool | None, told: str
) -> None:
    """Connectors let people in, and fill in whom they belong to, by the domain of their address."""
    partner(contoso, mock, domains=())
    with connector_server() as site:
        entry = ApiConnector(
            "c1",
            contoso.tenant.id,
            "Supplier check",
            f"{site.url}/check",
            contoso.clock.now(),
            authentication=ConnectorAuthentication.NONE,
        )
        contoso.ports.store.write(contoso.tenant.id, lambda tx: tx.api_connectors.add(entry))
        open_flow(contoso, provider_ids=WAYS, attributes=NAMES, connectors=dict.fromkeys(Hook, "c1"))
        mock.lie(claims={"email": PIA, "email_verified": verified})
        walker = Walker(contoso.router)
        settled(walker, walker.open(Abroad().visit(press(contoso, walker))))
        walker.submit("/signin/review", button="Accept")
        settled(walker, walker.submit("/signin/details", givenName="P", surname="Q", button="Continue"))
        assert [request.json["email"] for request in site.received] == [told, told]
        assert PIA not in str([request.json for request in site.received if not told])


def settled(walker: Walker, page: Page) -> None:
    """Wait as a browser does: the busy page refreshes itself."""
    for _ in range(60):
        if page.response.header("Refresh") is None:
            return
        page = walker.open(page.url)
    raise AssertionError("it never ended")


def test_restricted_domains_need_a_mailbox_somebody_vouches_for(
    contoso: RunningServer, mock: Provider
) -> None:
    partner(contoso, mock, domains=())
    open_flow(contoso, provider_ids=WAYS)
    contoso.policies(domain_restrictions=DomainRestrictions(DomainRule.ALLOW, allowed=("partner.example",)))
    mock.lie(claims={"email_verified": False})
    walker = Walker(contoso.router)
    page = walker.open(Abroad().visit(press(contoso, walker)))
    assert "Your email address is not confirmed" in page.text
    assert "AADSTS5000819" in page.text
    assert guests(contoso) == ()


def test_an_invited_guest_who_signs_up_accepts_the_invitation(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    open_flow(contoso, provider_ids=WAYS)
    contoso.invite(PIA)
    walker = Walker(contoso.router)
    to_the_app(contoso, walker, prompt="create")
    walker.submit("/sign-up-address", address=PIA)
    page = walker.open(Abroad().visit(hand_over(walker)))
    assert page.has_form("/signin/accept"), page.text
    walker.submit("/signin/accept")
    (only,) = guests(contoso)
    assert only.external_user_state is ExternalUserState.ACCEPTED
    assert only.creation_type is CreationType.INVITATION


def test_a_provider_outside_the_flow_is_no_way_in(contoso: RunningServer, mock: Provider) -> None:
    """Its people sign up with a code, if the flow sends codes; its button is not there and cannot be forged."""
    record = partner(contoso, mock)
    open_flow(contoso, provider_ids=(ENTRA_PROVIDER_ID, EMAIL_PASSCODE_PROVIDER_ID))
    walker = Walker(contoso.router)
    page = to_the_app(contoso, walker, prompt="create")
    assert "Partner AG" not in page.text
    form = page.form("/sign-up-address").fields
    action = page.form("/sign-up-address").action.replace("sign-up-address", "provider")
    page = walker._arrive("POST", BASE + action, {**form, "provider_id": record.id})
    assert page.status == 422
    page = walker.submit("/sign-up-address", address=PIA)
    assert page.has_form("/signin/send")


def test_a_work_account_of_another_tenant_signs_up(contoso: RunningServer) -> None:
    home = make_home(contoso)
    open_flow(contoso, attributes=NAMES)
    walker = Walker(contoso.router)
    to_the_app(contoso, walker, prompt="create")
    page = walker.submit("/sign-up-address", address=BERTA)
    assert "Continue to Fabrikam" in page.text
    walker.submit("/federate")
    page = walker.submit("/password", password=PASSWORD)
    assert "Review permissions" in page.text, page.text
    walker.submit("/signin/review", button="Accept")
    walker.submit("/signin/details", givenName="Berta", surname="Beispiel", button="Continue")
    claims = id_token_of(contoso, to_the_end(walker))
    assert claims["idp"] == f"{BASE}/{home.tenant.id}/"
    made = guest(contoso, BERTA)
    assert [one.issuer for one in made.identities][1] == ENTRA_ISSUER
    assert made.mail == BERTA


def test_facebook_vouches_for_no_mailbox(contoso: RunningServer, mock: Provider) -> None:
    from tests.federation.test_providers import facebook

    record = facebook(contoso, mock)
    assert record.kind is ProviderKind.FACEBOOK
    open_flow(contoso, provider_ids=(ENTRA_PROVIDER_ID, record.id))
    walker = Walker(contoso.router)
    to_the_app(contoso, walker, prompt="create")
    page = walker.open(Abroad().visit(hand_over(walker, "/provider")))
    assert "Review permissions" in page.text, page.text
    walker.submit("/signin/review", button="Accept")
    claims = id_token_of(contoso, to_the_end(walker))
    assert claims["idp"] == "facebook.com"
    (made,) = guests(contoso)
    assert made.mail is None
    assert made.display_name == "Pia Partner"


def test_the_provider_must_still_be_offered_when_the_person_comes_back(
    contoso: RunningServer, mock: Provider
) -> None:
    partner(contoso, mock, domains=())
    flow = open_flow(contoso, provider_ids=WAYS)
    walker = Walker(contoso.router)
    url = press(contoso, walker)
    smaller = replace(flow, provider_ids=(ENTRA_PROVIDER_ID,))
    contoso.ports.store.write(contoso.tenant.id, lambda tx: tx.user_flows.replace(smaller))
    page = walker.open(Abroad().visit(url))
    assert "This account cannot sign up here" in page.text
    assert "AADSTS500208" in page.text
    assert guests(contoso) == ()
