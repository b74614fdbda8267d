"""A tenant of another server: a second Xenia on another port, known by its discovery document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.federation.conftest import CALLBACKS, TENANT
from tests.federation.test_providers import hand_over, to_the_app
from tests.support.federating import add_provider, guest, id_token_of, seal_secret
from tests.support.outgoing import outgoing
from tests.support.platform import RunningServer, make_router
from tests.support.providers import Abroad
from tests.support.running import RunningXenia, running_xenia
from tests.support.walker import Walker
from xenia.core.directory.identity_provider import (
    ENTRA_ISSUER,
    ClaimMapping,
    IdentityProvider,
    ProviderKind,
)
from xenia.web.in_process import in_process

REMOTE = "4e307e00-0000-4000-8000-000000000001"
CLIENT = "4e307e00-0000-4000-8000-0000000000a1"
SECRET = "a-secret-for-federation-tests-only"
RITA = "rita@remote.example"
PASSWORD = "Correct-horse-battery-9"
SEED = f"""
[[tenant]]
id = "{REMOTE}"
name = "Remote"
short_name = "remote"
domains = ["remote.example"]
settings.security_defaults = false
settings.offer_stay_signed_in = false

[[tenant.user]]
name = "admin"
display_name = "Alex Admin"
roles = ["Global Administrator"]

[[tenant.user]]
name = "{RITA}"
display_name = "Rita Remote"
password = "{PASSWORD}"

[[tenant.app]]
id = "{CLIENT}"
name = "Guests at Contoso"
redirect_uris.web = ["{CALLBACKS[0]}"]
secret = [{{ value = "{SECRET}" }}]

"""

_LONGEST_LOOKS = 20


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningXenia]:
    directory = tmp_path_factory.mktemp("remote")
    (directory / "seed.toml").write_text(SEED)
    with running_xenia(directory, "--ephemeral", "--seed", str(directory / "seed.toml")) as started:
        yield started


@pytest.fixture
def knows_remote(contoso: RunningServer, remote: RunningXenia) -> RunningServer:
    """Contoso trusts the other server's certificates and has entered its tenant."""
    made = outgoing(
        contoso.clock,
        own_origins=(contoso.ports.server.base_url,),
        answer_own=lambda request: in_process(contoso.router, contoso.ports.entropy)(request),
        ca_bundle=Path(remote.ca_file),
    )
    contoso.ports = replace(contoso.ports, **made)
    contoso.router = make_router(contoso.ports)
    issuer = f"{remote.base}/{REMOTE}/v2.0"
    add_provider(
        contoso,
        IdentityProvider(
            id="11111111-fede-4000-8000-000000000003",
            tenant_id=TENANT,
            kind=ProviderKind.ENTRA_TENANT,
            display_name="Remote Inc.",
            created_at=contoso.clock.now(),
            client_id=CLIENT,
            sealed_secret=seal_secret(contoso, SECRET),
            well_known_url=f"{issuer}/.well-known/openid-configuration",
            issuer=issuer,
            claims=ClaimMapping(subject="oid"),
            domains=("remote.example",),
        ),
    )
    return contoso


def through(server: RunningServer, remote: RunningXenia, walker: Walker) -> None:
    """Continue, sign in over there (and agree to the client the first time), come back."""
    abroad = Abroad(ca_file=remote.ca_file)
    agree = {"decision": "accept"}
    page = walker.open(abroad.visit(hand_over(walker), {"password": PASSWORD}, agree))
    for _ in range(_LONGEST_LOOKS):
        if "Do not wait" not in page.text:
            break
        # As a browser does: each look waits a moment for the other server, which a busy machine makes slow.
        page = walker.open(page.url)


def test_an_invited_person_of_another_server_redeems_and_returns(
    knows_remote: RunningServer, remote: RunningXenia
) -> None:
    server = knows_remote
    walker = Walker(server.router)
    walker.open(server.invite(RITA).redeem_url)
    walker.submit("/redeem/start")
    through(server, remote, walker)
    assert walker.page is not None
    assert walker.page.has_form("/accept"), walker.page.text
    walker.submit("/accept")
    bound = guest(server, RITA)
    federated = [entry for entry in bound.identities if entry.sign_in_type == "federated"]
    assert [entry.issuer for entry in federated] == [ENTRA_ISSUER]
    assert (federated[0].subject or "").startswith(f"{remote.base}/{REMOTE}/v2.0|")

    fresh = Walker(server.router)
    to_the_app(server, fresh)
    fresh.submit("/identify", login=RITA)
    through(server, remote, fresh)
    page = fresh.page
    assert page is not None
    if page.has_form("/consent"):
        page = fresh.submit("/consent", button="Accept")
    claims = id_token_of(server, page)
    assert claims["idp"] == f"{remote.base}/{REMOTE}/v2.0"
    assert claims["oid"] == bound.id
