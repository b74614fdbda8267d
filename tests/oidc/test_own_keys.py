"""Signing keys of single apps: their tokens, their key set, their rotation; worthless for anybody else."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from tests.oidc.test_on_behalf_of import agree, call_token, give_secret
from tests.support.protocol import API_SCOPE, SECRET, Protocol, body_of, claims_of
from tests.support.renewing import may_stay
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.directory.signing_key import (
    KNOWN_AFTER,
    MOST_CERTIFICATES,
    PUBLISHED_AFTERWARDS,
    TURN,
    AppSigningKey,
)
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.oidc.grants.client_credentials import REMEMBERED
from xenia.usecases.applications import signing_certificates as certificates
from xenia.usecases.applications.change_registration import change_registration
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant


def _own(idp: Protocol, app_id: str, name: str = "CN=Own") -> AppSigningKey:
    principal = idp.principal(app_id)
    return certificates.add_signing_certificate(idp.server.ports, idp.server.actor(), principal.id, name)


def _header(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".", maxsplit=1)[0] + "=="))
    return found


def _keys(idp: Protocol, app_id: str | None = None, segment: str | None = None) -> list[dict[str, Any]]:
    query = {"appid": app_id} if app_id else ""
    answer = idp.send("GET", f"/{segment or idp.tenant_id}/discovery/v2.0/keys", query)
    found: list[dict[str, Any]] = body_of(answer)["keys"]
    return found


def _kids(idp: Protocol, app_id: str | None = None, segment: str | None = None) -> set[str]:
    return {key["kid"] for key in _keys(idp, app_id, segment)}


def _wants_es256(idp: Protocol) -> None:
    ports, actor = idp.server.ports, idp.server.actor()
    change_registration(ports, actor, idp.app.id, {"id_token_signed_response_alg": "ES256"})


def _id_token(idp: Protocol, **request: Any) -> str:
    return str(body_of(idp.redeem(idp.sign_in(**request)["code"]))["id_token"])


def _quick_id_token(idp: Protocol) -> str:
    """Without a client secret, which would expire meanwhile."""
    return idp.sign_in(response_types=("id_token",), response_mode="fragment")["id_token"]


def _api_token(idp: Protocol) -> str:
    return str(body_of(idp.client_credentials())["access_token"])


# --- certificates ------------------------------------------------------------------------------------


def test_tokens_for_the_app_are_signed_by_its_key_and_others_as_before(idp: Protocol) -> None:
    common = _kids(idp)
    assert {_header(_id_token(idp))["kid"], _header(_api_token(idp))["kid"]} <= common
    own = _own(idp, idp.app.app_id)
    id_token = _id_token(idp)
    assert _header(id_token)["kid"] == own.kid
    # The client's key signs nothing that somebody else reads.
    assert _header(_api_token(idp))["kid"] in common
    api = _own(idp, idp.api.app_id)
    idp.server.clock.advance(REMEMBERED)
    token = _api_token(idp)
    assert _header(token)["kid"] == api.kid
    # Another library verifies both by the documents that name the app, and finds no key in those that do not.
    for text, app_id in ((id_token, idp.app.app_id), (token, idp.api.app_id)):
        shown = KeySet.import_key_set({"keys": _keys(idp, app_id)})
        assert jwt.decode(text, shown, algorithms=["RS256"]).claims["tid"] == idp.tenant_id
        with pytest.raises(InvalidKeyIdError):
            jwt.decode(text, KeySet.import_key_set({"keys": _keys(idp)}), algorithms=["RS256"])


@pytest.mark.parametrize("infix", ["/v2.0", ""])
def test_only_the_documents_that_name_the_app_show_its_keys(idp: Protocol, infix: str) -> None:
    common = _kids(idp)
    own = _own(idp, idp.app.app_id)
    assert _kids(idp) == common
    assert _kids(idp, idp.app.app_id) == {own.kid} | common
    assert _kids(idp, idp.api.app_id) == common
    assert _kids(idp, idp.app.app_id, "common") == common  # a key belongs to a tenant
    path = f"/{idp.tenant_id}{infix}/.well-known/openid-configuration"
    usual, named = idp.send("GET", path), idp.send("GET", path, {"appid": idp.app.app_id.upper()})
    documents = [json.loads(answer.body) for answer in (usual, named)]
    assert documents[1]["jwks_uri"] == f"{documents[0]['jwks_uri']}?appid={idp.app.app_id}"
    assert {**documents[1], "jwks_uri": ""} == {**documents[0], "jwks_uri": ""}
    assert usual.header("ETag") != named.header("ETag")
    assert named.header("Cache-Control") == usual.header("Cache-Control")


def test_an_appid_that_is_none_is_refused_and_an_unknown_one_shows_nothing_more(idp: Protocol) -> None:
    assert _kids(idp, "11111111-2222-4333-8444-555555555555") == _kids(idp)
    for path in ("discovery/v2.0/keys", "discovery/keys", ".well-known/openid-configuration"):
        refused = idp.send("GET", f"/{idp.tenant_id}/{path}", {"appid": "x'--"})
        assert (refused.status, body_of(refused)["error_codes"]) == (400, [700038])


def test_rotation_overlaps(idp: Protocol) -> None:
    ports, actor, principal = idp.server.ports, idp.server.actor(), idp.principal(idp.app.app_id)
    first = _own(idp, idp.app.app_id)
    old = _id_token(idp)
    second = _own(idp, idp.app.app_id, "CN=Next")
    assert {first.kid, second.kid} <= _kids(idp, idp.app.app_id)
    assert _header(_id_token(idp))["kid"] == first.kid  # published long before it signs
    certificates.use_signing_certificate(ports, actor, principal.id, second.thumbprint.lower())
    assert _header(_id_token(idp))["kid"] == second.kid
    assert ports.keys.verify(old) is not None
    with pytest.raises(Conflict):
        certificates.remove_signing_certificate(ports, actor, principal.id, second.key_id)
    certificates.remove_signing_certificate(ports, actor, principal.id, first.key_id)
    assert first.kid not in _kids(idp, idp.app.app_id)
    assert ports.keys.verify(old) is None
    certificates.use_signing_certificate(ports, actor, principal.id, None)
    assert _header(_id_token(idp))["kid"] in _kids(idp)


def test_what_cannot_be_a_certificate_is_refused(idp: Protocol) -> None:
    ports, actor, principal = idp.server.ports, idp.server.actor(), idp.principal(idp.app.app_id)
    now, add = ports.clock.now(), certificates.add_signing_certificate
    for name in ("", "CN=", "x" * 65, "CN=a\nb"):
        with pytest.raises(InvalidValue):
            add(ports, actor, principal.id, name)
    for end in (now, now + certificates.LONGEST_LIFETIME + timedelta(seconds=1)):
        with pytest.raises(InvalidValue):
            add(ports, actor, principal.id, "CN=Own", end)
    with pytest.raises(InvalidValue):  # everybody believes what is signed for Graph
        add(ports, actor, idp.principal(GRAPH_APP_ID).id, "CN=Own")
    with pytest.raises(InvalidValue):
        certificates.use_signing_certificate(ports, actor, principal.id, "AB" * 20)
    with pytest.raises(NotPermitted):
        add(ports, replace(actor, roles=frozenset()), principal.id, "CN=Own")
    made = add(ports, actor, principal.id, "CN=Own")
    with pytest.raises(NotFound):
        certificates.remove_signing_certificate(ports, actor, idp.principal(idp.api.app_id).id, made.key_id)
    other = create_tenant(ports, None, NewTenant("Tailspin", "tailspin"))
    for change in (certificates.use_signing_certificate, certificates.remove_signing_certificate):
        with pytest.raises(NotFound):
            change(ports, replace(actor, tenant_id=other.id), principal.id, made.thumbprint)


def test_there_is_an_end_to_certificates(idp: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "MOST_CERTIFICATES", 1)
    assert MOST_CERTIFICATES > 1
    _own(idp, idp.app.app_id)
    with pytest.raises(Conflict):
        _own(idp, idp.app.app_id)


def test_private_keys_are_sealed_at_rest(idp: Protocol) -> None:
    own = _own(idp, idp.app.app_id)
    stored = idp.read(lambda tx: tx.app_keys.find_anywhere(own.kid))
    plain = idp.server.ports.sealer.open(stored.sealed_private_key, "app-signing-key")
    assert plain.hex() not in stored.sealed_private_key
    with pytest.raises(ValueError, match="sealed"):
        idp.server.ports.sealer.open(stored.sealed_private_key, "signing-key")


# --- as an attacker ----------------------------------------------------------------------------------


def _signed(server: Protocol, key: AppSigningKey, **claims: Any) -> str:
    return server.server.ports.keys.sign(claims, own_key=key)


def test_an_apps_key_is_believed_for_its_app_in_its_tenant_alone(idp: Protocol) -> None:
    own, verify = _own(idp, idp.app.app_id), idp.server.ports.keys.verify
    mine = {"tid": idp.tenant_id, "aud": idp.app.app_id, "sub": "s"}
    assert verify(_signed(idp, own, **mine)) == mine
    other = create_tenant(idp.server.ports, None, NewTenant("Tailspin", "tailspin"))
    for forged in (
        {**mine, "aud": idp.api.app_id},
        {**mine, "aud": GRAPH_APP_ID},
        {**mine, "aud": f"api://{idp.app.app_id}"},
        {**mine, "tid": other.id},
        {"aud": idp.app.app_id},
        {"tid": idp.tenant_id},
    ):
        assert verify(_signed(idp, own, **forged)) is None
        assert verify(_signed(idp, own, **forged), app_id=idp.api.app_id) is None
    named = {**mine, "aud": f"api://{idp.app.app_id}"}
    assert verify(_signed(idp, own, **named), app_id=idp.app.app_id) == named


def test_an_apps_key_makes_no_token_for_graph_and_no_hint_of_another_app(idp: Protocol) -> None:
    own, now = _own(idp, idp.app.app_id), int(idp.server.clock.now().timestamp())
    genuine = claims_of(
        body_of(idp.redeem(idp.sign_in(scopes=("openid", "profile"))["code"]))["access_token"]
    )
    forged = _signed(idp, own, **{**genuine, "exp": now + 3600})
    answer = idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {forged}")
    assert answer.status == 401
    hint = _signed(idp, own, **{**claims_of(_id_token(idp)), "aud": idp.api.app_id})
    assert idp.server.ports.keys.verify(hint) is None


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256", "PS256", "rs256", None])
def test_the_algorithm_is_the_keys_whatever_the_header_says(idp: Protocol, algorithm: str | None) -> None:
    _own(idp, idp.app.app_id)
    token = _id_token(idp)
    header, body, signature = token.split(".")
    changed = {**_header(token), "alg": algorithm}
    head = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    verify = idp.server.ports.keys.verify
    assert verify(f"{header}.{body}.{signature}") is not None
    for forged in (f"{head}.{body}.{signature}", f"{head}.{body}.", f"{header}.{body}."):
        assert verify(forged) is None


def test_delegation_takes_an_assertion_signed_by_the_apis_own_key(idp: Protocol) -> None:
    """The API presents the token it was called with: its own key signed it; a key of the client's signs none."""
    may_stay(idp)
    idp.grant(idp.api.app_id, API_SCOPE)
    give_secret(idp, idp.api)
    agree(idp, idp.api.app_id, GRAPH_APP_ID, "User.Read", "openid", "profile")
    api_key, app_key = _own(idp, idp.api.app_id), _own(idp, idp.app.app_id)
    token = call_token(idp)
    assert _header(token)["kid"] == api_key.kid
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "client_id": idp.api.app_id,
        "client_secret": SECRET,
        "requested_token_use": "on_behalf_of",
        "scope": "https://graph.microsoft.com/User.Read",
    }
    assert "access_token" in body_of(idp.token(**form, assertion=token))
    forged = _signed(idp, app_key, **claims_of(token))
    assert body_of(idp.token(**form, assertion=forged))["error_codes"] == [50013]


