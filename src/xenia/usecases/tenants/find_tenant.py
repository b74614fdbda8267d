"""The tenant a path names, by GUID, domain or short name.

Every protocol request begins here, so what was found is remembered for a few seconds. That is correct
with several processes: a tenant's id and subject salt never change, a tenant just made is never
missed (only finds are remembered), and a renamed or added domain is known everywhere after the few
seconds.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.directory.first_party import PLATFORM_TENANT_ID
from xenia.core.directory.tenant import Tenant
from xenia.core.endpoints import ALIASES
from xenia.core.errors import TenantNotFound, TenantRequired
from xenia.core.ids import fold
from xenia.ports import Ports

REMEMBERED = timedelta(seconds=5)
_MOST_REMEMBERED = 1024


class TenantDirectory:
    """Finds tenants. One instance serves all threads of a process."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._known: dict[str, tuple[Tenant, datetime]] = {}

    def find(self, segment: str) -> Tenant:
        """The tenant of this path segment. Raises TenantRequired for an alias, TenantNotFound."""
        key = fold(segment)
        if key in ALIASES:
            raise TenantRequired
        now = self._ports.clock.now()
        known = self._known.get(key)
        # The clock may have been turned back: an entry of the future is none.
        if known is not None and timedelta() <= now - known[1] < REMEMBERED:
            return known[0]
        with self._ports.store.read(None) as tx:
            tenant = tx.tenants.find_by_name(segment)
        if tenant is None or tenant.id == PLATFORM_TENANT_ID:
            raise TenantNotFound(segment)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = (tenant, now)
        return tenant

    def find_by_hint(self, *hints: str | None) -> Tenant | None:
        """The tenant that owns one of these domains (or addresses), for requests at an alias."""
        for hint in hints:
            domain = (hint or "").rpartition("@")[2]
            if "." in domain:
                try:
                    return self.find(domain)
                except TenantNotFound:
                    continue
        return None
