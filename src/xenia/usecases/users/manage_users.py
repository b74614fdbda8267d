"""Creating and changing users: properties, password, sponsors, manager.

Deleting and restoring: ``user_lifecycle``; sessions and authenticators: ``user_security``; directory roles:
``user_roles``. All four are offered here by name, so that callers have one place to look.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import Activity, Change, audit_record
from xenia.core.credentials import PasswordCredential
from xenia.core.directory.roles import USER_WRITING_ROLES
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User, UserType, upn_identity
from xenia.core.directory.user_rules import (
    SPONSORS_PER_USER,
    check_password,
    checked_changes,
    checked_upn,
    invalid,
    wire_name,
)
from xenia.core.errors import InvalidValue, NotFound
from xenia.core.ids import ObjectId
from xenia.core.user_attributes import AttributeValue
from xenia.ports import Ports, Transaction
from xenia.record import Record, field, replace
from xenia.usecases.sessions.ending_sign_ins import end_every_sign_in
from xenia.usecases.users.user_extensions import changed_extensions
from xenia.usecases.users.user_lifecycle import DELETE_USERS as DELETE_PERMITS
from xenia.usecases.users.user_lifecycle import delete_user, purge_user, restore_user
from xenia.usecases.users.user_protection import (
    guard_last_administrator,
    guard_privileged,
    require_user,
    user_target,
)
from xenia.usecases.users.user_roles import add_role, remove_role
from xenia.usecases.users.user_security import REVOKE as REVOKE_PERMITS
from xenia.usecases.users.user_security import remove_authenticator_app, reset_mfa, revoke_sessions

__all__ = [
    "DELETE_PERMITS",
    "REVOKE_PERMITS",
    "WRITE_USERS",
    "CreatedMember",
    "NewManager",
    "NewMember",
    "NewPassword",
    "UserChange",
    "add_role",
    "change_user",
    "create_member",
    "delete_user",
    "fresh_password",
    "purge_user",
    "remove_authenticator_app",
    "remove_role",
    "reset_mfa",
    "restore_user",
    "revoke_sessions",
    "set_manager",
    "set_password",
    "set_sponsors",
    "update_user",
]

WRITE_USERS = ("User.ReadWrite.All", "Directory.ReadWrite.All")
SENSITIVE = frozenset(
    {"account_enabled", "mail", "other_mails", "proxy_addresses", "user_principal_name", "user_type"}
    | {"mobile_phone", "business_phones"}
)
"""Properties by which an account could be taken over; on administrators only their peers may touch them."""

REMOVE_SPONSOR = Activity("Remove user sponsor", operation="Delete")
SET_MANAGER = Activity("Set user manager")
REMOVE_MANAGER = Activity("Remove user manager", operation="Delete")
RESET_PASSWORD = Activity("Reset user password")


class NewMember(Record):
    """An account of the tenant's own: it signs in here, with a password."""

    user_principal_name: str
    display_name: str
    password: str | None = None
    """None: one is made, and returned once."""
    mail_nickname: str | None = None
    must_change_password: bool = False
    account_enabled: bool = True
    user_type: UserType = UserType.MEMBER
    properties: Mapping[str, object] = field(default_factory=dict)
    """Further attributes of ``User`` by their snake_case names; ``extensions`` by attribute name."""
    id: ObjectId | None = None


class CreatedMember(Record):
    """The new user and the password to hand over; it is not readable later."""

    user: User
    password: str


