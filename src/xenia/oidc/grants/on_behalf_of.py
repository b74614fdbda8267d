"""The on-behalf-of grant (RFC 7523 section 2.1): an API trades the access token it was called with for another's."""

from __future__ import annotations

from typing import Any

from xenia.core.errors import CrossOriginNotAllowed, InvalidRequest, MissingParameter, UserAssertionInvalid
from xenia.core.ids import TenantId
from xenia.oidc.grants import AtAlias, TokenRequest, asked_scopes, caller_of, person_members
from xenia.ports import Ports
from xenia.usecases.tokens.alias_requests import tenant_of_access_token
from xenia.usecases.tokens.authenticate_client import authenticate_client
from xenia.usecases.tokens.on_behalf_of import DelegationOrder, act_on_behalf_of

_USE = "on_behalf_of"


class OnBehalfOfGrant:
    """Issues tokens of the same person for an API further on."""

    grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    parameters = ("assertion", "requested_token_use")

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def home(self, at: AtAlias) -> TenantId | None:
        """The tenant that issued the assertion. Raises UserAssertionInvalid."""
        found = tenant_of_access_token(self._ports, at.form.get("assertion"), at.client_id)
        if found is None:
            raise UserAssertionInvalid
        return found

    def respond(self, request: TokenRequest) -> dict[str, Any]:
        """Access token, with ``offline_access`` a refresh token, with ``openid`` an ID token."""
        if request.origin is not None:
            raise CrossOriginNotAllowed
        if request.form.get("requested_token_use") != _USE:
            raise InvalidRequest("requested_token_use", f"The requested_token_use must be '{_USE}'.")
        scopes = asked_scopes(request)
        if not scopes:
            raise MissingParameter("resource" if request.is_v1 else "scope")
        client = authenticate_client(
            self._ports, request.tenant, request.client, request.base_url, request.segment, request.now
        )
        order = DelegationOrder(
            assertion=request.form.get("assertion"),
            scopes=scopes,
            claims=request.form.find("claims"),
            version=request.version,
            caller=caller_of(request),
        )
        tokens = act_on_behalf_of(self._ports, request.tenant, client, order, request.now)
        return person_members(request, tokens)
