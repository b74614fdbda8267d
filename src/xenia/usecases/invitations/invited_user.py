"""The user object that an invitation creates: names, addresses, identities and state.

Owns the shape documented for guests that have not accepted yet. Must not decide whether one is created.
"""

from __future__ import annotations

import json
from datetime import datetime
from itertools import chain, count
from typing import Any

from xenia.core.addresses import domain_of
from xenia.core.audit import Change
from xenia.core.directory.user import (
    CreationType,
    ExternalUserState,
    User,
    guest_upn,
    upn_identity,
)
from xenia.core.errors import Conflict
from xenia.core.ids import ObjectId
from xenia.core.query import Compare, Query
from xenia.ports import Transaction
from xenia.usecases.invitations.invitation_rules import Plan


def new_guest(tx: Transaction, plan: Plan, user_id: ObjectId, now: datetime) -> User:
    """A pending guest (or external member) with no credentials, whose only identity so far is its own name here."""
    order, tenant = plan.order, plan.tenant
    upn = free_upn(tx, order.email, tenant.initial_domain)
    # An address that somebody keeps as a note already may not become a second routable (proxy) address.
    is_owned = bool(tx.users.find_by_address(order.email))
    profile: dict[str, Any] = dict(order.properties)
    if "business_phones" in profile:
        profile["business_phones"] = (profile["business_phones"],)
    return User(
        id=user_id,
        tenant_id=tenant.id,
        user_principal_name=upn,
        display_name=order.display_name or order.email.partition("@")[0],
        user_type=order.user_type,
        created_at=now,
        mail=order.email,
        mail_nickname=upn.rpartition("@")[0],
        other_mails=(order.email,),
        proxy_addresses=() if is_owned else (f"SMTP:{order.email}",),
        identities=(upn_identity(upn, tenant.initial_domain),),
        creation_type=CreationType.INVITATION,
        external_user_state=ExternalUserState.PENDING_ACCEPTANCE,
        external_user_state_changed_at=now,
        **profile,
    )


def free_upn(tx: Transaction, email: str, initial_domain: str) -> str:
    """The address as user principal name, numbered when another user (even a deleted one) holds that name.

    It happens: names never change, so a guest whose address was corrected keeps the old one. The domain is
    taken in its ASCII form, so that two spellings of one address cannot become two users in a race.
    """
    local = email.partition("@")[0]
    for number in chain([""], count(2)):
        upn = guest_upn(f"{local}@{domain_of(email)}{number}", initial_domain)
        holder = tx.users.find_by_upn(upn)
        if holder is not None and holder.id in {user.id for user in tx.users.find_by_address(email)}:
            # Invited by somebody else since the rules were asked: not a collision of names but a lost race.
            raise Conflict("user_principal_name", f"{email} was invited at this very moment.")
        if holder is None and not _is_deleted(tx, upn):
            return upn
    raise AssertionError  # pragma: no cover - the numbers do not end


def _is_deleted(tx: Transaction, upn: str) -> bool:
    query = Query(filter=Compare("user_principal_name", "eq", upn), limit=1)
    return bool(tx.users.list(query, deleted=True).items)


def profile_of(user: User) -> tuple[Change, ...]:
    """What *Add user* records of a new guest."""
    values = {
        "UserPrincipalName": user.user_principal_name,
        "DisplayName": user.display_name,
        "Mail": user.mail,
        "UserType": user.user_type.value,
        "CreationType": CreationType.INVITATION.value,
        "UserState": ExternalUserState.PENDING_ACCEPTANCE.value,
    }
    return tuple(Change(name, "[]", json.dumps([value])) for name, value in values.items())