def create_member(ports: Ports, actor: Actor, order: NewMember) -> CreatedMember:
    """Create an account that signs in with a password (Microsoft Graph: create user).

    Raises NotPermitted, InvalidValue, and Conflict when the user principal name is taken.
    """
    actor.require(USER_WRITING_ROLES, *WRITE_USERS)
    now = ports.clock.now()
    password = order.password if order.password is not None else fresh_password(ports)
    check_password(password)
    local = order.user_principal_name.strip().partition("@")[0]
    given: dict[str, object] = {
        **order.properties,
        "display_name": order.display_name,
        "mail_nickname": order.mail_nickname or local,
        "account_enabled": order.account_enabled,
    }
    extensions = given.pop("extensions", {})
    properties = checked_changes(given)
    if UserType.GUEST in (order.user_type, properties.get("user_type")):
        # A guest proves an identity it already has; a password here would be a second way in.
        raise invalid("user_type", "Guests are invited and never get a password.")
    user_id, record_id = order.id or ports.entropy.guid(), ports.entropy.guid()
    hashed = ports.passwords.hash(password)

    def work(tx: Transaction) -> User:
        tenant = _tenant(tx, actor)
        upn = checked_upn(order.user_principal_name, tenant)
        blank = User(user_id, actor.tenant_id, upn, order.display_name, order.user_type, now)
        user = replace(
            blank,
            **properties,  # type: ignore[arg-type]  # checked_changes gave the record's own types
            identities=(upn_identity(upn, tenant.initial_domain),),
            extensions=changed_extensions(tx, (), extensions),
        )
        tx.users.add(user)
        tx.credentials.set_password(
            PasswordCredential(user_id, hashed, now, must_change=order.must_change_password)
        )
        target = user_target(user, _changes(blank, user))
        tx.logs.audit(audit_record(record_id, audit.ADD_USER, actor, now, targets=(target,)))
        return user

    return CreatedMember(ports.store.write(actor.tenant_id, work), password)


class NewPassword(Record):
    """A password for a member; ``must_change``: it is replaced at the next sign-in."""

    text: str
    must_change: bool = False


class NewManager(Record):
    """The manager to be; None: nobody."""

    user_id: ObjectId | None


class UserChange(Record):
    """What is to change about a user; None leaves a thing as it is."""

    properties: Mapping[str, object] = field(default_factory=dict)
    """Named as in ``core.directory.user.User``."""
    password: NewPassword | None = None
    sponsors: tuple[ObjectId, ...] | None = None
    manager: NewManager | None = None


def update_user(ports: Ports, actor: Actor, user_id: ObjectId, changes: Mapping[str, object]) -> User:
    """Set properties, named as in ``core.directory.user.User`` (Microsoft Graph: update user).

    Null clears a text, an empty list a collection; values equal to the stored ones are not looked at. ``extensions``
    maps names of custom attributes to values; those not named stay.
    Blocking ends the user's sessions. Raises NotPermitted, NotFound, InvalidValue, Conflict.
    """
    return change_user(ports, actor, user_id, UserChange(changes))


def change_user(ports: Ports, actor: Actor, user_id: ObjectId, change: UserChange) -> User:
    """Password, properties, sponsors and manager together: all of it, or nothing when any of it is refused.

    Raises as ``update_user``, ``set_password``, ``set_sponsors`` and ``set_manager`` do.
    """
    actor.require(USER_WRITING_ROLES, *WRITE_USERS)
    if change.password is not None:
        check_password(change.password.text)
    if change.sponsors is not None:
        _check_sponsors(user_id, change.sponsors)
    if change.manager is not None and change.manager.user_id == user_id:
        raise InvalidValue("manager", "A user cannot be their own manager.")
    edit = _Edit(
        ports,
        actor,
        ports.clock.now(),
        ports.passwords.hash(change.password.text) if change.password is not None else "",
        tuple(ports.entropy.guid() for _ in range(6)),
    )

    def work(tx: Transaction) -> User:
        user = require_user(tx, user_id)
        if change.password is not None:
            # First, because it is what a guest is refused.
            user = _replace_password(tx, edit, user, change.password)
        user = _replace_properties(tx, edit, user, change.properties)
        if change.sponsors is not None:
            _replace_sponsors(tx, edit, user, change.sponsors)
        if change.manager is not None:
            _replace_manager(tx, edit, user, change.manager.user_id)
        return user

    changed = ports.store.write(actor.tenant_id, work)
    ports.logout_queued()
    return changed


