"""A person of one tenant as the guest of another: the home says who they are, each time anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.federating import (
    BERTA,
    FABRIKAM,
    Home,
    guest,
    id_token_of,
    make_home,
    sign_in_errors,
)
from tests.support.platform import PASSWORD, RunningServer, platform
from tests.support.walker import BASE, Page, Walker
from xenia.core.actor import system_actor
from xenia.core.directory.identity_provider import ENTRA_ISSUER
from xenia.core.query import Query
from xenia.usecases.users.manage_users import NewMember, create_member


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as running:
        yield running


@pytest.fixture
def home(server: RunningServer) -> Home:
    return make_home(server)


def redeem(server: RunningServer, walker: Walker, login: str | None = None) -> Page:
    """From the invitation's link to the end, by the home's password."""
    walker.open(server.invite(BERTA).redeem_url)
    walker.submit("/redeem/start")
    walker.submit("/federate")
    if login is not None:
        walker.follow("Use a different account")
        walker.submit("/identify", login=login)
    return walker.submit("/password", password=PASSWORD)


def to_the_app(server: RunningServer, walker: Walker, **changes: str) -> Page:
    return walker.open(server.authorize_url(redirect_uri="http://localhost/cb", **changes))


def test_an_invited_person_redeems_with_the_account_of_the_other_tenant(
    server: RunningServer, home: Home
) -> None:
    walker = Walker(server.router)
    landing = walker.open(server.invite(BERTA).redeem_url)
    assert "Fabrikam" in landing.text
    page = walker.submit("/redeem/start")
    assert "Continue to Fabrikam" in page.text
    page = walker.submit("/federate")
    assert f"/{home.tenant.id}/signin" in page.url
    page = walker.submit("/password", password=PASSWORD)
    assert page.has_form("/accept"), page.text
    walker.submit("/accept")

    bound = guest(server, BERTA)
    assert [entry.issuer for entry in bound.identities if entry.sign_in_type == "federated"] == [ENTRA_ISSUER]
    assert not bound.is_pending
    with server.ports.store.read(server.tenant.id) as tx:
        audits = tx.logs.list_audit(Query()).items
        last = tx.logs.list_sign_ins(Query()).items[0]
    assert any("Source: Azure AD" in str(record.targets) for record in audits)
    assert last.home_tenant_id == home.tenant.id
    assert last.steps[0].method == f"Federated: {BASE}/{home.tenant.id}/"


def test_the_token_says_where_the_guest_proved_who_they_are(server: RunningServer, home: Home) -> None:
    walker = Walker(server.router)
    redeem(server, walker)
    walker.submit("/accept")
    fresh = Walker(server.router)
    to_the_app(server, fresh)
    fresh.submit("/identify", login=BERTA)
    fresh.submit("/federate")
    page = fresh.submit("/password", password=PASSWORD)
    if page.has_form("/consent"):
        page = fresh.submit("/consent", button="Accept")
    claims = id_token_of(server, page)
    assert claims["idp"] == f"{BASE}/{home.tenant.id}/"
    assert claims["tid"] == server.tenant.id
    assert claims["oid"] == guest(server, BERTA).id != home.member.id


def test_an_account_disabled_at_home_cannot_sign_in_the_next_time(server: RunningServer, home: Home) -> None:
    walker = Walker(server.router)
    redeem(server, walker)
    walker.submit("/accept")
    home.change_member(account_enabled=False)

    # The session at the inviting tenant still counts for a while; a fresh proof does not come any more.
    to_the_app(server, walker, prompt="login")
    walker.submit("/identify", login=BERTA)
    page = walker.submit("/federate")
    assert "Your account is blocked" in page.text or page.has_form("/password")
    if page.has_form("/password"):
        page = walker.submit("/password", password=PASSWORD)
    assert "Your account is blocked" in page.text
    assert f"/{home.tenant.id}/" in page.url

    fresh = Walker(server.router)
    to_the_app(server, fresh)
    fresh.submit("/identify", login=BERTA)
    fresh.submit("/federate")
    page = fresh.submit("/password", password=PASSWORD)
    assert "Your account is blocked" in page.text


def test_the_session_at_the_host_ends_within_a_day(server: RunningServer, home: Home) -> None:
    walker = Walker(server.router)
    redeem(server, walker)
    walker.submit("/accept")
    page = to_the_app(server, walker)
    assert page.has_form("/consent") or page.response.header("Location"), page.text
    server.clock.advance(timedelta(hours=23))
    home.change_member(account_enabled=False)
    server.clock.advance(timedelta(hours=2))
    page = to_the_app(server, walker)
    assert page.has_form("/identify") or page.has_form("/federate"), page.text


def test_somebody_else_of_that_tenant_cannot_accept_the_invitation(server: RunningServer, home: Home) -> None:
    operator = system_actor(home.tenant.id, server.ports.entropy.guid())
    create_member(server.ports, operator, NewMember(f"carl@{FABRIKAM}", "Carl", password=PASSWORD))
    walker = Walker(server.router)
    page = redeem(server, walker, login=f"carl@{FABRIKAM}")
    assert "This invitation is for another account" in page.text
    assert guest(server, BERTA).is_pending


def test_a_stranger_of_the_other_tenant_is_no_guest(server: RunningServer, home: Home) -> None:
    walker = Walker(server.router)
    to_the_app(server, walker)
    walker.submit("/identify", login=BERTA)
    walker.submit("/federate")
    page = walker.submit("/password", password=PASSWORD)
    assert "You are not a guest here yet" in page.text
    assert sign_in_errors(server)[-1][0] == 50020
    assert "Use a different account" in page.text


def test_a_person_who_only_claims_the_address_is_not_that_person(server: RunningServer, home: Home) -> None:
    """Another tenant writes somebody else's address on its own user: it owns no such domain."""
    thief = make_home(server, "thief.example", "mallory")
    thief.change_member(mail=BERTA, other_mails=(BERTA,))
    walker = Walker(server.router)
    walker.open(server.invite(BERTA).redeem_url)
    walker.submit("/redeem/start")
    walker.follow("Use a different account") if any(
        text == "Use a different account" for text, _ in (walker.page.links if walker.page else [])
    ) else None
    to_the_app(server, walker)
    walker.submit("/identify", login=thief.member.user_principal_name)
    walker.submit("/federate")
    page = walker.submit("/password", password=PASSWORD)
    assert "You are not a guest here yet" in page.text
    assert guest(server, BERTA).is_pending


