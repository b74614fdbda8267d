"""What all pages of My Account share: the tenant looked at, the person signed in, and the frame around a page."""

from __future__ import annotations

from collections.abc import Sequence

from xenia.core.actor import Actor
from xenia.core.directory.first_party import ACCOUNT_APP_ID, ACCOUNT_CALLBACK
from xenia.core.directory.tenant import Tenant
from xenia.core.errors import NotFound
from xenia.ports import Ports
from xenia.usecases.sessions.first_party_session import find_actor
from xenia.web.cookies import Cookies
from xenia.web.first_party import FirstPartySignIn
from xenia.web.form_guard import FormGuard
from xenia.web.http import HttpRequest
from xenia.web.pages import THEME_COOKIE, Pages, theme_of

SURFACE = "account"


class AccountFrame:
    """The surface's ports and ways to find out who asks about which tenant."""

    def __init__(
        self, ports: Ports, pages: Pages, cookies: Cookies, guard: FormGuard, nav: Sequence[dict[str, str]]
    ) -> None:
        self.ports = ports
        self.pages = pages
        self.cookies = cookies
        self.guard = guard
        self.sign_in = FirstPartySignIn(ports, cookies, SURFACE, ACCOUNT_APP_ID, ACCOUNT_CALLBACK)
        self._nav = list(nav)

    def named(self, request: HttpRequest) -> str:
        """The tenant as the address names it."""
        query = request.query
        return query.get("tenantId") or query.get("tenantid") or query.get("tenant")

    def tenant_of(self, request: HttpRequest) -> Tenant | None:
        """The tenant the address names, if there is one."""
        return self.tenant(self.named(request))

    def posted_tenant(self, request: HttpRequest) -> Tenant:
        """The tenant a form is about. Raises NotFound."""
        tenant = self.tenant(request.form.get("tenant"))
        if tenant is None:
            raise NotFound("Tenant", request.form.get("tenant"))
        return tenant

    def tenant(self, segment: str) -> Tenant | None:
        """By id or domain."""
        if not segment:
            return None
        with self.ports.store.read(None) as tx:
            return tx.tenants.find_by_name(segment)

    def secret(self, request: HttpRequest, tenant: Tenant) -> str:
        """The surface's session secret of this browser; empty when there is none."""
        return self.cookies.surface(request, SURFACE, tenant.id) or ""

    def actor(self, request: HttpRequest, tenant: Tenant) -> Actor | None:
        """The signed-in person, or None."""
        return find_actor(
            self.ports,
            tenant.id,
            SURFACE,
            self.cookies.surface(request, SURFACE, tenant.id),
            ip_address=request.client_address,
            correlation_id=request.correlation_id,
        )

    def model(self, request: HttpRequest) -> dict[str, object]:
        """Names every page needs."""
        return {"nav": self._nav, "theme": theme_of(request.cookies.get(THEME_COOKIE))}
