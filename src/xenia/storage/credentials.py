"""Passwords and authenticator apps of the tenant's users."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from xenia.core.credentials import AuthenticatorApp, PasswordCredential
from xenia.core.ids import ObjectId
from xenia.record import replace
from xenia.storage.documents import Document, written
from xenia.storage.schema.directory import authenticator_apps, passwords
from xenia.storage.transactions import Both, Repository

_PASSWORD = Document(PasswordCredential)
_APP = Document(AuthenticatorApp)
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_apps = authenticator_apps.c
_SELF = (_apps.tenant_id == _TENANT, _apps.id == sa.bindparam("own_id"))

_FIND_PASSWORD = sa.select(passwords.c.doc).where(
    passwords.c.tenant_id == _TENANT, passwords.c.user_id == sa.bindparam("user")
)
_DROP_PASSWORD = sa.delete(passwords).where(
    passwords.c.tenant_id == _TENANT, passwords.c.user_id == sa.bindparam("user")
)
_SET_PASSWORD = Both(passwords, ("tenant_id", "user_id"), update=("doc",))
_APPS = (
    sa.select(_apps.doc, _apps.confirmed_at, _apps.last_step)
    .where(_apps.tenant_id == _TENANT, _apps.user_id == sa.bindparam("user"))
    .order_by(_apps.created_at, _apps.id)
)
_ADD_APP = sa.insert(authenticator_apps)
_CONFIRM = (
    sa.update(authenticator_apps)
    .where(*_SELF, _apps.confirmed_at.is_(None), _apps.last_step < sa.bindparam("step"))
    .values(confirmed_at=sa.bindparam("now", type_=_apps.confirmed_at.type), last_step=sa.bindparam("step"))
)
_USE_STEP = (
    sa.update(authenticator_apps)
    .where(*_SELF, _apps.last_step < sa.bindparam("step"))
    .values(last_step=sa.bindparam("step"))
)
_REMOVE = sa.delete(authenticator_apps).where(*_SELF)


class SqlCredentials(Repository):
    """See ``ports.Credentials``."""

    __slots__ = ()

    def password(self, user_id: ObjectId) -> PasswordCredential | None:
        """The user's password hash."""
        row = self._first(_FIND_PASSWORD, {"own_tenant": self._tenant, "user": user_id})
        return None if row is None else _PASSWORD.read(row[0])

    def set_password(self, credential: PasswordCredential) -> None:
        """Add or replace. Raises NotFound when the user is not in this tenant."""
        with self._refusing():
            self._run(
                _SET_PASSWORD,
                {"tenant_id": self._tenant, "user_id": credential.user_id, "doc": written(credential)},
            )

    def remove_password(self, user_id: ObjectId) -> bool:
        """False when there was none."""
        return self._run(_DROP_PASSWORD, {"own_tenant": self._tenant, "user": user_id}) == 1

    def authenticator_apps(self, user_id: ObjectId) -> tuple[AuthenticatorApp, ...]:
        """Confirmed and pending ones, oldest first."""
        rows = self._all(_APPS, {"own_tenant": self._tenant, "user": user_id})
        return tuple(_app(row) for row in rows)

    def add_authenticator_app(self, app: AuthenticatorApp) -> None:
        """Raises NotFound when the user is not in this tenant."""
        self._check_owner(app.tenant_id)
        with self._refusing():
            self._run(
                _ADD_APP,
                {
                    "tenant_id": app.tenant_id,
                    "id": app.id,
                    "user_id": app.user_id,
                    "created_at": app.created_at,
                    "confirmed_at": app.confirmed_at,
                    "last_step": app.last_step,
                    "doc": written(app),
                },
            )

    def confirm_authenticator_app(self, app_id: str, now: datetime, step: int) -> bool:
        """False when it was confirmed already (one conditional statement)."""
        return (
            self._run(_CONFIRM, {"own_tenant": self._tenant, "own_id": app_id, "now": now, "step": step}) == 1
        )

    def use_authenticator_step(self, app_id: str, step: int) -> bool:
        """Record an accepted time step; False when this or a later one was used (RFC 6238 section 5.2)."""
        return self._run(_USE_STEP, {"own_tenant": self._tenant, "own_id": app_id, "step": step}) == 1

    def remove_authenticator_app(self, app_id: str) -> bool:
        """False when there was none."""
        return self._run(_REMOVE, {"own_tenant": self._tenant, "own_id": app_id}) == 1


def _app(row: Sequence[Any]) -> AuthenticatorApp:
    doc, confirmed_at, last_step = row
    return replace(_APP.read(doc), confirmed_at=confirmed_at, last_step=last_step)