def test_a_silent_request_is_answered_without_a_page(server: RunningServer, home: Home) -> None:
    walker = Walker(server.router)
    page = to_the_app(server, walker, prompt="none", login_hint=BERTA)
    assert "error=login_required" in (page.response.header("Location") or "")


def test_domain_hint_leads_to_the_home(server: RunningServer, home: Home) -> None:
    walker = Walker(server.router)
    page = to_the_app(server, walker, domain_hint=FABRIKAM)
    assert "Continue to Fabrikam" in page.text
    walker.submit("/federate")
    page = walker.submit("/identify", login=BERTA)
    assert page.has_form("/password")


def test_a_guest_of_the_other_tenant_is_not_its_own(server: RunningServer, home: Home) -> None:
    """Guests have one home: the tenant that merely hosts somebody does not speak for them."""
    third = make_home(server, "third.example", "tina")
    operator_host = RunningServer(
        server.ports, server.clock, server.router, home.tenant, home.member, server.app
    )
    result = operator_host_invites(operator_host, third)
    walker = Walker(server.router)
    walker.open(result)
    walker.submit("/redeem/start")
    walker.submit("/federate")
    walker.submit("/password", password=PASSWORD)
    walker.submit("/accept")
    # Now a guest of Fabrikam goes to Contoso by way of Fabrikam.
    to_the_app(server, walker, domain_hint=FABRIKAM)
    page = walker.submit("/federate")
    assert "You are a guest at Fabrikam yourself" in page.text, page.text
    assert sign_in_errors(server)[-1][0] == 40008


def operator_host_invites(host: RunningServer, third: Home) -> str:
    from xenia.core.actor import Actor
    from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR
    from xenia.usecases.invitations.invitation_order import InvitationOrder
    from xenia.usecases.invitations.invite_guest import invite_guest

    actor = Actor(
        host.tenant.id,
        "c0ffee00-0000-4000-8000-000000000001",
        user_id=host.admin.id,
        display_name="Berta",
        roles=frozenset({GLOBAL_ADMINISTRATOR.template_id}),
    )
    order = InvitationOrder(third.member.user_principal_name, redirect_url=f"{BASE}/myapps")
    return invite_guest(host.ports, actor, order).redeem_url


def test_the_wrong_account_of_a_tenant_is_followed_by_a_choice(server: RunningServer, home: Home) -> None:
    operator = system_actor(home.tenant.id, server.ports.entropy.guid())
    create_member(server.ports, operator, NewMember(f"carl@{FABRIKAM}", "Carl", password=PASSWORD))
    walker = Walker(server.router)
    page = redeem(server, walker, login=f"carl@{FABRIKAM}")
    assert "This invitation is for another account" in page.text
    page = walker.submit("/another-account")
    assert "Pick an account" in page.text
    walker.follow("Use another account")
    walker.submit("/identify", login=BERTA)
    page = walker.submit("/password", password=PASSWORD)
    assert page.has_form("/accept"), page.text


def test_a_session_answers_silently_until_the_proof_is_a_day_old(server: RunningServer, home: Home) -> None:
    walker = Walker(server.router)
    redeem(server, walker)
    walker.submit("/accept")
    page = to_the_app(server, walker)
    if page.has_form("/consent"):
        page = walker.submit("/consent", button="Accept")
    assert "code" in (page.response.header("Location") or page.refresh or "")
    page = to_the_app(server, walker, prompt="none")
    assert id_token_of(server, page)["idp"] == f"{BASE}/{home.tenant.id}/"
    server.clock.advance(timedelta(hours=25))
    page = to_the_app(server, walker, prompt="none")
    assert "error=login_required" in (page.response.header("Location") or "")
