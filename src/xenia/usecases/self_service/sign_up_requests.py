"""Requests of people who signed up and wait for an approver: seeing them, approving, denying.

Approving creates the guest exactly as the sign-up would have, with the account that was proven then and the
details that were sent. Either way the person is told by mail, if their mailbox is known to be theirs.
"""

from __future__ import annotations

import json
from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.directory.roles import (
    FLOW_WRITING_ROLES,
    GUEST_INVITER,
    SELF_SERVICE_READING_ROLES,
    USER_ADMINISTRATOR,
)
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.errors import Conflict, DomainNotAllowed, InvalidValue, NotFound
from xenia.core.mail import Mail, MailKind
from xenia.core.sign_up import RequestState, SignUpEvent, SignUpRequest, Stage
from xenia.ports import Ports, Transaction
from xenia.usecases.self_service.self_service_rules import READ_FLOWS, WRITE_FLOWS, require_writer
from xenia.usecases.sign_up import funnel_events
from xenia.usecases.sign_up.new_guest import GuestOrder, add_guest
from xenia.usecases.sign_up.standing import proven_address, user_with
from xenia.usecases.tenants.queue_mail import queue_mail

APPROVING_ROLES = FLOW_WRITING_ROLES | {GUEST_INVITER.template_id}
"""Whoever may invite guests by name may also let one in who asked."""
_APPROVE = (*WRITE_FLOWS, "User.Invite.All")
_LONGEST_REASON = 1_000


def list_requests(ports: Ports, actor: Actor, state: RequestState | None = None) -> tuple[SignUpRequest, ...]:
    """Newest first. Raises NotPermitted."""
    actor.require(SELF_SERVICE_READING_ROLES | APPROVING_ROLES, *READ_FLOWS, *_APPROVE)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.sign_ups.list_requests(state)


def get_request(ports: Ports, actor: Actor, request_id: str) -> SignUpRequest:
    """One request with everything that was sent. Raises NotPermitted, NotFound."""
    actor.require(SELF_SERVICE_READING_ROLES | APPROVING_ROLES, *READ_FLOWS, *_APPROVE)
    with ports.store.read(actor.tenant_id) as tx:
        return _found(tx, request_id)


def approve_request(ports: Ports, actor: Actor, request_id: str) -> SignUpRequest:
    """**Approve**: the guest exists from now on and is told so.

    Raises NotPermitted, NotFound, Conflict (decided already, or the address belongs to somebody by now) and
    DomainNotAllowed.
    """
    require_writer(actor, APPROVING_ROLES, USER_ADMINISTRATOR.name, *_APPROVE)

    def work(tx: Transaction) -> SignUpRequest:
        now = ports.clock.now()
        request = _pending(tx, request_id)
        tenant, app, principal = _surroundings(tx, request)
        user = user_with(tx, request.account) or _create(ports, tx, request, tenant, principal, actor, now)
        if not tx.sign_ups.decide_request(
            request, RequestState.APPROVED, now, by=actor.display_name, reason="", user_id=user.id
        ):
            raise _decided(request_id)
        _note(ports, tx, request, actor, audit.APPROVE_SIGN_UP, now, user=user)
        tx.sign_ups.record(_event(ports, request, Stage.CREATED, now))
        _tell(ports, tx, request, tenant, app, MailKind.SIGN_UP_APPROVED, now)
        return _found(tx, request_id)

    decided = ports.store.write(actor.tenant_id, work)
    ports.mail_queued()
    return decided


def deny_request(ports: Ports, actor: Actor, request_id: str, reason: str = "") -> SignUpRequest:
    """**Deny**: nobody is created; the person reads *reason*, if one is given.

    Raises NotPermitted, NotFound, Conflict (decided already), InvalidValue for a reason that is too long.
    """
    require_writer(actor, APPROVING_ROLES, USER_ADMINISTRATOR.name, *_APPROVE)
    said = " ".join(reason.split())
    if len(said) > _LONGEST_REASON or not said.isprintable():
        raise InvalidValue("reason", f"Enter a text of at most {_LONGEST_REASON} characters.")

    def work(tx: Transaction) -> SignUpRequest:
        now = ports.clock.now()
        request = _pending(tx, request_id)
        tenant, app, _ = _surroundings(tx, request)
        if not tx.sign_ups.decide_request(
            request, RequestState.DENIED, now, by=actor.display_name, reason=said, user_id=None
        ):
            raise _decided(request_id)
        _note(ports, tx, request, actor, audit.DENY_SIGN_UP, now, reason=said)
        tx.sign_ups.record(
            _event(ports, request, Stage.CONNECTOR_PASSED, now, left_because=funnel_events.NOT_APPROVED)
        )
        _tell(ports, tx, request, tenant, app, MailKind.SIGN_UP_DENIED, now, reason=said)
        return _found(tx, request_id)

    decided = ports.store.write(actor.tenant_id, work)
    ports.mail_queued()
    return decided


