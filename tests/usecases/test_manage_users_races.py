"""Two administrators act at the same moment: one of them stays, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.graph_calls import GraphWorld, make_graph_world
from tests.support.postgres import PostgresServer
from tests.support.stores import make_sqlite_store
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR
from xenia.core.errors import InvalidValue
from xenia.ports import Transaction
from xenia.storage.store import open_store
from xenia.usecases.users.user_protection import guard_last_administrator

SECONDS_TO_INTERFERE = 1.0


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphWorld]:
    if request.param == "sqlite":
        store = make_sqlite_store(tmp_path)
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        store = open_store(server.create_database("xenia_manage_users_races"), durable=False)
        store.migrate()
    yield make_graph_world(store)
    store.close()


def test_administrators_who_remove_each_other_leave_one(world: GraphWorld) -> None:
    """The second asks while the first has asked but not yet committed: the moment at which both could be let pass."""
    other = world.add("chief", GLOBAL_ADMINISTRATOR)
    role = GLOBAL_ADMINISTRATOR.template_id
    first_asked, second_asked = threading.Event(), threading.Event()

    def remove_first(tx: Transaction) -> None:
        guard_last_administrator(tx, world.admin)
        first_asked.set()
        # Ends early only when the second is let pass too; else it waits for us, and we must not wait for it.
        second_asked.wait(SECONDS_TO_INTERFERE)
        tx.users.remove_role(world.admin.id, role)

    def remove_second(tx: Transaction) -> None:
        guard_last_administrator(tx, other)
        second_asked.set()
        tx.users.remove_role(other.id, role)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(world.ports.store.write, world.tenant_id, remove_first)
        assert first_asked.wait(30)
        second = pool.submit(world.ports.store.write, world.tenant_id, remove_second)
        first.result()
        with pytest.raises(InvalidValue):
            second.result()
    with world.ports.store.read(world.tenant_id) as tx:
        assert tx.users.with_role(role) == (other.id,)
