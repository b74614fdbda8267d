"""**Certificates & secrets** and **API permissions** of a registration."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from datetime import time as day_time

from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.ui.portal.app_detail import app_page, trail_of
from xenia.ui.portal.desk import Desk, Question, Visit
from xenia.ui.portal.graph_calls import call
from xenia.usecases.applications import manage_applications
from xenia.usecases.applications.application_credentials import LONGEST_SECRET, list_credentials
from xenia.usecases.applications.application_permissions import list_apis, list_offered
from xenia.usecases.applications.manage_applications import ApplicationView
from xenia.usecases.consent.granted_permissions import grant_admin_consent
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_SECTION, _PERMISSIONS = "Certificates & secrets", "API permissions"
_REFUSALS = (Conflict, InvalidValue, NotPermitted)
LIFETIMES = (
    ("90", "90 days"),
    ("180", "180 days"),
    ("365", "365 days"),
    ("730", "730 days"),
    ("custom", "Custom"),
)


class AppCredentials:
    """Two sections of a registration's pages."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, "/admin/{tenant}/app-registrations/{app}"
        return (
            Route("GET", f"{base}/secrets", desk.shown(self.secrets)),
            Route("POST", f"{base}/secrets", desk.posted(self.add_secret)),
            Route("POST", f"{base}/secrets/delete", desk.posted(self.remove_secret)),
            Route("POST", f"{base}/certificates", desk.posted(self.add_certificate)),
            Route("POST", f"{base}/certificates/delete", desk.posted(self.remove_certificate)),
            Route("GET", f"{base}/api-permissions", desk.shown(self.permissions)),
            Route("POST", f"{base}/api-permissions", desk.posted(self.save_permissions)),
            Route("GET", f"{base}/api-permissions/consent", desk.shown(self.confirm_consent)),
            Route("POST", f"{base}/api-permissions/consent", desk.posted(self.consent)),
        )

    # --- secrets and certificates ------------------------------------------------------------

    def secrets(self, visit: Visit) -> HttpResponse:
        """Credentials; right after a secret was made, its value once."""
        shown = self._desk.once.read(visit.request, visit.secret)
        response = self._secrets(visit, self._view(visit), None, shown)
        return self._desk.once.forget(response) if shown else response

    def add_secret(self, visit: Visit) -> HttpResponse:
        """**New client secret**."""
        view = self._view(visit)
        app_id = view.application.id
        try:
            ends_at = self._ends_at(visit)
            made = manage_applications.add_client_secret(
                self._desk.ports, visit.actor, app_id, visit.form("display_name"), ends_at
            )
        except _REFUSALS as error:
            return self._secrets(visit, view, error, {})
        path = visit.url(f"app-registrations/{app_id}/secrets")
        shown = {"value": made.value, "key_id": made.secret.key_id, "name": made.secret.display_name}
        return self._desk.once.hand_over(visit.secret, path, shown)

    def remove_secret(self, visit: Visit) -> HttpResponse:
        """**Delete** a secret."""
        view = self._view(visit)
        ports, key = self._desk.ports, visit.form("key")
        try:
            manage_applications.remove_client_secret(ports, visit.actor, view.application.id, key)
        except NotPermitted as error:
            return self._secrets(visit, view, error, {})
        return self._back(visit, view, "secrets", "credential-removed")

    def add_certificate(self, visit: Visit) -> HttpResponse:
        """**Upload certificate**."""
        view = self._view(visit)
        data = visit.request.files.get("certificate", b"") or visit.form("pem").encode()
        try:
            manage_applications.add_certificate(
                self._desk.ports, visit.actor, view.application.id, data, visit.form("certificate_name")
            )
        except _REFUSALS as error:
            return self._secrets(visit, view, error, {})
        return self._back(visit, view, "secrets", "certificate-added")

    def remove_certificate(self, visit: Visit) -> HttpResponse:
        """**Delete** a certificate."""
        view = self._view(visit)
        ports, key = self._desk.ports, visit.form("key")
        try:
            manage_applications.remove_certificate(ports, visit.actor, view.application.id, key)
        except NotPermitted as error:
            return self._secrets(visit, view, error, {})
        return self._back(visit, view, "secrets", "credential-removed")

    def _ends_at(self, visit: Visit) -> datetime:
        now = self._desk.ports.clock.now()
        choice = visit.form("lifetime")
        if choice != "custom":
            return now + timedelta(days=int(choice) if choice in dict(LIFETIMES) else 180)
        try:
            day = date.fromisoformat(visit.form("ends_on"))
        except ValueError:
            raise InvalidValue("ends_on", "Enter the last day, like 2027-01-31.") from None
        return datetime.combine(day, day_time(23, 59, tzinfo=now.tzinfo))

    def _secrets(
        self, visit: Visit, view: ApplicationView, error: XeniaError | None, shown: dict[str, str]
    ) -> HttpResponse:
        now = self._desk.ports.clock.now()
        path = f"/v1.0/applications/{view.application.id}/addPassword"
        body = {
            "passwordCredential": {
                "displayName": "Deployment",
                "endDateTime": _iso(now + timedelta(days=180)),
            }
        }
        model = {
            "credentials": list_credentials(self._desk.ports, visit.actor, view.application.id),
            "now": now,
            "latest": (now + LONGEST_SECRET).date().isoformat(),
            "earliest": now.date().isoformat(),
            "lifetimes": LIFETIMES,
            "shown": shown,
            "typed": {
                name: visit.form(name)
                for name in ("display_name", "lifetime", "ends_on", "certificate_name", "pem")
            },
            "api": call(visit, "POST", path, body=body, permission="Application.ReadWrite.All"),
        }
        return app_page(self._desk, visit, "app_secrets.html", _SECTION, view, error, model)

    # --- permissions -------------------------------------------------------------------------

    def permissions(self, visit: Visit) -> HttpResponse:
        """**API permissions**."""
        return self._permissions(visit, self._view(visit), None)

    def save_permissions(self, visit: Visit) -> HttpResponse:
        """**Add a permission**: the whole list of what is asked of one API."""
        view = self._view(visit)
        wanted = [
            (permission, kind)
            for permission, _, kind in (each.partition(":") for each in visit.request.form.all("permission"))
        ]
        version = visit.form("version")
        try:
            manage_applications.set_api_permissions(
                self._desk.ports,
                visit.actor,
                view.application.id,
                int(version) if version.isdecimal() and len(version) < 10 else -1,
                visit.form("api") or GRAPH_APP_ID,
                [(permission, "Scope" if kind == "Scope" else "Role") for permission, kind in wanted],
            )
        except _REFUSALS as error:
            return self._permissions(visit, view, error)
        return self._back(visit, view, "api-permissions", "saved")

    def confirm_consent(self, visit: Visit) -> HttpResponse:
        """The question before **Grant admin consent**."""
        view = self._view(visit)
        app = view.application
        lines = manage_applications.list_permissions(self._desk.ports, visit.actor, app.id)
        question = Question(
            f"Grant admin consent for {visit.tenant.display_name}?",
            f"{app.display_name} may then do this for everybody, without asking anybody again.",
            visit.url(f"app-registrations/{app.id}/api-permissions/consent"),
            "Grant admin consent",
            visit.url(f"app-registrations/{app.id}/api-permissions"),
            tuple(
                f"{line.value}: {line.title}" for line in lines if line.is_configured and not line.is_granted
            ),
            is_danger=False,
        )
        trail = (*trail_of(app), (_PERMISSIONS, f"app-registrations/{app.id}/api-permissions"))
        return self._desk.ask(visit, "app_registrations", trail, question)

    def consent(self, visit: Visit) -> HttpResponse:
        """**Grant admin consent for {tenant}**."""
        view = self._view(visit)
        try:
            grant_admin_consent(self._desk.ports, visit.actor, view.application.id)
        except (NotFound, NotPermitted) as error:
            return self._permissions(visit, view, error)
        return self._back(visit, view, "api-permissions", "consented")

    def _permissions(self, visit: Visit, view: ApplicationView, error: XeniaError | None) -> HttpResponse:
        lines = manage_applications.list_permissions(self._desk.ports, visit.actor, view.application.id)
        apis = list_apis(self._desk.ports, visit.actor)
        wish = visit.form("api") if error is not None else visit.request.query.get("api")
        chosen = wish if wish in dict(apis) else GRAPH_APP_ID
        asked = {(line.id, line.kind) for line in lines if line.is_configured}
        model = {
            "lines": lines,
            "waiting": any(line.is_configured and not line.is_granted for line in lines),
            "asked": [f"{permission}:{kind}" for permission, kind in asked],
            "apis": [
                {
                    "label": name,
                    "url": visit.url(f"app-registrations/{view.application.id}/api-permissions", api=app_id),
                    "current": app_id == chosen,
                }
                for app_id, name in apis
            ],
            "api_id": chosen,
            "api_name": dict(apis).get(chosen, ""),
            "offered": list_offered(self._desk.ports, visit.actor, chosen),
            "is_stale": isinstance(error, Conflict),
        }
        return app_page(self._desk, visit, "app_permissions.html", _PERMISSIONS, view, error, model)

    # --- both --------------------------------------------------------------------------------

    def _view(self, visit: Visit) -> ApplicationView:
        return manage_applications.view_application(self._desk.ports, visit.actor, visit.request.args["app"])

    def _back(self, visit: Visit, view: ApplicationView, section: str, done: str) -> HttpResponse:
        return self._desk.back(visit, f"app-registrations/{view.application.id}/{section}", done)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
