"""The further sections of a registration: claims, exposed APIs, roles, owners, manifest, federated credentials."""

from __future__ import annotations

import json

import pytest

from tests.ui.portal.office import Desktop, Office
from xenia.core.directory.application import Application
from xenia.usecases.applications.federated_credentials import list_federated_credentials
from xenia.usecases.applications.manage_applications import NewApplication, register_application

CLIENT = "5f1f6c1c-0000-4000-8000-0000000000aa"


def _app(office: Office) -> Application:
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        found = tx.applications.find(office.platform.app.id)
    assert found is not None
    return found


def _at(office: Office, section: str, name: str = "admin") -> Desktop:
    desktop = office.sit(name)
    desktop.open(f"app-registrations/{office.platform.app.id}{section}")
    return desktop


def _add_scope(office: Office, **more: str) -> Desktop:
    desktop = _at(office, "/expose-api/scopes/new")
    desktop.send(
        "/scopes/new",
        {
            "value": "orders.read",
            "admin_consent_display_name": "Read orders",
            "admin_consent_description": "Reads all orders.",
            **more,
        },
    )
    return desktop


def test_optional_claims_are_added_adjusted_and_removed(office: Office) -> None:
    desktop = _at(office, "/token-configuration")
    page = desktop.send("/add", {"claim": "upn"})
    assert "Saved." in page.text
    assert _app(office).optional_claims == {"idToken": [{"name": "upn", "source": None, "essential": False}]}
    desktop.send("/properties", {"property": "include_externally_authenticated_upn"})
    (claim,) = (_app(office).optional_claims or {})["idToken"]
    assert claim["additionalProperties"] == ["include_externally_authenticated_upn"]
    refused = desktop.send("/add", {"claim": "idtyp"})
    assert refused.status == 422
    assert "accessToken alone" in refused.text
    desktop.open(f"app-registrations/{office.platform.app.id}/token-configuration")
    desktop.send("/remove")
    assert _app(office).optional_claims is None


def test_groups_claim_is_a_choice(office: Office) -> None:
    desktop = _at(office, "/token-configuration")
    desktop.send("/groups", {"groups": "SecurityGroup"})
    assert _app(office).group_membership_claims == "SecurityGroup"
    assert "checked" in desktop.page.source


def test_first_scope_names_the_api_and_is_disabled_before_it_goes(office: Office) -> None:
    desktop = _add_scope(office)
    assert "Saved." in desktop.page.text
    app = _app(office)
    (scope,) = app.scopes
    assert (scope.value, scope.is_enabled, scope.type) == ("orders.read", True, "User")
    assert app.identifier_uris == (f"api://{app.app_id}",)
    assert f"api://{app.app_id}/orders.read" in desktop.page.text
    here = f"app-registrations/{app.id}/expose-api/scopes/{scope.id}"
    fields = [*desktop.fields("/sign-out"), ("version", str(app.version))]
    refused = desktop.post(f"{here}/delete", fields)
    assert refused.status == 422
    assert "disabled first" in refused.text
    desktop.open(here)
    desktop.send(f"/scopes/{scope.id}", {"state": "disabled"})
    assert not _app(office).scopes[0].is_enabled
    assert "The scope was deleted." in desktop.send("/delete").text
    assert _app(office).scopes == ()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"value": "two words"}, "may not be used"),
        ({"admin_consent_display_name": ""}, "admin consent display name"),
        ({"admin_consent_description": ""}, "what the permission allows"),
    ],
)
def test_a_bad_scope_is_told_and_what_was_typed_is_kept(office: Office, typed: dict, sentence: str) -> None:
    desktop = _add_scope(office, user_consent_display_name="Read your orders", **typed)
    assert desktop.page.status == 422
    assert sentence in desktop.page.text
    assert "Read your orders" in desktop.page.source
    assert _app(office).scopes == ()


