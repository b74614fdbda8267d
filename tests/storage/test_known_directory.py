"""What is kept in memory of the directory is never older than the database: two processes, rollbacks, old views."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.storage import records
from tests.storage.records import CONTOSO, FABRIKAM, add_tenants, application, principal, provider, user_flow
from xenia.core.directory.tenant import Domain
from xenia.core.errors import Conflict
from xenia.storage.statements import Driver
from xenia.storage.store import SqlStore, open_store

Stores = tuple[SqlStore, SqlStore]


@pytest.fixture
def stores(fresh_url: Callable[[], str]) -> Iterator[Stores]:
    """Two stores on one database: what two processes are to each other."""
    url = fresh_url()
    here, there = open_store(url, durable=False), open_store(url, durable=False)
    here.migrate()
    add_tenants(here)

    def fill(tx):
        tx.applications.add(application())
        tx.applications.add_service_principal(principal())
        tx.identity_providers.add(provider())
        tx.user_flows.add(user_flow(app_ids=("app-id",)))

    here.write(CONTOSO, fill)
    yield here, there
    here.close()
    there.close()


def tenant(tx):
    return tx.tenants.find(CONTOSO)


def policies(tx):
    return tx.tenants.policies(CONTOSO)


def app(tx):
    return tx.applications.find_by_app_id(application().app_id)


def app_by_uri(tx):
    return tx.applications.find_by_identifier_uri(application().identifier_uris[0])


def local(tx):
    return tx.applications.service_principal(principal().app_id)


def providers(tx):
    return tx.identity_providers.list()


def google(tx):
    return tx.identity_providers.find(provider().id)


def flows(tx):
    return tx.user_flows.list()


def flow(tx):
    return tx.user_flows.of_app("app-id")


CHANGES = {
    "tenant": (tenant, lambda tx: tx.tenants.replace(replace(tenant(tx), display_name="Renamed"))),
    "policies": (
        policies,
        lambda tx: tx.tenants.replace_policies(CONTOSO, replace(policies(tx), security_defaults=False)),
    ),
    "application": (app, lambda tx: tx.applications.replace(replace(app(tx), display_name="Renamed"))),
    "application by URI": (
        app_by_uri,
        lambda tx: tx.applications.replace(replace(app(tx), identifier_uris=())),
    ),
    "principal": (
        local,
        lambda tx: tx.applications.replace_service_principal(replace(local(tx), account_enabled=False)),
    ),
    "removed application": (app, lambda tx: tx.applications.remove(application().id)),
    "provider": (google, lambda tx: tx.identity_providers.replace(replace(google(tx), client_id="new"))),
    "added provider": (providers, lambda tx: tx.identity_providers.add(provider("other"))),
    "removed provider": (google, lambda tx: tx.identity_providers.remove(provider().id)),
    "flow": (flow, lambda tx: tx.user_flows.replace(replace(flow(tx), description="New"))),
    "added flow": (flows, lambda tx: tx.user_flows.add(user_flow("Other"))),
    "removed flow": (flow, lambda tx: tx.user_flows.remove(user_flow().id)),
    "flow without its application": (flow, lambda tx: tx.applications.remove(application().id)),
    "removed principal": (local, lambda tx: tx.applications.remove_service_principal(principal().id)),
}


def seen(store: SqlStore, look):
    with store.read(CONTOSO) as tx:
        return look(tx)


@pytest.mark.parametrize("look", [tenant, policies, app, app_by_uri, local, providers, google, flows, flow])
def test_an_unchanged_directory_is_read_once(stores: Stores, look):
    here, there = stores
    assert seen(here, look) is seen(here, look)
    assert here.write(CONTOSO, look) is seen(here, look)
    assert seen(there, look) == seen(here, look)


@pytest.mark.parametrize("what", CHANGES)
def test_the_change_of_another_process_counts_at_once(stores: Stores, what: str):
    here, there = stores
    look, change = CHANGES[what]
    before = seen(here, look), seen(there, look)
    there.write(CONTOSO, change)
    assert before[0] is not None
    assert seen(here, look) == seen(there, look) != before[0]
    assert here.write(CONTOSO, look) == seen(there, look)


@pytest.mark.parametrize("what", CHANGES)
def test_a_transaction_sees_its_own_change_and_its_rollback_leaves_no_trace(stores: Stores, what: str):
    here, there = stores
    look, change = CHANGES[what]
    before = seen(here, look)

    def work(tx):
        look(tx)
        change(tx)
        assert look(tx) != before
        raise LookupError

    with pytest.raises(LookupError):
        here.write(CONTOSO, work)
    assert seen(here, look) == seen(there, look) == before


def test_a_refused_change_inside_a_transaction_is_forgotten(stores: Stores):
    here, there = stores

    def work(tx):
        with pytest.raises(Conflict):
            tx.tenants.replace(replace(tenant(tx), domains=(Domain("fabrikam.com", is_initial=True),)))
        assert tenant(tx) == records.tenant()
        tx.tenants.replace(replace(tenant(tx), display_name="Renamed"))

    seen(there, tenant)
    here.write(CONTOSO, work)
    assert seen(here, tenant) == seen(there, tenant)
    assert seen(there, tenant) == records.tenant(display_name="Renamed")


def test_an_older_view_neither_sees_nor_spoils_the_newer_one(stores: Stores):
    here, there = stores
    with here.read(CONTOSO) as old:
        assert policies(old).security_defaults
        there.write(CONTOSO, CHANGES["policies"][1])
        assert not seen(here, policies).security_defaults
        assert policies(old).security_defaults
        # Read for the first time, and only by the old view: as of its own moment.
        assert tenant(old) == seen(there, tenant)
        assert not seen(here, policies).security_defaults
    assert not seen(here, policies).security_defaults


def test_what_is_not_there_is_looked_for_again(stores: Stores):
    here, there = stores
    there.write(CONTOSO, CHANGES["removed principal"][1])
    assert seen(here, local) is None
    there.write(CONTOSO, lambda tx: tx.applications.add_service_principal(principal()))
    assert seen(here, local) == principal()


@pytest.mark.parametrize("look", [providers, flows])
def test_that_a_tenant_has_none_is_known_too(stores: Stores, look):
    here, there = stores

    def statements() -> list[str]:
        run: list[str] = []
        execute = Driver._execute

        def counting(self, prepared, parameters, take):
            run.append(prepared.text)
            return execute(self, prepared, parameters, take)

        with pytest.MonkeyPatch.context() as patch, here.read(FABRIKAM) as tx:
            patch.setattr(Driver, "_execute", counting)
            tx.tenants.find(FABRIKAM)
            assert look(tx) == ()
        return run

    statements()
    assert len(statements()) == 1  # the stamp
    added = {"tenant_id": FABRIKAM}
    there.write(FABRIKAM, lambda tx: tx.identity_providers.add(provider(**added)))
    there.write(FABRIKAM, lambda tx: tx.user_flows.add(user_flow(**added)))
    with here.read(FABRIKAM) as tx:
        assert [found.tenant_id for found in look(tx)] == [FABRIKAM]


def test_one_tenants_principal_is_not_anothers(stores: Stores):
    here, _ = stores
    assert seen(here, local) is not None
    with here.read(FABRIKAM) as tx:
        assert local(tx) is None
