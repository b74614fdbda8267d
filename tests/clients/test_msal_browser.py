"""MSAL for browsers, unmodified, in real Chromium: a single-page app on another origin than the server's.

Its only line besides the authority is the documented one. Silent renewal goes both ways the library has: by the
refresh token, across origins, and by a hidden frame.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.clients.conftest import MIA, PASSWORD, SPA, TENANT
from tests.support.browser import LaunchBrowser
from tests.support.people import Desktop, Person
from tests.support.protocol import claims_of
from tests.support.readme import documented
from tests.support.running import RunningXenia

LIBRARY = Path(__file__).parent / "node_modules" / "@azure" / "msal-browser" / "lib"
SCRIPTS = {
    "/msal.js": LIBRARY / "msal-browser.min.js",
    "/bridge.js": LIBRARY / "redirect-bridge" / "msal-redirect-bridge.min.js",
}
BRIDGE = """<!doctype html><title>Redirect</title><script src="/bridge.js"></script>
<script>msalRedirectBridge.broadcastResponseToMainFrame().catch(() => {})</script>"""
APP = """<!doctype html><title>App</title><script src="/msal.js"></script><script>
const here = location.origin;
const scopes = ["User.Read"];
window.ready = (async () => {
  const app = await msal.createStandardPublicClientApplication({
    auth: {
      clientId: CLIENT, DOCUMENTED,
      redirectUri: here + "/spa", postLogoutRedirectUri: here + "/app",
    },
  });
  const answer = await app.handleRedirectPromise();
  window.app = app;
  return answer;
})();
const told = async (work) => {
  try { const { accessToken, account, fromCache } = await work(); return { accessToken, account, fromCache }; }
  catch (error) { return { kind: error.name, error: error.errorCode, sub: error.subError, says: String(error) }; }
};
const account = () => app.getAllAccounts()[0];
const actions = {
  signIn: () => app.loginRedirect({ scopes }),
  renew: () => told(() => app.acquireTokenSilent({ scopes, account: account(), forceRefresh: true })),
  more: () => told(() => app.acquireTokenSilent({ scopes: ["User.ReadWrite.All"], account: account() })),
  frame: () => told(() => app.ssoSilent({ scopes, loginHint: account().username })),
  stranger: () => told(() => app.ssoSilent({ scopes, loginHint: "nobody@contoso.example" })),
  me: async (token) => (await fetch(BASE + "/v1.0/me", { headers: { Authorization: `Bearer ${token}` } })).json(),
  signOut: () => app.logoutRedirect({ account: account() }),
};
</script>"""

pytestmark = [pytest.mark.clients, pytest.mark.browser]


@pytest.fixture(scope="module")
def site(server: RunningXenia, spa_socket: socket.socket) -> Iterator[str]:
    """The app's own web server; its origin.

    Another origin of the same site, so that the session's cookie reaches a hidden frame: browsers of today keep it
    from frames of other sites, at the vendor's service too.
    """
    values = {
        "CLIENT": SPA,
        "BASE": server.base,
    }
    app = APP.replace("DOCUMENTED", ", ".join(documented("msal-browser", server.base)), 1)
    constants = "".join(f"const {name} = {json.dumps(value)};" for name, value in values.items())
    pages = {
        "/app": app.replace("const here", f"{constants}\nconst here", 1).encode(),
        "/spa": BRIDGE.encode(),
        **{path: file.read_bytes() for path, file in SCRIPTS.items()},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path.partition("?")[0])
            self.send_response(200 if body is not None else 404)
            kind = "text/javascript" if self.path.endswith(".js") else "text/html; charset=utf-8"
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *arguments: Any) -> None:
            """Quiet."""

    # The server's own certificate serves for the app: it names localhost, whatever the port.
    tls, context = Path(server.ready["data"]) / "tls", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "server.pem", tls / "server-key.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False) as web:
        web.socket.close()
        web.socket = context.wrap_socket(spa_socket.dup(), server_side=True)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"https://localhost:{spa_socket.getsockname()[1]}"
        web.shutdown()


@pytest.fixture(scope="module")
def chromium(launch_browser: LaunchBrowser, server: RunningXenia) -> Iterator[Browser]:
    with launch_browser(trusted=[Path(server.ca_file).read_bytes()]) as browser:
        yield browser


def act(page: Page, name: str, argument: str = "") -> Any:
    """What one of the app's actions answered."""
    return page.evaluate("([name, argument]) => ready.then(() => actions[name](argument))", [name, argument])


def leave_for(page: Page, name: str) -> None:
    """An action that leads away from the app."""
    with page.expect_navigation(url="**/*"):
        page.evaluate("name => { ready.then(() => actions[name]()); }", name)


def sign_in(person: Person, site: str) -> None:
    person.page.goto(f"{site}/app")
    leave_for(person.page, "signIn")
    person.type("Email", MIA)
    person.button("Next")
    person.type("Password", PASSWORD)
    person.button("Sign in")
    if person.page.get_by_role("button", name="Accept").count():
        person.button("Accept")
    person.button("No")
    person.page.wait_for_url(f"{site}/app")


def test_a_single_page_app(server: RunningXenia, chromium: Browser, site: str) -> None:
    desktop = Desktop(server, chromium)
    person = desktop.person()
    page = person.page
    sign_in(person, site)
    answer = page.evaluate("ready.then((answer) => ({ token: answer.accessToken, account: answer.account }))")
    claims = claims_of(answer["token"])
    assert (answer["account"]["username"], answer["account"]["tenantId"]) == (MIA, TENANT)

    renewed = act(page, "renew")
    assert renewed.get("fromCache") is False, renewed
    assert renewed["accessToken"] != answer["token"]
    assert act(page, "me", renewed["accessToken"])["userPrincipalName"] == MIA
    # By a hidden frame with prompt=none, as in another app of the same person.
    framed = act(page, "frame")
    assert "accessToken" in framed, framed
    assert claims_of(framed["accessToken"])["oid"] == claims["oid"]

    refused = act(page, "more")
    assert refused["kind"] == "InteractionRequiredAuthError", refused
    stranger = act(page, "stranger")
    assert stranger["kind"] == "InteractionRequiredAuthError", stranger

    hint = {"username": MIA}
    leave_for(page, "signOut")
    page.wait_for_url(f"{site}/app*")
    assert page.evaluate("ready.then(() => app.getAllAccounts().length)") == 0
    gone = page.evaluate(
        "hint => ready.then(() => told(() => app.ssoSilent({ scopes, loginHint: hint.username })))", hint
    )
    assert gone["kind"] == "InteractionRequiredAuthError", gone
    desktop.close(tolerated=("localhost",))
