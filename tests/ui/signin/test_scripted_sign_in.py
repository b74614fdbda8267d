"""Signing in for a script takes the steps of a browser: the same claims, state and records, and the same refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.journeys import MARIA, administrator_signs_in, become_guest, guest_signs_in
from tests.support.platform import VERIFIER, RunningServer
from tests.support.protocol import claims_of
from tests.support.walker import Page, Walker, query_of
from xenia.core import errors
from xenia.core.claims import ClientAuthentication
from xenia.core.directory.user import ExternalUserState
from xenia.core.query import Query
from xenia.ports import Transaction
from xenia.usecases.tokens.authenticate_client import AuthenticatedClient, find_client
from xenia.usecases.tokens.redeem_code import CodeRedemption, redeem_code
from xenia.usecases.tokens.scripted_sign_in import (
    USER_AGENT,
    ScriptedSignIn,
    redeem_for_script,
    token_for_script,
)
from xenia.usecases.tokens.token_set import TokenSet
from xenia.usecases.users.user_lifecycle import delete_user

OF_EACH_SIGN_IN = {"aio", "auth_time", "exp", "iat", "nbf", "nonce", "rh", "sid", "uti", "xms_ftd"}
"""Claims that differ between two sign-ins in a browser too."""


def by_script(server: RunningServer, login: str = MARIA, *, agrees: bool = True, **order: Any) -> TokenSet:
    asked = ScriptedSignIn(login, server.app.app_id, ("openid", "profile"), agrees=agrees, **order)
    return token_for_script(server.ports, server.tenant, asked)


def by_browser(server: RunningServer, page: Page) -> TokenSet:
    """What the app makes of what the browser brought back."""
    sent_back = query_of(page.refresh or page.response.header("Location") or "")
    with server.ports.store.read(server.tenant.id) as tx:
        client = AuthenticatedClient(
            *find_client(tx, server.tenant, server.app.app_id), ClientAuthentication.SECRET
        )
    redemption = CodeRedemption(
        code=sent_back["code"],
        redirect_uri="https://orders.example/signed-in",
        verifier=VERIFIER,
        scopes=(),
        base_url=server.ports.server.base_url,
        ip_address="127.0.0.1",
    )
    return redeem_code(server.ports, server.tenant, client, redemption, server.clock.now())


def said(token: str | None) -> dict[str, object]:
    assert token is not None
    return {name: value for name, value in claims_of(token).items() if name not in OF_EACH_SIGN_IN}


def with_consent(page: Page, walker: Walker) -> Page:
    return walker.submit("/consent", button="Accept") if page.has_form("/consent") else page


def test_a_guest_gets_the_claims_of_a_browser(server: RunningServer) -> None:
    walker = server.walker()
    secret = become_guest(server, walker)
    walker = server.walker()
    page = guest_signs_in(server, walker, server.authorize_url(), secret)
    browser = by_browser(server, with_consent(page, walker))
    script = by_script(server)
    assert said(script.id_token) == said(browser.id_token)
    assert said(script.access_token) == said(browser.access_token)
    assert "mfa" in str(claims_of(script.access_token)["amr"])


def test_a_member_gets_the_claims_of_a_browser(server: RunningServer) -> None:
    walker = server.walker()
    page, _ = administrator_signs_in(server, walker, server.authorize_url())
    browser = by_browser(server, page)
    script = by_script(server, server.admin.user_principal_name)
    assert said(script.id_token) == said(browser.id_token)
    assert said(script.access_token) == said(browser.access_token)


def test_a_redemption_leaves_what_a_guest_leaves(server: RunningServer) -> None:
    """State, identities and audit records; compared with those of somebody in a browser."""
    become_guest(server, server.walker(), "bea@nordwind.example")
    result = server.invite()
    invitation, user = redeem_for_script(server.ports, result.invitation.id)
    assert (invitation.status, user.external_user_state) == ("Completed", ExternalUserState.ACCEPTED)
    with server.ports.store.read(server.tenant.id) as tx:
        (bea,) = tx.users.find_by_address("bea@nordwind.example")
        activities = {
            who.id: sorted(
                record.activity
                for record in tx.logs.list_audit(Query()).items
                if any(target.id == who.id for target in record.targets)
            )
            for who in (bea, user)
        }
        signed_in = tx.logs.list_sign_ins(Query(limit=1)).items[0]
    assert [(one.sign_in_type, one.issuer) for one in user.identities] == [
        (one.sign_in_type, one.issuer) for one in bea.identities
    ]
    assert activities[user.id] == activities[bea.id]
    assert (signed_in.user_id, signed_in.error_code, signed_in.user_agent) == (user.id, 0, USER_AGENT)
    again, _ = redeem_for_script(server.ports, result.invitation.id)
    assert again == invitation


def test_an_open_invitation_is_accepted_only_when_told(server: RunningServer) -> None:
    result = server.invite()
    with pytest.raises(errors.Conflict, match="asks whether to accept the invitation"):
        by_script(server, agrees=False)
    with server.ports.store.read(server.tenant.id) as tx:
        user = tx.users.find(result.user.id)
    assert user is not None
    assert user.external_user_state is ExternalUserState.PENDING_ACCEPTANCE
    assert claims_of(by_script(server).access_token)["oid"] == result.user.id


def test_permissions_are_agreed_to_only_when_told(server: RunningServer) -> None:
    become_guest(server, server.walker())
    with pytest.raises(errors.ConsentRequired):
        by_script(server, agrees=False)
    first = by_script(server)
    assert said(by_script(server, agrees=False).access_token) == said(first.access_token)


def test_who_could_not_come_in_gets_nothing(server: RunningServer) -> None:
    with pytest.raises(errors.AccountNotInTenant):
        by_script(server, "stranger@nordwind.example")
    with pytest.raises(errors.InvalidValue, match="There is no member"):
        by_script(server, "nobody")
    become_guest(server, server.walker())
    with server.ports.store.read(server.tenant.id) as tx:
        (maria,) = tx.users.find_by_address(MARIA)

    def block(tx: Transaction) -> None:
        tx.users.replace(replace(maria, account_enabled=False))

    server.ports.store.write(server.tenant.id, block)
    with pytest.raises(errors.XeniaError) as refused:
        by_script(server)
    assert not isinstance(refused.value, errors.Conflict)


def test_invitations_that_lead_nowhere(server: RunningServer) -> None:
    result = server.invite()
    with pytest.raises(errors.NotFound):
        redeem_for_script(server.ports, "00000000-0000-4000-8000-000000000000")
    delete_user(server.ports, server.actor(), result.user.id)
    with pytest.raises(errors.InvitationNotUsable):
        redeem_for_script(server.ports, result.invitation.id)
