"""Places for requests to other people's servers, shared between tenants and between the hosts they ask.

Owns the rule of who may take the next one. Not safe for threads: whoever counts holds a lock of their own.
"""

from __future__ import annotations

from collections import Counter

from xenia.core.ids import TenantId


class Places:
    """So many places. A tenant takes one only while more are free than it holds, a host while it holds fewer than its own.

    One tenant whose servers all hang gets half of the places, a second one half of the rest: it takes as many tenants
    as there are halvings to fill them, and a tenant that is alone has half of all.
    """

    def __init__(self, total: int, of_one_host: int | None = None) -> None:
        self._total = total
        self._of_one_host = total if of_one_host is None else of_one_host
        self._by_tenant: Counter[TenantId | None] = Counter()
        self._by_host: Counter[str] = Counter()

    def take(self, tenant_id: TenantId | None, host: str) -> bool:
        """Take one; False when there is none for this tenant or host. None stands for this installation itself."""
        free = self._total - self._by_tenant.total()
        if self._by_tenant[tenant_id] >= free or self._by_host[host] >= self._of_one_host:
            return False
        self._by_tenant[tenant_id] += 1
        self._by_host[host] += 1
        return True

    def leave(self, tenant_id: TenantId | None, host: str) -> None:
        """Give one back."""
        self._by_tenant -= Counter({tenant_id: 1})  # forgets whoever holds none any more
        self._by_host -= Counter({host: 1})
