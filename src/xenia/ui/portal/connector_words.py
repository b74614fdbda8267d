"""How calls of API connectors went, in words: for the test bench and for the records of calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xenia.core.api_connector import ConnectorCall, percentile
from xenia.core.connector_messages import Failure
from xenia.ui.portal.desk import Model

FAILURES: Mapping[Failure, str] = {
    Failure.GONE: "The connector was deleted meanwhile.",
    Failure.REFUSED_ADDRESS: "This server does not go to that address.",
    Failure.NO_ANSWER: "No answer came in time.",
    Failure.BUSY: "Too many requests are under way.",
    Failure.NO_CREDENTIALS: "There is no certificate or password to present.",
    Failure.CREDENTIALS_REFUSED: "The connector refused our credentials.",
    Failure.STATUS: "The status of the answer has no meaning here.",
    Failure.NOT_JSON: "The answer is not JSON.",
    Failure.TOO_LARGE: "The answer is too large.",
    Failure.INCOMPLETE: "The answer lacks version, action or message, or its action is unknown.",
    Failure.NOT_ALLOWED_HERE: "A validation error is of no use at this point.",
    Failure.CLAIM: "A returned value does not fit its attribute.",
}
_SHARE = 95


def call_row(call: ConnectorCall) -> Model:
    """One call for a table: a badge, and the sentence behind a failure."""
    is_failure = call.outcome in set(Failure)
    return {
        "at": call.at,
        "kind": "bad" if is_failure else "ok",
        "outcome": "Failed" if is_failure else call.outcome,
        "detail": FAILURES[Failure(call.outcome)] if is_failure else "",
        "status": call.status or "–",
        "attempts": call.attempts,
        "took": duration(call.took_ms),
        "is_trial": call.is_trial,
    }


def speed(calls: Sequence[ConnectorCall]) -> str:
    """How long 95 of 100 calls took at most."""
    found = percentile([call.took_ms for call in calls], _SHARE)
    return "–" if found is None else duration(found)


def duration(milliseconds: int) -> str:
    """``80 ms``, ``1.2 s``."""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
