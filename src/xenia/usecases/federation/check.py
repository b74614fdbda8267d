"""The **Test** button of a provider: everything that can be found out without anybody signing in.

Asks the provider as a sign-in would, with what was entered; stores nothing and shows no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from xenia.core.actor import Actor
from xenia.core.directory.identity_provider import (
    ClientAuthentication,
    IdentityProvider,
    ProviderKind,
)
from xenia.core.directory.roles import PROVIDER_WRITING_ROLES
from xenia.core.endpoints import callback_of
from xenia.core.errors import LimitReached, NotFound
from xenia.core.signin.foreign_id_token import ALGORITHMS
from xenia.ports import FetchFailed, FetchRefused, Ports
from xenia.record import Record, replace
from xenia.usecases.federation.discovered import Endpoints, EndpointsRefused, endpoints_of
from xenia.usecases.federation.exchange import json_object, token_request
from xenia.usecases.federation.partner import host_of, tenant_as_provider
from xenia.usecases.federation.trouble import HandOverFailed
from xenia.usecases.self_service.provider_rules import require_provider
from xenia.usecases.self_service.self_service_rules import READ_PROVIDERS

TESTS, TEST_WINDOW = 10, timedelta(minutes=1)
"""Of one tenant: each may hold a thread for as long as their server takes."""
LONGEST_TEST = 40.0
_PROBE = "xenia-test-of-the-client-credentials"


class Finding(Record):
    """One thing that was looked at. ``kind``: ``ok``, ``info``, ``warn`` or ``bad``."""

    kind: str
    text: str
    detail: str = ""


class ProviderCheck(Record):
    """What the test found, in the order it looked."""

    provider: IdentityProvider
    findings: tuple[Finding, ...]

    @property
    def is_usable(self) -> bool:
        """Whether nothing stands against signing in there."""
        return all(finding.kind != "bad" for finding in self.findings)


def check_provider(ports: Ports, actor: Actor, provider_id: str) -> ProviderCheck:
    """Ask the provider for everything but a person. Raises NotPermitted, NotFound, LimitReached.

    Blocks for as long as its server takes, in the pool of errands and within the limits of a fetch.
    """
    actor.require(PROVIDER_WRITING_ROLES, *READ_PROVIDERS)
    with ports.store.read(actor.tenant_id) as tx:
        provider = require_provider(tx, actor.tenant_id, provider_id)
        tenant = tx.tenants.find(actor.tenant_id)
    if tenant is None:
        raise NotFound("Tenant", actor.tenant_id)
    if provider.kind is ProviderKind.EMAIL_PASSCODE:
        return ProviderCheck(provider, (Finding("ok", "Codes are sent by this server's own mail."),))
    if provider.kind is ProviderKind.ENTRA:
        # Every tenant is reached the same way: ours stands for all of them.
        asked = tenant_as_provider(tenant.id, tenant, ports.server.at(ports.server.base_url))
        provider = replace(asked, display_name=provider.display_name)
    if not provider.client_id:
        return ProviderCheck(provider, (Finding("bad", "No client ID has been entered yet."),))
    now, key = ports.clock.now(), f"provider-test:{actor.tenant_id}"
    wait = ports.store.write(actor.tenant_id, lambda tx: tx.limits.hit(key, TESTS, TEST_WINDOW, now))
    if wait is not None:
        raise LimitReached("test", wait, "You have tested many times.")
    return ProviderCheck(provider, _in_errand(ports, provider))


def _in_errand(ports: Ports, provider: IdentityProvider) -> tuple[Finding, ...]:
    done: list[tuple[Finding, ...]] = []
    key, host = f"provider-test:{ports.entropy.guid()}", host_of(provider)
    if ports.errands.start(key, provider.tenant_id, host, lambda: done.append(_findings(ports, provider))):
        ports.errands.wait(key, LONGEST_TEST)
    if done:
        return done[0]
    return (Finding("bad", f"{host} did not answer in time, or too much is waiting for it. Try again."),)


def _findings(ports: Ports, provider: IdentityProvider) -> tuple[Finding, ...]:
    if provider.well_known_url:
        ports.provider_documents.forget(provider.well_known_url)
    try:
        endpoints = endpoints_of(ports, provider)
    except EndpointsRefused as refused:
        return (Finding("bad", "The discovery document cannot be used.", str(refused.args[1])),)
    except (FetchFailed, FetchRefused) as failed:
        return (Finding("bad", "The provider cannot be reached.", str(failed)),)
    if provider.kind is ProviderKind.FACEBOOK:
        return (_facebook_credentials(ports, provider, endpoints),)
    document = ports.provider_documents.metadata(provider.well_known_url, provider.tenant_id)
    return (
        Finding("ok", "The discovery document names the issuer that was entered.", endpoints.issuer),
        *_abilities(provider, document),
        _keys(ports, provider, endpoints),
        _credentials(ports, provider, endpoints),
    )


def _abilities(provider: IdentityProvider, document: Mapping[str, object]) -> list[Finding]:
    """What the document says of what a sign-in needs. What it leaves out counts as the standard's default."""
    found = []
    if "code" not in _listed(document, "response_types_supported", "code"):
        found.append(Finding("bad", "The provider does not offer the authorization code flow."))
    signed = _listed(document, "id_token_signing_alg_values_supported", "RS256")
    if not set(signed) & set(ALGORITHMS):
        found.append(Finding("bad", "ID tokens are signed in no way that is accepted.", " ".join(signed)))
    methods = _listed(document, "token_endpoint_auth_methods_supported", "client_secret_basic")
    method = provider.client_authentication
    if method is not ClientAuthentication.NONE and method.value not in methods:
        text = f"The provider does not list {method.value} among its ways to authenticate clients."
        found.append(Finding("warn", text, " ".join(methods)))
    if "S256" not in _listed(document, "code_challenge_methods_supported", ""):
        found.append(Finding("info", "The provider does not say that it checks PKCE. It is sent anyway."))
    return found


