"""Libraries for any OpenID provider, unmodified: each signs somebody in, renews, calls APIs, signs out, and is refused.

They know the issuer and a registration and nothing else of this server, and check what the standards say.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from tests.clients.conftest import MIA, PASSWORD, SECRET, SITE, SITE_REDIRECT, TENANT
from tests.support.person_at import browser_at, sent_to, sign_in_with
from tests.support.running import RunningXenia
from tests.support.walker import Walker

HERE = Path(__file__).parent

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]


def leave(walker: Walker, end_session: str, prompt_none: str) -> None:
    """Signing out ends the session and leads back to the app; then nobody is signed in silently."""
    back = urlsplit(sent_to(walker.open(end_session)))
    assert (f"{back.scheme}://{back.netloc}{back.path}", back.query) == (SITE_REDIRECT, "state=bye")
    refused = parse_qs(urlsplit(sent_to(walker.open(prompt_none))).query)
    assert refused["error"] == ["login_required"]


@pytest.mark.parametrize("library", ["openid_client.mjs", "oauth4webapi.mjs"])
def test_a_library_for_node(server: RunningXenia, library: str) -> None:
    order = {
        "base": server.base,
        "tenant": TENANT,
        "clientId": SITE,
        "secret": SECRET,
        "redirectUri": SITE_REDIRECT,
    }
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": server.ca_file, "NO_PROXY": "localhost,127.0.0.1"}
    walker = browser_at(server)
    with subprocess.Popen(
        ["node", library, json.dumps(order)],
        cwd=HERE,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as node:
        assert node.stdout is not None
        url = node.stdout.readline().strip()
        back = sent_to(sign_in_with(walker, url, MIA, PASSWORD))
        out, _ = node.communicate(back + "\n", timeout=120)
    assert node.returncode == 0, out
    told: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    assert told["pkce"] is True
    assert (told["claims"]["tid"], told["claims"]["aud"]) == (TENANT, SITE)
    assert told["userinfo"]["sub"] == told["claims"]["sub"]
    assert told["renewed"] is True
    assert told["me"]["userPrincipalName"] == MIA
    assert (told["refused"]["kind"], told["refused"]["error"]) == ("ResponseBodyError", "invalid_grant")
    assert "AADSTS54005" in told["refused"]["description"]
    leave(walker, told["endSession"], f"{url}&prompt=none")


def test_authlib(trusted: RunningXenia) -> None:
    server = trusted
    status, metadata = server.call("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration")
    assert status == 200
    session = OAuth2Session(
        SITE,
        SECRET,
        scope="openid profile offline_access User.Read",
        redirect_uri=SITE_REDIRECT,
        code_challenge_method="S256",
        token_endpoint=metadata["token_endpoint"],
    )
    verifier = generate_token(48)
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    walker = browser_at(server)
    back = sent_to(sign_in_with(walker, url, MIA, PASSWORD))
    first = session.fetch_token(authorization_response=back, state=state, code_verifier=verifier)
    me = session.get(f"{server.base}/v1.0/me", timeout=30)
    assert (me.status_code, me.json()["userPrincipalName"]) == (200, MIA)
    renewed = session.refresh_token()
    assert renewed["access_token"] != first["access_token"]
    info = session.get(metadata["userinfo_endpoint"], timeout=30).json()
    assert info["name"] == "Mia Member"
    with pytest.raises(OAuthError, match="AADSTS54005"):
        session.fetch_token(authorization_response=back, state=state, code_verifier=verifier)
    end = f"{metadata['end_session_endpoint']}?id_token_hint={renewed['id_token']}&state=bye"
    leave(walker, f"{end}&post_logout_redirect_uri={SITE_REDIRECT}", f"{url}&prompt=none")
