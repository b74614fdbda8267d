"""The admin consent workflow: people ask, reviewers decide, everybody concerned is told by mail.

Approving is an administrator agreeing for everybody, with all that takes; reviewers without the role may deny and
block. One request waits for each app, and whoever asks meanwhile joins it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.consent_request import (
    LONGEST_JUSTIFICATION,
    REMIND_BEFORE,
    ConsentAsker,
    ConsentRequest,
    ConsentRequestState,
)
from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.directory.roles import APP_WRITING_ROLES, GLOBAL_READER
from xenia.core.directory.tenant import ConsentRequestPolicy
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.ids import TenantId
from xenia.core.mail import Mail, MailKind
from xenia.ports import Ports, Transaction
from xenia.record import replace
from xenia.usecases.applications.application_rules import note, principal_target
from xenia.usecases.applications.local_principal import add_principal, may_have_principal, unstored_principal
from xenia.usecases.consent.asked_permissions import Asking, requested_items, unique
from xenia.usecases.consent.granted_permissions import guard_graph_role
from xenia.usecases.consent.record_consent import Agreement, record_agreement
from xenia.usecases.tenants.queue_mail import queue_mail
from xenia.usecases.tokens.access import requested_scopes

READ_REQUESTS = ("ConsentRequest.Read.All", "ConsentRequest.ReadWrite.All")
_READERS = APP_WRITING_ROLES | {GLOBAL_READER.template_id}


def ask_for_consent(
    ports: Ports, tx: Transaction, application: Application, scopes: tuple[str, ...], asker: ConsentAsker
) -> ConsentRequest:
    """Ask, or join whoever asked before; reviewers are told of a new request. Within a sign-in's transaction."""
    tenant_id, now = tx.tenant_id or "", asker.at
    policy = tx.tenants.policies(tenant_id).consent_requests
    waiting = tx.consent_requests.pending_of(application.app_id)
    if waiting is not None and waiting.state_at(now) is ConsentRequestState.PENDING:
        others = tuple(each for each in waiting.askers if each.user_id != asker.user_id)
        joined = replace(
            waiting,
            askers=(*others, asker),
            scopes=tuple(dict.fromkeys((*waiting.scopes, *scopes))),
        )
        tx.consent_requests.replace(joined)
        return joined
    request = ConsentRequest(
        id=ports.entropy.guid(),
        tenant_id=tenant_id,
        app_id=application.app_id,
        app_name=application.display_name,
        scopes=scopes,
        askers=(asker,),
        created_at=now,
        expires_at=now + timedelta(days=policy.duration_days),
    )
    tx.consent_requests.add(request)
    if policy.notifies_reviewers:
        _tell_reviewers(ports, tx, request, policy, now)
    return request


def checked_justification(text: str) -> str:
    """What somebody writes to the reviewers. Raises InvalidValue."""
    said = " ".join(text.split())
    if not said or len(said) > LONGEST_JUSTIFICATION or not said.isprintable():
        raise InvalidValue("justification", f"Enter a text of 1 to {LONGEST_JUSTIFICATION} characters.")
    return said


def may_review(policy: ConsentRequestPolicy, actor: Actor) -> bool:
    """Whether the actor may decide about requests: administrators of apps, and the reviewers of the policy."""
    return actor.holds_any(APP_WRITING_ROLES) or (
        actor.user_id is not None and actor.user_id in policy.reviewers
    )


def list_requests(ports: Ports, actor: Actor, *, pending: bool = False) -> tuple[ConsentRequest, ...]:
    """Newest first; with *pending* those that wait and have not expired. Raises NotPermitted."""
    now = ports.clock.now()
    with ports.store.read(actor.tenant_id) as tx:
        _require_reader(tx, actor)
        found = tx.consent_requests.list(pending=pending)
    return tuple(each for each in found if not pending or each.state_at(now) is ConsentRequestState.PENDING)


def get_request(ports: Ports, actor: Actor, request_id: str) -> ConsentRequest:
    """One request. Raises NotPermitted, NotFound."""
    with ports.store.read(actor.tenant_id) as tx:
        _require_reader(tx, actor)
        return _found(tx, request_id)


