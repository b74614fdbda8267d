"""The test bench of an API connector: edit a sample, send it, see request, answer and verdict."""

from __future__ import annotations

import json

from xenia.core.api_connector import CONNECTOR_TIMEOUT, ApiConnector
from xenia.core.connector_messages import Continue, ShowBlockPage, ValidationError, Verdict
from xenia.core.directory.roles import FLOW_WRITING_ROLES
from xenia.core.errors import InvalidValue, LimitReached, NotPermitted, XeniaError
from xenia.core.user_attributes import AttributeKind, DataType
from xenia.core.user_flow import Hook
from xenia.ui.portal.api_connectors import HOME, connector_of, connector_tabs, status_of, trail_of
from xenia.ui.portal.connector_words import FAILURES
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.roles import refusal_words
from xenia.ui.portal.user_flows.connectors import LABELS
from xenia.usecases.self_service import manage_user_attributes
from xenia.usecases.self_service.call_connector import ConnectorTrial, try_connector
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_LARGEST_SAMPLE = 16_384
_SAMPLES = {DataType.STRING: "A-4711", DataType.BOOLEAN: True, DataType.INTEGER: 42}


class ConnectorBench:
    """One page: the sample, and what came of it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Its addresses."""
        desk, base = self._desk, f"/admin/{{tenant}}/{HOME}/{{connector}}/test"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("POST", base, desk.posted(self.send)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """A sample to begin with."""
        return self._draw(visit, connector_of(self._desk, visit), self._sample(visit), None, None)

    def send(self, visit: Visit) -> HttpResponse:
        """**Send**: a real request to the connector's server, and nothing else happens."""
        found = connector_of(self._desk, visit)
        typed = visit.form("sample").replace("\r\n", "\n")
        hook = Hook(visit.form("hook")) if visit.form("hook") in set(Hook) else Hook.BEFORE_CREATION
        try:
            trial = try_connector(self._desk.ports, visit.actor, found.id, _read(typed), hook)
        except (InvalidValue, LimitReached, NotPermitted) as error:
            return self._draw(visit, found, typed, None, error)
        return self._draw(visit, found, typed, trial, None)

    def _sample(self, visit: Visit) -> str:
        """What a connector is sent of somebody who filled in everything (Entra: API connectors, request)."""
        claims: dict[str, object] = {
            "email": "john@fabrikam.example",
            "displayName": "John Smith",
            "givenName": "John",
            "surname": "Smith",
            "jobTitle": "Buyer",
            "country": "Greece",
        }
        for each in manage_user_attributes.list_attributes(self._desk.ports, visit.actor):
            if each.kind is AttributeKind.CUSTOM:
                claims[each.id] = _SAMPLES[each.data_type]
        return json.dumps(claims | {"ui_locales": "en-US"}, indent=2, ensure_ascii=False)

    def _draw(
        self,
        visit: Visit,
        found: ApiConnector,
        sample: str,
        trial: ConnectorTrial | None,
        error: XeniaError | None,
    ) -> HttpResponse:
        return self._desk.page(
            visit,
            "connector_bench.html",
            "api_connectors",
            (*trail_of(found), ("Test bench", "")),
            status=status_of(error),
            connector=found,
            tabs=connector_tabs(visit, found, "Test bench"),
            sample=sample,
            hooks=list(LABELS.items()),
            hook=visit.form("hook") or Hook.BEFORE_CREATION.value,
            trial=trial,
            verdict=None if trial is None else _verdict_words(trial.verdict),
            claims=_claims(trial),
            sent="" if trial is None else _readable(trial.sent),
            answer="" if trial is None else _readable(trial.answer),
            seconds=int(CONNECTOR_TIMEOUT.total_seconds()),
            standing=self._desk.standing(visit, FLOW_WRITING_ROLES),
            errors=[] if error is None else [{"field": "sample", "text": refusal_words(error)}],
            refresh_url=visit.url(f"{HOME}/{found.id}/test"),
        )


def _read(text: str) -> dict[str, object]:
    if len(text) > _LARGEST_SAMPLE:
        raise InvalidValue("sample", "Use a sample of at most 16 kB.")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        place = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidValue("sample", f"This is not JSON{place}. Look for a missing comma or quote.") from None
    if not isinstance(found, dict):
        raise InvalidValue("sample", 'Use one JSON object, like {"email": "john@fabrikam.example"}.')
    return found


def _readable(text: str) -> str:
    """JSON with a line for each member; anything else as it came."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _verdict_words(verdict: Verdict) -> dict[str, str]:
    """What a sign-up would make of the answer: kind of notice, title, text."""
    if isinstance(verdict, Continue):
        return {"kind": "ok", "title": "Continue", "text": "The sign-up goes on."}
    if isinstance(verdict, ShowBlockPage):
        return {"kind": "info", "title": "ShowBlockPage", "text": f"The sign-up ends with: {verdict.message}"}
    if isinstance(verdict, ValidationError):
        return {
            "kind": "info",
            "title": "ValidationError",
            "text": f"The page stays, with: {verdict.message}",
        }
    detail = f" {verdict.detail}" if verdict.detail else ""
    text = f"{FAILURES[verdict.reason]}{detail} The sign-up would fail, and nobody be created."
    return {"kind": "bad", "title": "No usable answer", "text": text}


def _claims(trial: ConnectorTrial | None) -> dict[str, object]:
    """Values that were taken over, and names that are no attribute here."""
    if trial is None or not isinstance(trial.verdict, Continue):
        return {"taken": (), "ignored": ()}
    return {"taken": trial.verdict.claims, "ignored": trial.verdict.ignored}
