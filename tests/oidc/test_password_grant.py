"""Apps may take a member's password only where the tenant says so, and nothing shows who exists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.federating import without_second_factor
from tests.support.platform import PASSWORD
from tests.support.protocol import SECRET, Protocol, body_of, claims_of
from tests.support.renewing import OIDC
from xenia.core.credentials import PasswordCredential
from xenia.core.directory.application import GRAPH_APP_ID, Audience
from xenia.core.directory.tenant import TenantPolicies
from xenia.core.directory.user import User
from xenia.core.query import Query
from xenia.usecases.users.manage_users import NewMember, create_member
from xenia.web.http import HttpResponse

SCOPE = "openid profile offline_access User.Read"


def _policies(idp: Protocol, **changes: Any) -> None:
    def work(tx: Any) -> None:
        stored: TenantPolicies = tx.tenants.policies(idp.tenant_id)
        tx.tenants.replace_policies(idp.tenant_id, replace(stored, **changes))

    idp.server.ports.store.write(None, work)


@pytest.fixture
def mia(idp: Protocol) -> User:
    """A member with a password, in a tenant that allows the grant, and an app that may do what it asks."""
    without_second_factor(idp.server, idp.tenant_id)
    _policies(idp, password_grant=True)
    idp.change_app(is_fallback_public_client=True)
    idp.grant(GRAPH_APP_ID, *OIDC, "User.Read")
    name = f"mia@{idp.server.tenant.initial_domain}"
    return create_member(idp.server.ports, idp.server.actor(), NewMember(name, "Mia", password=PASSWORD)).user


def _ask(idp: Protocol, **changes: str | None) -> HttpResponse:
    form = {
        "grant_type": "password",
        "client_id": idp.app.app_id,
        "username": f"mia@{idp.server.tenant.initial_domain}",
        "password": PASSWORD,
        "scope": SCOPE,
        **changes,
    }
    return idp.token(**form)


def _refusal(response: HttpResponse) -> tuple[str, int]:
    answer = body_of(response)
    (code,) = answer["error_codes"]
    return answer["error"], code


def test_it_is_off_until_a_tenant_switches_it_on(idp: Protocol, mia: User) -> None:
    _policies(idp, password_grant=False)
    assert _refusal(_ask(idp)) == ("unsupported_grant_type", 70003)
    assert not TenantPolicies().password_grant


def test_a_member_signs_in_and_the_tokens_can_be_renewed(idp: Protocol, mia: User) -> None:
    answer = body_of(_ask(idp, client_info="1", response_type="id_token token"))
    claims, access = claims_of(answer["id_token"]), claims_of(answer["access_token"])
    assert (claims["oid"], claims["preferred_username"]) == (mia.id, mia.user_principal_name)
    assert "nonce" not in claims
    assert (access["amr"], access["appidacr"], access["scp"]) == (["pwd"], "0", "User.Read openid profile")
    assert {"refresh_token", "client_info"} <= set(answer)
    renewed = body_of(idp.refresh(answer["refresh_token"], client_secret=None))
    assert claims_of(renewed["id_token"])["sid"] == claims["sid"]
    row = min(idp.read(lambda tx: tx.logs.list_sign_ins(Query())).items, key=lambda found: found.at)
    assert (row.user_id, row.error_code, row.is_interactive) == (mia.id, 0, False)


def test_a_confidential_app_shows_its_credential_here_and_at_each_renewal(idp: Protocol, mia: User) -> None:
    idp.change_app(is_fallback_public_client=False)
    assert _refusal(_ask(idp)) == ("invalid_client", 7000218)
    answer = body_of(_ask(idp, client_secret=SECRET))
    assert claims_of(answer["access_token"])["appidacr"] == "1"
    assert _refusal(idp.refresh(answer["refresh_token"], client_secret=None)) == ("invalid_client", 7000218)
    assert idp.refresh(answer["refresh_token"]).status == 200


def test_strangers_guests_and_wrong_passwords_are_told_the_same(idp: Protocol, mia: User) -> None:
    hashed = idp.server.ports.passwords.hash(PASSWORD)
    left_behind = PasswordCredential(idp.guest.id, hashed, idp.server.clock.now())
    idp.write(lambda tx: tx.credentials.set_password(left_behind))
    asked = [
        {"password": "Wrong-horse-battery-9"},
        {"password": "x" * 5000},
        {"username": "nobody@contoso.example"},
        {"username": "x"},
        {"username": idp.guest.mail},
        {"username": idp.guest.user_principal_name},
    ]
    told = [body_of(_ask(idp, **changes)) for changes in asked]
    assert {(answer["error"], answer["error_codes"][0]) for answer in told} == {("invalid_grant", 50126)}
    assert len({answer["error_description"].partition(" Trace")[0] for answer in told}) == 1
    assert {row.user_id for row in idp.read(lambda tx: tx.logs.list_sign_ins(Query())).items} == {mia.id}


def test_tries_are_counted_together_with_those_of_the_page(idp: Protocol, mia: User) -> None:
    for _ in range(10):
        assert _refusal(_ask(idp, password="Wrong-horse-battery-9")) == ("invalid_grant", 50126)
    locked = _ask(idp)
    assert (locked.status, _refusal(locked)) == (429, ("temporarily_unavailable", 50053))
    assert int(locked.header("Retry-After") or "0") > 0
    walker = idp.walker()
    walker.open(
        f"/{idp.tenant_id}/oauth2/v2.0/authorize?client_id={idp.app.app_id}&response_type=code"
        "&redirect_uri=https%3A%2F%2Forders.example%2Fsigned-in&scope=openid"
    )
    walker.submit("/identify", login=mia.user_principal_name)
    assert "too many" in walker.submit("/password", password=PASSWORD).text.lower()


def test_a_right_password_clears_the_count(idp: Protocol, mia: User) -> None:
    for _ in range(2):
        for _ in range(9):
            _ask(idp, password="Wrong-horse-battery-9")
        assert _ask(idp).status == 200


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ("second factor", ("interaction_required", 50076)),
        ("disabled", ("invalid_grant", 50057)),
        ("must change", ("invalid_grant", 50055)),
        ("unassigned", ("access_denied", 50105)),
    ],
)
def test_where_a_page_would_ask_for_more_the_app_is_told(
    idp: Protocol, mia: User, change: str, refusal: tuple[str, int]
) -> None:
    if change == "second factor":
        _policies(idp, security_defaults=True)
    elif change == "disabled":
        idp.write(lambda tx: tx.users.replace(replace(mia, account_enabled=False)))
    elif change == "must change":
        held = idp.read(lambda tx: tx.credentials.password(mia.id))
        idp.write(lambda tx: tx.credentials.set_password(replace(held, must_change=True)))
    else:
        idp.change_principal(idp.app.app_id, assignment_required=True)
    assert _refusal(_ask(idp)) == refusal
    # And only after the right password: the state of an account is nobody's business.
    assert _refusal(_ask(idp, password="Wrong-horse-battery-9")) == ("invalid_grant", 50126)


def test_nothing_is_issued_that_nobody_agreed_to(idp: Protocol, mia: User) -> None:
    assert _refusal(_ask(idp, scope=f"api://{idp.api.app_id}/Orders.Read")) == ("invalid_grant", 65001)
    assert _refusal(_ask(idp, scope="User.ReadBasic.All")) == ("invalid_grant", 65001)
    assert _refusal(_ask(idp, scope=f"api://{idp.api.app_id}/.default User.Read")) == ("invalid_scope", 28000)
    assert _ask(idp, scope="openid").status == 200

    def withdraw(tx: Any) -> None:
        principal = tx.applications.service_principal(idp.app.app_id)
        for grant in tx.applications.grants_of(principal.id):
            tx.applications.remove_grant(grant.id)

    idp.write(withdraw)
    assert _refusal(_ask(idp, scope="openid")) == ("invalid_grant", 65001)


def test_malformed_requests(idp: Protocol, mia: User) -> None:
    for missing in ("username", "password", "scope"):
        answer = body_of(_ask(idp, **{missing: None}))
        assert (answer["error_codes"], missing in answer["error_description"]) == ([900144], True)
    assert _refusal(_ask(idp, origin="https://evil.example")) == ("invalid_request", 9002326)
    assert _refusal(_ask(idp, claims="no json")) == ("invalid_request", 90023)


def test_aliases(idp: Protocol, mia: User) -> None:
    for alias in ("common", "consumers", "Common"):
        assert _refusal(_ask(idp, segment=alias)) == ("invalid_request", 9001023)
    assert _refusal(_ask(idp, segment="organizations")) == ("invalid_request", 50194)
    idp.change_app(audience=Audience.MULTIPLE)
    assert claims_of(body_of(_ask(idp, segment="organizations"))["access_token"])["tid"] == idp.tenant_id
    assert _refusal(_ask(idp, segment="organizations", username="mia")) == ("invalid_request", 50059)


def test_v1_names_a_resource(idp: Protocol, mia: User) -> None:
    answer = body_of(_ask(idp, version="", scope=None, resource="https://graph.microsoft.com"))
    assert answer["resource"] == "https://graph.microsoft.com"
    assert {"id_token", "refresh_token"} <= set(answer)
    assert claims_of(answer["id_token"])["ver"] == "1.0"
