"""A fresh database and a migrated one have the same schema; an unfit one is named as such."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.storage.freeze_initial_revision import VERSIONS
from xenia.ports import StoreUnavailable
from xenia.storage.migrations import HEAD, upgrade
from xenia.storage.store import SqlStore, open_store


def _schema(store: SqlStore) -> list[tuple[object, ...]]:
    with store._reading.connect() as connection:
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(
                "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
            ).all()
            return [(kind, name, " ".join((text or "").split())) for kind, name, text in rows]
        columns = connection.execute(
            sa.text(
                "SELECT table_name, column_name, data_type, is_nullable, collation_name, ordinal_position"
                " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 6"
            )
        ).all()
        indexes = connection.execute(
            sa.text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")
        ).all()
        constraints = connection.execute(
            sa.text(
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
            )
        ).all()
        return [tuple(row) for row in (*columns, *indexes, *constraints)]


def test_revisions_one_by_one_give_the_schema_of_a_fresh_database(fresh_url: Callable[[], str]):
    fresh, stepwise = (open_store(fresh_url(), durable=False) for _ in range(2))
    fresh.migrate()
    with stepwise._writing.begin() as connection:
        upgrade(connection)

    assert _schema(stepwise) == _schema(fresh)
    assert stepwise.check() == fresh.check()
    fresh.close()
    stepwise.close()


def test_head_is_the_newest_revision():
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_migrating_twice_changes_nothing_and_a_database_without_schema_is_refused(
    fresh_url: Callable[[], str],
):
    store = open_store(fresh_url(), durable=True)
    with pytest.raises(StoreUnavailable, match="xenia migrate"):
        store.check()

    store.migrate()
    before = _schema(store)
    store.migrate()

    assert _schema(store) == before
    assert f"schema revision {HEAD}" in store.check()
    store.close()


def test_an_unknown_revision_is_refused(fresh_url: Callable[[], str]):
    store = open_store(fresh_url(), durable=False)
    store.migrate()
    with store._writing.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'future'")

    with pytest.raises(StoreUnavailable, match="future"):
        store.check()
    store.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_other_kinds_of_databases_are_refused(url: str):
    with pytest.raises(ValueError, match="sqlite:///"):
        open_store(url, durable=True)


def test_an_unreachable_server_is_reported_as_unavailable():
    store = open_store("postgresql://nobody@127.0.0.1:1/none", durable=True)
    with pytest.raises(StoreUnavailable), store.read(None) as tx:
        tx.tenants.list()
