"""Refresh tokens. Whoever writes holds the family's row, so that uses of its tokens come one after another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from xenia.core.ids import ObjectId, TenantId
from xenia.core.refresh_token import REMEMBERED, RETRIES, RETRY_GRACE, HeldRefreshToken, RefreshToken
from xenia.record import replace
from xenia.storage.documents import Document, written
from xenia.storage.schema.signing_in import refresh_tokens, token_families
from xenia.storage.transactions import Repository

_TOKEN = Document(RefreshToken)
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_c = refresh_tokens.c
_NOW: sa.BindParameter[Any] = sa.bindparam("now", type_=_c.consumed_at.type)
_KEEP: sa.BindParameter[Any] = sa.bindparam("keep", type_=_c.keep_until.type)
_SELF = (_c.tenant_id == _TENANT, _c.token_hash == sa.bindparam("hash"))

_ADD = sa.insert(refresh_tokens)
_FIND = sa.select(_c.doc, _c.consumed_at, _c.retries).where(*_SELF)
_TENANT_OF = sa.select(_c.tenant_id).where(_c.token_hash == sa.bindparam("hash"))
_SPEND = sa.update(refresh_tokens).where(_c.consumed_at.is_(None)).values(consumed_at=_NOW, keep_until=_KEEP)
_CONSUME = _SPEND.where(*_SELF)
_SUPERSEDE = _SPEND.where(_c.tenant_id == _TENANT, _c.family_id == sa.bindparam("family"))
_RETRY = (
    sa.update(refresh_tokens)
    .where(*_SELF, _c.consumed_at > sa.bindparam("since", type_=_c.consumed_at.type), _c.retries < RETRIES)
    .values(retries=_c.retries + 1)
)
_f = token_families.c
_HELD = (
    sa.select(_c.doc)
    .join(token_families, sa.and_(_f.tenant_id == _c.tenant_id, _f.id == _c.family_id))
    .where(
        _f.tenant_id == _TENANT,
        _f.user_id == sa.bindparam("user"),
        _f.revoked_at.is_(None),
        _c.consumed_at.is_(None),
        _c.keep_until > _KEEP,
    )
    .order_by(_f.created_at.desc(), _f.id, _c.keep_until.desc(), _c.token_hash)
)


class RefreshTokens(Repository):
    """The part of ``ports.SignIns`` about refresh tokens."""

    __slots__ = ()

    def add_refresh_token(self, token: RefreshToken) -> None:
        """Store a fresh token of a family that exists."""
        self._check_owner(token.tenant_id)
        self._run(
            _ADD,
            {
                "token_hash": token.token_hash,
                "tenant_id": token.tenant_id,
                "family_id": token.family_id,
                "keep_until": token.expires_at + REMEMBERED,
                "consumed_at": token.consumed_at,
                "retries": token.retries,
                "doc": written(token),
            },
        )

    def find_refresh_token(self, token_hash: str) -> RefreshToken | None:
        """The token of this tenant, used and expired ones too, as long as they are remembered."""
        row = self._first(_FIND, {"own_tenant": self._tenant, "hash": token_hash})
        return None if row is None else _read(row)

    def tenant_of_refresh_token(self, token_hash: str) -> TenantId | None:
        """Platform-wide: clients renew tokens at an alias too."""
        row = self._first(_TENANT_OF, {"hash": token_hash})
        return None if row is None else str(row[0])

    def consume_refresh_token(self, token: RefreshToken, now: datetime) -> bool:
        """Use it up, and its unused siblings with it; False when it was used before (one conditional statement)."""
        own = {"own_tenant": self._tenant, "now": now, "keep": now + REMEMBERED}
        if self._run(_CONSUME, {**own, "hash": token.token_hash}) != 1:
            return False
        self._run(_SUPERSEDE, {**own, "family": token.family_id})
        return True

    def retry_refresh_token(self, token_hash: str, now: datetime) -> bool:
        """Count a repeated use shortly after the first; False when it is too late or too many."""
        since = now - RETRY_GRACE
        return self._run(_RETRY, {"own_tenant": self._tenant, "hash": token_hash, "since": since}) == 1

    def held_refresh_tokens(self, user_id: ObjectId, now: datetime) -> tuple[HeldRefreshToken, ...]:
        """The usable refresh tokens apps hold for this user, the newest of each family, newest family first."""
        found: dict[str, HeldRefreshToken] = {}
        for row in self._all(_HELD, {"own_tenant": self._tenant, "user": user_id, "keep": now + REMEMBERED}):
            token = _TOKEN.read(row[0])
            held = HeldRefreshToken(
                token.family_id,
                token.app_id,
                token.sid,
                token.signed_in_at,
                token.issued_at,
                token.expires_at,
            )
            found.setdefault(token.family_id, held)
        return tuple(found.values())


def _read(row: Sequence[Any]) -> RefreshToken:
    doc, consumed_at, retries = row
    return replace(_TOKEN.read(doc), consumed_at=consumed_at, retries=retries)
