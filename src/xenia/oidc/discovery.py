"""Public documents: OpenID Connect metadata, signing keys, instance discovery, user realm.

Documents are prepared bytes, made once per tenant and origin. They say only what this server does; the
members follow the field's documents and OpenID Connect Discovery section 3.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from xenia.core import endpoints as at
from xenia.core.addresses import domain_of
from xenia.core.endpoints import ALIASES, TENANT_PLACEHOLDER, V1, V2, Addressed
from xenia.core.errors import (
    InvalidClientId,
    InvalidRequest,
    MissingParameter,
    TenantNotFound,
    UnknownInstance,
)
from xenia.core.ids import AppId, fold, parse_guid
from xenia.core.real_names import CACHE_NAME, CLOUD_NAME, LOGIN_ALIASES, LOGIN_NAME, LOGIN_ORIGIN
from xenia.oidc.aadsts import request_ids
from xenia.ports import Ports, PublicKey
from xenia.record import Record
from xenia.usecases.tenants.find_tenant import TenantDirectory
from xenia.usecases.tokens.own_keys import published_keys
from xenia.web.http import HttpRequest, HttpResponse, json

_DAY = "max-age=86400, private"
_HOUR = "max-age=3600, private"
_MOST_PREPARED = 4096
_CORS = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "GET, OPTIONS"))
_JSON = (("Content-Type", "application/json; charset=utf-8"), *_CORS)

_COMMON_MEMBERS: dict[str, Any] = {
    "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
    "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256"],
    "response_modes_supported": ["query", "fragment", "form_post"],
    "subject_types_supported": ["pairwise"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "grant_types_supported": [
        "authorization_code",
        "implicit",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ],
    "code_challenge_methods_supported": ["S256"],
    "prompt_values_supported": ["none", "login", "consent", "select_account", "create"],
    "claims_parameter_supported": True,
    "request_parameter_supported": False,
    "request_uri_parameter_supported": False,
}
_RESPONSE_TYPES = [
    "code",
    "id_token",
    "code id_token",
    "id_token token",
    "code token",
    "code id_token token",
    "token",
]
_CLAIMS = [
    "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host", "aud",
    "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email",
]  # fmt: skip
_CLAIMS_V1 = [
    "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host", "aud",
    "exp", "iat", "auth_time", "acr", "amr", "nonce", "email", "given_name", "family_name",
]  # fmt: skip


class _Document(Record):
    body: bytes
    etag: str


class _Subject(Record):
    """Whose document: the segment endpoints carry, and the tenant part of the issuer."""

    segment: str
    issuer_tenant: str
    region: str | None


class Discovery:
    """Handlers of the public documents."""

    def __init__(self, ports: Ports, tenants: TenantDirectory) -> None:
        self._ports = ports
        self._tenants = tenants
        self._metadata: dict[tuple[str, str, str], _Document] = {}
        self._keys: dict[tuple[str, str, str], tuple[tuple[PublicKey, ...], _Document]] = {}

    def metadata_v2(self, request: HttpRequest) -> HttpResponse:
        """``/{tenant}/v2.0/.well-known/openid-configuration``."""
        return self._serve_metadata(request, V2)

    def metadata_v1(self, request: HttpRequest) -> HttpResponse:
        """``/{tenant}/.well-known/openid-configuration``."""
        return self._serve_metadata(request, V1)

    def keys_v2(self, request: HttpRequest) -> HttpResponse:
        """``/{tenant}/discovery/v2.0/keys``."""
        return self._serve_keys(request, V2)

    def keys_v1(self, request: HttpRequest) -> HttpResponse:
        """``/{tenant}/discovery/keys``."""
        return self._serve_keys(request, V1)

    def instance(self, request: HttpRequest) -> HttpResponse:
        """``/common/discovery/instance``: whether a host is one of ours, by name without port.

        Client libraries drop the port of what they ask about.
        """
        asked = _query(request, "authorization_endpoint")
        host, segment = _host_and_segment(asked)
        mine = {urlsplit(f"//{name}").hostname for name in self._ports.server.hosts}
        if host is None or host not in mine | {urlsplit(request.base_url).hostname}:
            raise UnknownInstance
        answer = {
            "tenant_discovery_endpoint": at.metadata_url(request.base_url, segment or "common"),
            "api-version": request.query.get("api-version", "1.1"),
            "metadata": [_instance(request.base_url)],
        }
        return json(answer, headers=(*_CORS, ("Cache-Control", _DAY), *request_ids(request)))

    def user_realm(self, request: HttpRequest) -> HttpResponse:
        """``/common/userrealm/{name}``: whether the *domain* is ours. Says nothing about the person."""
        domain = domain_of(unquote(request.args["name"]))
        try:
            found = self._tenants.find(domain) if "." in domain else None
        except TenantNotFound:
            found = None
        answer: dict[str, Any] = {"ver": "1.0", "account_type": "Managed" if found else "Unknown"}
        if found is not None:
            answer |= {
                "domain_name": domain,
                "cloud_instance_name": _cloud_name(request.base_url),
                "cloud_audience_urn": "urn:federation:MicrosoftOnline",
            }
        return json(answer, headers=(("Cache-Control", "no-store"),))

    def preflight(self, request: HttpRequest) -> HttpResponse:
        """OPTIONS of every document here."""
        del request
        return HttpResponse(204, b"", (*_CORS, ("Access-Control-Max-Age", "86400")))

    def _subject(self, segment: str) -> _Subject:
        """Raises TenantNotFound."""
        alias = fold(segment)
        if alias in ALIASES:
            return _Subject(alias, at.CONSUMER_TENANT if alias == "consumers" else TENANT_PLACEHOLDER, None)
        tenant = self._tenants.find(segment)
        return _Subject(tenant.id, tenant.id, "WW")

    def _serve_metadata(self, request: HttpRequest, version: str) -> HttpResponse:
        subject = self._subject(request.args["tenant"])
        app_id = _app_id(request)
        if app_id is not None:
            return self._serve_metadata_of(request, subject, version, app_id)
        key = (subject.segment, request.base_url, version)
        document = self._metadata.get(key)
        if document is None:
            document = _prepared(_metadata(self._ports.server.at(request.base_url), subject, version))
            if len(self._metadata) >= _MOST_PREPARED:
                self._metadata.clear()
            self._metadata[key] = document
        return _serve(request, document, _DAY)

    def _serve_metadata_of(
        self, request: HttpRequest, subject: _Subject, version: str, app_id: AppId
    ) -> HttpResponse:
        """As for everybody, but that it leads to the app's own keys (``?appid=``)."""
        members = _metadata(self._ports.server.at(request.base_url), subject, version)
        members["jwks_uri"] += f"?appid={app_id}"
        if self._keys_of(subject, app_id)[1]:
            members["id_token_signing_alg_values_supported"] = ["RS256", "ES256"]
        return _serve(request, _prepared(members), _DAY)

    def _keys_of(self, subject: _Subject, app_id: AppId) -> tuple[tuple[PublicKey, ...], bool]:
        """An app has keys of its own in a tenant: at an alias there are none to show."""
        if fold(subject.segment) in ALIASES:
            return (), False
        return published_keys(self._ports, subject.segment, app_id)

    def _serve_keys(self, request: HttpRequest, version: str) -> HttpResponse:
        subject = self._subject(request.args["tenant"])
        current = self._ports.keys.public_keys()
        app_id = _app_id(request)
        if app_id is not None:
            # The common keys too: they signed until the app got its own, and sign again when it has none.
            shown = (*self._keys_of(subject, app_id)[0], *current)
            at_origin = self._ports.server.at(request.base_url)
            return _serve(request, _prepared(_key_set(shown, at_origin, subject, version)), _HOUR)
        key = (subject.segment, request.base_url, version)
        known = self._keys.get(key)
        if known is None or known[0] is not current:
            at_origin = self._ports.server.at(request.base_url)
            document = _prepared(_key_set(current, at_origin, subject, version))
            if len(self._keys) >= _MOST_PREPARED:
                self._keys.clear()
            known = self._keys[key] = (current, document)
        return _serve(request, known[1], _HOUR)


