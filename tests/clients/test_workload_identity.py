"""azure-identity with a token of an issuer elsewhere instead of a secret: npm oauth2-mock-server, over real connections."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientAssertionCredential, WorkloadIdentityCredential

from tests.support.protocol import claims_of
from tests.support.providers import Provider, node_provider
from tests.support.running import RunningXenia, running_xenia
from xenia.core.directory.application import FederatedIdentityCredential
from xenia.storage.store import open_store

TENANT = "f1c00000-0000-4000-8000-000000000000"
WORKER = "f1c00000-0000-4000-8000-0000000000a1"
SUBJECT = "system:serviceaccount:shop:worker"
AUDIENCE = "api://AzureADTokenExchange"
GRAPH = "https://graph.microsoft.com/.default"
SEED = f"""
[[tenant]]
id = "{TENANT}"
name = "Contoso"
short_name = "contoso"

[[tenant.user]]
name = "admin"
display_name = "Alex Admin"
roles = ["Global Administrator"]

[[tenant.app]]
id = "{WORKER}"
name = "Worker"
permissions.application = ["User.Read.All"]
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Issues tokens of a workload, as a cluster does."""
    directory = tmp_path_factory.mktemp("cluster")
    with node_provider("mock.mjs", directory, claims={"sub": SUBJECT, "aud": AUDIENCE}) as started:
        yield started


@pytest.fixture(scope="module")
def xenia(tmp_path_factory: pytest.TempPathFactory, cluster: Provider) -> Iterator[RunningXenia]:
    directory = tmp_path_factory.mktemp("federated")
    (directory / "seed.toml").write_text(SEED)
    private = {"XENIA_OUTGOING_PRIVATE": "true"}
    with running_xenia(directory, "--seed", str(directory / "seed.toml"), env=private) as started:
        _trust(directory / "data", cluster)
        yield started


def _trust(data: Path, cluster: Provider) -> None:
    """What an administrator enters; stored directly, because no https address stands before the cluster here."""
    store = open_store(f"sqlite:///{data / 'xenia.db'}", durable=True)
    try:
        with store.read(TENANT) as tx:
            worker = tx.applications.find_by_app_id(WORKER)
        assert worker is not None
        record = FederatedIdentityCredential(
            str(uuid.uuid4()), worker.id, "cluster", cluster.issuer, SUBJECT, (AUDIENCE,)
        )
        store.write(TENANT, lambda tx: tx.applications.add_federated_credential(record))
    finally:
        store.close()


def _token_of(cluster: Provider) -> str:
    form = urlencode({"grant_type": "client_credentials", "scope": "any"}).encode()
    with urlopen(Request(f"{cluster.issuer}/token", form)) as answer:
        return str(json.loads(answer.read())["access_token"])


def test_an_assertion_of_the_program(xenia: RunningXenia, cluster: Provider) -> None:
    options = {"authority": xenia.base, "connection_verify": xenia.ca_file}
    with ClientAssertionCredential(TENANT, WORKER, lambda: _token_of(cluster), **options) as azure:
        claims = claims_of(azure.get_token(GRAPH).token)
    assert (claims["appid"], claims["appidacr"], claims["roles"]) == (WORKER, "2", ["User.Read.All"])


def test_a_token_in_a_file_and_rolled_over_keys(
    xenia: RunningXenia, cluster: Provider, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    options = {"authority": xenia.base, "connection_verify": xenia.ca_file}
    named = {"tenant_id": TENANT, "client_id": WORKER, "token_file_path": str(file)}
    file.write_text(_token_of(cluster))
    with WorkloadIdentityCredential(**named, **options) as azure:
        assert claims_of(azure.get_token(GRAPH).token)["tid"] == TENANT
    cluster.lie(claims={"sub": "system:serviceaccount:shop:intruder"})
    file.write_text(_token_of(cluster))
    cluster.lie()
    with (
        WorkloadIdentityCredential(**named, **options) as azure,
        pytest.raises(ClientAuthenticationError, match="AADSTS700213"),
    ):
        azure.get_token(GRAPH)
