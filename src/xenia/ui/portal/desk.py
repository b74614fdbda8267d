"""What all admin screens share: who is here, the frame around every page, form tokens, and what is shown once.

A handler of a screen gets a ``Visit`` and never a bare request: by then the tenant exists, somebody with a
directory role is signed in to the portal of this very tenant, and a posted form has proven where it comes from.
Screens of apps are open to people without a role too, for the apps they own (``Desk.for_owners``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from xenia.core.actor import Actor
from xenia.core.directory.first_party import PLATFORM_TENANT_ID
from xenia.core.directory.tenant import Tenant
from xenia.core.errors import NotFound
from xenia.ports import Ports
from xenia.record import Record
from xenia.ui.portal.notices import done_notices
from xenia.ui.portal.roles import Standing, standing_of
from xenia.ui.portal.shown_once import ShownOnce
from xenia.usecases.applications.ownership import owns, owns_anything
from xenia.usecases.sessions.first_party_session import find_actor
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard
from xenia.web.http import BASE_CSP, HttpRequest, HttpResponse, html, redirect
from xenia.web.pages import THEME_COOKIE, Pages, theme_of
from xenia.web.routing import Handler

SURFACE = "portal"
FRAMING_CSP = f"{BASE_CSP}; frame-src 'self'"
"""For pages that show a mail in a frame of this server."""


class SignInNeeded(Exception):
    """Nobody is signed in to the portal of this tenant."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(tenant.id)
        self.tenant = tenant


class NoAdministrator(Exception):
    """Somebody is signed in who holds no directory role and owns no app: a guest, or an ordinary member."""

    def __init__(self, tenant: Tenant, actor: Actor) -> None:
        super().__init__(tenant.id)
        self.tenant = tenant
        self.actor = actor


class RoleNeeded(Exception):
    """An owner of apps, without a directory role, asked for a page beyond their apps."""

    def __init__(self, visit: Visit, *, is_app: bool) -> None:
        super().__init__(visit.request.path)
        self.visit = visit
        self.is_app = is_app
        """Whether the page is that of an app: of somebody else's, or of none."""


class Visit(Record):
    """One request of a signed-in administrator, or of somebody who owns apps."""

    request: HttpRequest
    tenant: Tenant
    actor: Actor
    secret: str
    """Of the portal session; binds forms to it."""
    is_owner: bool = False
    """Somebody without a directory role: their own apps are all there is."""

    @property
    def root(self) -> str:
        """The address of this tenant's portal. The initial domain never changes, so links last."""
        return f"/admin/{self.tenant.initial_domain}"

    def url(self, path: str, **query: str) -> str:
        """An address within this tenant's portal, e.g. ``users/new``."""
        encoded = urlencode({name: value for name, value in query.items() if value})
        return f"{self.root}/{path}".rstrip("/") + (f"?{encoded}" if encoded else "")

    def form(self, name: str) -> str:
        """A posted value."""
        return self.request.form.get(name)


class Question(Record):
    """What is asked before something is done: both buttons are verbs, the effects are named."""

    title: str
    text: str
    action: str
    """Where yes is posted to."""
    verb: str
    cancel_url: str
    effects: tuple[str, ...] = ()
    is_danger: bool = True
    hidden: tuple[tuple[str, str], ...] = ()
    """Fields that are posted along."""
    type_to_confirm: str | None = None
    """A name to be typed, only for what cannot be undone."""


Screen = Callable[[Visit], HttpResponse]
Model = dict[str, object]


