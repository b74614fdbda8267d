"""Grants of the token endpoint: one small object each. The endpoint owns everything they share."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from xenia.core.directory.tenant import Tenant
from xenia.core.endpoints import V1, V2
from xenia.core.ids import TenantId
from xenia.core.scopes import split_scopes
from xenia.record import Record
from xenia.usecases.sessions.person_sign_in_record import Caller
from xenia.usecases.tenants.find_tenant import TenantDirectory
from xenia.usecases.tokens.authenticate_client import PresentedClient
from xenia.usecases.tokens.token_set import TokenSet
from xenia.web.http import Params


class TokenRequest(Record):
    """A token request after everything the grants have in common was read."""

    tenant: Tenant
    segment: str
    """The tenant as the path named it."""
    client: PresentedClient
    form: Params
    base_url: str
    version: str
    """Of the endpoint."""
    origin: str | None
    """The Origin header: set by browsers only."""
    correlation_id: str
    user_agent: str
    now: datetime

    @property
    def is_v1(self) -> bool:
        """Whether it came to the v1.0 endpoint."""
        return self.version == V1


class AtAlias(Record):
    """A token request at ``common`` or ``organizations``: what may tell whose it is."""

    alias: str
    client_id: str
    form: Params
    tenants: TenantDirectory
    now: datetime


class Grant(Protocol):
    """One value of ``grant_type`` (RFC 6749 section 4)."""

    @property
    def grant_type(self) -> str:
        """Its name on the wire."""
        ...

    @property
    def parameters(self) -> tuple[str, ...]:
        """Parameters it cannot do without."""
        ...

    def home(self, at: AtAlias) -> TenantId | None:
        """At an alias: the tenant of what the request presents; None where nothing names one. Raises what is wrong."""
        ...

    def respond(self, request: TokenRequest) -> dict[str, Any]:
        """The members of the response. Raises what is wrong."""
        ...


def token_members(version: str, expires_in: int, now: datetime) -> dict[str, Any]:
    """What every response begins with; v1.0 writes its numbers as texts."""
    if version == V2:
        return {"token_type": "Bearer", "expires_in": expires_in, "ext_expires_in": expires_in}
    starts = int(now.timestamp())
    return {
        "token_type": "Bearer",
        "expires_in": str(expires_in),
        "ext_expires_in": str(expires_in),
        "expires_on": str(starts + expires_in),
        "not_before": str(starts - 300),
    }


def person_members(request: TokenRequest, tokens: TokenSet) -> dict[str, Any]:
    """The members of a response about a person (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3)."""
    answer = token_members(request.version, tokens.expires_in, request.now)
    answer |= {"scope": tokens.scope, "access_token": tokens.access_token}
    if request.is_v1:
        answer["resource"] = tokens.resource
    if tokens.refresh_token is not None:
        answer["refresh_token"] = tokens.refresh_token
    if tokens.refresh_expires_in is not None:
        answer["refresh_token_expires_in"] = tokens.refresh_expires_in
    if tokens.id_token is not None:
        answer["id_token"] = tokens.id_token
    if request.form.get("client_info") == "1":
        answer["client_info"] = tokens.client_info
    return answer


def asked_scopes(request: TokenRequest) -> tuple[str, ...]:
    """What a token request asks for: ``scope``, or at v1.0 the one ``resource``; empty when it says nothing."""
    if request.is_v1:
        resource = request.form.find("resource")
        return (f"{resource}/.default",) if resource else ()
    return split_scopes(request.form.get("scope"))


def caller_of(request: TokenRequest) -> Caller:
    """Who called, for the sign-in log."""
    return Caller(request.base_url, request.client.network, request.user_agent, request.correlation_id)