def _listed(document: Mapping[str, object], name: str, default: str) -> list[str]:
    value = document.get(name)
    return [str(entry)[:60] for entry in value[:50]] if isinstance(value, list) else [default]


def _keys(ports: Ports, provider: IdentityProvider, endpoints: Endpoints) -> Finding:
    try:
        keys = ports.provider_documents.keys(endpoints.keys, provider.tenant_id)
    except (FetchFailed, FetchRefused) as failed:
        return Finding("bad", "The signing keys cannot be fetched.", str(failed))
    usable = [
        key for key in keys if key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"
    ]
    if not usable:
        return Finding("bad", "The key set holds no key that could sign ID tokens.", endpoints.keys)
    return Finding("ok", f"Signing keys found: {len(usable)}.", endpoints.keys)


def _facebook_credentials(ports: Ports, provider: IdentityProvider, endpoints: Endpoints) -> Finding:
    """Whoever has the app's id and secret gets a token for the app itself (Facebook: app access tokens)."""
    request = token_request(ports, provider, endpoints.token, {"grant_type": "client_credentials"})
    try:
        fetched = ports.fetcher.fetch(request)
    except (FetchFailed, FetchRefused) as failed:
        return Finding("bad", "The provider cannot be reached.", str(failed))
    answer = json_object(fetched) or {}
    if fetched.status == 200 and isinstance(answer.get("access_token"), str):
        return Finding("ok", "App ID and app secret are accepted.")
    error = answer.get("error")
    said = error.get("message") if isinstance(error, dict) else error
    detail = f"The token endpoint answered {fetched.status} {ascii(said)[:120]}"
    kind = "bad" if fetched.status in (400, 401, 403) else "info"
    return Finding(
        kind, "App ID or app secret are refused." if kind == "bad" else "Nothing was proven.", detail
    )


def _credentials(ports: Ports, provider: IdentityProvider, endpoints: Endpoints) -> Finding:
    """Redeem a code that does not exist: whoever refuses the code has accepted the client (RFC 6749 section 5.2)."""
    form = {
        "grant_type": "authorization_code",
        "code": _PROBE,
        "redirect_uri": callback_of(ports.server.base_url, provider),
        "code_verifier": _PROBE + "0" * 20,
    }
    try:
        fetched = ports.fetcher.fetch(token_request(ports, provider, endpoints.token, form))
    except (FetchFailed, FetchRefused) as failed:
        return Finding("bad", "The token endpoint cannot be reached.", str(failed))
    except HandOverFailed as failed:
        return Finding("bad", "The client credentials cannot be used.", str(failed.args[1]))
    error = (json_object(fetched) or {}).get("error")
    if error == "invalid_grant":
        return Finding("ok", "Client ID and client credentials are accepted.")
    if error in ("invalid_client", "unauthorized_client") or fetched.status == 401:
        return Finding(
            "bad", "Client ID or client credentials are refused.", f"{fetched.status} {ascii(error)[:80]}"
        )
    detail = f"The token endpoint answered {fetched.status} {ascii(error)[:80]} to a made-up code."
    return Finding("info", "Whether the client credentials are right can only be seen by signing in.", detail)
