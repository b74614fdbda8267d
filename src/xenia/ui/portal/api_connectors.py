"""**All API connectors**: list, new, edit, certificates and deletion."""

from __future__ import annotations

from urllib.parse import urlsplit

from xenia.core.api_connector import ApiConnector, ConnectorAuthentication
from xenia.core.directory.roles import FLOW_WRITING_ROLES
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.ui.portal.changed_meanwhile import is_stale, saved_by, version_of
from xenia.ui.portal.connector_words import call_row, speed
from xenia.ui.portal.desk import Desk, Model, Question, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.roles import refusal_words
from xenia.usecases.self_service import manage_api_connectors, manage_user_flows
from xenia.usecases.self_service.manage_api_connectors import NewConnector
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

HOME = "external-identities/api-connectors"
GRAPH = "/v1.0/identity/apiConnectors"
TRAIL = (("External Identities", "external-identities"), ("All API connectors", HOME))
READ, WRITE = "APIConnectors.Read.All", "APIConnectors.ReadWrite.All"
_SHOWN_CALLS = 10
_REFUSALS = (Conflict, InvalidValue, NotPermitted)
_TEXTS = ("display_name", "target_url", "authentication", "username")
_FIELDS: dict[str, str | None] = {"pkcs12": "certificate", "certificates": "certificate", "id": None}
"""Controls of the form by the names refusals use."""
AUTHENTICATION = (
    (ConnectorAuthentication.BASIC.value, "Basic"),
    (ConnectorAuthentication.CERTIFICATE.value, "Certificate"),
    (ConnectorAuthentication.NONE.value, "None"),
)


