"""MSAL for Python and azure-identity, unmodified, against a running server: secrets, certificates and people."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
import msal
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AuthenticationRequiredError,
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    InteractiveBrowserCredential,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.person_at import browser_at, sent_to, sign_in_at, sign_in_with
from tests.support.protocol import claims_of
from tests.support.running import RunningXenia, running_xenia

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]

TENANT = "c11e4700-0000-4000-8000-00000000000b"
DAEMON = "c11e4700-0000-4000-8000-0000000000b1"
WEB = "c11e4700-0000-4000-8000-0000000000b2"
OPERATOR = "c11e4700-0000-4000-8000-0000000000b3"
SECRET = "a-secret-for-msal-tests-only~1"
PASSWORD = "Correct-horse-battery-9"
REDIRECT = "http://localhost:49321/callback"
GRAPH = "https://graph.microsoft.com/.default"
SEED = f"""
[[tenant]]
id = "{TENANT}"
name = "Contoso"
short_name = "contoso"
settings.security_defaults = false

[[tenant.user]]
name = "mia"
display_name = "Mia Member"
mail = "mia@contoso.example"
password = "{PASSWORD}"

[[tenant.app]]
id = "{DAEMON}"
name = "Daemon"
secret = [{{ value = "{SECRET}" }}]
certificates = ["daemon.pem"]
permissions.application = ["User.Read.All"]

[[tenant.app]]
id = "{WEB}"
name = "Shop"
redirect_uris.web = ["https://shop.example/signed-in"]
redirect_uris.public = ["http://localhost/callback", "http://localhost"]
secret = [{{ value = "{SECRET}" }}]
permissions.delegated = ["User.Read"]

[[tenant.app]]
id = "{OPERATOR}"
name = "Operator"
secret = [{{ value = "{SECRET}" }}]
permissions.application = ["User.ReadWrite.All"]
"""


class Credential:
    """A key with its certificate, in the forms client libraries take."""

    def __init__(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "daemon")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .sign(key, hashes.SHA256())
        )
        self.certificate = made.public_bytes(Encoding.PEM).decode()
        self.key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.thumbprint = hashlib.sha1(made.public_bytes(Encoding.DER)).hexdigest()


@pytest.fixture(scope="module")
def credential() -> Credential:
    return Credential()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, credential: Credential) -> Iterator[RunningXenia]:
    """A server with an app that has a secret and a certificate, and one that people sign in to."""
    directory = tmp_path_factory.mktemp("msal")
    (directory / "daemon.pem").write_text(credential.certificate, "ascii")
    seed = directory / "seed.toml"
    seed.write_text(SEED, "utf-8")
    with running_xenia(directory, "--ephemeral", "--seed", str(seed)) as server:
        yield server


@pytest.fixture
def xenia(running: RunningXenia, monkeypatch: pytest.MonkeyPatch) -> RunningXenia:
    """The same, with its CA where client libraries look for it and no proxy in between."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, running.ca_file)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    return running


def _daemon(xenia: RunningXenia, secret: Any = SECRET, **options: Any) -> msal.ConfidentialClientApplication:
    options = options or {"authority": f"{xenia.base}/{TENANT}", "instance_discovery": False}
    return msal.ConfidentialClientApplication(DAEMON, client_credential=secret, **options)


@pytest.mark.parametrize("tenant", [TENANT, "contoso", "contoso.onxenia.localhost"])
def test_a_secret_gets_an_app_token(xenia: RunningXenia, tenant: str) -> None:
    app = _daemon(xenia, authority=f"{xenia.base}/{tenant}", instance_discovery=False)
    answer = app.acquire_token_for_client([GRAPH])
    claims = claims_of(answer["access_token"])
    assert (claims["tid"], claims["roles"], claims["appidacr"]) == (TENANT, ["User.Read.All"], "1")
    assert app.acquire_token_for_client([GRAPH])["token_source"] == "cache"


