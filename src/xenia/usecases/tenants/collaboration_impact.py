"""Whom a change of the collaboration settings would touch, told before it is saved.

Reads only, and as the actor may; the rules themselves are ``core.directory.tenant``'s, the same that redemption asks.
"""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.directory.tenant import DomainRestrictions
from xenia.core.directory.user import MAIL_ISSUER, ExternalUserState, User
from xenia.core.query import AnyOf, Compare, Filter, Query
from xenia.ports import Ports
from xenia.record import Record
from xenia.usecases.users.read_directory import list_users

_PENDING = Compare("external_user_state", "eq", ExternalUserState.PENDING_ACCEPTANCE.value)
_BY_PASSCODE = AnyOf("identities", Compare("issuer", "eq", MAIL_ISSUER))
_BATCH = 500
_MOST_LOOKED_AT = 10_000
_MOST_NAMED = 10


class RefusedGuests(Record):
    """Pending guests who would be turned away when they accept."""

    count: int
    named: tuple[User, ...]
    """The first of them."""
    is_whole: bool
    """False in directories so large that only some of the pending guests were looked at."""


class PasscodeReliance(Record):
    """How many need the e-mail one-time passcode."""

    accepted: int
    """Guests whose identity is their mailbox."""
    pending: int
    """Invited people who have not accepted yet."""


def refused_guests(
    ports: Ports, actor: Actor, rules: DomainRestrictions, before: DomainRestrictions | None = None
) -> RefusedGuests:
    """Pending guests whom *rules* refuse; with *before* only those whom these still let in. Raises NotPermitted."""
    count, seen = 0, 0
    named: list[User] = []
    query = Query(_PENDING, limit=_BATCH)
    while True:
        page = list_users(ports, actor, query)
        seen += len(page.items)
        for user in (each.user for each in page.items):
            address = user.mail or ""
            if rules.permits(address) or (before is not None and not before.permits(address)):
                continue
            count += 1
            if len(named) < _MOST_NAMED:
                named.append(user)
        if page.next is None or seen >= _MOST_LOOKED_AT:
            return RefusedGuests(count, tuple(named), page.next is None)
        query = Query(_PENDING, limit=_BATCH, after=page.next)


def passcode_reliance(ports: Ports, actor: Actor) -> PasscodeReliance:
    """Who would lose sign-in, and who could not accept, without passcodes. Raises NotPermitted."""

    def number(condition: Filter) -> int:
        return list_users(ports, actor, Query(condition, limit=1, count=True)).total or 0

    return PasscodeReliance(number(_BY_PASSCODE), number(_PENDING))
