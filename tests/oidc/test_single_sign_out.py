"""One sign-out for all apps of the session: hidden frames, logout tokens, and nobody else's session touched."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.connector_server import ConnectorServer, answer, connector_server
from tests.support.journeys import administrator_signs_in, app_code
from tests.support.platform import PASSWORD
from tests.support.protocol import WEB, Protocol, body_of, claims_of, params_of
from tests.support.sign_out import (
    FRONT,
    another_tenant,
    deliver,
    is_signed_in,
    logout_url,
    registered_app,
    token_of,
    verified,
)
from tests.support.walker import Walker, read_page
from xenia.core.audit import AuditRecord
from xenia.core.logout import LOGOUT_EVENT, NoticeState
from xenia.core.query import Compare, Query
from xenia.usecases.users.manage_users import delete_user, revoke_sessions, update_user


@pytest.fixture
def app_server() -> Iterator[ConnectorServer]:
    """The app's own server."""
    with connector_server() as running:
        running.will(answer(b""))
        yield running


def sign_in(idp: Protocol) -> tuple[Walker, str]:
    """A browser with the administrator in it, and the ID token of Orders."""
    walker = idp.walker()
    administrator_signs_in(idp.server, walker, idp.server.authorize_url())
    return walker, id_token(idp, walker)


def id_token(idp: Protocol, walker: Walker) -> str:
    code = params_of(walker.send("GET", idp.server.authorize_url(prompt="none")))["code"]
    token = body_of(idp.redeem(code))["id_token"]
    assert isinstance(token, str)
    return token


def records(idp: Protocol, activity: str) -> tuple[AuditRecord, ...]:
    found = idp.read(lambda tx: tx.logs.list_audit(Query(Compare("activity", "eq", activity))).items)
    assert isinstance(found, tuple)
    return found


# --- front channel -----------------------------------------------------------------------------------


def test_every_app_of_the_session_is_loaded_in_a_frame_and_then_it_goes_on(idp: Protocol) -> None:
    idp.change_app(logout_url=FRONT)
    stock = registered_app(idp.server, "Stock", logout_url="http://localhost:3000/out?keep=1")
    registered_app(idp.server, "Never used", logout_url="https://never.example/out")
    walker, token = sign_in(idp)
    for _ in range(2):
        page = walker.open(idp.server.authorize_url(client_id=stock.app_id))
        if page.has_form("/consent"):
            walker.submit("/consent", button="Accept")
    claims = claims_of(token)
    page = walker.open(logout_url(idp.server, id_token_hint=token, post_logout_redirect_uri=WEB, state="bye"))
    told = {name: href for name, href in page.links if name in ("Orders", "Stock")}
    assert {name for name, _ in page.links} >= {"Orders", "Stock"}
    assert "Never used" not in page.text
    assert told["Orders"].startswith(f"{FRONT}?iss=")
    assert told["Stock"].startswith("http://localhost:3000/out?keep=1&iss=")
    for url in told.values():
        query = dict(parse_qsl(urlsplit(url).query))
        assert (query["iss"], query["sid"]) == (claims["iss"], claims["sid"])
    policy = page.response.header("Content-Security-Policy") or ""
    assert policy.endswith("; frame-src https://orders.example http://localhost:3000")
    assert page.refresh == f"{WEB}?state=bye", "without scripts the page goes on by itself"
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert 'sandbox="allow-scripts allow-same-origin"' in page.source
    assert not is_signed_in(idp.server, walker)


def test_without_an_address_to_go_to_the_page_stays_and_lists_the_apps(idp: Protocol) -> None:
    idp.change_app(logout_url=FRONT)
    walker, token = sign_in(idp)
    page = walker.open(logout_url(idp.server, id_token_hint=token))
    assert page.refresh is None
    assert "Orders" in [name for name, _ in page.links]
    again = walker.open(logout_url(idp.server, id_token_hint=token))
    assert "Orders" not in [name for name, _ in again.links], "what was told is not told again"


