"""The refresh token grant (RFC 6749 section 6): new tokens for an earlier sign-in, and the token's successor."""

from __future__ import annotations

from typing import Any

from xenia.core.errors import InvalidGrant
from xenia.core.ids import TenantId
from xenia.oidc.grants import AtAlias, TokenRequest, asked_scopes, caller_of, person_members
from xenia.ports import Ports
from xenia.usecases.tokens.alias_requests import tenant_of_refresh_token
from xenia.usecases.tokens.authenticate_client import authenticate_client
from xenia.usecases.tokens.refresh import NOT_A_REFRESH_TOKEN, RefreshRequest, refresh


class RefreshTokenGrant:
    """Renews tokens; each refresh token works once."""

    grant_type = "refresh_token"
    parameters = ("refresh_token",)

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def home(self, at: AtAlias) -> TenantId | None:
        """The tenant that issued the token. Raises InvalidGrant."""
        found = tenant_of_refresh_token(self._ports, at.form.get("refresh_token"))
        if found is None:
            raise InvalidGrant(NOT_A_REFRESH_TOKEN)
        return found

    def respond(self, request: TokenRequest) -> dict[str, Any]:
        """Access token, the next refresh token, ID token when ``openid`` is among the scopes."""
        client = authenticate_client(
            self._ports, request.tenant, request.client, request.base_url, request.segment, request.now
        )
        order = RefreshRequest(
            token=request.form.get("refresh_token"),
            scopes=asked_scopes(request),
            claims=request.form.find("claims"),
            version=request.version,
            caller=caller_of(request),
            origin=request.origin,
        )
        return person_members(request, refresh(self._ports, request.tenant, client, order, request.now))
