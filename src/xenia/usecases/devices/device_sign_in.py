"""The way of a device without a browser (RFC 8628): its request, and what its person decides elsewhere.

Whoever types a code signs somebody's device in, perhaps not their own (RFC 8628 section 5.4): so what asked, from
where and when is kept for the page, and nothing is decided without an answer given there. What the device
makes of it is ``redeem_device_code``'s.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core import errors
from xenia.core.claims import ClientAuthentication
from xenia.core.claims_request import ClaimsRequest
from xenia.core.device_code import (
    DEVICE_CODE_LIFETIME,
    USER_CODE_DIGITS,
    DeviceCode,
    typed_user_code,
    user_code,
)
from xenia.core.directory.application import Application, Platform
from xenia.core.directory.first_party import PLATFORM_TENANT_ID
from xenia.core.directory.tenant import Tenant
from xenia.core.ids import TenantId
from xenia.core.networks import network_of
from xenia.core.signin.request import AuthorizeRequest
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.sessions.person_sign_in_record import Caller
from xenia.usecases.tokens.access import check_requested, requested_scopes
from xenia.usecases.tokens.authenticate_client import AuthenticatedClient

WRONG_USER_CODES = 20
WRONG_USER_CODES_WINDOW = timedelta(minutes=15)
"""By network: with 43 bits to guess, that is hopeless for hundreds of thousands of networks at once."""
REQUESTS = 60
REQUESTS_WINDOW = timedelta(minutes=15)
"""By network: anybody can ask for codes, and each is a row."""
_DRAWS = 3


class DeviceOrder(Record):
    """What the device asks for."""

    scopes: tuple[str, ...]
    claims: str | None
    version: str
    """Of the endpoint."""
    caller: Caller
    kept_by: TenantId
    """The tenant, or the platform until somebody names the account by which they approve."""


class IssuedDeviceCode(Record):
    """Both codes, for the answer alone."""

    device_code: str
    user_code: str


class WaitingDevice(Record):
    """A request that waits for a decision, with what the person must see before giving one."""

    tenant: Tenant
    code: DeviceCode
    application: Application
    publisher: Tenant | None
    """The organization that registered the application."""

    @property
    def is_claimed(self) -> bool:
        """Whether a tenant is known; else whoever approves names their account first."""
        return self.tenant.id != PLATFORM_TENANT_ID


def request_device_code(
    ports: Ports, tenant: Tenant, client: AuthenticatedClient, order: DeviceOrder, now: datetime
) -> IssuedDeviceCode:
    """Keep the request and issue its codes (RFC 8628 section 3.2).

    Raises ClientCredentialMissing for an app that is not registered as a public client, LimitReached, InvalidScope,
    ResourceNotFound, InvalidRequest for a broken ``claims``.
    """
    check_may_use_devices(client)
    ClaimsRequest.parse(order.claims)
    with ports.store.read(tenant.id) as tx:
        scopes = requested_scopes(ports, order.caller.base_url, order.scopes)
        check_requested(tx, tenant, scopes, client.application)
    key = f"device-request:{network_of(order.caller.ip_address)}"
    most = REQUESTS * ports.server.signin_limit_scale
    wait = ports.store.write(tenant.id, lambda tx: tx.limits.hit(key, most, REQUESTS_WINDOW, now))
    if wait is not None:
        raise errors.LimitReached("device code", wait)
    for _ in range(_DRAWS):
        issued = IssuedDeviceCode(
            f"1.A{ports.entropy.token(48)}", user_code(ports.entropy.digits(USER_CODE_DIGITS))
        )
        row = _row(ports, client, issued, order, now)
        try:
            ports.store.write(order.kept_by, lambda tx, row=row: tx.sign_ins.add_device_code(row))  # type: ignore[misc]
        except errors.Conflict:
            continue  # another device waits under the same short code
        return issued
    raise errors.ServerError


def check_may_use_devices(client: AuthenticatedClient) -> None:
    """A client without a credential must be registered as one that can keep none. Raises ClientCredentialMissing."""
    is_public = client.authentication is ClientAuthentication.NONE
    if is_public and not client.application.is_fallback_public_client:
        raise errors.ClientCredentialMissing


def _row(
    ports: Ports,
    client: AuthenticatedClient,
    issued: IssuedDeviceCode,
    order: DeviceOrder,
    now: datetime,
) -> DeviceCode:
    return DeviceCode(
        code_hash=device_code_hash(ports, issued.device_code),
        user_code_hash=user_code_hash(ports, issued.user_code),
        tenant_id=order.kept_by,
        app_id=client.application.app_id,
        scopes=order.scopes,
        created_at=now,
        expires_at=now + DEVICE_CODE_LIFETIME,
        ip_address=order.caller.ip_address,
        user_agent=order.caller.user_agent[:256],
        claims_request=order.claims or None,
        endpoint_version=order.version,
    )


def device_code_hash(ports: Ports, code: str) -> str:
    """The stored form of a device code."""
    return ports.sealer.mac("device-code", code)


def user_code_hash(ports: Ports, code: str) -> str:
    """The stored form of a user code."""
    return ports.sealer.mac("user-code", code)


def find_waiting_device(ports: Ports, typed: str, ip_address: str, now: datetime) -> WaitingDevice:
    """The request that goes by the code somebody typed.

    Raises UserCodeMissing, UserCodeUnknown, UserCodeExpired, UserCodeDecided, and LimitReached after too many wrong
    ones, for the right one too (RFC 8628 section 5.1). What was refused is counted across processes.
    """
    if not typed.strip():
        raise errors.UserCodeMissing
    found = ports.store.write(None, lambda tx: _look_up(ports, tx, typed, ip_address, now))
    if isinstance(found, errors.XeniaError):
        raise found
    with ports.store.read(found.tenant_id) as tx:
        tenant = tx.tenants.find(found.tenant_id)
        application = tx.applications.find_by_app_id(found.app_id)
        publisher = tx.tenants.find(application.tenant_id) if application is not None else None
    if tenant is None or application is None:
        raise errors.UserCodeUnknown
    return WaitingDevice(tenant, found, application, publisher)


def _look_up(
    ports: Ports, tx: Transaction, typed: str, ip_address: str, now: datetime
) -> DeviceCode | errors.XeniaError:
    """A returned error commits its count."""
    key = f"user-code:{network_of(ip_address)}"
    most = WRONG_USER_CODES * ports.server.signin_limit_scale
    if tx.limits.count(key, WRONG_USER_CODES_WINDOW, now) >= most:
        wait = tx.limits.hit(key, most, WRONG_USER_CODES_WINDOW, now)
        return errors.LimitReached("user code", wait or WRONG_USER_CODES_WINDOW, "Too many wrong codes.")
    code = typed_user_code(typed)
    found = tx.sign_ins.find_device_code_anywhere(user_code_hash(ports, code)) if code is not None else None
    if found is None:
        tx.limits.hit(key, most, WRONG_USER_CODES_WINDOW, now)
        return errors.UserCodeUnknown()
    if found.expires_at <= now:
        return errors.UserCodeExpired()
    return found if found.decided_at is None else errors.UserCodeDecided()


def approval_request(waiting: WaitingDevice, login: str | None = None) -> AuthorizeRequest:
    """The sign-in that approves the device, by the account *login* where one was named already.

    The account is always chosen by hand: a session alone must not lend itself to a device that may be somebody
    else's.
    """
    code = waiting.code
    return AuthorizeRequest(
        app_id=code.app_id,
        redirect_uri="",
        platform=Platform.PUBLIC,
        response_types=(),
        response_mode="query",
        scopes=code.scopes,
        prompts=("select_account",),
        login_hint=login,
        claims_request=code.claims_request,
        endpoint_version=code.endpoint_version,
        device_code=code.code_hash,
    )
