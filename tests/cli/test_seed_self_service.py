"""Self-service sign-up in seed files: everything they can describe, exact errors, and that a second time changes nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from xenia.cli.data_directory import DataDirectory
from xenia.core.actor import Actor, system_actor
from xenia.core.api_connector import ConnectorAuthentication
from xenia.core.directory.identity_provider import GOOGLE_PROVIDER_ID, ProviderKind
from xenia.core.query import Query
from xenia.core.user_attributes import DataType
from xenia.core.user_flow import (
    AttributeAssignment,
    Choice,
    FlowLanguage,
    Hook,
    InputType,
    OwnOption,
    OwnText,
    PageText,
)
from xenia.ports import Ports
from xenia.seed import SeedError, apply_seed, read_seed
from xenia.settings import load
from xenia.usecases.self_service.manage_api_connectors import list_connectors
from xenia.usecases.self_service.manage_identity_providers import list_providers
from xenia.usecases.self_service.manage_user_attributes import list_attributes
from xenia.usecases.self_service.manage_user_flows import list_flows, update_flow
from xenia.wiring import Installation, build

TENANT = "6b1c9e0a-3f52-4f0e-9d61-0c8e5a7d2b11"
CONNECTOR = "6b1c9e0a-3f52-4f0e-9d61-0000000000c1"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
MINIMAL = '[[tenant]]\nname = "N"\nshort_name = "nord"\n'
FULL = f"""
[[tenant]]
id = "{TENANT}"
name = "Northwind"
short_name = "northwind"

[tenant.settings]
self_service_sign_up = true

[[tenant.app]]
name = "Orders"

[[tenant.app]]
id = "0d0f3a3e-5c1d-4b7a-8a35-8f8b0f0c7e21"
name = "Warehouse"

[[tenant.identity_provider]]
kind = "google"
client_id = "4711.apps"
client_secret = "g-secret"

[[tenant.identity_provider]]
kind = "openid_connect"
name = "Nordwind ID"
client_id = "xenia"
client_secret = "n-secret"
metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"
domains = ["nordwind.example"]
claims = {{ subject = "uid" }}

[[tenant.identity_provider]]
kind = "entra_tenant"
name = "Litware"
issuer = "https://login.litware.example/t/v2.0"
client_id = "x"
client_authentication = "none"

[[tenant.user_attribute]]
name = "Shoe size"
type = "integer"

[[tenant.user_attribute]]
name = "Hobby"
description = "Asked at sign-up"

[[tenant.api_connector]]
id = "{CONNECTOR}"
name = "Approval"
url = "https://approve.example/check?code=1"
username = "xenia"
password = "p4ss"

[[tenant.api_connector]]
name = "Strict"
url = "https://strict.example/check"
certificate = "client.pfx"
certificate_password = "pfx"

[[tenant.api_connector]]
name = "Open"
url = "https://open.example/check?key=secret"

[[tenant.user_flow]]
name = "Supplier"
display_name = "Supplier sign-up"
identity_providers = ["email", "Google", "Nordwind ID", "entra"]
apps = ["Orders", "0d0f3a3e-5c1d-4b7a-8a35-8f8b0f0c7e21"]
after_federation = "Approval"
before_creation = "{CONNECTOR}"
organization_name = "Northwind Suppliers"
intro = "Welcome."
logo = "logo.png"
requires_approval = true

[[tenant.user_flow.attribute]]
attribute = "Display Name"
hidden = true

[[tenant.user_flow.attribute]]
attribute = "shoe size"
label = "Shoe size (EU)"
editable = false
stored = false
input = "dropdownSingleSelect"
optional = true
default = 42
choices = ["41", {{ name = "Forty-two", value = "42", default = true }}]

[[tenant.user_flow.language]]
language = "fr"
enabled = false

[[tenant.user_flow.language]]
language = "de"
create_account = {{ intro = "Willkommen.", heading = "Konto <b>anlegen</b>" }}

