"""Groups: security groups and Microsoft 365 groups with assigned members, and what can be a member or owner.

Source: Microsoft Graph "group resource type". Membership by rule is not there yet.
"""

from __future__ import annotations

import struct
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.user import User
from xenia.core.ids import ObjectId, TenantId
from xenia.record import Record

UNIFIED = "Unified"
"""Member of ``groupTypes`` that makes a Microsoft 365 group."""
DYNAMIC = "DynamicMembership"
"""Member of ``groupTypes`` of groups whose members follow from a rule."""
HIDDEN_MEMBERSHIP = "HiddenMembership"
"""``visibility`` of groups whose members only members, owners and administrators see."""
VISIBILITIES = ("Private", "Public", HIDDEN_MEMBERSHIP)


class ObjectKind(StrEnum):
    """Kinds of directory objects that can be members or owners, by their wire names."""

    USER = "user"
    GROUP = "group"
    SERVICE_PRINCIPAL = "servicePrincipal"


class GroupLink(StrEnum):
    """How an object hangs on a group."""

    MEMBER = "members"
    OWNER = "owners"


class Group(Record):
    """A group of one tenant. Wire names are the camelCase forms of these attributes."""

    id: ObjectId
    tenant_id: TenantId
    display_name: str
    mail_nickname: str
    created_at: datetime
    description: str | None = None
    group_types: tuple[str, ...] = ()
    security_enabled: bool = True
    mail_enabled: bool = False
    mail: str | None = None
    visibility: str | None = None
    classification: str | None = None
    preferred_language: str | None = None
    theme: str | None = None

    @property
    def is_unified(self) -> bool:
        """Whether it is a Microsoft 365 group."""
        return UNIFIED in self.group_types

    @property
    def hides_members(self) -> bool:
        """Whether only members, owners and administrators may know who belongs to it."""
        return self.visibility == HIDDEN_MEMBERSHIP

    @property
    def security_identifier(self) -> str:
        """``securityIdentifier``: the object id as four little-endian numbers after ``S-1-12-1``.

        Raises ValueError when the id is no GUID.
        """
        parts = struct.unpack("<4I", UUID(self.id).bytes_le)
        return "S-1-12-1-" + "-".join(str(part) for part in parts)


DirectoryObject: TypeAlias = "User | Group | ServicePrincipal"


def kind_of(record: DirectoryObject) -> ObjectKind:
    """Which kind of object this is."""
    if isinstance(record, User):
        return ObjectKind.USER
    return ObjectKind.GROUP if isinstance(record, Group) else ObjectKind.SERVICE_PRINCIPAL
