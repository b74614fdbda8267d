"""**Sign-up requests**: people who proved an account and sent details, waiting for **Approve** or **Deny**."""

from __future__ import annotations

from xenia.core.directory.provider_defaults import shown_name
from xenia.core.errors import (
    Conflict,
    InvalidValue,
    InvitationRefused,
    NotFound,
    NotPermitted,
    XeniaError,
)
from xenia.core.sign_up import RequestState, SignUpRequest
from xenia.core.user_attributes import BUILT_IN_ATTRIBUTES, attribute_key
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.roles import refusal_words
from xenia.usecases.self_service import manage_identity_providers, sign_up_requests
from xenia.usecases.self_service.sign_up_requests import APPROVING_ROLES
from xenia.usecases.users import read_directory
from xenia.usecases.users.user_extensions import extension_attributes
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

HOME = "external-identities/sign-up-requests"
_TRAIL = (("External Identities", "external-identities"), ("Sign-up requests", HOME))
WORDS = {
    RequestState.PENDING: {"kind": "pending", "text": "Pending"},
    RequestState.APPROVED: {"kind": "accepted", "text": "Approved"},
    RequestState.DENIED: {"kind": "disabled", "text": "Denied"},
}
_VIEWS = (("Pending", "pending"), ("Approved", "approved"), ("Denied", "denied"), ("All", "all"))
_LONGEST_REASON = 1_000


class SignUpRequestPages:
    """List, detail, and the decision."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, f"/admin/{{tenant}}/{HOME}"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("GET", f"{base}/{{request}}", desk.shown(self.one)),
            Route("POST", f"{base}/{{request}}/approve", desk.posted(self.approve)),
            Route("POST", f"{base}/{{request}}/deny", desk.posted(self.deny)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """Those that wait, or those decided."""
        view = visit.request.query.get("show", "pending")
        state = RequestState(view) if view in set(RequestState) else None
        found = sign_up_requests.list_requests(self._desk.ports, visit.actor, state)
        rows = [
            {
                "id": each.id,
                "name": _name(each),
                "url": visit.url(f"{HOME}/{each.id}"),
                "email": each.account.email,
                "flow": each.flow_id,
                "at": each.created_at,
                "state": WORDS[each.state],
                "is_test": each.is_test,
            }
            for each in found
        ]
        return self._desk.page(
            visit,
            "sign_up_requests.html",
            "sign_up_requests",
            _TRAIL,
            rows=rows,
            view=view,
            views=[
                {
                    "label": label,
                    "url": visit.url(HOME, show="" if key == "pending" else key),
                    "current": key == (view if state or view == "all" else "all"),
                }
                for label, key in _VIEWS
            ],
            standing=self._desk.standing(visit, APPROVING_ROLES),
        )

    def one(self, visit: Visit) -> HttpResponse:
        """Who asks, with what was sent."""
        return self._draw(visit, "", None)

    def approve(self, visit: Visit) -> HttpResponse:
        """**Approve**: the guest exists from now on."""
        request_id = visit.request.args["request"]
        try:
            sign_up_requests.approve_request(self._desk.ports, visit.actor, request_id)
        except (Conflict, InvitationRefused, NotFound, NotPermitted) as error:
            return self._draw(visit, "", error)
        return self._desk.back(visit, f"{HOME}/{request_id}", "request-approved")

    def deny(self, visit: Visit) -> HttpResponse:
        """**Deny**, with a reason that the person is told."""
        request_id, reason = visit.request.args["request"], visit.form("reason").strip()
        try:
            sign_up_requests.deny_request(self._desk.ports, visit.actor, request_id, reason)
        except (Conflict, InvalidValue, NotPermitted) as error:
            return self._draw(visit, reason, error)
        return self._desk.back(visit, f"{HOME}/{request_id}", "request-denied")

    def _draw(self, visit: Visit, reason: str, error: XeniaError | None) -> HttpResponse:
        ports, actor = self._desk.ports, visit.actor
        found = sign_up_requests.get_request(ports, actor, visit.request.args["request"])
        known = (*BUILT_IN_ATTRIBUTES, *extension_attributes(ports, actor))
        labels = {attribute_key(each.id): each.display_name for each in known}
        status = 200 if error is None else 403 if isinstance(error, NotPermitted) else 422
        return self._desk.page(
            visit,
            "sign_up_request.html",
            "sign_up_requests",
            (*_TRAIL, (_name(found), f"{HOME}/{found.id}")),
            status=409 if isinstance(error, Conflict) else status,
            item=found,
            name=_name(found),
            state=WORDS[found.state],
            is_pending=found.state is RequestState.PENDING,
            provider=self._provider_name(visit, found),
            app=self._app_name(visit, found),
            details=[
                (
                    labels.get(attribute_key(key), key),
                    ("Yes" if value else "No") if isinstance(value, bool) else value,
                )
                for key, value in found.details
            ],
            reason=reason,
            longest_reason=_LONGEST_REASON,
            standing=self._desk.standing(visit, APPROVING_ROLES),
            errors=[]
            if error is None
            else [{"field": getattr(error, "field", None), "text": refusal_words(error)}],
            refresh_url=visit.url(f"{HOME}/{found.id}"),
        )

    def _provider_name(self, visit: Visit, found: SignUpRequest) -> str:
        """Approvers need not be administrators of identity providers: they see its id."""
        provider_id = found.account.provider_id
        try:
            found_provider = manage_identity_providers.get_provider(
                self._desk.ports, visit.actor, provider_id
            )
            return shown_name(found_provider)
        except (NotFound, NotPermitted):
            return provider_id

    def _app_name(self, visit: Visit, found: SignUpRequest) -> str:
        try:
            return read_directory.get_application(
                self._desk.ports, visit.actor, found.app_id, by_app_id=True
            ).display_name
        except (NotFound, NotPermitted):
            return found.app_id


def _name(found: SignUpRequest) -> str:
    """What the person calls themselves, else their address."""
    given = {attribute_key(key): str(value) for key, value in found.details}
    claimed = dict(found.account.claims)
    names = " ".join(part for part in (given.get("givenname"), given.get("surname")) if part)
    return given.get("displayname") or names or claimed.get("displayName") or found.account.email or found.id
