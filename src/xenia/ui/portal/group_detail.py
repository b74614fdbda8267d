"""One group: overview, properties, members, owners, applications; and the groups of a user."""

from __future__ import annotations

from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.group import DirectoryObject, Group, GroupLink
from xenia.core.directory.roles import GROUP_WRITING_ROLES
from xenia.core.directory.user import User
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.core.ids import ObjectId
from xenia.core.query import Query, Text
from xenia.ui.portal.desk import Desk, Model, Question, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.group_list import HOME, type_of
from xenia.ui.portal.listing import PAGE_SIZE, ListAddress
from xenia.ui.portal.roles import refusal_words
from xenia.ui.portal.user_detail import user_tabs
from xenia.ui.portal.user_words import state_of
from xenia.usecases.groups import manage_groups
from xenia.usecases.groups.group_dossier import (
    GroupDossier,
    find_object,
    groups_of_user,
    list_linked,
    read_group_dossier,
)
from xenia.usecases.users import read_directory
from xenia.usecases.users.user_dossier import read_user_dossier
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_SECTIONS = (
    ("Overview", ""),
    ("Properties", "/properties"),
    ("Members", "/members"),
    ("Owners", "/owners"),
    ("Applications", "/applications"),
)
_WORDS = {GroupLink.MEMBER: ("Members", "member"), GroupLink.OWNER: ("Owners", "owner")}
_TEXTS = ("display_name", "description", "mail_nickname")


