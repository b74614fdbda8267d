"""**Permissions** of an enterprise app: granted by an administrator or by people for themselves; and its removal."""

from __future__ import annotations

from xenia.core.directory.first_party import FIRST_PARTY_APP_IDS
from xenia.core.errors import InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.ui.portal.desk import Desk, Model, Question, Visit
from xenia.ui.portal.enterprise_app_frame import HOME, addressed, app_page
from xenia.ui.portal.graph_calls import call
from xenia.usecases.applications.enterprise_apps import remove_enterprise_app
from xenia.usecases.consent import granted_permissions
from xenia.usecases.consent.granted_permissions import HeldPermission
from xenia.web.http import HttpResponse
from xenia.web.routing import Route


class EnterpriseAppPermissions:
    """Both lists, granting, taking back, removing the app."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, "/admin/{tenant}/enterprise-apps/{app}"
        return (
            Route("GET", f"{base}/permissions", desk.for_owners().shown(self.show)),
            Route("GET", f"{base}/permissions/consent", desk.shown(self.ask_consent)),
            Route("POST", f"{base}/permissions/consent", desk.posted(self.consent)),
            Route("POST", f"{base}/permissions/revoke", desk.posted(self.revoke)),
            Route("GET", f"{base}/delete", desk.shown(self.ask_delete)),
            Route("POST", f"{base}/delete", desk.posted(self.delete)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """What the app holds."""
        return self._draw(visit, None)

    def ask_consent(self, visit: Visit) -> HttpResponse:
        """**Grant admin consent**: what that does."""
        principal = addressed(self._desk, visit)
        base = f"enterprise-apps/{principal.id}"
        question = Question(
            title=f"Grant admin consent to {principal.display_name}?",
            text="The app gets every permission it is registered with, for everybody in this organization.",
            action=visit.url(f"{base}/permissions/consent"),
            verb="Grant admin consent",
            cancel_url=visit.url(f"{base}/permissions"),
            effects=("Nobody is asked to consent to these permissions any more.",),
            is_danger=False,
        )
        trail = (*HOME, (principal.display_name, base), ("Permissions", f"{base}/permissions"))
        return self._desk.ask(visit, "enterprise_apps", trail, question)

    def consent(self, visit: Visit) -> HttpResponse:
        """Grant."""
        principal = addressed(self._desk, visit)
        try:
            granted_permissions.grant_registered(self._desk.ports, visit.actor, principal.id)
        except NotPermitted as error:
            return self._draw(visit, error)
        return self._desk.back(visit, f"enterprise-apps/{principal.id}/permissions", "consented")

    def revoke(self, visit: Visit) -> HttpResponse:
        """**Revoke** one permission."""
        principal, ports = addressed(self._desk, visit), self._desk.ports
        try:
            if visit.form("kind") == "application":
                granted_permissions.withdraw_app_role(ports, visit.actor, principal.id, visit.form("grant"))
            else:
                self._require_own(visit, principal.id)
                scope = visit.form("scope") or None
                granted_permissions.withdraw_grant(ports, visit.actor, visit.form("grant"), scope)
        except (NotFound, NotPermitted) as error:
            return self._draw(visit, error)
        return self._desk.back(visit, f"enterprise-apps/{principal.id}/permissions", "permission-revoked")

    def ask_delete(self, visit: Visit) -> HttpResponse:
        """**Delete**: what that does."""
        principal = addressed(self._desk, visit)
        base = f"enterprise-apps/{principal.id}"
        question = Question(
            title=f"Delete {principal.display_name} from this organization?",
            text="The app itself belongs to another organization and stays there.",
            action=visit.url(f"{base}/delete"),
            verb="Delete",
            cancel_url=visit.url(f"{base}/properties"),
            effects=(
                "Its permissions and assignments are taken back, and its refresh tokens end.",
                "It comes back when somebody who may do so consents to it again.",
            ),
        )
        return self._desk.ask(visit, "enterprise_apps", (*HOME, (principal.display_name, base)), question)

    def delete(self, visit: Visit) -> HttpResponse:
        """Remove it."""
        principal = addressed(self._desk, visit)
        try:
            remove_enterprise_app(self._desk.ports, visit.actor, principal.id)
        except (InvalidValue, NotPermitted) as error:
            return self._draw(visit, error)
        return self._desk.back(visit, "enterprise-apps", "enterprise-app-deleted")

    def _require_own(self, visit: Visit, principal_id: str) -> None:
        held = granted_permissions.list_held(self._desk.ports, visit.actor, principal_id)
        if visit.form("grant") not in {line.grant_id for line in held}:
            raise NotFound("Resource", visit.form("grant"))

    def _draw(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        principal = addressed(self._desk, visit)
        held = granted_permissions.list_held(self._desk.ports, visit.actor, principal.id)
        shown = "user" if visit.request.query.get("show") == "user" else "admin"
        lines = [line for line in held if (line.user_id is not None) == (shown == "user")]
        base = visit.url(f"enterprise-apps/{principal.id}/permissions")
        model: Model = {
            "lines": [_row(visit, line) for line in lines],
            "shown": shown,
            "views": [
                {"label": "Admin consent", "url": base, "current": shown == "admin"},
                {"label": "User consent", "url": f"{base}?show=user", "current": shown == "user"},
            ],
            "is_shipped": principal.app_id in FIRST_PARTY_APP_IDS,
            "api": call(
                visit,
                "GET",
                f"/v1.0/servicePrincipals/{principal.id}/oauth2PermissionGrants",
                permission="Directory.Read.All",
            ),
        }
        return app_page(
            self._desk,
            visit,
            "enterprise_app_permissions.html",
            "Permissions",
            principal,
            error,
            model,
            for_owners=False,
        )


def _row(visit: Visit, line: HeldPermission) -> Model:
    return {
        "line": line,
        "user_url": visit.url(f"users/{line.user_id}") if line.user_id else None,
        "kind": "application" if line.is_application else "delegated",
    }
