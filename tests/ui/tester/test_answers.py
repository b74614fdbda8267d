"""Answers: what is shown, what is checked, what is redeemed, and what is refused or left alone."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.journeys import administrator_signs_in, become_guest
from tests.support.platform import RunningServer
from tests.support.walker import BASE, Page, Walker, query_of, read_page
from tests.support.workshop import Workshop
from xenia.core.directory.application import ClientSecret, Platform, RedirectUri
from xenia.core.directory.first_party import TESTER_APP_ID
from xenia.ports import Fetched, FetchRequest, Transaction
from xenia.usecases.tokens.authenticate_client import client_secret_hash

TESTER = f"{BASE}/tester/"


def request_url(client_id: str, **changes: str) -> str:
    query = {
        "requesttype": "OpenIdConnect",
        "scope": "openid profile",
        "responsetype": "id_token",
        "responsemode": "form_post",
        "tenant": "contoso",
        "clientid": client_id,
        "requestaction": "PerformRequest",
        **changes,
    }
    return f"{TESTER}?{urlencode(query)}"


def data_of(page: Page) -> dict[str, Any]:
    """What the page hands to its script."""
    found = re.search(
        r'<script type="application/json" id="tester-data">(.*?)</script>', page.source, re.DOTALL
    )
    assert found is not None
    decoded: dict[str, Any] = json.loads(found.group(1))
    return decoded


def without_scripts(page: Page) -> str:
    """The words of the page for people without scripts."""
    found = re.search(r"<noscript>(.*?)</noscript>\s*(?:<details|<script)", page.source, re.DOTALL)
    assert found is not None
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found.group(1))).split())


def register(server: RunningServer, platform: Platform, *, secret: str | None = None) -> None:
    """Make the tester a redirect URI of the app Orders."""
    uris = (*server.app.redirect_uris, RedirectUri(TESTER, platform))

    def work(tx: Transaction) -> None:
        tx.applications.replace(replace(server.app, redirect_uris=uris))
        if secret:
            hashed = client_secret_hash(server.ports, server.app.id, secret)
            now, end = server.clock.now(), server.clock.now().replace(year=2030)
            tx.applications.add_secret(
                ClientSecret("5ec7e7000000", server.app.id, "test", "s3c", hashed, now, end)
            )

    server.ports.store.write(server.tenant.id, work)


def switch_id_tokens_off(server: RunningServer) -> None:
    """The app Orders as a new registration begins."""
    off = replace(server.app, id_token_issuance=False)
    server.ports.store.write(server.tenant.id, lambda tx: tx.applications.replace(off))


def test_id_token_by_form_post_is_checked_and_explained(workshop: Workshop) -> None:
    walker = workshop.walker()
    become_guest(workshop.server, walker)
    walker.open(request_url(TESTER_APP_ID))
    page = walker.submit("/tester/")
    assert page.status == 200
    assert "Externally initiated" not in page.text
    words = without_scripts(page)
    assert "Decoded by this server, because scripts are off" in words
    assert "A key of this server signed it" in words
    assert "Equals what the issuer's metadata says." in words
    assert " idp mail " in words
    assert "Equals the Client ID of the request." in words
    assert "Equals the nonce of the request." in words
    assert "Where the person authenticated" in words
    assert "Problem" not in words
    data = data_of(page)
    assert [token["name"] for token in data["tokens"]] == ["id_token"]
    assert data["expected"]["audience"] == TESTER_APP_ID
    assert data["expected"]["metadata"] == f"{BASE}/contoso/v2.0/.well-known/openid-configuration"


def answered(workshop: Workshop, **changes: str) -> tuple[Walker, Page]:
    """A signed-in administrator's answer of a request by the tester, in one browser."""
    walker = workshop.walker()
    url = request_url(changes.pop("client_id", TESTER_APP_ID), **changes)
    page, _ = administrator_signs_in(workshop.server, walker, url)
    return walker, walker.submit("/tester/") if page.has_form("/tester/") else page


