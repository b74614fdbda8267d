"""At ``common`` and ``organizations`` the account decides whose sign-in it is, and the tokens are its tenant's."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.support.federating import without_second_factor
from tests.support.platform import PASSWORD
from tests.support.protocol import WEB, Protocol, body_of, claims_of
from tests.support.renewing import OIDC, may_stay
from tests.support.walker import BASE, Walker
from xenia.core.actor import system_actor
from xenia.core.device_code import DEVICE_CODE_LIFETIME
from xenia.core.directory.application import GRAPH_APP_ID, Audience
from xenia.core.directory.user import CreationType, User
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.users.manage_users import NewMember, create_member
from xenia.usecases.users.user_security import revoke_sessions
from xenia.web.http import HttpResponse

INTERVAL = timedelta(seconds=5)
ALIASES = ("common", "organizations")


@pytest.fixture
def mia(idp: Protocol) -> User:
    """A member of Contoso, and Orders as an app for people of any organization."""
    may_stay(idp)
    idp.grant(GRAPH_APP_ID, *OIDC, "User.Read")
    idp.change_app(audience=Audience.MULTIPLE, is_fallback_public_client=True)
    create_tenant(idp.server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    name = f"mia@{idp.server.tenant.initial_domain}"
    return create_member(idp.server.ports, idp.server.actor(), NewMember(name, "Mia", password=PASSWORD)).user


def _refusal(response: HttpResponse) -> tuple[int, str, int]:
    answer = body_of(response)
    (code,) = answer["error_codes"]
    return response.status, answer["error"], code


def _asked(page: str) -> dict[str, str]:
    """The request that the page repeats."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)
    return {html.unescape(name): html.unescape(value) for name, value in found}


@pytest.mark.parametrize("alias", [*ALIASES, "Common"])
@pytest.mark.parametrize("version", ["/v2.0", ""])
def test_without_a_hint_the_page_asks_for_the_account(
    idp: Protocol, mia: User, alias: str, version: str
) -> None:
    sent = {
        "client_id": idp.app.app_id,
        "response_type": "code",
        "redirect_uri": WEB,
        "scope": "openid",
        "state": '"><script>x</script>',
        "prompt": "select_account",
    }
    path = f"/{alias}/oauth2{version}/authorize"
    response = idp.send("GET", path, sent)
    page = response.body.decode()
    assert response.status == 200
    assert f'action="{path}"' in page
    assert "<script>x" not in page
    assert _asked(page) == sent
    assert b"Contoso" not in response.body
    again = idp.send("GET", path, {**_asked(page), "login_hint": mia.user_principal_name})
    assert (again.header("Location") or "").startswith(f"{BASE}/{idp.tenant_id}/signin")


def test_an_address_of_nobody_is_asked_again_and_tells_the_known_from_nothing(
    idp: Protocol, mia: User
) -> None:
    for login in ("zoe@nowhere.example", "maria@nordwind.example", "mia", "O.forged"):
        page = idp.authorize("common", login_hint=login).body.decode()
        assert "No organization here has accounts of this address" in page
        assert f'value="{login}"' in page


def test_a_whole_sign_in_at_an_alias(idp: Protocol, mia: User) -> None:
    walker = Walker(idp.router)
    query = {
        "client_id": idp.app.app_id,
        "response_type": "code",
        "redirect_uri": WEB,
        "scope": "openid profile offline_access",
        "claims": '{"id_token":{"login_hint":null}}',
    }
    walker.open(f"/common/oauth2/v2.0/authorize?{urlencode(query)}")
    walker.open(
        f"/common/oauth2/v2.0/authorize?{urlencode({**query, 'login_hint': mia.user_principal_name})}"
    )
    page = walker.submit("/password", password=PASSWORD)
    location = page.refresh or page.response.header("Location") or ""
    while not location.startswith(WEB):
        page = walker.submit("/stay", button="No")
        location = page.refresh or page.response.header("Location") or ""
    code = dict(parse_qsl(urlsplit(location).query))["code"]
    answer = body_of(idp.redeem(code, segment="common", code_verifier=None))
    claims = claims_of(answer["id_token"])
    assert (claims["tid"], claims["oid"]) == (idp.tenant_id, mia.id)
    assert claims["iss"] == f"{BASE}/{idp.tenant_id}/v2.0"
    renewed = body_of(idp.refresh(answer["refresh_token"], segment="organizations"))
    assert claims_of(renewed["id_token"])["tid"] == idp.tenant_id
    # The opaque hint finds the account's organization without naming it.
    silent = {**query, "login_hint": claims["login_hint"], "prompt": "none"}
    page = walker.open(f"/common/oauth2/v2.0/authorize?{urlencode(silent)}")
    assert "code=" in (page.response.header("Location") or ""), page.text


