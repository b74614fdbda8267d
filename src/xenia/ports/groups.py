"""Storage port of groups."""

from __future__ import annotations

from typing import Protocol

from xenia.core.directory.group import DirectoryObject, Group, GroupLink, ObjectKind
from xenia.core.ids import ObjectId
from xenia.core.query import Page, Query


class Groups(Protocol):
    """Groups of this tenant with their members and owners. Whether an object exists is for the caller to know."""

    def find(self, group_id: ObjectId) -> Group | None: ...
    def list(self, query: Query) -> Page[Group]: ...
    def add(self, group: Group) -> None:
        """Raises Conflict on a taken mail nickname of a Microsoft 365 group."""
        ...

    def replace(self, group: Group) -> None:
        """Raises NotFound, Conflict."""
        ...

    def remove(self, group_id: ObjectId) -> None:
        """For good, with members, owners, its own memberships and app assignments."""
        ...

    def attach(self, link: GroupLink, group_id: ObjectId, object_id: ObjectId, kind: ObjectKind) -> bool:
        """False when it is there already. Raises NotFound when there is no such group."""
        ...

    def detach(self, link: GroupLink, group_id: ObjectId, object_id: ObjectId) -> bool:
        """False when it was not there."""
        ...

    def is_linked(self, link: GroupLink, group_id: ObjectId, object_id: ObjectId) -> bool:
        """Whether it is a direct member, or an owner."""
        ...

    def objects(
        self,
        link: GroupLink,
        group_id: ObjectId,
        query: Query,
        *,
        kind: ObjectKind | None = None,
        transitive: bool = False,
    ) -> Page[DirectoryObject]:
        """Members or owners; *transitive*: those of groups in the group too. Deleted users are left out."""
        ...

    def containing(
        self, object_id: ObjectId, query: Query, *, transitive: bool = False, show_hidden: bool = True
    ) -> Page[Group]:
        """Groups that a user, group or service principal belongs to; without those that hide it, if so asked."""
        ...

    def ids_containing(self, object_id: ObjectId, *, security_only: bool = False) -> tuple[ObjectId, ...]:
        """Object ids of all groups something belongs to, directly or through groups in groups."""
        ...

    def assigned_containing(self, object_id: ObjectId, resource_id: ObjectId) -> tuple[Group, ...]:
        """Security-enabled groups with this direct member that are assigned to the service principal *resource_id*."""
        ...
