"""Deleted registrations: gone at once, restorable for 30 days with all that hung on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.platform import RunningServer, platform
from xenia.core.directory.application import Application
from xenia.core.directory.roles import GLOBAL_READER
from xenia.core.errors import ApplicationNotFound, NotFound, NotPermitted
from xenia.core.query import Query
from xenia.usecases.applications.application_credentials import add_client_secret
from xenia.usecases.applications.application_lifecycle import (
    delete_application,
    get_deleted_application,
    list_deleted_applications,
    purge_application,
    restore_application,
)
from xenia.usecases.applications.manage_applications import (
    NewApplication,
    assign_principal,
    list_assigned,
    register_application,
)
from xenia.usecases.tokens.authenticate_client import find_client


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as built:
        yield built


@pytest.fixture
def app(server: RunningServer) -> Application:
    made = register_application(
        server.ports, server.actor(), NewApplication("Invoices", identifier_uris=("api://invoices.contoso",))
    )
    add_client_secret(server.ports, server.actor(), made.application.id, "ci")
    assign_principal(server.ports, server.actor(), made.principal.id, server.admin.id)
    return made.application


def test_a_deleted_app_is_nowhere_and_comes_back_whole(server: RunningServer, app: Application):
    ports, actor = server.ports, server.actor()
    delete_application(ports, actor, app.id)
    with ports.store.read(actor.tenant_id) as tx:
        with pytest.raises(ApplicationNotFound):
            find_client(tx, server.tenant, app.app_id)
        assert tx.applications.find_by_identifier_uri("api://invoices.contoso") is None
    assert [each.id for each in list_deleted_applications(ports, actor, Query()).items] == [app.id]
    assert get_deleted_application(ports, actor, app.id).deleted_at == server.clock.now()

    restored = restore_application(ports, actor, app.id)
    assert restored == replace(app, version=restored.version)
    with ports.store.read(actor.tenant_id) as tx:
        _, principal = find_client(tx, server.tenant, app.app_id)
        assert len(tx.applications.secrets(app.id)) == 1
        assert tx.applications.owners(app.id) == (server.admin.id,)
        records = [each.activity for each in tx.logs.list_audit(Query()).items]
    assert [each.assignment.principal_id for each in list_assigned(ports, actor, principal.id)] == [
        server.admin.id
    ]
    assert {"Restore application", "Delete application"} <= set(records)
    with pytest.raises(NotFound):
        restore_application(ports, actor, app.id)


def test_purging_is_for_deleted_ones_and_final(server: RunningServer, app: Application):
    ports, actor = server.ports, server.actor()
    with pytest.raises(NotFound):
        purge_application(ports, actor, app.id)
    delete_application(ports, actor, app.id)
    purge_application(ports, actor, app.id)
    for call in (get_deleted_application, restore_application, purge_application):
        with pytest.raises(NotFound):
            call(ports, actor, app.id)
    again = NewApplication("Invoices", app_id=app.app_id, identifier_uris=app.identifier_uris)
    assert register_application(ports, actor, again).application.app_id == app.app_id


def test_thirty_days_later_it_is_swept(server: RunningServer, app: Application):
    ports, actor = server.ports, server.actor()
    delete_application(ports, actor, app.id)
    deleted_at = server.clock.now()
    ports.store.write(None, lambda tx: tx.sweeping.sweep(deleted_at + timedelta(days=30)))
    assert get_deleted_application(ports, actor, app.id).id == app.id
    ports.store.write(None, lambda tx: tx.sweeping.sweep(deleted_at + timedelta(days=30, seconds=1)))
    with pytest.raises(NotFound):
        get_deleted_application(ports, actor, app.id)
    with ports.store.read(actor.tenant_id) as tx:
        assert tx.applications.service_principal(app.app_id, deleted=True) is None
        assert tx.applications.secrets(app.id) == ()


def test_who_may_not(server: RunningServer, app: Application):
    stranger = replace(server.actor(), user_id=server.ports.entropy.guid(), roles=frozenset())
    reader = replace(stranger, roles=frozenset({GLOBAL_READER.template_id}))
    for actor in (stranger, reader):
        with pytest.raises(NotPermitted):
            delete_application(server.ports, actor, app.id)
    delete_application(server.ports, server.actor(), app.id)
    for actor in (stranger, reader):
        for call in (restore_application, purge_application):
            with pytest.raises(NotPermitted):
                call(server.ports, actor, app.id)
    assert list_deleted_applications(server.ports, reader, Query()).items != ()
    with pytest.raises(NotPermitted):
        list_deleted_applications(server.ports, replace(stranger, is_guest=True), Query())
