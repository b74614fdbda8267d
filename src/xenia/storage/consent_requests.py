"""``ports.ConsentRequests``: requests for admin consent."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from xenia.core.consent_request import ConsentRequest, ConsentRequestState
from xenia.core.ids import AppId
from xenia.storage.documents import Document, written
from xenia.storage.schema.consent_requests import consent_requests
from xenia.storage.transactions import Kept, Repository

_REQUEST = Document(ConsentRequest)
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_MOST: sa.BindParameter[int] = sa.bindparam("most", type_=sa.Integer)
_c = consent_requests.c
_SELF = (_c.tenant_id == _TENANT, _c.id == sa.bindparam("own_id"))
_ALL = sa.select(_c.doc).where(_c.tenant_id == _TENANT)
_ADD = sa.insert(consent_requests)
_FIND = Kept(_ALL.where(_c.id == sa.bindparam("own_id")))
_NEWEST = (_c.created_at.desc(), _c.id.desc())
_OF_APP = _ALL.where(
    _c.app_id == sa.bindparam("app"), _c.state == ConsentRequestState.PENDING.value
).order_by(*_NEWEST)
_LIST = _ALL.order_by(*_NEWEST).limit(_MOST)
_PENDING = _ALL.where(_c.state == ConsentRequestState.PENDING.value).order_by(*_NEWEST).limit(_MOST)
_REPLACE = sa.update(consent_requests).where(*_SELF, _c.state == ConsentRequestState.PENDING.value)


class SqlConsentRequests(Repository):
    """See ``ports.ConsentRequests``."""

    __slots__ = ()

    def add(self, request: ConsentRequest) -> None:
        """A new request."""
        self._check_owner(request.tenant_id)
        self._run(_ADD, {"tenant_id": request.tenant_id, "id": request.id, **_columns(request)})

    def find(self, request_id: str) -> ConsentRequest | None:
        """A request of this tenant, decided or not; within a write, nobody else changes it until the commit."""
        row = self._first(_FIND, {"own_tenant": self._tenant, "own_id": request_id})
        return None if row is None else _REQUEST.read(row[0])

    def pending_of(self, app_id: AppId) -> ConsentRequest | None:
        """The newest undecided request for this app, expired or not."""
        row = self._first(_OF_APP, {"own_tenant": self._tenant, "app": app_id})
        return None if row is None else _REQUEST.read(row[0])

    def list(self, *, pending: bool = False, limit: int = 500) -> tuple[ConsentRequest, ...]:
        """Newest first; with *pending* the undecided ones, expired or not."""
        rows = self._all(_PENDING if pending else _LIST, {"own_tenant": self._tenant, "most": limit})
        return tuple(_REQUEST.read(row[0]) for row in rows)

    def replace(self, request: ConsentRequest) -> bool:
        """Change one that waits; False when it was decided already (one conditional statement)."""
        self._check_owner(request.tenant_id)
        own = {"own_tenant": self._tenant, "own_id": request.id}
        return self._run(_REPLACE, {**own, **_columns(request)}) == 1


def _columns(request: ConsentRequest) -> dict[str, Any]:
    return {
        "app_id": request.app_id,
        "state": request.state.value,
        "created_at": request.created_at,
        "doc": written(request),
    }
