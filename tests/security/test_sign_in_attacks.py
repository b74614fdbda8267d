"""Attacks on a sign-in under way: what was proven once must not outlive its session, its account or its kind."""

from __future__ import annotations

from datetime import timedelta

from tests.support.journeys import MARIA, administrator_signs_in, become_guest, guest_signs_in
from tests.support.platform import PASSWORD, RunningServer
from tests.support.walker import Walker
from xenia.core.actor import system_actor
from xenia.core.directory.application import GRAPH_APP_ID, DelegatedGrant
from xenia.ports import Transaction
from xenia.usecases.invitations.invitation_order import InvitationOrder
from xenia.usecases.invitations.invite_guest import invite_guest
from xenia.usecases.users.manage_users import NewMember, create_member


def sign_out(server: RunningServer, walker: Walker) -> None:
    walker.open(f"/{server.tenant.id}/oauth2/v2.0/logout")
    walker.submit("/logout/confirm")


def test_signing_out_ends_sign_ins_that_lean_on_the_session(server: RunningServer) -> None:
    """At a shared computer, a page left open must not sign the next person in as the last one."""
    secret = become_guest(server, server.walker())
    walker = server.walker("203.0.113.1")
    guest_signs_in(server, walker, server.authorize_url(), secret)
    walker.submit("/consent", button="Accept")
    waiting = walker.open(server.authorize_url(prompt="consent"))
    assert "Permissions requested" in waiting.text, "single sign-on, with a page still due"
    sign_out(server, walker)
    walker.page = waiting
    page = walker.submit("/consent", button="Accept")
    assert "code=" not in (page.refresh or page.response.header("Location") or ""), page.text
    assert page.has_form("/send") or page.has_form("/signin/code"), page.text


def test_a_redemption_under_way_ends_with_the_session_it_leans_on(server: RunningServer) -> None:
    secret = become_guest(server, server.walker())
    walker = server.walker("203.0.113.1")
    guest_signs_in(server, walker, server.authorize_url(), secret)
    walker.submit("/consent", button="Accept")
    link = server.invite(MARIA, redirect_url="https://portal.contoso.example/").redeem_url
    server.policies(security_defaults=True)
    waiting = walker.open(server.authorize_url(prompt="select_account"))
    picked = walker.submit("/pick") if waiting.has_form("/pick") else waiting
    sign_out(server, walker)
    assert link
    again = walker.open(picked.url)
    assert "Permissions requested" not in again.text


def convert(server: RunningServer, user_id: str, email: str) -> str:
    operator = system_actor(server.tenant.id, server.ports.entropy.guid())
    order = InvitationOrder(email, "https://portal.contoso.example/", user_id=user_id)
    return invite_guest(server.ports, operator, order).redeem_url


def test_an_internal_session_does_not_redeem_the_outside_identity(server: RunningServer) -> None:
    """The invited mailbox counts, not the password of before: otherwise no mailbox is ever proven."""
    server.policies(security_defaults=False)
    operator = system_actor(server.tenant.id, server.ports.entropy.guid())
    name = f"bob@{server.tenant.initial_domain}"
    bob = create_member(
        server.ports, operator, NewMember(name, "Bob", PASSWORD, properties={"mail": "bob@partner.example"})
    ).user
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login=name)
    walker.submit("/password", password=PASSWORD)
    walker.submit("/consent", button="Accept")
    walker.submit("/stay", button="No")
    server.clock.advance(timedelta(minutes=1))
    walker.open(convert(server, bob.id, "bob@partner.example"))
    page = walker.submit("/redeem/start")
    assert page.has_form("/signin/code"), page.text
    page = walker.submit("/code", code=server.code_for("bob@partner.example"))
    assert page.has_form("/accept")
    walker.submit("/accept")
    with server.ports.store.read(server.tenant.id) as tx:
        stored = tx.users.find(bob.id)
    assert stored is not None
    assert [entry.subject for entry in stored.identities if entry.issuer == "mail"] == ["bob@partner.example"]


def test_the_old_password_opens_nothing_after_a_conversion(server: RunningServer) -> None:
    operator = system_actor(server.tenant.id, server.ports.entropy.guid())
    name = f"bob@{server.tenant.initial_domain}"
    bob = create_member(
        server.ports, operator, NewMember(name, "Bob", PASSWORD, properties={"mail": "bob@partner.example"})
    ).user
    convert(server, bob.id, "bob@partner.example")
    walker = server.walker()
    walker.open(server.authorize_url())
    walker.submit("/identify", login=name)
    assert "does not match" in walker.submit("/password", password=PASSWORD).text
    with server.ports.store.read(server.tenant.id) as tx:
        assert tx.credentials.password(bob.id) is None, "nothing to steal is left behind"


def test_consent_of_a_person_never_covers_what_takes_an_administrator(server: RunningServer) -> None:
    """What an administrator granted for everybody ends when the administrator withdraws it."""
    with server.ports.store.read(server.tenant.id) as tx:
        client = tx.applications.service_principal(server.app.app_id)
        graph = tx.applications.service_principal(GRAPH_APP_ID)
    assert client is not None
    assert graph is not None
    grant = DelegatedGrant(
        server.ports.entropy.guid(), client.id, "AllPrincipals", None, graph.id, ("User.Read.All",)
    )

    def write(tx: Transaction) -> None:
        tx.applications.put_grant(grant)

    server.ports.store.write(server.tenant.id, write)
    url = server.authorize_url(scope="openid profile User.Read.All", prompt="login")
    administrator_signs_in(server, server.walker(), url)
    with server.ports.store.read(server.tenant.id) as tx:
        own = [each for each in tx.applications.grants_of(client.id) if each.principal_id == server.admin.id]
    assert own
    assert all("User.Read.All" not in each.scopes for each in own)