class ApiConnectorPages:
    """Pages of connectors; the test bench is a room of its own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, f"/admin/{{tenant}}/{HOME}"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("GET", f"{base}/new", desk.shown(self.form)),
            Route("POST", f"{base}/new", desk.posted(self.create)),
            Route("GET", f"{base}/{{connector}}", desk.shown(self.one)),
            Route("POST", f"{base}/{{connector}}", desk.posted(self.save)),
            Route("POST", f"{base}/{{connector}}/certificate", desk.posted(self.upload)),
            Route("POST", f"{base}/{{connector}}/certificate/remove", desk.posted(self.remove_certificate)),
            Route("GET", f"{base}/{{connector}}/delete", desk.shown(self.confirm_delete)),
            Route("POST", f"{base}/{{connector}}/delete", desk.posted(self.delete)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """All connectors of this tenant."""
        used = self._uses(visit)
        calls = manage_api_connectors.recent_calls(self._desk.ports, visit.actor)
        now = self._desk.ports.clock.now()
        rows = [
            {
                "id": each.id,
                "name": each.display_name,
                "url": visit.url(f"{HOME}/{each.id}"),
                "host": urlsplit(each.target_url).netloc,
                "authentication": dict(AUTHENTICATION)[each.authentication.value],
                "expired": each.authentication is ConnectorAuthentication.CERTIFICATE
                and each.certificate_at(now) is None,
                "flows": used.get(each.id, []),
                "last": call_row(calls[each.id][0]) if calls.get(each.id) else None,
                "speed": speed(calls.get(each.id, ())),
            }
            for each in manage_api_connectors.list_connectors(self._desk.ports, visit.actor)
        ]
        return self._desk.page(
            visit,
            "api_connectors.html",
            "api_connectors",
            TRAIL,
            rows=rows,
            standing=self._desk.standing(visit, FLOW_WRITING_ROLES),
            api=call(visit, "GET", GRAPH, permission=READ),
        )

    def form(self, visit: Visit) -> HttpResponse:
        """**New API connector**."""
        typed = dict.fromkeys(_TEXTS, "") | {"authentication": ConnectorAuthentication.BASIC.value}
        return self._form(visit, typed, None)

    def create(self, visit: Visit) -> HttpResponse:
        """**Save** a new one."""
        typed = self._typed(visit)
        try:
            order = NewConnector(
                display_name=typed["display_name"],
                target_url=typed["target_url"],
                authentication=_authentication(typed),
                username=typed["username"],
                password=visit.form("password"),
                pkcs12=visit.request.files.get("certificate", b""),
                pkcs12_password=visit.form("certificate_password"),
            )
            made = manage_api_connectors.create_connector(self._desk.ports, visit.actor, order)
        except _REFUSALS as error:
            return self._form(visit, typed, error)
        return self._desk.back(visit, f"{HOME}/{made.id}", "connector-created")

    def one(self, visit: Visit) -> HttpResponse:
        """A connector."""
        found = connector_of(self._desk, visit)
        return self._one(visit, found, _stored(found), None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**. An empty password keeps the one that is stored: it is never shown, so it cannot be repeated."""
        found, typed = connector_of(self._desk, visit), self._typed(visit)
        try:
            stored = _stored(found)
            changes: dict[str, object] = {name: typed[name] for name in _TEXTS if typed[name] != stored[name]}
            if "authentication" in changes:
                changes["authentication"] = _authentication(typed)
            if visit.form("password"):
                changes["password"] = visit.form("password")
            manage_api_connectors.update_connector(
                self._desk.ports, visit.actor, found.id, changes, expected_version=version_of(visit)
            )
        except _REFUSALS as error:
            return self._one(visit, connector_of(self._desk, visit), typed, error)
        return self._desk.back(visit, f"{HOME}/{found.id}", "saved")

    def upload(self, visit: Visit) -> HttpResponse:
        """**Upload new certificate**: the newest valid one is presented from then on."""
        found = connector_of(self._desk, visit)
        data = visit.request.files.get("certificate", b"")
        try:
            manage_api_connectors.upload_certificate(
                self._desk.ports, visit.actor, found.id, data, visit.form("certificate_password")
            )
        except _REFUSALS as error:
            return self._one(visit, found, _stored(found), error)
        return self._desk.back(visit, f"{HOME}/{found.id}", "certificate-added")

    def remove_certificate(self, visit: Visit) -> HttpResponse:
        """**Remove** a certificate; the last one that is in use stays."""
        found = connector_of(self._desk, visit)
        try:
            manage_api_connectors.remove_certificate(
                self._desk.ports, visit.actor, found.id, visit.form("thumbprint")
            )
        except NotFound:
            # Removed already, here or in another window: what was wanted is so.
            return self._desk.back(visit, f"{HOME}/{found.id}")
        except _REFUSALS as error:
            return self._one(visit, connector_of(self._desk, visit), _stored(found), error)
        return self._desk.back(visit, f"{HOME}/{found.id}", "certificate-removed")

    def confirm_delete(self, visit: Visit) -> HttpResponse:
        """The question before deleting; a connector in use says where instead."""
        found = connector_of(self._desk, visit)
        flows = self._uses(visit).get(found.id, [])
        if flows:
            names = ", ".join(each["id"] for each in flows)
            refused = Conflict(
                "id", f"{found.display_name} is asked in {names}. Choose another connector there first."
            )
            return self._one(visit, found, _stored(found), refused)
        question = Question(
            f"Delete {found.display_name}?",
            "Its address, its credentials and its certificates are lost. No user flow asks it.",
            visit.url(f"{HOME}/{found.id}/delete"),
            "Delete",
            visit.url(f"{HOME}/{found.id}"),
        )
        return self._desk.ask(visit, "api_connectors", trail_of(found), question)

    def delete(self, visit: Visit) -> HttpResponse:
        """**Delete**, unless a flow asks it."""
        found = connector_of(self._desk, visit)
        try:
            manage_api_connectors.delete_connector(self._desk.ports, visit.actor, found.id)
        except _REFUSALS as error:
            return self._one(visit, found, _stored(found), error)
        return self._desk.back(visit, HOME, "connector-deleted")

    # --- drawing -----------------------------------------------------------------------------

    def _typed(self, visit: Visit) -> dict[str, str]:
        return {name: visit.form(name).strip() for name in _TEXTS}

    def _uses(self, visit: Visit) -> dict[str, list[dict[str, str]]]:
        found: dict[str, list[dict[str, str]]] = {}
        for flow in manage_user_flows.list_flows(self._desk.ports, visit.actor):
            url = visit.url(f"external-identities/user-flows/{flow.id}/api-connectors")
            for connector_id in dict.fromkeys(flow.connectors.values()):
                found.setdefault(connector_id, []).append({"id": flow.id, "url": url})
        return found

    def _form(self, visit: Visit, typed: dict[str, str], error: XeniaError | None) -> HttpResponse:
        body: Model = {
            "displayName": typed["display_name"] or "Supplier approval",
            "targetUrl": typed["target_url"] or "https://approve.contoso.example/api/check",
            "authenticationConfiguration": {
                "@odata.type": "#microsoft.graph.basicAuthentication",
                "username": typed["username"] or "xenia",
                "password": "{password}",
            },
        }
        return self._desk.page(
            visit,
            "api_connector_new.html",
            "api_connectors",
            (*TRAIL, ("New API connector", "")),
            status=status_of(error),
            typed=typed,
            ways=[{"value": value, "text": text} for value, text in AUTHENTICATION],
            standing=self._desk.standing(visit, FLOW_WRITING_ROLES),
            errors=_errors(error),
            api=call(visit, "POST", GRAPH, body=body, permission=WRITE),
        )

    def _one(
        self, visit: Visit, found: ApiConnector, typed: dict[str, str], error: XeniaError | None
    ) -> HttpResponse:
        now = self._desk.ports.clock.now()
        calls = manage_api_connectors.calls_of(self._desk.ports, visit.actor, found.id)
        return self._desk.page(
            visit,
            "api_connector.html",
            "api_connectors",
            trail_of(found),
            status=status_of(error),
            connector=found,
            tabs=connector_tabs(visit, found, "Overview"),
            typed=typed,
            ways=[{"value": value, "text": text} for value, text in AUTHENTICATION],
            version=found.version,
            stored=self._stale(visit, found, typed, error),
            presented=found.certificate_at(now),
            calls=[call_row(each) for each in calls[:_SHOWN_CALLS]],
            call_count=len(calls),
            speed=speed(calls),
            now=now,
            flows=self._uses(visit).get(found.id, []),
            standing=self._desk.standing(visit, FLOW_WRITING_ROLES),
            errors=_errors(error),
            refresh_url=visit.url(f"{HOME}/{found.id}"),
            api=call(visit, "GET", f"{GRAPH}/{found.id}", permission=READ),
        )

    def _stale(
        self, visit: Visit, found: ApiConnector, typed: dict[str, str], error: XeniaError | None
    ) -> list[dict[str, str]]:
        """Who saved what meanwhile, where it differs from what is in the form."""
        if not is_stale(error):
            return []
        words = {"display_name": "Display name", "target_url": "Endpoint URL", "username": "Username"}
        stored = _stored(found)
        differing = [
            {"label": words[name], "value": stored[name]} for name in words if stored[name] != typed[name]
        ]
        return saved_by(self._desk.ports, visit, ("Update API connector",)) + differing


