"""Metadata, keys and instance discovery: consistent with each other, with tokens, and with every client's checks."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.protocol import Protocol, body_of, claims_of

BASE = "https://login.test"


def _get(idp: Protocol, path: str, query: str = "", **headers: str) -> dict[str, object]:
    response = idp.send("GET", path, query, **headers)
    assert response.status == 200, response.body
    assert response.header("Access-Control-Allow-Origin") == "*"
    return body_of(response)


@pytest.mark.parametrize("segment", ["contoso", "contoso.onxenia.localhost", "GUID"])
def test_every_name_of_a_tenant_publishes_its_guid(idp: Protocol, segment: str) -> None:
    name = idp.tenant_id if segment == "GUID" else segment
    document = _get(idp, f"/{name}/v2.0/.well-known/openid-configuration")
    root = f"{BASE}/{idp.tenant_id}"
    assert document["issuer"] == f"{root}/v2.0"
    assert document["authorization_endpoint"] == f"{root}/oauth2/v2.0/authorize"
    assert document["token_endpoint"] == f"{root}/oauth2/v2.0/token"
    assert document["jwks_uri"] == f"{root}/discovery/v2.0/keys"
    assert document["end_session_endpoint"] == f"{root}/oauth2/v2.0/logout"
    assert document["userinfo_endpoint"] == f"{BASE}/oidc/userinfo"
    assert document["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.parametrize("alias", ["common", "organizations", "Common"])
def test_aliases_publish_the_template(idp: Protocol, alias: str) -> None:
    document = _get(idp, f"/{alias}/v2.0/.well-known/openid-configuration")
    assert document["issuer"] == f"{BASE}/{{tenantid}}/v2.0"
    assert document["token_endpoint"] == f"{BASE}/{alias.lower()}/oauth2/v2.0/token"


def test_v1_has_its_own_issuer_and_endpoints(idp: Protocol) -> None:
    document = _get(idp, f"/{idp.tenant_id}/.well-known/openid-configuration")
    root = f"{BASE}/{idp.tenant_id}"
    assert document["issuer"] == f"{root}/"
    assert document["jwks_uri"] == f"{root}/discovery/keys"
    assert document["authorization_endpoint"] == f"{root}/oauth2/authorize"


def test_everything_advertised_exists(idp: Protocol) -> None:
    for version in ("/v2.0", ""):
        document = _get(idp, f"/{idp.tenant_id}{version}/.well-known/openid-configuration")
        for name, value in document.items():
            if isinstance(value, str) and value.startswith(BASE) and name != "issuer":
                response = idp.send("GET", value.removeprefix(BASE))
                assert response.status != 404, name


def test_tokens_verify_with_the_published_keys_in_an_independent_library(idp: Protocol) -> None:
    tokens = body_of(idp.redeem(idp.sign_in()["code"]))
    for name, path in (("id_token", "v2.0/keys"), ("access_token", "keys")):
        keys = _get(idp, f"/{idp.tenant_id}/discovery/{path}")
        verified = jwt.decode(tokens[name], KeySet.import_key_set(keys), algorithms=["RS256"])  # type: ignore[arg-type]
        assert verified.claims["oid"] == idp.guest.id


def test_keys_carry_certificate_thumbprint_and_issuer(idp: Protocol) -> None:
    keys = _get(idp, f"/{idp.tenant_id}/discovery/v2.0/keys")["keys"]
    assert isinstance(keys, list)
    assert len(keys) >= 2
    for key in keys:
        der = base64.b64decode(key["x5c"][0], validate=True)
        thumbprint = base64.urlsafe_b64encode(hashlib.sha1(der).digest()).rstrip(b"=").decode()
        assert key["kid"] == key["x5t"] == thumbprint
        assert x509.load_der_x509_certificate(der).public_key().key_size == 2048  # type: ignore[union-attr]
        assert key["issuer"] == f"{BASE}/{idp.tenant_id}/v2.0"
        assert not {"d", "p", "q"} & set(key)
    template = _get(idp, "/common/discovery/v2.0/keys")["keys"]
    assert isinstance(template, list)
    assert template[0]["issuer"] == f"{BASE}/{{tenantid}}/v2.0"
    v1 = _get(idp, f"/{idp.tenant_id}/discovery/keys")["keys"]
    assert isinstance(v1, list)
    assert "issuer" not in v1[0]


def test_documents_are_revalidated_by_etag(idp: Protocol) -> None:
    path = f"/{idp.tenant_id}/v2.0/.well-known/openid-configuration"
    first = idp.send("GET", path)
    assert first.header("Cache-Control") == "max-age=86400, private"
    again = idp.send("GET", path, if_none_match=first.header("ETag") or "")
    assert (again.status, again.body) == (304, b"")
    assert idp.send("GET", path, if_none_match='"other"').status == 200


def test_a_rotated_key_is_published_at_once(idp: Protocol) -> None:
    path = f"/{idp.tenant_id}/discovery/v2.0/keys"
    before = idp.send("GET", path).body
    idp.server.ports.keys.rotate(compromised=True)  # type: ignore[attr-defined]
    after = idp.send("GET", path).body
    assert before != after
    token = body_of(idp.client_credentials())["access_token"]
    assert claims_of(token)["tid"] == idp.tenant_id


def test_an_unknown_tenant_is_told_in_json_any_page_may_read(idp: Protocol) -> None:
    response = idp.send("GET", "/nobody.example/v2.0/.well-known/openid-configuration")
    answer = body_of(response)
    assert (response.status, answer["error"], answer["error_codes"]) == (400, "invalid_tenant", [90002])
    assert response.header("Access-Control-Allow-Origin") == "*"


def test_the_platform_tenant_has_no_address(idp: Protocol) -> None:
    for name in ("78656e69-6100-4000-8000-0000000000ff", "platform.invalid"):
        assert idp.send("GET", f"/{name}/v2.0/.well-known/openid-configuration").status == 400


@pytest.mark.parametrize("port", ["", ":443", ":8443"])
def test_instance_discovery_knows_our_host_whatever_the_port(idp: Protocol, port: str) -> None:
    query = f"api-version=1.1&authorization_endpoint=https%3A%2F%2Flogin.test{port}%2Fcontoso%2Foauth2%2Fv2.0%2Fauthorize"
    document = _get(idp, "/common/discovery/instance", query)
    assert document["tenant_discovery_endpoint"] == f"{BASE}/contoso/v2.0/.well-known/openid-configuration"
    assert document["metadata"] == [
        {"preferred_network": "login.test", "preferred_cache": "login.test", "aliases": ["login.test"]}
    ]


@pytest.mark.parametrize("url", ["https://evil.example/x", "http://login.test/x", "x", "https://[::1"])
def test_instance_discovery_refuses_other_hosts(idp: Protocol, url: str) -> None:
    response = idp.send("GET", "/common/discovery/instance", {"authorization_endpoint": url})
    answer = body_of(response)
    assert (response.status, answer["error"], answer["error_codes"]) == (400, "invalid_instance", [50049])


def test_user_realm_tells_about_domains_and_never_about_people(idp: Protocol) -> None:
    ours = body_of(idp.send("GET", "/common/userrealm/anybody@contoso.onxenia.localhost"))
    known = body_of(idp.send("GET", f"/common/userrealm/{idp.server.admin.user_principal_name}"))
    assert ours == known
    assert ours["account_type"] == "Managed"
    assert body_of(idp.send("GET", "/common/userrealm/maria@nordwind.example"))["account_type"] == "Unknown"


def test_small_pages_show_nothing_of_their_address(idp: Protocol) -> None:
    native = idp.send("GET", "/common/oauth2/nativeclient", "code=1.ASECRET")
    assert native.status == 200
    assert b"1.ASECRET" not in native.body
    page = idp.send("GET", "/error", "code=AADSTS50011")
    assert b"redirect URI is not registered" in page.body
    assert b"does not send that number" in idp.send("GET", "/error", "code=<b>").body
