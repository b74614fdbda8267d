"""App registrations and enterprise apps: every screen, each success beside its refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.support.pictures import png
from tests.ui.portal.office import Desktop, Office
from xenia.core.actor import system_actor
from xenia.core.directory.application import Application, ServicePrincipal
from xenia.usecases.applications.manage_applications import NewApplication, register_application
from xenia.usecases.tokens.authenticate_client import client_secret_hash

ROLE_INVITE = "09850681-111b-4a89-9bed-3f2cae46d706:Role"
SCOPE_READ = "e1fe6dd8-ba31-4d61-89e7-88639da4683d:Scope"


def _app(office: Office) -> Application:
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        found = tx.applications.find(office.platform.app.id)
    assert found is not None
    return found


def _principal(office: Office) -> ServicePrincipal:
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        found = tx.applications.service_principal(office.platform.app.app_id)
    assert found is not None
    return found


def _at(office: Office, section: str = "", name: str = "admin") -> Desktop:
    desktop = office.sit(name)
    desktop.open(f"app-registrations/{office.platform.app.id}{section}")
    return desktop


def test_register_list_and_own(office: Office) -> None:
    desktop = office.sit("appadmin")
    desktop.open("app-registrations/new")
    page = desktop.send(
        "/new", {"display_name": "Invoices", "platform": "spa", "redirect_uri": "https://invoices.example/"}
    )
    assert "The app was registered." in page.text
    for label in ("Application (client) ID", "Object ID", "Directory (tenant) ID"):
        assert f"Copy {label}" in page.source
    owned = desktop.open("app-registrations?show=owned")
    assert "Invoices" in owned.text
    assert "Orders" not in owned.text
    assert "Orders" in desktop.open("app-registrations").text
    assert "Orders" in desktop.open(f"app-registrations?q={office.platform.app.app_id[:8]}").text


def test_registering_keeps_what_was_typed_when_refused(office: Office) -> None:
    desktop = office.sit()
    desktop.open("app-registrations/new")
    page = desktop.send("/new", {"display_name": "Invoices", "redirect_uri": "http://invoices.example/"})
    assert page.status == 422
    assert "Use https" in page.text
    assert 'value="Invoices"' in page.source
    assert desktop.send("/new", {"display_name": " ", "redirect_uri": ""}).status == 422


def test_registering_may_be_closed_to_members(office: Office) -> None:
    office.platform.policies(members_may_register_apps=False)
    desktop = office.sit("inviter")
    page = desktop.open("app-registrations/new")
    assert "You need Cloud Application Administrator" in page.text
    refused = desktop.post("app-registrations/new", [*desktop.fields("/sign-out"), ("display_name", "X")])
    assert refused.status == 403


def test_try_in_tester_names_this_app_and_tenant(office: Office) -> None:
    page = _at(office).page
    link = next(href for label, href in page.links if label == "Try in tester")
    assert link.startswith("/tester/?requesttype=OpenIdConnect&scope=openid+profile&responsetype=id_token")
    assert "additionalparameters=prompt%3Dlogin" in link
    assert f"tenant=contoso.onxenia.localhost&clientid={office.platform.app.app_id}" in link


def test_authentication_is_saved_as_one_page(office: Office) -> None:
    desktop = _at(office, "/authentication")
    page = desktop.send(
        "/authentication",
        {
            "web": "https://orders.example/signed-in\nhttps://orders.example/other",
            "logout_url": "https://orders.example/out",
        },
    )
    assert "Saved." in page.text
    app = _app(office)
    assert app.redirect_uri("https://orders.example/other") is not None
    assert app.redirect_uri("http://localhost:5000/cb") is not None
    assert (app.logout_url, app.id_token_issuance) == ("https://orders.example/out", True)


@pytest.mark.parametrize(
    ("uris", "sentence"),
    [
        ("https://*.orders.example/", "wildcards"),
        ("http://orders.example/", "Use https"),
        ("https://spa.example/", "two platforms"),
        ("https://orders.example/#x", "fragment"),
        ("nonsense", "absolute URI"),
    ],
)
def test_bad_redirect_uris_are_named_and_nothing_is_saved(office: Office, uris: str, sentence: str) -> None:
    before = _app(office)
    desktop = _at(office, "/authentication")
    page = desktop.send("/authentication", {"web": uris})
    assert page.status == 422
    assert sentence in page.text
    assert uris in page.source
    assert _app(office) == before


def test_stale_authentication_shows_both_and_saves_on_the_second_try(office: Office) -> None:
    first, second = _at(office, "/authentication"), _at(office, "/authentication", "appadmin")
    second.send("/authentication", {"web": "https://second.example/"})
    stale = first.send("/authentication", {"web": "https://first.example/"})
    assert stale.status == 409
    assert "https://second.example/" in stale.text
    assert "https://first.example/" in stale.source
    assert "Saved." in first.send("/authentication").text
    assert _app(office).redirect_uri("https://first.example/") is not None


def test_testers_addresses_are_one_click_away(office: Office) -> None:
    desktop = _at(office, "/authentication")
    assert "was added" in desktop.send("/add/tester").text
    assert "was added" in desktop.send("/add/authr").text
    app = _app(office)
    assert app.redirect_uri("https://login.test/tester/") is not None
    assert app.redirect_uri("https://authr.dev/") is not None
    assert not desktop.has_form("/add/tester")
    token = desktop.fields("/sign-out")
    assert desktop.post(f"app-registrations/{app.id}/authentication/add/evil", token).status == 404


def test_secret_is_shown_once_and_kept_as_a_hash(office: Office) -> None:
    desktop = _at(office, "/secrets")
    page = desktop.send("/secrets", {"display_name": "Deployment", "lifetime": "90"})
    assert "shown only this once" in page.text
    value = page.source.partition('id="secret-value" type="text" value="')[2].partition('"')[0]
    assert len(value) == 40
    again = desktop.open(f"app-registrations/{office.platform.app.id}/secrets")
    assert value not in again.source
    assert "Deployment" in again.text
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        (secret,) = tx.applications.secrets(office.platform.app.id)
    assert secret.secret_hash == client_secret_hash(office.platform.ports, office.platform.app.id, value)
    assert secret.ends_at - secret.starts_at == timedelta(days=90)
    assert "was deleted" in desktop.send("/secrets/delete").text
    assert (
        desktop.post(
            f"app-registrations/{office.platform.app.id}/secrets/delete", desktop.fields("/sign-out")
        ).status
        == 404
    )


def test_secrets_beyond_two_years_or_in_the_past_are_refused(office: Office) -> None:
    desktop = _at(office, "/secrets")
    for day in ("2030-01-01", "2026-06-01", "soon"):
        page = desktop.send("/secrets", {"lifetime": "custom", "ends_on": day})
        assert page.status == 422
    page = desktop.send("/secrets", {"lifetime": "custom", "ends_on": "2026-12-31"})
    assert "shown only this once" in page.text


def _certificate(ends: datetime) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "orders")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2025, 1, 1, tzinfo=UTC))
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(Encoding.PEM).decode()


def test_certificate_is_read_listed_and_removed(office: Office) -> None:
    desktop = _at(office, "/secrets")
    pem = _certificate(datetime(2027, 1, 1, tzinfo=UTC))
    assert "The certificate was added." in desktop.send("/certificates", {"pem": pem}).text
    assert desktop.send("/certificates", {"pem": pem}).status == 422
    assert desktop.send("/certificates", {"pem": "not a certificate"}).status == 422
    assert (
        desktop.send("/certificates", {"pem": _certificate(datetime(2026, 1, 1, tzinfo=UTC))}).status == 422
    )
    assert "was deleted" in desktop.send("/certificates/delete").text


def test_app_may_send_invitations_after_consent(office: Office) -> None:
    desktop = _at(office, "/api-permissions")
    page = desktop.send("/api-permissions", {"permission": [ROLE_INVITE, SCOPE_READ]})
    assert "User.Invite.All" in page.text
    assert "Not granted for Contoso" in page.text
    assert (
        "User.Invite.All"
        in desktop.open(f"app-registrations/{office.platform.app.id}/api-permissions/consent").text
    )
    granted = desktop.send("/consent")
    assert "Granted for Contoso" in granted.text
    assert "Not granted" not in granted.text
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        principal = _principal(office)
        assert [each.app_role_id for each in tx.applications.assignments_of(principal.id)] == [
            ROLE_INVITE[:36]
        ]
        assert [grant.scopes for grant in tx.applications.grants_of(principal.id)] == [("User.Read",)]


def test_application_permissions_of_graph_take_a_global_administrator(office: Office) -> None:
    desktop = _at(office, "/api-permissions", "appadmin")
    desktop.send("/api-permissions", {"permission": [ROLE_INVITE]})
    desktop.open(f"app-registrations/{office.platform.app.id}/api-permissions/consent")
    refused = desktop.send("/consent")
    assert refused.status == 403
    assert "You need Global Administrator" in refused.text
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        assert tx.applications.assignments_of(_principal(office).id) == ()


def test_unknown_permission_and_stale_list_are_refused(office: Office) -> None:
    desktop = _at(office, "/api-permissions")
    assert (
        desktop.send("/api-permissions", {"permission": "11111111-1111-4111-8111-111111111111:Role"}).status
        == 422
    )
    other = _at(office, "/api-permissions")
    other.send("/api-permissions", {"permission": SCOPE_READ})
    desktop.open(f"app-registrations/{office.platform.app.id}/api-permissions")
    fields = [
        (name, "0" if name == "version" else value) for name, value in desktop.fields("/api-permissions")
    ]
    assert desktop.post(f"app-registrations/{office.platform.app.id}/api-permissions", fields).status == 409


@pytest.mark.parametrize(
    "path",
    ["branding", "authentication", "authentication/add/tester", "secrets", "certificates", "api-permissions"],
)
def test_readers_see_and_cannot_change(office: Office, path: str) -> None:
    before = _app(office)
    desktop = _at(office, "/" + path.partition("/")[0].replace("certificates", "secrets"), "reader")
    assert desktop.page.status == 200
    assert "You need Cloud Application Administrator to change this." in desktop.page.text
    token = [
        *desktop.fields("/sign-out"),
        ("display_name", "X"),
        ("version", "0"),
        ("pem", _certificate(datetime(2027, 1, 1, tzinfo=UTC))),
    ]
    refused = desktop.post(f"app-registrations/{before.id}/{path}", token)
    assert refused.status == 403
    assert _app(office) == before


def test_owner_changes_the_own_app_without_a_role_for_it(office: Office) -> None:
    desktop = office.sit("inviter")
    desktop.open("app-registrations/new")
    page = desktop.send("/new", {"display_name": "Mine"})
    desktop.open(urlsplit(page.url).path + "/branding")
    assert "Saved." in desktop.send("/branding", display_name="Still mine").text


def test_app_of_another_tenant_is_not_there(office: Office) -> None:
    ports = office.platform.ports
    operator = system_actor(office.other.id, ports.entropy.guid())
    foreign = register_application(ports, operator, NewApplication("Foreign"))
    desktop = office.sit()
    desktop.open()
    token = desktop.fields("/sign-out")
    for section in ("", "/branding", "/authentication", "/secrets", "/api-permissions", "/delete"):
        assert desktop.open(f"app-registrations/{foreign.application.id}{section}").status == 404
    for section in (
        "branding",
        "authentication",
        "secrets",
        "secrets/delete",
        "certificates",
        "api-permissions",
        "delete",
    ):
        assert desktop.post(f"app-registrations/{foreign.application.id}/{section}", token).status == 404
    assert desktop.open(f"enterprise-apps/{foreign.principal.id}").status == 404
    assert desktop.post(f"enterprise-apps/{foreign.principal.id}/properties", token).status == 404


def test_deleting_wants_the_name(office: Office) -> None:
    desktop = _at(office, "/delete")
    assert "was deleted" in desktop.send("/delete").text
    assert desktop.open(f"enterprise-apps/{_id_of_deleted(office)}").status == 404


def _id_of_deleted(office: Office) -> str:
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        assert tx.applications.service_principal(office.platform.app.app_id) is None
    return office.platform.app.id


def test_enterprise_app_switches_and_assignments(office: Office) -> None:
    principal = _principal(office)
    desktop = office.sit("appadmin")
    desktop.open(f"enterprise-apps/{principal.id}/properties")
    assert "Saved." in desktop.send("/properties", assignment_required="yes").text
    assert _principal(office).assignment_required
    desktop.open(f"enterprise-apps/{principal.id}/users-and-groups")
    unknown = desktop.send("/users-and-groups", user="nobody@nowhere.example")
    assert unknown.status == 422
    assigned = desktop.send("/users-and-groups", user=office.people["member"].user_principal_name)
    assert "The assignment was added." in assigned.text
    assert "Member" in assigned.text
    assert desktop.send("/users-and-groups", user=office.people["member"].id).status == 422
    desktop.open(f"enterprise-apps/{principal.id}/users-and-groups")
    assert "The assignment was removed." in desktop.send("/users-and-groups/remove").text


def test_shipped_apps_cannot_be_switched_off(office: Office) -> None:
    desktop = office.sit()
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        shipped = tx.applications.service_principal("78656e69-6100-4000-8000-000000000001")
    assert shipped is not None
    page = desktop.open(f"enterprise-apps/{shipped.id}")
    assert "ships with the server" in page.text
    refused = desktop.post(f"enterprise-apps/{shipped.id}/properties", desktop.fields("/sign-out"))
    assert refused.status == 422


def test_readers_cannot_assign(office: Office) -> None:
    principal = _principal(office)
    desktop = office.sit("reader")
    desktop.open(f"enterprise-apps/{principal.id}/users-and-groups")
    fields = [*desktop.fields("/sign-out"), ("user", office.people["member"].id)]
    assert desktop.post(f"enterprise-apps/{principal.id}/users-and-groups", fields).status == 403
    assert (
        desktop.post(f"enterprise-apps/{principal.id}/properties", desktop.fields("/sign-out")).status == 403
    )


def test_a_logo_is_uploaded_shown_and_removed(office: Office) -> None:
    here = f"app-registrations/{office.platform.app.id}/branding"
    desktop = office.sit("appadmin")
    desktop.open(here)
    assert desktop.upload("/logo", {}).status == 422
    refused = desktop.upload("/logo", {"logo": b"<svg onload='alert(1)'/>"})
    assert (refused.status, "This is no PNG or JPEG picture." in refused.text) == (422, True)
    shown = desktop.upload("/logo", {"logo": png()})
    assert "Saved." in shown.text
    address = f"/{office.platform.tenant.id}/signin/app-logo/{office.platform.app.id}?v="
    assert f'src="{address}' in shown.source
    reader = office.sit("reader")
    page = reader.open(here)
    assert f'src="{address}' in page.source
    assert not reader.has_form("/logo")
    fields = [("form_token", dict(reader.fields("/sign-out"))["form_token"]), ("remove", "yes")]
    assert reader.post(here.replace("branding", "logo"), fields).status == 403
    desktop.open(here)
    assert address not in desktop.send("/logo", remove="yes").source
