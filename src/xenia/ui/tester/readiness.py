"""Will this work? What the directory already knows about a request before it is sent, and one-click remedies.

Only for requests to this server. Changing a registration goes through the portal's use case, as the person
who is signed in to the portal.
"""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.directory.application import Application, Platform, RedirectUri
from xenia.core.directory.first_party import PLATFORM_TENANT_ID
from xenia.core.directory.tenant import Tenant
from xenia.core.endpoints import ALIASES
from xenia.core.errors import NotFound, NotPermitted
from xenia.core.ids import TenantId, fold, parse_guid
from xenia.core.query import Query
from xenia.ports import Ports
from xenia.record import Record, field, replace
from xenia.ui.tester.explanations import APPS, AUTHENTICATION, portal_url
from xenia.ui.tester.form import THIS_SERVER, TesterForm
from xenia.usecases.applications.manage_applications import (
    Authentication,
    update_authentication,
    view_application,
)
from xenia.usecases.sessions.first_party_session import find_actor
from xenia.web.cookies import Cookies
from xenia.web.http import HttpRequest

AUTHR = "https://authr.dev/"
"""The public request tester. It reads a posted id_token in the browser, so it can test a server on this computer."""


class Readiness(Record):
    """Findings about a request, and which remedies this person may use."""

    findings: list[dict[str, str]] = field(default_factory=list)
    tenant: Tenant | None = None
    application: Application | None = None
    may_change: bool = False
    can_register: bool = False
    can_register_authr: bool = False
    can_turn_on_id_tokens: bool = False


class Directory:
    """What the tester reads from (and changes in) the directory."""

    def __init__(self, ports: Ports, cookies: Cookies) -> None:
        self._ports = ports
        self._cookies = cookies

    def tenants(self) -> tuple[Tenant, ...]:
        """All tenants that can be addressed."""
        with self._ports.store.read(None) as tx:
            return tuple(tenant for tenant in tx.tenants.list() if tenant.id != PLATFORM_TENANT_ID)

    def first_tenant(self) -> str:
        """The tenant to begin with: the oldest one's initial domain."""
        oldest = min(self.tenants(), key=lambda tenant: tenant.created_at, default=None)
        return oldest.initial_domain if oldest else ""

    def find_tenant(self, name: str) -> Tenant | None:
        """By GUID, domain or short name."""
        with self._ports.store.read(None) as tx:
            tenant = tx.tenants.find_by_name(name) if name else None
        return None if tenant is None or tenant.id == PLATFORM_TENANT_ID else tenant

    def actor(self, request: HttpRequest, tenant_id: TenantId) -> Actor | None:
        """Who is signed in to the portal of this tenant in this browser."""
        return find_actor(
            self._ports,
            tenant_id,
            "portal",
            self._cookies.surface(request, "portal", tenant_id),
            ip_address=request.client_address,
            correlation_id=request.correlation_id,
        )

    def pickable(self, request: HttpRequest, tenant: Tenant | None) -> list[dict[str, str]]:
        """The tenant's apps to choose from, for its signed-in administrators only."""
        actor = self.actor(request, tenant.id) if tenant else None
        if tenant is None or actor is None or not actor.roles:
            return []
        with self._ports.store.read(tenant.id) as tx:
            apps = tx.applications.list(Query(limit=100)).items
        return [{"app_id": app.app_id, "name": app.display_name} for app in apps]

    def assess(self, request: HttpRequest, form: TesterForm) -> Readiness:
        """What can be said before sending."""
        if form.import_type != THIS_SERVER:
            text = "Another server answers this request; only it knows its apps."
            return Readiness([{"kind": "info", "text": text}])
        tenant = self.find_tenant(form.tenant)
        if tenant is None and fold(form.tenant) not in ALIASES:
            names = ", ".join(one.short_name for one in self.tenants()[:5])
            text = f"No tenant of this server is called {form.tenant}." if form.tenant else "Enter a tenant."
            return Readiness(
                [{"kind": "bad", "text": text, "detail": f"There are: {names}." if names else ""}]
            )
        application = self._application(tenant, form)
        if application is None:
            return Readiness([self._unknown_app(tenant, form)], tenant)
        may_change = self._may_change(request, application)
        registered = application.redirect_uri(form.redirect_uri) is not None
        lacks_id_tokens = form.wants_id_token and not application.id_token_issuance
        return Readiness(
            [
                *_findings(form, application),
                *_hint(
                    application, may_change=may_change, registered=registered, lacks_id_tokens=lacks_id_tokens
                ),
            ],
            tenant,
            application,
            may_change,
            can_register=may_change and form.is_browser_flow and not registered,
            can_register_authr=may_change
            and form.is_browser_flow
            and application.redirect_uri(AUTHR) is None,
            can_turn_on_id_tokens=may_change and lacks_id_tokens,
        )

    def change(self, request: HttpRequest, form: TesterForm, remedy: str) -> str:
        """Use one remedy on the app of *form*; what was done, in words.

        Raises NotPermitted when nobody is signed in to the portal or they may not change the app, NotFound,
        InvalidValue for an address that may not be registered, Conflict.
        """
        tenant = self.find_tenant(form.tenant)
        application = self._application(tenant, form)
        if application is None:
            raise NotFound("App registration", form.client_id)
        actor = self.actor(request, application.tenant_id)
        if actor is None:
            message = "Sign in to the portal in this browser first, as somebody who may change the app."
            raise NotPermitted("portal session", message)
        wanted = Authentication(
            application.version,
            application.redirect_uris,
            application.id_token_issuance,
            application.access_token_issuance,
            application.is_fallback_public_client,
            application.logout_url,
        )
        if remedy == "id-tokens":
            wanted, words = replace(wanted, id_token_issuance=True), "ID tokens are switched on."
        else:
            uri = AUTHR if remedy == "authr" else form.redirect_uri
            added = RedirectUri(uri, _platform(request, form, uri))
            wanted = replace(wanted, redirect_uris=(*application.redirect_uris, added))
            words = f"{uri} is registered for {application.display_name}."
        update_authentication(self._ports, actor, application.id, wanted)
        return words

    def _application(self, tenant: Tenant | None, form: TesterForm) -> Application | None:
        app_id = parse_guid(form.client_id)
        if app_id is None:
            return None
        with self._ports.store.read(tenant.id if tenant else None) as tx:
            found = tx.applications.find_by_app_id(app_id)
        foreign = found is not None and tenant is not None and found.tenant_id != tenant.id
        return None if found is None or (foreign and not found.is_multi_tenant) else found

    def _may_change(self, request: HttpRequest, application: Application) -> bool:
        actor = None if application.is_first_party else self.actor(request, application.tenant_id)
        if actor is None:
            return False
        try:
            return view_application(self._ports, actor, application.id).may_change
        except (NotPermitted, NotFound):
            return False

    def _unknown_app(self, tenant: Tenant | None, form: TesterForm) -> dict[str, str]:
        where = tenant.display_name if tenant else "this server"
        hint = {
            "action": "Open App registrations",
            "url": portal_url(APPS, tenant.id if tenant else None, None),
        }
        place = "App registrations > Overview > Application (client) ID"
        if not form.client_id:
            return {"kind": "wait", "text": "Enter the Client ID.", "detail": f"It is under {place}.", **hint}
        return {
            "kind": "bad",
            "text": f"No app with this Client ID is known in {where}.",
            "detail": place,
            **hint,
        }


