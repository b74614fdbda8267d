"""Whose request it is at an alias of all organizations (``common``, ``organizations``).

What a token request presents there (a code, a token) belongs to one tenant, and that one answers; nothing is looked
up by what a client merely claims. A device code that nobody has typed yet belongs to no tenant: it waits with
the platform until somebody names their account.
"""

from __future__ import annotations

from datetime import datetime

from xenia.core import errors
from xenia.core.device_code import SHORTEST_POLL
from xenia.core.directory.application import Application
from xenia.core.directory.first_party import PLATFORM_TENANT_ID
from xenia.core.directory.tenant import Tenant
from xenia.core.ids import TenantId, parse_guid
from xenia.ports import Ports, Transaction
from xenia.record import replace
from xenia.usecases.devices.device_sign_in import WaitingDevice, device_code_hash
from xenia.usecases.tokens.authenticate_client import find_registration
from xenia.usecases.tokens.issue_tokens import code_hash
from xenia.usecases.tokens.refresh_tokens import refresh_token_hash


def multi_tenant_application(ports: Ports, client_id: str, alias: str) -> Application:
    """The registration of a client that may be used at an alias.

    Raises InvalidClientId, ApplicationNotFound, NotMultiTenant, and ConsumersNotHere at ``consumers``: every account
    of this server belongs to an organization.
    """
    app_id = parse_guid(client_id)
    if app_id is None:
        raise errors.InvalidClientId(client_id)
    with ports.store.read(None) as tx:
        application = tx.applications.find_by_app_id(app_id)
    if application is None:
        raise errors.ApplicationNotFound(app_id, alias)
    if not application.is_multi_tenant:
        raise errors.NotMultiTenant(application.app_id, application.display_name)
    if alias == "consumers":
        raise errors.ConsumersNotHere(application.app_id)
    return application


def owner_of_application(ports: Ports, application: Application) -> Tenant:
    """The tenant that registered it, where its credentials are checked. Raises ApplicationNotFound."""
    with ports.store.read(None) as tx:
        owner = tx.tenants.find(application.tenant_id)
    if owner is None:
        raise errors.ApplicationNotFound(application.app_id, application.tenant_id)
    return owner


def tenant_of_code(ports: Ports, code: str) -> TenantId | None:
    """The tenant whose authorization code this is."""
    with ports.store.read(None) as tx:
        found = tx.sign_ins.find_code_anywhere(code_hash(ports, code))
    return found.tenant_id if found is not None else None


def tenant_of_refresh_token(ports: Ports, token: str) -> TenantId | None:
    """The tenant whose refresh token this is, as long as it is remembered."""
    with ports.store.read(None) as tx:
        return tx.sign_ins.tenant_of_refresh_token(refresh_token_hash(ports, token))


def tenant_of_access_token(ports: Ports, token: str, client_id: str) -> TenantId | None:
    """The tenant that issued this token to the client; None unless our own key, or the client's here, signed it."""
    claims = ports.keys.verify(token, app_id=parse_guid(client_id)) or {}
    tid = claims.get("tid")
    return parse_guid(tid) if isinstance(tid, str) else None


def tenant_of_device_code(ports: Ports, client_id: str, code: str, now: datetime) -> TenantId:
    """The tenant of the person who approves this device, once they named their account; until then the poll counts.

    Raises DeviceCodeUnknown, DeviceCodeExpired, DeviceDeclined, PollingTooFast, AuthorizationPending.
    """
    hashed = device_code_hash(ports, code)
    with ports.store.read(None) as tx:
        tenant_id = tx.sign_ins.tenant_of_device_code(hashed)
    if tenant_id is None:
        raise errors.DeviceCodeUnknown
    waits = ports.store.write(tenant_id, lambda tx: _waits(tx, parse_guid(client_id), hashed, now))
    if waits is not None:
        raise waits
    return tenant_id


def _waits(tx: Transaction, app_id: str | None, hashed: str, now: datetime) -> errors.XeniaError | None:
    """What a device hears while its code is not approved, None afterwards. A returned error commits the poll.

    Until then the application may be unknown to the tenant: its principal comes with the consent.
    """
    code = tx.sign_ins.find_device_code(hashed)
    if code is None or code.app_id != app_id:
        return errors.DeviceCodeUnknown()
    if code.approval is not None:
        return None
    if code.expires_at <= now:
        return errors.DeviceCodeExpired()
    if not tx.sign_ins.poll_device_code(hashed, SHORTEST_POLL, now):
        return errors.PollingTooFast()
    return errors.AuthorizationPending() if code.decided_at is None else errors.DeviceDeclined()


def claim_device(ports: Ports, waiting: WaitingDevice, tenant: Tenant, now: datetime) -> WaitingDevice:
    """Hand a code that waits with the platform to the organization whose account is going to approve it.

    Raises what ``find_registration`` raises where the application is not for that tenant, and UserCodeDecided for the slower of
    two who typed the code at once.
    """
    with ports.store.read(tenant.id) as tx:
        find_registration(tx, tenant, waiting.code.app_id)
    claimed = ports.store.write(
        PLATFORM_TENANT_ID, lambda tx: tx.sign_ins.claim_device_code(waiting.code, tenant.id, now)
    )
    if not claimed:
        raise errors.UserCodeDecided
    return replace(waiting, tenant=tenant, code=replace(waiting.code, tenant_id=tenant.id))
