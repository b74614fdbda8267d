"""API connectors as administrators enter them: addresses, passwords, certificates, and where secrets stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from tests.support.platform import RunningServer, platform
from xenia.core.api_connector import ApiConnector, ConnectorAuthentication
from xenia.core.audit import AuditRecord
from xenia.core.directory.roles import (
    EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR,
    GLOBAL_READER,
    USER_FLOW_ADMINISTRATOR,
)
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.query import Query
from xenia.core.user_flow import Hook
from xenia.outside.pkcs12_files import open_pkcs12
from xenia.usecases.self_service.manage_api_connectors import (
    NewConnector,
    create_connector,
    delete_connector,
    get_connector,
    list_connectors,
    remove_certificate,
    update_connector,
    upload_certificate,
)
from xenia.usecases.self_service.manage_user_flows import NewFlow, create_flow, set_connector

PASSWORD = "p4ss-of-the-connector"
URL = "https://approve.contoso.example/api/check?code=abc"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path, allows_private=False) as running:
        yield running


def basic(server: RunningServer, **order: object) -> ApiConnector:
    values: dict[str, object] = {
        "display_name": "Supplier approval",
        "target_url": URL,
        "username": "xenia",
        "password": PASSWORD,
        **order,
    }
    return create_connector(server.ports, server.actor(), NewConnector(**values))  # type: ignore[arg-type]


def password_of(server: RunningServer, connector: ApiConnector) -> str:
    return server.ports.sealer.open(connector.sealed_password, "api-connector").decode()


def pfx(
    now: datetime,
    *,
    days: int = 30,
    password: str = "",
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None,
    encryption: KeySerializationEncryption | None = None,
) -> bytes:
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "xenia.contoso.example")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    if encryption is None:
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return serialize_key_and_certificates(b"client", key, certificate, None, encryption)


def audits(server: RunningServer, activity: str) -> list[AuditRecord]:
    with server.ports.store.read(server.tenant.id) as tx:
        return [row for row in tx.logs.list_audit(Query(limit=200)).items if row.activity == activity]


def test_a_connector_with_a_password(server: RunningServer) -> None:
    stored = basic(server)
    assert password_of(server, stored) == PASSWORD
    assert PASSWORD not in repr(stored)
    assert get_connector(server.ports, server.actor(), stored.id.upper()) == stored
    assert list_connectors(server.ports, server.actor()) == (stored,)
    text = repr(audits(server, "Create API connector")[0].targets)
    assert "******" in text
    assert PASSWORD not in text
    assert stored.sealed_password not in text


@pytest.mark.parametrize(
    ("field", "order"),
    [
        ("display_name", {"display_name": " "}),
        ("target_url", {"target_url": "approve.contoso.example"}),
        ("target_url", {"target_url": "http://approve.contoso.example/"}),
        ("target_url", {"target_url": "http://127.0.0.1:8080/"}),
        ("target_url", {"target_url": "https://u:p@approve.contoso.example/"}),
        ("target_url", {"target_url": "https://approve.contoso.example/#x"}),
        ("target_url", {"target_url": "https://approve.contoso.example:port/"}),
        ("target_url", {"target_url": "file:///etc/passwd"}),
        ("target_url", {"target_url": "https://approve.contoso.example/\r\nHost: x"}),
        ("username", {"username": ""}),
        ("username", {"username": "a:b"}),
        ("password", {"password": ""}),
        ("authentication", {"authentication": "apiKey"}),
        ("certificates", {"authentication": ConnectorAuthentication.CERTIFICATE}),
        ("pkcs12", {"authentication": ConnectorAuthentication.CERTIFICATE, "pkcs12": b"no file"}),
    ],
)
def test_what_a_connector_may_not_be(server: RunningServer, field: str, order: dict[str, object]) -> None:
    with pytest.raises(InvalidValue) as refused:
        basic(server, **order)
    assert refused.value.field == field
    assert not list_connectors(server.ports, server.actor())


def test_plain_http_is_for_this_machine_where_private_addresses_are_reached(tmp_path: Path) -> None:
    with platform(tmp_path, allows_private=True) as server:
        assert (
            basic(server, target_url="http://localhost:7071/check").target_url
            == "http://localhost:7071/check"
        )
        with pytest.raises(InvalidValue):
            basic(server, target_url="http://10.0.0.7/check")


def test_plain_http_elsewhere_names_the_setting(server: RunningServer) -> None:
    with pytest.raises(InvalidValue, match="outgoing_private"):
        basic(server, target_url="http://localhost:7071/check")


def test_a_key_in_the_address_is_absent_from_the_audit_log(server: RunningServer) -> None:
    """Keys of the connector's server may ride in its address: whoever reads the log need not know them."""
    stored = basic(server)
    again = update_connector(
        server.ports, server.actor(), stored.id, {"target_url": URL.replace("abc", "fresh-key")}
    )
    assert again.target_url.endswith("code=fresh-key")
    text = repr(audits(server, "Create API connector")) + repr(audits(server, "Update API connector"))
    assert "https://approve.contoso.example/api/check?******" in text
    assert "code=abc" not in text
    assert "fresh-key" not in text


def test_the_password_stays_and_does_not_follow_to_another_server(server: RunningServer) -> None:
    stored = basic(server)
    same = {"target_url": "https://approve.contoso.example/v2", "password": "******"}
    assert password_of(server, update_connector(server.ports, server.actor(), stored.id, same)) == PASSWORD
    elsewhere = {"target_url": "https://evil.example/", "password": None}
    with pytest.raises(InvalidValue) as refused:
        update_connector(server.ports, server.actor(), stored.id, elsewhere)
    assert refused.value.field == "password"
    moved = update_connector(server.ports, server.actor(), stored.id, {**elsewhere, "password": "next"})
    assert password_of(server, moved) == "next"
    for name in ("id", "sealed_password", "certificates", "nonsense"):
        with pytest.raises(InvalidValue):
            update_connector(server.ports, server.actor(), stored.id, {name: "x"})


