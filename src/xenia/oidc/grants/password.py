"""The resource owner password credentials grant (RFC 6749 section 4.3): off until a tenant switches it on."""

from __future__ import annotations

from typing import Any

from xenia.core.errors import CrossOriginNotAllowed, MissingParameter, PasswordGrantNotHere
from xenia.core.ids import TenantId
from xenia.oidc.grants import AtAlias, TokenRequest, asked_scopes, caller_of, person_members
from xenia.ports import Ports
from xenia.usecases.tokens.authenticate_client import authenticate_client
from xenia.usecases.tokens.password_grant import PasswordOrder, sign_in_with_password


class PasswordGrant:
    """Takes a member's user name and password from the app itself."""

    grant_type = "password"
    parameters = ("username", "password")

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def home(self, at: AtAlias) -> TenantId | None:
        """The tenant of the user name's domain, at ``organizations`` only. Raises PasswordGrantNotHere."""
        if at.alias != "organizations":
            raise PasswordGrantNotHere(at.alias)
        found = at.tenants.find_by_hint(at.form.find("username"))
        return found.id if found is not None else None

    def respond(self, request: TokenRequest) -> dict[str, Any]:
        """Access token, with ``offline_access`` a refresh token, with ``openid`` an ID token."""
        if request.origin is not None:
            raise CrossOriginNotAllowed
        scopes = asked_scopes(request)
        if not scopes:
            raise MissingParameter("resource" if request.is_v1 else "scope")
        client = authenticate_client(
            self._ports, request.tenant, request.client, request.base_url, request.segment, request.now
        )
        order = PasswordOrder(
            login=request.form.get("username").strip(),
            password=request.form.get("password"),
            scopes=(*scopes, "openid", "profile") if request.is_v1 else scopes,
            claims=request.form.find("claims"),
            version=request.version,
            caller=caller_of(request),
        )
        tokens = sign_in_with_password(self._ports, request.tenant, client, order, request.now)
        return person_members(request, tokens)
