"""**Groups**: the list, a new one, its sections, and whoever may not; each success beside its refusals."""

from __future__ import annotations

import re

import pytest

from tests.ui.portal.office import Desktop, Office
from tests.ui.portal.test_api_blocks import replay
from xenia.core.directory.group import Group
from xenia.core.query import Query
from xenia.usecases.applications.enterprise_apps import list_assigned
from xenia.usecases.applications.my_apps import my_apps
from xenia.usecases.groups.manage_groups import NewGroup, create_group

MARIA = "maria@nordwind.example"


def _group(office: Office, name: str = "Buyers", **order: object) -> Group:
    built = office.platform
    return create_group(built.ports, built.actor(), NewGroup(name, **order))  # type: ignore[arg-type]


def _stored(office: Office) -> list[Group]:
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        return list(tx.groups.list(Query()).items)


def _people(desktop: Desktop) -> list[str]:
    return re.findall(r'aria-label="Remove ([^"]+)"', desktop.page.source)


def test_a_group_is_made_with_people_named_as_one_knows_them(office: Office) -> None:
    office.platform.invite(MARIA)
    inner = _group(office, "Inner")
    desktop = office.sit("useradmin")
    desktop.open("groups/new")
    page = desktop.send(
        "/groups/new",
        {
            "display_name": "Buyers",
            "description": "Who buys",
            "owners": office.platform.admin.user_principal_name,
            "members": f"{MARIA}\n\n{inner.display_name}\n",
        },
    )
    assert "The group was created." in page.text
    for words in ("Security group · Who buys", "Membership type Assigned", "Direct members 2"):
        assert words in " ".join(page.text.split()), page.text
    made = next(group for group in _stored(office) if group.display_name == "Buyers")
    listed = desktop.open("groups?q=buy")
    assert made.id in listed.text
    assert "Inner" not in listed.text
    assert "Buyers" not in desktop.open("groups?type=microsoft365").text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"display_name": " "}, "displayName"),
        ({"members": "nobody@nowhere.example"}, "fits no single user or group"),
        ({"type": "microsoft365", "mail_nickname": ""}, "mailNickname"),
        ({"mail_nickname": "a@b"}, "mailNickname"),
    ],
)
def test_what_was_typed_stays_when_it_is_refused(office: Office, typed: dict[str, str], words: str) -> None:
    desktop = office.sit()
    desktop.open("groups/new")
    page = desktop.send("/groups/new", {"display_name": "Buyers", "description": "Kept words", **typed})
    assert page.status == 422
    assert words in page.text
    assert "Kept words" in page.source
    assert _stored(office) == []


def test_properties_are_saved_and_checked(office: Office) -> None:
    group = _group(office)
    desktop = office.sit()
    desktop.open(f"groups/{group.id}/properties")
    assert "Saved." in desktop.send("/properties", {"display_name": "Sellers", "description": "x"}).text
    assert (_stored(office)[0].display_name, _stored(office)[0].description) == ("Sellers", "x")
    page = desktop.send("/properties", {"display_name": ""})
    assert page.status == 422
    assert _stored(office)[0].display_name == "Sellers"


@pytest.mark.parametrize("link", ["members", "owners"])
def test_people_are_added_searched_and_removed(office: Office, link: str) -> None:
    guest = office.platform.invite(MARIA).user
    group = _group(office)
    desktop = office.sit()
    desktop.open(f"groups/{group.id}/{link}")
    assert "was added" in desktop.send(f"/{link}", {"object": MARIA}).text
    assert "was added" in desktop.send(f"/{link}", {"object": office.platform.admin.id}).text
    assert len(_people(desktop)) == 2
    twice = desktop.send(f"/{link}", {"object": MARIA})
    assert (twice.status, "already exist" in twice.text) == (422, True)
    nobody = desktop.send(f"/{link}", {"object": "nobody@nowhere.example"})
    assert (nobody.status, "No single user or group fits" in nobody.text) == (422, True)
    desktop.open(f"groups/{group.id}/{link}?q={guest.display_name[:4]}")
    assert _people(desktop) == [guest.display_name]
    page = desktop.send(f"/{link}/remove", {})
    assert "was removed" in page.text
    assert len(_people(desktop)) == 1
    if link == "owners":
        last = desktop.send("/owners/remove", {})
        assert (last.status, "at least one owner" in last.text) == (422, True)


