"""API connectors through the API: passwords and certificates go in and never come out."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    NoEncryption,
    load_pem_private_key,
    pkcs12,
)

from tests.support.certificates import Authority, Issued
from tests.support.graph_calls import BASE, GraphWorld
from xenia.core.api_connector import ApiConnector, ConnectorAuthentication
from xenia.core.directory.roles import GLOBAL_READER, USER_FLOW_ADMINISTRATOR

PATH = "identity/apiConnectors"
SCOPES = "APIConnectors.ReadWrite.All"
BASIC: dict[str, Any] = {
    "displayName": "Supplier approval",
    "targetUrl": "https://approve.contoso.example/api/check",
    "authenticationConfiguration": {
        "@odata.type": "#microsoft.graph.basicAuthentication",
        "username": "entra",
        "password": "p4ss-of-the-connector",
    },
}
PASSWORD = "pfx-passw0rd"


@pytest.fixture
def token(world: GraphWorld) -> str:
    """The administrator's, with the documented permission alone."""
    return world.token(world.admin, SCOPES)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Signs the client certificates."""
    return Authority(tmp_path)


def _pfx(issued: Issued, password: str = PASSWORD) -> str:
    key = load_pem_private_key(issued.key_pem.encode(), None)
    how = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    found = pkcs12.serialize_key_and_certificates(b"client", key, issued.certificate, None, how)  # type: ignore[arg-type]
    return base64.b64encode(found).decode()


def _stored(world: GraphWorld, connector_id: str) -> ApiConnector:
    with world.ports.store.read(world.tenant_id) as tx:
        found = tx.api_connectors.find(connector_id)
    assert found
    return found


def test_a_connector_with_a_password(world: GraphWorld, token: str) -> None:
    made = world.call("POST", PATH, BASIC, token=token)
    assert made.status == 201, made.body
    key = made.body["id"]
    assert made.header("Location") == f"{BASE}/v1.0/{PATH}/{key}"
    assert made.body == {
        "@odata.context": f"{BASE}/v1.0/$metadata#identity/apiConnectors/$entity",
        "id": key,
        "displayName": "Supplier approval",
        "targetUrl": "https://approve.contoso.example/api/check",
        "authenticationConfiguration": {
            "@odata.type": "#microsoft.graph.basicAuthentication",
            "username": "entra",
            "password": "******",
        },
    }
    sealed = _stored(world, key).sealed_password
    assert world.ports.sealer.open(sealed, "api-connector") == b"p4ss-of-the-connector"
    read_back = {name: value for name, value in made.body.items() if name not in ("id", "@odata.context")}
    change = {**read_back, "displayName": "Approval"}
    assert world.call("PATCH", f"{PATH}/{key}", change, token=token).status == 204
    assert world.ports.sealer.open(_stored(world, key).sealed_password, "api-connector") == (
        b"p4ss-of-the-connector"
    )
    renewed = {
        "authenticationConfiguration": {**BASIC["authenticationConfiguration"], "password": "new-p4ss"}
    }
    assert world.call("PATCH", f"{PATH}/{key}", renewed, token=token).status == 204
    assert world.ports.sealer.open(_stored(world, key).sealed_password, "api-connector") == b"new-p4ss"
    listed = world.get(PATH, token=token).body
    assert listed["@odata.context"] == f"{BASE}/v1.0/$metadata#identity/apiConnectors"
    assert [item["displayName"] for item in listed["value"]] == ["Approval"]
    assert world.get(f"{BASE}/beta/{PATH}/{key}", token=token).body["displayName"] == "Approval"
    assert world.call("DELETE", f"{PATH}/{key}", token=token).status == 204
    gone = world.get(f"{PATH}/{key}", token=token)
    assert (gone.status, gone.code) == (404, "ResourceNotFound")


def test_a_connector_with_a_certificate(world: GraphWorld, token: str, authority: Authority) -> None:
    first = authority.issue("first", datetime(2026, 1, 1, tzinfo=UTC))
    typed = {
        "@odata.type": "#microsoft.graph.pkcs12Certificate",
        "pkcs12Value": _pfx(first),
        "password": PASSWORD,
    }
    made = world.call("POST", PATH, {**BASIC, "authenticationConfiguration": typed}, token=token)
    assert made.status == 201, made.body
    told = made.body["authenticationConfiguration"]
    assert told == {
        "@odata.type": "#microsoft.graph.clientCertificateAuthentication",
        "certificateList": [
            {
                "thumbprint": first.thumbprint,
                "notBefore": int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()),
                "notAfter": int(datetime(2060, 1, 1, tzinfo=UTC).timestamp()),
                "isActive": True,
            }
        ],
    }
    second, later = (authority.issue(str(month), datetime(2026, month, 1, tzinfo=UTC)) for month in (3, 9))
    for_later = {"pkcs12Value": _pfx(later), "password": PASSWORD}
    path = f"{PATH}/{made.body['id']}/uploadClientCertificate"
    assert world.call("POST", path, for_later, token=token).status == 200
    sent = {"pkcs12Value": _pfx(second, ""), "password": ""}
    uploaded = world.call("POST", path, sent, token=token)
    assert uploaded.status == 200, uploaded.body
    assert uploaded.body["@odata.context"].endswith("#identity/apiConnectors/$entity")
    assert uploaded.body["id"] == made.body["id"]
    active = {
        item["thumbprint"]: item["isActive"]
        for item in uploaded.body["authenticationConfiguration"]["certificateList"]
    }
    assert active == {first.thumbprint: False, second.thumbprint: True, later.thumbprint: False}
    assert "PRIVATE KEY" not in str(world.get(f"{PATH}/{made.body['id']}", token=token).body)


def test_from_a_password_to_a_certificate(world: GraphWorld, token: str, authority: Authority) -> None:
    key = world.call("POST", PATH, BASIC, token=token).body["id"]
    issued = authority.issue("client")
    typed = {
        "@odata.type": "microsoft.graph.pkcs12Certificate",
        "pkcs12Value": _pfx(issued),
        "password": PASSWORD,
    }
    change = {"displayName": "By certificate", "authenticationConfiguration": typed}
    assert world.call("PATCH", f"{PATH}/{key}", change, token=token).status == 204
    stored = _stored(world, key)
    assert (stored.display_name, stored.authentication) == (
        "By certificate",
        ConnectorAuthentication.CERTIFICATE,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"displayName": None},
        {"targetUrl": None},
        {"targetUrl": "http://approve.contoso.example/"},
        {"targetUrl": "https://user:pass@approve.contoso.example/"},
        {"authenticationConfiguration": None},
        {"authenticationConfiguration": {"username": "entra", "password": "x"}},
        {"authenticationConfiguration": {"@odata.type": "#microsoft.graph.oAuth", "username": "entra"}},
        {
            "authenticationConfiguration": {
                "@odata.type": "#microsoft.graph.pkcs12Certificate",
                "pkcs12Value": "no base64!",
                "password": "",
            }
        },
        {
            "authenticationConfiguration": {
                "@odata.type": "#microsoft.graph.pkcs12Certificate",
                "pkcs12Value": base64.b64encode(b"no certificate").decode(),
                "password": "",
            }
        },
        {
            "authenticationConfiguration": {
                "@odata.type": "#microsoft.graph.clientCertificateAuthentication",
                "certificateList": [],
            }
        },
        {"unknown": 1},
    ],
)
def test_wrong_connectors_are_refused(world: GraphWorld, token: str, change: dict[str, object]) -> None:
    answer = world.call("POST", PATH, {**BASIC, **change}, token=token)
    assert (answer.status, answer.code) == (400, "BadRequest"), answer.body
    assert world.get(PATH, token=token).body["value"] == []


def test_wrong_certificates_change_nothing(world: GraphWorld, token: str, authority: Authority) -> None:
    key = world.call("POST", PATH, BASIC, token=token).body["id"]
    before = _stored(world, key)
    expired = authority.issue("expired", not_after=datetime(2021, 1, 1, tzinfo=UTC))
    good = _pfx(authority.issue("good"))
    for sent in (
        {"pkcs12Value": good, "password": "wrong"},
        {"pkcs12Value": _pfx(expired), "password": PASSWORD},
        {"pkcs12Value": "", "password": ""},
        {"password": PASSWORD},
        {},
    ):
        answer = world.call("POST", f"{PATH}/{key}/uploadClientCertificate", sent, token=token)
        assert (answer.status, answer.code) == (400, "BadRequest"), answer.body
    typed = {"@odata.type": "#microsoft.graph.pkcs12Certificate", "pkcs12Value": good, "password": PASSWORD}
    both = {"targetUrl": "ftp://x.example/", "authenticationConfiguration": typed}
    assert world.call("PATCH", f"{PATH}/{key}", both, token=token).status == 400
    assert _stored(world, key) == before
    assert world.get(f"{PATH}/{key}/uploadClientCertificate", token=token).status == 405
    assert world.call("PATCH", f"{PATH}/{key[:-1]}x", {"displayName": "x"}, token=token).status == 404


def test_who_may(world: GraphWorld) -> None:
    flows = world.token(world.add("flows", USER_FLOW_ADMINISTRATOR), SCOPES)
    made = world.call("POST", PATH, BASIC, token=flows)
    assert made.status == 201
    reader = world.token(world.add("reader", GLOBAL_READER), SCOPES)
    assert world.get(PATH, token=reader).status == 200
    assert world.call("DELETE", f"{PATH}/{made.body['id']}", token=reader).status == 403
    for person in (world.add("olena"), world.add("maria", guest=True)):
        answer = world.get(PATH, token=world.token(person, SCOPES))
        assert (answer.status, answer.code) == (403, "AccessDenied")
    app = world.token(None, "APIConnectors.Read.All")
    assert world.get(PATH, token=app).status == 200
    assert world.call("POST", PATH, BASIC, token=app).code == "AccessDenied"
    assert world.get(PATH, token=world.token(None, "IdentityUserFlow.ReadWrite.All")).status == 403
