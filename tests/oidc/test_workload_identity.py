"""Workload identity: an app shows the token of an issuer it trusts, and nobody else's counts."""

from __future__ import annotations

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.support.clock import SetClock
from tests.support.outgoing import outgoing
from tests.support.protocol import SECRET, Protocol, body_of, claims_of, other_app
from tests.support.walker import BASE
from xenia.core.directory.application import FederatedIdentityCredential
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.web.http import HttpResponse

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SUBJECT = "repo:contoso/shop:ref:refs/heads/main"
AUDIENCE = "api://AzureADTokenExchange"
FIRST, SECOND, STRANGER = (RSAKey.generate_key(2048, {"kid": kid}) for kid in ("k-1", "k-2", "k-1"))


@dataclass
class Issuer:
    """A real web server that publishes an issuer's discovery document and keys."""

    url: str
    keys: list[RSAKey] = field(default_factory=lambda: [FIRST])
    document: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> Any:
        self.asked.append(path)
        if path == "/keys":
            return {"keys": [key.as_dict(private=False) for key in self.keys]}
        return {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.document}

    def token(self, clock: SetClock, key: Any = FIRST, *, alg: str = "RS256", **changes: Any) -> str:
        now = clock.now().timestamp()
        header = {"alg": alg, "kid": key.kid or "k-1", **changes.pop("header", {})}
        claims = {"iss": self.url, "sub": SUBJECT, "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + 3600}
        claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return jwt.encode(header, claims, key, algorithms=[alg])


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(made.answer(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Issuer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def _trust(idp: Protocol, issuer: str, **changes: Any) -> None:
    values = {"name": "github", "subject": SUBJECT, "audiences": (AUDIENCE,), **changes}
    record = FederatedIdentityCredential(
        id=idp.server.ports.entropy.guid(), application_id=idp.app.id, issuer=issuer, **values
    )
    idp.write(lambda tx: tx.applications.add_federated_credential(record))


def _ask(idp: Protocol, assertion: str, **changes: str | None) -> HttpResponse:
    form = {"client_secret": None, "client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
    return idp.client_credentials(**{**form, **changes})


def _signed_with_the_public_key(claims: dict[str, Any]) -> str:
    """The public key as an HMAC secret: the oldest trick."""
    parts = ({"alg": "HS256", "kid": "k-1"}, claims)
    text = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )
    digest = hmac.digest(FIRST.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _refusal(response: HttpResponse) -> tuple[int, str, int]:
    answer = body_of(response)
    (code,) = answer["error_codes"]
    return response.status, answer["error"], code


def test_a_trusted_token_proves_the_client_again_and_again(idp: Protocol, issuer: Issuer) -> None:
    _trust(idp, issuer.url)
    token = issuer.token(idp.server.clock, jti="shown at every renewal")
    for _ in range(3):
        response = _ask(idp, token)
        assert response.status == 200, response.body
        assert claims_of(body_of(response)["access_token"])["azpacr"] == "2"
    # Read once, believed for a while.
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


def test_keys_roll_over_and_forged_key_ids_cost_the_issuer_nothing(idp: Protocol, issuer: Issuer) -> None:
    _trust(idp, issuer.url)
    assert _ask(idp, issuer.token(idp.server.clock)).status == 200
    issuer.keys = [SECOND]
    for _ in range(3):
        assert _refusal(_ask(idp, issuer.token(idp.server.clock, SECOND))) == (401, "invalid_client", 700027)
    idp.server.clock.advance(timedelta(seconds=31))
    assert _ask(idp, issuer.token(idp.server.clock, SECOND)).status == 200
    assert issuer.asked.count("/keys") == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"sub": SUBJECT.upper()}, 700213, id="the subject in other letters"),
        pytest.param({"sub": None}, 700213, id="no subject"),
        pytest.param({"aud": AUDIENCE.lower()}, 700212, id="the audience in other letters"),
        pytest.param({"aud": ["api://other", "api://another"]}, 700212, id="other audiences"),
        pytest.param({"aud": None}, 700212, id="no audience"),
        pytest.param({"iss": "https://issuer.example"}, 700211, id="another issuer"),
        pytest.param({"exp": 1}, 700024, id="expired"),
        pytest.param({"exp": None}, 700024, id="without an end"),
        pytest.param({"nbf": 4102444800}, 700024, id="not valid yet"),
        pytest.param({"exp": 4102444800}, 700024, id="valid for years"),
    ],
)
def test_a_token_that_says_something_else_is_refused(
    idp: Protocol, issuer: Issuer, changes: dict[str, Any], code: int
) -> None:
    _trust(idp, issuer.url)
    assert _ask(idp, issuer.token(idp.server.clock)).status == 200
    assert _refusal(_ask(idp, issuer.token(idp.server.clock, **changes))) == (401, "invalid_client", code)
    assert _ask(idp, issuer.token(idp.server.clock, aud=["api://other", AUDIENCE])).status == 200