def test_the_oidc_authority_and_own_instance_discovery(xenia: RunningXenia) -> None:
    by_issuer = _daemon(xenia, oidc_authority=f"{xenia.base}/{TENANT}/v2.0")
    assert "access_token" in by_issuer.acquire_token_for_client([GRAPH])
    discovered = _daemon(
        xenia,
        authority=f"{xenia.base}/{TENANT}",
        instance_discovery=f"{xenia.base}/common/discovery/instance",
    )
    assert "access_token" in discovered.acquire_token_for_client([GRAPH])


@pytest.mark.parametrize("form", ["thumbprint", "sha256-x5c"])
def test_a_certificate_is_presented_again_and_again(
    xenia: RunningXenia, credential: Credential, form: str
) -> None:
    proof = {"private_key": credential.key}
    if form == "thumbprint":
        proof["thumbprint"] = credential.thumbprint
    else:
        proof["public_certificate"] = credential.certificate
    app = _daemon(xenia, proof)
    for scope in (GRAPH, f"{xenia.base}/.default"):
        # The library reuses one assertion for both requests.
        answer = app.acquire_token_for_client([scope])
        assert claims_of(answer["access_token"])["appidacr"] == "2", answer


def test_refusals_reach_the_program(xenia: RunningXenia) -> None:
    wrong = _daemon(xenia, "wrong").acquire_token_for_client([GRAPH])
    assert (wrong["error"], wrong["error_codes"]) == ("invalid_client", [7000215])
    unknown = _daemon(xenia).acquire_token_for_client(["https://nobody.example/.default"])
    assert (unknown["error"], unknown["error_codes"]) == ("invalid_resource", [500011])
    with pytest.raises(ValueError, match="Unable to get authority configuration"):
        _daemon(xenia, authority=f"{xenia.base}/nobody.example", instance_discovery=False)


