"""A desktop program with the real service's addresses built in: a person signs in, tokens are renewed, a scope is refused.

The browser stands in for the person's own: it is led by the same hosts file.
"""

from __future__ import annotations

import json
import os
import sys
from types import SimpleNamespace
from typing import Any

import msal
import requests

from tests.support.person_at import sign_in_at

tenant, client_id, login, password = sys.argv[1:]
browser: Any = SimpleNamespace(
    base="https://login.microsoftonline.com", ca_file=os.environ["REQUESTS_CA_BUNDLE"]
)
app = msal.PublicClientApplication(client_id, authority=f"https://login.microsoftonline.com/{tenant}")
flow = app.initiate_auth_code_flow(["User.Read"], redirect_uri="http://localhost:49321/callback")
first = app.acquire_token_by_auth_code_flow(flow, sign_in_at(browser, flow["auth_uri"], login, password))
(account,) = app.get_accounts()
renewed = app.acquire_token_silent(["User.Read"], account, force_refresh=True)
refused = app.acquire_token_silent_with_error(["User.ReadWrite.All"], account)
bearer = {"Authorization": f"Bearer {renewed['access_token']}"}
me = requests.get("https://graph.microsoft.com/v1.0/me", headers=bearer, timeout=30).json()
info = requests.get("https://graph.microsoft.com/oidc/userinfo", headers=bearer, timeout=30).json()
metadata = requests.get(
    f"{app.authority.instance and 'https://' + app.authority.instance}/{tenant}/v2.0"
    "/.well-known/openid-configuration",
    timeout=30,
).json()
print(
    json.dumps(
        {
            "claims": first.get("id_token_claims"),
            "environment": account["environment"],
            "renewed": renewed.get("token_source"),
            "refused": refused.get("suberror"),
            "me": me,
            "userinfo": info,
            "end_session": metadata["end_session_endpoint"],
        }
    )
)
