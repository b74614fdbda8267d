"""A script's way in: client credentials and the Graph API, over the wire."""

from __future__ import annotations

import json
import ssl
import urllib.parse
import urllib.request
from typing import Any

from tests.support.running import RunningXenia

INVITER = "c0417050-0000-4000-8000-0000000000b1"
SECRET = "browser-tests-only-0123456789abcdef"


def app_token(xenia: RunningXenia) -> str:
    """An app-only token for Graph."""
    form = {
        "grant_type": "client_credentials",
        "client_id": INVITER,
        "client_secret": SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    request = urllib.request.Request(
        f"{xenia.tenant['authority']}/oauth2/v2.0/token",
        data=urllib.parse.urlencode(form).encode(),
        method="POST",
    )
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=xenia.ca_file)),
    )
    with opener.open(request, timeout=60) as response:
        return str(json.loads(response.read())["access_token"])


def graph(xenia: RunningXenia, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """One Graph call as the script."""
    return xenia.call(
        method, f"/v1.0{path}", body=body, headers={"Authorization": f"Bearer {app_token(xenia)}"}
    )


def invite(xenia: RunningXenia, address: str, redirect: str, **more: Any) -> dict[str, Any]:
    """Invite somebody, with mail; the invitation as answered."""
    order = {
        "invitedUserEmailAddress": address,
        "inviteRedirectUrl": redirect,
        "sendInvitationMessage": True,
        **more,
    }
    status, answer = graph(xenia, "POST", "/invitations", order)
    assert status == 201, answer
    found: dict[str, Any] = answer
    return found
