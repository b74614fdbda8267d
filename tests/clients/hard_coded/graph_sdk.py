"""The Graph SDK as its own documentation starts: a credential, the default scope, and no address at all."""

from __future__ import annotations

import asyncio
import json
import sys
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from azure.identity import ClientSecretCredential
    from msgraph import GraphServiceClient


async def main() -> None:
    tenant, client_id, secret = sys.argv[1:]
    credential = ClientSecretCredential(tenant, client_id, secret)
    client = GraphServiceClient(credential, ["https://graph.microsoft.com/.default"])
    found = await client.users.get()
    print(
        json.dumps(sorted(user.user_principal_name or "" for user in (found.value if found else None) or []))
    )


asyncio.run(main())
