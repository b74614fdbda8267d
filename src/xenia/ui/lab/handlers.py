"""The labs' pages: the list, and one lab with its steps and its criteria, which refresh by themselves."""

from __future__ import annotations

from urllib.parse import urlencode

from xenia.core.directory.first_party import PLATFORM_TENANT_ID
from xenia.core.directory.tenant import Tenant
from xenia.core.errors import NotFound
from xenia.ports import Ports
from xenia.ui.lab.steps import steps_of
from xenia.usecases.labs import LABS, Criterion, Lab, find_lab, verify
from xenia.web.http import HttpRequest, HttpResponse
from xenia.web.tools import Tools


class LabPages:
    """Handlers of the labs."""

    def __init__(self, ports: Ports, tools: Tools) -> None:
        self._ports = ports
        self._tools = tools

    def list(self, request: HttpRequest) -> HttpResponse:
        """``/labs``: each lab with how far it has come."""
        tenant = self._tenant(request)
        labs = [] if tenant is None else [self._progress(lab, tenant) for lab in LABS.values()]
        model: dict[str, object] = {"tenant": tenant, "labs": labs}
        return self._tools.page(request, "lab/list.html", "Labs", model)

    def show(self, request: HttpRequest) -> HttpResponse:
        """One lab for one tenant; ``?part=criteria`` is the block that the page refreshes. Raises NotFound."""
        lab, tenant = find_lab(request.args["lab"]), self._tenant(request)
        if tenant is None:
            raise NotFound("Tenant", request.query.get("tenant"))
        criteria = verify(self._ports, tenant.id, lab.name)
        own = f"/labs/{lab.name}?{urlencode({'tenant': tenant.initial_domain})}"
        model: dict[str, object] = {
            "lab": lab,
            "tenant": tenant,
            "tenants": [(one.initial_domain, one.display_name) for one in self._tenants()],
            "steps": steps_of(lab.name, tenant),
            "criteria": [_shown(one) for one in criteria],
            "done": all(one.met for one in criteria),
            "own_url": own,
            "live_url": f"{own}&part=criteria",
        }
        if request.query.get("part") == "criteria":
            return self._tools.fragment(request, "lab/lab.html", "criteria", "Labs", model)
        return self._tools.page(request, "lab/lab.html", "Labs", model)

    def _progress(self, lab: Lab, tenant: Tenant) -> dict[str, object]:
        criteria = verify(self._ports, tenant.id, lab.name)
        return {
            "lab": lab,
            "url": f"/labs/{lab.name}?{urlencode({'tenant': tenant.initial_domain})}",
            "met": sum(one.met for one in criteria),
            "of": len(criteria),
        }

    def _tenants(self) -> tuple[Tenant, ...]:
        with self._ports.store.read(None) as tx:
            found = (tenant for tenant in tx.tenants.list() if tenant.id != PLATFORM_TENANT_ID)
            return tuple(sorted(found, key=lambda tenant: tenant.created_at))

    def _tenant(self, request: HttpRequest) -> Tenant | None:
        """The tenant of the address, else the oldest one. Raises NotFound for a name that is none."""
        name = request.query.get("tenant")
        if not name:
            return next(iter(self._tenants()), None)
        with self._ports.store.read(None) as tx:
            tenant = tx.tenants.find_by_name(name)
        if tenant is None or tenant.id == PLATFORM_TENANT_ID:
            raise NotFound("Tenant", name)
        return tenant


def _shown(criterion: Criterion) -> dict[str, object]:
    return {
        "state": "met" if criterion.met else "not_yet",
        "title": criterion.title,
        "evidence": [{"label": label, "value": value} for label, value in criterion.evidence],
        "why": criterion.missing or None,
    }
