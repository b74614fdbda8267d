"""Getting into the portal, being turned away, getting out, and the pages before the door."""

from __future__ import annotations

from pathlib import Path

from tests.support.walker import Walker
from tests.ui.portal.office import PASSWORD, Office, open_office
from xenia.ui.portal.search import PAGES


def test_start_page_and_chooser_lead_to_the_portal(office: Office) -> None:
    walker = office.platform.walker()
    start = walker.open("/")
    assert {"Portal", "Tester", "Mailbox", "Labs"} <= {label for label, _ in start.links}
    chooser = walker.open("/admin")
    assert "/admin/contoso.onxenia.localhost" in chooser.source
    assert "platform.invalid" not in chooser.source


def test_production_asks_for_the_organization_and_lists_none(tmp_path: Path) -> None:
    with open_office(tmp_path, tools=False) as office:
        walker = office.platform.walker()
        assert "Contoso" not in walker.open("/admin").text
        assert walker.open("/admin?organization=nowhere.example").status == 404
        found = walker.send("GET", "/admin?organization=CONTOSO")
        assert found.header("Location") == office.root


def test_password_and_authenticator_open_the_page_asked_for(office: Office) -> None:
    office.platform.policies(security_defaults=False)
    walker = office.platform.walker()
    walker.open("/admin/contoso/users")
    walker.submit("/identify", login=office.people["admin"].user_principal_name)
    walker.submit("/password", password=PASSWORD)
    page = walker.page
    assert page is not None
    if page.has_form("/stay"):
        page = walker.submit("/stay", button="No")
    assert page.url.endswith("/admin/contoso/users"), page.text
    assert page.status == 200


def test_session_of_one_tenant_opens_no_other(office: Office) -> None:
    desktop = office.sit()
    response = desktop.walker.send("GET", f"/admin/{office.other.initial_domain}/users")
    assert response.status == 302
    assert f"/{office.other.id}/oauth2/v2.0/authorize" in (response.header("Location") or "")


def test_tenants_are_found_by_every_name_and_the_platform_by_none(office: Office) -> None:
    desktop = office.sit()
    for name in ("contoso", office.platform.tenant.id, "CONTOSO.onxenia.localhost"):
        assert desktop.open(f"/admin/{name}").status == 200
    for name in ("platform.invalid", "nobody", "78656e69-6100-4000-8000-0000000000ff"):
        assert desktop.open(f"/admin/{name}").status == 404


def test_member_without_role_is_turned_away_kindly(office: Office) -> None:
    page = office.sit("member").open()
    assert page.status == 403
    assert {"Open My Apps", "Use a different account"} <= {label for label, _ in page.links}


def test_guest_is_turned_away_kindly(office: Office) -> None:
    office.people["guest"] = office.platform.invite().user
    page = office.sit("guest").open("users")
    assert page.status == 403
    assert "as a guest" in page.text
    assert f"/myapps?tenantId={office.platform.tenant.id}" in page.source
    assert "Nikos Pappas" not in page.text


def test_search_knows_pages_by_old_and_new_names_and_else_looks_for_people(office: Office) -> None:
    desktop = office.sit()
    for words, path in (
        ("Invite guest user", "/users/invite"),
        ("enterprise  applications", "/enterprise-apps"),
        ("nikos", "/users?q=nikos"),
    ):
        desktop.open()
        desktop.walker.page = desktop.page
        assert desktop.walker.submit("/search", q=words).url.endswith(path)


def test_every_page_the_search_names_is_there(office: Office) -> None:
    desktop = office.sit()
    for path in sorted({*PAGES.values()}):
        assert desktop.open(path).status == 200, path


def test_other_account_goes_through_the_account_picker(office: Office) -> None:
    response = office.sit("member").walker.send("GET", f"{office.root}/sign-in")
    assert "prompt=select_account" in (response.header("Location") or "")


def test_answer_without_its_round_trip_opens_nothing(office: Office) -> None:
    response = office.platform.walker().send("GET", "/admin/signed-in?code=stolen&state=x")
    assert response.header("Location") == "/admin"
    assert response.header("Set-Cookie") is None


def test_sign_out_ends_the_session_here_and_on_the_server(office: Office) -> None:
    desktop = office.sit()
    desktop.open()
    kept = dict(desktop.walker.cookies)
    assert desktop.send("/sign-out").text.count("signed out") == 1
    desktop.walker.cookies = kept
    assert desktop.walker.send("GET", office.root).status == 302


def test_sign_out_wants_a_form_of_this_session(office: Office) -> None:
    desktop = office.sit()
    desktop.open()
    assert desktop.post("sign-out", [("form_token", "1.AAAA.AAAA")]).status == 403
    fields = office.sit()
    fields.open()
    foreign = fields.fields("/sign-out")
    assert desktop.post("sign-out", foreign).status == 403
    desktop.open()
    assert desktop.post("sign-out", desktop.fields("/sign-out"), origin="https://evil.example").status == 403


def test_workshop_opens_a_tenant_in_one_field_and_shows_the_password_once(office: Office) -> None:
    walker = Walker(office.platform.router, base="https://localhost:8443", address="127.0.0.1")
    walker.open("/admin/new-tenant")
    page = walker.submit("/new-tenant", name="Northwind Traders")
    assert "northwind-traders.onxenia.localhost" in page.text
    assert "admin@northwind-traders.onxenia.localhost" in page.source
    assert "Northwind Traders is ready" not in walker.open("/admin/new-tenant/done").text
    walker.open("/admin/new-tenant")
    again = walker.submit("/new-tenant", name="Northwind Traders")
    assert again.status == 422
    assert "is taken" in again.text


def test_nobody_elsewhere_opens_tenants(office: Office) -> None:
    far = Walker(office.platform.router, base="https://localhost:8443", address="192.0.2.1")
    assert far.open("/admin/new-tenant").status == 403
    assert far.send("POST", "/admin/new-tenant", form={"name": "X"}).status == 403
