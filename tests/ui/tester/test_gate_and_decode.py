"""Who may open the tools, and the decode page."""

from __future__ import annotations

import pytest

from tests.support.walker import BASE
from tests.support.workshop import ACCESS_TOKEN, Workshop
from xenia.web.http import HttpRequest
from xenia.web.tools import is_local

PAGES = [
    "/tester/",
    "/tester/decode",
    "/mailbox",
    "/mailbox/api/messages",
    "/labs",
    "/labs/invite-guests",
    "/labs/authenticator",
]


class TestTheGate:
    @pytest.mark.parametrize("path", PAGES)
    def test_without_the_access_token_nothing_opens(self, workshop: Workshop, path: str) -> None:
        response = workshop.walker(admitted=False).send("GET", f"{BASE}{path}")
        assert response.status == 401

    @pytest.mark.parametrize("path", PAGES)
    def test_with_it_everything_opens(self, workshop: Workshop, path: str) -> None:
        assert workshop.walker().send("GET", f"{BASE}{path}").status == 200

    def test_the_printed_link_sets_a_cookie_and_leaves_the_address(self, workshop: Workshop) -> None:
        walker = workshop.walker(admitted=False)
        response = walker.send("GET", f"{BASE}/tester/?tenant=contoso&token={ACCESS_TOKEN}")
        assert response.status == 303
        assert response.header("Location") == "/tester/?tenant=contoso"
        cookie = response.header("Set-Cookie") or ""
        assert cookie.startswith("__Host-xenia-tools-t=")
        for attribute in ("Secure", "HttpOnly", "SameSite=Strict"):
            assert attribute in cookie
        assert walker.send("GET", f"{BASE}/mailbox").status == 200

    def test_programs_show_it_as_bearer_token(self, workshop: Workshop) -> None:
        walker = workshop.walker(admitted=False)
        shown = {"authorization": f"Bearer {ACCESS_TOKEN}"}
        assert walker.send("GET", f"{BASE}/mailbox/api/messages", headers=shown).status == 200
        wrong = {"authorization": "Bearer workshop-tokem"}
        refused = walker.send("GET", f"{BASE}/mailbox/api/messages", headers=wrong)
        assert refused.status == 401
        assert refused.header("Content-Type") == "application/json; charset=utf-8"

    def test_guessing_ends(self, workshop: Workshop) -> None:
        walker = workshop.walker(admitted=False)
        statuses = [walker.send("GET", f"{BASE}/labs?token=guess-{number}").status for number in range(22)]
        assert statuses[0] == 401
        assert statuses[-1] == 429
        assert walker.send("GET", f"{BASE}/labs?token={ACCESS_TOKEN}").status == 429

    @pytest.mark.parametrize(
        ("base", "client", "local"),
        [
            ("https://localhost:8443", "127.0.0.1", True),
            ("https://contoso.localhost", "::1", True),
            ("https://127.0.0.1:8443", "::ffff:127.0.0.1", True),
            ("https://[::1]:8443", "::1", True),
            ("https://localhost:8443", "192.0.2.1", False),
            ("https://192.0.2.7:8443", "127.0.0.1", False),
            ("https://localhost.evil.example", "127.0.0.1", False),
            ("https://localhost:8443", "", False),
        ],
    )
    def test_only_this_computer_needs_no_token(self, base: str, client: str, local: bool) -> None:
        assert is_local(HttpRequest("GET", "/labs", base, client_address=client)) is local


class TestDecode:
    def test_without_scripts_the_server_decodes_and_says_so(self, workshop: Workshop) -> None:
        token = workshop.server.ports.keys.sign({"iss": "https://login.test/x/v2.0", "exp": 4_000_000_000})
        walker = workshop.walker()
        walker.open("/tester/decode")
        page = walker.submit("/tester/decode", token=token)
        assert "A key of this server signed it" in page.text
        assert "Valid until this time." in page.text
        assert "decodes it and forgets it" in page.source

    def test_an_altered_token_is_noticed(self, workshop: Workshop) -> None:
        token = workshop.server.ports.keys.sign({"iss": "https://login.test/x/v2.0", "exp": 4_000_000_000})
        header, claims, signature = token.split(".")
        walker = workshop.walker()
        walker.open("/tester/decode")
        page = walker.submit("/tester/decode", token=f"{header}.{claims}.{signature[::-1]}")
        assert "the token was altered" in page.text

    @pytest.mark.parametrize("text", ["", "nonsense", "a.b.c", "e30.e30", "<script>.x.y"])
    def test_what_is_no_token_is_said_to_be_none(self, workshop: Workshop, text: str) -> None:
        walker = workshop.walker()
        walker.open("/tester/decode")
        page = walker.submit("/tester/decode", token=text)
        assert page.status == 422
        assert "This is no JSON Web Token" in page.text