class Desk:
    """Receives visitors and hands out pages."""

    def __init__(
        self,
        ports: Ports,
        pages: Pages,
        cookies: Cookies,
        guard: FormGuard,
        *,
        admits_owners: bool = False,
    ) -> None:
        self._admits_owners = admits_owners
        self.ports = ports
        self.pages = pages
        self.cookies = cookies
        self.guard = guard
        self.once = ShownOnce(ports, cookies)

    def for_owners(self) -> Desk:
        """The desk of screens that owners of apps may open: those of an app (``{app}`` in the address) for their own."""
        return Desk(self.ports, self.pages, self.cookies, self.guard, admits_owners=True)

    # --- receiving ---------------------------------------------------------------------------

    def tenant(self, segment: str) -> Tenant:
        """The tenant named by GUID, any of its domains or its short name. Raises NotFound."""
        with self.ports.store.read(None) as tx:
            found = tx.tenants.find_by_name(segment)
        if found is None or found.id == PLATFORM_TENANT_ID:
            raise NotFound("Organization", segment)
        return found

    def shown(self, screen: Screen) -> Handler:
        """A screen opened by GET."""

        def handler(request: HttpRequest) -> HttpResponse:
            return screen(self.visit(request))

        return handler

    def posted(self, screen: Screen) -> Handler:
        """A form sent by POST, from a page of this portal session."""

        def handler(request: HttpRequest) -> HttpResponse:
            visit = self.visit(request)
            self.guard.check(request, visit.secret, _purpose(visit.tenant))
            return screen(visit)

        return handler

    def visit(self, request: HttpRequest) -> Visit:
        """Who is here. Raises NotFound (tenant), SignInNeeded, NoAdministrator, RoleNeeded."""
        tenant = self.tenant(request.args["tenant"])
        secret = self.cookies.surface(request, SURFACE, tenant.id)
        actor = find_actor(
            self.ports,
            tenant.id,
            SURFACE,
            secret,
            ip_address=request.client_address,
            correlation_id=request.correlation_id,
        )
        if actor is None or secret is None:
            raise SignInNeeded(tenant)
        if actor.roles:
            return Visit(request, tenant, actor, secret)
        if not owns_anything(self.ports, actor):
            raise NoAdministrator(tenant, actor)
        visit = Visit(request, tenant, actor, secret, is_owner=True)
        app = request.args.get("app")
        # The same answer for an app of somebody else and for none: what exists is not told.
        if not self._admits_owners or (app is not None and not owns(self.ports, actor, app)):
            raise RoleNeeded(visit, is_app=app is not None)
        return visit

    # --- answering ---------------------------------------------------------------------------

    def token(self, visit: Visit) -> str:
        """The form token of this portal session."""
        return self.guard.token(visit.secret, _purpose(visit.tenant))

    def page(
        self,
        visit: Visit,
        template: str,
        current: str,
        trail: tuple[tuple[str, str], ...],
        /,
        *,
        status: int = 200,
        csp: str = BASE_CSP,
        more: Model | None = None,
        **model: object,
    ) -> HttpResponse:
        """A page of the portal. *trail*: breadcrumb as (label, path within the portal), this page last.

        *more* is a part of the model made elsewhere.
        """
        frame = self.frame(visit, current, trail) | (more or {}) | model
        return html(self.pages.render(f"portal/{template}", **frame), status=status, csp=csp)

    def frame(self, visit: Visit, current: str, trail: tuple[tuple[str, str], ...]) -> Model:
        """What every page of the portal needs around its own content."""
        request = visit.request
        crumbs = [{"label": visit.tenant.display_name, "url": visit.root}]
        crumbs += [{"label": label, "url": visit.url(path)} for label, path in trail]
        return {
            "tenant": {"name": visit.tenant.display_name, "url": visit.root, "id": visit.tenant.id},
            "administrator": {"name": visit.actor.display_name, "address": visit.actor.upn},
            "root": visit.root,
            "sign_out_url": visit.url("sign-out"),
            "form_token": self.token(visit),
            "menu": {
                key: visit.url(path) for key, path in MENU.items() if key in OWNERS_MENU or not visit.is_owner
            },
            "is_owner": visit.is_owner,
            "current": current,
            "breadcrumbs": crumbs if trail else [],
            "api": None,
            "tools": TOOLS if self.ports.server.tools else [],
            "search_url": None if visit.is_owner else visit.url("search"),
            "refresh_url": _again(request),
            "notices": done_notices(request.query.get("done")) if request.method == "GET" else [],
            "errors": [],
            "theme": theme_of(request.cookies.get(THEME_COOKIE)),
        }

    def ask(
        self,
        visit: Visit,
        current: str,
        trail: tuple[tuple[str, str], ...],
        question: Question,
        problem: str = "",
    ) -> HttpResponse:
        """The page of a question before something is done; *problem*: what was wrong with the typed confirmation."""
        return self.page(
            visit,
            "confirm.html",
            current,
            (*trail, (question.verb, "")),
            status=422 if problem else 200,
            question=question,
            refresh_url=None,
            errors=[{"field": "confirmation", "text": problem}] if problem else [],
        )

    def back(self, visit: Visit, path: str, done: str = "") -> HttpResponse:
        """After a change: 303 to a page of the portal, which then says what was done."""
        return redirect(visit.url(path, done=done))

    def standing(self, visit: Visit, roles: frozenset[str]) -> Standing:
        """Whether this person may change the screen, and else who may."""
        return standing_of(self.ports, visit.actor, roles)


def _again(request: HttpRequest) -> str | None:
    """The address of this page without the word about what was done; None for answers to a form."""
    if request.method != "GET":
        return None
    rest = urlencode([(name, value) for name, value in request.query.pairs if name != "done"])
    return f"{request.path}?{rest}" if rest else request.path


def _purpose(tenant: Tenant) -> str:
    return f"portal:{tenant.id}"


MENU: Mapping[str, str] = {
    "overview": "",
    "users": "users",
    "groups": "groups",
    "app_registrations": "app-registrations",
    "enterprise_apps": "enterprise-apps",
    "consent_settings": "consent-and-permissions",
    "consent_requests": "admin-consent-requests",
    "external_identities": "external-identities",
    "identity_providers": "external-identities/identity-providers",
    "user_flows": "external-identities/user-flows",
    "user_attributes": "external-identities/user-attributes",
    "api_connectors": "external-identities/api-connectors",
    "sign_up_requests": "external-identities/sign-up-requests",
    "collaboration_settings": "external-identities/collaboration-settings",
    "security_defaults": "security-defaults",
    "sign_in_logs": "sign-in-logs",
    "audit_logs": "audit-logs",
    "properties": "properties",
    "mail": "mail",
}
OWNERS_MENU = frozenset({"app_registrations", "enterprise_apps"})
"""What of it is there for owners of apps without a role."""
TOOLS = [
    {"label": "Tester", "url": "/tester/"},
    {"label": "Mailbox", "url": "/mailbox"},
    {"label": "Labs", "url": "/labs"},
]
