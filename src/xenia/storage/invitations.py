"""Invitations of the tenant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from xenia.core.errors import NotFound
from xenia.core.ids import ObjectId
from xenia.core.invitation import Invitation, InvitationStatus
from xenia.record import replace
from xenia.storage.documents import Document, written
from xenia.storage.schema.directory import invitations
from xenia.storage.transactions import Kept, Repository

_INVITATION = Document(Invitation)
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_c = invitations.c
_SELF = (_c.tenant_id == _TENANT, _c.id == sa.bindparam("own_id"))
_READ = sa.select(_c.doc, _c.status, _c.redeemed_at, _c.withdrawn_at)
_NOW: sa.BindParameter[Any] = sa.bindparam("now", type_=_c.redeemed_at.type)

_FIND = Kept(_READ.where(*_SELF))
_OF_USER = _READ.where(_c.tenant_id == _TENANT, _c.user_id == sa.bindparam("user")).order_by(
    _c.created_at.desc(), _c.id.desc()
)
_ADD = sa.insert(invitations)
_REPLACE = sa.update(invitations).where(*_SELF)
_COMPLETE = (
    sa.update(invitations)
    .where(*_SELF, _c.redeemed_at.is_(None), _c.withdrawn_at.is_(None))
    .values(redeemed_at=_NOW, status=InvitationStatus.COMPLETED.value)
)
_WITHDRAW_ALL = (
    sa.update(invitations)
    .where(_c.tenant_id == _TENANT, _c.user_id == sa.bindparam("user"), _c.withdrawn_at.is_(None))
    .values(withdrawn_at=_NOW)
)


class SqlInvitations(Repository):
    """See ``ports.Invitations``."""

    __slots__ = ()

    def find(self, invitation_id: str) -> Invitation | None:
        """The invitation, in whatever state."""
        row = self._first(_FIND, {"own_tenant": self._tenant, "own_id": invitation_id})
        return None if row is None else _read(row)

    def of_user(self, user_id: ObjectId) -> tuple[Invitation, ...]:
        """Newest first."""
        return tuple(_read(row) for row in self._all(_OF_USER, {"own_tenant": self._tenant, "user": user_id}))

    def without_usable(self, user_ids: Sequence[ObjectId]) -> frozenset[ObjectId]:
        """Those of these users who were invited and of whose invitations none can be used any more."""
        if not user_ids:
            return frozenset()
        usable = sa.func.max(sa.case((_c.withdrawn_at.is_(None), 1), else_=0))
        invited = sa.select(_c.user_id).where(_c.tenant_id == _TENANT, _c.user_id.in_(user_ids))
        rows = self._all(invited.group_by(_c.user_id).having(usable == 0), {"own_tenant": self._tenant})
        return frozenset(row[0] for row in rows)

    def add(self, invitation: Invitation) -> None:
        """Raises Conflict on a taken id, NotFound when the user is not in this tenant."""
        self._check_owner(invitation.tenant_id)
        with self._refusing():
            self._run(_ADD, _columns(invitation))

    def replace(self, invitation: Invitation) -> None:
        """Raises NotFound."""
        self._check_owner(invitation.tenant_id)
        own = {"own_tenant": self._tenant, "own_id": invitation.id}
        if not self._run(_REPLACE, {**own, **_columns(invitation)}):
            raise NotFound("Invitation", invitation.id)

    def complete(self, invitation_id: str, now: datetime) -> bool:
        """Mark redeemed; False when it was redeemed or withdrawn already (one conditional statement)."""
        return self._run(_COMPLETE, {"own_tenant": self._tenant, "own_id": invitation_id, "now": now}) == 1

    def withdraw_all(self, user_id: ObjectId, now: datetime) -> int:
        """End all usable invitations of the user: their links die."""
        return self._run(_WITHDRAW_ALL, {"own_tenant": self._tenant, "user": user_id, "now": now})


def _columns(invitation: Invitation) -> dict[str, Any]:
    return {
        "tenant_id": invitation.tenant_id,
        "id": invitation.id,
        "user_id": invitation.user_id,
        "created_at": invitation.created_at,
        "status": invitation.status.value,
        "redeemed_at": invitation.redeemed_at,
        "withdrawn_at": invitation.withdrawn_at,
        "doc": written(invitation),
    }


def _read(row: Sequence[Any]) -> Invitation:
    doc, status, redeemed_at, withdrawn_at = row
    return replace(
        _INVITATION.read(doc),
        status=InvitationStatus(status),
        redeemed_at=redeemed_at,
        withdrawn_at=withdrawn_at,
    )
