"""Programs with the real service's names built in run unchanged where a hosts file leads them to ``xenia up --hosts``.

They run in a network namespace, so that neither this machine's hosts file nor its ports are touched.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import PASSWORD, READER, SECRET, SEED, SHOP, TENANT
from tests.support.own_network import OwnNetwork, own_network, why_not
from tests.support.protocol import claims_of
from tests.support.running import RunningXenia, running_xenia
from xenia.core.real_names import REAL_NAMES

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "hard_coded"
MIA = "mia@contoso.onxenia.localhost"
ISSUER = f"https://login.microsoftonline.com/{TENANT}/v2.0"

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
]


@dataclass(frozen=True)
class Machine:
    """A computer whose hosts file leads the real names to itself, with a server that stands in for them."""

    network: OwnNetwork
    server: RunningXenia

    def run(self, *program: str) -> subprocess.CompletedProcess[str]:
        """A program, with exactly what ``xenia env --hosts`` says."""
        xenia = shlex.join(
            [sys.executable, "-m", "xenia", "env", "--hosts", "--data", self.server.ready["data"]]
        )
        shell = f'export PYTHONPATH={shlex.quote(str(ROOT))} && eval "$({xenia})" && exec "$@"'
        return subprocess.run(
            self.network.command("sh", "-c", shell, "sh", *program),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def told(self, *program: str) -> Any:
        """What a program printed as its last line."""
        ran = self.run(*program)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return json.loads(ran.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    directory = tmp_path_factory.mktemp("real-names")
    seed = directory / "seed.toml"
    seed.write_text(SEED, "utf-8")
    with own_network(directory, REAL_NAMES) as network:
        arguments = ("--ephemeral", "--seed", str(seed), "--hosts", ",".join(REAL_NAMES), "--port", "443")
        with running_xenia(directory, *arguments, prefix=network.command()) as server:
            yield Machine(network, server)


def python(program: str) -> tuple[str, str]:
    return sys.executable, str(PROGRAMS / program)


def test_a_daemon_reads_page_by_page(machine: Machine) -> None:
    told = machine.told(*python("daemon.py"), TENANT, READER, SECRET)
    claims = claims_of(told["token"])
    assert (claims["iss"], claims["aud"]) == (
        f"https://login.microsoftonline.com/{TENANT}/",
        "https://graph.microsoft.com",
    )
    assert len(told["pages"]) == 2
    for page in told["pages"]:
        assert page["@odata.context"] == "https://graph.microsoft.com/v1.0/$metadata#users"
    assert told["pages"][0]["@odata.nextLink"].startswith("https://graph.microsoft.com/v1.0/users?")
    refused = machine.told(*python("daemon.py"), TENANT, READER, "wrong")
    assert refused["error"] == [7000215]


def test_a_person_signs_in_is_renewed_and_refused(machine: Machine) -> None:
    told = machine.told(*python("person.py"), TENANT, SHOP, MIA, PASSWORD)
    assert (told["claims"]["iss"], told["claims"]["tid"]) == (ISSUER, TENANT)
    assert told["environment"] == "login.microsoftonline.com"
    assert (told["renewed"], told["refused"]) == ("identity_provider", "consent_required")
    assert told["me"]["userPrincipalName"] == MIA
    assert told["me"]["@odata.context"] == "https://graph.microsoft.com/v1.0/$metadata#users/$entity"
    assert told["userinfo"]["sub"] == told["claims"]["sub"]
    assert told["end_session"].startswith("https://login.microsoftonline.com/")


def test_the_graph_sdk_needs_no_address(machine: Machine) -> None:
    told = machine.told(*python("graph_sdk.py"), TENANT, READER, SECRET)
    assert MIA in told


def test_msal_for_node_needs_no_known_authorities(machine: Machine) -> None:
    told = machine.told("node", str(PROGRAMS / "msal_node.mjs"), TENANT, READER, SECRET)
    assert claims_of(told["token"])["tid"] == TENANT
    assert told["page"]["@odata.context"] == "https://graph.microsoft.com/v1.0/$metadata#users"


def test_without_the_second_ca_nobody_is_deceived(machine: Machine) -> None:
    """The CA of our own names, trusted by many, does not open the real ones, and the second one opens no other."""
    fetch = (
        "import requests, sys; print(requests.get(sys.argv[1], verify=sys.argv[2], timeout=30).status_code)"
    )
    own, second = machine.server.ready["ca_file"], machine.server.ready["stand_in_ca_file"]
    for name, ca, accepted in (
        ("login.microsoftonline.com", second, True),
        ("login.microsoftonline.com", own, False),
        ("localhost", own, True),
        ("localhost", second, False),
    ):
        # Without the variables of `xenia env`, which would override what is asked for here.
        ran = subprocess.run(
            machine.network.command(sys.executable, "-c", fetch, f"https://{name}/healthz", ca),
            env={},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (ran.returncode == 0) is accepted, (name, ca, ran.stderr)
        assert accepted or "CERTIFICATE_VERIFY_FAILED" in ran.stderr
