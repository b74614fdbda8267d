"""Refusals of the protocol surface as JSON, in the shape client libraries parse.

The numbers stand in ``core.aadsts``; here is what differs by endpoint. Knows no business rule.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from xenia.core import errors as e
from xenia.web.http import HttpRequest, HttpResponse, json
from xenia.web.protocol_error import ErrorReport, correlation_of, report

DISCOVERY_NAMES: dict[type[Exception], str] = {
    e.TenantNotFound: "invalid_tenant",
    e.TenantRequired: "invalid_tenant",
}
"""OAuth names that differ in discovery documents."""
TOKEN_NAMES: dict[type[Exception], str] = {e.ConsentRequired: "invalid_grant"}
"""OAuth names that differ at the token endpoint: there, nobody can be asked."""
SECOND_FACTOR_CLAIMS = (
    '{"access_token":{"polids":{"essential":true,"values":["00000000-0000-0000-0000-000000000005"]}}}'
)
"""What an API hands back to its caller, who sends it with the next authorization request (OpenID Connect Core section
5.5): the policy that wants a second factor, the security defaults."""
_KEPT = frozenset({401, 405, 429, 500, 503})
NO_STORE = (("Cache-Control", "no-store, no-cache"), ("Pragma", "no-cache"), ("Expires", "-1"))


def error_body(found: ErrorReport, name: str) -> dict[str, Any]:
    """The members of an error response (RFC 6749 section 5.2) with those of the field."""
    body: dict[str, Any] = {
        "error": name,
        "error_description": found.description,
        "error_codes": [found.row.code],
        "timestamp": found.timestamp,
        "trace_id": found.trace_id,
        "correlation_id": found.correlation_id,
        "error_uri": found.help_url,
    }
    if found.row.suberror:
        body["suberror"] = found.row.suberror
    return body


def token_error(error: Exception, request: HttpRequest, now: datetime) -> HttpResponse:
    """The token endpoint's refusal: 401 for a client that did not prove itself, else mostly 400."""
    found = report(error, request, now)
    name = TOKEN_NAMES.get(type(error), found.row.error)
    body = error_body(found, name)
    if isinstance(error, e.SecondFactorRequired):
        body["claims"] = SECOND_FACTOR_CLAIMS
    status = found.row.status if found.row.status in _KEPT else 400
    headers = [*NO_STORE, *request_ids(request)]
    if status == 401 and request.header("authorization"):
        headers.append(("WWW-Authenticate", 'Basic realm="token"'))
    if status == 405:
        headers.append(("Allow", "POST, OPTIONS"))
    if found.retry_after is not None:
        headers.append(("Retry-After", str(found.retry_after)))
    return json(body, status=status, headers=tuple(headers))


def discovery_error(error: Exception, request: HttpRequest, now: datetime) -> HttpResponse:
    """The refusal of a public document, readable from any page."""
    found = report(error, request, now)
    name = DISCOVERY_NAMES.get(type(error), found.row.error)
    status = found.row.status if found.row.status in _KEPT else 400
    headers = (("Access-Control-Allow-Origin", "*"), ("Cache-Control", "no-store"), *request_ids(request))
    return json(error_body(found, name), status=status, headers=headers)


def request_ids(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    """Headers by which client and log find each other's request."""
    ids = (("x-ms-request-id", request.request_id),)
    if request.header("return-client-request-id").lower() == "true":
        return (*ids, ("client-request-id", correlation_of(request)))
    return ids