def connector_of(desk: Desk, visit: Visit) -> ApiConnector:
    """The connector of this address. Raises NotFound, NotPermitted."""
    return manage_api_connectors.get_connector(desk.ports, visit.actor, visit.request.args["connector"])


def connector_tabs(visit: Visit, found: ApiConnector, current: str) -> list[dict[str, object]]:
    """The sections of a connector's pages."""
    return [
        {"label": label, "url": visit.url(f"{HOME}/{found.id}{path}"), "current": label == current}
        for label, path in (("Overview", ""), ("Test bench", "/test"))
    ]


def trail_of(found: ApiConnector) -> tuple[tuple[str, str], ...]:
    """The breadcrumb down to this connector."""
    return (*TRAIL, (found.display_name, f"{HOME}/{found.id}"))


def status_of(error: XeniaError | None) -> int:
    """Of the page that says what was refused."""
    if error is None:
        return 200
    return 409 if isinstance(error, Conflict) else 403 if isinstance(error, NotPermitted) else 422


def _authentication(typed: dict[str, str]) -> ConnectorAuthentication:
    if typed["authentication"] not in set(ConnectorAuthentication):
        raise InvalidValue("authentication", "Choose an authentication type.")
    return ConnectorAuthentication(typed["authentication"])


def _stored(found: ApiConnector) -> dict[str, str]:
    return {
        "display_name": found.display_name,
        "target_url": found.target_url,
        "authentication": found.authentication.value,
        "username": found.username,
    }


def _errors(error: XeniaError | None) -> list[dict[str, str | None]]:
    if error is None or is_stale(error):
        return []
    field = getattr(error, "field", None)
    return [{"field": _FIELDS.get(field or "", field), "text": refusal_words(error)}]
