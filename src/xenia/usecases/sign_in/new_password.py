"""Replacing a password that somebody else has set: a page between the proofs and the app."""

from __future__ import annotations

from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.credentials import PasswordCredential
from xenia.core.directory.user_rules import check_password
from xenia.core.errors import InteractionGone, InvalidValue
from xenia.core.signin.facts import Facts
from xenia.core.signin.interrupts import Step
from xenia.ports import Ports, Transaction
from xenia.usecases.sign_in.situation import Situation, where_is
from xenia.usecases.sign_in.steps import Posted, take_step
from xenia.usecases.sign_in.turn import Rejected, Turn


def choose_password(ports: Ports, posted: Posted, new: str, again: str) -> Turn | Rejected:
    """**Update your password**. Argon2 runs between two transactions. Raises InteractionGone."""
    if new != again:
        return Rejected("password-again")
    try:
        check_password(new)
    except InvalidValue:
        return Rejected("password-rules")
    old = _present_hash(ports, posted)
    if ports.passwords.verify(new, old):
        return Rejected("password-same")
    hashed, record_id = ports.passwords.hash(new), ports.entropy.guid()

    def apply(tx: Transaction, situation: Situation, now: datetime) -> Facts:
        user = situation.user
        if user is None:
            raise InteractionGone
        credential = tx.credentials.password(user.id)
        if credential is None or credential.hash != old:
            # An administrator was faster: their password is the one to be replaced.
            return situation.facts
        tx.credentials.set_password(PasswordCredential(user.id, hashed, now))
        actor = Actor(
            situation.tenant.id,
            situation.interaction.correlation_id,
            ip_address=posted.browser.ip_address,
            user_id=user.id,
            display_name=user.display_name,
            upn=user.user_principal_name,
        )
        target = audit.Target(user.id, "User", user.display_name, user.user_principal_name)
        tx.logs.audit(audit.audit_record(record_id, audit.CHANGE_PASSWORD, actor, now, targets=(target,)))
        return situation.facts

    return take_step(ports, posted, (Step.NEW_PASSWORD,), apply)


def _present_hash(ports: Ports, posted: Posted) -> str | None:
    situation = where_is(ports, posted.tenant_id, posted.interaction_id, posted.browser)
    due = situation.interrupt.step if situation.interrupt else None
    if situation.user is None or due is not Step.NEW_PASSWORD:
        return None
    with ports.store.read(posted.tenant_id) as tx:
        credential = tx.credentials.password(situation.user.id)
    return credential.hash if credential else None
