"""The device authorization grant (RFC 8628): the request of a device, and its asking for tokens."""

from __future__ import annotations

from typing import Any

from xenia.core.device_code import DEVICE_CODE_LIFETIME, POLL_INTERVAL
from xenia.core.directory.first_party import PLATFORM_TENANT_ID
from xenia.core.directory.tenant import Tenant
from xenia.core.endpoints import ALIASES, V1, V2, device_url
from xenia.core.errors import (
    CrossOriginNotAllowed,
    MethodNotAllowed,
    MissingParameter,
)
from xenia.core.ids import TenantId, fold
from xenia.oidc.aadsts import NO_STORE, request_ids, token_error
from xenia.oidc.client_auth import presented_client
from xenia.oidc.form import read_form
from xenia.oidc.grants import AtAlias, TokenRequest, asked_scopes, caller_of, person_members
from xenia.ports import Ports
from xenia.usecases.devices.device_sign_in import DeviceOrder, IssuedDeviceCode, request_device_code
from xenia.usecases.devices.redeem_device_code import DevicePoll, redeem_device_code
from xenia.usecases.tenants.find_tenant import TenantDirectory
from xenia.usecases.tokens.alias_requests import (
    multi_tenant_application,
    owner_of_application,
    tenant_of_device_code,
)
from xenia.usecases.tokens.authenticate_client import authenticate_client
from xenia.web.http import HttpRequest, HttpResponse, json
from xenia.web.protocol_error import correlation_of


class DeviceCodeGrant:
    """Redeems device codes. Client libraries of the field know the grant by a short name too."""

    grant_type = "urn:ietf:params:oauth:grant-type:device_code"
    parameters = ("device_code",)

    def __init__(self, ports: Ports, grant_type: str = grant_type) -> None:
        self._ports = ports
        self.grant_type = grant_type

    def home(self, at: AtAlias) -> TenantId | None:
        """The tenant whose account approves the device. Raises what ``tenant_of_device_code`` raises."""
        return tenant_of_device_code(self._ports, at.client_id, at.form.get("device_code"), at.now)

    def respond(self, request: TokenRequest) -> dict[str, Any]:
        """Access token, with ``offline_access`` a refresh token, with ``openid`` an ID token; before that, refusals."""
        if request.origin is not None:
            raise CrossOriginNotAllowed
        client = authenticate_client(
            self._ports, request.tenant, request.client, request.base_url, request.segment, request.now
        )
        poll = DevicePoll(request.form.get("device_code"), request.form.find("claims"), caller_of(request))
        tokens = redeem_device_code(self._ports, request.tenant, client, poll, request.now)
        return person_members(request, tokens)


class DeviceAuthorization:
    """The device authorization endpoint (RFC 8628 section 3.1), of both versions.

    Called by programs alone: no cookie is read, and no page of another site gets to read the answer.
    """

    def __init__(self, ports: Ports, tenants: TenantDirectory) -> None:
        self._ports = ports
        self._tenants = tenants

    def v2(self, request: HttpRequest) -> HttpResponse:
        """``/{tenant}/oauth2/v2.0/devicecode``."""
        return self._handle(request, V2)

    def v1(self, request: HttpRequest) -> HttpResponse:
        """``/{tenant}/oauth2/devicecode``: one ``resource`` instead of scopes."""
        return self._handle(request, V1)

    def _handle(self, request: HttpRequest, version: str) -> HttpResponse:
        try:
            asked = self._read(request, version)
            answer = self._answer(asked)
        except Exception as error:  # noqa: BLE001  (an answer is owed in JSON, whatever happened; reported there)
            return token_error(error, request, self._ports.clock.now())
        return json(answer, headers=(*NO_STORE, *request_ids(request)))

    def _read(self, request: HttpRequest, version: str) -> TokenRequest:
        if request.method != "POST":
            raise MethodNotAllowed(request.method, "POST")
        if request.headers.get("origin") is not None:
            raise CrossOriginNotAllowed
        form = read_form(request)
        client = presented_client(request, form)
        return TokenRequest(
            tenant=self._tenant(request.args["tenant"], client.client_id),
            segment=request.args["tenant"],
            client=client,
            form=form,
            base_url=request.base_url,
            version=version,
            origin=None,
            correlation_id=correlation_of(request),
            user_agent=request.header("user-agent")[:512],
            now=self._ports.clock.now(),
        )

    def _tenant(self, segment: str, client_id: str) -> Tenant:
        """The tenant of the path; at an alias the one that knows the client's credentials."""
        alias = fold(segment)
        if alias not in ALIASES:
            return self._tenants.find(segment)
        return owner_of_application(self._ports, multi_tenant_application(self._ports, client_id, alias))

    def _answer(self, request: TokenRequest) -> dict[str, Any]:
        scopes = asked_scopes(request)
        if not scopes:
            raise MissingParameter("resource" if request.is_v1 else "scope")
        client = authenticate_client(
            self._ports, request.tenant, request.client, request.base_url, request.segment, request.now
        )
        order = DeviceOrder(
            scopes=("openid", "profile", *scopes) if request.is_v1 else scopes,
            claims=request.form.find("claims"),
            version=request.version,
            caller=caller_of(request),
            kept_by=PLATFORM_TENANT_ID if fold(request.segment) in ALIASES else request.tenant.id,
        )
        issued = request_device_code(self._ports, request.tenant, client, order, request.now)
        return _members(request, issued)


def _members(request: TokenRequest, issued: IssuedDeviceCode) -> dict[str, Any]:
    """RFC 8628 section 3.2; v1.0 calls the address otherwise and writes its numbers as texts.

    No ``verification_uri_complete``: a link that carries the code would make phishing a click (section 5.4).
    """
    url = device_url(request.base_url)
    lifetime, interval = int(DEVICE_CODE_LIFETIME.total_seconds()), int(POLL_INTERVAL.total_seconds())
    message = (
        f"To sign in, use a web browser to open the page {url} and enter the code {issued.user_code} "
        "to authenticate."
    )
    codes = {"user_code": issued.user_code, "device_code": issued.device_code}
    if request.is_v1:
        numbers = {"expires_in": str(lifetime), "interval": str(interval)}
        return {**codes, "verification_url": url, **numbers, "message": message}
    return {
        **codes,
        "verification_uri": url,
        "expires_in": lifetime,
        "interval": interval,
        "message": message,
    }
