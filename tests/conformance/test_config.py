"""The configuration plan: what the discovery document must say, and that all of it is there."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from tests.conformance.relying_party import RelyingParty


def test_oidcc_discovery_endpoint_verification(client: Callable[..., RelyingParty]) -> None:
    suite = client()
    found = suite.metadata
    assert found["issuer"] == suite.issuer
    assert not urlsplit(found["issuer"]).query
    assert set(found["response_types_supported"]) >= {
        "code",
        "id_token",
        "id_token token",
        "code id_token",
        "code token",
        "code id_token token",
    }
    assert set(found["subject_types_supported"]) <= {"pairwise", "public"}
    assert "RS256" in found["id_token_signing_alg_values_supported"]
    assert {"authorization_code", "implicit", "refresh_token"} <= set(found["grant_types_supported"])
    assert "openid" in found["scopes_supported"]
    assert all(scope.isascii() and " " not in scope for scope in found["scopes_supported"])
    assert set(found["response_modes_supported"]) == {"query", "fragment", "form_post"}
    assert {"client_secret_basic", "client_secret_post"} <= set(
        found["token_endpoint_auth_methods_supported"]
    )
    assert found["claims_parameter_supported"] is True
    assert found["request_parameter_supported"] is False
    assert found["request_uri_parameter_supported"] is False, "its default would be true"
    assert found["claims_supported"]
    assert isinstance(found["code_challenge_methods_supported"], list)
    assert "registration_endpoint" not in found
    assert "check_session_iframe" not in found
    endpoints = [value for name, value in found.items() if name.endswith(("_endpoint", "_uri"))]
    assert all(urlsplit(url).scheme == "https" for url in endpoints)
    assert None not in [value for name, value in found.items() if name.endswith("_supported")]
    keys = suite.document(found["jwks_uri"])["keys"]
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert (key["kty"], key["use"]) == ("RSA", "sig")
        assert not {"d", "p", "q", "dp", "dq", "qi"} & key.keys(), "a private key"