def _instance(base_url: str) -> dict[str, Any]:
    """Names that clients treat as one: of the real service the published ones, of ours the one that was asked."""
    if base_url == LOGIN_ORIGIN:
        aliases = [LOGIN_NAME, *LOGIN_ALIASES]
        return {"preferred_network": LOGIN_NAME, "preferred_cache": CACHE_NAME, "aliases": aliases}
    network = urlsplit(base_url).netloc
    return {"preferred_network": network, "preferred_cache": network, "aliases": [network]}


def _cloud_name(base_url: str) -> str | None:
    return CLOUD_NAME if base_url == LOGIN_ORIGIN else urlsplit(base_url).hostname


def _metadata(origin: Addressed, subject: _Subject, version: str) -> dict[str, Any]:
    base_url, segment = origin.base_url, subject.segment
    return {
        "token_endpoint": at.token_url(base_url, segment, version),
        "jwks_uri": at.keys_url(base_url, segment, version),
        "response_types_supported": _RESPONSE_TYPES,
        "scopes_supported": ["openid"] if version == V1 else ["openid", "profile", "email", "offline_access"],
        "issuer": at.issuer(origin.issuing, subject.issuer_tenant, version),
        "userinfo_endpoint": at.userinfo_url(base_url, segment, version),
        "authorization_endpoint": at.authorize_url(base_url, segment, version),
        "device_authorization_endpoint": at.device_code_url(base_url, segment, version),
        "end_session_endpoint": at.logout_url(base_url, segment, version),
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "claims_supported": _CLAIMS_V1 if version == V1 else _CLAIMS,
        "tenant_region_scope": subject.region,
        "cloud_instance_name": _cloud_name(base_url),
        "cloud_graph_host_name": urlsplit(at.graph_base(base_url)).netloc,
        "msgraph_host": urlsplit(at.graph_base(base_url)).netloc,
        **_COMMON_MEMBERS,
        # A refresh token serves every resource its person agreed to.
        **({"microsoft_multi_refresh_token": True} if version == V1 else {}),
    }