def _query(idp: Protocol, **changes: str) -> dict[str, str]:
    asked = {
        "client_id": idp.app.app_id,
        "response_type": "code",
        "redirect_uri": WEB,
        "scope": "openid profile",
    }
    return {**asked, "state": "s-1", **changes}


def _session(idp: Protocol, walker: Walker, login: str) -> None:
    """Signed in at home with this browser."""
    walker.open(f"/common/oauth2/v2.0/authorize?{urlencode(_query(idp, login_hint=login))}")
    page = walker.submit("/password", password=PASSWORD)
    for form in ("/consent", "/stay"):
        if page.has_form(form):
            page = walker.submit(form, button="Accept" if form == "/consent" else "No")
    assert "code=" in (page.refresh or page.response.header("Location") or ""), page.text


def _member(idp: Protocol, segment: str, name: str) -> str:
    tenant = idp.server.ports.store.write(None, lambda tx: tx.tenants.find_by_name(segment))
    without_second_factor(idp.server, tenant.id)
    upn = f"{name}@{tenant.initial_domain}"
    actor = system_actor(tenant.id, idp.server.ports.entropy.guid())
    create_member(idp.server.ports, actor, NewMember(upn, name.title(), password=PASSWORD))
    return upn


def _answered(response: HttpResponse) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(response.header("Location") or "").query))


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize("prompt", ["", "none", "consent"])
def test_the_one_session_of_a_browser_answers_without_asking_whose(
    idp: Protocol, mia: User, alias: str, prompt: str
) -> None:
    walker = Walker(idp.router)
    _session(idp, walker, mia.user_principal_name)
    url = f"{BASE}/{alias}/oauth2/v2.0/authorize?{urlencode(_query(idp, **({'prompt': prompt} if prompt else {})))}"
    response = walker.send("GET", url)
    if prompt == "consent":
        assert (response.header("Location") or "").startswith(f"{BASE}/{idp.tenant_id}/signin")
        return
    claims = claims_of(body_of(idp.redeem(_answered(response)["code"], code_verifier=None))["id_token"])
    assert (claims["tid"], claims["oid"]) == (idp.tenant_id, mia.id)
    # An app that wants its person to choose, a hint that names nobody here, and another browser are asked.
    for walked, changes in (
        (walker, {"prompt": "select_account"}),
        (walker, {"prompt": "login"}),
        (walker, {"login_hint": "zoe@nowhere.example"}),
        (Walker(idp.router), {}),
    ):
        page = walked.open(f"/{alias}/oauth2/v2.0/authorize?{urlencode(_query(idp, **changes))}")
        assert page.status == 200, changes
        assert 'name="login_hint"' in page.source


def test_of_several_sessions_one_is_chosen(idp: Protocol, mia: User) -> None:
    walker = Walker(idp.router)
    ann = _member(idp, "fabrikam", "ann")
    _session(idp, walker, mia.user_principal_name)
    _session(idp, walker, ann)
    silent = walker.send(
        "GET", f"{BASE}/common/oauth2/v2.0/authorize?{urlencode(_query(idp, prompt='none'))}"
    )
    told = _answered(silent)
    assert (told["error"], told["state"]) == ("interaction_required", "s-1")
    for prompt in ({}, {"prompt": "select_account"}):
        page = walker.open(f"/common/oauth2/v2.0/authorize?{urlencode(_query(idp, **prompt))}")
        assert mia.user_principal_name in page.text
        assert ann in page.text
        tile = next(form for form in page.forms if form.fields.get("login_hint") == ann)
        answer = walker.send("GET", f"{BASE}{tile.action}?{urlencode(tile.fields)}")
        claims = claims_of(
            body_of(idp.redeem(_answered(answer)["code"], segment="common", code_verifier=None))["id_token"]
        )
        assert claims["preferred_username"] == ann, "asked once, not twice"


