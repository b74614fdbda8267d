"""The protocol's promises that rest on the database, on PostgreSQL: single use, revocation, limits, the log."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.support.platform import PASSWORD
from tests.support.postgres import PostgresServer
from tests.support.protocol import Protocol, body_of, protocol_on
from tests.support.renewing import may_stay, signed_in
from xenia.core.query import Query
from xenia.core.refresh_token import RETRY_GRACE
from xenia.storage.store import open_store
from xenia.usecases.devices.device_sign_in import WRONG_USER_CODES_WINDOW


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


def test_renewals_come_one_after_another(idp: Protocol) -> None:
    may_stay(idp)
    first, outcomes, begin = signed_in(idp), [], threading.Barrier(4)

    def race() -> None:
        begin.wait()
        outcomes.append(body_of(idp.refresh(first["refresh_token"])))

    racers = [threading.Thread(target=race) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len({answer["refresh_token"] for answer in outcomes}) == 4
    idp.server.clock.advance(RETRY_GRACE)
    siblings, begin = [answer["refresh_token"] for answer in outcomes], threading.Barrier(4)
    codes: list[object] = []

    def use(token: str) -> None:
        begin.wait()
        codes.append(body_of(idp.refresh(token)).get("error_codes"))

    racers = [threading.Thread(target=use, args=(token,)) for token in siblings]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    # The first ends its siblings, and for a moment they may still be retries of clients that run side by side.
    assert codes == [None] * 4
    idp.server.clock.advance(RETRY_GRACE)
    assert body_of(idp.refresh(siblings[0]))["error_codes"] == [70000]
    assert idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {first['access_token']}").status == 401


def test_a_device_is_approved_and_redeemed_once_and_guesses_are_counted(idp: Protocol) -> None:
    may_stay(idp)
    idp.change_app(is_fallback_public_client=True)
    form = {"client_id": idp.app.app_id, "scope": "openid profile offline_access"}
    started = body_of(idp.send("POST", f"/{idp.tenant_id}/oauth2/v2.0/devicecode", form=form))
    walker = idp.walker()
    for code in ("BBBBBBBBB", started["user_code"]):
        walker.open("/device")
        walker.submit("/device", user_code=code)
    walker.submit("/device/confirm", button="Continue")
    walker.submit("/identify", login=idp.server.admin.user_principal_name)
    assert "You have signed in" in walker.submit("/password", password=PASSWORD).text
    poll = {"grant_type": "device_code", "client_id": idp.app.app_id, "device_code": started["device_code"]}
    errors, begin = [], threading.Barrier(4)

    def race() -> None:
        begin.wait()
        errors.append(body_of(idp.token(**poll)).get("error"))

    racers = [threading.Thread(target=race) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert errors.count(None) == 1
    assert set(errors) <= {None, "slow_down", "bad_verification_code"}
    wrong = idp.read(
        lambda tx: tx.limits.count("user-code:192.0.2.10", WRONG_USER_CODES_WINDOW, idp.server.clock.now())
    )
    assert wrong == 1


def test_requests_of_people(idp: Protocol) -> None:
    assert "/signin?ctx=" in (idp.authorize().header("Location") or "")
    assert b"AADSTS50194" in idp.authorize(segment="common").body
