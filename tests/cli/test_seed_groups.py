"""Groups in a seed file: made with members and owners, assigned to apps, once; refused with the line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xenia.cli.data_directory import DataDirectory
from xenia.core.directory.group import GroupLink
from xenia.core.query import Query
from xenia.ports import Ports
from xenia.seed import SeedError, apply_seed, read_seed
from xenia.settings import load
from xenia.wiring import Installation, build

BASE = "https://localhost:8443"
PEOPLE = """
[[tenant]]
name = "Northwind"
short_name = "northwind"

[[tenant.user]]
name = "boss"
display_name = "Bo Boss"

[[tenant.guest]]
mail = "maria@partner.example"
"""
GROUPS = """
[[tenant.group]]
id = "6b1c9e0a-3f52-4f0e-9d61-0000000000c1"
name = "Partners"
members = ["maria@partner.example"]

[[tenant.group]]
name = "Buyers"
description = "Who buys"
members = ["boss", "Partners"]
owners = ["boss"]

[[tenant.group]]
name = "Team"
microsoft_365 = true
mail_nickname = "team"
visibility = "Private"
"""
APP = """
[[tenant.app]]
name = "Orders"
assigned = [{ group = "Buyers", role = "Approver" }]

[[tenant.app.app_role]]
value = "Approver"
display_name = "Approvers"
"""


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


def _apply(tmp_path: Path, ports: Ports, text: str) -> str:
    path = tmp_path / "seed.toml"
    path.write_text(text)
    return apply_seed(ports, read_seed(path)).tenants[0].tenant.id


def _everything(ports: Ports, tenant_id: str) -> list[object]:
    with ports.store.read(tenant_id) as tx:
        groups = tx.groups.list(Query()).items
        return [
            groups,
            [tx.groups.objects(link, each.id, Query()).items for each in groups for link in GroupLink],
            tx.logs.list_audit(Query(limit=500)).items,
        ]


def test_groups_are_there_with_members_owners_and_apps_and_twice_changes_nothing(
    tmp_path: Path, ports: Ports
):
    tenant_id = _apply(tmp_path, ports, PEOPLE + GROUPS + APP)
    with ports.store.read(tenant_id) as tx:
        buyers, partners, team = tx.groups.list(Query()).items
        boss = tx.users.find_by_upn("boss@northwind.onxenia.localhost")
        (maria,) = tx.users.find_by_address("maria@partner.example")
        assert boss is not None
        assert partners.id == "6b1c9e0a-3f52-4f0e-9d61-0000000000c1"
        assert (buyers.description, team.mail, team.visibility) == (
            "Who buys",
            "team@northwind.onxenia.localhost",
            "Private",
        )
        assert {each.id for each in tx.groups.objects(GroupLink.MEMBER, buyers.id, Query()).items} == {
            boss.id,
            partners.id,
        }
        assert tx.groups.objects(GroupLink.OWNER, buyers.id, Query()).items == (boss,)
        assert set(tx.groups.ids_containing(maria.id)) == {partners.id, buyers.id}
        (held,) = tx.applications.assignments_held(boss.id)
        assert (held.principal_type, held.principal_id) == ("Group", buyers.id)
    before = _everything(ports, tenant_id)
    _apply(tmp_path, ports, PEOPLE + GROUPS + APP)
    assert _everything(ports, tenant_id) == before


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('[[tenant.group]]\nname = "X"\nmembers = ["nobody"]\n', "members: there is no user 'nobody'"),
        ('[[tenant.group]]\nname = "X"\nowners = ["nobody"]\n', "owners: there is no user 'nobody'"),
        ('[[tenant.group]]\nname = "X"\nid = "42"\n', "'42' is no GUID"),
        ('[[tenant.group]]\nname = "X"\nvisibility = "Private"\n', "Microsoft 365"),
        ('[[tenant.app]]\nname = "X"\nassigned = [{ group = "None" }]\n', "there is no group 'None'"),
        ('[[tenant.app]]\nname = "X"\nassigned = [{ role = "R" }]\n', "either a user or a group"),
    ],
)
def test_what_is_refused_names_its_line(tmp_path: Path, ports: Ports, entry: str, words: str) -> None:
    with pytest.raises(SeedError) as refused:
        _apply(tmp_path, ports, PEOPLE + entry)
    assert refused.value.line == PEOPLE.count("\n") + 1
    assert words in str(refused.value)
