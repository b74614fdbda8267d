"""The one metadata object, names of constraints, and what a violated uniqueness means to people."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# Alembic's own table, declared here so that a fresh database needs no Alembic at all.
revisions = sa.Table("alembic_version", metadata, sa.Column("version_num", sa.String(32), primary_key=True))
revisions.primary_key.name = "alembic_version_pkc"

_WHERE = "where"


def unique(name: str, field: str, *columns: Any, where: sa.ColumnElement[bool] | None = None) -> sa.Index:
    """A unique index; violating it is a Conflict that names the record's attribute *field*."""
    info = {"field": field} if where is None else {"field": field, _WHERE: where}
    return sa.Index(name, *columns, unique=True, info=info)


def partial(name: str, where: sa.ColumnElement[bool], *columns: Any) -> sa.Index:
    """An index over the rows that satisfy *where*."""
    return sa.Index(name, *columns, info={_WHERE: where})


@sa.event.listens_for(metadata, "before_create")
def _tell_conditions(target: sa.MetaData, connection: sa.Connection, **told: object) -> None:
    """To the dialect that makes the tables: naming both where an index is declared would load both at every start."""
    del told
    for table in target.tables.values():
        for index in table.indexes:
            if _WHERE in index.info:
                index.dialect_options[connection.dialect.name]["where"] = index.info[_WHERE]
