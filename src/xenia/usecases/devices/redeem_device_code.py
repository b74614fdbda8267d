"""The device's side of its sign-in (RFC 8628 section 3.4): asking until somebody has decided, then tokens, once.

What commits when it is refused: the moment of a poll that nobody has answered yet, and the revocation of what a
spent code had issued. Any other refusal leaves no trace.
"""

from __future__ import annotations

from datetime import datetime

from xenia.core import errors
from xenia.core.claims import ClientAuthentication
from xenia.core.claims_request import ClaimsRequest
from xenia.core.codes import TokenFamily
from xenia.core.device_code import SHORTEST_POLL, DeviceApproval, DeviceCode
from xenia.core.directory.application import Platform
from xenia.core.directory.tenant import Tenant
from xenia.core.signin.answer import SignedIn
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.devices.device_sign_in import check_may_use_devices, device_code_hash
from xenia.usecases.sessions.person_sign_in_record import Caller, token_record
from xenia.usecases.tokens.access import requested_scopes
from xenia.usecases.tokens.authenticate_client import AuthenticatedClient
from xenia.usecases.tokens.issue_tokens import TokenRequest
from xenia.usecases.tokens.redeem_code import living_user
from xenia.usecases.tokens.refresh import check_still_admitted
from xenia.usecases.tokens.refresh_tokens import RefreshTerms, first_refresh_token
from xenia.usecases.tokens.token_set import PlannedTokens, TokenSet, plan_tokens, sign_tokens


class DevicePoll(Record):
    """What the device sends each time it asks."""

    code: str
    claims: str | None
    """The ``claims`` parameter; None: that of the device authorization request."""
    caller: Caller


def redeem_device_code(
    ports: Ports, tenant: Tenant, client: AuthenticatedClient, poll: DevicePoll, now: datetime
) -> TokenSet:
    """Tokens, once somebody has approved the device.

    Raises AuthorizationPending, PollingTooFast, DeviceDeclined, DeviceCodeExpired, DeviceCodeUnknown,
    ClientCredentialMissing, what ``living_user``, ``check_still_admitted`` and ``plan_access_token`` raise.
    """
    check_may_use_devices(client)
    with ports.store.read(tenant.id) as tx:
        if tx.sign_ins.find_device_code(device_code_hash(ports, poll.code)) is None:
            raise errors.DeviceCodeUnknown  # guesses cost no write
    outcome = ports.store.write(tenant.id, lambda tx: _redeem(ports, tx, tenant, client, poll, now))
    if isinstance(outcome, errors.XeniaError):
        raise outcome
    return sign_tokens(ports, outcome)


def _redeem(
    ports: Ports,
    tx: Transaction,
    tenant: Tenant,
    client: AuthenticatedClient,
    poll: DevicePoll,
    now: datetime,
) -> PlannedTokens | errors.XeniaError:
    hashed = device_code_hash(ports, poll.code)
    code = tx.sign_ins.find_device_code(hashed)
    if code is None or code.app_id != client.application.app_id:
        # Another client must not be able to end this one's sign-in, nor learn how it stands.
        raise errors.DeviceCodeUnknown
    if code.consumed_at is not None:
        return _reused(tx, code, now)
    if code.expires_at <= now:
        raise errors.DeviceCodeExpired
    if not tx.sign_ins.poll_device_code(hashed, SHORTEST_POLL, now):
        raise errors.PollingTooFast
    if code.decided_at is None:
        return errors.AuthorizationPending()
    if code.approval is None:
        raise errors.DeviceDeclined
    if not tx.sign_ins.consume_device_code(hashed, now):
        return _reused(tx, code, now)
    signed_in = _signed_in(tx, tenant, client, code.approval, code.decided_at, poll, now)
    planned = _planned(ports, tx, signed_in, client, code, poll, now)
    tx.logs.sign_in(token_record(ports.entropy.guid(), planned, poll.caller, now))
    return planned


def _reused(tx: Transaction, code: DeviceCode, now: datetime) -> errors.XeniaError:
    """As with authorization codes (RFC 9700 section 4.5): one of the two holders is a thief, so what was issued ends."""
    if code.approval is not None:
        tx.sign_ins.revoke_family(code.approval.family_id, now)
    return errors.DeviceCodeUnknown()


def _signed_in(
    tx: Transaction,
    tenant: Tenant,
    client: AuthenticatedClient,
    approval: DeviceApproval,
    approved_at: datetime,
    poll: DevicePoll,
    now: datetime,
) -> SignedIn:
    user = living_user(tx, approval.user_id, approved_at)
    check_still_admitted(tx, tenant, client, user, approval.proofs, now)
    return SignedIn(
        tenant=tenant,
        user=user,
        client=client.application,
        principal=client.principal,
        proofs=approval.proofs,
        sid=approval.sid,
        is_persistent=approval.is_persistent,
        base_url=poll.caller.base_url,
        ip_address=poll.caller.ip_address,
        directory_roles=tx.users.roles(user.id),
    )


def _planned(
    ports: Ports,
    tx: Transaction,
    signed_in: SignedIn,
    client: AuthenticatedClient,
    code: DeviceCode,
    poll: DevicePoll,
    now: datetime,
) -> PlannedTokens:
    approval = code.approval
    family_id = approval.family_id if approval is not None else ""
    tx.sign_ins.add_family(
        TokenFamily(
            family_id,
            signed_in.tenant.id,
            signed_in.user.id,
            code.app_id,
            signed_in.sid,
            now,
            proofs=signed_in.proofs,
        )
    )
    is_public = client.authentication is ClientAuthentication.NONE
    claims = poll.claims or code.claims_request
    terms = RefreshTerms(
        family_id=family_id,
        platform=Platform.PUBLIC if is_public else Platform.WEB,
        scopes=code.scopes,
        signed_in_at=code.decided_at or now,
        claims_request=claims,
        endpoint_version=code.endpoint_version,
    )
    asked = requested_scopes(ports, poll.caller.base_url, code.scopes)
    wanted = TokenRequest(
        scopes=replace(asked, resources=asked.resources[:1]),
        family_id=family_id,
        authentication=client.authentication,
        claims=ClaimsRequest.parse(claims),
        nonce=None,
        asks_auth_time=False,
        version=code.endpoint_version,
    )
    refresh = first_refresh_token(ports, tx, signed_in, terms, now)
    return plan_tokens(ports, tx, signed_in, wanted, refresh, now)
