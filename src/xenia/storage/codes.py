"""Authorization codes and token families. A spent code stays until it expires, so that reuse is seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from xenia.core.codes import AuthorizationCode, TokenFamily
from xenia.core.errors import NotFound
from xenia.core.ids import AppId, ObjectId
from xenia.core.signin.facts import Proof
from xenia.record import replace
from xenia.storage.documents import Document, written
from xenia.storage.schema.signing_in import authorization_codes, token_families
from xenia.storage.transactions import Kept, Repository

_CODE = Document(AuthorizationCode)
_PROOFS: Document[tuple[Proof, ...]] = Document(tuple[Proof, ...])
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_c, _f = authorization_codes.c, token_families.c
_SELF = (_c.tenant_id == _TENANT, _c.code_hash == sa.bindparam("hash"))
_NOW: sa.BindParameter[Any] = sa.bindparam("now", type_=_c.consumed_at.type)
_FAMILY_FIELDS = ("id", "tenant_id", "user_id", "app_id", "sid", "created_at", "revoked_at")
_READ = sa.select(_c.doc, _c.verifier_failures, _c.consumed_at)

_ADD_FAMILY = sa.insert(token_families)
_ADD_CODE = sa.insert(authorization_codes)
_FIND = _READ.where(*_SELF)
_FIND_ANYWHERE = _READ.where(_c.code_hash == sa.bindparam("hash"))
_CONSUME = sa.update(authorization_codes).where(*_SELF, _c.consumed_at.is_(None)).values(consumed_at=_NOW)
_COUNT_FAILURE = (
    sa.update(authorization_codes)
    .where(*_SELF)
    .values(verifier_failures=_c.verifier_failures + 1)
    .returning(_c.verifier_failures)
)
_FIND_FAMILY = Kept(
    sa.select(*(_f[name] for name in _FAMILY_FIELDS), _f.proofs).where(
        _f.tenant_id == _TENANT, _f.id == sa.bindparam("own_id")
    )
)
_REVOKE = (
    sa.update(token_families).where(_f.tenant_id == _TENANT, _f.revoked_at.is_(None)).values(revoked_at=_NOW)
)
_REVOKE_ONE = _REVOKE.where(_f.id == sa.bindparam("own_id"))
_REVOKE_OF_APP = _REVOKE.where(_f.app_id == sa.bindparam("app"))
_REVOKE_OF_BOTH = _REVOKE_OF_APP.where(_f.user_id == sa.bindparam("user"))
_REVOKE_OF_USER = _REVOKE.where(_f.user_id == sa.bindparam("user"))
_REVOKE_OF_SID = _REVOKE.where(_f.user_id == sa.bindparam("user"), _f.sid == sa.bindparam("own_sid"))
_OF_USER = (
    sa.select(*(_f[name] for name in _FAMILY_FIELDS))
    .where(_f.tenant_id == _TENANT, _f.user_id == sa.bindparam("user"), _f.revoked_at.is_(None))
    .order_by(_f.created_at.desc(), _f.id)
)


class Codes(Repository):
    """The part of ``ports.SignIns`` about codes and families."""

    __slots__ = ()

    def add_code(self, code: AuthorizationCode, family: TokenFamily) -> None:
        """Store a fresh code with the family it founds."""
        self._check_owner(code.tenant_id)
        self.add_family(family)
        self._run(
            _ADD_CODE,
            {
                "code_hash": code.code_hash,
                "tenant_id": code.tenant_id,
                "family_id": code.family_id,
                "expires_at": code.expires_at,
                "verifier_failures": code.verifier_failures,
                "consumed_at": code.consumed_at,
                "doc": written(code),
            },
        )

    def add_family(self, family: TokenFamily) -> None:
        """A family that no authorization code founds."""
        self._check_owner(family.tenant_id)
        values = {name: getattr(family, name) for name in _FAMILY_FIELDS}
        self._run(_ADD_FAMILY, {**values, "proofs": written(family.proofs)})

    def find_code(self, code_hash: str) -> AuthorizationCode | None:
        """The code of this tenant, spent and expired ones too."""
        row = self._first(_FIND, {"own_tenant": self._tenant, "hash": code_hash})
        return None if row is None else _read(row)

    def find_code_anywhere(self, code_hash: str) -> AuthorizationCode | None:
        """Platform-wide, only to tell a code of another tenant from an unknown one."""
        row = self._first(_FIND_ANYWHERE, {"hash": code_hash})
        return None if row is None else _read(row)

    def consume_code(self, code_hash: str, now: datetime) -> bool:
        """Spend it; False when it was spent already (one conditional statement)."""
        return self._run(_CONSUME, {"own_tenant": self._tenant, "hash": code_hash, "now": now}) == 1

    def count_verifier_failure(self, code_hash: str) -> int:
        """Count a wrong PKCE verifier and return how many there were. Raises NotFound."""
        row = self._first(_COUNT_FAILURE, {"own_tenant": self._tenant, "hash": code_hash})
        if row is None:
            raise NotFound("Code", "unknown")
        return int(row[0])

    def find_family(self, family_id: str) -> TokenFamily | None:
        """The family, revoked or not; within a write, nobody else changes it until the commit."""
        row = self._first(_FIND_FAMILY, {"own_tenant": self._tenant, "own_id": family_id})
        if row is None:
            return None
        *values, proofs = row
        return replace(TokenFamily(*values), proofs=_PROOFS.read(proofs) if proofs else ())

    def revoke_family(self, family_id: str, now: datetime) -> None:
        """End all tokens that descend from one sign-in; a second time changes nothing."""
        self._run(_REVOKE_ONE, {"own_tenant": self._tenant, "own_id": family_id, "now": now})

    def revoke_families_of(self, user_id: ObjectId, now: datetime) -> None:
        """End all tokens of the user."""
        self._run(_REVOKE_OF_USER, {"own_tenant": self._tenant, "user": user_id, "now": now})

    def revoke_families_by(self, app_id: AppId, user_id: ObjectId | None, now: datetime) -> None:
        """End all tokens this client holds for the user, or for everybody."""
        own = {"own_tenant": self._tenant, "app": app_id, "now": now}
        if user_id is None:
            self._run(_REVOKE_OF_APP, own)
        else:
            self._run(_REVOKE_OF_BOTH, {**own, "user": user_id})

    def revoke_families_of_sid(self, user_id: ObjectId, sid: str, now: datetime) -> None:
        """End all tokens that descend from one sign-in of the user."""
        own = {"own_tenant": self._tenant, "user": user_id, "own_sid": sid}
        self._run(_REVOKE_OF_SID, {**own, "now": now})

    def families_of(self, user_id: ObjectId) -> tuple[TokenFamily, ...]:
        """Those of the user that are not revoked, newest first, without their proofs."""
        rows = self._all(_OF_USER, {"own_tenant": self._tenant, "user": user_id})
        return tuple(TokenFamily(*row) for row in rows)


def _read(row: Sequence[Any]) -> AuthorizationCode:
    doc, verifier_failures, consumed_at = row
    return replace(_CODE.read(doc), verifier_failures=verifier_failures, consumed_at=consumed_at)
