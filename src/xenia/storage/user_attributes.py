"""``ports.UserAttributes``: the custom ones; built-in attributes are no rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from xenia.core.errors import NotFound
from xenia.core.ids import fold
from xenia.core.user_attributes import UserAttribute
from xenia.storage.documents import Document, written
from xenia.storage.schema.self_service import user_attributes
from xenia.storage.transactions import Repository

_ATTRIBUTE = Document(UserAttribute)
_c = user_attributes.c
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_SELF = (_c.tenant_id == _TENANT, _c.id_key == sa.bindparam("own_key"))

_FIND = sa.select(_c.doc).where(*_SELF)
_LIST = sa.select(_c.doc).where(_c.tenant_id == _TENANT).order_by(_c.display_name_key, _c.id_key)
_ADD = sa.insert(user_attributes)
_REPLACE = sa.update(user_attributes).where(*_SELF)
_REMOVE = sa.delete(user_attributes).where(*_SELF)


class SqlUserAttributes(Repository):
    """See ``ports.UserAttributes``."""

    __slots__ = ()

    def find(self, attribute_id: str) -> UserAttribute | None:
        """By id, any case."""
        row = self._first(_FIND, {"own_tenant": self._tenant, "own_key": fold(attribute_id)})
        return None if row is None else _ATTRIBUTE.read(row[0])

    def list(self) -> tuple[UserAttribute, ...]:
        """By display name."""
        return tuple(_ATTRIBUTE.read(row[0]) for row in self._all(_LIST, {"own_tenant": self._tenant}))

    def add(self, attribute: UserAttribute) -> None:
        """Raises Conflict when the id is taken. Raises ValueError for one without this tenant: it is built in."""
        self._check(attribute)
        with self._refusing():
            self._run(_ADD, {"tenant_id": self._tenant, "id_key": fold(attribute.id), **_values(attribute)})

    def replace(self, attribute: UserAttribute) -> None:
        """Raises NotFound."""
        self._check(attribute)
        own = {"own_tenant": self._tenant, "own_key": fold(attribute.id)}
        if not self._run(_REPLACE, {**own, **_values(attribute)}):
            raise NotFound("UserFlowAttribute", attribute.id)

    def remove(self, attribute_id: str) -> bool:
        """False when there was none."""
        return self._run(_REMOVE, {"own_tenant": self._tenant, "own_key": fold(attribute_id)}) == 1

    def _check(self, attribute: UserAttribute) -> None:
        self._check_owner(attribute.tenant_id or "")


def _values(attribute: UserAttribute) -> dict[str, Any]:
    return {"display_name_key": fold(attribute.display_name), "doc": written(attribute)}
