"""Calls that a script makes to the nodes: tokens, invitations, users."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import urlencode

from tests.support.nodes import Balancer
from xenia.web.http import HttpResponse

TENANT = "d0de5000-0000-4000-8000-000000000000"
ORDERS = "d0de5000-0000-4000-8000-0000000000a1"
INVITER = "d0de5000-0000-4000-8000-0000000000b1"
SECRET = "node-tests-only-0123456789abcdef"
PASSWORD = "Correct-horse-battery-9"
SIGNED_IN = "https://orders.contoso.example/signed-in"
VERIFIER = "a-verifier-of-the-node-tests-that-is-long-enough-01"


def token_answer(balancer: Balancer, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """The token endpoint's status and JSON."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = balancer.send(
        "POST", f"/{TENANT}/oauth2/v2.0/token", body=urlencode(form).encode(), headers=headers
    )
    return answer.status, json.loads(answer.body)


def app_token(balancer: Balancer) -> str:
    """An app-only token for Graph."""
    form = {
        "grant_type": "client_credentials",
        "client_id": INVITER,
        "client_secret": SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    status, answer = token_answer(balancer, form)
    assert status == 200, answer
    return str(answer["access_token"])


def graph(
    balancer: Balancer, token: str, method: str, path: str, body: object = None
) -> tuple[int, dict[str, Any]]:
    """One Graph call."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    answer = balancer.send(method, f"/v1.0{path}", body=data, headers=headers)
    return answer.status, json.loads(answer.body or b"{}")


def invite(balancer: Balancer, token: str, address: str) -> dict[str, Any]:
    """Invite somebody, with mail."""
    order = {
        "invitedUserEmailAddress": address,
        "inviteRedirectUrl": "https://portal.contoso.example/",
        "sendInvitationMessage": True,
    }
    status, answer = graph(balancer, token, "POST", "/invitations", order)
    assert status == 201, answer
    return answer


def authorize_path(**more: str) -> str:
    """The request of the app "Orders"."""
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    query = {
        "client_id": ORDERS,
        "response_type": "code",
        "redirect_uri": SIGNED_IN,
        "scope": "openid profile offline_access",
        "state": "s",
        "nonce": "n",
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
        **more,
    }
    return f"/{TENANT}/oauth2/v2.0/authorize?{urlencode(query)}"


def code_form(code: str) -> dict[str, str]:
    """Redeeming an authorization code."""
    return {
        "grant_type": "authorization_code",
        "client_id": ORDERS,
        "client_secret": SECRET,
        "code": code,
        "redirect_uri": SIGNED_IN,
        "code_verifier": VERIFIER,
    }


def location(response: HttpResponse) -> str:
    """Where a redirect leads."""
    return response.header("Location") or ""
