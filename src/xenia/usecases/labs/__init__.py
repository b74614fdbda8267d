"""Guided labs: what a lab asks for, and how far the directory's real state has come.

Reading only. Every answer names its evidence, and every "not yet" names the exact thing that is missing;
the lab's page and ``xenia lab verify`` show the same.
"""

from __future__ import annotations

from xenia.core.errors import NotFound
from xenia.core.ids import TenantId
from xenia.ports import Ports
from xenia.usecases.labs.criteria import Criterion, Lab
from xenia.usecases.labs.invite_guests import INVITE_GUESTS
from xenia.usecases.labs.self_service import SELF_SERVICE_SIGN_UP

LABS: dict[str, Lab] = {lab.name: lab for lab in (INVITE_GUESTS, SELF_SERVICE_SIGN_UP)}


def find_lab(name: str) -> Lab:
    """The lab of this name. Raises NotFound."""
    lab = LABS.get(name)
    if lab is None:
        raise NotFound("Lab", name)
    return lab


def verify(ports: Ports, tenant_id: TenantId, lab_name: str) -> tuple[Criterion, ...]:
    """The lab's criteria checked against the tenant's state right now. Raises NotFound (lab, tenant)."""
    lab = find_lab(lab_name)
    with ports.store.read(tenant_id) as tx:
        if tx.tenants.find(tenant_id) is None:
            raise NotFound("Tenant", tenant_id)
        return lab.check(tx)


__all__ = ["LABS", "Criterion", "Lab", "find_lab", "verify"]
