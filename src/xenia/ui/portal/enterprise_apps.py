"""**Enterprise apps**: the apps as this organization knows them, their switches, and who is assigned."""

from __future__ import annotations

from xenia.core.directory.application import DEFAULT_ACCESS_ROLE
from xenia.core.directory.first_party import FIRST_PARTY_APP_IDS, PLATFORM_TENANT_ID
from xenia.core.directory.group import Group
from xenia.core.directory.user import User
from xenia.core.errors import Conflict, InvalidValue, NotPermitted, XeniaError
from xenia.core.ids import ObjectId
from xenia.core.query import Compare, Filter, Query, Text, all_of
from xenia.ui.portal.app_owners import owner_rows
from xenia.ui.portal.desk import Desk, Model, Visit
from xenia.ui.portal.enterprise_app_frame import HOME, addressed, app_page
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.listing import PAGE_SIZE, ListAddress
from xenia.ui.portal.user_words import state_of
from xenia.usecases.applications import manage_applications, ownership
from xenia.usecases.applications.application_owners import list_principal_owners
from xenia.usecases.applications.enterprise_apps import MOST_NOTES, list_roles, registration_of
from xenia.usecases.consent import granted_permissions
from xenia.usecases.groups.group_dossier import find_user_or_group
from xenia.usecases.users import read_directory
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_ORIGINS = {"here": "eq", "elsewhere": "ne"}
"""Values of the filter by who registered an app."""
_SWITCHES = ("account_enabled", "assignment_required", "visible_to_users")


