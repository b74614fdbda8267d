"""Groups, who belongs to them, and what goes with a group, a user or an app that is removed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.storage.records import (
    ADMIN,
    CONTOSO,
    MIA,
    NOW,
    add_tenants,
    application,
    assignment,
    group,
    principal,
    user,
)
from xenia.core.directory.group import GroupLink, ObjectKind
from xenia.core.errors import Conflict, NotFound
from xenia.core.query import AnyOf, Compare, Not, Order, Query, Text
from xenia.storage.store import SqlStore, SqlTransaction

MEMBER, OWNER = GroupLink.MEMBER, GroupLink.OWNER
USER, GROUP, PRINCIPAL = ObjectKind


@pytest.fixture(autouse=True)
def _directory(store: SqlStore) -> None:
    add_tenants(store)

    def fill(tx: SqlTransaction) -> None:
        tx.users.add(user())
        tx.users.add(user(ADMIN, name="ada"))
        tx.applications.add(application())
        tx.applications.add_service_principal(principal())
        tx.groups.add(group("guests"))
        tx.groups.add(group("partners", group_types=("Unified",), mail_enabled=True, security_enabled=False))

    store.write(CONTOSO, fill)


def _ids(page) -> list[str]:
    return [item.id for item in page.items]


def test_a_group_comes_back_as_stored_and_is_found_by_its_properties(store: SqlStore):
    with store.read(CONTOSO) as tx:
        assert tx.groups.find("guests") == group("guests")
        assert tx.groups.find("other") is None
        for condition, expected in (
            (Compare("display_name", "eq", "GUESTS"), ["guests"]),
            (Text("mail_nickname", "startsWith", "part"), ["partners"]),
            (Compare("security_enabled", "eq", True), ["guests"]),
            (AnyOf("group_types", Compare("", "eq", "unified")), ["partners"]),
            (Not(AnyOf("group_types", Compare("", "eq", "Unified"))), ["guests"]),
            (Not(AnyOf("group_types", None)), ["guests"]),
        ):
            assert _ids(tx.groups.list(Query(condition))) == expected, condition
        assert _ids(tx.groups.list(Query(order=(Order("display_name", descending=True),)))) == [
            "partners",
            "guests",
        ]


def test_mail_nicknames_are_unique_among_groups_with_mail_alone(store: SqlStore):
    mail = {"group_types": ("Unified",), "mail_enabled": True}
    with pytest.raises(Conflict, match="mailNickname"):
        store.write(CONTOSO, lambda tx: tx.groups.add(group("x", mail_nickname="Partners", **mail)))
    store.write(CONTOSO, lambda tx: tx.groups.add(group("x", mail_nickname="guests")))
    with pytest.raises(NotFound):
        store.write(CONTOSO, lambda tx: tx.groups.replace(group("none")))
    store.write(CONTOSO, lambda tx: tx.groups.replace(group("x", description="Other")))
    with store.read(CONTOSO) as tx:
        assert tx.groups.find("x").description == "Other"


def test_members_of_every_kind_are_listed_by_name_with_pages_and_counts(store: SqlStore):
    def fill(tx: SqlTransaction) -> tuple[bool, ...]:
        return (
            tx.groups.attach(MEMBER, "guests", MIA, USER),
            tx.groups.attach(MEMBER, "guests", "partners", GROUP),
            tx.groups.attach(MEMBER, "guests", "sp-object", PRINCIPAL),
            tx.groups.attach(MEMBER, "guests", MIA, USER),
            tx.groups.attach(OWNER, "guests", ADMIN, USER),
        )

    assert store.write(CONTOSO, fill) == (True, True, True, False, True)
    with store.read(CONTOSO) as tx:
        by_name = (Order("display_name"),)
        page = tx.groups.objects(MEMBER, "guests", Query(order=by_name, limit=2, count=True))
        assert (page.items[0], page.total) == (user(), 3)
        rest = tx.groups.objects(MEMBER, "guests", Query(order=by_name, limit=2, after=page.next))
        assert [*_ids(page), *_ids(rest)] == [MIA, "sp-object", "partners"]
        named = Query(Text("display_name", "startsWith", "ord"))
        assert tx.groups.objects(MEMBER, "guests", named).items == (principal(),)
        people = Query(Compare("user_type", "eq", "Guest"), count=True)
        assert tx.groups.objects(MEMBER, "guests", people, kind=USER).total == 1
        assert _ids(tx.groups.objects(MEMBER, "guests", Query(), kind=GROUP)) == ["partners"]
        assert _ids(tx.groups.objects(MEMBER, "guests", Query(), kind=PRINCIPAL)) == ["sp-object"]
        assert _ids(tx.groups.objects(OWNER, "guests", Query())) == [ADMIN]
        assert tx.groups.is_linked(OWNER, "guests", ADMIN)
        assert not tx.groups.is_linked(OWNER, "guests", MIA)
    assert store.write(CONTOSO, lambda tx: tx.groups.detach(MEMBER, "guests", MIA)) is True
    assert store.write(CONTOSO, lambda tx: tx.groups.detach(MEMBER, "guests", MIA)) is False


def test_a_deleted_user_is_no_member_until_restored_and_a_removed_one_leaves_nothing(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.groups.attach(MEMBER, "guests", MIA, USER))
    store.write(CONTOSO, lambda tx: tx.groups.attach(OWNER, "guests", MIA, USER))
    store.write(CONTOSO, lambda tx: tx.users.replace(replace(user(), deleted_at=NOW)))
    with store.read(CONTOSO) as tx:
        assert tx.groups.objects(MEMBER, "guests", Query()).items == ()
        assert tx.groups.objects(MEMBER, "guests", Query(), kind=USER).items == ()
    store.write(CONTOSO, lambda tx: tx.users.replace(user()))
    with store.read(CONTOSO) as tx:
        assert _ids(tx.groups.objects(MEMBER, "guests", Query())) == [MIA]
    store.write(CONTOSO, lambda tx: tx.users.remove(MIA))
    with store.read(CONTOSO) as tx:
        assert not tx.groups.is_linked(MEMBER, "guests", MIA)
        assert not tx.groups.is_linked(OWNER, "guests", MIA)


def test_a_removed_group_leaves_no_membership_and_no_assignment(store: SqlStore):
    def fill(tx: SqlTransaction) -> None:
        tx.groups.attach(MEMBER, "partners", "guests", GROUP)
        tx.groups.attach(MEMBER, "guests", MIA, USER)
        tx.applications.add_assignment(assignment(principal_id="guests", principal_type="Group"))

    store.write(CONTOSO, fill)
    store.write(CONTOSO, lambda tx: tx.groups.remove("guests"))
    with store.read(CONTOSO) as tx:
        assert tx.groups.objects(MEMBER, "partners", Query()).items == ()
        assert tx.groups.ids_containing(MIA) == ()
        assert tx.applications.assignments_to("sp-object") == ()


def test_a_removed_service_principal_is_a_member_no_more(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.groups.attach(MEMBER, "guests", "sp-object", PRINCIPAL))
    store.write(CONTOSO, lambda tx: tx.applications.remove_service_principal("sp-object"))
    with store.read(CONTOSO) as tx:
        assert not tx.groups.is_linked(MEMBER, "guests", "sp-object")


def test_assignments_reach_direct_members_of_security_groups_alone(store: SqlStore):
    def fill(tx: SqlTransaction) -> None:
        tx.groups.add(group("outer"))
        tx.groups.attach(MEMBER, "guests", MIA, USER)
        tx.groups.attach(MEMBER, "outer", "guests", GROUP)
        tx.groups.attach(MEMBER, "partners", MIA, USER)
        for number, holder in enumerate(("outer", "partners")):
            given = assignment(f"as-{number}", principal_id=holder, principal_type="Group")
            tx.applications.add_assignment(given)

    store.write(CONTOSO, fill)
    with store.read(CONTOSO) as tx:
        assert tx.applications.assignments_held(MIA) == ()
        assert tx.groups.assigned_containing(MIA, "sp-object") == ()
    given = assignment("as-9", principal_id="guests", principal_type="Group")
    store.write(CONTOSO, lambda tx: tx.applications.add_assignment(given))
    store.write(CONTOSO, lambda tx: tx.applications.add_assignment(assignment("as-8")))
    with store.read(CONTOSO) as tx:
        assert {held.id for held in tx.applications.assignments_held(MIA)} == {"as-8", "as-9"}
        assert [held.id for held in tx.applications.assignments_of(MIA)] == ["as-8"]
        assert tx.groups.assigned_containing(MIA, "sp-object") == (group("guests"),)
        assert tx.groups.assigned_containing(MIA, "other") == ()


def test_groups_that_hide_their_members_can_be_left_out(store: SqlStore):
    store.write(CONTOSO, lambda tx: tx.groups.add(group("secret", visibility="HiddenMembership")))
    for group_id in ("guests", "secret"):
        store.write(CONTOSO, lambda tx, key=group_id: tx.groups.attach(MEMBER, key, MIA, USER))
    with store.read(CONTOSO) as tx:
        assert _ids(tx.groups.containing(MIA, Query())) == ["guests", "secret"]
        assert _ids(tx.groups.containing(MIA, Query(), show_hidden=False)) == ["guests"]
