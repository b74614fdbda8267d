"""Seed files set what people may agree to, who is asked otherwise, and what apps hold without anybody being asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_seed import ports, write  # noqa: F401  (a fixture and its neighbour)
from xenia.core.actor import system_actor
from xenia.core.directory.tenant import ConsentRequestPolicy, Tenant, UserConsent
from xenia.ports import Ports
from xenia.seed import SeedError, apply_seed, read_seed
from xenia.usecases.consent.granted_permissions import list_held, withdraw_grant

API = "5f1f6c1c-0000-4000-8000-0000000000bb"
CLIENT = "5f1f6c1c-0000-4000-8000-0000000000aa"
TEXT = f"""
[[tenant]]
name = "Northwind"
short_name = "northwind"

[tenant.settings]
user_consent = "none"

[tenant.consent_requests]
reviewers = ["boss"]
remind = false
expire_after_days = 10

[[tenant.user]]
name = "boss"
display_name = "Bo Boss"
roles = ["Global Administrator"]

[[tenant.user]]
name = "mia"
display_name = "Mia"

[[tenant.app]]
id = "{API}"
name = "Orders API"

[[tenant.app.scope]]
value = "Orders.Read"
display_name = "Read orders"

[[tenant.app.scope]]
value = "Orders.Write"
display_name = "Write orders"

[[tenant.app]]
id = "{CLIENT}"
name = "Shop"
group_claims = "SecurityGroup"

[[tenant.app.grant]]
api = "Orders API"
scopes = ["Orders.Read"]

[[tenant.app.grant]]
api = "{API}"
scopes = ["Orders.Write"]
user = "mia"

[[tenant.app.grant]]
api = "Microsoft Graph"
scopes = ["User.Read"]
"""


def _applied(tmp_path: Path, ports: Ports, text: str = TEXT) -> Tenant:  # noqa: F811
    return apply_seed(ports, read_seed(write(tmp_path, text))).tenants[0].tenant


def _held(ports: Ports, tenant: Tenant) -> set[tuple[str, str]]:  # noqa: F811
    actor = system_actor(tenant.id, "x", "Test")
    with ports.store.read(tenant.id) as tx:
        principal = tx.applications.service_principal(CLIENT)
    assert principal is not None
    return {(line.value, line.user_name) for line in list_held(ports, actor, principal.id)}


def test_settings_workflow_and_grants_are_those_of_the_portal(tmp_path: Path, ports: Ports) -> None:  # noqa: F811
    for _ in range(2):
        tenant = _applied(tmp_path, ports)
        with ports.store.read(tenant.id) as tx:
            policies = tx.tenants.policies(tenant.id)
            boss = tx.users.find_by_upn(f"boss@{tenant.default_domain}")
            app = tx.applications.find_by_app_id(CLIENT)
        assert boss is not None
        assert app is not None
        assert app.group_membership_claims == "SecurityGroup"
        assert policies.user_consent is UserConsent.NONE
        asked = policies.consent_requests
        assert (asked.is_enabled, asked.reviewers, asked.duration_days) == (True, (boss.id,), 10)
        assert (asked.notifies_reviewers, asked.reminds) == (True, False)
        assert _held(ports, tenant) == {("Orders.Read", ""), ("Orders.Write", "Mia"), ("User.Read", "")}


def test_applying_again_changes_nothing_and_brings_nothing_back(tmp_path: Path, ports: Ports) -> None:  # noqa: F811
    tenant = _applied(tmp_path, ports)
    actor = system_actor(tenant.id, "x", "Test")
    with ports.store.read(tenant.id) as tx:
        principal = tx.applications.service_principal(CLIENT)
        assert principal is not None
        first = tx.applications.grants_of(principal.id)[0]
        policies = tx.tenants.policies(tenant.id)
    withdraw_grant(ports, actor, first.id)
    left = _held(ports, tenant)
    _applied(tmp_path, ports)
    with ports.store.read(tenant.id) as tx:
        assert tx.tenants.policies(tenant.id) == policies
    assert _held(ports, tenant) == left


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('reviewers = ["boss"]', 'reviewers = ["nobody"]', "reviewers: there is no user 'nobody'"),
        ('reviewers = ["boss"]', "reviewers = []", "at least one reviewer"),
        ("expire_after_days = 10", "expire_after_days = 0", "days"),
        ('user_consent = "none"', 'user_consent = "some"', "some"),
        ('api = "Orders API"', 'api = "Ordres API"', "there is no app 'Ordres API'"),
        ('scopes = ["Orders.Read"]', 'scopes = ["Orders.Raed"]', "offers no 'Orders.Raed'"),
        ('scopes = ["Orders.Read"]', "scopes = []", "name at least one"),
        ('user = "mia"', 'user = "mai"', "user: there is no user 'mai'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path,
    ports: Ports,  # noqa: F811
    was: str,
    becomes: str,
    said: str,
) -> None:
    with pytest.raises(SeedError, match=said) as refused:
        _applied(tmp_path, ports, TEXT.replace(was, becomes, 1))
    at = TEXT[: TEXT.index(was)].count("\n") + 1
    assert refused.value.line is not None
    assert at - 3 <= refused.value.line <= at
    # Nothing of the app is left behind, and the mended file applies whole.
    tenant = _applied(tmp_path, ports)
    assert ("Orders.Read", "") in _held(ports, tenant)
    with ports.store.read(tenant.id) as tx:
        assert tx.tenants.policies(tenant.id).consent_requests != ConsentRequestPolicy()
