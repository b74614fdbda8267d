"""The seal by which **Run user flow** marks a sign-up as a test: made for administrators, good for a while.

Without it a sign-up is a real one; nobody can declare themselves a test guest by a parameter.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from xenia.core.ids import AppId, TenantId
from xenia.core.signin.request import AuthorizeRequest
from xenia.core.user_flow import UserFlow
from xenia.ports import Ports

_PURPOSE = "run-user-flow"
RUN_LIFETIME = timedelta(hours=1)


def run_seal(ports: Ports, tenant_id: TenantId, flow_id: str, app_id: AppId, now: datetime) -> str:
    """The ``flow_run`` parameter of one test link."""
    until = (now + RUN_LIFETIME).isoformat()
    return ports.sealer.seal(json.dumps([tenant_id, flow_id, app_id, until]).encode(), _PURPOSE)


def is_test_run(
    ports: Ports, tenant_id: TenantId, request: AuthorizeRequest, flow: UserFlow | None, now: datetime
) -> bool:
    """Whether this request carries a seal for this very flow and application that has not run out."""
    if request.flow_run is None or flow is None:
        return False
    try:
        sealed = json.loads(ports.sealer.open(request.flow_run, _PURPOSE))
        tenant, flow_id, app_id, until = sealed
        is_live = now < datetime.fromisoformat(until)
    except (ValueError, TypeError):
        return False
    return is_live and (tenant, flow_id, app_id) == (tenant_id, flow.id, request.app_id)