def _found(tx: Transaction, request_id: str) -> SignUpRequest:
    request = tx.sign_ups.find_request(request_id)
    if request is None:
        raise NotFound("SignUpRequest", request_id)
    return request


def _pending(tx: Transaction, request_id: str) -> SignUpRequest:
    request = _found(tx, request_id)
    if request.state is not RequestState.PENDING:
        raise _decided(request_id)
    return request


def _decided(request_id: str) -> Conflict:
    return Conflict("state", f"Request {request_id} was decided already.")


def _surroundings(
    tx: Transaction, request: SignUpRequest
) -> tuple[Tenant, Application | None, ServicePrincipal | None]:
    tenant = tx.tenants.find(request.tenant_id)
    if tenant is None:
        raise NotFound("Tenant", request.tenant_id)
    return (
        tenant,
        tx.applications.find_by_app_id(request.app_id),
        tx.applications.service_principal(request.app_id),
    )


def _create(
    ports: Ports,
    tx: Transaction,
    request: SignUpRequest,
    tenant: Tenant,
    principal: ServicePrincipal | None,
    actor: Actor,
    now: datetime,
) -> User:
    address = proven_address(request.account)
    if principal is None:
        raise NotFound("ServicePrincipal", request.app_id)
    if address is not None:
        restrictions = tx.tenants.policies(tenant.id).domain_restrictions
        if not restrictions.permits(address):
            raise DomainNotAllowed(address.rpartition("@")[2], restrictions.rule.value)
        if tenant.owns(address):
            raise Conflict("mail", f"{address} is an address of the organization itself by now.")
        if tx.users.find_by_address(address):
            raise Conflict("mail", f"{address} belongs to somebody in the directory by now.")
    order = GuestOrder(
        tenant,
        principal,
        request.flow_id,
        request.account,
        request.details,
        passing=request.passing,
        is_test=request.is_test,
    )
    return add_guest(ports, tx, order, actor, now)


def _note(
    ports: Ports,
    tx: Transaction,
    request: SignUpRequest,
    actor: Actor,
    activity: audit.Activity,
    now: datetime,
    *,
    user: User | None = None,
    reason: str = "",
) -> None:
    change = audit.Change("State", json.dumps(["pending"]), json.dumps([activity.name]))
    target = audit.Target(
        user.id if user else request.id,
        "User" if user else "Other",
        user.display_name if user else request.account.email,
        user.user_principal_name if user else None,
        (change,),
    )
    details = (
        ("UserFlow", request.flow_id),
        ("Request", request.id),
        *((("Reason", reason),) if reason else ()),
    )
    tx.logs.audit(
        audit.audit_record(ports.entropy.guid(), activity, actor, now, targets=(target,), details=details)
    )


def _event(
    ports: Ports, request: SignUpRequest, stage: Stage, now: datetime, *, left_because: str | None = None
) -> SignUpEvent:
    """What happens to a sign-up while the person's own browser is not there."""
    return SignUpEvent(
        id=ports.entropy.guid(),
        tenant_id=request.tenant_id,
        flow_id=request.flow_id,
        interaction_id=request.interaction_id or request.id,
        at=now,
        stage=stage,
        left_because=left_because,
        app_id=request.app_id,
        provider_id=request.account.provider_id,
        is_test=request.is_test,
    )


def _tell(
    ports: Ports,
    tx: Transaction,
    request: SignUpRequest,
    tenant: Tenant,
    app: Application | None,
    kind: MailKind,
    now: datetime,
    *,
    reason: str = "",
) -> None:
    address = proven_address(request.account)
    if address is None:
        return
    data = {
        "tenant_name": tenant.display_name,
        "tenant_domain": tenant.default_domain,
        "app_name": app.display_name if app is not None else "",
        "app_url": (app.home_page_url or "") if app is not None else "",
        "asked_at": request.created_at.isoformat(),
        "reason": reason,
        "contact": tenant.privacy_contact or tenant.technical_contact or "",
    }
    language = request.language or tenant.notification_language
    mail = Mail(kind, address, language, data, subject_of=request.id)
    queue_mail(ports, tx, mail, now)
