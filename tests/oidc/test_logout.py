"""Sign-out: at once for an app of this person, by confirmation for everybody else, and back only where registered."""

from __future__ import annotations

import pytest

from tests.support.journeys import administrator_signs_in
from tests.support.protocol import WEB, Protocol, body_of, params_of
from tests.support.walker import Walker, read_page

STATE = "bye"


@pytest.fixture
def signed_in(idp: Protocol) -> tuple[Walker, str]:
    """A browser with the administrator in it, and the ID token of Orders."""
    walker = idp.walker()
    administrator_signs_in(idp.server, walker, idp.server.authorize_url())
    code = params_of(walker.send("GET", idp.server.authorize_url(prompt="none")))["code"]
    return walker, body_of(idp.redeem(code))["id_token"]


def _logout(idp: Protocol, **query: str) -> str:
    from urllib.parse import urlencode

    return f"https://login.test/{idp.tenant_id}/oauth2/v2.0/logout?{urlencode(query)}"


def _is_signed_in(idp: Protocol, walker: Walker) -> bool:
    return "code" in params_of(walker.send("GET", idp.server.authorize_url(prompt="none")))


def test_an_id_token_signs_out_at_once_and_returns(idp: Protocol, signed_in: tuple[Walker, str]) -> None:
    walker, token = signed_in
    response = walker.send(
        "GET", _logout(idp, id_token_hint=token, post_logout_redirect_uri=WEB, state=STATE)
    )
    assert response.header("Location") == f"{WEB}?state={STATE}"
    assert not _is_signed_in(idp, walker)


@pytest.mark.parametrize("alias", ["common", "organizations"])
def test_at_an_alias_the_token_names_the_tenant(
    idp: Protocol, signed_in: tuple[Walker, str], alias: str
) -> None:
    walker, token = signed_in
    url = _logout(idp, id_token_hint=token).replace(idp.tenant_id, alias)
    assert "signed out" in read_page(url, walker.send("GET", url)).text
    assert not _is_signed_in(idp, walker)


def test_an_unregistered_address_is_never_followed(idp: Protocol, signed_in: tuple[Walker, str]) -> None:
    walker, token = signed_in
    for uri in ("https://attacker.example/", f"{WEB}?x=1", "javascript:alert(1)"):
        response = walker.send("GET", _logout(idp, id_token_hint=token, post_logout_redirect_uri=uri))
        assert response.header("Location") is None
        assert b"attacker.example" not in response.body


@pytest.mark.parametrize("hint", ["none", "forged", "plain-name"])
def test_without_proof_the_person_is_asked_first(
    idp: Protocol, signed_in: tuple[Walker, str], hint: str
) -> None:
    walker, token = signed_in
    sent = {
        "none": {},
        "forged": {"id_token_hint": token[:-6] + "AAAAAA"},
        "plain-name": {"logout_hint": idp.server.admin.user_principal_name},
    }[hint]
    query = {"post_logout_redirect_uri": WEB, "state": STATE, "client_id": idp.app.app_id, **sent}
    page = walker.open(_logout(idp, **query))
    assert page.has_form("/logout/confirm")
    assert _is_signed_in(idp, walker), "asking must change nothing"
    page = walker.open(_logout(idp, **query))
    after = walker.submit("/logout/confirm")
    assert after.refresh == f"{WEB}?state={STATE}"
    assert not _is_signed_in(idp, walker)


def test_nobody_elses_page_can_confirm(idp: Protocol, signed_in: tuple[Walker, str]) -> None:
    walker, _ = signed_in
    walker.open(_logout(idp))
    assert walker.page is not None
    form = walker.page.form("/logout/confirm")
    url = f"https://login.test{form.action}"
    stolen = {**form.fields, "form_token": "1.AAAA.AAAA"}
    assert walker.send("POST", url, form=stolen, headers={"origin": "https://login.test"}).status == 400
    assert (
        walker.send("POST", url, form=form.fields, headers={"origin": "https://evil.example"}).status == 400
    )
    assert _is_signed_in(idp, walker)


def test_without_a_session_there_is_nothing_to_ask(idp: Protocol) -> None:
    walker = idp.walker()
    page = walker.open(_logout(idp, state=STATE))
    assert "signed out" in page.text
    unproven = walker.send("GET", _logout(idp, post_logout_redirect_uri=WEB, client_id=idp.app.app_id))
    assert unproven.header("Location") is None
