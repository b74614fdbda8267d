"""Device codes: polled, decided and spent by one conditional statement each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from xenia.core.device_code import DeviceCode
from xenia.core.ids import TenantId
from xenia.record import replace
from xenia.storage.documents import Document, written
from xenia.storage.schema.signing_in import device_codes
from xenia.storage.transactions import Repository

_CODE = Document(DeviceCode)
_c = device_codes.c
_NOW: sa.BindParameter[Any] = sa.bindparam("now", type_=_c.decided_at.type)
_SELF = (_c.tenant_id == sa.bindparam("own_tenant"), _c.code_hash == sa.bindparam("hash"))
_READ = sa.select(_c.doc, _c.polled_at, _c.decided_at, _c.consumed_at)

_ADD = sa.insert(device_codes)
_FIND = _READ.where(*_SELF)
_FIND_ANYWHERE = _READ.where(_c.user_code_hash == sa.bindparam("user_code"))
_TENANT_OF = sa.select(_c.tenant_id).where(_c.code_hash == sa.bindparam("hash"))
_CLAIM = (
    sa.update(device_codes)
    .where(*_SELF, _c.decided_at.is_(None), _c.expires_at > _NOW)
    .values(tenant_id=sa.bindparam("new_tenant"), doc=sa.bindparam("document"))
)
_POLL = (
    sa.update(device_codes)
    .where(
        *_SELF,
        sa.or_(_c.polled_at.is_(None), _c.polled_at <= sa.bindparam("earliest", type_=_c.polled_at.type)),
    )
    .values(polled_at=_NOW)
)
_DECIDE = (
    sa.update(device_codes)
    .where(*_SELF, _c.decided_at.is_(None), _c.expires_at > _NOW)
    .values(decided_at=_NOW, doc=sa.bindparam("document"))
)
_CONSUME = (
    sa.update(device_codes)
    .where(*_SELF, _c.decided_at.is_not(None), _c.consumed_at.is_(None))
    .values(consumed_at=_NOW)
)


class DeviceCodes(Repository):
    """The part of ``ports.SignIns`` about device codes."""

    __slots__ = ()

    def add_device_code(self, code: DeviceCode) -> None:
        """Raises Conflict on a taken user code."""
        self._check_owner(code.tenant_id)
        with self._refusing():
            self._run(
                _ADD,
                {
                    "code_hash": code.code_hash,
                    "user_code_hash": code.user_code_hash,
                    "tenant_id": code.tenant_id,
                    "expires_at": code.expires_at,
                    "polled_at": code.polled_at,
                    "decided_at": code.decided_at,
                    "consumed_at": code.consumed_at,
                    "doc": written(code),
                },
            )

    def find_device_code(self, code_hash: str) -> DeviceCode | None:
        """The code of this tenant, decided, spent and expired ones too."""
        row = self._first(_FIND, {"own_tenant": self._tenant, "hash": code_hash})
        return None if row is None else _read(row)

    def find_device_code_anywhere(self, user_code_hash: str) -> DeviceCode | None:
        """Platform-wide: a person types the short code before any tenant is known."""
        row = self._first(_FIND_ANYWHERE, {"user_code": user_code_hash})
        return None if row is None else _read(row)

    def tenant_of_device_code(self, code_hash: str) -> TenantId | None:
        """Platform-wide: a device that named no tenant asks at an alias."""
        row = self._first(_TENANT_OF, {"hash": code_hash})
        return None if row is None else str(row[0])

    def claim_device_code(self, code: DeviceCode, tenant_id: TenantId, now: datetime) -> bool:
        """Hand an undecided code of this tenant to another; False when it was decided or has expired meanwhile."""
        self._check_owner(code.tenant_id)
        moved = replace(code, tenant_id=tenant_id)
        own = {"own_tenant": self._tenant, "hash": code.code_hash, "now": now}
        return self._run(_CLAIM, {**own, "new_tenant": tenant_id, "document": written(moved)}) == 1

    def poll_device_code(self, code_hash: str, interval: timedelta, now: datetime) -> bool:
        """Note a poll; False when the last one is not ``interval`` ago (one conditional statement)."""
        own = {"own_tenant": self._tenant, "hash": code_hash, "now": now, "earliest": now - interval}
        return self._run(_POLL, own) == 1

    def decide_device_code(self, code: DeviceCode, now: datetime) -> bool:
        """Store its ``approval`` (None: declined), once; False when it was decided before or has expired."""
        self._check_owner(code.tenant_id)
        own = {"own_tenant": self._tenant, "hash": code.code_hash, "now": now, "document": written(code)}
        return self._run(_DECIDE, own) == 1

    def consume_device_code(self, code_hash: str, now: datetime) -> bool:
        """Spend a decided code; False when it was spent before (one conditional statement)."""
        return self._run(_CONSUME, {"own_tenant": self._tenant, "hash": code_hash, "now": now}) == 1


def _read(row: Sequence[Any]) -> DeviceCode:
    doc, polled_at, decided_at, consumed_at = row
    return replace(_CODE.read(doc), polled_at=polled_at, decided_at=decided_at, consumed_at=consumed_at)
