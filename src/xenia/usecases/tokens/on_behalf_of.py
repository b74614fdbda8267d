"""An API acts on behalf of the person whose access token it was called with (RFC 7523 section 2.1).

The token presented proves that the person is at work with this very API, and nothing more: what the API may do
further on is decided by what was agreed to for the API itself. Nothing of what the token says about the
person is taken over; directory, policies and the sign-in it descends from are asked.
"""

from __future__ import annotations

from datetime import datetime

from xenia.core import errors
from xenia.core.claims import FAMILY_PREFIX, ClientAuthentication
from xenia.core.claims_request import ClaimsRequest
from xenia.core.codes import TokenFamily
from xenia.core.directory.application import Application, Platform
from xenia.core.directory.tenant import Tenant
from xenia.core.endpoints import V1, V2, issuer, origins
from xenia.core.ids import fold, parse_guid
from xenia.core.signin.answer import SignedIn
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.sessions.person_sign_in_record import Caller, token_record
from xenia.usecases.tokens.access import requested_scopes
from xenia.usecases.tokens.authenticate_client import AuthenticatedClient
from xenia.usecases.tokens.issue_tokens import TokenRequest
from xenia.usecases.tokens.redeem_code import living_user
from xenia.usecases.tokens.refresh import check_still_admitted
from xenia.usecases.tokens.refresh_tokens import RefreshTerms, first_refresh_token, new_family
from xenia.usecases.tokens.token_set import PlannedTokens, TokenSet, plan_tokens, sign_tokens


class DelegationOrder(Record):
    """What the API sends."""

    assertion: str
    """The access token it was called with."""
    scopes: tuple[str, ...]
    claims: str | None
    version: str
    """Of the endpoint."""
    caller: Caller


class _UserAssertion(Record):
    """What of the access token is relied on, once it is proven to be one."""

    app_id: str
    """The client that called the API."""
    user_id: str
    family_id: str
    issued_at: datetime


def act_on_behalf_of(
    ports: Ports, tenant: Tenant, client: AuthenticatedClient, order: DelegationOrder, now: datetime
) -> TokenSet:
    """Tokens of the assertion's person for another API.

    Raises ClientCredentialMissing, UserAssertionInvalid, UserAssertionForOther, UserAssertionExpired,
    IdTokenAsAssertion, AppOnlyAssertion, ApplicationDisabled, MixedResources, GrantRevoked, and what
    ``living_user``, ``check_still_admitted`` and ``plan_access_token`` raise.
    """
    if client.authentication is ClientAuthentication.NONE:
        raise errors.ClientCredentialMissing
    assertion = _read_assertion(ports, tenant, client.application, order, now)
    planned = ports.store.write(
        tenant.id, lambda tx: _delegate(ports, tx, tenant, client, assertion, order, now)
    )
    return sign_tokens(ports, planned)


def _read_assertion(
    ports: Ports, tenant: Tenant, api: Application, order: DelegationOrder, now: datetime
) -> _UserAssertion:
    """Signature, kind, issuer, audience and time, in this order: nothing is told about a token that is not ours."""
    claims = ports.keys.verify(order.assertion, app_id=api.app_id)
    if claims is None:
        raise errors.UserAssertionInvalid
    # ID tokens name no client beside their audience: presented here, they would turn a sign-in into a call.
    app_id = _text(claims, "azp") or _text(claims, "appid")
    if not app_id:
        raise errors.IdTokenAsAssertion
    ours = origins(order.caller.base_url, ports.server.base_url, ports.server.hosts)
    issuers = {issuer(origin, tenant.id, version) for origin in ours for version in (V1, V2)}
    if _text(claims, "iss") not in issuers or parse_guid(_text(claims, "tid")) != tenant.id:
        raise errors.UserAssertionInvalid("the token was issued by another tenant")
    if not _is_for(api, _text(claims, "aud")):
        raise errors.UserAssertionForOther(api.app_id)
    if not _number(claims, "nbf") <= int(now.timestamp()) < _number(claims, "exp"):
        raise errors.UserAssertionExpired
    user_id = _text(claims, "oid")
    if not _text(claims, "scp") or not user_id:
        raise errors.AppOnlyAssertion(app_id)
    issued_at = datetime.fromtimestamp(_number(claims, "iat"), now.tzinfo)
    return _UserAssertion(app_id, user_id, _text(claims, "rh").removeprefix(FAMILY_PREFIX), issued_at)


