"""Refusals as Graph errors: status and code per domain error, and the JSON around them.

``ROWS`` holds a row for every class of ``core.errors``; the messages are the domain's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from xenia.catalog.edm import Service
from xenia.core import errors
from xenia.core.directory.user_rules import wire_name
from xenia.core.errors import XeniaError
from xenia.record import Record, field

NO_SCOPES = "You cannot perform the requested operation, required scopes are missing in the token."
GONE = "Resource '{key}' does not exist or one of its queried reference-property objects are not present."


class GraphError(Exception):
    """A request that is wrong as a Graph request, or a domain refusal in Graph's words."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        details: tuple[Mapping[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
        self.details = details

    def body(self, now: datetime, request_id: str, client_request_id: str) -> dict[str, object]:
        """The error document; ``innerError`` is what support asks for."""
        inner = {
            "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request_id,
            "client-request-id": client_request_id,
        }
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = list(self.details)
        return {"error": {**error, "innerError": inner}}


def bad_request(message: str) -> GraphError:
    """A malformed request."""
    return GraphError(400, "BadRequest", message)


def unsupported(message: str) -> GraphError:
    """A query the service does not offer."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def not_allowed(*methods: str) -> GraphError:
    """The path exists, the verb does not."""
    message = "Specified HTTP method is not allowed for the request target."
    return GraphError(405, "Request_BadRequest", message, headers=(("Allow", ", ".join(methods)),))


class Row(Record):
    """Status and code of one kind of refusal; some services spell the code differently."""

    status: int
    code: str
    by_service: Mapping[Service, str] = field(default_factory=dict)


NOT_ON_SURFACE = Row(500, "InternalServerError")
"""The use cases behind Graph never raise it; should one, it is our fault and not the caller's."""

_PLAIN = dict.fromkeys((Service.INVITATIONS, Service.POLICIES, Service.LOGS, Service.IDENTITY), "BadRequest")
ROWS: Mapping[type[XeniaError], Row] = {
    errors.InvalidValue: Row(400, "Request_BadRequest", _PLAIN),
    errors.StillEnabled: Row(400, "CannotDeleteOrUpdateEnabledEntitlement"),
    errors.NotFound: Row(
        404,
        "Request_ResourceNotFound",
        {Service.POLICIES: "ResourceNotFound", Service.IDENTITY: "ResourceNotFound"},
    ),
    errors.Conflict: Row(409, "Conflict"),
    errors.NotPermitted: Row(
        403,
        "Authorization_RequestDenied",
        {Service.POLICIES: "AccessDenied", Service.IDENTITY: "AccessDenied"},
    ),
    errors.NotAuthenticated: Row(401, "InvalidAuthenticationToken"),
    errors.LimitReached: Row(429, "TooManyRequests"),
    errors.InvitationsNotAllowed: Row(403, "Forbidden"),
    errors.DomainNotAllowed: Row(400, "BadRequest"),
    errors.InviteeIsMember: Row(400, "BadRequest"),
    errors.InviteeExists: Row(400, "BadRequest"),
    errors.AddressNotOnUser: Row(400, "BadRequest"),
    errors.ResetNotPermitted: Row(403, "Forbidden"),
    errors.InvitationRefused: Row(400, "BadRequest"),
    errors.MethodNotAllowed: Row(405, "Request_BadRequest"),
    errors.RedemptionRefused: NOT_ON_SURFACE,
    errors.SignUpRefused: NOT_ON_SURFACE,
    errors.ProtocolError: NOT_ON_SURFACE,
}
_TAKEN = {"user_principal_name", "identities", "proxy_addresses", "mail_nickname", "identifier_uris"}
_SAME_KEY = {"service_principal", "name", "subject"}
"""Of service principals and federated credentials: the directory answers 409 for these."""


def row_of(kind: type[XeniaError]) -> Row:
    """The row of this class, or of its nearest ancestor that has one."""
    return next((ROWS[base] for base in kind.__mro__ if base in ROWS), NOT_ON_SURFACE)


def from_domain(error: XeniaError, service: Service) -> GraphError:
    """The domain's refusal in Graph's words."""
    row = row_of(type(error))
    code = row.by_service.get(service, row.code)
    match error:
        case errors.NotFound():
            return GraphError(row.status, code, GONE.format(key=error.key))
        case errors.NotPermitted(needed="delegated"):
            return bad_request(error.message)
        case errors.NotPermitted() if service in (Service.POLICIES, Service.IDENTITY):
            return GraphError(row.status, code, NO_SCOPES)
        case errors.Conflict() if error.field in _TAKEN:
            return _taken(error)
        case errors.Conflict() if error.field == "app_role_id":
            return GraphError(400, "Request_BadRequest", error.message)
        case errors.Conflict() if error.field in _SAME_KEY and service is Service.DIRECTORY:
            detail = {"code": "ObjectConflict", "message": error.message, "target": wire_name(error.field)}
            return GraphError(
                409, "Request_MultipleObjectsWithSameKeyValue", error.message, details=(detail,)
            )
        case errors.Conflict(field="owners"):
            return GraphError(400, "Request_BadRequest", error.message)
        case errors.LimitReached():
            wait = max(1, round(error.retry_after.total_seconds()))
            return GraphError(row.status, code, error.message, headers=(("Retry-After", str(wait)),))
        case errors.MethodNotAllowed():
            return not_allowed()
        case _ if row is NOT_ON_SURFACE:
            return GraphError(row.status, code, "An unexpected error occurred.")
        case _:
            return GraphError(row.status, code, error.message)


def _taken(error: errors.Conflict) -> GraphError:
    """Two users may not share a name: 400 with details, as the directory answers it."""
    name = wire_name(error.field)
    message = f"Another object with the same value for property {name} already exists."
    detail = {"code": "ObjectConflict", "message": message, "target": name}
    return GraphError(400, "Request_BadRequest", message, details=(detail,))
