"""MSAL for Node, unmodified, against a running server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.clients.conftest import INVITER, PASSWORD, SECRET, SHOP, SHOP_REDIRECT, TENANT
from tests.support.person_at import browser_at, sent_to, sign_in_with
from tests.support.protocol import claims_of
from tests.support.running import RunningXenia

HERE = Path(__file__).parent

pytestmark = pytest.mark.clients


def _run(server: RunningXenia, **given: str) -> dict[str, Any]:
    order = {"base": server.base, "tenant": TENANT, "clientId": INVITER, "secret": SECRET, **given}
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": server.ca_file, "NO_PROXY": "localhost,127.0.0.1"}
    ran = subprocess.run(
        ["node", "msal_node.mjs", json.dumps(order)],
        cwd=HERE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return told


@pytest.mark.parametrize("tenant", [TENANT, "contoso"])
def test_an_app_gets_a_token_for_itself(server: RunningXenia, tenant: str) -> None:
    told = _run(server, tenant=tenant)
    assert "error" not in told, told
    claims = claims_of(told["accessToken"])
    assert (claims["appid"], claims["tid"]) == (INVITER, TENANT)
    assert "User.Invite.All" in claims["roles"]


def test_a_refusal_reaches_the_program(server: RunningXenia) -> None:
    told = _run(server, secret="wrong")
    assert told["error"] == "invalid_client"
    assert "7000215" in told["message"]


def test_a_person_signs_in_and_tokens_are_renewed_silently(server: RunningXenia) -> None:
    order = {"base": server.base, "tenant": TENANT, "clientId": SHOP, "redirectUri": SHOP_REDIRECT}
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": server.ca_file, "NO_PROXY": "localhost,127.0.0.1"}
    with subprocess.Popen(
        ["node", "msal_node_person.mjs", json.dumps(order)],
        cwd=HERE,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as node:
        assert node.stdout is not None
        url = node.stdout.readline().strip()
        walker = browser_at(server)
        back = sent_to(sign_in_with(walker, url, "mia@contoso.onxenia.localhost", PASSWORD))
        (code,) = parse_qs(urlsplit(back).query)["code"]
        out, _ = node.communicate(code + "\n", timeout=60)
    assert node.returncode == 0, out
    told = json.loads(out.strip().splitlines()[-1])
    claims = claims_of(told["first"]["accessToken"])
    assert told["first"]["account"]["homeAccountId"] == f"{claims['oid']}.{TENANT}"
    assert told["renewed"]["fromCache"] is False, told
    assert claims_of(told["renewed"]["accessToken"])["oid"] == claims["oid"]
    # Two APIs at once: the library sends the same refresh token twice.
    assert [answer["fromCache"] for answer in told["both"]] == [False, False], told
    assert told["refused"]["kind"] == "InteractionRequiredAuthError", told
    assert (told["refused"]["error"], told["refused"]["suberror"]) == ("invalid_grant", "consent_required")
    bearer = {"Authorization": f"Bearer {told['renewed']['accessToken']}"}
    status, me = server.call("GET", "/v1.0/me", headers=bearer)
    assert (status, me["displayName"]) == (200, "Mia Member")
    # The library leaves the browser's session to its program.
    hint = {"id_token_hint": told["first"]["account"]["idToken"], "post_logout_redirect_uri": SHOP_REDIRECT}
    left = walker.open(f"{server.base}/{TENANT}/oauth2/v2.0/logout?{urlencode(hint)}")
    assert sent_to(left) == SHOP_REDIRECT
    assert "login_required" in sent_to(walker.open(f"{url}&prompt=none"))
