"""One app registration: overview with its ids, name and links, authentication, deletion."""

from __future__ import annotations

from xenia.core.directory.application import Application, Audience, Platform, RedirectUri
from xenia.core.directory.roles import APP_WRITING_ROLES
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.ui.portal.app_words import (
    AUDIENCES,
    AUTHR,
    PLATFORMS,
    app_tabs,
    endpoints_of,
    tester_address,
    try_in_tester,
)
from xenia.ui.portal.desk import Desk, Model, Question, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.roles import Standing, refusal_words, standing_of
from xenia.usecases.applications import application_logos, manage_applications
from xenia.usecases.applications.application_logos import logo_path
from xenia.usecases.applications.manage_applications import ApplicationView, Authentication
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_LINKS = (
    *("home_page_url", "privacy_statement_url", "terms_of_service_url"),
    *("marketing_url", "support_url"),
)
_REFUSALS = (Conflict, InvalidValue, NotPermitted)


class AppDetail:
    """Pages of a registration."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, "/admin/{tenant}/app-registrations/{app}"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("GET", f"{base}/branding", desk.shown(self.branding)),
            Route("POST", f"{base}/branding", desk.posted(self.save_branding)),
            Route("POST", f"{base}/logo", desk.posted(self.save_logo)),
            Route("GET", f"{base}/authentication", desk.shown(self.authentication)),
            Route("POST", f"{base}/authentication", desk.posted(self.save_authentication)),
            Route("POST", f"{base}/authentication/add/{{tool}}", desk.posted(self.add_tool)),
            Route("GET", f"{base}/delete", desk.shown(self.confirm_delete)),
            Route("POST", f"{base}/delete", desk.posted(self.delete)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """**Overview** (Essentials)."""
        view = self._view(visit)
        app = view.application
        return self._page(
            visit,
            "app.html",
            "Overview",
            view,
            audience=dict(AUDIENCES).get(app.audience.value, app.audience.value),
            endpoints=[
                each for each in endpoints_of(visit.request.base_url, visit.tenant.id) if "v1" not in each[0]
            ],
            uri_counts=[
                (label, sum(uri.platform == platform for uri in app.redirect_uris))
                for platform, label in PLATFORMS
            ],
            tester_url=try_in_tester(visit.tenant, app.app_id) if self._desk.ports.server.tools else None,
            knows_tester=app.redirect_uri(tester_address(visit.request.base_url)) is not None,
            api=call(visit, "GET", f"/v1.0/applications/{app.id}", permission="Application.Read.All"),
        )

    # --- name and links ----------------------------------------------------------------------

    def branding(self, visit: Visit) -> HttpResponse:
        """**Branding & properties**."""
        view = self._view(visit)
        return self._branding(visit, view, _branding_of(view.application), None)

    def save_branding(self, visit: Visit) -> HttpResponse:
        """**Save**."""
        view = self._view(visit)
        typed = {name: visit.form(name).strip() for name in ("display_name", *_LINKS)}
        try:
            manage_applications.update_application(
                self._desk.ports,
                visit.actor,
                view.application.id,
                _version(visit),
                **typed,
            )
        except _REFUSALS as error:
            return self._branding(visit, view, typed, error)
        return self._desk.back(visit, f"app-registrations/{view.application.id}/branding", "saved")

    def save_logo(self, visit: Visit) -> HttpResponse:
        """**Upload new logo**, or remove it."""
        view = self._view(visit)
        is_removal = visit.form("remove") == "yes"
        data = b"" if is_removal else visit.request.files.get("logo", b"")
        try:
            if not data and not is_removal:
                raise InvalidValue("logo", "Choose a picture first.")
            application_logos.set_logo(self._desk.ports, visit.actor, view.application.id, data)
        except _REFUSALS as error:
            return self._branding(visit, view, _branding_of(view.application), error)
        return self._desk.back(visit, f"app-registrations/{view.application.id}/branding", "saved")

    def _branding(
        self, visit: Visit, view: ApplicationView, typed: dict[str, str], error: XeniaError | None
    ) -> HttpResponse:
        labels = {
            "display_name": "Name",
            "home_page_url": "Home page URL",
            "privacy_statement_url": "Privacy statement URL",
            "terms_of_service_url": "Terms of service URL",
            "marketing_url": "Marketing URL",
            "support_url": "Support URL",
        }
        stored = _branding_of(view.application)
        differing = [
            {"label": labels[name], "value": stored[name]} for name in stored if stored[name] != typed[name]
        ]
        return self._page(
            visit,
            "app_branding.html",
            "Branding & properties",
            view,
            error,
            typed=typed,
            labels=labels,
            logo=logo_path(view.application),
            stored=differing if isinstance(error, Conflict) else [],
        )

    # --- authentication ----------------------------------------------------------------------

    def authentication(self, visit: Visit) -> HttpResponse:
        """**Authentication**."""
        view = self._view(visit)
        return self._authentication(visit, view, _authentication_of(view.application), None)

    def save_authentication(self, visit: Visit) -> HttpResponse:
        """**Save**: redirect URIs of all platforms and the switches, as one."""
        view = self._view(visit)
        form = visit.request.form
        typed: Model = {
            platform.value: form.get(platform.value).replace("\r\n", "\n") for platform in Platform
        }
        typed |= {
            "logout_url": form.get("logout_url").strip(),
            "back_channel_logout_uri": form.get("back_channel_logout_uri").strip(),
            "id_tokens": "id_tokens" in form,
            "access_tokens": "access_tokens" in form,
            "public": form.get("public") == "yes",
            "audience": form.get("audience") or view.application.audience.value,
        }
        wanted = Authentication(
            version=_version(visit),
            redirect_uris=tuple(
                RedirectUri(line.strip(), platform)
                for platform in Platform
                for line in str(typed[platform.value]).split("\n")
                if line.strip()
            ),
            id_token_issuance=bool(typed["id_tokens"]),
            access_token_issuance=bool(typed["access_tokens"]),
            is_fallback_public_client=bool(typed["public"]),
            logout_url=str(typed["logout_url"]),
            back_channel_logout_uri=str(typed["back_channel_logout_uri"]),
            audience=next((each for each in Audience if each.value == typed["audience"]), None),
        )
        try:
            manage_applications.update_authentication(
                self._desk.ports, visit.actor, view.application.id, wanted
            )
        except _REFUSALS as error:
            return self._authentication(visit, view, typed, error)
        return self._desk.back(visit, f"app-registrations/{view.application.id}/authentication", "saved")

    def add_tool(self, visit: Visit) -> HttpResponse:
        """One click: the redirect URI of the tester, or of authr.dev."""
        view = self._view(visit)
        addresses = {"tester": tester_address(visit.request.base_url), "authr": AUTHR}
        address = addresses.get(visit.request.args["tool"])
        if address is None:
            raise NotFound("Page", visit.request.path)
        try:
            manage_applications.add_redirect_uri(
                self._desk.ports, visit.actor, view.application.id, RedirectUri(address, Platform.WEB)
            )
        except _REFUSALS as error:
            return self._authentication(visit, view, _authentication_of(view.application), error)
        return self._desk.back(visit, f"app-registrations/{view.application.id}/authentication", "uri-added")

    def _authentication(
        self, visit: Visit, view: ApplicationView, typed: Model, error: XeniaError | None
    ) -> HttpResponse:
        app = view.application
        stored = _authentication_of(app)
        labels = dict(PLATFORMS) | {
            "logout_url": "Front-channel logout URL",
            "back_channel_logout_uri": "Back-channel logout URI",
            "id_tokens": "ID tokens",
            "access_tokens": "Access tokens",
            "public": "Allow public client flows",
            "audience": "Supported account types",
        }
        differing = [
            {"label": labels[name], "value": stored[name]} for name in stored if stored[name] != typed[name]
        ]
        known = {uri.uri for uri in app.redirect_uris}
        tester = tester_address(visit.request.base_url)
        tools = [
            {"key": key, "label": label, "address": address}
            for key, label, address in (
                ("tester", "Add the tester's address", tester),
                ("authr", "Add authr.dev's address", AUTHR),
            )
            if address not in known
        ]
        body = {
            "web": {"redirectUris": [uri.uri for uri in app.redirect_uris if uri.platform is Platform.WEB]}
        }
        return self._page(
            visit,
            "app_authentication.html",
            "Authentication",
            view,
            error,
            typed=typed,
            platforms=PLATFORMS,
            audiences=[{"value": value, "text": text} for value, text in AUDIENCES],
            tool_addresses=tools,
            stored=differing if isinstance(error, Conflict) else [],
            api=call(
                visit,
                "PATCH",
                f"/v1.0/applications/{app.id}",
                body=body,
                permission="Application.ReadWrite.All",
            ),
        )

    # --- deletion ----------------------------------------------------------------------------

    def confirm_delete(self, visit: Visit) -> HttpResponse:
        """The question before deleting."""
        app = self._view(visit).application
        question = Question(
            f"Delete {app.display_name}?",
            "Sign-ins and token requests of this app fail from now on. It can be restored for 30 days.",
            visit.url(f"app-registrations/{app.id}/delete"),
            "Delete",
            visit.url(f"app-registrations/{app.id}"),
            ("Secrets and certificates stop working", "The enterprise app and its assignments rest with it"),
        )
        return self._desk.ask(visit, "app_registrations", trail_of(app), question)

    def delete(self, visit: Visit) -> HttpResponse:
        """**Delete**; it can be restored for 30 days."""
        app = self._view(visit).application
        manage_applications.delete_application(self._desk.ports, visit.actor, app.id)
        return self._desk.back(visit, "app-registrations", "app-deleted")

    # --- drawing -----------------------------------------------------------------------------

    def _view(self, visit: Visit) -> ApplicationView:
        return manage_applications.view_application(self._desk.ports, visit.actor, visit.request.args["app"])

    def _page(
        self,
        visit: Visit,
        template: str,
        section: str,
        view: ApplicationView,
        error: XeniaError | None = None,
        **model: object,
    ) -> HttpResponse:
        return app_page(self._desk, visit, template, section, view, error, model)


def app_page(
    desk: Desk,
    visit: Visit,
    template: str,
    section: str,
    view: ApplicationView,
    error: XeniaError | None,
    model: Model,
) -> HttpResponse:
    """A section of a registration's pages; a stale version and a bad value keep what was typed."""
    app = view.application
    own: Model = {
        "app": app,
        "view": view,
        "tabs": app_tabs(visit, app.id, section),
        "standing": app_standing(desk, visit, view),
        "errors": [] if error is None or isinstance(error, Conflict) else [_problem(error)],
    }
    trail = (*trail_of(app), *(() if section == "Overview" else ((section, ""),)))
    return desk.page(visit, template, "app_registrations", trail, status=_status(error), more=own | model)


