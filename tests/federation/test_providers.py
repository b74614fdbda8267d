"""Sign-ins handed over to other people's programs over real connections, and what each of their lies leads to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.federation.conftest import CALLBACKS, PIA
from tests.support.federating import (
    add_provider,
    guest,
    id_token_of,
    seal_secret,
    sign_in_errors,
    state_in,
)
from tests.support.platform import RunningServer
from tests.support.providers import CLIENT, SECRET, Abroad, Provider, node_provider
from tests.support.walker import BASE, Page, Walker
from xenia.core.directory.identity_provider import (
    FACEBOOK_PROVIDER_ID,
    GOOGLE_PROVIDER_ID,
    MICROSOFT_ACCOUNT_PROVIDER_ID,
    ClaimMapping,
    ClientAuthentication,
    IdentityProvider,
    ProviderEndpoints,
    ProviderKind,
    ProviderOutcome,
)
from xenia.core.query import Query
from xenia.usecases.federation.check import check_provider
from xenia.usecases.invitations.invitation_forecast import preflight
from xenia.usecases.invitations.invitation_order import InvitationOrder

PARTNER_ID = "11111111-fede-4000-8000-000000000001"
DOMAINS = ("partner.example",)


def partner(server: RunningServer, provider: Provider, **changes: object) -> IdentityProvider:
    """An OpenID Connect provider of the partner's domain."""
    record = IdentityProvider(
        id=PARTNER_ID,
        tenant_id=server.tenant.id,
        kind=ProviderKind.OPENID_CONNECT,
        display_name="Partner AG",
        created_at=server.clock.now(),
        client_id=CLIENT,
        sealed_secret=seal_secret(server, SECRET),
        well_known_url=provider.well_known_url,
        issuer=provider.issuer,
        domains=DOMAINS,
    )
    return add_provider(server, replace(record, **changes))  # type: ignore[arg-type]


def hand_over(walker: Walker, form: str = "/federate") -> str:
    """Press Continue; the address at the provider."""
    page = walker.submit(form)
    assert page.refresh is not None, page.text
    return page.refresh


def to_the_app(server: RunningServer, walker: Walker, **changes: str) -> Page:
    return walker.open(server.authorize_url(redirect_uri="http://localhost/cb", **changes))


def begin_at(server: RunningServer, walker: Walker, **changes: str) -> str:
    """From the app to the provider of Pia's domain."""
    to_the_app(server, walker, **changes)
    walker.submit("/identify", login=PIA)
    return hand_over(walker)


def pia_is_a_guest(server: RunningServer, walker: Walker) -> None:
    """Invited, and accepted with the account at the mock."""
    walker.open(server.invite(PIA).redeem_url)
    walker.submit("/redeem/start")
    walker.open(Abroad().visit(hand_over(walker)))
    walker.submit("/accept")
    assert not guest(server, PIA).is_pending


def outcome(server: RunningServer) -> ProviderOutcome | None:
    """How hand-overs to the partner last went."""
    with server.ports.store.read(server.tenant.id) as tx:
        return tx.identity_providers.outcomes().get(PARTNER_ID)


def test_an_invitation_is_accepted_with_oidc_provider(contoso: RunningServer, neighbour: Provider) -> None:
    partner(contoso, neighbour, client_authentication=ClientAuthentication.SECRET_BASIC)
    walker, abroad = Walker(contoso.router), Abroad()
    landing = walker.open(contoso.invite(PIA).redeem_url)
    assert "Partner AG" in landing.text
    walker.submit("/redeem/start")
    url = hand_over(walker)
    back = abroad.visit(url, {"login": PIA, "password": "any"}, {})
    page = walker.open(back)
    assert page.has_form("/accept"), page.text
    walker.submit("/accept")
    bound = guest(contoso, PIA)
    assert [
        (entry.issuer, entry.subject) for entry in bound.identities if entry.sign_in_type == "federated"
    ] == [(neighbour.issuer, PIA)]

    # The next time: the same account, and the token names the provider.
    fresh = Walker(contoso.router)
    page = fresh.open(Abroad().visit(begin_at(contoso, fresh), {"login": PIA, "password": "any"}, {}))
    if page.has_form("/consent"):
        page = fresh.submit("/consent", button="Accept")
    claims = id_token_of(contoso, page)
    assert claims["idp"] == neighbour.issuer
    assert claims["oid"] == bound.id
    with contoso.ports.store.read(contoso.tenant.id) as tx:
        last = tx.logs.list_sign_ins(Query()).items[0]
    assert last.steps[0].method == f"Federated: {neighbour.issuer}"