def test_a_save_based_on_an_older_version_is_refused(server: RunningServer) -> None:
    stored = basic(server)
    changes = {"display_name": "A"}
    update_connector(server.ports, server.actor(), stored.id, changes, expected_version=stored.version)
    with pytest.raises(Conflict):
        update_connector(server.ports, server.actor(), stored.id, changes, expected_version=stored.version)


def test_certificates_roll_over(server: RunningServer) -> None:
    now, actor = server.clock.now(), server.actor()
    stored = basic(
        server,
        authentication=ConnectorAuthentication.CERTIFICATE,
        pkcs12=pfx(now, days=1, password="pfx"),
        pkcs12_password="pfx",
    )
    first = stored.certificates[0]
    assert stored.username == stored.sealed_password == ""
    assert len(first.thumbprint) == 40
    opened = server.ports.sealer.open(first.sealed_key, "api-connector")
    assert (
        load_pem_private_key(opened, None).public_key()
        == x509.load_pem_x509_certificate(first.certificate_pem.encode()).public_key()
    )
    second_file = pfx(now, days=400, key=rsa.generate_private_key(65537, 2048))
    rolled = upload_certificate(server.ports, actor, stored.id, second_file, "")
    assert rolled.certificates[0] == first
    again = upload_certificate(server.ports, actor, stored.id, second_file, "")
    assert [one.thumbprint for one in again.certificates] == [one.thumbprint for one in rolled.certificates]
    server.clock.advance(timedelta(days=2))
    third = upload_certificate(server.ports, actor, stored.id, pfx(server.clock.now()), "")
    assert len(third.certificates) == 2, "the expired one is gone"
    left = remove_certificate(server.ports, actor, stored.id, third.certificates[0].thumbprint.lower())
    with pytest.raises(InvalidValue):
        remove_certificate(server.ports, actor, stored.id, left.certificates[0].thumbprint)
    with pytest.raises(NotFound):
        remove_certificate(server.ports, actor, stored.id, first.thumbprint)
    text = repr([row.targets for row in audits(server, "Update API connector")])
    assert first.sealed_key not in text
    assert rolled.certificates[1].sealed_key not in text


def test_what_is_no_certificate_to_present(server: RunningServer) -> None:
    stored, now = basic(server), server.clock.now()
    weak = rsa.generate_private_key(65537, 1024)
    files = (
        (pfx(now, password="right"), "wrong"),
        (pfx(now, days=-1), ""),
        (pfx(now, key=weak), ""),
        (b"\x30\x82" + bytes(100), ""),
        (b"", ""),
        (bytes(70_000), ""),
    )
    for data, password in files:
        with pytest.raises(InvalidValue) as refused:
            upload_certificate(server.ports, server.actor(), stored.id, data, password)
        assert refused.value.field == "pkcs12"
    assert get_connector(server.ports, server.actor(), stored.id) == stored


def test_a_file_that_asks_for_more_hashing_than_there_is_time_for_is_given_up(server: RunningServer) -> None:
    """Two billion rounds would hold the interpreter, and with it everybody's requests, for an hour."""
    rounds = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(250_000)
    slow = pfx(server.clock.now(), encryption=rounds.hmac_hash(hashes.SHA256()).build(b"p"))
    with pytest.raises(ValueError, match="takes too long"):
        open_pkcs12(slow, "p", seconds=0.2)
    assert "BEGIN CERTIFICATE" in open_pkcs12(slow, "p")["certificate_pem"]


def test_uploading_switches_to_the_certificate(server: RunningServer) -> None:
    stored = basic(server)
    changed = upload_certificate(server.ports, server.actor(), stored.id, pfx(server.clock.now()), "")
    assert changed.authentication is ConnectorAuthentication.CERTIFICATE
    assert changed.certificate_at(server.clock.now()) == changed.certificates[0]


def test_a_connector_in_a_flow_stays(server: RunningServer) -> None:
    stored = basic(server)
    create_flow(
        server.ports, server.actor(), NewFlow("Supplier", connectors={Hook.BEFORE_CREATION: stored.id})
    )
    with pytest.raises(Conflict):
        delete_connector(server.ports, server.actor(), stored.id)
    set_connector(server.ports, server.actor(), "B2X_1_Supplier", Hook.BEFORE_CREATION, None)
    delete_connector(server.ports, server.actor(), stored.id)
    with pytest.raises(NotFound):
        get_connector(server.ports, server.actor(), stored.id)


def test_who_may(server: RunningServer) -> None:
    stored = basic(server)
    for role in (GLOBAL_READER, EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR):
        actor = replace(server.actor(), roles=frozenset({role.template_id}))
        assert list_connectors(server.ports, actor) == (stored,)
        with pytest.raises(NotPermitted):
            update_connector(server.ports, actor, stored.id, {"display_name": "x"})
        with pytest.raises(NotPermitted):
            upload_certificate(server.ports, actor, stored.id, b"", "")
        with pytest.raises(NotPermitted):
            delete_connector(server.ports, actor, stored.id)
    allowed = replace(server.actor(), roles=frozenset({USER_FLOW_ADMINISTRATOR.template_id}))
    delete_connector(server.ports, allowed, stored.id)
    with pytest.raises(NotPermitted):
        list_connectors(server.ports, replace(server.actor(), roles=frozenset()))
