"""Further sections of a user: assigned roles, applications, authentication methods."""

from __future__ import annotations

from xenia.core.directory.roles import ALL_ROLES, GUEST_SUPPORT_ROLES, USER_WRITING_ROLES
from xenia.core.errors import InvalidValue, NotPermitted, XeniaError
from xenia.ui.portal.desk import Desk, Model, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.roles import GLOBAL, refusal_words
from xenia.ui.portal.user_detail import user_tabs
from xenia.usecases.users import manage_users
from xenia.usecases.users.user_dossier import UserDossier, read_user_dossier
from xenia.web.http import HttpResponse
from xenia.web.routing import Route


class UserFacts:
    """Sections that are lists with a few acts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, "/admin/{tenant}/users/{user}"
        return (
            Route("GET", f"{base}/assigned-roles", desk.shown(self.roles)),
            Route("POST", f"{base}/assigned-roles", desk.posted(self.add_role)),
            Route("POST", f"{base}/assigned-roles/remove", desk.posted(self.remove_role)),
            Route("GET", f"{base}/applications", desk.shown(self.applications)),
            Route("GET", f"{base}/authentication-methods", desk.shown(self.methods)),
            Route("POST", f"{base}/authentication-methods/delete", desk.posted(self.delete_method)),
            Route("POST", f"{base}/authentication-methods/password", desk.posted(self.new_password)),
        )

    def roles(self, visit: Visit) -> HttpResponse:
        """**Assigned roles**."""
        return self._roles(visit, None)

    def add_role(self, visit: Visit) -> HttpResponse:
        """Give a directory role."""
        return self._change_role(visit, present=True)

    def remove_role(self, visit: Visit) -> HttpResponse:
        """Take a directory role away."""
        return self._change_role(visit, present=False)

    def applications(self, visit: Visit) -> HttpResponse:
        """**Applications** this user is assigned to."""
        return self._page(visit, "user_applications.html", "Applications", self._dossier(visit))

    def methods(self, visit: Visit) -> HttpResponse:
        """**Authentication methods**; right after a password was made, it is shown once."""
        shown = self._desk.once.read(visit.request, visit.secret)
        response = self._methods(visit, None, shown.get("password"))
        return self._desk.once.forget(response) if shown else response

    def delete_method(self, visit: Visit) -> HttpResponse:
        """**Delete** one authenticator app."""
        user_id = visit.request.args["user"]
        try:
            manage_users.remove_authenticator_app(
                self._desk.ports, visit.actor, user_id, visit.form("method")
            )
        except NotPermitted as error:
            return self._methods(visit, error, None)
        return self._desk.back(visit, f"users/{user_id}/authentication-methods", "method-removed")

    def new_password(self, visit: Visit) -> HttpResponse:
        """**Reset password** of a member: a made-up one, shown once."""
        user = self._dossier(visit).user
        password = manage_users.fresh_password(self._desk.ports)
        try:
            manage_users.set_password(self._desk.ports, visit.actor, user.id, password)
        except (InvalidValue, NotPermitted) as error:
            return self._methods(visit, error, None)
        path = visit.url(f"users/{user.id}/authentication-methods")
        return self._desk.once.hand_over(visit.secret, path, {"password": password})

    def _change_role(self, visit: Visit, *, present: bool) -> HttpResponse:
        user_id = self._dossier(visit).user.id
        change = manage_users.add_role if present else manage_users.remove_role
        try:
            change(self._desk.ports, visit.actor, user_id, visit.form("role"))
        except (InvalidValue, NotPermitted) as error:
            return self._roles(visit, error)
        done = "role-added" if present else "role-removed"
        return self._desk.back(visit, f"users/{user_id}/assigned-roles", done)

    def _dossier(self, visit: Visit) -> UserDossier:
        return read_user_dossier(self._desk.ports, visit.actor, visit.request.args["user"])

    def _roles(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        dossier = self._dossier(visit)
        held = {role.template_id for role in dossier.roles}
        return self._page(
            visit,
            "user_roles.html",
            "Assigned roles",
            dossier,
            error,
            options=[(role.template_id, role.name) for role in ALL_ROLES if role.template_id not in held],
            standing=self._desk.standing(visit, GLOBAL),
        )

    def _methods(self, visit: Visit, error: XeniaError | None, password: str | None) -> HttpResponse:
        dossier = self._dossier(visit)
        user = dossier.user
        support = GUEST_SUPPORT_ROLES if user.is_guest else USER_WRITING_ROLES
        path = f"/v1.0/users/{user.id}/authentication/methods"
        return self._page(
            visit,
            "user_methods.html",
            "Authentication methods",
            dossier,
            error,
            password=password,
            takes_password=not (user.is_guest or user.is_external),
            may_set_password=visit.actor.holds_any(USER_WRITING_ROLES),
            standing=self._desk.standing(visit, support),
            api=call(visit, "GET", path, permission="UserAuthenticationMethod.Read.All"),
        )

    def _page(
        self,
        visit: Visit,
        template: str,
        section: str,
        dossier: UserDossier,
        error: XeniaError | None = None,
        **model: object,
    ) -> HttpResponse:
        user = dossier.user
        own: Model = {
            "user": user,
            "dossier": dossier,
            "tabs": user_tabs(visit, user.id, section),
            "errors": [] if error is None else [{"field": None, "text": refusal_words(error)}],
        }
        trail = (("Users", "users"), (user.display_name, f"users/{user.id}"), (section, ""))
        status = 200 if error is None else 403 if isinstance(error, NotPermitted) else 422
        return self._desk.page(visit, template, "users", trail, status=status, more=own | model)
