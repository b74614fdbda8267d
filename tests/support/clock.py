"""A clock for tests: it stands still until somebody turns it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


class SetClock:
    """The ``Clock`` port, turned by hand."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        """Aware, UTC."""
        return self._now

    def advance(self, step: timedelta) -> datetime:
        """Turn it and return the new time."""
        self._now += step
        return self._now
