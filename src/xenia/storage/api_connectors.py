"""``ports.ApiConnectors``."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from xenia.core.api_connector import ApiConnector, ConnectorCall
from xenia.core.errors import Conflict, NotFound
from xenia.core.ids import fold
from xenia.record import replace
from xenia.storage.documents import Document, written
from xenia.storage.schema.self_service import api_connectors, connector_calls
from xenia.storage.transactions import Repository

_CONNECTOR, _CALL = Document(ApiConnector), Document(ConnectorCall)
_c, _calls = api_connectors.c, connector_calls.c
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_SELF = (_c.tenant_id == _TENANT, _c.id == sa.bindparam("own_id"))

_FIND = sa.select(_c.doc).where(*_SELF)
_LIST = sa.select(_c.doc).where(_c.tenant_id == _TENANT).order_by(_c.display_name_key, _c.id)
_ADD = sa.insert(api_connectors)
_REPLACE = sa.update(api_connectors).where(*_SELF, _c.version == sa.bindparam("expected"))
_REMOVE = sa.delete(api_connectors).where(*_SELF)
_OF_CONNECTOR = (_calls.tenant_id == _TENANT, _calls.connector_id == sa.bindparam("own_id"))
_NOTE_CALL = sa.insert(connector_calls)
_LAST_CALLS = (
    sa.select(_calls.doc)
    .where(*_OF_CONNECTOR)
    .order_by(_calls.at.desc(), _calls.id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_FORGET_CALLS = sa.delete(connector_calls).where(*_OF_CONNECTOR)


class SqlApiConnectors(Repository):
    """See ``ports.ApiConnectors``."""

    __slots__ = ()

    def find(self, connector_id: str) -> ApiConnector | None:
        """A connector of this tenant."""
        row = self._first(_FIND, {"own_tenant": self._tenant, "own_id": connector_id})
        return None if row is None else _CONNECTOR.read(row[0])

    def list(self) -> tuple[ApiConnector, ...]:
        """By display name."""
        return tuple(_CONNECTOR.read(row[0]) for row in self._all(_LIST, {"own_tenant": self._tenant}))

    def add(self, connector: ApiConnector) -> None:
        """Raises Conflict when the id is taken."""
        self._check_owner(connector.tenant_id)
        with self._refusing():
            self._run(_ADD, {"tenant_id": self._tenant, "id": connector.id, **_values(connector)})

    def replace(self, connector: ApiConnector) -> None:
        """Stored with ``version + 1``. Raises NotFound, and Conflict when the stored version differs."""
        self._check_owner(connector.tenant_id)
        own = {"own_tenant": self._tenant, "own_id": connector.id, "expected": connector.version}
        if not self._run(_REPLACE, {**own, **_values(replace(connector, version=connector.version + 1))}):
            if self.find(connector.id) is None:
                raise NotFound("ApiConnector", connector.id)
            raise Conflict("version", "The API connector was changed meanwhile. Reload it and try again.")

    def remove(self, connector_id: str) -> bool:
        """With the records of its calls. False when there was none."""
        own = {"own_tenant": self._tenant, "own_id": connector_id}
        if not self._run(_REMOVE, own):
            return False
        self._run(_FORGET_CALLS, own)
        return True

    def note_call(self, call: ConnectorCall) -> None:
        """Whether the connector is still there is not asked."""
        self._check_owner(call.tenant_id)
        self._run(
            _NOTE_CALL,
            {
                "tenant_id": self._tenant,
                "id": call.id,
                "connector_id": call.connector_id,
                "at": call.at,
                "doc": written(call),
            },
        )

    def calls(self, connector_id: str, limit: int) -> tuple[ConnectorCall, ...]:
        """Newest first."""
        own = {"own_tenant": self._tenant, "own_id": connector_id, "most": limit}
        return tuple(_CALL.read(row[0]) for row in self._all(_LAST_CALLS, own))


def _values(connector: ApiConnector) -> dict[str, Any]:
    return {
        "display_name_key": fold(connector.display_name),
        "version": connector.version,
        "doc": written(connector),
    }
