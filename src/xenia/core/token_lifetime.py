"""How long tokens live where an administrator says so (Microsoft Graph: tokenLifetimePolicy). Pure.

A policy is for the applications it is assigned to, or the organization's default. What it says of an application
comes before the default; for an access token the API comes before the client, as it decides whom it believes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import timedelta

from xenia.core.errors import InvalidValue
from xenia.core.ids import ObjectId
from xenia.record import Record

SHORTEST, LONGEST = timedelta(minutes=10), timedelta(days=1)
MOST_POLICIES = 50
_SPAN = re.compile(r"(?:(\d{1,2})\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})")


class TokenLifetimePolicy(Record):
    """A lifetime of access and ID tokens, and whose tokens it is for."""

    id: str
    display_name: str
    definition: str
    """As it was written: ``{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":"02:00:00"}}``."""
    seconds: int
    is_organization_default: bool = False
    applies_to: tuple[ObjectId, ...] = ()
    """Object ids of applications and service principals."""


def lifetime_of(definition: str) -> timedelta:
    """The access token lifetime a definition sets. Raises InvalidValue with what to write."""
    try:
        policy = json.loads(definition)["TokenLifetimePolicy"]
        version, text = policy["Version"], policy["AccessTokenLifetime"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _refused("Write the definition as " + _EXAMPLE) from None
    found = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if version != 1 or isinstance(version, bool) or found is None:
        raise _refused("Write the definition as " + _EXAMPLE)
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    lifetime = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not SHORTEST <= lifetime <= LONGEST:
        raise _refused("AccessTokenLifetime is between 10 minutes (00:10:00) and 1 day (1.00:00:00).")
    return lifetime


_EXAMPLE = '{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":"02:00:00"}}.'


def _refused(why: str) -> InvalidValue:
    return InvalidValue("definition", why)


def chosen_lifetime(policies: Iterable[TokenLifetimePolicy], *objects: ObjectId) -> timedelta | None:
    """What the policies say about tokens of these objects, the first named first; None: nothing."""
    held = tuple(policies)
    if not held:
        return None
    of_object = (policy for key in objects for policy in held if key in policy.applies_to)
    found = next(of_object, None) or next((each for each in held if each.is_organization_default), None)
    return None if found is None else timedelta(seconds=found.seconds)
