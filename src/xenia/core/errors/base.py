"""Errors of every use case: values, absence, conflict, permission, limits."""

from __future__ import annotations

from datetime import timedelta

from xenia.core.wording import Said


class XeniaError(Exception):
    """Base of all refusals. ``message`` may be shown; ``detail`` may only be logged."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class InvalidValue(XeniaError):
    """A named property holds a value it may not hold."""

    def __init__(self, field: str, message: str | Said) -> None:
        super().__init__(str(message))
        self.field = field
        self.said = message if isinstance(message, Said) else Said(message.replace("%", "%%"))
        """What the message says, for pages that say it in another language."""


class StillEnabled(InvalidValue):
    """A scope or app role that is enabled was to go; it is disabled first."""

    def __init__(self, field: str) -> None:
        # As the field answers it; clients match this sentence.
        super().__init__(
            field, "Permission (scope or role) cannot be deleted or updated unless disabled first."
        )


class NotFound(XeniaError):
    """The addressed object does not exist, or not in this tenant."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"{kind} '{key}' does not exist.")
        self.kind = kind
        self.key = key


class Conflict(XeniaError):
    """Another object holds this key already, or the object changed since it was read."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotPermitted(XeniaError):
    """The caller is known but may not do this; ``needed`` names what would allow it."""

    def __init__(
        self, needed: str, message: str = "Insufficient privileges to complete the operation."
    ) -> None:
        super().__init__(message)
        self.needed = needed


class NotAuthenticated(XeniaError):
    """No valid token, or no signed-in person, where one is needed."""


class LimitReached(XeniaError):
    """Too many tries. ``retry_after`` says how long to wait.

    *why*: what there was too much of, in a sentence.
    """

    def __init__(self, what: str, retry_after: timedelta, why: str = "Too many tries.") -> None:
        super().__init__(f"{why} Try again in {max(1, round(retry_after.total_seconds()))} seconds.")
        self.what = what
        self.retry_after = retry_after
