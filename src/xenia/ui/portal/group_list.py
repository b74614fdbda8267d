"""**Groups**: all groups, and **New group**."""

from __future__ import annotations

from xenia.core.directory.group import UNIFIED, Group
from xenia.core.directory.roles import GROUP_WRITING_ROLES
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.core.query import AnyOf, Compare, Filter, Not, Or, Query, Text, all_of
from xenia.ui.portal.desk import Desk, Model, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.listing import PAGE_SIZE, ListAddress
from xenia.ui.portal.roles import refusal_words
from xenia.usecases.groups import manage_groups, read_groups
from xenia.usecases.groups.group_dossier import find_object
from xenia.usecases.groups.manage_groups import NewGroup
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

HOME = (("Groups", "groups"),)
_FILTERS = {"q": "Search", "type": "Group type"}
_ORDERS = {"name": "display_name", "created": "created_at"}
_UNIFIED: Filter = AnyOf("group_types", Compare("", "eq", UNIFIED))
_TYPES: dict[str, Filter] = {"security": Not(_UNIFIED), "microsoft365": _UNIFIED}
TYPE_WORDS = {"security": "Security", "microsoft365": "Microsoft 365"}
_MOST_LINES = 20


def type_of(group: Group) -> str:
    """**Group type**."""
    return TYPE_WORDS["microsoft365" if group.is_unified else "security"]


class GroupList:
    """The list and the form for a new group."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, "/admin/{tenant}/groups"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("GET", f"{base}/new", desk.shown(self.new)),
            Route("POST", f"{base}/new", desk.posted(self.create)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """One page of groups."""
        address = ListAddress(visit.request, _FILTERS, _ORDERS, "name")
        search, kind = address.values["q"], address.values["type"]
        names = Or(tuple(Text(name, "contains", search) for name in ("display_name", "description", "mail")))
        condition = all_of(names if search else None, _TYPES.get(kind))
        query = Query(condition, address.order, PAGE_SIZE, address.after, count=True)
        page = read_groups.list_groups(self._desk.ports, visit.actor, query)
        return self._desk.page(
            visit,
            "groups.html",
            "groups",
            HOME,
            rows=[
                {
                    "group": seen.group,
                    "type": type_of(seen.group),
                    "url": visit.url(f"groups/{seen.group.id}"),
                }
                for seen in page.items
            ],
            columns=[
                address.column("Name", "name"),
                address.column("Group type"),
                address.column("Object ID"),
                address.column("Email"),
                address.column("Created", "created"),
            ],
            filters=address.values,
            types=[("", "All"), *TYPE_WORDS.items()],
            chips=address.chips(TYPE_WORDS),
            clear_url=address.path,
            pager=address.pager(page),
            may_create=visit.actor.holds_any(GROUP_WRITING_ROLES),
            api=call(visit, "GET", "/v1.0/groups?$top=50", permission="Group.Read.All"),
        )

    def new(self, visit: Visit) -> HttpResponse:
        """**New group**."""
        return self._form(visit, None)

    def create(self, visit: Visit) -> HttpResponse:
        """**Create**."""
        try:
            made = manage_groups.create_group(self._desk.ports, visit.actor, self._order(visit))
        except (Conflict, InvalidValue, NotFound, NotPermitted) as error:
            return self._form(visit, error)
        return self._desk.back(visit, f"groups/{made.id}", "group-created")

    def _order(self, visit: Visit) -> NewGroup:
        is_unified = visit.form("type") == "microsoft365"
        nickname = visit.form("mail_nickname").strip()
        return NewGroup(
            display_name=visit.form("display_name"),
            mail_nickname=nickname if is_unified or nickname else None,
            group_types=(UNIFIED,) if is_unified else (),
            mail_enabled=is_unified,
            security_enabled=not is_unified,
            properties={"description": visit.form("description")},
            members=self._people(visit, "members"),
            owners=self._people(visit, "owners"),
        )

    def _people(self, visit: Visit, field: str) -> list[str]:
        """Object ids of who was named, one a line. Raises InvalidValue for a line that fits nobody, or several."""
        found = []
        for line in filter(
            None, (line.strip() for line in visit.form(field).splitlines()[: _MOST_LINES + 1])
        ):
            named = find_object(self._desk.ports, visit.actor, line)
            if named is None:
                raise InvalidValue(field, f"'{line[:100]}' fits no single user or group.")
            found.append(named.id)
        return found

    def _form(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        names = ("type", "display_name", "mail_nickname", "description", "owners", "members")
        typed = {name: visit.form(name) for name in names}
        typed["type"] = typed["type"] if typed["type"] in TYPE_WORDS else "security"
        is_unified = typed["type"] == "microsoft365"
        body: Model = {
            "displayName": typed["display_name"] or "Buyers",
            "mailNickname": typed["mail_nickname"] or "buyers",
            "mailEnabled": is_unified,
            "securityEnabled": not is_unified,
            **({"groupTypes": [UNIFIED]} if is_unified else {}),
        }
        field = getattr(error, "field", None)
        return self._desk.page(
            visit,
            "group_new.html",
            "groups",
            (*HOME, ("New group", "groups/new")),
            status=200 if error is None else 403 if isinstance(error, NotPermitted) else 422,
            typed=typed,
            types=[{"value": value, "text": text} for value, text in TYPE_WORDS.items()],
            standing=self._desk.standing(visit, GROUP_WRITING_ROLES),
            errors=[]
            if error is None
            else [{"field": field if field in names else None, "text": refusal_words(error)}],
            api=call(visit, "POST", "/v1.0/groups", body=body, permission="Group.ReadWrite.All"),
        )
