"""Filters of the logs: from the fields of a form to a query, and to the same filter in the API's own words.

Where the API cannot say what the form says (words within a name), its filter leaves that out.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from xenia.core import audit
from xenia.core.audit import Activity
from xenia.core.ids import parse_guid
from xenia.core.query import AnyOf, Compare, Filter, Or, Text, all_of
from xenia.record import Record
from xenia.ui.portal.log_words import EVENT_TYPES

_ALL = [each for each in vars(audit).values() if isinstance(each, Activity)]
ACTIVITIES = sorted({each.name for each in _ALL})
CATEGORIES = sorted({each.category for each in _ALL})
SERVICES = sorted({each.service for each in _ALL})
_MOST_DIGITS = 9
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(9000, 1, 1)


class LogFilter(Record):
    """What is listed. ``odata`` is the same for Graph's ``$filter``."""

    condition: Filter | None
    odata: str
    errors: list[dict[str, str]]


class _Parts:
    """Collects the conditions of one form."""

    def __init__(self, moment: str) -> None:
        self._moment = moment
        self._found: list[Filter] = []
        self._odata: list[str] = []
        self._errors: list[dict[str, str]] = []

    def add(self, condition: Filter, odata: str = "") -> None:
        self._found.append(condition)
        if odata:
            self._odata.append(odata)

    def refuse(self, field: str, text: str) -> None:
        self._errors.append({"field": field, "text": text})

    def days(self, values: dict[str, str]) -> None:
        """Both days are whole and in UTC, as the log prints them."""
        first, last = (self._day(values, name) for name in ("from", "to"))
        if first is not None:
            self.add(Compare("at", "ge", first), f"{self._moment} ge {first:%Y-%m-%dT%H:%M:%SZ}")
        if last is not None:
            end = last + timedelta(days=1, microseconds=-1)
            self.add(Compare("at", "le", end), f"{self._moment} le {end:%Y-%m-%dT%H:%M:%S.%fZ}")

    def _day(self, values: dict[str, str], name: str) -> datetime | None:
        if not values[name]:
            return None
        try:
            day = date.fromisoformat(values[name])
        except ValueError:
            day = date.min
        if not _FIRST_DAY <= day <= _LAST_DAY:
            self.refuse(name, "Enter a day like 2026-07-31.")
            return None
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    def done(self) -> LogFilter:
        return LogFilter(all_of(*self._found), " and ".join(self._odata), self._errors)


def audit_filter(values: dict[str, str]) -> LogFilter:
    """The filter of the audit log."""
    parts = _Parts("activityDateTime")
    if values["activity"]:
        text = values["activity"]
        parts.add(Text("activity", "startsWith", text), f"startswith(activityDisplayName,{_quoted(text)})")
    for name, field, wire in (
        ("category", "category", "category"),
        ("service", "service", "loggedByService"),
        ("correlation", "correlation_id", "correlationId"),
    ):
        if values[name]:
            parts.add(Compare(field, "eq", values[name]), f"{wire} eq {_quoted(values[name])}")
    if values["status"] in ("success", "failure"):
        parts.add(Compare("result", "eq", values["status"]), f"result eq '{values['status']}'")
    if values["target"]:
        parts.add(*_target(values["target"]))
    if values["by"]:
        names = ("initiated_by_name", "initiated_by_upn", "initiated_by_app_name")
        ids = ("initiated_by_user", "initiated_by_app", "initiated_by_service_principal")
        parts.add(_anywhere(values["by"], names, ids))
    parts.days(values)
    return parts.done()


def sign_in_filter(values: dict[str, str]) -> LogFilter:
    """The filter of the sign-in log."""
    parts = _Parts("createdDateTime")
    if values["type"] in EVENT_TYPES:
        parts.add(Compare("event_type", "eq", values["type"]))
    if values["user"]:
        names = ("user_display_name", "user_principal_name", "sign_in_identifier", "service_principal_name")
        guid = parse_guid(values["user"])
        wire = f"userId eq '{guid}'" if guid else ""
        parts.add(_anywhere(values["user"], names, ("user_id", "service_principal_id")), wire)
    if values["app"]:
        guid = parse_guid(values["app"])
        parts.add(_anywhere(values["app"], ("app_name",), ("app_id",)), f"appId eq '{guid}'" if guid else "")
    if values["status"] == "success":
        parts.add(Compare("error_code", "eq", 0), "status/errorCode eq 0")
    elif values["status"] == "failure":
        parts.add(Compare("error_code", "ne", 0))
    if values["code"]:
        digits = values["code"].upper().removeprefix("AADSTS")
        if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS:
            parts.add(Compare("error_code", "eq", int(digits)), f"status/errorCode eq {int(digits)}")
        else:
            parts.refuse("code", "Enter a number, like 50011 or AADSTS50011.")
    if values["correlation"]:
        text = values["correlation"]
        parts.add(Compare("correlation_id", "eq", text), f"correlationId eq {_quoted(text)}")
    parts.days(values)
    return parts.done()


def _target(text: str) -> tuple[Filter, str]:
    """A target by its id, else by words of its name."""
    guid = parse_guid(text)
    if guid:
        return Compare("target_id", "eq", guid), f"targetResources/any(t:t/id eq '{guid}')"
    names = (Text("display_name", "contains", text), Text("user_principal_name", "contains", text))
    return AnyOf("targets", Or((*names, Compare("id", "eq", text)))), ""


def _anywhere(text: str, names: tuple[str, ...], ids: tuple[str, ...]) -> Filter:
    guid = parse_guid(text)
    if guid:
        return Or(tuple(Compare(name, "eq", guid) for name in ids))
    return Or(tuple(Text(name, "contains", text) for name in names))


def _quoted(text: str) -> str:
    """An OData string literal."""
    return "'" + text.replace("'", "''") + "'"