def test_names_of_the_api_and_trusted_clients(office: Office) -> None:
    desktop = _add_scope(office)
    (scope,) = _app(office).scopes
    page = desktop.send("/clients", {"client": CLIENT.upper(), "scope": scope.id})
    assert "Saved." in page.text
    (client,) = _app(office).pre_authorized_applications
    assert (client.app_id, client.permission_ids) == (CLIENT, (scope.id,))
    desktop.send("/clients/remove")
    assert _app(office).pre_authorized_applications == ()
    page = desktop.send("/expose-api", {"identifier_uris": "https://victim.example/api"})
    assert page.status == 422
    assert "verified domain" in page.text
    assert "https://victim.example/api" in page.source
    desktop.open(f"app-registrations/{office.platform.app.id}/expose-api")
    desktop.send(
        "/expose-api",
        {"identifier_uris": "api://orders", "token_version": "2", "known_client_applications": CLIENT},
    )
    app = _app(office)
    assert (app.identifier_uris, app.requested_access_token_version) == (("api://orders",), 2)
    assert app.known_client_applications == (CLIENT,)


def test_roles_are_created_edited_disabled_and_deleted(office: Office) -> None:
    desktop = _at(office, "/app-roles/new")
    typed = {
        "display_name": "Approver",
        "value": "Orders.Approve",
        "description": "Approves.",
        "member_types": "both",
    }
    assert "Saved." in desktop.send("/app-roles/new", typed).text
    role = _app(office).app_roles[-1]
    assert (role.value, role.allowed_member_types, role.is_enabled) == (
        "Orders.Approve",
        ("User", "Application"),
        True,
    )
    here = f"app-registrations/{office.platform.app.id}/app-roles"
    desktop.open(f"{here}/new")
    twice = desktop.send("/app-roles/new", typed)
    assert twice.status == 422
    assert "duplicate value" in twice.text
    app = _app(office)
    fields = [*desktop.fields("/sign-out"), ("version", str(app.version))]
    assert desktop.post(f"{here}/{role.id}/delete", fields).status == 422
    desktop.post(f"{here}/{role.id}", [*fields, *typed.items()])
    assert not _app(office).app_roles[-1].is_enabled
    desktop.open(here)
    assert "The app role was deleted." in desktop.send(f"{role.id}/delete").text
    assert desktop.open(f"{here}/{role.id}").status == 404


def test_owners_are_added_by_name_and_removed(office: Office) -> None:
    desktop = _at(office, "/owners", "appadmin")
    nobody = desktop.send("/owners", {"owner": "nobody@nowhere.example"})
    assert nobody.status == 422
    assert "nobody@nowhere.example" in nobody.source
    added = desktop.send("/owners", {"owner": office.people["inviter"].user_principal_name})
    assert "The owner was added." in added.text
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        assert office.people["inviter"].id in tx.applications.owners(office.platform.app.id)
    own = _at(office, "/app-roles/new", "inviter")
    assert "Apply" in own.page.text


def test_manifest_is_edited_whole_and_its_problems_have_lines(office: Office) -> None:
    desktop = _at(office, "/manifest")
    stored = json.loads(dict(desktop.fields("/manifest"))["manifest"])
    assert stored["appId"] == office.platform.app.app_id
    stored["notes"] = "Owned by sales"
    stored["web"]["logoutUrl"] = "https://orders.example/out"
    page = desktop.send("/manifest", {"manifest": json.dumps(stored, indent=2)})
    assert "Saved." in page.text
    app = _app(office)
    assert (app.notes, app.logout_url) == ("Owned by sales", "https://orders.example/out")
    before = app
    stored = json.loads(dict(desktop.fields("/manifest"))["manifest"])
    for change, sentence in (
        ({"appId": CLIENT}, "appId can be read only."),
        ({"displayname": "x"}, "Did you mean displayName?"),
        ({"tags": "x"}, "tags is a list."),
        ({"isFallbackPublicClient": "yes"}, "isFallbackPublicClient is true or false."),
        ({"identifierUris": ["https://victim.example/"]}, "Application ID URI"),
        ({"passwordCredentials": [{}]}, "Change it on Certificates &amp; secrets."),
    ):
        text = json.dumps({**stored, "notes": "lost?", **change}, indent=2)
        line = next(
            number
            for number, content in enumerate(text.split("\n"), 1)
            if f'"{next(iter(change))}"' in content
        )
        page = desktop.send("/manifest", {"manifest": text})
        assert page.status == 422, sentence
        assert f"Line {line}: " in page.source, (sentence, line)
        assert sentence in page.source
        assert "lost?" in page.source
        assert _app(office) == before
    broken = desktop.send("/manifest", {"manifest": '{\n  "notes": "a",,\n}'})
    assert broken.status == 422
    assert "Line 2: This is no JSON" in broken.text


