"""A connector that does not answer keeps its own people waiting: everybody else signs in meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

from tests.support.connector_server import CONTINUE, connector_server, held
from tests.support.platform import challenge
from tests.support.remote import remote_walker
from tests.support.running import RunningXenia, running_xenia
from tests.support.walker import Page, Walker, query_of

TENANT = "51000000-0000-4000-8000-000000000000"
SLOW, QUICK = (f"51000000-0000-4000-8000-0000000000a{number}" for number in (1, 2))
SEED = """
[[tenant]]
id = "{tenant}"
name = "Contoso"
short_name = "contoso"
settings.security_defaults = false
settings.offer_stay_signed_in = false
settings.self_service_sign_up = true

[[tenant.app]]
id = "{slow}"
name = "Slow"
redirect_uris.web = ["https://orders.example/cb"]

[[tenant.app]]
id = "{quick}"
name = "Quick"
redirect_uris.web = ["https://orders.example/cb"]

[[tenant.api_connector]]
name = "Checks"
url = "{url}/check"
username = "xenia"
password = "secret of the connector"

[[tenant.user_flow]]
name = "slow"
identity_providers = ["EmailOtpSignup-OAUTH"]
apps = ["Slow"]
before_creation = "Checks"

[[tenant.user_flow]]
name = "quick"
identity_providers = ["EmailOtpSignup-OAUTH"]
apps = ["Quick"]
"""
NEWCOMERS = 10
PAUSE = threading.Event()


def authorize(app_id: str) -> str:
    query = {
        "client_id": app_id,
        "response_type": "code",
        "redirect_uri": "https://orders.example/cb",
        "scope": "openid",
        "state": "s",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
    }
    return f"/{TENANT}/oauth2/v2.0/authorize?{urlencode(query)}"


def passcode(xenia: RunningXenia, address: str, mails: int = 1) -> str:
    """The newest of so many codes in the mailbox."""
    for _ in range(600):
        _, found = xenia.call("GET", f"/mailbox/api/messages?{urlencode({'search': address})}")
        codes = [mail["code"] for mail in found["messages"] if mail["code"]]
        if len(codes) == mails:
            return str(codes[0]).replace(" ", "")
        PAUSE.wait(0.05)
    raise AssertionError(f"no code for {address}")


def signs_up(xenia: RunningXenia, app_id: str, address: str) -> tuple[Walker, Page]:
    """From the app to wherever *Accept* leads."""
    walker = remote_walker(xenia.base, xenia.ca_file)
    walker.open(authorize(app_id))
    walker.submit("/signin/sign-up", button="Create one")
    walker.submit("/sign-up-address", address=address)
    walker.submit("/send")
    walker.submit("/signin/code", code=passcode(xenia, address))
    return walker, walker.submit("/signin/review", button="Accept")


def arrives(walker: Walker, page: Page) -> str:
    """Past consent and waiting to the app; the code."""
    for _ in range(600):
        if "Asking" in page.text:
            PAUSE.wait(0.05)
            page = walker.follow("Look again now")
        elif page.has_form("/consent"):
            page = walker.submit("/consent", button="Accept")
        else:
            break
    target = page.refresh or page.response.header("Location") or ""
    assert "code" in query_of(target), page.text
    return query_of(target)["code"]


def test_ten_people_wait_and_the_eleventh_does_not(tmp_path: Path) -> None:
    gate = threading.Event()
    with connector_server() as site:
        site.will(held(gate, CONTINUE))
        seed = tmp_path / "seed.toml"
        seed.write_text(SEED.format(tenant=TENANT, slow=SLOW, quick=QUICK, url=site.url))
        with running_xenia(tmp_path, "--seed", str(seed), "--outgoing-private") as xenia:
            walker, page = signs_up(xenia, QUICK, "nora@nordwind.example")
            assert arrives(walker, page)

            addresses = [f"kim{number}@nordwind.example" for number in range(NEWCOMERS)]
            with ThreadPoolExecutor(NEWCOMERS) as people:
                waiting = list(people.map(lambda address: signs_up(xenia, SLOW, address), addresses))
                assert ["Asking 127.0.0.1" in page.text for _, page in waiting] == [True] * NEWCOMERS
                site.wait_for(1)

                # Everybody looks again and again, as browsers do, while somebody else signs in with a code.
                ended = threading.Event()

                def looks(entry: tuple[Walker, Page]) -> None:
                    while not ended.wait(0.2):
                        entry[0].follow("Look again now")

                looking = [people.submit(looks, entry) for entry in waiting]
                nora = remote_walker(xenia.base, xenia.ca_file)
                nora.open(authorize(QUICK))
                nora.submit("/identify", login="nora@nordwind.example")
                nora.submit("/send")
                page = nora.submit("/signin/code", code=passcode(xenia, "nora@nordwind.example", mails=2))
                assert arrives(nora, page)
                assert all("Asking" in entry[0].page.text for entry in waiting if entry[0].page)
                ended.set()
                for look in looking:
                    look.result(60)

                gate.set()
                codes = list(people.map(lambda entry: arrives(*entry), waiting))
            assert len(set(codes)) == NEWCOMERS
            # Each was asked about once; nobody was asked about twice because it took long.
            assert sorted(received.json["email"] for received in site.received) == sorted(addresses)
