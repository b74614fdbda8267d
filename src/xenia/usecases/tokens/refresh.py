"""The use of a refresh token (RFC 6749 section 6): new tokens for a sign-in of before, without the person.

Everything that could have changed since is looked at anew: directory, policies, consent. A token is used up
by each success; a second use revokes its family and commits before answering, any other refusal leaves it
unused. Client libraries that repeat a lost request, or send two at once, are told apart by time alone
(``RETRY_GRACE``).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core import errors
from xenia.core.aadsts import AADSTS, aadsts_of
from xenia.core.claims_request import ClaimsRequest
from xenia.core.directory.application import Platform
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.endpoints import V1
from xenia.core.refresh_token import RefreshToken
from xenia.core.signin.answer import SignedIn
from xenia.core.signin.demands import Demands, oldest_sign_in
from xenia.core.signin.facts import Factor, Proof
from xenia.core.signin.interrupts import is_fresh
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.sessions.person_sign_in_record import Caller, refused_record, token_record
from xenia.usecases.tokens.access import agreed_openid_scopes, is_assigned, requested_scopes
from xenia.usecases.tokens.authenticate_client import AuthenticatedClient
from xenia.usecases.tokens.issue_tokens import TokenRequest
from xenia.usecases.tokens.redeem_code import check_platform, living_user
from xenia.usecases.tokens.refresh_tokens import (
    OFFLINE_ACCESS,
    IssuedRefreshToken,
    RefreshTerms,
    family_of_refresh_token,
    issue_refresh_token,
    refresh_token_hash,
)
from xenia.usecases.tokens.token_set import PlannedTokens, TokenSet, plan_tokens, sign_tokens

REFUSALS_NOTED = 5
REFUSALS_WINDOW = timedelta(minutes=10)
NOT_A_REFRESH_TOKEN = "The provided refresh token is not valid."  # noqa: S105  (a sentence)


class RefreshRequest(Record):
    """What the client sends with its refresh token."""

    token: str
    scopes: tuple[str, ...]
    """Empty: those first asked for."""
    claims: str | None
    """The ``claims`` parameter; None: that of the authorization request."""
    version: str
    """Of the endpoint: it decides the form of the ID token."""
    caller: Caller
    origin: str | None = None


def refresh(
    ports: Ports, tenant: Tenant, client: AuthenticatedClient, request: RefreshRequest, now: datetime
) -> TokenSet:
    """Use the token up and issue its successor with new tokens.

    Raises InvalidGrant for a token unknown here or of another client, RefreshTokenReused, RefreshTokenExpired,
    SpaRefreshTokenExpired, GrantRevoked, SignInTooOld, SecondFactorRequired, NotAssigned, what
    ``check_platform``, ``living_user`` and ``plan_access_token`` raise.
    """
    if family_of_refresh_token(ports, request.token) is None:
        # Nobody but this server makes the mark: guesses cost no transaction.
        raise errors.InvalidGrant(NOT_A_REFRESH_TOKEN)
    try:
        outcome = ports.store.write(tenant.id, lambda tx: _refresh(ports, tx, tenant, client, request, now))
    except errors.XeniaError as error:
        _note_refusal(ports, tenant, client, request, error, now)
        raise
    if isinstance(outcome, errors.XeniaError):
        raise outcome
    return sign_tokens(ports, outcome)


def _note_refusal(
    ports: Ports,
    tenant: Tenant,
    client: AuthenticatedClient,
    request: RefreshRequest,
    error: errors.XeniaError,
    now: datetime,
) -> None:
    """Why a person's app was cut off is for their administrator to see; guesses at unknown tokens are not kept."""
    record_id, refusal = ports.entropy.guid(), (aadsts_of(error).code, error.message)

    def work(tx: Transaction) -> None:
        token = tx.sign_ins.find_refresh_token(refresh_token_hash(ports, request.token))
        user = tx.users.find(token.user_id, deleted=True) if token is not None else None
        if token is None or user is None or token.app_id != client.application.app_id:
            return
        # An app that does not give up must not fill the log.
        key = f"refused-refresh:{token.family_id}"
        if tx.limits.hit(key, REFUSALS_NOTED, REFUSALS_WINDOW, now) is None:
            record = refused_record(record_id, tenant, client.application, user, request.caller, refusal, now)
            tx.logs.sign_in(record)

    ports.store.write(tenant.id, work)


def _refresh(
    ports: Ports,
    tx: Transaction,
    tenant: Tenant,
    client: AuthenticatedClient,
    request: RefreshRequest,
    now: datetime,
) -> PlannedTokens | errors.XeniaError:
    token = tx.sign_ins.find_refresh_token(refresh_token_hash(ports, request.token))
    if token is None:
        return _long_gone(ports, tx, client, request, now)
    if token.app_id != client.application.app_id:
        # Neither used up nor revoked: another client must not be able to end this one's sign-in.
        raise errors.InvalidGrant(NOT_A_REFRESH_TOKEN)
    # Before anything reacts: whoever cannot prove to be the client must not be able to revoke its sign-in.
    check_platform(token.platform, client, request.origin)
    # Both are held until the commit, in the order of everybody who revokes: uses come one after another.
    tx.users.find(token.user_id)
    family = tx.sign_ins.find_family(token.family_id)
    if family is None or family.revoked_at is not None:
        raise errors.GrantRevoked(token.signed_in_at)
    if not _use_up(tx, token, now):
        return _reused(ports, tx, tenant, client, token, request, now)
    if token.expires_at <= now:
        is_spa = token.platform is Platform.SPA
        raise (errors.SpaRefreshTokenExpired if is_spa else errors.RefreshTokenExpired)(token.issued_at)
    signed_in = _signed_in_again(tx, tenant, client, token, request, now)
    wanted = _wanted(ports, tx, signed_in, client, token, request)
    planned = plan_tokens(ports, tx, signed_in, wanted, _successor(ports, tx, signed_in, token, now), now)
    tx.logs.sign_in(token_record(ports.entropy.guid(), planned, request.caller, now))
    return planned


