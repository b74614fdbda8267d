"""The logout plans: RP-initiated, front-channel and back-channel logout."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.conformance.conftest import Provider
from tests.conformance.relying_party import AFTER_LOGOUT, RelyingParty
from tests.support.connector_server import ConnectorServer, answer, connector_server
from tests.support.sign_out import deliver, token_of, verified
from tests.support.walker import Page
from xenia.ports import Transaction

Make: TypeAlias = Callable[..., RelyingParty]


def signed_in(client: Make) -> tuple[RelyingParty, str]:
    """After a normal authorization, with its ID token."""
    suite = client()
    return suite, suite.exchanged(suite.success().params["code"])["id_token"]


def address_after(page: Page) -> str | None:
    """Where the browser is sent without anybody's doing."""
    return page.response.header("Location") or page.refresh


def assert_returned(suite: RelyingParty, page: Page, state: str | None) -> None:
    parts = urlsplit(address_after(page) or "")
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == AFTER_LOGOUT
    assert dict(parse_qsl(parts.query)) == ({"state": state} if state is not None else {})
    assert not suite.is_signed_in()


def assert_asked_or_refused(suite: RelyingParty, page: Page) -> None:
    """No redirect, and still signed in: the person is asked."""
    assert address_after(page) is None
    assert "suite.example" not in (page.response.header("Content-Security-Policy") or "")
    assert page.has_form("/logout/confirm")
    assert suite.is_signed_in()


def confirmed(suite: RelyingParty, page: Page) -> Page:
    """The person says yes."""
    assert page.has_form("/logout/confirm")
    return suite.walker.submit("/logout/confirm")


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(client: Make) -> None:
    suite = client()
    assert urlsplit(suite.metadata["end_session_endpoint"]).scheme == "https"


def test_oidcc_rp_initiated_logout(client: Make) -> None:
    suite, hint = signed_in(client)
    page = suite.end_session(id_token_hint=hint, post_logout_redirect_uri=AFTER_LOGOUT, state="s 1/&=")
    assert_returned(suite, page, "s 1/&=")


def test_oidcc_rp_initiated_logout_no_state(client: Make) -> None:
    suite, hint = signed_in(client)
    page = suite.end_session(id_token_hint=hint, post_logout_redirect_uri=AFTER_LOGOUT)
    assert_returned(suite, page, None)


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(client: Make) -> None:
    suite, hint = signed_in(client)
    page = suite.end_session(
        id_token_hint=hint, post_logout_redirect_uri="https://suite.example/wrong", state="s"
    )
    assert address_after(page) is None
    assert "suite.example" not in page.source


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(client: Make) -> None:
    suite, hint = signed_in(client)
    page = suite.end_session(
        id_token_hint=hint, post_logout_redirect_uri=f"{AFTER_LOGOUT}?foo=bar", state="s"
    )
    assert address_after(page) is None
    assert "suite.example" not in page.source


def test_oidcc_rp_initiated_logout_modified_id_token_hint(client: Make) -> None:
    """The hint turned into one with ``alg: none``."""
    suite, hint = signed_in(client)
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    unsigned = f"{header}.{hint.split('.')[1]}."
    page = suite.end_session(id_token_hint=unsigned, post_logout_redirect_uri=AFTER_LOGOUT, state="s")
    assert_asked_or_refused(suite, page)


def test_oidcc_rp_initiated_logout_bad_id_token_hint(client: Make) -> None:
    """The same claims signed by somebody else, once under our key's name."""
    suite, hint = signed_in(client)
    claims = jwt.decode(hint, options={"verify_signature": False})
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for kid in (jwt.get_unverified_header(hint)["kid"], "suite"):
        forged = jwt.encode(claims, foreign, algorithm="RS256", headers={"kid": kid})
        page = suite.end_session(id_token_hint=forged, post_logout_redirect_uri=AFTER_LOGOUT, state="s")
        assert_asked_or_refused(suite, page)
    by_secret = jwt.encode(claims, suite.secret, algorithm="HS256")
    page = suite.end_session(id_token_hint=by_secret, post_logout_redirect_uri=AFTER_LOGOUT, state="s")
    assert_asked_or_refused(suite, page)


