"""``ports.UserFlows``. Read at each sign-in, hence as a whole from memory, that there are none included.

Which applications a flow serves stands in rows of their own, so that an application that is removed
leaves its flow, and none is ever in two.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from xenia.core.errors import Conflict, NotFound
from xenia.core.ids import AppId, fold
from xenia.core.user_flow import UserFlow
from xenia.record import replace
from xenia.storage.documents import Document, written
from xenia.storage.schema.self_service import sign_up_events, user_flow_applications, user_flows
from xenia.storage.transactions import Repository

_FLOW = Document(UserFlow)
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_KEY: sa.BindParameter[Any] = sa.bindparam("own_key")
_c = user_flows.c
_apps = user_flow_applications.c
_SELF = (_c.tenant_id == _TENANT, _c.id_key == _KEY)

_LIST = sa.select(_c.id_key, _c.doc).where(_c.tenant_id == _TENANT).order_by(_c.id_key)
_LIST_APPS = (
    sa.select(_apps.flow_id_key, _apps.app_id)
    .where(_apps.tenant_id == _TENANT)
    .order_by(_apps.flow_id_key, _apps.position)
)
_ADD = sa.insert(user_flows)
_ADD_APPS = sa.insert(user_flow_applications)
_REPLACE = sa.update(user_flows).where(*_SELF, _c.version == sa.bindparam("expected"))
_DROP_APPS = sa.delete(user_flow_applications).where(_apps.tenant_id == _TENANT, _apps.flow_id_key == _KEY)
_REMOVE = sa.delete(user_flows).where(*_SELF)
# A new flow of the same name is another one.
_FORGET = sa.delete(sign_up_events).where(
    sign_up_events.c.tenant_id == _TENANT, sign_up_events.c.flow_id_key == _KEY
)


class SqlUserFlows(Repository):
    """See ``ports.UserFlows``."""

    __slots__ = ()

    def find(self, flow_id: str) -> UserFlow | None:
        """By id, any case."""
        key = fold(flow_id)
        return next((flow for flow in self.list() if fold(flow.id) == key), None)

    def of_app(self, app_id: AppId) -> UserFlow | None:
        """The one flow that serves this application."""
        return next((flow for flow in self.list() if app_id in flow.app_ids), None)

    def list(self) -> tuple[UserFlow, ...]:
        """By id."""
        own = {"own_tenant": self._tenant}

        def read() -> tuple[UserFlow, ...]:
            flows = self._all(_LIST, own)
            if not flows:
                return ()
            apps = defaultdict(list)
            for key, app_id in self._all(_LIST_APPS, own):
                apps[key].append(app_id)
            return tuple(replace(_FLOW.read(doc), app_ids=tuple(apps[key])) for key, doc in flows)

        return self._scope.directory.record(("user flows", self._tenant), read) or ()

    def add(self, flow: UserFlow) -> None:
        """Raises Conflict when the id is taken or an application is in another flow; NotFound for an unknown one."""
        self._check_owner(flow.tenant_id)
        with self._refusing():
            self._run(
                _ADD,
                {
                    "tenant_id": flow.tenant_id,
                    "id_key": fold(flow.id),
                    "version": flow.version,
                    "doc": _document(flow),
                },
            )
            self._put_apps(flow)

    def replace(self, flow: UserFlow) -> None:
        """Stored with ``version + 1``. Raises Conflict for another stored version or an application in another flow.

        Raises NotFound when the flow, or one of its applications, is gone.
        """
        self._check_owner(flow.tenant_id)
        stored = replace(flow, version=flow.version + 1)
        own = {"own_tenant": self._tenant, "own_key": fold(flow.id)}
        values = {"expected": flow.version, "version": stored.version, "doc": _document(stored)}
        with self._refusing():
            if not self._run(_REPLACE, {**own, **values}):
                if self.find(flow.id) is None:
                    raise NotFound("UserFlow", flow.id)
                raise Conflict("version", "The user flow was changed meanwhile. Reload it and try again.")
            self._run(_DROP_APPS, own)
            self._put_apps(stored)

    def remove(self, flow_id: str) -> bool:
        """With the events of its funnel; requests stay. False when there was none."""
        own = {"own_tenant": self._tenant, "own_key": fold(flow_id)}
        if not self._run(_REMOVE, own):
            return False
        self._run(_FORGET, own)
        return True

    def _put_apps(self, flow: UserFlow) -> None:
        rows = [
            {
                "tenant_id": flow.tenant_id,
                "app_id": app_id,
                "flow_id_key": fold(flow.id),
                "position": position,
            }
            for position, app_id in enumerate(dict.fromkeys(flow.app_ids))
        ]
        if rows:
            self._run(_ADD_APPS, rows)


def _document(flow: UserFlow) -> str:
    return written(replace(flow, app_ids=()))