# --- ES256 -------------------------------------------------------------------------------------------


def test_id_tokens_are_signed_with_es256_where_the_app_asks(idp: Protocol) -> None:
    common = _kids(idp)
    _wants_es256(idp)
    shown = _keys(idp, idp.app.app_id)  # before anybody signed in
    elliptic = next(key for key in shown if key["kty"] == "EC")
    assert (elliptic["crv"], elliptic["alg"], "n" in elliptic) == ("P-256", "ES256", False)
    token = _id_token(idp)
    assert _header(token) == {"typ": "JWT", "alg": "ES256", "kid": elliptic["kid"]}
    keys = KeySet.import_key_set({"keys": shown})
    assert jwt.decode(token, keys, algorithms=["ES256"]).claims["aud"] == idp.app.app_id
    assert idp.server.ports.keys.verify(token) is not None
    # Nothing else changes: access tokens, other apps, and the documents everybody reads.
    assert _header(_api_token(idp))["alg"] == "RS256"
    assert _kids(idp) == common == _kids(idp, idp.api.app_id)
    path = f"/{idp.tenant_id}/v2.0/.well-known/openid-configuration"
    name = "id_token_signing_alg_values_supported"
    assert body_of(idp.send("GET", path))[name] == ["RS256"]
    assert body_of(idp.send("GET", path, {"appid": idp.app.app_id}))[name] == ["RS256", "ES256"]
    assert body_of(idp.send("GET", path, {"appid": idp.api.app_id}))[name] == ["RS256"]


