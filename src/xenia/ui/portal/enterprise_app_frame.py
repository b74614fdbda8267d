"""The frame of every page about one enterprise app: its sections, its name in the trail, refusals in their place."""

from __future__ import annotations

from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.roles import APP_WRITING_ROLES
from xenia.core.errors import NotPermitted, XeniaError
from xenia.record import replace
from xenia.ui.portal.desk import Desk, Model, Visit
from xenia.ui.portal.roles import refusal_words
from xenia.usecases.applications.enterprise_apps import may_manage
from xenia.usecases.users import read_directory
from xenia.web.http import HttpResponse

HOME = (("Enterprise apps", "enterprise-apps"),)
_SECTIONS = (
    ("Overview", ""),
    ("Properties", "properties"),
    ("Owners", "owners"),
    ("Users and groups", "users-and-groups"),
    ("Permissions", "permissions"),
    ("Token signing", "token-signing"),
)
_ADMINISTRATORS = frozenset({"Token signing"})
"""Sections that owners without a role do not open."""
_FIELDS = {"Users and groups": "user", "Owners": "owner", "Token signing": "display_name"}
"""Where a section shows why what was sent is not done."""


def addressed(desk: Desk, visit: Visit) -> ServicePrincipal:
    """The enterprise app of the address. Raises NotFound, NotPermitted."""
    return read_directory.get_service_principal(desk.ports, visit.actor, visit.request.args["app"])


def app_page(
    desk: Desk,
    visit: Visit,
    template: str,
    section: str,
    principal: ServicePrincipal,
    error: XeniaError | None,
    model: Model,
    *,
    for_owners: bool = True,
) -> HttpResponse:
    """A page about the app; *error*: why what was sent is not done. *for_owners*: whether owners may change it."""
    base = f"enterprise-apps/{principal.id}"
    tabs = [
        {"label": label, "url": visit.url(f"{base}/{path}"), "current": label == section}
        for label, path in _SECTIONS
        if not (visit.is_owner and label in _ADMINISTRATORS)
    ]
    if not visit.is_owner:
        logs = visit.url("sign-in-logs", app=principal.app_id)
        tabs.append({"label": "Sign-in logs", "url": logs, "current": False})
    standing = desk.standing(visit, APP_WRITING_ROLES)
    if for_owners and may_manage(desk.ports, visit.actor, principal.id):
        standing = replace(standing, may=True)
    own: Model = {
        "principal": principal,
        "tabs": tabs,
        "standing": standing,
        "errors": [] if error is None else [{"field": _FIELDS.get(section), "text": refusal_words(error)}],
    }
    trail = (*HOME, (principal.display_name, base), *(() if section == "Overview" else ((section, ""),)))
    status = 200 if error is None else 403 if isinstance(error, NotPermitted) else 422
    return desk.page(visit, template, "enterprise_apps", trail, status=status, more=own | model)
