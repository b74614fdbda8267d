"""The Graph SDK for Python with azure-identity, set up as the how-tos say, apart from the host."""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.apart import run_apart
from tests.support.running import RunningXenia

# Deprecations inside the SDK are not ours to answer for.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from azure.identity import ClientSecretCredential
    from kiota_authentication_azure.azure_identity_authentication_provider import (
        AzureIdentityAuthenticationProvider,
    )
    from msgraph import GraphRequestAdapter, GraphServiceClient
    from msgraph.graph_request_adapter import options
    from msgraph_core import GraphClientFactory


def run_with_client(
    server: RunningXenia,
    app: tuple[str, str, str],
    work: Callable[[GraphServiceClient], Awaitable[Any]],
) -> Any:
    """*work* with a client of an app: its tenant, client ID and secret."""
    tenant_id, client_id, secret = app
    credential = ClientSecretCredential(
        tenant_id, client_id, secret, authority=server.base, disable_instance_discovery=True
    )
    provider = AzureIdentityAuthenticationProvider(
        credential, scopes=[f"{server.base}/.default"], allowed_hosts=["localhost"]
    )

    async def inside() -> Any:
        http = GraphClientFactory.create_with_default_middleware(options=options)
        adapter = GraphRequestAdapter(provider, http)
        adapter.base_url = f"{server.base}/v1.0"
        try:
            return await work(GraphServiceClient(request_adapter=adapter))
        finally:
            # The SDK's wrapper does not hand the closing on to the transport inside.
            await http._transport.transport.aclose()

    with credential:
        return run_apart(inside())
