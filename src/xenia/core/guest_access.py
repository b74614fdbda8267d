"""What a person may see of the directory: the three guest access levels, with directory roles on top.

Pure. The levels are those of *External collaboration settings, Guest user access*
(Microsoft Graph: authorizationPolicy.guestUserRoleId). Scopes of a token narrow this further elsewhere.
"""

from __future__ import annotations

from functools import cache

from xenia.core.directory.roles import ALL_ROLES, REPORTS_READER
from xenia.core.directory.tenant import GuestAccess
from xenia.core.directory.user import User
from xenia.record import Record, names_of

DIRECTORY_READING_ROLES = frozenset(role.template_id for role in ALL_ROLES if role is not REPORTS_READER)
"""Every administrator role reads the directory; the reader of reports reads reports alone."""

EVERYTHING = frozenset(names_of(User))
"""All attributes of a user."""
GUEST_VIEW_OF_OTHERS = frozenset({"id", "display_name", "mail", "user_principal_name", "user_type"})
"""What a guest of the default level sees of somebody else."""
NOTHING: frozenset[str] = frozenset()


class DirectorySight(Record):
    """What somebody may see of users other than themselves; one's own object is always seen whole."""

    lists_users: bool
    others: frozenset[str]
    """Attributes of ``User`` that are visible; empty: others are not even looked up."""
    looks_up_names: bool
    """Whether another user may be addressed by user principal name, which allows guessing."""
    sees_relations: bool
    """Whether manager and sponsors of others are visible."""
    lists_groups: bool
    """Whether groups may be listed and searched at will."""
    reads_groups: bool
    """Whether a group may be looked up, with its members. One's own groups are told by id to everybody."""
    reads_tenant: bool
    """Whether contacts and policies of the organisation are visible, beyond its name and domains."""


@cache
def directory_sight(level: GuestAccess, roles: frozenset[str], *, is_guest: bool) -> DirectorySight:
    """The sight of a person: members see everybody, guests what the level grants, role holders as members do."""
    if not is_guest or roles & DIRECTORY_READING_ROLES or level is GuestAccess.SAME_AS_MEMBERS:
        # The most inclusive level concerns directory objects; tenant settings stay with members.
        whole = not is_guest or bool(roles & DIRECTORY_READING_ROLES)
        return DirectorySight(
            True,
            EVERYTHING,
            looks_up_names=True,
            sees_relations=True,
            lists_groups=True,
            reads_groups=True,
            reads_tenant=whole,
        )
    if level is GuestAccess.LIMITED:
        return DirectorySight(
            False,
            GUEST_VIEW_OF_OTHERS,
            looks_up_names=False,
            sees_relations=True,
            lists_groups=False,
            reads_groups=True,
            reads_tenant=False,
        )
    return DirectorySight(
        False,
        NOTHING,
        looks_up_names=False,
        sees_relations=False,
        lists_groups=False,
        reads_groups=False,
        reads_tenant=False,
    )
