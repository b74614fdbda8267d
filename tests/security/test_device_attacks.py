"""Device codes under attack: guessed, phished, forged, replayed, raced."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.federating import make_home
from tests.support.platform import PASSWORD
from tests.support.protocol import Protocol, body_of, protocol
from tests.support.renewing import OIDC, may_stay
from tests.support.walker import BASE, Walker
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.usecases.devices.device_sign_in import (
    REQUESTS,
    REQUESTS_WINDOW,
    WRONG_USER_CODES,
    WRONG_USER_CODES_WINDOW,
)
from xenia.web.http import HttpResponse

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
WRONG = "BBBBBBBBB"


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[Protocol]:
    """A public app that may do what it asks for everybody."""
    with protocol(tmp_path) as made:
        may_stay(made)
        made.change_app(is_fallback_public_client=True)
        made.grant(GRAPH_APP_ID, *OIDC)
        yield made


def _request(idp: Protocol) -> HttpResponse:
    form = {"client_id": idp.app.app_id, "scope": "openid profile offline_access"}
    return idp.send("POST", f"/{idp.tenant_id}/oauth2/v2.0/devicecode", form=form)


def _start(idp: Protocol) -> dict[str, Any]:
    return body_of(_request(idp))


def _poll(idp: Protocol, started: dict[str, Any], **changes: str) -> HttpResponse:
    idp.server.clock.advance(timedelta(seconds=5))
    form = {
        "grant_type": GRANT,
        "client_id": idp.app.app_id,
        "device_code": started["device_code"],
        **changes,
    }
    return idp.token(**form)


def _enter(walker: Walker, code: str) -> Any:
    walker.open("/device")
    return walker.submit("/device", user_code=code)


def _approve(idp: Protocol, code: str) -> None:
    walker = idp.walker()
    _enter(walker, code)
    walker.submit("/device/confirm", button="Continue")
    walker.submit("/identify", login=idp.server.admin.user_principal_name)
    page = walker.submit("/password", password=PASSWORD)
    assert "You have signed in on your device" in page.text


def test_guessing_codes_ends_soon_for_a_whole_network_in_every_process(idp: Protocol) -> None:
    """Each browser is a new one, and nothing about the tries lives in a process: the right code does not help then."""
    code = _start(idp)["user_code"]
    for _ in range(WRONG_USER_CODES):
        assert "AADSTS70018" in _enter(idp.walker(), WRONG).text
    refused = _enter(idp.walker(), code)
    assert refused.status == 429
    assert "Try again in" in refused.text
    assert not refused.has_form("/device/confirm")
    elsewhere = Walker(idp.router, address="198.51.100.9")
    assert _enter(elsewhere, code).has_form("/device/confirm")
    idp.server.clock.advance(WRONG_USER_CODES_WINDOW)
    assert "AADSTS70018" in _enter(idp.walker(), WRONG).text


def test_a_household_of_ipv6_is_one_network(idp: Protocol) -> None:
    for number in range(WRONG_USER_CODES):
        _enter(Walker(idp.router, address=f"2001:db8:7:7::{number + 1:x}"), WRONG)
    assert _enter(Walker(idp.router, address="2001:db8:7:7:ffff::1"), WRONG).status == 429
    assert _enter(Walker(idp.router, address="2001:db8:7:8::1"), WRONG).status == 422


def test_right_codes_cost_nobody_a_try(idp: Protocol) -> None:
    code = _start(idp)["user_code"]
    for _ in range(WRONG_USER_CODES + 1):
        assert _enter(idp.walker(), code).has_form("/device/confirm")


def test_the_confirmation_is_no_second_place_to_guess(idp: Protocol) -> None:
    """Its token is bound to the code that was let through in this very browser."""
    first, second = _start(idp)["user_code"], _start(idp)["user_code"]
    walker = idp.walker()
    _enter(walker, first)
    page = walker.submit("/device/confirm", user_code=second, button="Continue")
    assert "out of date" in page.text
    assert not page.has_form("/identify")


@pytest.mark.parametrize("decision", ["continue", "cancel"])
def test_another_site_decides_nothing(idp: Protocol, decision: str) -> None:
    """Neither with a form of its own, nor with one it fetched: the token belongs to the victim's browser."""
    started = _start(idp)
    attacker, victim = idp.walker(), idp.walker()
    victim.open("/device")
    _enter(attacker, started["user_code"])
    assert attacker.page is not None
    form = {**attacker.page.form("/device/confirm").fields, "decision": decision}
    for origin in ("https://evil.example", BASE):
        answer = victim.send("POST", f"{BASE}/device/confirm", form=form, headers={"origin": origin})
        assert answer.header("Location") is None
        assert b"out of date" in answer.body
    entered = victim.send(
        "POST",
        f"{BASE}/device",
        form={"user_code": started["user_code"]},
        headers={"origin": "https://evil.example"},
    )
    assert b"out of date" in entered.body
    assert body_of(_poll(idp, started))["error"] == "authorization_pending"


