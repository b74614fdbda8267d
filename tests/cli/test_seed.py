"""Seed files: exact errors, everything they can describe, and that a second time changes nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from xenia.cli.data_directory import DataDirectory
from xenia.core.directory.application import GRAPH_APP_ID, Platform
from xenia.core.directory.first_party import FIRST_PARTY_APP_IDS, PLATFORM_TENANT_ID
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR
from xenia.core.directory.tenant import DomainRule, GuestAccess, InvitesFrom
from xenia.core.query import Query
from xenia.ports import Ports
from xenia.seed import SeedError, apply_seed, builtin_seed, read_seed
from xenia.settings import load
from xenia.usecases.tokens.authenticate_client import client_secret_hash
from xenia.wiring import Installation, build, prepare

BASE = "https://localhost:8443"


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[Ports]:
    """A fresh installation, prepared as a start prepares it."""
    data = DataDirectory(tmp_path / "data")
    settings = load({"tools": True, "data": data.path}, environment={})
    key = data.data_key("", may_create=True)
    program = build(Installation(settings, BASE, ("localhost:8443",), data.database_url, key))
    program.prepare()
    yield program.ports
    program.close()


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "seed.toml"
    path.write_text(text)
    return path


MINIMAL = '[[tenant]]\nname = "N"\nshort_name = "nord"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[[tenant]]\nname = "N"\n', 1, "short_name"),
        ('[[tenant]]\nname = "N"\nshort_name = 1\n', 3, "Expected `str`"),
        (MINIMAL + 'colour = "blue"\n', 4, "unknown field `colour`"),
        (MINIMAL + "[tenant.settings]\nsecurity_defaults = 1\n", 5, "Expected `bool`"),
        (MINIMAL + '[tenant.settings]\nguest_access = "all"\n', 5, "Invalid enum value"),
        (
            MINIMAL + '[[tenant.user]]\nname = "a"\ndisplay_name = "A"\n\n[[tenant.user]]\nnmae = "b"\n',
            9,
            "`nmae`",
        ),
        (MINIMAL + '[[tenant.app]]\nname = "X"\n[[tenant.app.secret]]\nvalue = 1\n', 7, "Expected `str`"),
        (
            MINIMAL + '\n[[tenant]]\nname = "M"\nshort_name = "m"\n[[tenant.app]]\nid = 5\n',
            9,
            "Expected `str",
        ),
        ('[[tenant]]\nname = """\n[[tenant]]\n"""\nshort_name = false\n', 5, "Expected `str`"),
    ],
)
def test_errors_name_the_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(SeedError) as refused:
        read_seed(write(tmp_path, text))
    assert refused.value.line == line
    assert f"seed.toml, line {line}: " in str(refused.value)
    assert words in str(refused.value)


def test_broken_toml_and_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match="line 1"):
        read_seed(write(tmp_path, "[[tenant\n"))
    with pytest.raises(SeedError, match="cannot be read"):
        read_seed(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("entry", "line", "words"),
    [
        ('[[tenant.user]]\nname = "a"\ndisplay_name = "A"\npassword = "short"\n', 4, "complexity"),
        ('[[tenant.user]]\nname = "a"\ndisplay_name = "A"\nauthenticator_secret = "0189"\n', 4, "base32"),
        ('[[tenant.user]]\nname = "a"\ndisplay_name = "A"\nroles = ["King"]\n', 4, "King"),
        ('[[tenant.guest]]\nmail = "no address"\n', 4, "email"),
        ('[[tenant.guest]]\nmail = "x@nord.onxenia.localhost"\n', 4, "verified domain"),
        ('[[tenant.app]]\nname = "X"\nredirect_uris.web = ["http://app.example"]\n', 4, "https"),
        ('[[tenant.app]]\nname = "X"\npermissions = { application = ["Mail.Send"] }\n', 4, "Mail.Send"),
        ('[[tenant.app]]\nname = "X"\nassigned = ["nobody"]\n', 4, "nobody"),
        ('[[tenant.app]]\nname = "X"\ncertificates = ["absent.pem"]\n', 4, "absent.pem"),
        ('[[tenant.app]]\nname = "X"\nid = "42"\n', 4, "GUID"),
        ('[[tenant.app]]\nname = "X"\nassigned = [{ user = "boss", role = "King" }]\n', 4, "boss"),
    ],
)
def test_what_the_rules_refuse_is_told_with_its_line(
    tmp_path: Path, ports: Ports, entry: str, line: int, words: str
) -> None:
    with pytest.raises(SeedError) as refused:
        apply_seed(ports, read_seed(write(tmp_path, MINIMAL + entry)))
    assert refused.value.line == line
    assert words.lower() in str(refused.value).lower()


FULL = """
[[tenant]]
id = "6b1c9e0a-3f52-4f0e-9d61-0c8e5a7d2b11"
name = "Northwind"
short_name = "northwind"
domains = ["northwind.example"]
privacy_statement_url = "https://northwind.example/privacy"