def test_manifest_saved_meanwhile_is_shown_beside_the_own(office: Office) -> None:
    desktop = _at(office, "/manifest")
    own = json.loads(dict(desktop.fields("/manifest"))["manifest"]) | {"notes": "mine"}
    other = _at(office, "/branding", "appadmin")
    other.send("/branding", {"display_name": "Renamed meanwhile"})
    page = desktop.send("/manifest", {"manifest": json.dumps(own, indent=2)})
    assert page.status == 409
    assert "Renamed meanwhile" in page.source
    assert "mine" in page.source
    assert _app(office).notes is None


def test_federated_credentials_are_added_edited_and_deleted(office: Office) -> None:
    desktop = _at(office, "/federated-credentials/new")
    typed = {
        "name": "pipeline",
        "issuer": "https://token.actions.example.com",
        "subject": "repo:contoso/orders:ref:refs/heads/main",
    }
    refused = desktop.send("/new", {**typed, "issuer": "http://token.actions.example.com"})
    assert refused.status == 422
    assert "https://" in refused.text
    assert "repo:contoso/orders" in refused.source
    assert "Saved." in desktop.send("/new", typed).text
    ports, actor = office.platform.ports, office.platform.actor()
    (made,) = list_federated_credentials(ports, actor, office.platform.app.id)
    desktop.open(f"app-registrations/{office.platform.app.id}/federated-credentials/{made.id}")
    desktop.send(f"/{made.id}", {"subject": "repo:contoso/orders:pull_request"})
    (changed,) = list_federated_credentials(ports, actor, office.platform.app.id)
    assert (changed.name, changed.subject) == ("pipeline", "repo:contoso/orders:pull_request")
    desktop.send("/delete")
    assert list_federated_credentials(ports, actor, office.platform.app.id) == ()


@pytest.mark.parametrize(
    "section",
    ["token-configuration", "expose-api", "app-roles", "owners", "manifest", "federated-credentials"],
)
def test_readers_see_and_change_nothing(office: Office, section: str) -> None:
    desktop = _at(office, f"/{section}", "reader")
    assert desktop.page.status == 200
    assert "You need Cloud Application Administrator" in desktop.page.text
    before = _app(office)
    fields = [*desktop.fields("/sign-out"), ("version", str(before.version)), ("manifest", "{}")]
    here = f"app-registrations/{before.id}"
    posts = {
        "token-configuration": (f"{here}/token-configuration/groups", ("groups", "All")),
        "expose-api": (f"{here}/expose-api", ("identifier_uris", "api://orders")),
        "app-roles": (f"{here}/app-roles/new", ("display_name", "X")),
        "owners": (f"{here}/owners", ("owner", office.people["reader"].user_principal_name)),
        "manifest": (f"{here}/manifest", ("x", "y")),
        "federated-credentials": (f"{here}/federated-credentials/new", ("name", "pipeline")),
    }
    path, more = posts[section]
    assert desktop.post(path, [*fields, more]).status in (403, 422)
    assert _app(office) == before


def test_permissions_of_any_api_of_the_tenant_are_asked_for(office: Office) -> None:
    _add_scope(office)
    api = _app(office)
    (scope,) = api.scopes
    client = register_application(office.platform.ports, office.platform.actor(), NewApplication("Front end"))
    desktop = office.sit()
    here = f"app-registrations/{client.application.id}/api-permissions"
    page = desktop.open(f"{here}?api={api.app_id}")
    assert "Orders: delegated permissions" in page.text
    assert "Microsoft Graph: delegated permissions" not in page.text
    desktop.send("/api-permissions", {"permission": f"{scope.id}:Scope"})
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        stored = tx.applications.find(client.application.id)
    assert stored is not None
    assert [(item.resource_app_id, item.access) for item in stored.required_resource_access] == [
        (api.app_id, ((scope.id, "Scope"),))
    ]
    assert "orders.read" in desktop.page.text
