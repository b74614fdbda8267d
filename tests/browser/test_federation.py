"""An invitation accepted with an account of another provider, in a browser, from the mail to the app and back again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.browser import LaunchBrowser
from tests.support.people import Desktop, Person, Way
from tests.support.providers import CLIENT, Provider, free_port, node_provider
from tests.support.running import running_xenia
from tests.support.scripts import INVITER, SECRET, graph, invite

pytestmark = pytest.mark.browser
TENANT = "c0417050-2a2b-4c3d-8e4f-5a6b7c8d9e0f"
ORDERS = "c0417050-0000-4000-8000-0000000000a1"
AT_PROVIDER = "a-secret-at-the-partner"
SEED = """
[[tenant]]
id = "{tenant}"
name = "Contoso"
short_name = "contoso"
settings.security_defaults = false

[[tenant.user]]
name = "admin"
display_name = "Alex Admin"
roles = ["Global Administrator"]

[[tenant.app]]
id = "{orders}"
name = "Orders"
redirect_uris.spa = ["/tester/"]
id_tokens = true

[[tenant.app]]
id = "{inviter}"
name = "Inviter"
secret = [{{ value = "{secret}" }}]
permissions.application = ["User.Invite.All", "User.Read.All"]

[[tenant.identity_provider]]
kind = "openid_connect"
name = "Partner AG"
client_id = "{client}"
client_secret = "{at_provider}"
client_authentication = "client_secret_basic"
issuer = "{issuer}"
domains = ["partner.example"]
"""


@pytest.fixture(scope="module")
def host(
    tmp_path_factory: pytest.TempPathFactory, launch_browser: LaunchBrowser
) -> Iterator[tuple[Desktop, Provider]]:
    """Contoso on a server that may reach this computer's own addresses, and a partner's provider there."""
    directory, port = tmp_path_factory.mktemp("federation"), free_port()
    callback = f"https://localhost:{port}/{TENANT}/federation/oauth2"
    with node_provider(
        "oidc-provider.mjs", directory, client_secret=AT_PROVIDER, redirect_uris=[callback]
    ) as provider:
        seed = directory / "seed.toml"
        seed.write_text(
            SEED.format(
                tenant=TENANT,
                orders=ORDERS,
                inviter=INVITER,
                secret=SECRET,
                client=CLIENT,
                at_provider=AT_PROVIDER,
                issuer=provider.issuer,
            )
        )
        options = ("--port", str(port), "--seed", str(seed), "--outgoing-private")
        with (
            running_xenia(directory, *options) as xenia,
            launch_browser(trusted=[Path(xenia.ca_file).read_bytes()]) as browser,
        ):
            assert xenia.base == callback.partition(f"/{TENANT}")[0]
            desk = Desktop(xenia, browser)
            yield desk, provider
            desk.close(
                tolerated=("ERR_NAME_NOT_RESOLVED",)
            )  # the provider's pages want a font from elsewhere


def at_the_partner(person: Person, address: str, *, agree: bool) -> None:
    """The provider's own development pages: who, and the first time agreeing."""
    page = person.page

    page.locator("input[name=login]").fill(address)
    page.locator("input[name=password]").fill("any password")
    page.locator("button[type=submit]").first.click()
    if agree:
        page.locator("button[type=submit]").first.click()


@pytest.mark.parametrize("way", [Way.KEYBOARD, Way.NO_SCRIPTS], ids=lambda way: way.value.replace(" ", "-"))
def test_a_partners_account_accepts_an_invitation_and_returns(
    host: tuple[Desktop, Provider], way: Way
) -> None:
    desk, provider = host
    address = f"pia-{way.name.lower()}@partner.example"
    invite(desk.xenia, address, f"{desk.xenia.base}/myapps?tenantId={TENANT}")
    guest = desk.person(way)
    guest.page.goto(desk.accept_link(address))
    guest.heading("You are invited")
    guest.sees("You sign in at Partner AG with that account.")
    guest.check_page()
    guest.button("Accept invitation")
    guest.heading("Sign in at Partner AG")
    guest.check_page()
    guest.button("Continue to Partner AG")
    guest.page.wait_for_url(f"{provider.issuer}/**")
    at_the_partner(guest, address, agree=True)
    guest.heading("Review permissions")
    guest.check_page()
    guest.button("Accept")
    # The page between goes on by itself: another address typed meanwhile would be interrupted by it.
    guest.page.wait_for_url("**/myapps?*")

    status, found = graph(
        desk.xenia,
        "GET",
        f"/users?$filter=mail eq '{address}'&$select=identities,externalUserState".replace(" ", "%20"),
    )
    assert status == 200, found
    assert found["value"][0]["externalUserState"] == "Accepted"
    assert {"signInType": "federated", "issuer": provider.issuer, "issuerAssignedId": address} in found[
        "value"
    ][0]["identities"]

    # The next time, from an app, in the browser that knows the account at the partner.
    guest.page.goto(
        f"{desk.xenia.base}/tester/?requesttype=OpenIdConnect&scope=openid+profile&responsetype=id_token"
        f"&responsemode=form_post&additionalparameters=prompt%3dlogin&importtype=AzureAD"
        f"&tenant=contoso.onxenia.localhost&clientid={ORDERS}"
    )
    guest.button("Submit")
    guest.heading("Sign in")
    guest.type("Email", address)
    guest.button("Next")
    guest.heading("Sign in at Partner AG")
    guest.button("Continue to Partner AG")
    guest.page.wait_for_url(f"{provider.issuer}/**")
    at_the_partner(guest, address, agree=False)
    guest.heading("Permissions requested")
    guest.button("Accept")
    if way is Way.NO_SCRIPTS:
        guest.button("Continue")
        return
    header = guest.page.get_by_role("rowheader", name="idp", exact=True)
    expect(guest.page.get_by_role("row").filter(has=header).first).to_contain_text(provider.issuer)


def test_cancelling_at_the_partner_leads_back_to_a_way_on(host: tuple[Desktop, Provider]) -> None:
    desk, provider = host
    address = "undecided@partner.example"
    invite(desk.xenia, address, f"{desk.xenia.base}/myapps?tenantId={TENANT}")
    guest = desk.person(Way.MOUSE)
    guest.page.goto(desk.accept_link(address))
    guest.button("Accept invitation")
    guest.button("Continue to Partner AG")
    guest.page.wait_for_url(f"{provider.issuer}/**")
    guest.page.get_by_role("link", name="Cancel").click()
    guest.heading("Sign in at Partner AG")
    guest.sees("did not let you in, or you cancelled there")
    guest.check_page()