def test_an_address_that_would_write_the_policy_is_not_framed(idp: Protocol) -> None:
    """An app's owner must not be able to loosen the policy of our page."""
    idp.change_app(logout_url="https://evil.example;script-src 'unsafe-inline'/x")
    walker, token = sign_in(idp)
    response = walker.send("GET", logout_url(idp.server, id_token_hint=token))
    policy = response.header("Content-Security-Policy") or ""
    assert "unsafe-inline" not in policy
    assert "evil" not in policy
    assert b"<iframe" not in response.body


def test_an_address_with_markup_stays_text(idp: Protocol) -> None:
    idp.change_app(logout_url='https://orders.example/"><script>alert(1)</script>')
    walker, token = sign_in(idp)
    response = walker.send("GET", logout_url(idp.server, id_token_hint=token))
    assert b"<script>alert" not in response.body


def test_a_new_proof_keeps_the_session_id_that_apps_know_and_changes_the_secret(idp: Protocol) -> None:
    walker = idp.walker()
    url = idp.server.authorize_url()
    _, secret = administrator_signs_in(idp.server, walker, url)
    before, kept = id_token(idp, walker), set(walker.cookies.values())
    again = idp.server.authorize_url(prompt="login", login_hint=idp.server.admin.user_principal_name)
    walker.open(again)
    walker.submit("/password", password=PASSWORD)
    page = walker.submit("/second-factor", code=app_code(idp.server, secret))
    if page.has_form("/stay"):
        walker.submit("/stay", button="No")
    after = id_token(idp, walker)
    assert claims_of(after)["sid"] == claims_of(before)["sid"]
    session = next(value for name, value in walker.cookies.items() if f"-s-{idp.tenant_id}" in name)
    assert session not in kept


# --- back channel ------------------------------------------------------------------------------------


def test_a_logout_token_is_posted_to_the_app(idp: Protocol, app_server: ConnectorServer) -> None:
    idp.change_app(back_channel_logout_uri=f"{app_server.url}/back")
    walker, token = sign_in(idp)
    assert deliver(idp.server) == 0, "nobody has signed out yet"
    walker.send("GET", logout_url(idp.server, id_token_hint=token))
    assert deliver(idp.server) == 1
    (request,) = app_server.received
    header, claims = verified(idp, token_of(request), idp.app.app_id)
    known = claims_of(token)
    now = int(idp.server.clock.now().timestamp())
    assert header["typ"] == "logout+jwt"
    assert claims.pop("jti")
    assert claims == {
        "iss": known["iss"],
        "aud": idp.app.app_id,
        "iat": now,
        "exp": now + 120,
        "events": {LOGOUT_EVENT: {}},
        "sub": known["sub"],
        "sid": known["sid"],
    }
    assert deliver(idp.server) == 0, "delivered once"
    (record,) = records(idp, "Back-channel logout of application")
    assert (record.result, dict(record.details)["Reply"]) == ("success", "HTTP 200")


def test_a_logout_token_opens_nothing_here(idp: Protocol, app_server: ConnectorServer) -> None:
    """Our signature and issuer: it must pass for neither an ID token hint nor an access token."""
    idp.change_app(back_channel_logout_uri=app_server.url)
    walker = idp.walker()
    _, secret = administrator_signs_in(idp.server, walker, idp.server.authorize_url())
    walker.send("GET", logout_url(idp.server, id_token_hint=id_token(idp, walker)))
    deliver(idp.server)
    stolen = token_of(app_server.received[0])
    walker = idp.walker()
    administrator_signs_in(idp.server, walker, idp.server.authorize_url(), secret)
    page = walker.open(logout_url(idp.server, id_token_hint=stolen))
    assert page.has_form("/logout/confirm")
    assert is_signed_in(idp.server, walker)
    refused = idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {stolen}")
    assert refused.status == 401


