"""Schema revisions. A fresh database is made from the tables at once; an older one goes through Alembic.

A test proves that both ways give the same schema.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from xenia.storage.known_directory import renew_stamp
from xenia.storage.schema import metadata
from xenia.storage.schema.base import revisions

HEAD = "0014"
"""The newest revision; known here so that an up-to-date database needs no Alembic (slow to import)."""

_LOCK = 0x78656E6961  # "xenia"


def stored_revision(connection: Connection) -> str | None:
    """The revision of this database, or None when it has no schema yet."""
    if not sa.inspect(connection).has_table(revisions.name):
        return None
    return connection.execute(sa.select(revisions.c.version_num)).scalar_one_or_none()


def migrate(connection: Connection) -> None:
    """Bring the schema to ``HEAD`` within the connection's transaction."""
    if connection.dialect.name == "postgresql":  # several nodes may start at once, and one may be long at it
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    found = stored_revision(connection)
    if found is None:
        metadata.create_all(connection, checkfirst=False)
        connection.execute(sa.insert(revisions), {"version_num": HEAD})
    elif found != HEAD:
        upgrade(connection)
    if found != HEAD:
        renew_stamp(connection)


def upgrade(connection: Connection, to: str = "head") -> None:
    """Apply the missing revisions one by one, up to *to*, within the connection's transaction."""
    from alembic import command  # noqa: PLC0415  (a third of a second that most starts need not spend)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