[tenant.settings]
security_defaults = false
allow_invites_from = "adminsAndGuestInviters"
guest_access = "restricted"
domain_rule = "deny"
denied_domains = ["Competitor.Example"]

[[tenant.user]]
id = "6b1c9e0a-3f52-4f0e-9d61-000000000001"
name = "boss"
display_name = "Bo Boss"
password = "Correct-horse-9"
authenticator_secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
roles = ["Global Administrator"]
properties = { job_title = "Director" }

[[tenant.guest]]
mail = "maria@partner.example"
send_message = true

[[tenant.app]]
id = "0d0f3a3e-5c1d-4b7a-8a35-8f8b0f0c7e21"
name = "Orders"
redirect_uris.spa = ["/tester/"]
redirect_uris.web = ["https://orders.example/signin-oidc"]
id_tokens = true
token_version = 2
assigned = [{ user = "boss", role = "Approver" }, { user = "maria@partner.example", role = "Approver" }]
certificates = ["orders.pem"]
permissions = { delegated = ["User.Read"], application = ["User.Invite.All"] }

[[tenant.app.secret]]
name = "nightly"
value = "a-long-random-value"

[[tenant.app.scope]]
value = "Orders.Read"
display_name = "Read orders"

[[tenant.app.app_role]]
value = "Approver"
display_name = "Approvers"
"""


def certificate_pem() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Orders")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=3650))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_everything_a_seed_describes_is_there(tmp_path: Path, ports: Ports) -> None:
    (tmp_path / "orders.pem").write_bytes(certificate_pem())
    applied = apply_seed(ports, read_seed(write(tmp_path, FULL))).tenants[0]
    tenant = applied.tenant
    assert (tenant.id, tenant.short_name) == ("6b1c9e0a-3f52-4f0e-9d61-0c8e5a7d2b11", "northwind")
    assert tenant.default_domain == "northwind.example"
    boss = applied.users[0]
    assert boss.is_administrator
    assert boss.is_new
    assert boss.password == "Correct-horse-9"
    with ports.store.read(tenant.id) as tx:
        policies = tx.tenants.policies(tenant.id)
        assert not policies.security_defaults
        assert policies.allow_invites_from is InvitesFrom.ADMINS
        assert policies.guest_access is GuestAccess.RESTRICTED
        assert policies.domain_restrictions.rule is DomainRule.DENY
        user = tx.users.find_by_upn("boss@northwind.example")
        assert user is not None
        assert (user.id, user.job_title) == ("6b1c9e0a-3f52-4f0e-9d61-000000000001", "Director")
        assert tx.users.roles(user.id) == {GLOBAL_ADMINISTRATOR.template_id}
        stored = tx.credentials.password(user.id)
        assert stored is not None
        assert ports.passwords.verify("Correct-horse-9", stored.hash)
        (device,) = tx.credentials.authenticator_apps(user.id)
        assert device.confirmed_at is not None
        guest = tx.users.find_by_address("maria@partner.example")[0]
        assert guest.is_guest
        assert guest.is_pending
        assert tx.outbox.of_subject(tx.invitations.of_user(guest.id)[0].id)
        app = tx.applications.find_by_app_id("0d0f3a3e-5c1d-4b7a-8a35-8f8b0f0c7e21")
        assert app is not None
        assert {(uri.uri, uri.platform) for uri in app.redirect_uris} == {
            (f"{BASE}/tester/", Platform.SPA),
            ("https://orders.example/signin-oidc", Platform.WEB),
        }
        assert app.id_token_issuance
        assert app.requested_access_token_version == 2
        assert [scope.value for scope in app.scopes] == ["Orders.Read"]
        assert [role.value for role in app.app_roles] == ["Approver"]
        (secret,) = tx.applications.secrets(app.id)
        assert secret.secret_hash == client_secret_hash(ports, app.id, "a-long-random-value")
        assert len(tx.applications.certificates(app.id)) == 1
        principal = tx.applications.service_principal(app.app_id)
        graph = tx.applications.service_principal(GRAPH_APP_ID)
        assert principal is not None
        assert graph is not None
        assert {each.principal_id for each in tx.applications.assignments_to(principal.id)} == {
            user.id,
            guest.id,
        }
        (permission,) = tx.applications.assignments_of(principal.id)
        assert permission.resource_id == graph.id
        assert [grant.scopes for grant in tx.applications.grants_of(principal.id)] == [("User.Read",)]


def everything(ports: Ports, tenant_id: str) -> list[object]:
    """All that a second application could have changed."""
    with ports.store.read(tenant_id) as tx:
        users = tx.users.list(Query(limit=100)).items
        apps = tx.applications.list(Query(limit=100)).items
        return [
            tx.tenants.find(tenant_id),
            tx.tenants.policies(tenant_id),
            users,
            [(tx.users.roles(user.id), tx.credentials.authenticator_apps(user.id)) for user in users],
            [tx.credentials.password(user.id) for user in users],
            [tx.invitations.of_user(user.id) for user in users],
            apps,
            [tx.applications.secrets(app.id) for app in apps],
            tx.applications.list_service_principals(Query(limit=100)).items,
            tx.logs.list_audit(Query(limit=200)).items,
        ]


@pytest.mark.parametrize("name", ["full", "builtin"])
def test_applying_twice_changes_nothing(tmp_path: Path, ports: Ports, name: str) -> None:
    (tmp_path / "orders.pem").write_bytes(certificate_pem())
    seed = read_seed(write(tmp_path, FULL)) if name == "full" else builtin_seed()
    first = apply_seed(ports, seed).tenants[0]
    before = everything(ports, first.tenant.id)
    second = apply_seed(ports, seed).tenants[0]
    assert everything(ports, first.tenant.id) == before
    assert [user.password for user in second.users] == [None] * len(first.users)
    assert second.apps == first.apps
    assert [user.authenticator_secret for user in second.users] == [
        user.authenticator_secret for user in first.users
    ]


def test_own_pages_follow_the_address_of_the_server(ports: Ports) -> None:
    apply_seed(ports, builtin_seed())
    moved = replace(ports, server=replace(ports.server, base_url="https://localhost:9443"))
    tenant = apply_seed(moved, builtin_seed()).tenants[0]
    with ports.store.read(tenant.tenant.id) as tx:
        app = tx.applications.find_by_app_id(tenant.apps[0][1])
    assert app is not None
    spa = [uri.uri for uri in app.redirect_uris if uri.platform is Platform.SPA]
    assert spa == ["https://localhost:9443/tester/"]
    assert app.home_page_url == "https://localhost:9443/tester/"


def test_the_builtin_seed_is_the_promised_one(ports: Ports) -> None:
    contoso = apply_seed(ports, builtin_seed()).tenants[0]
    assert contoso.tenant.initial_domain == "contoso.onxenia.localhost"
    assert [user.is_administrator for user in contoso.users] == [True, False]
    administrator = contoso.users[0]
    assert administrator.user.mail
    assert len(base64.b32decode(administrator.authenticator_secret or "")) == 20
    assert [name for name, _ in contoso.apps] == ["Orders"]
    with ports.store.read(contoso.tenant.id) as tx:
        assert tx.tenants.policies(contoso.tenant.id).security_defaults
        assert all(tx.applications.service_principal(app_id) for app_id in FIRST_PARTY_APP_IDS)


def test_the_platform_tenant_has_no_door(ports: Ports) -> None:
    apply_seed(ports, builtin_seed())
    with ports.store.read(None) as tx:
        assert [tenant.short_name for tenant in tx.tenants.list()] == ["contoso"]
        assert tx.tenants.find(PLATFORM_TENANT_ID) is not None
        for name in (PLATFORM_TENANT_ID, "xenia-platform", "xenia-platform.invalid"):
            assert tx.tenants.find_by_name(name) is None


def test_shipped_registrations_are_made_once_and_follow_the_address(ports: Ports) -> None:
    from xenia.usecases.sessions.first_party import ensure_first_party

    def registered() -> list[object]:
        with ports.store.read(PLATFORM_TENANT_ID) as tx:
            return [tx.applications.find_by_app_id(app_id) for app_id in FIRST_PARTY_APP_IDS]

    before = registered()
    ensure_first_party(ports)
    assert registered() == before
    ensure_first_party(
        replace(ports, server=replace(ports.server, base_url="https://localhost:9443", hosts=()))
    )
    uris = [uri.uri for app in registered() for uri in app.redirect_uris]  # type: ignore[attr-defined]
    assert uris
    assert all(uri.startswith("https://localhost:9443/") for uri in uris)


def test_preparing_twice_changes_nothing(ports: Ports) -> None:
    from xenia.outside.keyring import RsaKeyRing

    keys = ports.keys
    assert isinstance(keys, RsaKeyRing)
    before = keys.public_keys()
    prepare(ports, keys)
    assert keys.public_keys() == before