def set_password(
    ports: Ports, actor: Actor, user_id: ObjectId, password: str, *, must_change: bool = False
) -> None:
    """Give a member a new password; sign-ins with the old one end.

    Raises NotPermitted, NotFound, InvalidValue (complexity, or the user is a guest).
    """
    change_user(ports, actor, user_id, UserChange(password=NewPassword(password, must_change)))


def set_sponsors(ports: Ports, actor: Actor, user_id: ObjectId, sponsor_ids: Sequence[ObjectId]) -> None:
    """Replace the sponsors: at most five users who answer for this one.

    Raises NotPermitted, NotFound (user or a sponsor), InvalidValue.
    """
    change_user(ports, actor, user_id, UserChange(sponsors=tuple(sponsor_ids)))


def set_manager(ports: Ports, actor: Actor, user_id: ObjectId, manager_id: ObjectId | None) -> None:
    """Set or (None) remove the manager. Raises NotPermitted, NotFound, InvalidValue."""
    change_user(ports, actor, user_id, UserChange(manager=NewManager(manager_id)))


class _Edit(Record):
    """Who changes something, and what was drawn before the transaction so that it can be run again."""

    ports: Ports
    actor: Actor
    now: datetime
    password_hash: str
    records: tuple[str, ...]
    """Of properties two, password one, sponsors two, manager one."""


def _replace_properties(tx: Transaction, edit: _Edit, before: User, changes: Mapping[str, object]) -> User:
    known = {item.name for item in fields(User)}
    pending = {
        name: value for name, value in changes.items() if name not in known or getattr(before, name) != value
    }
    extensions = changed_extensions(tx, before.extensions, pending.pop("extensions", {}))
    after = _with_changes(tx, edit.actor, before, checked_changes(pending))
    after = replace(after, extensions=extensions)
    if after == before:
        return before
    touched = {item.name for item in fields(User) if getattr(before, item.name) != getattr(after, item.name)}
    if touched & SENSITIVE:
        guard_privileged(tx, edit.actor, before)
    if before.account_enabled and not after.account_enabled:
        guard_last_administrator(tx, before)
        after = replace(after, sessions_valid_from=edit.now)
        end_every_sign_in(edit.ports, tx, before, edit.now)
    tx.users.replace(after)
    _audit_update(tx, edit.actor, (before, after), (edit.records[0], edit.records[1]), edit.now)
    return after


def _replace_password(tx: Transaction, edit: _Edit, user: User, password: NewPassword) -> User:
    if user.is_guest or user.is_external:
        # A password of ours would be a way in that the person's home organisation knows nothing of.
        raise InvalidValue(
            "password", "Guests sign in with the identity they already have; no password can be set."
        )
    guard_privileged(tx, edit.actor, user)
    now, after = edit.now, replace(user, sessions_valid_from=edit.now)
    tx.credentials.set_password(
        PasswordCredential(user.id, edit.password_hash, now, must_change=password.must_change)
    )
    tx.users.replace(after)
    end_every_sign_in(edit.ports, tx, user, now)
    tx.logs.audit(
        audit_record(edit.records[2], RESET_PASSWORD, edit.actor, now, targets=(user_target(user),))
    )
    return after


def _check_sponsors(user_id: ObjectId, sponsor_ids: Sequence[ObjectId]) -> None:
    if len(set(sponsor_ids)) > SPONSORS_PER_USER or user_id in sponsor_ids:
        raise InvalidValue(
            "sponsors", f"A user has at most {SPONSORS_PER_USER} sponsors and is never their own."
        )


