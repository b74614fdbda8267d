"""My Apps: the applications one person was assigned in one tenant."""

from __future__ import annotations

from xenia.core.ids import ObjectId, TenantId
from xenia.ports import Ports
from xenia.record import Record
from xenia.usecases.applications.application_logos import logo_path


class AssignedApp(Record):
    """A tile: name, role and where it opens (None: the app has no home page)."""

    name: str
    url: str | None
    role: str
    logo_path: str | None = None


def my_apps(ports: Ports, tenant_id: TenantId, user_id: ObjectId) -> tuple[AssignedApp, ...]:
    """Enabled, visible applications assigned to the user, by name."""
    tiles: dict[AssignedApp, None] = {}
    with ports.store.read(tenant_id) as tx:
        for assignment in tx.applications.assignments_held(user_id):
            principal = tx.applications.find_service_principal(assignment.resource_id)
            if principal is None or not (principal.account_enabled and principal.visible_to_users):
                continue
            application = tx.applications.find_by_app_id(principal.app_id)
            roles = application.app_roles if application else ()
            role = next(
                (role.display_name for role in roles if role.id == assignment.app_role_id), "Default Access"
            )
            home = principal.home_page_url or (application.home_page_url if application else None)
            # Of somebody assigned twice, in person and by a group, or by two groups, it is one tile.
            tiles[AssignedApp(principal.display_name, home, role, logo_path(application))] = None
    return tuple(sorted(tiles, key=lambda tile: (tile.name.casefold(), tile.role)))