def _is_for(api: Application, audience: str) -> bool:
    """Whether ``aud`` is one of the API's names: v1.0 tokens carry the one their client used."""
    names = (api.app_id, f"api://{api.app_id}", *api.identifier_uris)
    return fold(audience).rstrip("/") in {fold(name).rstrip("/") for name in names}


def _delegate(
    ports: Ports,
    tx: Transaction,
    tenant: Tenant,
    client: AuthenticatedClient,
    assertion: _UserAssertion,
    order: DelegationOrder,
    now: datetime,
) -> PlannedTokens:
    # User, then family: both are held until the commit, in the order of everybody who revokes.
    user = living_user(tx, assertion.user_id, now)
    family = _living_family(tx, assertion)
    if user.sessions_valid_from is not None and family.created_at < user.sessions_valid_from:
        raise errors.GrantRevoked(family.created_at)
    check_still_admitted(tx, tenant, client, user, family.proofs, now)
    signed_in = SignedIn(
        tenant=tenant,
        user=user,
        client=client.application,
        principal=client.principal,
        proofs=family.proofs,
        sid=family.sid,
        is_persistent=False,
        base_url=order.caller.base_url,
        ip_address=order.caller.ip_address,
        directory_roles=tx.users.roles(user.id),
    )
    planned = _planned(ports, tx, signed_in, client, family, order, now)
    tx.logs.sign_in(token_record(ports.entropy.guid(), planned, order.caller, now))
    return planned


def _living_family(tx: Transaction, assertion: _UserAssertion) -> TokenFamily:
    """The sign-in that the access token descends from. Raises ApplicationDisabled, GrantRevoked."""
    caller = tx.applications.service_principal(assertion.app_id)
    if caller is None or not caller.account_enabled:
        raise errors.ApplicationDisabled(assertion.app_id)
    family = tx.sign_ins.find_family(assertion.family_id) if assertion.family_id else None
    if family is None or family.revoked_at is not None or not family.proofs:
        raise errors.GrantRevoked(assertion.issued_at)
    return family


def _planned(
    ports: Ports,
    tx: Transaction,
    signed_in: SignedIn,
    client: AuthenticatedClient,
    origin: TokenFamily,
    order: DelegationOrder,
    now: datetime,
) -> PlannedTokens:
    asked = requested_scopes(ports, order.caller.base_url, order.scopes)
    if len(asked.resources) > 1:
        raise errors.MixedResources
    # A family of its own: the API's misuse of its refresh token must not sign the person out of the app.
    family = new_family(ports, tx, signed_in, now)
    terms = RefreshTerms(
        family_id=family.id,
        platform=Platform.WEB,
        scopes=order.scopes,
        signed_in_at=origin.created_at,
        claims_request=order.claims,
        endpoint_version=order.version,
    )
    wanted = TokenRequest(
        scopes=asked,
        family_id=family.id,
        authentication=client.authentication,
        claims=ClaimsRequest.parse(order.claims),
        nonce=None,
        asks_auth_time=False,
        version=order.version,
    )
    refresh = first_refresh_token(ports, tx, signed_in, terms, now)
    return plan_tokens(ports, tx, signed_in, wanted, refresh, now)


def _text(claims: dict[str, object], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _number(claims: dict[str, object], name: str) -> int:
    value = claims.get(name)
    return value if isinstance(value, int) else 0
