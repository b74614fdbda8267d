"""A daemon with the real service's addresses built in: asks for every user, page by page. Prints what it was told."""

from __future__ import annotations

import json
import sys

import msal
import requests

tenant, client_id, secret = sys.argv[1:]
app = msal.ConfidentialClientApplication(
    client_id, authority=f"https://login.microsoftonline.com/{tenant}", client_credential=secret
)
answer = app.acquire_token_for_client(scopes=["https://graph.microsoft.com/.default"])
told: dict[str, object] = {"token": answer.get("access_token"), "error": answer.get("error_codes")}
url = "https://graph.microsoft.com/v1.0/users?$top=1&$count=true"
pages = []
while url and "access_token" in answer:
    page = requests.get(url, headers={"Authorization": f"Bearer {answer['access_token']}"}, timeout=30).json()
    pages.append(page)
    url = page.get("@odata.nextLink")
print(json.dumps({**told, "pages": pages}))
