"""The workshop's tools in real Chromium: what their scripts add, and what a hostile mail may not do."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pyotp
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.people import Desktop, Person, Way
from xenia.core.directory.first_party import TESTER_APP_ID
from xenia.core.mail import CapturedMail
from xenia.storage.store import open_store

pytestmark = pytest.mark.browser
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ORDERS = "c0417050-0000-4000-8000-0000000000a1"
HOSTILE = """<!doctype html><html><head><title>Hi</title><meta http-equiv="refresh" content="0;url=https://evil.example/refreshed">
<base target="_top"><style>body{background:url(https://evil.example/css.png)} p{color:rgb(1, 2, 3)}</style>
<link rel="stylesheet" href="https://evil.example/x.css"><script>top.document.title='owned'; fetch('https://evil.example/js')</script></head>
<body onload="top.document.title='owned'"><p style="font-weight:700">Styled</p><img src="https://evil.example/pixel.png" onerror="top.document.title='owned'">
<iframe src="https://evil.example/frame"></iframe><form action="https://evil.example/form"><button>Win</button></form>
<a href="/mailbox?from=mail">A link</a><a href="javascript:top.document.title='owned'">Script link</a></body></html>"""


def capture(desktop: Desktop, mail_id: str, html: str) -> None:
    """A mail somebody else wrote, in the mailbox of the running server."""
    store = open_store(f"sqlite:///{Path(desktop.xenia.ready['data']) / 'xenia.db'}", durable=False)
    mail = CapturedMail(
        id=mail_id,
        tenant_id=None,
        kind="test",
        received_at=datetime.now(UTC),
        sender="Mallory <mallory@evil.example>",
        recipients=("maria@nordwind.example",),
        subject="You have won",
        html=html,
        text="You have won",
        source=b"Subject: You have won\r\n\r\nYou have won\r\n",
    )
    try:
        store.write(None, lambda tx: tx.mailbox.add(mail))
    finally:
        store.close()


def reached(context: BrowserContext) -> list[str]:
    """Addresses of the hostile host that a request would really have gone to: what the policy stops is not among them."""
    addresses: list[str] = []
    context.route(
        "https://evil.example/**", lambda route: (addresses.append(route.request.url), route.abort())
    )
    return addresses


def requested(context: BrowserContext) -> list[str]:
    """Every address the browser asks for from now on."""
    addresses: list[str] = []
    context.on("request", lambda request: addresses.append(request.url))
    return addresses


def signed_in(desktop: Desktop, person: Person) -> None:
    """An administrator with a single-sign-on session, without a walk through the pages: one sign-in by the tester."""
    user = next(
        one for one in desktop.xenia.tenant["users"] if one["user_principal_name"].startswith("admin-tools@")
    )
    person.page.goto(f"{desktop.xenia.base}/tester/?tenant=contoso&clientid={TESTER_APP_ID}")
    person.button("Submit")
    person.type("Email", user["user_principal_name"])
    person.button("Next")
    person.type("Password", user["password"])
    person.button("Sign in")
    person.type("Enter code", pyotp.TOTP(user["authenticator_secret"]).now())
    person.button("Verify")
    person.button("Yes")
    person.page.wait_for_selector("#tokens[data-ready]", state="attached")


def receives(desktop: Desktop, page: Page, **query: str) -> None:
    """Send a request by a link and wait until the answer is decoded."""
    values = {"tenant": "contoso", "clientid": TESTER_APP_ID, "scope": "openid profile", **query}
    page.goto(f"{desktop.xenia.base}/tester/?{urlencode(values | {'requestaction': 'PerformRequest'})}")
    page.wait_for_selector("#tokens[data-ready]", state="attached")


def all_checks_pass(page: Page, *names: str) -> None:
    """Each named check is there, and none has failed."""
    for name in names:
        expect(page.locator(".finding-ok", has_text=name).first).to_be_visible()
    expect(page.locator(".finding-bad")).to_have_count(0)


def test_endpoints_follow_the_tenant_and_readiness_the_client(desktop: Desktop) -> None:
    person = desktop.person()
    page, base = person.page, desktop.xenia.base
    page.goto(f"{base}/tester/")
    person.check_page()
    page.get_by_label("Tenant").fill("fabrikam")
    expect(page.get_by_label("Authorization Endpoint")).to_have_value(
        f"{base}/fabrikam/oauth2/v2.0/authorize"
    )
    expect(page.get_by_label("Token Endpoint")).to_have_value(f"{base}/fabrikam/oauth2/v2.0/token")
    expect(page.locator("#readiness")).to_contain_text("No tenant of this server is called fabrikam.")
    page.get_by_label("Tenant").fill("contoso")
    page.get_by_label("Client ID").fill(f"  {{{ORDERS.upper()}}}\n")
    expect(page.get_by_label("Client ID")).to_have_value(ORDERS.upper())
    expect(page.locator("#readiness")).to_contain_text("The app is Orders.")
    page.get_by_label("Response Type").select_option("code")
    expect(page.get_by_label("Use PKCE")).to_be_checked()
    page.get_by_label("Request Type").select_option("ClientCredentials")
    expect(page.get_by_label("Redirect URI")).to_be_hidden()
    expect(page.get_by_label("Scope")).to_have_value("https://graph.microsoft.com/.default")
    page.get_by_label("Request Type").select_option("DeviceCode")
    expect(page.get_by_label("Device Code Endpoint")).to_have_value(f"{base}/contoso/oauth2/v2.0/devicecode")
    page.get_by_label("Request Type").select_option("DeviceToken")
    expect(page.get_by_role("textbox", name="Device Code", exact=True)).to_be_visible()
    expect(page.get_by_role("textbox", name="Scope")).to_have_count(0)
    person.check_page()


def test_requests_are_kept_in_this_browser_without_their_secrets(desktop: Desktop) -> None:
    person = desktop.person()
    page = person.page
    page.goto(f"{desktop.xenia.base}/tester/?clientid={ORDERS}&requesttype=ResourceOwnerPasswordCredentials")
    page.get_by_label("User Name").fill("mia")
    page.get_by_label("Password").fill("never-kept")
    page.get_by_label("Client Secret").fill("never-kept-either")
    library = page.get_by_role("region", name="Requests kept in this browser")
    library.get_by_label("Name").fill("By <password>")
    library.get_by_role("button", name="Keep this request").press("Enter")
    expect(library.get_by_role("status")).to_have_text("By <password> is kept in this browser.")
    assert "never-kept" not in page.evaluate("JSON.stringify({ ...localStorage })")
    page.goto(f"{desktop.xenia.base}/tester/")
    library.get_by_role("link", name="By <password>").click()
    expect(page.get_by_label("User Name")).to_have_value("mia")
    expect(page.get_by_label("Request Type")).to_have_value("ResourceOwnerPasswordCredentials")
    person.check_page()
    library.get_by_role("button", name="Delete By <password>").click()
    expect(library.get_by_role("listitem")).to_have_count(0)


def test_every_way_of_answering_is_checked_in_the_browser(desktop: Desktop) -> None:
    person = desktop.person()
    signed_in(desktop, person)
    page = person.page
    all_checks_pass(page, "Signature", "Issuer", "Audience", "Nonce", "Time")
    person.check_page()
    receives(desktop, page, responsetype="id_token", responsemode="fragment")
    all_checks_pass(page, "Signature", "Issuer", "Audience", "Nonce", "Time")
    assert "id_token" not in page.url
    expect(page.get_by_text("Raw response (fragment)")).to_be_visible()
    receives(desktop, page, responsetype="code", responsemode="query")
    all_checks_pass(page, "Signature", "Issuer", "Audience", "Nonce", "Time")
    expect(page.get_by_role("heading", name="Access token from the Token Endpoint")).to_be_visible()
    assert "code=" not in page.url
    person.check_page()
    receives(desktop, page, responsetype="code id_token", responsemode="form_post")
    all_checks_pass(page, "Signature", "c_hash")


def test_a_refused_redemption_is_explained(desktop: Desktop) -> None:
    person = desktop.person()
    page = person.page
    page.route(
        "**/oauth2/v2.0/token",
        lambda route: route.fulfill(
            status=400,
            content_type="application/json",
            body=json.dumps(
                {"error": "invalid_grant", "error_description": "AADSTS54005: redeemed already."}
            ),
        ),
    )
    asks_for_a_code(desktop, person)
    expect(page.locator("#exchange")).to_contain_text("A code works once; start again.")
    person.check_page()


def asks_for_a_code(desktop: Desktop, person: Person) -> None:
    """A code for the tester, asked for by this browser."""
    user = next(
        one for one in desktop.xenia.tenant["users"] if one["user_principal_name"].startswith("admin-again@")
    )
    page = person.page
    page.goto(
        f"{desktop.xenia.base}/tester/?tenant=contoso&clientid={TESTER_APP_ID}&responsetype=code"
        "&requestaction=PerformRequest"
    )
    person.type("Email", user["user_principal_name"])
    person.button("Next")
    person.type("Password", user["password"])
    person.button("Sign in")
    person.type("Enter code", pyotp.TOTP(user["authenticator_secret"]).now())
    person.button("Verify")
    person.button("No")
    page.wait_for_selector("#tokens[data-ready]", state="attached")


def test_decoding_sends_nothing(desktop: Desktop) -> None:
    person = desktop.person()
    page = person.page
    token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL3guZXhhbXBsZSIsImV4cCI6NDAwMDAwMDAwMH0.c2ln"
    page.goto(f"{desktop.xenia.base}/tester/decode#token={token}")
    expect(page.get_by_role("rowheader", name="iss", exact=True)).to_be_visible()
    assert page.url.endswith("/tester/decode")
    seen = requested(page.context)
    page.get_by_label("Token").fill("nonsense")
    page.get_by_role("button", name="Decode").click()
    expect(page.get_by_role("status").filter(has_text="This is no JSON Web Token")).to_be_visible()
    page.get_by_label("Token").fill(f"  {token} ")
    page.get_by_role("button", name="Decode").click()
    expect(page.get_by_role("row").filter(has_text="https://x.example")).to_be_visible()
    person.check_page()
    assert seen == []


def test_the_authenticator_agrees_and_forgets(desktop: Desktop) -> None:
    person = desktop.person()
    page = person.page
    page.goto(f"{desktop.xenia.base}/labs/authenticator")
    seen = requested(page.context)
    page.get_by_label("Secret key").fill("hello")
    page.get_by_role("button", name="Show code").click()
    expect(page.get_by_text("This is no key.")).to_be_visible()
    page.get_by_label("Secret key").fill(f"otpauth://totp/Contoso:maria?secret={KEY}&issuer=Contoso")
    page.get_by_role("button", name="Show code").click()
    code = page.locator("#accounts strong")
    expect(code).to_have_text(re.compile(r"^\d{6}$"))
    totp, now = pyotp.TOTP(KEY), datetime.now(UTC).timestamp()
    assert code.inner_text() in {totp.at(int(now) + step) for step in (-30, 0, 30)}
    page.get_by_label("Secret key").fill(
        " ".join(KEY[start : start + 4] for start in range(0, 32, 4)).lower()
    )
    page.get_by_label("Name of the account").fill("Kept")
    page.get_by_label("Keep it until this tab is closed").check()
    page.get_by_role("button", name="Show code").click()
    expect(page.locator("#accounts section")).to_have_count(2)
    person.check_page()
    assert [address for address in seen if "/static/" not in address] == [], "keys stay in the browser"
    page.reload()
    expect(page.locator("#accounts section")).to_have_count(1)
    page.get_by_role("button", name="Remove Kept").click()
    page.reload()
    expect(page.locator("#accounts section")).to_have_count(0)


def test_a_hostile_mail_does_nothing(desktop: Desktop) -> None:
    mail_id = "00000000-0000-4000-8000-0000000000ee"
    capture(desktop, mail_id, HOSTILE)
    person = desktop.person()
    page = person.page
    seen = reached(page.context)
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    address = f"{desktop.xenia.base}/mailbox/messages/{mail_id}"
    page.goto(address)
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Styled")).to_have_css("font-weight", "700")
    frame.get_by_text("Script link").click()
    frame.get_by_role("button", name="Win").click()
    with page.context.expect_page() as opened:
        frame.get_by_text("A link", exact=True).click()
    fresh = opened.value
    fresh.wait_for_load_state()
    assert fresh.url == f"{desktop.xenia.base}/mailbox?from=mail"
    expect(fresh.locator("html.has-js")).to_have_count(
        1
    )  # the page a mail opens is not in the mail's sandbox
    assert page.url == address
    assert page.title().startswith("You have won")
    assert seen == []
    person.watch.complaints.clear()  # the browser names each refusal, as it should


def test_the_hostile_mail_alone_does_nothing_either(desktop: Desktop) -> None:
    mail_id = "00000000-0000-4000-8000-0000000000ef"
    capture(desktop, mail_id, HOSTILE)
    person = desktop.person()
    seen = reached(person.page.context)
    person.page.goto(f"{desktop.xenia.base}/mailbox/messages/{mail_id}/html")
    expect(person.page.get_by_text("Styled")).to_be_visible()
    assert person.page.title() == "Hi"
    assert seen == []
    person.watch.complaints.clear()


def test_mailbox_and_lab_refresh_by_themselves_and_pass_the_rules(desktop: Desktop) -> None:
    person, base = desktop.person(), desktop.xenia.base
    page = person.page
    page.goto(f"{base}/mailbox?search=subject:unseen-{datetime.now(UTC).timestamp()}")
    person.sees("No mail holds these words.")
    page.goto(f"{base}/mailbox")
    mail_id = "00000000-0000-4000-8000-0000000000aa"
    capture(desktop, mail_id, "<p>Hello</p>")
    expect(page.locator(f'a[href="/mailbox/messages/{mail_id}"]')).to_be_visible()
    person.check_page()
    for path in (
        f"/mailbox/messages/{mail_id}",
        f"/mailbox/messages/{mail_id}?view=text",
        f"/mailbox/messages/{mail_id}?view=headers",
        f"/mailbox/messages/{mail_id}?view=source",
        "/mailbox/delete-all",
        "/labs",
        "/labs/invite-guests",
        "/labs/self-service-sign-up",
        "/labs/authenticator",
    ):
        page.goto(base + path)
        person.check_page()


def test_without_scripts_the_answer_is_read_by_the_server(desktop: Desktop) -> None:
    person = desktop.person(Way.NO_SCRIPTS)
    page = person.page
    page.goto(f"{desktop.xenia.base}/labs/authenticator")
    page.get_by_label("Secret key").fill(KEY)
    page.get_by_role("button", name="Show code").click()
    expect(page.locator("strong.secret")).to_have_text(re.compile(r"^\d{6}$"))
