"""Custom attributes as properties of users: read with $select, written, refused; each tenant has its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.graph.test_users import NEW
from tests.support.graph_calls import GraphWorld
from xenia.core.actor import system_actor
from xenia.core.directory.tenant import GuestAccess
from xenia.core.query import Query
from xenia.core.user_attributes import DataType
from xenia.usecases.self_service.manage_user_attributes import NewAttribute, create_attribute
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant


class Attributes:
    """Three custom attributes of Contoso, one of each type."""

    def __init__(self, world: GraphWorld, tenant_id: str) -> None:
        actor = system_actor(tenant_id, "c0ffee00-0000-4000-8000-000000000007")
        self.team, self.size, self.news = (
            create_attribute(world.ports, actor, NewAttribute(name, kind)).id
            for name, kind in (
                ("Team", DataType.STRING),
                ("ShoeSize", DataType.INTEGER),
                ("News", DataType.BOOLEAN),
            )
        )


@pytest.fixture
def own(world: GraphWorld) -> Attributes:
    return Attributes(world, world.tenant_id)


def values(world: GraphWorld, user_id: str, *names: str) -> dict[str, Any]:
    answer = world.get(f"users/{user_id}?$select={','.join(names)}")
    assert answer.status == 200, answer.body
    return {name: answer.body[name] for name in names}


def test_they_are_told_when_selected_and_only_then(world: GraphWorld, own: Attributes) -> None:
    guest = world.add("maria", guest=True, extensions=((own.team, "Red"), (own.size, 42), (own.news, False)))
    told = values(world, guest.id, own.team, own.size, own.news)
    assert told == {own.team: "Red", own.size: 42, own.news: False}
    assert not [name for name in world.get(f"users/{guest.id}").body if name.startswith("extension_")]
    other = world.add("olena")
    assert values(world, other.id, "id", own.team) == {"id": other.id, own.team: None}
    assert (
        world.get(f"users/{guest.id}?$select={own.team}")
        .body["@odata.context"]
        .endswith(f"#users({own.team})/$entity")
    )


def test_they_are_found_in_any_case(world: GraphWorld, own: Attributes) -> None:
    guest = world.add("maria", guest=True, extensions=((own.team, "Red"),))
    answer = world.get(f"users/{guest.id}?$select={own.team.upper()}")
    assert answer.body[own.team] == "Red"


def test_lists_tell_them_on_every_page(world: GraphWorld, own: Attributes) -> None:
    for name in ("a", "b", "c"):
        world.add(name, extensions=((own.team, name),))
    pages = world.pages(f"users?$select=mailNickname,{own.team}&$top=2")
    assert len(pages) == 2
    found = {item["mailNickname"]: item[own.team] for page in pages for item in page}
    assert {name: found[name] for name in ("a", "b", "c")} == {"a": "a", "b": "b", "c": "c"}


def test_they_are_written_changed_and_taken_away_and_each_change_is_audited(
    world: GraphWorld, own: Attributes
) -> None:
    guest = world.add("maria", guest=True)
    body = {own.team: " Red ", own.size: 42, own.news: True, "city": "Athens"}
    assert world.call("PATCH", f"users/{guest.id}", body).status == 204
    assert values(world, guest.id, own.team, own.size, own.news, "city") == {**body, own.team: "Red"}
    world.later(timedelta(seconds=1))
    assert world.call("PATCH", f"users/{guest.id}", {own.size: None, own.team: "Blue"}).status == 204
    told = values(world, guest.id, own.team, own.size, own.news)
    assert told == {own.team: "Blue", own.size: None, own.news: True}
    with world.ports.store.read(world.tenant_id) as tx:
        record = tx.logs.list_audit(Query(limit=500)).items[0]
    changes = {change.property: (change.old, change.new) for change in record.targets[0].changes}
    assert changes == {own.team: ('["Red"]', '["Blue"]'), own.size: ("[42]", "[]")}


def test_what_stays_the_same_is_no_change(world: GraphWorld, own: Attributes) -> None:
    guest = world.add("maria", guest=True, extensions=((own.team, "Red"),))
    before = world.activities()
    assert world.call("PATCH", f"users/{guest.id}", {own.team: "Red"}).status == 204
    assert world.activities() == before


def test_a_member_is_created_with_them(world: GraphWorld, own: Attributes) -> None:
    created = world.call("POST", "users", {**NEW, own.size: 36})
    assert created.status == 201, created.body
    assert values(world, created.body["id"], own.size) == {own.size: 36}


@pytest.mark.parametrize(
    "value",
    [42, True, "x" * 257, "a\u202eb", ["Red"], {"a": 1}],
    ids=["int", "bool", "long", "bidi", "list", "map"],
)
def test_values_have_the_type_and_length_of_their_attribute(
    world: GraphWorld, own: Attributes, value: object
) -> None:
    guest = world.add("maria", guest=True)
    assert world.call("PATCH", f"users/{guest.id}", {own.team: value}).status == 400
    for name, wrong in (
        (own.size, "42"),
        (own.size, 2**63),
        (own.size, True),
        (own.news, 1),
        (own.news, "true"),
    ):
        assert world.call("PATCH", f"users/{guest.id}", {name: wrong, "city": "Athens"}).status == 400
    stored = world.user(guest.id)
    assert stored is not None
    assert (stored.extensions, stored.city) == ((), None)


def test_unknown_ones_are_refused(world: GraphWorld, own: Attributes) -> None:
    guest, unknown = world.add("maria", guest=True), own.team.replace("Team", "Tame")
    read = world.get(f"users/{guest.id}?$select={unknown}")
    assert (read.status, f"'{unknown}'" in read.message) == (400, True)
    written = world.call("PATCH", f"users/{guest.id}", {unknown: "Red"})
    assert (written.status, written.message) == (
        400,
        f"Property '{unknown}' does not exist as a declared property or extension property.",
    )
    assert world.get(f"users?$filter={unknown} eq 'Red'").status == 400
    assert world.get(f"users?$orderby={own.team}").status == 400


def test_users_are_found_by_them(world: GraphWorld, own: Attributes) -> None:
    red = world.add("red", extensions=((own.team, "Red"), (own.size, 42), (own.news, True)))
    blue = world.add("blue", extensions=((own.team, "Blue"), (own.size, 2**40), (own.news, False)))

    def found(condition: str, **how: Any) -> set[str]:
        answer = world.get(f"users?$select=id&$filter={condition}", **how)
        assert answer.status == 200, answer.body
        return {item["id"] for item in answer.body["value"]}

    assert found(f"{own.team} eq 'red'") == {red.id}
    assert found(f"startsWith({own.team}, 'Bl')") == {blue.id}
    assert found(f"{own.size} in (42, 43)") == {red.id}
    assert found(f"{own.size} eq {2**40} and {own.news} eq false") == {blue.id}
    everybody = found(f"{own.team} ne 'red'&$count=true", eventual=True)
    assert {blue.id, world.admin.id} <= everybody
    assert red.id not in everybody
    assert world.get(f"users?$filter={own.size} eq 'red'").status == 400
    assert world.get(f"users?$filter=startsWith({own.size}, '4')").status == 400


def test_hidden_ones_cannot_be_guessed_by_asking_who_has_them(world: GraphWorld, own: Attributes) -> None:
    member = world.add("nils")
    token = world.token(member, "User.ReadBasic.All")
    assert world.get(f"users?$filter={own.team} eq 'Red'", token=token).status == 403


def test_those_of_another_tenant_are_unknown(world: GraphWorld) -> None:
    other = create_tenant(world.ports, None, NewTenant("Fabrikam", "fabrikam"))
    theirs = Attributes(world, other.id)
    guest = world.add("maria", guest=True)
    assert world.get(f"users/{guest.id}?$select={theirs.team}").status == 400
    assert world.call("PATCH", f"users/{guest.id}", {theirs.team: "Red"}).status == 400


def test_guests_see_their_own_and_nobody_elses(world: GraphWorld, own: Attributes) -> None:
    world.guests_see(GuestAccess.LIMITED)
    maria = world.add("maria", guest=True, extensions=((own.team, "Red"),))
    nora = world.add("nora", guest=True, extensions=((own.team, "Blue"),))
    token = world.token(maria, "User.Read User.ReadBasic.All User.Read.All")
    mine = world.get(f"me?$select={own.team}", token=token)
    assert mine.body[own.team] == "Red"
    theirs = world.get(f"users/{nora.id}?$select=id,{own.team}", token=token)
    assert (theirs.status, theirs.body[own.team]) == (200, None)
