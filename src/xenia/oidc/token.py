"""The token endpoint (RFC 6749 section 3.2): reads, finds the tenant and the grant, and answers.

Cross-site POSTs are its trade; its defence is that nothing ambient counts here: no cookie is read, every
request proves itself by credential, code and verifier. Browsers are told apart by their Origin header alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from xenia.core.directory.tenant import Tenant
from xenia.core.endpoints import ALIASES, V1, V2
from xenia.core.errors import (
    MethodNotAllowed,
    MissingParameter,
    TenantRequired,
    UnsupportedGrantType,
)
from xenia.core.ids import fold
from xenia.oidc.aadsts import NO_STORE, request_ids, token_error
from xenia.oidc.client_auth import presented_client
from xenia.oidc.form import read_form
from xenia.oidc.grants import AtAlias, Grant, TokenRequest
from xenia.ports import Ports
from xenia.usecases.tenants.find_tenant import TenantDirectory
from xenia.usecases.tokens.alias_requests import multi_tenant_application
from xenia.usecases.tokens.authenticate_client import PresentedClient
from xenia.web.http import HttpRequest, HttpResponse, Params, json
from xenia.web.protocol_error import correlation_of


class TokenEndpoint:
    """Handlers of both versions of the endpoint."""

    def __init__(self, ports: Ports, tenants: TenantDirectory, grants: Iterable[Grant]) -> None:
        self._ports = ports
        self._tenants = tenants
        self._grants = {grant.grant_type: grant for grant in grants}

    def v2(self, request: HttpRequest) -> HttpResponse:
        """``/{tenant}/oauth2/v2.0/token``."""
        return self._handle(request, V2)

    def v1(self, request: HttpRequest) -> HttpResponse:
        """``/{tenant}/oauth2/token``."""
        return self._handle(request, V1)

    def _handle(self, request: HttpRequest, version: str) -> HttpResponse:
        if request.method == "OPTIONS":
            return _preflight(request)
        try:
            response = self._respond(request, version)
        except Exception as error:  # noqa: BLE001  (an answer is owed in JSON, whatever happened; reported there)
            response = token_error(error, request, self._ports.clock.now())
        return _readable(request, response)

    def _respond(self, request: HttpRequest, version: str) -> HttpResponse:
        if request.method != "POST":
            raise MethodNotAllowed(request.method, "POST, OPTIONS")
        form = read_form(request)
        if fold(request.args["tenant"]) not in ALIASES:
            self._tenants.find(request.args["tenant"])  # a wrong address is told before anything else
        grant = self._grants.get(form.get("grant_type"))
        if not form.get("grant_type"):
            raise MissingParameter("grant_type")
        if grant is None:
            raise UnsupportedGrantType(form.get("grant_type"))
        missing = next((name for name in grant.parameters if not form.get(name)), None)
        if missing is not None:
            raise MissingParameter(missing)
        client, segment = presented_client(request, form), request.args["tenant"]
        answer = grant.respond(
            TokenRequest(
                tenant=self._tenant(segment, grant, client, form),
                segment=segment,
                client=client,
                form=form,
                # Only issuers and audiences come of it: no page, and no address of this one request.
                base_url=self._ports.server.at(request.base_url).issuing,
                version=version,
                origin=request.headers.get("origin"),
                correlation_id=correlation_of(request),
                user_agent=request.header("user-agent")[:512],
                now=self._ports.clock.now(),
            )
        )
        return json(answer, headers=(*NO_STORE, *request_ids(request)))

    def _tenant(self, segment: str, grant: Grant, client: PresentedClient, form: Params) -> Tenant:
        """The tenant of the path; at an alias that of what is presented. Raises TenantRequired where nothing names one."""
        alias = fold(segment)
        if alias not in ALIASES:
            return self._tenants.find(segment)
        at = AtAlias(alias, client.client_id, form, self._tenants, self._ports.clock.now())
        found = grant.home(at)
        if found is None:
            raise TenantRequired
        multi_tenant_application(self._ports, client.client_id, alias)
        return self._tenants.find(found)


def _preflight(request: HttpRequest) -> HttpResponse:
    asked = request.header("access-control-request-headers")
    headers = [
        ("Access-Control-Allow-Origin", request.header("origin") or "*"),
        ("Access-Control-Allow-Methods", "POST, OPTIONS"),
        ("Access-Control-Max-Age", "600"),
        ("Vary", "Origin, Access-Control-Request-Headers"),
    ]
    if asked and all(character.isalnum() or character in "-_, " for character in asked):
        headers.append(("Access-Control-Allow-Headers", asked))
    return HttpResponse(204, b"", tuple(headers))


def _readable(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Let the page that asked read the answer, refusals too; without credentials, so cookies stay out."""
    origin = request.headers.get("origin")
    if not origin:
        return response
    return response.with_headers(("Access-Control-Allow-Origin", origin), ("Vary", "Origin"))
