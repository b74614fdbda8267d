"""The client credentials grant (RFC 6749 section 4.4): an app acts for itself.

This is the hot path. What was proven and looked up is remembered for one second per process, keyed by a
MAC of the secret: at a thousand tokens a second nearly every request is answered without the database.
With several processes that is correct within that second: a secret removed, an app disabled or a role
taken away stops counting everywhere after it, which is nothing beside the hour the token itself lives.
Failures are never remembered, and assertions are checked every time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from xenia.core import errors
from xenia.core.aadsts import aadsts_of
from xenia.core.audit import SignInRecord
from xenia.core.claims import ClientAuthentication
from xenia.core.ids import TenantId, fold
from xenia.core.networks import network_of
from xenia.core.scopes import split_scopes
from xenia.oidc.grants import AtAlias, TokenRequest, token_members
from xenia.ports import Ports
from xenia.record import Record
from xenia.usecases.tokens.app_sign_in_journal import AppSignInJournal
from xenia.usecases.tokens.authenticate_client import AuthenticatedClient, authenticate_client, find_client
from xenia.usecases.tokens.issue_app_token import AppAccess, AppToken, app_access, issue_app_token

REMEMBERED = timedelta(seconds=1)
_MOST_REMEMBERED = 1024
REFUSALS_NOTED = 60
"""In the log within ``REFUSALS_WINDOW``, by client and network: anybody can be refused, as often as they like."""
REFUSALS_WINDOW = timedelta(minutes=5)


class _Proven(Record):
    client: AuthenticatedClient
    access: AppAccess
    at: datetime


class ClientCredentialsGrant:
    """Issues app-only tokens and notes each in the sign-in log."""

    grant_type = "client_credentials"
    parameters = ()

    def __init__(self, ports: Ports, journal: AppSignInJournal) -> None:
        self._ports = ports
        self._journal = journal
        self._known: dict[tuple[str, ...], _Proven] = {}

    def home(self, at: AtAlias) -> TenantId | None:
        """None: an app acts in a tenant that it names."""
        del at
        return None

    def respond(self, request: TokenRequest) -> dict[str, Any]:
        """Exactly ``token_type``, ``expires_in``, ``ext_expires_in``, ``access_token``: no scope, no client_info."""
        if request.origin is not None:
            raise errors.CrossOriginNotAllowed
        try:
            proven = self._prove(request)
        except errors.XeniaError as error:
            self._note_refusal(request, error)
            raise
        token = issue_app_token(
            self._ports, request.tenant, proven.client, proven.access, request.base_url, request.now
        )
        self._journal.add(self._record(request, proven, token))
        answer = token_members(request.version, token.expires_in, request.now)
        if request.is_v1:
            answer["resource"] = proven.access.resource.identifier
        answer["access_token"] = token.access_token
        return answer

    def _prove(self, request: TokenRequest) -> _Proven:
        key = self._key(request)
        known = self._known.get(key) if key is not None else None
        # The clock may have been turned back: an entry of the future is none.
        if known is not None and timedelta() <= request.now - known.at < REMEMBERED:
            return known
        client = authenticate_client(
            self._ports, request.tenant, request.client, request.base_url, request.segment, request.now
        )
        if client.authentication is ClientAuthentication.NONE:
            raise errors.ClientCredentialMissing
        access = app_access(self._ports, request.tenant, client, _scopes(request), request.base_url)
        proven = _Proven(client, access, request.now)
        if key is not None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = proven
        return proven

    def _key(self, request: TokenRequest) -> tuple[str, ...] | None:
        """Everything the outcome depends on. Only secrets are remembered, and only as a MAC."""
        client = request.client
        if client.secret is None or client.assertion is not None:
            return None
        hashed = self._ports.sealer.mac("proven-client", client.client_id, client.secret)
        resource = request.form.get("resource") if request.is_v1 else request.form.get("scope")
        return (request.tenant.id, hashed, request.base_url, request.version, resource)

    def _record(self, request: TokenRequest, proven: _Proven, token: AppToken) -> SignInRecord:
        client, resource = proven.client, proven.access.resource
        return SignInRecord(
            id=self._ports.entropy.guid(),
            tenant_id=request.tenant.id,
            at=request.now,
            correlation_id=request.correlation_id,
            app_id=client.application.app_id,
            app_name=client.application.display_name,
            error_code=0,
            is_interactive=False,
            event_type="servicePrincipal",
            service_principal_id=client.principal.id,
            service_principal_name=client.principal.display_name,
            resource_id=resource.application.app_id,
            resource_name=resource.application.display_name,
            ip_address=request.client.network,
            user_agent=request.user_agent,
            client_app="",
            token_id=token.token_id,
        )

    def _note_refusal(self, request: TokenRequest, error: errors.XeniaError) -> None:
        """A refusal of a client that exists here is for its owner to see; guesses at unknown ones are not kept."""
        try:
            with self._ports.store.read(request.tenant.id) as tx:
                application, principal = find_client(tx, request.tenant, fold(request.client.client_id))
        except errors.ProtocolError:
            return
        key = f"refused-client:{application.app_id}:{network_of(request.client.network)}"
        wait = self._ports.store.write(
            request.tenant.id, lambda tx: tx.limits.hit(key, REFUSALS_NOTED, REFUSALS_WINDOW, request.now)
        )
        if wait is not None:
            return
        record = SignInRecord(
            id=self._ports.entropy.guid(),
            tenant_id=request.tenant.id,
            at=request.now,
            correlation_id=request.correlation_id,
            app_id=application.app_id,
            app_name=application.display_name,
            error_code=aadsts_of(error).code,
            failure_reason=error.message,
            is_interactive=False,
            event_type="servicePrincipal",
            service_principal_id=principal.id,
            service_principal_name=principal.display_name,
            ip_address=request.client.network,
            user_agent=request.user_agent,
            client_app="",
        )
        self._journal.add(record)


def _scopes(request: TokenRequest) -> tuple[str, ...]:
    if request.is_v1:
        resource = request.form.get("resource")
        if not resource:
            raise errors.MissingParameter("resource")
        return (f"{resource}/.default",)
    text = request.form.get("scope")
    if not text:
        raise errors.MissingParameter("scope")
    return split_scopes(text)
