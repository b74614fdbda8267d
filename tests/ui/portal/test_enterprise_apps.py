"""Enterprise apps: permissions of both kinds, granting and revoking, apps of others, and the consent settings."""

from __future__ import annotations

from datetime import timedelta

from tests.ui.portal.office import Office
from xenia.core.consent_request import ConsentAsker, ConsentRequest
from xenia.core.directory.application import (
    GRAPH_APP_ID,
    Application,
    Audience,
    DelegatedGrant,
    RequiredResourceAccess,
    ServicePrincipal,
)
from xenia.core.directory.tenant import TenantPolicies, UserConsent
from xenia.ports import Transaction
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant

USER_READ = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
INVITE_ROLE = "09850681-111b-4a89-9bed-3f2cae46d706"


def foreign(office: Office, name: str = "Planner") -> ServicePrincipal:
    """An app of Tailspin that somebody here consented to."""
    ports, tenant = office.platform.ports, office.platform.tenant
    owner = create_tenant(ports, None, NewTenant("Tailspin", "tailspin"))
    access = ((USER_READ, "Scope"), (INVITE_ROLE, "Role"))
    app = Application(
        ports.entropy.guid(),
        owner.id,
        ports.entropy.guid(),
        name,
        ports.clock.now(),
        audience=Audience.MULTIPLE,
        required_resource_access=(RequiredResourceAccess(GRAPH_APP_ID, access),),
    )
    ports.store.write(owner.id, lambda tx: tx.applications.add(app))
    here = ServicePrincipal(ports.entropy.guid(), tenant.id, app.app_id, name, owner.id, ports.clock.now())
    grant_id = ports.entropy.guid()

    def work(tx: Transaction) -> None:
        graph = tx.applications.service_principal(GRAPH_APP_ID)
        assert graph is not None
        tx.applications.add_service_principal(here)
        user = office.platform.admin.id
        tx.applications.put_grant(
            DelegatedGrant(grant_id, here.id, "Principal", user, graph.id, ("openid", "User.Read"))
        )

    ports.store.write(tenant.id, work)
    return here


def policies(office: Office) -> TenantPolicies:
    with office.platform.ports.store.read(None) as tx:
        return tx.tenants.policies(office.platform.tenant.id)


def test_permissions_are_granted_and_revoked_one_by_one(office: Office) -> None:
    app = foreign(office)
    desktop = office.sit("admin")
    assert "show up here" in desktop.open(f"enterprise-apps/{app.id}/permissions").text
    desktop.open(f"enterprise-apps/{app.id}/permissions/consent")
    page = desktop.send("/consent")
    assert "Admin consent granted." in page.text
    assert "User.Invite.All" in page.text
    assert "User.Read" in page.text
    desktop.open(f"enterprise-apps/{app.id}/permissions?show=user")
    assert "openid" in desktop.page.text
    page = desktop.send("/revoke")
    assert "The permission was revoked." in page.text
    assert "User.Read" not in desktop.open(f"enterprise-apps/{app.id}/permissions?show=user").text.replace(
        "User.Read.All", ""
    )


def test_a_lesser_administrator_grants_no_graph_role_and_a_reader_nothing(office: Office) -> None:
    app = foreign(office)
    lesser = office.sit("appadmin")
    lesser.open(f"enterprise-apps/{app.id}/permissions/consent")
    page = lesser.send("/consent")
    assert page.status == 403
    assert "Global Administrator" in page.text
    reader = office.sit("reader")
    page = reader.open(f"enterprise-apps/{app.id}/permissions")
    assert "Grant admin consent" not in page.text
    assert not reader.has_form("/revoke")


def test_grants_of_one_app_are_not_revoked_below_another(office: Office) -> None:
    app = foreign(office)
    desktop = office.sit("admin")
    desktop.open(f"enterprise-apps/{app.id}/permissions?show=user")
    fields = dict(desktop.fields("/revoke"))
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        other = tx.applications.service_principal(office.platform.app.app_id)
    assert other is not None
    refused = desktop.send("/revoke", to=f"{desktop.root}/enterprise-apps/{other.id}/permissions/revoke")
    assert refused.status in (404, 422)
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        assert tx.applications.find_grant(fields["grant"]) is not None


def test_an_app_of_another_organization_is_deleted_and_an_own_one_is_not(office: Office) -> None:
    app = foreign(office)
    desktop = office.sit("appadmin")
    desktop.open(f"enterprise-apps/{app.id}/properties")
    assert "Delete" in desktop.page.text
    desktop.open(f"enterprise-apps/{app.id}/delete")
    page = desktop.send("/delete")
    assert "The app was deleted from this organization." in page.text
    assert "Planner" not in page.text
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        own = tx.applications.service_principal(office.platform.app.app_id)
    assert own is not None
    desktop.open(f"enterprise-apps/{own.id}/delete")
    assert "Delete the app registration instead" in desktop.send("/delete").text


def test_the_list_tells_apps_of_others_apart(office: Office) -> None:
    foreign(office)
    desktop = office.sit("reader")
    assert "Other organization" in desktop.open("enterprise-apps?from=elsewhere").text
    page = desktop.open("enterprise-apps?from=here")
    assert "Orders" in page.text
    assert "Planner" not in page.text


