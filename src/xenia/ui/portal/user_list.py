"""**Users**: all users, saved views, search and filters; and the deleted ones."""

from __future__ import annotations

from xenia.core.directory.roles import USER_WRITING_ROLES
from xenia.core.directory.user import ExternalUserState, User, UserType
from xenia.core.query import Compare, Filter, Or, Query, Text, all_of
from xenia.ui.portal.desk import Desk, Question, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.listing import PAGE_SIZE, ListAddress
from xenia.ui.portal.roles import may_invite
from xenia.ui.portal.user_words import STATE_WORDS, identities_words, row_of
from xenia.usecases.users import manage_users, read_directory
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_FILTERS = {"q": "Search", "type": "User type", "state": "Invitation state", "enabled": "Account enabled"}
_ORDERS = {"name": "display_name", "upn": "user_principal_name", "created": "created_at"}
_VIEWS = (("All users", ""), ("Guests", "?type=Guest"), ("Pending", "?type=Guest&state=PendingAcceptance"))
_SEARCHED = ("display_name", "user_principal_name", "mail")


class UserList:
    """The list and its filters."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk = self._desk
        return (
            Route("GET", "/admin/{tenant}/users", desk.shown(self.show)),
            Route("GET", "/admin/{tenant}/users/deleted", desk.shown(self.deleted)),
            Route("POST", "/admin/{tenant}/users/deleted/{user}/restore", desk.posted(self.restore)),
            Route("GET", "/admin/{tenant}/users/deleted/{user}/purge", desk.shown(self.confirm_purge)),
            Route("POST", "/admin/{tenant}/users/deleted/{user}/purge", desk.posted(self.purge)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """One page of users."""
        address = ListAddress(visit.request, _FILTERS, _ORDERS, "name")
        query = Query(_filter(address.values), address.order, PAGE_SIZE, address.after, count=True)
        page = read_directory.list_users(self._desk.ports, visit.actor, query)
        withdrawn = read_directory.withdrawn_among(
            self._desk.ports, visit.actor, (seen.user for seen in page.items)
        )
        here = "?" + visit.request.query_string
        return self._desk.page(
            visit,
            "users.html",
            "users",
            (("Users", "users"),),
            rows=[
                row_of(seen.user, visit.url(f"users/{seen.user.id}"), withdrawn=seen.user.id in withdrawn)
                for seen in page.items
            ],
            columns=[
                address.column("Display name", "name"),
                address.column("User principal name", "upn"),
                address.column("User type"),
                address.column("Identities"),
                address.column("Invitation state"),
                address.column("Created", "created"),
            ],
            filters=address.values,
            chips=address.chips(STATE_WORDS | {"yes": "Yes", "no": "No"}),
            clear_url=address.path,
            pager=address.pager(page),
            views=[
                {
                    "label": label,
                    "url": f"{address.path}{query}",
                    "current": here == query or (not query and here == "?"),
                }
                for label, query in _VIEWS
            ],
            may_invite=may_invite(self._desk.ports, visit.actor),
            may_create=visit.actor.holds_any(USER_WRITING_ROLES),
            api=call(visit, "GET", _graph_path(address.values), permission="User.Read.All"),
        )

    def deleted(self, visit: Visit) -> HttpResponse:
        """Users that can be restored."""
        address = ListAddress(visit.request, {}, {"deleted": "deleted_at"}, "-deleted")
        now = self._desk.ports.clock.now()
        query = Query(None, address.order, PAGE_SIZE, address.after, count=True)
        page = read_directory.list_deleted_users(self._desk.ports, visit.actor, query)
        return self._desk.page(
            visit,
            "deleted_users.html",
            "users",
            (("Users", "users"), ("Deleted users", "users/deleted")),
            rows=[
                {
                    "id": seen.user.id,
                    "name": seen.user.display_name,
                    "upn": seen.user.user_principal_name,
                    "type": seen.user.user_type.value,
                    "identities": identities_words(seen.user),
                    "deleted_at": seen.user.deleted_at,
                    "days_left": max(0, 30 - (now - seen.user.deleted_at).days)
                    if seen.user.deleted_at
                    else 0,
                }
                for seen in page.items
            ],
            pager=address.pager(page),
            standing=self._desk.standing(visit, USER_WRITING_ROLES),
            api=call(
                visit, "GET", "/v1.0/directory/deletedItems/microsoft.graph.user", permission="User.Read.All"
            ),
        )

    def restore(self, visit: Visit) -> HttpResponse:
        """**Restore user**."""
        user = manage_users.restore_user(self._desk.ports, visit.actor, visit.request.args["user"])
        return self._desk.back(visit, f"users/{user.id}", "restored")

    def confirm_purge(self, visit: Visit) -> HttpResponse:
        """The question before deleting for good."""
        return self._ask_purge(visit, self._deleted(visit), "")

    def purge(self, visit: Visit) -> HttpResponse:
        """**Delete permanently**, once the name was typed: this cannot be undone."""
        user = self._deleted(visit)
        if visit.form("confirmation").strip() != user.display_name:
            return self._ask_purge(visit, user, f"Type {user.display_name} to confirm.")
        manage_users.purge_user(self._desk.ports, visit.actor, user.id)
        return self._desk.back(visit, "users/deleted", "purged")

    def _ask_purge(self, visit: Visit, user: User, problem: str) -> HttpResponse:
        question = Question(
            f"Delete {user.display_name} permanently?",
            "This cannot be undone. The object ID, app assignments and history of invitations are lost.",
            visit.url(f"users/deleted/{user.id}/purge"),
            "Delete permanently",
            visit.url("users/deleted"),
            type_to_confirm=user.display_name,
        )
        trail = (("Users", "users"), ("Deleted users", "users/deleted"))
        return self._desk.ask(visit, "users", trail, question, problem)

    def _deleted(self, visit: Visit) -> User:
        return read_directory.get_deleted_user(self._desk.ports, visit.actor, visit.request.args["user"]).user


def _filter(values: dict[str, str]) -> Filter | None:
    parts: list[Filter] = []
    if values["q"]:
        parts.append(Or(tuple(Text(name, "contains", values["q"]) for name in _SEARCHED)))
    if values["type"] in set(UserType):
        parts.append(Compare("user_type", "eq", values["type"]))
    if values["state"] in set(ExternalUserState):
        parts.append(Compare("external_user_state", "eq", values["state"]))
    if values["enabled"] in ("yes", "no"):
        parts.append(Compare("account_enabled", "eq", values["enabled"] == "yes"))
    return all_of(*parts)


def _graph_path(values: dict[str, str]) -> str:
    parts = []
    if values["type"] in set(UserType):
        parts.append(f"userType eq '{values['type']}'")
    if values["state"] in set(ExternalUserState):
        parts.append(f"externalUserState eq '{values['state']}'")
    if values["enabled"] in ("yes", "no"):
        parts.append(f"accountEnabled eq {'true' if values['enabled'] == 'yes' else 'false'}")
    return "/v1.0/users?$top=50" + (f"&$filter={' and '.join(parts)}" if parts else "")
