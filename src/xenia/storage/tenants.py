"""Tenants, every name they answer to, and their policies (platform-wide).

The platform tenant, which owns what ships with Xenia, has no name and is in no list: only its id, from
inside, finds it.
"""

from __future__ import annotations

import sqlalchemy as sa

from xenia.core.addresses import domain_key
from xenia.core.directory.first_party import PLATFORM_TENANT_ID
from xenia.core.directory.tenant import Tenant, TenantPolicies
from xenia.core.errors import Conflict, NotFound
from xenia.core.ids import TenantId, fold
from xenia.record import replace
from xenia.storage.documents import Document, written
from xenia.storage.schema.directory import tenant_names, tenant_policies, tenants
from xenia.storage.transactions import Repository

_TENANT = Document(Tenant)
_POLICIES = Document(TenantPolicies)

_FIND = sa.select(tenants.c.doc).where(tenants.c.id == sa.bindparam("tenant"))
_FIND_BY_NAME = (
    sa.select(tenants.c.doc)
    .join(tenant_names, tenant_names.c.tenant_id == tenants.c.id)
    .where(tenant_names.c.name_key == sa.bindparam("name"), tenants.c.id != PLATFORM_TENANT_ID)
)
_LIST = (
    sa.select(tenants.c.doc)
    .where(tenants.c.id != PLATFORM_TENANT_ID)
    .order_by(tenants.c.created_at, tenants.c.id)
)
_ADD = sa.insert(tenants)
_ADD_NAMES = sa.insert(tenant_names)
_DROP_NAMES = sa.delete(tenant_names).where(tenant_names.c.tenant_id == sa.bindparam("tenant"))
_REPLACE = sa.update(tenants).where(tenants.c.id == sa.bindparam("tenant"))
_ADD_POLICIES = sa.insert(tenant_policies)
_FIND_POLICIES = sa.select(tenant_policies.c.doc).where(tenant_policies.c.tenant_id == sa.bindparam("tenant"))
_REPLACE_POLICIES = sa.update(tenant_policies).where(
    tenant_policies.c.tenant_id == sa.bindparam("tenant"),
    tenant_policies.c.version == sa.bindparam("expected"),
)


class SqlTenants(Repository):
    """See ``ports.Tenants``."""

    __slots__ = ()

    def find(self, tenant_id: TenantId) -> Tenant | None:
        """The tenant with this id."""

        def read() -> Tenant | None:
            row = self._first(_FIND, {"tenant": tenant_id})
            return None if row is None else _TENANT.read(row[0])

        return self._scope.directory.record(("tenant", tenant_id), read)

    def find_by_name(self, name: str) -> Tenant | None:
        """By GUID, any verified domain, or short name; any case."""
        row = self._first(_FIND_BY_NAME, {"name": _name_key(name)})
        return None if row is None else _TENANT.read(row[0])

    def owner_of(self, domain: str) -> TenantId | None:
        """The tenant that holds this verified domain (comparable form); read from memory."""

        def read() -> dict[str, TenantId]:
            return {entry.name: tenant.id for tenant in self.list() for entry in tenant.domains}

        return (self._scope.directory.record(("domains",), read) or {}).get(domain)

    def list(self) -> tuple[Tenant, ...]:
        """All tenants, oldest first."""
        return tuple(_TENANT.read(row[0]) for row in self._all(_LIST, {}))

    def add(self, tenant: Tenant, policies: TenantPolicies) -> None:
        """Raises Conflict when the id or one of the names is taken."""
        with self._refusing():
            self._run(_ADD, {"id": tenant.id, "created_at": tenant.created_at, "doc": written(tenant)})
            self._run(_ADD_NAMES, _names(tenant))
            self._run(
                _ADD_POLICIES, {"tenant_id": tenant.id, "version": policies.version, "doc": written(policies)}
            )

    def replace(self, tenant: Tenant) -> None:
        """Raises NotFound, and Conflict when one of the names is taken."""
        with self._refusing():
            if not self._run(_REPLACE, {"tenant": tenant.id, "doc": written(tenant)}):
                raise NotFound("Tenant", tenant.id)
            self._run(_DROP_NAMES, {"tenant": tenant.id})
            self._run(_ADD_NAMES, _names(tenant))

    def policies(self, tenant_id: TenantId) -> TenantPolicies:
        """The tenant's settings. Raises NotFound."""

        def read() -> TenantPolicies | None:
            row = self._first(_FIND_POLICIES, {"tenant": tenant_id})
            return None if row is None else _POLICIES.read(row[0])

        found = self._scope.directory.record(("policies", tenant_id), read)
        if found is None:
            raise NotFound("Tenant", tenant_id)
        return found

    def replace_policies(self, tenant_id: TenantId, policies: TenantPolicies) -> None:
        """Store with ``version + 1``. Raises Conflict when the stored version is not ``policies.version``."""
        stored = replace(policies, version=policies.version + 1)
        values = {"version": stored.version, "doc": written(stored)}
        if not self._run(_REPLACE_POLICIES, {"tenant": tenant_id, "expected": policies.version, **values}):
            raise Conflict("version", "The settings were changed meanwhile. Reload them and try again.")


def _name_key(name: str) -> str:
    text = fold(name)
    return text if text.isascii() else (domain_key(text) or text)


def _names(tenant: Tenant) -> list[dict[str, str]]:
    keys = {tenant.id, tenant.short_name, *(domain.name for domain in tenant.domains)}
    return [{"name_key": _name_key(name), "tenant_id": tenant.id} for name in sorted(keys)]
