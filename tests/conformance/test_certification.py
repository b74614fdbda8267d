"""Basic, implicit and hybrid providers, by query, fragment and form post: the modules of six plans in twelve variants."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import urlencode

import jwt
import pytest

from tests.conformance.plans import NONCE_OPTIONAL, NONCE_REQUIRED, Variant, running
from tests.conformance.relying_party import CALLBACK, Answer, RelyingParty
from tests.support.platform import VERIFIER, challenge

Make: TypeAlias = Callable[..., RelyingParty]
_TOKEN = re.compile(r"[\x20-\x7e]+")


def module(name: str) -> Any:
    """Run under each variant of the plans that hold this module."""
    return pytest.mark.parametrize("variant", running(name), ids=lambda each: each.id)


@module("oidcc-server")
def test_oidcc_server(client: Make, variant: Variant) -> None:
    suite = client(variant)
    answer = suite.success()
    claims, access = suite.everything(answer)
    assert answer.was_prompted
    if access is not None:
        assert suite.claims_of(access)["sub"] == claims["sub"]


@module("oidcc-response-type-missing")
def test_oidcc_response_type_missing(client: Make, variant: Variant) -> None:
    suite = client(variant)
    # Where the answer goes without a type is the default of the code flow, and form_post stays form_post.
    suite.variant = Variant(variant.plan, "code", variant.response_mode)
    answer = suite.authorize(response_type=None)
    suite.refused(answer, "unsupported_response_type", "invalid_request")


@module("oidcc-idtoken-signature")
def test_oidcc_idtoken_signature(client: Make, variant: Variant) -> None:
    suite = client(variant)
    answer = suite.success()
    token = answer.params.get("id_token") or suite.exchanged(answer.params["code"])["id_token"]
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "RS256"
    assert header["kid"]
    suite.id_token(token)
    start, middle, _ = token.split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        suite.id_token(f"{start}.{middle}.{'A' * 342}")


@module("oidcc-idtoken-unsigned")
def test_oidcc_idtoken_unsigned(client: Make, variant: Variant) -> None:
    """Skipped by the suite where ``none`` is not advertised; then no token may come unsigned either."""
    suite = client(variant)
    assert "none" not in suite.metadata["id_token_signing_alg_values_supported"]
    token = suite.exchanged(suite.success().params["code"])["id_token"]
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    assert token.split(".")[2]


@module("oidcc-userinfo-get")
def test_oidcc_userinfo_get(client: Make, variant: Variant) -> None:
    _userinfo(client(variant), "get")


@module("oidcc-userinfo-post-header")
def test_oidcc_userinfo_post_header(client: Make, variant: Variant) -> None:
    _userinfo(client(variant), "post-header")


@module("oidcc-userinfo-post-body")
def test_oidcc_userinfo_post_body(client: Make, variant: Variant) -> None:
    _userinfo(client(variant), "post-body")


def _userinfo(suite: RelyingParty, how: str) -> None:
    claims, access = suite.everything(suite.success())
    assert access is not None
    assert suite.claims_of(access, how)["sub"] == claims["sub"]
    refused = suite.userinfo(access[:-6] + "AAAAAA", how)
    assert refused.status == 401
    assert (refused.header("WWW-Authenticate") or "").startswith("Bearer")


@module(NONCE_OPTIONAL)
def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(client: Make, variant: Variant) -> None:
    suite = client(variant)
    claims, _ = suite.everything(suite.success(nonce=None))
    assert "nonce" not in claims


@module(NONCE_REQUIRED)
def test_oidcc_ensure_request_without_nonce_fails(client: Make, variant: Variant) -> None:
    suite = client(variant)
    suite.refused(suite.authorize(nonce=None), "invalid_request")


@module("oidcc-scope-profile")
def test_oidcc_scope_profile(client: Make, variant: Variant) -> None:
    claims = _with_scope(client(variant), "openid profile")
    assert {"name", "preferred_username"} <= claims.keys()


@module("oidcc-scope-email")
def test_oidcc_scope_email(client: Make, variant: Variant) -> None:
    _with_scope(client(variant), "openid email")


@module("oidcc-scope-address")
def test_oidcc_scope_address(client: Make, variant: Variant) -> None:
    _with_scope(client(variant), "openid address")


@module("oidcc-scope-phone")
def test_oidcc_scope_phone(client: Make, variant: Variant) -> None:
    _with_scope(client(variant), "openid phone")


@module("oidcc-scope-all")
def test_oidcc_scope_all(client: Make, variant: Variant) -> None:
    _with_scope(client(variant), "openid profile email address phone")


def _with_scope(suite: RelyingParty, scope: str) -> dict[str, Any]:
    """Scopes that give nothing must not be an error either; what comes back has the types of OIDC Core 5.1."""
    claims, access = suite.everything(suite.success(scope=scope))
    found = suite.claims_of(access) if access is not None else claims
    assert found["sub"] == claims["sub"]
    for name in ("name", "family_name", "given_name", "preferred_username", "email", "locale"):
        assert isinstance(found.get(name, ""), str)
    for name in ("email_verified", "phone_number_verified"):
        assert isinstance(found.get(name, False), bool)
    assert isinstance(found.get("address", {}), dict)
    assert None not in found.values()
    return found


@module("oidcc-alternate-happy-flow")
def test_oidcc_alternate_happy_flow(client: Make, variant: Variant) -> None:
    """Scopes and parameters the other way round."""
    suite = client(variant)
    ordinary = suite.request

    def reversed_request(**changes: str | None) -> dict[str, str]:
        suite.sent = dict(reversed(ordinary(**changes).items()))
        return suite.sent

    suite.request = reversed_request  # type: ignore[method-assign]
    kinds = " ".join(reversed(variant.response_type.split()))
    suite.everything(suite.success(scope="email profile openid", response_type=kinds))


@module("oidcc-display-page")
def test_oidcc_display_page(client: Make, variant: Variant) -> None:
    suite = client(variant)
    suite.everything(suite.success(display="page"))


@module("oidcc-display-popup")
def test_oidcc_display_popup(client: Make, variant: Variant) -> None:
    suite = client(variant)
    suite.everything(suite.success(display="popup"))


@module("oidcc-prompt-login")
def test_oidcc_prompt_login(client: Make, variant: Variant) -> None:
    suite = client(variant)
    first, _ = suite.everything(suite.success())
    suite.wait(2)
    again = suite.success(prompt="login")
    assert again.was_prompted
    second, _ = suite.everything(again)
    assert second["sub"] == first["sub"]
    if "auth_time" in first and "auth_time" in second:
        assert second["auth_time"] > first["auth_time"]


@module("oidcc-prompt-none-not-logged-in")
def test_oidcc_prompt_none_not_logged_in(client: Make, variant: Variant) -> None:
    suite = client(variant)
    answer = suite.authorize(prompt="none")
    assert answer.pages == 0
    suite.refused(answer, "login_required", "interaction_required", "account_selection_required")


@module("oidcc-prompt-none-logged-in")
def test_oidcc_prompt_none_logged_in(client: Make, variant: Variant) -> None:
    suite = client(variant)
    first, _ = suite.everything(suite.success())
    again = suite.success(prompt="none")
    assert again.pages == 0
    second, _ = suite.everything(again)
    assert second["sub"] == first["sub"]
    assert second.get("auth_time") == first.get("auth_time")


@module("oidcc-max-age-1")
def test_oidcc_max_age_1(client: Make, variant: Variant) -> None:
    suite = client(variant)
    first, _ = suite.everything(suite.success())
    suite.wait(2)
    again = suite.success(max_age="1")
    assert again.was_prompted
    second, _ = suite.everything(again)
    now = int(suite.idp.server.clock.now().timestamp())
    assert now - 300 <= second["auth_time"] <= now
    assert second["sub"] == first["sub"]
    if "auth_time" in first:
        assert second["auth_time"] > first["auth_time"]


@module("oidcc-max-age-10000")
def test_oidcc_max_age_10000(client: Make, variant: Variant) -> None:
    suite = client(variant)
    first, _ = suite.everything(suite.success(max_age="15000"))
    suite.wait(1)
    again = suite.success(max_age="10000")
    assert not again.was_prompted
    second, _ = suite.everything(again)
    assert (second["sub"], second["auth_time"]) == (first["sub"], first["auth_time"])


@module("oidcc-ensure-request-with-unknown-parameter-succeeds")
def test_oidcc_ensure_request_with_unknown_parameter_succeeds(client: Make, variant: Variant) -> None:
    suite = client(variant)
    suite.everything(suite.success(extra="foobar"))


@module("oidcc-id-token-hint")
def test_oidcc_id_token_hint(client: Make, variant: Variant) -> None:
    suite = client(variant)
    answer = suite.success()
    hint = answer.params.get("id_token") or suite.exchanged(answer.params["code"])["id_token"]
    first = suite.id_token(hint)
    again = suite.success(prompt="none", id_token_hint=hint)
    assert again.pages == 0
    second, _ = suite.everything(again)
    assert (second["sub"], second.get("auth_time")) == (first["sub"], first.get("auth_time"))


@module("oidcc-login-hint")
def test_oidcc_login_hint(client: Make, variant: Variant) -> None:
    suite = client(variant)
    suite.everything(suite.success(login_hint=suite.person.user_principal_name))
    stranger = client(variant)
    page = stranger.walker.open(_url(stranger, login_hint="buffy@login.test"))
    assert page.status == 200, "a name nobody has is no error"


def _url(suite: RelyingParty, **changes: str) -> str:
    return f"{suite.metadata['authorization_endpoint']}?{urlencode(suite.request(**changes))}"


@module("oidcc-ui-locales")
def test_oidcc_ui_locales(client: Make, variant: Variant) -> None:
    suite = client(variant)
    suite.everything(suite.success(ui_locales="se"))


@module("oidcc-claims-locales")
def test_oidcc_claims_locales(client: Make, variant: Variant) -> None:
    suite = client(variant)
    suite.everything(suite.success(claims_locales="se"))


@module("oidcc-ensure-request-with-acr-values-succeeds")
def test_oidcc_ensure_request_with_acr_values_succeeds(client: Make, variant: Variant) -> None:
    suite = client(variant)
    suite.everything(suite.success(acr_values="1 2"))


@module("oidcc-codereuse")
def test_oidcc_codereuse(client: Make, variant: Variant) -> None:
    _code_reuse(client(variant), 0)


@module("oidcc-codereuse-30seconds")
def test_oidcc_codereuse_30seconds(client: Make, variant: Variant) -> None:
    _code_reuse(client(variant), 30)


def _code_reuse(suite: RelyingParty, seconds: int) -> None:
    code = suite.success().params["code"]
    access = suite.exchanged(code)["access_token"]
    assert suite.userinfo(access).status == 200
    suite.wait(seconds)
    again = suite.exchange(code)
    assert (again.status, again.body["error"]) == (400, "invalid_grant")
    assert suite.userinfo(access).status == 401, "RFC 6749 section 4.1.2: what was issued is revoked"


@module("oidcc-ensure-registered-redirect-uri")
def test_oidcc_ensure_registered_redirect_uri(client: Make, variant: Variant) -> None:
    suite = client(variant)
    page = suite.walker.open(_url(suite, redirect_uri=f"{CALLBACK}/unregistered"))
    assert page.status == 400
    assert page.response.header("Location") is None
    assert page.refresh is None
    assert not [form for form in page.forms if "suite.example" in form.action]


@module("oidcc-ensure-post-request-succeeds")
def test_oidcc_ensure_post_request_succeeds(client: Make, variant: Variant) -> None:
    suite = client(variant)
    suite.everything(suite.success(by_post=True))


@module("oidcc-server-client-secret-post")
def test_oidcc_server_client_secret_post(client: Make, variant: Variant) -> None:
    suite = client(variant)
    code = suite.success().params["code"]
    answer = suite.exchange(code, auth="client_secret_post")
    assert answer.status == 200, answer.body
    suite.id_token(answer.body["id_token"])
    code = suite.success(prompt="none").params["code"]
    suite.secret += "x"
    wrong = suite.exchange(code, auth="client_secret_post")
    assert (wrong.status, wrong.body["error"]) == (401, "invalid_client")


@module("oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported")
def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    client: Make, variant: Variant
) -> None:
    suite = client(variant)
    assert suite.metadata["request_uri_parameter_supported"] is False
    answer = suite.authorize(request_uri="https://suite.example/test/a/xenia/requesturi")
    suite.refused(answer, "request_uri_not_supported")


@module("oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported")
def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    client: Make, variant: Variant
) -> None:
    suite = client(variant)
    assert suite.metadata["request_parameter_supported"] is False
    answer = suite.authorize(request=_unsigned(suite, {"nonce": "of-the-object"}))
    suite.refused(answer, "request_not_supported")


@module("oidcc-ensure-request-object-with-redirect-uri")
def test_oidcc_ensure_request_object_with_redirect_uri(client: Make, variant: Variant) -> None:
    """Where request objects are refused aloud, the one inside cannot be used."""
    suite = client(variant)
    inside = _unsigned(suite, {"redirect_uri": f"{CALLBACK}?dummy1=lorem"})
    answer = suite.authorize(request=inside)
    suite.refused(answer, "request_not_supported")


def _unsigned(suite: RelyingParty, claims: dict[str, str]) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part({'iss': suite.client_id, 'aud': suite.issuer, **claims})}."


@module("oidcc-claims-essential")
def test_oidcc_claims_essential(client: Make, variant: Variant) -> None:
    where = "id_token" if variant.response_type == "id_token" else "userinfo"
    suite = client(variant)
    wanted = json.dumps({where: {"name": {"essential": True}}})
    claims, access = suite.everything(suite.success(claims=wanted))
    found = suite.claims_of(access) if access is not None else claims
    assert found["name"] == "Buffy Summers"


@module("oidcc-refresh-token")
def test_oidcc_refresh_token(client: Make, variant: Variant) -> None:
    suite = client(variant)
    assert "refresh_token" in suite.metadata["grant_types_supported"]
    assert "offline_access" in suite.metadata["scopes_supported"]
    asked = {"scope": "openid offline_access", "prompt": "consent"}
    body = suite.exchanged(suite.success(**asked).params["code"])
    first, token = suite.id_token(body["id_token"]), body["refresh_token"]
    assert _TOKEN.fullmatch(token), "RFC 6749 appendix A.17"
    other = client(variant, 1)
    stolen = other.token({"grant_type": "refresh_token", "refresh_token": token})
    assert (stolen.status, stolen.body["error"]) == (400, "invalid_grant"), "bound to its client"
    answer = suite.token({"grant_type": "refresh_token", "refresh_token": token})
    assert answer.status == 200, answer.body
    assert suite.claims_of(answer.body["access_token"])["sub"] == first["sub"]
    if "id_token" in answer.body:
        suite.sent.pop("nonce")
        second = suite.id_token(answer.body["id_token"])
        for name in ("iss", "sub", "aud"):
            assert second[name] == first[name], "OIDC Core section 12.2"
        assert second["iat"] >= first["iat"]
        assert second.get("auth_time", first.get("auth_time")) == first.get("auth_time")
    assert answer.body.get("refresh_token")


@module("oidcc-ensure-request-with-valid-pkce-succeeds")
def test_oidcc_ensure_request_with_valid_pkce_succeeds(client: Make, variant: Variant) -> None:
    suite = client(variant)
    assert "S256" in suite.metadata["code_challenge_methods_supported"]
    answer: Answer = suite.success(code_challenge=challenge(), code_challenge_method="S256")
    suite.exchanged(answer.params["code"], code_verifier=VERIFIER)
