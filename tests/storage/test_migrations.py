"""A fresh database and a migrated one have the same schema; an unfit one is named as such."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.storage.records import (
    CONTOSO,
    MIA,
    add_tenants,
    application,
    audit,
    facts,
    interaction,
    user,
    user_flow,
)
from xenia.ports import StoreUnavailable
from xenia.storage import migrations
from xenia.storage.known_directory import renew_stamp
from xenia.storage.migrations import HEAD, upgrade
from xenia.storage.registrations import _columns
from xenia.storage.schema.applications import applications
from xenia.storage.store import SqlStore, open_store

VERSIONS = Path(migrations.__file__).parent / "versions"
FROZEN = {
    "0001_initial.py": "3610415afdc412ed0c7e9ee27a343d2eb6d5fa884949dc991c6cb525b0330357",
    "0001_initial.sqlite.sql": "fd2f513871413a5b39bb54da0f3340c64957c990f5729baafae268d4fb0f3fcb",
    "0001_initial.postgresql.sql": "79b94df294a979f2fa89ebba3aead8587f16396aed6006c4877276e73e68258a",
}


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


def test_published_revisions_are_never_edited():
    for name, expected in FROZEN.items():
        text = (VERSIONS / name).read_text("utf-8")
        assert hashlib.sha256(text.encode()).hexdigest() == expected, name


def _as_of_0001(store: SqlStore) -> None:
    """Rows as the first release wrote them: without the attributes that records gained since."""
    add_tenants(store)

    def fill(tx):
        tx.users.add(user())
        tx.sign_ins.add_interaction(interaction(facts=facts()))
        tx.logs.audit(audit())

    store.write(CONTOSO, fill)
    gained = {
        "users": ("extensions",),
        "tenant_policies": ("self_service_sign_up",),
        "interactions": (),
        "applications": ("deleted_at", "tags", "pre_authorized_applications", "known_client_applications"),
    }
    with store._writing.begin() as connection:
        # The repository names columns of today; those of then are filled by hand.
        columns = {name: value for name, value in _columns(application()).items() if name != "deleted_at"}
        connection.execute(sa.insert(applications), columns)
        renew_stamp(connection)
        for table, names in gained.items():
            documents = connection.exec_driver_sql(f"SELECT doc FROM {table}").scalars().all()
            for document in documents:
                kept = {key: value for key, value in json.loads(document).items() if key not in names}
                for name in ("provider_id", "account", "errand", "sign_up"):
                    kept.get("facts", {}).pop(name, None)
                connection.execute(
                    sa.text(f"UPDATE {table} SET doc = :new WHERE doc = :old"),
                    {"new": json.dumps(kept), "old": document},
                )


def test_a_database_of_the_first_release_keeps_its_data_and_takes_what_is_new(fresh_url: Callable[[], str]):
    store = open_store(fresh_url(), durable=False)
    with store._writing.begin() as connection:
        upgrade(connection, "0001")
        renew_stamp(connection)
    _as_of_0001(store)
    with pytest.raises(StoreUnavailable, match="revision 0001"):
        store.check()

    store.migrate()

    assert f"schema revision {HEAD}" in store.check()
    with store.read(CONTOSO) as tx:
        assert tx.users.find(MIA) == user()
        assert tx.users.find(MIA).extensions == ()
        assert not tx.tenants.policies(CONTOSO).self_service_sign_up
        assert tx.sign_ins.find_interaction("ctx-1") == interaction(facts=facts())
        assert tx.logs.find_audit("audit-1") == audit()
        assert tx.applications.find("app-object") == application()
        assert tx.applications.find_by_app_id("app-id") == application()
        assert tx.applications.federated_credentials("app-object") == ()
        assert tx.user_flows.of_app("app-id") is None
        assert tx.identity_providers.list() == ()
    store.write(CONTOSO, lambda tx: tx.user_flows.add(user_flow(app_ids=("app-id",))))
    with store.read(CONTOSO) as tx:
        assert tx.user_flows.of_app("app-id") == user_flow(app_ids=("app-id",))
    store.close()


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
