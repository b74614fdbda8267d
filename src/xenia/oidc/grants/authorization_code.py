"""The authorization code grant (RFC 6749 section 4.1.3): a code becomes tokens, once."""

from __future__ import annotations

from typing import Any

from xenia.core.errors import InvalidGrant
from xenia.core.ids import TenantId
from xenia.oidc.grants import AtAlias, TokenRequest, asked_scopes, person_members
from xenia.ports import Ports
from xenia.usecases.tokens.alias_requests import tenant_of_code
from xenia.usecases.tokens.authenticate_client import authenticate_client
from xenia.usecases.tokens.redeem_code import CodeRedemption, redeem_code


class AuthorizationCodeGrant:
    """Redeems codes of the authorization endpoint."""

    grant_type = "authorization_code"
    parameters = ("code",)

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def home(self, at: AtAlias) -> TenantId | None:
        """The tenant that issued the code. Raises InvalidGrant."""
        found = tenant_of_code(self._ports, at.form.get("code"))
        if found is None:
            raise InvalidGrant
        return found

    def respond(self, request: TokenRequest) -> dict[str, Any]:
        """Access token, refresh token for ``offline_access``, ID token when ``openid`` was asked for, ``client_info`` when the request wants it."""
        form = request.form
        client = authenticate_client(
            self._ports, request.tenant, request.client, request.base_url, request.segment, request.now
        )
        redemption = CodeRedemption(
            code=form.get("code"),
            redirect_uri=form.find("redirect_uri"),
            verifier=form.find("code_verifier"),
            scopes=asked_scopes(request),
            base_url=request.base_url,
            ip_address=request.client.network,
            origin=request.origin,
        )
        tokens = redeem_code(self._ports, request.tenant, client, redemption, request.now)
        return person_members(request, tokens)
