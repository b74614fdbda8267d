"""People without a directory role who own apps: they open the portal for these, and for nothing else."""

from __future__ import annotations

import pytest

from tests.support.platform import PASSWORD
from tests.ui.portal.office import Desktop, Office
from xenia.core.directory.tenant import GuestAccess
from xenia.core.directory.user import User
from xenia.usecases.applications.application_owners import add_owner, add_principal_owner
from xenia.usecases.applications.manage_applications import NewApplication, register_application
from xenia.usecases.users.manage_users import NewMember, create_member

MADE_UP = "78656e69-6100-4000-8000-0000000000ee"


def principal_id(office: Office, app_id: str | None = None) -> str:
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        found = tx.applications.service_principal(app_id or office.platform.app.app_id)
    assert found is not None
    return found.id


def owning(office: Office, name: str = "member") -> Desktop:
    """Somebody without a role who owns the app Orders in both its shapes, at the portal."""
    ports, actor, person = office.platform.ports, office.platform.actor(), office.people[name].id
    add_owner(ports, actor, office.platform.app.id, person)
    add_principal_owner(ports, actor, principal_id(office), person)
    return office.sit(name)


def others_app(office: Office) -> tuple[str, str]:
    """An app that somebody else owns: its registration and its enterprise app."""
    made = register_application(office.platform.ports, office.platform.actor(), NewApplication("Payroll"))
    return made.application.id, made.principal.id


@pytest.fixture
def guest(office: Office) -> User:
    office.people["guest"] = office.platform.invite().user
    return office.people["guest"]


def test_an_owner_begins_at_their_apps_and_sees_no_others(office: Office) -> None:
    registration, enterprise = others_app(office)
    desktop = owning(office)
    page = desktop.open()
    assert page.status == 200
    assert page.url.endswith("/app-registrations")
    assert "Orders" in page.text
    assert "Payroll" not in page.text
    assert "Payroll" not in desktop.open("app-registrations?show=all").text
    listed = desktop.open("enterprise-apps")
    assert "Orders" in listed.text
    assert "Payroll" not in listed.text
    assert "Search this directory" not in listed.text
    assert "/users" not in {url.removeprefix(office.root) for _, url in listed.links}
    for path in (f"app-registrations/{registration}", f"enterprise-apps/{enterprise}/properties"):
        theirs, nobodys = desktop.open(path), desktop.open(path.replace(path.split("/")[1], MADE_UP))
        assert (theirs.status, nobodys.status) == (403, 403)
        assert "This is not your app" in theirs.text
        assert theirs.text == nobodys.text


SECTIONS = (
    *("", "/branding", "/authentication", "/secrets", "/federated-credentials", "/token-configuration"),
    *("/api-permissions", "/expose-api", "/app-roles", "/owners", "/manifest"),
)


def test_every_section_of_their_app_is_open_to_an_owner(office: Office) -> None:
    desktop = owning(office)
    for section in SECTIONS:
        page = desktop.open(f"app-registrations/{office.platform.app.id}{section}")
        assert page.status == 200, section
        if section != "/api-permissions":
            assert "You need" not in page.text, section
    assert "Token signing" not in desktop.open(f"enterprise-apps/{principal_id(office)}").text
    for section in ("", "/properties", "/owners", "/users-and-groups", "/permissions"):
        assert desktop.open(f"enterprise-apps/{principal_id(office)}{section}").status == 200, section


def test_an_owner_changes_their_app_and_nobody_elses(office: Office) -> None:
    registration, enterprise = others_app(office)
    desktop = owning(office)
    here = f"app-registrations/{office.platform.app.id}/branding"
    desktop.open(here)
    assert "Saved." in desktop.send("/branding", {"display_name": "Orders of mine"}).text
    desktop.open(here)
    fields = desktop.fields("/branding")
    assert desktop.post(f"app-registrations/{registration}/branding", fields).status == 403
    there = f"enterprise-apps/{principal_id(office)}"
    desktop.open(f"{there}/properties")
    assert "Saved." in desktop.send("/properties", {"assignment_required": "yes"}).text
    desktop.open(f"{there}/users-and-groups")
    fields = desktop.fields("/users-and-groups")
    named = {"user": office.people["reader"].user_principal_name}
    assert "Reader" in desktop.send("/users-and-groups", named).text
    for section in ("properties", "users-and-groups", "owners"):
        assert desktop.post(f"enterprise-apps/{enterprise}/{section}", fields).status == 403
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        theirs = tx.applications.find(registration)
        assert theirs is not None
        assert theirs.display_name == "Payroll"
        assert tx.applications.assignments_to(enterprise) == ()


@pytest.mark.parametrize(
    "path",
    [
        *("users", "users/invite", "users/new", "groups", "properties", "security-defaults", "sign-in-logs"),
        *("audit-logs", "mail", "search?q=users", "app-registrations/deleted", "consent-and-permissions"),
        *("external-identities", "external-identities/user-flows", "admin-consent-requests"),
    ],
)
def test_everything_else_says_kindly_that_it_needs_a_role(office: Office, path: str) -> None:
    page = owning(office).open(path)
    assert page.status == 403
    assert "This page needs a role" in page.text
    assert "Go to your app registrations" in {label for label, _ in page.links}
    assert "Nikos Pappas" not in page.text


