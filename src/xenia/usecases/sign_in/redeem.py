"""Redemption: the guest, having proven the invited address, accepts to become a guest.

State, identity, invitation and audit change in one transaction, by a POST and by nothing else.
"""

from __future__ import annotations

import json
from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.identity_provider import ProviderKind, identity_at
from xenia.core.directory.user import ExternalUserState, Identity, User, mail_identity
from xenia.core.invitation import Invitation
from xenia.core.signin.facts import Factor, Facts, Realm
from xenia.core.signin.federation import FEDERATED
from xenia.core.signin.interrupts import Step
from xenia.ports import Ports, Transaction
from xenia.record import replace
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
        if _accepting(situation.facts) is None:
            # Proven in an earlier sign-in: which account it was there, the provider must say again.
            return Facts().with_account(
                situation.facts.login, Realm.FEDERATED, provider_id=situation.facts.provider_id
            )
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
    identities = tuple(entry for entry in user.identities if entry.sign_in_type != "federated")
    accepting = _accepting(situation.facts)
    if accepting is not None:
        identities = (*identities, accepting)
    tx.users.replace(
        replace(
            user,
            external_user_state=ExternalUserState.ACCEPTED,
            external_user_state_changed_at=now,
            identities=identities,
        )
    )
    _record(tx, situation, user, invitation, browser, audit_ids, now)


def _accepting(facts: Facts) -> Identity | None:
    """The identity the guest is bound to from now on: the account, or the mailbox, that was just proven."""
    proof, account = facts.proof(Factor.FIRST), facts.account
    if proof is not None and proof.method == FEDERATED:
        return identity_at(account.kind, account.idp, account.subject) if account is not None else None
    return mail_identity(proof.subject) if proof is not None else None


_SOURCES = {
    ProviderKind.ENTRA: "Azure AD",
    ProviderKind.ENTRA_TENANT: "Azure AD",
    ProviderKind.GOOGLE: "Google",
    ProviderKind.MICROSOFT_ACCOUNT: "Microsoft Account",
}
"""How the audit log calls the way in by which an invitation was accepted."""


def _source(facts: Facts) -> str:
    account = facts.account
    return "One Time Passcode" if account is None else _SOURCES.get(account.kind, account.idp)


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
        f"InvitationId: {invitation.id if invitation else ''}, Source: {_source(situation.facts)}"
    )
    redeemed = audit.Target(user.id, "User", summary, user.user_principal_name)
    tx.logs.audit(audit.audit_record(audit_ids[0], audit.UPDATE_USER, actor, now, targets=(updated,)))
    tx.logs.audit(audit.audit_record(audit_ids[1], audit.REDEEM_INVITE, actor, now, targets=(redeemed,)))
