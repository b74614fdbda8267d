"""Attacks on hand-overs: answers that are replayed, exchanged, sent to other browsers, tenants or redirect URIs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.federation.conftest import CLAIMS, PIA, PROFILE, TENANT
from tests.federation.test_providers import begin_at, hand_over, partner, pia_is_a_guest, to_the_app
from tests.support.federating import FABRIKAM, add_provider, guest, make_home, sign_in_errors, state_in
from tests.support.platform import PASSWORD, RunningServer
from tests.support.providers import CLIENT, SECRET, Abroad, Provider, node_provider
from tests.support.walker import BASE, Walker
from xenia.core.directory.identity_provider import IdentityProvider, ProviderKind
from xenia.usecases.federation.begin import HAND_OVERS_PER_NETWORK
from xenia.usecases.self_service.manage_identity_providers import NewProvider, create_provider

SECOND_ID = "11111111-fede-4000-8000-000000000002"


@pytest.fixture
def evil(tmp_path: Path) -> Iterator[Provider]:
    """A second provider that the tenant trusts for other people, and that is not honest."""
    with node_provider("mock.mjs", tmp_path, claims=CLAIMS, profile=PROFILE) as started:
        yield started


def gone(text: str) -> bool:
    """The page of an answer that is not ours to take. It says how to go on."""
    return "This sign-in is over" in text and "Go back to the app" in text


def test_an_answer_is_worth_nothing_in_another_browser(contoso: RunningServer, mock: Provider) -> None:
    """Login CSRF: the attacker's own answer, handed to a victim, would sign the victim in as the attacker."""
    partner(contoso, mock)
    attacker, victim = Walker(contoso.router), Walker(contoso.router)
    back = Abroad().visit(begin_at(contoso, attacker))
    assert gone(victim.open(back).text)
    to_the_app(contoso, victim)
    assert gone(victim.open(back).text), "a browser with a sign-in of its own neither"
    page = attacker.open(back)
    assert not gone(page.text), "and the victim's try has not spent it"