def app_standing(desk: Desk, visit: Visit, view: ApplicationView) -> Standing:
    """Owners may change their app without a role."""
    standing = standing_of(desk.ports, visit.actor, APP_WRITING_ROLES)
    return Standing(view.may_change, standing.role, standing.holders)


def trail_of(app: Application) -> tuple[tuple[str, str], ...]:
    """The breadcrumb down to this registration."""
    return (("App registrations", "app-registrations"), (app.display_name, f"app-registrations/{app.id}"))


def _status(error: XeniaError | None) -> int:
    if error is None:
        return 200
    return 409 if isinstance(error, Conflict) else 403 if isinstance(error, NotPermitted) else 422


def _problem(error: XeniaError) -> dict[str, str | None]:
    field = getattr(error, "field", None)
    return {"field": "web" if field == "redirect_uris" else field, "text": refusal_words(error)}


def _version(visit: Visit) -> int:
    text = visit.form("version")
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def _branding_of(app: Application) -> dict[str, str]:
    return {"display_name": app.display_name} | {name: getattr(app, name) or "" for name in _LINKS}


def _authentication_of(app: Application) -> Model:
    lines: Model = {
        platform.value: "\n".join(uri.uri for uri in app.redirect_uris if uri.platform is platform)
        for platform in Platform
    }
    return lines | {
        "logout_url": app.logout_url or "",
        "back_channel_logout_uri": app.back_channel_logout_uri or "",
        "id_tokens": app.id_token_issuance,
        "access_tokens": app.access_token_issuance,
        "public": app.is_fallback_public_client,
        "audience": app.audience.value,
    }
