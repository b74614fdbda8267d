"""**App roles** of a registration: what people and other apps can be assigned to."""

from __future__ import annotations

from xenia.core.directory.application import Application, AppRole
from xenia.core.errors import NotFound, XeniaError
from xenia.ui.portal.app_section import BASE, REFUSALS, AppSection
from xenia.ui.portal.desk import Model, Visit
from xenia.usecases.applications.change_registration import Changes
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

MEMBER_TYPES = (
    ("User", "Users/Groups"),
    ("Application", "Applications"),
    ("both", "Both (Users/Groups + Applications)"),
)


class AppRoles(AppSection):
    """The section and the form of a role."""

    section, path, template = "App roles", "app-roles", "app_roles.html"

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, here = self._desk, f"{BASE}/{self.path}"
        return (
            Route("GET", here, desk.shown(self.show)),
            Route("GET", f"{here}/{{role}}", desk.shown(self.role)),
            Route("POST", f"{here}/{{role}}", desk.posted(self.save)),
            Route("POST", f"{here}/{{role}}/delete", desk.posted(self.remove)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """The roles there are."""
        return self._page(visit, None)

    def role(self, visit: Visit) -> HttpResponse:
        """**Create app role**, or edit one."""
        return self._role_page(visit, _typed_of(self._role_of(visit, self._view(visit).application)), None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Apply**."""
        view = self._view(visit)
        present = self._role_of(visit, view.application)
        typed: Model = {name: visit.form(name).strip() for name in ("display_name", "value", "description")}
        kind = visit.form("member_types")
        typed |= {"member_types": kind, "is_enabled": "is_enabled" in visit.request.form}
        role = AppRole(
            id=present.id if present else self._desk.ports.entropy.guid(),
            value=str(typed["value"]) or None,
            display_name=str(typed["display_name"]),
            description=str(typed["description"]),
            allowed_member_types=("User", "Application") if kind == "both" else (kind,) if kind else (),
            is_enabled=bool(typed["is_enabled"]),
        )

        def changes(before: Application) -> Changes:
            kept = tuple(role if each.id == role.id else each for each in before.app_roles)
            return {"app_roles": kept if present else (*before.app_roles, role)}

        try:
            return self._change(visit, view, changes)
        except REFUSALS as error:
            return self._role_page(visit, typed, error)

    def remove(self, visit: Visit) -> HttpResponse:
        """**Delete** a disabled role."""
        view = self._view(visit)
        gone = self._role_of(visit, view.application)
        if gone is None:
            raise NotFound("App role", visit.request.args["role"])

        def changes(before: Application) -> Changes:
            return {"app_roles": tuple(each for each in before.app_roles if each.id != gone.id)}

        try:
            return self._change(visit, view, changes, "role-deleted")
        except REFUSALS as error:
            return self._page(visit, error)

    def _role_of(self, visit: Visit, app: Application) -> AppRole | None:
        """The role of the address; None for a new one. Raises NotFound."""
        key = visit.request.args["role"]
        if key == "new":
            return None
        found = next((role for role in app.app_roles if role.id == key), None)
        if found is None:
            raise NotFound("App role", key)
        return found

    def _page(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        view = self._view(visit)
        names = dict(MEMBER_TYPES)
        rows = [
            {
                "role": role,
                "members": names["both"]
                if len(role.allowed_member_types) > 1
                else names[role.allowed_member_types[0]],
            }
            for role in view.application.app_roles
        ]
        sample = {
            "id": "00000000-0000-4000-8000-000000000001",
            "value": "Orders.Approve",
            "displayName": "Approver",
            "description": "Approves orders.",
            "allowedMemberTypes": ["User"],
            "isEnabled": True,
        }
        return self._draw(visit, view, error, rows=rows, api=self._patch(visit, view, {"appRoles": [sample]}))

    def _role_page(self, visit: Visit, typed: Model, error: XeniaError | None) -> HttpResponse:
        view, key = self._view(visit), visit.request.args["role"]
        return self._draw(
            visit,
            view,
            error,
            template="app_role.html",
            key=key,
            typed=typed,
            is_new=key == "new",
            member_types=[{"value": value, "text": text} for value, text in MEMBER_TYPES],
        )


def _typed_of(role: AppRole | None) -> Model:
    if role is None:
        return {
            "display_name": "",
            "value": "",
            "description": "",
            "member_types": "User",
            "is_enabled": True,
        }
    is_both = len(role.allowed_member_types) > 1
    return {
        "display_name": role.display_name,
        "value": role.value or "",
        "description": role.description,
        "member_types": "both" if is_both else role.allowed_member_types[0],
        "is_enabled": role.is_enabled,
    }
