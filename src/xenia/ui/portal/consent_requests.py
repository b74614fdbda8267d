"""**Admin consent requests**: people who may not agree to an app themselves, waiting for **Approve**, **Deny** or **Block**."""

from __future__ import annotations

from xenia.core.consent_request import LONGEST_JUSTIFICATION, ConsentRequest, ConsentRequestState
from xenia.core.directory.roles import APP_WRITING_ROLES
from xenia.core.errors import (
    Conflict,
    InvalidScope,
    InvalidValue,
    NotFound,
    NotPermitted,
    ResourceNotFound,
    XeniaError,
)
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.enterprise_app_frame import HOME
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.roles import refusal_words
from xenia.usecases.consent import consent_requests
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

PAGE = "admin-consent-requests"
_TRAIL = (*HOME, ("Admin consent requests", PAGE))
WORDS = {
    ConsentRequestState.PENDING: {"kind": "pending", "text": "Pending"},
    ConsentRequestState.APPROVED: {"kind": "accepted", "text": "Approved"},
    ConsentRequestState.DENIED: {"kind": "disabled", "text": "Denied"},
    ConsentRequestState.BLOCKED: {"kind": "disabled", "text": "Blocked"},
    ConsentRequestState.EXPIRED: {"kind": "expired", "text": "Expired"},
}


class ConsentRequestPages:
    """List, detail, and the decision."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, f"/admin/{{tenant}}/{PAGE}"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("GET", f"{base}/{{request}}", desk.shown(self.one)),
            Route("POST", f"{base}/{{request}}/approve", desk.posted(self.approve)),
            Route("POST", f"{base}/{{request}}/deny", desk.posted(self.deny)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """Those that wait, or all of them."""
        view = "all" if visit.request.query.get("show") == "all" else "pending"
        found = consent_requests.list_requests(self._desk.ports, visit.actor, pending=view == "pending")
        now = self._desk.ports.clock.now()
        views = (("My pending", "pending", ""), ("All", "all", "all"))
        return self._desk.page(
            visit,
            "consent_requests.html",
            "consent_requests",
            _TRAIL,
            rows=[
                {
                    "item": each,
                    "url": visit.url(f"{PAGE}/{each.id}"),
                    "state": WORDS[each.state_at(now)],
                }
                for each in found
            ],
            view=view,
            views=[
                {"label": label, "url": visit.url(PAGE, show=wish), "current": key == view}
                for label, key, wish in views
            ],
            api=call(
                visit,
                "GET",
                "/v1.0/identityGovernance/appConsent/appConsentRequests",
                permission="ConsentRequest.Read.All",
            ),
        )

    def one(self, visit: Visit) -> HttpResponse:
        """Who asks for what, and why."""
        return self._draw(visit, None)

    def approve(self, visit: Visit) -> HttpResponse:
        """**Approve**."""
        request_id = visit.request.args["request"]
        try:
            consent_requests.approve_request(self._desk.ports, visit.actor, request_id)
        except (Conflict, InvalidScope, NotFound, NotPermitted, ResourceNotFound) as error:
            return self._draw(visit, error)
        return self._desk.back(visit, f"{PAGE}/{request_id}", "consent-request-approved")

    def deny(self, visit: Visit) -> HttpResponse:
        """**Deny** or **Block**, with a reason that people are told."""
        request_id, block = visit.request.args["request"], visit.form("decision") == "block"
        try:
            consent_requests.deny_request(
                self._desk.ports, visit.actor, request_id, visit.form("reason"), block=block
            )
        except (Conflict, InvalidValue, NotPermitted) as error:
            return self._draw(visit, error)
        done = "consent-request-blocked" if block else "consent-request-denied"
        return self._desk.back(visit, f"{PAGE}/{request_id}", done)

    def _draw(self, visit: Visit, error: XeniaError | None) -> HttpResponse:
        ports = self._desk.ports
        found: ConsentRequest = consent_requests.get_request(
            ports, visit.actor, visit.request.args["request"]
        )
        with ports.store.read(visit.tenant.id) as tx:
            application = tx.applications.find_by_app_id(found.app_id)
            owner = tx.tenants.find(application.tenant_id) if application is not None else None
            policy = tx.tenants.policies(visit.tenant.id).consent_requests
        status = 200 if error is None else 403 if isinstance(error, NotPermitted) else 422
        state = found.state_at(ports.clock.now())
        return self._desk.page(
            visit,
            "consent_request.html",
            "consent_requests",
            (*_TRAIL, (found.app_name, f"{PAGE}/{found.id}")),
            status=409 if isinstance(error, Conflict) else status,
            item=found,
            state=WORDS[state],
            is_pending=state is ConsentRequestState.PENDING,
            publisher=owner.default_domain if owner is not None else None,
            is_home=owner is not None and owner.id == visit.tenant.id,
            may_review=consent_requests.may_review(policy, visit.actor),
            reason=visit.form("reason"),
            longest_reason=LONGEST_JUSTIFICATION,
            standing=self._desk.standing(visit, APP_WRITING_ROLES),
            errors=[]
            if error is None
            else [{"field": getattr(error, "field", None), "text": refusal_words(error)}],
            refresh_url=visit.url(f"{PAGE}/{found.id}"),
        )