def _findings(form: TesterForm, application: Application) -> list[dict[str, str]]:
    found = [{"kind": "ok", "text": f"The app is {application.display_name}."}]
    if form.is_browser_flow:
        found += _redirect_findings(form, application)
    if form.wants_id_token and application.id_token_issuance:
        found.append({"kind": "ok", "text": "The app may receive ID tokens."})
    elif form.wants_id_token:
        found.append({"kind": "bad", "text": "ID tokens are switched off for the app."})
    if {"id_token", "token"} & set(form.response_type.split()) and form.response_mode == "query":
        text = "Tokens may not travel in a query string: choose form_post or fragment."
        found.append({"kind": "bad", "text": text})
    return found


def _redirect_findings(form: TesterForm, application: Application) -> list[dict[str, str]]:
    redirect = application.redirect_uri(form.redirect_uri)
    if redirect is None:
        return [{"kind": "bad", "text": "The Redirect URI is not registered for the app."}]
    kinds = {
        Platform.WEB: "Web",
        Platform.SPA: "Single-page application",
        Platform.PUBLIC: "Mobile and desktop",
    }
    found = [{"kind": "ok", "text": f"The Redirect URI is registered ({kinds[redirect.platform]})."}]
    if not form.wants_code:
        return found
    if redirect.platform is Platform.WEB and not form.client_secret:
        text = "To redeem the code, enter the Client Secret: the Redirect URI is of the kind Web."
        found.append({"kind": "warn", "text": text})
    if redirect.platform is not Platform.WEB and form.client_secret:
        text = "Leave Client Secret empty: the Redirect URI is of a public kind."
        found.append({"kind": "warn", "text": text})
    if redirect.platform is not Platform.WEB and not form.use_pkce:
        found.append({"kind": "bad", "text": "Tick Use PKCE: apps without a secret need it."})
    return found


def _hint(
    application: Application, *, may_change: bool, registered: bool, lacks_id_tokens: bool
) -> list[dict[str, str]]:
    """The way on for somebody who may not (or not yet) use the buttons."""
    if may_change or application.is_first_party or (registered and not lacks_id_tokens):
        return []
    url = portal_url(AUTHENTICATION, application.tenant_id, application.id)
    text = "Sign in to the portal to mend this here with one click, or ask the app's owner."
    return [{"kind": "info", "text": text, "url": url, "action": "Open Authentication"}]


def _platform(request: HttpRequest, form: TesterForm, uri: str) -> Platform:
    """The tester redeems codes in the browser unless a secret is typed; other addresses are ordinary web apps."""
    own = uri.startswith(f"{request.base_url}/")
    return Platform.SPA if own and not form.client_secret else Platform.WEB
