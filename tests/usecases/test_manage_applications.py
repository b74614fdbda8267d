"""App registrations as use cases: rules, roles, versions, records, and what tokens are later made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.platform import RunningServer, platform
from xenia.core.actor import Actor, system_actor
from xenia.core.audit import AuditRecord
from xenia.core.directory.application import (
    DEFAULT_ACCESS_ROLE,
    GRAPH_APP_ID,
    AppRole,
    Audience,
    Platform,
    RedirectUri,
    Scope,
)
from xenia.core.directory.roles import CLOUD_APPLICATION_ADMINISTRATOR, GLOBAL_READER
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.query import Query
from xenia.usecases.applications.application_credentials import list_credentials
from xenia.usecases.applications.application_lifecycle import purge_application
from xenia.usecases.applications.manage_applications import (
    Authentication,
    NewApplication,
    RegisteredApplication,
    add_client_secret,
    add_redirect_uri,
    assign_principal,
    delete_application,
    list_assigned,
    list_permissions,
    register_application,
    remove_client_secret,
    set_api_permissions,
    unassign_principal,
    update_application,
    update_authentication,
    update_enterprise_app,
    view_application,
)
from xenia.usecases.applications.my_apps import my_apps
from xenia.usecases.applications.ownership import list_owned
from xenia.usecases.consent.granted_permissions import grant_admin_consent
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.users.manage_users import NewMember, create_member

INVITE_ROLE = ("09850681-111b-4a89-9bed-3f2cae46d706", "Role")
READ_SCOPE = ("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "Scope")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as built:
        yield built


def _member(server: RunningServer, **changes: object) -> Actor:
    """An ordinary member of Contoso."""
    operator = system_actor(server.tenant.id, server.ports.entropy.guid())
    upn = f"{server.ports.entropy.digits(6)}@contoso.onxenia.localhost"
    user = create_member(server.ports, operator, NewMember(f"m{upn}", "Mia Member")).user
    actor = Actor(server.tenant.id, server.ports.entropy.guid(), user_id=user.id, display_name="Mia Member")
    return replace(actor, **changes)  # type: ignore[arg-type]


def _register(server: RunningServer, **order: object) -> RegisteredApplication:
    return register_application(server.ports, server.actor(), NewApplication("Invoices", **order))  # type: ignore[arg-type]


def _wanted(made: RegisteredApplication, *uris: str, platform: Platform = Platform.WEB) -> Authentication:
    redirects = tuple(RedirectUri(uri, platform) for uri in uris)
    return Authentication(made.application.version, redirects, True, False, False, None)


def _audited(server: RunningServer) -> list[AuditRecord]:
    with server.ports.store.read(server.tenant.id) as tx:
        return list(tx.logs.list_audit(Query(limit=50)).items)


def test_registering_makes_both_halves_an_owner_and_two_records(server: RunningServer) -> None:
    member = _member(server)
    made = register_application(server.ports, member, NewApplication("  Invoices ", Audience.MULTIPLE))
    assert made.application.display_name == made.principal.display_name == "Invoices"
    view = view_application(server.ports, member, made.application.id)
    assert (view.owner_names, view.may_change) == (("Mia Member",), True)
    assert [app.id for app in list_owned(server.ports, member, Query()).items] == [made.application.id]
    assert {"Add application", "Add service principal"} <= {record.activity for record in _audited(server)}


def test_guests_and_members_of_a_closed_tenant_register_nothing(server: RunningServer) -> None:
    with pytest.raises(NotPermitted):
        register_application(server.ports, _member(server, is_guest=True), NewApplication("X"))
    server.policies(members_may_register_apps=False)
    with pytest.raises(NotPermitted):
        register_application(server.ports, _member(server), NewApplication("X"))
    role = frozenset({CLOUD_APPLICATION_ADMINISTRATOR.template_id})
    assert register_application(server.ports, _member(server, roles=role), NewApplication("X"))


def test_token_without_the_permission_registers_nothing(server: RunningServer) -> None:
    caller = replace(server.actor(), scopes=frozenset({"User.Read"}))
    with pytest.raises(NotPermitted):
        register_application(server.ports, caller, NewApplication("X"))
    app_only = Actor(
        server.tenant.id, "c", app_permissions=frozenset({"Application.ReadWrite.All"}), app_id="a"
    )
    assert register_application(server.ports, app_only, NewApplication("X")).application


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "line\nbreak"])
def test_names_are_one_line_of_at_most_120(server: RunningServer, name: str) -> None:
    with pytest.raises(InvalidValue):
        register_application(server.ports, server.actor(), NewApplication(name))


def test_one_uri_belongs_to_one_platform_and_loopback_ports_are_no_difference(server: RunningServer) -> None:
    made = _register(server)
    both = (RedirectUri("https://a.example/", Platform.WEB), RedirectUri("https://a.example/", Platform.SPA))
    ports = (
        RedirectUri("http://localhost:1/cb", Platform.PUBLIC),
        RedirectUri("http://localhost:2/cb", Platform.PUBLIC),
    )
    for uris in (both, ports):
        with pytest.raises(InvalidValue) as refused:
            update_authentication(
                server.ports, server.actor(), made.application.id, replace(_wanted(made), redirect_uris=uris)
            )
        assert refused.value.field == "redirect_uris"


def test_second_save_on_an_old_version_is_a_conflict(server: RunningServer) -> None:
    made = _register(server)
    first = update_authentication(
        server.ports, server.actor(), made.application.id, _wanted(made, "https://one.example/")
    )
    assert first.version == made.application.version + 1
    with pytest.raises(Conflict):
        update_authentication(
            server.ports, server.actor(), made.application.id, _wanted(made, "https://two.example/")
        )
    with pytest.raises(Conflict):
        update_application(server.ports, server.actor(), made.application.id, 0, display_name="Late")
    record = next(record for record in _audited(server) if record.activity == "Update application")
    change = next(change for change in record.targets[0].changes if change.property == "RedirectUris")
    assert json.loads(change.new or "") == ["https://one.example/"]


def test_renaming_renames_the_enterprise_app(server: RunningServer) -> None:
    made = _register(server)
    update_application(server.ports, server.actor(), made.application.id, 0, display_name="Bills")
    view = view_application(server.ports, server.actor(), made.application.id)
    assert view.principal is not None
    assert view.principal.display_name == "Bills"
    with pytest.raises(InvalidValue):
        update_application(
            server.ports, server.actor(), made.application.id, 1, display_name="Bills",
            home_page_url="javascript:alert(1)",
        )  # fmt: skip


def test_adding_a_redirect_uri_twice_changes_nothing(server: RunningServer) -> None:
    made = _register(server)
    uri = RedirectUri("https://tester.example/", Platform.WEB)
    once = add_redirect_uri(server.ports, server.actor(), made.application.id, uri)
    assert add_redirect_uri(server.ports, server.actor(), made.application.id, uri) == once


def test_strangers_change_nothing_of_an_app(server: RunningServer) -> None:
    made = _register(server)
    app, stranger = made.application.id, _member(server, roles=frozenset({GLOBAL_READER.template_id}))
    ports = server.ports
    for attempt in (
        lambda: update_authentication(ports, stranger, app, _wanted(made)),
        lambda: add_redirect_uri(ports, stranger, app, RedirectUri("https://x.example/", Platform.WEB)),
        lambda: add_client_secret(ports, stranger, app, "mine"),
        lambda: set_api_permissions(ports, stranger, app, 0, GRAPH_APP_ID, [READ_SCOPE]),
        lambda: grant_admin_consent(ports, stranger, app),
        lambda: assign_principal(ports, stranger, made.principal.id, server.admin.id),
        lambda: update_enterprise_app(
            ports, stranger, made.principal.id,
            account_enabled=False, assignment_required=False, visible_to_users=False,
        ),
        lambda: delete_application(ports, stranger, app),
    ):  # fmt: skip
        with pytest.raises(NotPermitted):
            attempt()
    assert view_application(ports, stranger, app).application == made.application


def test_other_tenants_apps_are_not_there(server: RunningServer) -> None:
    other = create_tenant(server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    foreign = register_application(
        server.ports, system_actor(other.id, server.ports.entropy.guid()), NewApplication("Foreign")
    )
    app, ports, actor = foreign.application.id, server.ports, server.actor()
    for attempt in (
        lambda: view_application(ports, actor, app),
        lambda: update_authentication(ports, actor, app, _wanted(foreign)),
        lambda: add_client_secret(ports, actor, app, "x"),
        lambda: list_credentials(ports, actor, app),
        lambda: list_permissions(ports, actor, app),
        lambda: grant_admin_consent(ports, actor, app),
        lambda: list_assigned(ports, actor, foreign.principal.id),
        lambda: delete_application(ports, actor, app),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_secret_has_forty_characters_a_hint_and_an_end(server: RunningServer) -> None:
    made = _register(server)
    now = server.clock.now()
    added = add_client_secret(server.ports, server.actor(), made.application.id, "Deployment")
    assert len(added.value) == 40
    assert added.secret.hint == added.value[:3]
    assert added.value not in added.secret.secret_hash
    assert added.secret.ends_at == now + timedelta(days=180)
    for ends_at in (now, now - timedelta(days=1), now + timedelta(days=732)):
        with pytest.raises(InvalidValue):
            add_client_secret(server.ports, server.actor(), made.application.id, "x", ends_at)
    with pytest.raises(NotPermitted):
        add_client_secret(server.ports, server.actor(), made.application.id, "x", value="chosen-by-hand")
    remove_client_secret(server.ports, server.actor(), made.application.id, added.secret.key_id)
    with pytest.raises(NotFound):
        remove_client_secret(server.ports, server.actor(), made.application.id, added.secret.key_id)


def test_consent_grants_what_is_missing_and_only_once(server: RunningServer) -> None:
    made = _register(server)
    asked = set_api_permissions(
        server.ports,
        server.actor(),
        made.application.id,
        0,
        GRAPH_APP_ID,
        [INVITE_ROLE, READ_SCOPE, READ_SCOPE],
    )
    lines = list_permissions(server.ports, server.actor(), asked.id)
    assert {(line.value, line.is_granted) for line in lines} == {
        ("User.Invite.All", False),
        ("User.Read", False),
    }
    assert grant_admin_consent(server.ports, server.actor(), asked.id) == 2
    assert grant_admin_consent(server.ports, server.actor(), asked.id) == 0
    assert all(line.is_granted for line in list_permissions(server.ports, server.actor(), asked.id))
    activities = [record.activity for record in _audited(server)]
    assert activities.count("Add app role assignment to service principal") == 1
    assert activities.count("Add delegated permission grant") == 1


def test_what_was_granted_stays_visible_after_it_is_asked_for_no_more(server: RunningServer) -> None:
    made = _register(server)
    set_api_permissions(server.ports, server.actor(), made.application.id, 0, GRAPH_APP_ID, [INVITE_ROLE])
    grant_admin_consent(server.ports, server.actor(), made.application.id)
    set_api_permissions(server.ports, server.actor(), made.application.id, 1, GRAPH_APP_ID, [])
    (line,) = list_permissions(server.ports, server.actor(), made.application.id)
    assert (line.value, line.is_configured, line.is_granted) == ("User.Invite.All", False, True)


def test_administrator_of_apps_cannot_give_an_app_rights_over_the_directory(server: RunningServer) -> None:
    role = frozenset({CLOUD_APPLICATION_ADMINISTRATOR.template_id})
    admin = _member(server, roles=role)
    made = register_application(server.ports, admin, NewApplication("Climber"))
    set_api_permissions(server.ports, admin, made.application.id, 0, GRAPH_APP_ID, [INVITE_ROLE, READ_SCOPE])
    with pytest.raises(NotPermitted):
        grant_admin_consent(server.ports, admin, made.application.id)
    assert not any(line.is_granted for line in list_permissions(server.ports, admin, made.application.id))
    set_api_permissions(server.ports, admin, made.application.id, 1, GRAPH_APP_ID, [READ_SCOPE])
    assert grant_admin_consent(server.ports, admin, made.application.id) == 1


def test_permissions_must_exist_and_so_must_their_resource(server: RunningServer) -> None:
    made = _register(server)
    for pair in ((INVITE_ROLE[0], "Scope"), (server.ports.entropy.guid(), "Role")):
        with pytest.raises(InvalidValue):
            set_api_permissions(server.ports, server.actor(), made.application.id, 0, GRAPH_APP_ID, [pair])
    with pytest.raises(NotFound):
        set_api_permissions(
            server.ports, server.actor(), made.application.id, 0, server.ports.entropy.guid(), []
        )


def test_own_api_can_be_asked_for_and_granted(server: RunningServer) -> None:
    scope = Scope(
        server.ports.entropy.guid(), "Orders.Read", "Admin", admin_consent_display_name="Read orders"
    )
    role = AppRole(server.ports.entropy.guid(), "Orders.Sync", "Sync", allowed_member_types=("Application",))
    api = _register(server, scopes=(scope,), app_roles=(role,)).application
    client = _register(server)
    access = [(scope.id, "Scope"), (role.id, "Role")]
    set_api_permissions(server.ports, server.actor(), client.application.id, 0, api.app_id, access)
    assert grant_admin_consent(server.ports, server.actor(), client.application.id) == 2


def test_assignments_name_a_role_of_the_app_once(server: RunningServer) -> None:
    role = AppRole(server.ports.entropy.guid(), "Buyer", "Buyer")
    made = _register(server, app_roles=(role,))
    ports, actor, person = server.ports, server.actor(), server.admin.id
    with pytest.raises(InvalidValue):
        assign_principal(ports, actor, made.principal.id, person, DEFAULT_ACCESS_ROLE)
    given = assign_principal(ports, actor, made.principal.id, person, role.id)
    with pytest.raises(Conflict):
        assign_principal(ports, actor, made.principal.id, person, role.id)
    assert [each.role_name for each in list_assigned(ports, actor, made.principal.id)] == ["Buyer"]
    other = _register(server)
    with pytest.raises(NotFound):
        unassign_principal(ports, actor, other.principal.id, given.id)
    unassign_principal(ports, actor, made.principal.id, given.id)
    assert list_assigned(ports, actor, made.principal.id) == ()


def test_deleting_takes_secrets_principal_and_assignments_along(server: RunningServer) -> None:
    made = _register(server)
    add_client_secret(server.ports, server.actor(), made.application.id, "x")
    assign_principal(server.ports, server.actor(), made.principal.id, server.admin.id)
    delete_application(server.ports, server.actor(), made.application.id)
    with server.ports.store.read(server.tenant.id) as tx:
        assert tx.applications.service_principal(made.application.app_id) is None
    assert my_apps(server.ports, server.tenant.id, server.admin.id) == ()
    purge_application(server.ports, server.actor(), made.application.id)
    with server.ports.store.read(server.tenant.id) as tx:
        assert tx.applications.secrets(made.application.id) == ()
        assert tx.applications.assignments_of(server.admin.id) == ()