@pytest.mark.parametrize("act", ["revoke", "block", "delete"])
def test_administrators_who_end_sessions_have_apps_told(
    idp: Protocol, app_server: ConnectorServer, act: str
) -> None:
    idp.change_app(back_channel_logout_uri=app_server.url)
    grant = idp.sign_in(scopes=("openid", "offline_access"), code_challenge=None)
    tokens = body_of(idp.redeem(grant["code"], code_verifier=None))
    actor, guest = idp.server.actor(), idp.guest.id
    if act == "revoke":
        revoke_sessions(idp.server.ports, actor, guest)
    elif act == "block":
        update_user(idp.server.ports, actor, guest, {"account_enabled": False})
    else:
        delete_user(idp.server.ports, actor, guest)
    assert deliver(idp.server) == 1
    _, claims = verified(idp, token_of(app_server.received[0]), idp.app.app_id)
    known = claims_of(tokens["id_token"])
    assert (claims["sub"], claims["sid"]) == (known["sub"], known["sid"])


def test_a_refused_sign_out_queues_nothing(idp: Protocol, app_server: ConnectorServer) -> None:
    idp.change_app(back_channel_logout_uri=app_server.url)
    walker, _ = sign_in(idp)
    walker.send("GET", logout_url(idp.server))
    assert deliver(idp.server) == 0
    assert is_signed_in(idp.server, walker)


def test_what_happened_to_a_notice_can_be_seen(idp: Protocol, app_server: ConnectorServer) -> None:
    app_server.will(answer(b"", 400))
    idp.change_app(back_channel_logout_uri=f"{app_server.url}/back?secret=1")
    walker, token = sign_in(idp)
    walker.send("GET", logout_url(idp.server, id_token_hint=token))
    assert deliver(idp.server) == 1
    (notice,) = idp.read(lambda tx: tx.logout_notices.of_user(idp.server.admin.id))
    assert (notice.state, notice.attempts[0].reply) == (NoticeState.ABANDONED, "HTTP 400")
    (record,) = records(idp, "Back-channel logout of application")
    assert record.result == "failure"
    assert {target.type for target in record.targets} == {"Application", "User"}
    assert "secret" not in dict(record.details)["Address"]


# --- whose session -----------------------------------------------------------------------------------


def test_other_tenants_of_the_same_browser_stay_signed_in(idp: Protocol, app_server: ConnectorServer) -> None:
    """One session row per browser and tenant."""
    there = another_tenant(idp.server)
    idp.change_app(back_channel_logout_uri=app_server.url)
    walker, token = sign_in(idp)
    administrator_signs_in(there, walker, there.authorize_url())
    assert is_signed_in(there, walker)
    walker.send("GET", logout_url(idp.server, id_token_hint=token))
    assert not is_signed_in(idp.server, walker)
    assert is_signed_in(there, walker)
    assert deliver(idp.server) == 1


def test_a_hint_of_one_app_signs_nobody_out_for_another(idp: Protocol) -> None:
    """RP-Initiated Logout section 2: a client_id beside the hint must be its audience."""
    other = registered_app(idp.server, "Stock")
    walker, token = sign_in(idp)
    query = {"id_token_hint": token, "client_id": other.app_id, "post_logout_redirect_uri": WEB}
    url = logout_url(idp.server, **query)
    page = read_page(url, walker.send("GET", url))
    assert page.has_form("/logout/confirm")
    assert is_signed_in(idp.server, walker)


def test_a_parameter_sent_twice_is_refused(idp: Protocol) -> None:
    """Two addresses to return to: whichever a proxy checked, the other must not win."""
    walker, token = sign_in(idp)
    url = logout_url(idp.server, id_token_hint=token, post_logout_redirect_uri=WEB)
    response = walker.send("GET", f"{url}&post_logout_redirect_uri=https%3A%2F%2Fevil.example")
    assert response.status == 400
    assert is_signed_in(idp.server, walker)