def test_a_guests_session_and_an_ended_one_decide_nothing(idp: Protocol, mia: User) -> None:
    walker = Walker(idp.router)
    _session(idp, walker, mia.user_principal_name)
    url = f"{BASE}/common/oauth2/v2.0/authorize?{urlencode(_query(idp, prompt='none'))}"
    assert "code" in _answered(walker.send("GET", url))
    stored = idp.read(lambda tx: tx.users.find(mia.id))
    outside = replace(stored, creation_type=CreationType.INVITATION)
    idp.write(lambda tx: tx.users.replace(outside))
    assert _answered(walker.send("GET", url))["error"] == "login_required", "at home elsewhere"
    idp.write(lambda tx: tx.users.replace(stored))
    revoke_sessions(idp.server.ports, idp.server.actor(), mia.id)
    assert _answered(walker.send("GET", url))["error"] == "login_required"
    # Cookies that nobody here set open nothing and break nothing.
    name = next(name for name in walker.cookies if "-s-" in name)
    for other in ("x", "\u0661" * 8, "78656e69-6100-4000-8000-000000000000"):
        walker.cookies[name.replace(idp.tenant_id, other)] = walker.cookies[name]
    assert _answered(walker.send("GET", url))["error"] == "login_required"


def test_silent_requests_learn_that_nobody_is_signed_in(idp: Protocol, mia: User) -> None:
    answer = idp.authorize("common", prompt="none")
    told = dict(parse_qsl(urlsplit(answer.header("Location") or "").query))
    assert (told["error"], told["state"]) == ("login_required", "s-1")
    assert "AADSTS50058" in told["error_description"]
    # Only to where the app registered.
    assert b"AADSTS50011" in idp.authorize("common", prompt="none", redirect_uri="https://evil.example/").body


def test_consumers_and_single_tenant_apps_are_refused(idp: Protocol, mia: User) -> None:
    assert b"AADSTS9002332" in idp.authorize("consumers", login_hint=mia.user_principal_name).body
    token = idp.redeem(idp.sign_in()["code"], segment="consumers")
    assert _refusal(token) == (400, "invalid_request", 9002332)
    assert _refusal(_start(idp, "consumers")) == (400, "invalid_request", 9002332)
    idp.change_app(audience=Audience.SINGLE)
    assert b"AADSTS50194" in idp.authorize("common").body
    assert _refusal(_start(idp, "common")) == (400, "invalid_request", 50194)
    assert _refusal(idp.redeem(idp.sign_in()["code"], segment="common")) == (400, "invalid_request", 50194)


def test_what_is_presented_names_the_tenant_and_nothing_else_does(idp: Protocol, mia: User) -> None:
    for alias in ALIASES:
        assert _refusal(idp.redeem("1.Anothing", segment=alias)) == (400, "invalid_grant", 70000)
        assert _refusal(idp.refresh("1.Anothing", segment=alias)) == (400, "invalid_grant", 70000)
        assert _refusal(_poll(idp, {"device_code": "nothing"}, alias))[1] == "bad_verification_code"
        assert _refusal(idp.client_credentials(segment=alias)) == (400, "invalid_request", 50059)
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "e30.e30.AAAA"}
        asked = {**form, "requested_token_use": "on_behalf_of", "scope": "User.Read"}
        refused = idp.token(segment=alias, client_id=idp.app.app_id, **asked)
        assert _refusal(refused) == (400, "invalid_grant", 50013)
    # A code of one tenant is worthless in another, whatever the path of its request was.
    code = idp.sign_in()["code"]
    assert _refusal(idp.redeem(code, segment="fabrikam"))[2] in (700005, 700016)


def _start(idp: Protocol, alias: str, **changes: str) -> HttpResponse:
    form = {"client_id": idp.app.app_id, "scope": "openid profile User.Read", **changes}
    return idp.send("POST", f"/{alias}/oauth2/v2.0/devicecode", form=form)