class EnterpriseApps:
    """List, properties, users and groups."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, "/admin/{tenant}/enterprise-apps"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("GET", f"{base}/{{app}}", desk.shown(self.overview)),
            Route("GET", f"{base}/{{app}}/properties", desk.shown(self.properties)),
            Route("POST", f"{base}/{{app}}/properties", desk.posted(self.save)),
            Route("GET", f"{base}/{{app}}/users-and-groups", desk.shown(self.assigned)),
            Route("POST", f"{base}/{{app}}/users-and-groups", desk.posted(self.assign)),
            Route("POST", f"{base}/{{app}}/users-and-groups/remove", desk.posted(self.unassign)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """All of them; of somebody without a role, the owned ones."""
        address = ListAddress(
            visit.request,
            {"q": "Search", "from": "Registered"},
            {"name": "display_name", "created": "created_at"},
            "name",
        )
        search, origin = address.values["q"], address.values["from"]
        parts: list[Filter] = [Text("display_name", "contains", search)] if search else []
        if origin in _ORIGINS:
            parts.append(Compare("owner_tenant_id", _ORIGINS[origin], visit.tenant.id))
        query = Query(all_of(*parts), address.order, PAGE_SIZE, address.after, count=True)
        found = ownership.list_owned_principals if visit.is_owner else read_directory.list_service_principals
        page = found(self._desk.ports, visit.actor, query)
        return self._desk.page(
            visit,
            "enterprise_apps.html",
            "enterprise_apps",
            HOME,
            rows=page.items,
            columns=[
                address.column("Name", "name"),
                address.column("Application (client) ID"),
                address.column("Assignment required?"),
                address.column("Created", "created"),
            ],
            search=search,
            origin=origin,
            home=visit.tenant.id,
            shipped=FIRST_PARTY_APP_IDS,
            clear_url=address.path,
            pager=address.pager(page),
            api=call(visit, "GET", "/v1.0/servicePrincipals?$top=50", permission="Application.Read.All"),
        )

    def overview(self, visit: Visit) -> HttpResponse:
        """**Overview**: what the app is, and what there is to know of it at a glance."""
        principal = addressed(self._desk, visit)
        ports, actor = self._desk.ports, visit.actor
        owners = owner_rows(visit, list_principal_owners(ports, actor, principal.id))
        held = granted_permissions.list_held(ports, actor, principal.id)
        is_own = principal.owner_tenant_id == visit.tenant.id
        model: Model = {
            "owners": [owner["name"] for owner in owners],
            "assigned": len(manage_applications.list_assigned(ports, actor, principal.id)),
            "for_everybody": sum(line.user_id is None for line in held),
            "for_people": sum(line.user_id is not None for line in held),
            "registration": registration_of(ports, actor, principal.id) if is_own else None,
            "is_foreign": not is_own and principal.owner_tenant_id != PLATFORM_TENANT_ID,
            "is_shipped": principal.app_id in FIRST_PARTY_APP_IDS,
            "api": call(
                visit, "GET", f"/v1.0/servicePrincipals/{principal.id}", permission="Application.Read.All"
            ),
        }
        return app_page(self._desk, visit, "enterprise_app_overview.html", "Overview", principal, None, model)

    def properties(self, visit: Visit) -> HttpResponse:
        """**Properties**."""
        return self._properties(visit, None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**."""
        principal = addressed(self._desk, visit)
        values = {name: visit.form(name) == "yes" for name in _SWITCHES}
        try:
            manage_applications.update_enterprise_app(
                self._desk.ports,
                visit.actor,
                principal.id,
                account_enabled=values["account_enabled"],
                assignment_required=values["assignment_required"],
                visible_to_users=values["visible_to_users"],
                notes=visit.form("notes"),
            )
        except (InvalidValue, NotPermitted) as error:
            return self._properties(visit, error)
        return self._desk.back(visit, f"enterprise-apps/{principal.id}/properties", "saved")

    def assigned(self, visit: Visit) -> HttpResponse:
        """**Users and groups**."""
        return self._assigned(visit, None)

    def assign(self, visit: Visit) -> HttpResponse:
        """**Add user/group**."""
        principal = addressed(self._desk, visit)
        try:
            found = find_user_or_group(self._desk.ports, visit.actor, visit.form("user"))
            if found is None:
                raise InvalidValue(  # noqa: TRY301  (one place says every refusal)
                    "user",
                    "No single user or group fits. Enter an email address, user principal name, group name or "
                    "object ID.",
                )
            role = visit.form("role") or DEFAULT_ACCESS_ROLE
            manage_applications.assign_principal(self._desk.ports, visit.actor, principal.id, found.id, role)
        except (Conflict, InvalidValue, NotPermitted) as error:
            return self._assigned(visit, error)
        return self._desk.back(visit, f"enterprise-apps/{principal.id}/users-and-groups", "assigned")

    def unassign(self, visit: Visit) -> HttpResponse:
        """**Remove**."""
        principal = addressed(self._desk, visit)
        try:
            manage_applications.unassign_principal(
                self._desk.ports, visit.actor, principal.id, visit.form("assignment")
            )
        except NotPermitted as error:
            return self._assigned(visit, error)
        return self._desk.back(visit, f"enterprise-apps/{principal.id}/users-and-groups", "unassigned")

    def _properties(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        principal = addressed(self._desk, visit)
        path = f"/v1.0/servicePrincipals/{principal.id}"
        typed = {name: getattr(principal, name) for name in _SWITCHES}
        if error is not None:
            typed = {name: visit.form(name) == "yes" for name in _SWITCHES}
        model: Model = {
            "typed": {name: "yes" if value else "no" for name, value in typed.items()}
            | {"notes": visit.form("notes") if error is not None else principal.notes or ""},
            "longest_notes": MOST_NOTES,
            "is_foreign": principal.owner_tenant_id not in (visit.tenant.id, PLATFORM_TENANT_ID),
            "is_shipped": principal.app_id in FIRST_PARTY_APP_IDS,
            "api": call(visit, "GET", path, permission="Application.Read.All"),
        }
        return app_page(self._desk, visit, "enterprise_app.html", "Properties", principal, error, model)

    def _assigned(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        principal = addressed(self._desk, visit)
        ports = self._desk.ports
        assigned = manage_applications.list_assigned(ports, visit.actor, principal.id)
        people = [each.principal for each in assigned if isinstance(each.principal, User)]
        withdrawn = read_directory.withdrawn_among(ports, visit.actor, people)
        rows = [
            {
                "id": each.assignment.id,
                "role": each.role_name,
                **_assigned_row(visit, each.principal, withdrawn),
            }
            for each in assigned
        ]
        model: Model = {
            "rows": rows,
            "roles": list_roles(ports, visit.actor, principal.id),
            "typed": visit.form("user"),
        }
        return app_page(
            self._desk, visit, "enterprise_app_users.html", "Users and groups", principal, error, model
        )


def _assigned_row(visit: Visit, principal: User | Group, withdrawn: frozenset[ObjectId]) -> Model:
    """What the list says of somebody who is assigned."""
    if isinstance(principal, Group):
        return {
            "name": principal.display_name or principal.id,
            "address": "–",
            "url": None if visit.is_owner else visit.url(f"groups/{principal.id}"),
            "type": "Group",
            "state": None,
        }
    return {
        "name": principal.display_name or principal.id,
        "address": principal.sign_in_name or "–",
        "url": None if visit.is_owner else visit.url(f"users/{principal.id}"),
        "type": principal.user_type.value,
        "state": state_of(principal, withdrawn=principal.id in withdrawn),
    }
