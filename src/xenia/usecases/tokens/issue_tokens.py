"""From who signed in to what the app gets: decide inside the transaction, sign after it.

``plan_*`` read the directory and write the code and its family; ``sign_*`` need no database, because
RSA must not be computed while a write transaction is open.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta

from xenia.core import claims as c
from xenia.core.claims_request import ClaimsRequest
from xenia.core.codes import CODE_LIFETIME, AuthorizationCode, TokenFamily
from xenia.core.directory.signing_key import AppSigningKey
from xenia.core.endpoints import V1
from xenia.core.errors import NotAssigned
from xenia.core.ids import TenantId
from xenia.core.scopes import RequestedScopes
from xenia.core.signin.answer import Answer, SignedIn
from xenia.core.signin.request import AuthorizeRequest
from xenia.core.token_lifetime import chosen_lifetime
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.tokens.access import delegated_access, is_assigned, requested_scopes
from xenia.usecases.tokens.map_claims import with_mapped_claims
from xenia.usecases.tokens.own_keys import access_token_key, id_token_key
from xenia.usecases.tokens.token_groups import ACCESS_TOKEN, ID_TOKEN, standing_at

_SHORTEST_ACCESS, _ACCESS_SPREAD = 3600, 1800
"""Access tokens live 60 to 90 minutes at random, so that a fleet of clients does not renew at once."""
_HINT_PURPOSE = "login-hint"
HINT_PREFIX = "O."


class PlannedToken(Record):
    """Claims decided, signature outstanding."""

    claims: c.Claims
    version: str
    own_key: AppSigningKey | None = None
    """Of whom the token is for; None: the common key signs."""

    def text(self, name: str) -> str | None:
        """A claim that is a string, or None."""
        value = self.claims.get(name)
        return value if isinstance(value, str) else None


class PlannedAccess(Record):
    """An access token with what the response says about it."""

    token: PlannedToken
    expires_in: int
    scope: str
    resource: str


class PlannedAnswer(Record):
    """Everything of an authorization response but the signatures."""

    signed_in: SignedIn
    request: AuthorizeRequest
    code: str | None
    id_token: PlannedToken | None
    access: PlannedAccess | None

    @property
    def token_id(self) -> str | None:
        """``uti`` of the token issued here, for the sign-in log."""
        token = self.id_token or (self.access.token if self.access else None)
        return token.text("uti") if token else None

    @property
    def issuer(self) -> str | None:
        """``iss`` of the ID token issued here, for the sign-in log."""
        return self.id_token.text("iss") if self.id_token else None


class TokenRequest(Record):
    """What decides the tokens of one sign-in, besides the person."""

    scopes: RequestedScopes
    family_id: str | None
    authentication: c.ClientAuthentication
    claims: ClaimsRequest
    nonce: str | None
    asks_auth_time: bool
    version: str
    in_fragment: bool = False
    """Whether the tokens travel in an address, where little fits."""


def plan_answer(
    ports: Ports, tx: Transaction, signed_in: SignedIn, request: AuthorizeRequest, now: datetime
) -> PlannedAnswer:
    """Decide the answer to an authorization request and write its code, inside the finishing transaction.

    Safe to run again: a code of a rolled-back attempt is never handed out. Raises ResourceNotFound,
    InvalidScope or ConsentRequired when an access token is asked for and may not be given.
    """
    issues_code, issues_access = "code" in request.response_types, "token" in request.response_types
    wanted = TokenRequest(
        scopes=requested_scopes(ports, signed_in.base_url, request.scopes),
        family_id=ports.entropy.token(16) if issues_code or issues_access else None,
        authentication=c.ClientAuthentication.NONE,
        claims=ClaimsRequest.parse(request.claims_request),
        nonce=request.nonce,
        asks_auth_time=request.max_age is not None,
        version=request.endpoint_version,
        in_fragment=request.response_mode == "fragment",
    )
    code = f"1.A{ports.entropy.token(48)}" if issues_code else None
    if wanted.family_id is not None:
        family = TokenFamily(
            wanted.family_id,
            signed_in.tenant.id,
            signed_in.user.id,
            signed_in.client.app_id,
            signed_in.sid,
            now,
            proofs=signed_in.proofs,
        )
        if code is not None:
            tx.sign_ins.add_code(_code_row(ports, code, family, signed_in, request), family)
        else:
            tx.sign_ins.add_family(family)
    return PlannedAnswer(
        signed_in=signed_in,
        request=request,
        code=code,
        id_token=plan_id_token(ports, tx, signed_in, wanted, now)
        if "id_token" in request.response_types
        else None,
        access=plan_access_token(ports, tx, signed_in, wanted, now) if issues_access else None,
    )


def sign_answer(ports: Ports, planned: PlannedAnswer) -> Answer:
    """The finished authorization response (OpenID Connect Core sections 3.1.2.5, 3.2.2.5, 3.3.2.5)."""
    request, signed_in = planned.request, planned.signed_in
    params: list[tuple[str, str]] = []
    hashes: c.Claims = {}
    if planned.code is not None:
        params.append(("code", planned.code))
        hashes["c_hash"] = c.left_half_hash(planned.code)
    if planned.access is not None:
        access_token = sign_token(ports, planned.access.token)
        hashes["at_hash"] = c.left_half_hash(access_token)
        params += [
            ("access_token", access_token),
            ("token_type", "Bearer"),
            ("expires_in", str(planned.access.expires_in)),
            ("scope", planned.access.scope),
        ]
    if planned.id_token is not None:
        complete = replace(planned.id_token, claims={**planned.id_token.claims, **hashes})
        params.append(("id_token", sign_token(ports, complete)))
    if request.client_info:
        params.append(("client_info", client_info(signed_in)))
    if request.state is not None:
        params.append(("state", request.state))
    params.append(("session_state", signed_in.sid))
    return Answer(request.redirect_uri, request.response_mode, tuple(params), signed_in.client.display_name)


def plan_id_token(
    ports: Ports, tx: Transaction, signed_in: SignedIn, wanted: TokenRequest, now: datetime
) -> PlannedToken:
    """Claims of the ID token for this request."""
    standing = standing_at(
        tx, signed_in, signed_in.client, signed_in.principal, ID_TOKEN, in_fragment=wanted.in_fragment
    )
    request = c.IdTokenRequest(
        scopes=wanted.scopes.oidc,
        nonce=wanted.nonce,
        version=wanted.version,
        asks_auth_time=wanted.asks_auth_time,
        claims=wanted.claims,
    )
    policies = tx.tenants.policies(signed_in.tenant.id).token_lifetimes
    lifetime = chosen_lifetime(policies, signed_in.principal.id, signed_in.client.id)
    stamp = c.Stamp(now, lifetime or c.ID_TOKEN_LIFETIME, ports.entropy.token(16))
    claims = c.id_token(signed_in, request, standing.roles, login_hint(ports, signed_in), stamp)
    key = id_token_key(ports, tx, signed_in.client, signed_in.principal, now)
    audience = (signed_in.client, signed_in.principal)
    told = with_mapped_claims(tx, claims | standing.groups, signed_in, audience, key, now)
    return PlannedToken(told, wanted.version, key)


def plan_access_token(
    ports: Ports, tx: Transaction, signed_in: SignedIn, wanted: TokenRequest, now: datetime
) -> PlannedAccess:
    """Claims of the access token for the first resource asked for.

    Raises ResourceNotFound, InvalidScope, ConsentRequired, and NotAssigned where the API requires an assignment.
    """
    access = delegated_access(
        tx, signed_in.tenant, signed_in.client, signed_in.principal, signed_in.user.id, wanted.scopes
    )
    resource = access.resource
    if not is_assigned(tx, resource.principal, signed_in.user.id):
        name = resource.application.display_name
        raise NotAssigned(signed_in.user.sign_in_name, resource.application.app_id, name)
    standing = standing_at(
        tx,
        signed_in,
        resource.application,
        resource.principal,
        ACCESS_TOKEN,
        in_fragment=wanted.in_fragment,
    )
    grant = c.UserGrant(access.scopes, standing.roles, wanted.authentication, wanted.family_id, wanted.claims)
    lifetime = _access_seconds(ports, tx, signed_in, resource)
    stamp = c.Stamp(now, timedelta(seconds=lifetime), ports.entropy.token(16))
    claims = c.user_access_token(signed_in, resource, grant, stamp) | standing.groups
    key = access_token_key(tx, resource.principal)
    told = with_mapped_claims(tx, claims, signed_in, (resource.application, resource.principal), key, now)
    planned = PlannedToken(told, resource.version, key)
    return PlannedAccess(planned, lifetime - 1, access.echo, resource.identifier)


def _access_seconds(ports: Ports, tx: Transaction, signed_in: SignedIn, resource: c.Resource) -> int:
    """How long the access token lives: as a policy says, else the usual time at random."""
    policies = tx.tenants.policies(signed_in.tenant.id).token_lifetimes
    objects = (
        resource.principal.id,
        resource.application.id,
        signed_in.principal.id,
        signed_in.client.id,
    )
    decided = chosen_lifetime(policies, *objects)
    if decided is not None:
        return int(decided.total_seconds())
    return _SHORTEST_ACCESS + int(ports.entropy.digits(6)) % _ACCESS_SPREAD


def sign_token(ports: Ports, token: PlannedToken) -> str:
    """The JWT. v1.0 tokens repeat the key id as ``x5t``."""
    return ports.keys.sign(token.claims, x5t=token.version == V1, own_key=token.own_key)


def client_info(signed_in: SignedIn) -> str:
    """``client_info``: the key under which client libraries keep this account."""
    info = json.dumps({"uid": signed_in.user.id, "utid": signed_in.tenant.id}, separators=(",", ":"))
    return base64.urlsafe_b64encode(info.encode()).rstrip(b"=").decode()


def code_hash(ports: Ports, code: str) -> str:
    """The stored form of an authorization code."""
    return ports.sealer.mac("authorization-code", code)


def login_hint(ports: Ports, signed_in: SignedIn) -> str:
    """The opaque ``login_hint`` claim: finds the account again, at an alias too, and tells the app nothing new."""
    plain = f"{signed_in.tenant.id} {signed_in.user.id} {signed_in.user.sign_in_name}"
    return HINT_PREFIX + ports.sealer.seal(plain.encode(), _HINT_PURPOSE)


def read_login_hint(ports: Ports, tenant_id: TenantId, hint: str) -> tuple[str, str] | None:
    """(user id, sign-in name) of a hint made by us for this tenant, else None."""
    of_tenant, user_id, name = _opened_hint(ports, hint)
    return (user_id, name) if of_tenant == tenant_id else None


def tenant_of_login_hint(ports: Ports, hint: str) -> TenantId | None:
    """The tenant of a hint made by us, else None."""
    return _opened_hint(ports, hint)[0] or None


def _opened_hint(ports: Ports, hint: str) -> tuple[TenantId, str, str]:
    """(tenant id, user id, sign-in name), empty for anything we did not make."""
    if not hint.startswith(HINT_PREFIX):
        return "", "", ""
    try:
        plain = ports.sealer.open(hint[len(HINT_PREFIX) :], _HINT_PURPOSE).decode()
    except ValueError:
        return "", "", ""
    tenant_id, _, account = plain.partition(" ")
    user_id, _, name = account.partition(" ")
    return tenant_id, user_id, name


def _code_row(
    ports: Ports, code: str, family: TokenFamily, signed_in: SignedIn, request: AuthorizeRequest
) -> AuthorizationCode:
    return AuthorizationCode(
        code_hash=code_hash(ports, code),
        tenant_id=family.tenant_id,
        app_id=family.app_id,
        user_id=family.user_id,
        family_id=family.id,
        redirect_uri=request.redirect_uri,
        platform=request.platform,
        scopes=request.scopes,
        issued_at=family.created_at,
        expires_at=family.created_at + CODE_LIFETIME,
        sid=signed_in.sid,
        proofs=signed_in.proofs,
        auth_time=signed_in.auth_time,
        nonce=request.nonce,
        code_challenge=request.code_challenge,
        claims_request=request.claims_request,
        is_persistent=signed_in.is_persistent,
        asks_auth_time=request.max_age is not None,
        endpoint_version=request.endpoint_version,
    )
