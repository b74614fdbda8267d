"""The tenant's overview: what to set up next, and how many of everything there are."""

from __future__ import annotations

from xenia.core.directory.tenant import Tenant, TenantPolicies
from xenia.core.directory.user import ExternalUserState, UserType
from xenia.core.query import Compare, Filter, Query, all_of
from xenia.record import Record
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.graph_calls import call
from xenia.usecases.users import read_directory
from xenia.web.http import HttpResponse, redirect
from xenia.web.routing import Route

GUESTS = Compare("user_type", "eq", UserType.GUEST.value)
PENDING = Compare("external_user_state", "eq", ExternalUserState.PENDING_ACCEPTANCE.value)


class Counts(Record):
    """How many there are."""

    users: int
    guests: int
    pending: int
    apps: int


class Overview:
    """The first page of a tenant."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Its address."""
        return (Route("GET", "/admin/{tenant}", self._desk.shown(self.show)),)

    def show(self, visit: Visit) -> HttpResponse:
        """Counts, checklist and essentials; owners of apps without a role begin at their apps."""
        if visit.is_owner:
            return redirect(visit.url("app-registrations"))
        ports = self._desk.ports
        with ports.store.read(visit.tenant.id) as tx:
            policies = tx.tenants.policies(visit.tenant.id)
        counts = self._counts(visit)
        steps = self._checklist(visit, visit.tenant, policies, counts)
        return self._desk.page(
            visit,
            "overview.html",
            "overview",
            (),
            counts=counts,
            steps=steps,
            open_steps=sum(step["kind"] != "ok" for step in steps),
            essentials=visit.tenant,
            base_url=visit.request.base_url,
            api=call(visit, "GET", "/v1.0/organization", permission="Organization.Read.All"),
        )

    def _counts(self, visit: Visit) -> Counts:
        ports, actor = self._desk.ports, visit.actor

        def users(condition: Filter | None) -> int:
            found = read_directory.list_users(ports, actor, Query(condition, limit=1, count=True))
            return found.total or 0

        apps = read_directory.list_applications(ports, actor, Query(limit=1, count=True))
        return Counts(users(None), users(GUESTS), users(all_of(GUESTS, PENDING)), apps.total or 0)

    def _checklist(
        self, visit: Visit, tenant: Tenant, policies: TenantPolicies, counts: Counts
    ) -> list[dict[str, object]]:
        server = self._desk.ports.server
        mail = (
            "Mail is sent to real mail servers."
            if server.mail_leaves
            else "Mail is kept in this server's mailbox."
        )
        return [
            _step(True, mail, visit.url("mail"), "Send a test mail"),
            _step(
                bool(tenant.privacy_statement_url),
                "Privacy statement for guests",
                visit.url("properties"),
                "Set it",
            ),
            _step(
                counts.apps > 0, "First app registered", visit.url("app-registrations/new"), "Register an app"
            ),
            _step(
                counts.guests > 0, "First guest invited", visit.url("users/invite"), "Invite external user"
            ),
            _step(
                policies.security_defaults,
                "Multifactor authentication for everybody",
                visit.url("security-defaults"),
                "Security defaults",
            ),
        ]


def _step(done: bool, text: str, url: str, action: str) -> dict[str, object]:  # noqa: FBT001  (a row, not a switch)
    return {"kind": "ok" if done else "wait", "text": text, "url": url, "action": action}