def test_an_owner_grants_no_consent(office: Office) -> None:
    desktop = owning(office)
    desktop.open(f"app-registrations/{office.platform.app.id}/owners")
    token = [("form_token", dict(desktop.fields("/owners"))["form_token"])]
    assert (
        desktop.post(f"app-registrations/{office.platform.app.id}/api-permissions/consent", token).status
        == 403
    )
    here = f"enterprise-apps/{principal_id(office)}"
    assert "Grant admin consent" not in desktop.open(f"{here}/permissions").text
    for action in ("permissions/consent", "permissions/revoke", "delete"):
        assert desktop.post(f"{here}/{action}", token).status == 403


def test_a_guest_who_owns_an_app_learns_nothing_beyond_the_guest_access_level(
    office: Office, guest: User
) -> None:
    hidden = office.people["reader"]
    desktop = owning(office, "guest")
    here = f"app-registrations/{office.platform.app.id}/owners"
    office.platform.policies(guest_access=GuestAccess.RESTRICTED)
    assert "Nikos Pappas" not in desktop.open(here).text
    for named in (hidden.user_principal_name, hidden.id, "nobody@nowhere.example"):
        refused = desktop.send("/owners", {"owner": named})
        assert refused.status == 422
        assert "There is no single user" in refused.text
        desktop.open(here)
    assigned = f"enterprise-apps/{principal_id(office)}/users-and-groups"
    office.platform.policies(guest_access=GuestAccess.SAME_AS_MEMBERS)
    desktop.open(assigned)
    assert "Reader" in desktop.send("/users-and-groups", {"user": hidden.user_principal_name}).text
    office.platform.policies(guest_access=GuestAccess.RESTRICTED)
    page = desktop.open(assigned)
    assert page.status == 200
    assert hidden.user_principal_name not in page.source
    assert "Reader" not in page.text
    assert office.people["admin"].display_name not in desktop.open(
        f"enterprise-apps/{principal_id(office)}/permissions"
    ).text.replace(guest.display_name, "")


def test_without_ownership_the_door_is_closed_again(office: Office, guest: User) -> None:
    assert office.sit("guest").open().status == 403
    desktop = owning(office, "guest")
    assert desktop.open().status == 200
    for path in (f"app-registrations/{office.platform.app.id}", f"enterprise-apps/{principal_id(office)}"):
        administrator = office.sit("appadmin")
        administrator.open(f"{path}/owners")
        assert "The owner was removed." in administrator.send("/owners/remove", {"owner": guest.id}).text
    page = desktop.open("app-registrations")
    assert page.status == 403
    assert "Open My Apps" in {label for label, _ in page.links}


def test_owners_of_enterprise_apps_come_and_go(office: Office) -> None:
    here = f"enterprise-apps/{principal_id(office)}/owners"
    desktop = office.sit("appadmin")
    desktop.open(here)
    assert desktop.send("/owners", {"owner": "nobody@nowhere.example"}).status == 422
    inviter = office.people["inviter"]
    added = desktop.send("/owners", {"owner": inviter.user_principal_name})
    assert "The owner was added." in added.text
    assert "Inviter" in desktop.open(f"enterprise-apps/{principal_id(office)}").text
    own = office.sit("inviter")
    own.open(f"enterprise-apps/{principal_id(office)}/properties")
    assert "Saved." in own.send("/properties", {"visible_to_users": "no"}).text
    own.open(here)
    last = own.send("/owners/remove", {"owner": inviter.id})
    assert last.status == 422
    assert "You are the last owner" in last.text
    desktop.open(here)
    assert "The owner was removed." in desktop.send("/owners/remove", {"owner": inviter.id}).text
    assert own.open(here).status == 200
    assert not own.has_form("/owners")
    assert "Add owner to service principal" in office.sit().open("audit-logs").text


def test_apps_that_ship_with_the_server_get_no_owners(office: Office) -> None:
    from xenia.core.directory.application import GRAPH_APP_ID

    desktop = office.sit()
    page = desktop.open(f"enterprise-apps/{principal_id(office, GRAPH_APP_ID)}/owners")
    assert "has no owners" in page.text
    token = [("form_token", dict(desktop.fields("/sign-out"))["form_token"])]
    fields = [*token, ("owner", office.people["admin"].user_principal_name)]
    assert desktop.post(f"enterprise-apps/{principal_id(office, GRAPH_APP_ID)}/owners", fields).status == 422


def test_a_member_who_registers_an_app_owns_both_of_it(office: Office) -> None:
    ports, actor = office.platform.ports, office.platform.actor()
    order = NewMember(f"dana@{office.platform.tenant.initial_domain}", "Dana", password=PASSWORD)
    office.people["dana"] = create_member(ports, actor, order).user
    desktop = owning(office, "dana")
    office.platform.policies(members_may_register_apps=True)
    desktop.open("app-registrations/new")
    made = desktop.send("/app-registrations/new", {"display_name": "Timesheets"})
    assert "Timesheets" in made.text
    assert "Timesheets" in desktop.open("enterprise-apps").text
    office.platform.policies(members_may_register_apps=False)
    assert (
        desktop.post("app-registrations/new", [*desktop.fields("/sign-out"), ("display_name", "More")]).status
        == 403
    )
