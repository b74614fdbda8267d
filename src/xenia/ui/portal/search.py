"""The search box of the header: names of pages first, older names of how-tos among them, then people."""

from __future__ import annotations

from collections.abc import Mapping

from xenia.core.ids import fold
from xenia.ui.portal.desk import Desk, Visit
from xenia.web.http import HttpResponse, redirect
from xenia.web.routing import Route

PAGES: Mapping[str, str] = {
    "overview": "",
    "users": "users",
    "all users": "users",
    "new user": "users/new",
    "create new user": "users/new",
    "invite external user": "users/invite",
    "invite guest user": "users/invite",
    "new guest user": "users/invite",
    "invite user": "users/invite",
    "deleted users": "users/deleted",
    "groups": "groups",
    "all groups": "groups",
    "new group": "groups/new",
    "app registrations": "app-registrations",
    "new registration": "app-registrations/new",
    "register an application": "app-registrations/new",
    "endpoints": "app-registrations/endpoints",
    "enterprise apps": "enterprise-apps",
    "enterprise applications": "enterprise-apps",
    "external identities": "external-identities",
    "organizational relationships": "external-identities",
    "external collaboration settings": "external-identities/collaboration-settings",
    "collaboration restrictions": "external-identities/collaboration-settings",
    "guest invite settings": "external-identities/collaboration-settings",
    "all identity providers": "external-identities/identity-providers",
    "identity providers": "external-identities/identity-providers",
    "email one-time passcode": "external-identities/identity-providers",
    "self-service sign up": "external-identities/collaboration-settings",
    "user flows": "external-identities/user-flows",
    "user flows (preview)": "external-identities/user-flows",
    "new user flow": "external-identities/user-flows/new",
    "custom user attributes": "external-identities/user-attributes",
    "user attributes": "external-identities/user-attributes",
    "all api connectors": "external-identities/api-connectors",
    "api connectors": "external-identities/api-connectors",
    "sign-up requests": "external-identities/sign-up-requests",
    "security defaults": "security-defaults",
    "sign-in logs": "sign-in-logs",
    "sign-ins": "sign-in-logs",
    "audit logs": "audit-logs",
    "properties": "properties",
    "privacy statement url": "properties",
    "mail": "mail",
}
"""Names of pages as people type them, folded. Guides of other years use other words for the same place."""


class Search:
    """Where the search box leads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Its address."""
        return (Route("GET", "/admin/{tenant}/search", self._desk.shown(self.find)),)

    def find(self, visit: Visit) -> HttpResponse:
        """A page of that name, else the users that fit."""
        words = visit.request.query.get("q")[:200]
        page = PAGES.get(" ".join(fold(words).split()))
        return redirect(visit.url("users", q=words) if page is None else visit.url(page))
