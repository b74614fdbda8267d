"""Log lines as JSON: one object a line, with the correlation id of the journey, without secrets.

Owns the format and what may appear in it. Only the named extras are written: request paths yes, query
strings, bodies, headers and cookies never, so that no code, token or passcode can reach a log.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

_EXTRAS = ("method", "path", "status", "correlation_id", "client", "activity", "mail_id", "attempt", "detail")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class JsonLines(logging.Formatter):
    """One JSON object per record."""

    def format(self, record: logging.LogRecord) -> str:
        """Time (UTC), level, logger, message, the extras that are allowed, and a traceback where there is one."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in _EXTRAS:
            value = getattr(record, name, None)
            if value is not None:
                line[name] = value if isinstance(value, int | float) else str(value)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def configure_logs(level: str, file: Path | None) -> None:
    """Send all records of this process there. Part of start-up; not for libraries."""
    handler: logging.Handler = logging.FileHandler(file) if file else logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries speak at warning and above; only our own lines follow the setting.
    root.setLevel(logging.WARNING)
    logging.getLogger("xenia").setLevel(_LEVELS[level])