def _poll(idp: Protocol, started: dict[str, Any], alias: str, **changes: str) -> HttpResponse:
    idp.server.clock.advance(INTERVAL)
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    form = {"grant_type": grant, "client_id": idp.app.app_id, "device_code": started["device_code"]}
    return idp.token(segment=alias, **{**form, **changes})


@pytest.mark.parametrize("alias", ALIASES)
def test_a_device_at_an_alias_is_the_home_tenants_of_whoever_approves(
    idp: Protocol, mia: User, alias: str
) -> None:
    started = body_of(_start(idp, alias))
    assert _refusal(_poll(idp, started, alias)) == (400, "authorization_pending", 70016)
    walker = Walker(idp.router)
    walker.open("/device")
    page = walker.submit("/device", user_code=started["user_code"])
    assert "Your work or school account" in page.text
    lost = walker.submit("/device/confirm", button="Continue", login="zoe@nowhere.example")
    assert lost.response.status == 422
    assert "No organization here has accounts of this address" in lost.text
    page = walker.submit("/device/confirm", button="Continue", login=mia.user_principal_name)
    assert _refusal(_poll(idp, started, alias)) == (400, "authorization_pending", 70016)
    page = walker.submit("/password", password=PASSWORD)
    assert "You have signed in on your device" in page.text
    claims = claims_of(body_of(_poll(idp, started, alias))["id_token"])
    assert (claims["tid"], claims["oid"]) == (idp.tenant_id, mia.id)
    assert _refusal(_poll(idp, started, alias)) == (400, "bad_verification_code", 70018)


def test_a_device_at_an_alias_is_declined_expires_and_is_polled_slowly(idp: Protocol, mia: User) -> None:
    without_second_factor(idp.server, idp.tenant_id)
    started = body_of(_start(idp, "common"))
    assert _refusal(_poll(idp, started, "common"))[1] == "authorization_pending"
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    form = {"grant_type": grant, "client_id": idp.app.app_id, "device_code": started["device_code"]}
    assert _refusal(idp.token(segment="common", **form))[1] == "slow_down"
    # Another app's poll learns nothing.
    other = _poll(idp, started, "common", client_id=idp.api.app_id)
    assert _refusal(other)[1] == "bad_verification_code"
    walker = Walker(idp.router)
    walker.open("/device")
    walker.submit("/device", user_code=started["user_code"])
    walker.submit("/device/confirm", button="Cancel")
    assert _refusal(_poll(idp, started, "common"))[1] == "access_denied"
    late = body_of(_start(idp, "common"))
    idp.server.clock.advance(DEVICE_CODE_LIFETIME)
    assert _refusal(_poll(idp, late, "common"))[1] == "expired_token"


def test_an_app_new_to_the_organization_signs_in_by_an_account_of_it_only(idp: Protocol, mia: User) -> None:
    started = body_of(_start(idp, "common"))
    walker = Walker(idp.router)
    walker.open("/device")
    walker.submit("/device", user_code=started["user_code"])
    page = walker.submit("/device/confirm", button="Continue", login="ann@fabrikam.onxenia.localhost")
    assert page.has_form("/password")
    page = walker.submit("/password", password=PASSWORD)
    assert "You have signed in on your device" not in page.text
    assert _refusal(_poll(idp, started, "common"))[1] == "authorization_pending"
    # The code went to that organization: nobody else's account approves it now.
    other = Walker(idp.router)
    other.open("/device")
    page = other.submit("/device", user_code=started["user_code"])
    assert "Your work or school account" not in page.text
    # Mistyped? The page says whose account it waits for, and how to begin anew; the device hears of it at once.
    assert "an account of Fabrikam" in page.text
    assert "let the device ask for a new code" in page.text
    other.submit("/device/confirm", button="Cancel")
    assert _refusal(_poll(idp, started, "common"))[1] == "access_denied"
    again = body_of(_start(idp, "common"))
    other.open("/device")
    other.submit("/device", user_code=again["user_code"])
    assert other.submit("/device/confirm", button="Continue", login=mia.user_principal_name).has_form(
        "/password"
    )