def test_only_the_issuers_keys_count(idp: Protocol, issuer: Issuer) -> None:
    _trust(idp, issuer.url)
    clock = idp.server.clock
    public = FIRST.as_dict(private=False)
    elliptic = ECKey.generate_key("P-256", {"kid": "k-1"})
    good = issuer.token(clock)
    head, body, signature = good.split(".")
    forged = [
        issuer.token(clock, STRANGER),
        issuer.token(clock, STRANGER, header={"jwk": STRANGER.as_dict(private=False)}),
        issuer.token(clock, STRANGER, header={"jku": f"{issuer.url}/evil", "x5u": f"{issuer.url}/evil"}),
        issuer.token(clock, STRANGER, header={"kid": "../../keys"}),
        issuer.token(clock, FIRST, alg="PS256"),
        issuer.token(clock, elliptic, alg="ES256"),
        _signed_with_the_public_key(claims_of(good)),
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
    ]
    assert [_refusal(_ask(idp, each))[2] for each in forged] == [700027] * len(forged)
    assert public["kid"] == "k-1"
    assert "/evil" not in issuer.asked
    assert _ask(idp, good).status == 200


def test_nobody_is_asked_for_keys_unless_the_app_trusts_them(idp: Protocol, issuer: Issuer) -> None:
    token = issuer.token(idp.server.clock)
    assert _refusal(_ask(idp, token)) == (401, "invalid_client", 70021)
    _trust(idp, "https://issuer.example")
    assert _refusal(_ask(idp, token)) == (401, "invalid_client", 700211)
    assert issuer.asked == []
    # What one app trusts proves no other.
    _trust(idp, issuer.url, name="second")
    other = other_app(idp)
    assert _refusal(_ask(idp, token, client_id=other.app_id)) == (401, "invalid_client", 70021)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"issuer": "https://issuer.example"}, id="another issuer's document"),
        pytest.param({"jwks_uri": None}, id="no keys"),
        pytest.param({"jwks_uri": "http://192.168.0.1/keys"}, id="keys in plain text elsewhere"),
        pytest.param({"jwks_uri": "file:///etc/passwd"}, id="keys in a file"),
    ],
)
def test_a_document_that_cannot_be_right_proves_nothing(
    idp: Protocol, issuer: Issuer, document: dict[str, Any]
) -> None:
    _trust(idp, issuer.url)
    issuer.document = document
    refused = _ask(idp, issuer.token(idp.server.clock))
    assert _refusal(refused) == (503, "temporarily_unavailable", 90061)
    assert issuer.asked == ["/.well-known/openid-configuration"]


def test_an_issuer_that_does_not_answer_is_told_apart_from_a_wrong_token(
    idp: Protocol, issuer: Issuer
) -> None:
    gone = Issuer("http://127.0.0.1:9")
    _trust(idp, gone.url)
    assert _refusal(_ask(idp, gone.token(idp.server.clock))) == (503, "temporarily_unavailable", 90061)


def test_private_addresses_are_reached_by_the_named_setting_only(
    idp: Protocol, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _trust(idp, issuer.url)
    ports = idp.server.ports
    guarded = outgoing(ports.clock, allow_private=False)["provider_documents"]
    monkeypatch.setattr(ports.provider_documents, "metadata", guarded.metadata)
    monkeypatch.setattr(ports.provider_documents, "keys", guarded.keys)
    assert _refusal(_ask(idp, issuer.token(idp.server.clock))) == (503, "temporarily_unavailable", 90061)
    assert issuer.asked == []


def test_another_tenant_of_this_server_is_an_issuer_without_a_call(
    idp: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app of Contoso proves an app of Fabrikam; a person's token does not."""
    fabrikam = create_tenant(idp.server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    worker = idp.principal(idp.app.app_id)
    audience = f"api://{idp.api.app_id}"
    _trust(idp, f"{BASE}/{idp.tenant_id}/v2.0", subject=worker.id, audiences=(idp.api.app_id,), name="v2")
    token = body_of(idp.client_credentials())["access_token"]
    said = claims_of(token)
    assert (said["iss"], said["aud"], said["sub"]) == (
        f"{BASE}/{idp.tenant_id}/v2.0",
        idp.api.app_id,
        worker.id,
    ), audience

    def refused(*_: object) -> None:
        raise AssertionError("a tenant of this server is asked nothing")

    monkeypatch.setattr(idp.server.ports.provider_documents, "metadata", refused)
    monkeypatch.setattr(idp.server.ports.provider_documents, "keys", refused)
    assert claims_of(body_of(_ask(idp, token))["access_token"])["azpacr"] == "2"
    # ID tokens and people's access tokens name an oid that is not their sub.
    signed_in = body_of(idp.redeem(idp.sign_in()["code"]))
    for person in (signed_in["id_token"], signed_in["access_token"]):
        if claims_of(person)["ver"] == "2.0":
            assert _refusal(_ask(idp, person)) == (401, "invalid_client", 700229)
    # The same claims by our key with the issuer of another tenant.
    crossed = idp.server.ports.keys.sign({**said, "tid": fabrikam.id})
    assert _refusal(_ask(idp, crossed)) == (401, "invalid_client", 700027)
    head, body, signature = token.split(".")
    assert _refusal(_ask(idp, f"{head}.{body}.{signature[:-4]}AAAA")) == (401, "invalid_client", 700027)
    assert SECRET not in token