def test_notes_are_kept_for_administrators(office: Office) -> None:
    app = foreign(office)
    desktop = office.sit("appadmin")
    desktop.open(f"enterprise-apps/{app.id}/properties")
    assert "Saved." in desktop.send("/properties", {"notes": "Ask Kim <kim@contoso.example>"}).text
    assert "Ask Kim <kim@contoso.example>" in desktop.open(f"enterprise-apps/{app.id}/properties").text
    assert desktop.send("/properties", {"notes": "x" * 1025}).status == 422


def test_consent_settings_are_a_global_administrators(office: Office) -> None:
    desktop = office.sit("admin")
    desktop.open("consent-and-permissions")
    page = desktop.send("/consent-and-permissions", {"user_consent": UserConsent.LOW.value})
    assert "Saved." in page.text
    assert policies(office).user_consent is UserConsent.LOW
    page = desktop.send("/classify", {"permission": "recommended"})
    assert "The permission is of low impact now." in page.text
    assert "offline_access" in page.text
    page = desktop.send("/unclassify")
    assert "not of low impact any more" in page.text
    lesser = office.sit("appadmin")
    page = lesser.open("consent-and-permissions")
    assert not lesser.has_form("/classify")


def test_reviewers_must_be_people_of_the_organization(office: Office) -> None:
    desktop = office.sit("admin")
    desktop.open("consent-and-permissions")
    page = desktop.send("/requests", {"is_enabled": "yes", "reviewers": "nobody@elsewhere.example"})
    assert page.status == 422
    assert "No single user fits" in page.text
    admin = office.platform.admin
    page = desktop.send("/requests", {"is_enabled": "yes", "reviewers": admin.user_principal_name})
    assert "Saved." in page.text
    assert policies(office).consent_requests.reviewers == (admin.id,)


def request_of(office: Office, app: ServicePrincipal) -> ConsentRequest:
    """Kim asks for the app."""
    ports, tenant, now = office.platform.ports, office.platform.tenant, office.platform.ports.clock.now()
    asker = ConsentAsker(
        office.platform.admin.id, "Kim <i>Asker</i>", "kim@contoso.example", "For the plan", now
    )
    made = ConsentRequest(
        ports.entropy.guid(),
        tenant.id,
        app.app_id,
        app.display_name,
        ("openid", "User.Read"),
        (asker,),
        now,
        now + timedelta(days=9),
    )
    ports.store.write(tenant.id, lambda tx: tx.consent_requests.add(made))
    return made


def test_requests_are_listed_approved_and_then_over(office: Office) -> None:
    made = request_of(office, foreign(office))
    desktop = office.sit("appadmin")
    assert "Planner" in desktop.open("admin-consent-requests").text
    page = desktop.open(f"admin-consent-requests/{made.id}")
    assert "tailspin.onxenia.localhost" in page.text
    assert "Unverified" in page.text
    assert "<i>Asker</i>" not in page.source
    assert "The request was approved." in desktop.send("/approve").text
    assert "Nobody waits" in desktop.open("admin-consent-requests").text
    assert "Approved" in desktop.open("admin-consent-requests?show=all").text
    assert not desktop.has_form("/approve")


def test_a_request_is_denied_or_blocked_and_readers_decide_nothing(office: Office) -> None:
    app = foreign(office)
    made = request_of(office, app)
    reader = office.sit("reader")
    reader.open(f"admin-consent-requests/{made.id}")
    assert not reader.has_form("/approve")
    assert not reader.has_form("/deny")
    desktop = office.sit("appadmin")
    desktop.open(f"admin-consent-requests/{made.id}")
    assert desktop.send("/deny", {"reason": "x" * 501}).status == 422
    page = desktop.send("/deny", {"reason": "Not safe"}, decision="block")
    assert "The app was blocked." in page.text
    assert "Disabled" in desktop.open("enterprise-apps?from=elsewhere").text
    helpdesk = office.sit("helpdesk")
    assert helpdesk.open("admin-consent-requests").status == 403


def test_a_token_signing_certificate_is_made_taken_into_use_and_deleted(office: Office) -> None:
    app = office.platform.app
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        own = tx.applications.service_principal(app.app_id)
    assert own is not None
    path = f"enterprise-apps/{own.id}/token-signing"
    desktop = office.sit("appadmin")
    page = desktop.open(path)
    assert "signed with the key that all apps share" in page.text
    page = desktop.send("/token-signing")
    assert "The certificate was added." in page.text
    assert "a key of its own" in page.text
    assert f"/discovery/v2.0/keys?appid={app.app_id}" in page.source
    assert desktop.send("/token-signing", {"display_name": ""}).status == 422
    page = desktop.send("/token-signing", {"display_name": "CN=Next"})
    assert "CN=Next" in page.text
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        held = {key.display_name: key for key in tx.app_keys.of_principal(own.id)}
    second = held.pop("CN=Next")
    (first,) = held.values()
    assert "Saved." in desktop.send("/use").text
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        found = tx.applications.service_principal(app.app_id)
    assert found is not None
    assert (found.token_signing_key, first.kid != second.kid) == (second.kid, True)
    page = desktop.send("/delete")
    assert "The credential was deleted." in page.text
    assert first.thumbprint not in page.text
    reader = office.sit("reader")
    reader.open(path)
    assert second.thumbprint in reader.page.text
    assert not any(reader.has_form(f"/token-signing{end}") for end in ("", "/use", "/delete"))
