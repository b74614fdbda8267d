"""**Expose an API** of a registration: its names, its scopes, and the clients that are trusted with them."""

from __future__ import annotations

from xenia.core.directory.application import Application, PreAuthorizedApplication, Scope
from xenia.core.errors import InvalidValue, NotFound, XeniaError
from xenia.record import replace
from xenia.ui.portal.app_section import BASE, REFUSALS, AppSection
from xenia.ui.portal.desk import Model, Visit
from xenia.usecases.applications.change_registration import Changes
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_TEXTS = (
    *("value", "type", "admin_consent_display_name", "admin_consent_description"),
    *("user_consent_display_name", "user_consent_description"),
)
_VERSIONS = {"": None, "1": 1, "2": 2}


class AppExposed(AppSection):
    """The section and the form of a scope."""

    section, path, template = "Expose an API", "expose-api", "app_expose.html"

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, here = self._desk, f"{BASE}/{self.path}"
        return (
            Route("GET", here, desk.shown(self.show)),
            Route("POST", here, desk.posted(self.save)),
            Route("POST", f"{here}/clients", desk.posted(self.add_client)),
            Route("POST", f"{here}/clients/remove", desk.posted(self.remove_client)),
            Route("GET", f"{here}/scopes/{{scope}}", desk.shown(self.scope)),
            Route("POST", f"{here}/scopes/{{scope}}", desk.posted(self.save_scope)),
            Route("POST", f"{here}/scopes/{{scope}}/delete", desk.posted(self.remove_scope)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """Application ID URI, scopes, authorized clients."""
        return self._page(visit, None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save** the names of the API, the version of its tokens, and its known clients."""
        uris = _lines(visit.form("identifier_uris"))
        known = tuple(each.lower() for each in _lines(visit.form("known_client_applications")))
        version = _VERSIONS.get(visit.form("token_version"))
        changes = {
            "identifier_uris": uris,
            "known_client_applications": known,
            "requested_access_token_version": version,
        }
        view = self._view(visit)
        try:
            return self._change(visit, view, changes)
        except REFUSALS as error:
            return self._page(visit, error)

    # --- scopes ------------------------------------------------------------------------------

    def scope(self, visit: Visit) -> HttpResponse:
        """**Add a scope**, or edit one."""
        app = self._view(visit).application
        return self._scope_page(visit, _typed_of(self._scope_of(visit, app)), None)

    def save_scope(self, visit: Visit) -> HttpResponse:
        """**Add scope** or **Save**."""
        view = self._view(visit)
        present = self._scope_of(visit, view.application)
        typed: Model = {name: visit.form(name).strip() for name in _TEXTS}
        typed["is_enabled"] = visit.form("state") != "disabled"
        scope = Scope(
            id=present.id if present else self._desk.ports.entropy.guid(),
            value=str(typed["value"]),
            type="Admin" if typed["type"] == "Admin" else "User",
            is_enabled=bool(typed["is_enabled"]),
            admin_consent_display_name=str(typed["admin_consent_display_name"]),
            admin_consent_description=str(typed["admin_consent_description"]),
            user_consent_display_name=str(typed["user_consent_display_name"]) or None,
            user_consent_description=str(typed["user_consent_description"]) or None,
        )

        def changes(before: Application) -> Changes:
            if not scope.admin_consent_description:
                raise InvalidValue("admin_consent_description", "Say what the permission allows.")
            kept = tuple(scope if each.id == scope.id else each for each in before.scopes)
            named: dict[str, object] = {"scopes": kept if present else (*before.scopes, scope)}
            if not before.identifier_uris:
                # A scope is asked for by the name of its API; the usual one is made with the first.
                named["identifier_uris"] = (f"api://{before.app_id}",)
            return named

        try:
            return self._change(visit, view, changes)
        except REFUSALS as error:
            return self._scope_page(visit, typed, error)

    def remove_scope(self, visit: Visit) -> HttpResponse:
        """**Delete** a disabled scope, and the trust of clients in it."""
        view = self._view(visit)
        gone = self._scope_of(visit, view.application)
        if gone is None:
            raise NotFound("Scope", visit.request.args["scope"])

        def changes(before: Application) -> Changes:
            clients = (
                replace(client, permission_ids=tuple(one for one in client.permission_ids if one != gone.id))
                for client in before.pre_authorized_applications
            )
            return {
                "scopes": tuple(each for each in before.scopes if each.id != gone.id),
                "pre_authorized_applications": tuple(each for each in clients if each.permission_ids),
            }

        try:
            return self._change(visit, view, changes, "scope-deleted")
        except REFUSALS as error:
            return self._page(visit, error)

    # --- authorized clients ------------------------------------------------------------------

    def add_client(self, visit: Visit) -> HttpResponse:
        """**Add a client application**: nobody is asked for consent when it uses these scopes."""
        client_id = visit.form("client").strip().lower()
        scopes = tuple(visit.request.form.all("scope"))

        def changes(before: Application) -> Changes:
            others = tuple(each for each in before.pre_authorized_applications if each.app_id != client_id)
            return {"pre_authorized_applications": (*others, PreAuthorizedApplication(client_id, scopes))}

        view = self._view(visit)
        try:
            return self._change(visit, view, changes)
        except REFUSALS as error:
            return self._page(visit, error)

    def remove_client(self, visit: Visit) -> HttpResponse:
        """Trust a client no longer."""
        client_id = visit.form("client")

        def changes(before: Application) -> Changes:
            kept = (each for each in before.pre_authorized_applications if each.app_id != client_id)
            return {"pre_authorized_applications": tuple(kept)}

        view = self._view(visit)
        try:
            return self._change(visit, view, changes)
        except REFUSALS as error:
            return self._page(visit, error)

    # --- drawing -----------------------------------------------------------------------------

    def _scope_of(self, visit: Visit, app: Application) -> Scope | None:
        """The scope of the address; None for a new one. Raises NotFound."""
        key = visit.request.args["scope"]
        if key == "new":
            return None
        found = next((scope for scope in app.scopes if scope.id == key), None)
        if found is None:
            raise NotFound("Scope", key)
        return found

    def _page(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        view = self._view(visit)
        app = view.application
        typed = {
            "identifier_uris": "\n".join(app.identifier_uris),
            "known_client_applications": "\n".join(app.known_client_applications),
            "token_version": str(app.requested_access_token_version or ""),
            "client": "",
        }
        if error is not None:
            typed |= {name: visit.form(name) for name in typed if name in visit.request.form}
        values = {scope.id: scope.value for scope in app.scopes}
        clients = [
            {"app_id": client.app_id, "scopes": [values.get(one, one) for one in client.permission_ids]}
            for client in app.pre_authorized_applications
        ]
        return self._draw(
            visit,
            view,
            error,
            typed=typed,
            uri=app.identifier_uris[0] if app.identifier_uris else f"api://{app.app_id}",
            clients=clients,
            chosen=visit.request.form.all("scope") if error else [],
            api=self._patch(
                visit, view, {"identifierUris": list(app.identifier_uris) or [f"api://{app.app_id}"]}
            ),
        )

    def _scope_page(self, visit: Visit, typed: Model, error: XeniaError | None) -> HttpResponse:
        view = self._view(visit)
        return self._draw(
            visit,
            view,
            error,
            template="app_scope.html",
            key=visit.request.args["scope"],
            typed=typed,
            is_new=visit.request.args["scope"] == "new",
        )


def _typed_of(scope: Scope | None) -> Model:
    if scope is None:
        return dict.fromkeys(_TEXTS, "") | {"type": "User", "is_enabled": True}
    return {name: getattr(scope, name) or "" for name in _TEXTS} | {"is_enabled": scope.is_enabled}


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
