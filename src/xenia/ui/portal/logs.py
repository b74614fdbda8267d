"""**Audit logs** and **Sign-in logs** as lists that can be filtered; each row opens its record.

Whoever holds no role that reads logs is told which one is needed, and sees no record.
"""

from __future__ import annotations

from xenia.core.audit import AuditRecord, SignInRecord
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR, LOG_READING_ROLES, REPORTS_READER
from xenia.core.query import Query
from xenia.ui.portal.desk import Desk, Screen, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.listing import PAGE_SIZE, ListAddress
from xenia.ui.portal.log_filters import (
    ACTIVITIES,
    CATEGORIES,
    SERVICES,
    LogFilter,
    audit_filter,
    sign_in_filter,
)
from xenia.ui.portal.log_words import (
    EVENT_TYPES,
    audit_facts,
    change_rows,
    initiator,
    meaning_of,
    sign_in_facts,
    target_rows,
)
from xenia.usecases.users import read_directory
from xenia.web.http import HttpResponse
from xenia.web.routing import Handler, Route

AUDIT, SIGN_INS = "audit-logs", "sign-in-logs"
_AUDIT_TRAIL = (("Audit logs", AUDIT),)
_SIGN_IN_TRAIL = (("Sign-in logs", SIGN_INS),)
_PERMISSION = "AuditLog.Read.All"
_NAMED = frozenset({GLOBAL_ADMINISTRATOR.template_id, REPORTS_READER.template_id})
"""Whom a person without any of the roles is told about: the least one, and who can give it."""
_ORDERS = {"time": "at"}
_AUDIT_FILTERS = {
    "activity": "Activity",
    "category": "Category",
    "service": "Service",
    "status": "Status",
    "target": "Target",
    "by": "Initiated by (actor)",
    "correlation": "Correlation ID",
    "from": "From",
    "to": "To",
}
_SIGN_IN_FILTERS = {
    "type": "Type",
    "user": "User",
    "app": "Application",
    "status": "Status",
    "code": "Error code",
    "correlation": "Correlation ID",
    "from": "From",
    "to": "To",
}


