"""Tenants: opening, properties, policies; who may, what is refused, and what the audit log says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.platform import RunningServer, platform
from xenia.core.actor import Actor
from xenia.core.audit import AuditRecord
from xenia.core.directory.first_party import FIRST_PARTY_APP_IDS
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR
from xenia.core.directory.tenant import DomainRestrictions, DomainRule, InvitesFrom, TenantPolicies
from xenia.core.errors import Conflict, InvalidValue, NotPermitted
from xenia.core.query import Query
from xenia.usecases.tenants.manage_tenant import (
    NewTenant,
    create_tenant,
    open_tenant,
    update_policies,
    update_tenant_properties,
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as running:
        yield running


def member(server: RunningServer) -> Actor:
    return replace(server.actor(), roles=frozenset())


def audits(server: RunningServer, tenant_id: str, activity: str) -> list[AuditRecord]:
    with server.ports.store.read(tenant_id) as tx:
        return [row for row in tx.logs.list_audit(Query(limit=200)).items if row.activity == activity]


def policies(server: RunningServer) -> TenantPolicies:
    with server.ports.store.read(server.tenant.id) as tx:
        return tx.tenants.policies(server.tenant.id)


def test_a_tenant_has_what_ships_with_the_server(server: RunningServer) -> None:
    tenant = create_tenant(
        server.ports, None, NewTenant("Fabrikam", "Fabrikam", domains=("Fabrikam.Example",))
    )
    assert tenant.initial_domain == "fabrikam.onxenia.localhost"
    assert tenant.default_domain == "fabrikam.example"
    assert len(bytes.fromhex(tenant.subject_salt)) == 32
    with server.ports.store.read(tenant.id) as tx:
        assert all(tx.applications.service_principal(app_id) for app_id in FIRST_PARTY_APP_IDS)
        assert tx.tenants.policies(tenant.id) == TenantPolicies()
        for name in (tenant.id, "FABRIKAM", "fabrikam.onxenia.localhost", "fabrikam.example"):
            assert tx.tenants.find_by_name(name) == tenant
    assert len(audits(server, tenant.id, "Create company")) == 1


def test_the_first_administrator_can_govern_it(server: RunningServer) -> None:
    opened = open_tenant(server.ports, server.actor(), NewTenant("Fabrikam", "fabrikam"), "a@b.example")
    user = opened.administrator.user
    assert user.user_principal_name == "admin@fabrikam.onxenia.localhost"
    assert user.mail == "a@b.example"
    with server.ports.store.read(opened.tenant.id) as tx:
        assert tx.users.roles(user.id) == {GLOBAL_ADMINISTRATOR.template_id}
        stored = tx.credentials.password(user.id)
    assert stored is not None
    assert server.ports.passwords.verify(opened.administrator.password, stored.hash)
    # A wall on both sides: nothing of the new tenant is visible in the opener's, and the other way round.
    with server.ports.store.read(server.tenant.id) as tx:
        assert tx.users.find(user.id) is None


@pytest.mark.parametrize("label", ["", "-a", "a-", "a b", "a.b", "ä", "x" * 28, "a_b"])
def test_short_names_are_host_labels(server: RunningServer, label: str) -> None:
    with pytest.raises(InvalidValue):
        create_tenant(server.ports, None, NewTenant("N", label))


@pytest.mark.parametrize(
    "order",
    [
        NewTenant("", "fabrikam"),
        NewTenant("N\nM", "fabrikam"),
        NewTenant("N", "fabrikam", id="42"),
        NewTenant("N", "fabrikam", domains=("*.example.com",)),
        NewTenant("N", "fabrikam", privacy_statement_url="javascript:alert(1)"),
        NewTenant("N", "fabrikam", terms_url="https://user@host/"),
    ],
)
def test_wrong_orders_make_no_tenant(server: RunningServer, order: NewTenant) -> None:
    with pytest.raises(InvalidValue):
        create_tenant(server.ports, None, order)
    with server.ports.store.read(None) as tx:
        assert tx.tenants.find_by_name("fabrikam") is None


def test_a_taken_name_or_id_is_a_conflict(server: RunningServer) -> None:
    with pytest.raises(Conflict):
        create_tenant(server.ports, None, NewTenant("N", server.tenant.short_name))
    with pytest.raises(Conflict):
        create_tenant(server.ports, None, NewTenant("N", "other", id=server.tenant.id))


def test_only_the_workshop_lets_administrators_open_tenants(server: RunningServer) -> None:
    with pytest.raises(NotPermitted):
        create_tenant(server.ports, member(server), NewTenant("N", "fabrikam"))
    production = replace(server.ports, server=replace(server.ports.server, tools=False))
    with pytest.raises(NotPermitted):
        create_tenant(production, server.actor(), NewTenant("N", "fabrikam"))
    assert create_tenant(production, None, NewTenant("N", "fabrikam")).short_name == "fabrikam"


def test_properties_change_with_a_record(server: RunningServer) -> None:
    changes = {
        "display_name": "Contoso Ltd",
        "privacy_statement_url": "https://contoso.example/p",
        "country": "de",
    }
    tenant = update_tenant_properties(server.ports, server.actor(), changes)
    assert (tenant.display_name, tenant.country) == ("Contoso Ltd", "DE")
    (record,) = audits(server, tenant.id, "Set Company Information")
    assert {change.property for change in record.targets[0].changes} == {
        "DisplayName",
        "PrivacyStatementUrl",
        "Country",
    }
    update_tenant_properties(server.ports, server.actor(), changes)
    assert len(audits(server, tenant.id, "Set Company Information")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"display_name": ""},
        {"privacy_statement_url": "ftp://x.example"},
        {"technical_contact": "nobody"},
        {"country": "Germany"},
        {"notification_language": "english please"},
        {"subject_salt": "00"},
        {"domains": ()},
    ],
)
def test_properties_that_may_not_be_are_refused(server: RunningServer, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        update_tenant_properties(server.ports, server.actor(), changes)


def test_policies_change_with_one_record_for_each(server: RunningServer) -> None:
    wanted = replace(
        policies(server),
        allow_invites_from=InvitesFrom.ADMINS,
        domain_restrictions=DomainRestrictions(DomainRule.DENY, denied=(" Live.COM ", "live.com")),
    )
    saved = update_policies(server.ports, server.actor(), wanted)
    assert saved.version == wanted.version + 1
    assert saved.domain_restrictions.denied == ("live.com",)
    (authorization,) = audits(server, server.tenant.id, "Update authorization policy")
    assert [change.property for change in authorization.targets[0].changes] == ["AllowInvitesFrom"]
    (policy,) = audits(server, server.tenant.id, "Update policy")
    target = policy.targets[0]
    assert target.display_name == "B2BManagementPolicy"
    (details,) = target.changes
    assert details.property == "PolicyDetails"
    definition = json.loads(json.loads(details.new or "")[0])
    rules = definition["B2BManagementPolicy"]["InvitationsAllowedAndBlockedDomainsPolicy"]
    assert rules == {"AllowedDomains": [], "BlockedDomains": ["live.com"]}


def test_saving_nothing_new_leaves_no_trace(server: RunningServer) -> None:
    before = policies(server)
    assert update_policies(server.ports, server.actor(), before) == before
    assert not audits(server, server.tenant.id, "Update policy")


def test_two_savers_do_not_overwrite_each_other(server: RunningServer) -> None:
    read = policies(server)
    update_policies(server.ports, server.actor(), replace(read, security_defaults=not read.security_defaults))
    with pytest.raises(Conflict):
        update_policies(server.ports, server.actor(), replace(read, allow_invites_from=InvitesFrom.NONE))


def test_policies_are_for_administrators_and_real_domains(server: RunningServer) -> None:
    changed = replace(policies(server), allow_invites_from=InvitesFrom.NONE)
    with pytest.raises(NotPermitted):
        update_policies(server.ports, member(server), changed)
    for domain in ("*.example.com", "localhost", "a b.example"):
        rules = DomainRestrictions(DomainRule.ALLOW, allowed=(domain,))
        with pytest.raises(InvalidValue):
            update_policies(server.ports, server.actor(), replace(changed, domain_restrictions=rules))
    huge = DomainRestrictions(DomainRule.DENY, denied=tuple(f"{'x' * 60}{n}.example" for n in range(500)))
    with pytest.raises(InvalidValue):
        update_policies(server.ports, server.actor(), replace(changed, domain_restrictions=huge))
