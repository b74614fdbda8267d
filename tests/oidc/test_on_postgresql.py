"""The protocol's promises that rest on the database, on PostgreSQL: single use, revocation, limits, the log."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.support.postgres import PostgresServer
from tests.support.protocol import Protocol, body_of, protocol_on
from xenia.core.query import Query
from xenia.storage.store import open_store


@pytest.fixture
def idp(postgres_server: PostgresServer) -> Iterator[Protocol]:
    """Contoso on a database of its own."""
    name = "xenia_protocol"
    store = open_store(postgres_server.create_database(name), durable=False)
    store.migrate()
    with protocol_on(store) as made:
        yield made
    postgres_server.drop(name)


def test_single_use_revocation_limits_and_log(idp: Protocol) -> None:
    code, statuses, begin = idp.sign_in()["code"], [], threading.Barrier(4)

    def race() -> None:
        begin.wait()
        statuses.append(idp.redeem(code).status)

    racers = [threading.Thread(target=race) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(statuses) == [200, 400, 400, 400]
    code = idp.sign_in()["code"]
    token = body_of(idp.redeem(code))["access_token"]
    assert idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {token}").status == 200
    assert body_of(idp.redeem(code))["error_codes"] == [54005]
    assert idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {token}").status == 401
    assert idp.client_credentials().status == 200
    for _ in range(20):
        assert idp.client_credentials(client_secret="guess").status == 401
    assert idp.client_credentials(client_secret="guess").status == 429
    idp.journal.flush()
    rows = idp.read(lambda tx: tx.logs.list_sign_ins(Query())).items
    assert sorted({row.error_code for row in rows}) == [0, 50053, 7000215]


def test_requests_of_people(idp: Protocol) -> None:
    assert "/signin?ctx=" in (idp.authorize().header("Location") or "")
    assert b"AADSTS50194" in idp.authorize(segment="common").body