class Logs:
    """Both logs."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        base = "/admin/{tenant}"
        return (
            Route("GET", f"{base}/{AUDIT}", self._reader(self.audit, AUDIT)),
            Route("GET", f"{base}/{AUDIT}/{{record}}", self._reader(self.audit_record, AUDIT)),
            Route("GET", f"{base}/{SIGN_INS}", self._reader(self.sign_ins, SIGN_INS)),
            Route("GET", f"{base}/{SIGN_INS}/{{record}}", self._reader(self.sign_in, SIGN_INS)),
            Route(
                "GET",
                f"{base}/{SIGN_INS}/{{record}}/authentication-details",
                self._reader(self.authentication_details, SIGN_INS),
            ),
        )

    def audit(self, visit: Visit) -> HttpResponse:
        """The audit log, newest first."""
        address = ListAddress(visit.request, _AUDIT_FILTERS, _ORDERS, "-time")
        wanted = audit_filter(address.values)
        query = Query(wanted.condition, address.order, PAGE_SIZE, address.after)
        page = read_directory.list_audit(self._desk.ports, visit.actor, query)
        return self._desk.page(
            visit,
            "audit_logs.html",
            "audit_logs",
            _AUDIT_TRAIL,
            status=422 if wanted.errors else 200,
            rows=[_audit_row(visit, record) for record in page.items],
            columns=[
                address.column("Date", "time"),
                address.column("Service"),
                address.column("Category"),
                address.column("Activity"),
                address.column("Status"),
                address.column("Target"),
                address.column("Initiated by (actor)"),
            ],
            filters=address.values,
            chips=address.chips({"success": "Success", "failure": "Failure"}),
            clear_url=address.path,
            pager=address.pager(page),
            activities=ACTIVITIES,
            categories=CATEGORIES,
            services=SERVICES,
            errors=wanted.errors,
            api=_list_call(visit, "directoryAudits", wanted),
        )

    def audit_record(self, visit: Visit) -> HttpResponse:
        """One audit record with what it changed."""
        key = visit.request.args["record"]
        record = read_directory.get_audit(self._desk.ports, visit.actor, key)
        return self._desk.page(
            visit,
            "audit_record.html",
            "audit_logs",
            (*_AUDIT_TRAIL, (record.activity, f"{AUDIT}/{record.id}")),
            record=record,
            facts=audit_facts(visit, record),
            targets=target_rows(visit, record),
            changes=change_rows(record),
            correlated_url=visit.url(SIGN_INS, correlation=record.correlation_id),
            api=call(visit, "GET", f"/v1.0/auditLogs/directoryAudits/{record.id}", permission=_PERMISSION),
        )

    def sign_ins(self, visit: Visit) -> HttpResponse:
        """The sign-in log, newest first."""
        address = ListAddress(visit.request, _SIGN_IN_FILTERS, _ORDERS, "-time")
        wanted = sign_in_filter(address.values)
        query = Query(wanted.condition, address.order, PAGE_SIZE, address.after)
        page = read_directory.list_sign_ins(self._desk.ports, visit.actor, query)
        words = {"success": "Success", "failure": "Failure"} | EVENT_TYPES
        return self._desk.page(
            visit,
            "sign_in_logs.html",
            "sign_in_logs",
            _SIGN_IN_TRAIL,
            status=422 if wanted.errors else 200,
            rows=[_sign_in_row(visit, record) for record in page.items],
            columns=[
                address.column("Date", "time"),
                address.column("User"),
                address.column("Application"),
                address.column("Status"),
                address.column("IP address"),
                address.column("Requirement"),
            ],
            filters=address.values,
            chips=address.chips(words),
            clear_url=address.path,
            pager=address.pager(page),
            views=[
                {"label": label, "url": address.url(type=kind), "current": address.values["type"] == kind}
                for kind, label in (("", "All sign-ins"), *EVENT_TYPES.items())
            ],
            errors=wanted.errors,
            api=_list_call(visit, "signIns", wanted),
        )

    def sign_in(self, visit: Visit) -> HttpResponse:
        """One sign-in: **Basic info**."""
        return self._sign_in(visit, "Basic info")

    def authentication_details(self, visit: Visit) -> HttpResponse:
        """One sign-in: **Authentication details**."""
        return self._sign_in(visit, "Authentication details")

    def _sign_in(self, visit: Visit, tab: str) -> HttpResponse:
        key = visit.request.args["record"]
        record = read_directory.get_sign_in(self._desk.ports, visit.actor, key)
        here = f"{SIGN_INS}/{record.id}"
        pages = (("Basic info", here), ("Authentication details", f"{here}/authentication-details"))
        return self._desk.page(
            visit,
            "sign_in.html",
            "sign_in_logs",
            (*_SIGN_IN_TRAIL, (_who(record), here)),
            record=record,
            who=_who(record),
            tab=tab,
            tabs=[{"label": label, "url": visit.url(path), "current": label == tab} for label, path in pages],
            facts=sign_in_facts(visit, record),
            meaning=meaning_of(record.error_code),
            correlated_url=visit.url(AUDIT, correlation=record.correlation_id),
            api=call(visit, "GET", f"/v1.0/auditLogs/signIns/{record.id}", permission=_PERMISSION),
        )

    def _reader(self, screen: Screen, current: str) -> Handler:
        """The screen for people who may read logs, and a word to the others."""

        def guarded(visit: Visit) -> HttpResponse:
            if visit.actor.holds_any(LOG_READING_ROLES):
                return screen(visit)
            title = "Audit logs" if current == AUDIT else "Sign-in logs"
            return self._desk.page(
                visit,
                "logs_closed.html",
                current.replace("-", "_"),
                ((title, current),),
                status=403,
                title=title,
                standing=self._desk.standing(visit, _NAMED),
            )

        return self._desk.shown(guarded)


def _list_call(visit: Visit, collection: str, wanted: LogFilter) -> object:
    query = "$top=50" + (f"&$filter={wanted.odata}" if wanted.odata else "")
    return call(visit, "GET", f"/v1.0/auditLogs/{collection}?{query}", permission=_PERMISSION)


def _audit_row(visit: Visit, record: AuditRecord) -> dict[str, object]:
    first = record.targets[0] if record.targets else None
    more = f" and {len(record.targets) - 1} more" if len(record.targets) > 1 else ""
    return {
        "at": record.at,
        "url": visit.url(f"{AUDIT}/{record.id}"),
        "service": record.service,
        "category": record.category,
        "activity": record.activity,
        "succeeded": record.result == "success",
        "target": f"{first.display_name or first.user_principal_name or first.id}{more}" if first else "",
        "by": initiator(record),
    }


def _sign_in_row(visit: Visit, record: SignInRecord) -> dict[str, object]:
    return {
        "at": record.at,
        "url": visit.url(f"{SIGN_INS}/{record.id}"),
        "who": _who(record),
        "detail": record.user_principal_name or record.sign_in_identifier or "",
        "app": record.app_name,
        "code": record.error_code,
        "ip": record.ip_address,
        "requirement": "Multifactor" if record.requirement.startswith("multi") else "Single-factor",
    }


def _who(record: SignInRecord) -> str:
    names = (record.user_display_name, record.user_principal_name, record.sign_in_identifier)
    return next((name for name in (*names, record.service_principal_name) if name), "Unknown")
