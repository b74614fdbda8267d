"""User flows as administrators make them: what a flow may hold, who may, and what the audit log says."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.platform import RunningServer, platform
from xenia.core.actor import Actor
from xenia.core.audit import AuditRecord
from xenia.core.directory.application import GRAPH_APP_ID
from xenia.core.directory.first_party import PORTAL_APP_ID
from xenia.core.directory.identity_provider import (
    EMAIL_PASSCODE_PROVIDER_ID,
    ENTRA_PROVIDER_ID,
    GOOGLE_PROVIDER_ID,
    MICROSOFT_ACCOUNT_PROVIDER_ID,
    ProviderKind,
)
from xenia.core.directory.roles import (
    EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR,
    GLOBAL_READER,
    USER_FLOW_ADMINISTRATOR,
    USER_FLOW_ATTRIBUTE_ADMINISTRATOR,
)
from xenia.core.directory.tenant import Toggle
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.query import Query
from xenia.core.user_attributes import DataType
from xenia.core.user_flow import AttributeAssignment, Choice, Hook, InputType, PageText, UserFlow
from xenia.usecases.applications.manage_applications import (
    NewApplication,
    delete_application,
    register_application,
)
from xenia.usecases.self_service.manage_api_connectors import NewConnector, create_connector
from xenia.usecases.self_service.manage_identity_providers import NewProvider, create_provider
from xenia.usecases.self_service.manage_user_attributes import NewAttribute, create_attribute
from xenia.usecases.self_service.manage_user_flows import (
    NewFlow,
    add_application,
    add_provider,
    create_flow,
    delete_flow,
    get_flow,
    list_flows,
    put_attribute,
    remove_application,
    remove_attribute,
    remove_provider_from,
    set_connector,
    set_order,
    update_flow,
)
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant

PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as running:
        yield running


def audits(server: RunningServer, activity: str) -> list[AuditRecord]:
    with server.ports.store.read(server.tenant.id) as tx:
        return [row for row in tx.logs.list_audit(Query(limit=200)).items if row.activity == activity]


def made(server: RunningServer, **order: object) -> UserFlow:
    order.setdefault("name", "Supplier")
    return create_flow(server.ports, server.actor(), NewFlow(**order))  # type: ignore[arg-type]


def with_role(server: RunningServer, template_id: str) -> Actor:
    return replace(server.actor(), roles=frozenset({template_id}))


@pytest.mark.parametrize("name", ["Supplier", "B2X_1_Supplier", "b2x_1_Supplier", " Supplier "])
def test_the_name_gets_its_prefix_once(server: RunningServer, name: str) -> None:
    flow = made(server, name=name)
    assert (flow.id, flow.name) == ("B2X_1_Supplier", "Supplier")
    assert flow.provider_ids == (ENTRA_PROVIDER_ID,)
    assert get_flow(server.ports, server.actor(), "b2x_1_SUPPLIER") == flow
    assert list_flows(server.ports, server.actor()) == (flow,)
    assert [row.targets[0].id for row in audits(server, "Create user flow")] == ["B2X_1_Supplier"]


@pytest.mark.parametrize("name", ["B2X_1_", "two words", "a-b", "ü", "a" * 65, "../x", ""])
def test_other_names_are_refused(server: RunningServer, name: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        made(server, name=name)
    assert refused.value.field == "id"
    assert not list_flows(server.ports, server.actor())


def test_a_name_is_taken_in_any_case(server: RunningServer) -> None:
    made(server)
    with pytest.raises(Conflict):
        made(server, name="SUPPLIER")


def test_without_a_name_the_display_name_makes_one(server: RunningServer) -> None:
    assert made(server, name="", display_name="Supplier sign-up").id == "B2X_1_Supplier_sign_up"
    assert made(server, name="", display_name="Supplier (sign up)").id == "B2X_1_Supplier_sign_up_2"
    with pytest.raises(Conflict):
        made(server, name="Other", display_name="supplier sign-up")


def test_one_app_has_one_flow(server: RunningServer) -> None:
    app_id = server.app.app_id
    made(server, app_ids=(app_id.upper(),))
    made(server, name="Second")
    with pytest.raises(Conflict) as refused:
        add_application(server.ports, server.actor(), "B2X_1_Second", app_id)
    assert "B2X_1_Supplier" in refused.value.message
    remove_application(server.ports, server.actor(), "B2X_1_Supplier", app_id.upper())
    assert add_application(server.ports, server.actor(), "b2x_1_second", app_id).app_ids == (app_id,)
    with pytest.raises(NotFound):
        remove_application(server.ports, server.actor(), "B2X_1_Supplier", app_id)


def test_a_flow_serves_many_apps_until_they_are_deleted(server: RunningServer) -> None:
    other = register_application(server.ports, server.actor(), NewApplication("Warehouse")).application
    flow = made(server, app_ids=(server.app.app_id, other.app_id))
    assert flow.app_ids == (server.app.app_id, other.app_id)
    delete_application(server.ports, server.actor(), other.id)
    assert get_flow(server.ports, server.actor(), flow.id).app_ids == (server.app.app_id,)


def test_only_own_apps_have_a_flow(server: RunningServer) -> None:
    fabrikam = create_tenant(server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    foreign = register_application(
        server.ports,
        replace(server.actor(), tenant_id=fabrikam.id, user_id=None, is_system=True),
        NewApplication("Theirs"),
    ).application
    attribute = create_attribute(server.ports, server.actor(), NewAttribute("Hobby"))
    extensions = attribute.id.split("_")[1]
    guid = "-".join((extensions[:8], extensions[8:12], extensions[12:16], extensions[16:20], extensions[20:]))
    for app_id in (PORTAL_APP_ID, GRAPH_APP_ID, foreign.app_id, guid, "no guid", str(server.tenant.id)):
        with pytest.raises(InvalidValue) as refused:
            made(server, app_ids=(app_id,))
        assert refused.value.field == "app_ids"


def test_providers_must_exist_and_be_of_use(server: RunningServer) -> None:
    actor = server.actor()
    flow = made(server, provider_ids=("emailotpsignup-oauth",))
    assert flow.provider_ids == (ENTRA_PROVIDER_ID, EMAIL_PASSCODE_PROVIDER_ID)
    with pytest.raises(InvalidValue) as refused:
        add_provider(server.ports, actor, flow.id, MICROSOFT_ACCOUNT_PROVIDER_ID)
    assert refused.value.field == "provider_ids"
    with pytest.raises(NotFound):
        add_provider(server.ports, actor, flow.id, GOOGLE_PROVIDER_ID)
    create_provider(server.ports, actor, NewProvider(ProviderKind.GOOGLE, "client", "secret"))
    changed = add_provider(server.ports, actor, flow.id, "google-oauth")
    assert changed.provider_ids[-1] == GOOGLE_PROVIDER_ID
    assert add_provider(server.ports, actor, flow.id, GOOGLE_PROVIDER_ID) == changed
    ids = (GOOGLE_PROVIDER_ID, ENTRA_PROVIDER_ID, EMAIL_PASSCODE_PROVIDER_ID)
    assert update_flow(server.ports, actor, flow.id, {"provider_ids": ids}).provider_ids == ids
    left = remove_provider_from(server.ports, actor, flow.id, "GOOGLE-OAUTH")
    assert left.provider_ids == (ENTRA_PROVIDER_ID, EMAIL_PASSCODE_PROVIDER_ID)
    with pytest.raises(NotFound):
        remove_provider_from(server.ports, actor, flow.id, GOOGLE_PROVIDER_ID)
    with pytest.raises(InvalidValue):
        remove_provider_from(server.ports, actor, flow.id, ENTRA_PROVIDER_ID)


def test_a_provider_switched_off_stays_where_it_was_and_is_not_added_anew(server: RunningServer) -> None:
    made(server, provider_ids=(EMAIL_PASSCODE_PROVIDER_ID,))
    server.policies(email_passcode=Toggle.DISABLED)
    changed = update_flow(
        server.ports,
        server.actor(),
        "B2X_1_Supplier",
        {"provider_ids": (EMAIL_PASSCODE_PROVIDER_ID, ENTRA_PROVIDER_ID)},
    )
    assert changed.provider_ids == (EMAIL_PASSCODE_PROVIDER_ID, ENTRA_PROVIDER_ID)
    with pytest.raises(InvalidValue):
        made(server, name="Second", provider_ids=(EMAIL_PASSCODE_PROVIDER_ID,))


def test_attributes_are_asked_in_their_own_spelling_and_in_order(server: RunningServer) -> None:
    actor = server.actor()
    made(server)
    put_attribute(server.ports, actor, "B2X_1_Supplier", AttributeAssignment("City", ""))
    put_attribute(
        server.ports, actor, "B2X_1_Supplier", AttributeAssignment("emailReadonly", "", InputType.EMAIL_BOX)
    )
    put_attribute(
        server.ports, actor, "B2X_1_Supplier", AttributeAssignment("SURNAME", "Last name", is_optional=True)
    )
    flow = put_attribute(server.ports, actor, "B2X_1_Supplier", AttributeAssignment("city", "Town"))
    assert [(one.attribute_id, one.label) for one in flow.attributes] == [
        ("city", "Town"),
        ("email", "Email Address"),
        ("surname", "Last name"),
    ]
    flow = set_order(server.ports, actor, flow.id, ["Surname", "City"])
    assert [one.attribute_id for one in flow.attributes] == ["surname", "city", "email"]
    for wrong in (["surname", "surname"], ["jobTitle"]):
        with pytest.raises(InvalidValue):
            set_order(server.ports, actor, flow.id, wrong)
    flow = remove_attribute(server.ports, actor, flow.id, "EmailReadonly")
    assert [one.attribute_id for one in flow.attributes] == ["surname", "city"]
    assert (
        set_order(server.ports, actor, flow.id, ["emailReadonly", "city", "surname"])
        .attributes[0]
        .attribute_id
        == "city"
    )
    with pytest.raises(NotFound):
        remove_attribute(server.ports, actor, flow.id, "email")
    with pytest.raises(NotFound):
        put_attribute(server.ports, actor, flow.id, AttributeAssignment("shoeSize", ""))


OPTIONS = (Choice("Small", "s"), Choice("Large", ""))


@pytest.mark.parametrize(
    ("data_type", "input_type", "choices", "fits"),
    [
        (DataType.STRING, InputType.TEXT_BOX, (), True),
        (DataType.STRING, InputType.RADIO, OPTIONS, True),
        (DataType.STRING, InputType.CHECKBOXES, OPTIONS, True),
        (DataType.STRING, InputType.DROPDOWN, (), False),
        (DataType.STRING, InputType.DROPDOWN, (Choice("a", "x"), Choice("b", "x")), False),
        (DataType.BOOLEAN, InputType.TEXT_BOX, (), True),
        (DataType.BOOLEAN, InputType.DATE, (), False),
        (DataType.INTEGER, InputType.EMAIL_BOX, (), False),
        (DataType.INTEGER, InputType.DROPDOWN, OPTIONS, False),
        (DataType.INTEGER, InputType.DROPDOWN, (Choice("One", "1"),), True),
    ],
)
def test_an_input_type_fits_its_attribute(
    server: RunningServer,
    data_type: DataType,
    input_type: InputType,
    choices: tuple[Choice, ...],
    *,
    fits: bool,
) -> None:
    attribute = create_attribute(server.ports, server.actor(), NewAttribute("Size", data_type))
    assignment = AttributeAssignment(attribute.id.upper(), "Size", input_type, choices=choices)
    if not fits:
        with pytest.raises(InvalidValue):
            made(server, attributes=(assignment,))
        return
    asked = made(server, attributes=(assignment,)).attributes[0]
    assert asked.attribute_id == attribute.id
    assert all(choice.name and choice.value for choice in asked.choices)


def test_an_attribute_is_asked_once(server: RunningServer) -> None:
    twice = (AttributeAssignment("city", "City"), AttributeAssignment("City", "Town"))
    with pytest.raises(InvalidValue):
        made(server, attributes=twice)
    with pytest.raises(InvalidValue):
        made(server, attributes=(AttributeAssignment("email", "Mail", InputType.RADIO, choices=OPTIONS),))
    with pytest.raises(InvalidValue):
        made(server, attributes=(AttributeAssignment("city", "City", default=7),))


def test_connectors_are_asked_at_their_hooks(server: RunningServer) -> None:
    actor = server.actor()
    connector = create_connector(
        server.ports, actor, NewConnector("Check", "https://api.example/check", username="u", password="p")
    )
    flow = made(server, connectors={Hook.BEFORE_CREATION: connector.id.upper()})
    assert flow.connectors == {Hook.BEFORE_CREATION: connector.id}
    flow = set_connector(server.ports, actor, flow.id, Hook.AFTER_FEDERATION, connector.id)
    assert set(flow.connectors) == set(Hook)
    flow = set_connector(server.ports, actor, flow.id, Hook.BEFORE_CREATION, None)
    assert set(flow.connectors) == {Hook.AFTER_FEDERATION}
    with pytest.raises(NotFound):
        set_connector(server.ports, actor, flow.id, Hook.AFTER_FEDERATION, server.tenant.id)
    assert get_flow(server.ports, actor, flow.id) == flow


def test_the_logo_is_a_picture_and_nothing_else(server: RunningServer) -> None:
    text = PageText(" Contoso Suppliers ", "Welcome.\r\nFill this in.", PNG)
    stored = made(server, text=text).text
    assert stored == PageText("Contoso Suppliers", "Welcome.\nFill this in.", PNG)
    too_large = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20_000)).decode()
    script = "data:image/svg+xml;base64," + base64.b64encode(b"<svg onload=alert(1)>").decode()
    disguised = "data:image/png;base64," + base64.b64encode(b"<svg onload=alert(1)>").decode()
    for logo in (
        too_large,
        script,
        disguised,
        "https://evil.example/logo.png",
        "javascript:alert(1)",
        PNG + "!",
    ):
        with pytest.raises(InvalidValue) as refused:
            update_flow(server.ports, server.actor(), "B2X_1_Supplier", {"text": PageText(logo=logo)})
        assert refused.value.field == "logo"


@pytest.mark.parametrize(
    "intro", ["« Bienvenue\N{NO-BREAK SPACE}! »", "ക്ഷണം, കണ്‍", "\u0915\u094d\u200d\u0937", "नमस्ते"]
)
def test_what_people_read_may_be_written_in_any_script(server: RunningServer, intro: str) -> None:
    """Joiners and hard spaces are no hidden signs: some letters are not written without them."""
    assert made(server, text=PageText(intro, intro)).text == PageText(intro, intro)


@pytest.mark.parametrize("intro", ["\u200b", "a\u202eb", "a\x00b", "\u200d\u00ad"])
def test_what_cannot_be_seen_or_turns_a_text_around_is_refused(server: RunningServer, intro: str) -> None:
    for text in (PageText(intro), PageText("", intro)):
        with pytest.raises(InvalidValue):
            made(server, text=text)


@pytest.mark.parametrize("name", ["id", "tenant_id", "created_at", "version", "nonsense"])
def test_what_never_changes_is_refused(server: RunningServer, name: str) -> None:
    made(server)
    with pytest.raises(InvalidValue):
        update_flow(server.ports, server.actor(), "B2X_1_Supplier", {name: "x"})


def test_a_save_based_on_an_older_version_is_refused(server: RunningServer) -> None:
    flow = made(server)
    first = update_flow(
        server.ports, server.actor(), flow.id, {"description": "one"}, expected_version=flow.version
    )
    assert first.version == flow.version + 1
    with pytest.raises(Conflict):
        update_flow(
            server.ports, server.actor(), flow.id, {"description": "two"}, expected_version=flow.version
        )
    assert get_flow(server.ports, server.actor(), flow.id).description == "one"


def test_the_log_says_what_changed_and_nothing_when_nothing_did(server: RunningServer) -> None:
    flow = made(server)
    update_flow(server.ports, server.actor(), flow.id, {"requires_approval": True, "description": ""})
    update_flow(server.ports, server.actor(), flow.id, {"requires_approval": True})
    (record,) = audits(server, "Update user flow")
    assert record.initiated_by_user == server.admin.id
    assert record.service == "B2C"
    (change,) = record.targets[0].changes
    assert (change.property, json.loads(change.old or ""), json.loads(change.new or "")) == (
        "RequiresApproval",
        [False],
        [True],
    )


def test_a_deleted_flow_frees_its_name_and_its_apps(server: RunningServer) -> None:
    made(server, app_ids=(server.app.app_id,))
    delete_flow(server.ports, server.actor(), "b2x_1_supplier")
    with pytest.raises(NotFound):
        get_flow(server.ports, server.actor(), "B2X_1_Supplier")
    with pytest.raises(NotFound):
        delete_flow(server.ports, server.actor(), "B2X_1_Supplier")
    assert made(server, app_ids=(server.app.app_id,)).app_ids == (server.app.app_id,)
    assert len(audits(server, "Delete user flow")) == 1


VERBS: list[Callable[[RunningServer, Actor], object]] = [
    lambda server, actor: create_flow(server.ports, actor, NewFlow("Second")),
    lambda server, actor: update_flow(server.ports, actor, "B2X_1_Supplier", {"description": "x"}),
    lambda server, actor: add_provider(server.ports, actor, "B2X_1_Supplier", EMAIL_PASSCODE_PROVIDER_ID),
    lambda server, actor: put_attribute(
        server.ports, actor, "B2X_1_Supplier", AttributeAssignment("city", "")
    ),
    lambda server, actor: add_application(server.ports, actor, "B2X_1_Supplier", server.app.app_id),
    lambda server, actor: set_connector(server.ports, actor, "B2X_1_Supplier", Hook.BEFORE_CREATION, None),
    lambda server, actor: delete_flow(server.ports, actor, "B2X_1_Supplier"),
]


@pytest.mark.parametrize("verb", VERBS)
def test_who_may_write_flows(server: RunningServer, verb: Callable[[RunningServer, Actor], object]) -> None:
    made(server)
    nobody = replace(server.actor(), roles=frozenset())
    lesser = [
        with_role(server, role.template_id)
        for role in (
            GLOBAL_READER,
            EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR,
            USER_FLOW_ATTRIBUTE_ADMINISTRATOR,
        )
    ]
    token = replace(server.actor(), scopes=frozenset({"User.Read.All", "IdentityUserFlow.Read.All"}))
    for actor in (nobody, *lesser, token):
        with pytest.raises(NotPermitted):
            verb(server, actor)
    verb(server, with_role(server, USER_FLOW_ADMINISTRATOR.template_id))


def test_who_may_read_flows(server: RunningServer) -> None:
    made(server)
    for role in (GLOBAL_READER, EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR, USER_FLOW_ATTRIBUTE_ADMINISTRATOR):
        assert len(list_flows(server.ports, with_role(server, role.template_id))) == 1
    with pytest.raises(NotPermitted):
        list_flows(server.ports, replace(server.actor(), roles=frozenset()))
    daemon = Actor(
        server.tenant.id,
        "c",
        app_id=server.app.app_id,
        app_permissions=frozenset({"IdentityUserFlow.Read.All"}),
    )
    assert len(list_flows(server.ports, daemon)) == 1
    with pytest.raises(NotPermitted):
        delete_flow(server.ports, daemon, "B2X_1_Supplier")


def test_flows_of_another_tenant_do_not_exist(server: RunningServer) -> None:
    flow = made(server)
    fabrikam = create_tenant(server.ports, None, NewTenant("Fabrikam", "fabrikam"))
    stranger = replace(server.actor(), tenant_id=fabrikam.id)
    assert not list_flows(server.ports, stranger)
    with pytest.raises(NotFound):
        delete_flow(server.ports, stranger, flow.id)
