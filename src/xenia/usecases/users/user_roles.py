"""Directory roles of users: only a Global Administrator gives or takes them."""

from __future__ import annotations

import json

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import Activity, Change, audit_record
from xenia.core.directory.roles import DirectoryRole, find_role
from xenia.core.errors import InvalidValue
from xenia.core.ids import ObjectId
from xenia.ports import Ports, Transaction
from xenia.usecases.users.user_protection import GLOBAL, guard_last_administrator, require_user, user_target

WRITE_ROLES = ("RoleManagement.ReadWrite.Directory",)


def add_role(ports: Ports, actor: Actor, user_id: ObjectId, role: str) -> None:
    """Give the user a directory role, named by template id or display name; a second time changes nothing.

    Raises NotPermitted, NotFound, InvalidValue (no such role).
    """
    _change(ports, actor, user_id, role, present=True)


def remove_role(ports: Ports, actor: Actor, user_id: ObjectId, role: str) -> None:
    """Take a directory role away. Raises NotPermitted, NotFound, InvalidValue (also for the last administrator)."""
    _change(ports, actor, user_id, role, present=False)


def _change(ports: Ports, actor: Actor, user_id: ObjectId, role: str, *, present: bool) -> None:
    actor.require(GLOBAL, *WRITE_ROLES)
    found = find_role(role)
    if found is None:
        raise InvalidValue("roles", f"The directory role '{role}' does not exist.")
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        user = require_user(tx, user_id)
        if (found.template_id in tx.users.roles(user.id)) == present:
            return
        if present:
            tx.users.add_role(user.id, found.template_id)
        else:
            if found.template_id in GLOBAL:
                guard_last_administrator(tx, user)
            tx.users.remove_role(user.id, found.template_id)
        activity: Activity = audit.ADD_ROLE_MEMBER if present else audit.REMOVE_ROLE_MEMBER
        target = user_target(user, _role_changes(found, present=present))
        tx.logs.audit(audit_record(record_id, activity, actor, now, targets=(target,)))

    ports.store.write(actor.tenant_id, work)


def _role_changes(role: DirectoryRole, *, present: bool) -> tuple[Change, ...]:
    pairs = (("Role.DisplayName", role.name), ("Role.TemplateId", role.template_id))
    return tuple(
        Change(name, None if present else json.dumps(value), json.dumps(value) if present else None)
        for name, value in pairs
    )