def test_azure_identity_with_a_secret(xenia: RunningXenia) -> None:
    with ClientSecretCredential(
        TENANT, DAEMON, SECRET, authority=xenia.base, disable_instance_discovery=True
    ) as azure:
        assert claims_of(azure.get_token(GRAPH).token)["appid"] == DAEMON
        assert claims_of(azure.get_token(GRAPH, enable_cae=True).token)["appid"] == DAEMON
    with (
        ClientSecretCredential(
            TENANT, DAEMON, "wrong", authority=xenia.base, disable_instance_discovery=True
        ) as azure,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        azure.get_token(GRAPH)


@pytest.mark.parametrize("chain", [False, True])
def test_azure_identity_with_a_certificate(
    xenia: RunningXenia, credential: Credential, tmp_path: Path, chain: bool
) -> None:
    both = tmp_path / "daemon.pem"
    both.write_text(credential.key + credential.certificate, "ascii")
    with CertificateCredential(
        TENANT,
        DAEMON,
        str(both),
        send_certificate_chain=chain,
        authority=xenia.base,
        disable_instance_discovery=True,
    ) as azure:
        assert claims_of(azure.get_token(GRAPH).token)["appidacr"] == "2"


def _sign_in(xenia: RunningXenia, url: str) -> dict[str, str]:
    """Mia signs in with her password; what her browser is sent back with."""
    return sign_in_at(xenia, url, "mia@contoso.onxenia.localhost", PASSWORD)


@pytest.mark.parametrize("kind", ["public", "confidential"])
def test_a_person_signs_in_by_the_authorization_code_flow(xenia: RunningXenia, kind: str) -> None:
    options: dict[str, Any] = {"authority": f"{xenia.base}/{TENANT}", "instance_discovery": False}
    if kind == "public":
        app: Any = msal.PublicClientApplication(WEB, **options)
        redirect = REDIRECT
    else:
        app = msal.ConfidentialClientApplication(WEB, client_credential=SECRET, **options)
        redirect = "https://shop.example/signed-in"
    flow = app.initiate_auth_code_flow(["User.Read"], redirect_uri=redirect, max_age=3600)
    answer = app.acquire_token_by_auth_code_flow(flow, _sign_in(xenia, flow["auth_uri"]))
    assert "error" not in answer, answer
    claims = answer["id_token_claims"]
    assert (claims["tid"], claims["preferred_username"]) == (TENANT, "mia@contoso.onxenia.localhost")
    (account,) = app.get_accounts()
    assert account["home_account_id"] == f"{claims['oid']}.{TENANT}"
    assert claims_of(answer["access_token"])["scp"] == "User.Read openid profile"
    assert app.acquire_token_silent(["User.Read"], account)["access_token"] == answer["access_token"]
    again = app.acquire_token_by_auth_code_flow(flow, {"code": "x", "state": flow["state"]})
    assert again["error"] == "invalid_grant"


@pytest.mark.parametrize("kind", ["public", "confidential"])
def test_tokens_are_renewed_silently_until_the_session_is_revoked(xenia: RunningXenia, kind: str) -> None:
    options: dict[str, Any] = {"authority": f"{xenia.base}/{TENANT}", "instance_discovery": False}
    if kind == "public":
        app: Any = msal.PublicClientApplication(WEB, **options)
        redirect = REDIRECT
    else:
        app = msal.ConfidentialClientApplication(WEB, client_credential=SECRET, **options)
        redirect = "https://shop.example/signed-in"
    flow = app.initiate_auth_code_flow(["User.Read"], redirect_uri=redirect)
    first = app.acquire_token_by_auth_code_flow(flow, _sign_in(xenia, flow["auth_uri"]))
    assert "refresh_token" in first, first
    (account,) = app.get_accounts()

    renewed = app.acquire_token_silent(["User.Read"], account, force_refresh=True)
    assert renewed["token_source"] == "identity_provider"
    assert renewed["access_token"] != first["access_token"]
    assert claims_of(renewed["access_token"])["oid"] == first["id_token_claims"]["oid"]
    # The library keeps the newest refresh token, and uses it for whatever else was agreed to.
    graph = app.acquire_token_silent([GRAPH], account, force_refresh=True)
    assert claims_of(graph["access_token"])["scp"] == "User.Read openid profile"
    refused = app.acquire_token_silent_with_error(["User.ReadWrite.All"], account)
    assert (refused["error"], refused["suberror"]) == ("invalid_grant", "consent_required")

    operator = msal.ConfidentialClientApplication(OPERATOR, client_credential=SECRET, **options)
    token = operator.acquire_token_for_client([GRAPH])["access_token"]
    revoked = requests.post(
        f"{xenia.base}/v1.0/users/{account['local_account_id']}/revokeSignInSessions",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert revoked.status_code == 200, revoked.text
    ended = app.acquire_token_silent_with_error(["User.Read"], account, force_refresh=True)
    assert (ended["error"], ended["suberror"], ended["error_codes"]) == (
        "invalid_grant",
        "bad_token",
        [50173],
    )


def test_azure_identity_with_a_client_assertion(xenia: RunningXenia, credential: Credential) -> None:
    """The program signs what proves it, as a workload does."""
    made: list[str] = []

    def assertion() -> str:
        thumbprint = base64.urlsafe_b64encode(bytes.fromhex(credential.thumbprint)).rstrip(b"=").decode()
        now = int(time.time())
        claims = {
            "aud": f"{xenia.base}/{TENANT}/oauth2/v2.0/token",
            "iss": DAEMON,
            "sub": DAEMON,
            "jti": str(uuid.uuid4()),
            "nbf": now,
            "exp": now + 300,
        }
        made.append(jwt.encode(claims, credential.key, "RS256", {"x5t": thumbprint}))
        return made[-1]

    with ClientAssertionCredential(TENANT, DAEMON, assertion, authority=xenia.base) as azure:
        token = azure.get_token(GRAPH).token
        assert claims_of(token)["appidacr"] == "2"
        assert azure.get_token(GRAPH).token == token
        users = requests.get(
            f"{xenia.base}/v1.0/users", headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        assert users.status_code == 200
        assert len(made) == 1
    with (
        ClientAssertionCredential(TENANT, DAEMON, lambda: made[0] + "x", authority=xenia.base) as azure,
        pytest.raises(ClientAuthenticationError, match="AADSTS700027"),
    ):
        azure.get_token(GRAPH)


def test_azure_identity_with_a_browser(xenia: RunningXenia, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library listens at http://localhost and has the answer posted there; renews; then the session is revoked."""
    opened: list[threading.Thread] = []

    def person(url: str, *arguments: object) -> bool:
        del arguments

        def sign_in() -> None:
            page = sign_in_with(browser_at(xenia), url, "mia@contoso.onxenia.localhost", PASSWORD)
            (form,) = page.forms
            requests.post(form.action, data=form.fields, timeout=30)

        opened.append(threading.Thread(target=sign_in))
        opened[-1].start()
        return True

    monkeypatch.setattr("webbrowser.open", person)
    options: dict[str, Any] = {"authority": xenia.base, "disable_instance_discovery": True, "timeout": 120}
    with InteractiveBrowserCredential(tenant_id=TENANT, client_id=WEB, **options) as azure:
        token = azure.get_token("https://graph.microsoft.com/User.Read").token
        opened[0].join()
        me = requests.get(f"{xenia.base}/v1.0/me", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert me.json()["userPrincipalName"] == "mia@contoso.onxenia.localhost"
        # Another name of the same API is not in the library's store: by the refresh token, without the browser.
        renewed = azure.get_token(f"{xenia.base}/User.Read").token
        assert claims_of(renewed)["oid"] == claims_of(token)["oid"]
        assert len(opened) == 1
        record = azure.authenticate(scopes=["https://graph.microsoft.com/User.Read"])
        assert (record.username, record.tenant_id) == ("mia@contoso.onxenia.localhost", TENANT)
    silent = InteractiveBrowserCredential(
        tenant_id=TENANT, client_id=WEB, disable_automatic_authentication=True, **options
    )
    with silent, pytest.raises(AuthenticationRequiredError):
        silent.get_token("https://graph.microsoft.com/User.Read")


def test_a_person_signs_out(xenia: RunningXenia) -> None:
    """MSAL for Python leaves the browser's session to its program: the address is in the metadata it has read."""
    app = msal.PublicClientApplication(WEB, authority=f"{xenia.base}/{TENANT}", instance_discovery=False)
    flow = app.initiate_auth_code_flow(["User.Read"], redirect_uri=REDIRECT)
    walker = browser_at(xenia)
    back = sent_to(sign_in_with(walker, flow["auth_uri"], "mia@contoso.onxenia.localhost", PASSWORD))
    answer = app.acquire_token_by_auth_code_flow(flow, dict(parse_qsl(urlsplit(back).query)))
    me = requests.get(
        f"{xenia.base}/v1.0/me", headers={"Authorization": f"Bearer {answer['access_token']}"}, timeout=30
    )
    assert me.json()["displayName"] == "Mia Member"
    (account,) = app.get_accounts()
    app.remove_account(account)
    assert app.acquire_token_silent(["User.Read"], account) is None
    hint = urlencode(
        {"id_token_hint": answer["id_token"], "post_logout_redirect_uri": REDIRECT, "state": "bye"}
    )
    left = walker.open(f"{xenia.base}/{TENANT}/oauth2/v2.0/logout?{hint}")
    assert sent_to(left) == f"{REDIRECT}?state=bye"
    again = app.initiate_auth_code_flow(["User.Read"], redirect_uri=REDIRECT, prompt="none")
    assert parse_qs(urlsplit(sent_to(walker.open(again["auth_uri"]))).query)["error"] == ["login_required"]
