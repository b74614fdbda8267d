"""MSAL for Python and Node, and azure-identity, unmodified: devices without a browser, and APIs that call further APIs."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msal
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DeviceCodeCredential, OnBehalfOfCredential

from tests.support.person_at import browser_at, sign_in_at
from tests.support.protocol import claims_of
from tests.support.running import RunningXenia, running_xenia
from tests.support.walker import Page

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]

TENANT = "c11e4700-0000-4000-8000-00000000000d"
CLI = "c11e4700-0000-4000-8000-0000000000d1"
SHOP = "c11e4700-0000-4000-8000-0000000000d2"
STOCK = "c11e4700-0000-4000-8000-0000000000d3"
SECRET = "a-secret-for-delegation-tests~1"
PASSWORD = "Correct-horse-battery-9"
MIA = "mia@contoso.onxenia.localhost"
REDIRECT = "https://shop.example/signed-in"
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
id = "{CLI}"
name = "Stock CLI"
public_client = true
permissions.delegated = ["User.Read", "openid", "profile", "offline_access"]

[[tenant.app]]
id = "{SHOP}"
name = "Shop"
redirect_uris.web = ["{REDIRECT}"]
secret = [{{ value = "{SECRET}" }}]

[[tenant.app]]
id = "{STOCK}"
name = "Stock API"
identifier_uris = ["api://{STOCK}"]
token_version = 2
secret = [{{ value = "{SECRET}" }}]
permissions.delegated = ["User.Read", "openid", "profile", "offline_access"]

[[tenant.app.scope]]
value = "access_as_user"
display_name = "Read stock"
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningXenia]:
    """A server with a command-line program, a shop, and the API that the shop calls."""
    directory = tmp_path_factory.mktemp("delegation")
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


def _authority(xenia: RunningXenia) -> dict[str, Any]:
    return {"authority": f"{xenia.base}/{TENANT}", "instance_discovery": False}


def _approve(xenia: RunningXenia, url: str, code: str, button: str = "Continue") -> Page:
    """Mia opens the address that the program prints, types the code it prints, and signs in."""
    assert url == f"{xenia.base}/device"
    walker = browser_at(xenia)
    walker.open(url)
    walker.submit("/device", user_code=code)
    page = walker.submit("/device/confirm", button=button)
    if button == "Cancel":
        return page
    walker.submit("/identify", login=MIA)
    walker.submit("/password", password=PASSWORD)
    return walker.submit("/stay", button="No")


def test_msal_signs_a_device_in_renews_silently_and_calls_graph(xenia: RunningXenia) -> None:
    app = msal.PublicClientApplication(CLI, **_authority(xenia))
    flow = app.initiate_device_flow(["User.Read"])
    assert flow["user_code"] in flow["message"]
    page = _approve(xenia, flow["verification_uri"], flow["user_code"])
    assert "You have signed in on your device" in page.text
    answer = app.acquire_token_by_device_flow(flow)
    assert "error" not in answer, answer
    assert answer["id_token_claims"]["preferred_username"] == MIA
    (account,) = app.get_accounts()
    silent = app.acquire_token_silent(["User.Read"], account, force_refresh=True)
    assert silent["token_source"] == "identity_provider"
    me = requests.get(
        f"{xenia.base}/v1.0/me", headers={"Authorization": f"Bearer {silent['access_token']}"}, timeout=30
    )
    assert me.json()["userPrincipalName"] == MIA


def test_msal_learns_that_nobody_has_decided_that_somebody_declined_and_that_a_code_works_once(
    xenia: RunningXenia,
) -> None:
    app = msal.PublicClientApplication(CLI, **_authority(xenia))
    flow = app.initiate_device_flow(["User.Read"])
    pending = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    assert (pending["error"], pending["error_codes"]) == ("authorization_pending", [70016])
    declined = app.initiate_device_flow(["User.Read"])
    assert (
        "The device is not signed in"
        in _approve(xenia, declined["verification_uri"], declined["user_code"], "Cancel").text
    )
    assert app.acquire_token_by_device_flow(declined)["error"] == "access_denied"
    used = app.initiate_device_flow(["User.Read"])
    _approve(xenia, used["verification_uri"], used["user_code"])
    assert "access_token" in app.acquire_token_by_device_flow(used)
    assert app.acquire_token_by_device_flow(used)["error"] == "bad_verification_code"


def test_azure_identity_signs_a_device_in(xenia: RunningXenia) -> None:
    def prompt(url: str, code: str, expires: datetime) -> None:
        assert expires.tzinfo is not None
        _approve(xenia, url, code)

    with DeviceCodeCredential(
        CLI,
        tenant_id=TENANT,
        authority=xenia.base,
        disable_instance_discovery=True,
        prompt_callback=prompt,
    ) as azure:
        claims = claims_of(azure.get_token(GRAPH).token)
        assert (claims["appid"], claims["tid"]) == (CLI, TENANT)
        assert azure.get_token(GRAPH).token


def _call(xenia: RunningXenia) -> str:
    """The access token by which the shop calls the API for Mia."""
    shop = msal.ConfidentialClientApplication(SHOP, client_credential=SECRET, **_authority(xenia))
    flow = shop.initiate_auth_code_flow([f"api://{STOCK}/access_as_user"], redirect_uri=REDIRECT)
    answer = shop.acquire_token_by_auth_code_flow(flow, sign_in_at(xenia, flow["auth_uri"], MIA, PASSWORD))
    assert "error" not in answer, answer
    return str(answer["access_token"])


def test_msal_acts_on_behalf_of_the_caller(xenia: RunningXenia) -> None:
    call = _call(xenia)
    api = msal.ConfidentialClientApplication(STOCK, client_credential=SECRET, **_authority(xenia))
    answer = api.acquire_token_on_behalf_of(call, ["User.Read"])
    assert "error" not in answer, answer
    claims = claims_of(answer["access_token"])
    assert (claims["appid"], claims["oid"]) == (STOCK, claims_of(call)["oid"])
    me = requests.get(
        f"{xenia.base}/v1.0/me", headers={"Authorization": f"Bearer {answer['access_token']}"}, timeout=30
    )
    assert me.json()["userPrincipalName"] == MIA
    (account,) = api.get_accounts()
    assert "access_token" in api.acquire_token_silent(["User.Read"], account, force_refresh=True)


def test_msal_learns_what_it_may_not_do_on_behalf(xenia: RunningXenia) -> None:
    api = msal.ConfidentialClientApplication(STOCK, client_credential=SECRET, **_authority(xenia))
    call = _call(xenia)
    refused = api.acquire_token_on_behalf_of(call, ["User.ReadWrite.All"])
    assert (refused["error"], refused["error_codes"], refused["suberror"]) == (
        "invalid_grant",
        [65001],
        "consent_required",
    )
    other = msal.ConfidentialClientApplication(SHOP, client_credential=SECRET, **_authority(xenia))
    assert other.acquire_token_on_behalf_of(call, ["User.Read"])["error_codes"] == [500131]


def test_azure_identity_acts_on_behalf_of_the_caller(xenia: RunningXenia) -> None:
    options = {"authority": xenia.base, "disable_instance_discovery": True, "client_secret": SECRET}
    with OnBehalfOfCredential(TENANT, STOCK, user_assertion=_call(xenia), **options) as azure:
        assert claims_of(azure.get_token(GRAPH).token)["appid"] == STOCK
    with (
        OnBehalfOfCredential(TENANT, STOCK, user_assertion="forged", **options) as azure,
        pytest.raises(ClientAuthenticationError, match="AADSTS50013"),
    ):
        azure.get_token(GRAPH)


def _node(xenia: RunningXenia, **given: str) -> subprocess.Popen[str]:
    order = {"base": xenia.base, "tenant": TENANT, **given}
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": xenia.ca_file}
    return subprocess.Popen(
        ["node", "msal_node_device.mjs", json.dumps(order)],
        cwd=Path(__file__).parent,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("button", ["Continue", "Cancel"])
def test_msal_for_node_signs_a_device_in_by_the_short_grant_name(xenia: RunningXenia, button: str) -> None:
    """It asks at once, is told to wait, and asks again after the interval."""
    with _node(xenia, clientId=CLI) as node:
        assert node.stdout is not None
        codes = json.loads(node.stdout.readline())
        _approve(xenia, codes["verificationUri"], codes["userCode"], button)
        out, _ = node.communicate(timeout=60)
    told = json.loads(out.strip().splitlines()[-1])
    if button == "Cancel":
        assert told["message"].endswith("access_denied"), told
    else:
        assert told["account"]["username"] == MIA, told
        assert claims_of(told["accessToken"])["appid"] == CLI


def test_msal_for_node_acts_on_behalf_of_the_caller(xenia: RunningXenia) -> None:
    with _node(xenia, clientId=STOCK, secret=SECRET, assertion=_call(xenia)) as node:
        told = json.loads(node.communicate(timeout=60)[0].strip().splitlines()[-1])
    assert claims_of(told["accessToken"])["appid"] == STOCK, told
    with _node(xenia, clientId=STOCK, secret=SECRET, assertion="a.b.c") as node:
        told = json.loads(node.communicate(timeout=60)[0].strip().splitlines()[-1])
    assert told["error"] == "invalid_grant", told
    assert "AADSTS50013" in told["message"]
