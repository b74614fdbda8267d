"""Who may change a screen, in words for those who may not."""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.directory.roles import ALL_ROLES, GLOBAL_ADMINISTRATOR, INVITING_ROLES
from xenia.core.directory.tenant import InvitesFrom
from xenia.core.errors import NotPermitted, XeniaError
from xenia.ports import Ports
from xenia.record import Record
from xenia.usecases.users.read_directory import sight_of

_MOST_NAMES = 5
GLOBAL = frozenset({GLOBAL_ADMINISTRATOR.template_id})


class Standing(Record):
    """Whether this person may change what the screen shows; if not, which role is needed and who holds it."""

    may: bool
    role: str
    holders: tuple[str, ...] = ()


def standing_of(ports: Ports, actor: Actor, roles: frozenset[str]) -> Standing:
    """The standing towards a screen that one of these roles may change. The least of them is named."""
    needed = [role for role in ALL_ROLES if role.template_id in roles]
    least = next(
        (role for role in reversed(needed) if role is not GLOBAL_ADMINISTRATOR), GLOBAL_ADMINISTRATOR
    )
    if actor.holds_any(roles):
        return Standing(may=True, role=least.name)
    with ports.store.read(actor.tenant_id) as tx:
        if not sight_of(tx, actor).lists_users:
            return Standing(may=False, role=least.name)
        ids = dict.fromkeys(holder for role in needed for holder in tx.users.with_role(role.template_id))
        found = (tx.users.find(holder) for holder in list(ids)[:_MOST_NAMES])
        names = tuple(user.display_name for user in found if user is not None and user.account_enabled)
    return Standing(may=False, role=least.name, holders=names)


def may_invite(ports: Ports, actor: Actor) -> bool:
    """Whether the tenant's guest invite setting admits this person at all; the form's forecast says the rest."""
    with ports.store.read(actor.tenant_id) as tx:
        setting = tx.tenants.policies(actor.tenant_id).allow_invites_from
    if setting is InvitesFrom.NONE:
        return False
    is_open = setting is InvitesFrom.EVERYONE or (setting is InvitesFrom.MEMBERS and not actor.is_guest)
    return is_open or actor.holds_any(INVITING_ROLES)


def refusal_words(error: XeniaError) -> str:
    """The sentence of a refusal. Where only a right is missing, it names the role if one is known."""
    if not isinstance(error, NotPermitted) or not error.message.startswith("Insufficient privileges"):
        return error.message
    role = next((role.name for role in ALL_ROLES if role.name == error.needed), "another administrator role")
    return f"You need {role} to do this. Nothing was changed."
