"""A refresh token used twice means that two hold it: its family ends, but a lost answer may be asked for again."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from tests.support.protocol import Protocol, body_of
from tests.support.renewing import as_, may_stay, signed_in
from xenia.core.directory.application import Platform
from xenia.core.query import Query
from xenia.core.refresh_token import RETRIES, RETRY_GRACE
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _staying(idp: Protocol) -> None:
    may_stay(idp)


def _codes(idp: Protocol, token: str, **changes: str | None) -> list[int] | None:
    return body_of(idp.refresh(token, **changes)).get("error_codes")


def _userinfo(idp: Protocol, answer: dict[str, str]) -> int:
    return idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {answer['access_token']}").status


def test_reuse_ends_every_token_of_the_sign_in_and_says_so(idp: Protocol) -> None:
    first = signed_in(idp)
    second = body_of(idp.refresh(first["refresh_token"]))
    assert _userinfo(idp, second) == 200
    idp.server.clock.advance(RETRY_GRACE)
    refused = body_of(idp.refresh(first["refresh_token"]))
    assert (refused["error"], refused["suberror"], refused["error_codes"]) == (
        "invalid_grant",
        "bad_token",
        [70000],
    )
    assert "was revoked" in refused["error_description"]
    assert _codes(idp, second["refresh_token"]) == [50173]
    assert (_userinfo(idp, first), _userinfo(idp, second)) == (401, 401)
    rows = idp.read(lambda tx: tx.logs.list_sign_ins(Query())).items
    assert sorted(row.error_code for row in rows) == [0, 50173, 70000]
    assert {row.user_id for row in rows} == {idp.guest.id}


def test_other_sign_ins_of_the_same_person_go_on(idp: Protocol) -> None:
    stolen, other = signed_in(idp), signed_in(idp)
    idp.refresh(stolen["refresh_token"])
    idp.server.clock.advance(RETRY_GRACE)
    assert _codes(idp, stolen["refresh_token"]) == [70000]
    assert _codes(idp, other["refresh_token"]) is None


def test_a_lost_answer_may_be_asked_for_again_but_not_for_long(idp: Protocol) -> None:
    token = signed_in(idp)["refresh_token"]
    lost = body_of(idp.refresh(token))
    idp.server.clock.advance(RETRY_GRACE - SECOND)
    repeated = body_of(idp.refresh(token))
    assert repeated["refresh_token"] != lost["refresh_token"]
    # Whichever of the two is used first ends the other: later it would be reuse.
    idp.server.clock.advance(timedelta(hours=1))
    newest = body_of(idp.refresh(repeated["refresh_token"]))
    idp.server.clock.advance(RETRY_GRACE)
    assert _codes(idp, lost["refresh_token"]) == [70000]
    assert _codes(idp, newest["refresh_token"]) == [50173]


def test_retries_are_numbered(idp: Protocol) -> None:
    token = signed_in(idp)["refresh_token"]
    assert [_codes(idp, token) for _ in range(RETRIES + 1)] == [None] * (RETRIES + 1)
    assert _codes(idp, token) == [70000]


def test_renewals_for_several_apis_at_once_all_succeed(idp: Protocol) -> None:
    token, outcomes, begin = signed_in(idp)["refresh_token"], [], threading.Barrier(4)

    def race() -> None:
        begin.wait()
        outcomes.append(body_of(idp.refresh(token)))

    racers = [threading.Thread(target=race) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len({answer["refresh_token"] for answer in outcomes}) == 4
    kept = outcomes[-1]["refresh_token"]
    idp.server.clock.advance(timedelta(hours=1))
    assert _codes(idp, kept) is None


def test_a_spent_code_ends_the_refresh_tokens_too(idp: Protocol) -> None:
    code = idp.sign_in(scopes=("openid", "offline_access"))["code"]
    token = body_of(idp.redeem(code))["refresh_token"]
    assert body_of(idp.redeem(code))["error_codes"] == [54005]
    assert _codes(idp, token) == [50173]


def test_reuse_is_seen_when_the_database_has_long_forgotten_the_token(idp: Protocol) -> None:
    first = signed_in(idp, Platform.PUBLIC, user=idp.server.admin)["refresh_token"]
    public = as_(Platform.PUBLIC)
    second = body_of(idp.refresh(first, **public))["refresh_token"]
    idp.server.clock.advance(timedelta(days=8))
    second = body_of(idp.refresh(second, **public))["refresh_token"]
    now = idp.server.clock.now()
    assert idp.server.ports.store.write(None, lambda tx: tx.sweeping.sweep(now)) > 0
    assert _codes(idp, first, **public) == [70000]
    assert _codes(idp, second, **public) == [50173]


def test_whoever_cannot_prove_to_be_the_client_revokes_nothing(idp: Protocol) -> None:
    first = signed_in(idp)
    second = body_of(idp.refresh(first["refresh_token"]))["refresh_token"]
    idp.server.clock.advance(RETRY_GRACE)
    assert _codes(idp, first["refresh_token"], client_secret=None) == [7000218]
    assert _codes(idp, first["refresh_token"], client_secret="guess") == [7000215]
    assert _codes(idp, second) is None


def test_the_mark_of_a_token_cannot_be_made_from_a_family(idp: Protocol) -> None:
    answer = signed_in(idp)
    token = answer["refresh_token"]
    forged = token[:-44] + "A" * 44
    assert _codes(idp, forged) == [70000]
    assert _codes(idp, token) is None, "a guess revoked the family"


def test_a_refresh_token_is_worthless_at_another_tenant(idp: Protocol) -> None:
    fabrikam = create_tenant(idp.server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    tester, redirect = "78656e69-6100-4000-8000-000000000003", "https://login.test/tester/"
    code = idp.sign_in(
        app_id=tester, redirect_uri=redirect, platform=Platform.SPA, scopes=("openid", "offline_access")
    )["code"]
    us = {"client_id": tester, "client_secret": None, "origin": "https://login.test"}
    token = body_of(idp.redeem(code, redirect_uri=redirect, **us))["refresh_token"]
    assert _codes(idp, token, segment=fabrikam.id, **us) == [70000]
    assert _codes(idp, token, **us) is None, "the other tenant used it up"
