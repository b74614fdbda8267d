"""A device without a browser is signed in elsewhere: by the right person, knowingly, once, within a quarter of an hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.federating import without_second_factor
from tests.support.journeys import enrol
from tests.support.platform import PASSWORD
from tests.support.protocol import SECRET, Protocol, body_of, claims_of, other_app
from tests.support.renewing import OIDC
from tests.support.self_service import NEWCOMER, open_flow, verify_address
from tests.support.walker import Page, Walker
from xenia.core.device_code import typed_user_code, user_code
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.directory.user import User
from xenia.core.query import Query
from xenia.usecases.users.manage_users import NewMember, create_member
from xenia.usecases.users.user_security import revoke_sessions
from xenia.web.http import HttpResponse

LONG = "urn:ietf:params:oauth:grant-type:device_code"
INTERVAL = timedelta(seconds=5)


@pytest.fixture
def mia(idp: Protocol) -> User:
    """A member with a password, and a public app that may do what it asks."""
    without_second_factor(idp.server, idp.tenant_id)
    idp.change_app(is_fallback_public_client=True)
    idp.grant(GRAPH_APP_ID, *OIDC, "User.Read")
    name = f"mia@{idp.server.tenant.initial_domain}"
    return create_member(idp.server.ports, idp.server.actor(), NewMember(name, "Mia", password=PASSWORD)).user


def _start(idp: Protocol, path: str = "/oauth2/v2.0/devicecode", **changes: str | None) -> HttpResponse:
    form = {"client_id": idp.app.app_id, "scope": "openid profile offline_access User.Read", **changes}
    segment, headers = form.pop("segment", None), {}
    if "origin" in form:
        headers["origin"] = form.pop("origin") or ""
    sent = {name: value for name, value in form.items() if value is not None}
    return idp.send(
        "POST",
        f"/{segment or idp.tenant_id}{path}",
        form=sent,
        user_agent="tv-app/1 <script>alert(1)</script>",
        **headers,
    )


def _poll(idp: Protocol, started: dict[str, Any], **changes: str | None) -> HttpResponse:
    """The device asks, after the interval it was given."""
    idp.server.clock.advance(INTERVAL)
    form = {"grant_type": LONG, "client_id": idp.app.app_id, "device_code": started["device_code"], **changes}
    return idp.token(**form)


def _refusal(response: HttpResponse) -> tuple[int, str, int]:
    answer = body_of(response)
    (code,) = answer["error_codes"]
    return response.status, answer["error"], code


def _enter(walker: Walker, code: str) -> Page:
    walker.open("/device")
    return walker.submit("/device", user_code=code)


def _approve(idp: Protocol, code: str, walker: Walker | None = None) -> Page:
    """Mia types the code, reads what it is for, and signs in."""
    walker = walker or idp.walker()
    _enter(walker, code)
    page = walker.submit("/device/confirm", button="Continue")
    assert "to sign in to Orders by Contoso on another device" in page.text
    if page.has_form("/pick"):
        return walker.submit("/pick")
    walker.submit("/identify", login=f"mia@{idp.server.tenant.initial_domain}")
    return walker.submit("/password", password=PASSWORD)


def test_a_device_waits_until_its_person_has_signed_in(idp: Protocol, mia: User) -> None:
    response = _start(idp)
    started = body_of(response)
    assert response.header("Cache-Control") == "no-store, no-cache"
    assert set(started) == {
        "user_code",
        "device_code",
        "verification_uri",
        "expires_in",
        "interval",
        "message",
    }
    assert (started["expires_in"], started["interval"]) == (900, 5)
    assert started["message"] == (
        "To sign in, use a web browser to open the page https://login.test/device and enter the code "
        f"{started['user_code']} to authenticate."
    )
    assert _refusal(_poll(idp, started)) == (400, "authorization_pending", 70016)
    page = _approve(idp, started["user_code"])
    assert "You have signed in on your device" in page.text
    assert "Orders" in page.text
    answer = body_of(_poll(idp, started, client_info="1", code=started["device_code"]))
    claims, access = claims_of(answer["id_token"]), claims_of(answer["access_token"])
    assert (claims["oid"], claims["aud"], claims["tid"]) == (mia.id, idp.app.app_id, idp.tenant_id)
    assert (access["amr"], access["appidacr"], access["scp"]) == (["pwd"], "0", "User.Read openid profile")
    assert {"refresh_token", "client_info", "scope", "expires_in"} <= set(answer)
    renewed = body_of(idp.refresh(answer["refresh_token"], client_secret=None))
    assert claims_of(renewed["id_token"])["sid"] == claims["sid"]


def test_the_short_grant_name_and_the_first_version(idp: Protocol, mia: User) -> None:
    started = body_of(_start(idp, "/oauth2/devicecode", scope=None, resource=GRAPH_APP_ID))
    assert started["verification_url"] == "https://login.test/device"
    assert "verification_uri" not in started
    assert (started["expires_in"], started["interval"]) == ("900", "5")
    _approve(idp, started["user_code"])
    answer = body_of(_poll(idp, started, grant_type="device_code", version=""))
    assert answer["resource"] == GRAPH_APP_ID
    assert answer["expires_in"].isdigit()
    assert "refresh_token" in answer


def test_a_confidential_client_proves_itself_each_time(idp: Protocol, mia: User) -> None:
    idp.change_app(is_fallback_public_client=False)
    assert _refusal(_start(idp)) == (401, "invalid_client", 7000218)
    started = body_of(_start(idp, client_secret=SECRET))
    assert _refusal(_poll(idp, started)) == (401, "invalid_client", 7000218)
    _approve(idp, started["user_code"])
    answer = body_of(_poll(idp, started, client_secret=SECRET))
    assert claims_of(answer["access_token"])["appidacr"] == "1"


def test_the_page_says_who_asks_from_where_and_when(idp: Protocol, mia: User) -> None:
    started = body_of(_start(idp))
    idp.server.clock.advance(timedelta(minutes=3))
    page = _enter(idp.walker(), started["user_code"])
    assert "Are you trying to sign in to Orders?" in page.text
    for words in (
        "Contoso (contoso.",
        "192.0.2.77, not your network",
        "tv-app/1",
        "3 minutes ago",
        "Continue only if you started this yourself",
    ):
        assert words in page.text, words
    assert "<script>alert" not in page.source
    # Who registered the app stands in front; the organization that would approve lends it neither name nor look.
    assert "for an app of Contoso (contoso." in page.text
    assert "at Contoso" not in page.text
    here = _enter(Walker(idp.router, address="192.0.2.77"), started["user_code"])
    assert "192.0.2.77, your network" in here.text
    # Neither the code's page nor an address decides: only the form does.
    assert _refusal(_poll(idp, started)) == (400, "authorization_pending", 70016)


def test_a_code_may_be_typed_as_people_type(idp: Protocol, mia: User) -> None:
    code = body_of(_start(idp))["user_code"]
    assert len(code) == 9
    assert _enter(idp.walker(), f" {code[:4].lower()}-{code[4:]} ").has_form("/device/confirm")
    empty = _enter(idp.walker(), "  ")
    assert (empty.status, "AADSTS90119" in empty.text) == (422, True)
    assert typed_user_code(user_code("0123456789012345678901")) == user_code("0123456789012345678901")


def test_a_session_alone_lends_itself_to_no_device(idp: Protocol, mia: User) -> None:
    walker = idp.walker()
    first = body_of(_start(idp))
    _approve(idp, first["user_code"], walker)
    second = body_of(_start(idp))
    _enter(walker, second["user_code"])
    page = walker.submit("/device/confirm", button="Continue")
    assert page.has_form("/pick")
    assert _refusal(_poll(idp, second)) == (400, "authorization_pending", 70016)
    assert "You have signed in on your device" in walker.submit("/pick").text
    assert "access_token" in body_of(_poll(idp, second))


def test_declined_at_once_or_on_the_consent_page(idp: Protocol, mia: User) -> None:
    started = body_of(_start(idp))
    walker = idp.walker()
    _enter(walker, started["user_code"])
    page = walker.submit("/device/confirm", button="Cancel")
    assert "The device is not signed in" in page.text
    assert _refusal(_poll(idp, started)) == (400, "access_denied", 65004)
    # A decision stands: the code is of no use any more.
    assert "AADSTS90120" in _enter(walker, started["user_code"]).text
    asked = body_of(_start(idp, scope=f"openid api://{idp.api.app_id}/access_as_user"))
    _enter(walker, asked["user_code"])
    walker.submit("/device/confirm", button="Continue")
    walker.submit("/identify", login=f"mia@{idp.server.tenant.initial_domain}")
    page = walker.submit("/password", password=PASSWORD)
    assert page.has_form("/consent"), page.text
    assert "The device is not signed in" in walker.submit("/consent", button="Cancel").text
    assert _refusal(_poll(idp, asked)) == (400, "access_denied", 65004)


def test_a_code_runs_out_for_the_device_and_for_its_person(idp: Protocol, mia: User) -> None:
    started = body_of(_start(idp))
    walker = idp.walker()
    _enter(walker, started["user_code"])
    idp.server.clock.advance(timedelta(minutes=15))
    assert _refusal(_poll(idp, started)) == (400, "expired_token", 70020)
    page = walker.submit("/device/confirm", button="Continue")
    assert "AADSTS70019" in page.text
    page = _enter(walker, started["user_code"])
    assert "AADSTS70019" in page.text
    assert page.status == 422


def test_approving_too_late_approves_nothing(idp: Protocol, mia: User) -> None:
    started = body_of(_start(idp))
    walker = idp.walker()
    _enter(walker, started["user_code"])
    walker.submit("/device/confirm", button="Continue")
    walker.submit("/identify", login=f"mia@{idp.server.tenant.initial_domain}")
    idp.server.clock.advance(timedelta(minutes=16))
    page = walker.submit("/password", password=PASSWORD)
    assert "This code has expired" in page.text
    assert "AADSTS70019" in page.text
    assert not idp.read(lambda tx: tx.logs.list_sign_ins(Query())).items


def test_polling_too_fast_is_refused_even_when_approved(idp: Protocol, mia: User) -> None:
    started = body_of(_start(idp))
    assert _refusal(_poll(idp, started)) == (400, "authorization_pending", 70016)
    form = {"grant_type": LONG, "client_id": idp.app.app_id, "device_code": started["device_code"]}
    assert _refusal(idp.token(**form)) == (400, "slow_down", 50196)
    _approve(idp, started["user_code"])
    assert _refusal(idp.token(**form)) == (400, "slow_down", 50196)
    assert "access_token" in body_of(_poll(idp, started))


def test_a_second_redemption_ends_what_the_first_had_issued(idp: Protocol, mia: User) -> None:
    started = body_of(_start(idp))
    _approve(idp, started["user_code"])
    answer = body_of(_poll(idp, started))
    assert _refusal(_poll(idp, started)) == (400, "bad_verification_code", 70018)
    refused = idp.refresh(answer["refresh_token"], client_secret=None)
    assert _refusal(refused) == (400, "invalid_grant", 50173)
    bearer = f"Bearer {answer['access_token']}"
    assert idp.send("GET", "/oidc/userinfo", authorization=bearer).status == 401


def test_codes_of_others_are_worth_nothing_and_stay_unspent(idp: Protocol, mia: User) -> None:
    started = body_of(_start(idp))
    _approve(idp, started["user_code"])
    stranger = other_app(idp, is_fallback_public_client=True)
    assert _refusal(_poll(idp, started, client_id=stranger.app_id)) == (400, "bad_verification_code", 70018)
    assert _refusal(_poll(idp, started, device_code="1.Anothing")) == (400, "bad_verification_code", 70018)
    assert _refusal(_poll(idp, started, device_code=started["user_code"])) == (
        400,
        "bad_verification_code",
        70018,
    )
    assert _refusal(_poll(idp, started, device_code=None)) == (400, "invalid_request", 900144)
    assert "access_token" in body_of(_poll(idp, started))


@pytest.mark.parametrize("change", ["disabled", "revoked", "second-factor", "unassigned"])
def test_what_changed_since_the_approval_counts(idp: Protocol, mia: User, change: str) -> None:
    started = body_of(_start(idp))
    _approve(idp, started["user_code"])
    idp.server.clock.advance(timedelta(seconds=2))
    if change == "disabled":
        idp.write(lambda tx: tx.users.replace(replace(tx.users.find(mia.id), account_enabled=False)))
    elif change == "revoked":
        revoke_sessions(idp.server.ports, idp.server.actor(), mia.id)
    elif change == "second-factor":
        idp.server.policies(security_defaults=True)
    else:
        idp.change_principal(idp.app.app_id, assignment_required=True)
    codes = {"disabled": 50057, "revoked": 50173, "second-factor": 50076, "unassigned": 50105}
    assert _refusal(_poll(idp, started))[2] == codes[change]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"scope": None}, (400, "invalid_request", 900144)),
        ({"client_id": None}, (400, "invalid_request", 900144)),
        ({"client_id": "c11e4700-0000-4000-8000-0000000000ff"}, (400, "unauthorized_client", 700016)),
        ({"scope": "https://nobody.example/x"}, (400, "invalid_resource", 500011)),
        ({"scope": "Nothing.Read"}, (400, "invalid_scope", 70011)),
        ({"claims": "{"}, (400, "invalid_request", 90023)),
        ({"origin": "https://evil.example"}, (400, "invalid_request", 9002326)),
        ({"segment": "nobody.example"}, (400, "invalid_request", 90002)),
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
    ],
)
def test_requests_that_get_no_code(
    idp: Protocol, mia: User, change: dict[str, str | None], expected: tuple[int, str, int]
) -> None:
    assert _refusal(_start(idp, **change)) == expected


def test_only_post_and_each_parameter_once(idp: Protocol) -> None:
    path = f"/{idp.tenant_id}/oauth2/v2.0/devicecode"
    assert _refusal(idp.send("GET", path)) == (405, "invalid_request", 900561)
    pairs = [("client_id", idp.app.app_id), ("scope", "openid"), ("scope", "openid")]
    assert _refusal(idp.send("POST", path, form=pairs)) == (400, "invalid_request", 9000411)


def test_discovery_names_the_endpoint_and_the_grant(idp: Protocol) -> None:
    for version in ("/v2.0", ""):
        found = body_of(idp.send("GET", f"/{idp.tenant_id}{version}/.well-known/openid-configuration"))
        expected = f"https://login.test/{idp.tenant_id}/oauth2{version}/devicecode"
        assert found["device_authorization_endpoint"] == expected
        assert LONG in found["grant_types_supported"]


def test_a_guest_signs_a_device_in_with_a_code_by_mail(idp: Protocol, mia: User) -> None:
    started = body_of(_start(idp))
    walker = idp.walker()
    _enter(walker, started["user_code"])
    walker.submit("/device/confirm", button="Continue")
    walker.submit("/identify", login=idp.guest.mail or "")
    walker.submit("/send")
    page = walker.submit("/signin/code", code=idp.server.code_for(idp.guest.mail or ""))
    assert "You have signed in on your device" in page.text
    answer = body_of(_poll(idp, started))
    access = claims_of(answer["access_token"])
    assert (access["oid"], access["idp"], access["acct"], access["amr"]) == (idp.guest.id, "mail", 1, ["otp"])
    rows = idp.read(lambda tx: tx.logs.list_sign_ins(Query())).items
    # The person's own sign-in, and what the device was given for it.
    assert sorted((row.user_id, row.is_interactive) for row in rows) == [
        (idp.guest.id, False),
        (idp.guest.id, True),
    ]


def test_a_second_factor_is_asked_for_on_the_page(idp: Protocol, mia: User) -> None:
    started = body_of(_start(idp))
    idp.server.policies(security_defaults=True)
    walker = idp.walker()
    _enter(walker, started["user_code"])
    walker.submit("/device/confirm", button="Continue")
    walker.submit("/identify", login=f"mia@{idp.server.tenant.initial_domain}")
    walker.submit("/password", password=PASSWORD)
    assert body_of(_poll(idp, started))["error"] == "authorization_pending"
    enrol(idp.server, walker)
    assert claims_of(body_of(_poll(idp, started))["access_token"])["amr"] == ["pwd", "otp", "mfa"]


@pytest.mark.parametrize("leaves", [False, True], ids=["signs up", "cancels"])
def test_who_has_no_account_signs_up_on_the_way(idp: Protocol, mia: User, leaves: bool) -> None:
    open_flow(idp.server)
    started, walker = body_of(_start(idp)), idp.walker()
    _enter(walker, started["user_code"])
    walker.submit("/device/confirm", button="Continue")
    walker.submit("/signin/sign-up", button="Create one")
    verify_address(idp.server, walker)
    if leaves:
        page = walker.submit("/signin/review", button="Cancel")
        assert "You have signed in" not in page.text
        assert _refusal(_poll(idp, started))[1] == "access_denied"
        return
    page = walker.submit("/signin/review", button="Accept")
    page = walker.submit("/consent", button="Accept") if page.has_form("/consent") else page
    assert "You have signed in on your device" in page.text
    claims = claims_of(body_of(_poll(idp, started))["id_token"])
    assert (claims["email"], claims["idp"]) == (NEWCOMER, "mail")
