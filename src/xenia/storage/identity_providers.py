"""``ports.IdentityProviders``. Read at each sign-in, hence as a whole from memory, that there are none included."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from xenia.core.directory.identity_provider import IdentityProvider, ProviderOutcome
from xenia.core.errors import Conflict, NotFound
from xenia.record import replace
from xenia.storage.documents import Document, written
from xenia.storage.schema.self_service import identity_providers, provider_outcomes
from xenia.storage.transactions import Both, Repository

_PROVIDER = Document(IdentityProvider)
_c = identity_providers.c
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_SELF = (_c.tenant_id == _TENANT, _c.id == sa.bindparam("own_id"))

_LIST = sa.select(_c.doc).where(_c.tenant_id == _TENANT).order_by(_c.created_at, _c.id)
_ADD = sa.insert(identity_providers)
_REPLACE = sa.update(identity_providers).where(*_SELF, _c.version == sa.bindparam("expected"))
_REMOVE = sa.delete(identity_providers).where(*_SELF)

_SUCCESSES_EVERY = timedelta(minutes=1)
_o = provider_outcomes.c
_OUTCOMES = sa.select(_o.provider_id, _o.succeeded_at, _o.failed_at, _o.failure).where(
    _o.tenant_id == _TENANT
)
_LAST_SUCCESS = sa.select(_o.succeeded_at).where(
    _o.tenant_id == _TENANT, _o.provider_id == sa.bindparam("own_id")
)
_FORGET = sa.delete(provider_outcomes).where(
    _o.tenant_id == _TENANT, _o.provider_id == sa.bindparam("own_id")
)
_KEY = ("tenant_id", "provider_id")
_SUCCEEDED = Both(provider_outcomes, _KEY, update=("succeeded_at",))
_FAILED = Both(provider_outcomes, _KEY, update=("failed_at", "failure"))


class SqlIdentityProviders(Repository):
    """See ``ports.IdentityProviders``."""

    __slots__ = ()

    def find(self, provider_id: str) -> IdentityProvider | None:
        """A configured provider of this tenant."""
        return next((provider for provider in self.list() if provider.id == provider_id), None)

    def list(self) -> tuple[IdentityProvider, ...]:
        """Oldest first."""
        tenant = self._tenant

        def read() -> tuple[IdentityProvider, ...]:
            return tuple(_PROVIDER.read(row[0]) for row in self._all(_LIST, {"own_tenant": tenant}))

        return self._scope.directory.record(("identity providers", tenant), read) or ()

    def add(self, provider: IdentityProvider) -> None:
        """Raises Conflict when the id is taken."""
        self._check_owner(provider.tenant_id)
        with self._refusing():
            self._run(
                _ADD,
                {
                    "tenant_id": provider.tenant_id,
                    "id": provider.id,
                    "created_at": provider.created_at,
                    "version": provider.version,
                    "doc": written(provider),
                },
            )

    def replace(self, provider: IdentityProvider) -> None:
        """Stored with ``version + 1``. Raises NotFound, and Conflict when the stored version differs."""
        self._check_owner(provider.tenant_id)
        stored = replace(provider, version=provider.version + 1)
        own = {"own_tenant": self._tenant, "own_id": provider.id, "expected": provider.version}
        if not self._run(_REPLACE, {**own, "version": stored.version, "doc": written(stored)}):
            if self.find(provider.id) is None:
                raise NotFound("IdentityProvider", provider.id)
            raise Conflict("version", "The identity provider was changed meanwhile. Reload it and try again.")

    def remove(self, provider_id: str) -> bool:
        """With its outcomes. False when there was none."""
        own = {"own_tenant": self._tenant, "own_id": provider_id}
        self._run(_FORGET, own)
        return self._run(_REMOVE, own) == 1

    def outcomes(self) -> Mapping[str, ProviderOutcome]:
        """How hand-overs last went, by the provider's id; built-in ones too."""
        rows = self._all(_OUTCOMES, {"own_tenant": self._tenant})
        return {row[0]: ProviderOutcome(row[1], row[2], row[3] or "") for row in rows}

    def record_outcome(self, provider_id: str, now: datetime, failure: str | None = None) -> None:
        """Read first: an upsert that changes nothing would still wait for everybody else's."""
        key = {"tenant_id": self._tenant, "provider_id": provider_id}
        if failure is not None:
            failed = _FAILED.of(is_postgres=self._scope.is_postgres)
            self._run(failed, {**key, "failed_at": now, "failure": failure})
            return
        row = self._first(_LAST_SUCCESS, {"own_tenant": self._tenant, "own_id": provider_id})
        if row is not None and row[0] is not None and now - row[0] < _SUCCESSES_EVERY:
            return
        self._run(_SUCCEEDED.of(is_postgres=self._scope.is_postgres), {**key, "succeeded_at": now})