def _replace_sponsors(tx: Transaction, edit: _Edit, user: User, sponsor_ids: Sequence[ObjectId]) -> None:
    wanted = tuple(dict.fromkeys(sponsor_ids))
    named = {sponsor_id: require_user(tx, sponsor_id) for sponsor_id in wanted}
    present = {sponsor.id: sponsor for sponsor in tx.users.sponsors(user.id)}
    tx.users.set_sponsors(user.id, wanted)
    added = tuple(sponsor for key, sponsor in named.items() if key not in present)
    removed = tuple(sponsor for key, sponsor in present.items() if key not in named)
    for record_id, activity, group in zip(
        edit.records[3:5], (audit.ADD_SPONSOR, REMOVE_SPONSOR), (added, removed), strict=True
    ):
        if group:
            targets = (user_target(user), *(user_target(sponsor) for sponsor in group))
            tx.logs.audit(audit_record(record_id, activity, edit.actor, edit.now, targets=targets))


def _replace_manager(tx: Transaction, edit: _Edit, user: User, manager_id: ObjectId | None) -> None:
    manager = require_user(tx, manager_id) if manager_id is not None else None
    if tx.users.manager(user.id) == manager_id:
        return
    tx.users.set_manager(user.id, manager_id)
    activity = SET_MANAGER if manager else REMOVE_MANAGER
    targets = (user_target(user), user_target(manager)) if manager else (user_target(user),)
    tx.logs.audit(audit_record(edit.records[5], activity, edit.actor, edit.now, targets=targets))


def _with_changes(tx: Transaction, actor: Actor, user: User, changes: dict[str, object]) -> User:
    changed = replace(user, **changes)  # type: ignore[arg-type]  # checked_changes gave the record's own types
    if changed.user_principal_name == user.user_principal_name:
        return changed
    if user.is_external:
        raise InvalidValue(
            "user_principal_name", "The user principal name of an external user never changes."
        )
    tenant = _tenant(tx, actor)
    upn = checked_upn(changed.user_principal_name, tenant)
    others = tuple(
        identity
        for identity in user.identities
        if (identity.sign_in_type, identity.subject) != ("userPrincipalName", user.user_principal_name)
    )
    return replace(
        changed, user_principal_name=upn, identities=(upn_identity(upn, tenant.initial_domain), *others)
    )


def _audit_update(
    tx: Transaction, actor: Actor, states: tuple[User, User], record_ids: tuple[str, str], now: datetime
) -> None:
    before, after = states
    target = user_target(after, _changes(before, after))
    tx.logs.audit(audit_record(record_ids[0], audit.UPDATE_USER, actor, now, targets=(target,)))
    if before.account_enabled != after.account_enabled:
        activity = audit.ENABLE_ACCOUNT if after.account_enabled else audit.DISABLE_ACCOUNT
        tx.logs.audit(audit_record(record_ids[1], activity, actor, now, targets=(target,)))


def _changes(before: User, after: User) -> tuple[Change, ...]:
    """What differs, as the log carries it: values are JSON lists, names begin with a capital."""
    found: list[Change] = []
    for item in fields(User):
        old, new = getattr(before, item.name), getattr(after, item.name)
        if item.name == "extensions":
            found += _extension_changes(dict(old), dict(new))
        elif old != new and item.name not in ("identities", "id"):
            name = wire_name(item.name)
            found.append(Change(name[0].upper() + name[1:], _as_json(old), _as_json(new)))
    return tuple(found)


def _extension_changes(
    old: Mapping[str, AttributeValue], new: Mapping[str, AttributeValue]
) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield Change(name, _as_json(old.get(name)), _as_json(new.get(name)))


def _as_json(value: object) -> str:
    listed = list(value) if isinstance(value, tuple) else [] if value is None else [value]
    return json.dumps(
        [item.isoformat() if isinstance(item, datetime) else item for item in listed], ensure_ascii=False
    )


def _tenant(tx: Transaction, actor: Actor) -> Tenant:
    tenant = tx.tenants.find(actor.tenant_id)
    if tenant is None:
        raise NotFound("Tenant", actor.tenant_id)
    return tenant


def fresh_password(ports: Ports) -> str:
    """Random, and within the complexity rule whatever the dice say."""
    return f"{ports.entropy.token(9)}-{ports.entropy.digits(4)}Aa"
