"""The redemption of an authorization code (RFC 6749 section 4.1.3), once and by the right client.

What commits when it is refused is decided per case: a wrong verifier leaves the code unspent but is
counted, until too many of them kill it; a second use revokes everything the first one issued, and
commits before answering. Any other refusal leaves no trace.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime

from xenia.core import errors
from xenia.core.claims import ClientAuthentication
from xenia.core.claims_request import ClaimsRequest
from xenia.core.codes import VERIFIER_TRIES, AuthorizationCode
from xenia.core.directory.application import Platform
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.ids import ObjectId
from xenia.core.scopes import RequestedScopes
from xenia.core.signin.answer import SignedIn
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.tokens.access import requested_scopes
from xenia.usecases.tokens.authenticate_client import AuthenticatedClient
from xenia.usecases.tokens.issue_tokens import TokenRequest, code_hash
from xenia.usecases.tokens.refresh_tokens import RefreshTerms, first_refresh_token
from xenia.usecases.tokens.token_set import PlannedTokens, TokenSet, plan_tokens, sign_tokens

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class CodeRedemption(Record):
    """What the client sends to have its code redeemed."""

    code: str
    redirect_uri: str | None
    verifier: str | None
    scopes: tuple[str, ...]
    """Empty: those of the authorization request."""
    base_url: str
    ip_address: str = ""
    origin: str | None = None
    """The Origin header: browser code redeems codes of single-page applications, and only those."""


def redeem_code(
    ports: Ports, tenant: Tenant, client: AuthenticatedClient, redemption: CodeRedemption, now: datetime
) -> TokenSet:
    """Spend the code and issue its tokens.

    Raises InvalidGrant, GrantRevoked, UserGone, CodeOfOtherTenant, CodeExpired, CodeReused, CodeRedirectMismatch, WrongVerifier,
    the rules of its platform (CrossOriginNotAllowed, OriginRequired, ClientCredentialMissing,
    PublicClientCredential, PkceRequired), and what ``plan_access_token`` raises.
    """
    outcome = ports.store.write(tenant.id, lambda tx: _redeem(ports, tx, tenant, client, redemption, now))
    if isinstance(outcome, errors.XeniaError):
        raise outcome
    return sign_tokens(ports, outcome)


def _redeem(
    ports: Ports,
    tx: Transaction,
    tenant: Tenant,
    client: AuthenticatedClient,
    redemption: CodeRedemption,
    now: datetime,
) -> PlannedTokens | errors.XeniaError:
    spent = spend_code(ports, tx, tenant, client, redemption, now)
    if isinstance(spent, errors.XeniaError):
        return spent
    code, signed_in = spent
    terms = RefreshTerms(
        family_id=code.family_id,
        platform=code.platform,
        scopes=code.scopes,
        signed_in_at=code.issued_at,
        claims_request=code.claims_request,
        asks_auth_time=code.asks_auth_time,
        endpoint_version=code.endpoint_version,
    )
    refresh = first_refresh_token(ports, tx, signed_in, terms, now)
    return plan_tokens(ports, tx, signed_in, _wanted(ports, client, code, redemption), refresh, now)


def spend_code(
    ports: Ports,
    tx: Transaction,
    tenant: Tenant,
    client: AuthenticatedClient,
    redemption: CodeRedemption,
    now: datetime,
) -> tuple[AuthorizationCode, SignedIn] | errors.XeniaError:
    """Check and spend the code inside the caller's transaction; also how our own surfaces redeem theirs.

    A *returned* error commits what was counted or revoked; a raised one (see ``redeem_code``) does not.
    """
    hashed = code_hash(ports, redemption.code)
    code = _find(tx, hashed, client)
    # Before anything reacts: whoever cannot prove to be the client must not be able to revoke its sign-in.
    _check_platform(code, client, redemption)
    if code.consumed_at is not None:
        return _reused(tx, code, now)
    if code.expires_at <= now:
        raise errors.CodeExpired
    if code.redirect_uri != (redemption.redirect_uri or _only_redirect_uri(client)):
        raise errors.CodeRedirectMismatch
    if not _is_verified(code, redemption.verifier):
        if tx.sign_ins.count_verifier_failure(hashed) >= VERIFIER_TRIES:
            tx.sign_ins.consume_code(hashed, now)
        return errors.WrongVerifier()
    if not tx.sign_ins.consume_code(hashed, now):
        return _reused(tx, code, now)
    return code, _signed_in(tx, tenant, client, code, redemption)


def _find(tx: Transaction, hashed: str, client: AuthenticatedClient) -> AuthorizationCode:
    code = tx.sign_ins.find_code(hashed)
    if code is None:
        if tx.sign_ins.find_code_anywhere(hashed) is not None:
            raise errors.CodeOfOtherTenant
        raise errors.InvalidGrant
    if code.app_id != client.application.app_id:
        # Neither spent nor revoked: another client must not be able to end this one's sign-in.
        raise errors.InvalidGrant
    return code


def _reused(tx: Transaction, code: AuthorizationCode, now: datetime) -> errors.XeniaError:
    """RFC 9700 section 4.5: one of the two holders is a thief, so what was issued ends."""
    tx.sign_ins.revoke_family(code.family_id, now)
    return errors.CodeReused()


def check_platform(platform: Platform, client: AuthenticatedClient, origin: str | None) -> None:
    """Which credential the kind of client demands, and whether a browser may use what belongs to it.

    Raises CrossOriginNotAllowed, OriginRequired, ClientCredentialMissing, PublicClientCredential.
    """
    has_credential = client.authentication is not ClientAuthentication.NONE
    if platform is Platform.SPA and origin is None:
        raise errors.OriginRequired
    if platform is not Platform.SPA and origin is not None:
        raise errors.CrossOriginNotAllowed
    if platform is Platform.WEB and not has_credential:
        raise errors.ClientCredentialMissing
    if platform is not Platform.WEB and has_credential:
        raise errors.PublicClientCredential


def _check_platform(code: AuthorizationCode, client: AuthenticatedClient, redemption: CodeRedemption) -> None:
    """The same for a code, which in a browser needs its verifier besides."""
    if code.platform is Platform.SPA and redemption.origin is not None and redemption.verifier is None:
        raise errors.PkceRequired
    check_platform(code.platform, client, redemption.origin)


def _only_redirect_uri(client: AuthenticatedClient) -> str | None:
    """Where exactly one is registered, neither leg need name it (RFC 6749 section 3.1.2.3)."""
    registered = client.application.redirect_uris
    return registered[0].uri if len(registered) == 1 else None


def _is_verified(code: AuthorizationCode, verifier: str | None) -> bool:
    """PKCE with S256 (RFC 7636 section 4.6).

    A verifier without a challenge fails too: somebody may have stripped the challenge from the request
    (RFC 9700 section 4.8.2, PKCE downgrade).
    """
    if code.code_challenge is None or verifier is None:
        return code.code_challenge is None and verifier is None
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(digest, code.code_challenge)


def _signed_in(
    tx: Transaction,
    tenant: Tenant,
    client: AuthenticatedClient,
    code: AuthorizationCode,
    redemption: CodeRedemption,
) -> SignedIn:
    """The person behind the code as the directory knows them now. Raises GrantRevoked and what ``living_user`` raises."""
    user = living_user(tx, code.user_id, code.issued_at)
    family = tx.sign_ins.find_family(code.family_id)
    if family is None or family.revoked_at is not None:
        raise errors.GrantRevoked(code.issued_at)
    return SignedIn(
        tenant=tenant,
        user=user,
        client=client.application,
        principal=client.principal,
        proofs=code.proofs,
        sid=code.sid,
        is_persistent=code.is_persistent,
        base_url=redemption.base_url,
        ip_address=redemption.ip_address,
        directory_roles=tx.users.roles(user.id),
    )


def living_user(tx: Transaction, user_id: ObjectId, signed_in_at: datetime) -> User:
    """The person of a sign-in of then, if they may still have tokens.

    Raises UserGone, AccountDisabled or GuestAccountDisabled, and GrantRevoked after a revocation since.
    """
    user = tx.users.find(user_id)
    if user is None:
        raise errors.UserGone
    if not user.account_enabled:
        raise errors.GuestAccountDisabled if user.is_external else errors.AccountDisabled
    if user.sessions_valid_from is not None and signed_in_at < user.sessions_valid_from:
        raise errors.GrantRevoked(signed_in_at)
    return user


def _wanted(
    ports: Ports, client: AuthenticatedClient, code: AuthorizationCode, redemption: CodeRedemption
) -> TokenRequest:
    """OpenID scopes are those of the authorization request; the resource may be named anew."""
    asked = requested_scopes(ports, redemption.base_url, code.scopes)
    again = requested_scopes(ports, redemption.base_url, redemption.scopes)
    if len(again.resources) > 1:
        raise errors.MixedResources
    claims = ClaimsRequest.parse(code.claims_request)
    return TokenRequest(
        scopes=replace(asked, resources=again.resources) if again.resources else _first(asked),
        family_id=code.family_id,
        authentication=client.authentication,
        claims=claims,
        nonce=code.nonce,
        asks_auth_time=code.asks_auth_time,
        version=code.endpoint_version,
    )


def _first(asked: RequestedScopes) -> RequestedScopes:
    return replace(asked, resources=asked.resources[:1])