def approve_request(ports: Ports, actor: Actor, request_id: str) -> ConsentRequest:
    """**Approve**: the app gets what was asked for, for everybody.

    Raises NotPermitted, NotFound (the request, or the app is no more), Conflict (decided or expired), and
    InvalidScope or ResourceNotFound where what was asked for no longer exists.
    """

    def work(tx: Transaction) -> ConsentRequest:
        now = ports.clock.now()
        actor.require(APP_WRITING_ROLES, *READ_REQUESTS)
        request = _waiting(tx, request_id, now)
        application, principal, is_new = _app(ports, tx, request, now)
        asking = Asking(ports, tx, actor.tenant_id, application, principal, now, for_organization=True)
        asked = requested_scopes(ports, ports.server.base_url, request.scopes)
        items = unique(requested_items(asking, asked))
        for item in items:
            resource = tx.applications.find_service_principal(item.resource_id) if item.role_id else None
            if resource is not None:
                guard_graph_role(actor, resource)
        made = (principal, *asking.made.values()) if is_new else tuple(asking.made.values())
        record_agreement(ports, tx, actor, Agreement(principal, items, None, made), now)
        return _decide(ports, tx, actor, request, ConsentRequestState.APPROVED, "", now)

    return _decided(ports, actor, work)


def deny_request(
    ports: Ports, actor: Actor, request_id: str, reason: str = "", *, block: bool = False
) -> ConsentRequest:
    """**Deny**, or **Block**: then the app is disabled in this organization too.

    Raises NotPermitted, NotFound, Conflict (decided or expired), InvalidValue for a reason that is too long.
    """
    said = " ".join(reason.split())
    if len(said) > LONGEST_JUSTIFICATION or not said.isprintable():
        raise InvalidValue("reason", f"Enter a text of at most {LONGEST_JUSTIFICATION} characters.")
    state = ConsentRequestState.BLOCKED if block else ConsentRequestState.DENIED

    def work(tx: Transaction) -> ConsentRequest:
        now = ports.clock.now()
        if not may_review(tx.tenants.policies(actor.tenant_id).consent_requests, actor):
            raise NotPermitted("directory role")
        request = _waiting(tx, request_id, now)
        if block:
            _, principal, is_new = _app(ports, tx, request, now)
            if is_new:
                add_principal(ports, tx, actor, principal, now)
            tx.applications.replace_service_principal(replace(principal, account_enabled=False))
            tx.sign_ins.revoke_families_by(request.app_id, None, now)
        return _decide(ports, tx, actor, request, state, said, now)

    return _decided(ports, actor, work)


def remind_reviewers(ports: Ports, tenant_id: TenantId) -> int:
    """Tell reviewers of requests that expire soon, once each; how many."""
    now = ports.clock.now()

    def work(tx: Transaction) -> int:
        policy = tx.tenants.policies(tenant_id).consent_requests
        due = [
            each
            for each in tx.consent_requests.list(pending=True)
            if each.reminded_at is None and now < each.expires_at <= now + REMIND_BEFORE
        ]
        if not (policy.is_enabled and policy.reminds):
            return 0
        for request in due:
            if tx.consent_requests.replace(replace(request, reminded_at=now)):
                _tell_reviewers(ports, tx, request, policy, now, is_reminder=True)
        return len(due)

    told = ports.store.write(tenant_id, work)
    if told:
        ports.mail_queued()
    return told


def remind_everywhere(ports: Ports) -> int:
    """The same for every tenant that wants it; how many."""
    with ports.store.read(None) as tx:
        tenants = [tenant.id for tenant in tx.tenants.list()]
        wanting = [each for each in tenants if tx.tenants.policies(each).consent_requests.is_enabled]
    return sum(remind_reviewers(ports, each) for each in wanting)


def _decided(ports: Ports, actor: Actor, work: Callable[[Transaction], ConsentRequest]) -> ConsentRequest:
    decided = ports.store.write(actor.tenant_id, work)
    ports.mail_queued()
    return decided