def test_oidcc_rp_initiated_logout_no_id_token_hint(client: Make) -> None:
    suite, _ = signed_in(client)
    page = suite.end_session(post_logout_redirect_uri=AFTER_LOGOUT, state="s")
    assert_asked_or_refused(suite, page)


def test_oidcc_rp_initiated_logout_no_params(client: Make) -> None:
    suite, _ = signed_in(client)
    page = confirmed(suite, suite.end_session())
    assert "signed out" in page.text
    assert not suite.is_signed_in()


def test_oidcc_rp_initiated_logout_only_state(client: Make) -> None:
    suite, _ = signed_in(client)
    page = confirmed(suite, suite.end_session(state="s"))
    assert address_after(page) is None
    assert "signed out" in page.text
    assert not suite.is_signed_in()


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(client: Make) -> None:
    suite, hint = signed_in(client)
    page = suite.end_session(id_token_hint=hint, state="s")
    assert address_after(page) is None
    assert "signed out" in page.text
    assert not suite.is_signed_in()


def test_oidcc_frontchannel_logout_discovery_endpoint_verification(client: Make) -> None:
    suite = client()
    assert suite.metadata["end_session_endpoint"]
    assert suite.metadata["frontchannel_logout_supported"] is True
    assert suite.metadata["frontchannel_logout_session_supported"] is True


def test_oidcc_frontchannel_rp_initiated_logout(client: Make, provider: Provider) -> None:
    uri = "https://suite.example/test/a/xenia/frontchannel_logout"
    change(provider, logout_url=uri)
    try:
        suite, hint = signed_in(client)
        page = suite.end_session(id_token_hint=hint, post_logout_redirect_uri=AFTER_LOGOUT, state="s")
    finally:
        change(provider, logout_url=None)
    (framed,) = {href for _, href in page.links if href.startswith(uri)}
    query = dict(parse_qsl(urlsplit(framed).query))
    known = jwt.decode(hint, options={"verify_signature": False})
    assert query == {"iss": suite.issuer, "sid": known["sid"]}
    assert f"frame-src {urlsplit(uri).scheme}://suite.example" in (
        page.response.header("Content-Security-Policy") or ""
    )
    assert_returned(suite, page, "s")


def test_oidcc_backchannel_logout_discovery_endpoint_verification(client: Make) -> None:
    suite = client()
    assert suite.metadata["end_session_endpoint"]
    assert suite.metadata["backchannel_logout_supported"] is True
    assert suite.metadata["backchannel_logout_session_supported"] is True


@pytest.fixture
def listening(provider: Provider) -> Iterator[ConnectorServer]:
    """The client's back-channel logout address."""
    with connector_server() as server:
        server.will(answer(b""))
        change(provider, back_channel_logout_uri=f"{server.url}/backchannel_logout")
        yield server
        change(provider, back_channel_logout_uri=None)


def test_oidcc_backchannel_rp_initiated_logout(
    client: Make, provider: Provider, listening: ConnectorServer
) -> None:
    suite, hint = signed_in(client)
    page = suite.end_session(id_token_hint=hint, post_logout_redirect_uri=AFTER_LOGOUT, state="s")
    assert_returned(suite, page, "s")
    assert deliver(provider.idp.server) == 1
    (request,) = listening.received
    header, claims = verified(provider.idp, token_of(request), suite.client_id)
    known = jwt.decode(hint, options={"verify_signature": False})
    assert header["alg"] == "RS256"
    assert header.get("typ", "logout+jwt") == "logout+jwt"
    assert claims["iss"] == suite.issuer
    assert claims["sub"] == known["sub"]
    assert claims["sid"] == known["sid"]
    assert claims["jti"]
    now = suite.idp.server.clock.now().timestamp()
    assert now - 300 <= claims["iat"] <= now + 1
    assert claims["exp"] > now
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert "nonce" not in claims


def change(provider: Provider, **changes: object) -> None:
    """Change the first client's registration."""

    def work(tx: Transaction) -> None:
        stored = tx.applications.find_by_app_id(provider.clients[0].app_id)
        assert stored is not None
        tx.applications.replace(replace(stored, **changes))  # type: ignore[arg-type]

    provider.idp.write(work)
