"""A password that an app took from its user (RFC 6749 section 4.3), where a tenant allows that at all.

Only members have passwords, and a password alone must be enough: where a page would have to ask for more,
the app is told so. Unknown names, guests and wrong passwords look, cost and count the same.
"""

from __future__ import annotations

from datetime import datetime

from xenia.core import errors
from xenia.core.aadsts import AADSTS
from xenia.core.claims import ClientAuthentication
from xenia.core.claims_request import ClaimsRequest
from xenia.core.credentials import PasswordCredential
from xenia.core.directory.application import Platform
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.ids import fold
from xenia.core.signin.answer import SignedIn
from xenia.core.signin.facts import Factor, Proof
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.sessions.person_sign_in_record import Caller, refused_record, token_record
from xenia.usecases.sign_in.password_limits import (
    count_password_try,
    password_key,
    whole_login,
    with_password,
)
from xenia.usecases.tokens.access import agreed_openid_scopes, requested_scopes
from xenia.usecases.tokens.authenticate_client import AuthenticatedClient
from xenia.usecases.tokens.issue_tokens import TokenRequest
from xenia.usecases.tokens.refresh import check_still_admitted
from xenia.usecases.tokens.refresh_tokens import RefreshTerms, first_refresh_token, new_family
from xenia.usecases.tokens.token_set import PlannedTokens, TokenSet, plan_tokens, sign_tokens

_LONGEST = 256


class PasswordOrder(Record):
    """What the app sends."""

    login: str
    password: str
    scopes: tuple[str, ...]
    claims: str | None
    version: str
    caller: Caller


def sign_in_with_password(
    ports: Ports, tenant: Tenant, client: AuthenticatedClient, order: PasswordOrder, now: datetime
) -> TokenSet:
    """Check the password and issue tokens. Argon2 runs between two transactions.

    Raises UnsupportedGrantType where the tenant does not allow it, ClientCredentialMissing for an app that is not
    registered as a public client, LimitReached, WrongPassword, AccountDisabled, PasswordMustChange,
    SecondFactorRequired, NotAssigned, MixedResources, and what ``plan_access_token`` raises.
    """
    if (
        client.authentication is ClientAuthentication.NONE
        and not client.application.is_fallback_public_client
    ):
        raise errors.ClientCredentialMissing
    login = whole_login(tenant, order.login)
    begun = ports.store.write(tenant.id, lambda tx: _begin(ports, tx, tenant, login, order, now))
    if isinstance(begun, errors.XeniaError):
        raise begun
    hashed = begun.hash if begun is not None else None
    right = len(order.password) <= _LONGEST and ports.passwords.verify(order.password, hashed)
    outcome = ports.store.write(
        tenant.id,
        lambda tx: _finish(ports, tx, tenant, client, login, hashed if right else None, order, now),
    )
    if isinstance(outcome, errors.XeniaError):
        raise outcome
    return sign_tokens(ports, outcome)


def _begin(
    ports: Ports, tx: Transaction, tenant: Tenant, login: str, order: PasswordOrder, now: datetime
) -> PasswordCredential | errors.XeniaError | None:
    """Count the try and find what to verify. A returned error commits the count."""
    if not tx.tenants.policies(tenant.id).password_grant:
        raise errors.UnsupportedGrantType("password")
    wait = count_password_try(ports, tx, tenant.id, login, order.caller.ip_address, now)
    if wait is not None:
        return errors.LimitReached("password", wait)
    user = with_password(tx, login)
    return tx.credentials.password(user.id) if user is not None else None


def _finish(
    ports: Ports,
    tx: Transaction,
    tenant: Tenant,
    client: AuthenticatedClient,
    login: str,
    verified: str | None,
    order: PasswordOrder,
    now: datetime,
) -> PlannedTokens | errors.XeniaError:
    user = with_password(tx, login)
    credential = tx.credentials.password(user.id) if user is not None else None
    # The hash is compared again: a password changed meanwhile must not let the old one in.
    if user is None or credential is None or verified is None or credential.hash != verified:
        return _refused(ports, tx, tenant, client, user, order, now)
    tx.limits.clear(password_key(tenant.id, login))
    if not user.account_enabled:
        raise errors.AccountDisabled
    if credential.must_change:
        raise errors.PasswordMustChange
    upn = fold(user.user_principal_name)
    proof = Proof("password", Factor.FIRST, now, ("pwd",), tenant.initial_domain, upn)
    check_still_admitted(tx, tenant, client, user, (proof,), now)
    planned = _planned(
        ports, tx, _signed_in(ports, tx, tenant, client, user, proof, order), client, order, now
    )
    tx.logs.sign_in(token_record(ports.entropy.guid(), planned, order.caller, now, is_new=True))
    return planned


def _refused(
    ports: Ports,
    tx: Transaction,
    tenant: Tenant,
    client: AuthenticatedClient,
    user: User | None,
    order: PasswordOrder,
    now: datetime,
) -> errors.XeniaError:
    error = errors.WrongPassword()
    if user is not None:
        refusal, record_id = (AADSTS[type(error)].code, error.message), ports.entropy.guid()
        tx.logs.sign_in(
            refused_record(record_id, tenant, client.application, user, order.caller, refusal, now)
        )
    return error


def _signed_in(
    ports: Ports,
    tx: Transaction,
    tenant: Tenant,
    client: AuthenticatedClient,
    user: User,
    proof: Proof,
    order: PasswordOrder,
) -> SignedIn:
    return SignedIn(
        tenant=tenant,
        user=user,
        client=client.application,
        principal=client.principal,
        proofs=(proof,),
        sid=ports.entropy.guid(),
        is_persistent=False,
        base_url=order.caller.base_url,
        ip_address=order.caller.ip_address,
        directory_roles=tx.users.roles(user.id),
    )


def _planned(
    ports: Ports,
    tx: Transaction,
    signed_in: SignedIn,
    client: AuthenticatedClient,
    order: PasswordOrder,
    now: datetime,
) -> PlannedTokens:
    asked = requested_scopes(ports, order.caller.base_url, order.scopes)
    if len(asked.resources) > 1:
        raise errors.MixedResources
    agreed = agreed_openid_scopes(tx, client.application, client.principal, signed_in.user.id)
    if not asked.resources and not agreed & set(asked.oidc):
        # With a resource, its own permissions are what must have been agreed to.
        raise errors.ConsentRequired(client.application.app_id, client.application.display_name)
    family = new_family(ports, tx, signed_in, now)
    is_public = client.authentication is ClientAuthentication.NONE
    terms = RefreshTerms(
        family_id=family.id,
        platform=Platform.PUBLIC if is_public else Platform.WEB,
        scopes=order.scopes,
        signed_in_at=now,
        claims_request=order.claims,
        endpoint_version=order.version,
    )
    wanted = TokenRequest(
        scopes=replace(asked, resources=asked.resources[:1]),
        family_id=family.id,
        authentication=client.authentication,
        claims=ClaimsRequest.parse(order.claims),
        nonce=None,
        asks_auth_time=False,
        version=order.version,
    )
    return plan_tokens(
        ports, tx, signed_in, wanted, first_refresh_token(ports, tx, signed_in, terms, now), now
    )