class GroupDetail:
    """The pages of one group."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, "/admin/{tenant}/groups/{group}"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("GET", f"{base}/properties", desk.shown(self.properties)),
            Route("POST", f"{base}/properties", desk.posted(self.save)),
            Route("GET", f"{base}/members", desk.shown(self.members)),
            Route("POST", f"{base}/members", desk.posted(self.add_member)),
            Route("POST", f"{base}/members/remove", desk.posted(self.remove_member)),
            Route("GET", f"{base}/owners", desk.shown(self.owners)),
            Route("POST", f"{base}/owners", desk.posted(self.add_owner)),
            Route("POST", f"{base}/owners/remove", desk.posted(self.remove_owner)),
            Route("GET", f"{base}/applications", desk.shown(self.applications)),
            Route("GET", f"{base}/delete", desk.shown(self.confirm_delete)),
            Route("POST", f"{base}/delete", desk.posted(self.delete)),
            Route("GET", "/admin/{tenant}/users/{user}/groups", desk.shown(self.of_user)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """**Overview**."""
        return self._draw(visit, "group.html", "Overview", self._dossier(visit), None)

    def properties(self, visit: Visit) -> HttpResponse:
        """**Properties**."""
        return self._properties(visit, None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**."""
        group = self._dossier(visit).group
        changes: dict[str, object] = {name: visit.form(name) for name in _TEXTS}
        try:
            manage_groups.update_group(self._desk.ports, visit.actor, group.id, changes)
        except (Conflict, InvalidValue, NotPermitted) as error:
            return self._properties(visit, error)
        return self._desk.back(visit, f"groups/{group.id}/properties", "saved")

    def members(self, visit: Visit) -> HttpResponse:
        """**Members**."""
        return self._people(visit, GroupLink.MEMBER, None)

    def add_member(self, visit: Visit) -> HttpResponse:
        """**Add member**."""
        return self._add(visit, GroupLink.MEMBER)

    def remove_member(self, visit: Visit) -> HttpResponse:
        """**Remove**."""
        return self._remove(visit, GroupLink.MEMBER)

    def owners(self, visit: Visit) -> HttpResponse:
        """**Owners**."""
        return self._people(visit, GroupLink.OWNER, None)

    def add_owner(self, visit: Visit) -> HttpResponse:
        """**Add owner**."""
        return self._add(visit, GroupLink.OWNER)

    def remove_owner(self, visit: Visit) -> HttpResponse:
        """**Remove**."""
        return self._remove(visit, GroupLink.OWNER)

    def applications(self, visit: Visit) -> HttpResponse:
        """**Applications** that the group is assigned to."""
        dossier = self._dossier(visit)
        path = f"/v1.0/groups/{dossier.group.id}/appRoleAssignments"
        api = call(visit, "GET", path, permission="Directory.Read.All")
        return self._draw(visit, "group_applications.html", "Applications", dossier, None, {"api": api})

    def confirm_delete(self, visit: Visit) -> HttpResponse:
        """The question before deleting."""
        return self._ask_delete(visit, self._dossier(visit), "")

    def delete(self, visit: Visit) -> HttpResponse:
        """**Delete**, once the name was typed: this cannot be undone."""
        dossier = self._dossier(visit)
        group = dossier.group
        if visit.form("confirmation").strip() != group.display_name:
            return self._ask_delete(visit, dossier, f"Type {group.display_name} to confirm.")
        try:
            manage_groups.delete_group(self._desk.ports, visit.actor, group.id)
        except NotPermitted as error:
            return self._draw(visit, "group.html", "Overview", dossier, error)
        return self._desk.back(visit, "groups", "group-deleted")

    def of_user(self, visit: Visit) -> HttpResponse:
        """**Groups** of a user."""
        user = read_user_dossier(self._desk.ports, visit.actor, visit.request.args["user"]).user
        rows = [
            {
                "group": group,
                "type": type_of(group),
                "url": visit.url(f"groups/{group.id}"),
                "membership": "Direct" if is_direct else "Through another group",
            }
            for group, is_direct in groups_of_user(self._desk.ports, visit.actor, user.id)
        ]
        path = f"/v1.0/users/{user.id}/transitiveMemberOf"
        return self._desk.page(
            visit,
            "user_groups.html",
            "users",
            (("Users", "users"), (user.display_name, f"users/{user.id}"), ("Groups", "")),
            user=user,
            rows=rows,
            tabs=user_tabs(visit, user.id, "Groups"),
            api=call(visit, "GET", path, permission="GroupMember.Read.All"),
        )

    # --- drawing -----------------------------------------------------------------------------

    def _dossier(self, visit: Visit) -> GroupDossier:
        return read_group_dossier(self._desk.ports, visit.actor, visit.request.args["group"])

    def _properties(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        dossier = self._dossier(visit)
        group = dossier.group
        typed = {name: getattr(group, name) or "" for name in _TEXTS}
        if error is not None:
            typed = {name: visit.form(name) for name in _TEXTS}
        body = {"displayName": typed["display_name"], "description": typed["description"] or None}
        path = f"/v1.0/groups/{group.id}"
        model: Model = {
            "typed": typed,
            "api": call(visit, "PATCH", path, body=body, permission="Group.ReadWrite.All"),
        }
        return self._draw(visit, "group_properties.html", "Properties", dossier, error, model)

    def _people(self, visit: Visit, link: GroupLink, error: XeniaError | None) -> HttpResponse:
        dossier = self._dossier(visit)
        group, section = dossier.group, _WORDS[link][0]
        address = ListAddress(visit.request, {"q": "Search"}, {"name": "display_name"}, "name")
        search = address.values["q"]
        condition = Text("display_name", "contains", search) if search else None
        query = Query(condition, address.order, PAGE_SIZE, address.after, count=True)
        page = list_linked(self._desk.ports, visit.actor, link, group.id, query)
        people = [found for found in page.items if isinstance(found, User)]
        withdrawn = read_directory.withdrawn_among(self._desk.ports, visit.actor, people)
        path = f"/v1.0/groups/{group.id}/{link.value}"
        model: Model = {
            "link": link.value,
            "word": _WORDS[link][1],
            "rows": [_row(visit, found, withdrawn) for found in page.items],
            "columns": [
                address.column("Display name", "name"),
                address.column("Type"),
                address.column("Address"),
                address.column("Invitation state"),
                {"label": "Actions", "hidden": True},
            ],
            "search": search,
            "clear_url": address.path,
            "pager": address.pager(page),
            "typed": visit.form("object"),
            "api": call(visit, "GET", path, permission="GroupMember.Read.All"),
        }
        return self._draw(visit, "group_people.html", section, dossier, error, model)

    def _add(self, visit: Visit, link: GroupLink) -> HttpResponse:
        group = self._dossier(visit).group
        try:
            found = find_object(self._desk.ports, visit.actor, visit.form("object"))
            if found is None:
                raise InvalidValue(  # noqa: TRY301  (one place says every refusal)
                    "object",
                    "No single user or group fits. Enter an email address, user principal name, group name or object ID.",
                )
            manage_groups.add_to_group(self._desk.ports, visit.actor, link, group.id, found.id)
        except (InvalidValue, NotFound, NotPermitted) as error:
            return self._people(visit, link, error)
        return self._desk.back(visit, f"groups/{group.id}/{link.value}", f"{_WORDS[link][1]}-added")

    def _remove(self, visit: Visit, link: GroupLink) -> HttpResponse:
        group = self._dossier(visit).group
        try:
            manage_groups.remove_from_group(
                self._desk.ports, visit.actor, link, group.id, visit.form("object_id")
            )
        except (InvalidValue, NotFound, NotPermitted) as error:
            return self._people(visit, link, error)
        return self._desk.back(visit, f"groups/{group.id}/{link.value}", f"{_WORDS[link][1]}-removed")

    def _ask_delete(self, visit: Visit, dossier: GroupDossier, problem: str) -> HttpResponse:
        group = dossier.group
        question = Question(
            f"Delete {group.display_name}?",
            "This cannot be undone. Its members stay, and lose what they have through this group.",
            visit.url(f"groups/{group.id}/delete"),
            "Delete",
            visit.url(f"groups/{group.id}"),
            tuple(f"Members lose {app.name}" for app in dossier.apps),
            type_to_confirm=group.display_name,
        )
        return self._desk.ask(visit, "groups", (*HOME, (group.display_name, "")), question, problem)

    def _draw(
        self,
        visit: Visit,
        template: str,
        section: str,
        dossier: GroupDossier,
        error: XeniaError | None,
        model: Model | None = None,
    ) -> HttpResponse:
        group = dossier.group
        own: Model = {
            "group": group,
            "type": type_of(group),
            "dossier": dossier,
            "tabs": [
                {"label": label, "url": visit.url(f"groups/{group.id}{path}"), "current": label == section}
                for label, path in _SECTIONS
            ],
            "standing": self._desk.standing(visit, GROUP_WRITING_ROLES),
            "errors": [] if error is None else [{"field": _field(error), "text": refusal_words(error)}],
            "api": call(visit, "GET", f"/v1.0/groups/{group.id}", permission="Group.Read.All"),
        }
        trail = (*HOME, (group.display_name, f"groups/{group.id}"), *(((section, ""),) if model else ()))
        status = 200 if error is None else 403 if isinstance(error, NotPermitted) else 422
        return self._desk.page(visit, template, "groups", trail, status=status, more=own | (model or {}))


def _field(error: XeniaError) -> str | None:
    """Where on the page the refusal belongs."""
    field = getattr(error, "field", None)
    if field in _TEXTS:
        return str(field)
    return "object" if isinstance(error, (InvalidValue, NotFound)) else None


def _row(visit: Visit, found: DirectoryObject, withdrawn: frozenset[ObjectId]) -> Model:
    """What a list says of a member or owner."""
    common: Model = {"id": found.id, "name": found.display_name, "state": None}
    if isinstance(found, User):
        return common | {
            "type": found.user_type.value,
            "address": found.sign_in_name,
            "url": visit.url(f"users/{found.id}"),
            "state": state_of(found, withdrawn=found.id in withdrawn),
        }
    if isinstance(found, Group):
        return common | {"type": "Group", "address": found.mail, "url": visit.url(f"groups/{found.id}")}
    assert isinstance(found, ServicePrincipal)
    return common | {"type": "App", "address": found.app_id, "url": visit.url(f"enterprise-apps/{found.id}")}