@pytest.mark.parametrize("path", ["/device", "/devicelogin", "/{tenant}/oauth2/deviceauth"])
def test_a_link_cannot_carry_the_code(idp: Protocol, path: str) -> None:
    code = _start(idp)["user_code"]
    address = path.replace("{tenant}", idp.tenant_id)
    page = idp.walker().open(f"{address}?user_code={code}&otc={code}&code={code}")
    assert page.status == 200
    assert code not in page.source
    assert page.form("/device").fields["user_code"] == ""


def test_an_app_cannot_have_its_own_request_approve_a_device(idp: Protocol) -> None:
    """``device_code`` is no parameter of the authorization endpoint: what a browser brings there is not looked at."""
    started = _start(idp)
    answer = idp.authorize(device_code=started["device_code"], user_code=started["user_code"])
    assert "/signin?ctx=" in (answer.header("Location") or "")
    assert body_of(_poll(idp, started))["error"] == "authorization_pending"


def test_tenants_are_walls_for_device_codes(idp: Protocol) -> None:
    home = make_home(idp.server)
    started = _start(idp)
    _approve(idp, started["user_code"])
    crossed = body_of(_poll(idp, started, segment=home.tenant.id))
    assert crossed["error"] in ("unauthorized_client", "bad_verification_code")
    assert "access_token" in body_of(_poll(idp, started))


def test_a_race_of_redemptions_has_one_winner_and_ends_what_it_won(idp: Protocol) -> None:
    started = _start(idp)
    _approve(idp, started["user_code"])
    idp.server.clock.advance(timedelta(seconds=5))
    form = {"grant_type": GRANT, "client_id": idp.app.app_id, "device_code": started["device_code"]}
    with ThreadPoolExecutor(6) as pool:
        answers = [body_of(found) for found in pool.map(lambda _: idp.token(**form), range(6))]
    won = [answer for answer in answers if "access_token" in answer]
    assert len(won) == 1
    lost = {answer["error"] for answer in answers if "error" in answer}
    assert lost <= {"slow_down", "bad_verification_code"}
    assert body_of(_poll(idp, started))["error"] == "bad_verification_code"
    refreshed = idp.refresh(won[0]["refresh_token"], client_secret=None)
    assert body_of(refreshed)["error_codes"] == [50173]


def test_two_decisions_at_once_are_one(idp: Protocol) -> None:
    started = _start(idp)
    walkers = [idp.walker(), idp.walker()]
    for walker in walkers:
        _enter(walker, started["user_code"])
        walker.submit("/device/confirm", button="Continue")
        walker.submit("/identify", login=idp.server.admin.user_principal_name)
    assert "You have signed in" in walkers[0].submit("/password", password=PASSWORD).text
    assert "AADSTS90120" in walkers[1].submit("/password", password=PASSWORD).text


def test_asking_for_codes_is_bounded_by_network(idp: Protocol) -> None:
    for _ in range(REQUESTS):
        assert _request(idp).status == 200
    refused = _request(idp)
    assert refused.status == 429
    assert int(refused.header("Retry-After") or "0") > 0
    idp.server.clock.advance(REQUESTS_WINDOW)
    assert _request(idp).status == 200


def test_neither_code_is_kept(idp: Protocol, tmp_path: Path) -> None:
    started = _start(idp)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert started["device_code"].encode() not in kept
    assert started["user_code"].encode() not in kept
