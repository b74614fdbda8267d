"""Removal of what has expired or is old (platform-wide), a bounded number of rows of each kind at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from xenia.core.mail import MailState
from xenia.core.retention import USUAL, Retention
from xenia.storage.principals import LOOSE_ENDS as PRINCIPALS_LOOSE_ENDS
from xenia.storage.schema.applications import applications, service_principals, used_assertions
from xenia.storage.schema.directory import tenants, users
from xenia.storage.schema.records import (
    audit_records,
    captured_mails,
    counters,
    outbox,
    sign_in_records,
)
from xenia.storage.schema.self_service import (
    connector_calls,
    federations,
    sign_up_events,
    sign_up_requests,
)
from xenia.storage.schema.signing_in import (
    authorization_codes,
    device_codes,
    interactions,
    logout_notices,
    passcodes,
    portal_sessions,
    refresh_tokens,
    sessions,
    token_families,
)
from xenia.storage.transactions import Repository
from xenia.storage.users import LOOSE_ENDS

RECYCLE_BIN = timedelta(days=30)
_KINDLY = timedelta(days=1)
"""Expired pages and passcodes still answer "this has expired" for a day."""
_FAMILIES = timedelta(days=90)
_NOTICES = timedelta(days=30)
"""How long it can be seen which app was told of which sign-out; the audit log keeps the outcome longer."""
_CALLS = timedelta(days=30)
"""Whether a connector is well is a question about these days."""
_SIGN_UPS = timedelta(days=400)
"""A year of a funnel can be compared with the one before; who was turned down may ask anew."""
_MOST = 2000
_BEFORE: sa.BindParameter[Any] = sa.bindparam("before", type_=users.c.deleted_at.type)


def _expired(moment: sa.Column[datetime], *more: sa.ColumnElement[bool]) -> sa.Delete:
    """Delete some of the rows whose *moment* has passed; short transactions let others write between."""
    table = moment.table
    own = tuple(table.primary_key.columns)
    some = sa.select(*own).where(moment < _BEFORE, *more).order_by(moment).limit(_MOST)
    if len(own) == 1:
        return sa.delete(table).where(own[0].in_(some))
    return sa.delete(table).where(sa.tuple_(*own).in_(some))


_IN_USE = sa.exists().where(
    refresh_tokens.c.tenant_id == token_families.c.tenant_id,
    refresh_tokens.c.family_id == token_families.c.id,
)
"""A family lives as long as its refresh tokens are remembered."""

_RULES = (
    (_expired(interactions.c.expires_at), _KINDLY),
    (_expired(passcodes.c.expires_at), _KINDLY),
    (_expired(federations.c.expires_at), _KINDLY),
    (_expired(authorization_codes.c.expires_at), timedelta(0)),
    (_expired(sessions.c.expires_at), timedelta(0)),
    (_expired(portal_sessions.c.expires_at), timedelta(0)),
    (_expired(used_assertions.c.expires_at), timedelta(0)),
    (_expired(counters.c.ends_at), timedelta(0)),
    (_expired(refresh_tokens.c.keep_until), timedelta(0)),
    (_expired(device_codes.c.expires_at), _KINDLY),
    (_expired(token_families.c.created_at, ~_IN_USE), _FAMILIES),
    (_expired(logout_notices.c.created_at), _NOTICES),
    (_expired(connector_calls.c.at), _CALLS),
    (_expired(sign_up_events.c.at), _SIGN_UPS),
    (_expired(sign_up_requests.c.decided_at, sign_up_requests.c.decided_at.is_not(None)), _SIGN_UPS),
)


def _old(moment: sa.Column[datetime], *more: sa.ColumnElement[bool]) -> sa.Delete:
    """Delete some of a table's old rows, through its index of (tenant, moment): no log is read as a whole."""
    table = moment.table
    own = tuple(table.primary_key.columns)
    everybody = table.c.tenant_id.in_(sa.select(tenants.c.id))
    some = sa.select(*own).where(everybody, moment < _BEFORE, *more).limit(_MOST)
    return sa.delete(table).where(sa.tuple_(*own).in_(some))


_AUDIT = _old(audit_records.c.at)
_SIGN_IN = _old(sign_in_records.c.at)
_MAIL = _expired(
    outbox.c.created_at,
    outbox.c.state.in_([sa.literal_column(f"'{state}'") for state in (MailState.SENT, MailState.ABANDONED)]),
)
_CAPTURED = _expired(captured_mails.c.received_at)
_NEWEST = sa.select(captured_mails.c.received_at).order_by(
    captured_mails.c.received_at.desc(), captured_mails.c.id.desc()
)
_LAST_KEPT = _NEWEST.limit(1).offset(sa.bindparam("kept", type_=sa.Integer))

_Ends = tuple[tuple[sa.Column[Any], sa.Column[Any]], ...]


def _recycled(table: sa.Table, loose_ends: _Ends) -> tuple[sa.Select[Any], tuple[sa.Delete, ...]]:
    """Which rows of the recycle bin are past restoring, and what removes one with all that names it."""
    deleted_at = table.c.deleted_at
    gone = (
        sa.select(table.c.tenant_id, table.c.id)
        .where(deleted_at < _BEFORE, deleted_at.is_not(None))
        .order_by(deleted_at)
        .limit(_MOST)
    )
    ends = (*loose_ends, (table.c.tenant_id, table.c.id))
    removals = tuple(
        sa.delete(owner.table).where(tenant == sa.bindparam("own_tenant"), owner == sa.bindparam("own_id"))
        for tenant, owner in ends
    )
    return gone, removals


_RECYCLE_BINS = (
    _recycled(users, LOOSE_ENDS),
    _recycled(service_principals, PRINCIPALS_LOOSE_ENDS),
    _recycled(applications, ()),
)


class SqlSweeping(Repository):
    """See ``ports.Sweeping``."""

    __slots__ = ()

    def sweep(self, now: datetime, kept: Retention = USUAL) -> int:
        """Delete expired short-lived rows, users and apps deleted over 30 days ago, and records older than *kept*; how many.

        A bounded number: call again while something was deleted.
        """
        removed = sum(self._run(statement, {"before": now - grace}) for statement, grace in _RULES)
        for selection, removals in _RECYCLE_BINS:
            gone = self._all(selection, {"before": now - RECYCLE_BIN})
            removed += len(gone)
            if gone:
                own = [{"own_tenant": row[0], "own_id": row[1]} for row in gone]
                for statement in removals:
                    self._run(statement, own)
        return removed + self._sweep_records(now, kept)

    def _sweep_records(self, now: datetime, kept: Retention) -> int:
        ages = ((_AUDIT, kept.audit), (_SIGN_IN, kept.sign_in), (_MAIL, kept.mail), (_CAPTURED, kept.mail))
        removed = sum(
            self._run(statement, {"before": now - age}) for statement, age in ages if age is not None
        )
        if kept.mailbox_mails is not None:
            last = self._first(_LAST_KEPT, {"kept": kept.mailbox_mails - 1})
            removed += 0 if last is None else self._run(_CAPTURED, {"before": last[0]})
        return removed
