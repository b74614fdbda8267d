"""Seed files describe what app registrations expose, trust and tell, and who owns them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_seed import ports, write  # noqa: F401  (a fixture and its neighbour)
from xenia.core.directory.application import PreAuthorizedApplication
from xenia.ports import Ports
from xenia.seed import SeedError, apply_seed, read_seed

CLIENT = "5f1f6c1c-0000-4000-8000-0000000000aa"
API = "5f1f6c1c-0000-4000-8000-0000000000bb"
SCOPE = "5f1f6c1c-0000-4000-8000-0000000000cc"
TEXT = f"""
[[tenant]]
name = "Northwind"
short_name = "northwind"

[[tenant.user]]
name = "boss"
display_name = "Bo Boss"

[[tenant.app]]
id = "{API}"
name = "Orders API"
identifier_uris = ["api://{API}"]
token_version = 2
owners = ["boss"]
group_claims = "SecurityGroup"
optional_claims = {{ idToken = ["email"], accessToken = ["acct", "idtyp"] }}
known_clients = ["{CLIENT}"]
trusted_clients = [{{ client = "{CLIENT}", scopes = ["Orders.Read"] }}]

[[tenant.app.scope]]
id = "{SCOPE}"
value = "Orders.Read"
display_name = "Read orders"

[[tenant.app.federated]]
name = "pipeline"
issuer = "https://token.actions.example.com"
subject = "repo:northwind/orders:ref:refs/heads/main"
"""


def test_a_registration_is_described_whole(tmp_path: Path, ports: Ports) -> None:  # noqa: F811
    seed = read_seed(write(tmp_path, TEXT))
    tenant = apply_seed(ports, seed).tenants[0].tenant
    for _ in range(2):
        with ports.store.read(tenant.id) as tx:
            app = tx.applications.find_by_app_id(API)
            assert app is not None
            boss = tx.users.find_by_upn(f"boss@{tenant.default_domain}")
            assert boss is not None
            assert tx.applications.owners(app.id) == (boss.id,)
            (trust,) = tx.applications.federated_credentials(app.id)
        assert app.group_membership_claims == "SecurityGroup"
        assert app.known_client_applications == (CLIENT,)
        assert app.pre_authorized_applications == (PreAuthorizedApplication(CLIENT, (SCOPE,)),)
        claims = app.optional_claims or {}
        assert [each["name"] for each in claims["accessToken"]] == ["acct", "idtyp"]
        assert (trust.name, trust.audiences) == ("pipeline", ("api://AzureADTokenExchange",))
        apply_seed(ports, seed)  # a second time changes nothing


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('scopes = ["Orders.Read"]', 'scopes = ["Orders.Write"]', "no scope 'Orders.Write'"),
        ('owners = ["boss"]', 'owners = ["nobody"]', "nobody"),
        ('group_claims = "SecurityGroup"', 'group_claims = "Everybody"', "groupMembershipClaims"),
        ("idToken =", "identityToken =", "identityToken"),
        ("https://token.actions", "http://token.actions", "https://"),
    ],
)
def test_what_may_not_be_stored_is_named(
    tmp_path: Path,
    ports: Ports,  # noqa: F811
    old: str,
    new: str,
    words: str,
) -> None:
    with pytest.raises(SeedError, match=words):
        apply_seed(ports, read_seed(write(tmp_path, TEXT.replace(old, new))))
