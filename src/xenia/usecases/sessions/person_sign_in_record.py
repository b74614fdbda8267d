"""The sign-in log's row of tokens issued about a person without a page: refreshed, by password, on behalf of them."""

from __future__ import annotations

from datetime import datetime

from xenia.core.audit import SignInRecord
from xenia.core.directory.application import Application
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.endpoints import issuer_v2
from xenia.core.ids import CorrelationId
from xenia.core.signin.facts import Factor
from xenia.record import Record
from xenia.usecases.sign_in.finish import home_tenant, log_step
from xenia.usecases.tokens.token_set import PlannedTokens


class Caller(Record):
    """What the surface knows of whoever called the token endpoint."""

    base_url: str
    ip_address: str
    user_agent: str
    correlation_id: CorrelationId


def token_record(
    record_id: str, planned: PlannedTokens, caller: Caller, now: datetime, *, is_new: bool = False
) -> SignInRecord:
    """The row of an answer. ``is_new``: the person has proven themselves just now, not earlier."""
    signed_in = planned.signed_in
    user, tenant, factors = signed_in.user, signed_in.tenant, {proof.factor for proof in signed_in.proofs}
    first = next(proof for proof in signed_in.proofs if proof.factor is Factor.FIRST)
    token = planned.id_token or planned.access.token
    return SignInRecord(
        id=record_id,
        tenant_id=tenant.id,
        at=now,
        correlation_id=caller.correlation_id,
        app_id=signed_in.client.app_id,
        app_name=signed_in.client.display_name,
        error_code=0,
        user_id=user.id,
        user_display_name=user.display_name,
        user_principal_name=user.sign_in_name,
        sign_in_identifier=user.sign_in_name,
        user_type="guest" if user.is_guest else "member",
        is_interactive=False,
        event_type="nonInteractiveUser",
        resource_name=planned.access.resource,
        ip_address=caller.ip_address,
        user_agent=caller.user_agent,
        client_app="Mobile Apps and Desktop clients",
        cross_tenant_access="b2bCollaboration" if user.is_external else "none",
        home_tenant_id=home_tenant(tenant.id, first),
        identity_provider=signed_in.identity_provider,
        requirement="multiFactorAuthentication" if Factor.SECOND in factors else "singleFactorAuthentication",
        steps=tuple(log_step(proof, from_session=not is_new) for proof in signed_in.proofs),
        token_id=token.text("uti"),
        issuer=issuer_v2(caller.base_url, tenant.id),
        session_id=signed_in.sid,
    )


def refused_record(
    record_id: str,
    tenant: Tenant,
    application: Application,
    user: User,
    caller: Caller,
    refusal: tuple[int, str],
    now: datetime,
) -> SignInRecord:
    """The row of a refusal: its published number and its sentence."""
    code, reason = refusal
    return SignInRecord(
        id=record_id,
        tenant_id=tenant.id,
        at=now,
        correlation_id=caller.correlation_id,
        app_id=application.app_id,
        app_name=application.display_name,
        error_code=code,
        failure_reason=reason,
        user_id=user.id,
        user_display_name=user.display_name,
        user_principal_name=user.sign_in_name,
        sign_in_identifier=user.sign_in_name,
        user_type="guest" if user.is_guest else "member",
        is_interactive=False,
        event_type="nonInteractiveUser",
        ip_address=caller.ip_address,
        user_agent=caller.user_agent,
        client_app="Mobile Apps and Desktop clients",
        cross_tenant_access="b2bCollaboration" if user.is_external else "none",
        home_tenant_id=tenant.id,
    )