def _key_set(
    keys: tuple[PublicKey, ...], origin: Addressed, subject: _Subject, version: str
) -> dict[str, Any]:
    """RFC 7517. The v2.0 form names the issuer each key signs for; validators of the field compare it."""
    members: dict[str, Any] = {}
    if version == V2:
        members = {
            "cloud_instance_name": _cloud_name(origin.base_url),
            "issuer": at.issuer_v2(origin.issuing, subject.issuer_tenant),
        }
    return {
        "keys": [
            {
                "kty": "EC" if key.x else "RSA",
                "use": "sig",
                "kid": key.kid,
                "x5t": key.kid,
                **({"crv": "P-256", "x": key.x, "y": key.y} if key.x else {"n": key.n, "e": key.e}),
                "x5c": [key.x5c],
                "alg": key.algorithm,
                **members,
            }
            for key in keys
        ]
    }


def _app_id(request: HttpRequest) -> AppId | None:
    """``appid``. Raises InvalidClientId for one that is no GUID, InvalidRequest for more than one."""
    try:
        given = request.query.find("appid")
    except ValueError:
        raise InvalidRequest("appid", "The parameter 'appid' is duplicated.") from None
    if not given:
        return None
    app_id = parse_guid(given)
    if app_id is None:
        raise InvalidClientId(given)
    return app_id


def _prepared(document: dict[str, Any]) -> _Document:
    body = msgspec.json.encode(document)
    return _Document(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _serve(request: HttpRequest, document: _Document, caching: str) -> HttpResponse:
    headers = (*_JSON, ("Cache-Control", caching), ("ETag", document.etag), *request_ids(request))
    if request.headers.get("if-none-match") == document.etag:
        return HttpResponse(304, b"", headers)
    return HttpResponse(200, document.body, headers)


def _query(request: HttpRequest, name: str) -> str:
    try:
        value = request.query.find(name)
    except ValueError:
        raise InvalidRequest("", "The request has too many parameters.") from None
    if not value:
        raise MissingParameter(name)
    return value


def _host_and_segment(url: str) -> tuple[str | None, str]:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None, ""
    segment = parts.path.split("/")[1] if parts.path.count("/") else ""
    return (host, segment) if parts.scheme == "https" else (None, "")
