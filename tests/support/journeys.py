"""Journeys that many tests walk: becoming a guest, signing in as a guest or as the administrator."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.support.platform import PASSWORD, RunningServer
from tests.support.walker import Page, Walker
from xenia.core.directory.application import GRAPH_APP_ID, DelegatedGrant
from xenia.ports import Transaction

MARIA = "maria@nordwind.example"


def shown_secret(page: Page) -> str:
    """The authenticator secret on the set-up page."""
    found = re.search(r'id="secret-key"[^>]*>\s*([A-Z2-7 ]+?)\s*<', page.source)
    assert found is not None, page.text
    return found.group(1).replace(" ", "")


def app_code(server: RunningServer, secret: str) -> str:
    """What the authenticator app shows now."""
    return server.ports.totp.code(secret, server.clock.now())


def prove_mailbox(server: RunningServer, walker: Walker, link: str, address: str = MARIA) -> Page:
    """Open the invitation and prove the invited mailbox."""
    walker.open(link)
    walker.submit("/redeem/start")
    return walker.submit("/code", code=server.code_for(address))


def enrol(server: RunningServer, walker: Walker) -> str:
    """Set up an authenticator app; its secret."""
    page = walker.submit("/enrol")
    secret = shown_secret(page)
    walker.submit("/enrol-code", code=app_code(server, secret))
    return secret


def become_guest(server: RunningServer, walker: Walker, address: str = MARIA) -> str:
    """Invited, accepted, enrolled; the authenticator secret. A minute passes, so that codes differ."""
    result = server.invite(address, redirect_url="https://portal.contoso.example/")
    prove_mailbox(server, walker, result.redeem_url, address)
    walker.submit("/accept")
    secret = enrol(server, walker)
    server.clock.advance(timedelta(minutes=1))
    return secret


def guest_signs_in(
    server: RunningServer, walker: Walker, url: str, secret: str, address: str = MARIA
) -> Page:
    """From an authorization request to the app (or the consent page)."""
    walker.open(url)
    walker.submit("/identify", login=address)
    walker.submit("/send")
    walker.submit("/signin/code", code=server.code_for(address))
    return walker.submit("/second-factor", code=app_code(server, secret))


def administrator_signs_in(
    server: RunningServer, walker: Walker, url: str, secret: str | None = None
) -> tuple[Page, str]:
    """Password, authenticator app (set up the first time), not staying signed in; the page and the secret."""
    walker.open(url)
    walker.submit("/identify", login=server.admin.user_principal_name)
    walker.submit("/password", password=PASSWORD)
    if secret is None:
        secret = enrol(server, walker)
    else:
        walker.submit("/second-factor", code=app_code(server, secret))
    server.clock.advance(timedelta(minutes=1))
    assert walker.page is not None
    if walker.page.has_form("/consent"):
        walker.submit("/consent", button="Accept")
    page = walker.submit("/stay", button="No")
    return page, secret


def everybody_agreed(server: RunningServer) -> None:
    """An administrator agreed to what the app asks for: where assignment is required nobody else can."""

    def agree(tx: Transaction) -> None:
        found = [tx.applications.service_principal(each) for each in (server.app.app_id, GRAPH_APP_ID)]
        client, graph = (each for each in found if each is not None)
        scopes = ("openid", "profile", "email", "offline_access", "User.Read")
        grant_id = server.ports.entropy.guid()
        tx.applications.put_grant(
            DelegatedGrant(grant_id, client.id, "AllPrincipals", None, graph.id, scopes)
        )

    server.ports.store.write(server.tenant.id, agree)
