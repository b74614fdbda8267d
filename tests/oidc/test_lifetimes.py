"""How long tokens and sign-ins count: by default, by a tenant's policies, and when the tenant wants them fresh."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.platform import PASSWORD
from tests.support.protocol import Protocol, body_of, claims_of
from tests.support.renewing import may_stay, signed_in
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.errors import InvalidValue
from xenia.core.signin.demands import SIGN_IN_FREQUENCY_SKEW
from xenia.usecases.tenants.manage_tenant import update_policies
from xenia.usecases.tokens import manage_token_lifetimes as lifetimes
from xenia.usecases.users.manage_users import NewMember, create_member


def _policy(idp: Protocol, span: str, *, default: bool = False) -> str:
    definition = json.dumps({"TokenLifetimePolicy": {"Version": 1, "AccessTokenLifetime": span}})
    order = lifetimes.NewTokenLifetime(span, definition, default)
    return lifetimes.create_token_lifetime(idp.server.ports, idp.server.actor(), order).id


def _assign(idp: Protocol, object_id: str, policy: str) -> None:
    lifetimes.assign_token_lifetime(idp.server.ports, idp.server.actor(), object_id, policy)


def _seconds(token: str) -> int:
    claims = claims_of(token)
    return int(claims["exp"] - claims["iat"])


def _tokens(idp: Protocol) -> dict[str, Any]:
    return body_of(idp.redeem(idp.sign_in()["code"]))


def test_by_default_access_tokens_live_an_hour_and_up_to_a_half_more(idp: Protocol) -> None:
    lives = set()
    for _ in range(6):
        tokens = _tokens(idp)
        lives.add(_seconds(tokens["access_token"]))
        assert _seconds(tokens["id_token"]) == 3600
        assert tokens["expires_in"] == _seconds(tokens["access_token"]) - 1
    assert all(3600 <= life < 5400 for life in lives)
    assert len(lives) > 1


def test_the_organizations_default_counts_for_every_app(idp: Protocol) -> None:
    _policy(idp, "00:10:00", default=True)
    tokens = _tokens(idp)
    assert [_seconds(tokens[name]) for name in ("id_token", "access_token")] == [600, 600]
    assert tokens["expires_in"] == 599
    app = body_of(idp.client_credentials())
    assert (_seconds(app["access_token"]), app["expires_in"]) == (600, 599)


def test_the_api_comes_before_the_client_and_both_before_the_default(idp: Protocol) -> None:
    _policy(idp, "00:10:00", default=True)
    two, three = _policy(idp, "02:00:00"), _policy(idp, "1.00:00:00")
    _assign(idp, idp.app.id, two)
    app = body_of(idp.client_credentials())
    assert _seconds(app["access_token"]) == 7200
    _assign(idp, idp.principal(idp.api.app_id).id, three)
    idp.server.clock.advance(timedelta(seconds=2))
    assert _seconds(body_of(idp.client_credentials())["access_token"]) == 86400
    tokens = _tokens(idp)  # for Graph
    assert [_seconds(tokens[name]) for name in ("id_token", "access_token")] == [7200, 7200]
    lifetimes.delete_token_lifetime(idp.server.ports, idp.server.actor(), two)
    assert _seconds(_tokens(idp)["id_token"]) == 600


def _frequency(idp: Protocol, hours: int | None) -> None:
    ports, actor = idp.server.ports, idp.server.actor()
    stored = idp.read(lambda tx: tx.tenants.policies(idp.tenant_id))
    update_policies(ports, actor, replace(stored, sign_in_frequency_hours=hours))


def test_a_sign_in_too_old_renews_nothing_until_it_is_repeated(idp: Protocol) -> None:
    may_stay(idp)
    name = f"mia@{idp.server.tenant.initial_domain}"
    mia = create_member(idp.server.ports, idp.server.actor(), NewMember(name, "Mia", password=PASSWORD)).user
    code = idp.sign_in(mia, scopes=("openid", "profile", "offline_access"))["code"]
    tokens = body_of(idp.redeem(code))
    _frequency(idp, 4)
    idp.server.clock.advance(timedelta(hours=4) + SIGN_IN_FREQUENCY_SKEW)
    tokens = body_of(idp.refresh(tokens["refresh_token"]))
    idp.server.clock.advance(timedelta(seconds=1))
    refused = body_of(idp.refresh(tokens["refresh_token"]))
    assert (refused["error"], refused["error_codes"], refused["suberror"]) == (
        "invalid_grant",
        [70043],
        "bad_token",
    )
    assert "maximum allowed lifetime for this request is 14400" in refused["error_description"]
    # The refusal used nothing up.
    _frequency(idp, None)
    assert "access_token" in body_of(idp.refresh(tokens["refresh_token"]))


def test_a_page_asks_again_when_the_sign_in_is_older(idp: Protocol) -> None:
    may_stay(idp)
    name = f"mia@{idp.server.tenant.initial_domain}"
    create_member(idp.server.ports, idp.server.actor(), NewMember(name, "Mia", password=PASSWORD))
    idp.grant(GRAPH_APP_ID, "openid", "profile")
    walker = idp.walker()
    url = idp.server.authorize_url()
    walker.open(url)
    walker.submit("/identify", login=name)
    page = walker.submit("/password", password=PASSWORD)
    if page.has_form("/stay"):
        walker.submit("/stay", button="No")
    assert "code=" in (walker.open(url).response.header("Location") or "")
    _frequency(idp, 1)
    assert "code=" in (walker.open(url).response.header("Location") or "")
    idp.server.clock.advance(timedelta(hours=1, minutes=6))
    silent = walker.open(idp.server.authorize_url(prompt="none"))
    assert "error=login_required" in (silent.response.header("Location") or "")
    assert walker.open(url).has_form("/password")


@pytest.mark.parametrize("hours", [0, -1, 8761])
def test_frequencies_that_make_no_sense_are_refused(idp: Protocol, hours: int) -> None:
    with pytest.raises(InvalidValue):
        _frequency(idp, hours)
    _frequency(idp, 8760)


def test_guests_codes_count_for_a_day_whatever_the_tenant_allows(idp: Protocol) -> None:
    may_stay(idp)
    token = signed_in(idp)["refresh_token"]
    _frequency(idp, 8760)
    idp.server.clock.advance(timedelta(days=1, minutes=1))
    assert body_of(idp.refresh(token))["error_codes"] == [70043]
