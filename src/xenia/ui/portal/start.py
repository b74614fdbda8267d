"""The start page, the tenant chooser, and opening a tenant in the workshop. Nobody needs to be signed in here."""

from __future__ import annotations

import re

from xenia.core.addresses import parse_address
from xenia.core.directory.first_party import PLATFORM_TENANT_ID
from xenia.core.errors import Conflict, InvalidValue, NotPermitted, XeniaError
from xenia.ui.portal.desk import TOOLS, Desk
from xenia.usecases.tenants.manage_tenant import NewTenant, OpenedTenant, open_tenant
from xenia.web.http import HttpRequest, HttpResponse, html, redirect
from xenia.web.pages import THEME_COOKIE, theme_of
from xenia.web.routing import Route
from xenia.web.tools import is_local

_PURPOSE = "new-tenant"
_CHOICES = 100


class StartPages:
    """`/`, `/admin` and the form for a new tenant."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        return (
            Route("GET", "/", self.start),
            Route("GET", "/admin", self.choose),
            Route("GET", "/admin/new-tenant", self.form),
            Route("POST", "/admin/new-tenant", self.create),
            Route("GET", "/admin/new-tenant/done", self.opened),
        )

    def start(self, request: HttpRequest) -> HttpResponse:
        """What this is, and the ways in."""
        return self._page(request, "start.html", tools_on=self._desk.ports.server.tools)

    def choose(self, request: HttpRequest) -> HttpResponse:
        """The organizations of this server; where customers share it, they are asked for by name, not listed."""
        typed = request.query.get("organization").strip()
        errors = []
        if typed:
            with self._desk.ports.store.read(None) as tx:
                found = tx.tenants.find_by_name(typed)
            if found is not None and found.id != PLATFORM_TENANT_ID:
                return redirect(f"/admin/{found.initial_domain}")
            text = f"No organization here uses \u201c{typed}\u201d. Check the spelling."
            errors = [{"field": "organization", "text": text}]
        return self._page(
            request,
            "choose.html",
            status=404 if errors else 200,
            tenants=self._listed(),
            may_open=self._may_open(request),
            typed=typed,
            errors=errors,
            notices=[{"kind": "ok", "title": "You are signed out of the portal.", "text": None}]
            if request.query.get("done") == "signed-out"
            else [],
        )

    def form(self, request: HttpRequest) -> HttpResponse:
        """The form for a new tenant. Raises NotPermitted outside the workshop."""
        self._guard(request)
        return self._form(request, {}, [])

    def create(self, request: HttpRequest) -> HttpResponse:
        """Open the tenant; the next page shows its administrator's password once."""
        self._guard(request)
        binding = self._desk.cookies.browser(request) or ""
        self._desk.guard.check(request, binding, _PURPOSE)
        typed = {name: request.form.get(name).strip() for name in ("name", "label", "mail")}
        try:
            opened = self._open(typed)
        except (InvalidValue, Conflict) as error:
            return self._form(request, typed, [{"field": _field_of(error), "text": _sentence(error, typed)}])
        shown = {
            "name": opened.tenant.display_name,
            "domain": opened.tenant.initial_domain,
            "id": opened.tenant.id,
            "user": opened.administrator.user.user_principal_name,
            "password": opened.administrator.password,
        }
        return self._desk.once.hand_over(binding, "/admin/new-tenant/done", shown)

    def opened(self, request: HttpRequest) -> HttpResponse:
        """The new tenant and how to sign in to it, once."""
        values = self._desk.once.read(request, self._desk.cookies.browser(request) or "")
        if not values:
            return redirect("/admin")
        return self._desk.once.forget(self._page(request, "tenant_opened.html", opened=values))

    def _open(self, typed: dict[str, str]) -> OpenedTenant:
        if not typed["name"]:
            raise InvalidValue("display_name", "Enter a name, like Fabrikam.")
        if typed["mail"] and parse_address(typed["mail"]) is None:
            raise InvalidValue("mail", "Enter an email address, like name@example.com.")
        label = typed["label"] or re.sub(r"[^a-z0-9]+", "-", typed["name"].lower()).strip("-")[:27].strip("-")
        # Where the tools are on, whoever reaches this page is the operator: _guard has seen to that.
        return open_tenant(self._desk.ports, None, NewTenant(typed["name"], label), typed["mail"] or None)

    def _form(
        self, request: HttpRequest, typed: dict[str, str], errors: list[dict[str, str]]
    ) -> HttpResponse:
        desk = self._desk
        secret = desk.cookies.browser(request)
        fresh = secret or desk.ports.entropy.token()
        response = self._page(
            request,
            "new_tenant.html",
            status=422 if errors else 200,
            form_token=desk.guard.token(fresh, _PURPOSE),
            suffix=desk.ports.server.initial_domain_suffix,
            typed={"name": "", "label": "", "mail": ""} | typed,
            errors=errors,
        )
        return response if secret else desk.cookies.set_browser(response, fresh)

    def _guard(self, request: HttpRequest) -> None:
        if not self._may_open(request):
            raise NotPermitted(
                "", "New organizations are opened by the operator of this server: xenia tenant create."
            )

    def _may_open(self, request: HttpRequest) -> bool:
        """In the workshop, on the computer it runs on. Elsewhere anybody could fill the server with tenants."""
        return self._desk.ports.server.tools and is_local(request)

    def _listed(self) -> list[dict[str, str]] | None:
        if not self._desk.ports.server.tools:
            return None
        with self._desk.ports.store.read(None) as tx:
            tenants = [tenant for tenant in tx.tenants.list() if tenant.id != PLATFORM_TENANT_ID]
        return [
            {
                "name": tenant.display_name,
                "domain": tenant.default_domain,
                "url": f"/admin/{tenant.initial_domain}",
            }
            for tenant in sorted(tenants, key=lambda tenant: tenant.display_name.casefold())[:_CHOICES]
        ]

    def _page(
        self, request: HttpRequest, template: str, /, *, status: int = 200, **model: object
    ) -> HttpResponse:
        nav = [{"label": "Portal", "url": "/admin"}]
        nav += TOOLS if self._desk.ports.server.tools else [{"label": "My Apps", "url": "/myapps"}]
        theme = theme_of(request.cookies.get(THEME_COOKIE))
        page = self._desk.pages.render(f"portal/{template}", nav=nav, theme=theme, **model)
        return html(page, status=status)


def _field_of(error: XeniaError) -> str:
    field = getattr(error, "field", "")
    return {"display_name": "name", "mail": "mail"}.get(field, "label")


def _sentence(error: XeniaError, typed: dict[str, str]) -> str:
    if isinstance(error, Conflict):
        return f"The short name \u201c{typed['label'] or typed['name']}\u201d is taken. Choose another."
    return str(error)