def test_a_second_copy_of_an_answer_changes_nothing(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    contoso.invite(PIA)
    walker = Walker(contoso.router)
    back = Abroad().visit(begin_at(contoso, walker))
    page = walker.open(back)
    assert page.has_form("/accept")
    asked = mock.tell("/seen")["token"]
    page = walker.open(back)
    assert page.has_form("/accept"), "the reload leads to where the sign-in stands"
    assert mock.tell("/seen")["token"] == asked, "the provider is not asked again"
    assert not sign_in_errors(contoso)


def test_an_answer_after_the_end_of_the_sign_in_is_over(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    pia_is_a_guest(contoso, Walker(contoso.router))
    walker = Walker(contoso.router)
    back = Abroad().visit(begin_at(contoso, walker))
    page = walker.open(back)
    if page.has_form("/consent"):
        walker.submit("/consent", button="Accept")
    assert gone(walker.open(back).text)


def test_an_older_hand_over_counts_no_more(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    walker = Walker(contoso.router)
    older = begin_at(contoso, walker)
    assert walker.page is not None
    walker.open(walker.page.url.replace("/progress", ""))
    newer = hand_over(walker)
    assert state_in(older) != state_in(newer)
    asked = mock.tell("/seen")["token"]
    page = walker.open(Abroad().visit(older))
    assert page.refresh == newer, "the hand-over that counts goes on"
    assert mock.tell("/seen")["token"] == asked


@pytest.mark.parametrize(
    "state", ["", "x", f"{TENANT}.forged", "00000000-0000-4000-8000-000000000000.x", "a" * 5000]
)
def test_a_forged_state_finds_nothing(contoso: RunningServer, mock: Provider, state: str) -> None:
    partner(contoso, mock)
    walker = Walker(contoso.router)
    begin_at(contoso, walker)
    url = f"{BASE}/{TENANT}/federation/oauth2?{urlencode({'code': 'x', 'state': state})}"
    assert gone(walker.open(url).text)
    assert gone(walker.open(f"{BASE}/{TENANT}/federation/oauth2?state=a&state=b&code=x").text)


def test_a_state_of_one_tenant_is_worthless_in_another(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    other = make_home(contoso)
    walker = Walker(contoso.router)
    state = state_in(begin_at(contoso, walker))
    for forged in (state, state.replace(TENANT, other.tenant.id)):
        query = urlencode({"code": "x", "state": forged})
        assert gone(walker.open(f"{BASE}/{other.tenant.id}/federation/oauth2?{query}").text)
        assert gone(walker.open(f"{BASE}/federation/oauth2?{query}").text)
        assert gone(walker.open(f"{BASE}/te/{TENANT}/oauth2/authresp?{query}").text)


def test_a_provider_cannot_have_the_code_of_another(
    contoso: RunningServer, mock: Provider, evil: Provider
) -> None:
    """Mix-up (RFC 9700 section 4.4): the evil provider sends people on to the honest one, to get its code."""
    honest = partner(contoso, mock)
    add_provider(
        contoso,
        replace(
            honest, id=SECOND_ID, display_name="Evil AG", issuer=evil.issuer, well_known_url=evil.well_known_url,
            domains=("evil.example",),
        ),
    )  # fmt: skip
    walker = Walker(contoso.router)
    to_the_app(contoso, walker)
    walker.submit("/identify", login="x@evil.example")
    to_evil = hand_over(walker)
    asked = parse_qs(urlsplit(to_evil).query)
    # The honest provider says who it is (RFC 9207), as oidc-provider and others do.
    mock.lie(redirect={"iss": mock.issuer})
    back = Abroad().visit(f"{mock.issuer}/authorize?{urlencode(asked, doseq=True)}")
    seen = evil.tell("/seen")["token"]
    page = walker.open(back)
    assert "came from somebody else" in page.text
    assert evil.tell("/seen")["token"] == seen, "its token endpoint never sees the code"
    assert sign_in_errors(contoso)[-1][0] == 50107


def test_providers_that_do_not_name_themselves_have_redirect_uris_of_their_own(
    contoso: RunningServer, mock: Provider, evil: Provider
) -> None:
    """The same where the honest one says nothing (no RFC 9207): its answer comes where only its own are taken.

    With the challenge and nonce of a hand-over of the attacker's, the code would sign the attacker in as the victim.
    """

    def made(name: str, provider: Provider, domain: str) -> IdentityProvider:
        order = NewProvider(
            ProviderKind.OPENID_CONNECT, CLIENT, SECRET, name, issuer=provider.issuer, domains=(domain,)
        )
        return create_provider(contoso.ports, contoso.actor(), order)

    honest, other = made("Partner AG", mock, "partner.example"), made("Evil AG", evil, "evil.example")
    to_honest = parse_qs(urlsplit(begin_at(contoso, Walker(contoso.router))).query)
    walker = Walker(contoso.router)
    to_the_app(contoso, walker)
    walker.submit("/identify", login="x@evil.example")
    to_evil = hand_over(walker)
    asked = parse_qs(urlsplit(to_evil).query)
    assert to_honest["redirect_uri"] == [f"{BASE}/{TENANT}/federation/oauth2"]
    assert asked["redirect_uri"] == [f"{BASE}/{TENANT}/federation/oauth2/{other.id}"]
    assert (honest.has_own_callback, other.has_own_callback) == (False, True)
    mixed = to_honest | {"state": asked["state"]}
    seen = evil.tell("/seen")["token"]
    page = walker.open(Abroad().visit(f"{mock.issuer}/authorize?{urlencode(mixed, doseq=True)}"))
    assert gone(page.text)
    assert evil.tell("/seen")["token"] == seen, "its token endpoint never sees the code"
    page = walker.open(Abroad().visit(to_evil))
    assert "You are not a guest here yet" in page.text, "its own answers are taken"
    assert evil.tell("/seen")["token"] == seen + 1


def test_a_provider_that_says_it_names_itself_must(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    walker = Walker(contoso.router)
    url = begin_at(contoso, walker)
    contoso.ports.provider_documents.forget(mock.well_known_url)
    mock.lie(document={"authorization_response_iss_parameter_supported": True})
    page = walker.open(Abroad().visit(url))
    assert "came from somebody else" in page.text


def test_the_way_to_a_tenant_of_this_server_cannot_be_borrowed(
    contoso: RunningServer, mock: Provider
) -> None:
    """A provider sends people on to another tenant of this server: that answer comes to another redirect URI."""
    partner(contoso, mock)
    home = make_home(contoso)
    walker = Walker(contoso.router)
    asked = parse_qs(urlsplit(begin_at(contoso, walker)).query)
    asked |= {
        "client_id": ["78656e69-6100-4000-8000-000000000004"],
        "redirect_uri": [f"{BASE}/federation/oauth2"],
    }
    asked |= {"scope": ["openid"], "login_hint": [home.member.user_principal_name]}
    walker.open(f"{BASE}/{home.tenant.id}/oauth2/v2.0/authorize?{urlencode(asked, doseq=True)}")
    page = walker.submit("/password", password=PASSWORD)
    assert gone(page.text)


def test_a_claimed_address_takes_over_nobody(contoso: RunningServer, mock: Provider, evil: Provider) -> None:
    """The evil provider claims Pia's address, verified and all. She is bound by issuer and subject."""
    honest = partner(contoso, mock)
    pia_is_a_guest(contoso, Walker(contoso.router))
    add_provider(
        contoso,
        replace(
            honest, id=SECOND_ID, display_name="Evil AG", issuer=evil.issuer, well_known_url=evil.well_known_url,
            domains=("evil.example",),
        ),
    )  # fmt: skip
    walker = Walker(contoso.router)
    to_the_app(contoso, walker)
    walker.submit("/identify", login="x@evil.example")
    page = walker.open(Abroad().visit(hand_over(walker)))
    assert "You are not a guest here yet" in page.text
    # Not even with her subject: it is another issuer's.
    assert (evil.issuer, "mock-1") not in [
        (entry.issuer, entry.subject) for entry in guest(contoso, PIA).identities
    ]


def test_an_open_invitation_is_accepted_by_its_own_provider_alone(
    contoso: RunningServer, mock: Provider, evil: Provider
) -> None:
    honest = partner(contoso, mock)
    add_provider(
        contoso,
        replace(
            honest, id=SECOND_ID, display_name="Evil AG", issuer=evil.issuer, well_known_url=evil.well_known_url,
            domains=("evil.example",),
        ),
    )  # fmt: skip
    contoso.invite(PIA)
    contoso.invite("neighbour@mail.example")
    for claimed in (PIA, "neighbour@mail.example"):
        evil.lie(claims={"email": claimed, "email_verified": True})
        walker = Walker(contoso.router)
        to_the_app(contoso, walker)
        walker.submit("/identify", login="x@evil.example")
        page = walker.open(Abroad().visit(hand_over(walker)))
        assert "You are not a guest here yet" in page.text
        assert guest(contoso, claimed).is_pending


def test_markup_in_what_a_provider_says_stays_text(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    markup = "<script>alert(1)</script>"
    walker = Walker(contoso.router)
    url = begin_at(contoso, walker)
    mock.lie(claims={"name": markup, "email": None, "sub": markup})
    page = walker.open(Abroad().visit(url))
    assert markup not in page.source
    query = urlencode(
        {"error": markup, "error_description": markup, "state": state_in(begin_at(contoso, walker))}
    )
    page = walker.open(f"{BASE}/{TENANT}/federation/oauth2?{query}")
    assert markup not in page.source
    assert page.has_form("/federate")


def test_a_removed_provider_lets_nobody_back_in(contoso: RunningServer, mock: Provider) -> None:
    record = partner(contoso, mock)
    pia_is_a_guest(contoso, Walker(contoso.router))
    walker = Walker(contoso.router)
    url = begin_at(contoso, walker)
    contoso.ports.store.write(TENANT, lambda tx: tx.identity_providers.remove(record.id))
    page = walker.open(Abroad().visit(url))
    assert "does not use this way to sign in any more" in page.text
    assert sign_in_errors(contoso)[-1][0] == 40009
    assert any(text == "Use a different account" for text, _ in page.links)


@pytest.mark.parametrize("is_on_the_way", [False, True], ids=["before", "on-the-way"])
def test_an_invitation_outlives_the_provider_that_was_removed_meanwhile(
    contoso: RunningServer, mock: Provider, is_on_the_way: bool
) -> None:
    record = partner(contoso, mock)
    walker = Walker(contoso.router)
    walker.open(contoso.invite(PIA).redeem_url)
    walker.submit("/redeem/start")
    url = hand_over(walker) if is_on_the_way else ""
    contoso.ports.store.write(TENANT, lambda tx: tx.identity_providers.remove(record.id))
    page = walker.open(Abroad().visit(url)) if is_on_the_way else walker.submit("/federate")
    assert page.has_form("/send"), page.text
    walker.submit("/send")
    page = walker.submit("/signin/code", code=contoso.code_for(PIA))
    assert page.has_form("/accept"), page.text
    walker.submit("/accept")
    assert not guest(contoso, PIA).is_pending


def test_a_disabled_guest_is_refused_after_the_proof_only(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    pia_is_a_guest(contoso, Walker(contoso.router))
    pia = guest(contoso, PIA)
    contoso.ports.store.write(TENANT, lambda tx: tx.users.replace(replace(pia, account_enabled=False)))
    walker = Walker(contoso.router)
    to_the_app(contoso, walker)
    before = walker.submit("/identify", login=PIA)
    stranger = Walker(contoso.router)
    to_the_app(contoso, stranger)
    other = stranger.submit("/identify", login="nobody@partner.example")
    assert before.text.replace(PIA, "") == other.text.replace("nobody@partner.example", "")
    page = walker.open(Abroad().visit(hand_over(walker)))
    assert "Your account is blocked" in page.text
    assert FABRIKAM not in page.text


def test_nobody_floods_a_provider_in_our_name(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    walker = Walker(contoso.router)
    to_the_app(contoso, walker)
    walker.submit("/identify", login=PIA)
    for _ in range(HAND_OVERS_PER_NETWORK):
        walker.submit("/federate")
        walker.open(walker.page.url.replace("/progress", "") if walker.page else "")
    page = walker.submit("/federate")
    assert "Too many tries" in page.text
    elsewhere = Walker(contoso.router, address="198.51.100.7")
    to_the_app(contoso, elsewhere)
    elsewhere.submit("/identify", login=PIA)
    assert hand_over(elsewhere)
