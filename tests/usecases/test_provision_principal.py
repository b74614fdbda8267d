"""Service principals: made in one place, for apps that may be used in the tenant, by whom it is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.platform import RunningServer, platform
from xenia.core.actor import Actor, system_actor
from xenia.core.directory.application import Application, Audience
from xenia.core.directory.roles import CLOUD_APPLICATION_ADMINISTRATOR, GLOBAL_READER
from xenia.core.errors import Conflict, InvalidValue, NotPermitted
from xenia.core.query import Compare, Query
from xenia.usecases.applications.application_lifecycle import delete_application
from xenia.usecases.applications.manage_applications import NewApplication, register_application
from xenia.usecases.applications.provision_principal import create_service_principal, provision_principal
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as built:
        yield built


@pytest.fixture
def fabrikam(server: RunningServer) -> Actor:
    made = create_tenant(server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    return system_actor(made.id, "c0ffee00-0000-4000-8000-000000000002")


def _registered(server: RunningServer, audience: Audience) -> Application:
    order = NewApplication("Invoices", audience=audience)
    return register_application(server.ports, server.actor(), order).application


def test_a_multi_tenant_app_gets_its_principal_elsewhere_with_a_record_there(
    server: RunningServer, fabrikam: Actor
):
    app = _registered(server, Audience.MULTIPLE)
    made = create_service_principal(server.ports, fabrikam, app.app_id.upper())
    assert (made.tenant_id, made.owner_tenant_id) == (fabrikam.tenant_id, server.tenant.id)
    assert (made.app_id, made.display_name) == (app.app_id, "Invoices")
    with server.ports.store.read(fabrikam.tenant_id) as tx:
        assert tx.applications.service_principal(app.app_id) == made
        records = tx.logs.list_audit(Query(Compare("activity", "eq", "Add service principal"))).items
        assert [each.targets[0].id for each in records] == [made.id]
    with pytest.raises(Conflict) as again:
        create_service_principal(server.ports, fabrikam, app.app_id)
    assert again.value.field == "service_principal"


def test_a_single_tenant_app_and_one_that_is_not_there_look_the_same_elsewhere(
    server: RunningServer, fabrikam: Actor
):
    app = _registered(server, Audience.SINGLE)
    missing = server.ports.entropy.guid()
    for app_id in (app.app_id, missing, "no-guid"):
        with pytest.raises(InvalidValue) as refused:
            create_service_principal(server.ports, fabrikam, app_id)
        assert refused.value.message == (
            f"The appId '{app_id}' of the service principal does not reference a valid application object."
        )
    with server.ports.store.read(fabrikam.tenant_id) as tx:
        assert tx.applications.service_principal(app.app_id) is None


def test_provisioning_twice_gives_the_same_one_and_one_record(server: RunningServer, fabrikam: Actor):
    app = _registered(server, Audience.MULTIPLE)
    ids = [server.ports.entropy.guid() for _ in range(4)]

    def twice(tx):
        now = server.clock.now()
        first = provision_principal(tx, fabrikam, app, now, principal_id=ids[0], record_id=ids[1])
        again = provision_principal(tx, fabrikam, app, now, principal_id=ids[2], record_id=ids[3])
        return first, again

    first, again = server.ports.store.write(fabrikam.tenant_id, twice)
    assert first == again
    assert first.id == ids[0]
    with server.ports.store.read(fabrikam.tenant_id) as tx:
        assert tx.logs.find_audit(ids[1]) is not None
        assert tx.logs.find_audit(ids[3]) is None


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        ({"roles": frozenset({CLOUD_APPLICATION_ADMINISTRATOR.template_id})}, True),
        ({"roles": frozenset({GLOBAL_READER.template_id})}, False),
        ({"roles": frozenset()}, False),
        ({"scopes": frozenset({"User.Read"})}, False),
        ({"scopes": frozenset({"Application.ReadWrite.All"})}, True),
        (
            {"user_id": None, "roles": frozenset(), "app_permissions": frozenset({"Application.Read.All"})},
            False,
        ),
        (
            {
                "user_id": None,
                "roles": frozenset(),
                "app_permissions": frozenset({"Application.ReadWrite.All"}),
            },
            True,
        ),
    ],
)
def test_who_may_add_another_tenants_app(server: RunningServer, changes: dict, may: bool):
    other = create_tenant(server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    operator = system_actor(other.id, "c0ffee00-0000-4000-8000-000000000002")
    order = NewApplication("Shared", audience=Audience.MULTIPLE)
    app = register_application(server.ports, operator, order).application
    actor = replace(server.actor(), **changes)
    if may:
        assert create_service_principal(server.ports, actor, app.app_id).owner_tenant_id == other.id
        return
    with pytest.raises(NotPermitted):
        create_service_principal(server.ports, actor, app.app_id)


def test_a_deleted_app_keeps_its_principals_place(server: RunningServer):
    app = _registered(server, Audience.SINGLE)
    delete_application(server.ports, server.actor(), app.id)
    with pytest.raises(InvalidValue):
        create_service_principal(server.ports, server.actor(), app.app_id)
