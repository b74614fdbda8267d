"""Audit and sign-in records of the tenant. Rows are added and read, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from xenia.core.audit import AuditRecord, SignInRecord
from xenia.core.ids import ObjectId, fold
from xenia.core.query import And, AnyOf, Compare, Filter, Not, OneOf, Or, Order, Page, Query, Text
from xenia.storage.documents import Document, written
from xenia.storage.filter_sql import Collection, Searchable, attribute_columns
from xenia.storage.paging import list_page
from xenia.storage.schema.directory import users
from xenia.storage.schema.records import audit_records, audit_targets, sign_in_records
from xenia.storage.transactions import Repository

_AUDIT = Document(AuditRecord)
_SIGN_IN = Document(SignInRecord)
_NEWEST_FIRST = (Order("at", descending=True),)

_ADD_AUDIT = sa.insert(audit_records)
_ADD_TARGETS = sa.insert(audit_targets)
_ADD_SIGN_IN = sa.insert(sign_in_records)


def _by_id(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.doc).where(
        table.c.tenant_id == sa.bindparam("own_tenant"), table.c.id == sa.bindparam("own_id")
    )


_FIND_AUDIT, _FIND_SIGN_IN = _by_id(audit_records), _by_id(sign_in_records)

_AUDIT_ATTRIBUTES = Searchable(
    audit_records.c.id,
    audit_records.c.tenant_id,
    attribute_columns(audit_records),
    {
        "targets": Collection(
            audit_targets.c.record_id,
            {
                "id": audit_targets.c.id_key,
                "type": audit_targets.c.type_key,
                "display_name": audit_targets.c.display_name_key,
                "user_principal_name": audit_targets.c.user_principal_name_key,
            },
        )
    },
)
_SIGN_IN_ATTRIBUTES = Searchable(
    sign_in_records.c.id, sign_in_records.c.tenant_id, attribute_columns(sign_in_records)
)


def last_sign_in_of(
    tenant_id: sa.ColumnElement[str], user_id: sa.ColumnElement[str]
) -> sa.ScalarSelect[datetime]:
    """When this user last signed in themselves, successfully: the end of one range of an index.

    Read, not written: a column of the user would be one more write at each sign-in, and make what is known of the
    directory old each time.
    """
    record = sign_in_records.alias()
    return (
        sa.select(record.c.at)
        .where(
            record.c.tenant_id == tenant_id,
            record.c.user_id_key == user_id,
            record.c.error_code == 0,
            record.c.is_interactive,
        )
        .order_by(record.c.at.desc(), record.c.id.desc())
        .limit(1)
        .correlate(users)
        .scalar_subquery()
    )


_LAST_SIGN_INS = sa.select(users.c.id, last_sign_in_of(users.c.tenant_id, users.c.id)).where(
    users.c.tenant_id == sa.bindparam("own_tenant"), users.c.id.in_(sa.bindparam("ids", expanding=True))
)


class SqlLogs(Repository):
    """See ``ports.Logs``."""

    __slots__ = ()

    def audit(self, record: AuditRecord) -> None:
        """Write with what it describes: same transaction."""
        self._check_owner(record.tenant_id)
        self._run(_ADD_AUDIT, _columns(audit_records, record))
        targets = [
            {
                "tenant_id": record.tenant_id,
                "record_id": record.id,
                "position": position,
                "id_key": fold(target.id),
                "type_key": fold(target.type),
                "display_name_key": _folded(target.display_name),
                "user_principal_name_key": _folded(target.user_principal_name),
            }
            for position, target in enumerate(record.targets)
        ]
        if targets:
            self._run(_ADD_TARGETS, targets)

    def sign_in(self, record: SignInRecord) -> None:
        """Write a sign-in, successful or not."""
        self._check_owner(record.tenant_id)
        self._run(_ADD_SIGN_IN, _columns(sign_in_records, record))

    def sign_in_all(self, records: Sequence[SignInRecord]) -> None:
        """Write many sign-ins by one statement."""
        for record in records:
            self._check_owner(record.tenant_id)
        if records:
            self._run(_ADD_SIGN_IN, [_columns(sign_in_records, record) for record in records])

    def list_audit(self, query: Query) -> Page[AuditRecord]:
        """Newest first unless ordered otherwise. Filter fields: attribute names, plus ``target_id``."""
        wanted = None if query.filter is None else _with_target_id(query.filter)
        return list_page(
            self._scope.connection,
            _AUDIT_ATTRIBUTES,
            Query(wanted, query.order, query.limit, query.after, query.count),
            self._tenant,
            lambda row: _AUDIT.read(row[0]),
            columns=(audit_records.c.doc,),
            default_order=_NEWEST_FIRST,
        )

    def list_sign_ins(self, query: Query) -> Page[SignInRecord]:
        """Newest first unless ordered otherwise."""
        return list_page(
            self._scope.connection,
            _SIGN_IN_ATTRIBUTES,
            query,
            self._tenant,
            lambda row: _SIGN_IN.read(row[0]),
            columns=(sign_in_records.c.doc,),
            default_order=_NEWEST_FIRST,
        )

    def last_sign_ins(self, user_ids: Sequence[ObjectId]) -> Mapping[ObjectId, datetime]:
        """When each of these people last signed in themselves, successfully; whoever never did is missing."""
        if not user_ids:
            return {}
        rows = self._scope.connection.execute(
            _LAST_SIGN_INS, {"own_tenant": self._tenant, "ids": list(user_ids)}
        )
        return {user_id: at for user_id, at in rows if at is not None}

    def find_audit(self, record_id: str) -> AuditRecord | None:
        """One record."""
        row = self._first(_FIND_AUDIT, {"own_tenant": self._tenant, "own_id": record_id})
        return None if row is None else _AUDIT.read(row[0])

    def find_sign_in(self, record_id: str) -> SignInRecord | None:
        """One record."""
        row = self._first(_FIND_SIGN_IN, {"own_tenant": self._tenant, "own_id": record_id})
        return None if row is None else _SIGN_IN.read(row[0])


def _with_target_id(node: Filter) -> Filter:
    """``target_id`` means the id of any target."""
    match node:
        case Compare("target_id", op, value):
            return AnyOf("targets", Compare("id", op, value))
        case OneOf("target_id", values):
            return AnyOf("targets", OneOf("id", values))
        case Text("target_id", op, value):
            return AnyOf("targets", Text("id", op, value))
        case And(items):
            return And(tuple(_with_target_id(item) for item in items))
        case Or(items):
            return Or(tuple(_with_target_id(item) for item in items))
        case Not(item):
            return Not(_with_target_id(item))
        case _:
            return node


def _folded(text: str | None) -> str | None:
    return None if text is None else fold(text)


@cache
def _shape(table: sa.Table) -> tuple[tuple[str, str, bool], ...]:
    """(column, attribute it holds, whether folded) of every column but the document."""
    return tuple(
        (name, name.removesuffix("_key"), name.endswith("_key"))
        for name in table.columns.keys()  # noqa: SIM118  (a collection of columns, no mapping)
        if name != "doc"
    )


def _columns(table: sa.Table, record: AuditRecord | SignInRecord) -> dict[str, Any]:
    values: dict[str, Any] = {"doc": written(record)}
    for name, attribute, is_folded in _shape(table):
        value = getattr(record, attribute)
        values[name] = _folded(value) if is_folded else value
    return values
