"""Who the client is: its registration and local principal, and the credential by which it proves itself.

Secrets are compared by keyed hash in constant time and guesses are counted; assertions follow RFC 7523,
as liberally as the client libraries of the field need.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from xenia.core import errors
from xenia.core.claims import ClientAuthentication
from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.directory.tenant import Tenant
from xenia.core.endpoints import V1, V2, issuer, origins, token_url
from xenia.core.ids import ObjectId, parse_guid
from xenia.core.networks import network_of
from xenia.core.workload_identity import is_from_outside, trusted_issuer
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.applications.local_principal import may_have_principal
from xenia.usecases.tokens.federated_assertion import prove_federated

WRONG_SECRETS = 20
WRONG_SECRETS_WINDOW = timedelta(minutes=5)
CLOCK_SKEW = timedelta(minutes=5)
REUSABLE_ASSERTION = timedelta(minutes=15)
"""Client libraries keep an assertion for its ten minutes and present it again: single use would break
them. An assertion that lives longer than this works once (RFC 7523 section 3, ``jti``)."""
LONGEST_ASSERTION = timedelta(hours=24)


class PresentedClient(Record):
    """What a request says about its client."""

    client_id: str
    secret: str | None = None
    assertion: str | None = None
    network: str = ""
    """Where the request comes from: guesses are counted per client and network."""


class AuthenticatedClient(Record):
    """A client of this tenant, and how it proved itself (NONE: not at all)."""

    application: Application
    principal: ServicePrincipal
    authentication: ClientAuthentication


def client_secret_hash(ports: Ports, application_id: ObjectId, secret: str) -> str:
    """The stored form of a client secret (``ClientSecret.secret_hash``)."""
    return ports.sealer.mac("client-secret", application_id, secret)


def find_client(tx: Transaction, tenant: Tenant, client_id: str) -> tuple[Application, ServicePrincipal]:
    """The registration with this client ID and its principal in the tenant.

    Raises InvalidClientId, ApplicationNotFound, ApplicationDisabled.
    """
    application = find_registration(tx, tenant, client_id)
    principal = tx.applications.service_principal(application.app_id)
    if principal is None:
        raise errors.ApplicationNotFound(application.app_id, tenant.display_name)
    return application, principal


def find_registration(tx: Transaction, tenant: Tenant, client_id: str) -> Application:
    """The registration with this client ID, if it is for this tenant: its principal may come with the first consent.

    Raises InvalidClientId, ApplicationNotFound, ApplicationDisabled.
    """
    app_id = parse_guid(client_id)
    if app_id is None:
        raise errors.InvalidClientId(client_id)
    application = tx.applications.find_by_app_id(app_id)
    # Of what ships with this server every tenant has its own: it never comes by consent.
    if application is None or not may_have_principal(application, tenant.id):
        raise errors.ApplicationNotFound(app_id, tenant.display_name)
    principal = tx.applications.service_principal(app_id)
    if principal is None and (application.is_first_party or application.tenant_id == tenant.id):
        raise errors.ApplicationNotFound(app_id, tenant.display_name)
    if principal is not None and not principal.account_enabled:
        raise errors.ApplicationDisabled(app_id)
    return application


def authenticate_client(
    ports: Ports, tenant: Tenant, presented: PresentedClient, base_url: str, segment: str, now: datetime
) -> AuthenticatedClient:
    """Check the presented credential; without one the client is merely identified (``NONE``).

    Whether a credential is needed is for the grant to say. Raises the errors of ``find_client``,
    WrongClientSecret, ClientSecretExpired, ClientAssertionInvalid, LimitReached, and InvalidRequest when
    two credentials come at once (RFC 6749 section 2.3).
    """
    if presented.secret is not None and presented.assertion is not None:
        raise errors.InvalidRequest(
            "client_assertion", "Send either 'client_secret' or 'client_assertion', not both."
        )
    if presented.assertion is not None:
        return _by_assertion(ports, tenant, presented, presented.assertion, base_url, segment, now)
    if presented.secret is not None:
        return _by_secret(ports, tenant, presented, presented.secret, now)
    with ports.store.read(tenant.id) as tx:
        return AuthenticatedClient(*find_client(tx, tenant, presented.client_id), ClientAuthentication.NONE)


def _by_secret(
    ports: Ports, tenant: Tenant, presented: PresentedClient, secret: str, now: datetime
) -> AuthenticatedClient:
    with ports.store.read(tenant.id) as tx:
        application, principal = find_client(tx, tenant, presented.client_id)
        problem = _secret_problem(ports, tx, application, presented.network, secret, now)
    if problem is not None:
        raise _counted(ports, tenant, application, presented.network, problem, now)
    return AuthenticatedClient(application, principal, ClientAuthentication.SECRET)


def _by_assertion(
    ports: Ports,
    tenant: Tenant,
    presented: PresentedClient,
    assertion: str,
    base_url: str,
    segment: str,
    now: datetime,
) -> AuthenticatedClient:
    parts = ports.assertions.header_and_claims(assertion)
    if parts is None:
        raise errors.ClientAssertionInvalid("format", "Invalid JWT token. Token format not valid.")
    _, claims = parts
    if is_from_outside(claims):
        return _by_federation(ports, tenant, presented, assertion, claims, base_url, now)
    with ports.store.read(tenant.id) as tx:
        application, principal = find_client(tx, tenant, presented.client_id)
        checked = _check_assertion(ports, tx, application, assertion, claims, now)
    _check_audience(ports, tenant, checked.audiences, base_url, segment)
    _check_single_use(ports, tenant, application, checked)
    return AuthenticatedClient(application, principal, ClientAuthentication.ASSERTION)


def _by_federation(
    ports: Ports,
    tenant: Tenant,
    presented: PresentedClient,
    assertion: str,
    claims: dict[str, object],
    base_url: str,
    now: datetime,
) -> AuthenticatedClient:
    """By the token of an issuer the application trusts.

    It is not spent by its use: platforms keep one in a file for an hour and show it at every renewal.
    """
    with ports.store.read(tenant.id) as tx:
        application, principal = find_client(tx, tenant, presented.client_id)
        trusted = trusted_issuer(tx.applications.federated_credentials(application.id), claims)
    _check_times(prove_federated(ports, tenant.id, base_url, assertion, trusted), now)
    return AuthenticatedClient(application, principal, ClientAuthentication.ASSERTION)


def _secret_problem(
    ports: Ports, tx: Transaction, application: Application, network: str, secret: str, now: datetime
) -> errors.XeniaError | None:
    """Why the secret does not prove the client, or None. Raises LimitReached before looking at another guess."""
    key = _limit_key(application, network)
    if tx.limits.count(key, WRONG_SECRETS_WINDOW, now) >= WRONG_SECRETS:
        raise errors.LimitReached("client secret", WRONG_SECRETS_WINDOW)
    hashed = client_secret_hash(ports, application.id, secret)
    known = tx.applications.secrets(application.id)
    matching = [held for held in known if ports.sealer.same(held.secret_hash, hashed)]
    if any(held.starts_at <= now < held.ends_at for held in matching):
        return None
    if any(held.ends_at <= now for held in matching):
        return errors.ClientSecretExpired(application.app_id)
    return errors.WrongClientSecret(application.app_id)


def _counted(
    ports: Ports,
    tenant: Tenant,
    application: Application,
    network: str,
    problem: errors.XeniaError,
    now: datetime,
) -> errors.XeniaError:
    """Count the guess across processes; the refusal to raise."""
    key = _limit_key(application, network)
    wait = ports.store.write(
        tenant.id, lambda tx: tx.limits.hit(key, WRONG_SECRETS, WRONG_SECRETS_WINDOW, now)
    )
    return problem if wait is None else errors.LimitReached("client secret", wait)


def _limit_key(application: Application, network: str) -> str:
    return f"client-secret:{application.app_id}:{network_of(network)}"


class _Assertion(Record):
    audiences: tuple[str, ...]
    replay_key: str
    expires_at: datetime
    is_reusable: bool


def _check_assertion(
    ports: Ports,
    tx: Transaction,
    application: Application,
    assertion: str,
    claims: dict[str, object],
    now: datetime,
) -> _Assertion:
    if claims.get("iss") != claims.get("sub") or parse_guid(_text(claims, "sub")) != application.app_id:
        raise errors.ClientAssertionInvalid(
            "subject", "Client assertion application identifier doesn't match 'client_id' parameter."
        )
    usable = (
        held for held in tx.applications.certificates(application.id) if held.starts_at <= now < held.ends_at
    )
    if not any(ports.assertions.is_signed_by(assertion, held.der) for held in usable):
        raise errors.ClientAssertionInvalid(
            "signature",
            "The certificate with identifier used to sign the client assertion is not registered on application, or "
            "the client assertion failed signature validation.",
        )
    expires_at, is_reusable = _check_times(claims, now)
    audience = claims.get("aud")
    audiences = tuple(map(str, audience)) if isinstance(audience, list) else (_text(claims, "aud"),)
    # Without a jti the whole assertion stands for itself.
    replay_key = _text(claims, "jti") or hashlib.sha256(assertion.encode()).hexdigest()
    return _Assertion(audiences, replay_key, expires_at, is_reusable)


def _check_times(claims: dict[str, object], now: datetime) -> tuple[datetime, bool]:
    """The end of the assertion and whether it is short-lived. Numbers may be floats (RFC 7519 section 2)."""
    moment, skew = now.timestamp(), CLOCK_SKEW.total_seconds()
    expires = _number(claims, "exp")
    starts = [value for name in ("nbf", "iat") if (value := _number(claims, name)) is not None]
    too_far = moment + LONGEST_ASSERTION.total_seconds() + skew
    if (
        expires is None
        or not moment - skew < expires <= too_far
        or any(value > moment + skew for value in starts)
    ):
        raise errors.ClientAssertionInvalid(
            "time",
            "Client assertion is not within its valid time range. Check the clock, and its 'nbf' and 'exp'.",
        )
    lifetime = expires - min(starts, default=0.0)
    return now + timedelta(seconds=expires - moment + skew), lifetime <= REUSABLE_ASSERTION.total_seconds()


def _check_audience(
    ports: Ports, tenant: Tenant, audiences: Iterable[str], base_url: str, segment: str
) -> None:
    """The assertion is for us: a token endpoint or issuer of this tenant under any of its names."""
    names = {tenant.id, segment, tenant.short_name, *(domain.name for domain in tenant.domains)}
    accepted = set()
    for origin in origins(base_url, ports.server.base_url, ports.server.hosts):
        accepted |= {issuer(origin, tenant.id, V1), issuer(origin, tenant.id, V2)}
        accepted |= {token_url(origin, name, version) for name in names for version in (V1, V2)}
    if not accepted & set(audiences):
        raise errors.ClientAssertionInvalid(
            "audience", f"Client assertion audience is not valid. Use '{token_url(base_url, tenant.id)}'."
        )


def _check_single_use(ports: Ports, tenant: Tenant, application: Application, assertion: _Assertion) -> None:
    if assertion.is_reusable:
        return
    key = ports.sealer.mac("client-assertion", application.id, assertion.replay_key)
    fresh = ports.store.write(
        tenant.id, lambda tx: tx.applications.use_assertion(application.id, key, assertion.expires_at)
    )
    if not fresh:
        raise errors.ClientAssertionInvalid(
            "time", "This client assertion was used already; its lifetime is long."
        )


def _text(claims: dict[str, object], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _number(claims: dict[str, object], name: str) -> float | None:
    value = claims.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # Infinity and NaN are no times; nor is what no calendar holds.
    return float(value) if is_number and abs(value) < 1e11 else None  # type: ignore[arg-type]