[[tenant.user_flow.language.attribute]]
attribute = "Shoe size"
label = "Schuhgröße"
choices = {{ "42" = "Zweiundvierzig" }}
"""


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[Ports]:
    """A fresh installation, prepared as a start prepares it."""
    data = DataDirectory(tmp_path / "data")
    settings = load({"tools": True, "data": data.path, "outgoing_private": True}, environment={})
    key = data.data_key("", may_create=True)
    program = build(
        Installation(settings, "https://localhost:8443", ("localhost:8443",), data.database_url, key)
    )
    program.prepare()
    (tmp_path / "logo.png").write_bytes(PNG)
    (tmp_path / "client.pfx").write_bytes(pfx())
    yield program.ports
    program.close()


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "seed.toml"
    path.write_text(text)
    return path


def pfx() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=365))
    certificate = made.sign(key, hashes.SHA256())
    return serialize_key_and_certificates(b"x", key, certificate, None, BestAvailableEncryption(b"pfx"))


def operator() -> Actor:
    return system_actor(TENANT, "c")


def test_everything_a_seed_describes_is_there(tmp_path: Path, ports: Ports) -> None:
    applied = apply_seed(ports, read_seed(write(tmp_path, FULL))).tenants[0]
    providers = {one.display_name: one for one in list_providers(ports, operator())}
    nordwind = providers["Nordwind ID"]
    assert providers["Google"].id == GOOGLE_PROVIDER_ID
    assert (nordwind.kind, nordwind.claims.subject) == (ProviderKind.OPENID_CONNECT, "uid")
    assert nordwind.issuer == "http://127.0.0.1:9"
    assert nordwind.domains == ("nordwind.example",)
    assert ports.sealer.open(nordwind.sealed_secret, "identity-provider") == b"n-secret"
    assert providers["Litware"].claims.subject == "oid"
    attributes = {one.display_name: one for one in list_attributes(ports, operator())}
    assert attributes["Shoe size"].data_type is DataType.INTEGER
    connectors = {one.display_name: one for one in list_connectors(ports, operator())}
    assert connectors["Approval"].id == CONNECTOR
    assert connectors["Strict"].authentication is ConnectorAuthentication.CERTIFICATE
    assert connectors["Open"].authentication is ConnectorAuthentication.NONE
    (flow,) = list_flows(ports, operator())
    assert flow.id == "B2X_1_Supplier"
    assert flow.provider_ids == ("EmailOtpSignup-OAUTH", GOOGLE_PROVIDER_ID, nordwind.id, "AADSignup-OAUTH")
    assert flow.app_ids == tuple(app_id for _, app_id in applied.apps)
    assert flow.connectors == {Hook.AFTER_FEDERATION: CONNECTOR, Hook.BEFORE_CREATION: CONNECTOR}
    logo = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert flow.text == PageText("Northwind Suppliers", "Welcome.", logo)
    assert flow.requires_approval
    shoe_size = AttributeAssignment(
        attributes["Shoe size"].id,
        "Shoe size (EU)",
        InputType.DROPDOWN,
        is_optional=True,
        choices=(Choice("41", "41"), Choice("Forty-two", "42", is_default=True)),
        default=42,
        is_editable=False,
        is_stored=False,
    )
    assert flow.attributes == (AttributeAssignment("displayName", "Display Name", is_hidden=True), shoe_size)
    texts = (
        OwnText("attributecollection", "DisplayName", "Schuhgröße", shoe_size.attribute_id),
        OwnText("idpselections", "heading", "Konto <b>anlegen</b>"),
        OwnText("idpselections", "intro", "Willkommen."),
    )
    named = (OwnOption(shoe_size.attribute_id, "42", "Zweiundvierzig"),)
    assert flow.languages == (
        FlowLanguage("de", texts=texts, options=named),
        FlowLanguage("fr", is_enabled=False),
    )
    with ports.store.read(TENANT) as tx:
        assert tx.tenants.policies(TENANT).self_service_sign_up


def test_applying_twice_changes_nothing(tmp_path: Path, ports: Ports) -> None:
    seed = read_seed(write(tmp_path, FULL))
    apply_seed(ports, seed)
    update_flow(ports, operator(), "B2X_1_Supplier", {"requires_approval": False, "attributes": ()})
    before = _everything(ports)
    apply_seed(ports, seed)
    assert _everything(ports) == before


_LANGUAGE = '[[tenant.user_flow]]\nname = "A"\nattribute = [{ attribute = "country" }]\n[[tenant.user_flow.language]]\n'
_LANGUAGE_ATTRIBUTE = "[[tenant.user_flow.language.attribute]]\n"


@pytest.mark.parametrize(
    ("entry", "line", "words"),
    [
        ('[[tenant.identity_provider]]\nkind = "saml"\nclient_id = "x"\n', 5, "Invalid enum value"),
        ('[[tenant.identity_provider]]\nkind = "google"\n', 4, "client_id"),
        ('[[tenant.identity_provider]]\nkind = "google"\nclient_id = "x"\n', 4, "client secret"),
        (
            '[[tenant.identity_provider]]\nkind = "openid_connect"\nclient_id = "x"\nclient_secret = "y"\n',
            4,
            "issuer",
        ),
        (
            '[[tenant.identity_provider]]\nkind = "google"\nclient_id = "x"\nclient_secret = "y"\nid = "42"\n',
            4,
            "GUID",
        ),
        (
            '[[tenant.identity_provider]]\nkind = "google"\nclient_id = "x"\nclaims = { sbject = "uid" }\n',
            4,
            "sbject",
        ),
        ('[[tenant.user_attribute]]\nname = "1st"\n', 4, "begins with a letter"),
        ('[[tenant.user_attribute]]\nname = "City"\n', 4, "City"),
        ('[[tenant.user_attribute]]\nname = "A"\ntype = "date"\n', 6, "Invalid enum value"),
        ('[[tenant.api_connector]]\nname = "A"\nurl = "ftp://x.example"\n', 4, "https"),
        ('[[tenant.api_connector]]\nname = "A"\nurl = "https://x.example"\nusername = "u"\n', 4, "password"),
        (
            '[[tenant.api_connector]]\nname = "A"\nurl = "https://x.example"\ncertificate = "no.pfx"\n',
            4,
            "no.pfx",
        ),
        ('[[tenant.user_flow]]\nname = "a b"\n', 4, "letters"),
        ('[[tenant.user_flow]]\nname = "A"\nidentity_providers = ["Google"]\n', 4, "Google"),
        ('[[tenant.user_flow]]\nname = "A"\napps = ["Orders"]\n', 4, "no app 'Orders'"),
        ('[[tenant.user_flow]]\nname = "A"\nbefore_creation = "Nobody"\n', 4, "Nobody"),
        ('[[tenant.user_flow]]\nname = "A"\nlogo = "absent.png"\n', 4, "absent.png"),
        ('[[tenant.user_flow]]\nname = "A"\nlogo = "client.pfx"\n', 4, "PNG"),
        (
            (
                '[[tenant.user_flow]]\nname = "A"\n[[tenant.user_flow.attribute]]\nattribute = "city"\n'
                '[[tenant.user_flow.attribute]]\nattribute = "Hobby"\n'
            ),
            8,
            "Hobby",
        ),
        (
            '[[tenant.user_flow]]\nname = "A"\n[[tenant.user_flow.attribute]]\nattribute = "city"\ninput = "slider"\n',
            8,
            "slider",
        ),
        (
            (
                '[[tenant.user_flow]]\nname = "A"\n[[tenant.user_flow.attribute]]\nattribute = "city"\n'
                'input = "radioSingleSelect"\n'
            ),
            4,
            "option",
        ),
        (_LANGUAGE + 'language = "tlh"\n', 7, "no language 'tlh'"),
        (_LANGUAGE + 'language = "de"\nenabled = "no"\n', 9, "bool"),
        (_LANGUAGE + 'language = "de"\nadd_details = { headline = "Angaben" }\n', 7, "no text headline"),
        (_LANGUAGE + 'language = "de"\nadd_details = { heading = "" }\n', 7, "empty"),
        (_LANGUAGE + 'language = "de"\n' + _LANGUAGE_ATTRIBUTE + 'attribute = "city"\n', 9, "'city'"),
        (
            _LANGUAGE
            + 'language = "de"\n'
            + _LANGUAGE_ATTRIBUTE
            + 'attribute = "country"\nlabel = "La\\u202end"\n',
            9,
            "cannot be seen",
        ),
        (
            (
                _LANGUAGE
                + 'language = "de"\n'
                + _LANGUAGE_ATTRIBUTE
                + 'attribute = "country"\nchoices = { XX = "Y" }\n'
            ),
            9,
            "no option",
        ),
    ],
)
def test_what_is_refused_is_told_with_its_line(
    tmp_path: Path, ports: Ports, entry: str, line: int, words: str
) -> None:
    with pytest.raises(SeedError) as refused:
        apply_seed(ports, read_seed(write(tmp_path, MINIMAL + entry)))
    assert refused.value.line == line
    assert words.lower() in str(refused.value).lower()


def _everything(ports: Ports) -> list[object]:
    with ports.store.read(TENANT) as tx:
        audits = tx.logs.list_audit(Query(limit=200)).items
    return [
        list_providers(ports, operator()),
        list_attributes(ports, operator()),
        list_connectors(ports, operator()),
        list_flows(ports, operator()),
        audits,
    ]