def test_the_answer_is_neither_stored_nor_logged_nor_cached(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    _, page = answered(workshop)
    token = data_of(page)["tokens"][0]["value"]
    assert page.response.header("Cache-Control") == "no-store"
    assert token not in caplog.text
    kept = "".join(name + value for name, value in page.response.headers)
    assert token not in kept
    csp = page.response.header("Content-Security-Policy") or ""
    assert "script-src 'self'" in csp
    assert "unsafe" not in csp


def test_a_code_of_the_tester_is_left_to_the_browser(workshop: Workshop) -> None:
    _, page = answered(workshop, responsetype="code")
    redeem = data_of(page)["redeem"]
    assert redeem["endpoint"] == f"{BASE}/contoso/oauth2/v2.0/token"
    assert redeem["body"]["grant_type"] == "authorization_code"
    assert redeem["body"]["code_verifier"]
    assert "scope" not in redeem["body"]


def test_without_scripts_the_server_redeems_once(workshop: Workshop) -> None:
    walker, page = answered(workshop, responsetype="code")
    state, code = page.form("/tester/redeem").fields["state"], page.form("/tester/redeem").fields["code"]
    page = walker.submit("/tester/redeem")
    assert page.status == 200
    assert {token["name"] for token in data_of(page)["tokens"]} == {"id_token", "access_token"}
    assert "Problem" not in without_scripts(page)
    again = walker.open(f"{TESTER}?{urlencode({'state': state, 'code': code})}")
    assert "This code was redeemed already." in again.text
    assert data_of(again)["redeem"] is None
    assert data_of(again)["tokens"] == []


def test_a_web_app_redeems_with_its_secret_at_once(workshop: Workshop) -> None:
    register(workshop.server, Platform.WEB, secret="the-secret-value")
    _, page = answered(
        workshop,
        client_id=workshop.server.app.app_id,
        responsetype="code",
        clientsecret="the-secret-value",
        responsemode="query",
    )
    assert {token["name"] for token in data_of(page)["tokens"]} == {"id_token", "access_token"}
    assert "the-secret-value" not in page.source


def test_a_web_app_without_its_secret_is_told_which_setting(workshop: Workshop) -> None:
    register(workshop.server, Platform.WEB)
    walker, _ = answered(workshop, client_id=workshop.server.app.app_id, responsetype="code")
    page = walker.submit("/tester/redeem")
    assert "enter the app's Client Secret" in page.text
    assert f"/admin/{workshop.server.tenant.id}/app-registrations/" in page.source


def test_client_credentials_show_the_app_token(workshop: Workshop) -> None:
    register(workshop.server, Platform.WEB, secret="the-secret-value")
    walker = workshop.walker()
    walker.open(
        request_url(workshop.server.app.app_id, requesttype="ClientCredentials", requestaction="", scope="")
    )
    page = walker.submit(
        "/tester/",
        button="Submit",
        clientsecret="the-secret-value",
        scope="https://graph.microsoft.com/.default",
    )
    assert [token["name"] for token in data_of(page)["tokens"]] == ["access_token"]
    assert "Token received" in page.text


def test_a_wrong_secret_is_explained(workshop: Workshop) -> None:
    register(workshop.server, Platform.WEB, secret="the-secret-value")
    walker = workshop.walker()
    walker.open(request_url(workshop.server.app.app_id, requesttype="ClientCredentials", requestaction=""))
    page = walker.submit(
        "/tester/", button="Submit", clientsecret="wrong", scope="https://graph.microsoft.com/.default"
    )
    assert "Use its Value, not its Secret ID." in page.text
    assert "AADSTS7000215" in page.text


def test_an_error_answer_names_the_setting(workshop: Workshop) -> None:
    walker = workshop.walker()
    page = walker.open(request_url(TESTER_APP_ID, additionalparameters="prompt=none"))
    page = walker.submit("/tester/") if page.has_form("/tester/") else page
    assert "prompt=none was sent, and nobody is signed in." in page.text
    assert "AADSTS50058" in page.text


class TestForeignAnswers:
    def test_an_unknown_state_is_shown_and_not_redeemed(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        form = {"code": "stolen", "state": "flow:00000000-0000-4000-8000-000000000000"}
        response = walker.send("POST", TESTER, form=form, headers={"origin": "https://evil.example"})
        page = read_page(TESTER, response)
        assert response.status == 200
        assert "Externally initiated" in page.text
        assert not page.has_form("/tester/redeem")
        assert data_of(page)["redeem"] is None
        assert workshop.wires.sent == []

    def test_another_browser_can_not_redeem(self, workshop: Workshop) -> None:
        _, page = answered(workshop, responsetype="code")
        fields = page.form("/tester/redeem").fields
        stranger = workshop.walker()
        assert (
            "Externally initiated"
            in stranger.open(f"{TESTER}?{urlencode({'state': fields['state'], 'code': fields['code']})}").text
        )
        stranger.open("/tester/")
        token = stranger.page.form("/tester/").fields["form_token"]  # type: ignore[union-attr]
        form = {"form_token": token, "state": fields["state"], "code": fields["code"]}
        refused = stranger.send("POST", f"{TESTER}redeem", form=form, headers={"origin": BASE})
        assert refused.status == 400
        assert b"access_token" not in refused.body

    def test_a_state_works_for_an_hour_only(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        first = walker.send("GET", request_url(TESTER_APP_ID))
        state = query_of(first.header("Location") or "")["state"]
        workshop.server.clock.advance(timedelta(hours=1, seconds=1))
        assert "Externally initiated" in walker.open(f"{TESTER}?state={state}&error=access_denied").text

    def test_hostile_values_stay_text(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        form = {"error": "</script><script>alert(1)</script>", "error_description": "<img src=x onerror=a()>"}
        page = read_page(TESTER, walker.send("POST", TESTER, form=form))
        assert "<script>alert" not in page.source
        assert "<img" not in page.source
        assert page.source.count("</script>") == page.source.count("<script")

    def test_hostile_tokens_are_shown_as_broken(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        for token in ("a.b.c", "....", "e30.W10.x", "ey" * 4000):
            response = walker.send("POST", TESTER, form={"id_token": token, "state": "x"})
            assert response.status == 200

    def test_parameters_of_the_request_can_not_be_replaced(self, workshop: Workshop) -> None:
        extra = "state=mine\nnonce=mine\nclient_id=other\nredirect_uri=https://evil.example/"
        first = workshop.walker().send("GET", request_url(TESTER_APP_ID, additionalparameters=extra))
        sent = query_of(first.header("Location") or "")
        assert sent["state"].startswith("flow:")
        assert sent["nonce"] != "mine"
        assert (sent["client_id"], sent["redirect_uri"]) == (TESTER_APP_ID, TESTER)

    def test_an_answer_of_another_server_is_redeemed_through_the_fetcher(self, workshop: Workshop) -> None:
        def token(request: FetchRequest) -> Fetched:
            assert b"code_verifier=" in request.body
            assert b"code=abc" in request.body
            return Fetched(200, {}, b'{"access_token":"opaque","token_type":"Bearer"}')

        workshop.wires.answers["https://idp.example/token"] = token
        walker = workshop.walker()
        first = walker.send(
            "GET",
            request_url(
                "foreign-client",
                responsetype="code",
                importtype="None",
                authorizationendpoint="https://idp.example/auth",
                tokenendpoint="https://idp.example/token",
            ),
        )
        location = first.header("Location") or ""
        assert location.startswith("https://idp.example/auth?")
        form = {"state": query_of(location)["state"], "code": "abc"}
        page = read_page(
            TESTER, walker.send("POST", TESTER, form=form, headers={"origin": "https://idp.example"})
        )
        assert data_of(page)["tokens"][0]["value"] == "opaque"
        assert "code_verifier" not in page.source

    def test_keys_of_another_server_come_along_for_the_check_in_the_browser(self, workshop: Workshop) -> None:
        base = "https://fabrikam.ciamlogin.com/fabrikam.onmicrosoft.com"
        documents = {
            f"{base}/v2.0/.well-known/openid-configuration": (
                b'{"issuer":"https://idp.example/v2.0","jwks_uri":"https://idp.example/keys"}'
            ),
            "https://idp.example/keys": b'{"keys":[{"kid":"k1","kty":"RSA","n":"AQAB","e":"AQAB"}]}',
        }
        for url, body in documents.items():
            workshop.wires.answers[url] = lambda request, body=body: Fetched(200, {}, body)
        walker = workshop.walker()
        kind = {"importtype": "MicrosoftEntraExternalId", "tenant": "fabrikam"}
        first = walker.send("GET", request_url("foreign-client", **kind))
        location = first.header("Location") or ""
        assert location.startswith(f"{base}/oauth2/v2.0/authorize?")
        form = {"state": query_of(location)["state"], "id_token": "e30.e30.x"}
        theirs = {"origin": "https://fabrikam.ciamlogin.com"}
        data = data_of(read_page(TESTER, walker.send("POST", TESTER, form=form, headers=theirs)))
        assert data["keys"] == [{"kid": "k1", "kty": "RSA", "n": "AQAB", "e": "AQAB"}]
        assert data["expected"]["issuer"] == "https://idp.example/v2.0"
        workshop.wires.answers.clear()
        again = data_of(read_page(TESTER, walker.send("POST", TESTER, form=form, headers=theirs)))
        assert again["keys"] is None, (
            "a server that does not answer leaves the signature unchecked, and that is said"
        )


class TestOwnForms:
    def test_a_form_of_another_site_is_refused(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        walker.open("/tester/")
        fields = walker.page.form("/tester/").fields  # type: ignore[union-attr]
        foreign = walker.send("POST", TESTER, form=fields, headers={"origin": "https://evil.example"})
        assert foreign.status == 403
        forged = walker.send("POST", TESTER, form=fields | {"form_token": "1.a.b"}, headers={"origin": BASE})
        assert forged.status == 403

    def test_cookies_of_abandoned_tests_do_not_pile_up(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        for _ in range(9):
            walker.send("GET", request_url(TESTER_APP_ID))
        assert sum("flow-" in name for name in walker.cookies) <= 5

    def test_a_request_too_long_for_a_cookie_is_refused(self, workshop: Workshop) -> None:
        page = workshop.walker().open(
            request_url(TESTER_APP_ID, additionalparameters="a=" + "b" * 1999, scope="openid " + "c" * 1900)
        )
        assert "The request is too long." in page.text


class TestRemedies:
    def test_one_click_registers_redirect_uris_and_switches_id_tokens_on(self, workshop: Workshop) -> None:
        switch_id_tokens_off(workshop.server)
        walker = workshop.walker()
        administrator_signs_in(workshop.server, walker, f"{BASE}/admin/contoso")
        page = walker.open(request_url(workshop.server.app.app_id, requestaction=""))
        assert f'value="{workshop.server.app.app_id}">Orders<' in page.source, (
            "administrators pick from a list"
        )
        page = walker.submit("/tester/", button="Register this Redirect URI now")
        assert "The Redirect URI is registered." in page.text
        assert "The Redirect URI is registered (Single-page application)." in page.text
        page = walker.submit("/tester/", button="Switch on ID tokens now")
        assert "The app may receive ID tokens." in page.text
        page = walker.submit("/tester/", button="Register https://authr.dev/ too")
        assert "https://authr.dev/ is registered." in page.text
        with workshop.server.ports.store.read(workshop.server.tenant.id) as tx:
            app = tx.applications.find(workshop.server.app.id)
        assert app is not None
        assert {RedirectUri(TESTER, Platform.SPA), RedirectUri("https://authr.dev/", Platform.WEB)} <= set(
            app.redirect_uris
        )

    def test_a_guest_of_the_tenant_may_not(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        become_guest(workshop.server, walker)
        page = walker.open(request_url(workshop.server.app.app_id, requestaction=""))
        assert "Register this Redirect URI now" not in page.text
        assert '<datalist id="apps"' not in page.source

    def test_an_unknown_remedy_is_refused(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        administrator_signs_in(workshop.server, walker, f"{BASE}/admin/contoso")
        page = walker.open(request_url(workshop.server.app.app_id, requestaction=""))
        form = page.form("/tester/").fields | {"remedy": "everything"}
        assert walker.send("POST", f"{TESTER}remedy", form=form, headers={"origin": BASE}).status == 404

    def test_nobody_signed_in_is_refused(self, workshop: Workshop) -> None:
        walker = workshop.walker()
        walker.open(request_url(workshop.server.app.app_id, requestaction=""))
        fields = walker.page.form("/tester/").fields  # type: ignore[union-attr]
        response = walker.send(
            "POST", f"{TESTER}remedy", form=fields | {"remedy": "redirect"}, headers={"origin": BASE}
        )
        assert response.status == 403
        assert b"Sign in to the portal in this browser first" in response.body
