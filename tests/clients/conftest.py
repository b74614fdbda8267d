"""A running ``xenia up`` for unmodified client libraries, with apps that have secrets and permissions."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.support.running import RunningXenia, running_xenia

TENANT = "c11e4700-0000-4000-8000-000000000000"
INVITER = "c11e4700-0000-4000-8000-0000000000a1"
READER = "c11e4700-0000-4000-8000-0000000000a2"
FLOWS = "c11e4700-0000-4000-8000-0000000000a3"
SHOP = "c11e4700-0000-4000-8000-0000000000a4"
GROUPS = "c11e4700-0000-4000-8000-0000000000a5"
REGISTRAR = "c11e4700-0000-4000-8000-0000000000a6"
SHOP_REDIRECT = "http://localhost/callback"
PASSWORD = "Correct-horse-battery-9"
SECRET = "a-secret-for-client-tests-only"
SITE = "c11e4700-0000-4000-8000-0000000000a7"
SPA = "c11e4700-0000-4000-8000-0000000000a8"
SITE_REDIRECT = "http://localhost/signed-in"
MIA = "mia@contoso.onxenia.localhost"
SEED = f"""
[[tenant]]
id = "{TENANT}"
name = "Contoso"
short_name = "contoso"
settings.security_defaults = false

[[tenant.user]]
name = "admin"
display_name = "Alex Admin"
mail = "admin@contoso.example"
roles = ["Global Administrator"]

[[tenant.user]]
name = "mia"
display_name = "Mia Member"
mail = "mia@contoso.example"
password = "{PASSWORD}"

[[tenant.app]]
id = "{SHOP}"
name = "Shop"
redirect_uris.public = ["{SHOP_REDIRECT}"]
permissions.delegated = ["User.Read"]

[[tenant.app]]
id = "{SITE}"
name = "Site"
redirect_uris.web = ["{SITE_REDIRECT}", "http://localhost/private/back", "http://localhost/public.html"]
secret = [{{ value = "{SECRET}" }}]

[[tenant.app]]
id = "{INVITER}"
name = "Inviter"
secret = [{{ value = "{SECRET}" }}]
permissions.application = ["User.Invite.All", "User.ReadWrite.All"]

[[tenant.app]]
id = "{READER}"
name = "Reader"
secret = [{{ value = "{SECRET}" }}]
permissions.application = ["User.Read.All"]

[[tenant.app]]
id = "{FLOWS}"
name = "Flows"
secret = [{{ value = "{SECRET}" }}]
permissions.application = [
  "IdentityProvider.ReadWrite.All", "IdentityUserFlow.ReadWrite.All", "APIConnectors.ReadWrite.All",
  "EventListener.ReadWrite.All", "Policy.ReadWrite.AuthenticationFlows", "User.ReadWrite.All",
]

[[tenant.app]]
id = "{GROUPS}"
name = "Groups"
secret = [{{ value = "{SECRET}" }}]
permissions.application = [
  "Group.ReadWrite.All", "User.Read.All", "Application.Read.All", "AppRoleAssignment.ReadWrite.All",
]

[[tenant.app]]
id = "{REGISTRAR}"
name = "Registrar"
secret = [{{ value = "{SECRET}" }}]
permissions.application = ["Application.ReadWrite.All"]
"""


@pytest.fixture(scope="session")
def spa_socket() -> Iterator[socket.socket]:
    """Where the single-page app will be served: bound before the server starts, for its seed names the port."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        yield bound


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, spa_socket: socket.socket) -> Iterator[RunningXenia]:
    """One server for all client tests of this process."""
    directory = tmp_path_factory.mktemp("clients")
    seed = directory / "seed.toml"
    at = f"https://localhost:{spa_socket.getsockname()[1]}"
    spa = f"""
[[tenant.app]]
id = "{SPA}"
name = "Single-page app"
redirect_uris.spa = ["{at}/spa", "{at}/app"]
"""
    seed.write_text(SEED + spa, "utf-8")
    with running_xenia(directory, "--ephemeral", "--seed", str(seed)) as running:
        yield running


@pytest.fixture
def trusted(server: RunningXenia, monkeypatch: pytest.MonkeyPatch) -> RunningXenia:
    """The same, with its CA where client libraries look for it and no proxy in between."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, server.ca_file)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    return server