def test_an_id_token_with_es256_is_a_hint_and_no_access_token(idp: Protocol) -> None:
    _wants_es256(idp)
    token = _id_token(idp)
    answer = idp.send(
        "GET", f"/{idp.tenant_id}/oauth2/v2.0/logout", {"id_token_hint": token, "client_id": idp.app.app_id}
    )
    assert answer.status in (200, 302)
    assert idp.send("GET", "/oidc/userinfo", authorization=f"Bearer {token}").status == 401
    segments = token.split(".")
    raw = base64.urlsafe_b64decode(segments[2] + "==")
    assert len(raw) == 64
    for broken in (raw[:-1], raw + b"\0", bytes(64), raw[::-1]):
        text = base64.urlsafe_b64encode(broken).rstrip(b"=").decode()
        assert idp.server.ports.keys.verify(f"{segments[0]}.{segments[1]}.{text}") is None


def test_keys_for_es256_take_turns_by_themselves(idp: Protocol) -> None:
    _wants_es256(idp)
    first = _header(_quick_id_token(idp))["kid"]
    old = _quick_id_token(idp)
    idp.server.clock.advance(TURN)
    assert _header(_quick_id_token(idp))["kid"] == first  # the next one is published, and does not sign yet
    assert len([key for key in _keys(idp, idp.app.app_id) if key["kty"] == "EC"]) == 2
    idp.server.clock.advance(KNOWN_AFTER)
    second = _header(_quick_id_token(idp))["kid"]
    assert second != first
    assert idp.server.ports.keys.verify(old) is not None
    idp.server.clock.advance(TURN + PUBLISHED_AFTERWARDS)
    _quick_id_token(idp)
    elliptic = {key["kid"] for key in _keys(idp, idp.app.app_id) if key["kty"] == "EC"}
    assert first not in elliptic
    assert second in elliptic


@pytest.mark.parametrize("wanted", ["none", "HS256", "PS256", "es256", 5])
def test_no_other_algorithm_can_be_asked_for(idp: Protocol, wanted: object) -> None:
    ports, actor = idp.server.ports, idp.server.actor()
    with pytest.raises(InvalidValue):
        change_registration(ports, actor, idp.app.id, {"id_token_signed_response_alg": wanted})
    for usual in ("RS256", None, ""):
        changed = change_registration(ports, actor, idp.app.id, {"id_token_signed_response_alg": usual})
        assert changed.id_token_signed_response_alg is None