def _use_up(tx: Transaction, token: RefreshToken, now: datetime) -> bool:
    return tx.sign_ins.consume_refresh_token(token, now) or tx.sign_ins.retry_refresh_token(
        token.token_hash, now
    )


def _reused(
    ports: Ports,
    tx: Transaction,
    tenant: Tenant,
    client: AuthenticatedClient,
    token: RefreshToken,
    request: RefreshRequest,
    now: datetime,
) -> errors.XeniaError:
    """RFC 9700 section 4.14.2: one of two holders is a thief, and nobody knows which; the owner finds it in the log."""
    tx.sign_ins.revoke_family(token.family_id, now)
    error = errors.RefreshTokenReused()
    user = tx.users.find(token.user_id)
    if user is not None:
        refusal = (AADSTS[type(error)].code, error.message)
        record_id = ports.entropy.guid()
        tx.logs.sign_in(
            refused_record(record_id, tenant, client.application, user, request.caller, refusal, now)
        )
    return error


def _long_gone(
    ports: Ports, tx: Transaction, client: AuthenticatedClient, request: RefreshRequest, now: datetime
) -> errors.XeniaError:
    """A token of ours that the database has forgotten: it was used up long ago, so this is reuse too."""
    family = tx.sign_ins.find_family(family_of_refresh_token(ports, request.token) or "")
    if family is None or family.app_id != client.application.app_id:
        return errors.InvalidGrant(NOT_A_REFRESH_TOKEN)
    tx.sign_ins.revoke_family(family.id, now)
    return errors.RefreshTokenReused()


def _successor(
    ports: Ports, tx: Transaction, signed_in: SignedIn, token: RefreshToken, now: datetime
) -> IssuedRefreshToken:
    terms = RefreshTerms(
        family_id=token.family_id,
        platform=token.platform,
        scopes=token.scopes,
        signed_in_at=token.signed_in_at,
        expires_at=token.expires_at if token.platform is Platform.SPA else None,
        claims_request=token.claims_request,
        asks_auth_time=token.asks_auth_time,
        endpoint_version=token.endpoint_version,
    )
    return issue_refresh_token(ports, tx, signed_in, terms, now)


def _signed_in_again(
    tx: Transaction,
    tenant: Tenant,
    client: AuthenticatedClient,
    token: RefreshToken,
    request: RefreshRequest,
    now: datetime,
) -> SignedIn:
    """The sign-in of then, if directory and policies of now still let it count."""
    user = living_user(tx, token.user_id, token.signed_in_at)
    check_still_admitted(tx, tenant, client, user, token.proofs, now)
    return SignedIn(
        tenant=tenant,
        user=user,
        client=client.application,
        principal=client.principal,
        proofs=token.proofs,
        sid=token.sid,
        is_persistent=token.is_persistent,
        base_url=request.caller.base_url,
        ip_address=request.caller.ip_address,
        directory_roles=tx.users.roles(user.id),
    )


def check_still_admitted(
    tx: Transaction,
    tenant: Tenant,
    client: AuthenticatedClient,
    user: User,
    proofs: tuple[Proof, ...],
    now: datetime,
) -> None:
    """What a page would ask for now, said to an app that cannot show one.

    Raises SignInTooOld, SecondFactorRequired, NotAssigned.
    """
    first = next(proof for proof in proofs if proof.factor is Factor.FIRST)
    if not is_fresh(first, Demands(), now):
        raise errors.SignInTooOld(first.at)
    policies = tx.tenants.policies(tenant.id)
    if first.at < oldest_sign_in(policies, now):
        raise errors.SignInTooOld(first.at, policies.sign_in_frequency)
    has_second = any(proof.factor is Factor.SECOND for proof in proofs)
    if policies.security_defaults and not has_second:
        raise errors.SecondFactorRequired
    if not is_assigned(tx, client.principal, user.id):
        application = client.application
        raise errors.NotAssigned(user.sign_in_name, application.app_id, application.display_name)


def _wanted(
    ports: Ports,
    tx: Transaction,
    signed_in: SignedIn,
    client: AuthenticatedClient,
    token: RefreshToken,
    request: RefreshRequest,
) -> TokenRequest:
    """What to issue: any resource the person agreed to, and no more than they agreed to.

    ``nonce`` belongs to the authorization request and stays away (OpenID Connect Core section 12.2).
    """
    base_url = request.caller.base_url
    held = requested_scopes(ports, base_url, token.scopes)
    asked = requested_scopes(ports, base_url, request.scopes) if request.scopes else held
    if request.version == V1:  # names a resource and nothing else
        asked = replace(asked, oidc=tuple(dict.fromkeys((*asked.oidc, *held.oidc))))
    agreed = agreed_openid_scopes(tx, client.application, client.principal, signed_in.user.id)
    withdrawn = OFFLINE_ACCESS in held.oidc and OFFLINE_ACCESS not in agreed
    if withdrawn or not set(asked.oidc) <= {*held.oidc, *agreed}:
        raise errors.ConsentRequired(client.application.app_id, client.application.display_name)
    return TokenRequest(
        scopes=replace(asked, resources=asked.resources[:1]),
        family_id=token.family_id,
        authentication=client.authentication,
        claims=ClaimsRequest.parse(request.claims or token.claims_request),
        nonce=None,
        asks_auth_time=token.asks_auth_time,
        version=request.version,
    )
