"""A refused protocol request as everybody reports it: number, sentence, ids and time, the same on every surface.

People quote these lines to their help desk and programs match them, so pages, redirects and JSON must agree.
"""

from __future__ import annotations

import logging
from datetime import datetime

from xenia.core.aadsts import Aadsts, aadsts_of
from xenia.core.errors import LimitReached, ServerError, XeniaError
from xenia.core.ids import parse_guid
from xenia.record import Record
from xenia.web.http import HttpRequest
from xenia.web.pages import Pages, theme_of

log = logging.getLogger("xenia.protocol")


class ErrorReport(Record):
    """One refusal, ready for any rendering."""

    row: Aadsts
    sentence: str
    trace_id: str
    correlation_id: str
    at: datetime
    base_url: str
    retry_after: int | None = None

    @property
    def message(self) -> str:
        """``AADSTS50011: The redirect URI ...``."""
        return f"AADSTS{self.row.code}: {self.sentence}"

    @property
    def timestamp(self) -> str:
        """``2026-08-13 21:24:29Z``."""
        return f"{self.at:%Y-%m-%d %H:%M:%S}Z"

    @property
    def description(self) -> str:
        """``error_description``: printable ASCII only (RFC 6749 section 5.2), single blanks, no quotes that end it."""
        text = (
            f"{self.message} Trace ID: {self.trace_id} Correlation ID: {self.correlation_id} "
            f"Timestamp: {self.timestamp}"
        )
        return "".join(_plain(character) for character in text)

    @property
    def help_url(self) -> str:
        """``error_uri``: the page that explains the number."""
        return f"{self.base_url}/error?code={self.row.code}"


def report(error: Exception, request: HttpRequest, now: datetime) -> ErrorReport:
    """The report of *error*. What nobody expected is logged and told as a server error without details."""
    shown = error if isinstance(error, XeniaError) else ServerError()
    if shown is not error:
        log.error(
            "protocol request failed", exc_info=error, extra={"correlation_id": correlation_of(request)}
        )
    elif shown.detail:
        log.info(
            "protocol request refused: %s", shown.detail, extra={"correlation_id": correlation_of(request)}
        )
    wait = shown.retry_after if isinstance(shown, LimitReached) else None
    return ErrorReport(
        row=aadsts_of(shown),
        sentence=shown.message,
        trace_id=request.request_id,
        correlation_id=correlation_of(request),
        at=now,
        base_url=request.base_url,
        retry_after=None if wait is None else max(1, round(wait.total_seconds())),
    )


def correlation_of(request: HttpRequest) -> str:
    """The client's own ``client-request-id`` (header, query or body), else ours."""
    if "client-request-id" in request.headers:
        return request.correlation_id
    sent = _sent_correlation(request)
    return sent or request.correlation_id


def error_page(found: ErrorReport, request: HttpRequest, pages: Pages) -> str:
    """The page for a person whose app asked for something that cannot be answered."""
    return pages.render(
        "kit/protocol_error.html",
        nav=(),
        theme=theme_of(request.cookies.get("xenia_theme")),
        message=found.message,
        facts=(
            {"label": "Request Id", "value": found.trace_id},
            {"label": "Correlation Id", "value": found.correlation_id},
            {"label": "Timestamp", "value": found.timestamp},
        ),
        details="\n".join(
            (
                f"Request Id: {found.trace_id}",
                f"Correlation Id: {found.correlation_id}",
                f"Timestamp: {found.timestamp}",
                f"Message: {found.message}",
            )
        ),
        help_url=f"/error?code={found.row.code}",
    )


def _sent_correlation(request: HttpRequest) -> str | None:
    try:
        sent = request.query.find("client-request-id") or request.form.find("client-request-id")
    except ValueError:
        return None
    return parse_guid(sent)


def _plain(character: str) -> str:
    if character in '"\\':
        return "'"
    return character if " " <= character <= "~" else "?"