def test_a_user_sees_own_groups_on_their_page_and_apps_by_direct_membership(office: Office) -> None:
    guest = office.platform.invite(MARIA).user
    inner = _group(office, "Inner", members=(guest.id,))
    _group(office, "Outer", members=(inner.id,))
    desktop = office.sit()
    page = desktop.open(f"users/{guest.id}/groups")
    assert re.search(r"Inner\s+Security\s+Direct", page.text), page.text
    assert re.search(r"Outer\s+Security\s+Through another group", page.text), page.text


def test_an_app_is_assigned_to_a_group_by_its_name(office: Office) -> None:
    built = office.platform
    guest = built.invite(MARIA).user
    group = _group(office, "Buyers", members=(guest.id,))
    with built.ports.store.read(built.tenant.id) as tx:
        principal = tx.applications.service_principal(built.app.app_id)
    assert principal is not None
    desktop = office.sit()
    desktop.open(f"enterprise-apps/{principal.id}/users-and-groups")
    page = desktop.send("/users-and-groups", {"user": "buyers"})
    assert "The assignment was added." in page.text
    assert re.search(r"Buyers\s+–\s+Group", page.text), page.text
    assert [tile.name for tile in my_apps(built.ports, built.tenant.id, guest.id)] == ["Orders"]
    assert "Orders" in desktop.open(f"groups/{group.id}/applications").text
    desktop.open(f"enterprise-apps/{principal.id}/users-and-groups")
    desktop.send("/users-and-groups/remove", {})
    assert list_assigned(built.ports, built.actor(), principal.id) == ()


def test_deleting_asks_for_the_name(office: Office) -> None:
    group = _group(office)
    desktop = office.sit()
    desktop.open(f"groups/{group.id}/delete")
    wrong = desktop.send("/delete", {"confirmation": "Sellers"})
    assert (wrong.status, len(_stored(office))) == (422, 1)
    assert "The group was deleted." in desktop.send("/delete", {"confirmation": "Buyers"}).text
    assert _stored(office) == []


@pytest.mark.parametrize("name", ["reader", "helpdesk"])
def test_who_may_not_change_groups_reads_them(office: Office, name: str) -> None:
    group = _group(office, members=(office.platform.admin.id,))
    desktop = office.sit(name)
    for path in ("groups", "groups/new", f"groups/{group.id}", f"groups/{group.id}/members"):
        page = desktop.open(path)
        assert page.status == 200
        assert 'class="form" method="post"' not in page.source
    token = desktop.fields("/sign-out")
    for path, field in (
        ("groups/new", ("display_name", "Mine")),
        (f"groups/{group.id}/properties", ("display_name", "Mine")),
        (f"groups/{group.id}/members", ("object", office.platform.admin.user_principal_name)),
        (f"groups/{group.id}/members/remove", ("object_id", office.platform.admin.id)),
        (f"groups/{group.id}/delete", ("confirmation", "Buyers")),
    ):
        assert desktop.post(path, [*token, field]).status == 403, path
    assert [each.display_name for each in _stored(office)] == ["Buyers"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("groups", 200),
        ("groups/new", 201),
        ("groups/{group}", 200),
        ("groups/{group}/properties", 204),
        ("groups/{group}/members", 200),
        ("groups/{group}/owners", 200),
        ("users/{user}/groups", 200),
    ],
)
def test_shown_calls_work_as_shown(office: Office, path: str, expected: int) -> None:
    guest = office.platform.invite(MARIA).user
    group = _group(office, members=(guest.id,))
    page = office.sit().open(path.format(group=group.id, user=guest.id))
    _, answer = replay(office, page)
    assert answer.status == expected, answer.body


def test_a_group_of_another_organization_is_not_found(office: Office) -> None:
    group = _group(office)
    assert office.sit().open(f"groups/{group.id}").status == 200
    other = office.sit(tenant=office.other)
    assert other.open("groups").status == 200
    assert other.open(f"groups/{group.id}").status == 404
