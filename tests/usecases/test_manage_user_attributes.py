"""Custom user attributes: their names, their owner, and when they may go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.platform import RunningServer, platform
from xenia.core.audit import AuditRecord
from xenia.core.directory.application import Application
from xenia.core.directory.roles import (
    GLOBAL_READER,
    USER_FLOW_ADMINISTRATOR,
    USER_FLOW_ATTRIBUTE_ADMINISTRATOR,
)
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.query import Compare, Query
from xenia.core.user_attributes import (
    BUILT_IN_ATTRIBUTES,
    EXTENSIONS_APP_NAME,
    AttributeKind,
    DataType,
    UserAttribute,
)
from xenia.core.user_flow import AttributeAssignment
from xenia.ports import Transaction
from xenia.usecases.applications.extensions_app import extensions_app_id
from xenia.usecases.applications.manage_applications import delete_application
from xenia.usecases.self_service.manage_user_attributes import (
    NewAttribute,
    create_attribute,
    delete_attribute,
    get_attribute,
    list_attributes,
    update_attribute,
)
from xenia.usecases.self_service.manage_user_flows import NewFlow, create_flow, remove_attribute


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with platform(tmp_path) as running:
        yield running


def made(server: RunningServer, name: str = "Shoe size", kind: DataType = DataType.INTEGER) -> UserAttribute:
    return create_attribute(server.ports, server.actor(), NewAttribute(name, kind, "Internal"))


def owners(server: RunningServer) -> tuple[Application, ...]:
    named = Compare("display_name", "eq", EXTENSIONS_APP_NAME)
    with server.ports.store.read(server.tenant.id) as tx:
        return tx.applications.list(Query(named)).items


def audits(server: RunningServer, activity: str) -> list[AuditRecord]:
    with server.ports.store.read(server.tenant.id) as tx:
        return [row for row in tx.logs.list_audit(Query(limit=200)).items if row.activity == activity]


def test_the_first_attribute_brings_the_one_app_that_owns_them(server: RunningServer) -> None:
    assert not owners(server)
    first, second = made(server), made(server, "Hobby", DataType.STRING)
    (owner,) = owners(server)
    bare = owner.app_id.replace("-", "")
    assert (first.id, second.id) == (f"extension_{bare}_Shoesize", f"extension_{bare}_Hobby")
    assert first.kind is AttributeKind.CUSTOM
    assert first.data_type is DataType.INTEGER
    listed = list_attributes(server.ports, server.actor())
    assert listed[: len(BUILT_IN_ATTRIBUTES)] == BUILT_IN_ATTRIBUTES
    assert listed[len(BUILT_IN_ATTRIBUTES) :] == (second, first)
    assert get_attribute(server.ports, server.actor(), first.id.upper()) == first
    assert get_attribute(server.ports, server.actor(), "City").id == "city"
    assert len(audits(server, "Create user attribute")) == 2


def test_a_deleted_owner_comes_back_as_what_it_was(server: RunningServer) -> None:
    attribute = made(server)
    (owner,) = owners(server)
    delete_application(server.ports, server.actor(), owner.id)
    assert not owners(server)
    assert get_attribute(server.ports, server.actor(), attribute.id) == attribute
    made(server, "Hobby")
    assert [one.app_id for one in owners(server)] == [owner.app_id]
    assert extensions_app_id(server.tenant.id) == owner.app_id
    assert extensions_app_id(server.app.id) != owner.app_id


@pytest.mark.parametrize("name", ["", "1st", "Größe", "a-b", "a.b", "a" * 101, "x\ny", "_x"])
def test_other_names_are_refused(server: RunningServer, name: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        made(server, name)
    assert refused.value.field == "display_name"
    assert not owners(server)


@pytest.mark.parametrize("name", ["shoe size", "ShoeSize", "City", "given name"])
def test_a_name_is_taken_in_any_case(server: RunningServer, name: str) -> None:
    made(server)
    with pytest.raises(Conflict):
        made(server, name)


def test_data_types_are_three(server: RunningServer) -> None:
    with pytest.raises(InvalidValue):
        create_attribute(server.ports, server.actor(), NewAttribute("Born", "dateTime"))  # type: ignore[arg-type]


def test_the_description_changes_and_nothing_else(server: RunningServer) -> None:
    attribute = made(server)
    changed = update_attribute(server.ports, server.actor(), attribute.id, "In centimetres")
    assert changed == replace(attribute, description="In centimetres")
    assert get_attribute(server.ports, server.actor(), attribute.id) == changed
    with pytest.raises(InvalidValue):
        update_attribute(server.ports, server.actor(), "city", "x")
    with pytest.raises(NotFound):
        update_attribute(server.ports, server.actor(), f"{attribute.id}x", "x")
    assert len(audits(server, "Update user attribute")) == 1


def test_an_attribute_goes_when_no_flow_asks_for_it(server: RunningServer) -> None:
    attribute = made(server)
    asked = AttributeAssignment(attribute.id, "Shoe size")
    create_flow(server.ports, server.actor(), NewFlow("Supplier", attributes=(asked,)))
    with pytest.raises(Conflict) as refused:
        delete_attribute(server.ports, server.actor(), attribute.id)
    assert "B2X_1_Supplier" in refused.value.message
    remove_attribute(server.ports, server.actor(), "B2X_1_Supplier", attribute.id)
    delete_attribute(server.ports, server.actor(), attribute.id)
    with pytest.raises(NotFound):
        get_attribute(server.ports, server.actor(), attribute.id)
    with pytest.raises(InvalidValue):
        delete_attribute(server.ports, server.actor(), "city")


def test_its_values_go_with_it_and_nobody_elses(server: RunningServer) -> None:
    size, hobby = made(server), made(server, "Hobby", DataType.STRING)
    guests = [server.invite(f"guest{number}@partner.example").user.id for number in range(3)]

    def fill(tx: Transaction) -> None:
        for number, guest in enumerate(guests[:2]):
            user = tx.users.find(guest)
            assert user is not None
            tx.users.replace(replace(user, extensions=((size.id, 40 + number), (hobby.id, size.id))))

    server.ports.store.write(server.tenant.id, fill)
    delete_attribute(server.ports, server.actor(), size.id)
    with server.ports.store.read(server.tenant.id) as tx:
        left = [user.extensions for guest in guests if (user := tx.users.find(guest))]
    assert left == [((hobby.id, size.id),), ((hobby.id, size.id),), ()]
    assert made(server, "Shoe size", DataType.STRING).id == size.id


def test_who_may(server: RunningServer) -> None:
    attribute = made(server)
    for role in (GLOBAL_READER, USER_FLOW_ADMINISTRATOR):
        actor = replace(server.actor(), roles=frozenset({role.template_id}))
        assert attribute in list_attributes(server.ports, actor)
        with pytest.raises(NotPermitted):
            create_attribute(server.ports, actor, NewAttribute("Hobby"))
        with pytest.raises(NotPermitted):
            update_attribute(server.ports, actor, attribute.id, "x")
        with pytest.raises(NotPermitted):
            delete_attribute(server.ports, actor, attribute.id)
    allowed = replace(server.actor(), roles=frozenset({USER_FLOW_ATTRIBUTE_ADMINISTRATOR.template_id}))
    create_attribute(server.ports, allowed, NewAttribute("Hobby"))
    delete_attribute(server.ports, allowed, attribute.id)
    with pytest.raises(NotPermitted):
        list_attributes(server.ports, replace(server.actor(), roles=frozenset()))