def test_a_client_without_a_secret_proves_itself_by_our_key(contoso: RunningServer, tmp_path: Path) -> None:
    """``private_key_jwt``: the provider knows the keys that we publish."""
    keys = [
        {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key.kid, "n": key.n, "e": key.e}
        for key in contoso.ports.keys.public_keys()
    ]
    method = ClientAuthentication.PRIVATE_KEY_JWT
    config = {"redirect_uris": CALLBACKS, "authentication": method.value, "jwks": {"keys": keys}}
    with node_provider("oidc-provider.mjs", tmp_path, **config) as provider:
        partner(contoso, provider, client_authentication=method, sealed_secret="")
        assert check_provider(contoso.ports, contoso.actor(), PARTNER_ID).is_usable
        walker = Walker(contoso.router)
        walker.open(contoso.invite(PIA).redeem_url)
        walker.submit("/redeem/start")
        page = walker.open(Abroad().visit(hand_over(walker), {"login": PIA, "password": "any"}, {}))
        assert page.has_form("/accept"), sign_in_errors(contoso)


def test_a_provider_that_does_not_vouch_for_the_address_opens_no_invitation(
    contoso: RunningServer, neighbour: Provider
) -> None:
    partner(contoso, neighbour, client_authentication=ClientAuthentication.SECRET_BASIC)
    address = "unverified@partner.example"
    walker = Walker(contoso.router)
    walker.open(contoso.invite(address).redeem_url)
    walker.submit("/redeem/start")
    page = walker.open(Abroad().visit(hand_over(walker), {"login": address, "password": "any"}, {}))
    assert "This invitation is for another account" in page.text
    assert guest(contoso, address).is_pending


