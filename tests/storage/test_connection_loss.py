"""A database server that goes away and comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.storage.records import CONTOSO, MIA, add_tenants, user
from tests.support.postgres import PostgresServer
from xenia.ports import StoreUnavailable
from xenia.storage.store import SqlStore, open_store

pytestmark = pytest.mark.faults


@pytest.fixture
def durable_store(postgres_server: PostgresServer) -> Iterator[SqlStore]:
    store = open_store(postgres_server.create_database("connection_loss"), durable=True)
    store.migrate()
    add_tenants(store)
    yield store
    store.close()
    postgres_server.drop("connection_loss")


def test_a_crash_of_the_server_cuts_transactions_and_keeps_what_was_committed(
    postgres_server: PostgresServer, durable_store: SqlStore
):
    durable_store.write(CONTOSO, lambda tx: tx.users.add(user()))

    def interrupted(tx):
        tx.users.add_role(MIA, "role-1")
        postgres_server.restart()
        tx.users.add_role(MIA, "role-2")

    with pytest.raises(StoreUnavailable):
        durable_store.write(CONTOSO, interrupted)

    # The pool holds dead connections now; the next use replaces them unasked.
    with durable_store.read(CONTOSO) as tx:
        assert tx.users.find(MIA) == user()
        assert tx.users.roles(MIA) == frozenset()
    assert "PostgreSQL" in durable_store.check()
