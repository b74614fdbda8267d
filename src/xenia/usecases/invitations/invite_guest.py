"""Inviting guests: new ones, again, with a reset of the redemption, or somebody who is internal so far.

Owns the write side of invitations: one transaction holds the user, the invitation, the audit records and
the mail. Who may invite whom is decided in ``invitation_rules``; wording of the mail is the renderer's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.addresses import address_key
from xenia.core.audit import Change
from xenia.core.directory.application import AppRoleAssignment
from xenia.core.directory.roles import GUEST_SUPPORT_ROLES, INVITING_ROLES
from xenia.core.directory.user import CreationType, ExternalUserState, User
from xenia.core.errors import Conflict, NotFound
from xenia.core.ids import ObjectId
from xenia.core.invitation import Invitation, InvitationStatus
from xenia.ports import Entropy, Ports, Store, Transaction
from xenia.record import Record, replace
from xenia.usecases.invitations.invitation_journal import Journal, state_change, user_target
from xenia.usecases.invitations.invitation_limits import charge_invitation
from xenia.usecases.invitations.invitation_mail import app_names, invitation_mail
from xenia.usecases.invitations.invitation_order import InvitationOrder, drafted, order_of
from xenia.usecases.invitations.invitation_rules import INVITE_PERMISSIONS, Course, Plan, judge
from xenia.usecases.invitations.invited_user import new_guest, profile_of
from xenia.usecases.invitations.redemption_ticket import redeem_url
from xenia.usecases.sessions.ending_sign_ins import end_every_sign_in
from xenia.usecases.sign_in.realm import realm_of
from xenia.usecases.tenants.queue_mail import queue_mail

T = TypeVar("T")
_RACES_TO_LOSE = 3


class InvitationResult(Record):
    """The invitation made (or sent once more), the invited user, and the link to hand over."""

    invitation: Invitation
    user: User
    redeem_url: str
    created: bool
    """Whether the user is new."""


class _Drawn(Record):
    """Random ids, drawn before the transaction so that running it again repeats them."""

    invitation: str
    user: ObjectId
    mail: str
    assignments: tuple[str, ...]
    records: tuple[str, ...]


def invite_guest(ports: Ports, actor: Actor, order: InvitationOrder) -> InvitationResult:
    """Invite one person (Microsoft Graph: create invitation; the portal's *Invite external user*).

    The user exists when this returns; the mail, if asked for, is in the outbox. Somebody who is a guest already
    gets another invitation and stays one user, also when two callers invite at the same moment.
    Raises InvitationRefused (each kind), NotPermitted, InvalidValue, NotFound, LimitReached; nothing is stored then.
    """
    now = ports.clock.now()
    drawn = _draw(ports.entropy, order)

    def work(tx: Transaction) -> InvitationResult:
        plan = judge(tx, actor, order).required_plan()
        return _carry_out(ports, tx, actor, plan, drawn, now)

    result = _again_after_a_lost_race(ports.store, actor, work)
    if order.send_message:
        ports.mail_queued()
    ports.logout_queued()
    return result


def resend_invitation(ports: Ports, actor: Actor, user_id: ObjectId) -> InvitationResult:
    """Mail the newest usable invitation of a pending guest once more. The link stays the same.

    All rules of inviting are asked again. Raises NotFound (no such user, or no usable invitation), Conflict
    (accepted already), InvitationRefused, NotPermitted, LimitReached.
    """
    now = ports.clock.now()
    mail_id, record_id = ports.entropy.guid(), ports.entropy.guid()

    def work(tx: Transaction) -> InvitationResult:
        user = tx.users.find(user_id)
        if user is None:
            raise NotFound("User", user_id)
        usable = [invitation for invitation in tx.invitations.of_user(user_id) if invitation.is_usable]
        if not usable:
            raise NotFound("Invitation", user_id)
        if not user.is_pending:
            raise Conflict(
                "invitation", "This guest has accepted already. Reset the redemption to invite anew."
            )
        plan = judge(tx, actor, order_of(usable[0])).required_plan()
        if plan.user is None or plan.user.id != user.id:
            raise Conflict(
                "email", f"{usable[0].email} is no longer an address of this user. Invite the new one."
            )
        sent = replace(usable[0], send_message=True)
        charge_invitation(ports, tx, actor, sent, now)
        tx.invitations.replace(sent)
        _send(ports, tx, plan, sent, user, mail_id, now)
        journal = Journal(tx, actor, now, (record_id,))
        journal.note(audit.INVITATION_EMAIL, (user_target(user),), _mail_details(sent))
        return InvitationResult(sent, user, redeem_url(ports, sent), created=False)

    result = ports.store.write(actor.tenant_id, work)
    ports.mail_queued()
    return result


def withdraw_invitation(ports: Ports, actor: Actor, user_id: ObjectId) -> int:
    """End all usable invitations of a pending guest: their links die. How many there were.

    The user stays until deleted. Raises NotPermitted, NotFound, Conflict (accepted already).
    """
    actor.require(INVITING_ROLES | GUEST_SUPPORT_ROLES, *INVITE_PERMISSIONS)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> int:
        user = tx.users.find(user_id)
        if user is None:
            raise NotFound("User", user_id)
        if not user.is_pending:
            raise Conflict("invitation", "This guest has accepted already. Delete or block the user instead.")
        ended = tx.invitations.withdraw_all(user_id, now)
        if ended:
            change = Change("InvitationStatus", '["PendingAcceptance"]', '["Withdrawn"]')
            Journal(tx, actor, now, (record_id,)).note(audit.UPDATE_USER, (user_target(user, (change,)),))
        return ended

    return ports.store.write(actor.tenant_id, work)


def _draw(entropy: Entropy, order: InvitationOrder) -> _Drawn:
    records = 4 + len(order.sponsors or ()) + len(order.app_assignments)
    return _Drawn(
        invitation=entropy.guid(),
        user=entropy.guid(),
        mail=entropy.guid(),
        assignments=tuple(entropy.guid() for _ in order.app_assignments),
        records=tuple(entropy.guid() for _ in range(records)),
    )


def _again_after_a_lost_race(store: Store, actor: Actor, work: Callable[[Transaction], T]) -> T:
    """The loser of two simultaneous invitations meets a taken name; looking again it finds the winner's guest."""
    for _ in range(_RACES_TO_LOSE - 1):
        try:
            return store.write(actor.tenant_id, work)
        except Conflict:
            continue
    return store.write(actor.tenant_id, work)


# --- carrying out -------------------------------------------------------------------------------


def _carry_out(
    ports: Ports, tx: Transaction, actor: Actor, plan: Plan, drawn: _Drawn, now: datetime
) -> InvitationResult:
    sponsors = _sponsors(plan, actor)
    user = _settle_user(ports, tx, plan, drawn, now)
    if plan.course is Course.NEW:
        tx.users.set_sponsors(user.id, sponsors)
    invitation = _invitation(tx, actor, plan, user, drawn.invitation, now)
    charge_invitation(ports, tx, actor, invitation, now)
    tx.invitations.add(invitation)
    assigned = _assign_apps(tx, plan.order, user, drawn.assignments, now)
    if invitation.send_message:
        _send(ports, tx, plan, invitation, user, drawn.mail, now)
    journal = Journal(tx, actor, now, drawn.records)
    _record(tx, journal, actor, plan, invitation, user)
    for principal_name, principal_id in assigned:
        journal.note_assignment(user, principal_id, principal_name)
    return InvitationResult(invitation, user, redeem_url(ports, invitation), plan.course is Course.NEW)


def _sponsors(plan: Plan, actor: Actor) -> tuple[ObjectId, ...]:
    if plan.order.sponsors is not None:
        return plan.order.sponsors
    return () if actor.user_id is None else (actor.user_id,)


def _settle_user(ports: Ports, tx: Transaction, plan: Plan, drawn: _Drawn, now: datetime) -> User:
    """Create, take, reset or convert the user, as the plan says."""
    user = plan.user
    if user is None:
        user = new_guest(tx, plan, drawn.user, now)
        tx.users.add(user)
        if plan.order.manager is not None:
            tx.users.set_manager(user.id, plan.order.manager)
        return user
    if plan.course is Course.AGAIN:
        _end_links_to_other_addresses(tx, user, plan.order.email, now)
        return user
    if plan.course is Course.RESET:
        tx.invitations.withdraw_all(user.id, now)
        own = tuple(entry for entry in user.identities if entry.sign_in_type == "userPrincipalName")
        user = replace(user, identities=own)
    else:
        tx.credentials.remove_password(user.id)
    # What proved the person so far is no way in any more: only the invited mailbox may accept.
    end_every_sign_in(ports, tx, user, now)
    user = replace(
        user,
        sessions_valid_from=now,
        creation_type=user.creation_type or CreationType.INVITATION,
        external_user_state=ExternalUserState.PENDING_ACCEPTANCE,
        external_user_state_changed_at=now,
    )
    tx.users.replace(user)
    return user


def _end_links_to_other_addresses(tx: Transaction, user: User, email: str, now: datetime) -> None:
    """After a corrected address the mistyped one must not open the door; links to the same address stay good."""
    for older in tx.invitations.of_user(user.id):
        if older.is_usable and address_key(older.email) != address_key(email):
            tx.invitations.replace(replace(older, withdrawn_at=now, generation=older.generation + 1))


def _invitation(
    tx: Transaction, actor: Actor, plan: Plan, user: User, invitation_id: str, now: datetime
) -> Invitation:
    accepted = user.external_user_state is ExternalUserState.ACCEPTED
    older = tx.invitations.of_user(user.id)
    return replace(
        drafted(plan.order, actor, user.id, invitation_id, now),
        generation=max((each.generation + (0 if each.is_usable else 1) for each in older), default=1),
        status=InvitationStatus.COMPLETED if accepted else InvitationStatus.PENDING_ACCEPTANCE,
        redeemed_at=(user.external_user_state_changed_at or now) if accepted else None,
    )


def _assign_apps(
    tx: Transaction, order: InvitationOrder, user: User, ids: tuple[str, ...], now: datetime
) -> list[tuple[str, ObjectId]]:
    """Add the assignments that are missing; names and ids of the apps they are for."""
    held = {(each.resource_id, each.app_role_id) for each in tx.applications.assignments_of(user.id)}
    added = []
    for assignment_id, (principal_id, role_id) in zip(ids, order.app_assignments, strict=False):
        principal = tx.applications.find_service_principal(principal_id)
        if principal is None or (principal_id, role_id) in held:
            continue
        tx.applications.add_assignment(
            AppRoleAssignment(assignment_id, user.id, "User", principal_id, role_id, now)
        )
        added.append((principal.display_name, principal_id))
    return added


def _send(
    ports: Ports, tx: Transaction, plan: Plan, invitation: Invitation, user: User, mail_id: str, now: datetime
) -> None:
    apps = app_names(tx, user.id)
    realm = realm_of(tx, plan.tenant, invitation.email).realm
    mail = invitation_mail(ports, plan.tenant, realm, invitation, user.preferred_language, apps)
    queue_mail(ports, tx, mail, now, mail_id)


# --- records ------------------------------------------------------------------------------------

_ACTIVITIES = {
    Course.NEW: audit.INVITE_EXTERNAL_USER,
    Course.AGAIN: audit.INVITE_EXTERNAL_USER,
    Course.RESET: audit.INVITE_WITH_RESET,
    Course.CONVERT: audit.INVITE_INTERNAL_USER,
}


def _record(
    tx: Transaction, journal: Journal, actor: Actor, plan: Plan, invitation: Invitation, user: User
) -> None:
    """The audit records in their documented order: invite, user, sponsors, mail."""
    journal.note(_ACTIVITIES[plan.course], (user_target(user),), _invite_details(actor, invitation))
    if plan.course is Course.NEW:
        journal.note(audit.ADD_USER, (user_target(user, profile_of(user)),))
        for sponsor in tx.users.sponsors(user.id):
            journal.note(audit.ADD_SPONSOR, (user_target(user), user_target(sponsor)))
    elif plan.course is not Course.AGAIN:
        before = plan.user.external_user_state if plan.user is not None else None
        journal.note(audit.UPDATE_USER, (user_target(user, (state_change(before),)),))
    if invitation.send_message:
        journal.note(audit.INVITATION_EMAIL, (user_target(user),), _mail_details(invitation))


def _invite_details(actor: Actor, invitation: Invitation) -> tuple[tuple[str, str], ...]:
    """The keys that log readers of the field look for on *Invite external user*."""
    details = (
        ("oid", actor.user_id or actor.service_principal_id or ""),
        ("tid", actor.tenant_id),
        ("ipaddr", actor.ip_address),
        ("wids", ",".join(sorted(actor.roles))),
        ("InvitationId", invitation.id),
        ("invitedUserEmailAddress", invitation.email),
    )
    return tuple((key, value) for key, value in details if value)


def _mail_details(invitation: Invitation) -> tuple[tuple[str, str], ...]:
    cc = () if invitation.cc is None else (("ccRecipient", invitation.cc.address),)
    return (("InvitationId", invitation.id), ("invitedUserEmailAddress", invitation.email), *cc)
