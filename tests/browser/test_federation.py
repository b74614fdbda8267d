"""Accounts of other providers in a browser: an invitation from the mail to the app and back, a sign-up with each kind."""

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
CLUB = "c0417050-0000-4000-8000-0000000000a3"
FABRIKAM = "fab71ca0-2a2b-4c3d-8e4f-5a6b7c8d9e0f"
AT_PROVIDER = "a-secret-at-the-partner"
SEED = """
[[tenant]]
id = "{tenant}"
name = "Contoso"
short_name = "contoso"
settings.security_defaults = false
settings.self_service_sign_up = true

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
id = "{club}"
name = "Club"
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

[[tenant.identity_provider]]
kind = "google"
client_id = "{client}"
client_secret = "{at_provider}"
issuer = "{mock}"
metadata_url = "{mock}/.well-known/openid-configuration"

[[tenant.identity_provider]]
kind = "microsoft_account"
client_id = "{client}"
client_secret = "{at_provider}"
issuer = "{mock}"
metadata_url = "{mock}/.well-known/openid-configuration"

[[tenant.identity_provider]]
kind = "facebook"
client_id = "{client}"
client_secret = "{at_provider}"
endpoints.authorization = "{mock}/authorize"
endpoints.token = "{mock}/token"
endpoints.profile = "{mock}/userinfo"

[[tenant.user_flow]]
name = "Club"
identity_providers = ["entra", "google", "microsoft_account", "facebook", "Partner AG"]
apps = ["Club"]

[[tenant.user_flow.attribute]]
attribute = "city"

[[tenant]]
id = "{fabrikam}"
name = "Fabrikam"
short_name = "fabrikam"
settings.security_defaults = false

[[tenant.user]]
name = "berta"
display_name = "Berta Beispiel"
"""


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Stands in for the providers that everybody knows, whose addresses can be changed in rehearsals."""
    with node_provider("mock.mjs", tmp_path_factory.mktemp("mock"), claims={}, profile={}) as started:
        yield started


@pytest.fixture(scope="module")
def host(
    tmp_path_factory: pytest.TempPathFactory, launch_browser: LaunchBrowser, mock: Provider
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
                club=CLUB,
                fabrikam=FABRIKAM,
                mock=mock.issuer,
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


def at_nobody(_desk: Desktop, _guest: Person) -> None:
    """The mock asks nothing and leads straight back."""


def at_the_partners_pages(_desk: Desktop, guest: Person) -> None:
    """Somebody nobody has seen before."""
    at_the_partner(guest, "nele@partner.example", agree=True)


def at_fabrikam(desk: Desktop, guest: Person) -> None:
    """A password of another organization of this server."""
    (berta,) = desk.xenia.ready["tenants"][1]["users"]
    guest.heading("Enter password")
    guest.type("Password", berta["password"])
    guest.button("Sign in")
    guest.heading("Stay signed in?")
    guest.button("No")


KINDS = {
    "google": ("Google", {"sub": "g-1", "email": "gil@gmail.com", "email_verified": True}, at_nobody, "google.com"),
    "microsoft-account": ("Microsoft Account", {"sub": "m-1", "email": "mo@outlook.com"}, at_nobody, "live.com"),
    "facebook": ("Facebook", {"id": "4711", "name": "Fay Face", "email": "fay@mail.example"}, at_nobody, "facebook.com"),
    "openid-connect": ("Partner AG", {}, at_the_partners_pages, "http://localhost:"),
    "another-tenant": ("Fabrikam", {}, at_fabrikam, f"/{FABRIKAM}/"),
}  # fmt: skip


DATA_ALONE = ("google", "microsoft-account")
"""What differs from other OpenID Connect providers by data alone, and is told apart in process each time."""


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.slow if kind in DATA_ALONE else ()) for kind in KINDS]
)
def test_a_stranger_signs_up_with_each_kind_of_provider(
    host: tuple[Desktop, Provider], mock: Provider, kind: str
) -> None:
    """From the app by *Create one* to the provider, to the details, and into the app with a token that names it."""
    desk, _ = host
    name, said, at_the_provider, idp = KINDS[kind]
    mock.lie(claims=said, profile=said)
    guest = desk.person(Way.MOUSE)
    guest.page.goto(
        f"{desk.xenia.base}/tester/?requesttype=OpenIdConnect&scope=openid+profile&responsetype=id_token"
        f"&responsemode=form_post&importtype=AzureAD&tenant=contoso.onxenia.localhost&clientid={CLUB}"
    )
    guest.button("Submit")
    guest.button("Create one")
    guest.heading("Create account")
    if kind == "another-tenant":
        guest.type("Email", "berta@fabrikam.onxenia.localhost")
        guest.button("Next")
        guest.button(f"Continue to {name}")
    else:
        guest.button(name)
    at_the_provider(desk, guest)
    guest.heading("Review permissions")
    guest.button("Accept")
    guest.heading("Add details")
    guest.type("City", "Bremen")
    guest.button("Continue")
    guest.heading("Permissions requested")
    guest.button("Accept")
    header = guest.page.get_by_role("rowheader", name="idp", exact=True)
    expect(guest.page.get_by_role("row").filter(has=header).first).to_contain_text(idp)
