"""Who saved while a settings page was open, for the pages that show both versions."""

from __future__ import annotations

from xenia.core.directory.roles import LOG_READING_ROLES
from xenia.core.errors import Conflict, XeniaError
from xenia.core.query import OneOf, Order, Query
from xenia.ports import Ports
from xenia.ui.portal.desk import Visit
from xenia.usecases.users.read_directory import list_audit


def saved_by(ports: Ports, visit: Visit, activities: tuple[str, ...]) -> list[dict[str, str]]:
    """One row naming who did the newest of these audited activities and how long ago; none without the log role."""
    if not visit.actor.holds_any(LOG_READING_ROLES):
        return []
    query = Query(OneOf("activity", activities), (Order("at", descending=True),), 1)
    newest = next(iter(list_audit(ports, visit.actor, query).items), None)
    if newest is None:
        return []
    minutes = int((ports.clock.now() - newest.at).total_seconds() // 60)
    when = "less than a minute ago" if minutes < 1 else f"{minutes} minute{'s' if minutes > 1 else ''} ago"
    who = newest.initiated_by_name or newest.initiated_by_app_name or "The operator"
    return [{"label": "Saved by", "value": f"{who}, {when}"}]


def is_stale(error: XeniaError | None) -> bool:
    """Whether somebody else saved meanwhile; other conflicts are about a single field."""
    return isinstance(error, Conflict) and error.field == "version"


def version_of(visit: Visit) -> int:
    """The version the form was drawn from; -1, which no row has, for anything else."""
    text = visit.form("version")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