def test_cancelling_at_the_provider_leads_back_with_a_way_on(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    walker = Walker(contoso.router)
    url = begin_at(contoso, walker)
    page = walker.open(
        f"{BASE}/{contoso.tenant.id}/federation/oauth2?error=access_denied&state={state_in(url)}"
    )
    assert "did not let you in" in page.text
    assert page.has_form("/federate")
    assert sign_in_errors(contoso)[-1][0] == 65004
    assert outcome(contoso) is None, "a change of mind is no failure of the provider's"
    page = walker.submit("/cancel")
    target = page.refresh or page.response.header("Location") or ""
    assert "error=access_denied" in target


LIES = [
    ({"claims": {"iss": "https://somebody.else.example"}}, "came from somebody else", 50107),
    ({"claims": {"aud": "another-client"}}, "could not be trusted", 40008),
    ({"claims": {"aud": [CLIENT, "another-client"]}}, "could not be trusted", 40008),
    ({"claims": {"azp": "another-client"}}, "could not be trusted", 40008),
    ({"claims": {"nonce": "of-another-sign-in"}}, "could not be trusted", 40008),
    ({"claims": {"nonce": None}}, "could not be trusted", 40008),
    ({"claims": {"exp": 1_600_000_000}}, "could not be trusted", 40008),
    ({"claims": {"exp": "never"}}, "could not be trusted", 40008),
    ({"claims": {"iat": 1_600_000_000}}, "could not be trusted", 40008),
    ({"claims": {"iat": 9_600_000_000, "exp": 9_700_000_000}}, "could not be trusted", 40008),
    ({"claims": {"nbf": 9_600_000_000}}, "could not be trusted", 40008),
    ({"claims": {"sub": ""}}, "could not be trusted", 40008),
    ({"claims": {"sub": 12}}, "could not be trusted", 40008),
    ({"forge": "none"}, "could not be trusted", 40008),
    ({"forge": "public-key-as-secret"}, "could not be trusted", 40008),
    ({"forge": "unknown-key"}, "could not be trusted", 40008),
    ({"response": {"id_token": "no.token"}}, "could not be trusted", 40008),
    ({"response": {"id_token": 7}}, "could not be trusted", 40008),
    ({"status": 400, "response": {"error": "invalid_client"}}, "did not confirm your sign-in", 40015),
    ({"status": 503}, "did not answer", 40010),
    ({"hang_up": "/token"}, "did not answer", 40010),
    ({"flood": "/token"}, "did not answer", 40010),
    ({"elsewhere": {"/token": "http://169.254.169.254/latest/"}}, "may not reach", 40010),
    ({"redirect": {"iss": "https://somebody.else.example"}}, "came from somebody else", 50107),
    ({"redirect": {"code": None}}, "did not confirm your sign-in", 40015),
]  # fmt: skip


@pytest.mark.parametrize(("lie", "said", "number"), LIES, ids=[str(lie) for lie, _, _ in LIES])
def test_a_provider_that_lies_or_fails_proves_nothing(
    contoso: RunningServer, mock: Provider, lie: dict[str, object], said: str, number: int
) -> None:
    partner(contoso, mock)
    contoso.invite(PIA)
    walker = Walker(contoso.router)
    url = begin_at(contoso, walker)
    mock.lie(**lie)
    page = walker.open(Abroad().visit(url))
    assert said in page.text, page.text
    assert page.has_form("/federate"), "the page offers to try again"
    assert sign_in_errors(contoso)[-1][0] == number
    told = outcome(contoso)
    assert told is not None
    assert told.succeeded_at is None
    assert told.failed_at == contoso.clock.now()
    assert f"({told.failure})" in sign_in_errors(contoso)[-1][1]
    mock.lie()
    page = walker.open(Abroad().visit(hand_over(walker)))
    assert page.has_form("/accept"), "and trying again works"
    assert outcome(contoso) == replace(told, succeeded_at=contoso.clock.now())


DOCUMENTS = [
    {"issuer": "https://somebody.else.example"},
    {"authorization_endpoint": "javascript:alert(1)"},
    {"authorization_endpoint": "http://evil.example/authorize"},
    {"token_endpoint": ""},
    {"jwks_uri": None},
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_a_document_that_names_something_else_leads_nowhere(
    contoso: RunningServer, mock: Provider, document: dict[str, object]
) -> None:
    partner(contoso, mock)
    mock.lie(document=document)
    walker = Walker(contoso.router)
    to_the_app(contoso, walker)
    walker.submit("/identify", login=PIA)
    page = walker.submit("/federate")
    assert page.refresh is None
    assert "check its settings" in page.text or "could not be trusted" in page.text
    assert sign_in_errors(contoso)[-1][0] in {50107, 40008}


def test_rotated_keys_are_fetched_and_forged_ones_cost_nothing(
    contoso: RunningServer, mock: Provider
) -> None:
    partner(contoso, mock)
    pia_is_a_guest(contoso, Walker(contoso.router))
    before = mock.tell("/seen")
    # A signature under an unknown key id asks at most once in half a minute. (Each second token is the new key's.)
    mock.tell("/rotate", {"kid": "second"})
    walker = Walker(contoso.router)
    page = walker.open(Abroad().visit(begin_at(contoso, walker)))
    assert "could not be trusted" in page.text
    contoso.clock.advance(timedelta(seconds=31))
    page = walker.open(Abroad().visit(hand_over(walker)))
    assert not page.has_form("/federate"), page.text
    after = mock.tell("/seen")
    assert after["keys"] == before["keys"] + 1
    assert after["document"] == before["document"]


def test_a_slow_provider_shows_a_page_that_goes_on_by_itself(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    contoso.invite(PIA)
    walker = Walker(contoso.router)
    url = begin_at(contoso, walker)
    mock.lie(hold="/token")
    page = walker.open(Abroad().visit(url))
    assert "One moment" in page.text
    assert "localhost" in page.text
    assert page.response.header("Refresh") == "2"
    # Other pages of the sign-in lead here too, as long as it is open.
    assert "One moment" in walker.open(page.url.replace("/progress", "")).text
    mock.lie()
    mock.tell("/release")
    page = walker.open(page.url)
    assert page.has_form("/accept"), page.text


def test_an_errand_whose_process_died_can_be_begun_anew(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    contoso.invite(PIA)
    walker = Walker(contoso.router)
    url = begin_at(contoso, walker)
    mock.lie(hold="/token")
    page = walker.open(Abroad().visit(url))
    contoso.clock.advance(timedelta(seconds=61))
    page = walker.open(page.url)
    assert "No answer yet" in page.text
    assert page.response.header("Refresh") is None
    page = walker.submit("/give-up")
    assert page.has_form("/federate"), page.text
    mock.lie()
    mock.tell("/release")
    page = walker.open(Abroad().visit(hand_over(walker)))
    assert page.has_form("/accept"), "what came late was ignored"


def test_userinfo_completes_a_token_and_speaks_for_nobody_else(
    contoso: RunningServer, mock: Provider
) -> None:
    partner(contoso, mock)
    contoso.invite(PIA)
    nothing = {"email": None, "email_verified": None, "name": None}
    walker = Walker(contoso.router)
    url = begin_at(contoso, walker)
    mock.lie(claims=nothing, profile={"sub": "somebody-else", "email": PIA, "email_verified": True})
    page = walker.open(Abroad().visit(url))
    assert "could not be trusted" in page.text
    mock.lie(claims=nothing, profile={"sub": "mock-1", "email": PIA, "email_verified": True})
    page = walker.open(Abroad().visit(hand_over(walker)))
    assert page.has_form("/accept"), page.text


def test_one_answer_does_not_vouch_for_the_address_of_another(contoso: RunningServer, mock: Provider) -> None:
    """The ID token names an address without a word on it, userinfo vouches for a different one."""
    record = partner(contoso, mock)
    contoso.ports.store.write(
        contoso.tenant.id, lambda tx: tx.identity_providers.replace(replace(record, claims=ClaimMapping()))
    )
    contoso.invite(PIA)
    walker = Walker(contoso.router)
    url = begin_at(contoso, walker)
    mock.lie(
        claims={"email_verified": False, "name": None},
        profile={"sub": "mock-1", "email": "own@partner.example", "email_verified": True},
    )
    page = walker.open(Abroad().visit(url))
    assert "You are not a guest here yet" in page.text
    assert guest(contoso, PIA).is_pending


def test_google_is_named_by_its_mail_and_by_its_hint(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock, id=GOOGLE_PROVIDER_ID, kind=ProviderKind.GOOGLE, display_name="Google", domains=())
    address = "pia.partner@gmail.com"
    walker = Walker(contoso.router)
    walker.open(contoso.invite(address).redeem_url)
    walker.submit("/redeem/start")
    url = hand_over(walker)
    assert f"te%2F{contoso.tenant.id}%2Foauth2%2Fauthresp" in url
    mock.lie(claims={"email": address})
    page = walker.open(Abroad().visit(url))
    assert page.has_form("/accept"), page.text
    walker.submit("/accept")
    bound = guest(contoso, address)
    assert ("google.com", "mock-1") in [(entry.issuer, entry.subject) for entry in bound.identities]

    fresh = Walker(contoso.router)
    page = to_the_app(contoso, fresh, domain_hint="google.com")
    assert "Continue to Google" in page.text
    page = fresh.open(Abroad().visit(hand_over(fresh)))
    if page.has_form("/consent"):
        page = fresh.submit("/consent", button="Accept")
    assert id_token_of(contoso, page)["idp"] == "google.com"
    page = Walker(contoso.router).open(contoso.authorize_url())
    assert "Or continue with" in page.text


def test_a_microsoft_account_accepts_invitations_of_its_own_mail_alone(
    contoso: RunningServer, mock: Provider
) -> None:
    """Its tokens say nothing of ``email_verified``: it is believed for mailboxes that are its own to give."""
    partner(
        contoso,
        mock,
        id=MICROSOFT_ACCOUNT_PROVIDER_ID,
        kind=ProviderKind.MICROSOFT_ACCOUNT,
        display_name="Microsoft Account",
        domains=(),
    )
    address = "pia.partner@outlook.com"
    contoso.invite(PIA)
    mock.lie(claims={"email": PIA, "email_verified": None})
    walker = Walker(contoso.router)
    to_the_app(contoso, walker, domain_hint="consumers")
    page = walker.open(Abroad().visit(hand_over(walker)))
    assert "You are not a guest here yet" in page.text
    assert guest(contoso, PIA).is_pending

    walker = Walker(contoso.router)
    landing = walker.open(contoso.invite(address).redeem_url)
    assert "Microsoft Account" in landing.text
    walker.submit("/redeem/start")
    mock.lie(claims={"email": address, "email_verified": None})
    page = walker.open(Abroad().visit(hand_over(walker)))
    assert page.has_form("/accept"), page.text
    walker.submit("/accept")
    bound = guest(contoso, address)
    assert ("MicrosoftAccount", "mock-1") in [(entry.issuer, entry.subject) for entry in bound.identities]

    fresh = Walker(contoso.router)
    to_the_app(contoso, fresh)
    fresh.submit("/identify", login=address)
    page = fresh.open(Abroad().visit(hand_over(fresh)))
    if page.has_form("/consent"):
        page = fresh.submit("/consent", button="Accept")
    assert id_token_of(contoso, page)["idp"] == "live.com"


def facebook(server: RunningServer, provider: Provider) -> IdentityProvider:
    endpoints = ProviderEndpoints(
        f"{provider.issuer}/authorize", f"{provider.issuer}/token", f"{provider.issuer}/userinfo"
    )
    return partner(
        server,
        provider,
        id=FACEBOOK_PROVIDER_ID,
        kind=ProviderKind.FACEBOOK,
        display_name="Facebook",
        well_known_url="",
        issuer="https://www.facebook.com",
        endpoints=endpoints,
        scope="public_profile email",
        claims=ClaimMapping(subject="id", email_verified="", given_name="first_name", surname="last_name"),
        domains=(),
    )


def test_facebook_never_accepts_an_invitation(contoso: RunningServer, mock: Provider) -> None:
    facebook(contoso, mock)
    contoso.invite(PIA)
    walker = Walker(contoso.router)
    to_the_app(contoso, walker, domain_hint="facebook.com")
    page = walker.open(Abroad().visit(hand_over(walker)))
    assert "You are not a guest here yet" in page.text
    assert f"{PIA} is not a guest of Contoso yet." in page.text, "an address is no word to capitalise"
    assert "facebook.com" in sign_in_errors(contoso)[-1][1]
    assert guest(contoso, PIA).is_pending


def test_a_fresh_sign_in_is_asked_of_the_provider(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    pia_is_a_guest(contoso, Walker(contoso.router))
    walker = Walker(contoso.router)
    url = begin_at(contoso, walker, prompt="login")
    assert "prompt=login" in url
    mock.lie(claims={"auth_time": int((contoso.clock.now() - timedelta(hours=3)).timestamp())})
    page = walker.open(Abroad().visit(url))
    assert "did not ask you to sign in again" in page.text
    mock.lie(claims={"auth_time": int(contoso.clock.now().timestamp())})
    page = walker.open(Abroad().visit(hand_over(walker)))
    assert not page.has_form("/federate"), page.text


def test_a_provider_on_a_private_address_is_not_asked_unless_allowed(
    contoso: RunningServer, mock: Provider
) -> None:
    from tests.support.outgoing import outgoing

    contoso.ports = replace(contoso.ports, **outgoing(contoso.clock, allow_private=False))
    from tests.support.platform import make_router

    contoso.router = make_router(contoso.ports)
    partner(contoso, mock)
    before = mock.tell("/seen")
    walker = Walker(contoso.router)
    to_the_app(contoso, walker)
    walker.submit("/identify", login=PIA)
    page = walker.submit("/federate")
    assert "may not reach Partner AG" in page.text
    assert mock.tell("/seen") == before


def test_guests_bound_to_their_mailbox_before_still_get_a_code(
    contoso: RunningServer, mock: Provider
) -> None:
    walker = Walker(contoso.router)
    walker.open(contoso.invite(PIA).redeem_url)
    walker.submit("/redeem/start")
    walker.submit("/code", code=contoso.code_for(PIA))
    walker.submit("/accept")
    partner(contoso, mock)
    contoso.clock.advance(timedelta(minutes=1))
    fresh = Walker(contoso.router)
    to_the_app(contoso, fresh)
    page = fresh.submit("/identify", login=PIA)
    assert "Continue to Partner AG" in page.text
    fresh.submit("/use-code")
    fresh.submit("/send")
    page = fresh.submit("/signin/code", code=contoso.code_for(PIA))
    assert page.has_form("/consent") or page.response.header("Location"), page.text


def test_a_code_by_mail_accepts_no_invitation_of_a_providers_people(
    contoso: RunningServer, mock: Provider
) -> None:
    """Locked out at the provider, with a mailbox that still works: no way in."""
    partner(contoso, mock)
    contoso.invite(PIA)
    walker = Walker(contoso.router)
    to_the_app(contoso, walker)
    walker.submit("/identify", login=PIA)
    walker.submit("/use-code")
    walker.submit("/send")
    page = walker.submit("/signin/code", code=contoso.code_for(PIA))
    assert "You are not a guest here yet" in page.text
    assert guest(contoso, PIA).is_pending


def test_inviter_and_mail_say_where_the_guest_will_sign_in(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    order = InvitationOrder(PIA, redirect_url=f"{BASE}/myapps", send_message=True)
    findings = preflight(contoso.ports, contoso.actor(), order)
    assert f"{PIA} signs in at Partner AG." in [finding.text for finding in findings]
    contoso.invite(PIA, send_message=True)
    assert contoso.mails_to(PIA)[-1].data["way"] == "account"
    contoso.invite("maria@nordwind.example", send_message=True)
    assert contoso.mails_to("maria@nordwind.example")[-1].data["way"] == "passcode"


def test_whoever_came_with_the_wrong_account_is_asked_for_another(
    contoso: RunningServer, mock: Provider
) -> None:
    """A session at the provider would send the same account again and again."""
    partner(contoso, mock)
    walker = Walker(contoso.router)
    walker.open(contoso.invite(PIA).redeem_url)
    walker.submit("/redeem/start")
    mock.lie(claims={"sub": "bob", "email": "bob@partner.example"})
    page = walker.open(Abroad().visit(hand_over(walker)))
    assert (
        "You are signed in as bob@partner.example, but this invitation is for pia@partner.example"
        in page.text
    )
    page = walker.submit("/another-account")
    assert "prompt=login" in (page.refresh or "")
    mock.lie()
    page = walker.open(Abroad().visit(page.refresh or ""))
    assert page.has_form("/accept"), page.text


def test_typing_another_address_of_the_same_provider_asks_it_anew(
    contoso: RunningServer, mock: Provider
) -> None:
    partner(contoso, mock)
    walker = Walker(contoso.router)
    page = walker.open(Abroad().visit(begin_at(contoso, walker)))
    assert "You are not a guest here yet" in page.text
    walker.follow("Use a different account")
    page = walker.submit("/identify", login="carla@partner.example")
    assert "Choose the account that you want to use at Partner AG" in page.text
    assert "prompt=login" in hand_over(walker)


def test_max_age_is_the_providers_to_keep(contoso: RunningServer, mock: Provider) -> None:
    partner(contoso, mock)
    walker = Walker(contoso.router)
    url = begin_at(contoso, walker, max_age="600")
    assert "max_age=600" in url
    assert "prompt=" not in url
    old = int((contoso.clock.now() - timedelta(hours=1)).timestamp())
    mock.lie(claims={"auth_time": old})
    page = walker.open(Abroad().visit(url))
    assert "did not ask you to sign in again" in page.text
