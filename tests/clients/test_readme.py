"""The README's table *Point your SDK at it*: its very cells are put into each SDK's call and run."""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from pathlib import Path

import msal
import pytest

from tests.clients.conftest import READER, SECRET, TENANT
from tests.support.apart import run_apart
from tests.support.protocol import claims_of
from tests.support.readme import documented
from tests.support.running import RunningXenia

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from azure.identity import ClientSecretCredential
    from kiota_authentication_azure.azure_identity_authentication_provider import (
        AzureIdentityAuthenticationProvider,
    )
    from msgraph import GraphRequestAdapter, GraphServiceClient
    from msgraph.graph_request_adapter import options
    from msgraph_core import GraphClientFactory

GRAPH = "https://graph.microsoft.com/.default"

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]


def test_msal_for_python(trusted: RunningXenia) -> None:
    call = "msal.ConfidentialClientApplication({!r}, client_credential={!r}, {}, {})"
    app = eval(call.format(READER, SECRET, *documented("MSAL Python", trusted.base)), {"msal": msal})
    answer = app.acquire_token_for_client([GRAPH])
    assert claims_of(answer["access_token"])["tid"] == TENANT


def _credential(server: RunningXenia) -> ClientSecretCredential:
    call = "ClientSecretCredential({!r}, {!r}, {!r}, {}, {})"
    code = call.format(TENANT, READER, SECRET, *documented("azure-identity", server.base))
    made: ClientSecretCredential = eval(code, {"ClientSecretCredential": ClientSecretCredential})
    return made


def test_azure_identity(trusted: RunningXenia) -> None:
    with _credential(trusted) as credential:
        assert claims_of(credential.get_token(GRAPH).token)["tid"] == TENANT


def test_the_graph_sdk(trusted: RunningXenia) -> None:
    authority, extra = documented("msgraph-sdk", trusted.base)

    async def users(credential: ClientSecretCredential) -> list[str | None]:
        names = {
            "credential": credential,
            "AzureIdentityAuthenticationProvider": AzureIdentityAuthenticationProvider,
        }
        http = GraphClientFactory.create_with_default_middleware(options=options)
        adapter = GraphRequestAdapter(eval(authority, names), http)
        exec(extra, {"adapter": adapter})
        try:
            found = await GraphServiceClient(request_adapter=adapter).users.get()
        finally:
            # The SDK's wrapper does not hand the closing on to the transport inside.
            await http._transport.transport.aclose()
        return [user.user_principal_name for user in (found.value if found else None) or []]

    with _credential(trusted) as credential:
        assert "mia@contoso.onxenia.localhost" in run_apart(users(credential))


def test_msal_for_node(server: RunningXenia) -> None:
    authority, extra = documented("msal-node", server.base)
    program = f"""
        import {{ ConfidentialClientApplication }} from "@azure/msal-node";
        const app = new ConfidentialClientApplication({{
          auth: {{ clientId: {json.dumps(READER)}, clientSecret: {json.dumps(SECRET)}, {authority}, {extra} }},
        }});
        const answer = await app.acquireTokenByClientCredential({{ scopes: [{json.dumps(GRAPH)}] }});
        console.log(answer.accessToken);
    """
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", program],
        cwd=Path(__file__).parent,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": server.ca_file, "NO_PROXY": "localhost,127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert claims_of(ran.stdout.strip())["tid"] == TENANT


def test_any_other_library_finds_the_issuer_it_was_told(server: RunningXenia) -> None:
    """OpenID Connect Discovery section 4.3: the issuer of the document is exactly the one that was asked."""
    issuer, _ = documented("openid-client", server.base, TENANT)
    status, metadata = server.call("GET", f"{issuer}/.well-known/openid-configuration")
    assert (status, metadata["issuer"]) == (200, issuer)
