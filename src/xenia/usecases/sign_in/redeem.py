"""Redemption: the guest, having proven the invited address, accepts to become a guest.

State, identity, invitation and audit change in one transaction, by a POST and by nothing else.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.user import ExternalUserState, User, mail_identity
from xenia.core.invitation import Invitation
from xenia.core.signin.facts import Factor, Facts
from xenia.core.signin.interrupts import Step
from xenia.ports import Ports, Transaction
from xenia.usecases.sign_in.situation import BrowserContext, Situation
from xenia.usecases.sign_in.steps import Posted, take_step
from xenia.usecases.sign_in.turn import Rejected, Turn


def accept_invitation(ports: Ports, posted: Posted) -> Turn | Rejected:
    """**Accept** on *Review permissions*."""
    audit_ids = (ports.entropy.guid(), ports.entropy.guid())

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts | Rejected:
        user = situation.user
        if user is None:
            return situation.facts
        invitation = situation.invitation or _newest_usable(tx, user)
        if invitation is not None:
            # False: redeemed meanwhile in another window. The state is read again below either way.
            tx.invitations.complete(invitation.id, now)
        if user.is_pending:
            _join(tx, situation, user, invitation, posted.browser, audit_ids, now)
        return replace(situation.facts, accepted=True)

    return take_step(ports, posted, (Step.REDEEM,), apply)


def _newest_usable(tx: Transaction, user: User) -> Invitation | None:
    """Just-in-time redemption: the person came by an app, not by the link."""
    return next((invitation for invitation in tx.invitations.of_user(user.id) if invitation.is_usable), None)


def _join(
    tx: Transaction,
    situation: Situation,
    user: User,
    invitation: Invitation | None,
    browser: BrowserContext,
    audit_ids: tuple[str, str],
    now: datetime,
) -> None:
    proof = situation.facts.proof(Factor.FIRST)
    identities = tuple(entry for entry in user.identities if entry.sign_in_type != "federated")
    if proof is not None:
        identities = (*identities, mail_identity(proof.subject))
    tx.users.replace(
        replace(
            user,
            external_user_state=ExternalUserState.ACCEPTED,
            external_user_state_changed_at=now,
            identities=identities,
        )
    )
    _record(tx, situation, user, invitation, browser, audit_ids, now)


def _record(
    tx: Transaction,
    situation: Situation,
    user: User,
    invitation: Invitation | None,
    browser: BrowserContext,
    audit_ids: tuple[str, str],
    now: datetime,
) -> None:
    actor = Actor(
        situation.tenant.id,
        situation.interaction.correlation_id,
        ip_address=browser.ip_address,
        user_id=user.id,
        display_name=user.display_name,
        upn=situation.facts.login or user.sign_in_name,
        mail=user.mail,
        is_guest=True,
    )
    changes = (
        audit.Change("UserState", json.dumps(["PendingAcceptance"]), json.dumps(["Accepted"])),
        audit.Change("AcceptedOn", None, json.dumps([now.isoformat()])),
    )
    updated = audit.Target(user.id, "User", user.display_name, user.user_principal_name, changes)
    summary = (
        f"UPN: {user.user_principal_name}, Email: {situation.facts.login}, "
        f"InvitationId: {invitation.id if invitation else ''}, Source: One Time Passcode"
    )
    redeemed = audit.Target(user.id, "User", summary, user.user_principal_name)
    tx.logs.audit(audit.audit_record(audit_ids[0], audit.UPDATE_USER, actor, now, targets=(updated,)))
    tx.logs.audit(audit.audit_record(audit_ids[1], audit.REDEEM_INVITE, actor, now, targets=(redeemed,)))
