"""Attacks with refresh tokens: stolen, replayed, taken elsewhere, stretched, guessed, and mistaken for something else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.security.test_secrets_in_logs import everything
from tests.support.platform import PASSWORD
from tests.support.protocol import SECRET, WEB, Protocol, body_of, claims_of, other_app, params_of, protocol
from tests.support.renewing import OIDC, SPA_ORIGIN, as_, may_stay, signed_in
from xenia.core.directory.application import GRAPH_APP_ID, Platform, RedirectUri
from xenia.core.refresh_token import RETRY_GRACE
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant

TESTER, TESTER_URI = "78656e69-6100-4000-8000-000000000003", "https://login.test/tester/"


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[Protocol]:
    """Contoso with Orders, a guest and an API; whoever signs in may stay."""
    with protocol(tmp_path) as made:
        yield may_stay(made)


def _codes(response: Any) -> list[int] | None:
    return body_of(response).get("error_codes")


def _opens(idp: Protocol, access_token: str) -> bool:
    return idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {access_token}").status == 200


def test_thief_and_owner_end_together_whoever_comes_first(idp: Protocol) -> None:
    for thief_is_first in (True, False):
        owner = signed_in(idp)
        stolen = owner["refresh_token"]
        first = body_of(idp.refresh(stolen))
        idp.server.clock.advance(RETRY_GRACE)
        # The other one of the two comes late, and both are out: tokens already issued for our own API too.
        assert _codes(idp.refresh(stolen)) == [70000], thief_is_first
        assert _codes(idp.refresh(first["refresh_token"])) == [50173]
        assert not _opens(idp, first["access_token"])
        assert not _opens(idp, owner["access_token"])


def test_a_thief_within_the_grace_is_found_out_at_the_next_renewal(idp: Protocol) -> None:
    stolen = signed_in(idp)["refresh_token"]
    owner, thief = body_of(idp.refresh(stolen)), body_of(idp.refresh(stolen))
    idp.server.clock.advance(timedelta(hours=1))
    owner = body_of(idp.refresh(owner["refresh_token"]))
    idp.server.clock.advance(RETRY_GRACE)
    assert _codes(idp.refresh(thief["refresh_token"])) == [70000]
    assert _codes(idp.refresh(owner["refresh_token"])) == [50173]
    assert not _opens(idp, thief["access_token"])


def test_a_token_of_a_page_is_worthless_outside_of_pages_and_of_its_day(idp: Protocol) -> None:
    token = signed_in(idp, Platform.SPA)["refresh_token"]
    for changes, code in (
        ({"client_secret": None}, 9002327),
        ({"client_secret": SECRET}, 9002327),
        ({"client_secret": SECRET, "origin": SPA_ORIGIN}, 700025),
    ):
        assert _codes(idp.refresh(token, **changes)) == [code]
    for _ in range(3):
        idp.server.clock.advance(timedelta(hours=7, minutes=50))
        token = body_of(idp.refresh(token, **as_(Platform.SPA)))["refresh_token"]
    idp.server.clock.advance(timedelta(minutes=30))
    assert _codes(idp.refresh(token, **as_(Platform.SPA))) in ([700084], [70043])


def test_another_client_gets_nothing_and_ends_nothing(idp: Protocol) -> None:
    used = signed_in(idp)
    token = body_of(idp.refresh(used["refresh_token"]))["refresh_token"]
    idp.server.clock.advance(RETRY_GRACE)
    other = other_app(idp, redirect_uris=(RedirectUri(WEB, Platform.WEB),))
    for stolen in (token, used["refresh_token"]):
        assert _codes(idp.refresh(stolen, client_id=other.app_id, client_secret=None)) == [70000]
        assert _codes(idp.refresh(stolen, client_secret=None)) == [7000218]
    assert _codes(idp.refresh(token)) is None


def test_tenants_are_walls_for_refresh_tokens(idp: Protocol) -> None:
    fabrikam = create_tenant(idp.server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    request = {"app_id": TESTER, "redirect_uri": TESTER_URI, "platform": Platform.SPA, "scopes": OIDC}
    us = {"client_id": TESTER, "client_secret": None, "origin": "https://login.test"}
    code = idp.sign_in(**request)["code"]
    first = body_of(idp.redeem(code, redirect_uri=TESTER_URI, **us))["refresh_token"]
    second = body_of(idp.refresh(first, **us))["refresh_token"]
    idp.server.clock.advance(RETRY_GRACE)
    # Neither a living nor a used one does anything over there; nor does it end the sign-in here.
    for token in (first, second):
        for segment in (fabrikam.id, "fabrikam"):
            assert _codes(idp.refresh(token, segment=segment, **us)) == [70000]
    assert _codes(idp.refresh(second, **us)) is None


@pytest.mark.parametrize(
    "scope",
    [
        "api://{api}/Orders.Read",
        "api://{api}/access_as_user api://{api}/Orders.Read",
        "api://{api}/.default",
        "User.ReadWrite.All",
        "https://graph.microsoft.com/Directory.ReadWrite.All",
        "openid email",
        "OPENID EMAIL",
    ],
)
def test_scopes_cannot_be_stretched(idp: Protocol, scope: str) -> None:
    idp.grant(idp.api.app_id, "Orders.Read", user=idp.server.admin)  # somebody else's consent
    token = signed_in(idp)["refresh_token"]
    refused = body_of(idp.refresh(token, scope=scope.format(api=idp.api.app_id)))
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [65001]), refused
    kept = claims_of(body_of(idp.refresh(token))["access_token"])
    assert kept["scp"] == "openid profile"


def test_a_token_for_one_api_is_not_widened_by_later_consent_to_another_person(idp: Protocol) -> None:
    idp.grant(idp.api.app_id, "access_as_user", user=idp.guest)
    name = f"api://{idp.api.app_id}/access_as_user"
    token = signed_in(idp, scopes=(*OIDC, name))["refresh_token"]
    idp.grant(idp.api.app_id, "Orders.Read", user=idp.server.admin)
    answer = body_of(idp.refresh(token))
    assert claims_of(answer["access_token"])["scp"] == "access_as_user"


@pytest.mark.parametrize("way", ["sign out everywhere", "deleted and restored", "app switched off and on"])
def test_what_ended_stays_ended(idp: Protocol, way: str) -> None:
    token = signed_in(idp)["refresh_token"]
    idp.server.clock.advance(timedelta(seconds=1))
    now = idp.server.clock.now()
    if way == "app switched off and on":
        idp.change_principal(idp.app.app_id, account_enabled=False)
        assert _codes(idp.refresh(token)) == [7000112]
        idp.change_principal(idp.app.app_id, account_enabled=True)
        assert _codes(idp.refresh(token)) is None, "switching an app off is a pause"
        return
    revoked = replace(idp.guest, sessions_valid_from=now)
    if way == "deleted and restored":
        idp.write(lambda tx: tx.users.replace(replace(revoked, deleted_at=now)))
        assert _codes(idp.refresh(token)) == [50034]
    idp.write(lambda tx: tx.users.replace(revoked))
    assert _codes(idp.refresh(token)) == [50173]


def test_tokens_and_codes_are_not_taken_for_each_other(idp: Protocol) -> None:
    answer = signed_in(idp)
    code = idp.sign_in(scopes=OIDC)["code"]
    for mistaken in (answer["access_token"], answer["id_token"], code):
        assert _codes(idp.refresh(mistaken)) == [70000]
    assert _codes(idp.redeem(answer["refresh_token"])) == [70000]
    assert not _opens(idp, answer["refresh_token"])
    assert _codes(idp.redeem(code)) is None
    assert _codes(idp.refresh(answer["refresh_token"])) is None


def test_answers_of_the_authorization_endpoint_never_hold_one(idp: Protocol) -> None:
    idp.change_app(id_token_issuance=True, access_token_issuance=True)
    given = idp.sign_in(scopes=OIDC, response_types=("code", "id_token", "token"), response_mode="fragment")
    assert "refresh_token" not in given
    refused = params_of(idp.authorize(response_type="code refresh_token"))
    assert refused["error"] == "unsupported_response_type"


def test_one_parameter_twice_is_refused(idp: Protocol) -> None:
    token = signed_in(idp)["refresh_token"]
    form = [
        ("grant_type", "refresh_token"),
        ("client_id", idp.app.app_id),
        ("client_secret", SECRET),
        ("refresh_token", token),
        ("refresh_token", token),
    ]
    response = idp.send("POST", f"/{idp.tenant_id}/oauth2/v2.0/token", form=form)
    assert _codes(response) == [9000411]
    assert idp.send("GET", f"/{idp.tenant_id}/oauth2/v2.0/token", f"refresh_token={token}").status == 405
    assert _codes(idp.refresh(token)) is None


def test_no_refresh_token_and_no_password_is_logged(idp: Protocol, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    first = signed_in(idp)["refresh_token"]
    second = body_of(idp.refresh(first))["refresh_token"]
    idp.server.clock.advance(RETRY_GRACE)
    idp.refresh(first)
    idp.token(
        grant_type="password", client_id=idp.app.app_id, username="mia", password=PASSWORD, scope="openid"
    )
    logging.getLogger("xenia").debug("written at all")
    logged = "\n".join(everything(record) for record in caplog.records)
    assert "written at all" in logged
    assert [value for value in (first, second, first[3:], PASSWORD, SECRET) if value in logged] == []


def test_whatever_is_sent_is_refused_and_never_fails(tmp_path: Path) -> None:
    with protocol(tmp_path) as made:
        idp = may_stay(made)
        known = signed_in(idp)["refresh_token"]

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            st.text(max_size=300)
            | st.integers(0, len(known) - 1).flatmap(
                lambda at: st.characters().map(lambda new: known[:at] + new + known[at + 1 :])
            )
            | st.text("ABCxyz-_019", min_size=87, max_size=87).map("1.A".__add__)
        )
        def never_fails(token: str) -> None:
            if token == known:
                return
            response = idp.refresh(token)
            assert response.status == 400
            assert body_of(response)["error"] in ("invalid_grant", "invalid_request")

        never_fails()
        assert _codes(idp.refresh(known)) is None


def test_consent_to_the_graph_itself_is_not_a_way_around(idp: Protocol) -> None:
    idp.grant(GRAPH_APP_ID, "User.Read", user=idp.server.admin)
    token = signed_in(idp)["refresh_token"]
    assert _codes(idp.refresh(token, scope="User.Read")) == [65001]
    assert _codes(idp.refresh(token, scope=f"{GRAPH_APP_ID}/User.Read")) == [65001]
