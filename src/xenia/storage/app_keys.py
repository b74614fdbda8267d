"""Signing keys of single apps."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from xenia.core.directory.signing_key import AppSigningKey
from xenia.core.ids import ObjectId
from xenia.storage.documents import Document, written
from xenia.storage.schema.app_keys import app_signing_keys
from xenia.storage.transactions import Kept, Repository

_KEY = Document(AppSigningKey)
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_c = app_signing_keys.c
_ADD = sa.insert(app_signing_keys)
_OF_PRINCIPAL = sa.select(_c.doc).where(_c.tenant_id == _TENANT, _c.principal_id == sa.bindparam("principal"))
_ANYWHERE = Kept(sa.select(_c.doc).where(_c.kid == sa.bindparam("own_kid")))
_REMOVE = sa.delete(app_signing_keys).where(_c.tenant_id == _TENANT, _c.kid == sa.bindparam("own_kid"))


class SqlAppKeys(Repository):
    """See ``ports.AppKeys``."""

    __slots__ = ()

    def add(self, key: AppSigningKey) -> None:
        """Raises Conflict on a taken key id, NotFound when the service principal is not here."""
        self._check_owner(key.tenant_id)
        with self._refusing():
            self._run(
                _ADD,
                {
                    "kid": key.kid,
                    "tenant_id": key.tenant_id,
                    "principal_id": key.principal_id,
                    "doc": written(key),
                },
            )

    def of_principal(self, principal_id: ObjectId) -> tuple[AppSigningKey, ...]:
        """All keys of this service principal, oldest first."""
        rows = self._all(_OF_PRINCIPAL, {"own_tenant": self._tenant, "principal": principal_id})
        return tuple(sorted((_KEY.read(row[0]) for row in rows), key=lambda key: (key.created_at, key.kid)))

    def find_anywhere(self, kid: str) -> AppSigningKey | None:
        """By key id, whosever it is: a token is verified before its tenant is believed."""
        row = self._first(_ANYWHERE, {"own_kid": kid})
        return None if row is None else _KEY.read(row[0])

    def remove(self, kid: str) -> bool:
        """False when there was none in this tenant."""
        return self._run(_REMOVE, {"own_tenant": self._tenant, "own_kid": kid}) == 1