def _require_reader(tx: Transaction, actor: Actor) -> None:
    if not actor.may(*READ_REQUESTS):
        raise NotPermitted(READ_REQUESTS[0])
    policy = tx.tenants.policies(actor.tenant_id).consent_requests
    if not actor.is_app_only and not actor.holds_any(_READERS) and not may_review(policy, actor):
        raise NotPermitted("directory role")


def _found(tx: Transaction, request_id: str) -> ConsentRequest:
    request = tx.consent_requests.find(request_id)
    if request is None:
        raise NotFound("Resource", request_id)
    return request


def _waiting(tx: Transaction, request_id: str, now: datetime) -> ConsentRequest:
    request = _found(tx, request_id)
    if request.state_at(now) is not ConsentRequestState.PENDING:
        raise Conflict("state", "This request was decided already, or has expired.")
    return request


def _app(
    ports: Ports, tx: Transaction, request: ConsentRequest, now: datetime
) -> tuple[Application, ServicePrincipal, bool]:
    application = tx.applications.find_by_app_id(request.app_id)
    if application is None or not may_have_principal(application, request.tenant_id):
        raise NotFound("Resource", request.app_id)
    stored = tx.applications.service_principal(request.app_id)
    principal = stored or unstored_principal(ports, application, request.tenant_id, now)
    return application, principal, stored is None


def _decide(
    ports: Ports,
    tx: Transaction,
    actor: Actor,
    request: ConsentRequest,
    state: ConsentRequestState,
    reason: str,
    now: datetime,
) -> ConsentRequest:
    decided = replace(
        request, state=state, decided_at=now, decided_by=actor.display_name or None, reason=reason
    )
    if not tx.consent_requests.replace(decided):
        raise Conflict("state", "This request was decided already.")
    principal = tx.applications.service_principal(request.app_id)
    change = audit.Change("State", json.dumps(["pending"]), json.dumps([state.value]))
    target = (
        principal_target(principal, (change,))
        if principal is not None
        else audit.Target(request.app_id, "Other", request.app_name, changes=(change,))
    )
    note(tx, ports.entropy.guid(), audit.DECIDE_CONSENT_REQUEST, actor, now, target)
    kind = MailKind.CONSENT_APPROVED if state is ConsentRequestState.APPROVED else MailKind.CONSENT_DENIED
    for asker in decided.askers:
        if asker.address:
            _queue(ports, tx, kind, asker.address, decided, {"reason": reason}, now)
    return decided


def _tell_reviewers(
    ports: Ports,
    tx: Transaction,
    request: ConsentRequest,
    policy: ConsentRequestPolicy,
    now: datetime,
    *,
    is_reminder: bool = False,
) -> None:
    asker = request.askers[-1]
    tenant = tx.tenants.find(request.tenant_id)
    base = f"{ports.server.base_url}/admin/{tenant.initial_domain if tenant else request.tenant_id}"
    more = {
        "asker_name": asker.name,
        "message": asker.justification,
        "expires_at": request.expires_at.isoformat(),
        "request_url": f"{base}/admin-consent-requests/{request.id}",
    }
    for reviewer in (tx.users.find(each) for each in policy.reviewers):
        if reviewer is not None and reviewer.account_enabled and reviewer.mail:
            # Two processes may find the same request due: the second reminder is dropped.
            key = f"consent-reminder:{request.id}:{reviewer.id}" if is_reminder else ""
            _queue(ports, tx, MailKind.CONSENT_REQUESTED, reviewer.mail, request, more, now, key)


def _queue(
    ports: Ports,
    tx: Transaction,
    kind: MailKind,
    address: str,
    request: ConsentRequest,
    more: dict[str, str],
    now: datetime,
    dedupe_key: str = "",
) -> None:
    tenant = tx.tenants.find(request.tenant_id)
    if tenant is None:
        return
    data = {
        "tenant_name": tenant.display_name,
        "tenant_domain": tenant.default_domain,
        "app_name": request.app_name,
        "asked_at": request.created_at.isoformat(),
        "contact": tenant.technical_contact or "",
        **more,
    }
    mail = Mail(
        kind, address, tenant.notification_language, data, dedupe_key=dedupe_key, subject_of=request.id
    )
    queue_mail(ports, tx, mail, now)
