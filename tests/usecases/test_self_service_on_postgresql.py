"""The administrators' verbs of self-service sign-up on PostgreSQL: who comes second is told so, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.support.platform import RunningServer, make_platform
from tests.support.postgres import PostgresServer
from xenia.core.directory.identity_provider import GOOGLE_PROVIDER_ID, ProviderKind
from xenia.core.errors import Conflict
from xenia.core.user_flow import AttributeAssignment, Hook
from xenia.ports import Transaction
from xenia.storage.store import open_store
from xenia.usecases.self_service.manage_api_connectors import NewConnector, create_connector, list_connectors
from xenia.usecases.self_service.manage_identity_providers import (
    NewProvider,
    create_provider,
    provider_reliance,
)
from xenia.usecases.self_service.manage_user_attributes import (
    NewAttribute,
    create_attribute,
    delete_attribute,
    list_attributes,
)
from xenia.usecases.self_service.manage_user_flows import (
    NewFlow,
    create_flow,
    get_flow,
    list_flows,
    update_flow,
)


@pytest.fixture
def server(postgres_server: PostgresServer) -> Iterator[RunningServer]:
    name = "xenia_self_service_verbs"
    store = open_store(postgres_server.create_database(name), durable=False)
    store.migrate()
    yield make_platform(store)
    store.close()
    postgres_server.drop(name)


def test_the_whole_flow_is_stored_as_it_was_made(server: RunningServer) -> None:
    ports, actor = server.ports, server.actor()
    create_provider(ports, actor, NewProvider(ProviderKind.GOOGLE, "1", "secret"))
    attribute = create_attribute(ports, actor, NewAttribute("Hobby"))
    connector = create_connector(
        ports, actor, NewConnector("Check", "https://api.example/check", username="u", password="p")
    )
    made = create_flow(
        ports,
        actor,
        NewFlow(
            "Supplier",
            provider_ids=(GOOGLE_PROVIDER_ID,),
            attributes=(AttributeAssignment(attribute.id, "Hobby"),),
            connectors={Hook.BEFORE_CREATION: connector.id},
            app_ids=(server.app.app_id,),
        ),
    )
    assert get_flow(ports, actor, "b2x_1_supplier") == made
    assert list_connectors(ports, actor) == (connector,)
    assert list_attributes(ports, actor)[-1] == attribute
    assert provider_reliance(ports, actor, GOOGLE_PROVIDER_ID) == 0


def test_of_two_at_once_one_is_told(server: RunningServer) -> None:
    ports, actor = server.ports, server.actor()

    def save(number: int) -> None:
        update_flow(ports, actor, "B2X_1_Supplier", {"description": f"by {number}"}, expected_version=0)

    made = _race(lambda number: create_flow(ports, actor, NewFlow("SUPPLIER" if number else "Supplier")))
    assert made == ["Conflict", "done"]
    (flow,) = list_flows(ports, actor)
    assert _race(save) == ["Conflict", "done"]
    changed = get_flow(ports, actor, flow.id)
    assert (changed.version, changed.description[:3]) == (1, "by ")
    order = NewProvider(ProviderKind.GOOGLE, "1", "secret")
    assert _race(lambda _: create_provider(ports, actor, order)) == ["Conflict", "done"]


def test_two_first_attributes_share_the_one_app_that_owns_them(server: RunningServer) -> None:
    ports, actor = server.ports, server.actor()
    told = _race(lambda number: create_attribute(ports, actor, NewAttribute(f"Hobby{number}")))
    assert told == ["done", "done"]
    custom = [one for one in list_attributes(ports, actor) if one.tenant_id]
    assert len({one.id.split("_")[1] for one in custom}) == 1
    guest = server.invite().user

    def fill(tx: Transaction) -> None:
        tx.users.replace(replace(guest, extensions=((custom[0].id, "x"), (custom[1].id, "y"))))

    ports.store.write(server.tenant.id, fill)
    delete_attribute(ports, actor, custom[0].id)
    with ports.store.read(server.tenant.id) as tx:
        left = tx.users.find(guest.id)
    assert left is not None
    assert left.extensions == ((custom[1].id, "y"),)


def _race(verb: Callable[[int], object]) -> list[str]:
    """What two callers at once are told, sorted."""
    told: list[str] = []
    begin = threading.Barrier(2)

    def run(number: int) -> None:
        begin.wait()
        try:
            verb(number)
            told.append("done")
        except Conflict:
            told.append("Conflict")

    racers = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    return sorted(told)
