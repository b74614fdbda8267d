"""What stands between any change of a user and the database: existence, administrators' protection, audit targets."""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.audit import Change, Target
from xenia.core.directory.roles import (
    CLOUD_APPLICATION_ADMINISTRATOR,
    EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    HELPDESK_ADMINISTRATOR,
    USER_ADMINISTRATOR,
)
from xenia.core.directory.user import User
from xenia.core.errors import InvalidValue, NotFound, NotPermitted
from xenia.core.ids import ObjectId, parse_guid
from xenia.ports import Transaction

GLOBAL = frozenset({GLOBAL_ADMINISTRATOR.template_id})
PRIVILEGED = frozenset(
    role.template_id
    for role in (
        GLOBAL_ADMINISTRATOR,
        USER_ADMINISTRATOR,
        HELPDESK_ADMINISTRATOR,
        CLOUD_APPLICATION_ADMINISTRATOR,
        EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR,
    )
)
"""Roles whose holders could raise somebody else's rights."""


def require_user(tx: Transaction, user_id: ObjectId, *, deleted: bool = False) -> User:
    """The user. With *deleted*, a soft-deleted one. Raises NotFound."""
    key = parse_guid(user_id)
    user = tx.users.find(key, deleted=deleted) if key else None
    if user is None or (deleted and user.deleted_at is None):
        raise NotFound("Resource", user_id)
    return user


def guard_privileged(tx: Transaction, actor: Actor, user: User) -> None:
    """Only a Global Administrator changes what lets an administrator in (nobody climbs by resetting a superior).

    Raises NotPermitted.
    """
    if user.id != actor.user_id and tx.users.roles(user.id) & PRIVILEGED and not actor.holds_any(GLOBAL):
        raise NotPermitted(GLOBAL_ADMINISTRATOR.name)


def guard_last_administrator(tx: Transaction, user: User) -> None:
    """Keep one Global Administrator who can sign in: without one the tenant could never be governed again.

    Raises InvalidValue.
    """
    role = GLOBAL_ADMINISTRATOR.template_id
    if role not in tx.users.roles(user.id):
        return
    # Locked: of two administrators who remove each other at the same moment, the second sees what the first did.
    holders = tx.users.with_role(role, lock=True)
    others = (tx.users.find(holder) for holder in holders if holder != user.id)
    if not any(other is not None and other.account_enabled for other in others):
        raise InvalidValue(
            "roles", "This is the last Global Administrator; it cannot be blocked, deleted or lose the role."
        )


def user_target(user: User, changes: tuple[Change, ...] = ()) -> Target:
    """The user as an audited object."""
    return Target(user.id, "User", user.display_name, user.user_principal_name, changes)
